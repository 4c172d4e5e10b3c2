/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lua's patterns, matched by a machine that counts its steps: a pattern that goes
 * back and forth for too long is stopped, where that of the standard library would
 * keep a thread for seconds. The results are the same.
 *
 * A pattern is made into items first, one for each thing that matches, with its
 * quantifier. What is malformed becomes an item too, which fails when it is reached.
 *
 * Any thread.
 */
#ifndef WEIR_SCRIPT_PATTERN_H
#define WEIR_SCRIPT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_CAPTURES	32
#define PATTERN_DEPTH		200	/* of going back; more is refused */
#define PATTERN_BYTES_MAX	4096u	/* of the pattern */

enum pattern_kind {
	PATTERN_SET,		/* one byte of a set; the only one with a quantifier */
	PATTERN_OPEN, PATTERN_CLOSE, PATTERN_POSITION, PATTERN_AGAIN, PATTERN_BALANCE,
	PATTERN_FRONTIER, PATTERN_AT_END, PATTERN_DONE, PATTERN_BAD
};

struct pattern_item {
	uint8_t		 kind;		/* enum pattern_kind */
	char		 quantifier;	/* 0 ? * + - */
	uint8_t		 a, b;		/* a balance's two; a: the capture */
	const char	*problem;	/* static; of PATTERN_BAD */
	uint64_t	 set[4];
};

struct pattern {
	bool		 is_anchored;
	unsigned	 nitems;
	struct pattern_item items[];
};

#define PATTERN_LEN_OPEN	((ptrdiff_t)-1)
#define PATTERN_LEN_POSITION	((ptrdiff_t)-2)

struct pattern_capture {
	const char	*start;
	ptrdiff_t	 len;
};

struct pattern_run {
	const char	*subject, *end;
	uint64_t	 steps, steps_max;	/* over all tries */
	const char	*problem;		/* why it stopped, static; NULL = it did not */
	unsigned	 depth;
	int		 ncaptures;
	struct pattern_capture captures[PATTERN_CAPTURES];
};

/* Bytes that a pattern of so many may need. */
size_t	 pattern_room(size_t len);
/* may_anchor: a `^` in front is one. text is not kept. */
void	 pattern_make(struct pattern *ret, const char *text, size_t len, bool may_anchor);
/* Matches right at `at`: the end of the match, or NULL (then look at r->problem). */
const char *pattern_try(const struct pattern *p, struct pattern_run *r, const char *at);
/* None of the bytes that mean something. */
bool	 pattern_is_plain(const char *text, size_t len);

#endif
