/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scheduled actions; see schedule.h. A group has one timer, for the next instant at
 * which any of its schedules is due; those of one instant run in file order. A time
 * that passed while weir did not run is not made up for.
 *
 * Thread: control; parsing: the one that loads.
 */
#include "ctl/schedule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/tz.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/group.h"
#include "ctl/group_keep.h"
#include "event/sched.h"

#define RESULT_BYTES	120

/* ---- parsing ---- */

static void
free_zone(void *arg)
{
	tz_free(arg);
}

static int
parse_zone(struct cfg *c, const char *word, struct schedule_conf *s)
{
	struct tz *z = tz_load(word);

	if (z == NULL) {
		diag_error(c->diag, "'tz': there is no time zone '%s'%s%s.", word,
		    errno == ENOENT ? "" : ": ", errno == ENOENT ? "" : strerror(errno));
		return -1;
	}
	arena_on_free(c->arena, free_zone, z);
	s->zone = z;
	s->zone_name = word;
	return 0;
}

static int
parse_cron(struct cfg *c, const char *word, struct schedule_conf *s)
{
	const char *problem = cron_parse(word, &s->cron);

	s->cron_text = word;
	if (problem != NULL)
		diag_error(c->diag, "'cron \"%s\"': %s.", word, problem);
	return problem != NULL ? -1 : 0;
}

static int
parse_time(struct cfg *c, const char *what, const char *word, int64_t *ret)
{
	if (tz_parse_utc(word, ret) && *ret > 0)
		return 0;
	diag_error(c->diag, "'%s' expects a time like 2026-11-26T21:00:00Z, not '%s'.", what,
	    word);
	return -1;
}

static int
parse_count(struct cfg *c, const char *what, const char *word, uint32_t *ret, bool *ret_has)
{
	uint64_t n;

	if (cfg_uint(c, what, word, 0, GROUP_SIZE_MAX, &n) == -1)
		return -1;
	*ret = (uint32_t)n;
	*ret_has = true;
	return 0;
}

static int
parse_option(struct cfg *c, const char *name, const char *word, struct schedule_conf *s)
{
	if (word == NULL) {
		diag_error(c->diag, "'schedule': something is missing behind '%s'.", name);
		return -1;
	}
	if (strcmp(name, "cron") == 0)
		return parse_cron(c, word, s);
	if (strcmp(name, "tz") == 0)
		return parse_zone(c, word, s);
	if (strcmp(name, "at") == 0)
		return parse_time(c, name, word, &s->at_s);
	if (strcmp(name, "until") == 0)
		return parse_time(c, name, word, &s->until_s);
	if (strcmp(name, "min") == 0)
		return parse_count(c, name, word, &s->min, &s->has_min);
	if (strcmp(name, "max") == 0)
		return parse_count(c, name, word, &s->max, &s->has_max);
	if (strcmp(name, "desired") == 0)
		return parse_count(c, name, word, &s->desired, &s->has_desired);
	diag_error(c->diag, "'schedule': unexpected '%s'; expects cron, tz, at, until, min, max "
	    "or desired.", name);
	return -1;
}

static int
check(struct cfg *c, const struct schedule_conf *s)
{
	const char *problem = NULL;

	if (s->cron_text == NULL && s->at_s == 0)
		problem = "'cron' or 'at' is missing";
	else if (s->cron_text == NULL && s->zone_name != NULL)
		problem = "'tz' goes with 'cron'";
	else if (!s->has_min && !s->has_max && !s->has_desired)
		problem = "one of min, max and desired is missing";
	else if ((s->has_min && s->has_max && s->min > s->max) ||
	    (s->has_desired && ((s->has_min && s->desired < s->min) ||
	    (s->has_max && s->desired > s->max))))
		problem = "min <= desired <= max does not hold";
	else if (s->until_s != 0 && s->until_s <= s->at_s)
		problem = "'until' is not behind 'at'";
	if (problem != NULL)
		diag_error(c->diag, "'schedule %s': %s.", s->name, problem);
	return problem != NULL ? -1 : 0;
}

static int
parse_schedule(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct schedule_conf **at = &group_conf_of(c)->schedules;
	struct schedule_conf *s = arena_alloc(c->arena, sizeof *s);
	unsigned n = 0;

	(void)row;
	for (; *at != NULL; at = &(*at)->next, n++)
		if (strcmp((*at)->name, args[0]) == 0) {
			diag_error(c->diag, "'schedule': '%s' is there already.", args[0]);
			return -1;
		}
	if (n == SCHEDULES_MAX) {
		diag_error(c->diag, "'schedule': a scaling-group has %u of them at most.",
		    SCHEDULES_MAX);
		return -1;
	}
	s->name = args[0];
	for (int i = 1; i < nargs; i += 2)
		if (parse_option(c, args[i], args[i + 1], s) == -1)
			return -1;
	if (check(c, s) == -1)
		return -1;
	*at = s;
	return 0;
}

/* ---- when ---- */

int64_t
schedule_next(const struct schedule_conf *s, int64_t t_s)
{
	int64_t next;

	if (s->cron_text == NULL)
		next = s->at_s > t_s ? s->at_s : 0;
	else
		next = cron_next(&s->cron, s->zone, t_s < s->at_s ? s->at_s - 1 : t_s);
	return s->until_s != 0 && next > s->until_s ? 0 : next;
}

/* ---- what runs ---- */

struct schedule_live {
	struct schedule_live *next;
	char		*name;		/* owned */
	int64_t		 last_s;
	char		 last_result[RESULT_BYTES];
};

struct group_schedules {
	struct group	*group;
	struct sched_timer timer;
	int64_t		 from_s;	/* up to here all that was due has run */
	struct schedule_live *live;
};

static struct schedule_live *
live_of(struct group_schedules *gs, const char *name)
{
	struct schedule_live *l = gs->live;

	while (l != NULL && strcmp(l->name, name) != 0)
		l = l->next;
	if (l != NULL)
		return l;
	l = xcalloc(1, sizeof *l);
	l->name = xstrdup(name);
	l->next = gs->live;
	return gs->live = l;
}

void
schedule_stats(const struct group *g, const struct schedule_conf *s, struct schedule_stats *ret)
{
	const struct group_schedules *gs = g->schedules;
	const struct schedule_live *l = gs != NULL ? gs->live : NULL;

	while (l != NULL && strcmp(l->name, s->name) != 0)
		l = l->next;
	*ret = (struct schedule_stats){ .next_s = schedule_next(s, sched_wall_s()),
	    .last_s = l != NULL ? l->last_s : 0, .last_result = l != NULL ? l->last_result : "" };
}

/* What stands against it, or NULL. */
static const char *
refusal(const struct group *g, uint32_t min, uint32_t max, uint32_t desired, char *buf)
{
	const char *reason;

	if (group_is_suspended(g, GROUP_P_SCHEDULED))
		return "ScheduledActions is suspended";
	if (scaling_is_paused(&reason))
		return "scaling is paused";
	if (g->is_deleting)
		return "group is being deleted";
	buf[0] = '\0';
	if (min > max)
		snprintf(buf, RESULT_BYTES, "min size %u is above max size %u", min, max);
	else if (desired > max)
		snprintf(buf, RESULT_BYTES, "desired %u is above max size %u", desired, max);
	else if (desired < min)
		snprintf(buf, RESULT_BYTES, "desired %u is below min size %u", desired, min);
	return buf[0] != '\0' ? buf : NULL;
}

static void
note_ignored(struct group *g, const struct schedule_conf *s, const char *why)
{
	char cause[CAUSE_BYTES], text[400];

	snprintf(text, sizeof text, "Scheduled action %s ignored: %s", s->name, why);
	(void)activity_say(cause, 0, "the scheduled action %s was due, which was ignored: %s.",
	    s->name, why);
	(void)activity_note(g, text, cause);
}

static void
apply(struct group *g, uint32_t min, uint32_t max, uint32_t desired)
{
	char who[160];

	snprintf(who, sizeof who, "a scheduled action update of AutoScalingGroup constraints to "
	    "min: %u, max: %u, desired: %u", min, max, desired);
	g->is_overridden |= g->min != min || g->max != max;
	g->min = min;
	g->max = max;
	group_set_desired(g, desired, who, GROUP_NO_COOLDOWN, NULL);
	keep_group(g);
}

static void
run(struct group_schedules *gs, const struct schedule_conf *s, int64_t now_s)
{
	struct group *g = gs->group;
	struct schedule_live *l = live_of(gs, s->name);
	uint32_t min = s->has_min ? s->min : g->min, max = s->has_max ? s->max : g->max;
	uint32_t desired = s->has_desired ? s->desired : g->desired;
	char buf[RESULT_BYTES];
	const char *why;

	if (!s->has_desired)		/* it follows the limits */
		desired = desired < min ? min : desired > max ? max : desired;
	why = refusal(g, min, max, desired, buf);
	l->last_s = now_s;
	snprintf(l->last_result, sizeof l->last_result, "%s%s", why != NULL ? "ignored: " : "done",
	    why != NULL ? why : "");
	if (why != NULL)
		note_ignored(g, s, why);
	else
		apply(g, min, max, desired);
}

/* ---- the timer ---- */

static const struct schedule_conf *
first_of(const struct group *g)
{
	return g->conf != NULL ? g->conf->schedules : NULL;
}

static void
arm(struct group_schedules *gs)
{
	int64_t next = 0, t;

	for (const struct schedule_conf *s = first_of(gs->group); s != NULL; s = s->next) {
		t = schedule_next(s, gs->from_s);
		if (t != 0 && (next == 0 || t < next))
			next = t;
	}
	if (next != 0)
		sched_at(&gs->timer, (uint64_t)next * 1000000);
	else
		sched_cancel(&gs->timer);
}

static void
on_timer(struct sched_timer *t)
{
	struct group_schedules *gs = CONTAINER_OF(t, struct group_schedules, timer);
	int64_t now_s = sched_wall_s(), from_s = gs->from_s;

	gs->from_s = now_s;
	for (const struct schedule_conf *s = first_of(gs->group); s != NULL; s = s->next) {
		int64_t due = schedule_next(s, from_s);

		if (due != 0 && due <= now_s)
			run(gs, s, now_s);
	}
	arm(gs);
}

static void
end_group(struct group *g)
{
	struct group_schedules *gs = g->schedules;
	struct schedule_live *l;

	if (gs == NULL)
		return;
	sched_cancel(&gs->timer);
	while ((l = gs->live) != NULL) {
		gs->live = l->next;
		free(l->name);
		free(l);
	}
	free(gs);
	g->schedules = NULL;
}

static void
on_publish(struct snapshot *snap)
{
	(void)snap;
	GROUP_EACH(g) {
		struct group_schedules *gs = g->schedules;

		if (gs == NULL && first_of(g) == NULL)
			continue;
		if (gs == NULL) {
			g->schedules = gs = xcalloc(1, sizeof *gs);
			gs->group = g;
			gs->from_s = sched_wall_s();
			sched_timer_init(&gs->timer, on_timer);
		}
		if (gs->from_s < sched_wall_s())	/* what is due now has not run */
			gs->from_s = sched_wall_s() - 1;
		arm(gs);
	}
}

static int
module_start(void)
{
	group_on_end(end_group);
	control_on_publish(on_publish);
	return 0;
}

static const struct kw_row rows[] = {
	{ "schedule", IN_GROUP, KW_OBEYED, 3, 0, KW_F_ANY_ARGS, parse_schedule, 0,
	  "<name> cron <\"m h d m w\"> [tz <zone>] | at <time> [min <n>] [max <n>] [desired <n>] "
	  "[until <time>]", "At such times limits and desired capacity become others." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

const struct module mod_schedule = { .name = "schedule", .cfg = rows, .start = module_start };
