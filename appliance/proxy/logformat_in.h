/* SPDX-License-Identifier: BSD-2-Clause */
/* A compiled log format, for the two files that build text from it. */
#ifndef WEIR_PROXY_LOGFORMAT_IN_H
#define WEIR_PROXY_LOGFORMAT_IN_H

#include "base/str.h"
#include "proxy/logline.h"

struct expr;

enum node_kind { NODE_TEXT, NODE_ALIAS, NODE_EXPR };

struct node {
	uint8_t		 kind;
	uint8_t		 flags;		/* LF_* */
	struct str	 text;		/* NODE_TEXT; of the others their name */
	union {
		const struct alias_row	*alias;
		struct expr		*expr;
	} u;
};

struct logformat {
	struct node	*nodes;
	uint32_t	 n, cap;
	unsigned	 flags, needs;
	const char	*text;		/* as written */
};

#endif
