/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Activities; see activity.h. Two lists: those that are open, and those that are done,
 * both the newest first.
 *
 * Thread: control.
 */
#include "ctl/activity.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/magic.h"
#include "base/xalloc.h"
#include "ctl/group.h"
#include "ctl/group_keep.h"
#include "ctl/row.h"
#include "event/sched.h"

static struct list open_ones = { &open_ones, &open_ones };
static struct list done_ones = { &done_ones, &done_ones };
static unsigned ndone;

static const char *const status_names[ACTIVITY_STATUS_COUNT] = {
#define X(id, name) [ACTIVITY_##id] = name,
	ACTIVITY_STATUSES(X)
#undef X
};

#define DRAINS	" - Waiting For ELB Connection Draining."

/* How descriptions begin; with the instance behind it. */
static const char *const kind_texts[] = {
	[ACTIVITY_LAUNCH] = "Launching a new EC2 instance",
	[ACTIVITY_TERMINATE] = "Terminating EC2 instance",
	[ACTIVITY_ENTER_STANDBY] = "Moving EC2 instance to Standby",
	[ACTIVITY_EXIT_STANDBY] = "Moving EC2 instance out of Standby",
	[ACTIVITY_ATTACH] = "Attaching an existing EC2 instance",
	[ACTIVITY_DETACH] = "Detaching EC2 instance",
	[ACTIVITY_NOTE] = "",
};

const char *
activity_status_name(enum activity_status s)
{
	return status_names[s];
}

/* ---- texts ---- */

static size_t
say_time(char *buf, size_t size)
{
	time_t s = (time_t)sched_wall_s();
	struct tm tm;

	gmtime_r(&s, &tm);
	return strftime(buf, size, "At %Y-%m-%dT%H:%M:%SZ ", &tm);
}

size_t
activity_say(char *buf, size_t len, const char *fmt, ...)
{
	char text[512];
	size_t at;
	va_list ap;
	int n;

	at = say_time(text, sizeof text);
	va_start(ap, fmt);
	n = vsnprintf(text + at, sizeof text - at, fmt, ap);
	va_end(ap);
	if (n < 0)
		return len;
	at = strlen(text);
	if (len + at + 3 > CAUSE_BYTES)
		return len;
	if (len > 0) {
		memcpy(buf + len, "  ", 2);
		len += 2;
	}
	memcpy(buf + len, text, at + 1);
	return len + at;
}

static void
describe(struct activity *a)
{
	const char *text = kind_texts[a->kind];

	if (a->kind == ACTIVITY_NOTE)
		return;
	free(a->description);
	if (a->kind == ACTIVITY_LAUNCH && a->status == ACTIVITY_FAILED)
		a->description = xasprintf("%s.  Status Reason: %s. Launching EC2 instance failed.",
		    text, a->message != NULL ? a->message : "unknown");
	else if (a->instance[0] == '\0')
		a->description = xstrdup(text);
	else
		a->description = xasprintf("%s: %s%s", text, a->instance,
		    a->status == ACTIVITY_DRAINING ? DRAINS : "");
}

/* ---- life ---- */

static void
activity_free(struct activity *a)
{
	list_del(&a->node);
	free(a->group);
	free(a->description);
	free(a->cause);
	free(a->message);
	free(a);
}

static struct activity *
activity_new(struct group *g, enum activity_kind kind, const char *cause)
{
	struct activity *a = xcalloc(1, sizeof *a);

	list_init(&a->node);
	uuid_random(a->id);
	a->group = xstrdup(g->name);
	a->kind = kind;
	a->start_us = sched_wall_us();
	a->cause = xstrdup(cause);
	return a;
}

struct activity *
activity_begin(struct group *g, enum activity_kind kind, const char *instance,
    const char *cause)
{
	struct activity *a = activity_new(g, kind, cause);

	a->status = kind == ACTIVITY_LAUNCH ? ACTIVITY_WAIT_ID : ACTIVITY_IN_PROGRESS;
	a->owner = g;
	snprintf(a->instance, sizeof a->instance, "%s", instance);
	describe(a);
	list_push(&open_ones, &a->node);
	g->nopen++;
	if (g->first_begun[0] == '\0')
		memcpy(g->first_begun, a->id, sizeof a->id);
	keep_activity(a);
	return a;
}

void
activity_set_instance(struct activity *a, const char *id, const char *zone)
{
	snprintf(a->instance, sizeof a->instance, "%s", id);
	snprintf(a->zone, sizeof a->zone, "%s", zone);
	describe(a);
	keep_activity(a);
}

void
activity_set(struct activity *a, enum activity_status status, unsigned progress)
{
	WEIR_ASSERT(activity_is_open(a));
	a->status = status;
	a->progress = (uint8_t)progress;
	describe(a);
}

/* Old ones go. */
static void
prune(void)
{
	uint64_t now = sched_wall_us();
	uint64_t oldest = now > ACTIVITY_KEPT_US ? now - ACTIVITY_KEPT_US : 0;

	while (ndone > 0) {
		struct activity *a = LIST_ITEM(done_ones.prev, struct activity, node);

		if (ndone <= ACTIVITIES_MAX && a->start_us >= oldest)
			return;
		keep_activity_not(a);
		activity_free(a);
		ndone--;
	}
}

/* By when they began. */
static void
keep(struct activity *a)
{
	struct list *at = &done_ones;

	list_del(&a->node);
	while (at->next != &done_ones &&
	    LIST_ITEM(at->next, struct activity, node)->start_us > a->start_us)
		at = at->next;
	list_add_after(at, &a->node);
	ndone++;
	prune();
}

void
activity_end(struct activity *a, enum activity_status status, const char *message)
{
	struct group *g = a->owner;

	WEIR_ASSERT(activity_is_open(a));
	a->status = status;
	a->progress = 100;
	a->end_us = sched_wall_us();
	a->message = message != NULL ? xstrdup(message) : NULL;
	a->owner = NULL;
	describe(a);
	keep_activity(a);
	keep(a);
	if (g == NULL)
		return;
	activity_tell(a, g);
	g->nopen--;
	if (a->begins_cooldown)
		group_cooling_done(g);
}

const struct activity *
activity_note(struct group *g, const char *description, const char *cause)
{
	struct activity *a = activity_new(g, ACTIVITY_NOTE, cause);

	a->status = ACTIVITY_CANCELLED;
	a->progress = 100;
	a->end_us = a->start_us;
	a->description = xstrdup(description);
	keep_activity(a);
	keep(a);
	return a;
}

void
activities_cancel(struct group *g)
{
	LIST_EACH_SAFE(n, tmp, &open_ones) {
		struct activity *a = LIST_ITEM(n, struct activity, node);

		if (a->owner == g)
			activity_end(a, ACTIVITY_CANCELLED, "the group was deleted");
	}
}

/* ---- over restarts ---- */

void
activity_restore(const char *id, const struct json_t *row)
{
	struct activity *a = xcalloc(1, sizeof *a);

	list_init(&a->node);
	snprintf(a->id, sizeof a->id, "%s", id);
	a->group = xstrdup(row_text(row, "group"));
	a->kind = (enum activity_kind)row_u64(row, "kind");
	a->status = (enum activity_status)row_u64(row, "status");
	a->progress = (uint8_t)row_u64(row, "progress");
	a->start_us = row_u64(row, "start");
	a->end_us = row_u64(row, "end");
	snprintf(a->instance, sizeof a->instance, "%s", row_text(row, "instance"));
	snprintf(a->zone, sizeof a->zone, "%s", row_text(row, "zone"));
	a->description = xstrdup(row_text(row, "description"));
	a->cause = xstrdup(row_text(row, "cause"));
	if (json_object_get(row, "message") != NULL)
		a->message = xstrdup(row_text(row, "message"));
	if (a->kind > ACTIVITY_NOTE || a->status >= ACTIVITY_STATUS_COUNT)
		activity_free(a);
	else if (activity_is_open(a))
		list_push(&open_ones, &a->node);
	else
		keep(a);
}

void
activities_own(struct group *g)
{
	LIST_EACH(n, &open_ones) {
		struct activity *a = LIST_ITEM(n, struct activity, node);

		if (strcmp(a->group, g->name) != 0)
			continue;
		a->owner = g;
		g->nopen++;
	}
}

struct activity *
activity_of(const char *group, const char *instance)
{
	LIST_EACH(n, &open_ones) {
		struct activity *a = LIST_ITEM(n, struct activity, node);

		if (strcmp(a->instance, instance) == 0 && strcmp(a->group, group) == 0) {
			a->has_instance = true;
			return a;
		}
	}
	return NULL;
}

void
activities_settle(void)
{
	LIST_EACH_SAFE(n, tmp, &open_ones) {
		struct activity *a = LIST_ITEM(n, struct activity, node);

		if (!a->has_instance)
			activity_end(a, ACTIVITY_CANCELLED, "the process ended meanwhile");
	}
}

/* ---- asked for ---- */

static const struct activity *
from(const struct list *at, const struct list *head, const char *group)
{
	for (; at != head; at = at->next) {
		const struct activity *a = LIST_ITEM(at, struct activity, node);

		if (group == NULL || strcmp(a->group, group) == 0)
			return a;
	}
	return NULL;
}

const struct activity *
activity_first(const char *group)
{
	const struct activity *a = from(open_ones.next, &open_ones, group);

	return a != NULL ? a : from(done_ones.next, &done_ones, group);
}

const struct activity *
activity_next(const struct activity *a, const char *group)
{
	const struct activity *next;

	if (!activity_is_open(a))
		return from(a->node.next, &done_ones, group);
	next = from(a->node.next, &open_ones, group);
	return next != NULL ? next : from(done_ones.next, &done_ones, group);
}

const struct activity *
activity_find(const char *id)
{
	const struct activity *a = activity_first(NULL);

	while (a != NULL && strcmp(a->id, id) != 0)
		a = activity_next(a, NULL);
	return a;
}

const struct activity *
activity_last(const char *group)
{
	const struct activity *a = from(open_ones.next, &open_ones, group);
	const struct activity *done = from(done_ones.next, &done_ones, group);

	return a == NULL || (done != NULL && done->start_us > a->start_us) ? done : a;
}

unsigned
activity_count(void)
{
	return ndone;
}

void
activities_free(void)
{
	LIST_EACH_SAFE(n, tmp, &open_ones)
		activity_free(LIST_ITEM(n, struct activity, node));
	LIST_EACH_SAFE(n, tmp, &done_ones)
		activity_free(LIST_ITEM(n, struct activity, node));
	ndone = 0;
}
