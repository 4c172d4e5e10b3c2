/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sharing out columns or rows of cells: the weakest go until the rest has its
 * minimum, then each gets its ideal, the important ones first, then what is left
 * goes to those that can use it.
 */
#ifndef WEIR_TUI_LAYOUT_H
#define WEIR_TUI_LAYOUT_H

#include <stdbool.h>

struct part {
	int	 min, ideal, max;	/* max 0: no end */
	int	 prio;			/* 0: stays always; of the highest the last goes first */
	bool	 is_out, is_flex;
};

/* sizes[i] of `total` cells, with `gap` between two; 0: left out. */
void	layout_share(const struct part *p, unsigned n, int total, int gap, int *sizes);

#endif
