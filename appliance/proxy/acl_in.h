/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditions as they lie in memory; for acl.c and acl_eval.c only. */
#ifndef WEIR_PROXY_ACL_IN_H
#define WEIR_PROXY_ACL_IN_H

#include "proxy/acl.h"

struct map_use;

struct acl_test {
	struct acl_test	*next;
	struct expr	*expr;
	struct pat_set	*set;		/* of what takes no patterns */
	struct map_use	*uses;		/* else: its lists, by test_next */
	bool		 iterates;	/* a header without occurrence: each value in turn */
};

struct acl {
	struct acl	*next;		/* of the proxy */
	const char	*name;		/* NULL: anonymous */
	struct acl_test	*tests, **last;
};

struct term {
	const struct acl *acl;
	bool		 negated;
	bool		 ends_or;	/* the last one of its alternative */
};

struct acl_cond {
	struct term	*terms;
	uint32_t	 n;
	bool		 unless;
	uint32_t	 use;
};

#endif
