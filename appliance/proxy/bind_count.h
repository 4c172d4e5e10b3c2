/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters of a single listener, for `option socket-stats`: a block per data
 * thread beside that of the frontend. A listener has them from the first
 * configuration that asks for them until it is closed, so a reload loses none.
 */
#ifndef WEIR_PROXY_BIND_COUNT_H
#define WEIR_PROXY_BIND_COUNT_H

#include <stdatomic.h>

#include "net/listen.h"
#include "proxy/count.h"
#include "proxy/dthread.h"

struct bind_conf;

struct bind_count {
	unsigned	 nthreads;
	_Atomic uint32_t most;		/* connections at once */
	uint64_t	 base[C_MAX];	/* control: when they were cleared */
	struct counters	 threads[];
};

/* control thread: the listener of this bind line counts from now on, if its
 * frontend says so */
void	bind_count_start(const struct bind_conf *b);

/* any thread; NULL: it does not count */
static inline struct bind_count *
bind_count_of(const struct listener *l)
{
	return atomic_load_explicit(&l->counts, memory_order_acquire);
}

/* data thread: its block, or NULL */
static inline struct counters *
bind_count_here(const struct listener *l)
{
	struct bind_count *c = bind_count_of(l);

	return unlikely(c != NULL) ? &c->threads[dt->id] : NULL;
}

#define COUNT_BIND(l, id)						\
	do {								\
		struct counters *here_ = bind_count_here(l);		\
		if (unlikely(here_ != NULL))				\
			COUNT(here_, id);				\
	} while (0)

/* data thread: so many connections now */
static inline void
bind_count_most(const struct listener *l, uint32_t n)
{
	struct bind_count *c = bind_count_of(l);

	if (unlikely(c != NULL) && n > atomic_load_explicit(&c->most, memory_order_relaxed))
		atomic_store_explicit(&c->most, n, memory_order_relaxed);
}

#endif
