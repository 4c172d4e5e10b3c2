/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of an instance; see instance.h. Each step is taken by instance_step when
 * something was learnt: from the provider, from a check, from a hook.
 *
 * Thread: control.
 */
#include "ctl/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/activity.h"
#include "ctl/control.h"
#include "ctl/group.h"
#include "ctl/group_keep.h"
#include "ctl/instance_past.h"
#include "ctl/instance_server.h"
#include "ctl/policy.h"
#include "ctl/scaler.h"
#include "ctl/warm_pool.h"
#include "event/loop.h"
#include "proxy/log_target.h"

#define BUCKETS	1024u

static struct instance *by_id[BUCKETS];
static instance_gate_fn *gate;
static instance_forget_fn *on_forget;

static const char *const names[LIFECYCLE_COUNT] = {
#define X(id, name) [LIFE_##id] = name,
	LIFECYCLES(X)
#undef X
};

const char *
lifecycle_name(enum lifecycle l)
{
	return names[l];
}

void
instance_set_gate(instance_gate_fn *fn)
{
	gate = fn;
}

void
instance_on_forget(instance_forget_fn *fn)
{
	on_forget = fn;
}

/* ---- by id ---- */

static struct instance **
bucket(const char *id)
{
	return &by_id[str_hash(str_of(id)) % BUCKETS];
}

struct instance *
instance_find(const char *id)
{
	struct instance *i = *bucket(id);

	while (i != NULL && strcmp(i->id, id) != 0)
		i = i->next_by_id;
	return i;
}

static void
unlink_id(struct instance *i)
{
	struct instance **at = bucket(i->id);

	while (*at != i)
		at = &(*at)->next_by_id;
	*at = i->next_by_id;
}

/* ---- what it is ---- */

static bool
counts(enum lifecycle l)
{
	return l == LIFE_PENDING || l == LIFE_PENDING_WAIT || l == LIFE_PENDING_PROCEED ||
	    l == LIFE_IN_SERVICE;
}

bool
instance_counts(const struct instance *i)
{
	return counts(i->lifecycle);
}

bool
instance_is_warm(const struct instance *i)
{
	return i->lifecycle >= LIFE_WARMED_PENDING && i->lifecycle <= LIFE_WARMED_STOPPED;
}

static bool
is_stopped(const struct instance *i)
{
	return i->state == INSTANCE_STOPPED || i->state == INSTANCE_STOPPING;
}

bool
instance_wants_power(const struct instance *i, enum provider_verb *ret)
{
	*ret = i->lifecycle == LIFE_PENDING ? PROVIDER_START : PROVIDER_STOP;
	if (i->lifecycle == LIFE_PENDING)
		return i->state == INSTANCE_STOPPED;
	return i->lifecycle == LIFE_WARMED_PENDING_PROCEED && i->state == INSTANCE_RUNNING &&
	    warm_pool_stops(i->group);
}

bool
instance_is_outdated(const struct instance *i)
{
	const struct launch_conf *l = i->group->conf != NULL ? group_launch(i->group) : NULL;

	return l != NULL && (i->launch_version != launch_version(l) ||
	    strcmp(i->launch_name, l->object.name) != 0);
}

bool
instance_is_serving(const struct instance *i)
{
	if (i->lifecycle != LIFE_IN_SERVICE)
		return false;
	return i->servers == NULL || servers_are_serving(i);
}

const char *
instance_health_name(const struct instance *i)
{
	return i->is_unhealthy ? "Unhealthy" : "Healthy";
}

unsigned
instance_inflight(const struct instance *i)
{
	return servers_inflight(i);
}

static void
move(struct instance *i, enum lifecycle to)
{
	group_instance_moved(i->group, i->lifecycle, to);
	i->lifecycle = to;
	keep_instance(i);
}

/* Those that came while AddToLoadBalancer was suspended stay out for good. */
static bool
has_backends(const struct instance *i)
{
	return !i->stays_out && i->group->conf != NULL && i->group->conf->nbackends > 0;
}

static void
end_activity(struct instance *i, enum activity_status status, const char *message)
{
	if (i->activity != NULL)
		activity_end(i->activity, status, message);
	i->activity = NULL;
}

/* A cooldown waits until an instance serves or is drained: not for its warm-up, not for
 * hooks of its end. */
static void
end_cooling(struct instance *i)
{
	if (i->activity == NULL || !i->activity->begins_cooldown)
		return;
	i->activity->begins_cooldown = false;
	group_cooling_done(i->group);
}

/* ---- into service ---- */

static void
begin_grace(struct instance *i)
{
	const struct group_conf *conf = i->group->conf;

	i->has_passed = false;
	i->running_us = sched_wall_us();
	i->grace_us = i->running_us + (conf != NULL ? conf->grace_us : 0);
}

static void
enter_service(struct instance *i)
{
	i->in_service_us = sched_wall_us();
	i->is_from_pool = false;
	move(i, LIFE_IN_SERVICE);
	end_cooling(i);
	if (i->activity != NULL && i->activity->kind == ACTIVITY_LAUNCH && policy_is_warming(i))
		activity_set(i->activity, ACTIVITY_WARMUP, 90);
	else
		end_activity(i, ACTIVITY_SUCCESSFUL, NULL);
}

static bool
warms_up(const struct instance *i)
{
	return i->activity != NULL && i->activity->status == ACTIVITY_WARMUP;
}

void
instance_look(struct instance *i)
{
	if (warms_up(i) && !policy_is_warming(i)) {
		end_activity(i, ACTIVITY_SUCCESSFUL, NULL);
		scaler_kick(i->group);
	}
	instance_judge(i);
}

/* Running and allowed on: it becomes a server, and when that is enough it serves. */
static void
step_proceed(struct instance *i)
{
	i->stays_out |= group_is_suspended(i->group, GROUP_P_ADD_SERVER) && i->servers == NULL;
	servers_want(i);
	i->has_passed |= has_backends(i) && servers_are_up(i);
	if (has_backends(i) && i->group->conf->check == GROUP_CHECK_ELB && !i->has_passed)
		return;
	enter_service(i);
}

static void
step_pending(struct instance *i)
{
	bool has_place = i->address[0] != '\0' && i->port != 0;

	if (i->state != INSTANCE_RUNNING || (has_backends(i) && !has_place))
		return;
	if (i->running_us == 0)
		begin_grace(i);
	if (gate != NULL && gate(i, true)) {
		move(i, LIFE_PENDING_WAIT);
		if (i->activity != NULL)
			activity_set(i->activity, ACTIVITY_HOOK, 40);
		return;
	}
	move(i, LIFE_PENDING_PROCEED);
	step_proceed(i);
}

/* Its hooks are done: as it shall be, or stopped first. */
static void
step_warm_proceed(struct instance *i)
{
	bool stops = warm_pool_stops(i->group);

	if (i->state != (stops ? INSTANCE_STOPPED : INSTANCE_RUNNING))
		return;
	move(i, stops ? LIFE_WARMED_STOPPED : LIFE_WARMED_RUNNING);
	i->returns = i->is_unhealthy = false;
	end_activity(i, ACTIVITY_SUCCESSFUL, NULL);
}

static void
warm_proceed(struct instance *i)
{
	move(i, LIFE_WARMED_PENDING_PROCEED);
	step_warm_proceed(i);
}

/* One that comes back from the group has had its hooks, and may be stopped already. */
static void
step_warm_pending(struct instance *i)
{
	if (i->state != INSTANCE_RUNNING && !is_stopped(i))
		return;
	if (!i->returns && i->state == INSTANCE_RUNNING && gate != NULL && gate(i, true)) {
		move(i, LIFE_WARMED_PENDING_WAIT);
		if (i->activity != NULL)
			activity_set(i->activity, ACTIVITY_HOOK, 40);
		return;
	}
	warm_proceed(i);
}

void
instance_step(struct instance *i)
{
	struct group *g = i->group;
	enum lifecycle before = i->lifecycle;

	switch (i->lifecycle) {
	case LIFE_PENDING:
		step_pending(i);
		break;
	case LIFE_PENDING_PROCEED:
		step_proceed(i);
		break;
	case LIFE_WARMED_PENDING:
		step_warm_pending(i);
		break;
	case LIFE_WARMED_PENDING_PROCEED:
		step_warm_proceed(i);
		break;
	case LIFE_IN_SERVICE:
		servers_want(i);
		i->has_passed |= servers_are_up(i);
		instance_judge(i);
		break;
	default:
		break;
	}
	if (i->lifecycle != before || i->is_unhealthy)
		scaler_kick(g);
}

/* ---- health ---- */

void
instance_set_unhealthy(struct instance *i, const char *why)
{
	if (i->is_unhealthy == (why != NULL))
		return;
	i->is_unhealthy = why != NULL;
	i->unhealthy_why = why;
	log_event(NULL, LOG_L_NOTICE, "instance %s of group %s is %s%s%s", i->id, i->group->name,
	    instance_health_name(i), why != NULL ? ": " : "", why != NULL ? why : "");
	scaler_kick(i->group);
}

/* Before the first passed check the time to boot counts, or the grace if that is
 * longer; after it each failure. */
static bool
fails_elb(const struct instance *i)
{
	const struct group_conf *conf = i->group->conf;
	uint64_t now = sched_wall_us(), until = i->running_us + conf->boot_timeout_us;

	if (servers_are_up(i))
		return false;
	if (i->has_passed)
		return true;
	return now >= until && now >= i->grace_us;
}

bool
instance_has_ended(const struct instance *i)
{
	return i->state == INSTANCE_SHUTTING_DOWN || i->state == INSTANCE_TERMINATED ||
	    (i->missing_looks >= 2 && group_launch(i->group)->provider->type->owns_all);
}

void
instance_judge(struct instance *i)
{
	const struct group *g = i->group;

	if (g->conf == NULL || i->is_unhealthy || !instance_counts(i) ||
	    group_is_suspended(g, GROUP_P_HEALTH_CHECK))
		return;
	if (i->state == INSTANCE_SHUTTING_DOWN || i->state == INSTANCE_TERMINATED ||
	    i->missing_looks >= 2 || (is_stopped(i) && i->running_us != 0))
		instance_set_unhealthy(i, UNHEALTHY_EC2);
	else if (has_backends(i) && g->conf->check == GROUP_CHECK_ELB && i->running_us != 0 &&
	    i->lifecycle != LIFE_PENDING_WAIT && fails_elb(i))
		instance_set_unhealthy(i, UNHEALTHY_ELB);
	else if ((i->state == INSTANCE_PENDING || is_stopped(i)) &&
	    sched_wall_us() >= i->started_us + group_launch(g)->provider->launch_timeout_us)
		instance_set_unhealthy(i, UNHEALTHY_STATUS);
}

/* ---- out of service ---- */

static bool
is_ending(const struct instance *i)
{
	return (i->lifecycle >= LIFE_TERMINATING && i->lifecycle <= LIFE_TERMINATING_PROCEED) ||
	    (i->lifecycle >= LIFE_WARMED_TERMINATING &&
	    i->lifecycle <= LIFE_WARMED_TERMINATING_PROCEED);
}

static bool
is_leaving(const struct instance *i)
{
	return is_ending(i) || i->lifecycle == LIFE_TERMINATED;
}

static void
begin_drain(struct instance *i, bool is_now)
{
	uint64_t limit_us = is_now ? 0 : i->group->drain_us;

	if (i->servers == NULL || limit_us == 0) {
		servers_cut(i);
		instance_drained(i);
		return;
	}
	if (i->activity != NULL)
		activity_set(i->activity, ACTIVITY_DRAINING, 50);
	servers_drain(i, limit_us);
}

struct activity *
instance_leave(struct instance *i, const struct leave_why *why)
{
	struct group *g = i->group;
	struct activity *a;

	if (is_leaving(i))
		return NULL;
	if (warms_up(i))
		end_activity(i, ACTIVITY_SUCCESSFUL, NULL);
	end_activity(i, ACTIVITY_CANCELLED, "the instance was taken out of service");
	a = i->activity = activity_begin(g, ACTIVITY_TERMINATE, i->id, why->cause);
	activity_set(a, ACTIVITY_IN_PROGRESS, 50);
	if (why->begins_cooldown) {
		a->begins_cooldown = true;
		g->ncooling++;
	}
	i->returns = why->to_pool;
	move(i, instance_is_warm(i) ? LIFE_WARMED_TERMINATING : LIFE_TERMINATING);
	begin_drain(i, why->is_now);
	return a;
}

/* ---- warm pool ---- */

void
instance_to_pool(struct instance *i)
{
	move(i, LIFE_WARMED_PENDING);
}

void
instance_from_pool(struct instance *i, const char *cause, bool begins_cooldown)
{
	struct group *g = i->group;
	struct activity *a = i->activity = activity_begin(g, ACTIVITY_LAUNCH, i->id, cause);

	activity_set_instance(a, i->id, i->zone);
	activity_set(a, ACTIVITY_PRE_SERVICE, 30);
	if (begins_cooldown) {
		a->begins_cooldown = true;
		g->ncooling++;
	}
	i->running_us = i->in_service_us = i->asked_look = 0;
	i->started_us = sched_wall_us();
	i->is_from_pool = true;
	move(i, LIFE_PENDING);
	instance_step(i);
	scaler_kick(g);
}

/* ---- drained ---- */

/* Drained, and no hook holds it: it ends, or it comes into the warm pool. */
static void
leave_at_last(struct instance *i)
{
	bool was_warm = i->lifecycle >= LIFE_WARMED_TERMINATING;

	if (i->returns) {
		servers_remove(i);
		i->asked_look = 0;
		move(i, LIFE_WARMED_PENDING);
		instance_step(i);
	} else {
		move(i, was_warm ? LIFE_WARMED_TERMINATING_PROCEED : LIFE_TERMINATING_PROCEED);
		i->is_ready = true;
	}
	scaler_kick(i->group);
}

static void
drained_to_end(struct instance *i)
{
	end_cooling(i);
	activity_set(i->activity, ACTIVITY_IN_PROGRESS, 50);
	if (gate != NULL && i->missing_looks < 2 && gate(i, false)) {
		move(i, i->lifecycle == LIFE_WARMED_TERMINATING ? LIFE_WARMED_TERMINATING_WAIT :
		    LIFE_TERMINATING_WAIT);
		activity_set(i->activity, ACTIVITY_HOOK, 60);
		return;
	}
	leave_at_last(i);
}

void
instance_drained(struct instance *i)
{
	struct group *g = i->group;

	switch (i->lifecycle) {
	case LIFE_TERMINATING: case LIFE_WARMED_TERMINATING:
		drained_to_end(i);
		break;
	case LIFE_ENTERING_STANDBY:
		servers_remove(i);
		move(i, LIFE_STANDBY);
		end_activity(i, ACTIVITY_SUCCESSFUL, NULL);
		scaler_kick(g);
		break;
	case LIFE_DETACHING:
		move(i, LIFE_DETACHED);
		group_let_go(g, i->id);
		instance_gone(i);
		break;
	default:
		break;
	}
}

static bool
ends_by_hook(const struct instance *i)
{
	return i->lifecycle == LIFE_TERMINATING_WAIT ||
	    i->lifecycle == LIFE_WARMED_TERMINATING_WAIT;
}

void
instance_proceed(struct instance *i)
{
	if (i->lifecycle == LIFE_PENDING_WAIT) {
		move(i, LIFE_PENDING_PROCEED);
		i->running_us = 0;
		begin_grace(i);
		if (i->activity != NULL)
			activity_set(i->activity, ACTIVITY_PRE_SERVICE, 50);
		instance_step(i);
	} else if (i->lifecycle == LIFE_WARMED_PENDING_WAIT) {
		if (i->activity != NULL)
			activity_set(i->activity, ACTIVITY_PRE_SERVICE, 50);
		warm_proceed(i);
		scaler_kick(i->group);
	} else if (ends_by_hook(i)) {
		activity_set(i->activity, ACTIVITY_IN_PROGRESS, 70);
		leave_at_last(i);
	}
}

void
instance_abandon(struct instance *i)
{
	char cause[CAUSE_BYTES];
	struct leave_why why = { .cause = cause, .is_now = true };

	if (ends_by_hook(i)) {
		i->returns = false;
		instance_proceed(i);
		return;
	}
	if (i->lifecycle != LIFE_PENDING_WAIT && i->lifecycle != LIFE_WARMED_PENDING_WAIT)
		return;
	end_activity(i, ACTIVITY_CANCELLED, "a lifecycle hook abandoned the launch");
	(void)activity_say(cause, 0, "instance %s was taken out of service in response to a "
	    "lifecycle hook.", i->id);
	(void)instance_leave(i, &why);
}

/* ---- standby, detaching ---- */

/* desired goes along, as far as min permits. */
static void
decrement(struct group *g)
{
	if (g->desired > g->min)
		g->desired--;
	keep_group(g);
}

struct activity *
instance_enter_standby(struct instance *i, bool decrements)
{
	struct group *g = i->group;
	char cause[CAUSE_BYTES];
	unsigned from = group_actual(g);

	if (i->lifecycle != LIFE_IN_SERVICE)
		return NULL;
	(void)activity_say(cause, 0, "instance %s was moved to standby in response to a user "
	    "request, shrinking the capacity from %u to %u.", i->id, from, from - 1);
	i->activity = activity_begin(g, ACTIVITY_ENTER_STANDBY, i->id, cause);
	activity_set(i->activity, ACTIVITY_IN_PROGRESS, 50);
	if (decrements)
		decrement(g);
	move(i, LIFE_ENTERING_STANDBY);
	begin_drain(i, false);
	scaler_kick(g);
	return i->activity;
}

struct activity *
instance_exit_standby(struct instance *i)
{
	struct group *g = i->group;
	unsigned from = group_actual(g);
	char cause[CAUSE_BYTES];
	struct activity *a;

	if (i->lifecycle != LIFE_STANDBY)
		return NULL;
	(void)activity_say(cause, 0, "instance %s was moved out of standby in response to a user "
	    "request, increasing the capacity from %u to %u.", i->id, from, from + 1);
	a = i->activity = activity_begin(g, ACTIVITY_EXIT_STANDBY, i->id, cause);
	activity_set(a, ACTIVITY_PRE_SERVICE, 30);
	g->desired++;
	keep_group(g);
	i->is_unhealthy = false;
	i->running_us = 0;
	move(i, LIFE_PENDING);
	instance_step(i);
	return a;
}

struct activity *
instance_detach(struct instance *i, bool decrements)
{
	struct group *g = i->group;
	unsigned from = group_actual(g);
	char cause[CAUSE_BYTES];
	struct activity *a;

	if (i->lifecycle != LIFE_IN_SERVICE && i->lifecycle != LIFE_STANDBY)
		return NULL;
	(void)activity_say(cause, 0, "instance %s was detached in response to a user request, "
	    "shrinking the capacity from %u to %u.", i->id, from, from - 1);
	a = i->activity = activity_begin(g, ACTIVITY_DETACH, i->id, cause);
	activity_set(a, ACTIVITY_IN_PROGRESS, 50);
	if (decrements && i->lifecycle == LIFE_IN_SERVICE)
		decrement(g);
	move(i, LIFE_DETACHING);
	begin_drain(i, false);
	scaler_kick(g);
	return a;
}

/* ---- coming and going ---- */

static void
take_place(struct instance *i, const struct provider_instance *p)
{
	unsigned port = p->port;

	i->state = p->state;
	if (p->address[0] != '\0')
		memcpy(i->address, p->address, sizeof i->address);
	if (port == 0 && i->group->conf != NULL)
		port = group_launch(i->group)->instance_port;
	if (port != 0)
		i->port = (uint16_t)port;
	if (p->zone[0] != '\0')
		memcpy(i->zone, p->zone, sizeof i->zone);
}

struct instance *
instance_new(struct group *g, const struct provider_instance *p, const char *launch_name,
    uint32_t launch_version)
{
	struct instance *i = xcalloc(1, sizeof *i);

	WEIR_ASSERT(instance_find(p->id) == NULL);
	i->group = g;
	memcpy(i->id, p->id, sizeof i->id);
	memcpy(i->token, p->token, sizeof i->token);
	i->launch_name = xstrdup(launch_name);
	i->launch_version = launch_version;
	i->launched_us = p->launched_us != 0 ? p->launched_us : sched_wall_us();
	i->started_us = i->launched_us;
	i->is_protected = g->conf != NULL && g->conf->protects_new;
	i->lifecycle = LIFE_PENDING;
	sched_timer_init(&i->drain_limit, NULL);
	list_init(&i->changed);
	take_place(i, p);
	i->state = INSTANCE_PENDING;	/* until instance_told */
	list_append(&g->instances, &i->node);
	i->next_by_id = *bucket(i->id);
	*bucket(i->id) = i;
	group_instance_moved(g, LIFECYCLE_COUNT, LIFE_PENDING);
	keep_instance(i);
	return i;
}

void
instance_restore(struct instance *i, enum lifecycle l)
{
	i->activity = activity_of(i->group->name, i->id);
	i->started_us = sched_wall_us();
	i->state = l == LIFE_PENDING || l == LIFE_WARMED_PENDING ? INSTANCE_PENDING :
	    l == LIFE_WARMED_STOPPED ? INSTANCE_STOPPED : INSTANCE_RUNNING;
	if (l != LIFE_PENDING)
		begin_grace(i);
	i->is_ready = l == LIFE_TERMINATING_PROCEED || l == LIFE_WARMED_TERMINATING_PROCEED;
	if (l == LIFE_IN_SERVICE && i->activity != NULL)
		activity_set(i->activity, ACTIVITY_WARMUP, 90);
	if (i->is_ready && i->activity == NULL)
		i->activity = activity_begin(i->group, ACTIVITY_TERMINATE, i->id, "");
	move(i, l);
}

void
instance_protect(struct instance *i, bool is_on)
{
	i->is_protected = is_on;
	keep_instance(i);
	scaler_kick(i->group);
}

void
instance_told(struct instance *i, const struct provider_instance *p)
{
	char before[sizeof i->address];
	uint16_t port = i->port;

	memcpy(before, i->address, sizeof before);
	i->missing_looks = 0;
	take_place(i, p);
	if (strcmp(before, i->address) != 0 || i->port != port)
		keep_instance(i);
	if (i->state == INSTANCE_TERMINATED && is_ending(i) && i->is_ready) {
		instance_gone(i);
		return;
	}
	instance_judge(i);
	instance_step(i);
}

static void
forget(struct instance *i)
{
	struct group *g = i->group;

	if (on_forget != NULL)
		on_forget(i);
	servers_remove(i);
	if (!control_loop->stopping)
		keep_instance_not(i->id);
	group_instance_moved(g, i->lifecycle, LIFECYCLE_COUNT);
	list_del(&i->node);
	list_del(&i->changed);
	unlink_id(i);
	free(i->launch_name);
	free(i);
}

void
instance_forget(struct instance *i)
{
	if (!control_loop->stopping)
		end_activity(i, ACTIVITY_CANCELLED, "the group let it go");
	forget(i);
}

void
instance_gone(struct instance *i)
{
	struct group *g = i->group;

	end_cooling(i);
	past_add(i);
	end_activity(i, ACTIVITY_SUCCESSFUL, NULL);
	forget(i);
	scaler_kick(g);
}
