/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of a screen with a frame and a title: a box where there is room, a rule
 * in narrow places. A pane with nothing behind it leaves its place to others.
 */
#ifndef WEIR_TUI_PANE_H
#define WEIR_TUI_PANE_H

#include "tui/table.h"

struct pane {
	/* Words at the left and the right of the upper edge. */
	void	(*title)(const struct model *m, char *left, char *right, size_t size);
	/* Rows that it could use inside its frame; 0: nothing to show. */
	int	(*rows)(const struct model *m);
	void	(*draw)(struct model *m, struct area a, bool has_focus, struct hits *hits);
	bool	(*act)(struct model *m, enum act act);	/* NULL: it has no cursor */
};

/* A box, with a blank at its sides, where there is room, else a rule; what is inside. */
struct area pane_frame(struct area a, const char *title, const char *right, bool has_focus);

/* index: the pane that keys go to (ui->pane); -1: never. */
void	pane_draw(struct model *m, const struct pane *p, struct area a, int index,
	    struct hits *hits);
/* Columns and rows that the frame takes. */
int	pane_frame_rows(int width);
#define PANE_BOXES	100	/* screens as wide have boxes */

#endif
