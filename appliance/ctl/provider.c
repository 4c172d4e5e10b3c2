/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of providers; see provider.h. A call waits until fewer than max-parallel of
 * its provider run, runs, and ends once: by its type or by its deadline, which is the
 * real clock's unless the type goes by the schedule clock.
 *
 * Thread: control.
 */
#include "ctl/provider.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "event/loop.h"

struct provider_live {
	struct provider_live *next;
	char		*name;		/* owned */
	struct list	 waiting, running;
	unsigned	 nwaiting, nrunning;
	uint64_t	 ncalls, nerrors;
	bool		 is_failing;
	char		 last_error[sizeof ((struct provider_call *)0)->message];
};

static struct provider_live *lives;
static bool is_stopping;

static const char *const error_names[] = {
	"ok", "capacity", "throttled", "invalid", "auth", "stale_epoch", "internal"
};

static const char *const verb_names[] = { "launch", "terminate", "describe", "stop", "start",
	"adopt", "file" };
static const char *const state_names[] = {
	"pending", "running", "shutting-down", "terminated", "stopping", "stopped"
};

const char *
provider_verb_name(enum provider_verb v)
{
	return verb_names[v];
}

const char *
provider_state_name(enum provider_state s)
{
	return state_names[s];
}

const char *
provider_error_name(enum provider_error e)
{
	return error_names[e];
}

static struct provider_live *
live_find(const char *name)
{
	struct provider_live *l = lives;

	while (l != NULL && strcmp(l->name, name) != 0)
		l = l->next;
	return l;
}

static struct provider_live *
live_get(const char *name)
{
	struct provider_live *l = live_find(name);

	if (l != NULL)
		return l;
	l = xcalloc(1, sizeof *l);
	l->name = xstrdup(name);
	list_init(&l->waiting);
	list_init(&l->running);
	l->next = lives;
	return lives = l;
}

/* ---- running ---- */

uint64_t
provider_timeout(const struct provider_call *call)
{
	switch (call->verb) {
	case PROVIDER_LAUNCH: case PROVIDER_START:
		return call->conf->launch_timeout_us;
	case PROVIDER_TERMINATE: case PROVIDER_STOP:
		return call->conf->terminate_timeout_us;
	case PROVIDER_DESCRIBE: case PROVIDER_ADOPT: case PROVIDER_FILE:
		break;
	}
	return call->conf->describe_timeout_us;
}

static void
time_out(struct provider_call *call)
{
	call->conf->type->cancel(call);
	provider_fail(call, PROVIDER_INTERNAL, "no answer within %llu ms",
	    (unsigned long long)provider_timeout(call) / 1000);
}

static void
on_deadline(struct timer *t)
{
	time_out(LIST_ITEM(t, struct provider_call, deadline));
}

static void
on_schedule(struct sched_timer *t)
{
	time_out(LIST_ITEM(t, struct provider_call, schedule));
}

static bool
can(const struct provider_type *t, enum provider_verb v)
{
	if (v == PROVIDER_STOP || v == PROVIDER_START)
		return t->can_stop;
	return v != PROVIDER_ADOPT || t->can_adopt;
}

static void
run(struct provider_live *l, struct provider_call *call)
{
	list_append(&l->running, &call->node);
	l->nrunning++;
	l->ncalls++;
	call->is_open = true;
	if (call->conf->type->is_scheduled)
		sched_after(&call->schedule, provider_timeout(call));
	else {
		sched_busy_begin();
		timer_set(&control_loop->wheel, &call->deadline,
		    clock_mono_us() + provider_timeout(call));
	}
	if (!can(call->conf->type, call->verb))
		provider_fail(call, PROVIDER_INVALID, "type %s cannot %s an instance",
		    call->conf->type->name, verb_names[call->verb]);
	else
		call->conf->type->start(call);
}

static unsigned
limit_of(const struct provider_conf *p)
{
	unsigned n = p->type->parallel != NULL ? p->type->parallel(p) : p->max_parallel;

	return n < p->max_parallel ? n : p->max_parallel;
}

void
provider_start(struct provider_call *call)
{
	struct provider_live *l = live_get(call->conf->object.name);

	WEIR_ASSERT(call->live == NULL);
	call->live = l;
	call->error = PROVIDER_OK;
	call->message[0] = '\0';
	call->retry_after_s = call->ninstances = 0;
	call->instances = NULL;
	list_init(&call->node);
	timer_init(&call->deadline, on_deadline);
	sched_timer_init(&call->schedule, on_schedule);
	if (l->nrunning < limit_of(call->conf)) {
		run(l, call);
		return;
	}
	list_append(&l->waiting, &call->node);
	l->nwaiting++;
}

static void
next_waiting(struct provider_live *l)
{
	while (!is_stopping && !list_is_empty(&l->waiting)) {
		struct provider_call *call = LIST_ITEM(l->waiting.next, struct provider_call, node);

		if (l->nrunning >= limit_of(call->conf))
			return;
		list_del(&call->node);
		l->nwaiting--;
		run(l, call);
	}
}

void
provider_go_on(struct provider_call *call)
{
	next_waiting(call->live);
}

/* It runs no more. */
static void
close_call(struct provider_call *call)
{
	struct provider_live *l = call->live;

	list_del(&call->node);
	call->live = NULL;
	if (!call->is_open) {
		l->nwaiting--;
		return;
	}
	call->is_open = false;
	l->nrunning--;
	sched_cancel(&call->schedule);
	timer_unlink(&control_loop->wheel, &call->deadline);
	if (!call->conf->type->is_scheduled)
		sched_busy_end();
}

void
provider_done(struct provider_call *call)
{
	struct provider_live *l = call->live;

	WEIR_ASSERT(l != NULL && call->is_open);
	close_call(call);
	l->is_failing = call->error != PROVIDER_OK;
	if (call->error != PROVIDER_OK) {
		l->nerrors++;
		memcpy(l->last_error, call->message, sizeof l->last_error);
	}
	call->done(call);
	next_waiting(l);
}

void
provider_cancel(struct provider_call *call)
{
	struct provider_live *l = call->live;

	if (l == NULL)
		return;
	if (call->is_open)
		call->conf->type->cancel(call);
	close_call(call);
	next_waiting(l);
}

void
provider_answer(struct provider_call *call, struct provider_instance *all, unsigned n)
{
	call->instances = all;
	call->ninstances = n;
	provider_done(call);
}

void
provider_fail(struct provider_call *call, enum provider_error e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(call->message, sizeof call->message, fmt, ap);
	va_end(ap);
	call->error = e;
	provider_done(call);
}

static provider_news_fn *news;

void
provider_on_news(provider_news_fn *fn)
{
	news = fn;
}

void
provider_has_news(const char *group)
{
	if (news != NULL && !is_stopping)
		news(group);
}

void
provider_stats(const char *name, struct provider_stats *ret)
{
	const struct provider_live *l = live_find(name);

	*ret = (struct provider_stats){ .last_error = "" };
	if (l != NULL)
		*ret = (struct provider_stats){ l->ncalls, l->nerrors, l->nrunning, l->nwaiting,
		    l->last_error, l->is_failing };
}

static int
module_start(void)
{
	is_stopping = false;
	return 0;
}

/* Whoever waits for calls has cancelled them by now. */
static void
module_stop(void)
{
	struct provider_live *l;

	is_stopping = true;
	while ((l = lives) != NULL) {
		WEIR_ASSERT(list_is_empty(&l->running) && list_is_empty(&l->waiting));
		lives = l->next;
		free(l->name);
		free(l);
	}
}

const struct module mod_provider = {
	.name = "provider", .start = module_start, .stop = module_stop
};
