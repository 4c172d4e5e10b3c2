/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the latency screen that others show too. */
#ifndef WEIR_TUI_LATENCY_H
#define WEIR_TUI_LATENCY_H

#include "tui/screen.h"

/* The heat map of a backend (sv "") or server in the window of the ui. */
void	latency_draw_heat(struct model *m, struct host *h, const char *px, const char *sv,
	    struct area a);
void	latency_want(const struct model *m, struct wants *w, struct host *h, const char *px,
	    const char *sv);
/* Seconds of a histogram that the window is drawn from: 10, 60 or 3600. */
unsigned latency_step(const struct model *m);

#endif
