/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slow half of pools: moving objects between a magazine and its chunks,
 * taking and giving back chunks, refusing.
 *
 * Chunks with room stand in a ring whose first one serves. A chunk that gets
 * room again has one free object, so it goes first, and the emptier ones behind
 * it can run empty; the spare is last. Objects of a new chunk are cut off one by
 * one, so that memory never asked for is never touched.
 */
#include <pthread.h>
#include <stdbool.h>

#include "base/asan.h"
#include "base/chunk.h"
#include "base/magic.h"
#include "base/pool.h"

#define REFILL	(POOL_MAGAZINE / 2)

int pool_inject_armed;

static pthread_mutex_t pools_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list pools = { &pools, &pools };	/* under the lock */

static uint64_t inject_left[POOL_SITE_MAX];	/* atomics */
static uint64_t refused_total;

void
pool_init(struct pool *p, const char *name, size_t size_bytes)
{
	WEIR_ASSERT(size_bytes > 0 && size_bytes <= 32768);
	*p = (struct pool){
		.name = name,
		.size_bytes = (uint32_t)((size_bytes + 15) & ~(size_t)15),
	};
	p->per_chunk = POOL_CHUNK_BYTES / p->size_bytes;
	pthread_mutex_lock(&pools_lock);
	list_append(&pools, &p->node);
	pthread_mutex_unlock(&pools_lock);
}

void
pool_each(void (*fn)(const struct pool *p, void *arg), void *arg)
{
	pthread_mutex_lock(&pools_lock);
	LIST_EACH(n, &pools)
		fn(LIST_ITEM(n, struct pool, node), arg);
	pthread_mutex_unlock(&pools_lock);
}

static void
ring_append(struct pool *p, struct pool_chunk *c)
{
	struct pool_chunk *first = p->partial;

	if (first == NULL) {
		p->partial = c->next = c->prev = c;
		return;
	}
	c->next = first;
	c->prev = first->prev;
	first->prev->next = c;
	first->prev = c;
}

static void
ring_del(struct pool *p, struct pool_chunk *c)
{
	if (p->partial == c)
		p->partial = c->next == c ? NULL : c->next;
	c->next->prev = c->prev;
	c->prev->next = c->next;
	c->next = c->prev = NULL;
}

static bool
pool_grow(struct pool *p)
{
	struct pool_chunk *c = chunk_get();

	if (c == NULL)
		return false;
	c->owner = p;
	c->fresh = p->per_chunk;
	asan_poison(c->mem, POOL_CHUNK_BYTES);
	p->nchunks++;
	pool_count(&p->allocated, p->allocated + p->per_chunk);
	ring_append(p, c);
	return true;
}

static void
pool_shrink(struct pool *p, struct pool_chunk *c)
{
	ring_del(p, c);
	if (p->spare == c)
		p->spare = NULL;
	p->nchunks--;
	pool_count(&p->allocated, p->allocated - p->per_chunk);
	asan_unpoison(c->mem, POOL_CHUNK_BYTES);
	chunk_put(c);
}

/* One object of a chunk that has room; it stays poisoned. */
static void *
chunk_take(struct pool *p, struct pool_chunk *c)
{
	void *obj = c->free_list;

	if (obj != NULL) {
		asan_unpoison(obj, sizeof(void *));
		c->free_list = *(void **)obj;
		asan_poison(obj, sizeof(void *));
	} else {
		c->fresh--;
		obj = c->mem + (size_t)(p->per_chunk - 1 - c->fresh) *
		    p->size_bytes;
	}
	c->used++;
	if (c->free_list == NULL && c->fresh == 0)
		ring_del(p, c);
	return obj;
}

/* The object, poisoned, goes home; its chunk may be given back. */
static void
chunk_return(struct pool *p, void *obj)
{
	struct pool_chunk *c = chunk_of(obj);

	WEIR_ASSERT(c->owner == p && c->used > 0);
	if (c->free_list == NULL && c->fresh == 0) {
		ring_append(p, c);
		p->partial = c;
	}
	asan_unpoison(obj, sizeof(void *));
	*(void **)obj = c->free_list;
	asan_poison(obj, sizeof(void *));
	c->free_list = obj;
	if (--c->used > 0)
		return;
	if (p->spare != NULL && p->spare != c && p->spare->used == 0) {
		pool_shrink(p, c);
		return;
	}
	p->spare = c;
	ring_del(p, c);
	ring_append(p, c);
}

/* True when this get is the one that a test wants refused. */
static bool
inject_hits(enum pool_site site)
{
	uint64_t left = __atomic_load_n(&inject_left[site], __ATOMIC_RELAXED);

	while (left > 0)
		if (__atomic_compare_exchange_n(&inject_left[site], &left,
		    left - 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return left == 1;
	return false;
}

static void *
pool_refuse(struct pool *p)
{
	pool_count(&p->refused, p->refused + 1);
	__atomic_fetch_add(&refused_total, 1, __ATOMIC_RELAXED);
	return NULL;
}

void *
pool_get_slow(struct pool *p, enum pool_site site)
{
	void *obj;

	if (__atomic_load_n(&pool_inject_armed, __ATOMIC_RELAXED) &&
	    inject_hits(site))
		return pool_refuse(p);
	if (p->nmagazine == 0) {
		if (p->partial == NULL && !pool_grow(p))
			return pool_refuse(p);
		while (p->nmagazine < REFILL && p->partial != NULL)
			p->magazine[p->nmagazine++] = chunk_take(p, p->partial);
	}
	obj = p->magazine[--p->nmagazine];
	pool_count(&p->used, p->used + 1);
	asan_unpoison(obj, p->size_bytes);
	return obj;
}

/* The n oldest objects of the magazine go home. */
static void
magazine_flush(struct pool *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		chunk_return(p, p->magazine[i]);
	p->nmagazine -= n;
	for (uint32_t i = 0; i < p->nmagazine; i++)
		p->magazine[i] = p->magazine[i + n];
}

void
pool_put_slow(struct pool *p, void *obj)
{
	WEIR_ASSERT(p->used > 0);
	if (p->nmagazine == POOL_MAGAZINE)
		magazine_flush(p, POOL_MAGAZINE / 2);
	p->magazine[p->nmagazine++] = obj;
	pool_count(&p->used, p->used - 1);
	asan_poison(obj, p->size_bytes);
	if (p->used == 0 && p->nchunks > 1)
		magazine_flush(p, p->nmagazine);
}

void
pool_fini(struct pool *p)
{
	WEIR_ASSERT(p->used == 0);
	magazine_flush(p, p->nmagazine);
	while (p->partial != NULL)
		pool_shrink(p, p->partial);
	WEIR_ASSERT(p->nchunks == 0 && p->allocated == 0);
	pthread_mutex_lock(&pools_lock);
	list_del(&p->node);
	pthread_mutex_unlock(&pools_lock);
}

uint64_t
pool_used(const struct pool *p)
{
	return __atomic_load_n(&p->used, __ATOMIC_RELAXED);
}

uint64_t
pool_allocated(const struct pool *p)
{
	return __atomic_load_n(&p->allocated, __ATOMIC_RELAXED);
}

uint64_t
pool_refused(const struct pool *p)
{
	return __atomic_load_n(&p->refused, __ATOMIC_RELAXED);
}

uint64_t
pool_refused_total(void)
{
	return __atomic_load_n(&refused_total, __ATOMIC_RELAXED);
}

void
pool_inject(enum pool_site site, uint64_t nth)
{
	int armed = 0;

	__atomic_store_n(&inject_left[site], nth, __ATOMIC_RELAXED);
	for (unsigned i = 1; i < POOL_SITE_MAX; i++)
		armed |= __atomic_load_n(&inject_left[i], __ATOMIC_RELAXED) > 0;
	__atomic_store_n(&pool_inject_armed, armed, __ATOMIC_RELAXED);
}
