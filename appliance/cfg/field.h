/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows that fill one member of a struct. What the member is and what it takes
 * stand in the row's arg, made by CFG_FIELD; the row's parse function is
 * cfg_set_option, or a line that calls cfg_set with the struct:
 *
 *	{ "maxqueue", IN_SERVER, KW_OBEYED, 1, 1, 0, cfg_set_option,
 *	  CFG_FIELD(CFG_UINT, struct server, maxqueue, .max = 1000), "<number>", "..." }
 */
#ifndef WEIR_CFG_FIELD_H
#define WEIR_CFG_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include "cfg/kw.h"

enum cfg_field_kind {
	CFG_UINT,	/* an integer; any integer member */
	CFG_SIZE,	/* bytes: "16k" */
	CFG_TIME,	/* microseconds in a uint64_t; milliseconds without a unit */
	CFG_DURATION,	/* the same with a unit always, as control sections want it */
	CFG_TEXT,	/* const char *: the argument */
	CFG_LINE,	/* const char *: all arguments, with blanks */
	CFG_BITS,	/* no argument: `clear` goes, `set` comes; under `no`, `set` goes.
			 * A bool is a bit too */
};

struct cfg_field {
	enum cfg_field_kind kind;
	size_t		 at, size;	/* the member */
	uint64_t	 min;
	uint64_t	 max;		/* 0: INT32_MAX, and for a time no limit */
	uint64_t	 none;		/* written when there is no argument (`no retries`) */
	uint64_t	 clear, set;
	size_t		 has;		/* a bool that tells it was written; 0 = no such */
};

/* The initializer of a field; limits and bits follow as `.max = 50`. */
#define CFG_MEMBER(knd, type, member, ...) \
	{ .kind = (knd), .at = offsetof(type, member), .size = sizeof(((type *)0)->member), \
	    ##__VA_ARGS__ }
/* A row's arg. */
#define CFG_FIELD(knd, type, member, ...) \
	((intptr_t)&(const struct cfg_field)CFG_MEMBER(knd, type, member, ##__VA_ARGS__))

/* control thread or a job thread */
/* By the field that row->arg points to. 0, or -1 after a diag_error. */
int	 cfg_set(struct cfg *c, const struct kw_row *row, void *object, char **args, int nargs);
kw_parse cfg_set_option;		/* the object is that of the line, c->option_object */

#endif
