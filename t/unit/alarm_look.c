/* SPDX-License-Identifier: BSD-2-Clause */
/* alarm_look.c, alarm_read.c: what is new, what is stale, and a gap of the clock. */
#include <stdio.h>
#include <string.h>

#include "base/module.h"
#include "ctl/alarm.h"
#include "event/sched.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

#define T0	1360945020	/* 2013-02-15T16:17:00Z, a whole minute */

static struct alarm_conf conf = {
	.source = ALARM_OF_METRIC,
	.query = { .key = { .ns = "Lab", .name = "t", .unit = "None" }, .period_s = 60 },
	.test = { 2, 2, ALARM_GT, 5, ALARM_MISSING, 0 },
	.description = "",
};
static int64_t used[ALARM_STATES];
static enum alarm_state state;
static struct metric_point points[32];

static void
put(int minute, double v)
{
	struct metric_value value = { 1, v, v, v };

	ok(metric_put(&conf.query.key, T0 + minute * 60, &value) == NULL);
}

/* "STATE fresh|old", evaluated five seconds into the minute. */
static const char *
look(int minute)
{
	static char text[64];
	struct alarm_look l = alarm_look(&conf, state, used,
	    (uint64_t)(T0 + minute * 60 + 5) * 1000000, points, NULL);

	state = l.verdict.state;
	snprintf(text, sizeof text, "%s %s%s", alarm_state_name(state), l.is_fresh ? "fresh" :
	    "old", l.verdict.rule == ALARM_BY_STALE ? " stale" : "");
	return text;
}

static void
begin(const char *metric, enum alarm_treat treat, uint32_t period_s)
{
	conf.query.key.name = metric;
	conf.query.period_s = period_s;
	conf.test.treat = treat;
	memset(used, 0, sizeof used);
	state = ALARM_INSUFFICIENT;
}

static void
test_fresh(void)
{
	begin("fresh", ALARM_MISSING, 60);
	put(0, 9);
	is_str(look(1), "INSUFFICIENT_DATA fresh");
	put(1, 9);
	is_str(look(2), "ALARM fresh");
	is_str(look(3), "ALARM old");
	state = ALARM_OK;	/* somebody says so */
	is_str(look(4), "OK old stale");
	put(4, 9);
	is_str(look(5), "ALARM fresh");
	put(5, 1);
	is_str(look(6), "OK fresh");
	is_str(look(11), "INSUFFICIENT_DATA old");
}

static void
test_breaching(void)
{
	begin("breaching", ALARM_BREACHING, 60);
	is_str(look(1), "ALARM fresh");
	is_str(look(2), "ALARM fresh");
	put(2, 1);
	put(3, 1);
	is_str(look(4), "OK fresh");
	is_str(look(5), "OK old");	/* two points in the range: nothing is filled */
	is_str(look(10), "ALARM fresh");
}

static void
test_not_breaching(void)
{
	begin("not-breaching", ALARM_NOT_BREACHING, 60);
	is_str(look(1), "OK old");
	put(1, 9);
	put(2, 9);
	is_str(look(3), "ALARM fresh");
	is_str(look(4), "ALARM old");
	is_str(look(10), "OK old");
}

/* A longer period slides: what is in it is new only once. */
static void
test_sliding(void)
{
	begin("sliding", ALARM_MISSING, 300);
	put(1, 9);
	put(4, 9);
	is_str(look(7), "ALARM fresh");
	is_str(look(8), "ALARM old");
	put(9, 9);
	is_str(look(10), "ALARM fresh");
	is_str(look(11), "ALARM old");
}

static void
test_gap(void)
{
	begin("gap", ALARM_BREACHING, 60);
	put(0, 1);
	put(1, 1);
	is_str(look(2), "OK fresh");
	alarm_gap(T0 + 2 * 60, T0 + 62 * 60);
	is_str(look(62), "OK old");
	put(62, 1);
	is_str(look(63), "OK fresh");
	is_str(look(70), "ALARM fresh");
	alarm_gap(0, 0);
}

static void
test_phase(void)
{
	conf.has_phase = true;
	conf.phase_us = 7850000;
	conf.query.period_s = 60;
	is_u64(alarm_turn_after(&conf, "a", T0 * 1000000ull), T0 * 1000000ull + 7850000);
	is_u64(alarm_turn_after(&conf, "a", T0 * 1000000ull + 7850000),
	    T0 * 1000000ull + 67850000);
	conf.query.period_s = 30;
	is_u64(alarm_turn_after(&conf, "a", T0 * 1000000ull + 7850000),
	    T0 * 1000000ull + 17850000);
	conf.has_phase = false;
	ok(alarm_turn_after(&conf, "a", T0 * 1000000ull) !=
	    alarm_turn_after(&conf, "b", T0 * 1000000ull));
}

int
main(void)
{
	sched_start(NULL, T0 * 1000000ull + 3600000000ull);
	test_fresh();
	test_breaching();
	test_not_breaching();
	test_sliding();
	test_gap();
	test_phase();
	metric_free();
	sched_stop();
	return tap_done();
}
