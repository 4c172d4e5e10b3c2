/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hierarchical timer wheel (4 ms x 256, 1 s x 256, 256 s x 64 slots), driven by
 * one timerfd that is armed only while the wheel holds something, for the next
 * slot that does. Setting a timer makes no system call: the loop arms before it
 * waits (timer_wheel_arm), so what is set and forgotten within a pass is free.
 *
 * Never early; late by at most max(5 ms, 1 %) on an idle loop. Cheap on the
 * request path: an object sits in the wheel once; activity only moves
 * `deadline_us` (timer_set to a later time stores one word and touches no
 * list); an entry that comes up before its deadline is put back.
 */
#ifndef WEIR_EVENT_TIMER_H
#define WEIR_EVENT_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct event;
struct event_base;
struct timer;
typedef void timer_fn(struct timer *);

struct timer {
	struct list	 node;		/* in a slot; points to itself when idle */
	uint64_t	 deadline_us;	/* CLOCK_MONOTONIC; 0 = not set */
	uint64_t	 slot_us;	/* earliest deadline that its slot serves in time */
	timer_fn	*fn;
};

#define TIMER_SLOTS_0	256
#define TIMER_SLOTS_1	256
#define TIMER_SLOTS_2	64

struct timer_wheel {
	struct list	 slots0[TIMER_SLOTS_0];		/* 4 ms each (4,096 us) */
	struct list	 slots1[TIMER_SLOTS_1];		/* ~1 s each */
	struct list	 slots2[TIMER_SLOTS_2];		/* ~268 s each */
	uint64_t	 tick;		/* next level-0 tick to serve */
	uint64_t	 count;		/* entries */
	uint64_t	 next_us;	/* when the first slot in use comes up, or before */
	uint64_t	 armed_us;	/* when the timerfd fires; 0 = not armed */
	uint64_t	 used0[TIMER_SLOTS_0 / 64];	/* bit: the slot may hold something */
	uint64_t	 used1[TIMER_SLOTS_1 / 64];
	uint64_t	 used2[TIMER_SLOTS_2 / 64];
	struct event	*event;		/* owned */
	int		 fd;		/* timerfd, owned */
};

/* the owner's thread */
void	timer_wheel_init(struct timer_wheel *w, struct event_base *base);
void	timer_wheel_fini(struct timer_wheel *w);
void	timer_wheel_run(struct timer_wheel *w);	/* fire what is due at clock_now_us */
void	timer_wheel_arm(struct timer_wheel *w);	/* before the loop waits */

static inline bool
timer_wheel_is_due(const struct timer_wheel *w, uint64_t now_us)
{
	return w->count > 0 && now_us >= w->next_us;
}

static inline void
timer_init(struct timer *t, timer_fn *fn)
{
	list_init(&t->node);
	t->deadline_us = 0;
	t->slot_us = 0;
	t->fn = fn;
}

void	timer_link(struct timer_wheel *w, struct timer *t);	/* the slow part of timer_set */
void	timer_unlink(struct timer_wheel *w, struct timer *t);	/* really leave the wheel */

/* Fire at deadline_us or later. Moving it later costs one store. */
static inline void
timer_set(struct timer_wheel *w, struct timer *t, uint64_t deadline_us)
{
	t->deadline_us = deadline_us;
	if (list_is_empty(&t->node) || deadline_us < t->slot_us)
		timer_link(w, t);
}

/* Forget the deadline; the node may stay in its slot until that comes up. An
 * object about to be freed must call timer_unlink instead. */
static inline void
timer_clear(struct timer *t)
{
	t->deadline_us = 0;
}

static inline bool
timer_is_set(const struct timer *t)
{
	return t->deadline_us != 0;
}

#endif
