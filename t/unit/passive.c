/* SPDX-License-Identifier: BSD-2-Clause */
/* Passive health: when a server is ejected, its probe, how long, who forgets. */
#include <string.h>

#include "base/clock.h"
#include "base/magic.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/passive.h"
#include "proxy/proxy.h"
#include "tap.h"

#define SECOND	1000000ull

_Thread_local struct dthread *dt;

static struct dthread fake_dt[2] = { { .id = 0 }, { .id = 1 } };
static struct proxy_live be_live;
static struct proxy be = { .live = &be_live };
static struct server_thread threads[2];
static struct server_live cell;
static struct server srv = { .backend = &be, .live = &cell };

static void
fresh(void)
{
	memset(threads, 0, sizeof(threads));
	memset(&cell, 0, sizeof(cell));
	cell.threads = threads;
	cell.nthreads = 2;
	be_live.nusable = 2;
	be.set.options = 0;
	dt = &fake_dt[0];
	clock_now_us = 1000 * SECOND;
}

static void
fail_times(unsigned n)
{
	while (n-- > 0)
		passive_failure(&be, &srv);
}

static void
succeed_times(unsigned n)
{
	while (n-- > 0)
		passive_success(&be, &srv);
}

static bool
is_ejected(void)
{
	return passive_is_ejected(&srv);
}

static void
test_when(void)
{
	fresh();
	fail_times(2);
	ok_named(!is_ejected(), "two failures are not enough");
	fail_times(1);
	ok_named(is_ejected(), "three are");
	fresh();
	succeed_times(4);
	fail_times(3);
	ok_named(!is_ejected(), "less than half");
	fail_times(1);
	ok_named(is_ejected(), "half");
	fresh();
	fail_times(2);
	clock_now_us += 3 * SECOND;
	fail_times(1);
	ok_named(is_ejected(), "within the window");
	fresh();
	fail_times(2);
	clock_now_us += 6 * SECOND;
	fail_times(2);
	ok_named(!is_ejected(), "too far apart");
	fresh();
	fail_times(2);
	dt = &fake_dt[1];
	fail_times(1);
	ok_named(is_ejected(), "threads are summed");
	fresh();
	dt = &fake_dt[1];
	succeed_times(10);
	dt = &fake_dt[0];
	fail_times(3);
	ok_named(!is_ejected(), "so are their successes");
}

static void
test_never(void)
{
	fresh();
	be_live.nusable = 1;
	fail_times(10);
	ok_named(!is_ejected(), "the last usable one stays");
	fresh();
	be.set.options = OPT_NO_PASSIVE_HEALTH;
	fail_times(10);
	ok_named(!is_ejected(), "turned off");
	be.set.options = 0;
	fail_times(3);
	ok(is_ejected());
	be.set.options = OPT_NO_PASSIVE_HEALTH;
	ok_named(!is_ejected(), "turned off by a reload");
}

static void
test_probe(void)
{
	fresh();
	fail_times(3);
	succeed_times(1);
	fail_times(5);
	ok_named(is_ejected() && cell.eject_count == 1, "what was under way changes nothing");
	clock_now_us += 5 * SECOND - 10;
	ok(is_ejected());
	clock_now_us += 20;
	ok_named(!is_ejected(), "5 s are over");
	passive_picked(&srv);
	ok_named(is_ejected(), "one probe only");
	clock_now_us += SECOND;
	succeed_times(1);
	ok_named(!is_ejected(), "the probe was answered");
	fail_times(2);
	ok(!is_ejected());
}

static void
test_again(void)
{
	fresh();
	fail_times(3);
	for (unsigned n = 2; n < 16; n++) {
		uint64_t us = n < 12 ? n * 5 * SECOND : 60 * SECOND;

		clock_now_us = cell.eject_until_us + 10;
		passive_picked(&srv);
		fail_times(1);
		ok_named(cell.eject_until_us > clock_now_us + us - 10 &&
		    cell.eject_until_us <= clock_now_us + us, "ejection %u: %u s", n,
		    (unsigned)(us / SECOND));
	}
	clock_now_us = cell.eject_until_us + 10;
	passive_picked(&srv);
	clock_now_us += 6 * SECOND;
	ok_named(!is_ejected(), "a probe without an answer: the next one may go");
	passive_picked(&srv);
	ok(is_ejected());
	succeed_times(1);
	clock_now_us += 10 * SECOND;
	fail_times(3);
	is_u64(cell.eject_count, 16);
	clock_now_us = cell.eject_until_us + 10;
	passive_picked(&srv);
	succeed_times(1);
	clock_now_us += 61 * SECOND;
	fail_times(3);
	is_u64(cell.eject_count, 1);
}

int
main(void)
{
	test_when();
	test_never();
	test_probe();
	test_again();
	return tap_done();
}
