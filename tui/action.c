/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plans: what would be sent, how much is asked, what it would do. A row an
 * action; the commands of each are made in action_server.c (servers),
 * action_object.c (alarms, groups, Lua) and command.c (the user's own).
 *
 * A plan is made anew each time from the model as it is: what a dialog shows is
 * what is sent, and the guards are judged again at the moment of sending.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/action_in.h"

/* Lifts read-only: nothing is sent. */
static void
make_nothing(const struct making *mk)
{
	if (mk->m->is_hard_readonly || mk->m->is_replay)
		plan_refuse(mk->p, "this run is read-only for good");
	else
		plan_effect(mk->p, "actions are allowed for the rest of this run");
}

static const struct kind_row kinds[] = {
	{ DO_DRAIN, "drain", ASK_HARD, LEVEL_ADMIN, false, make_state, judge_servers },
	{ DO_MAINT, "maintenance", ASK_HARD, LEVEL_ADMIN, false, make_state, judge_servers },
	{ DO_READY, "ready", ASK_SOFT, LEVEL_ADMIN, false, make_state, judge_servers },
	{ DO_WEIGHT, "weight", ASK_SOFT, LEVEL_ADMIN, false, make_weight, judge_servers },
	{ DO_KILL, "end sessions", ASK_HARD, LEVEL_ADMIN, false, make_kill, judge_kill },
	{ DO_ADDR, "address", ASK_HARD, LEVEL_ADMIN, false, make_addr, NULL },
	{ DO_ACK, "ack", ASK_SOFT, LEVEL_OPERATOR, true, make_alarm, judge_alarm },
	{ DO_UNACK, "unack", ASK_SOFT, LEVEL_OPERATOR, true, make_alarm, judge_alarm },
	{ DO_SILENCE, "silence", ASK_SOFT, LEVEL_OPERATOR, true, make_alarm, judge_alarm },
	{ DO_SET_STATE, "set state", ASK_HARD, LEVEL_ADMIN, true, make_alarm, judge_alarm },
	{ DO_ALARM_ENABLE, "enable", ASK_HARD, LEVEL_ADMIN, true, make_alarm, judge_alarm },
	{ DO_ALARM_DISABLE, "disable", ASK_HARD, LEVEL_ADMIN, true, make_alarm, judge_alarm },
	{ DO_DESIRED, "desired", ASK_HARD, LEVEL_ADMIN, true, make_desired, judge_desired },
	{ DO_SUSPEND, "suspend", ASK_HARD, LEVEL_ADMIN, true, make_processes, judge_processes },
	{ DO_RESUME, "resume", ASK_HARD, LEVEL_ADMIN, true, make_processes, judge_processes },
	{ DO_TERMINATE, "terminate", ASK_HARD, LEVEL_ADMIN, true, make_instance, judge_instance },
	{ DO_DETACH, "detach", ASK_HARD, LEVEL_ADMIN, true, make_instance, judge_instance },
	{ DO_SCALING_PAUSE, "pause scaling", ASK_HARD, LEVEL_ADMIN, true, make_scaling, NULL },
	{ DO_SCALING_RESUME, "resume scaling", ASK_HARD, LEVEL_ADMIN, true, make_scaling, NULL },
	{ DO_POLICY_EXECUTE, "execute", ASK_HARD, LEVEL_ADMIN, true, make_policy, NULL },
	{ DO_LUA_LOAD, "apply", ASK_HARD, LEVEL_ADMIN, true, make_lua, judge_lua },
	{ DO_LUA_ROLL_BACK, "roll back", ASK_HARD, LEVEL_ADMIN, true, make_lua, judge_lua },
	{ DO_LUA_ENABLE, "enable", ASK_HARD, LEVEL_ADMIN, true, make_lua, judge_lua },
	{ DO_LUA_DISABLE, "disable", ASK_HARD, LEVEL_ADMIN, true, make_lua, judge_lua },
	{ DO_RELOAD, "reload", ASK_HARD, LEVEL_ADMIN, true, make_reload, NULL },
	{ DO_ALLOW, "allow actions", ASK_HARD, LEVEL_UNKNOWN, false, make_nothing, NULL },
	{ DO_RAW, "command", ASK_NOTHING, LEVEL_UNKNOWN, false, make_raw, judge_raw }
};
#define NKINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* Acts of the key table that change something. ENABLE and the like depend on the screen:
 * the first of their kinds stands for both. */
static const struct { enum act act; enum action_kind kind; } of_acts[] = {
	{ ACT_DRAIN, DO_DRAIN }, { ACT_MAINT, DO_MAINT }, { ACT_READY, DO_READY },
	{ ACT_WEIGHT_FULL, DO_WEIGHT }, { ACT_WEIGHT_DOWN_10, DO_WEIGHT },
	{ ACT_WEIGHT_DOWN, DO_WEIGHT }, { ACT_WEIGHT_UP, DO_WEIGHT },
	{ ACT_WEIGHT_UP_10, DO_WEIGHT },
	{ ACT_WEIGHT, DO_WEIGHT }, { ACT_KILL, DO_KILL }, { ACT_ACK, DO_ACK },
	{ ACT_DESIRED, DO_DESIRED }, { ACT_UNDO, DO_RAW }, { ACT_SILENCE, DO_SILENCE },
	{ ACT_SET_STATE, DO_SET_STATE }, { ACT_ENABLE, DO_ALARM_ENABLE },
	{ ACT_SUSPEND_GROUP, DO_SUSPEND }, { ACT_TERMINATE, DO_TERMINATE },
	{ ACT_DETACH, DO_DETACH }, { ACT_PAUSE_ALL, DO_SCALING_PAUSE },
	{ ACT_APPLY, DO_LUA_LOAD }, { ACT_ROLL_BACK, DO_LUA_ROLL_BACK }
};

static const struct kind_row *
row_of(enum action_kind k)
{
	size_t i;

	for (i = 0; i < NKINDS; i++)
		if (kinds[i].kind == k)
			return &kinds[i];
	return NULL;
}

const char *
action_name(enum action_kind k)
{
	const struct kind_row *r = row_of(k);

	return r != NULL ? r->name : "";
}

bool
action_is_possible(const struct model *m, enum action_kind k)
{
	const struct kind_row *r = row_of(k);
	const struct host *h;
	unsigned i;

	if (r == NULL)
		return true;
	if (k == DO_ALLOW)
		return m->is_readonly && !m->is_hard_readonly && !m->is_replay;
	if (m->is_readonly || m->is_replay)
		return false;
	for (i = 0; i < m->nhosts; i++) {
		h = m->hosts[i];
		if ((h->level == LEVEL_UNKNOWN || h->level >= r->needs) &&
		    !(r->weir_only && h->kind == HOST_HAPROXY))
			return true;
	}
	return m->nhosts == 0;
}

enum action_kind
action_of_act(enum act a)
{
	size_t i;

	for (i = 0; i < sizeof(of_acts) / sizeof(of_acts[0]); i++)
		if (of_acts[i].act == a)
			return of_acts[i].kind;
	return DO_NOTHING;
}

/* --- Orders --------------------------------------------------------------- */

static struct order *
order_new(struct orders *o, struct host *h, char *command, char *inverse)
{
	struct order *at;

	if (o->n == o->cap) {
		o->cap = o->cap == 0 ? 8 : 2 * o->cap;
		o->at = xrealloc(o->at, o->cap * sizeof(*o->at));
	}
	at = &o->at[o->n++];
	*at = (struct order){ .host = h, .command = command, .inverse = inverse };
	return at;
}

void
orders_add(struct orders *o, struct host *h, const char *command, const char *inverse)
{
	order_new(o, h, xstrdup(command), inverse != NULL ? xstrdup(inverse) : NULL);
}

static void
order_fini(struct order *o)
{
	free(o->command);
	free(o->inverse);
	free(o->before);
	free(o->after);
	free(o->then_command);
}

void
orders_clear(struct orders *o)
{
	unsigned i;

	for (i = 0; i < o->n; i++)
		order_fini(&o->at[i]);
	free(o->at);
	*o = (struct orders){ 0 };
}

void
orders_drop_first(struct orders *o)
{
	order_fini(&o->at[0]);
	memmove(o->at, o->at + 1, --o->n * sizeof(*o->at));
}

struct order *
make_order(const struct making *mk, char *command, char *inverse)
{
	struct order *o = order_new(&mk->p->orders, mk->t->host, command, inverse);

	o->target = (unsigned)(mk->t - mk->p->targets);
	return o;
}

void
order_change(struct order *o, const char *before, const char *after)
{
	o->before = xstrdup(before);
	o->after = xstrdup(after);
}

/* --- Plans ---------------------------------------------------------------- */

void
plan_init(struct plan *p, enum action_kind kind, const char *argument)
{
	*p = (struct plan){ .kind = kind };
	snprintf(p->argument, sizeof(p->argument), "%s", argument != NULL ? argument : "");
}

void
plan_target(struct plan *p, struct host *h, const char *px, const char *sv)
{
	struct target *t;

	p->targets = xrealloc(p->targets, (p->ntargets + 1) * sizeof(*p->targets));
	t = &p->targets[p->ntargets++];
	t->host = h;
	snprintf(t->px, sizeof(t->px), "%s", px);
	snprintf(t->sv, sizeof(t->sv), "%s", sv);
}

void
plan_fini(struct plan *p)
{
	orders_clear(&p->orders);
	free(p->targets);
	free(p->payload);
	*p = (struct plan){ 0 };
}

void
plan_refuse(struct plan *p, const char *fmt, ...)
{
	va_list ap;

	if (p->refused[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(p->refused, sizeof(p->refused), fmt, ap);
	va_end(ap);
}

void
plan_endanger(struct plan *p, const char *word)
{
	if (p->level == ASK_DANGEROUS)
		return;
	p->level = ASK_DANGEROUS;
	snprintf(p->word, sizeof(p->word), "%s", word);
}

void
plan_effect(struct plan *p, const char *fmt, ...)
{
	size_t len = strlen(p->effect);
	va_list ap;

	if (len > 0 && len < sizeof(p->effect) - 3) {
		memcpy(p->effect + len, "; ", 3);
		len += 2;
	}
	va_start(ap, fmt);
	vsnprintf(p->effect + len, sizeof(p->effect) - len, fmt, ap);
	va_end(ap);
}

static const char *const level_names[] = { "", "user", "operator", "admin" };

/* Before its command is made: may it be changed at all? */
static bool
may_change(const struct making *mk, const struct kind_row *k)
{
	const struct host *h = mk->t->host;
	struct plan *p = mk->p;

	if (mk->m->is_replay)
		plan_refuse(p, "this is a recording: nothing can be changed");
	else if (mk->m->is_readonly)
		plan_refuse(p, mk->m->is_hard_readonly ? "read-only" : "read-only; : rw lifts it");
	else if (h->state != HOST_UP)
		plan_refuse(p, "%s is not connected", h->name);
	else if (k->weir_only && h->kind == HOST_HAPROXY)
		plan_refuse(p, "%s is no weir", h->name);
	else if (h->level != LEVEL_UNKNOWN && h->level < k->needs)
		plan_refuse(p, "%s: the socket's level is %s, this needs %s", h->name,
		    level_names[h->level], level_names[k->needs]);
	return p->refused[0] == '\0';
}

/* More than one appliance: the first target's name must be typed. */
static void
judge_hosts(struct plan *p)
{
	unsigned i, others = 0;

	for (i = 1; i < p->orders.n; i++)
		others += p->orders.at[i].host != p->orders.at[0].host;
	if (others == 0 || p->level == ASK_NOTHING)
		return;
	plan_effect(p, "acts on more than one appliance");
	plan_endanger(p, p->targets[0].px[0] != '\0' ? p->targets[0].px : p->targets[0].host->name);
}

void
plan_make(const struct model *m, struct plan *p)
{
	const struct kind_row *k = row_of(p->kind);
	struct making mk = { m, p, NULL };
	unsigned i;

	orders_clear(&p->orders);
	p->refused[0] = p->effect[0] = p->word[0] = '\0';
	p->offers_maint = false;
	if (k == NULL || p->ntargets == 0) {
		plan_refuse(p, "nothing is chosen");
		return;
	}
	p->level = k->level;
	for (i = 0; i < p->ntargets && p->refused[0] == '\0'; i++) {
		mk.t = &p->targets[i];
		if (p->kind == DO_RAW || p->kind == DO_ALLOW || may_change(&mk, k))
			k->make(&mk);
	}
	if (p->refused[0] == '\0' && p->orders.n == 0 && p->kind != DO_ALLOW)
		plan_refuse(p, "nothing to do: %s already", p->argument[0] != '\0' ? p->argument :
		    k->name);
	if (p->refused[0] == '\0' && k->judge != NULL)
		k->judge(m, p);
	judge_hosts(p);
	if (p->refused[0] != '\0')
		orders_clear(&p->orders);
}

/* --- Sending -------------------------------------------------------------- */

static void
followup_add(struct model *m, const struct plan *p, const struct order *o)
{
	const struct target *t = &p->targets[o->target];
	struct ui *ui = m->ui;
	struct followup *f;

	ui->followups = xrealloc(ui->followups, (ui->nfollowups + 1) * sizeof(*ui->followups));
	f = &ui->followups[ui->nfollowups++];
	*f = (struct followup){ .host = o->host, .command = xstrdup(o->then_command),
	    .inverse = xstrdup(o->command), .since_ms = m->now_ms, .sessions = -1 };
	memcpy(f->px, t->px, sizeof(f->px));
	memcpy(f->sv, t->sv, sizeof(f->sv));
}

void
plan_send(struct model *m, struct plan *p)
{
	struct orders *to = &m->ui->orders;
	struct order *o, *at;
	unsigned i;

	for (i = 0; i < p->orders.n; i++) {
		o = &p->orders.at[i];
		if (p->then_maint && o->then_command != NULL)
			followup_add(m, p, o);
		at = order_new(to, o->host, o->command, o->inverse);
		at->before = o->before;
		at->after = o->after;
		at->then_command = o->then_command;
	}
	free(p->orders.at);
	p->orders = (struct orders){ 0 };
	if (p->kind == DO_ALLOW)
		m->is_readonly = false;
	m->ui->order_undoes = p->undoes;
	m->ui->stops_at_failure = p->stops_at_failure;
	m->ui->wishes |= WISH_SEND;
}
