/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.c: the cells of a thread, and dates in the three forms. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "tap.h"

static const char *
formatted(size_t (*fn)(uint64_t, char *), uint64_t wall_us)
{
	static char buf[33];
	size_t n = fn(wall_us, buf);

	buf[n] = '\0';
	return buf;
}

static uint64_t
distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void
test_cells(void)
{
	uint64_t before = clock_mono_us(), wall;

	is_u64(clock_now_us, 0);
	ok(distance(clock_wall_of(before), clock_wall_us()) < 1000000);
	clock_update();
	ok(clock_now_us >= before);
	ok(clock_mono_us() >= clock_now_us);
	wall = clock_wall_of(clock_now_us);
	ok(distance(wall, clock_wall_us()) < 1000000);
	is_u64(clock_wall_of(clock_now_us + 5000000) - wall, 5000000);
}

static void
test_dates(void)
{
	/* 2026-11-22 06:18:27.033 and 2026-02-03 04:05:06.999999 UTC */
	uint64_t a = 1795328307033000, b = 1770091506999999;

	is_str(formatted(clock_format_http, a), "Sun, 22 Nov 2026 06:18:27 GMT");
	is_str(formatted(clock_format_http, b), "Tue, 03 Feb 2026 04:05:06 GMT");
	is_str(formatted(clock_format_log, a), "22/Nov/2026:05:18:27.033");
	is_str(formatted(clock_format_log, a + 1000),
	    "22/Nov/2026:05:18:27.034");
	is_str(formatted(clock_format_log, b), "03/Feb/2026:03:05:06.999");
	is_str(formatted(clock_format_syslog, a), "Nov 22 05:18:27");
	is_str(formatted(clock_format_syslog, b), "Feb  3 03:05:06");
	is_str(formatted(clock_format_http, 0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

int
main(void)
{
	setenv("TZ", "XXX1", 1);	/* one hour west of Greenwich */
	tzset();
	test_cells();
	test_dates();
	return tap_done();
}
