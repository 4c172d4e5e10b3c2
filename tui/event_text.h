/* SPDX-License-Identifier: BSD-2-Clause */
/* An event as a line for people, on each screen the same. */
#ifndef WEIR_TUI_EVENT_TEXT_H
#define WEIR_TUI_EVENT_TEXT_H

#include "tui/filter.h"
#include "tui/model.h"

/* Its words into buf; the role to draw them in. */
int	event_text(const struct event *e, char *buf, size_t size);
/* The newest of all appliances in view, newest first; filter: NULL, or only those it finds;
 * how many. */
unsigned events_newest(const struct model *m, const struct filter *filter,
	    const struct event **ret, unsigned n);
bool	event_field(const void *row, const char *field, char *buf, size_t size, double *ret_num);

#endif
