/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer wheel. Time is cut into ticks of 4,096 us. A deadline belongs to the
 * first tick that begins at it or after it, so nothing fires early. Near ticks
 * (256) have a slot each, then slots of 256 ticks, then of 65,536; when a wide
 * slot comes up its entries are linked again, nearer. What lies beyond the last
 * slot waits there and is linked again like the rest.
 *
 * Bitmaps name the slots that may hold something: a stopped process that wakes
 * hours later visits those, not the ticks between. An unlink leaves its bit; a
 * bit over an empty slot is dropped when the search for the next slot meets it.
 *
 * Why a timerfd and not a libevent timer: epoll_wait's timeout is rounded up to
 * whole ms and libevent measures with the coarse clock, which together with a
 * 4 ms slot would break "late by at most 5 ms". It is edge-triggered: never read.
 * An idle heap also spares libevent its two clock reads per pass.
 */
#include <event2/event.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "event/timer.h"

#define TICK_SHIFT	12
#define TICKS_1		((uint64_t)1 << 8)	/* ticks in a slot of level 1 */
#define TICKS_2		((uint64_t)1 << 16)
#define NEVER		UINT64_MAX

static void
on_timerfd(evutil_socket_t fd, short what, void *arg)
{
	struct timer_wheel *w = arg;

	(void)fd;
	(void)what;
	w->armed_us = 0;
	timer_wheel_run(w);
}

static void
slots_init(struct list *slots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		list_init(&slots[i]);
}

void
timer_wheel_init(struct timer_wheel *w, struct event_base *base)
{
	memset(w, 0, sizeof(*w));
	slots_init(w->slots0, TIMER_SLOTS_0);
	slots_init(w->slots1, TIMER_SLOTS_1);
	slots_init(w->slots2, TIMER_SLOTS_2);
	if (clock_now_us == 0)
		clock_update();
	w->tick = clock_now_us >> TICK_SHIFT;
	w->next_us = NEVER;
	w->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w->fd == -1)
		fatal("timerfd_create");
	w->event = event_new(base, w->fd, EV_READ | EV_ET | EV_PERSIST,
	    on_timerfd, w);
	if (w->event == NULL || event_add(w->event, NULL) == -1)
		fatalx("timer wheel: no event");
}

static void
slots_fini(struct list *slots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		while (list_pop(&slots[i]) != NULL)
			continue;
}

void
timer_wheel_fini(struct timer_wheel *w)
{
	slots_fini(w->slots0, TIMER_SLOTS_0);
	slots_fini(w->slots1, TIMER_SLOTS_1);
	slots_fini(w->slots2, TIMER_SLOTS_2);
	w->count = 0;
	event_free(w->event);
	close(w->fd);
}

static void
slot_put(struct timer_wheel *w, struct timer *t, struct list *slots,
    uint64_t *used, unsigned n, uint64_t tick)
{
	list_append(&slots[n], &t->node);
	used[n / 64] |= (uint64_t)1 << (n % 64);
	t->slot_us = tick > 0 ? ((tick - 1) << TICK_SHIFT) + 1 : 0;
	if (tick << TICK_SHIFT < w->next_us)
		w->next_us = tick << TICK_SHIFT;
}

/* The tick at which a deadline is due; far ones saturate. */
static uint64_t
due_tick(const struct timer_wheel *w, uint64_t deadline_us)
{
	uint64_t tick = (deadline_us >> TICK_SHIFT) +
	    ((deadline_us & ((1 << TICK_SHIFT) - 1)) != 0);

	return tick > w->tick ? tick : w->tick;
}

/* The wheel turns only when something is due; before a deadline is placed it
 * catches up with the clock, as far as no slot in use comes up before that. */
static void
catch_up(struct timer_wheel *w)
{
	uint64_t tick = (clock_now_us >> TICK_SHIFT) + 1;

	if (tick > w->next_us >> TICK_SHIFT)
		tick = w->next_us >> TICK_SHIFT;
	if (tick > w->tick)
		w->tick = tick;
}

void
timer_link(struct timer_wheel *w, struct timer *t)
{
	uint64_t tick, ahead;

	catch_up(w);
	tick = due_tick(w, t->deadline_us);
	ahead = tick - w->tick;
	if (list_is_empty(&t->node))
		w->count++;
	else
		list_del(&t->node);
	if (ahead < TIMER_SLOTS_0) {
		slot_put(w, t, w->slots0, w->used0, tick % TIMER_SLOTS_0, tick);
		return;
	}
	if (ahead < TICKS_1 * TIMER_SLOTS_1) {
		tick &= ~(TICKS_1 - 1);
		slot_put(w, t, w->slots1, w->used1,
		    tick / TICKS_1 % TIMER_SLOTS_1, tick);
		return;
	}
	if (ahead >= TICKS_2 * TIMER_SLOTS_2)
		tick = w->tick + TICKS_2 * (TIMER_SLOTS_2 - 1);
	tick &= ~(TICKS_2 - 1);
	slot_put(w, t, w->slots2, w->used2, tick / TICKS_2 % TIMER_SLOTS_2,
	    tick);
}

void
timer_unlink(struct timer_wheel *w, struct timer *t)
{
	t->deadline_us = 0;
	if (list_is_empty(&t->node))
		return;
	list_del(&t->node);
	if (--w->count == 0)
		w->next_us = NEVER;
}

/* First set bit at or after `from`, going round; its distance, or n. */
static unsigned
bit_distance(const uint64_t *bits, unsigned n, unsigned from)
{
	unsigned words = n / 64, at = from / 64;
	uint64_t word = bits[at] >> (from % 64);

	if (word != 0)
		return (unsigned)__builtin_ctzll(word);
	for (unsigned i = 1; i <= words; i++) {
		word = bits[(at + i) % words];
		if (word != 0)
			return i * 64 - from % 64 +
			    (unsigned)__builtin_ctzll(word);
	}
	return n;
}

/* The tick at which the first slot in use of one level comes up. */
static uint64_t
level_next(const struct timer_wheel *w, struct list *slots, uint64_t *used,
    unsigned n, uint64_t ticks)
{
	uint64_t first = (w->tick + ticks - 1) / ticks;
	unsigned d, at;

	while ((d = bit_distance(used, n, first % n)) < n) {
		at = (unsigned)((first + d) % n);
		if (!list_is_empty(&slots[at]))
			return (first + d) * ticks;
		used[at / 64] &= ~((uint64_t)1 << (at % 64));
	}
	return NEVER;
}

static uint64_t
next_tick(struct timer_wheel *w)
{
	uint64_t a, b, c;

	if (w->count == 0)
		return NEVER;
	a = level_next(w, w->slots0, w->used0, TIMER_SLOTS_0, 1);
	b = level_next(w, w->slots1, w->used1, TIMER_SLOTS_1, TICKS_1);
	c = level_next(w, w->slots2, w->used2, TIMER_SLOTS_2, TICKS_2);
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Moves all of `from` to the empty list `to`: what callbacks add meanwhile is
 * then not met in this round. */
static void
list_take(struct list *to, struct list *from)
{
	list_init(to);
	if (list_is_empty(from))
		return;
	*to = *from;
	to->next->prev = to->prev->next = to;
	list_init(from);
}

/* Takes the first entry out; false when there is none. */
static bool
take_first(struct timer_wheel *w, struct list *l, struct timer **ret_t)
{
	struct list *n = list_pop(l);

	if (n == NULL)
		return false;
	w->count--;
	*ret_t = LIST_ITEM(n, struct timer, node);
	return true;
}

/* A wide slot has come up: its entries move nearer. */
static void
cascade(struct timer_wheel *w, struct list *slot)
{
	struct list moved;
	struct timer *t;

	list_take(&moved, slot);
	while (take_first(w, &moved, &t))
		if (t->deadline_us != 0)
			timer_link(w, t);
}

static void
fire_slot(struct timer_wheel *w, struct list *slot)
{
	uint64_t now = clock_now_us;
	struct list due;
	struct timer *t;

	list_take(&due, slot);
	while (take_first(w, &due, &t)) {
		if (t->deadline_us == 0)
			continue;
		if (t->deadline_us > now) {
			timer_link(w, t);
			continue;
		}
		t->deadline_us = 0;
		t->fn(t);
	}
}

static void
serve_tick(struct timer_wheel *w, uint64_t tick)
{
	w->tick = tick;
	if (tick % TICKS_2 == 0)
		cascade(w, &w->slots2[tick / TICKS_2 % TIMER_SLOTS_2]);
	if (tick % TICKS_1 == 0)
		cascade(w, &w->slots1[tick / TICKS_1 % TIMER_SLOTS_1]);
	w->tick = tick + 1;
	fire_slot(w, &w->slots0[tick % TIMER_SLOTS_0]);
}

/* Callbacks may set, unlink or free any timer: an entry is out of every list
 * before it is called, and what waits in `due` can be unlinked from there. */
void
timer_wheel_run(struct timer_wheel *w)
{
	uint64_t now_tick = clock_now_us >> TICK_SHIFT, tick;

	while ((tick = next_tick(w)) <= now_tick)
		serve_tick(w, tick);
	if (w->tick <= now_tick)
		w->tick = now_tick + 1;
	w->next_us = tick == NEVER ? NEVER : tick << TICK_SHIFT;
}

void
timer_wheel_arm(struct timer_wheel *w)
{
	struct itimerspec its = { { 0, 0 }, { 0, 0 } };

	if (w->count == 0 || (w->armed_us != 0 && w->armed_us <= w->next_us))
		return;
	its.it_value.tv_sec = (time_t)(w->next_us / 1000000);
	its.it_value.tv_nsec = (long)(w->next_us % 1000000 * 1000);
	if (its.it_value.tv_sec == 0 && its.it_value.tv_nsec == 0)
		its.it_value.tv_nsec = 1;	/* all zero would disarm */
	if (timerfd_settime(w->fd, TFD_TIMER_ABSTIME, &its, NULL) == -1)
		fatal("timerfd_settime");
	w->armed_us = w->next_us;
}
