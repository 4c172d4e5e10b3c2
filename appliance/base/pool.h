/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools of equal objects, one set per thread, no locks on get and put.
 *
 * A pool takes 64 KiB chunks (aligned to 64 KiB, so an object finds its chunk
 * by mask) from one global budget (`-m`, default 80 % of the memory limit) and
 * gives a chunk back when its last object is put, but for one spare. A pool may
 * say no: pool_get returns NULL, and the caller is one of the named sites of
 * fault injection (house rule: accept, start of a transaction, growth of its
 * memory, connect).
 *
 * In front of the chunks stands a magazine of a few free objects, newest on
 * top: get and put are a load, a store and a count there, inline, and touch
 * neither the object nor its chunk. What a magazine holds keeps its chunks:
 * at most POOL_MAGAZINE of them, and none once the last object is put.
 */
#ifndef WEIR_BASE_POOL_H
#define WEIR_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/asan.h"
#include "base/list.h"
#include "base/magic.h"

#define POOL_CHUNK_BYTES	65536
#define POOL_MAGAZINE		16	/* even */

enum pool_site {
	POOL_SITE_NONE,		/* not a site that tests refuse */
	POOL_SITE_ACCEPT,	/* refusal: pause accepting */
	POOL_SITE_TXN,		/* refusal: 503 */
	POOL_SITE_GROW,		/* refusal: 431, 413, 502 or close */
	POOL_SITE_CONNECT,	/* refusal: 503 */
	POOL_SITE_MAX
};

struct pool_chunk;

struct pool {
	const char		*name;		/* borrowed: static */
	uint32_t		 size_bytes;	/* of one object, rounded up to 16 */
	uint32_t		 per_chunk;
	uint32_t		 nmagazine;
	uint32_t		 nchunks;
	uint64_t		 used;		/* objects handed out */
	uint64_t		 allocated;	/* objects in chunks */
	uint64_t		 refused;
	struct list		 node;		/* of all pools */
	struct pool_chunk	*partial;	/* ring of chunks with room, or NULL */
	struct pool_chunk	*spare;		/* one of them, empty when last seen */
	void			*magazine[POOL_MAGAZINE];
};

extern int pool_inject_armed;		/* relaxed; some site is to say no */

/* the thread that owns the pool; size_bytes <= 32 KiB */
void	 pool_init(struct pool *p, const char *name, size_t size_bytes);
void	 pool_fini(struct pool *p);		/* everything must have been put */
void	*pool_get_slow(struct pool *p, enum pool_site site);
void	 pool_put_slow(struct pool *p, void *obj);

static inline void
pool_count(uint64_t *counter, uint64_t v)	/* one writer, any reader */
{
	__atomic_store_n(counter, v, __ATOMIC_RELAXED);
}

/* Not zeroed; NULL = refused. */
static inline void *
pool_get(struct pool *p, enum pool_site site)
{
	void *obj;

	if (unlikely(p->nmagazine == 0 ||
	    __atomic_load_n(&pool_inject_armed, __ATOMIC_RELAXED)))
		return pool_get_slow(p, site);
	obj = p->magazine[--p->nmagazine];
	pool_count(&p->used, p->used + 1);
	asan_unpoison(obj, p->size_bytes);
	return obj;
}

static inline void
pool_put(struct pool *p, void *obj)
{
	WEIR_ASSERT(obj != NULL && !asan_is_poisoned(obj));
	if (unlikely(p->nmagazine == POOL_MAGAZINE || p->used <= 1)) {
		pool_put_slow(p, obj);
		return;
	}
	p->magazine[p->nmagazine++] = obj;
	pool_count(&p->used, p->used - 1);
	asan_poison(obj, p->size_bytes);
}

/* any thread */
void	 pool_set_budget(uint64_t bytes);	/* 0 = no limit */
uint64_t pool_budget(void);
uint64_t pool_bytes_used(void);			/* chunks taken from the budget */
uint64_t pool_refused_total(void);
uint64_t pool_used(const struct pool *p);	/* these three: as of a moment ago */
uint64_t pool_allocated(const struct pool *p);
uint64_t pool_refused(const struct pool *p);
/* fn(p, arg) for each pool of each thread; pools neither come nor go meanwhile. */
void	 pool_each(void (*fn)(const struct pool *p, void *arg), void *arg);
/* Fault injection: the n-th get from now at this site says no (0 = off). */
void	 pool_inject(enum pool_site site, uint64_t nth);

#endif
