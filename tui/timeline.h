/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The states of an alarm over time, from the events that an appliance told.
 */
#ifndef WEIR_TUI_TIMELINE_H
#define WEIR_TUI_TIMELINE_H

#include "tui/model.h"

/* A line across the area: the worst state of each bin, a mark where it changed. */
void	timeline_draw(const struct host *h, const char *alarm, const char *state_now,
	    int64_t until_s, unsigned window_s, struct area a);
/* OK, ALARM, INSUFFICIENT_DATA or idle: its sign. */
enum state alarm_sign(const char *state, bool is_idle);

#endif
