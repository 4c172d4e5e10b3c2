/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lifecycle hooks; see hook.h. All hooks of a step run side by side: it goes on when
 * each was completed, and ends with the first that abandons. Heartbeats begin a hook's
 * time anew, for a hundred times or 48 hours at most.
 *
 * Thread: control; parsing: the one that loads.
 */
#include "ctl/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/group.h"
#include "ctl/notify.h"
#include "ctl/place.h"
#include "ctl/row.h"
#include "event/sched.h"
#include "proxy/log_target.h"

#define SECOND_US	1000000ull
#define TIMEOUT_MAX_US	(48 * 3600 * SECOND_US)

/* ---- parsing ---- */

static int
parse_default(struct cfg *c, const char *word, struct hook_conf *h)
{
	h->continues = strcmp(word, "continue") == 0;
	if (h->continues || strcmp(word, "abandon") == 0)
		return 0;
	diag_error(c->diag, "'default' expects 'continue' or 'abandon', not '%s'.", word);
	return -1;
}

static int
parse_option(struct cfg *c, const char *name, const char *word, struct hook_conf *h)
{
	if (word == NULL) {
		diag_error(c->diag, "'hook': something is missing behind '%s'.", name);
		return -1;
	}
	if (strcmp(name, "timeout") == 0)
		return cfg_duration_unit(c, name, word, &h->timeout_us);
	if (strcmp(name, "default") == 0)
		return parse_default(c, word, h);
	if (strcmp(name, "notify") == 0) {
		h->notifier = word;
		return 0;
	}
	if (strcmp(name, "data") == 0) {
		h->data = word;
		return 0;
	}
	diag_error(c->diag, "'hook': unexpected '%s'; expects timeout, default, notify or data.",
	    name);
	return -1;
}

static int
parse_step(struct cfg *c, const char *word, struct hook_conf *h)
{
	h->is_launch = strcmp(word, "launching") == 0;
	if (h->is_launch || strcmp(word, "terminating") == 0)
		return 0;
	diag_error(c->diag, "'hook' expects 'launching' or 'terminating', not '%s'.", word);
	return -1;
}

static int
parse_hook(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct hook_conf **at = &group_conf_of(c)->hooks, *h = arena_alloc(c->arena, sizeof *h);
	unsigned n = 0;

	(void)row;
	for (; *at != NULL; at = &(*at)->next, n++)
		if (strcmp((*at)->name, args[0]) == 0) {
			diag_error(c->diag, "'hook': '%s' is there already.", args[0]);
			return -1;
		}
	if (n == HOOKS_MAX_GROUP) {
		diag_error(c->diag, "'hook': a scaling-group has %u of them at most.",
		    HOOKS_MAX_GROUP);
		return -1;
	}
	*h = (struct hook_conf){ .name = args[0], .data = "", .line = c->line };
	if (parse_step(c, args[1], h) == -1)
		return -1;
	for (int i = 2; i < nargs; i += 2)
		if (parse_option(c, args[i], args[i + 1], h) == -1)
			return -1;
	if (h->timeout_us < SECOND_US || h->timeout_us > TIMEOUT_MAX_US) {
		diag_error(c->diag, "'hook %s': 'timeout' has to be there, from 1s to 48h.",
		    h->name);
		return -1;
	}
	*at = h;
	return 0;
}

static int
check_notifiers(struct cfg *c)
{
	OBJECT_EACH(o, c->snap, OBJECT_GROUP) {
		const struct group_conf *g = (const struct group_conf *)(const void *)o;

		for (const struct hook_conf *h = g->hooks; h != NULL; h = h->next) {
			diag_at(c->diag, o->file, h->line);
			if (h->notifier != NULL && strncmp(h->notifier, "arn:", 4) != 0)
				(void)object_need(c, OBJECT_NOTIFIER, "'hook'", h->notifier);
		}
	}
	diag_at(c->diag, NULL, 0);
	return 0;
}

/* ---- what is waited for ---- */

struct hook_wait;

struct hook_open {
	struct hook_wait *wait;
	char		*name;		/* owned */
	char		 token[UUID_TEXT];
	uint64_t	 timeout_us, limit_us;	/* limit: wall, no heartbeat goes beyond */
	bool		 continues, is_done;
	struct sched_timer timer;
};

struct hook_wait {
	struct instance	*instance;
	bool		 is_launch;
	unsigned	 n, ndone;
	struct hook_open all[];
};

static void
wait_free(struct instance *i)
{
	struct hook_wait *w = i->hook;

	if (w == NULL)
		return;
	for (unsigned k = 0; k < w->n; k++) {
		sched_cancel(&w->all[k].timer);
		free(w->all[k].name);
	}
	free(w);
	i->hook = NULL;
}

/* The wait is over, and with it `w`. */
static void
finish(struct hook_wait *w, bool is_abandoned)
{
	struct instance *i = w->instance;

	wait_free(i);
	if (is_abandoned)
		instance_abandon(i);
	else
		instance_proceed(i);
}

static void
complete(struct hook_open *h, bool is_abandoned, const char *why)
{
	struct hook_wait *w = h->wait;

	log_event(NULL, LOG_L_NOTICE, "instance %s: hook %s %s (%s)", w->instance->id, h->name,
	    is_abandoned ? "ABANDON" : "CONTINUE", why);
	h->is_done = true;
	sched_cancel(&h->timer);
	w->ndone++;
	if (is_abandoned || w->ndone == w->n)
		finish(w, is_abandoned);
}

static void
on_timeout(struct sched_timer *t)
{
	struct hook_open *h = CONTAINER_OF(t, struct hook_open, timer);

	complete(h, !h->continues, "its time is over");
}

/* ---- who is told ---- */

/* Where it comes from and where it goes, in the words of the AWS. */
static void
put_way(struct outbuf *b, const struct instance *i, bool is_launch)
{
	const char *from = "EC2", *to = "EC2";

	if (is_launch) {
		from = i->is_from_pool ? "WarmPool" : "EC2";
		to = instance_is_warm(i) ? "WarmPool" : "AutoScalingGroup";
	} else {
		from = i->lifecycle == LIFE_TERMINATING ? "AutoScalingGroup" : "WarmPool";
		to = i->returns ? "WarmPool" : "EC2";
	}
	row_put_text(b, "Origin", from);
	row_put_text(b, "Destination", to);
}

static void
tell(const struct hook_open *h, const struct hook_conf *conf, const struct instance *i)
{
	char *subject = xasprintf("Auto Scaling:  Lifecycle action '%s' for instance %s in "
	    "progress.", conf->is_launch ? "LAUNCHING" : "TERMINATING", i->id);
	struct notice n = { .kind = "hook", .source = i->group->name, .subject = subject,
	    .state = "" };
	time_t now = (time_t)sched_wall_s();
	struct outbuf b;
	char text[40];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
	outbuf_init(&b, 0);
	outbuf_z(&b, "{");
	row_put_text(&b, "AutoScalingGroupName", i->group->name);
	row_put_text(&b, "Service", "AWS Auto Scaling");
	row_put_text(&b, "Time", text);
	row_put_text(&b, "AccountId", place_account(snapshot_current()));
	row_put_text(&b, "LifecycleTransition", conf->is_launch ?
	    "autoscaling:EC2_INSTANCE_LAUNCHING" : "autoscaling:EC2_INSTANCE_TERMINATING");
	row_put_text(&b, "LifecycleHookName", conf->name);
	row_put_text(&b, "LifecycleActionToken", h->token);
	row_put_text(&b, "EC2InstanceId", i->id);
	put_way(&b, i, conf->is_launch);
	if (conf->data[0] != '\0')
		row_put_text(&b, "NotificationMetadata", conf->data);
	outbuf_z(&b, "}");
	n.json = b.data;
	(void)notify_send(conf->notifier, &n);
	outbuf_fini(&b);
	free(subject);
}

/* ---- the gate ---- */

static void
open_one(struct hook_wait *w, const struct hook_conf *conf)
{
	struct hook_open *h = &w->all[w->n++];
	uint64_t limit_us = 100 * conf->timeout_us;

	*h = (struct hook_open){ .wait = w, .name = xstrdup(conf->name),
	    .timeout_us = conf->timeout_us, .continues = conf->continues };
	h->limit_us = sched_wall_us() + (limit_us < TIMEOUT_MAX_US ? limit_us : TIMEOUT_MAX_US);
	uuid_random(h->token);
	sched_timer_init(&h->timer, on_timeout);
	sched_after(&h->timer, h->timeout_us);
}

static bool
gate(struct instance *i, bool is_launch)
{
	const struct group_conf *g = i->group->conf;
	struct hook_wait *w;
	unsigned n = 0, k = 0;

	wait_free(i);
	for (const struct hook_conf *h = g != NULL ? g->hooks : NULL; h != NULL; h = h->next)
		n += h->is_launch == is_launch;
	if (n == 0)
		return false;
	i->hook = w = xcalloc(1, sizeof *w + n * sizeof w->all[0]);
	w->instance = i;
	w->is_launch = is_launch;
	for (const struct hook_conf *h = g->hooks; h != NULL; h = h->next)
		if (h->is_launch == is_launch)
			open_one(w, h);
	for (const struct hook_conf *h = g->hooks; h != NULL; h = h->next) {
		if (h->is_launch != is_launch)
			continue;
		if (h->notifier != NULL)
			tell(&w->all[k], h, i);
		k++;
	}
	return true;
}

/* ---- by people and programs ---- */

const struct hook_conf *
hook_find(const struct group *g, const char *name)
{
	const struct hook_conf *h = g->conf != NULL ? g->conf->hooks : NULL;

	while (h != NULL && strcmp(h->name, name) != 0)
		h = h->next;
	return h;
}

static bool
is_waiting(const struct instance *i)
{
	return i->hook != NULL && (i->lifecycle == LIFE_PENDING_WAIT ||
	    i->lifecycle == LIFE_TERMINATING_WAIT || i->lifecycle == LIFE_WARMED_PENDING_WAIT ||
	    i->lifecycle == LIFE_WARMED_TERMINATING_WAIT);
}

static struct hook_open *
find_open(struct group *g, const char *hook, const char *who)
{
	LIST_EACH(node, &g->instances) {
		struct instance *i = LIST_ITEM(node, struct instance, node);
		struct hook_wait *w = i->hook;

		for (unsigned k = 0; is_waiting(i) && k < w->n; k++)
			if (!w->all[k].is_done && strcmp(w->all[k].name, hook) == 0 &&
			    (strcmp(i->id, who) == 0 || strcmp(w->all[k].token, who) == 0))
				return &w->all[k];
	}
	return NULL;
}

#define NO_ACTION	"No active Lifecycle Action found with that token or instance id"

const char *
hook_complete(struct group *g, const char *hook, const char *who, bool is_abandoned)
{
	struct hook_open *h = find_open(g, hook, who);

	if (h == NULL)
		return NO_ACTION;
	complete(h, is_abandoned, "as told");
	return NULL;
}

const char *
hook_heartbeat(struct group *g, const char *hook, const char *who)
{
	struct hook_open *h = find_open(g, hook, who);
	uint64_t now = sched_wall_us(), left;

	if (h == NULL)
		return NO_ACTION;
	left = h->limit_us > now ? h->limit_us - now : 0;
	sched_after(&h->timer, h->timeout_us < left ? h->timeout_us : left);
	return NULL;
}

void
hook_each(const struct instance *i, hook_fn *fn, void *arg)
{
	const struct hook_wait *w = i->hook;

	for (unsigned k = 0; is_waiting(i) && k < w->n; k++)
		if (!w->all[k].is_done)
			fn(w->all[k].name, w->all[k].token, sched_left_us(&w->all[k].timer), arg);
}

static int
module_start(void)
{
	instance_set_gate(gate);
	instance_on_forget(wait_free);
	return 0;
}

static const struct kw_row rows[] = {
	{ "hook", IN_GROUP, KW_OBEYED, 4, 0, KW_F_ANY_ARGS, parse_hook, 0,
	  "<name> launching|terminating timeout <time> [default continue|abandon] "
	  "[notify <notifier>] [data <text>]",
	  "Instances wait there until somebody completes the hook, or its time is over." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct post_row posts[] = { { "hooks", check_notifiers }, { NULL, NULL } };

const struct module mod_hook = {
	.name = "hook", .cfg = rows, .post = posts, .start = module_start
};
