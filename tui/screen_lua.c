/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lua: scripts and their functions with calls, errors and time; the source of the
 * chosen one, or its draft, versions, errors; a console on a copy; a dry run of
 * the draft against recorded metrics. A draft lives here until it is applied;
 * scripts travel over the socket, so a remote appliance is no different.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/lua_text.h"
#include "tui/lua_view.h"
#include "tui/pane.h"

static void
state_fini(void *state)
{
	struct lua_state *s = state;
	unsigned i;

	objects_fini(&s->list);
	diff_fini(&s->diff);
	trial_fini(&s->trial);
	free(s->draft);
	free(s->diff_old);
	for (i = 0; i < s->npast; i++)
		free(s->past[i]);
}

struct lua_state *
lua_state(const struct model *m)
{
	return screen_state(m, &screen_lua);
}

/* --- The list ------------------------------------------------------------ */

const char *
lua_script_of(const struct object *o)
{
	const char *script = object_get(o, "script");

	return script[0] != '\0' ? script : object_get(o, "name");
}

unsigned
lua_version(const struct object *o)
{
	return (unsigned)strtoul(object_get(o, "version"), NULL, 10);
}

static enum state
lua_sign(const void *row)
{
	const char *state = object_get(row, "state");

	if (strcmp(state, "off") == 0)
		return ST_CRIT;
	if (strcmp(state, "disabled") == 0)
		return ST_MAINT;
	return object_num(row, "skipped") > 0 || object_num(row, "errors") > 0 ?
	    ST_DEGRADED : ST_OK;
}

OBJECT_CELL(text_name, "name", R_FG)
OBJECT_CELL(text_kind, "kind", R_DIM)
OBJECT_CELL(text_said, "said", R_DIM)

static int
text_version(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct lua_state *s = lua_state(m);
	bool drafted = lua_draft(s, row) != NULL;

	snprintf(buf, size, "v%s%s", object_get(row, "version"), drafted ? "*" : "");
	return drafted ? R_WARN : R_DIM;
}

static int
text_calls(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	num_count(object_num(row, "calls"), 6, buf, size);
	return R_FG;
}

static int
text_errors(const struct model *m, const void *row, char *buf, size_t size)
{
	double n = object_num(row, "errors");

	(void)m;
	num_count(n, 6, buf, size);
	return n > 0 ? R_CRIT : R_DIM;
}

static int
text_time(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	num_us(object_num(row, "time_us_avg"), buf, size);
	return R_FG;
}

static int
text_state(const struct model *m, const void *row, char *buf, size_t size)
{
	double skipped = object_num(row, "skipped");

	(void)m;
	if (skipped > 0 && lua_sign(row) == ST_DEGRADED)
		snprintf(buf, size, "skipped %.0f", skipped);
	else
		snprintf(buf, size, "%s", object_get(row, "state"));
	return state_role(lua_sign(row));
}

static const struct column columns[] = {
	{ "name", "SCRIPT", 0, 20, 26, 40, COL_MIDDLE | COL_FLEX, 0, text_name, NULL, NULL,
	    "a function of a script" },
	{ "host", "HOST", 3, 4, 8, 12, COL_FIT, 2, object_host, NULL, NULL, "its appliance" },
	{ "version", "VER", 0, 3, 4, 6, 0, 0, text_version, NULL, NULL,
	    "version in service; * there is a draft" },
	{ "kind", "KIND", 6, 6, 8, 12, 0, 0, text_kind, NULL, NULL, "what it is for" },
	{ "calls", "CALLS", 4, 5, 6, 8, COL_RIGHT, 0, text_calls, NULL, NULL, "calls" },
	{ "errors", "ERR", 2, 3, 4, 6, COL_RIGHT, 0, text_errors, NULL, NULL, "errors" },
	{ "time", "TIME", 1, 5, 6, 7, COL_RIGHT, 0, text_time, NULL, NULL, "a call takes" },
	{ "state", "STATE", 5, 8, 9, 12, 0, 0, text_state, NULL, NULL, "ok, off, disabled" },
	{ "said", "SAID", 7, 10, 20, 0, 0, 0, text_said, NULL, NULL, "what it said last" },
};

static bool
is_wanted(const struct model *m, const struct object *o, const void *arg)
{
	(void)arg;
	return object_is_found(m, o);
}

static void
lua_key(const void *row, char buf[ROW_KEY_MAX])
{
	const struct object *o = row;

	snprintf(buf, ROW_KEY_MAX, "%s %s %s", o->host->name, object_get(o, "kind"),
	    object_get(o, "name"));
}

static struct table
table_of(struct model *m)
{
	struct lua_state *s = lua_state(m);
	struct table t = { .list = LIST_LUA, .columns = columns,
		.ncolumns = sizeof(columns) / sizeof(columns[0]), .key = lua_key, .state = lua_sign,
		.empty = objects_none(m, "only weir has policies in Lua",
		    "no script: lua-policy FILE in global, weir-lua(7)") };

	objects_of(m, KIND_LUA, is_wanted, NULL, &s->list);
	m->ui->lists[LIST_LUA].column_set = m->nhosts > 1;
	t.rows = s->list.rows;
	t.nrows = s->list.n;
	table_sort(m, &t);
	return t;
}

const struct object *
lua_chosen(struct model *m)
{
	struct table t = table_of(m);

	return table_current(m, &t);
}

/* --- What is wanted ------------------------------------------------------ */

static const struct answer *
answer_of(const struct object *o, const char *more)
{
	char cmd[400], name[256];

	word_quote(lua_script_of(o), name, sizeof(name));
	snprintf(cmd, sizeof(cmd), "show lua %s %s", name, more);
	return host_answer(o->host, cmd);
}

static void
lua_wants(const struct model *m, struct wants *w)
{
	const struct object *o = lua_chosen((struct model *)m);
	char name[256];

	if (o == NULL)
		return;
	lua_notice_applied((struct model *)m, o);
	word_quote(lua_script_of(o), name, sizeof(name));
	if (o->host->level != LEVEL_USER)
		want_answer(w, o->host, 3, "show lua %s source", name);
	want_answer(w, o->host, 3, "show lua %s versions", name);
	want_answer(w, o->host, 3, "show lua %s errors", name);
}

/* Each line stands behind one blank; the answer's last line end is not there. */
char *
lua_source(const struct object *o)
{
	const struct answer *a = answer_of(o, "source");
	const char *p;
	char *text, *to;

	if (a == NULL || a->len == 0)
		return NULL;
	to = text = xmalloc(a->len + 2);
	for (p = a->text; *p != '\0'; p++) {
		if (*p == ' ' && (p == a->text || p[-1] == '\n'))
			continue;
		*to++ = *p;
	}
	if (to > text && to[-1] != '\n')
		*to++ = '\n';
	*to = '\0';
	return text;
}

const char *
lua_draft(const struct lua_state *s, const struct object *o)
{
	return s->draft != NULL && s->host == o->host && strcmp(s->script, lua_script_of(o)) == 0 ?
	    s->draft : NULL;
}

/* --- Pages --------------------------------------------------------------- */

static void
draw_source(struct lua_state *s, const struct object *o, const char *source, struct area a)
{
	const char *text = lua_draft(s, o);
	unsigned lines;

	if (text == NULL)
		text = source;
	if (text == NULL) {
		area_text(a, 0, 0, R_DIM, o->host->level == LEVEL_USER ?
		    "the source needs level operator on the socket" : "...");
		return;
	}
	lua_draw(text, s->top, a, &lines);
	if (lines > 0 && s->top >= lines)
		s->top = lines - 1;
}

static void
draw_diff(struct lua_state *s, const struct object *o, const char *source, struct area a)
{
	const struct diff_line *l;
	int y = 0, role;
	unsigned i;

	if (source == NULL || lua_draft(s, o) == NULL) {
		area_text(a, 0, 0, R_DIM, "there is no draft: ^E edits one");
		return;
	}
	lua_refresh_diff(s, source);
	if (s->diff.added + s->diff.removed == 0)
		area_text(a, 0, y++, R_DIM, "the draft is what is in service");
	for (i = s->top; i < s->diff.n && y < a.h; i++, y++) {
		l = &s->diff.at[i];
		role = l->sign == '+' ? R_DIFF_ADD : l->sign == '-' ? R_DIFF_DEL : R_DIM;
		area_fmt(a, 0, y, role, "%c", l->sign);
		area_tabs(a, 2, y, role, l->text, l->len);
	}
}

/* Any sheet, column beside column: versions, errors. */
static void
draw_sheet(const struct sheet *s, unsigned top, struct area a)
{
	unsigned i, c, skip;
	int x, w, end;

	for (c = 0, x = 0; c < s->ncols && x < a.w; c++, x += w + 2)
		for (i = 0, w = 0; i <= s->nrows && (int)i < a.h; i++) {
			skip = i > 0 ? top : 0;		/* the header stays */
			if (i + skip > s->nrows)
				break;
			end = area_text(a, x, (int)i, i == 0 ? R_DIM : R_FG,
			    s->text + s->cell[(i + skip) * s->ncols + c]);
			w = end - x > w ? end - x : w;
		}
}

static void
draw_page(struct model *m, const struct object *o, struct area a)
{
	struct lua_state *s = lua_state(m);
	const struct answer *list = s->page == LUA_VERSIONS ? answer_of(o, "versions") :
	    answer_of(o, "errors");
	char *source = lua_source(o);

	switch (s->page) {
	case LUA_SOURCE: draw_source(s, o, source, a); break;
	case LUA_DIFF: draw_diff(s, o, source, a); break;
	default:
		if (list != NULL)
			draw_sheet(&list->sheet, s->top, a);
	}
	free(source);
}

/* --- The screen ---------------------------------------------------------- */

static void
page_title(const struct lua_state *s, const struct object *o, char *buf, size_t size)
{
	static const char *const names[LUA_PAGES] = { "", " diff", " versions", " errors" };

	snprintf(buf, size, "%s v%u%s%s", lua_script_of(o), lua_version(o), names[s->page],
	    lua_draft(s, o) != NULL ? "  draft, not applied" : "");
}

/* What the check of the draft said. */
static void
check_text(const struct model *m, char *buf, size_t size)
{
	const struct ask *a = &m->ui->asks[ASK_CHECK];

	if (a->state == ASK_ANSWERED)
		snprintf(buf, size, "check: %.*s", (int)strcspn(a->answer.text, "\n"),
		    a->answer.text);
	else
		snprintf(buf, size, "%s", a->state == ASK_SENT ? "check: ..." :
		    "sandbox: no os, no io; 100 ms, 8 MiB a call");
}

static void
draw_right(struct model *m, const struct object *o, struct area a)
{
	struct lua_state *s = lua_state(m);
	char title[300], check[200];
	struct area part;

	if (s->has_trial) {
		part = area_take_bottom(&a, a.h >= 24 ? 13 : a.h * 6 / 10);
		lua_trial_draw(m, o, pane_frame(part, "Dry run: draft against what was recorded",
		    "F5 again  Esc close", false));
	}
	if (s->has_console) {
		part = area_take_bottom(&a, a.h >= 16 ? 8 : a.h / 2);
		console_draw(m, pane_frame(part, "Console (on a copy, nothing is applied)", NULL,
		    true));
	}
	page_title(s, o, title, sizeof(title));
	check_text(m, check, sizeof(check));
	draw_page(m, o, pane_frame(a, title, check, m->ui->pane == 1));
}

static void
lua_draw_screen(struct model *m, struct area a, struct hits *hits)
{
	struct table t = table_of(m);
	const struct object *o = table_current(m, &t);
	struct area list;
	int rows = (int)t.nrows + 2;
	char right[32];

	snprintf(right, sizeof(right), "%u", t.nrows);
	if (o == NULL)
		list = a;
	else if (a.w >= 100)
		list = area_take_left(&a, a.w * 7 / 20 < 48 ? a.w * 7 / 20 : 48);
	else
		list = area_take_top(&a, rows > a.h / 3 ? a.h / 3 : rows);
	hits_add(hits, HIT_PANE, list, 0, 0);
	table_draw(m, &t, pane_frame(list, "Scripts", right, m->ui->pane == 0),
	    m->ui->pane == 0, hits);
	if (o == NULL)
		return;
	hits_add(hits, HIT_PANE, a, 1, 0);
	draw_right(m, o, a);
}

/* --- Keys ---------------------------------------------------------------- */

static bool
scroll(struct lua_state *s, enum act act)
{
	unsigned by = act == ACT_UP || act == ACT_DOWN ? 1 : 10;

	switch (act) {
	case ACT_UP: case ACT_PAGE_UP: case ACT_HALF_UP:
		s->top = s->top > by ? s->top - by : 0;
		return true;
	case ACT_DOWN: case ACT_PAGE_DOWN: case ACT_HALF_DOWN:
		s->top += by;
		return true;
	case ACT_FIRST:
		s->top = 0;
		return true;
	default:
		return false;
	}
}

static bool
go_back(struct lua_state *s)
{
	if (s->has_trial)
		s->has_trial = false;
	else if (s->page != LUA_SOURCE)
		s->page = LUA_SOURCE;
	else
		return false;
	return true;
}

static bool
lua_act(struct model *m, enum act act, const struct key *k)
{
	struct lua_state *s = lua_state(m);
	struct table t = table_of(m);
	const struct object *o = table_current(m, &t);

	(void)k;
	if (act == ACT_BACK)
		return go_back(s);
	if (act == ACT_CONSOLE) {
		s->has_console = true;
		return true;
	}
	if (act == ACT_OPEN) {
		s->page = (s->page + 1) % LUA_PAGES;
		s->top = 0;
		return true;
	}
	if (o != NULL && lua_draft_act(m, act, o))
		return true;
	return m->ui->pane == 1 ? scroll(s, act) : table_act(m, &t, act);
}

static bool
lua_take_key(struct model *m, const struct key *k)
{
	if (k->code == K_EDITED) {
		lua_edited(m);
		return true;
	}
	return lua_state(m)->has_console && console_key(m, k);
}

static const char *
unsaved(const struct model *m)
{
	const struct lua_state *s = lua_state(m);

	return s->draft != NULL ? s->script : NULL;
}

const struct screen screen_lua = {
	.name = "lua", .title = "Lua", .tab = '6', .panes = 2,
	.state_size = sizeof(struct lua_state), .state_fini = state_fini,
	.wants = lua_wants, .draw = lua_draw_screen, .act = lua_act, .key = lua_take_key,
	.unsaved = unsaved,
};
