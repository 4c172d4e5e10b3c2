/* SPDX-License-Identifier: BSD-2-Clause */
/* The arithmetic of scaling policies; see scale_math.h. Thread: any. */
#include "ctl/scale_math.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>


#define CAPACITY_MAX	1000000

static int64_t
clamp(int64_t v, int64_t min, int64_t max)
{
	return v < min ? min : v > max ? max : v;
}

const char *
adjust_name(enum adjust_kind k)
{
	static const char *const names[] = {
		"ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"
	};

	return names[k];
}

int64_t
scale_percent(int64_t cur, int64_t by, uint32_t min_step)
{
	int64_t sign = by < 0 ? -1 : 1, hundredths, delta;

	if (by == 0)
		return 0;
	hundredths = cur * clamp(sign * by, 0, CAPACITY_MAX);
	delta = hundredths / 100;
	if (delta == 0 && hundredths > 0)
		delta = 1;
	if (delta < min_step)
		delta = min_step;
	return sign * delta;
}

int64_t
scale_adjust(const struct adjust *a, int64_t cur, int64_t min, int64_t max)
{
	int64_t by = clamp(a->by, -CAPACITY_MAX, CAPACITY_MAX);

	switch (a->kind) {
	case ADJUST_EXACT:
		return clamp(by, min, max);
	case ADJUST_CHANGE:
		return clamp(cur + by, min, max);
	case ADJUST_PERCENT:
		return clamp(cur + scale_percent(cur, by, a->min_step), min, max);
	}
	return cur;
}

const struct scale_step *
scale_step_of(const struct scale_step *steps, unsigned n, double above)
{
	for (unsigned i = 0; i < n; i++) {
		const struct scale_step *s = &steps[i];

		if (above >= 0 ? above >= s->lower && above < s->upper :
		    above > s->lower && above <= s->upper)
			return s;
	}
	return NULL;
}

/* Does anything begin where this one ends? */
static const struct scale_step *
starting_at(const struct scale_step *steps, unsigned n, double bound)
{
	for (unsigned i = 0; i < n; i++)
		if (steps[i].lower == bound)	/* as written: both from the same text */
			return &steps[i];
	return NULL;
}

static bool
overlap(const struct scale_step *a, const struct scale_step *b)
{
	return a->lower < b->upper && b->lower < a->upper;
}

const char *
scale_steps_check(const struct scale_step *steps, unsigned n)
{
	unsigned nlower = 0, nupper = 0, nends = 0;

	if (n == 0)
		return "it has no step";
	for (unsigned i = 0; i < n; i++) {
		const struct scale_step *s = &steps[i];

		if (isinf(s->lower) && isinf(s->upper))
			return "a step is open on both sides";
		if (s->lower >= s->upper)
			return "a step's lower bound is not below its upper one";
		nlower += isinf(s->lower) != 0;
		nupper += isinf(s->upper) != 0;
		for (unsigned k = 0; k < i; k++)
			if (overlap(s, &steps[k]))
				return "two steps overlap";
		nends += starting_at(steps, n, s->upper) == NULL;
	}
	if (nlower > 1 || nupper > 1)
		return "two steps are open on the same side";
	return nends > 1 ? "there is a gap between two steps" : NULL;
}

int64_t
scale_target(int64_t cur, double value, double target)
{
	double need = (double)cur * value / target;

	if (isnan(need) || need <= 0)
		return 0;
	need = ceil(need - 1e-9);	/* 3 * 0.7 / 0.7 is 3 */
	return need > CAPACITY_MAX ? CAPACITY_MAX : (int64_t)need;
}
