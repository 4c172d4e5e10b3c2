/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of what is drawn: a grid, and its cells as lines of text. */
#ifndef WEIR_T_PICTURE_H
#define WEIR_T_PICTURE_H

#include "base/out.h"
#include "tui/grid.h"

static struct grid g;

static inline struct area
begin(int w, int h, enum glyph_set set)
{
	grid_fini(&g);
	grid_init(&g, w, h, &glyph_sets[set]);
	return grid_area(&g);
}

/* Until the next call. */
static inline char *
picture(void)
{
	static struct outbuf b;

	outbuf_fini(&b);
	outbuf_init(&b, 0);
	grid_print(&g, &b);
	return b.data;
}

#endif
