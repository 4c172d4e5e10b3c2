/* SPDX-License-Identifier: BSD-2-Clause */
/* Where two texts differ, by lines. */
#ifndef WEIR_BASE_DIFF_H
#define WEIR_BASE_DIFF_H

#include <stddef.h>

#include "base/str.h"

struct diff_lines {
	struct str	*line;		/* owned array; without their ends, into the text */
	size_t		 n;
};

struct diff_lines diff_split(struct str text);
void	diff_lines_fini(struct diff_lines *l);

/* Lines a_first.. (from 0, a_n of them) of `a` stand where b_first.. of `b` do. */
struct diff_hunk {
	size_t		 a_first, a_n, b_first, b_n;
};
typedef void diff_fn(void *arg, const struct diff_hunk *h);

/* any thread: in order. The fewest lines, unless that would be more than DIFF_MOST:
 * then what lies between the first and the last is one hunk. */
#define DIFF_MOST	800
void	diff_each(const struct diff_lines *a, const struct diff_lines *b, diff_fn *fn, void *arg);

#endif
