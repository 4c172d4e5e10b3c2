/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Evaluation of alarms; see alarm_eval.h.
 *
 * The treatment of missing data acts only when there are fewer than N real
 * points in the range; with enough of them the newest N decide.
 *
 * Thread: any.
 */
#include "ctl/alarm_eval.h"

#include <math.h>
#include <string.h>

#include "base/magic.h"

bool
alarm_breaches(enum alarm_op op, double v, double threshold)
{
	switch (op) {
	case ALARM_GT:
		return v > threshold;
	case ALARM_GE:
		return v >= threshold;
	case ALARM_LT:
		return v < threshold;
	case ALARM_LE:
		return v <= threshold;
	}
	return false;
}

/* Counts points, the newest first; false: one of the n newest has too few samples. */
static bool
count(const struct metric_point *p, const struct alarm_test *t, struct alarm_verdict *v)
{
	unsigned r = alarm_slots(t->n);
	bool enough = true;

	for (unsigned i = r; i-- > 0;) {
		if (p[i].n <= 0)
			continue;
		if (v->newest == 0)
			v->newest = r - i;
		if (v->real < t->n && p[i].n < t->min_samples)
			enough = false;
		if (alarm_breaches(t->op, p[i].v, t->threshold)) {
			v->breaching++;
			v->age = r - i;
			if (v->real < t->n)
				v->newest_breaching++;
		}
		v->real++;
	}
	return enough;
}

static enum alarm_state
of_many(unsigned breaching, unsigned m)
{
	return breaching >= m ? ALARM_ALARM : ALARM_OK;
}

/* Fewer than n real points. */
static void
decide_few(struct alarm_verdict *v, const struct alarm_test *t, enum alarm_state now)
{
	unsigned lacking = t->n - v->real;

	if (t->treat == ALARM_BREACHING) {
		v->rule = ALARM_BY_BREACHING;
		v->filled = lacking;
		v->state = of_many(v->breaching + lacking, t->m);
	} else if (t->treat == ALARM_NOT_BREACHING) {
		v->rule = ALARM_BY_NOT_BREACHING;
		v->filled = lacking;
		v->state = of_many(v->breaching, t->m);
	} else if (v->real == 0) {
		v->rule = t->treat == ALARM_IGNORE ? ALARM_BY_IGNORE : ALARM_BY_NONE;
		v->state = t->treat == ALARM_IGNORE ? now : ALARM_INSUFFICIENT;
	} else if (v->breaching < v->real) {
		v->rule = ALARM_BY_MIX;
		v->state = of_many(v->breaching, t->m);
	} else if (t->treat == ALARM_IGNORE) {
		v->rule = ALARM_BY_IGNORE;
		v->state = now;
	} else {
		v->rule = v->age >= t->m ? ALARM_BY_AGE : ALARM_BY_YOUTH;
		v->state = v->age >= t->m ? ALARM_ALARM : now;
	}
}

struct alarm_verdict
alarm_evaluate(const struct metric_point *p, const struct alarm_test *t, enum alarm_state now)
{
	struct alarm_verdict v = { .state = now };

	WEIR_ASSERT(t->m >= 1 && t->m <= t->n);
	if (!count(p, t, &v)) {
		v.rule = ALARM_BY_LOW_SAMPLES;
	} else if (v.real >= t->n) {
		v.rule = ALARM_BY_POINTS;
		v.state = of_many(v.newest_breaching, t->m);
	} else {
		decide_few(&v, t, now);
	}
	return v;
}

double
alarm_samples_needed(double percentile)
{
	double part = percentile >= 50 ? 100 - percentile : percentile;

	return part > 0 ? ceil(1000 / part - 1e-6) : 0;
}

/* ---- names ---- */

static const char *const states[ALARM_STATES] = { "INSUFFICIENT_DATA", "OK", "ALARM" };
static const char *const treats[] = { "missing", "ignore", "breaching", "notBreaching" };
static const char *const rules[ALARM_RULES_USED] = {
	[ALARM_BY_POINTS] = "enough points: the newest ones decide",
	[ALARM_BY_BREACHING] = "missing points were counted as breaching",
	[ALARM_BY_NOT_BREACHING] = "missing points were counted as not breaching",
	[ALARM_BY_NONE] = "no point in the whole range",
	[ALARM_BY_IGNORE] = "too few points, and missing ones are ignored: the state stays",
	[ALARM_BY_AGE] = "breaching points only, the oldest of them old enough",
	[ALARM_BY_YOUTH] = "breaching points only, all of them too young: the state stays",
	[ALARM_BY_MIX] = "fewer points than asked for, not all of them breaching",
	[ALARM_BY_LOW_SAMPLES] = "a percentile of too few samples: the state stays",
	[ALARM_BY_STALE] = "no point newer than those acted upon: the state stays",
};

const char *
alarm_state_name(enum alarm_state s)
{
	return states[s];
}

bool
alarm_state_named(const char *name, enum alarm_state *ret)
{
	for (unsigned i = 0; i < ALARM_STATES; i++)
		if (strcmp(name, states[i]) == 0) {
			*ret = (enum alarm_state)i;
			return true;
		}
	return false;
}

const char *
alarm_treat_name(enum alarm_treat t)
{
	return treats[t];
}

const char *
alarm_rule_text(enum alarm_rule_used r)
{
	return rules[r];
}
