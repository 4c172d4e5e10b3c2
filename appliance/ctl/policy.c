/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scaling policies at work: who triggers one asks for a capacity, which the kind of
 * policy knows; what the group's limits leave of it becomes desired. Every request
 * that changes nothing for a reason is an activity, Cancelled, with the reason; of an
 * alarm that stays in its state once per reason.
 *
 * Of each policy there is a live part, by name, with what became of it; it hangs on its
 * group and is made when it is first needed.
 *
 * Thread: control.
 */
#include "ctl/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/alarm.h"
#include "ctl/control.h"
#include "ctl/group.h"
#include "ctl/place.h"
#include "ctl/policy_conf.h"
#include "ctl/policy_keep.h"
#include "ctl/told.h"
#include "event/loop.h"

#define SECOND_US	1000000u

struct policy_live {
	struct list	 node;
	char		*name;		/* owned */
	const struct policy_kind *kind;
	bool		 is_disabled, is_there;	/* is_there: the snapshot has it */
	uint64_t	 last_us;
	enum policy_result last_result;
	char		 last_reason[POLICY_TEXT];
	struct told	 told;		/* reasons, of an alarm's stay in its state */
};

struct group_policies {
	struct list	 all;		/* struct policy_live */
	/* What policies without cooldown have added and warms up: how many, since when, how
	 * long. settled_us: after the last shrinking of that kind. */
	struct policy_wave w;
};

static struct group_policies *
policies_of(struct group *g)
{
	struct group_policies *gp = g->policies;

	if (gp == NULL) {
		g->policies = gp = xcalloc(1, sizeof *gp);
		list_init(&gp->all);
		(void)wave_kept(g->name, &gp->w);
	}
	return gp;
}

static struct policy_live *
live_find(const struct group *g, const char *name)
{
	struct group_policies *gp = g->policies;

	if (gp == NULL)
		return NULL;
	LIST_EACH(n, &gp->all) {
		struct policy_live *p = LIST_ITEM(n, struct policy_live, node);

		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

static void
restore(const struct group *g, struct policy_live *p)
{
	struct policy_stats st;

	if (!policy_kept(g->name, p->name, &st))
		return;
	p->is_disabled = st.is_disabled;
	p->last_us = st.last_us;
	p->last_result = st.last_result;
	snprintf(p->last_reason, sizeof p->last_reason, "%s", st.last_reason);
}

static void
keep(const struct group *g, const struct policy_live *p)
{
	struct policy_stats st = { p->is_disabled, p->last_us, p->last_result, p->last_reason };

	keep_policy(g->name, p->name, &st);
}

static struct policy_live *
live_of(struct group *g, const struct policy_conf *conf)
{
	struct policy_live *p = live_find(g, conf->name);

	if (p == NULL) {
		p = xcalloc(1, sizeof *p);
		p->name = xstrdup(conf->name);
		p->kind = conf->kind;
		restore(g, p);
		list_append(&policies_of(g)->all, &p->node);
	}
	return p;
}

/* ---- asked for ---- */

const struct policy_conf *
policy_find(const struct group *g, const char *name)
{
	const struct policy_conf *p = g->conf != NULL ? g->conf->policies : NULL;

	while (p != NULL && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

bool
policy_arn(const char *group, const char *policy, char *buf, unsigned size)
{
	const struct group *g = group_find(group);
	const struct snapshot *s = snapshot_current();
	char uuid[UUID_TEXT], *name;

	if (g == NULL || policy_find(g, policy) == NULL)
		return false;
	name = xasprintf("%s/%s", group, policy);
	uuid_named("scaling-policy", name, uuid);
	free(name);
	snprintf(buf, size, "arn:aws:autoscaling:%s:%s:scalingPolicy:%s:autoScalingGroupName/%s:"
	    "policyName/%s", place_region(s), place_account(s), uuid, group, policy);
	return true;
}

void
policy_stats(const struct group *g, const char *name, struct policy_stats *ret)
{
	const struct policy_live *p = live_find(g, name);

	*ret = (struct policy_stats){ .last_reason = "" };
	if (p != NULL)
		*ret = (struct policy_stats){ p->is_disabled, p->last_us, p->last_result,
		    p->last_reason };
}

const char *
policy_result_name(enum policy_result r)
{
	static const char *const names[] = { [POLICY_DONE] = "done",
	    [POLICY_NO_CHANGE] = "no change", [POLICY_IGNORED] = "ignored",
	    [POLICY_UNKNOWN] = "unknown" };

	return names[r];
}

void
policy_enable(struct group *g, const char *name, bool is_enabled)
{
	const struct policy_conf *conf = policy_find(g, name);

	if (conf == NULL)
		return;
	live_of(g, conf)->is_disabled = !is_enabled;
	keep(g, live_of(g, conf));
}

/* ---- limits ---- */

enum policy_result
policy_limit(const struct policy_limits *l, int64_t want, uint32_t *ret_to, char *ret_text)
{
	int64_t by, cur = l->desired;

	ret_text[0] = '\0';
	if (want > cur && cur >= l->max)
		snprintf(ret_text, POLICY_TEXT, "at max size %u", l->max);
	else if (want < cur && cur <= l->min)
		snprintf(ret_text, POLICY_TEXT, "at min size %u", l->min);
	if (ret_text[0] != '\0')
		return POLICY_IGNORED;
	by = (want < l->min ? l->min : want > l->max ? l->max : want) - cur;
	if (by == 0)
		return POLICY_NO_CHANGE;
	if (l->rests && l->is_busy)
		snprintf(ret_text, POLICY_TEXT, "scaling activity in progress");
	else if (l->rests && l->cooldown_left_s > 0)
		snprintf(ret_text, POLICY_TEXT, "cooldown %u s left", l->cooldown_left_s);
	else if (l->change_left == 0)
		snprintf(ret_text, POLICY_TEXT, "max-change reached");
	if (ret_text[0] != '\0')
		return POLICY_IGNORED;
	if (by > (int64_t)l->change_left)
		by = l->change_left;
	else if (by < -(int64_t)l->change_left)
		by = -(int64_t)l->change_left;
	*ret_to = (uint32_t)(cur + by);
	return POLICY_DONE;
}

/* ---- warming up ---- */

void
policy_say_warming(uint32_t n, char *ret_text)
{
	snprintf(ret_text, POLICY_TEXT, "%u instance%s warming up", n, n == 1 ? " is" : "s are");
}

static bool
is_of_wave(const struct group_policies *gp, const struct instance *i)
{
	uint64_t now = sched_wall_us();

	if (gp == NULL || gp->w.nadded == 0)
		return false;
	return i->in_service_us == 0 || (i->in_service_us >= gp->w.wave_us &&
	    now < i->in_service_us + gp->w.warmup_us);
}

/* How many of desired come just now for a policy that has a warm-up. */
static uint32_t
count_warming(struct group *g)
{
	struct group_policies *gp = policies_of(g);
	unsigned actual = group_actual(g);
	uint32_t n = g->desired > actual ? g->desired - actual : 0;

	if (gp->w.nadded == 0)
		return 0;
	LIST_EACH(node, &g->instances) {
		const struct instance *i = LIST_ITEM(node, struct instance, node);

		n += instance_counts(i) && is_of_wave(gp, i);
	}
	if (n == 0)
		gp->w.nadded = 0;
	n = n < gp->w.nadded ? n : gp->w.nadded;
	return n < g->desired ? n : g->desired;
}

static void
note_change(struct group *g, const struct policy_conf *conf, uint32_t to)
{
	struct group_policies *gp = policies_of(g);
	uint64_t warmup_us = policy_warmup_us(g->conf, conf);

	if (to < g->desired) {
		gp->w.settled_us = sched_wall_us() + warmup_us;
		keep_wave(g->name, &gp->w);
		return;
	}
	if (gp->w.nadded == 0)
		gp->w.wave_us = sched_wall_us();
	gp->w.nadded += to - g->desired;
	gp->w.warmup_us = warmup_us;
	keep_wave(g->name, &gp->w);
}

static uint32_t
settling_s(struct group *g)
{
	uint64_t now = sched_wall_us(), until = policies_of(g)->w.settled_us;

	return until > now ? (uint32_t)((until - now + SECOND_US - 1) / SECOND_US) : 0;
}

bool
policy_is_warming(const struct instance *i)
{
	const struct group *g = i->group;

	if (g->conf != NULL && g->conf->has_warmup &&
	    (i->in_service_us == 0 || sched_wall_us() < i->in_service_us + g->conf->warmup_us))
		return true;
	return is_of_wave(g->policies, i);
}

/* ---- what is said ---- */

static void
say_who(const struct policy_conf *p, const struct policy_cause *why, char *buf, size_t size)
{
	const struct alarm *a = why->by == POLICY_BY_ALARM ? alarm_find(why->alarm) : NULL;

	if (why->by == POLICY_BY_ALARM)
		snprintf(buf, size, "a monitor alarm %s in state %s triggered policy %s",
		    why->alarm, a != NULL ? alarm_state_name(a->state) : "ALARM", p->name);
	else if (why->by == POLICY_BY_USER)
		snprintf(buf, size, "a user request executed policy %s", p->name);
	else
		snprintf(buf, size, "policy %s decided (%s)", p->name,
		    why->text != NULL ? why->text : "");
}

/* A person's request is always told; what comes again by itself once per reason. */
static bool
is_told(struct policy_live *p, const struct policy_cause *why, const char *text)
{
	return why->by != POLICY_BY_USER &&
	    told_before(&p->told, why->by == POLICY_BY_ALARM ? why->alarm : "", text);
}

/* The stay in which reasons were told is over. */
static void
begin_stay(struct policy_live *p, const struct policy_cause *why)
{
	if (why->by == POLICY_BY_ALARM && !why->is_repeat)
		told_forget_of(&p->told, why->alarm);
}

/* ---- acting ---- */

struct execution {
	struct group	*g;
	const struct policy_conf *conf;
	const struct policy_cause *why;
	struct policy_live *live;
	struct policy_outcome *ret;
};

static void
note_ignored(struct execution *x)
{
	char cause[CAUSE_BYTES], who[300];
	char *text;

	if (is_told(x->live, x->why, x->ret->text))
		return;
	text = xasprintf("Policy %s ignored: %s", x->conf->name, x->ret->text);
	say_who(x->conf, x->why, who, sizeof who);
	(void)activity_say(cause, 0, "%s, which was ignored: %s.", who, x->ret->text);
	snprintf(x->ret->activity, sizeof x->ret->activity, "%s",
	    activity_note(x->g, text, cause)->id);
	free(text);
}

static void
set_desired(struct execution *x, uint32_t to)
{
	char who[600];

	say_who(x->conf, x->why, who, sizeof who);
	if (!x->conf->kind->rests)
		note_change(x->g, x->conf, to);
	group_set_desired(x->g, to, who, x->conf->kind->rests ?
	    policy_cooldown_us(x->g->conf, x->conf) : GROUP_NO_COOLDOWN, x->ret->activity);
	told_forget(&x->live->told);
}

/* Within limits; what became of it is in x->ret. */
static void
act(struct execution *x, int64_t want)
{
	const struct group *g = x->g;
	struct policy_limits l = { .min = g->min, .max = g->max, .desired = g->desired,
	    .change_left = group_change_left(g), .is_busy = group_is_busy(g),
	    .cooldown_left_s = group_cooldown_left_s(g),
	    .rests = x->conf->kind->rests && x->why->honors_cooldown };
	uint32_t to = 0;

	x->ret->result = policy_limit(&l, want, &to, x->ret->text);
	if (x->ret->result == POLICY_DONE)
		set_desired(x, to);
}

/* Nothing moves, whatever the policy would say; NULL: it may. */
static const char *
held_by(const struct execution *x, char *buf)
{
	const char *reason;

	if (x->live->is_disabled)
		return "policy is disabled";
	if (x->why->by == POLICY_BY_ALARM && group_is_suspended(x->g, GROUP_P_ALARM))
		return "AlarmNotification is suspended";
	if (x->g->is_deleting)
		return "group is being deleted";
	if (!scaling_is_paused(&reason))
		return NULL;
	snprintf(buf, POLICY_TEXT, "scaling is paused%s%s", reason[0] != '\0' ? ": " : "",
	    reason);
	return buf;
}

static void
ask_kind(struct execution *x)
{
	struct policy_ask ask = { .group = x->g->name, .conf = x->conf, .why = x->why,
	    .desired = x->g->desired, .warming = count_warming(x->g),
	    .settling_s = settling_s(x->g), .g = x->g };
	int64_t want;

	if (x->conf->kind->want == NULL)
		snprintf(x->ret->text, POLICY_TEXT, "it acts by itself only");
	else if (x->conf->kind->want(&ask, &want, x->ret->text)) {
		act(x, want);
		return;
	}
	x->ret->result = x->ret->text[0] != '\0' ? POLICY_IGNORED : POLICY_NO_CHANGE;
}

static bool
begin(struct execution *x, const char *group, const char *policy, struct policy_outcome *ret)
{
	*ret = (struct policy_outcome){ .result = POLICY_UNKNOWN };
	x->ret = ret;
	x->g = group_find(group);
	x->conf = x->g != NULL ? policy_find(x->g, policy) : NULL;
	if (x->conf == NULL)
		return false;
	x->live = live_of(x->g, x->conf);
	begin_stay(x->live, x->why);
	return true;
}

static void
end(struct execution *x)
{
	struct policy_live *p = x->live;

	if (x->ret->result == POLICY_IGNORED)
		note_ignored(x);
	p->last_us = sched_wall_us();
	p->last_result = x->ret->result;
	memcpy(p->last_reason, x->ret->text, sizeof p->last_reason);
	if (x->ret->activity[0] != '\0' || x->ret->result == POLICY_DONE)
		keep(x->g, p);
}

/* want NULL: the kind says it. */
static void
decide(struct execution *x, const int64_t *want)
{
	char buf[POLICY_TEXT];
	const char *held = held_by(x, buf);

	if (held != NULL) {
		x->ret->result = POLICY_IGNORED;
		snprintf(x->ret->text, sizeof x->ret->text, "%s", held);
	} else if (want != NULL)
		act(x, *want);
	else
		ask_kind(x);
	end(x);
}

void
policy_execute(const char *group, const char *policy, const struct policy_cause *why,
    struct policy_outcome *ret)
{
	struct execution x = { .why = why };

	if (begin(&x, group, policy, ret))
		decide(&x, NULL);
}

void
policy_apply(const char *group, const char *policy, int64_t capacity, const char *text,
    struct policy_outcome *ret)
{
	struct policy_cause why = { .by = POLICY_BY_ITSELF, .text = text,
	    .honors_cooldown = true, .at_us = sched_wall_us() };
	struct execution x = { .why = &why };

	if (begin(&x, group, policy, ret))
		decide(&x, &capacity);
}

/* ---- life ---- */

static void
live_free(const struct group *g, struct policy_live *p)
{
	if (p->kind->end != NULL)
		p->kind->end(g->name, p->name);
	if (!control_loop->stopping)
		keep_policy_not(g->name, p->name);
	told_forget(&p->told);
	list_del(&p->node);
	free(p->name);
	free(p);
}

static void
on_group_end(struct group *g)
{
	struct group_policies *gp = g->policies;

	if (gp == NULL)
		return;
	LIST_EACH_SAFE(n, tmp, &gp->all)
		live_free(g, LIST_ITEM(n, struct policy_live, node));
	if (!control_loop->stopping)
		keep_wave_not(g->name);
	free(gp);
	g->policies = NULL;
}

static void
follow(struct group *g, const struct policy_conf *conf)
{
	struct policy_live *p = live_of(g, conf);

	if (p->kind != conf->kind && p->kind->end != NULL)
		p->kind->end(g->name, p->name);
	p->kind = conf->kind;
	p->is_there = true;
	if (conf->kind->begin != NULL)
		conf->kind->begin(g, conf);
}

static void
on_publish(struct snapshot *s)
{
	(void)s;
	GROUP_EACH(g) {
		struct group_policies *gp = policies_of(g);

		LIST_EACH(n, &gp->all)
			LIST_ITEM(n, struct policy_live, node)->is_there = false;
		for (const struct policy_conf *p = g->conf != NULL ? g->conf->policies : NULL;
		    p != NULL; p = p->next)
			follow(g, p);
		LIST_EACH_SAFE(n, tmp, &gp->all) {
			struct policy_live *p = LIST_ITEM(n, struct policy_live, node);

			if (!p->is_there)
				live_free(g, p);
		}
	}
}

static int
module_start(void)
{
	policies_kept_read();
	group_on_end(on_group_end);
	control_on_publish(on_publish);
	return 0;
}

const struct module mod_policy = {
	.name = "policy", .start = module_start, .stop = policies_kept_free
};
