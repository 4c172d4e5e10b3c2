/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched.c: with the machine's clock: in time and in order; with a test's: each
 * timer at its own instant, moves wait for what is on its way, and the clock can run.
 */
#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "event/loop.h"
#include "event/sched.h"
#include "tap.h"

#define START_US	1360945916000000u	/* 2013-02-15T16:31:56Z */
#define MANY		2000
#define S		1000000u

struct probe {
	struct sched_timer timer;
	uint64_t	 at_us, fired_us;
	unsigned	 nfired, order;
};

static struct loop *loop;
static unsigned nfired;
static bool moved;
static unsigned moved_timers;

static void
on_probe(struct sched_timer *t)
{
	struct probe *p = (struct probe *)(void *)t;

	p->fired_us = sched_wall_us();
	p->order = nfired++;
	p->nfired++;
}

static void
on_moved(void *arg, unsigned ntimers)
{
	(void)arg;
	moved = true;
	moved_timers = ntimers;
}

static bool
advance(uint64_t us)
{
	moved = false;
	if (!sched_advance(sched_wall_us() + us, on_moved, NULL))
		return false;
	while (!moved)
		loop_once(loop, true);
	return true;
}

static void
begin(uint64_t frozen_us)
{
	loop = loop_new(0);
	loop_self = loop;
	sched_start(loop, frozen_us);
	nfired = 0;
}

static void
end(void)
{
	sched_stop();
	loop_free(loop);
}

static void
test_real(void)
{
	struct probe a, b, gone;
	uint64_t start = clock_mono_us();

	begin(0);
	ok(!sched_is_test());
	ok_named(sched_wall_us() / S - clock_wall_us() / S <= 1, "it is the machine's time");
	sched_timer_init(&a.timer, on_probe);
	sched_timer_init(&b.timer, on_probe);
	sched_timer_init(&gone.timer, on_probe);
	a.nfired = b.nfired = gone.nfired = 0;
	sched_after(&a.timer, 30000);
	sched_at(&b.timer, sched_wall_us() + 10000);
	sched_after(&gone.timer, 5000);
	ok(sched_left_us(&a.timer) <= 30000 && sched_left_us(&a.timer) > 0);
	sched_cancel(&gone.timer);
	ok(!sched_is_set(&gone.timer));
	while (a.nfired == 0)
		loop_once(loop, true);
	ok_named(b.nfired == 1 && b.order < a.order, "an instant and a duration, in order");
	ok_named(clock_mono_us() - start >= 30000, "never early");
	is_int(gone.nfired, 0);
	end();
}

/* Many at random, some forgotten, some moved: each at its instant, in order. */
static void
test_order(void)
{
	static struct probe p[MANY];
	unsigned wrong = 0, expected = 0;
	uint64_t last = 0;

	memset(p, 0, sizeof p);
	begin(START_US);
	ok(sched_is_test());
	is_u64(sched_wall_us(), START_US);
	for (unsigned i = 0; i < MANY; i++) {
		sched_timer_init(&p[i].timer, on_probe);
		p[i].at_us = START_US + rand_u64() % (3600 * (uint64_t)S);
		sched_at(&p[i].timer, p[i].at_us);
	}
	for (unsigned i = 0; i < MANY; i += 7)
		sched_cancel(&p[i].timer);
	for (unsigned i = 1; i < MANY; i += 7) {
		p[i].at_us = START_US + 60 * S + i % 3;
		sched_after(&p[i].timer, 60 * S + i % 3);
	}
	ok(advance(3600 * (uint64_t)S));
	for (unsigned i = 0; i < MANY; i++) {
		expected += i % 7 != 0;
		wrong += p[i].nfired != (i % 7 != 0) ||
		    (i % 7 != 0 && p[i].fired_us != p[i].at_us);
	}
	is_int(wrong, 0);
	is_u64(moved_timers, expected);
	for (unsigned n = 0; n < expected; n++)
		for (unsigned i = 0; i < MANY; i++)
			if (p[i].nfired > 0 && p[i].order == n) {
				wrong += p[i].fired_us < last;
				last = p[i].fired_us;
			}
	ok_named(wrong == 0, "in the order of their instants");
	is_u64(sched_wall_us(), START_US + 3600 * (uint64_t)S);
	end();
}

static struct probe again;

static void
on_again(struct sched_timer *t)
{
	again.nfired++;
	sched_after(t, 60 * S);
}

static struct loop_task later;
static unsigned later_after;

static void
on_later(struct loop_task *t)
{
	(void)t;
	later_after = again.nfired;
	sched_busy_end();
}

static void
on_begins(struct sched_timer *t)
{
	(void)t;
	sched_busy_begin();
	loop_ready(loop, &later);
}

static void
test_moves(void)
{
	struct probe begins;

	begin(START_US);
	loop_task_init(&later, on_later);
	sched_timer_init(&again.timer, on_again);
	sched_after(&again.timer, 60 * S);
	ok(advance(600 * (uint64_t)S));
	is_int(again.nfired, 10);
	sched_timer_init(&begins.timer, on_begins);
	sched_after(&begins.timer, 60 * S - 1);
	ok(advance(120 * (uint64_t)S));
	ok_named(later_after == 10, "the next instant waits for what this one began");
	is_int(again.nfired, 12);
	ok_named(!sched_advance(START_US, on_moved, NULL), "never back");
	sched_run(1000);
	while (again.nfired < 14)
		loop_once(loop, true);
	pass("it runs by itself");
	sched_run(0);
	while (!moved)		/* a piece may be under way */
		loop_once(loop, true);
	sched_cancel(&again.timer);
	end();
}

int
main(void)
{
	clock_update();
	test_real();
	test_order();
	test_moves();
	return tap_done();
}
