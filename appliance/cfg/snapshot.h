/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration snapshot: immutable once published, in its own arena, freed
 * whole. Built aside, checked, published with one pointer; data threads take
 * it up at their next transaction; it is reclaimed when each data thread has
 * passed twice since it was replaced and its use counts are all 0.
 */
#ifndef WEIR_CFG_SNAPSHOT_H
#define WEIR_CFG_SNAPSHOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/magic.h"

struct arena;
struct loop;
struct objects;		/* ctl/object.h */
struct global;		/* proxy/global.h */
struct proxy;		/* proxy/proxy.h */

#define SNAPSHOT_MAGIC	0x534e4150u

struct snapshot_use {
	_Atomic int64_t	 n;		/* transactions of one thread; only it writes */
	char		 pad[CACHE_LINE - sizeof(_Atomic int64_t)];
};

struct snapshot {
	uint32_t	 magic;
	uint32_t	 generation;	/* never the same twice; set when it is begun */
	struct arena	*arena;		/* owned; this struct lies outside of it */
	struct global	*global;	/* in the arena */
	struct objects	*objects;	/* in the arena; NULL: no control section (ctl/object.h) */
	struct proxy	*proxies;	/* in the arena; list in file order by ->next */
	struct snapshot_use *uses;	/* owned: one per data thread, cache-line aligned */
	unsigned	 nthreads;
	unsigned	 holds;		/* control thread: answers under work that read it */
};

/* control thread or a job thread */
struct snapshot	*snapshot_new(unsigned nthreads_max);
void		 snapshot_free(struct snapshot *s);

/* control thread. publish swaps the current pointer; the old one is freed when
 * nobody can look at it any more. loops (borrowed) = the data threads' loops. */
void	 snapshot_init(struct loop **loops, unsigned nloops, struct loop *control);
void	 snapshot_publish(struct snapshot *s);
/* Something that was replaced, which data threads may still look at in this pass
 * and the next: freed when none can any more. */
void	 snapshot_retire(void *thing, void (*thing_free)(void *thing));
void	 snapshot_fini(void);		/* shutdown: data threads are gone */
unsigned snapshot_unreclaimed(void);	/* old ones still in use; gauge */
static inline void
snapshot_hold(struct snapshot *s)
{
	s->holds++;
}

static inline void
snapshot_unhold(struct snapshot *s)
{
	s->holds--;
}

/* any thread */
extern _Atomic(struct snapshot *) snapshot_current_ptr;

static inline struct snapshot *
snapshot_current(void)
{
	return atomic_load_explicit(&snapshot_current_ptr, memory_order_acquire);
}

/* data thread `id`: a transaction's hold on its snapshot */
static inline void
snapshot_ref(struct snapshot *s, unsigned id)
{
	_Atomic int64_t *n = &s->uses[id].n;

	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1,
	    memory_order_release);
}

static inline void
snapshot_unref(struct snapshot *s, unsigned id)
{
	_Atomic int64_t *n = &s->uses[id].n;

	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) - 1,
	    memory_order_release);
}

#endif
