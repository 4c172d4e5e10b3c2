/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arithmetic of scaling policies, apart from groups and clocks: adjustments and
 * their rounding, steps relative to a threshold, target tracking. The rules are
 * those of Amazon's Auto Scaling (API version 2011-01-01 and its user guide).
 */
#ifndef WEIR_CTL_SCALE_MATH_H
#define WEIR_CTL_SCALE_MATH_H

#include <stdint.h>

enum adjust_kind { ADJUST_CHANGE, ADJUST_EXACT, ADJUST_PERCENT };

struct adjust {
	enum adjust_kind kind;
	int64_t		 by;
	uint32_t	 min_step;	/* of ADJUST_PERCENT: at least so many; 0 = none */
};

/* Bounds relative to the threshold; open ones are infinite. */
struct scale_step {
	const char	*name;
	double		 lower, upper;
	int64_t		 by;
};

/* any thread */
/* What `by` percent of cur are, in instances: over 1 rounded down, under 1 up, the
 * same for what is taken away; never fewer than min_step. */
int64_t	 scale_percent(int64_t cur, int64_t by, uint32_t min_step);
/* The capacity that it asks for, within min and max. */
int64_t	 scale_adjust(const struct adjust *a, int64_t cur, int64_t min, int64_t max);
/* The step for a value that lies so far above the threshold: at or above it the lower
 * bound belongs to the step, below it the upper one. NULL: none. */
const struct scale_step *scale_step_of(const struct scale_step *steps, unsigned n, double above);
/* NULL, or what is wrong with them: one sentence, static. */
const char *scale_steps_check(const struct scale_step *steps, unsigned n);
/* The capacity at which the metric, shared by all, would be at its target: as many as
 * are needed, and out of caution never fewer than that. */
int64_t	 scale_target(int64_t cur, double value, double target);
/* "ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity" */
const char *adjust_name(enum adjust_kind k);

#endif
