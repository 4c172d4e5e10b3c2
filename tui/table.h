/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists on the screen: columns with priorities that a solver fits into the
 * width, rows as pointers, one cursor. The same rows of columns serve the
 * screen, batch output and sorting.
 */
#ifndef WEIR_TUI_TABLE_H
#define WEIR_TUI_TABLE_H

#include "tui/screen.h"

enum {
	COL_RIGHT = 1,			/* numbers */
	COL_MIDDLE = 2,			/* cut in the middle: names */
	COL_FLEX = 4,			/* takes the slack, the first before the others */
	COL_SPARK = 8,			/* drawn, no text */
	COL_UP = 16,			/* sorted from the smallest on; texts always are */
	COL_FIT = 32			/* as wide as its texts need; up to its ideal at any cost */
};

struct column {
	const char *name;		/* for --cols, sorting, filters: req_s */
	const char *title;		/* REQ/S */
	uint8_t	 prio;			/* 0: always there; higher goes first */
	uint8_t	 min, ideal, max;	/* columns; max 0: no end */
	uint8_t	 flags;
	uint8_t	 sets;			/* bit mask of column sets it is in; 0: all */
	/* Text of the cell into buf; the role to draw it in. */
	int	(*text)(const struct model *m, const void *row, char *buf, size_t size);
	/* Order: a number (NAN last), or NULL: by text. */
	double	(*number)(const struct model *m, const void *row);
	/* COL_SPARK */
	void	(*draw)(const struct model *m, const void *row, struct area cell);
	const char *help;		/* a line for help and --cols=help */
};

enum fold { FOLD_NONE, FOLD_OPEN, FOLD_CLOSED };

struct table {
	enum list_id list;
	const struct column *columns;
	unsigned ncolumns;
	const void **rows;		/* in order; borrowed */
	unsigned nrows;
	void	(*key)(const void *row, char buf[ROW_KEY_MAX]);
	enum state (*state)(const void *row);	/* sign before the row; NULL: none */
	/* Of a tree, for the first column; NULL: a plain list. */
	int	(*indent)(const void *row);
	enum fold (*fold)(const struct model *m, const void *row);
	bool	(*is_marked)(const void *row);	/* NULL: none is */
	bool	 no_header;
	bool	 hides_cursor;		/* while the focus is elsewhere */
	const char *empty;		/* shown instead of rows; NULL: nothing */
};

/* widths[i]: columns of column i, 0 = left out; one blank between two. w: what there is
 * in all; set: the number of a column set. */
void	table_solve(const struct column *c, unsigned n, unsigned set, int w, int *widths);
/* As the list is sorted: stable, ties and a list without a column keep their order. */
void	table_sort(const struct model *m, const struct table *t);
/* Header and rows; has_focus: its cursor is shown strongly. */
void	table_draw(struct model *m, const struct table *t, struct area a, bool has_focus,
	    struct hits *hits);
/* Up, down, page, first, last, sort ...: true when it was one of these. */
bool	table_act(struct model *m, const struct table *t, enum act act);
/* The row under the cursor; NULL: the list is empty. */
const void *table_current(const struct model *m, const struct table *t);
/* The cursor goes to that row. */
void	table_go(struct model *m, const struct table *t, unsigned index);
/* How many column sets there are; the name of the column it is sorted by, with the
 * direction, for titles: "req_s", "" without. */
unsigned table_sets(const struct column *c, unsigned n);
void	table_sorted_by(const struct model *m, const struct table *t, char *buf, size_t size);

/* Numbers as people read them, at most `width` columns: 4337, 12.3k, 3M; NAN: -. */
void	num_count(double v, int width, char *buf, size_t size);
void	num_bytes(double v, int width, char *buf, size_t size);	/* 980, 3.1M, 34M */
void	num_us(double us, char *buf, size_t size);		/* 0.4ms, 48ms, 1.2s */
void	num_ms(double us, int width, char *buf, size_t size);	/* the same without ms */
void	num_share(double percent, char *buf, size_t size);	/* 0.3, 12, 100 */
void	num_window(unsigned seconds, char *buf, size_t size);	/* 90 s, 10 min, 6 h, 7 d */
void	num_clock(int64_t ms, char *buf, size_t size);		/* 05:58:41, of UTC */
void	num_age(int64_t seconds, char *buf, size_t size);	/* 12s, 5m, 3d; below 0: - */

#endif
