/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms on recorded metrics; see alarm_try.h.
 *
 * Thread: control.
 */
#include "ctl/alarm_try.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/alarm_history.h"
#include "ctl/alarm_rule.h"
#include "ctl/metric_unit.h"
#include "event/sched.h"

/* ---- who is tried ---- */

void
alarm_tries_init(struct alarm_tries *s)
{
	*s = (struct alarm_tries){ .asked = NULL };
	list_init(&s->all);
}

static void
try_free(struct alarm_try *t)
{
	if (t->trial != NULL)
		t->conf.kind->trial->close(t->trial);
	list_del(&t->node);
	free(t->name);
	free(t->points);
	free(t->text);
	free(t);
}

void
alarm_tries_fini(struct alarm_tries *s)
{
	LIST_EACH_SAFE(n, tmp, &s->all)
		try_free(LIST_ITEM(n, struct alarm_try, node));
}

struct alarm_try *
alarm_tries_find(const struct alarm_tries *s, struct str name)
{
	ALARM_TRY_EACH(t, s)
		if (str_is(name, t->name))
			return t;
	return NULL;
}

/* Those that a rule names; what is no alarm, or only told by weir, is not tried. */
static bool
add_children(struct alarm_tries *s, const struct alarm_conf *conf, char **ret_error)
{
	const char *name;

	if (conf->source != ALARM_OF_RULE)
		return true;
	for (unsigned i = 0; (name = alarm_rule_child(conf->rule, i)) != NULL; i++) {
		const struct alarm *child = alarm_find(name);

		if (child != NULL && child->conf->source != ALARM_OF_CONDITION &&
		    alarm_tries_add(s, child, ret_error) == NULL)
			return false;
	}
	return true;
}

static bool
has_points(const struct alarm_conf *conf)
{
	return conf->source == ALARM_OF_METRIC || conf->source == ALARM_OF_MATH;
}

static const struct trial_ops *
ops_of(const struct alarm_conf *conf)
{
	return conf->source == ALARM_OF_KIND ? conf->kind->trial : NULL;
}

struct alarm_try *
alarm_tries_add(struct alarm_tries *s, const struct alarm *a, char **ret_error)
{
	struct alarm_try *t = alarm_tries_find(s, str_of(a->name));
	const struct trial_ops *ops = ops_of(a->conf);
	void *trial = NULL;

	if (t != NULL)
		return t;
	if (a->conf->source == ALARM_OF_CONDITION || a->conf->source == ALARM_OF_NOTHING) {
		*ret_error = xasprintf("'%s' is told by weir itself, there is nothing to try",
		    a->name);
		return NULL;
	}
	if (!add_children(s, a->conf, ret_error))
		return NULL;
	if (ops != NULL && (trial = ops->open("", a->name, a->conf->kind_conf, s->draft,
	    ret_error)) == NULL)
		return NULL;
	t = xcalloc(1, sizeof *t);
	t->name = xstrdup(a->name);
	t->conf = *a->conf;
	t->state = t->before = ALARM_INSUFFICIENT;
	t->trial = trial;
	list_append(&s->all, &t->node);
	s->n++;
	return t;
}

/* ---- other settings ---- */

static const char *
set_threshold(struct alarm_try *t, const char *value)
{
	const struct metric_key *k = &t->conf.query.key;
	const char *unit = k->unit;
	double v;

	if (t->conf.source == ALARM_OF_METRIC && unit == NULL)
		unit = metric_unit(k->ns, k->name);
	switch (metric_number(value, unit, &v)) {
	case NUMBER_OK:
	case NUMBER_BARE:
		t->conf.test.threshold = v;
		return isfinite(v) ? NULL : "'threshold' is no number";
	case NUMBER_KIND:
		return "'threshold' is of another kind than the metric";
	case NUMBER_UNIT:
		return "'threshold' has an unknown unit";
	case NUMBER_JUNK:
		break;
	}
	return "'threshold' is no number";
}

/* 2of3 */
static const char *
set_datapoints(struct alarm_try *t, const char *value)
{
	const char *of = strstr(value, "of");
	uint64_t m, n;

	if (of == NULL || !str_to_u64((struct str){ value, (size_t)(of - value) }, &m) ||
	    !str_to_u64(str_of(of + 2), &n) || m < 1 || m > n || n > ALARM_SPAN_MAX_S)
		return "'datapoints' expects <m>of<n>: 2of3";
	t->conf.test.m = (unsigned)m;
	t->conf.test.n = (unsigned)n;
	return NULL;
}

static const char *
set_period(struct alarm_try *t, const char *value)
{
	uint64_t us, s;

	if (str_to_duration_us(str_of(value), 0, &us) != PARSE_OK || us % 1000000 != 0)
		return "'period' expects a duration with its unit";
	s = us / 1000000;
	if (s == 0 || (s != 10 && s != 30 && s % 60 != 0) || s > ALARM_SPAN_MAX_S)
		return "'period' is 10s, 30s or a multiple of 60s";
	if (t->conf.source == ALARM_OF_MATH && s != t->conf.query.period_s)
		return "the period of an expression is that of its inputs";
	t->conf.query.period_s = (uint32_t)s;
	return NULL;
}

static const char *
set_missing(struct alarm_try *t, const char *value)
{
	for (unsigned i = ALARM_MISSING; i <= ALARM_NOT_BREACHING; i++)
		if (strcmp(value, alarm_treat_name((enum alarm_treat)i)) == 0) {
			t->conf.test.treat = (enum alarm_treat)i;
			return NULL;
		}
	return "'missing-data' is one of missing, ignore, breaching, notBreaching";
}

static const char *
set_statistic(struct alarm_try *t, const char *value)
{
	struct metric_query *q = &t->conf.query;

	if (t->conf.source == ALARM_OF_METRIC &&
	    metric_stat_named(value, &q->stat, &q->percentile))
		return NULL;
	return "'statistic' is one of Average, Sum, Minimum, Maximum, SampleCount, p95 and so on, "
	    "of a metric";
}

const char *
alarm_try_set(struct alarm_try *t, const char *setting)
{
	static const struct {
		const char *name;
		const char *(*set)(struct alarm_try *t, const char *value);
	} settings[] = {
		{ "threshold=", set_threshold }, { "datapoints=", set_datapoints },
		{ "period=", set_period }, { "missing-data=", set_missing },
		{ "statistic=", set_statistic },
	};

	if (t->trial != NULL)
		return ops_of(&t->conf)->set(t->trial, setting);
	if (!has_points(&t->conf))
		return "a rule has no settings, but alarms that it names: ALARM.threshold= and so "
		    "on";
	for (unsigned i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		const char *bad;

		if (!str_starts(str_of(setting), str_of(settings[i].name)))
			continue;
		bad = settings[i].set(t, setting + strlen(settings[i].name));
		if (bad == NULL && (uint64_t)t->conf.test.n * t->conf.query.period_s >
		    ALARM_SPAN_MAX_S)
			bad = "all periods together are more than a day";
		return bad;
	}
	return "what can be tried are threshold=, datapoints=, period=, missing-data= and "
	    "statistic=";
}

/* ---- the span ---- */

/* How long values of a period are kept. */
static int64_t
kept_s(uint32_t period_s)
{
	return period_s < 60 ? 6 * 3600 : period_s % 3600 == 0 ? 455 * 86400 :
	    period_s % 300 == 0 ? 63 * 86400 : 15 * 86400;
}

int64_t
alarm_tries_span(struct alarm_tries *s, int64_t from_s, int64_t to_s, uint32_t *ret_period_s)
{
	*ret_period_s = 0;
	ALARM_TRY_EACH(t, s) {
		int64_t oldest = sched_wall_s() - kept_s(t->conf.query.period_s);

		if (!has_points(&t->conf) || from_s >= oldest)
			continue;
		from_s = oldest;
		*ret_period_s = t->conf.query.period_s;
	}
	s->at_us = (uint64_t)from_s * 1000000;
	s->until_us = (uint64_t)to_s * 1000000;
	ALARM_TRY_EACH(t, s) {
		t->at_us = t->since_us = s->at_us;
		if (has_points(&t->conf))
			t->points = xcalloc(alarm_slots(t->conf.test.n), sizeof *t->points);
	}
	return from_s;
}

/* ---- states of others ---- */

bool
alarm_tries_alarm(const char *name, struct trial_alarm *ret, void *arg)
{
	const struct alarm_tries *s = arg;
	const struct alarm_try *t = alarm_tries_find(s, str_of(name));

	*ret = (struct trial_alarm){ .state = ALARM_INSUFFICIENT };
	if (t == NULL)
		return alarm_find(name) != NULL &&
		    alarm_history_state(name, s->at_us, &ret->state, &ret->since_us);
	ret->state = t->state;
	ret->since_us = t->since_us;
	ret->has_value = t->look.has_value;
	ret->value = t->look.value;
	ret->has_threshold = has_points(&t->conf);
	ret->threshold = t->conf.test.threshold;
	return true;
}

static bool
state_of(const char *name, enum alarm_state *ret, void *arg)
{
	struct trial_alarm a;

	if (!alarm_tries_alarm(name, &a, arg))
		return false;
	*ret = a.state;
	return true;
}

/* ---- turns ---- */

static void
look_at_rule(struct alarm_tries *s, struct alarm_try *t)
{
	bool holds = alarm_rule_holds(t->conf.rule, state_of, s);
	int64_t newest_s = 0;
	const char *name;

	for (unsigned i = 0; (name = alarm_rule_child(t->conf.rule, i)) != NULL; i++) {
		const struct alarm_try *child = alarm_tries_find(s, str_of(name));

		for (unsigned k = 0; child != NULL && k < ALARM_STATES; k++)
			newest_s = child->used_s[k] > newest_s ? child->used_s[k] : newest_s;
	}
	t->state = holds ? ALARM_ALARM : ALARM_OK;
	t->look.is_fresh = newest_s > t->used_s[t->state];
	if (t->look.is_fresh)
		t->used_s[t->state] = newest_s;
	if (alarm_try_changed(t)) {
		struct outbuf b;

		outbuf_init(&b, 0);
		alarm_put_rule(&b, &t->conf, holds, state_of, s);
		free(t->text);
		t->text = b.data;
	}
}

static void
take_answer(struct alarm_try *t)
{
	const struct trial_answer *a = &t->answer;

	t->look.is_fresh = a->is_there;
	if (!a->is_there)
		return;
	t->state = a->state;
	t->used_s[t->state] = (int64_t)(t->at_us / 1000000);
	free(t->text);
	t->text = xstrdup(a->text);
}

static bool
names(const struct alarm_try *t, const char *child)
{
	const char *name;

	for (unsigned i = 0; (name = alarm_rule_child(t->conf.rule, i)) != NULL; i++)
		if (strcmp(name, child) == 0)
			return true;
	return false;
}

static void
begin_turn(struct alarm_tries *s, struct alarm_try *t)
{
	t->in_us[t->state] += s->at_us - t->at_us;
	t->at_us = s->at_us;
	t->before = t->state;
	t->turns += !t->is_due;
	t->is_due = false;
}

/* Rules over it are looked at before time goes on. */
static void
end_turn(struct alarm_tries *s, struct alarm_try *t)
{
	if (!alarm_try_changed(t))
		return;
	t->since_us = s->at_us;
	t->changes++;
	ALARM_TRY_EACH(other, s)
		if (other->conf.source == ALARM_OF_RULE && names(other, t->name))
			other->is_due = true;
}

/* False: whom it asked has not answered yet. */
static bool
go_on(struct alarm_tries *s, struct alarm_try *t)
{
	if (!ops_of(&t->conf)->run(t->trial, &t->answer))
		return false;
	s->asked = NULL;
	trial_count(&s->costs, &t->answer);
	take_answer(t);
	return true;
}

/* A turn of a slower one may be none. */
static bool
ask(struct alarm_tries *s, struct alarm_try *t)
{
	uint64_t every_us = ops_of(&t->conf)->every_us(t->trial);

	t->look.is_fresh = false;
	if (t->asked_us != 0 && s->at_us - t->asked_us + 1000000 < every_us)
		return true;
	t->asked_us = s->at_us;
	s->asked = t;
	s->view = (struct trial_view){ .at_us = s->at_us, .alarm = alarm_tries_alarm, .arg = s,
	    .own = { .state = t->state, .since_us = t->since_us } };
	ops_of(&t->conf)->ask(t->trial, &s->view);
	return go_on(s, t);
}

static bool
turn(struct alarm_tries *s, struct alarm_try *t)
{
	begin_turn(s, t);
	if (t->trial != NULL)
		return ask(s, t);
	if (t->conf.source == ALARM_OF_RULE) {
		look_at_rule(s, t);
		return true;
	}
	t->look = alarm_look(&t->conf, t->state, t->used_s, s->at_us, t->points, s->bend);
	t->state = t->look.verdict.state;
	return true;
}

/* NULL: there is no more turn; *ret_at: when it is. */
static struct alarm_try *
next(const struct alarm_tries *s, uint64_t *ret_at)
{
	struct alarm_try *first = NULL;

	*ret_at = UINT64_MAX;
	ALARM_TRY_EACH(t, s) {
		uint64_t at = t->is_due ? s->at_us : alarm_turn_after(&t->conf, t->name, t->at_us);

		if (at <= s->until_us && at < *ret_at) {
			*ret_at = at;
			first = t;
		}
	}
	return first;
}

uint64_t
alarm_tries_next_us(const struct alarm_tries *s)
{
	uint64_t at;

	(void)next(s, &at);
	return at;
}

enum alarm_try_step
alarm_tries_run(struct alarm_tries *s, struct alarm_try **ret)
{
	struct alarm_try *t = s->asked;
	uint64_t at;

	if (t != NULL ? !go_on(s, t) : false)
		return ALARM_TRY_AGAIN;
	if (t == NULL) {
		t = next(s, &at);
		if (t == NULL || !trial_may_go_on(&s->costs))
			return ALARM_TRY_OVER;
		s->at_us = at;
		if (!turn(s, t))
			return ALARM_TRY_AGAIN;
	}
	end_turn(s, t);
	*ret = t;
	return ALARM_TRY_TURN;
}

/* ---- in words ---- */

void
alarm_try_words(const struct alarm_try *t, struct outbuf *reason, struct outbuf *brief)
{
	struct alarm_words w;

	if (t->points == NULL) {
		outbuf_z(reason, t->text != NULL ? t->text : "");
		outbuf_z(brief, t->text != NULL ? t->text : "");
		return;
	}
	alarm_words_init(&w, &t->conf, &t->look, t->points, t->at_us);
	outbuf_z(reason, w.reason.data);
	outbuf_z(brief, w.brief.len > 0 ? w.brief.data : w.reason.data);
	alarm_words_fini(&w);
}
