/* SPDX-License-Identifier: BSD-2-Clause */
/* Values over time out of a sheet, for graphs: a value holds for its period. */
#ifndef WEIR_TUI_POINTS_H
#define WEIR_TUI_POINTS_H

#include "tui/graph.h"
#include "tui/model.h"

struct points {
	double	*t, *v;			/* owned; times in seconds, ascending */
	unsigned n;
	double	 period_s;
	bool	 is_step;		/* a value holds until the next one */
};

/* Cells without a number are left out. skew_s: how far those times are ahead. */
void	points_read(struct points *p, const struct sheet *s, const char *time_column,
	    const char *value_column, double period_s, int64_t skew_s);
void	points_fini(struct points *p);
graph_fn points_span;			/* arg: struct points */
double	points_at(const struct points *p, double t);	/* NAN: none */

#endif
