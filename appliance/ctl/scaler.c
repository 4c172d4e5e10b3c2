/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scaler; see scaler.h. Whatever happens ends in a look at the group: what is there
 * is compared with what is wanted, and the first thing that is due is begun. Looks
 * never nest: who kicks from within only leaves a note, and the look is repeated.
 *
 * Thread: control.
 */
#include "ctl/scaler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/rand.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/alarm.h"
#include "ctl/control.h"
#include "ctl/feed.h"
#include "ctl/group.h"
#include "ctl/instance_server.h"
#include "ctl/scaler_in.h"
#include "ctl/warm_pool.h"
#include "ctl/zones.h"
#include "event/loop.h"
#include "proxy/balancer.h"
#include "proxy/log_target.h"

#define SECOND_US	1000000u
#define LOOKS_MAX	100	/* in a row: more is a mistake of ours */

static struct {
	struct loop_task task;		/* groups to look at, or to free */
	struct sched_timer second;
	bool		 is_held;
	scaler_termination_fn *termination;
} state;

void
scaler_set_termination(scaler_termination_fn *fn)
{
	state.termination = fn;
}

/* ---- zones ---- */

static unsigned
zone_at(struct zone_count *z, unsigned *n, const char *name, bool is_enabled)
{
	unsigned i;

	for (i = 0; i < *n; i++)
		if (strcmp(z[i].name, name) == 0)
			return i;
	if (*n == ZONES_MAX)
		return 0;
	z[i] = (struct zone_count){ .name = name, .is_enabled = is_enabled };
	(*n)++;
	return i;
}

/* The group's own, else the provider's, else the default one; then those in which
 * instances are. */
static unsigned
zones_of(const struct group *g, struct zone_count *z)
{
	const struct group_conf *conf = g->conf;
	const struct provider_conf *p = group_launch(g)->provider;
	unsigned n = 0;

	for (unsigned i = 0; i < conf->nzones; i++)
		(void)zone_at(z, &n, conf->zones[i], true);
	for (unsigned i = 0; conf->nzones == 0 && i < p->nzones; i++)
		(void)zone_at(z, &n, p->zones[i], true);
	if (n == 0)
		(void)zone_at(z, &n, balancer_default_zone(snapshot_current()->global), true);
	LIST_EACH(node, &g->instances) {
		const struct instance *i = LIST_ITEM(node, struct instance, node);

		if (instance_counts(i))
			z[zone_at(z, &n, i->zone, false)].n++;
	}
	for (unsigned i = 0; i < n; i++)
		z[i].has_failed = strcmp(z[i].name, g->scaler->failed_zone) == 0;
	return n;
}

/* ---- unhealthy ones ---- */

/* Unhealthy ones that count still, and those on their way out whose end was not asked for
 * yet. What has ended is apart: the brake is not for it. */
struct sick { unsigned here, ended, going, going_ended; };

static struct sick
count_sick(const struct group *g)
{
	struct sick n = { 0 };

	LIST_EACH(node, &g->instances) {
		const struct instance *i = LIST_ITEM(node, struct instance, node);

		if (!i->is_unhealthy)
			continue;
		if (instance_counts(i))
			*(instance_has_ended(i) ? &n.ended : &n.here) += 1;
		else if (i->lifecycle >= LIFE_TERMINATING &&
		    i->lifecycle <= LIFE_TERMINATING_PROCEED && !i->is_in_call) {
			n.going++;
			n.going_ended += instance_has_ended(i);
		}
	}
	return n;
}

/* Of so many, one at least. */
static unsigned
replaceable(const struct group *g, unsigned n)
{
	unsigned most = n * g->conf->max_replace_pct / 100;

	return most > 0 ? most : 1;
}

/* One alarm for all groups. */
static void
tell_pause(const struct group *last, const char *what)
{
	char text[400];
	bool any = false;

	snprintf(text, sizeof text, "group %s: %s", last->name, what);
	GROUP_EACH(g)
		any |= g->is_replace_paused;
	alarm_condition("Weir/ReplacementPaused", any, text);
}

static void
set_replace_pause(struct group *g, bool is_paused, unsigned unhealthy)
{
	char text[96];

	if (g->is_replace_paused == is_paused)
		return;
	g->is_replace_paused = is_paused;
	snprintf(text, sizeof text, is_paused ? "%u unhealthy at once, more than max-replace "
	    "allows: replacing pauses" : "replacing goes on, %u unhealthy", unhealthy);
	log_event(NULL, is_paused ? LOG_L_ALERT : LOG_L_NOTICE, "group %s: %s", g->name, text);
	feed_emit(FEED_GROUP, g->name, "", is_paused ? "replacing paused" : "replacing", text);
	tell_pause(g, text);
}

static void
end_unhealthy(struct instance *i)
{
	struct group *g = i->group;
	char cause[CAUSE_BYTES];
	struct leave_why why = { .cause = cause };

	(void)activity_say(cause, 0, "an instance was taken out of service in response to %s.",
	    i->unhealthy_why != NULL ? i->unhealthy_why : UNHEALTHY_STATUS);
	why.is_now = i->missing_looks > 0 || i->state != INSTANCE_RUNNING;
	if (instance_leave(i, &why) != NULL)
		g->scaler->nowed++;
}

void
scaler_replace(struct instance *i, const char *why)
{
	instance_set_unhealthy(i, why);
}

static void
replace(struct group *g)
{
	struct sick now = count_sick(g);
	unsigned sick = now.here + now.going - now.going_ended;

	if (now.here + now.ended == 0 || group_is_suspended(g, GROUP_P_REPLACE) ||
	    group_is_suspended(g, GROUP_P_TERMINATE)) {
		if (now.here + now.ended == 0)
			set_replace_pause(g, false, 0);
		return;
	}
	set_replace_pause(g, sick > replaceable(g, group_actual(g) - now.ended +
	    now.going - now.going_ended), sick);
	LIST_EACH_SAFE(n, tmp, &g->instances) {
		struct instance *i = LIST_ITEM(n, struct instance, node);

		if (i->is_unhealthy && instance_counts(i) &&
		    (!g->is_replace_paused || instance_has_ended(i)))
			end_unhealthy(i);
	}
}

/* ---- growing ---- */

static void
launch_cause(struct group *g, unsigned from, unsigned to, char *cause)
{
	struct scaler *sc = g->scaler;
	size_t len = 0;

	if (sc->nowed > 0) {
		(void)activity_say(cause, 0, "an instance was launched in response to an unhealthy "
		    "instance needing to be replaced.");
		return;
	}
	if (g->cause_len > 0) {
		memcpy(cause, g->cause, g->cause_len + 1);
		len = g->cause_len;
	}
	(void)activity_say(cause, len, "an instance was started in response to a difference "
	    "between desired and actual capacity, increasing the capacity from %u to %u.", from,
	    to);
}

/* Those that wait in the warm pool come first; how many are still wanted. */
static unsigned
grow_from_pool(struct group *g, unsigned want)
{
	bool begins_cooldown = g->is_scaling && g->scaler->nowed == 0;
	unsigned actual = group_actual(g);
	char cause[CAUSE_BYTES];
	struct instance *i;

	launch_cause(g, actual, actual + want, cause);
	while (want > 0 && (i = warm_pool_ready(g)) != NULL) {
		instance_from_pool(i, cause, begins_cooldown);
		g->scaler->nowed -= g->scaler->nowed > 0;
		want--;
	}
	return want;
}

static void
grow(struct group *g, unsigned want)
{
	struct scaler *sc = g->scaler;
	unsigned actual, n, count;
	struct zone_count z[ZONES_MAX];
	char cause[CAUSE_BYTES];
	struct launch_order o;
	int at;

	if (group_is_suspended(g, GROUP_P_LAUNCH))
		return;
	want = grow_from_pool(g, want);
	actual = group_actual(g);
	if (want == 0 || sc->launch.state != OP_NONE)
		return;
	if (sc->nowed > 0 && want > sc->nowed)
		want = sc->nowed;
	n = zones_of(g, z);
	if ((at = zones_pick(z, n)) < 0)
		return;
	count = zones_share(z, n, (unsigned)at, want);
	launch_cause(g, actual, actual + want, cause);
	o = (struct launch_order){ .zone = z[at].name, .cause = cause, .count = count,
	    .begins_cooldown = g->is_scaling && sc->nowed == 0 };
	sc->nowed -= sc->nowed > count ? count : sc->nowed;
	(void)operation_launch(sc, &o);
}

/* The warm pool, when nothing else is to be launched. */
static void
fill_pool(struct group *g)
{
	unsigned had = warm_pool_size(g), missing = warm_pool_fit(g), n;
	struct zone_count z[ZONES_MAX];
	char cause[CAUSE_BYTES];
	struct launch_order o = { .cause = cause, .is_warm = true };
	int at;

	if (missing == 0)
		group_launches_well(g);		/* there is nothing left that could fail */
	if (missing == 0 || g->scaler->launch.state != OP_NONE ||
	    group_is_suspended(g, GROUP_P_LAUNCH))
		return;
	n = zones_of(g, z);
	if ((at = zones_pick(z, n)) < 0)
		return;
	(void)activity_say(cause, 0, "an instance was started in response to a difference between "
	    "desired and actual warm pool capacity, increasing the warm pool capacity from %u to "
	    "%u.", had, had + missing);
	o.zone = z[at].name;
	o.count = missing;
	(void)operation_launch(g->scaler, &o);
}

/* ---- shrinking ---- */

struct choice {
	struct victim	 all[GROUP_SIZE_MAX];
	unsigned	 n;
};

/* Those that count, in zones that are the group's or, strays, are not any more. */
static void
candidates(const struct group *g, struct choice *c, bool are_strays)
{
	struct zone_count z[ZONES_MAX];
	unsigned nz = zones_of(g, z);
	const char *launch = group_launch(g)->object.name;
	uint32_t version = launch_version(group_launch(g));

	c->n = 0;
	LIST_EACH(node, &g->instances) {
		struct instance *i = LIST_ITEM(node, struct instance, node);

		if (!instance_counts(i) || c->n == GROUP_SIZE_MAX ||
		    are_strays == z[zone_at(z, &nz, i->zone, false)].is_enabled)
			continue;
		c->all[c->n++] = (struct victim){ .id = i->id, .zone = i->zone, .arg = i,
		    .is_protected = i->is_protected, .launched_us = (int64_t)i->launched_us,
		    .is_current = i->launch_version == version &&
		    strcmp(i->launch_name, launch) == 0,
		    .launch_age = launch_age(i->launch_name, i->launch_version) };
	}
}

static void
drop(struct choice *c, unsigned at)
{
	memmove(&c->all[at], &c->all[at + 1], (c->n - at - 1) * sizeof c->all[0]);
	c->n--;
}

static unsigned
policies_of(const struct group *g, enum victims_policy *list)
{
	unsigned n = 0;

	for (unsigned i = 0; i < g->conf->ntermination; i++)
		if (victims_policy(g->conf->termination[i]) != VICTIMS_POLICIES)
			list[n++] = victims_policy(g->conf->termination[i]);
	if (n == 0)
		list[n++] = VICTIMS_DEFAULT;
	return n;
}

/* What a script says, of those that zone balance allows, one after the other. */
static unsigned
by_script(struct group *g, struct choice *c, unsigned want, scaler_victim_fn *fn, void *arg)
{
	const char *name = g->conf->ntermination > 0 ? g->conf->termination[0] : "";
	struct choice *right;
	uint16_t at[GROUP_SIZE_MAX];
	unsigned done = 0, order;

	if (state.termination == NULL || strncmp(name, "lua ", 4) != 0)
		return 0;
	right = xcalloc(1, sizeof *right);
	for (; done < want; done++) {
		right->n = victims_zones(c->all, c->n, at);
		for (unsigned i = 0; i < right->n; i++)
			right->all[i] = c->all[at[i]];
		if (right->n == 0 ||
		    !state.termination(name + 4, g, right->all, right->n, 1, &order))
			break;
		fn(right->all[order].arg, name, "named by the script", arg);
		drop(c, at[order]);
	}
	free(right);
	return done;
}

/* Each in turn is taken out of the candidates. */
static unsigned
by_policies(struct group *g, struct choice *c, unsigned want, scaler_victim_fn *fn, void *arg)
{
	enum victims_policy list[GROUP_TERMINATION_MAX];
	unsigned nlist = policies_of(g, list), done = 0;
	char reason[VICTIM_REASON];
	const char *policy;
	int at;

	for (; done < want; done++) {
		at = victims_pick(c->all, c->n, list, nlist, (int64_t)sched_wall_us(), rand_below,
		    &policy, reason);
		if (at < 0)
			break;
		fn(c->all[at].arg, policy, reason, arg);
		drop(c, (unsigned)at);
	}
	return done;
}

void
scaler_victims(struct group *g, unsigned n, scaler_victim_fn *fn, void *arg)
{
	struct choice *c = xcalloc(1, sizeof *c);
	unsigned done = 0;

	if (g->conf != NULL) {
		candidates(g, c, true);
		done = by_policies(g, c, n, fn, arg);
		candidates(g, c, false);
		if (done < n)
			done += by_script(g, c, n - done, fn, arg);
		if (done < n)
			(void)by_policies(g, c, n - done, fn, arg);
	}
	free(c);
}

struct chosen {
	struct instance	*all[GROUP_SIZE_MAX];
	unsigned	 n;
};

static void
choose(const struct instance *i, const char *policy, const char *reason, void *arg)
{
	struct chosen *c = arg;

	(void)policy, (void)reason;
	if (c->n < GROUP_SIZE_MAX)
		c->all[c->n++] = (struct instance *)(uintptr_t)i;
}

static void
end_chosen(struct instance *i, unsigned from, unsigned to)
{
	struct group *g = i->group;
	char cause[CAUSE_BYTES];
	struct leave_why why = { .cause = cause, .begins_cooldown = g->is_scaling,
	    .to_pool = warm_pool_wants(g) };
	size_t len = 0;

	if (g->cause_len > 0) {
		memcpy(cause, g->cause, g->cause_len + 1);
		len = g->cause_len;
	}
	len = activity_say(cause, len, "an instance was taken out of service in response to a "
	    "difference between desired and actual capacity, shrinking the capacity from %u to "
	    "%u.", from, to);
	(void)activity_say(cause, len, "instance %s was selected for termination.", i->id);
	(void)instance_leave(i, &why);
}

static void
shrink(struct group *g, unsigned surplus)
{
	struct chosen *c;
	unsigned from = group_actual(g);

	if (group_is_suspended(g, GROUP_P_TERMINATE))
		return;
	if (g->scaler->is_rebalancing && group_pending(g) > 0)
		return;			/* the new one serves first */
	c = xcalloc(1, sizeof *c);
	scaler_victims(g, surplus, choose, c);
	for (unsigned k = 0; k < c->n; k++)
		end_chosen(c->all[k], from, from - c->n);
	free(c);
	g->scaler->is_rebalancing = false;
}

/* ---- spreading ---- */

static void
rebalance(struct group *g)
{
	struct scaler *sc = g->scaler;
	struct zone_count z[ZONES_MAX];
	unsigned n = zones_of(g, z), from, to;
	char cause[CAUSE_BYTES];
	struct launch_order o = { .cause = cause, .count = 1 };

	if (sc->launch.state != OP_NONE || sc->is_rebalancing ||
	    group_is_suspended(g, GROUP_P_REBALANCE) || group_is_suspended(g, GROUP_P_LAUNCH) ||
	    group_pending(g) > 0 ||
	    group_actual(g) >= g->max + zones_margin(g->max) ||
	    !zones_rebalance(z, n, &from, &to))
		return;
	(void)activity_say(cause, 0, "an instance was launched to balance instances in zones %s "
	    "with other zones resulting in more than desired number of instances in the group.",
	    z[to].name);
	o.zone = z[to].name;
	sc->is_rebalancing = true;
	(void)operation_launch(sc, &o);
}

/* ---- the look ---- */

static void
terminate_ready(struct scaler *sc)
{
	if (sc->terminate.state != OP_NONE || sched_is_set(&sc->back_off))
		return;
	LIST_EACH(n, &sc->group->instances) {
		const struct instance *i = LIST_ITEM(n, struct instance, node);

		if (i->is_ready && !i->is_in_call) {
			operation_terminate(sc);
			return;
		}
	}
}

/* A launch that nobody knows the result of: a description has been answered since. */
static void
settle_launch(struct group *g)
{
	struct scaler *sc = g->scaler;

	if (sc->launch.state != OP_UNKNOWN || sc->seen_look <= sc->launch.failed_look)
		return;
	if (sc->launch.is_warm)
		operation_give_up(sc);	/* the pool is filled anew */
	else if (group_actual(g) + sc->launch.count <=
	    g->desired + g->surge + sc->is_rebalancing)
		operation_relaunch(sc);
	else
		operation_give_up(sc);
}

static void
fit(struct group *g)
{
	unsigned goal = g->desired + g->surge, going, actual, want;

	settle_launch(g);
	replace(g);
	going = count_sick(g).going;
	actual = group_actual(g);
	/* the new one is launched after its predecessor's end was asked for */
	want = goal > going ? goal - going : 0;
	if (actual < want)
		grow(g, want - actual);
	else if (actual > goal)
		shrink(g, actual - goal);
	else if (actual == goal && going == 0) {
		rebalance(g);
		g->cause_len = 0;
		g->scaler->nowed = 0;
		fill_pool(g);
	}
	operation_power(g->scaler);
}

/* What came after the group was deleted. */
static void
end_rest(struct group *g)
{
	if (g->scaler->launch.state == OP_UNKNOWN)
		operation_give_up(g->scaler);
	LIST_EACH_SAFE(n, tmp, &g->instances) {
		struct instance *i = LIST_ITEM(n, struct instance, node);

		if (instance_counts(i))
			group_end_instance(i);
	}
}

static void
look(struct group *g)
{
	struct scaler *sc = g->scaler;
	const char *reason;

	if (g->is_deleting)
		end_rest(g);
	if (!sc->is_stopped)
		terminate_ready(sc);
	if (g->conf == NULL || g->is_deleting || g->is_deleted)
		return;
	if (sc->seen_look == 0 && !sc->is_describing && !sched_is_set(&sc->describe_timer))
		operation_describe(sc);		/* what is there from before comes first */
	if (sc->seen_look > 0 && !sc->is_stopped && !scaling_is_paused(&reason) &&
	    !sched_is_set(&sc->back_off))
		fit(g);
}

void
scaler_enter(struct scaler *sc)
{
	sc->depth++;
}

void
scaler_leave(struct scaler *sc)
{
	WEIR_ASSERT(sc->depth > 0);
	if (sc->depth == 1 && sc->is_dirty && !state.is_held) {
		unsigned n = 0;

		for (; sc->is_dirty && n < LOOKS_MAX; n++) {
			sc->is_dirty = false;
			look(sc->group);
		}
		if (sc->is_dirty)
			log_warnx("group %s: no end of looking", sc->group->name);
	}
	if (--sc->depth == 0)
		group_look_for_end(sc->group);
}

void
scaler_kick(struct group *g)
{
	struct scaler *sc = g->scaler;

	sc->is_dirty = true;
	if (state.is_held)
		loop_ready(control_loop, &state.task);
	else if (sc->depth == 0) {
		scaler_enter(sc);
		scaler_leave(sc);
	}
}

/* ---- time ---- */

static void
look_at_instances(struct group *g)
{
	LIST_EACH_SAFE(n, tmp, &g->instances) {
		struct instance *i = LIST_ITEM(n, struct instance, node);

		instance_look(i);
	}
}

static void
on_second(struct sched_timer *t)
{
	GROUP_EACH(g) {
		scaler_enter(g->scaler);
		look_at_instances(g);
		group_wake(g);
		scaler_leave(g->scaler);
	}
	groups_watch();
	sched_after(t, SECOND_US);
}

static void
on_task(struct loop_task *t)
{
	(void)t;
	GROUP_EACH(g) {
		scaler_enter(g->scaler);
		LIST_EACH_SAFE(n, tmp, &g->instances)
			instance_step(LIST_ITEM(n, struct instance, node));
		scaler_leave(g->scaler);
	}
	groups_reap();
}

void
scaler_later(void)
{
	loop_ready(control_loop, &state.task);
}

void
scaler_hold(bool is_on)
{
	state.is_held = is_on;
	if (!is_on)
		scaler_later();
}

/* ---- life ---- */

void
scaler_begin(struct group *g)
{
	struct scaler *sc = g->scaler = xcalloc(1, sizeof *sc);

	sc->group = g;
	operations_begin(sc);
}

void
scaler_end(struct group *g)
{
	operations_cancel(g->scaler);
	free(g->scaler);
	g->scaler = NULL;
}

void
scaler_configured(struct group *g, bool has_changed)
{
	struct scaler *sc = g->scaler;

	if (has_changed) {
		sc->is_stopped = false;
		sc->trouble[0] = '\0';
		sc->back_off_us = 0;
		sched_cancel(&sc->back_off);
	}
	sc->is_dirty = true;
}

const char *
scaler_trouble(const struct group *g, char *buf, unsigned size)
{
	const struct scaler *sc = g->scaler;
	const char *reason;

	if (sc->is_stopped)
		snprintf(buf, size, "stopped until the configuration changes: %s", sc->trouble);
	else if (sched_is_set(&sc->back_off))
		snprintf(buf, size, "again in %llu s: %s", (unsigned long long)
		    (sched_left_us(&sc->back_off) + 999999) / 1000000, sc->trouble);
	else if (scaling_is_paused(&reason))
		snprintf(buf, size, "scaling is paused%s%s", reason[0] != '\0' ? ": " : "", reason);
	else if (g->is_replace_paused)
		snprintf(buf, size, "replacing is paused: too many are unhealthy");
	else
		return NULL;
	return buf;
}

bool
scaler_is_stopped(const struct group *g)
{
	return g->scaler->is_stopped;
}

bool
scaler_has_calls(const struct group *g)
{
	const struct scaler *sc = g->scaler;

	return sc->launch.state != OP_NONE || sc->terminate.state != OP_NONE ||
	    sc->power.state != OP_NONE;
}

unsigned
scaler_launching(const struct group *g)
{
	enum op_state s = g->scaler->launch.state;

	return s == OP_CALLING || s == OP_STORING ? g->scaler->launch.count : 0;
}

bool
scaler_is_storing(const struct group *g)
{
	return g->scaler->launch.state == OP_STORING;
}

static int
module_start(void)
{
	loop_task_init(&state.task, on_task);
	sched_timer_init(&state.second, on_second);
	sched_after(&state.second, SECOND_US);
	servers_start();
	return 0;
}

static void
module_stop(void)
{
	loop_task_cancel(&state.task);
	sched_cancel(&state.second);
	servers_stop();
}

const struct module mod_scaler = { .name = "scaler", .start = module_start, .stop = module_stop };
