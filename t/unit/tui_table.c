/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists as exact pictures: widths, order, cursor, marks, trees, keys, mouse; numbers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "picture.h"
#include "tap.h"
#include "tui/graph.h"
#include "tui/table.h"

struct item { const char *name; double n, p; enum state st; bool marked; int depth; };

static int
item_name(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	snprintf(buf, size, "%s", ((const struct item *)row)->name);
	return R_FG;
}

static double
item_n(const struct model *m, const void *row)
{
	(void)m;
	return ((const struct item *)row)->n;
}

static double
item_p(const struct model *m, const void *row)
{
	(void)m;
	return ((const struct item *)row)->p;
}

static int
item_n_text(const struct model *m, const void *row, char *buf, size_t size)
{
	num_count(item_n(m, row), 5, buf, size);
	return R_FG;
}

static int
item_p_text(const struct model *m, const void *row, char *buf, size_t size)
{
	num_share(item_p(m, row), buf, size);
	return R_CRIT;
}

static void
item_spark(const struct model *m, const void *row, struct area cell)
{
	(void)m;
	(void)row;
	area_fill(cell, R_SPARK, '.');
}

static void item_key(const void *row, char buf[ROW_KEY_MAX])
{
	snprintf(buf, ROW_KEY_MAX, "%s", ((const struct item *)row)->name);
}
static enum state item_state(const void *row) { return ((const struct item *)row)->st; }
static bool item_marked(const void *row) { return ((const struct item *)row)->marked; }
static int item_indent(const void *row) { return ((const struct item *)row)->depth; }

static enum fold
item_fold(const struct model *m, const void *row)
{
	(void)m;
	return ((const struct item *)row)->depth > 0 ? FOLD_NONE : FOLD_OPEN;
}

static const struct column columns[] = {
	{ "name", "NAME", 0, 4, 8, 12, COL_MIDDLE | COL_FLEX, 0, item_name, NULL, NULL, NULL },
	{ "n", "NUMBER", 1, 6, 6, 6, COL_RIGHT, 3, item_n_text, item_n, NULL, NULL },
	{ "p", "P%", 2, 4, 4, 4, COL_RIGHT | COL_UP, 1, item_p_text, item_p, NULL, NULL },
	{ "q", "Q", 3, 3, 3, 3, COL_RIGHT, 2, item_p_text, item_p, NULL, NULL },
	{ "last", "LAST", 4, 4, 6, 0, COL_FLEX | COL_SPARK, 1, NULL, NULL, item_spark, NULL },
};
#define NCOLUMNS	(sizeof(columns) / sizeof(columns[0]))

static struct item items[] = {
	{ "beta", 12, 0.5, ST_OK, false, 0 }, { "alpha", 123456, NAN, ST_CRIT, true, 0 },
	{ "gamma-long-name", 12, 3, ST_DRAIN, false, 0 },
	{ "Delta", NAN, 99.96, ST_MAINT, false, 0 },
};
#define NITEMS	(sizeof(items) / sizeof(items[0]))

static struct model model;
static struct ui ui;
static const void *rows[16];
static struct list_view *view = &ui.lists[LIST_SERVERS];
static struct hits hits;

static struct table
table_of(unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		rows[i] = &items[i];
	return (struct table){ .list = LIST_SERVERS, .columns = columns, .ncolumns = NCOLUMNS,
		.rows = rows, .nrows = n, .key = item_key, .state = item_state,
		.is_marked = item_marked };
}

static void
reset(void)
{
	model.ui = &ui;
	memset(view, 0, sizeof(*view));
	view->sort = -1;
}

static void
widths_are(unsigned set, int w, const char *want)
{
	int widths[NCOLUMNS];
	char buf[64];
	size_t i, n = 0;

	table_solve(columns, NCOLUMNS, set, w, widths);
	for (i = 0; i < NCOLUMNS; i++)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%d", i > 0 ? " " : "",
		    widths[i]);
	if (!is_str(buf, want))
		tap_diag("set %u, %d columns", set, w);
}

static void
test_widths(void)
{
	widths_are(0, 100, "12 6 4 0 75");
	widths_are(0, 36, "12 6 4 0 11");
	widths_are(0, 25, "8 6 4 0 4");
	widths_are(0, 24, "7 6 4 0 4");
	widths_are(0, 20, "8 6 4 0 0");
	widths_are(0, 12, "5 6 0 0 0");
	widths_are(0, 8, "8 0 0 0 0");
	widths_are(0, 3, "4 0 0 0 0");
	widths_are(1, 100, "12 6 0 3 0");
	is_int(table_sets(columns, NCOLUMNS), 2);
}

static void
test_drawing(void)
{
	struct table t = table_of(NITEMS);

	reset();
	hits.n = 0;
	table_draw(&model, &t, begin(32, 5, GLYPHS_BRAILLE), true, &hits);
	is_str(picture(), "  NAME        NUMBER   P% LAST\n"
	    "● beta            12  0.5 ......\n"
	    "✖•alpha         123k    - ......\n"
	    "◐ gamma…-name     12  3.0 ......\n"
	    "○ Delta            -  100 ......\n");
	is_int(g.cells[32].bg_role, R_SEL);
	is_int(g.cells[64].bg_role, R_FG);
	is_int(hits.n, 4 + 4);
	is_int(hits.at[4].kind, HIT_LIST_ROW);
	is_int(hits.at[5].row, 1);
	table_draw(&model, &t, begin(32, 5, GLYPHS_ASCII), false, NULL);
	is_str(picture(), "  NAME        NUMBER   P% LAST\n"
	    "+ beta            12  0.5 ......\n"
	    "X*alpha         123k    - ......\n"
	    "~ gamma~-name     12  3.0 ......\n"
	    "- Delta            -  100 ......\n");
	is_int(g.cells[32].attr, AT_BOLD);
	t.nrows = 0;
	t.empty = "nothing here";
	table_draw(&model, &t, begin(20, 2, GLYPHS_ASCII), false, NULL);
	is_str(picture(), "  NAME   NUMBER   P%\n  nothing here\n");
	ok(table_current(&model, &t) == NULL);
	table_act(&model, &t, ACT_DOWN);
	table_act(&model, &t, ACT_LAST);
}

static void
test_tree(void)
{
	struct table t = table_of(3);

	reset();
	t.indent = item_indent;
	t.fold = item_fold;
	t.no_header = true;
	items[1].depth = 1;
	table_draw(&model, &t, begin(21, 3, GLYPHS_BRAILLE), true, NULL);
	is_str(picture(), "● ▾ beta      12  0.5\n"
	    "✖•   al…a   123k    -\n"
	    "◐ ▾ ga…me     12  3.0\n");
	items[1].depth = 0;
}

static void
order_is(int sort, bool reversed, const char *want)
{
	struct table t = table_of(NITEMS);
	char buf[128] = "";
	size_t i;

	view->sort = sort;
	view->is_reversed = reversed;
	table_sort(&model, &t);
	for (i = 0; i < NITEMS; i++)
		strncat(buf, ((const struct item *)rows[i])->name, 1);
	is_str(buf, want);
}

static void
test_order(void)
{
	struct table t = table_of(NITEMS);
	char buf[32];

	reset();
	order_is(-1, false, "bagD");
	order_is(0, false, "abDg");
	order_is(0, true, "gDba");
	order_is(1, false, "abgD");		/* ties as they were, no number last */
	order_is(1, true, "bgaD");
	order_is(2, false, "bgDa");		/* COL_UP */
	order_is(4, false, "bagD");		/* no order */
	order_is(99, false, "bagD");
	reset();
	table_act(&model, &t, ACT_SORT);
	table_act(&model, &t, ACT_SORT);
	is_int(view->sort, 1);
	table_act(&model, &t, ACT_SORT_REVERSE);
	table_draw(&model, &t, begin(20, 1, GLYPHS_ASCII), false, NULL);
	table_sorted_by(&model, &t, buf, sizeof(buf));
	is_str(buf, "n reversed");
	view->is_reversed = false;
	table_draw(&model, &t, begin(22, 2, GLYPHS_BRAILLE), true, NULL);
	is_str(picture(), "  NAME     NUMBER↓  P%\n● beta         12  0.5\n");
	table_act(&model, &t, ACT_SORT);
	table_act(&model, &t, ACT_SORT);
	is_int(view->sort, -1);			/* not by what is drawn */
	table_act(&model, &t, ACT_LEFT);
	is_int(view->sort, 2);
	table_act(&model, &t, ACT_COLUMNS);
	is_int(view->column_set, 1);
	table_act(&model, &t, ACT_SORT);
	is_int(view->sort, 3);			/* 2 is not in this set */
	table_act(&model, &t, ACT_COLUMNS);
	is_int(view->column_set, 0);
}

static void
at_row(const struct table *t, enum act act, const char *want)
{
	ok(table_act(&model, t, act));
	table_draw(&model, t, begin(20, 3, GLYPHS_ASCII), true, NULL);
	is_str(((const struct item *)table_current(&model, t))->name, want);
}

static void
test_cursor(void)
{
	struct table t = table_of(NITEMS);

	reset();
	table_draw(&model, &t, begin(20, 3, GLYPHS_ASCII), true, NULL);
	is_int(view->page, 2);
	at_row(&t, ACT_DOWN, "alpha");
	at_row(&t, ACT_PAGE_DOWN, "Delta");
	is_int(view->top, 2);
	at_row(&t, ACT_DOWN, "Delta");
	at_row(&t, ACT_PAGE_UP, "alpha");
	is_int(view->top, 1);
	at_row(&t, ACT_FIRST, "beta");
	at_row(&t, ACT_LAST, "Delta");
	at_row(&t, ACT_HALF_UP, "gamma-long-name");
	ok(!table_act(&model, &t, ACT_OPEN));
	view->sort = 0;				/* the cursor stays on its row */
	view->is_reversed = true;
	table_sort(&model, &t);
	table_draw(&model, &t, begin(20, 3, GLYPHS_ASCII), true, NULL);
	is_int(view->index, 0);
	rows[0] = rows[1];			/* the row is gone: the one in its place */
	is_str(((const struct item *)table_current(&model, &t))->name, "Delta");
	view->key[0] = '\0';			/* as a click leaves it */
	view->index = 3;
	table_draw(&model, &t, begin(20, 3, GLYPHS_ASCII), true, NULL);
	is_str(view->key, "alpha");
	t.nrows = 2;
	is_str(((const struct item *)table_current(&model, &t))->name, "Delta");
}

static void
test_numbers(void)
{
	static const struct { double v; int w; const char *count, *bytes, *ms; } r[] = {
		{ 0, 5, "0", "0", "0.0" }, { 0.4, 5, "0.4", "0", "0.0" },
		{ 3, 5, "3", "3", "0.0" }, { 9.96, 4, "10", "10", "0.0" },
		{ 999.4, 4, "999", "999", "1.0" }, { 999.6, 4, "1000", "1.0k", "1.0" },
		{ 12345, 5, "12345", "12.3k", "12" }, { 12345, 4, "12k", "12k", "12" },
		{ 123456, 5, "123k", "123k", "123" }, { 1234567, 5, "1.2M", "1.2M", "1235" },
		{ 1234567, 3, "1M", "1M", "1s" }, { 34e6, 5, "34.0M", "34.0M", "34000" },
		{ NAN, 5, "-", "-", "-" }, { 1e20, 5, "100E", "100E", "100000000000000s" },
	};
	static const struct { double us; const char *text; } times[] = {
		{ 400, "0.4ms" }, { 4200, "4.2ms" }, { 48000, "48ms" }, { 999400, "999ms" },
		{ 1240000, "1.2s" }, { 1.2e8, "120s" }, { NAN, "-" },
	};
	static const struct { int64_t s; const char *text; } ages[] = {
		{ -1, "-" }, { 0, "0s" }, { 119, "119s" }, { 120, "2m" }, { 7199, "119m" },
		{ 7200, "2h" }, { 172799, "47h" }, { 1036800, "12d" },
	};
	char buf[32];
	size_t i;

	for (i = 0; i < sizeof(r) / sizeof(r[0]); i++) {
		num_count(r[i].v, r[i].w, buf, sizeof(buf));
		is_str(buf, r[i].count);
		num_bytes(r[i].v, r[i].w, buf, sizeof(buf));
		is_str(buf, r[i].bytes);
		num_ms(r[i].v, r[i].w, buf, sizeof(buf));
		is_str(buf, r[i].ms);
	}
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		num_us(times[i].us, buf, sizeof(buf));
		is_str(buf, times[i].text);
	}
	num_window(60, buf, sizeof(buf));
	is_str(buf, "60 s");
	num_window(600, buf, sizeof(buf));
	is_str(buf, "10 min");
	num_window(6 * 3600, buf, sizeof(buf));
	is_str(buf, "6 h");
	num_window(7 * 86400, buf, sizeof(buf));
	is_str(buf, "7 d");
	num_clock(1795327121500, buf, sizeof(buf));
	is_str(buf, "05:58:41");
	for (i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		num_age(ages[i].s, buf, sizeof(buf));
		is_str(buf, ages[i].text);
	}
}

int
main(void)
{
	test_widths();
	test_drawing();
	test_tree();
	test_order();
	test_cursor();
	test_numbers();
	grid_fini(&g);
	return tap_done();
}
