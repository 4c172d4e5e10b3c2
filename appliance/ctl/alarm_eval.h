/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What state an alarm's datapoints mean: a pure function of the slots of its
 * range, its settings and the state it is in. The range is N + 2 slots, so that a
 * late or missing point does not change the state at once; it ends at the start
 * of the minute (or of the ten seconds) of the evaluation and slides.
 *
 * Any thread.
 */
#ifndef WEIR_CTL_ALARM_EVAL_H
#define WEIR_CTL_ALARM_EVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/metric.h"

enum alarm_state { ALARM_INSUFFICIENT, ALARM_OK, ALARM_ALARM, ALARM_STATES };
enum alarm_treat { ALARM_MISSING, ALARM_IGNORE, ALARM_BREACHING, ALARM_NOT_BREACHING };
enum alarm_op { ALARM_GT, ALARM_GE, ALARM_LT, ALARM_LE };

/* Which line decided. */
enum alarm_rule_used {
	ALARM_BY_POINTS,	/* N or more real points: the treatment plays no part */
	ALARM_BY_BREACHING,	/* missing ones filled as breaching */
	ALARM_BY_NOT_BREACHING,
	ALARM_BY_NONE,		/* no point at all: insufficient */
	ALARM_BY_IGNORE,	/* too few, ignored: as it was */
	ALARM_BY_AGE,		/* breaching points only, the oldest old enough */
	ALARM_BY_YOUTH,		/* ... too young to tell: as it was */
	ALARM_BY_MIX,		/* fewer than N, not all breaching */
	ALARM_BY_LOW_SAMPLES,	/* a percentile of too few samples: as it was */
	ALARM_BY_STALE,		/* nothing newer than what was acted upon: as it was */
	ALARM_RULES_USED
};

struct alarm_test {
	unsigned	 m, n;		/* m of n must breach */
	enum alarm_op	 op;
	double		 threshold;
	enum alarm_treat treat;
	/* Of percentiles: points of fewer samples keep the state; 0 = any will do. */
	double		 min_samples;
};

struct alarm_verdict {
	enum alarm_state state;
	enum alarm_rule_used rule;
	unsigned	 real, breaching;	/* points in the range */
	unsigned	 newest_breaching;	/* among the n newest real ones */
	unsigned	 filled;		/* missing ones that the treatment filled */
	unsigned	 age;			/* slots since the oldest breaching one began */
	unsigned	 newest;		/* slots since the newest point began; 0 = none */
};

static inline unsigned
alarm_slots(unsigned n)
{
	return n + 2;
}

bool	 alarm_breaches(enum alarm_op op, double v, double threshold);
/* p: alarm_slots(n) points, the oldest first. */
struct alarm_verdict alarm_evaluate(const struct metric_point *p, const struct alarm_test *t,
	    enum alarm_state now);
/* Below so many samples a percentile says little. */
double	 alarm_samples_needed(double percentile);

const char *alarm_state_name(enum alarm_state s);
bool	 alarm_state_named(const char *name, enum alarm_state *ret);
const char *alarm_treat_name(enum alarm_treat t);
const char *alarm_rule_text(enum alarm_rule_used r);	/* for `explain` */

#endif
