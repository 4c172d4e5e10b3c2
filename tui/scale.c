/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>

#include "tui/scale.h"

/* The smallest round value above v: 1, 2, 5 x 10^n on a logarithmic scale of few decades,
 * powers of ten on one of many, multiples of a step on a linear one. */
static double
round_above(const struct graph *g, double hi, double v)
{
	double step = graph_ceiling(hi / 5), p;

	if (!g->is_log)
		return floor(v / step + 1e-9) * step + step;
	p = pow(10, floor(log10(v) + 1e-9));
	if (v < 2 * p * (1 - 1e-9))
		return 2 * p;
	return v < 5 * p * (1 - 1e-9) ? 5 * p : 10 * p;
}

void
scale_draw(const struct graph *g, struct area labels, struct area plot, double hi,
    scale_text_fn *text, const void *arg)
{
	double top, bottom, tick;
	int y, last = plot.h + 1;
	char buf[32];

	for (y = plot.h - 1; y >= 0; y--) {
		top = graph_value(g, plot, hi, y);
		bottom = y + 1 < plot.h ? graph_value(g, plot, hi, y + 1) :
		    g->is_log ? g->lo : 0;
		tick = bottom > 0 ? round_above(g, hi, bottom) : g->is_log ? g->lo :
		    round_above(g, hi, 0);
		if (!(top > 0) || tick > top * (1 + 1e-9) || (last - y < 2 && y > 0))
			continue;
		text(arg, tick, buf, sizeof(buf));
		area_right(labels, 0, y, labels.w - 1, R_DIM, buf);
		last = y;
	}
}
