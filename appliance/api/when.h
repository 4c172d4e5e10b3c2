/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times and steps in commands: `-6h`, `2026-11-26T21:00:00Z`, seconds since 1970.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_WHEN_H
#define WEIR_API_WHEN_H

#include <stdbool.h>
#include <stdint.h>

struct cli;

/* from, to, step behind a command: false after a message. Words that are none of
 * these go to other(c, i): how many it takes, 0 = unknown, -1 after a message. */
struct when {
	int64_t		 from_s, to_s;	/* epoch; to is the end, included */
	uint32_t	 step_s;	/* 0 = not written */
	bool		 has_from;
};

bool	when_parse(const char *word, int64_t now_s, int64_t *ret_s);
bool	when_words(struct cli *c, int first, int64_t span_s, struct when *ret,
	    int (*other)(struct cli *c, int i, void *arg), void *arg);

#endif
