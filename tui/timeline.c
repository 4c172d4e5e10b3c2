/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "tui/graph.h"
#include "tui/timeline.h"

enum state
alarm_sign(const char *state, bool is_idle)
{
	if (strcmp(state, "ALARM") == 0)
		return ST_CRIT;
	if (strcmp(state, "OK") == 0)
		return ST_OK;
	return is_idle ? ST_MAINT : ST_UNKNOWN;
}

/* Worse is more. */
static int
rank(const char *state)
{
	return strcmp(state, "ALARM") == 0 ? 3 : strcmp(state, "OK") == 0 ? 1 :
	    state[0] == '\0' ? 0 : 2;
}

/* Changes of one alarm, newest first, walked back in time. */
struct walk {
	const struct host *h;
	const char *alarm;
	unsigned back;			/* the next event to look at */
	const char *state;		/* behind it */
};

/* The change before, if it is not older than from_s; its state from then on is w->state. */
static const struct event *
walk_back(struct walk *w, int64_t from_s)
{
	const struct event *e;

	for (; (e = event_newest(&w->h->events, w->back)) != NULL; w->back++) {
		if (strcmp(e->kind, "alarm") != 0 || strcmp(e->name, w->alarm) != 0 ||
		    strcmp(e->from, e->to) == 0)
			continue;
		return e->t_ms / 1000 >= from_s ? e : NULL;
	}
	return NULL;
}

/* The worst state in from_s .. to_s - 1; *ret_changed: one begins in it. */
static int
worst_in(struct walk *w, int64_t from_s, bool *ret_changed)
{
	const struct event *e;
	int worst = rank(w->state);

	*ret_changed = false;
	while ((e = walk_back(w, from_s)) != NULL) {
		w->state = e->from;
		w->back++;
		*ret_changed = true;
		if (rank(w->state) > worst)
			worst = rank(w->state);
	}
	return worst;
}

void
timeline_draw(const struct host *h, const char *alarm, const char *state_now, int64_t until_s,
    unsigned window_s, struct area a)
{
	static const int roles[] = { R_DIM, R_GOOD, R_UNKNOWN, R_CRIT };
	struct graph g = { .until_s = until_s, .window_s = window_s };
	const struct glyphs *gl = a.g->glyphs;
	struct walk w = { h, alarm, 0, state_now };
	const uint32_t runes[] = { ' ', gl->h, '.', gl->full };
	bool changed;
	int x, worst;

	worst_in(&w, until_s + 1, &changed);		/* what came behind the picture's end */
	for (x = a.w - 1; x >= 0; x--) {
		worst = worst_in(&w, graph_second(&g, a, x), &changed);
		area_rune(a, x, 0, roles[worst], changed && worst != 3 ? gl->change : runes[worst]);
	}
}
