/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/scale.h"
#include "tui/trial.h"

void
trial_fini(struct trial *t)
{
	points_fini(&t->now);
	points_fini(&t->tried);
}

/* Sizes as steps: from the first change's size on, each change, until now. */
static void
sizes_of(struct points *p, const struct sheet *s, int64_t until_s, unsigned window_s)
{
	double t0 = (double)until_s - window_s, v0 = sheet_num(s, 0, "from");
	unsigned i;

	points_read(p, s, "time", "to", 0, 0);
	p->is_step = true;
	if (p->n == 0)
		return;
	p->t = xrealloc(p->t, (p->n + 1) * sizeof(*p->t));
	p->v = xrealloc(p->v, (p->n + 1) * sizeof(*p->v));
	for (i = p->n; i > 0; i--) {
		p->t[i] = p->t[i - 1];
		p->v[i] = p->v[i - 1];
	}
	p->t[0] = t0;
	p->v[0] = v0;
	p->n++;
}

/* `desired=3` of the totals: the size when nothing changed. */
static void
flat_size(struct points *p, const struct answer *a, int64_t until_s, unsigned window_s)
{
	const char *d = a->sheet.notes != NULL ? strstr(a->sheet.notes, "desired=") : NULL;

	if (p->n > 0 || d == NULL)
		return;
	p->t[0] = (double)until_s - window_s;
	p->v[0] = strtod(d + 8, NULL);
	p->n = 1;
}

static void
size_text(const void *arg, double v, char *buf, size_t size)
{
	(void)arg;
	snprintf(buf, size, "%.3g", v);
}

static void
read_sizes(struct points *p, const struct answer *a, int64_t until_s, unsigned window_s)
{
	points_fini(p);
	if (a == NULL)
		return;
	sizes_of(p, &a->sheet, until_s, window_s);
	flat_size(p, a, until_s, window_s);
}

static double
highest(const struct points *p, double so_far)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		so_far = fmax(so_far, p->v[i]);
	return so_far;
}

/* Both on one scale. */
static void
draw_sizes(struct trial *s, const struct answer *now, const struct answer *tried, int64_t until_s,
    unsigned window_s, struct area a)
{
	struct area plot = area_part(a, 5, 0, a.w - 5, a.h - 1);
	struct graph g = { .fn = points_span, .arg = &s->now, .until_s = until_s,
		.window_s = window_s, .threshold = NAN, .use_max = true, .role = R_GRAPH };

	read_sizes(&s->now, now, until_s, window_s);
	read_sizes(&s->tried, tried, until_s, window_s);
	g.hi = graph_ceiling(highest(&s->tried, highest(&s->now, 1)));
	graph_draw(&g, plot);
	if (tried != NULL) {
		g.arg = &s->tried;
		g.is_line = true;
		g.role = R_WARN;
		graph_draw(&g, plot);
	}
	scale_draw(&g, area_part(a, 0, 0, 5, plot.h), plot, g.hi, size_text, NULL);
	axis_draw(area_part(a, 5, a.h - 1, a.w - 5, 1), g.until_s, g.window_s);
}

/* The totals line of an answer, without its sign. */
static void
draw_totals(const struct answer *t, const char *name, int role, struct area a, int y)
{
	const char *total = t->sheet.notes != NULL ? strstr(t->sheet.notes, "total ") : NULL;
	int x = area_text(a, 0, y, role, name);

	if (total != NULL)
		area_fmt(a, x + 1, y, R_FG, "%.*s", (int)strcspn(total + 6, "\n"), total + 6);
	else
		area_fmt(a, x + 1, y, R_CRIT, "%.*s", (int)strcspn(t->text, "\n"), t->text);
}

static void
draw_changes(const struct answer *t, struct area a)
{
	const struct sheet *s = &t->sheet;
	const char *result, *time;
	unsigned i;
	int x;

	for (i = 0; i < s->nrows && (int)i < a.h; i++) {
		result = sheet_get(s, i, "result");
		time = strchr(sheet_get(s, i, "time"), 'T');
		x = area_fmt(a, 0, (int)i, R_DIM, "%.8s", time != NULL ? time + 1 : "");
		x = area_fmt(a, x + 1, (int)i, R_FG, "%s", sheet_get(s, i, "from"));
		area_rune(a, x, (int)i, R_DIM, 0x2192);
		x = area_text(a, x + 1, (int)i, R_FG, sheet_get(s, i, "to"));
		x = area_text(a, x + 1, (int)i, strcmp(result, "done") == 0 ? R_GOOD : R_WARN,
		    result);
		area_cut(a, x + 1, (int)i, a.w - x - 1, R_DIM, sheet_get(s, i, "reason"));
	}
}

void
trial_draw(struct trial *t, struct trial_side now, struct trial_side tried, int64_t until_s,
    unsigned window_s, struct area a)
{
	draw_totals(now.answer, now.name, R_INFO, area_take_top(&a, 1), 0);
	if (tried.answer != NULL)
		draw_totals(tried.answer, tried.name, R_WARN, area_take_top(&a, 1), 0);
	draw_sizes(t, now.answer, tried.answer, until_s, window_s,
	    area_take_top(&a, a.h >= 8 ? a.h * 6 / 10 : a.h));
	draw_changes(tried.answer != NULL ? tried.answer : now.answer, a);
}
