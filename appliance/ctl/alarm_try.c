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

#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/metric_unit.h"
#include "event/sched.h"

const char *
alarm_try_init(struct alarm_try *t, const struct alarm *a)
{
	*t = (struct alarm_try){ .state = ALARM_INSUFFICIENT, .before = ALARM_INSUFFICIENT };
	if (a->conf->source != ALARM_OF_METRIC && a->conf->source != ALARM_OF_MATH)
		return "only alarms of metrics and expressions can be tried";
	t->name = xstrdup(a->name);
	t->conf = *a->conf;
	return NULL;
}

void
alarm_try_fini(struct alarm_try *t)
{
	free(t->name);
	free(t->points);
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

/* ---- turns ---- */

/* How long values of a period are kept. */
static int64_t
kept_s(uint32_t period_s)
{
	return period_s < 60 ? 6 * 3600 : period_s % 3600 == 0 ? 455 * 86400 :
	    period_s % 300 == 0 ? 63 * 86400 : 15 * 86400;
}

bool
alarm_try_span(struct alarm_try *t, int64_t from_s, int64_t to_s, int64_t *ret_from_s)
{
	int64_t oldest = sched_wall_s() - kept_s(t->conf.query.period_s);
	bool is_clipped = from_s < oldest;

	*ret_from_s = is_clipped ? oldest : from_s;
	t->at_us = (uint64_t)*ret_from_s * 1000000;
	t->until_us = (uint64_t)to_s * 1000000;
	t->points = xcalloc(alarm_slots(t->conf.test.n), sizeof *t->points);
	return is_clipped;
}

uint64_t
alarm_try_next_us(const struct alarm_try *t)
{
	uint64_t at = alarm_turn_after(&t->conf, t->name, t->at_us);

	return at <= t->until_us ? at : UINT64_MAX;
}

bool
alarm_try_turn(struct alarm_try *t)
{
	uint64_t at = alarm_try_next_us(t);

	if (at == UINT64_MAX)
		return false;
	t->in_us[t->state] += at - t->at_us;
	t->at_us = at;
	t->before = t->state;
	t->look = alarm_look(&t->conf, t->state, t->used_s, at, t->points, t->bend);
	t->state = t->look.verdict.state;
	t->turns++;
	t->changes += alarm_try_changed(t);
	return true;
}
