/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies of kind lua: `policy NAME lua FUNC [every D] [param KEY=VALUE]...` in a
 * group, or none at all there when the script names the group itself (then the policy
 * has the function's name). Each asks its function every so often, on the schedule
 * clock; what it decides goes through the limits of the group, as all policies do.
 *
 * A turn that comes while the last call still runs is skipped, and counted.
 *
 * Thread: control; parsing: the one that loads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/list.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "ctl/alarm.h"
#include "ctl/group.h"
#include "ctl/notify.h"
#include "ctl/policy.h"
#include "ctl/policy_conf.h"
#include "event/sched.h"
#include "script/ask.h"
#include "script/script_conf.h"
#include "script/trial.h"
#include "script/unit.h"

#define NOW_LIMIT_US	VM_STRETCH_US	/* of a call that somebody waits for */

/* A policy of a group that lives. */
struct binding {
	struct list	 node;
	char		*group, *policy, *function;	/* owned */
	const struct script_policy_conf *conf;	/* borrowed: snapshot in service */
	uint64_t	 every_us;
	struct sched_timer timer;
	bool		 is_running;
	char		 reason[SCRIPT_REASON];
};

static struct list bindings = { &bindings, &bindings };

/* ---- parsing ---- */

static int
parse_param(struct cfg *c, struct script_policy_conf *p, const char *word)
{
	const char *eq = word != NULL ? strchr(word, '=') : NULL;
	struct script_param *param = arena_alloc(c->arena, sizeof *param), **end = &p->params;

	if (eq == NULL || eq == word) {
		diag_error(c->diag, "'param' expects KEY=VALUE.");
		return -1;
	}
	param->key = arena_strndup(c->arena, word, (size_t)(eq - word));
	param->value = eq + 1;
	while (*end != NULL)
		end = &(*end)->next;
	*end = param;
	return 0;
}

/* FUNC [every D] [param KEY=VALUE]... */
static int
parse(struct cfg *c, struct policy_conf *p, char **args, int nargs)
{
	struct script_policy_conf *own = arena_alloc(c->arena, sizeof *own);
	int i = 1;

	if (nargs == 0) {
		diag_error(c->diag, "'policy %s lua' expects the name of a function.", p->name);
		return -1;
	}
	own->function = args[0];
	p->own = own;
	while (i < nargs) {
		int r = policy_time_option(c, args, &i, "every", &own->every_us, NULL);

		if (r == 0)
			r = policy_time_option(c, args, &i, "cooldown", &p->cooldown_us,
			    &p->has_cooldown);
		if (r == 0 && strcmp(args[i], "param") == 0) {
			r = parse_param(c, own, args[i + 1]) == 0 ? 1 : -1;
			i += 2;
		}
		if (r != 1)
			return r == 0 ? policy_unexpected(c, p, args[i]) : -1;
	}
	if (own->every_us != 0 && own->every_us < 1000000) {
		diag_error(c->diag, "'policy %s': every: at least 1s.", p->name);
		return -1;
	}
	return 0;
}

static void
describe(const struct policy_conf *p, struct outbuf *b)
{
	const struct script_policy_conf *own = p->own;

	outbuf_fmt(b, "lua %s", own->function);
	for (const struct script_param *q = own->params; q != NULL; q = q->next)
		outbuf_fmt(b, " %s=%s", q->key, q->value);
}

/* ---- calls ---- */

static struct binding *
binding_find(const char *group, const char *policy)
{
	LIST_EACH(n, &bindings) {
		struct binding *b = LIST_ITEM(n, struct binding, node);

		if (strcmp(b->group, group) == 0 && strcmp(b->policy, policy) == 0)
			return b;
	}
	return NULL;
}

/* Has the last word on the call's policy; the group may be gone. */
static void
on_decided(struct script_ask *a)
{
	struct binding *b = binding_find(a->group, a->name);
	const struct group *g = group_find(a->group);
	struct policy_outcome outcome;

	if (b == NULL)
		return;
	b->is_running = false;
	if (!a->ok || g == NULL)
		return;
	(void)snprintf(b->reason, sizeof b->reason, "%s", a->decision.reason);
	if (a->decision.act >= SCRIPT_SET)
		policy_apply(a->group, a->name, script_wanted(&a->decision, g->desired),
		    a->decision.reason, &outcome);
}

static void
ask(struct binding *b)
{
	struct script_live *f = script_live_find(SCRIPT_POLICY, b->function);
	struct script_ask *a;

	if (f == NULL || !script_live_is_on(f))
		return;
	if (b->is_running) {
		f->skipped++;
		return;
	}
	b->is_running = true;
	a = script_ask_live(f, b->group, b->policy);
	a->params = b->conf->params;
	a->reason_prev = b->reason;
	a->done = on_decided;
	script_ask_start(a);
}

static uint64_t
every_of(const struct script_policy_conf *p)
{
	const struct script_live *f = script_live_find(SCRIPT_POLICY, p->function);

	if (p->every_us != 0)
		return p->every_us;
	return f != NULL ? f->fn->every_us : SCRIPT_EVERY_US;
}

static void
on_turn(struct sched_timer *t)
{
	struct binding *b = LIST_ITEM(t, struct binding, timer);

	b->every_us = every_of(b->conf);
	sched_after(&b->timer, b->every_us);
	ask(b);
}

/* A person or an alarm wants to know now. */
static bool
want(const struct policy_ask *q, int64_t *ret, char *ret_text)
{
	const struct script_policy_conf *own = q->conf->own;
	struct script_live *f = script_live_find(SCRIPT_POLICY, own->function);
	struct script_ask *a;
	bool acts;

	ret_text[0] = '\0';
	if (f == NULL || !script_live_is_on(f)) {
		(void)snprintf(ret_text, POLICY_TEXT, "lua function %s is %s", own->function,
		    f != NULL ? script_live_state(f) : "gone");
		return false;
	}
	a = script_ask_live(f, q->group, q->conf->name);
	a->params = own->params;
	script_ask_now(a, NOW_LIMIT_US);
	acts = a->ok && a->decision.act >= SCRIPT_SET;
	*ret = script_wanted(&a->decision, q->desired);
	(void)snprintf(ret_text, POLICY_TEXT, "%.*s", (int)POLICY_TEXT - 1,
	    a->ok ? a->decision.reason : a->error);
	script_ask_free(a);
	return acts;
}

/* ---- tries ---- */

static const struct binding *
binding_of(const char *function)
{
	LIST_EACH(n, &bindings) {
		const struct binding *b = LIST_ITEM(n, struct binding, node);

		if (strcmp(b->function, function) == 0)
			return b;
	}
	return NULL;
}

bool
script_binding(const char *function, const char **ret_group, const char **ret_policy)
{
	const struct binding *b = binding_of(function);

	if (b == NULL)
		return false;
	*ret_group = b->group;
	*ret_policy = b->policy;
	return true;
}

const char *
script_group_of(const struct script *s)
{
	for (unsigned i = 0; i < s->nfns; i++) {
		const struct binding *b = binding_of(s->fns[i].name);

		if (s->fns[i].kind == SCRIPT_POLICY && b != NULL)
			return b->group;
	}
	GROUP_EACH(g)
		return g->name;
	return "";
}

char *
script_cell_of(const struct script *s)
{
	for (unsigned i = 0; i < s->nfns; i++) {
		const struct binding *b = binding_of(s->fns[i].name);

		if (s->fns[i].kind == SCRIPT_POLICY && b != NULL)
			return script_cell(SCRIPT_POLICY, b->group, b->policy, b->function);
	}
	return NULL;
}

struct script_ask *
script_try_of(struct script *s, const struct script_fn *f)
{
	const struct binding *b = binding_of(f->name);
	struct script_ask *a;

	if (f->kind == SCRIPT_POLICY && b != NULL) {
		a = script_ask_new(s, f, b->group, b->policy);
		a->params = b->conf->params;
		return a;
	}
	if (f->kind == SCRIPT_POLICY && f->group != NULL)
		return script_ask_new(s, f, f->group, f->name);
	if (f->kind == SCRIPT_ALARM)
		ALARM_EACH(alarm)
			if (alarm->conf->source == ALARM_OF_KIND &&
			    strcmp(alarm->conf->text, f->name) == 0)
				return script_ask_new(s, f, "", alarm->name);
	return NULL;
}

char *
script_try(struct script *s)
{
	char *error = NULL;

	for (unsigned i = 0; i < s->nfns && error == NULL; i++) {
		struct script_ask *a = script_try_of(s, &s->fns[i]);

		if (a == NULL)
			continue;
		a->is_simulated = true;
		script_ask_now(a, VM_CALL_US);
		if (!a->ok)
			error = xasprintf("%s (%s '%s', tried)", a->error,
			    script_kind_name(s->fns[i].kind), s->fns[i].name);
		script_ask_free(a);
	}
	return error;
}

/* ---- life ---- */

static void
begin(struct group *g, const struct policy_conf *p)
{
	struct binding *b = binding_find(g->name, p->name);
	const struct script_policy_conf *own = p->own;

	if (b == NULL) {
		b = xcalloc(1, sizeof *b);
		b->group = xstrdup(g->name);
		b->policy = xstrdup(p->name);
		sched_timer_init(&b->timer, on_turn);
		list_append(&bindings, &b->node);
	}
	free(b->function);
	b->function = xstrdup(own->function);
	b->conf = own;
	if (sched_is_set(&b->timer) && b->every_us == every_of(own))
		return;
	b->every_us = every_of(own);
	sched_after(&b->timer, b->every_us);
}

static void
binding_free(struct binding *b)
{
	sched_cancel(&b->timer);
	list_del(&b->node);
	free(b->group);
	free(b->policy);
	free(b->function);
	free(b);
}

static void
end(const char *group, const char *policy)
{
	struct binding *b = binding_find(group, policy);

	if (b != NULL)
		binding_free(b);
}

static void
stop(void)
{
	script_asks_stop();
	LIST_EACH_SAFE(n, tmp, &bindings)
		binding_free(LIST_ITEM(n, struct binding, node));
}

static const struct policy_kind kinds[] = {
	{ .name = "lua", .type = "Lua", .rests = true, .parse = parse, .want = want,
	  .trial = &script_trial_policy, .describe = describe, .begin = begin, .end = end },
	{ .name = NULL },
};

const struct policy_kind *
script_policy_kind(void)
{
	return kinds;
}

/* ---- checks over the whole configuration ---- */

static const struct policy_conf *
policy_named(const struct group_conf *g, const char *name)
{
	const struct policy_conf *p = g->policies;

	while (p != NULL && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

/* A script's policy that names its group itself. */
static int
bind_to_group(struct cfg *c, const struct script_conf *sc, const struct script_fn *f)
{
	struct group_conf *g = object_find(c->snap, OBJECT_GROUP, f->group);
	struct script_policy_conf *own;
	struct policy_conf *p, **end;

	if (g == NULL) {
		diag_error(c->diag, "policy '%s' of '%s': there is no scaling-group '%s'.",
		    f->name, sc->path, f->group);
		return -1;
	}
	if (policy_named(g, f->name) != NULL)
		return 0;		/* the configuration has more to say of it */
	own = arena_alloc(c->arena, sizeof *own);
	own->function = arena_strdup(c->arena, f->name);
	p = arena_alloc(c->arena, sizeof *p);
	p->name = own->function;
	p->file = sc->path;
	p->kind = kinds;
	p->own = own;
	p->warmup_us = f->warmup_us;
	p->has_warmup = f->warmup_us != 0;
	for (end = &g->policies; *end != NULL; end = &(*end)->next)
		;
	*end = p;
	return 0;
}

static int
bind_all(struct cfg *c)
{
	int r = 0;

	for (const struct script_conf *sc = script_confs(c->snap); sc != NULL; sc = sc->next)
		for (unsigned i = 0; i < sc->script->nfns; i++)
			if (sc->script->fns[i].group != NULL)
				r |= bind_to_group(c, sc, &sc->script->fns[i]);
	return r;
}

static bool
check_group(struct cfg *c, const struct group_conf *g)
{
	bool ok = true;

	for (const struct policy_conf *p = g->policies; p != NULL; p = p->next) {
		if (p->kind != kinds)
			continue;
		diag_at(c->diag, p->file, p->line);
		ok &= script_need(c, SCRIPT_POLICY, p->name,
		    ((const struct script_policy_conf *)p->own)->function);
	}
	diag_at(c->diag, g->object.file, g->object.line);
	for (unsigned i = 0; i < g->ntermination; i++)
		if (strncmp(g->termination[i], "lua ", 4) == 0)
			ok &= script_need(c, SCRIPT_TERMINATION, "termination",
			    g->termination[i] + 4);
	return ok;
}

/* Whoever names a function of a script names one that is there. */
static int
post(struct cfg *c)
{
	bool ok = true;

	OBJECT_EACH(o, c->snap, OBJECT_GROUP)
		ok &= check_group(c, (const struct group_conf *)(const void *)o);
	OBJECT_EACH(o, c->snap, OBJECT_ALARM) {
		const struct alarm_conf *a = alarm_conf_of(o);

		diag_at(c->diag, o->file, o->line);
		if (a->source == ALARM_OF_KIND)
			ok &= script_need(c, SCRIPT_ALARM, "lua", a->text);
	}
	OBJECT_EACH(o, c->snap, OBJECT_NOTIFIER) {
		const struct notifier_conf *n = (const void *)o;

		diag_at(c->diag, o->file, o->line);
		if (n->function != NULL)
			ok &= script_need(c, SCRIPT_NOTIFIER, "function", n->function);
	}
	return ok && bind_all(c) == 0 ? 0 : -1;
}

static const struct post_row posts[] = { { "lua", post }, { 0 } };

const struct module mod_lua_policy = {
	.name = "lua_policy", .policy_kind = kinds, .post = posts, .stop = stop
};
