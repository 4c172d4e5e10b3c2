/* SPDX-License-Identifier: BSD-2-Clause */
/* Graphs as exact pictures: areas, lines, gaps, scales, thresholds, times. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "picture.h"
#include "tap.h"
#include "tui/graph.h"

/* Values of single seconds from `from` on; below 0: a gap. */
struct values { int64_t from; unsigned n; double at[64]; };

static bool
values_span(const void *arg, int64_t from_s, unsigned n, struct span *ret)
{
	const struct values *v = arg;
	struct span sum = { INFINITY, 0, -INFINITY, 0 };
	int64_t i;

	for (i = from_s - v->from; i < from_s - v->from + n; i++) {
		if (i < 0 || i >= v->n || v->at[i] < 0)
			continue;
		sum.min = fmin(sum.min, v->at[i]);
		sum.max = fmax(sum.max, v->at[i]);
		sum.mean += v->at[i];
		sum.n++;
	}
	sum.mean /= sum.n > 0 ? sum.n : 1;
	*ret = sum;
	return sum.n > 0;
}

static struct graph
graph_of(const struct values *v, unsigned window_s)
{
	return (struct graph){ .fn = values_span, .arg = v, .until_s = v->from + v->n - 1,
		.window_s = window_s, .threshold = NAN, .role = R_GRAPH };
}

static void
test_areas(void)
{
	struct values v = { 1000, 16, { 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, -1, -1, 4, 4, 2, 1 } };
	struct graph gr = graph_of(&v, 16);

	gr.hi = 8;
	graph_draw(&gr, begin(8, 2, GLYPHS_BRAILLE));
	is_str(picture(), "  ⢀⣴⣿\n⣀⣴⣿⣿⣿ ⣿⣄\n");
	graph_draw(&gr, begin(16, 1, GLYPHS_BRAILLE));
	is_str(picture(), "⣀⣀⣀⣤⣤⣶⣶⣿⣿⣿  ⣤⣤⣀⣀\n");
	graph_draw(&gr, begin(16, 1, GLYPHS_BLOCK));
	is_str(picture(), "▁▁▂▃▄▅▆▇██  ▄▄▂▁\n");
	graph_draw(&gr, begin(16, 2, GLYPHS_ASCII));
	is_str(picture(), "     .-=##\n_.-=######  ##-.\n");
	is_int(g.cells[9].role, ramp_role(0.75));
	is_int(g.cells[16].role, R_DIM);		/* nothing */
	is_int(g.cells[17].role, ramp_role(0.25));
}

static void
test_lines(void)
{
	struct values v = { 1000, 8, { 1, 1, 8, 8, 4, -1, 2, 2 } };
	struct graph gr = graph_of(&v, 8);

	gr.hi = 8;
	gr.is_line = true;
	graph_draw(&gr, begin(8, 2, GLYPHS_BRAILLE));
	is_str(picture(), "  ⡏⠉⡆\n⣀⣀⠇ ⠉ ⠤⠤\n");
	graph_draw(&gr, begin(8, 4, GLYPHS_ASCII));
	is_str(picture(), "  ##\n  | |\n  | #\n##    ##\n");
	graph_draw(&gr, begin(8, 2, GLYPHS_BLOCK));
	is_str(picture(), "  ▀▀│\n▄▄│ ▀ ▄▄\n");
}

/* Two lines in one picture share cells of braille. */
static void
test_overlay(void)
{
	struct values low = { 1000, 4, { 1, 1, 1, 1 } }, high = { 1000, 4, { 4, 4, 4, 4 } };
	struct graph one = graph_of(&low, 4), two = graph_of(&high, 4);
	struct area a = begin(4, 1, GLYPHS_BRAILLE);

	one.is_line = two.is_line = true;
	one.hi = two.hi = 4;
	two.role = R_CRIT;
	graph_draw(&one, a);
	graph_draw(&two, a);
	is_str(picture(), "⣉⣉⣉⣉\n");
	is_int(g.cells[0].role, R_CRIT);
}

static void
test_bins(void)
{
	/* six seconds a cell; the newest cell has begun only */
	struct values v = { 996, 20, { 1, 1, 1, 9, 1, 1, 2, 2, 2, 2, 2, 2, 4, 4, 4, 8, 8, 8, 1,
		1 } };
	struct graph gr = graph_of(&v, 24);
	struct area a = begin(4, 1, GLYPHS_BLOCK);

	gr.hi = 8;
	is_int(graph_step(4, 24), 6);
	is_int(graph_step(100, 60), 1);
	is_int(graph_second(&gr, a, 0), 996);
	is_int(graph_second(&gr, a, 3), 1014);
	is_int(graph_column(&gr, a, 1007), 1);
	is_int(graph_column(&gr, a, 500), -1);
	graph_draw(&gr, a);
	is_str(picture(), "▂▂▆▁\n");	/* the mean of a cell */
	gr.use_max = true;
	graph_draw(&gr, begin(4, 1, GLYPHS_BLOCK));
	is_str(picture(), "█▂█▁\n");	/* the worst of a cell */
	gr.until_s--;
	graph_draw(&gr, begin(4, 1, GLYPHS_BLOCK));
	is_str(picture(), "█▂█▁\n");	/* a second earlier the old cells are the same */
}

static void
test_scales(void)
{
	static const double rows[][2] = { { 0, 1 }, { 0.3, 0.5 }, { 1, 1 }, { 1.1, 2 }, { 2.1, 5 },
		{ 5, 5 }, { 5.1, 10 }, { 312, 500 }, { 4337, 5000 }, { 1e9, 1e9 } };
	double keep = 0;
	struct values v = { 1000, 2, { 90, 90 } };
	struct graph gr = graph_of(&v, 2);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok_named(fabs(graph_ceiling(rows[i][0]) - rows[i][1]) < 1e-9 * rows[i][1],
		    "%g has the ceiling %g", rows[i][0], graph_ceiling(rows[i][0]));
	gr.keep = &keep;
	ok_named(graph_draw(&gr, begin(2, 1, GLYPHS_BLOCK)) == 100, "from nothing");
	v.at[0] = 101;
	ok_named(graph_draw(&gr, begin(2, 1, GLYPHS_BLOCK)) == 200, "grows at once");
	v.at[0] = 81;
	ok_named(graph_draw(&gr, begin(2, 1, GLYPHS_BLOCK)) == 200, "stays above 40 %%");
	v.at[0] = v.at[1] = 79;
	ok_named(graph_draw(&gr, begin(2, 1, GLYPHS_BLOCK)) == 100, "shrinks below");
}

static void
test_log(void)
{
	struct values v = { 1000, 4, { 1, 10, 100, 1000 } };
	struct graph gr = graph_of(&v, 4);
	struct area a = begin(4, 3, GLYPHS_BLOCK);

	gr.is_log = true;
	gr.lo = 1;
	ok_named(graph_draw(&gr, a) == 1000, "the top");
	is_str(picture(), "   █\n  ██\n▁███\n");
	ok_named(fabs(graph_value(&gr, a, 1000, 0) - 1000) < 1e-6, "value of the first row");
	ok_named(fabs(graph_value(&gr, a, 1000, 2) - 10) < 1e-6, "value of the last row");
}

static void
test_marks(void)
{
	struct values v = { 1000, 8, { 1, 1, 1, -1, -1, 1, 1, 1 } };
	struct graph gr = graph_of(&v, 8);

	gr.threshold = 8;
	gr.cursor_s = 1001;
	gr.mark_s = 1004;
	ok_named(graph_draw(&gr, begin(8, 3, GLYPHS_ASCII)) == 10,
	    "the threshold is in the picture");
	is_str(picture(), "-|--:---\n |  :\n... :...\n");
	is_int(g.cells[0].role, R_WARN);
	is_int(g.cells[17].role, R_FOCUS);
}

static void
test_small(void)
{
	struct values v = { 1000, 8, { 0, 1, 2, 3, -1, 5, 6, 7 } };
	struct graph gr = graph_of(&v, 8);

	spark_draw(values_span, &v, 1007, 1, begin(8, 1, GLYPHS_BRAILLE), R_SPARK);
	is_str(picture(), "▁▁▂▂ ▄▅▆\n");
	spark_draw(values_span, &v, 1007, 2, begin(6, 1, GLYPHS_ASCII), R_SPARK);
	is_str(picture(), "  _.-=\n");
	bar_draw(begin(8, 1, GLYPHS_BRAILLE), 0.5, R_GOOD);
	is_str(picture(), "▓▓▓▓░░░░\n");
	bar_draw(begin(10, 1, GLYPHS_ASCII), 0.01, R_GOOD);
	is_str(picture(), "[|       ]\n");
	axis_draw(begin(60, 1, GLYPHS_BRAILLE), 5 * 3600 + 58 * 60 + 41, 600);
	is_str(picture(), "       05:50       05:52       05:54       05:56       05:58\n");
	axis_draw(begin(30, 1, GLYPHS_BRAILLE), 5 * 3600 + 58 * 60 + 41, 30);
	is_str(picture(), "   05:58:15       05:58:30\n");
	graph_draw(&gr, begin(0, 0, GLYPHS_BRAILLE));
	ok_named(true, "nothing to draw into");
}

int
main(void)
{
	test_areas();
	test_lines();
	test_overlay();
	test_bins();
	test_scales();
	test_log();
	test_marks();
	test_small();
	grid_fini(&g);
	return tap_done();
}
