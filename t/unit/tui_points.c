/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers out of sheets over time: points, the scale beside a graph, timelines of
 * alarms, and two answers of `policy test` in one picture.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "picture.h"
#include "tap.h"
#include "tui/points.h"
#include "tui/rows.h"
#include "tui/scale.h"
#include "tui/timeline.h"
#include "tui/trial.h"

static void
read_points(struct points *p, const char *text, double period_s, int64_t skew_s)
{
	struct sheet s = { 0 };

	ok(sheet_parse(&s, text, strlen(text)));
	points_read(p, &s, "time", "value", period_s, skew_s);
	sheet_fini(&s);
}

static void
test_points(void)
{
	struct points p = { 0 };
	struct span span;

	read_points(&p, "#time,value\n1000,1\n1060,\n1120,3\n1110,9\nx,4\n1180,5\n", 60, 0);
	is_int(p.n, 3);				/* neither holes nor what goes back */
	ok(isnan(points_at(&p, 999)));
	ok(points_at(&p, 1000) == 1);
	ok(points_at(&p, 1059) == 1);
	ok(isnan(points_at(&p, 1060)));
	ok(points_at(&p, 1179) == 3);
	ok(points_at(&p, 1239) == 5);
	ok(isnan(points_at(&p, 1240)));
	ok(points_span(&p, 1100, 100, &span));
	ok(span.min == 3 && span.max == 5 && span.mean == 4 && span.n == 2);
	ok(points_span(&p, 1030, 10, &span));	/* held from before */
	ok(span.max == 1);
	ok(!points_span(&p, 1070, 40, &span));
	p.is_step = true;
	ok(points_at(&p, 9999) == 5);
	ok(points_span(&p, 1070, 40, &span));
	ok(span.max == 1);
	read_points(&p, "#time,value\n2013-02-15T16:30:00.500Z,7\n", 60, 20);
	ok(p.n == 1 && p.t[0] == 1360945780.5);
	points_fini(&p);
	ok(!points_span(&p, 0, 100, &span));
}

static void
count_text(const void *arg, double v, char *buf, size_t size)
{
	(void)arg;
	snprintf(buf, size, "%g", v);
}

static void
test_scale(void)
{
	struct graph gr = { .until_s = 100, .window_s = 10, .threshold = NAN };
	struct area a = begin(6, 10, GLYPHS_ASCII);

	scale_draw(&gr, a, a, 10, count_text, NULL);
	is_str(picture(),
	    "   10\n"
	    "\n"
	    "    8\n"
	    "\n"
	    "    6\n"
	    "\n"
	    "    4\n"
	    "\n"
	    "    2\n"
	    "\n");
	gr.is_log = true;
	gr.lo = 1;
	a = begin(6, 8, GLYPHS_ASCII);
	scale_draw(&gr, a, a, 1000, count_text, NULL);
	is_str(picture(),
	    "  500\n"
	    "  200\n"
	    "\n"
	    "   50\n"
	    "\n"
	    "   10\n"
	    "\n"
	    "    2\n");
	a = begin(6, 1, GLYPHS_ASCII);
	scale_draw(&gr, a, a, 1000, count_text, NULL);
	is_str(picture(), "    2\n");
}

/* --- Timelines --------------------------------------------------------------- */

static void
change(struct host *h, int64_t t_s, const char *name, const char *from, const char *to)
{
	struct event *e = events_add(&h->events);

	e->kind = xstrdup("alarm");		/* what is freed; the others are lent */
	e->t_ms = t_s * 1000;
	e->name = (char *)name;
	e->from = (char *)from;
	e->to = (char *)to;
	e->text = (char *)"";
}

static void
test_timeline(void)
{
	struct model *m = model_new();
	struct host *h = model_host(m, "lb1");
	struct area a = begin(10, 1, GLYPHS_BLOCK);

	timeline_draw(h, "hot", "OK", 1009, 10, a);
	is_str(picture(), "──────────\n");
	change(h, 1002, "hot", "OK", "ALARM");
	change(h, 1003, "cold", "OK", "ALARM");
	change(h, 1005, "hot", "ALARM", "OK");
	change(h, 1008, "hot", "OK", "INSUFFICIENT_DATA");
	a = begin(10, 1, GLYPHS_BLOCK);
	timeline_draw(h, "hot", "INSUFFICIENT_DATA", 1009, 10, a);
	is_str(picture(), "──▓▓▓▓──┬.\n");
	is_int(g.cells[0].role, R_GOOD);
	is_int(g.cells[3].role, R_CRIT);
	is_int(g.cells[9].role, R_UNKNOWN);
	a = begin(10, 1, GLYPHS_ASCII);
	timeline_draw(h, "hot", "INSUFFICIENT_DATA", 1006, 5, a);	/* an earlier end */
	is_str(picture(), "-----||||-\n");
	a = begin(10, 1, GLYPHS_BLOCK);
	timeline_draw(h, "none", "", 1009, 10, a);
	is_str(picture(), "\n");
	is_int(alarm_sign("ALARM", false), ST_CRIT);
	is_int(alarm_sign("OK", true), ST_OK);
	is_int(alarm_sign("INSUFFICIENT_DATA", true), ST_MAINT);
	is_int(alarm_sign("INSUFFICIENT_DATA", false), ST_UNKNOWN);
	model_free(m);
}

/* --- policy test ------------------------------------------------------------- */

static const struct answer *
answered(struct host *h, const char *command, const char *text)
{
	struct answer *a = host_answer_add(h, command);

	free(a->text);
	a->text = xstrdup(text);
	a->len = strlen(text);
	sheet_parse(&a->sheet, text, a->len);
	return a;
}

static void
test_trial(void)
{
	struct model *m = model_new();
	struct host *h = model_host(m, "lb1");
	const struct answer *now, *tried, *wrong, *flat;
	struct trial t = { 0 };

	now = answered(h, "a", "#time,from,to,result,reason\n"
	    "2013-02-15T16:20:00Z,1,2,done,busy\n"
	    "2013-02-15T16:40:00Z,2,1,done,quiet\n#total changes=2 desired=1\n");
	tried = answered(h, "b", "#time,from,to,result,reason\n"
	    "2013-02-15T16:10:00Z,1,4,done,more\n"
	    "2013-02-15T16:50:00Z,4,4,ignored,cooldown 5 s left\n#total changes=1 desired=4\n");
	wrong = answered(h, "c", "'policy test': there is no group 'x'.\nmore");
	flat = answered(h, "d", "#time,from,to,result,reason\n#total changes=0 desired=3\n");
	trial_draw(&t, (struct trial_side){ now, "now" }, (struct trial_side){ tried, "tried" },
	    1360947600, 3600, begin(40, 12, GLYPHS_ASCII));
	is_str(picture(),
	    "now changes=2 desired=1\n"
	    "tried changes=1 desired=4\n"
	    "   5\n"
	    "          ##############################\n"
	    "   3      |\n"
	    "          |     ############\n"
	    "   1 ###################################\n"
	    "                      16:30\n"
	    "16:10:00 1>4 done more\n"
	    "16:50:00 4>4 ignored cooldown 5 s left\n"
	    "\n"
	    "\n");
	trial_draw(&t, (struct trial_side){ flat, "now" }, (struct trial_side){ NULL, "" },
	    1360947600, 3600, begin(40, 6, GLYPHS_ASCII));
	is_str(picture(),
	    "now changes=0 desired=3\n"
	    "   4\n"
	    "   3 -----------------------------------\n"
	    "     ###################################\n"
	    "   1 ###################################\n"
	    "                      16:30\n");
	trial_draw(&t, (struct trial_side){ now, "now" }, (struct trial_side){ wrong, "tried" },
	    1360947600, 3600, begin(40, 4, GLYPHS_ASCII));
	ok(strstr(picture(), "tried 'policy test': there is no group") != NULL);
	for (int w = 1; w < 12; w++)
		for (int y = 1; y < 12; y++)
			trial_draw(&t, (struct trial_side){ now, "now" },
			    (struct trial_side){ tried, "tried" }, 1360947600, 3600,
			    begin(w, y, GLYPHS_BRAILLE));
	trial_fini(&t);
	model_free(m);
}

int
main(void)
{
	test_points();
	test_scale();
	test_timeline();
	test_trial();
	grid_fini(&g);
	return tap_done();
}
