/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scaling groups; see group.h.
 *
 * A snapshot goes into service in the middle of things, so a group that it makes or
 * changes is only marked there; the scaler looks at it in the next pass of the loop.
 *
 * Thread: control.
 */
#include "ctl/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/epoch.h"
#include "ctl/feed.h"
#include "ctl/group_keep.h"
#include "ctl/instance_past.h"
#include "ctl/scaler.h"
#include "ctl/scaler_in.h"
#include "event/loop.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"

#define HOOKS_MAX	8
#define HOUR_US		(3600ull * 1000000)

struct list groups = { &groups, &groups };

static struct {
	group_fn	*on_end[HOOKS_MAX];
	unsigned	 nend;
	bool		 has_restored;
} state;

/* ---- by name ---- */

struct group *
group_find(const char *name)
{
	GROUP_EACH(g)
		if (!g->is_deleted && strcmp(g->name, name) == 0)
			return g;
	return NULL;
}

const char *
group_nth_name(size_t i, void *unused)
{
	(void)unused;
	GROUP_EACH(g)
		if (!g->is_deleted && i-- == 0)
			return g->name;
	return NULL;
}

/* ---- numbers ---- */

unsigned
group_pending(const struct group *g)
{
	return g->counts[LIFE_PENDING] + g->counts[LIFE_PENDING_WAIT] +
	    g->counts[LIFE_PENDING_PROCEED];
}

unsigned
group_actual(const struct group *g)
{
	return group_pending(g) + group_in_service(g);
}

unsigned
group_terminating(const struct group *g)
{
	return g->counts[LIFE_TERMINATING] + g->counts[LIFE_TERMINATING_WAIT] +
	    g->counts[LIFE_TERMINATING_PROCEED];
}

void
group_instance_moved(struct group *g, enum lifecycle from, enum lifecycle to)
{
	if (from != LIFECYCLE_COUNT)
		g->counts[from]--;
	if (to != LIFECYCLE_COUNT)
		g->counts[to]++;
}

uint32_t
group_cooldown_left_s(const struct group *g)
{
	int64_t end = (int64_t)(g->cooldown_until_us / 1000000), now = sched_wall_s();

	return end > now ? (uint32_t)(end - now) : 0;
}

/* ---- what is said ---- */

void
group_say_sizes(const struct group *g, const char *what, unsigned n, char *buf, unsigned size)
{
	snprintf(buf, size, "AutoScalingGroup %s has min-size=%u, max-size=%u, and "
	    "desired-size=%u. To %s %u more instance%s, please update the AutoScalingGroup sizes "
	    "appropriately.", g->name, g->min, g->max, g->desired, what, n, n == 1 ? "" : "s");
}

void
group_say(const struct group *g, uint32_t from, uint32_t to, const char *text)
{
	char was[16], is[16];

	snprintf(was, sizeof was, "%u", from);
	snprintf(is, sizeof is, "%u", to);
	log_event(NULL, LOG_L_NOTICE, "group %s %u->%u %s", g->name, from, to, text);
	feed_emit(FEED_GROUP, g->name, was, is, text);
}

/* ---- brakes ---- */

static bool
is_recent(const struct group *g, const struct group_change *c)
{
	return c->at_us + g->conf->max_change_us > sched_wall_us();
}

uint32_t
group_change_left(const struct group *g)
{
	const unsigned size = ARRAY_LEN(g->changes);
	unsigned used = 0;

	if (g->conf == NULL || g->conf->max_change == 0)
		return UINT32_MAX;
	for (unsigned i = 0; i < size && i < g->nchanges; i++)
		if (is_recent(g, &g->changes[i]))
			used += (unsigned)abs(g->changes[i].by);
	return used < g->conf->max_change ? g->conf->max_change - used : 0;
}

/* The third change of direction within an hour. */
static void
note_reversal(struct group *g)
{
	uint64_t now = sched_wall_us();

	memmove(g->reversals_us, g->reversals_us + 1,
	    (GROUP_REVERSALS - 1) * sizeof g->reversals_us[0]);
	g->reversals_us[GROUP_REVERSALS - 1] = now;
	if (g->reversals_us[0] == 0 || g->reversals_us[0] + HOUR_US < now)
		return;
	memset(g->reversals_us, 0, sizeof g->reversals_us);
	log_event(NULL, LOG_L_WARNING, "group %s flapping: %u reversals in an hour", g->name,
	    GROUP_REVERSALS);
	feed_emit(FEED_GROUP, g->name, "", "flapping", "3 reversals in an hour");
}

static void
note_change(struct group *g, int by)
{
	const unsigned size = ARRAY_LEN(g->changes);
	int before = g->nchanges > 0 ? g->changes[(g->nchanges - 1) % size].by : 0;

	g->changes[g->nchanges++ % size] = (struct group_change){ sched_wall_us(), by };
	if ((before < 0 && by > 0) || (before > 0 && by < 0))
		note_reversal(g);
}

/* ---- cooldown ---- */

static void
begin_cooldown(struct group *g)
{
	g->cooldown_until_us = sched_wall_us() + g->cooldown_us;
	if (group_actual(g) == g->desired)
		g->is_scaling = false;
	keep_group(g);
}

void
group_cooling_done(struct group *g)
{
	WEIR_ASSERT(g->ncooling > 0);
	if (--g->ncooling == 0)
		begin_cooldown(g);
}

/* ---- desired ---- */

/* The story so far is told when there was nothing left to do. */
static void
say_cause(struct group *g, uint32_t from, uint32_t to, const char *who)
{
	if (group_actual(g) == from || g->cause_len > CAUSE_BYTES / 2)
		g->cause_len = 0;
	g->cause_len = activity_say(g->cause, g->cause_len,
	    "%s changing the desired capacity from %u to %u.", who, from, to);
	group_say(g, from, to, who);
}

void
group_set_desired(struct group *g, uint32_t desired, const char *who, uint64_t cooldown_us,
    char *ret_activity)
{
	uint32_t from = g->desired;

	g->first_begun[0] = '\0';
	if (desired != from) {
		say_cause(g, from, desired, who);
		note_change(g, (int)desired - (int)from);
		g->desired = desired;
		g->cooldown_us = cooldown_us;
		g->is_scaling = cooldown_us != GROUP_NO_COOLDOWN;
		keep_group(g);
		scaler_kick(g);
		if (g->is_scaling && g->nopen == 0 && group_actual(g) == desired)
			begin_cooldown(g);
	}
	if (ret_activity != NULL)
		memcpy(ret_activity, g->first_begun, UUID_TEXT);
}

static uint32_t
clamped(const struct group *g, uint32_t min, uint32_t max)
{
	return g->desired < min ? min : g->desired > max ? max : g->desired;
}

/* Limits only; true: desired does not fit any more. */
static bool
take_size(struct group *g, uint32_t min, uint32_t max)
{
	g->min = min;
	g->max = max;
	return clamped(g, min, max) != g->desired;
}

void
group_set_size(struct group *g, uint32_t min, uint32_t max, const char *who)
{
	uint32_t desired = clamped(g, min, max);
	char text[160];

	if (!take_size(g, min, max)) {
		keep_group(g);
		return;
	}
	snprintf(text, sizeof text, "%s update of AutoScalingGroup constraints to min: %u, "
	    "max: %u, desired: %u", who, min, max, desired);
	group_set_desired(g, desired, text, GROUP_NO_COOLDOWN, NULL);
}

/* ---- from zero ---- */

static void
renew(const struct proxy *px)
{
	queue_renew(px->live);
	for (const struct server *srv = px->server_list; srv != NULL; srv = srv->next)
		queue_kick(px->live, srv->live);
}

/* Requests that wait in its backends; those that came to wait just after a server was
 * up are told now. */
static unsigned
count_waiting(const struct group *g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < g->conf->nbackends; i++) {
		const struct proxy *px = proxy_find(snapshot_current(), g->conf->backends[i],
		    CAP_BACKEND);
		uint32_t len = px != NULL ? atomic_load(&px->live->queue.len) : 0;

		n += len;
		if (len > 0 && atomic_load(&px->live->nusable) > 0)
			renew(px);
	}
	return n;
}

void
group_wake(struct group *g)
{
	if (g->conf == NULL || !g->conf->scales_from_zero || g->is_deleting || g->is_deleted ||
	    count_waiting(g) == 0 || g->desired > 0 || g->max == 0)
		return;
	group_set_desired(g, 1, "a request that waits for the first instance",
	    GROUP_NO_COOLDOWN, NULL);
}

/* ---- life ---- */

void
group_on_end(group_fn *fn)
{
	WEIR_ASSERT(state.nend < HOOKS_MAX);
	state.on_end[state.nend++] = fn;
}

static struct group *
group_new(const char *name)
{
	struct group *g = xcalloc(1, sizeof *g);

	g->name = xstrdup(name);
	uuid_named("scaling-group", name, g->id);
	g->created_us = sched_wall_us();
	list_init(&g->instances);
	list_append(&groups, &g->node);
	scaler_begin(g);
	return g;
}

static void
group_free(struct group *g)
{
	for (unsigned i = 0; i < state.nend; i++)
		state.on_end[i](g);
	if (!control_loop->stopping)
		keep_group_not(g->name);
	if (!control_loop->stopping)
		activities_cancel(g);
	scaler_end(g);
	list_del(&g->node);
	free(g->name);
	free(g->let_go);
	free(g->provider);
	free(g);
}

/* What is needed when its file is gone. */
static void
remember(struct group *g)
{
	free(g->provider);
	g->provider = xstrdup(group_launch(g)->provider_name);
	g->drain_us = g->conf->drain_us;
}

/* Its file says something else, or it is new. */
static void
take_text(struct group *g, const struct group_conf *conf)
{
	g->digest = conf->object.digest;
	g->is_overridden = g->is_deleted = false;
	if (take_size(g, conf->min, conf->max))
		group_set_size(g, conf->min, conf->max, "a user request");
}

static struct group *
find_any(const char *name)
{
	GROUP_EACH(g)
		if (strcmp(g->name, name) == 0)
			return g;
	return NULL;
}

/* Another text of the launch configuration ends what went back to an older one. */
static bool
may_stay_back(const struct group *g, const struct group_conf *conf)
{
	return g->launch_digest == conf->launch->object.digest && g->back->provider != NULL;
}

static void
follow(struct group *g, const struct group_conf *conf)
{
	bool has_changed = g->digest != conf->object.digest ||
	    g->launch_digest != conf->launch->object.digest;

	g->conf = conf;
	g->is_orphaned = false;
	if (g->back != NULL && !may_stay_back(g, conf))
		g->back = NULL;
	if (g->launch_digest != conf->launch->object.digest) {
		g->launch_digest = conf->launch->object.digest;
		keep_group(g);
	}
	remember(g);
	if (g->digest != conf->object.digest)
		take_text(g, conf);
	scaler_configured(g, has_changed);
}

static void
make(const struct group_conf *conf)
{
	struct group *g = group_new(conf->object.name);

	if (kept_restore(g)) {
		follow(g, conf);
		return;
	}
	g->conf = conf;
	g->digest = conf->object.digest;
	g->min = conf->min;
	g->max = conf->max;
	g->launch_digest = conf->launch->object.digest;
	remember(g);
	for (unsigned i = 0; i < GROUP_P_COUNT; i++)
		g->suspended_s[i] = sched_wall_s();
	g->suspended = conf->suspended;
	group_set_desired(g, conf->desired, "a user request created an AutoScalingGroup",
	    GROUP_NO_COOLDOWN, NULL);
	keep_group(g);
	scaler_configured(g, true);	/* of none, too, what there is is asked for */
}

const char *
group_go_back(struct group *g, const char *launch, uint32_t version)
{
	const struct launch_conf *l = launch_kept(launch, version);

	if (l == NULL)
		return "what the launch configuration was before is not known";
	if (l->provider == NULL || strcmp(l->provider_name, g->conf->launch->provider_name) != 0)
		return "what the launch configuration was before is of another provider";
	g->back = l;
	keep_group(g);
	scaler_configured(g, true);
	return NULL;
}

void
group_go_forth(struct group *g)
{
	if (g->back == NULL)
		return;
	g->back = NULL;
	keep_group(g);
}

/* No file has it. */
static void
lose(struct group *g)
{
	enum group_on_remove how = g->conf != NULL ? g->conf->on_remove : GROUP_REFUSE;

	g->conf = NULL;
	if (list_is_empty(&g->instances) && !scaler_has_calls(g)) {
		group_free(g);
		return;
	}
	g->is_orphaned = true;
	if (how == GROUP_TERMINATE)
		(void)group_delete(g, GROUP_DELETE_FORCE);
	else
		log_event(NULL, LOG_L_WARNING, "group %s is in no file any more: its instances "
		    "are kept, nothing is done with them", g->name);
}

/* Groups of the store that no file names, with instances: at the first publish only. */
static void
adopt_left(void)
{
	const char *name;

	if (state.has_restored)
		return;
	state.has_restored = true;
	while ((name = kept_left()) != NULL) {
		struct group *g = group_new(name);

		(void)kept_restore(g);
		lose(g);
	}
	kept_drop();
}

static void
on_publish(struct snapshot *s)
{
	epoch_begin(s->global->state_dir);
	launches_follow(s);
	scaler_hold(true);
	OBJECT_EACH(o, s, OBJECT_LAUNCH)
		(void)launch_version((const struct launch_conf *)(const void *)o);
	GROUP_EACH(g)
		if (object_find(s, OBJECT_GROUP, g->name) == NULL)
			lose(g);
	OBJECT_EACH(o, s, OBJECT_GROUP) {
		const struct group_conf *conf = (const struct group_conf *)(const void *)o;
		struct group *g = find_any(o->name);

		if (g == NULL)
			make(conf);
		else
			follow(g, conf);
	}
	adopt_left();
	scaler_hold(false);
}

/* A reload that forgets a group with instances. */
static void
check_snapshot(struct snapshot *s, struct diag *d)
{
	GROUP_EACH(g) {
		unsigned n = 0;

		if (g->conf == NULL || g->conf->on_remove != GROUP_REFUSE ||
		    object_find(s, OBJECT_GROUP, g->name) != NULL)
			continue;
		LIST_EACH(i, &g->instances)
			n++;
		if (n > 0)
			diag_plain(d, LOG_L_ALERT, "scaling-group %s still has %u instance%s: "
			    "set max 0 first, or 'group delete %s [force|keep]'", g->name, n,
			    n == 1 ? "" : "s", g->name);
	}
}

/* ---- those that were detached ---- */

bool
group_has_let_go(const struct group *g, const char *id)
{
	for (unsigned i = 0; i < g->nlet_go; i++)
		if (strcmp(g->let_go[i], id) == 0)
			return true;
	return false;
}

void
group_let_go(struct group *g, const char *id)
{
	g->let_go = xrealloc(g->let_go, (g->nlet_go + 1) * sizeof *g->let_go);
	snprintf(g->let_go[g->nlet_go++], sizeof *g->let_go, "%s", id);
	keep_group(g);
}

void
group_take_back(struct group *g, const char *id)
{
	for (unsigned i = 0; i < g->nlet_go; i++) {
		if (strcmp(g->let_go[i], id) != 0)
			continue;
		memmove(&g->let_go[i], &g->let_go[i + 1],
		    (g->nlet_go - i - 1) * sizeof *g->let_go);
		g->nlet_go--;
		keep_group(g);
		return;
	}
}

/* ---- deleting ---- */

static void
forget_instances(struct group *g)
{
	LIST_EACH_SAFE(n, tmp, &g->instances)
		instance_forget(LIST_ITEM(n, struct instance, node));
}

void
group_end_instance(struct instance *i)
{
	char cause[CAUSE_BYTES];
	struct leave_why why = { .cause = cause };

	(void)activity_say(cause, 0, "instance %s was taken out of service in response to a user "
	    "request.", i->id);
	(void)instance_leave(i, &why);
}

static void
end_instances(struct group *g)
{
	LIST_EACH_SAFE(n, tmp, &g->instances)
		group_end_instance(LIST_ITEM(n, struct instance, node));
}

const char *
group_delete(struct group *g, enum group_delete_how how)
{
	bool has_instances = !list_is_empty(&g->instances);

	if (how == GROUP_DELETE_EMPTY && has_instances)
		return "You cannot delete an AutoScalingGroup while there are instances or pending "
		    "Spot instance request(s) still in the group.";
	if (how == GROUP_DELETE_EMPTY && g->nopen > 0)
		return "You cannot delete an AutoScalingGroup while there are scaling activities "
		    "in progress for that group.";
	if (how == GROUP_DELETE_FORCE && has_instances && scaler_provider(g) == NULL)
		return "Its provider is in no file: nobody can end its instances. 'keep' lets them "
		    "go.";
	g->is_deleting = true;
	keep_group(g);
	g->min = g->max = g->desired = 0;
	scaler_enter(g->scaler);
	if (how == GROUP_DELETE_KEEP)
		forget_instances(g);
	else
		end_instances(g);
	scaler_leave(g->scaler);
	return NULL;
}

void
group_look_for_end(struct group *g)
{
	if (!g->is_deleting || !list_is_empty(&g->instances) || scaler_has_calls(g))
		return;
	group_say(g, 0, 0, "deleted");
	g->is_deleting = false;
	g->is_deleted = true;
	keep_group(g);
	scaler_later();
}

void
groups_reap(void)
{
	GROUP_EACH(g)
		if (g->is_deleted && g->conf == NULL)
			group_free(g);
}

/* ---- module ---- */

static int
module_start(void)
{
	kept_read();
	control_on_check(check_snapshot);
	control_on_publish(on_publish);
	return 0;
}

static void
module_stop(void)
{
	GROUP_EACH(g) {
		forget_instances(g);
		group_free(g);
	}
	activities_free();
	past_free();
	launches_free();
	memset(&state, 0, sizeof state);
}

const struct module mod_group = { .name = "group", .start = module_start, .stop = module_stop };
