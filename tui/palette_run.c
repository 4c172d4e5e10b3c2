/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of the palette: `drain web-*`, `weight search/web-1 50%`, `scale asg 10`,
 * `goto 05:56`. A row a verb. What is no verb goes to the appliance as it is.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "tui/columns.h"
#include "tui/overlay_in.h"

/* Appliances in view: m->ui->only, or all. NULL at the end. */
static struct host *
next_host(const struct model *m, unsigned *i)
{
	if (m->ui->only != NULL)
		return (*i)++ == 0 ? m->ui->only : NULL;
	return *i < m->nhosts ? m->hosts[(*i)++] : NULL;
}

/* The first word of *rest, which moves behind it. */
static char *
take_word(char **rest)
{
	char *word = *rest + strspn(*rest, " ");

	*rest = word + strcspn(word, " ");
	if (**rest != '\0')
		*(*rest)++ = '\0';
	*rest += strspn(*rest, " ");
	return word;
}

/* --- Servers -------------------------------------------------------------- */

/* `web-*` is a server of any backend, `search/web-*` of one. */
static bool
is_meant(const struct row *r, const char *pattern)
{
	char both[300];

	if (r->type != ROW_SERVER)
		return false;
	if (strchr(pattern, '/') == NULL)
		return fnmatch(pattern, r->sv, FNM_NOESCAPE) == 0;
	snprintf(both, sizeof(both), "%s/%s", r->px, r->sv);
	return fnmatch(pattern, both, FNM_NOESCAPE) == 0;
}

static bool
run_servers(struct model *m, const struct verb *v, char *rest)
{
	const char *pattern = take_word(&rest);
	struct plan p;
	struct host *h;
	unsigned i = 0, k;

	plan_init(&p, v->kind, rest);
	while ((h = next_host(m, &i)) != NULL)
		for (k = 0; k < h->nrows; k++)
			if (is_meant(h->rows[k], pattern))
				plan_target(&p, h, h->rows[k]->px, h->rows[k]->sv);
	if (p.ntargets == 0) {
		ui_say(m, R_WARN, "no server is called %s", pattern);
		return true;
	}
	confirm_open(m, &p);
	return true;
}

/* --- Objects -------------------------------------------------------------- */

static const struct {
	enum action_kind first, last;
	enum kind kind;
	const char *what;
} of_kind[] = {
	{ DO_ACK, DO_ALARM_DISABLE, KIND_ALARM, "alarm" },
	{ DO_DESIRED, DO_RESUME, KIND_GROUP, "group" },
	{ DO_TERMINATE, DO_DETACH, KIND_INSTANCE, "instance" },
	{ DO_LUA_LOAD, DO_LUA_DISABLE, KIND_LUA, "script" }
};

/* The rows of that kind that the name fits become targets. */
static void
add_objects(struct plan *p, struct host *h, enum kind kind, const char *name)
{
	const struct sheet *s = &h->kinds[kind];
	bool is_instance = kind == KIND_INSTANCE;
	const char *id;
	unsigned i;

	for (i = 0; i < s->nrows; i++) {
		id = sheet_get(s, i, is_instance ? "id" : "name");
		if (fnmatch(name, id, FNM_NOESCAPE) != 0)
			continue;
		plan_target(p, h, is_instance ? sheet_get(s, i, "group") : id,
		    is_instance ? id : "");
	}
}

static bool
run_object(struct model *m, const struct verb *v, char *rest)
{
	const char *name = take_word(&rest);
	struct plan p;
	struct host *h;
	unsigned i = 0;
	size_t k;

	for (k = 0; v->kind < of_kind[k].first || v->kind > of_kind[k].last; k++)
		;
	plan_init(&p, v->kind, rest);
	while ((h = next_host(m, &i)) != NULL)
		add_objects(&p, h, of_kind[k].kind, name);
	if (p.ntargets == 0)
		ui_say(m, R_WARN, "no %s is called %s", of_kind[k].what, name);
	else
		confirm_open(m, &p);
	return true;
}

/* Of an appliance as a whole, or by a name that is not looked up. */
static bool
run_host(struct model *m, const struct verb *v, char *rest)
{
	bool named = v->kind == DO_POLICY_EXECUTE;
	const char *name = named ? take_word(&rest) : "";
	struct plan p;
	struct host *h;
	unsigned i = 0;

	plan_init(&p, v->kind, rest);
	while ((h = next_host(m, &i)) != NULL)
		if (h->kind != HOST_HAPROXY)
			plan_target(&p, h, name, "");
	confirm_open(m, &p);
	return true;
}

void
palette_send(struct model *m, const char *command)
{
	struct plan p;
	struct host *h;
	unsigned i = 0;

	plan_init(&p, DO_RAW, command);
	while ((h = next_host(m, &i)) != NULL)
		plan_target(&p, h, "", "");
	confirm_open(m, &p);
}

static bool
run_send(struct model *m, const struct verb *v, char *rest)
{
	(void)v;
	palette_send(m, rest);
	return true;
}

static bool
run_rw(struct model *m, const struct verb *v, char *rest)
{
	struct plan p;

	(void)rest;
	if (!m->is_readonly) {
		ui_say(m, R_INFO, "actions are allowed already");
		return true;
	}
	plan_init(&p, v->kind, "");
	plan_target(&p, m->nhosts > 0 ? m->hosts[0] : NULL, "", "");
	confirm_open(m, &p);
	return true;
}

/* --- Views ---------------------------------------------------------------- */

static bool
run_ro(struct model *m, const struct verb *v, char *rest)
{
	(void)v, (void)rest;
	m->is_readonly = true;
	ui_say(m, R_INFO, "read-only; : rw lifts it");
	return true;
}

static bool
run_screen(struct model *m, const struct verb *v, char *rest)
{
	const struct screen *s = screen_find(rest);

	(void)v;
	if (s == NULL)
		ui_say(m, R_WARN, "no screen is called %s", rest);
	else
		screen_open(m, s);
	return true;
}

/* The same column again turns the order round. */
static bool
run_sort(struct model *m, const struct verb *v, char *rest)
{
	struct list_view *list = &m->ui->lists[LIST_TREE];
	int column = row_column(rest);

	(void)v;
	if (column < 0) {
		ui_say(m, R_WARN, "no column is called %s", rest);
		return true;
	}
	list->is_reversed = list->sort == column && !list->is_reversed;
	list->sort = column;
	screen_open(m, &screen_servers);
	return true;
}

static bool
run_columns(struct model *m, const struct verb *v, char *rest)
{
	unsigned i;

	(void)v;
	for (i = 0; row_sets[i] != NULL; i++)
		if (str_ieq(str_of(row_sets[i]), str_of(rest))) {
			m->ui->lists[LIST_TREE].column_set = i;
			screen_open(m, &screen_servers);
			return true;
		}
	ui_say(m, R_WARN, "no set of columns is called %s", rest);
	return true;
}

static bool
run_theme(struct model *m, const struct verb *v, char *rest)
{
	const struct theme *t = theme_find(rest);

	(void)v;
	if (t == NULL) {
		ui_say(m, R_WARN, "no theme is called %s", rest);
		return true;
	}
	m->ui->theme = t;
	m->ui->wishes |= WISH_REPAINT;
	return true;
}

static bool
run_only(struct model *m, const struct verb *v, char *rest)
{
	unsigned i;

	(void)v;
	for (i = 0; i < m->nhosts; i++)
		if (strcmp(m->hosts[i]->name, rest) == 0)
			m->ui->only = m->hosts[i];
	if (strcmp(rest, "all") == 0)
		m->ui->only = NULL;
	else if (m->ui->only == NULL || strcmp(m->ui->only->name, rest) != 0)
		ui_say(m, R_WARN, "no appliance is called %s", rest);
	return true;
}

static bool
run_every(struct model *m, const struct verb *v, char *rest)
{
	char *end;
	double s = strtod(rest, &end);

	(void)v;
	if (end == rest || s < 0.25 || s > 60)
		ui_say(m, R_WARN, "0.25 to 60 seconds, not %s", rest);
	else {
		m->poll_s = s;
		m->ui->wishes |= WISH_POLL;
	}
	return true;
}

/* HH:MM[:SS], -10m, now: the right edge of graphs and the time cursor. */
static bool
parse_time(const struct model *m, const char *z, int64_t *ret_ms)
{
	int64_t day = 86400 * 1000;
	uint64_t us;
	int h, min, s = 0, n = 0, with_s = 0;

	if (strcmp(z, "now") == 0)
		return *ret_ms = 0, true;
	if (z[0] == '-' && str_to_duration_us(str_of(z + 1), 1000000, &us) == PARSE_OK)
		return *ret_ms = m->now_ms - (int64_t)(us / 1000), true;
	if (sscanf(z, "%d:%d%n:%d%n", &h, &min, &n, &s, &with_s) < 2 ||
	    z[with_s > 0 ? with_s : n] != '\0' || h < 0 || h > 23 || min < 0 || min > 59 ||
	    s < 0 || s > 60)
		return false;
	*ret_ms = m->now_ms / day * day + ((h * 60 + min) * 60 + s) * 1000LL;
	if (*ret_ms > m->now_ms)
		*ret_ms -= day;
	return true;
}

static bool
run_goto(struct model *m, const struct verb *v, char *rest)
{
	struct ui *ui = m->ui;
	int64_t ms, middle;

	(void)v;
	if (!parse_time(m, rest, &ms)) {
		ui_say(m, R_WARN, "a time is 05:56, 05:56:12, -10m or now, not %s", rest);
		return true;
	}
	middle = ms + (int64_t)ui->window_s * 500;
	ui->cursor_ms = ms;
	ui->until_ms = ms == 0 || middle >= m->now_ms ? 0 : middle;
	return true;
}

static bool
run_filter(struct model *m, const struct verb *v, char *rest)
{
	(void)v;
	ui_filter(m, rest);
	if (m->ui->filter_error[0] != '\0')
		ui_say(m, R_WARN, "%s", m->ui->filter_error);
	return true;
}

static bool
run_save(struct model *m, const struct verb *v, char *rest)
{
	(void)v;
	if (m->ui->filter == NULL || !filter_save(rest, m->ui->filter_text))
		ui_say(m, R_WARN, "there is no filter to save, or its name is too long");
	else {
		ui_say(m, R_INFO, "saved: @%s is %s", rest, m->ui->filter_text);
		m->ui->wishes |= WISH_FILTERS;
	}
	return true;
}

/* Acts that a line names as well as a key. */
static bool
run_act(struct model *m, const struct verb *v, char *rest)
{
	static const struct { const char *name; enum act act; } acts[] = {
		{ "quit", ACT_QUIT }, { "undo", ACT_UNDO }, { "record", ACT_RECORD },
		{ "export", ACT_EXPORT }, { "help", ACT_HELP }, { "log", ACT_CMDLOG },
		{ "settings", ACT_SETTINGS }
	};
	struct key none = { 0 };
	size_t i;

	(void)rest;
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(acts[i].name, v->name) == 0)
			screen_act(m, acts[i].act, &none);
	return true;
}

/* --- The verbs ------------------------------------------------------------ */

static const struct verb verbs[] = {
	{ "drain", "SERVER", "no new users; web-* are several", DO_DRAIN, run_servers },
	{ "maint", "SERVER", "no traffic", DO_MAINT, run_servers },
	{ "ready", "SERVER", "back into service", DO_READY, run_servers },
	{ "weight", "SERVER N", "50, 50%, +10, -10", DO_WEIGHT, run_servers },
	{ "kill", "SERVER", "end its sessions", DO_KILL, run_servers },
	{ "addr", "SERVER ADDRESS", "another address and port", DO_ADDR, run_servers },
	{ "ack", "ALARM", "acknowledge; a comment may follow", DO_ACK, run_object },
	{ "unack", "ALARM", "take that back", DO_UNACK, run_object },
	{ "silence", "ALARM", "no notifications for 10m, or what follows", DO_SILENCE, run_object },
	{ "set-state", "ALARM STATE", "OK, ALARM or INSUFFICIENT_DATA, then the reason",
	    DO_SET_STATE, run_object },
	{ "scale", "GROUP N", "desired size: 10, +1, -1", DO_DESIRED, run_object },
	{ "suspend", "GROUP", "its processes rest", DO_SUSPEND, run_object },
	{ "resume", "GROUP", "its processes go on", DO_RESUME, run_object },
	{ "terminate", "INSTANCE", "end it; decrement: no other comes", DO_TERMINATE, run_object },
	{ "detach", "INSTANCE", "let it go from its group", DO_DETACH, run_object },
	{ "execute", "GROUP/POLICY", "do at once what a scaling policy says", DO_POLICY_EXECUTE,
	    run_host },
	{ "rollback", "SCRIPT", "the version before, or: to N", DO_LUA_ROLL_BACK, run_object },
	{ "pause-scaling", "", "no group changes its size", DO_SCALING_PAUSE, run_host },
	{ "resume-scaling", "", "groups change their size again", DO_SCALING_RESUME, run_host },
	{ "reload", "", "the configuration's files are read again", DO_RELOAD, run_host },
	{ "send", "COMMAND", "to the appliance, as it is", DO_NOTHING, run_send },
	{ "undo", "", "take the last change back", DO_RAW, run_act },
	{ "rw", "", "allow actions, when it was started read-only", DO_ALLOW, run_rw },
	{ "ro", "", "no actions from now on", DO_NOTHING, run_ro },
	{ "screen", "NAME", "another screen", DO_NOTHING, run_screen },
	{ "sort", "COLUMN", "servers by a column; once more: the other way round", DO_NOTHING,
	    run_sort },
	{ "columns", "SET", "servers with another set of columns", DO_NOTHING, run_columns },
	{ "theme", "NAME", "other colours", DO_NOTHING, run_theme },
	{ "only", "APPLIANCE", "show one appliance; all: every one", DO_NOTHING, run_only },
	{ "every", "SECONDS", "how often it is asked", DO_NOTHING, run_every },
	{ "goto", "TIME", "05:56, -10m, now", DO_NOTHING, run_goto },
	{ "filter", "EXPR", "show what it finds", DO_NOTHING, run_filter },
	{ "save", "NAME", "keep the filter as @NAME", DO_NOTHING, run_save },
	{ "log", "", "commands that were sent", DO_NOTHING, run_act },
	{ "settings", "", "theme, signs, mouse and the like", DO_NOTHING, run_act },
	{ "record", "", "begin or end recording", DO_NOTHING, run_act },
	{ "export", "", "this view as CSV into a file", DO_NOTHING, run_act },
	{ "help", "", "keys, filter, signs", DO_NOTHING, run_act },
	{ "quit", "", "leave", DO_NOTHING, run_act },
	{ NULL, NULL, NULL, DO_NOTHING, NULL }
};

const struct verb *
palette_verbs(void)
{
	return verbs;
}

bool
palette_run(struct model *m, const char *line)
{
	const struct verb *v;
	char buf[512], *rest = buf, *word;

	snprintf(buf, sizeof(buf), "%s", line);
	word = take_word(&rest);
	for (v = verbs; v->name != NULL; v++)
		if (strcmp(v->name, word) == 0 && (*rest != '\0') >= (*v->arguments != '\0'))
			return v->run(m, v, rest);
	return false;
}
