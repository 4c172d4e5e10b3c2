/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All rows of all proxies as text, a piece at a time: what `show stat` answers
 * and what the statistics page gives as CSV and JSON.
 *
 * Thread: control.
 */
#ifndef WEIR_API_STAT_DUMP_H
#define WEIR_API_STAT_DUMP_H

#include <stdbool.h>

#include "api/stat.h"

struct outbuf;

#define STAT_MASK_FRONTEND	1u
#define STAT_MASK_BACKEND	2u
#define STAT_MASK_SERVER	4u
#define STAT_MASK_LISTENER	8u

enum stat_form { STAT_CSV, STAT_TYPED, STAT_JSON };
enum stat_place { STAT_AT_FRONTEND, STAT_AT_LISTENERS, STAT_AT_SERVERS, STAT_AT_BACKEND };

struct stat_dump {
	enum stat_form	 form;
	bool		 with_text, no_maint, only_up;
	unsigned	 flags, mask;		/* STAT_F_*, STAT_MASK_* */
	int		 iid, sid;		/* -1 = all */
	bool		(*wants)(const struct proxy *px, const void *arg);	/* NULL = all */
	const void	*wants_arg;
	/* its own */
	bool		 header_done, any_row;
	const struct proxy *px;			/* next; NULL = done */
	const struct bind_conf *bind;
	const struct server *srv;
	enum stat_place	 place;
	struct stat_row	 row;
};

/* From this proxy on; the snapshot is held by the caller. */
void	stat_dump_start(struct stat_dump *d, const struct proxy *first);
bool	stat_dump_piece(struct stat_dump *d, struct outbuf *b);	/* true: that was all */

#endif
