/* SPDX-License-Identifier: BSD-2-Clause */
/* Colours: contrast of each theme, depths, and that states differ without hue. */
#include <math.h>
#include <string.h>

#include "base/out.h"
#include "tap.h"
#include "tui/theme.h"

/* Grounds that terminals have: black, dark grey; white, cream. */
static const uint32_t dark[] = { 0x000000, 0x1e1e1e }, light[] = { 0xffffff, 0xfdf6e3 };

static void
test_contrast(const struct theme *t)
{
	const uint32_t *grounds = t->is_light ? light : dark;
	int role, i;
	double c;

	for (role = 0; role < R_HEAT; role++)
		for (i = 0; i < 2; i++) {
			if (t->paint[role].fg == COLOUR_DEFAULT || role == R_SEL)
				continue;
			c = colour_contrast(t->paint[role].fg, grounds[i]);
			/* Lines of boxes are no text: 3 to 1 is enough (WCAG 1.4.11) */
			if (c < (role == R_BORDER ? 3.0 : 4.5))
				fail("%s: role %d has %.2f to 1 on %06x", t->name, role, c,
				    grounds[i]);
		}
	pass("%s: contrast", t->name);
}

/* What may stand in a chosen row. */
static void
test_selection(const struct theme *t)
{
	static const int roles[] = { R_GOOD, R_WARN, R_CRIT, R_INFO, R_MAINT, R_DRAIN, R_UNKNOWN,
		R_ACCENT, R_MARK, R_KEY };
	double c;
	size_t i;

	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		c = colour_contrast(t->paint[roles[i]].fg, t->paint[R_SEL].fg);
		if (c < 4.5)
			fail("%s: role %d has %.2f to 1 on the chosen row", t->name, roles[i], c);
	}
	pass("%s: chosen rows", t->name);
}

static void
test_depths(void)
{
	is_int(colour_256(0x000000), 232);
	is_int(colour_256(0xff0000), 196);
	is_int(colour_256(0x0072b2), 16 + 6 * 2 + 3);
	is_int(colour_16(0xff5555), 9);
	is_int(colour_16(0x000000), 0);
	ok(fabs(colour_contrast(0, 0xffffff) - 21) < 0.01);
	ok(theme_find("nothing") == NULL);
	ok(theme_find("mono") != NULL);
}

static void
test_print(void)
{
	struct grid g;
	struct outbuf b;

	outbuf_init(&b, 0);
	grid_init(&g, 3, 1, &glyph_sets[GLYPHS_ASCII]);
	area_text(grid_area(&g), 0, 0, R_CRIT, "ab");
	theme_print(&g, theme_find("default"), DEPTH_TRUE, &b);
	is_str(b.data, "\033[0;1;38;2;255;122;69mab\033[0m \033[0m\n");
	outbuf_clear(&b);
	theme_print(&g, theme_find("mono"), DEPTH_TRUE, &b);
	is_str(b.data, "\033[0;1mab\033[0m \033[0m\n");
	grid_fini(&g);
	outbuf_fini(&b);
}

/* Strong is lighter on dark grounds, darker on light ones. */
static void
test_heat(void)
{
	const struct cell weak = { .role = R_HEAT, .bg_role = R_HEAT },
	    strong = { .role = R_HEAT + 23, .bg_role = R_HEAT + 23 };
	const struct theme *on_dark = theme_find("default"), *on_light = theme_find("light");

	is_int(theme_look(on_dark, DEPTH_256, &weak).fg, 17);
	is_int(theme_look(on_dark, DEPTH_256, &weak).bg, 17);
	is_int(theme_look(on_dark, DEPTH_256, &strong).bg, 227);
	is_int(theme_look(on_light, DEPTH_256, &weak).bg, 230);
	is_int(theme_look(on_light, DEPTH_256, &strong).bg, 17);
	is_int(theme_look(on_dark, DEPTH_TRUE, &strong).bg, 0xfee838);
	is_int(theme_look(on_dark, DEPTH_MONO, &strong).bg, -1);
}

int
main(void)
{
	unsigned i;

	for (i = 0; theme_name(i) != NULL; i++) {
		test_contrast(theme_find(theme_name(i)));
		test_selection(theme_find(theme_name(i)));
	}
	test_depths();
	test_heat();
	test_print();
	return tap_done();
}
