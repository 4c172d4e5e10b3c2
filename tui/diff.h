/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines in which two texts differ. */
#ifndef WEIR_TUI_DIFF_H
#define WEIR_TUI_DIFF_H

#include <stdbool.h>
#include <stddef.h>

struct diff_line {
	char	 sign;			/* ' ', '-', '+' */
	const char *text;		/* borrowed: in one of the texts */
	size_t	 len;
};

struct diff {
	struct diff_line *at;		/* owned */
	unsigned n, cap;
	unsigned added, removed;
};

/* All lines in order, those that were taken out before those that came in their place. */
void	diff_make(struct diff *d, const char *a, const char *b);
void	diff_fini(struct diff *d);

#endif
