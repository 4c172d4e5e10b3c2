/* SPDX-License-Identifier: BSD-2-Clause */
/* scale_math.c: the published tables of rounding and steps, row by row. */
#include "ctl/scale_math.h"

#include <math.h>
#include <string.h>

#include "base/module.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

static const struct {
	enum adjust_kind kind;
	int64_t		 by;
	uint32_t	 min_step;
	int64_t		 cur, min, max, want;
} adjusts[] = {
	{ ADJUST_CHANGE, 1, 0, 1, 1, 3, 2 },
	{ ADJUST_CHANGE, 5, 0, 1, 1, 3, 3 },
	{ ADJUST_CHANGE, -1, 0, 2, 1, 3, 1 },
	{ ADJUST_CHANGE, -1, 0, 1, 1, 3, 1 },
	{ ADJUST_EXACT, 2, 0, 3, 1, 3, 2 },
	{ ADJUST_EXACT, 0, 0, 3, 1, 3, 1 },
	{ ADJUST_EXACT, 9, 0, 3, 1, 3, 3 },
	/* 12.7 -> 12 */
	{ ADJUST_PERCENT, 127, 0, 10, 0, 100, 22 },
	/* 0.67 -> 1 */
	{ ADJUST_PERCENT, 67, 0, 1, 0, 100, 2 },
	{ ADJUST_PERCENT, 1, 0, 10, 0, 100, 11 },
	/* -0.58 -> -1 */
	{ ADJUST_PERCENT, -58, 0, 1, 0, 100, 0 },
	{ ADJUST_PERCENT, -10, 0, 4, 0, 100, 3 },
	/* -6.67 -> -6 */
	{ ADJUST_PERCENT, -667, 0, 1, -10, 100, -5 },
	{ ADJUST_PERCENT, -33, 0, 20, 0, 100, 14 },
	{ ADJUST_PERCENT, 100, 0, 4, 1, 20, 8 },
	/* 25 % of 4 with a minimum of 2 */
	{ ADJUST_PERCENT, 25, 2, 4, 1, 20, 6 },
	{ ADJUST_PERCENT, -25, 2, 4, 1, 20, 2 },
	{ ADJUST_PERCENT, -25, 2, 4, 3, 20, 3 },
	{ ADJUST_PERCENT, 50, 2, 10, 1, 20, 15 },
	{ ADJUST_PERCENT, 0, 2, 10, 1, 20, 10 },
	{ ADJUST_PERCENT, 50, 0, 0, 0, 20, 0 },
};

/* Threshold 50, two steps each way, as in the user guide. */
static const struct scale_step guide[] = {
	{ "a", 0, 10, 0 }, { "b", 10, 20, 10 }, { "c", 20, INFINITY, 30 },
	{ "d", -10, 0, 0 }, { "e", -20, -10, -10 }, { "f", -INFINITY, -20, -30 },
};

static const struct {
	double		 value;
	int64_t		 cur, want;
} walk[] = {
	{ 60, 10, 11 }, { 70, 11, 14 }, { 40, 14, 13 }, { 30, 13, 10 },
	{ 50, 10, 10 }, { 59.9, 10, 10 }, { 40.1, 10, 10 }, { 69.99, 10, 11 }, { 30.01, 10, 9 },
	{ 1e9, 10, 13 }, { -1e9, 10, 7 },
};

static const struct {
	const char	*problem;
	struct scale_step steps[3];
	unsigned	 n;
} checks[] = {
	{ NULL, { { "a", 0, INFINITY, 1 } }, 1 },
	{ NULL, { { "a", 0, 10, 1 }, { "b", 10, INFINITY, 2 } }, 2 },
	{ NULL, { { "b", 10, INFINITY, 2 }, { "a", 0, 10, 1 } }, 2 },
	{ NULL, { { "a", -INFINITY, -10, -2 }, { "b", -10, 0, -1 } }, 2 },
	{ "it has no step", { { "", 0, 0, 0 } }, 0 },
	{ "a step is open on both sides", { { "a", -INFINITY, INFINITY, 1 } }, 1 },
	{ "a step's lower bound is not below its upper one", { { "a", 10, 10, 1 } }, 1 },
	{ "two steps overlap", { { "a", 0, 11, 1 }, { "b", 10, INFINITY, 2 } }, 2 },
	{ "two steps overlap", { { "a", 0, INFINITY, 1 }, { "b", 10, INFINITY, 2 } }, 2 },
	{ "there is a gap between two steps", { { "a", 0, 9, 1 }, { "b", 10, INFINITY, 2 } }, 2 },
};

static const struct {
	int64_t		 cur;
	double		 value, target;
	int64_t		 want;
} targets[] = {
	{ 1, 100, 50, 2 },
	{ 3, 75, 50, 5 },		/* 4.5: 1.5 to add is 2 */
	{ 5, 35, 50, 4 },		/* 3.5: 1.5 to remove is 1 */
	{ 4, 50, 50, 4 },
	{ 3, 0.7, 0.7, 3 },
	{ 4, 0, 50, 0 },
	{ 4, NAN, 50, 0 },
};

static void
test_walk(void)
{
	for (size_t i = 0; i < sizeof walk / sizeof walk[0]; i++) {
		const struct scale_step *s = scale_step_of(guide, 6, walk[i].value - 50);
		struct adjust a = { ADJUST_PERCENT, s != NULL ? s->by : -99, 0 };
		int64_t got = scale_adjust(&a, walk[i].cur, 1, 100);

		ok_named(got == walk[i].want, "at %g: %lld -> %lld (%lld)", walk[i].value,
		    (long long)walk[i].cur, (long long)walk[i].want, (long long)got);
	}
	is_str(scale_steps_check(guide, 6), NULL);
	ok_named(scale_step_of(guide, 2, 25) == NULL, "above all steps: none");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof adjusts / sizeof adjusts[0]; i++) {
		struct adjust a = { adjusts[i].kind, adjusts[i].by, adjusts[i].min_step };

		ok_named(scale_adjust(&a, adjusts[i].cur, adjusts[i].min, adjusts[i].max) ==
		    adjusts[i].want, "row %zu: %lld %s by %lld -> %lld", i,
		    (long long)adjusts[i].cur, adjust_name(a.kind), (long long)a.by,
		    (long long)adjusts[i].want);
	}
	test_walk();
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		is_str(scale_steps_check(checks[i].steps, checks[i].n), checks[i].problem);
	for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
		is_int(scale_target(targets[i].cur, targets[i].value, targets[i].target),
		    targets[i].want);
	return tap_done();
}
