/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Graphs over time. A column of cells stands for whole seconds and begins at a
 * multiple of them; a braille cell shows its two halves. A known value is at
 * least one dot high, a gap is nothing at all.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/graph.h"

bool
series_span(const void *series, int64_t from_s, unsigned n, struct span *ret)
{
	const struct series *s = series;

	return s->hist != NULL && history_span(s->hist, s->metric, from_s, n, ret);
}

/* --- Scales --------------------------------------------------------------- */

double
graph_ceiling(double v)
{
	static const double steps[] = { 1, 2, 5, 10 };
	double unit;
	int i = 0;

	if (!(v > 0) || isinf(v))
		return 1;
	unit = pow(10, floor(log10(v)));
	while (i < 3 && v > unit * steps[i] * (1 + 1e-9))
		i++;
	return unit * steps[i];
}

double
graph_scale(double old, double v)
{
	return !(old > 0) || v > old || v < 0.4 * old ? graph_ceiling(v) : old;
}

unsigned
graph_step(int w, unsigned window_s)
{
	unsigned step = w > 0 ? (window_s + (unsigned)w / 2) / (unsigned)w : 1;

	return step > 0 ? step : 1;
}

/* --- Time ----------------------------------------------------------------- */

int64_t
graph_second(const struct graph *g, struct area a, int x)
{
	int64_t step = graph_step(a.w, g->window_s);

	return (g->until_s / step - (a.w - 1 - x)) * step;
}

int
graph_column(const struct graph *g, struct area a, int64_t s)
{
	int64_t step = graph_step(a.w, g->window_s), x = a.w - 1 - (g->until_s / step - s / step);

	return x < -1 ? -1 : x > a.w ? a.w : (int)x;
}

/* How samples lie in cells: halves of a cell across, levels of a cell up. */
struct raster {
	int	 halves, levels;
};

static struct raster
raster_of(const struct graph *g, const struct glyphs *glyphs)
{
	if (glyphs->has_braille)
		return (struct raster){ 2, 4 };
	if (g->is_line)
		return (struct raster){ 1, glyphs->is_ascii ? 1 : 2 };
	return (struct raster){ 1, 8 };
}

/* What a sample (a cell, or half of one) covers; nothing of what is yet to come. */
static bool
sample(const struct graph *g, struct area a, int halves, int i, struct span *ret)
{
	int64_t step = graph_step(a.w, g->window_s), from = graph_second(g, a, i / halves);
	int64_t n = step;

	if (halves == 2 && step > 1) {
		from += i % 2 * (step / 2);
		n = i % 2 == 0 ? step / 2 : step - step / 2;
	}
	if (from + n > g->until_s + 1)
		n = g->until_s + 1 - from;
	return n > 0 && g->fn(g->arg, from, (unsigned)n, ret);
}

static double
value_of(const struct graph *g, const struct span *s)
{
	return g->use_max ? s->max : s->mean;
}

static double
highest(const struct graph *g, struct area a, int halves)
{
	struct span s;
	double max = 0;
	int i;

	for (i = 0; i < a.w * halves; i++)
		if (sample(g, a, halves, i, &s) && value_of(g, &s) > max)
			max = value_of(g, &s);
	if (!isnan(g->threshold) && g->threshold > max)
		max = g->threshold;
	return max;
}

static double
top_of(const struct graph *g, struct area a, int halves)
{
	double max;

	if (g->hi > 0)
		return g->hi;
	max = highest(g, a, halves);
	if (g->keep == NULL)
		return graph_ceiling(max);
	*g->keep = graph_scale(*g->keep, max);
	return *g->keep;
}

/* Where v lies between the scale's ends, 0..1. */
static double
share_of(const struct graph *g, double hi, double v)
{
	double lo = g->lo, share;

	if (g->is_log) {
		lo = lo > 0 ? lo : hi / 100;
		share = v > lo ? log(v / lo) / log(hi / lo) : 0;
	} else
		share = (v - lo) / (hi - lo);
	return share > 0 ? share < 1 ? share : 1 : 0;
}

double
graph_value(const struct graph *g, struct area a, double hi, int y)
{
	double share = a.h > 0 ? (double)(a.h - y) / a.h : 0, lo = g->lo;

	if (!g->is_log)
		return lo + share * (hi - lo);
	lo = lo > 0 ? lo : hi / 100;
	return lo * pow(hi / lo, share);
}

/* --- Painting ------------------------------------------------------------- */

/* A picture in the making: of one graph, in its area. */
struct painting {
	const struct graph *g;
	struct area a;
	struct raster r;
	double	 hi;
	bool	 is_zero;		/* the sample in hand */
};

static uint32_t
rune_at(struct area a, int x, int y)
{
	return a.g->cells[(a.y + y) * a.g->w + a.x + x].rune;
}

/* The cell's colour: by height, or the graph's own; nothing is nothing to worry about. */
static int
role_at(const struct painting *p, int y)
{
	if (p->is_zero)
		return R_DIM;
	return p->g->role == R_GRAPH ? ramp_role((p->a.h - y - 0.5) / p->a.h) : p->g->role;
}

/* Levels 1..levels * h of sample i; 0: a gap. */
static int
level_of(struct painting *p, int i)
{
	struct span s;
	int level;

	if (!sample(p->g, p->a, p->r.halves, i, &s))
		return 0;
	p->is_zero = value_of(p->g, &s) == 0;
	level = (int)lround(share_of(p->g, p->hi, value_of(p->g, &s)) * p->a.h * p->r.levels);
	return level > 0 ? level : 1;
}

/* One dot more in a cell of braille, kept with those that are there. */
static void
dot(const struct painting *p, int i, int level)
{
	static const uint8_t bits[2][4] = { { 0x40, 0x04, 0x02, 0x01 },
		{ 0x80, 0x20, 0x10, 0x08 } };
	int x = i / 2, y = p->a.h - 1 - (level - 1) / 4;
	uint32_t old;

	if (level < 1 || y < 0)
		return;
	old = rune_at(p->a, x, y);
	if (old < 0x2800 || old > 0x28ff)
		old = 0x2800;
	area_rune(p->a, x, y, role_at(p, y), old | bits[i & 1][(level - 1) & 3]);
}

/* A column of a line or an area where there is no braille. */
static void
block(const struct painting *p, int x, int level, bool is_line)
{
	const struct glyphs *g = p->a.g->glyphs;
	int y = p->a.h - 1 - (level - 1) / p->r.levels, part = (level - 1) % p->r.levels + 1;

	if (y < 0)
		return;
	if (is_line)
		area_rune(p->a, x, y, role_at(p, y), g->is_ascii ? '#' :
		    part == 2 ? 0x2580u : 0x2584u);
	else
		area_rune(p->a, x, y, role_at(p, y), g->spark[part]);
	if (!is_line)
		while (++y < p->a.h)
			area_rune(p->a, x, y, role_at(p, y), g->spark[8]);
}

/* What joins two samples of a line: everything between their levels. */
static void
join(const struct painting *p, int i, int from, int to)
{
	int step = from < to ? 1 : -1, level, y;

	for (level = from + step; level != to && from != 0; level += step) {
		y = p->a.h - 1 - (level - 1) / p->r.levels;
		if (p->a.g->glyphs->has_braille)
			dot(p, i, level);
		else if (rune_at(p->a, i, y) == ' ')
			area_rune(p->a, i, y, role_at(p, y), p->a.g->glyphs->v);
	}
}

static void
paint_sample(const struct painting *p, int i, int last, int level)
{
	int k;

	if (!p->a.g->glyphs->has_braille)
		block(p, i, level, p->g->is_line);
	else
		for (k = p->g->is_line ? level : 1; k <= level; k++)
			dot(p, i, k);
	if (p->g->is_line && last != 0 && last != level)
		join(p, i, last, level);
}

static void
paint_samples(struct painting *p)
{
	int i, last = 0, level;

	for (i = 0; i < p->a.w * p->r.halves; i++) {
		level = level_of(p, i);
		if (level > 0)
			paint_sample(p, i, last, level);
		last = level;
	}
}

/* Dashes across everything. */
static void
paint_threshold(const struct painting *p)
{
	double share = share_of(p->g, p->hi, p->g->threshold);
	int x, y = p->a.h - 1 - (int)(share * p->a.h);

	if (isnan(p->g->threshold))
		return;
	y = y < 0 ? 0 : y;
	for (x = 0; x < p->a.w; x++)
		area_rune(p->a, x, y, R_WARN, p->a.g->glyphs->dash);
}

/* A line up and down at one second. */
static void
paint_time(const struct painting *p, int64_t s, int role, uint32_t rune)
{
	int x = graph_column(p->g, p->a, s), y;
	uint32_t old;

	if (s == 0 || x < 0 || x >= p->a.w)
		return;
	for (y = 0; y < p->a.h; y++) {
		old = rune_at(p->a, x, y);
		area_rune(p->a, x, y, role, old == ' ' || old == p->a.g->glyphs->dash ? rune :
		    old);
	}
}

double
graph_draw(const struct graph *g, struct area a)
{
	struct painting p = { .g = g, .a = a, .r = raster_of(g, a.g->glyphs) };

	if (a.w <= 0 || a.h <= 0 || g->window_s == 0)
		return g->hi;
	p.hi = top_of(g, a, p.r.halves);
	paint_samples(&p);
	paint_threshold(&p);
	paint_time(&p, g->mark_s, R_ACCENT, a.g->glyphs->has_braille ? 0x2506 :
	    a.g->glyphs->is_ascii ? ':' : a.g->glyphs->v);
	paint_time(&p, g->cursor_s, R_FOCUS, a.g->glyphs->cursor);
	return p.hi;
}

/* --- Small ones ----------------------------------------------------------- */

void
spark_draw(graph_fn *fn, const void *arg, int64_t until_s, unsigned step_s, struct area a, int role)
{
	struct graph g = { .fn = fn, .arg = arg, .until_s = until_s, .threshold = NAN,
		.window_s = step_s * (unsigned)(a.w > 0 ? a.w : 0) };
	double hi, share;
	struct span s;
	int x, n;

	if (a.w <= 0 || a.h <= 0 || step_s == 0)
		return;
	hi = graph_ceiling(highest(&g, a, 1));
	for (x = 0; x < a.w; x++) {
		if (!sample(&g, a, 1, x, &s))
			continue;
		share = share_of(&g, hi, s.mean);
		n = (int)lround(share * 8);
		area_rune(a, x, 0, role, a.g->glyphs->spark[n > 0 ? n : 1]);
	}
}

void
bar_draw(struct area a, double share, int role)
{
	const struct glyphs *g = a.g->glyphs;
	int x, full;

	share = share > 0 ? share < 1 ? share : 1 : 0;
	if (g->is_ascii && a.w > 2) {
		area_rune(a, 0, 0, R_BORDER, '[');
		area_rune(a, a.w - 1, 0, R_BORDER, ']');
		a = area_part(a, 1, 0, a.w - 2, a.h);
	}
	full = (int)lround(share * a.w);
	if (full == 0 && share > 0)
		full = 1;
	for (x = 0; x < a.w; x++)
		area_rune(a, x, 0, x < full ? role : R_BORDER, x < full ? g->full : g->rest);
}

/* --- Times ---------------------------------------------------------------- */

/* The shortest round interval that leaves room for labels of `width` columns. */
static int64_t
axis_interval(int64_t step, int width)
{
	static const int rows[] = { 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 2 * 3600,
		3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400 };
	unsigned i = 0;

	while (i < sizeof(rows) / sizeof(rows[0]) - 1 && rows[i] < step * width)
		i++;
	return rows[i];
}

static void
axis_label(struct area a, int x, int64_t s, bool with_seconds)
{
	int day = (int)(s % 86400);
	char buf[16];

	snprintf(buf, sizeof(buf), "%02d:%02d:%02d", day / 3600, day / 60 % 60, day % 60);
	buf[with_seconds ? 8 : 5] = '\0';
	if (x + text_width(buf) <= a.w)
		area_text(a, x, 0, R_DIM, buf);
}

void
axis_draw(struct area a, int64_t until_s, unsigned window_s)
{
	struct graph g = { .until_s = until_s, .window_s = window_s };
	int64_t step = graph_step(a.w, window_s), every = axis_interval(step, 12), s, round;
	int x;

	for (x = 0; x < a.w; x++) {
		s = graph_second(&g, a, x);
		round = (s + every - 1) / every * every;
		if (s >= 0 && round < s + step)
			axis_label(a, x, round, every < 60);
	}
}
