/* SPDX-License-Identifier: BSD-2-Clause */
/* Panes of the overview, each in the file named after it. */
#ifndef WEIR_TUI_OVERVIEW_H
#define WEIR_TUI_OVERVIEW_H

#include "tui/pane.h"

enum { PANE_BACKENDS, PANE_SERVERS, PANE_ALARMS, PANE_SCALING, PANE_EVENTS, PANES };

struct overview_state {
	bool	 is_drawn[PANES];
	bool	 has_requests;		/* there was room for them */
	double	 keep[4];		/* tops of the graphs */
};

/* overview_graphs.c */
extern const struct pane overview_requests_graph, overview_latency_graph, overview_errors_graph,
    overview_conns_graph;
void	overview_strip(const struct model *m, struct area a);

/* overview_rows.c */
extern const struct pane overview_backends, overview_servers, overview_tree;
/* The backend that is chosen in the list, or by a row of the tree; NULL: none. */
const struct row *overview_backend(const struct model *m);
const struct row *overview_branch(const struct model *m);

/* overview_alarms.c, overview_scaling.c, overview_log.c, overview_more.c */
extern const struct pane overview_alarms, overview_scaling, overview_events, overview_requests,
    overview_lua, overview_heat;

#endif
