/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of screens; which one is in view; the way of a key: what lies on top
 * first, then the screen's own keys, then those that all screens share
 * (screen_act.c). The frame around a screen is in frame.c.
 */
#include <string.h>

#include "base/xalloc.h"
#include "tui/graph.h"
#include "tui/overlay.h"
#include "tui/screen.h"

const struct screen *const screens[] = {
	&screen_overview,
	&screen_servers,
	&screen_server,
	&screen_latency,
	&screen_alarms,
	&screen_scaling,
	&screen_lua,
	&screen_requests,
	NULL
};

static unsigned
screen_index(const struct screen *s)
{
	unsigned i;

	for (i = 0; screens[i] != s && screens[i] != NULL; i++)
		;
	return i;
}

const struct screen *
screen_find(const char *name)
{
	unsigned i;

	for (i = 0; screens[i] != NULL; i++)
		if (strcmp(screens[i]->name, name) == 0)
			return screens[i];
	return NULL;
}

void *
screen_state(const struct model *m, const struct screen *s)
{
	void **at = &m->ui->state[screen_index(s)];

	if (*at == NULL && s->state_size > 0)
		*at = xcalloc(1, s->state_size);
	return *at;
}

void
screen_open(struct model *m, const struct screen *s)
{
	struct ui *ui = m->ui;

	if (s == ui->screen)
		return;
	if (s->title != NULL)
		ui->nback = 0;
	else if (ui->screen != NULL && ui->nback < sizeof(ui->back) / sizeof(ui->back[0]))
		ui->back[ui->nback++] = ui->screen;
	ui->screen = s;
	ui->pane = 0;
	ui->is_zoomed = false;
	ui->wishes |= WISH_POLL;
}

/* --- Keys ---------------------------------------------------------------- */

/* The filter's line is open: what is typed is in force at once. */
static bool
filter_key(struct model *m, const struct key *k)
{
	struct ui *ui = m->ui;

	if (k->code == K_ENTER || k->code == K_TAB) {
		ui->is_filtering = false;
	} else if (k->code == K_ESC) {
		ui->is_filtering = false;
		ui_filter(m, "");
	} else if (edit_takes(&ui->edit, k)) {
		ui_filter(m, ui->edit.text);
	} else
		return false;
	return true;
}

static const struct screen *
screen_of_tab(uint32_t code)
{
	unsigned i;

	for (i = 0; screens[i] != NULL; i++)
		if (screens[i]->tab != '\0' && screens[i]->title != NULL &&
		    (uint32_t)screens[i]->tab == code)
			return screens[i];
	return NULL;
}

/* The newest thing drawn at x, y: what lies on top was drawn last. */
static const struct hit *
hit_at(const struct hits *hits, int x, int y, enum hit_kind kind, bool any)
{
	const struct hit *h;
	unsigned i;

	for (i = hits->n; i-- > 0;) {
		h = &hits->at[i];
		if ((any || h->kind == kind) && x >= h->x && x < h->x + h->w && y >= h->y &&
		    y < h->y + h->h)
			return h;
	}
	return NULL;
}

static void
click_time(struct model *m, const struct hit *h, int x)
{
	struct graph g = { .until_s = ui_until_s(m), .window_s = m->ui->window_s };
	struct area a = { .w = h->w };

	m->ui->cursor_ms = graph_second(&g, a, x - h->x) * 1000;
}

static void
click(struct model *m, const struct key *k, const struct hits *hits)
{
	const struct hit *h = hit_at(hits, k->x, k->y, HIT_PANE, true);
	const struct hit *pane = hit_at(hits, k->x, k->y, HIT_PANE, false);
	struct ui *ui = m->ui;

	if (pane != NULL)
		ui->pane = (unsigned)pane->id;
	if (h == NULL)
		return;
	switch (h->kind) {
	case HIT_TAB:
		screen_open(m, screens[h->id]);
		break;
	case HIT_LIST_ROW:
		ui->lists[h->id].key[0] = '\0';
		ui->lists[h->id].index = h->row;
		if (k->code == K_DOUBLE)
			screen_act(m, ACT_OPEN, k);
		break;
	case HIT_LIST_HEADER:
		ui->lists[h->id].is_reversed = ui->lists[h->id].sort == (int)h->row &&
		    !ui->lists[h->id].is_reversed;
		ui->lists[h->id].sort = (int)h->row;
		break;
	case HIT_TIME:
		click_time(m, h, k->x);
		break;
	case HIT_KEY:
		screen_act(m, (enum act)h->id, k);
		break;
	case HIT_PANE:
		break;
	}
}

static void
wheel(struct model *m, const struct key *k, const struct hits *hits)
{
	const struct hit *pane = hit_at(hits, k->x, k->y, HIT_PANE, false);
	int i;

	if (pane != NULL)
		m->ui->pane = (unsigned)pane->id;
	for (i = 0; i < 3; i++)
		screen_act(m, k->code == K_WHEEL_UP ? ACT_UP : ACT_DOWN, k);
}

void
screen_key(struct model *m, const struct key *k, const struct hits *hits)
{
	struct ui *ui = m->ui;
	const struct screen *tab;
	enum act act;

	if (k->code == K_CTRL('c')) {
		ui->wishes |= WISH_QUIT;
	} else if (ui->overlay != OVERLAY_NONE) {
		overlay_key(m, k, hits);
	} else if (ui->is_filtering && filter_key(m, k)) {
		return;
	} else if (k->code == K_CLICK || k->code == K_DOUBLE) {
		click(m, k, hits);
	} else if (k->code == K_WHEEL_UP || k->code == K_WHEEL_DOWN) {
		wheel(m, k, hits);
	} else if (ui->screen->key != NULL && ui->screen->key(m, k)) {
		return;
	} else if (k->is_pasted) {
		return;			/* pasted text is no command */
	} else if ((act = key_act(ui->screen->name, k->code)) != ACT_NONE) {
		screen_act(m, act, k);
	} else if ((tab = screen_of_tab(k->code)) != NULL) {
		screen_open(m, tab);
	}
}
