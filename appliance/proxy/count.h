/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters. One block per row (frontend, backend, server, listener) and data
 * thread, 64-byte aligned, written by that thread alone with relaxed load and
 * store, summed by whoever asks. A bump costs a load, an add and a store.
 */
#ifndef WEIR_PROXY_COUNT_H
#define WEIR_PROXY_COUNT_H

#include <stdint.h>

#include "base/hist.h"
#include "base/magic.h"

enum counter {
#define STAT_C(name, ...)
#define STAT_H(name, ...) C_##name,
#define STAT_V(name, ...)
#define STAT_X(name, ...)
#include "base/stat_fields.def"
#undef STAT_C
#undef STAT_H
#undef STAT_X
#define STAT_C(name, ...) C_##name,
#define STAT_H(name, ...)
#define STAT_X(name, ...) C_##name,
#include "base/stat_fields.def"
#undef STAT_C
#undef STAT_H
#undef STAT_V
#undef STAT_X
	C_MAX
};

/* Sliding averages over the last 1024 requests of one thread, and maxima; us. */
struct time_avg {
	uint64_t	 sum;		/* of the window, as average x n */
	uint32_t	 n;		/* min(requests, 1024) */
	uint32_t	 max_us;
};

struct counters {
	struct time_avg	 q, c, r, t;	/* queue, connect, response, total: a cache line */
	uint64_t	 last_us;	/* monotonic time of the last session; 0 = never */
	uint64_t	 v[C_MAX];	/* those that each request bumps come first */
} __attribute__((aligned(CACHE_LINE)));

#define COUNT(blk, id)		COUNT_ADD(blk, id, 1)
#define COUNT_ADD(blk, id, n) \
	__atomic_store_n(&(blk)->v[C_##id], \
	    __atomic_load_n(&(blk)->v[C_##id], __ATOMIC_RELAXED) + (uint64_t)(n), \
	    __ATOMIC_RELAXED)

/* A session came now; clock_now_us is read once a pass. */
#define COUNT_SESSION(blk) \
	__atomic_store_n(&(blk)->last_us, clock_now_us, __ATOMIC_RELAXED)

/* any thread */
static inline uint64_t
count_read(const struct counters *blk, enum counter id)
{
	return __atomic_load_n(&blk->v[id], __ATOMIC_RELAXED);
}

/* the writer's thread */
static inline void
time_avg_add(struct time_avg *a, uint64_t us)
{
	uint64_t sum = __atomic_load_n(&a->sum, __ATOMIC_RELAXED);

	if (a->n < 1024)
		__atomic_store_n(&a->n, a->n + 1, __ATOMIC_RELAXED);
	else
		sum -= sum >> 10;
	__atomic_store_n(&a->sum, sum + us, __ATOMIC_RELAXED);
	if (us > __atomic_load_n(&a->max_us, __ATOMIC_RELAXED))
		__atomic_store_n(&a->max_us, us > UINT32_MAX ? UINT32_MAX : (uint32_t)us,
		    __ATOMIC_RELAXED);
}

#endif
