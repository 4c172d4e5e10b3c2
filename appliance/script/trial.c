/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions of scripts in tries; see trial.h.
 *
 * Thread: control.
 */
#include "script/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/xalloc.h"
#include "ctl/group.h"
#include "ctl/policy.h"
#include "event/sched.h"
#include "script/ask.h"
#include "script/unit.h"

#define SLICE_US	400u	/* a part of a command's millisecond */

struct trial {
	struct script	*script;	/* held */
	const struct script_fn *fn;	/* borrowed: of the script */
	char		*group, *name;	/* owned */
	struct arena	*arena;		/* owned: of params */
	struct script_param *params, **params_end;
	uint64_t	 every_us;
	char		*kept;		/* owned: JSON; or NULL */
	char		 reason[SCRIPT_REASON];	/* of its last answer */
	struct script_ask *ask;		/* owned: what it is asked; or NULL */
	const struct trial_view *view;	/* borrowed: of that */
};

/* ---- coming and going ---- */

static struct script *
copy_of(enum script_kind kind, const char *function, char **ret_error)
{
	const struct script_live *f = script_live_find(kind, function);
	const struct script_version *v = f != NULL ?
	    script_unit_version(f->unit, f->unit->version) : NULL;
	struct script_source src;

	if (v == NULL) {
		*ret_error = xasprintf("lua function %s is gone", function);
		return NULL;
	}
	src = script_unit_source(f->unit, v->text, v->len);
	src.is_quiet = true;
	return script_new(&src, sched_wall_us(), ret_error);
}

static void
add_param(struct trial *t, const char *key, size_t len, const char *value)
{
	struct script_param *p = arena_alloc(t->arena, sizeof *p);

	p->key = arena_strndup(t->arena, key, len);
	p->value = arena_strdup(t->arena, value);
	p->next = NULL;
	*t->params_end = p;
	t->params_end = &p->next;
}

static struct trial *
open_function(enum script_kind kind, const char *function, void *draft, char **ret_error)
{
	struct script *s = draft;
	const struct script_fn *fn = s != NULL ? script_find(s, kind, function) : NULL;
	struct trial *t;

	if (fn != NULL)
		script_ref(s);
	else if ((s = copy_of(kind, function, ret_error)) == NULL)
		return NULL;
	t = xcalloc(1, sizeof *t);
	t->script = s;
	t->fn = fn != NULL ? fn : script_find(s, kind, function);
	t->arena = arena_new();
	t->params_end = &t->params;
	return t;
}

/* What it keeps by now is what it begins with. */
static void
name_it(struct trial *t, const char *group, const char *name)
{
	char *key = script_cell(t->fn->kind, group, name, t->fn->name);
	const char *kept = unit_cell(key);

	t->group = xstrdup(group);
	t->name = xstrdup(name);
	t->kept = kept != NULL ? xstrdup(kept) : NULL;
	free(key);
}

static void *
open_policy(const char *group, const char *name, const void *conf, void *draft,
    char **ret_error)
{
	const struct script_policy_conf *own = conf;
	struct trial *t = open_function(SCRIPT_POLICY, own->function, draft, ret_error);

	if (t == NULL)
		return NULL;
	for (const struct script_param *p = own->params; p != NULL; p = p->next)
		add_param(t, p->key, strlen(p->key), p->value);
	t->every_us = own->every_us != 0 ? own->every_us : t->fn->every_us;
	name_it(t, group, name);
	return t;
}

static void *
open_alarm(const char *group, const char *name, const void *conf, void *draft,
    char **ret_error)
{
	struct trial *t = open_function(SCRIPT_ALARM, conf, draft, ret_error);

	if (t == NULL)
		return NULL;
	t->every_us = t->fn->every_us;
	name_it(t, group, name);
	return t;
}

static void
close_it(void *trial)
{
	struct trial *t = trial;

	if (t->ask != NULL)
		script_ask_free(t->ask);
	script_unref(t->script);
	arena_free(t->arena);
	free(t->group);
	free(t->name);
	free(t->kept);
	free(t);
}

static const char *
set(void *trial, const char *setting)
{
	const char *eq = strchr(setting, '=');

	if (eq == NULL || eq == setting)
		return "a parameter is <key>=<value>";
	add_param(trial, setting, (size_t)(eq - setting), eq + 1);
	return NULL;
}

static uint64_t
every_us(const void *trial)
{
	return ((const struct trial *)trial)->every_us;
}

/* ---- questions ---- */

static void
ask(void *trial, const struct trial_view *v)
{
	struct trial *t = trial;
	struct script_ask *a = script_ask_new(t->script, t->fn, t->group, t->name);

	a->now_us = v->at_us;
	a->params = t->params;
	a->reason_prev = t->reason;
	a->is_simulated = true;
	a->view = t->view = v;
	a->kept = &t->kept;
	a->call.slice_us = SLICE_US;
	t->ask = a;
}

static void
take(struct trial *t, const struct script_ask *a, struct trial_answer *ret)
{
	*ret = (struct trial_answer){ .is_error = !a->ok, .used_us = a->call.used_us };
	(void)snprintf(ret->text, sizeof ret->text, "%.*s", (int)sizeof ret->text - 1,
	    a->ok ? a->decision.reason : a->error);
	if (!a->ok)
		return;
	memcpy(t->reason, a->decision.reason, sizeof t->reason);
	if (t->fn->kind == SCRIPT_ALARM) {
		ret->is_there = a->has_state;
		ret->state = a->state;
	} else {
		ret->is_there = a->decision.act >= SCRIPT_SET;
		ret->want = script_wanted(&a->decision, t->view->desired);
	}
}

static bool
run(void *trial, struct trial_answer *ret)
{
	struct trial *t = trial;

	if (!script_ask_slice(t->ask))
		return false;
	take(t, t->ask, ret);
	script_ask_free(t->ask);
	t->ask = NULL;
	return true;
}

const struct trial_ops script_trial_policy = { open_policy, close_it, set, every_us, ask, run };
const struct trial_ops script_trial_alarm = { open_alarm, close_it, set, every_us, ask, run };

/* ---- drafts ---- */

/* The one that is named, else the first that a group asks for, else the first. */
static const struct script_fn *
choose(const struct script *s, const char *function)
{
	const struct script_fn *first = NULL;
	const char *group, *policy;

	if (function != NULL)
		return script_find(s, SCRIPT_POLICY, function);
	for (unsigned i = 0; i < s->nfns; i++) {
		const struct script_fn *f = &s->fns[i];

		if (f->kind != SCRIPT_POLICY)
			continue;
		if (script_binding(f->name, &group, &policy))
			return f;
		first = first != NULL ? first : f;
	}
	return first;
}

/* As its group has it, or would. */
static char *
place(struct script_draft *d, const char *wanted)
{
	const char *group = NULL, *policy = d->fn->name;
	bool is_bound = script_binding(d->fn->name, &group, &policy);
	const struct policy_conf *p;
	const struct group *g;

	if (wanted != NULL && (!is_bound || strcmp(wanted, group) != 0)) {
		group = wanted;
		policy = d->fn->name;
	} else if (!is_bound) {
		group = d->fn->group;
	}
	if (group == NULL)
		return xasprintf("no group asks for '%s': say for which one it is, "
		    "group <group>", d->fn->name);
	g = group_find(group);
	if (g == NULL)
		return xasprintf("there is no group '%s'", group);
	d->group = xstrdup(group);
	p = policy_find(g, policy);
	if (p != NULL && p->kind == script_policy_kind()) {
		d->policy = *p;
		d->own = *(const struct script_policy_conf *)p->own;
	}
	d->own.function = d->fn->name;
	d->policy.own = &d->own;
	d->policy.kind = script_policy_kind();
	d->policy.name = p != NULL ? p->name : d->fn->name;
	return NULL;
}

char *
script_draft_load(struct script_draft *d, const struct script_source *src, uint64_t now_us)
{
	struct script_source quiet = *src;
	char *error = NULL;

	quiet.is_quiet = true;
	d->script = script_new(&quiet, now_us, &error);
	return error;
}

char *
script_draft_choose(struct script_draft *d, const struct script_choice *choice)
{
	d->fn = choose(d->script, choice->function);
	if (d->fn == NULL && choice->function != NULL)
		return xasprintf("it has no policy '%s'", choice->function);
	return d->fn != NULL ? place(d, choice->group) : xstrdup("it has no policy");
}

void
script_draft_close(struct script_draft *d)
{
	script_unref(d->script);
	free(d->group);
}
