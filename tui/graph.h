/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Graphs of numbers over time on a grid. A graph is given a function of time;
 * bins lie on multiples of their length, so that pictures scroll and do not boil.
 */
#ifndef WEIR_TUI_GRAPH_H
#define WEIR_TUI_GRAPH_H

#include "tui/grid.h"
#include "tui/history.h"

/* Values of the seconds from_s .. from_s + n - 1; false: a gap. */
typedef bool graph_fn(const void *arg, int64_t from_s, unsigned n, struct span *ret);

struct graph {
	graph_fn *fn;
	const void *arg;
	int64_t	 until_s;		/* right edge */
	unsigned window_s;		/* seconds across */
	double	 lo, hi;		/* scale; hi 0: by itself */
	bool	 is_log;
	bool	 is_line;		/* else an area */
	bool	 use_max;		/* latencies, errors: the worst of a bin; else the mean */
	double	 threshold;		/* a dashed line; NAN: none */
	int	 role;			/* R_GRAPH: by height */
	int64_t	 cursor_s;		/* a time cursor; 0: none */
	int64_t	 mark_s;		/* a restart; 0: none */
};

/* 1, 2, 5 x 10^n at or above v. */
double	graph_ceiling(double v);
void	graph_draw(const struct graph *g, struct area a);
/* Which second a column of an area of that graph stands for. */
int64_t	graph_second(const struct graph *g, struct area a, int x);
/* Eight heights in one row, newest at the right. */
void	spark_draw(graph_fn *fn, const void *arg, int64_t until_s, unsigned step_s, struct area a,
	    int role);
/* [|||    ] or blocks: share 0..1. */
void	bar_draw(struct area a, double share, int role);
/* Times below a graph: 05:48  05:50 ...; left: columns before its first bin. */
void	axis_draw(struct area a, int64_t until_s, unsigned window_s);

#endif
