/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists on the screen: columns with priorities that a solver fits into the
 * width, rows as pointers, one cursor. The same rows of columns serve the
 * screen, batch output and sorting.
 */
#ifndef WEIR_TUI_TABLE_H
#define WEIR_TUI_TABLE_H

#include "tui/screen.h"

enum { COL_RIGHT = 1, COL_MIDDLE = 2 /* cut in the middle */, COL_FLEX = 4 /* takes the slack */,
	COL_SPARK = 8 /* drawn, no text */ };

struct column {
	const char *name;		/* for --cols, sorting, filters: req_s */
	const char *title;		/* REQ/S */
	uint8_t	 prio;			/* 0: always there; higher goes first */
	uint8_t	 min, ideal, max;	/* columns */
	uint8_t	 flags;
	uint8_t	 sets;			/* bit mask of column sets it is in; 0: all */
	/* Text of the cell into buf; the role to draw it in. */
	int	(*text)(const struct model *m, const void *row, char *buf, size_t size);
	/* Order: a number (NAN last), or NULL: by text. */
	double	(*number)(const struct model *m, const void *row);
	/* COL_SPARK */
	void	(*draw)(const struct model *m, const void *row, struct area cell);
};

struct table {
	enum list_id list;
	const struct column *columns;
	unsigned ncolumns;
	const void **rows;		/* in order; borrowed */
	unsigned nrows;
	void	(*key)(const void *row, char buf[ROW_KEY_MAX]);
	enum state (*state)(const void *row);	/* sign before the row; NULL: none */
	int	(*indent)(const void *row);	/* columns; NULL: none */
	bool	(*is_marked)(const void *row);	/* NULL: none is */
};

/* widths[i]: columns of column i, 0 = left out. w: what there is in all. */
void	table_solve(const struct column *c, unsigned n, unsigned set, int w, int *widths);
/* Stable; ties keep their order. */
void	table_sort(const struct model *m, const struct table *t);
/* Header and rows; has_focus: its cursor is shown strongly. */
void	table_draw(struct model *m, const struct table *t, struct area a, bool has_focus,
	    struct hits *hits);
/* Up, down, page, first, last, sort ...: true when it was one of these. */
bool	table_act(struct model *m, const struct table *t, enum act act);
/* The row under the cursor; NULL: the list is empty. */
const void *table_current(const struct model *m, const struct table *t);

/* Numbers as people read them, at most `width` columns: 4337, 12.3k, 3M; 4ms, 1.2s; -, 5m, 3d. */
void	num_count(double v, int width, char *buf, size_t size);
void	num_bytes(double v, int width, char *buf, size_t size);
void	num_us(double us, char *buf, size_t size);
void	num_age(int64_t seconds, char *buf, size_t size);

#endif
