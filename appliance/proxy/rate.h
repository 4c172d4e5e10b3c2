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

/* any thread: count one if it is within max per second (0 = no limit) */
static inline bool
rate_take(struct rate *r, uint64_t max)
{
	uint64_t now = (clock_now_us / 1000000u) << 32, old, new;

	if (max == 0)
		return true;
	old = atomic_load_explicit(&r->cell, memory_order_relaxed);
	do {
		new = (old & 0xffffffff00000000u) == now ? old + 1 : now + 1;
		if ((uint32_t)new > max)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&r->cell, &old, new,
	    memory_order_relaxed, memory_order_relaxed));
	return true;
}

#endif
