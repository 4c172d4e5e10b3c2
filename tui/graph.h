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

/* A metric of a row's last quarter of an hour, as a graph_fn. */
struct series { const struct history *hist; enum metric metric; };
bool	series_span(const void *series, int64_t from_s, unsigned n, struct span *ret);

struct graph {
	graph_fn *fn;
	const void *arg;
	int64_t	 until_s;		/* right edge */
	unsigned window_s;		/* seconds across */
	double	 lo, hi;		/* scale; hi 0: by itself */
	double	*keep;			/* the scale's top, kept between pictures; NULL: none */
	bool	 is_log;		/* from lo, or a hundredth of hi, on */
	bool	 is_line;		/* else an area */
	bool	 use_max;		/* latencies, errors: the worst of a bin; else the mean */
	double	 threshold;		/* a dashed line; NAN: none */
	int	 role;			/* R_GRAPH: by height */
	int64_t	 cursor_s;		/* a time cursor; 0: none */
	int64_t	 mark_s;		/* a restart; 0: none */
};

/* 1, 2, 5 x 10^n at or above v. */
double	graph_ceiling(double v);
/* The top of a scale that was `old` and now has to show v: grows at once, shrinks only
 * when v is below 40 % of it. */
double	graph_scale(double old, double v);
/* Seconds that a column of cells stands for: the window shared out, at least 1. */
unsigned graph_step(int w, unsigned window_s);
/* Draws, over what is there: lines join in one picture. Returns the scale's top. */
double	graph_draw(const struct graph *g, struct area a);
/* Which second a column of an area of that graph begins with; and the column of a second. */
int64_t	graph_second(const struct graph *g, struct area a, int x);
int	graph_column(const struct graph *g, struct area a, int64_t s);
/* What lies at the top of a row (0: the uppermost) of a graph with that top. */
double	graph_value(const struct graph *g, struct area a, double hi, int y);

/* Eight heights in one row, newest at the right. */
void	spark_draw(graph_fn *fn, const void *arg, int64_t until_s, unsigned step_s, struct area a,
	    int role);
/* [|||    ] or blocks: share 0..1. */
void	bar_draw(struct area a, double share, int role);
/* Times below a graph: 05:48  05:50 ... */
void	axis_draw(struct area a, int64_t until_s, unsigned window_s);

#endif
