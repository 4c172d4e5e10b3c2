/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A recording that goes by time: the next tick is due when the wall's clock has
 * moved as far, times the speed. Held pictures hold it too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app_in.h"

static void
schedule(struct app *a)
{
	int64_t next = replay_next_ms(a->replay), wait;
	struct timeval t;

	if (next == 0)
		return;
	wait = (int64_t)((double)(next - a->m->now_ms) / a->o->speed);
	if (wait < 5)
		wait = 5;
	if (wait > 60000)
		wait = 60000;
	t = (struct timeval){ wait / 1000, wait % 1000 * 1000 };
	event_add(a->replay_timer, &t);
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	struct app *a = arg;

	(void)fd, (void)what;
	if (!a->m->ui->is_paused && !replay_step(a->replay))
		ui_say(a->m, R_INFO, "the recording ends here; { goes back");
	app_dirty(a);
	schedule(a);
}

void
app_replay_start(struct app *a)
{
	if (replay_next_ms(a->replay) != 0)
		replay_step(a->replay);
	if (a->o->at != NULL)
		app_replay_at(a, a->o->at);
	if (a->o->speed <= 0)
		return;
	a->replay_timer = event_new(a->base, -1, 0, on_due, a);
	schedule(a);
}

/* HH:MM[:SS] of the day of the first tick, or seconds since the epoch. */
bool
app_replay_at(struct app *a, const char *at)
{
	int64_t first = a->m->now_ms != 0 ? a->m->now_ms : replay_next_ms(a->replay);
	unsigned h, min, s = 0;
	char *end;
	double epoch;

	if (strchr(at, ':') == NULL) {
		epoch = strtod(at, &end);
		return end != at && *end == '\0' && replay_seek(a->replay, (int64_t)(epoch * 1000));
	}
	if (sscanf(at, "%u:%u:%u", &h, &min, &s) < 2 || h > 23 || min > 59 || s > 59)
		return false;
	return replay_seek(a->replay, first / 86400000 * 86400000 +
	    (int64_t)(h * 3600 + min * 60 + s) * 1000);
}
