/* SPDX-License-Identifier: BSD-2-Clause */
/* alarm_eval.c: the published tables of missing data, row by row; and the rest. */
#include "ctl/alarm_eval.h"

#include <string.h>

#include "tap.h"

#define KEEP	"keep"

/* Oldest first: 0 good, X breaching, - missing. */
static void
points_of(const char *text, struct metric_point *ret)
{
	for (; *text != '\0'; text++)
		if (*text != ' ')
			*ret++ = (struct metric_point){ *text == 'X' ? 9 : 1,
				*text == '-' ? 0 : 1 };
}

static const struct row {
	unsigned	 m;
	const char	*points;
	const char	*of[4];		/* by treatment */
} table[] = {
	{ 3, "0 - X - X", { "OK", "OK", "OK", "OK" } },
	{ 3, "0 - - - -", { "OK", "OK", "OK", "OK" } },
	{ 3, "- - - - -", { "INSUFFICIENT_DATA", KEEP, "ALARM", "OK" } },
	{ 3, "0 X X - X", { "ALARM", "ALARM", "ALARM", "ALARM" } },
	{ 3, "- - X - -", { "ALARM", KEEP, "ALARM", "OK" } },
	{ 2, "0 - X - X", { "ALARM", "ALARM", "ALARM", "ALARM" } },
	{ 2, "0 0 X 0 X", { "ALARM", "ALARM", "ALARM", "ALARM" } },
	{ 2, "0 - X - -", { "OK", "OK", "ALARM", "OK" } },
	{ 2, "- - - - 0", { "OK", "OK", "ALARM", "OK" } },
	{ 2, "- - - X -", { "ALARM", KEEP, "ALARM", "OK" } },
};

static void
test_tables(void)
{
	for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
		for (unsigned t = 0; t < 4; t++)
			for (unsigned s = 0; s < ALARM_STATES; s++) {
				struct alarm_test test = { table[i].m, 3, ALARM_GT, 5,
					(enum alarm_treat)t, 0 };
				const char *want = table[i].of[t];
				struct metric_point p[5];

				points_of(table[i].points, p);
				if (strcmp(want, KEEP) == 0)
					want = alarm_state_name((enum alarm_state)s);
				if (!is_str(alarm_state_name(alarm_evaluate(p, &test,
				    (enum alarm_state)s).state), want))
					tap_diag("%u of 3, %s, %s, from %s", table[i].m,
					    table[i].points, alarm_treat_name(test.treat),
					    alarm_state_name((enum alarm_state)s));
			}
}

/* A row of explanations. */
static const struct {
	unsigned	 m, n;
	enum alarm_treat treat;
	const char	*points;
	enum alarm_rule_used rule;
	enum alarm_state state;		/* from OK */
	unsigned	 real, breaching, filled, age, newest;
} explained[] = {
	{ 2, 2, ALARM_MISSING, "- 0 X X", ALARM_BY_POINTS, ALARM_ALARM, 3, 2, 0, 2, 1 },
	{ 2, 2, ALARM_MISSING, "X X 0 -", ALARM_BY_POINTS, ALARM_OK, 3, 2, 0, 4, 2 },
	{ 1, 1, ALARM_MISSING, "X - -", ALARM_BY_POINTS, ALARM_ALARM, 1, 1, 0, 3, 3 },
	{ 3, 3, ALARM_BREACHING, "- - - 0 X", ALARM_BY_BREACHING, ALARM_OK, 2, 1, 1, 1, 1 },
	{ 2, 3, ALARM_BREACHING, "- - - 0 X", ALARM_BY_BREACHING, ALARM_ALARM, 2, 1, 1, 1, 1 },
	{ 1, 3, ALARM_NOT_BREACHING, "- - - 0 X", ALARM_BY_NOT_BREACHING, ALARM_ALARM,
	  2, 1, 1, 1, 1 },
	{ 3, 3, ALARM_MISSING, "- - - - -", ALARM_BY_NONE, ALARM_INSUFFICIENT, 0, 0, 0, 0, 0 },
	{ 3, 3, ALARM_IGNORE, "- - - - -", ALARM_BY_IGNORE, ALARM_OK, 0, 0, 0, 0, 0 },
	{ 3, 3, ALARM_MISSING, "- - X - -", ALARM_BY_AGE, ALARM_ALARM, 1, 1, 0, 3, 3 },
	{ 3, 3, ALARM_MISSING, "- - - X -", ALARM_BY_YOUTH, ALARM_OK, 1, 1, 0, 2, 2 },
	{ 1, 3, ALARM_MISSING, "- - - X 0", ALARM_BY_MIX, ALARM_ALARM, 2, 1, 0, 2, 1 },
};

static void
test_explained(void)
{
	for (unsigned i = 0; i < sizeof explained / sizeof explained[0]; i++) {
		struct alarm_test test = { explained[i].m, explained[i].n, ALARM_GT, 5,
			explained[i].treat, 0 };
		struct metric_point p[5];
		struct alarm_verdict v;

		points_of(explained[i].points, p);
		v = alarm_evaluate(p, &test, ALARM_OK);
		if (!is_str(alarm_rule_text(v.rule), alarm_rule_text(explained[i].rule)) ||
		    !is_int(v.state, explained[i].state) || !is_u64(v.real, explained[i].real) ||
		    !is_u64(v.breaching, explained[i].breaching) ||
		    !is_u64(v.filled, explained[i].filled) || !is_u64(v.age, explained[i].age) ||
		    !is_u64(v.newest, explained[i].newest))
			tap_diag("row %u: %s", i, explained[i].points);
	}
}

static void
test_operators(void)
{
	static const struct {
		enum alarm_op op;
		bool	 below, equal, above;
	} ops[] = {
		{ ALARM_GT, false, false, true }, { ALARM_GE, false, true, true },
		{ ALARM_LT, true, false, false }, { ALARM_LE, true, true, false },
	};

	for (unsigned i = 0; i < 4; i++) {
		ok(alarm_breaches(ops[i].op, 1, 2) == ops[i].below);
		ok(alarm_breaches(ops[i].op, 2, 2) == ops[i].equal);
		ok(alarm_breaches(ops[i].op, 3, 2) == ops[i].above);
	}
}

static void
test_samples(void)
{
	struct alarm_test t = { 1, 1, ALARM_GT, 5, ALARM_MISSING, alarm_samples_needed(95) };
	struct metric_point p[3] = { { 9, 5 }, { 9, 5 }, { 9, 200 } };

	ok(t.min_samples > 199.9 && t.min_samples < 200.1);
	ok(alarm_samples_needed(50) > 19.9 && alarm_samples_needed(50) < 20.1);
	ok(alarm_samples_needed(10) > 99.9 && alarm_samples_needed(10) < 100.1);
	is_u64((uint64_t)alarm_samples_needed(100), 0);
	t.min_samples = 200;
	is_int(alarm_evaluate(p, &t, ALARM_OK).state, ALARM_ALARM);
	p[2].n = 199;
	is_int(alarm_evaluate(p, &t, ALARM_OK).state, ALARM_OK);
	is_int(alarm_evaluate(p, &t, ALARM_OK).rule, ALARM_BY_LOW_SAMPLES);
}

static void
test_names(void)
{
	enum alarm_state s = ALARM_INSUFFICIENT;

	ok(alarm_state_named("ALARM", &s) && s == ALARM_ALARM);
	ok(!alarm_state_named("Alarm", &s));
	for (unsigned i = 0; i < ALARM_RULES_USED; i++)
		ok(alarm_rule_text((enum alarm_rule_used)i) != NULL);
}

int
main(void)
{
	test_tables();
	test_explained();
	test_operators();
	test_samples();
	test_names();
	return tap_done();
}
