/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells: clipping, cutting, cleaning of text from outside, boxes. */
#include <stdio.h>
#include <string.h>

#include "base/out.h"
#include "tap.h"
#include "tui/grid.h"

static struct grid g;

static void
begin(int w, int h, enum glyph_set set)
{
	grid_fini(&g);
	grid_init(&g, w, h, &glyph_sets[set]);
}

static char *
picture(void)
{
	static struct outbuf b;

	outbuf_fini(&b);
	outbuf_init(&b, 0);
	grid_print(&g, &b);
	return b.data;
}

static void
test_text(void)
{
	begin(8, 1, GLYPHS_BRAILLE);
	area_text(grid_area(&g), 0, 0, R_FG, "abcdefghij");
	is_str(picture(), "abcdefgh\n");
	begin(8, 1, GLYPHS_BRAILLE);
	area_cut(grid_area(&g), 0, 0, 5, R_FG, "abcdefghij");
	is_str(picture(), "abcd…\n");
	begin(9, 1, GLYPHS_BRAILLE);
	area_cut_middle(grid_area(&g), 0, 0, 9, R_FG, "srv-0001-0017.zone-a");
	is_str(picture(), "srv-…ne-a\n");
	begin(9, 1, GLYPHS_ASCII);
	area_cut_middle(grid_area(&g), 0, 0, 7, R_FG, "abcdefghij");
	is_str(picture(), "abc~hij\n");
	begin(6, 1, GLYPHS_BRAILLE);
	area_right(grid_area(&g), 0, 0, 6, R_FG, "42");
	is_str(picture(), "    42\n");
	begin(6, 1, GLYPHS_BRAILLE);
	is_int(area_text(grid_area(&g), -2, 0, R_FG, "abcd"), 2);
	is_str(picture(), "cd\n");
}

static void
test_cleaning(void)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "a\033[31mb", "a[31mb" }, { "a\nb\tc", "abc" }, { "a\302\233b", "ab" },
		{ "a\342\200\256b", "ab" }, { "e\314\201x", "ex" }, { "\360\237\230\200", "?" },
		{ "\344\270\255", "?" }, { "\377\376x", "??x" },
		{ "Gr\303\266\303\237e", "Größe" },
		{ "\303", "?" }, { "\340\200\212x", "x" }, { "\302\255soft", "soft" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char want[64];

		begin(16, 1, GLYPHS_BRAILLE);
		area_text(grid_area(&g), 0, 0, R_FG, rows[i].in);
		snprintf(want, sizeof(want), "%s\n", rows[i].out);
		if (!is_str(picture(), want) ||
		    !is_int(text_width(rows[i].in), text_width(rows[i].out)))
			tap_diag("in row %zu", i);
	}
}

static void
test_boxes(void)
{
	begin(22, 3, GLYPHS_BRAILLE);
	area_text(area_box(grid_area(&g), "Title", "5 of 7", false), 0, 0, R_FG,
	    "0123456789012345678901");
	is_str(picture(), "┌─ Title ─── 5 of 7 ─┐\n│01234567890123456789│\n"
	    "└────────────────────┘\n");
	begin(22, 3, GLYPHS_ASCII);
	area_box(grid_area(&g), "A title that is too long", "words", false);
	is_str(picture(), "+- A title that is ~ +\n|                    |\n"
	    "+--------------------+\n");
	begin(20, 2, GLYPHS_BRAILLE);
	area_text(area_rule(grid_area(&g), "1 Backends", "/ f", false), 0, 0, R_FG, "x");
	is_str(picture(), "─ 1 Backends ─ / f ─\nx\n");
	begin(3, 1, GLYPHS_BRAILLE);
	area_box(grid_area(&g), "T", "r", true);
	is_str(picture(), "└─┘\n");			/* in one row: within it */
	begin(28, 2, GLYPHS_ASCII);	/* words go by twos of blanks */
	area_rule(grid_area(&g), "List", "one two  three  four five", false);
	is_str(picture(), "- List ---- one two  three -\n\n");
	begin(16, 2, GLYPHS_ASCII);
	area_rule(grid_area(&g), "List", "one two  three  four five", false);
	is_str(picture(), "- List - one ~ -\n\n");
}

int
main(void)
{
	test_text();
	test_cleaning();
	test_boxes();
	return tap_done();
}
