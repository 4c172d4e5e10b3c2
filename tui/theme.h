/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What colour a role has, in each theme and in each depth of colour; pure
 * tables and arithmetic. The background is the terminal's own.
 */
#ifndef WEIR_TUI_THEME_H
#define WEIR_TUI_THEME_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/grid.h"

enum depth { DEPTH_MONO, DEPTH_16, DEPTH_256, DEPTH_TRUE };

/* A colour: 0xRRGGBB, or COLOUR_DEFAULT for the terminal's own. */
#define COLOUR_DEFAULT	0x1000000u

struct paint {
	uint32_t fg, bg;
	uint8_t	 attr;			/* AT_... on top of the cell's own */
};

struct theme {
	const char *name, *text;	/* text: a line for lists and help */
	bool	 is_light;		/* meant for a light ground */
	struct paint paint[R_ROLES];	/* filled by theme_load */
};

/* Names in order, NULL at the end. */
const char *theme_name(unsigned i);
/* NULL: no such theme. */
const struct theme *theme_find(const char *name);

/* How a cell looks in that depth; at DEPTH_16 and DEPTH_MONO colours are 0..15 or -1. */
struct look {
	int32_t	 fg, bg;		/* -1 own; 0..15, 0..255 or 0xRRGGBB by depth */
	uint8_t	 attr;
};
struct look theme_look(const struct theme *t, enum depth d, const struct cell *c);

/* Nearest of the 240 fixed colours; nearest of the first 16. */
int	colour_256(uint32_t rgb);
int	colour_16(uint32_t rgb);
/* Relative luminance contrast, 1 to 21 (WCAG 2.1, 1.4.3). */
double	colour_contrast(uint32_t a, uint32_t b);

/* The grid with SGR sequences, as a terminal of that depth would be told. */
struct outbuf;
void	theme_print(const struct grid *g, const struct theme *t, enum depth d, struct outbuf *b);

#endif
