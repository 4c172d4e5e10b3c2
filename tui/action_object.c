/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done to alarms, groups and their instances, policies, and Lua scripts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "tui/action_in.h"

/* A cell of the object's row in the snapshot; "" when it is not known. */
static const char *
cell(const struct host *h, enum kind kind, const char *column, const char *name, const char *want)
{
	const struct sheet *s = &h->kinds[kind];
	int row = sheet_find(s, column, name);

	return row < 0 ? "" : sheet_get(s, (unsigned)row, want);
}

/* --- Alarms --------------------------------------------------------------- */

static const struct alarm_verb {
	enum action_kind kind;
	const char *verb, *inverse;	/* inverse NULL: none by a word */
	const char *before;		/* its argument; NULL: it has none */
} alarm_verbs[] = {
	{ DO_ACK, "ack", "unack", " comment " },
	{ DO_UNACK, "unack", "ack", NULL },
	{ DO_SILENCE, "silence", "unsilence", " for " },
	{ DO_SET_STATE, "set-state", NULL, " " },
	{ DO_ALARM_ENABLE, "enable", "disable", NULL },
	{ DO_ALARM_DISABLE, "disable", "enable", NULL }
};

static const struct alarm_verb *
alarm_verb(enum action_kind kind)
{
	size_t i;

	for (i = 0; alarm_verbs[i].kind != kind; i++)
		;
	return &alarm_verbs[i];
}

static const char *const alarm_states[] = { "OK", "ALARM", "INSUFFICIENT_DATA" };

/* `STATE TEXT` or `STATE reason TEXT` as the command wants it; owned. NULL: refused. */
static char *
state_and_reason(struct plan *p)
{
	struct str rest = str_of(p->argument), state = STR_NONE;
	size_t i;

	(void)str_next_elem(&rest, ' ', &state);
	rest = str_trim(rest);
	if (str_starts(rest, STR("reason ")))
		rest = str_trim((struct str){ rest.p + 7, rest.len - 7 });
	if (rest.len == 0)
		rest = STR("set by hand");
	for (i = 0; i < 3; i++)
		if (str_is(state, alarm_states[i]))
			return xasprintf("%s reason " STR_FMT, alarm_states[i], STR_ARG(rest));
	plan_refuse(p, "a state is OK, ALARM or INSUFFICIENT_DATA, then the reason");
	return NULL;
}

/* What follows the name: owned, "" for nothing; NULL: refused. */
static char *
alarm_argument(const struct making *mk, const struct alarm_verb *v)
{
	const char *given = mk->p->argument;
	char *text, *quoted, *all = NULL;

	if (v->before == NULL || (v->kind == DO_ACK && *given == '\0'))
		return xstrdup("");
	text = v->kind == DO_SET_STATE ? state_and_reason(mk->p) :
	    xstrdup(v->kind == DO_SILENCE && *given == '\0' ? "10m" : given);
	if (text != NULL && make_quoted(mk, text, v->kind == DO_SILENCE, &quoted)) {
		all = xasprintf("%s%s", v->before, quoted);
		free(quoted);
	}
	free(text);
	return all;
}

/* Back to the state that it had. */
static char *
alarm_inverse(const struct alarm_verb *v, const char *name, const char *state)
{
	if (v->inverse != NULL)
		return xasprintf("alarm %s %s", v->inverse, name);
	return *state != '\0' ? xasprintf("alarm set-state %s %s reason taken back", name, state) :
	    NULL;
}

void
make_alarm(const struct making *mk)
{
	const struct alarm_verb *v = alarm_verb(mk->p->kind);
	const char *state = cell(mk->t->host, KIND_ALARM, "name", mk->t->px, "state");
	char *name, *argument;
	struct order *o;

	if (*state == '\0' && mk->t->host->kinds[KIND_ALARM].nrows > 0) {
		plan_refuse(mk->p, "the alarm %s is gone", mk->t->px);
		return;
	}
	argument = alarm_argument(mk, v);
	if (argument == NULL)
		return;
	if (make_quoted(mk, mk->t->px, true, &name)) {
		o = make_order(mk, xasprintf("alarm %s %s%s", v->verb, name, argument),
		    alarm_inverse(v, name, state));
		order_change(o, state, v->kind == DO_SET_STATE ? mk->p->argument : v->verb);
		free(name);
	}
	free(argument);
}

void
judge_alarm(const struct model *m, struct plan *p)
{
	static const struct { enum action_kind kind; const char *text; } effects[] = {
		{ DO_ACK, "no reminders until the state changes" },
		{ DO_UNACK, "reminders are sent again" },
		{ DO_SILENCE, "no notifications meanwhile; scaling goes on" },
		{ DO_SET_STATE, "its actions are carried out; an evaluation may change it back" },
		{ DO_ALARM_ENABLE, "its actions are carried out again" },
		{ DO_ALARM_DISABLE, "no actions at all; evaluation goes on" }
	};
	size_t i;

	(void)m;
	for (i = 0; i < sizeof(effects) / sizeof(effects[0]); i++)
		if (effects[i].kind == p->kind)
			plan_effect(p, "%s", effects[i].text);
}

/* --- Groups --------------------------------------------------------------- */

static double
group_num(const struct target *t, const char *column)
{
	const struct sheet *s = &t->host->kinds[KIND_GROUP];
	int row = sheet_find(s, "name", t->px);

	return row < 0 ? NAN : sheet_num(s, (unsigned)row, column);
}

/* The size asked for: `5`, `+1`, `-1`; NAN: told why not. */
static double
new_size(struct plan *p, const struct target *t)
{
	double now = group_num(t, "desired"), lo = group_num(t, "min"), hi = group_num(t, "max"), v;
	char *end;

	v = strtod(p->argument, &end);
	if (isnan(now))
		plan_refuse(p, "the group %s is gone", t->px);
	else if (end == p->argument || *end != '\0' || v != (double)(int)v)
		plan_refuse(p, "a size is a number, +N or -N, not %.40s", p->argument);
	else if (p->argument[0] == '+' || p->argument[0] == '-')
		v += now;
	if (p->refused[0] == '\0' && (v < lo || v > hi))
		plan_refuse(p, "%s may have %.0f to %.0f instances, not %.0f", t->px, lo, hi, v);
	return p->refused[0] == '\0' ? v : NAN;
}

void
make_desired(const struct making *mk)
{
	double v = new_size(mk->p, mk->t), now = group_num(mk->t, "desired");
	char *name, was[32], will[32];
	struct order *o;

	if (isnan(v) || v == now || !make_quoted(mk, mk->t->px, true, &name))
		return;
	snprintf(was, sizeof(was), "%.0f", now);
	snprintf(will, sizeof(will), "%.0f", v);
	o = make_order(mk, xasprintf("group set-desired %s %s", name, will),
	    xasprintf("group set-desired %s %s", name, was));
	order_change(o, was, will);
	free(name);
}

/* `n` instances of a group go: is that too much? */
static void
judge_shrink(struct plan *p, const struct target *t, double n)
{
	double serving = group_num(t, "inservice");

	if (!isnan(serving) && n >= serving && n > 0) {
		plan_effect(p, "%s is left without an instance in service", t->px);
		plan_endanger(p, t->px);
	} else if (!isnan(serving) && n > serving / 2) {
		plan_effect(p, "more than half of %s goes", t->px);
		plan_endanger(p, t->px);
	}
}

void
judge_desired(const struct model *m, struct plan *p)
{
	double v, now;
	unsigned i;

	(void)m;
	for (i = 0; i < p->ntargets; i++) {
		v = new_size(p, &p->targets[i]);
		now = group_num(&p->targets[i], "desired");
		if (v > now)
			plan_effect(p, "%s launches %.0f", p->targets[i].px, v - now);
		else if (v < now)
			plan_effect(p, "%s ends %.0f", p->targets[i].px, now - v);
		judge_shrink(p, &p->targets[i], now - v);
	}
}

/* The processes that rest, as a command wants them. */
static void
suspended(const struct target *t, char *buf, size_t size)
{
	char *p;

	snprintf(buf, size, "%s", cell(t->host, KIND_GROUP, "name", t->px, "suspended"));
	for (p = buf; *p != '\0'; p++)
		if (strchr(" ;|+", *p) != NULL)
			*p = ',';
}

void
make_processes(const struct making *mk)
{
	bool suspends = mk->p->kind == DO_SUSPEND;
	const char *list = mk->p->argument;
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz,";
	char *name, was[512];

	if (strspn(list, letters) != strlen(list)) {
		plan_refuse(mk->p, "processes are Launch,Terminate and the like");
		return;
	}
	if (!make_quoted(mk, mk->t->px, true, &name))
		return;
	snprintf(was, sizeof(was), "%s", list);
	if (!suspends && *list == '\0')
		suspended(mk->t, was, sizeof(was));
	make_order(mk, xasprintf("group %s %s%s%s", suspends ? "suspend" : "resume", name,
	    *list != '\0' ? " " : "", list),
	    xasprintf("group %s %s%s%s", suspends ? "resume" : "suspend", name,
	    *was != '\0' ? " " : "", was));
	free(name);
}

void
judge_processes(const struct model *m, struct plan *p)
{
	(void)m;
	plan_effect(p, "%s %s", p->argument[0] != '\0' ? p->argument : "all processes",
	    p->kind == DO_SUSPEND ? "rest until they are resumed" : "go on");
}

/* --- Instances ------------------------------------------------------------ */

void
make_instance(const struct making *mk)
{
	bool ends = mk->p->kind == DO_TERMINATE;
	const struct target *t = mk->t;
	const char *was = cell(t->host, KIND_INSTANCE, "id", t->sv, "lifecycle");
	char *group, *id, *more;
	struct order *o;

	if (*was == '\0' && t->host->kinds[KIND_INSTANCE].nrows > 0) {
		plan_refuse(mk->p, "the instance %s is gone", t->sv);
		return;
	}
	if (!make_quoted(mk, t->sv, true, &id))
		return;
	more = mk->p->argument[0] != '\0' ? xasprintf(" %.60s", mk->p->argument) : xstrdup("");
	if (ends) {
		o = make_order(mk, xasprintf("instance terminate %s%s", id, more), NULL);
		order_change(o, was, "Terminating");
	} else if (make_quoted(mk, t->px, true, &group)) {
		o = make_order(mk, xasprintf("group detach %s %s%s", group, id, more),
		    xasprintf("group attach %s %s", group, id));
		order_change(o, was, "Detached");
		free(group);
	}
	free(id);
	free(more);
}

/* How many targets are instances of t's group that serve. */
static unsigned
serving(const struct plan *p, const struct target *t)
{
	const struct target *o;
	unsigned n = 0;

	for (o = p->targets; o < p->targets + p->ntargets; o++)
		n += o->host == t->host && strcmp(o->px, t->px) == 0 &&
		    strcmp(cell(o->host, KIND_INSTANCE, "id", o->sv, "lifecycle"),
		    "InService") == 0;
	return n;
}

void
judge_instance(const struct model *m, struct plan *p)
{
	unsigned i;

	(void)m;
	plan_effect(p, strstr(p->argument, "decrement") != NULL ? "no other one comes" :
	    "another one is launched in its place");
	for (i = 0; i < p->ntargets && p->level != ASK_DANGEROUS; i++)
		judge_shrink(p, &p->targets[i], serving(p, &p->targets[i]));
}

/* --- Scaling, policies ---------------------------------------------------- */

void
make_scaling(const struct making *mk)
{
	bool pauses = mk->p->kind == DO_SCALING_PAUSE;
	char *reason = NULL;

	if (pauses == mk->t->host->is_paused)
		return;
	if (pauses && mk->p->argument[0] != '\0' &&
	    !make_quoted(mk, mk->p->argument, false, &reason))
		return;
	make_order(mk, xasprintf("scaling %s%s%s", pauses ? "pause" : "resume",
	    reason != NULL ? " reason " : "", reason != NULL ? reason : ""),
	    xstrdup(pauses ? "scaling resume" : "scaling pause"));
	plan_effect(mk->p, pauses ? "no group of %s changes its size until it is resumed" :
	    "groups of %s change their size again", mk->t->host->name);
	free(reason);
}

/* px: group/policy. */
void
make_policy(const struct making *mk)
{
	char *name;

	if (!make_quoted(mk, mk->t->px, true, &name))
		return;
	make_order(mk, xasprintf("policy execute %s", name), NULL);
	plan_effect(mk->p, "does at once what %s says, alarm or not", mk->t->px);
	free(name);
}

/* --- Lua ------------------------------------------------------------------ */

static bool
has_line(const char *text, const char *line)
{
	size_t len = strlen(line);
	const char *p;

	for (p = text; p != NULL; p = strchr(p, '\n'), p = p != NULL ? p + 1 : NULL)
		if (strncmp(p, line, len) == 0 && (p[len] == '\n' || p[len] == '\0'))
			return true;
	return false;
}

char *
payload_command(const char *command, const char *text)
{
	size_t len = strlen(text);
	char end[16];
	int i;

	for (i = 0; snprintf(end, sizeof(end), "%%E%d%%", i), has_line(text, end); i++)
		;
	return xasprintf("%s <<%s\n%s%s%s", command, end, text,
	    len > 0 && text[len - 1] == '\n' ? "" : "\n", end);
}

static char *
load_command(const char *name, const char *words, const char *text)
{
	char *command = xasprintf("lua load %s%s%s", name, *words != '\0' ? " " : "", words);
	char *all = payload_command(command, text);

	free(command);
	return all;
}

/* A cell of the script, or of the first of its functions that is a `kind` (NULL: any). */
static const char *
lua_cell(const struct target *t, const char *kind, const char *want)
{
	const struct sheet *s = &t->host->kinds[KIND_LUA];
	unsigned i;

	for (i = 0; i < s->nrows; i++)
		if ((strcmp(sheet_get(s, i, "script"), t->px) == 0 ||
		    strcmp(sheet_get(s, i, "name"), t->px) == 0) &&
		    (kind == NULL || strcmp(sheet_get(s, i, "kind"), kind) == 0))
			return sheet_get(s, i, want);
	return "";
}

/* Back to the version in service. */
static char *
lua_back(const struct making *mk, const char *name)
{
	const char *version = lua_cell(mk->t, NULL, "version");

	return *version != '\0' ? xasprintf("lua rollback %s to %s", name, version) : NULL;
}

void
make_lua(const struct making *mk)
{
	const char *payload = mk->p->payload != NULL ? mk->p->payload : "";
	char *name, *words = NULL;

	if (!make_quoted(mk, mk->t->px, true, &name))
		return;
	if (mk->p->argument[0] != '\0' && !make_quoted(mk, mk->p->argument, false, &words)) {
		free(name);
		return;
	}
	switch (mk->p->kind) {
	case DO_LUA_LOAD:
		make_order(mk, load_command(name, words != NULL ? words : "", payload),
		    lua_back(mk, name));
		break;
	case DO_LUA_ROLL_BACK:
		make_order(mk, xasprintf("lua rollback %s%s%s", name, words != NULL ? " " : "",
		    words != NULL ? words : ""), lua_back(mk, name));
		break;
	default:
		make_order(mk, xasprintf("lua %s %s",
		    mk->p->kind == DO_LUA_ENABLE ? "enable" : "disable", name),
		    xasprintf("lua %s %s",
		    mk->p->kind == DO_LUA_ENABLE ? "disable" : "enable", name));
	}
	free(name);
	free(words);
}

/* Does the policy `lua FUNCTION ...` run a function of the script? */
static bool
is_of_script(const struct target *t, const char *adjustment)
{
	const struct sheet *s = &t->host->kinds[KIND_LUA];
	const char *name, *slash;
	size_t len;
	unsigned i;

	if (strncmp(adjustment, "lua ", 4) != 0)
		return false;
	adjustment += 4;
	len = strcspn(adjustment, " ");
	for (i = 0; i < s->nrows; i++) {
		name = sheet_get(s, i, "name");
		slash = strchr(name, '/');
		name = slash != NULL ? slash + 1 : name;
		if (strcmp(sheet_get(s, i, "script"), t->px) == 0 && strlen(name) == len &&
		    memcmp(name, adjustment, len) == 0)
			return true;
	}
	return false;
}

/* The one group whose size the script decides; the script itself when it is not just one. */
static const char *
group_of_script(const struct target *t)
{
	const struct sheet *s = &t->host->kinds[KIND_POLICY];
	const char *group = NULL, *other;
	unsigned i;

	for (i = 0; i < s->nrows; i++) {
		if (!is_of_script(t, sheet_get(s, i, "adjustment")))
			continue;
		other = sheet_get(s, i, "group");
		if (group != NULL && strcmp(group, other) != 0)
			return t->px;
		group = other;
	}
	return group != NULL && group[0] != '\0' ? group : t->px;
}

/* What decides the size of a group is dangerous. */
void
judge_lua(const struct model *m, struct plan *p)
{
	const struct target *t;
	unsigned i;

	(void)m;
	for (i = 0; i < p->ntargets; i++) {
		t = &p->targets[i];
		if (*lua_cell(t, "policy", "name") == '\0' || p->kind == DO_LUA_DISABLE)
			continue;
		plan_effect(p, "a scaling policy: it decides the size of %s",
		    group_of_script(t) != t->px ? group_of_script(t) : "groups");
		plan_endanger(p, group_of_script(t));
	}
}

/* --- Configuration -------------------------------------------------------- */

void
make_reload(const struct making *mk)
{
	make_order(mk, xstrdup("reload"), NULL);
	plan_effect(mk->p, "reads the configuration's files; no connection is lost");
}
