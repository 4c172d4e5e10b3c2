/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Written rate limits: events in the current second, one shared atomic that
 * holds second and count. Over the limit the caller waits; nothing is queued.
 */
#ifndef WEIR_PROXY_RATE_H
#define WEIR_PROXY_RATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct rate {
	_Atomic uint64_t cell;		/* second << 32 | events in it */
};

static inline uint64_t
rate_second(void)
{
	return (clock_now_us / 1000000u) << 32;
}

/* any thread: is there room for one more this second? (max 0 = no limit). Threads
 * that ask at once may each get a yes: one too many per other thread. */
static inline bool
rate_has_room(const struct rate *r, uint64_t max)
{
	uint64_t cell;

	if (max == 0)
		return true;
	cell = atomic_load_explicit(&r->cell, memory_order_relaxed);
	return (cell & 0xffffffff00000000u) != rate_second() || (uint32_t)cell < max;
}

/* any thread: count one */
static inline void
rate_count(struct rate *r, uint64_t max)
{
	uint64_t now = rate_second(), old, new;

	if (max == 0)
		return;
	old = atomic_load_explicit(&r->cell, memory_order_relaxed);
	do
		new = (old & 0xffffffff00000000u) == now ? old + 1 : now + 1;
	while (!atomic_compare_exchange_weak_explicit(&r->cell, &old, new,
	    memory_order_relaxed, memory_order_relaxed));
}

#endif
