/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies on recorded metrics; see simulate.h.
 *
 * Thread: control.
 */
#include "ctl/simulate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/group.h"

#define HOUR_US		(3600ull * 1000000)
#define REPEAT_US	59000000u
#define NOBODY_POINTS	"no alarm points at it"

/* ---- beginning ---- */

/* What of the group's instances is an average of theirs. */
static bool
is_shared(const struct simulation *s, const struct metric_key *k)
{
	if (strcmp(k->ns, "AWS/EC2") != 0)
		return false;
	for (unsigned i = 0; i < k->ndims; i++)
		if (strcmp(k->dims[i].name, "AutoScalingGroupName") == 0)
			return strcmp(k->dims[i].value, s->group) == 0;
	return false;
}

/* How many there really were; 0: not known. */
static double
recorded_size(const char *group, const char *name, int64_t from_s)
{
	struct metric_query q = { .key = { .ns = "AWS/AutoScaling", .name = name, .ndims = 1,
	    .dims = { { "AutoScalingGroupName", group } } }, .stat = METRIC_AVERAGE,
	    .period_s = 60 };
	struct metric_point p;

	metric_read(&q, from_s - from_s % 60, 1, &p);
	return p.n > 0 ? p.v : 0;
}

static uint32_t
simulated_size(const struct simulation *s, uint64_t t_us)
{
	unsigned i = s->nsizes;

	while (i > 1 && s->sizes[i - 1].t_us > t_us)
		i--;
	return s->sizes[i - 1].n;
}

static double
factor(const struct metric_key *k, int64_t from_s, void *arg)
{
	const struct simulation *s = arg;
	double was, is;

	if (!s->is_linear || !is_shared(s, k))
		return 1;
	was = recorded_size(s->group, "GroupInServiceInstances", from_s);
	is = simulated_size(s, (uint64_t)from_s * 1000000);
	return was > 0 && is > 0 ? was / is : 1;
}

static char *
add_alarms(struct simulation *s)
{
	char *bad = NULL;
	unsigned n = 0;

	ALARM_EACH(a)
		n += alarm_points_at(a->conf, s->group, s->policy.name, NULL);
	s->alarms = xcalloc(n + 1, sizeof *s->alarms);
	ALARM_EACH(a) {
		if (!alarm_points_at(a->conf, s->group, s->policy.name, NULL))
			continue;
		s->alarms[s->nalarms].try = alarm_tries_add(&s->tries, a, &bad);
		if (bad != NULL)
			return bad;
		s->nalarms++;
	}
	return n > 0 || s->trial != NULL || s->policy.kind->turn_after != NULL ? NULL :
	    xstrdup(NOBODY_POINTS);
}

static char *
open_trial(struct simulation *s, void *draft)
{
	const struct trial_ops *ops = s->policy.kind->trial;
	char *bad = NULL;

	if (ops != NULL)
		s->trial = ops->open(s->group, s->policy.name, s->policy.own, draft, &bad);
	return bad;
}

char *
simulate_init(struct simulation *s, const char *group, const char *policy,
    const struct policy_conf *p, void *draft)
{
	const struct group *g = group_find(group);
	char *bad;

	*s = (struct simulation){ .bend = { factor, s } };
	alarm_tries_init(&s->tries);
	s->tries.bend = &s->bend;
	s->tries.draft = draft;
	if (g == NULL || g->conf == NULL)
		return xasprintf("there is no group '%s'%s", group,
		    g != NULL ? " in any file" : "");
	if (p == NULL && (p = policy_find(g, policy)) == NULL)
		return xstrdup("there is no such policy");
	if (p->kind->want == NULL)
		return xstrdup("policies of its kind act by themselves, no alarm asks them");
	s->group = xstrdup(group);
	s->policy = *p;
	s->min = g->min;
	s->max = g->max;
	s->desired = g->desired;
	s->cooldown_us = policy_cooldown_us(g->conf, p);
	s->warmup_us = policy_warmup_us(g->conf, p);
	s->arena = arena_new();
	bad = open_trial(s, draft);
	return bad != NULL ? bad : add_alarms(s);
}

static void
tell_nothing(struct simulated_alarm *a)
{
	while (a->ntold > 0)
		free(a->told[--a->ntold]);
}

void
simulate_fini(struct simulation *s)
{
	for (unsigned i = 0; i < s->nalarms; i++)
		tell_nothing(&s->alarms[i]);
	tell_nothing(&s->own);
	if (s->trial != NULL)
		s->policy.kind->trial->close(s->trial);
	alarm_tries_fini(&s->tries);
	if (s->arena != NULL)
		arena_free(s->arena);
	free(s->alarms);
	free(s->sizes);
	free(s->group);
}

/* ---- other settings ---- */

static const char *
set_size(uint32_t *at, const char *value)
{
	uint64_t v;

	if (!str_to_u64(str_of(value), &v) || v > GROUP_SIZE_MAX)
		return "sizes are numbers up to 1000";
	*at = (uint32_t)v;
	return NULL;
}

static const char *
set_cooldown(struct simulation *s, const char *value)
{
	if (str_to_duration_us(str_of(value), 0, &s->cooldown_us) != PARSE_OK)
		return "'cooldown' expects a duration with its unit";
	return NULL;
}

static const char *
set_adjustment(struct simulation *s, const char *value)
{
	struct str digits = str_of(value[0] == '+' ? value + 1 : value);

	if (s->policy.nsteps > 0)
		return "a policy with steps has no single adjustment";
	if (!str_to_i64(digits, &s->policy.adjust.by))
		return "'adjustment' expects a number";
	return NULL;
}

static const char *
set_of_alarm(struct simulation *s, struct str name, const char *setting)
{
	struct alarm_try *t = alarm_tries_find(&s->tries, name);

	return t != NULL ? alarm_try_set(t, setting) :
	    "there is neither such an alarm that points at it nor is it the policy";
}

const char *
simulate_set(struct simulation *s, const char *setting)
{
	const char *eq = strchr(setting, '='), *dot = eq;
	struct str name;

	if (eq == NULL)
		return "a setting is <key>=<value>";
	while (dot > setting && dot[-1] != '.')
		dot--;
	name = (struct str){ setting, dot > setting ? (size_t)(dot - setting) - 1 : 0 };
	if (name.len > 0 && !str_is(name, s->policy.name))
		return set_of_alarm(s, name, dot);
	if (str_starts(str_of(dot), STR("cooldown=")))
		return set_cooldown(s, eq + 1);
	if (str_starts(str_of(dot), STR("adjustment=")))
		return set_adjustment(s, eq + 1);
	if (name.len == 0 && str_starts(str_of(dot), STR("min=")))
		return set_size(&s->min, eq + 1);
	if (name.len == 0 && str_starts(str_of(dot), STR("max=")))
		return set_size(&s->max, eq + 1);
	if (name.len == 0 && str_starts(str_of(dot), STR("desired="))) {
		s->has_desired = true;
		return set_size(&s->desired, eq + 1);
	}
	if (s->trial != NULL)
		return s->policy.kind->trial->set(s->trial, dot);
	if (s->policy.kind->set != NULL)
		return s->policy.kind->set(&s->policy, s->arena, dot);
	return "what can be tried are ALARM.threshold= and others of alarms, POLICY.adjustment=, "
	    "cooldown=, min=, max= and desired=";
}

/* ---- the span ---- */

static void
note_size(struct simulation *s, uint64_t t_us)
{
	if ((s->nsizes & (s->nsizes - 1)) == 0)		/* none, or a power of two: it is full */
		s->sizes = xrealloc(s->sizes, (s->nsizes + 1) * 2 * sizeof *s->sizes);
	s->sizes[s->nsizes++] = (struct simulated_size){ t_us, s->desired };
}

/* The policy's own turns. */
static uint64_t
own_turn_after(const struct simulation *s, uint64_t t_us)
{
	if (s->trial != NULL)
		return t_us + s->policy.kind->trial->every_us(s->trial);
	if (s->policy.kind->turn_after != NULL)
		return s->policy.kind->turn_after(&s->policy, t_us);
	return UINT64_MAX;
}

int64_t
simulate_span(struct simulation *s, int64_t from_s, int64_t to_s, uint32_t *ret_period_s)
{
	int64_t begin_s = alarm_tries_span(&s->tries, from_s, to_s, ret_period_s);
	double recorded = recorded_size(s->group, "GroupDesiredCapacity", begin_s);

	s->at_us = (uint64_t)begin_s * 1000000;
	s->until_us = (uint64_t)to_s * 1000000;
	s->own_us = own_turn_after(s, s->at_us);
	if (!s->has_desired && recorded > 0)
		s->desired = (uint32_t)recorded;
	note_size(s, s->at_us);
	return begin_s;
}

/* ---- turns ---- */

static bool
is_breach(const struct simulated_alarm *a)
{
	return a->try->state == ALARM_ALARM && (a->try->conf.test.op == ALARM_GT ||
	    a->try->conf.test.op == ALARM_GE);
}

/* Time passes until then. */
static void
pass(struct simulation *s, uint64_t to_us)
{
	uint64_t us = to_us - s->at_us;
	bool any = false;

	for (unsigned i = 0; i < s->nalarms; i++)
		any |= is_breach(&s->alarms[i]);
	s->breach_us += any ? us : 0;
	s->instance_us += us * s->desired;
	s->at_us = to_us;
}

static void
resize(struct simulation *s, uint32_t to)
{
	int direction = to > s->desired ? 1 : -1;

	if (s->direction != 0 && direction != s->direction && s->at_us - s->changed_us < HOUR_US)
		s->flaps++;
	if (s->policy.kind->rests) {
		s->cooling_until_us = s->at_us + s->cooldown_us;
	} else if (to > s->desired) {
		s->nwarming = s->at_us < s->warming_until_us ? s->nwarming : 0;
		s->nwarming += to - s->desired;
		s->warming_until_us = s->at_us + s->warmup_us;
	} else {
		s->settled_us = s->at_us + s->warmup_us;
	}
	s->direction = direction;
	s->changed_us = s->at_us;
	s->changes++;
	s->desired = to;
	note_size(s, s->at_us);
}

/* Numbers do not make another reason of it. */
static bool
is_told(struct simulated_alarm *a, const char *text)
{
	char *key = xstrdup(text), *to = key;

	for (const char *from = text; *from != '\0'; from++)
		if (!isdigit((unsigned char)*from))
			*to++ = *from;
	*to = '\0';
	for (unsigned i = 0; i < a->ntold; i++)
		if (strcmp(a->told[i], key) == 0) {
			free(key);
			return true;
		}
	if (a->ntold < SIMULATE_TOLD)
		a->told[a->ntold++] = key;
	else
		free(key);
	return false;
}

/* Whole seconds, as cooldowns are compared. */
static uint32_t
cooling_left_s(const struct simulation *s)
{
	uint64_t now = s->at_us / 1000000, end = s->cooling_until_us / 1000000;

	return end > now ? (uint32_t)(end - now) : 0;
}

/* ---- asking the policy ---- */

static void
limit(struct simulation *s, int64_t want)
{
	struct policy_limits l = { .min = s->min, .max = s->max, .desired = s->desired,
	    .change_left = UINT32_MAX, .cooldown_left_s = cooling_left_s(s),
	    .rests = s->policy.kind->rests };
	struct simulated_event *e = &s->event;
	char reason[POLICY_TEXT];

	memcpy(reason, e->text, sizeof reason);
	e->result = policy_limit(&l, want, &e->to, e->text);
	if (e->result == POLICY_DONE)
		memcpy(e->text, reason, sizeof reason);
}

/* True: s->event is to be told. */
static bool
conclude(struct simulation *s, struct simulated_alarm *by)
{
	if (s->event.result == POLICY_DONE)
		resize(s, s->event.to);
	else if (s->event.result != POLICY_IGNORED || is_told(by, s->event.text))
		return false;
	if (by == &s->own && s->event.result == POLICY_DONE)
		tell_nothing(by);
	s->ignored += s->event.result == POLICY_IGNORED && !s->event.is_error;
	return true;
}

static uint32_t
seconds_to(const struct simulation *s, uint64_t until_us)
{
	return until_us > s->at_us ? (uint32_t)((until_us - s->at_us + 999999) / 1000000) : 0;
}

static void
ask_kind(struct simulation *s, const struct policy_cause *why)
{
	struct policy_ask ask = { .group = s->group, .conf = &s->policy, .why = why,
	    .desired = s->desired, .settling_s = seconds_to(s, s->settled_us),
	    .warming = s->at_us < s->warming_until_us ? s->nwarming : 0 };
	struct simulated_event *e = &s->event;
	int64_t want;

	if (s->policy.kind->want(&ask, &want, e->text))
		limit(s, want);
	else
		e->result = e->text[0] != '\0' ? POLICY_IGNORED : POLICY_NO_CHANGE;
}

static void
ask_trial(struct simulation *s)
{
	s->view = (struct trial_view){ .at_us = s->at_us, .min = s->min, .max = s->max,
	    .desired = s->desired, .cooldown_left_s = cooling_left_s(s),
	    .alarm = alarm_tries_alarm, .arg = &s->tries };
	s->policy.kind->trial->ask(s->trial, &s->view);
}

/* Goes on with a question to who decides by himself. */
static enum simulate_step
go_on(struct simulation *s)
{
	struct simulated_event *e = &s->event;
	struct simulated_alarm *by = s->asker;
	struct trial_answer a = { .is_error = false };

	if (!s->policy.kind->trial->run(s->trial, &a))
		return SIMULATE_AGAIN;
	s->asker = NULL;
	trial_count(&s->costs, &a);
	(void)snprintf(e->text, sizeof e->text, "%.*s", (int)sizeof e->text - 1, a.text);
	e->is_error = a.is_error;
	if (a.is_there)
		limit(s, a.want);
	else
		e->result = a.is_error ? POLICY_IGNORED : POLICY_NO_CHANGE;
	return conclude(s, by) ? SIMULATE_EVENT : SIMULATE_AGAIN;
}

static enum simulate_step
ask_policy(struct simulation *s, struct simulated_alarm *by, const struct policy_cause *why)
{
	s->event = (struct simulated_event){ .t_us = s->at_us, .alarm = by, .from = s->desired,
	    .to = s->desired };
	if (s->trial != NULL) {
		s->asker = by;
		ask_trial(s);
		return go_on(s);
	}
	ask_kind(s, why);
	return conclude(s, by) ? SIMULATE_EVENT : SIMULATE_AGAIN;
}

/* ---- turns ---- */

static enum simulate_step
act_by_alarm(struct simulation *s, struct simulated_alarm *a)
{
	const struct alarm_try *t = a->try;
	bool is_change = alarm_try_changed(t);
	struct policy_cause why = { .by = POLICY_BY_ALARM, .alarm = t->name,
	    .has_value = t->look.has_value, .value = t->look.value,
	    .breach = t->conf.test.threshold, .honors_cooldown = true, .is_repeat = !is_change,
	    .at_us = s->at_us };

	if (is_change)
		tell_nothing(a);
	if (!alarm_points_at(&t->conf, s->group, s->policy.name, &t->state))
		return SIMULATE_AGAIN;
	if (!is_change && (!t->look.is_fresh || (alarm_step_s(&t->conf) < 60 &&
	    s->at_us < a->acted_us + REPEAT_US)))
		return SIMULATE_AGAIN;
	a->acted_us = s->at_us;
	return ask_policy(s, a, &why);
}

static enum simulate_step
act_itself(struct simulation *s)
{
	struct policy_cause why = { .by = POLICY_BY_ITSELF, .honors_cooldown = true,
	    .at_us = s->own_us };

	pass(s, s->own_us);
	s->own_us = own_turn_after(s, s->own_us);
	return ask_policy(s, &s->own, &why);
}

static enum simulate_step
act_after(struct simulation *s, const struct alarm_try *t)
{
	for (unsigned i = 0; i < s->nalarms; i++)
		if (s->alarms[i].try == t)
			return act_by_alarm(s, &s->alarms[i]);
	return SIMULATE_AGAIN;
}

/* What is left of the span counts too, unless it was given up. */
static enum simulate_step
stop(struct simulation *s)
{
	if (s->is_stopped)
		return SIMULATE_OVER;
	if (s->costs.total_us + s->tries.costs.total_us <= TRIAL_TOTAL_US) {
		pass(s, s->until_us);
		return SIMULATE_OVER;
	}
	s->is_stopped = true;
	s->event = (struct simulated_event){ .t_us = s->at_us, .alarm = &s->own,
	    .from = s->desired, .to = s->desired, .result = POLICY_IGNORED, .is_error = true,
	    .text = TRIAL_TOO_LONG };
	return SIMULATE_EVENT;
}

enum simulate_step
simulate_run(struct simulation *s)
{
	struct alarm_try *t;
	uint64_t at;

	if (s->asker != NULL)
		return go_on(s);
	if (s->costs.total_us + s->tries.costs.total_us > TRIAL_TOTAL_US)
		return stop(s);
	if (s->tries.asked == NULL) {
		at = alarm_tries_next_us(&s->tries);
		if (s->own_us <= s->until_us && s->own_us <= at)
			return act_itself(s);
		if (at == UINT64_MAX)
			return stop(s);
		pass(s, at);
	}
	switch (alarm_tries_run(&s->tries, &t)) {
	case ALARM_TRY_TURN:
		return act_after(s, t);
	case ALARM_TRY_OVER:
		return stop(s);
	case ALARM_TRY_AGAIN:
		break;
	}
	return SIMULATE_AGAIN;
}
