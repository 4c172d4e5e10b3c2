/* SPDX-License-Identifier: BSD-2-Clause */
/* What only wide screens have room for: heat map, live requests, Lua. */
#include <stdio.h>
#include <string.h>

#include "tui/latency.h"
#include "tui/objects.h"
#include "tui/overview.h"
#include "tui/requests.h"

/* --- Heat map ------------------------------------------------------------- */

static void
heat_title(const struct model *m, char *left, char *right, size_t size)
{
	const struct row *r = overview_branch(m);

	snprintf(left, size, "Latency heat map%s%.60s", r != NULL ? ": " : "",
	    r != NULL ? r->px : "");
	snprintf(right, size, "log count");
}

/* Averages make no heat map. */
static int
heat_rows(const struct model *m)
{
	const struct row *r = overview_branch(m);
	enum quality q = r != NULL ? host_quality(r->host) : Q_HISTOGRAM;

	return q == Q_HISTOGRAM || q == Q_RING ? 16 : 0;
}

static void
heat_draw_pane(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	const struct row *r = overview_branch(m);

	(void)has_focus;
	(void)hits;
	if (r != NULL)
		latency_draw_heat(m, r->host, r->px, "", a);
	else
		area_text(a, 0, 0, R_DIM, "no backend is chosen");
}

const struct pane overview_heat = { heat_title, heat_rows, heat_draw_pane, NULL };

/* --- Requests ------------------------------------------------------------- */

static const struct requests *
live_requests(const struct model *m)
{
	unsigned i;

	for (i = 0; i < m->nhosts; i++)
		if (ui_shows(m, m->hosts[i]) &&
		    m->hosts[i]->requests.n > 0)
			return &m->hosts[i]->requests;
	return NULL;
}

static void
requests_title(const struct model *m, char *left, char *right, size_t size)
{
	(void)m;
	snprintf(left, size, "Live requests, 1 of 10");
	snprintf(right, size, "7 all of them");
}

static int
requests_rows(const struct model *m)
{
	return live_requests(m) != NULL ? 7 : 0;
}

static void
draw_request(const struct request *r, struct area a)
{
	char time[16], ms[16], place[160];

	num_clock(r->t_ms, time, sizeof(time));
	area_fmt(a, 0, 0, R_DIM, "%s.%03d", time, (int)(r->t_ms % 1000));
	request_client(r, place, sizeof(place));
	area_cut(a, 13, 0, 15, R_FG, place);
	snprintf(place, sizeof(place), "%s/%s", r->backend, r->server);
	area_cut_middle(a, 29, 0, 26, R_FG, place);
	area_fmt(a, 56, 0, request_role(r->status), "%3d", r->status);
	area_cut(a, 60, 0, 7, R_DIM, r->method);
	num_us(r->ta_ms * 1000, ms, sizeof(ms));
	area_right(a, a.w - 7, 0, 7, R_FG, ms);
	area_cut(a, 68, 0, a.w - 76, R_FG, r->target);
}

static void
requests_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	const struct requests *live = live_requests(m);
	const struct request *r;
	unsigned i;

	(void)has_focus;
	(void)hits;
	for (i = 0; live != NULL && i < (unsigned)a.h; i++)
		if ((r = request_newest(live, i)) != NULL)
			draw_request(r, area_part(a, 0, (int)i, a.w, 1));
}

const struct pane overview_requests = { requests_title, requests_rows, requests_draw, NULL };

/* --- Lua ------------------------------------------------------------------ */

static unsigned
lua_errors(const struct objects *o)
{
	unsigned n = 0, i;

	for (i = 0; i < o->n; i++)
		n += object_num(&o->at[i], "errors") > 0;
	return n;
}

static void
lua_title(const struct model *m, char *left, char *right, size_t size)
{
	struct objects o = { 0 };

	objects_of(m, KIND_LUA, NULL, NULL, &o);
	snprintf(left, size, "Lua");
	snprintf(right, size, "%u functions  %u with errors", o.n, lua_errors(&o));
	objects_fini(&o);
}

static int
lua_rows(const struct model *m)
{
	struct objects o = { 0 };
	int n;

	objects_of(m, KIND_LUA, NULL, NULL, &o);
	n = (int)o.n;
	objects_fini(&o);
	return n;
}

static void
draw_function(const struct object *o, struct area a)
{
	const char *state = object_get(o, "state");
	bool has_errors = object_num(o, "errors") > 0;
	bool is_off = strcmp(state, "ok") != 0 && strcmp(state, "active") != 0;
	enum state st = is_off ? ST_MAINT : has_errors ? ST_DEGRADED : ST_OK;
	char calls[16], us[16];
	int x = a.w - 33;

	num_count(object_num(o, "calls"), 5, calls, sizeof(calls));
	num_us(object_num(o, "time_us_avg"), us, sizeof(us));
	area_state(a, 0, 0, st);
	area_cut_middle(a, 2, 0, x - 3, st == ST_OK ? R_FG : state_role(st),
	    object_get(o, "name"));
	area_fmt(a, x, 0, R_DIM, "v%s", object_get(o, "version"));
	area_fmt(a, x + 4, 0, R_FG, "%5s calls", calls);
	area_right(a, x + 16, 0, 6, R_FG, us);
	if (is_off || has_errors)
		area_cut(a, x + 24, 0, 9, state_role(st), is_off ? state : "errors");
}

static void
lua_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	struct objects o = { 0 };
	unsigned i;

	(void)has_focus;
	(void)hits;
	objects_of(m, KIND_LUA, NULL, NULL, &o);
	for (i = 0; i < o.n && (int)i < a.h; i++)
		draw_function(&o.at[i], area_part(a, 0, (int)i, a.w, 1));
	objects_fini(&o);
}

const struct pane overview_lua = { lua_title, lua_rows, lua_draw, NULL };
