/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A heat map: time across, latency upwards by octaves, strength by the logarithm
 * of the count. Colours and shades say the same, so it reads without colours.
 */
#ifndef WEIR_TUI_HEAT_H
#define WEIR_TUI_HEAT_H

#include "tui/graph.h"
#include "tui/lat.h"

#define HEAT_LABEL	6		/* columns of the scale at the left */

struct heat {
	const struct latmap *map;
	int64_t	 until_s;
	unsigned window_s;
	bool	 is_normalised;		/* each column by its own maximum */
	int64_t	 cursor_s;		/* 0: none */
};

/* Scale, cells and, in the last row, times. */
void	heat_draw(const struct heat *h, struct area a);
/* The part of the area that holds cells. */
struct area heat_cells(struct area a);
/* The bins that a column stands for; false: none. */
bool	heat_column(const struct heat *h, struct area cells, int x, struct lat *ret);
/* Which bins belong to a second and those behind it, step_s long. */
bool	heat_at(const struct latmap *map, int64_t s, unsigned step_s, struct lat *ret);

#endif
