/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A picture of the screen as cells, before any terminal knows of it. Views draw
 * into areas, clipped rectangles of a grid; term paints the cells, batch and
 * tests print them. A cell names roles, not colours, so that a picture is the
 * same under each theme.
 *
 * Text from outside (names of servers, paths, answers) goes through the same
 * functions as ours: each rune that could move the cursor, change direction or
 * take two columns becomes '?', controls disappear.
 */
#ifndef WEIR_TUI_GRID_H
#define WEIR_TUI_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* What a cell is, for the theme (theme.c) to colour. */
enum role {
	R_FG, R_DIM, R_TITLE, R_KEY, R_BORDER, R_FOCUS,
	R_GOOD, R_WARN, R_CRIT, R_INFO, R_MAINT, R_DRAIN, R_UNKNOWN, R_ACCENT,
	R_MARK, R_SPARK,
	R_SEL,				/* the ground of the chosen row */
	R_GRAPH,
	R_DIFF_ADD, R_DIFF_DEL, R_SYN_KW, R_SYN_STR, R_SYN_COM, R_SYN_NUM,
	R_HOST,				/* + 0..7: one an appliance */
	R_RAMP = R_HOST + 8,		/* + 0..100: low to high, for graphs and numbers */
	R_HEAT = R_RAMP + 101,		/* + 0..23: strength in heat maps */
	R_ROLES = R_HEAT + 24
};

enum { AT_BOLD = 1, AT_DIM = 2, AT_UNDER = 4, AT_REVERSE = 8 };

/* bg_role: R_FG stands for the terminal's own background. */
struct cell {
	uint32_t rune;
	uint8_t	 role, bg_role, attr, pad;
};

/* Signs of a state, in the order of enum state. */
enum state { ST_OK, ST_DEGRADED, ST_DRAIN, ST_CRIT, ST_MAINT, ST_UNKNOWN, ST_BUSY, ST_COUNT };

/* One set of signs; all are one column wide. */
struct glyphs {
	const char *name;		/* braille, block, ascii */
	uint32_t state[ST_COUNT];
	uint32_t spark[9];		/* nothing, then low to high */
	uint32_t shade[5];		/* heat: nothing to full */
	uint32_t h, v, tl, tr, bl, br;	/* lines and corners of boxes */
	uint32_t full, rest;		/* bars */
	uint32_t dash, change;		/* threshold lines, a change in a timeline */
	uint32_t ellipsis, cursor, open, closed, mark, arrow;
	uint32_t trend[5];		/* steep up ... steep down */
	bool	 has_braille, is_ascii;
};

enum glyph_set { GLYPHS_BRAILLE, GLYPHS_BLOCK, GLYPHS_ASCII, GLYPHS_COUNT };
extern const struct glyphs glyph_sets[GLYPHS_COUNT];

struct grid {
	int	 w, h;
	struct cell *cells;		/* owned; row by row */
	int	 cursor_x, cursor_y;	/* -1: no cursor shown */
	const struct glyphs *glyphs;
};

struct area {
	struct grid *g;
	int	 x, y, w, h;
};

void	grid_init(struct grid *g, int w, int h, const struct glyphs *glyphs);
void	grid_fini(struct grid *g);
void	grid_clear(struct grid *g);
struct area grid_area(struct grid *g);

/* The part of a that begins at x, y; cut to a. */
struct area area_part(struct area a, int x, int y, int w, int h);
/* Cut h rows off the top (or bottom), or w columns off the left (or right); *a keeps the rest. */
struct area area_take_top(struct area *a, int h);
struct area area_take_bottom(struct area *a, int h);
struct area area_take_left(struct area *a, int w);
struct area area_take_right(struct area *a, int w);

void	area_rune(struct area a, int x, int y, int role, uint32_t rune);
/* All return the column behind what was drawn. */
int	area_text(struct area a, int x, int y, int role, const char *z);
int	area_fmt(struct area a, int x, int y, int role, const char *fmt, ...)
	    __attribute__((format(printf, 5, 6)));
/* At most w columns; what is longer ends in an ellipsis, or has it in the middle. */
int	area_cut(struct area a, int x, int y, int w, int role, const char *z);
int	area_cut_middle(struct area a, int x, int y, int w, int role, const char *z);
int	area_right(struct area a, int x, int y, int w, int role, const char *z);
/* Bytes of one line; tabs go on to multiples of four. The column behind. */
int	area_tabs(struct area a, int x, int y, int role, const char *p, size_t len);
/* Text in lines broken at blanks, from row y on; newlines break too. The rows it took. */
int	area_wrap(struct area a, int y, int role, const char *z);
void	area_state(struct area a, int x, int y, enum state st);

void	area_fill(struct area a, int role, uint32_t rune);
/* Changes of what is drawn already: a row that is chosen, a word that is bold. */
void	area_attr(struct area a, int x, int y, int w, int attr);
void	area_bg(struct area a, int x, int y, int w, int bg_role);
void	area_select(struct area a, int y);	/* the chosen row of a list */

/* A frame with a title on the left and words on the right of its upper edge; what is
 * inside. is_focus: the frame of the pane that keys go to. */
struct area area_box(struct area a, const char *title, const char *right, bool is_focus);
/* A line across with the same words: the form for narrow screens. The rest below it. */
struct area area_rule(struct area a, const char *title, const char *right, bool is_focus);

/* Columns of z after cleaning. */
int	text_width(const char *z);
/* The next rune of *p as it will be drawn (0 at the end), and *p moves on. */
uint32_t text_next(const char **p, const char *end);

/* The role and the word of a state. */
int	state_role(enum state st);
int	ramp_role(double share);	/* 0..1 -> R_RAMP + n */

/* The grid as lines of UTF-8 text, blanks at their ends cut. */
struct outbuf;
void	grid_print(const struct grid *g, struct outbuf *b);
void	rune_print(struct outbuf *b, uint32_t rune);		/* one, as UTF-8 */

#endif
