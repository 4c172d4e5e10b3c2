/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instance refresh; see refresh.h. Who is to be replaced is fixed when it begins. Each
 * second it looks how many may go; the scaler launches what is then missing. With
 * max-healthy above 100 % the group is wanted larger meanwhile (group.surge), so that
 * new instances come before old ones go.
 *
 * With `on-change refresh` one begins whenever instances are of another version than
 * the configuration's, also when weir comes back.
 *
 * Thread: control; parsing: the one that loads.
 */
#include "ctl/refresh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/feed.h"
#include "ctl/group.h"
#include "ctl/scaler.h"
#include "ctl/scaler_in.h"
#include "event/sched.h"
#include "proxy/log_target.h"

#define SECOND_US	1000000ull
#define STUCK_US	(3600 * SECOND_US)	/* without progress: it has failed */

const struct refresh_conf refresh_default = {
	.min_healthy = 90, .max_healthy = 100, .wait_us = 3600 * SECOND_US,
};

/* ---- parsing ---- */

bool
refresh_percent(const char *word, unsigned max, unsigned *ret)
{
	struct str s = str_of(word);
	uint64_t n;

	if (str_ends(s, STR("%")))
		s.len--;
	if (!str_to_u64(s, &n) || n > max)
		return false;
	*ret = (unsigned)n;
	return true;
}

static int
parse_percent(struct cfg *c, const char *what, const char *word, unsigned max, unsigned *ret)
{
	if (word != NULL && refresh_percent(word, max, ret))
		return 0;
	diag_error(c->diag, "'%s' expects a percentage up to %u%%, not '%s'.", what, max,
	    word != NULL ? word : "");
	return -1;
}

/* checkpoint PCT... wait D */
static int
parse_checkpoints(struct cfg *c, char **args, int nargs, int *i, struct refresh_conf *r)
{
	unsigned pct;

	while (++*i < nargs && strcmp(args[*i], "wait") != 0) {
		if (parse_percent(c, "checkpoint", args[*i], 100, &pct) == -1)
			return -1;
		if (r->ncheckpoints == REFRESH_CHECKPOINTS || (r->ncheckpoints > 0 &&
		    pct <= r->checkpoints[r->ncheckpoints - 1])) {
			diag_error(c->diag, "'checkpoint': percentages have to rise, %u at most.",
			    REFRESH_CHECKPOINTS);
			return -1;
		}
		r->checkpoints[r->ncheckpoints++] = pct;
	}
	if (*i + 1 >= nargs || r->ncheckpoints == 0) {
		diag_error(c->diag, "'checkpoint' expects <percent>... wait <time>.");
		return -1;
	}
	*i += 2;
	return cfg_duration_unit(c, "wait", args[*i - 1], &r->wait_us);
}

static int
parse_option(struct cfg *c, char **args, int nargs, int *i, struct refresh_conf *r)
{
	const char *word = args[*i];

	if (strcmp(word, "checkpoint") == 0)
		return parse_checkpoints(c, args, nargs, i, r);
	*i += 2;
	if (strcmp(word, "min-healthy") == 0)
		return parse_percent(c, word, args[*i - 1], 100, &r->min_healthy);
	if (strcmp(word, "max-healthy") == 0)
		return parse_percent(c, word, args[*i - 1], 200, &r->max_healthy);
	if (strcmp(word, "warmup") == 0 && args[*i - 1] != NULL) {
		r->has_warmup = true;
		return cfg_duration_unit(c, word, args[*i - 1], &r->warmup_us);
	}
	if (strcmp(word, "rollback") == 0) {
		diag_error(c->diag, "'rollback' is not there: what the launch configuration was "
		    "before is gone when a refresh fails.");
		return -1;
	}
	diag_error(c->diag, "'refresh': unexpected '%s'; expects min-healthy, max-healthy, warmup "
	    "or checkpoint.", word);
	return -1;
}

static int
parse_refresh(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct refresh_conf *r = arena_alloc(c->arena, sizeof *r);
	int i = 0;

	(void)row;
	*r = refresh_default;
	while (i < nargs)
		if (parse_option(c, args, nargs, &i, r) == -1)
			return -1;
	if (r->max_healthy < 100) {
		diag_error(c->diag, "'max-healthy' expects a percentage from 100%% to 200%%.");
		return -1;
	}
	group_conf_of(c)->refresh = r;
	return 0;
}

/* ---- how many ---- */

static uint32_t
share(uint32_t of, unsigned pct)
{
	return (uint32_t)(((uint64_t)of * pct + 99) / 100);
}

uint32_t
refresh_may_go(const struct refresh_count *c)
{
	uint32_t least = share(c->desired, c->min_healthy), done = c->total - c->old, goal, n;

	n = c->healthy > least ? c->healthy - least : 0;
	/* a small group: one, when all are there */
	if (n == 0 && c->healthy > 0 && c->healthy >= c->desired + c->surge)
		n = 1;
	goal = share(c->total, c->upto);
	if (done + n > goal)
		n = goal > done ? goal - done : 0;
	return n < c->old ? n : c->old;
}

/* ---- one that runs ---- */

struct refresh {
	struct group	*group;
	char		 id[UUID_TEXT];
	struct refresh_conf conf;	/* its own copy */
	uint64_t	 warmup_us, digest;	/* digest: of the launch configuration */
	const char	*status, *reason;	/* constant */
	bool		 is_running;
	char		(*old)[INSTANCE_ID_MAX + 1];	/* owned: to be replaced */
	unsigned	 total, left, checkpoint;	/* checkpoint: the next one */
	uint64_t	 resume_us;	/* wall: a checkpoint's wait is over */
	uint64_t	 moved_us;	/* wall: the last progress */
	struct sched_timer timer;
};

static void
say(struct refresh *r, const char *status, const char *reason)
{
	char text[200];

	r->status = status;
	r->reason = reason;
	refresh_text(r->group, text, sizeof text);
	log_event(NULL, LOG_L_NOTICE, "group %s refresh %s", r->group->name, text);
	feed_emit(FEED_GROUP, r->group->name, "", "refresh", text);
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
	if (n != r->left)
		r->moved_us = sched_wall_us();
	r->left = n;
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
		say(r, "InProgress", "");
	}
	if (r->checkpoint >= r->conf.ncheckpoints || r->total - r->left <
	    share(r->total, next_checkpoint(r)) ||
	    healthy < r->group->desired + r->group->surge)
		return false;
	r->resume_us = sched_wall_us() + r->conf.wait_us;
	say(r, "InProgress", "waiting at a checkpoint");
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

static void
go_on(struct refresh *r, uint32_t healthy)
{
	struct group *g = r->group;
	struct refresh_count c = { .desired = g->desired, .healthy = healthy, .surge = g->surge,
	    .old = r->left, .total = r->total, .min_healthy = r->conf.min_healthy,
	    .upto = next_checkpoint(r) };
	uint32_t n = refresh_may_go(&c);

	scaler_enter(g->scaler);
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
is_held(const struct group *g)
{
	const char *reason;

	return scaling_is_paused(&reason) || group_is_suspended(g, GROUP_P_REFRESH) ||
	    group_is_suspended(g, GROUP_P_LAUNCH) || group_is_suspended(g, GROUP_P_TERMINATE);
}

static void
on_timer(struct sched_timer *t)
{
	struct refresh *r = CONTAINER_OF(t, struct refresh, timer);
	struct group *g = r->group;
	uint32_t healthy;

	sched_after(t, SECOND_US);
	if (g->conf == NULL || g->is_deleting) {
		end(r, "Failed", "the group goes");
		return;
	}
	count_old(r);
	healthy = count_healthy(r);
	if (r->left == 0 && healthy >= g->desired)
		end(r, "Successful", "");
	else if (is_held(g))
		r->moved_us = sched_wall_us();
	else if (waits_at_checkpoint(r, healthy))
		return;
	else if (sched_wall_us() >= r->moved_us + STUCK_US)
		end(r, "Failed", "no progress for an hour");
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
	free(r->old);
	free(r);
	g->refresh = NULL;
	g->surge = 0;
}

static void
choose(struct refresh *r, bool only_outdated)
{
	struct group *g = r->group;

	r->old = xcalloc(GROUP_SIZE_MAX + 1, sizeof *r->old);
	LIST_EACH(node, &g->instances) {
		const struct instance *i = LIST_ITEM(node, struct instance, node);

		if (!instance_counts(i) || (only_outdated && !instance_is_outdated(i)) ||
		    r->total == GROUP_SIZE_MAX)
			continue;
		memcpy(r->old[r->total++], i->id, sizeof r->old[0]);
	}
	r->left = r->total;
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
	say(r, "InProgress", "");
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

/* One that ended is not begun again for the same text. */
static void
on_publish(struct snapshot *s)
{
	char id[UUID_TEXT];

	(void)s;
	GROUP_EACH(g) {
		struct refresh *r = g->refresh;

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
	group_on_end(forget);
	control_on_publish(on_publish);
	return 0;
}

static const struct kw_row rows[] = {
	{ "refresh", IN_GROUP, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_refresh, 0,
	  "[min-healthy <percent>] [max-healthy <percent>] [warmup <time>] "
	  "[checkpoint <percent>... wait <time>]",
	  "How instances are replaced when all of them are." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

const struct module mod_refresh = { .name = "refresh", .cfg = rows, .start = module_start };
