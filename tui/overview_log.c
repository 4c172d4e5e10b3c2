/* SPDX-License-Identifier: BSD-2-Clause */
/* What happened last: events of the appliances, newest first. */
#include <stdio.h>

#include "tui/event_text.h"
#include "tui/overview.h"

#define SHOWN	64

static unsigned
events_in_all(const struct model *m)
{
	unsigned n = 0, i;

	for (i = 0; i < m->nhosts; i++)
		if (ui_shows(m, m->hosts[i]))
			n += m->hosts[i]->events.n;
	return n;
}

static void
events_title(const struct model *m, char *left, char *right, size_t size)
{
	snprintf(left, size, "Events");
	snprintf(right, size, "%s", m->ncmds > 0 ? "c commands" : "");
}

static int
events_rows(const struct model *m)
{
	unsigned n = events_in_all(m);

	return n < 8 ? (int)n : 8;
}

static void
draw_event(const struct model *m, const struct event *e, struct area a)
{
	char time[16], text[512];
	int role = event_text(e, text, sizeof(text)), x;

	num_clock(e->t_ms, time, sizeof(time));
	x = area_text(a, 0, 0, R_DIM, time) + 1;
	if (m->nhosts > 1)
		x = area_cut(a, x, 0, 8, R_HOST + (int)(e->host->index % 8), e->host->name) + 1;
	area_cut(a, x, 0, a.w - x, role, text);
}

static void
events_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	const struct event *newest[SHOWN];
	unsigned n = events_newest(m, NULL, newest, a.h < SHOWN ? (unsigned)a.h : SHOWN), i;

	(void)has_focus;
	(void)hits;
	for (i = 0; i < n; i++)
		draw_event(m, newest[i], area_part(a, 0, (int)i, a.w, 1));
}

const struct pane overview_events = { events_title, events_rows, events_draw, NULL };
