/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms when all sections are read: those for each balancer are made, what they
 * name is looked up, and what will not work out as meant is warned of.
 *
 * Thread: the one that loads.
 */
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/alarm_conf.h"
#include "ctl/alarm_rule.h"
#include "ctl/alarm_text.h"
#include "ctl/group_conf.h"
#include "ctl/policy_conf.h"
#include "proxy/balancer.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

static struct alarm_conf *
conf_of(struct object *o)
{
	return (struct alarm_conf *)(void *)o;
}

/* ---- balancer * ---- */

static struct alarm_conf *
copy_for(struct cfg *c, const struct alarm_conf *pattern, const char *balancer)
{
	struct alarm_conf *a = arena_alloc(c->arena, sizeof *a);
	struct metric_key *k = &a->query.key;

	*a = *pattern;
	a->object.name = arena_printf(c->arena, "%s/%s", pattern->object.name, balancer);
	a->is_each_balancer = false;
	for (unsigned i = 0; i < k->ndims; i++)
		if (strcmp(k->dims[i].name, "LoadBalancerName") == 0)
			k->dims[i].value = balancer;
	return a;
}

static bool
is_first_of_balancer(const struct snapshot *s, const struct proxy *at)
{
	for (const struct proxy *px = s->proxies; px != at; px = px->next)
		if ((px->cap & CAP_BACKEND) && strcmp(balancer_of(px), balancer_of(at)) == 0)
			return false;
	return true;
}

/* The pattern at *at makes room for its alarms; returns behind them, NULL: an error. */
static struct object **
expand(struct cfg *c, struct object **at)
{
	struct alarm_conf *pattern = conf_of(*at);
	const struct object *other;

	*at = pattern->object.next;
	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next) {
		struct alarm_conf *a;

		if (!(px->cap & CAP_BACKEND) || !is_first_of_balancer(c->snap, px))
			continue;
		a = copy_for(c, pattern, balancer_of(px));
		if ((other = object_find(c->snap, OBJECT_ALARM, a->object.name)) != NULL) {
			diag_error(c->diag, "alarm '%s': 'balancer *' makes an alarm '%s', which "
			    "is there already (%s:%d).", pattern->object.name, a->object.name,
			    other->file, other->line);
			return NULL;
		}
		a->object.next = *at;
		*at = &a->object;
		at = &a->object.next;
	}
	return at;
}

static int
expand_all(struct cfg *c)
{
	struct object **at = &c->snap->objects->first[OBJECT_ALARM];

	while (*at != NULL) {
		diag_at(c->diag, (*at)->file, (*at)->line);
		if (!conf_of(*at)->is_each_balancer)
			at = &(*at)->next;
		else if ((at = expand(c, at)) == NULL)
			return -1;
	}
	return 0;
}

/* ---- what is named ---- */

static const char *
nth_policy(size_t i, void *arg)
{
	const struct group_conf *g = arg;
	const struct policy_conf *p = g->policies;

	while (p != NULL && i-- > 0)
		p = p->next;
	return p != NULL ? p->name : NULL;
}

static int
check_policy(struct cfg *c, const struct alarm_action *act)
{
	struct group_conf *g = object_need(c, OBJECT_GROUP, "'on'", act->group);
	const char *name, *near;

	if (g == NULL)
		return -1;
	for (size_t i = 0; (name = nth_policy(i, g)) != NULL; i++)
		if (strcmp(name, act->policy) == 0)
			return 0;
	near = str_nearest(act->policy, nth_policy, g);
	if (near != NULL)
		diag_error(c->diag, "'on': scaling-group '%s' has no policy '%s', did you mean "
		    "'%s'?", act->group, act->policy, near);
	else
		diag_error(c->diag, "'on': scaling-group '%s' has no policy '%s'.", act->group,
		    act->policy);
	return -1;
}

static int
check_actions(struct cfg *c, const struct alarm_conf *a)
{
	int r = 0;

	for (const struct alarm_action *act = a->actions; act != NULL; act = act->next) {
		diag_at(c->diag, a->object.file, act->line);
		if (act->what == ALARM_DO_POLICY && check_policy(c, act) == -1)
			r = -1;
		if (act->what == ALARM_DO_NOTIFY &&
		    object_need(c, OBJECT_NOTIFIER, "'on'", act->target) == NULL)
			r = -1;
	}
	return r;
}

static int
check_children(struct cfg *c, const struct alarm_conf *a)
{
	const char *name;
	int r = 0;

	if (a->source != ALARM_OF_RULE || a->rule == NULL)
		return 0;
	for (unsigned i = 0; (name = alarm_rule_child(a->rule, i)) != NULL; i++)
		if (strncmp(name, ALARM_CONDITION_PREFIX, strlen(ALARM_CONDITION_PREFIX)) != 0 &&
		    object_need(c, OBJECT_ALARM, "'rule'", name) == NULL)
			r = -1;
	return r;
}

/* Does a's rule lead to `to`? Each alarm is looked into once. */
static bool
leads_to(struct cfg *c, struct alarm_conf *a, const struct alarm_conf *to)
{
	const char *name;

	if (a->source != ALARM_OF_RULE || a->rule == NULL || a->seen_from == to)
		return false;
	a->seen_from = to;
	for (unsigned i = 0; (name = alarm_rule_child(a->rule, i)) != NULL; i++) {
		struct alarm_conf *child = object_find(c->snap, OBJECT_ALARM, name);

		if (child != NULL && (child == to || leads_to(c, child, to)))
			return true;
	}
	return false;
}

static int
check_circle(struct cfg *c, struct alarm_conf *a)
{
	if (!leads_to(c, a, a))
		return 0;
	diag_error(c->diag, "alarm '%s': its rule leads back to itself.", a->object.name);
	return -1;
}

/* ---- missing data ---- */

static void
set_treat(struct cfg *c, struct alarm_conf *a)
{
	if (!a->has_treat && c->snap->global != NULL)
		a->test.treat = (enum alarm_treat)c->snap->global->missing_data;
	if (a->source == ALARM_OF_METRIC && strcmp(a->query.key.ns, "AWS/DynamoDB") == 0)
		a->test.treat = ALARM_IGNORE;
}

static void
warn_missing(struct cfg *c, const struct alarm_conf *a)
{
	if (a->source == ALARM_OF_METRIC && a->test.treat == ALARM_MISSING &&
	    strcmp(a->query.key.ns, "AWS/ELB") == 0 && strcmp(a->query.key.name, "Latency") == 0)
		diag_warn(c->diag, "alarm '%s': without requests there is no Latency, and the "
		    "state becomes INSUFFICIENT_DATA; consider 'missing-data ignore' or "
		    "'notBreaching'.", a->object.name);
}

/* ---- up and down by one threshold ---- */

static bool
is_up(const struct alarm_conf *a)
{
	return a->test.op == ALARM_GT || a->test.op == ALARM_GE;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_metric(const struct metric_query *a, const struct metric_query *b)
{
	if (strcmp(a->key.ns, b->key.ns) != 0 || !same_text(a->key.name, b->key.name) ||
	    !same_text(a->key.unit, b->key.unit) || a->key.ndims != b->key.ndims ||
	    a->stat != b->stat)
		return false;
	for (unsigned i = 0; i < a->key.ndims; i++) {
		bool is_there = false;

		for (unsigned k = 0; k < b->key.ndims; k++)
			is_there |= strcmp(a->key.dims[i].name, b->key.dims[k].name) == 0 &&
			    strcmp(a->key.dims[i].value, b->key.dims[k].value) == 0;
		if (!is_there)
			return false;
	}
	return true;
}

/* The other one says its own: a warning stands at the later of the two. */
static void
warn_shared(struct cfg *c, const struct alarm_conf *a)
{
	OBJECT_EACH(o, c->snap, OBJECT_ALARM) {
		const struct alarm_conf *b = alarm_conf_of(o);
		struct outbuf v;

		if (b == a)
			return;
		if (a->source != ALARM_OF_METRIC || b->source != ALARM_OF_METRIC ||
		    is_up(a) == is_up(b) || !same_metric(&a->query, &b->query) ||
		    a->test.threshold < b->test.threshold || a->test.threshold > b->test.threshold)
			continue;
		outbuf_init(&v, 0);
		outbuf_double(&v, a->test.threshold);
		diag_at(c->diag, a->object.file, a->threshold_line);
		diag_warn(c->diag, "alarm '%s' shares the threshold %s with '%s', one for more and "
		    "one for less: around it they take turns; let the lower one be lower.",
		    a->object.name, v.data, b->object.name);
		outbuf_fini(&v);
	}
}

static int
check_one(struct cfg *c, struct alarm_conf *a)
{
	int r = check_actions(c, a);

	diag_at(c->diag, a->object.file, a->object.line);
	if (check_children(c, a) == -1 || check_circle(c, a) == -1)
		r = -1;
	set_treat(c, a);
	warn_missing(c, a);
	warn_shared(c, a);
	return r;
}

static int
post_alarms(struct cfg *c)
{
	int r = 0;

	if (c->snap->objects == NULL)
		return 0;
	if (expand_all(c) == -1)
		return -1;
	OBJECT_EACH(o, c->snap, OBJECT_ALARM)
		if (check_one(c, conf_of(o)) == -1)
			r = -1;
	return r;
}

static const struct post_row posts[] = { { "alarms", post_alarms }, { NULL, NULL } };

const struct module mod_alarm_check = { .name = "alarm_check", .post = posts };
