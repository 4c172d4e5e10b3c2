/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instance refresh; see refresh.h. Who is to be replaced is fixed when it begins. Each
 * second it looks how many may go; the scaler launches what is then missing. With
 * max-healthy above 100 % the group is wanted larger meanwhile (group.surge), so that
 * new instances come before old ones go.
 *
 * With `on-change refresh` one begins whenever instances are of another version than
 * the configuration's, also when weir comes back. One that runs goes on then.
 *
 * With `rollback` one that fails goes the other way: the group is of the version that
 * most of the old instances were of (group_go_back), and what is not of it is replaced.
 *
 * Thread: control.
 */
#include "ctl/refresh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/feed.h"
#include "ctl/group.h"
#include "ctl/refresh_in.h"
#include "ctl/scaler.h"
#include "ctl/scaler_in.h"
#include "event/loop.h"
#include "event/sched.h"
#include "proxy/log_target.h"

#define SECOND_US	1000000ull
#define STUCK_US	(3600 * SECOND_US)	/* without progress: it has failed */

/* ---- one that runs ---- */

static void
say(struct refresh *r, const char *status, const char *reason)
{
	char text[300];

	snprintf(r->status, sizeof r->status, "%s", status);
	if (reason != r->reason)
		snprintf(r->reason, sizeof r->reason, "%s", reason);
	keep_refresh(r);
	refresh_text(r->group, text, sizeof text);
	log_event(NULL, LOG_L_NOTICE, "group %s refresh %s", r->group->name, text);
	feed_emit(FEED_GROUP, r->group->name, "", "refresh", text);
}

static void
say_running(struct refresh *r, const char *reason)
{
	say(r, r->is_back ? "RollbackInProgress" : "InProgress", reason);
}

static void
end(struct refresh *r, const char *status, const char *reason)
{
	r->is_running = false;
	r->group->surge = 0;
	sched_cancel(&r->timer);
	say(r, status, reason);
	scaler_kick(r->group);
}

bool
refresh_text(const struct group *g, char *buf, unsigned size)
{
	const struct refresh *r = g->refresh;
	unsigned done;

	if (r == NULL)
		return false;
	done = r->total - r->left;
	snprintf(buf, size, "%s %s %u%%: %u of %u replaced%s%s", r->id, r->status,
	    r->total > 0 ? done * 100 / r->total : 100, done, r->total,
	    r->reason[0] != '\0' ? ", " : "", r->reason);
	return true;
}

/* Those that are there still; the others are forgotten. */
static void
count_old(struct refresh *r)
{
	unsigned n = 0;

	for (unsigned k = 0; k < r->left; k++) {
		const struct instance *i = instance_find(r->old[k]);

		if (i == NULL || i->group != r->group || !instance_counts(i))
			continue;
		memmove(r->old[n++], r->old[k], sizeof r->old[0]);
	}
	if (n == r->left)
		return;
	r->moved_us = sched_wall_us();
	r->left = n;
	keep_refresh(r);
}

static bool
is_old(const struct refresh *r, const struct instance *i)
{
	for (unsigned k = 0; k < r->left; k++)
		if (strcmp(r->old[k], i->id) == 0)
			return true;
	return false;
}

/* In service, and if new long enough. */
static uint32_t
count_healthy(const struct refresh *r)
{
	uint64_t now = sched_wall_us();
	uint32_t n = 0;

	LIST_EACH(node, &r->group->instances) {
		const struct instance *i = LIST_ITEM(node, struct instance, node);

		n += instance_is_serving(i) && !i->is_unhealthy &&
		    (is_old(r, i) || now >= i->in_service_us + r->warmup_us);
	}
	return n;
}

static void
take_out(struct instance *i)
{
	char cause[CAUSE_BYTES];
	struct leave_why why = { .cause = cause };

	(void)activity_say(cause, 0, "an instance was taken out of service in response to an "
	    "instance refresh.");
	(void)instance_leave(i, &why);
}

static unsigned
next_checkpoint(const struct refresh *r)
{
	return r->checkpoint < r->conf.ncheckpoints ? r->conf.checkpoints[r->checkpoint] : 100;
}

/* True: the group waits at one. */
static bool
waits_at_checkpoint(struct refresh *r, uint32_t healthy)
{
	if (r->resume_us != 0) {
		if (sched_wall_us() < r->resume_us)
			return true;
		r->resume_us = 0;
		r->moved_us = sched_wall_us();
		r->checkpoint++;
		say_running(r, "");
	}
	if (r->checkpoint >= r->conf.ncheckpoints || r->total - r->left <
	    refresh_share(r->total, next_checkpoint(r)) ||
	    healthy < r->group->desired + r->group->surge)
		return false;
	r->resume_us = sched_wall_us() + r->conf.wait_us;
	say_running(r, "waiting at a checkpoint");
	return true;
}

/* More than desired, as far as max-healthy allows and there is something to replace. */
static void
set_surge(struct refresh *r)
{
	struct group *g = r->group;
	uint32_t most = (uint32_t)((uint64_t)g->desired * r->conf.max_healthy / 100);
	uint32_t surge = most > g->desired ? most - g->desired : 0;

	if (surge == 0 && r->conf.max_healthy > 100)
		surge = 1;
	g->surge = surge < r->left ? surge : r->left;
}

/* On the way back those that never came into service are no loss. */
static void
take_out_pending(struct refresh *r)
{
	for (unsigned k = 0; k < r->left; k++) {
		struct instance *i = instance_find(r->old[k]);

		if (i != NULL && i->lifecycle != LIFE_IN_SERVICE && instance_counts(i))
			take_out(i);
	}
	count_old(r);
}

static void
go_on(struct refresh *r, uint32_t healthy)
{
	struct group *g = r->group;
	struct refresh_count c = { .desired = g->desired, .healthy = healthy, .surge = g->surge,
	    .total = r->total, .min_healthy = r->conf.min_healthy,
	    .upto = next_checkpoint(r) };
	uint32_t n;

	scaler_enter(g->scaler);
	if (r->is_back)
		take_out_pending(r);
	c.old = r->left;
	n = refresh_may_go(&c);
	for (unsigned k = 0; k < r->left && n > 0; k++) {
		struct instance *i = instance_find(r->old[k]);

		if (i == NULL || i->is_protected || i->lifecycle != LIFE_IN_SERVICE)
			continue;
		take_out(i);
		n--;
	}
	count_old(r);
	set_surge(r);
	scaler_kick(g);
	scaler_leave(g->scaler);
}

static bool
has_outdated(const struct group *g)
{
	LIST_EACH(node, &g->instances) {
		const struct instance *i = LIST_ITEM(node, struct instance, node);

		if (instance_counts(i) && instance_is_outdated(i))
			return true;
	}
	return false;
}

static void
choose(struct refresh *r, bool only_outdated)
{
	struct group *g = r->group;

	if (r->old == NULL)
		r->old = xcalloc(GROUP_SIZE_MAX + 1, sizeof *r->old);
	r->total = 0;
	LIST_EACH(node, &g->instances) {
		const struct instance *i = LIST_ITEM(node, struct instance, node);

		if (!instance_counts(i) || (only_outdated && !instance_is_outdated(i)) ||
		    r->total == GROUP_SIZE_MAX)
			continue;
		memcpy(r->old[r->total++], i->id, sizeof r->old[0]);
	}
	r->left = r->total;
}

/* Where a way back would lead: the newest version of those that are replaced. */
static void
note_before(struct refresh *r)
{
	uint64_t age, best = 0;

	for (unsigned k = 0; k < r->left; k++) {
		const struct instance *i = instance_find(r->old[k]);

		age = launch_age(i->launch_name, i->launch_version);
		if (!instance_is_outdated(i) || age <= best)
			continue;
		best = age;
		snprintf(r->before, sizeof r->before, "%s", i->launch_name);
		r->before_version = i->launch_version;
	}
}

static bool
is_held(const struct group *g)
{
	const char *reason;

	return scaling_is_paused(&reason) || group_is_suspended(g, GROUP_P_REFRESH) ||
	    group_is_suspended(g, GROUP_P_LAUNCH) || group_is_suspended(g, GROUP_P_TERMINATE);
}

/* To what was before, if that was something else. */
static const char *
go_back(struct refresh *r)
{
	const char *why;

	if (r->before_version == 0)
		return "there is nothing to go back to";
	if ((why = group_go_back(r->group, r->before, r->before_version)) != NULL)
		return why;
	r->is_back = true;
	r->checkpoint = r->conf.ncheckpoints;
	r->resume_us = 0;
	r->moved_us = sched_wall_us();
	choose(r, true);
	return NULL;
}

static void
fail(struct refresh *r, const char *reason)
{
	char text[sizeof r->reason];
	const char *why;

	if (r->is_back) {
		end(r, "RollbackFailed", reason);
		return;
	}
	why = r->conf.rolls_back ? go_back(r) : NULL;
	snprintf(text, sizeof text, "%s%s%s", reason, why != NULL ? "; " : "",
	    why != NULL ? why : "");
	if (r->is_back) {
		say_running(r, text);
		scaler_kick(r->group);
	} else
		end(r, "Failed", text);
}

static void
on_timer(struct sched_timer *t)
{
	struct refresh *r = CONTAINER_OF(t, struct refresh, timer);
	struct group *g = r->group;
	uint32_t healthy;

	sched_after(t, SECOND_US);
	if (g->conf == NULL || g->is_deleting) {
		r->conf.rolls_back = false;
		fail(r, "the group goes");
		return;
	}
	count_old(r);
	if (r->is_back && r->left == 0 && has_outdated(g))
		choose(r, true);	/* a launch was on its way when it turned */
	healthy = count_healthy(r);
	if (r->left == 0 && healthy >= g->desired)
		end(r, r->is_back ? "RollbackSuccessful" : "Successful",
		    r->is_back ? r->reason : "");
	else if (is_held(g))
		r->moved_us = sched_wall_us();
	else if (waits_at_checkpoint(r, healthy))
		return;
	else if (sched_wall_us() >= r->moved_us + STUCK_US)
		fail(r, "no progress for an hour");
	else if (scaler_is_stopped(g))
		fail(r, "its provider refuses to launch");
	else
		go_on(r, healthy);
}

/* ---- begin and end ---- */

static void
forget(struct group *g)
{
	struct refresh *r = g->refresh;

	if (r == NULL)
		return;
	sched_cancel(&r->timer);
	if (!control_loop->stopping)
		keep_refresh_not(g->name);
	free(r->old);
	free(r);
	g->refresh = NULL;
	g->surge = 0;
}

const char *
refresh_start(struct group *g, const struct refresh_conf *conf, bool only_outdated, char *ret_id)
{
	struct refresh *r = g->refresh;

	if (g->conf == NULL || g->is_deleting)
		return "The group goes, nothing is replaced.";
	if (r != NULL && r->is_running)
		return "An Instance Refresh is already in progress and blocks the execution of "
		    "this Instance Refresh.";
	forget(g);
	group_go_forth(g);
	g->refresh = r = xcalloc(1, sizeof *r);
	r->group = g;
	r->conf = *conf;
	r->warmup_us = conf->has_warmup ? conf->warmup_us : g->conf->has_warmup ?
	    g->conf->warmup_us : g->conf->grace_us;
	r->digest = g->conf->launch->object.digest;
	r->is_running = true;
	r->moved_us = sched_wall_us();
	uuid_random(r->id);
	memcpy(ret_id, r->id, UUID_TEXT);
	choose(r, only_outdated);
	note_before(r);
	say_running(r, "");
	sched_timer_init(&r->timer, on_timer);
	set_surge(r);
	sched_after(&r->timer, 0);
	scaler_kick(g);
	return NULL;
}

const char *
refresh_cancel(struct group *g, char *ret_id)
{
	struct refresh *r = g->refresh;

	if (r == NULL || !r->is_running)
		return "No in progress or pending Instance Refresh found for Auto Scaling group.";
	memcpy(ret_id, r->id, UUID_TEXT);
	end(r, "Cancelled", "as told");
	return NULL;
}

/* With the first configuration: what ran goes on. */
static void
restore(void)
{
	GROUP_EACH(g) {
		struct refresh *r = g->refresh == NULL ? refresh_kept(g->name) : NULL;

		if (r == NULL)
			continue;
		g->refresh = r;
		r->group = g;
		r->moved_us = sched_wall_us();
		sched_timer_init(&r->timer, on_timer);
		if (r->is_running)
			sched_after(&r->timer, SECOND_US);
	}
	refreshes_kept_drop();
}

/* One that ended is not begun again for the same text. */
static void
on_publish(struct snapshot *s)
{
	char id[UUID_TEXT];

	(void)s;
	restore();
	GROUP_EACH(g) {
		struct refresh *r = g->refresh;

		if (r != NULL && r->is_running && r->is_back && g->back == NULL)
			end(r, "Cancelled", "the launch configuration changed meanwhile");
		if (g->conf == NULL || !g->conf->refreshes_on_change || !has_outdated(g) ||
		    (r != NULL && r->digest == g->conf->launch->object.digest))
			continue;
		if (r != NULL && r->is_running)
			end(r, "Cancelled", "the launch configuration changed again");
		(void)refresh_start(g, g->conf->refresh != NULL ? g->conf->refresh :
		    &refresh_default, true, id);
	}
}

static int
module_start(void)
{
	refreshes_kept_read();
	group_on_end(forget);
	control_on_publish(on_publish);
	return 0;
}

const struct module mod_refresh = { .name = "refresh", .start = module_start };
