/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers beside a graph: at round values, in the rows that they lie in. */
#ifndef WEIR_TUI_SCALE_H
#define WEIR_TUI_SCALE_H

#include "tui/graph.h"

typedef void scale_text_fn(const void *arg, double v, char *buf, size_t size);

/* labels: the columns left of plot, of its height; hi: what graph_draw returned. */
void	scale_draw(const struct graph *g, struct area labels, struct area plot, double hi,
	    scale_text_fn *text, const void *arg);

#endif
