/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The schedule clock; see sched.h.
 *
 * Timers lie in one binary heap, ordered by when they are due on the clock of
 * durations and then by age. An instant of the day is there as what it is on that
 * clock now; when the wall clock was stepped these are computed anew. One timer of
 * the loop is set for the first one, a second ahead at most, so that a step is seen
 * within that time.
 *
 * Thread: control.
 */
#include "event/sched.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "event/loop.h"

#define LOOK_US		1000000u
#define STEP_US		2000000	/* of the wall clock: less is drift */
#define RUN_EVERY_US	5000u
#define HOOKS_MAX	4

static struct {
	struct loop	*loop;		/* NULL: not started */
	struct timer	 timer;
	struct sched_timer **heap;	/* [1..n]; owned */
	uint32_t	 n, cap;
	uint64_t	 seq;
	int64_t		 offset_us;	/* wall - mono, as last looked at */
	unsigned	 busy;
	sched_jump_fn	*hooks[HOOKS_MAX];
	unsigned	 nhooks;
} sched;

/* With -T. */
static struct {
	bool		 is_on;
	uint64_t	 mono_us;
	/* a move under way */
	struct loop_task task;
	struct timer	 patience;
	uint64_t	 until_us;	/* mono */
	unsigned	 nfired;
	sched_moved_fn	*done;
	void		*arg;
	/* `clock run` */
	struct timer	 runner;
	unsigned	 factor;
	uint64_t	 ran_us;	/* real time of the last piece */
} test;

/* ---- the clocks ---- */

uint64_t
sched_mono_us(void)
{
	return test.is_on ? test.mono_us : clock_read_us(CLOCK_BOOTTIME);
}

uint64_t
sched_wall_us(void)
{
	if (test.is_on)
		return test.mono_us + (uint64_t)sched.offset_us;
	return clock_read_us(CLOCK_REALTIME);
}

bool
sched_is_test(void)
{
	return test.is_on;
}

/* ---- the heap ---- */

static bool
is_before(const struct sched_timer *a, const struct sched_timer *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->seq < b->seq;
}

static void
put(uint32_t place, struct sched_timer *t)
{
	sched.heap[place] = t;
	t->place = place;
}

static void
sift_up(struct sched_timer *t)
{
	uint32_t at = t->place;

	for (; at > 1 && is_before(t, sched.heap[at / 2]); at /= 2)
		put(at, sched.heap[at / 2]);
	put(at, t);
}

static void
sift_down(struct sched_timer *t)
{
	uint32_t at = t->place, child;

	while ((child = 2 * at) <= sched.n) {
		if (child < sched.n && is_before(sched.heap[child + 1], sched.heap[child]))
			child++;
		if (!is_before(sched.heap[child], t))
			break;
		put(at, sched.heap[child]);
		at = child;
	}
	put(at, t);
}

static void
heap_add(struct sched_timer *t)
{
	if (sched.n + 1 >= sched.cap) {
		sched.cap = sched.cap == 0 ? 64 : 2 * sched.cap;
		sched.heap = xrealloc(sched.heap, sched.cap * sizeof(sched.heap[0]));
	}
	t->seq = sched.seq++;
	put(++sched.n, t);
	sift_up(t);
}

static struct sched_timer *
heap_first(void)
{
	return sched.n > 0 ? sched.heap[1] : NULL;
}

void
sched_cancel(struct sched_timer *t)
{
	struct sched_timer *last;
	uint32_t place = t->place;

	if (place == 0)
		return;
	WEIR_ASSERT(sched.heap[place] == t);
	t->place = 0;
	last = sched.heap[sched.n--];
	if (last == t)
		return;
	put(place, last);
	sift_up(last);
	sift_down(last);
}

/* ---- setting ---- */

/* The loop's timer, for the first of ours. */
static void
arm(void)
{
	const struct sched_timer *first = heap_first();
	uint64_t now, us = LOOK_US;

	if (test.is_on || sched.loop == NULL)
		return;
	now = sched_mono_us();
	if (first != NULL && first->due_us < now + us)
		us = first->due_us > now ? first->due_us - now : 0;
	timer_set(&sched.loop->wheel, &sched.timer, clock_mono_us() + us);
}

static void
set(struct sched_timer *t, uint64_t due_us, uint64_t wall_us)
{
	sched_cancel(t);
	t->due_us = due_us;
	t->wall_us = wall_us;
	heap_add(t);
	if (heap_first() == t)
		arm();
}

static uint64_t
mono_of(uint64_t wall_us)
{
	uint64_t now = sched_wall_us(), mono = sched_mono_us();

	if (wall_us >= now)
		return mono + (wall_us - now);
	return mono > now - wall_us ? mono - (now - wall_us) : 0;
}

void
sched_at(struct sched_timer *t, uint64_t wall_us)
{
	set(t, mono_of(wall_us), wall_us);
}

void
sched_after(struct sched_timer *t, uint64_t us)
{
	set(t, sched_mono_us() + us, 0);
}

uint64_t
sched_left_us(const struct sched_timer *t)
{
	uint64_t now = sched_mono_us();

	return t->place != 0 && t->due_us > now ? t->due_us - now : 0;
}

/* ---- firing ---- */

/* What was due at the start, so that one which sets itself again waits its turn. */
static unsigned
fire(uint64_t now_us)
{
	uint64_t until_seq = sched.seq;
	struct sched_timer *t;
	unsigned n = 0;

	while ((t = heap_first()) != NULL && t->due_us <= now_us && t->seq < until_seq) {
		sched_cancel(t);
		t->fn(t);
		n++;
	}
	return n;
}

static void
rebuild(void)
{
	for (uint32_t i = 1; i <= sched.n; i++)
		if (sched.heap[i]->wall_us != 0)
			sched.heap[i]->due_us = mono_of(sched.heap[i]->wall_us);
	for (uint32_t i = sched.n / 2; i >= 1; i--)
		sift_down(sched.heap[i]);
}

/* Was the wall clock stepped? Slow drift is followed in silence. */
static void
look_at_wall(void)
{
	int64_t offset = (int64_t)(sched_wall_us() - sched_mono_us());
	int64_t by = offset - sched.offset_us;

	if (by > -1000 && by < 1000)
		return;
	sched.offset_us = offset;
	rebuild();
	if (by > -STEP_US && by < STEP_US)
		return;
	log_warnx("the clock was stepped by %lld.%03lld s", (long long)(by / 1000000),
	    llabs((long long)by / 1000 % 1000));
	for (unsigned i = 0; i < sched.nhooks; i++)
		sched.hooks[i](by);
}

static void
on_timer(struct timer *t)
{
	(void)t;
	look_at_wall();
	(void)fire(sched_mono_us());
	arm();
}

void
sched_on_jump(sched_jump_fn *fn)
{
	WEIR_ASSERT(sched.nhooks < HOOKS_MAX);
	sched.hooks[sched.nhooks++] = fn;
}

/* ---- moving the test's clock ---- */

static void
finish(void)
{
	sched_moved_fn *done = test.done;

	timer_clear(&test.patience);
	test.mono_us = test.until_us;
	test.done = NULL;
	done(test.arg, test.nfired);
}

/* One instant, or the end; again in the next pass of the loop, which has looked at
 * all descriptors meanwhile. */
static void
move(void)
{
	const struct sched_timer *first = heap_first();

	if (first == NULL || first->due_us > test.until_us) {
		finish();
		return;
	}
	if (first->due_us > test.mono_us)
		test.mono_us = first->due_us;
	test.nfired += fire(test.mono_us);
	timer_set(&sched.loop->wheel, &test.patience, clock_mono_us() + SCHED_WAIT_US);
	loop_ready(sched.loop, &test.task);
}

static void
on_task(struct loop_task *t)
{
	(void)t;
	if (test.done != NULL && sched.busy == 0)
		move();
}

static void
on_patience(struct timer *t)
{
	(void)t;
	if (test.done == NULL)
		return;
	log_warnx("the test's clock goes on: %u things are still on their way", sched.busy);
	move();
}

void
sched_busy_begin(void)
{
	sched.busy++;
}

void
sched_busy_end(void)
{
	WEIR_ASSERT(sched.busy > 0);
	if (--sched.busy == 0 && test.done != NULL)
		loop_ready(sched.loop, &test.task);
}

bool
sched_advance(uint64_t until_wall_us, sched_moved_fn *done, void *arg)
{
	WEIR_ASSERT(test.is_on);
	if (test.done != NULL || until_wall_us < sched_wall_us())
		return false;
	test.until_us = mono_of(until_wall_us);
	test.nfired = 0;
	test.done = done;
	test.arg = arg;
	timer_set(&sched.loop->wheel, &test.patience, clock_mono_us() + SCHED_WAIT_US);
	loop_ready(sched.loop, &test.task);
	return true;
}

static void
on_piece_done(void *arg, unsigned ntimers)
{
	(void)arg, (void)ntimers;
}

static void
on_runner(struct timer *t)
{
	uint64_t now = clock_mono_us();

	if (test.factor == 0)
		return;
	if (sched_advance(sched_wall_us() + (now - test.ran_us) * test.factor, on_piece_done,
	    NULL))
		test.ran_us = now;
	timer_set(&sched.loop->wheel, t, now + RUN_EVERY_US);
}

void
sched_run(unsigned factor)
{
	WEIR_ASSERT(test.is_on);
	test.factor = factor;
	test.ran_us = clock_mono_us();
	if (factor > 0)
		timer_set(&sched.loop->wheel, &test.runner, test.ran_us + RUN_EVERY_US);
}

/* ---- start and stop ---- */

void
sched_start(struct loop *l, uint64_t frozen_at_us)
{
	sched.loop = l;
	timer_init(&sched.timer, on_timer);
	timer_init(&test.patience, on_patience);
	timer_init(&test.runner, on_runner);
	loop_task_init(&test.task, on_task);
	test.mono_us = clock_read_us(CLOCK_BOOTTIME);
	test.is_on = frozen_at_us != 0;
	sched.offset_us = (int64_t)((test.is_on ? frozen_at_us : clock_read_us(CLOCK_REALTIME)) -
	    test.mono_us);
	arm();
}

void
sched_stop(void)
{
	if (sched.loop != NULL) {	/* a unit test may have none */
		timer_unlink(&sched.loop->wheel, &sched.timer);
		timer_unlink(&sched.loop->wheel, &test.patience);
		timer_unlink(&sched.loop->wheel, &test.runner);
	}
	loop_task_cancel(&test.task);
	for (uint32_t i = 1; i <= sched.n; i++)
		sched.heap[i]->place = 0;
	free(sched.heap);
	sched.heap = NULL;
	sched.n = sched.cap = sched.nhooks = 0;
	sched.loop = NULL;
	test.is_on = false;
	test.done = NULL;
}
