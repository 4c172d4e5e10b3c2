/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows are octaves, halves of octaves when there is room, several octaves when
 * there is little. The band goes from 0.25 ms to 4 s and grows with what was
 * measured. A column that is shorter than a bin repeats it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/heat.h"

#define OCTAVE_LO	2	/* 256 us */
#define OCTAVE_HI	16	/* 4.2 s */

/* What is drawn, worked out once: counts by column and row. */
struct picture {
	const struct heat *h;
	struct area cells;
	uint64_t *count;		/* cells.w * rows, row 0: lowest latency */
	uint64_t max;
	unsigned rows, low, halves;	/* low: half octave of row 0; halves: of them a row */
};

bool
heat_at(const struct latmap *map, int64_t s, unsigned step_s, struct lat *ret)
{
	int64_t bin = map->step_s > 0 ? s - s % map->step_s : s;

	if (step_s <= map->step_s)
		return lat_sum(map, bin, bin + 1, ret);
	return lat_sum(map, s, s + step_s, ret);
}

/* What graph.c does for graphs, with the same columns. */
static struct graph
as_graph(const struct heat *h)
{
	return (struct graph){ .until_s = h->until_s, .window_s = h->window_s };
}

bool
heat_column(const struct heat *h, struct area cells, int x, struct lat *ret)
{
	struct graph g = as_graph(h);

	return heat_at(h->map, graph_second(&g, cells, x), graph_step(cells.w, h->window_s), ret);
}

struct area
heat_cells(struct area a)
{
	return area_part(a, HEAT_LABEL, 0, a.w - HEAT_LABEL, a.h - 1);
}

/* --- Which rows ---------------------------------------------------------- */

/* What was measured; the usual band when nothing was. */
static void
find_band(const struct latmap *map, unsigned *lo, unsigned *hi)
{
	struct lat all;
	unsigned i;

	*lo = OCTAVE_LO;
	*hi = OCTAVE_HI;
	if (!lat_sum(map, INT64_MIN, INT64_MAX, &all))
		return;
	for (i = 0; lat_octave(&all, i) == 0; i++)
		;
	*lo = i;
	for (i = LAT_OCTAVES - 1; lat_octave(&all, i) == 0; i--)
		;
	*hi = i;
}

/* Halves of octaves a row that the band takes in h rows: 1, 2, 4 ... */
static unsigned
halves_for(unsigned octaves, unsigned h)
{
	unsigned k;

	for (k = 1; (2 * octaves + k - 1) / k > h; k *= 2)
		;
	return k;
}

/* The usual band, and what is beyond it; less where that gives finer rows. */
static void
choose_rows(struct picture *p)
{
	unsigned lo, hi, usual_lo, usual_hi, h = (unsigned)p->cells.h;

	find_band(p->h->map, &lo, &hi);
	usual_lo = lo < OCTAVE_LO ? lo : OCTAVE_LO;
	usual_hi = hi > OCTAVE_HI ? hi : OCTAVE_HI;
	p->halves = halves_for(hi - lo + 1, h);
	if (p->halves == halves_for(usual_hi - usual_lo + 1, h)) {
		lo = usual_lo;
		hi = usual_hi;
	}
	p->low = 2 * lo;
	p->rows = (2 * (hi - lo + 1) + p->halves - 1) / p->halves;
}

static uint64_t
row_count(const struct picture *p, const struct lat *l, unsigned row)
{
	uint64_t n = 0;
	unsigned i, half = p->low + row * p->halves;

	for (i = half; i < half + p->halves && i < 2 * LAT_OCTAVES; i++)
		n += lat_half_octave(l, i);
	return n;
}

static void
count_cells(struct picture *p)
{
	struct lat l;
	unsigned row;
	uint64_t *c;
	int x;

	p->count = xcalloc((size_t)p->cells.w * p->rows + 1, sizeof(*p->count));
	for (x = 0; x < p->cells.w; x++) {
		if (!heat_column(p->h, p->cells, x, &l))
			continue;
		for (row = 0; row < p->rows; row++) {
			c = &p->count[(unsigned)x * p->rows + row];
			*c = row_count(p, &l, row);
			if (*c > p->max)
				p->max = *c;
		}
	}
}

/* --- Drawing ------------------------------------------------------------- */

static void
paint_cell(const struct picture *p, int x, int y, double share)
{
	const uint32_t *shade = p->cells.g->glyphs->shade;
	int heat = R_HEAT + (int)(share * 23 + 0.5);

	area_rune(p->cells, x, y, heat, shade[1 + (int)(share * 3.999)]);
	area_bg(p->cells, x, y, 1, heat);
}

static void
paint_column(const struct picture *p, int x)
{
	const uint64_t *c = &p->count[(unsigned)x * p->rows];
	uint64_t max = 0;
	unsigned row;

	for (row = 0; row < p->rows; row++)
		max = c[row] > max ? c[row] : max;
	if (!p->h->is_normalised)
		max = p->max;
	for (row = 0; row < p->rows; row++)
		if (c[row] > 0)
			paint_cell(p, x, p->cells.h - 1 - (int)row,
			    log1p((double)c[row]) / log1p((double)max));
}

/* `4 s`, `512`, `.25`: milliseconds without a unit. */
static void
label(unsigned octave, char *buf, size_t size)
{
	double ms = 0.064 * (double)(1u << octave);

	if (ms >= 1000)
		snprintf(buf, size, "%.0f s", floor(ms / 1000));
	else if (ms >= 1)
		snprintf(buf, size, "%u", 1u << (octave - 4));
	else
		snprintf(buf, size, "%s", octave == 3 ? ".5" : octave == 2 ? ".25" :
		    octave == 1 ? ".12" : "<.12");
}

static void
paint_scale(const struct picture *p, struct area a)
{
	char text[16];
	unsigned row, half;

	for (row = 0; row < p->rows; row++) {
		half = p->low + row * p->halves;
		if (half % 2 != 0)
			continue;
		label(half / 2, text, sizeof(text));
		area_right(a, 0, p->cells.h - 1 - (int)row, HEAT_LABEL - 1, R_DIM, text);
	}
}

static void
paint_cursor(const struct picture *p)
{
	struct graph g = as_graph(p->h);
	int x, y;

	if (p->h->cursor_s == 0)
		return;
	x = graph_column(&g, p->cells, p->h->cursor_s);
	for (y = 0; y < p->cells.h; y++)
		area_rune(p->cells, x, y, R_FOCUS, p->cells.g->glyphs->cursor);
}

void
heat_draw(const struct heat *h, struct area a)
{
	struct picture p = { .h = h, .cells = heat_cells(a) };
	int x;

	if (p.cells.w <= 0 || p.cells.h <= 0 || h->window_s == 0)
		return;
	choose_rows(&p);
	count_cells(&p);
	for (x = 0; x < p.cells.w; x++)
		paint_column(&p, x);
	paint_scale(&p, a);
	paint_cursor(&p);
	axis_draw(area_part(a, HEAT_LABEL, a.h - 1, a.w - HEAT_LABEL, 1), h->until_s, h->window_s);
	free(p.count);
}
