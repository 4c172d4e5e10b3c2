/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The overview: how it goes, in one picture. Bands of panes from top to bottom;
 * how many there are, and what stands beside what, depends on the width, what is
 * left out of them on the height.
 */
#include <string.h>

#include "tui/latency.h"
#include "tui/layout.h"
#include "tui/lists.h"
#include "tui/overview.h"

#define WIDE	160

/* Beside one another; share: of the width, in all that are there. */
struct place { const struct pane *pane; int index, share; };
struct band {
	struct place at[4];
	int	 prio, min, max;	/* rows inside the frames */
	bool	 is_flex;		/* takes rows that nothing else needs */
};

static const struct band wide_bands[] = {
	{ { { &overview_requests_graph, -1, 1 }, { &overview_latency_graph, -1, 1 },
	    { &overview_errors_graph, -1, 1 }, { &overview_conns_graph, -1, 1 } }, 4, 4, 12, true },
	{ { { &overview_tree, PANE_BACKENDS, 6 }, { &overview_heat, -1, 4 } }, 0, 12, 0, true },
	{ { { &overview_alarms, PANE_ALARMS, 1 }, { &overview_scaling, PANE_SCALING, 1 },
	    { &overview_events, PANE_EVENTS, 1 } }, 2, 3, 9, false },
	{ { { &overview_requests, -1, 2 }, { &overview_lua, -1, 1 } }, 6, 3, 7, false },
};

static const struct band medium_bands[] = {
	{ { { &overview_requests_graph, -1, 1 }, { &overview_latency_graph, -1, 1 } }, 5, 4, 12,
	    true },
	{ { { &overview_backends, PANE_BACKENDS, 1 } }, 0, 3, 0, false },
	{ { { &overview_servers, PANE_SERVERS, 8 }, { &overview_alarms, PANE_ALARMS, 5 } }, 1, 4, 0,
	    true },
	{ { { &overview_scaling, PANE_SCALING, 8 }, { &overview_events, PANE_EVENTS, 5 } }, 6, 3, 8,
	    false },
};

static const struct band narrow_bands[] = {
	{ { { &overview_backends, PANE_BACKENDS, 1 } }, 0, 3, 0, false },
	{ { { &overview_servers, PANE_SERVERS, 1 } }, 1, 3, 0, true },
	{ { { &overview_alarms, PANE_ALARMS, 1 } }, 2, 1, 3, false },
	{ { { &overview_scaling, PANE_SCALING, 1 } }, 4, 1, 2, false },
	{ { { &overview_events, PANE_EVENTS, 1 } }, 5, 1, 3, false },
};

/* The bands of a width; how many. */
static unsigned
bands_of(int w, const struct band **ret)
{
	*ret = w >= WIDE ? wide_bands : w >= PANE_BOXES ? medium_bands : narrow_bands;
	return w >= WIDE ? sizeof(wide_bands) / sizeof(struct band) :
	    w >= PANE_BOXES ? sizeof(medium_bands) / sizeof(struct band) :
	    sizeof(narrow_bands) / sizeof(struct band);
}

static struct overview_state *
state_of(const struct model *m)
{
	return screen_state(m, &screen_overview);
}

/* --- Drawing -------------------------------------------------------------- */

static void
draw_place(struct model *m, const struct place *p, struct area a, struct hits *hits)
{
	struct overview_state *s = state_of(m);

	if (p->index >= 0)
		s->is_drawn[p->index] = true;
	pane_draw(m, p->pane, a, p->index, hits);
}

/* Panes side by side; those with nothing to show leave their share to the others. */
static void
draw_band(struct model *m, const struct band *b, struct area a, struct hits *hits)
{
	int shares = 0, w, i;

	for (i = 0; i < 4 && b->at[i].pane != NULL; i++)
		shares += b->at[i].pane->rows(m) > 0 ? b->at[i].share : 0;
	for (i = 0; i < 4 && b->at[i].pane != NULL; i++) {
		if (b->at[i].pane->rows(m) == 0)
			continue;
		w = shares == b->at[i].share ? a.w : a.w * b->at[i].share / shares;
		draw_place(m, &b->at[i], area_take_left(&a, w), hits);
		shares -= b->at[i].share;
	}
}

/* What a band needs, frame and all. */
static struct part
part_of(const struct model *m, const struct band *b, struct area a)
{
	int frame = pane_frame_rows(a.g->w), rows = 0, all, n, i;

	for (i = 0; i < 4 && b->at[i].pane != NULL; i++) {
		n = b->at[i].pane->rows(m);
		rows = n > rows ? n : rows;
	}
	if (b->max > 0 && rows > b->max)
		rows = b->max;
	all = rows;
	n = rows < b->min ? rows : b->min;
	if (rows > a.h / 2)
		rows = a.h / 2 > n ? a.h / 2 : n;
	return (struct part){ n + frame, rows + frame, !b->is_flex ? all + frame :
		b->max > 0 ? b->max + frame : 0, b->prio, rows == 0, true };
}

static void
draw_bands(struct model *m, const struct band *b, unsigned n, struct area a, struct hits *hits)
{
	struct part parts[8];
	int rows[8];
	unsigned i;

	for (i = 0; i < n; i++)
		parts[i] = part_of(m, &b[i], a);
	layout_share(parts, n, a.h, 0, rows);
	for (i = 0; i < n; i++)
		if (rows[i] > 0)
			draw_band(m, &b[i], area_take_top(&a, rows[i]), hits);
}

static const struct place *
place_of(const struct band *b, unsigned n, unsigned index)
{
	unsigned i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < 4; k++)
			if (b[i].at[k].pane != NULL && b[i].at[k].index == (int)index)
				return &b[i].at[k];
	return &b[0].at[0];
}

static void
overview_draw(struct model *m, struct area a, struct hits *hits)
{
	struct overview_state *s = state_of(m);
	const struct band *b;
	unsigned n = bands_of(a.w, &b);

	memset(s->is_drawn, 0, sizeof(s->is_drawn));
	s->has_requests = a.w >= WIDE && a.h >= 40;
	if (a.w < PANE_BOXES)
		overview_strip(m, area_take_top(&a, 1));
	if (m->ui->is_zoomed)
		draw_place(m, place_of(b, n, m->ui->pane), a, hits);
	else
		draw_bands(m, b, n, a, hits);
}

/* --- Keys ----------------------------------------------------------------- */

static const struct pane *
pane_of(const struct model *m)
{
	switch (m->ui->pane) {
	case PANE_SERVERS: return &overview_servers;
	case PANE_ALARMS: return &overview_alarms;
	case PANE_SCALING: return &overview_scaling;
	case PANE_EVENTS: return &overview_events;
	}
	/* in a wide place servers stand below their backend */
	return state_of(m)->is_drawn[PANE_SERVERS] ? &overview_backends : &overview_tree;
}

/* To the next pane that is on the screen. */
static void
next_pane(struct model *m, unsigned step)
{
	struct overview_state *s = state_of(m);
	unsigned i;

	for (i = 0; i < PANES; i++) {
		m->ui->pane = (m->ui->pane + step) % PANES;
		if (s->is_drawn[m->ui->pane])
			return;
	}
}

/* A cursor through the graphs, a cell of an ordinary graph a step. */
static void
move_cursor(struct model *m, int by)
{
	struct ui *ui = m->ui;
	int64_t until = ui_until_s(m), step = ui->window_s / 100 > 0 ? ui->window_s / 100 : 1;
	int64_t at = (ui->cursor_ms > 0 ? ui->cursor_ms / 1000 : until) + by * step;

	ui->cursor_ms = at >= until ? 0 : at < until - ui->window_s ?
	    (until - ui->window_s) * 1000 : at * 1000;
}

static bool
overview_act(struct model *m, enum act act, const struct key *k)
{
	const struct pane *p = pane_of(m);

	(void)k;
	switch (act) {
	case ACT_NEXT_PANE: next_pane(m, 1); break;
	case ACT_PREV_PANE: next_pane(m, PANES - 1); break;
	case ACT_LEFT: move_cursor(m, -1); break;
	case ACT_RIGHT: move_cursor(m, 1); break;
	case ACT_ACK: return overview_alarms.act(m, act);
	case ACT_DESIRED: return overview_scaling.act(m, act);
	default: return p->act != NULL && p->act(m, act);
	}
	return true;
}

/* --- What is wanted ------------------------------------------------------- */

/* The past of what is in sight, once; events; live requests where there is room. */
static void
overview_wants(const struct model *m, struct wants *w)
{
	const struct row *r = overview_branch(m);
	struct list l = { 0 };
	unsigned i;

	for (i = 0; i < m->nhosts; i++) {
		if (m->hosts[i]->kind != HOST_WEIR)
			continue;
		want_stream(w, m->hosts[i], "subscribe events since 0");
		if (state_of(m)->has_requests && m->hosts[i]->level >= LEVEL_OPERATOR)
			want_stream(w, m->hosts[i], "subscribe requests sample 10");
	}
	if (r != NULL)
		latency_want(m, w, r->host, r->px, "");
	list_backends(m, &l);
	rows_want(&l, 0, l.n, w);
	list_fini(&l);
	r = state_of(m)->is_drawn[PANE_SERVERS] ? overview_backend(m) : r;
	if (r != NULL)
		list_servers(m, r, &l);
	rows_want(&l, 0, l.n, w);
	list_fini(&l);
}

const struct screen screen_overview = {
	.name = "overview", .title = "Overview", .tab = '1', .panes = PANES,
	.state_size = sizeof(struct overview_state),
	.wants = overview_wants, .draw = overview_draw, .act = overview_act,
};
