/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chunks: 64 KiB pieces of 2 MiB regions, shared by the pools of all threads
 * under one lock (taken once per 64 KiB). A region is aligned to its size, so
 * that the kernel may back it by one huge page, and has one page in front with
 * the heads of its 32 chunks: found by mask, never aliasing in the cache, and a
 * chunk holds four buffers of 16 KiB instead of three.
 *
 * A few chunks put back stay resident for the next taker; of others the memory
 * goes back to the kernel at once. A region without chunks in use is unmapped,
 * but for one.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "base/chunk.h"
#include "base/list.h"
#include "base/magic.h"
#include "base/pool.h"

#define REGION_BYTES	((size_t)2 * 1024 * 1024)
#define REGION_HEAD	((size_t)4096)
#define REGION_CHUNKS	(REGION_BYTES / POOL_CHUNK_BYTES)
#define REGION_MAGIC	0x5245474fu
#define WARM_MAX	32		/* free chunks kept resident */

struct region {
	uint32_t	 magic;
	uint32_t	 free_mask;	/* bit n: chunk n is free */
	uint32_t	 warm_mask;	/* free, and its memory is resident */
	struct list	 node;		/* in regions while free_mask != 0 */
	_Alignas(64) struct {
		_Alignas(64) struct pool_chunk c;
	} head[REGION_CHUNKS];
};

_Static_assert(sizeof(struct region) <= REGION_HEAD, "region head is one page");
_Static_assert(REGION_CHUNKS == 32, "a mask is 32 bits");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list regions = { &regions, &regions };
static unsigned nwarm, nempty;		/* under the lock */

static uint64_t budget_bytes, used_bytes;	/* atomics */

void
pool_set_budget(uint64_t bytes)
{
	__atomic_store_n(&budget_bytes, bytes, __ATOMIC_RELAXED);
}

uint64_t
pool_budget(void)
{
	return __atomic_load_n(&budget_bytes, __ATOMIC_RELAXED);
}

uint64_t
pool_bytes_used(void)
{
	return __atomic_load_n(&used_bytes, __ATOMIC_RELAXED);
}

static bool
budget_take(void)
{
	uint64_t budget = pool_budget(), now;

	now = __atomic_add_fetch(&used_bytes, POOL_CHUNK_BYTES,
	    __ATOMIC_RELAXED);
	if (budget == 0 || now <= budget)
		return true;
	__atomic_sub_fetch(&used_bytes, POOL_CHUNK_BYTES, __ATOMIC_RELAXED);
	return false;
}

static char *
region_mem(struct region *r)
{
	return (char *)r + REGION_HEAD;
}

static struct region *
region_of(const void *obj)
{
	uintptr_t base = (uintptr_t)obj & ~(uintptr_t)(REGION_BYTES - 1);
	struct region *r = (struct region *)(base - REGION_HEAD);

	MAGIC_OK(r, REGION_MAGIC);
	return r;
}

/* Maps twice the size and trims to one head page and an aligned region. */
static struct region *
region_new(void)
{
	size_t all = 2 * REGION_BYTES + REGION_HEAD, before;
	char *map, *mem;
	struct region *r;

	map = mmap(NULL, all, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	mem = (char *)(((uintptr_t)map + REGION_HEAD + REGION_BYTES - 1) &
	    ~(uintptr_t)(REGION_BYTES - 1));
	before = (size_t)(mem - REGION_HEAD - map);
	if (before > 0)
		munmap(map, before);
	if (all - before > REGION_HEAD + REGION_BYTES)
		munmap(mem + REGION_BYTES,
		    all - before - REGION_HEAD - REGION_BYTES);
	r = (struct region *)(mem - REGION_HEAD);
	r->magic = REGION_MAGIC;
	r->free_mask = UINT32_MAX;
	list_push(&regions, &r->node);
	nempty++;
	return r;
}

static void
region_free(struct region *r)
{
	nwarm -= (unsigned)__builtin_popcount(r->warm_mask);
	nempty--;
	list_del(&r->node);
	asan_unpoison(region_mem(r), REGION_BYTES);
	munmap(r, REGION_HEAD + REGION_BYTES);
}

/* A resident chunk before one that costs page faults. */
static unsigned
region_take(struct region *r)
{
	uint32_t mask = r->warm_mask ? r->warm_mask : r->free_mask;
	unsigned n = (unsigned)__builtin_ctz(mask);

	if (r->free_mask == UINT32_MAX)
		nempty--;
	if (r->warm_mask >> n & 1)
		nwarm--;
	r->free_mask &= ~(1u << n);
	r->warm_mask &= ~(1u << n);
	if (r->free_mask == 0)
		list_del(&r->node);
	return n;
}

struct pool_chunk *
chunk_get(void)
{
	struct pool_chunk *c = NULL;
	struct region *r;
	unsigned n;

	if (!budget_take())
		return NULL;
	pthread_mutex_lock(&lock);
	if (list_is_empty(&regions))
		r = region_new();
	else
		r = LIST_ITEM(regions.next, struct region, node);
	if (r != NULL) {
		n = region_take(r);
		c = &r->head[n].c;
		*c = (struct pool_chunk){
			.mem = region_mem(r) + (size_t)n * POOL_CHUNK_BYTES
		};
	}
	pthread_mutex_unlock(&lock);
	if (c == NULL)
		__atomic_sub_fetch(&used_bytes, POOL_CHUNK_BYTES,
		    __ATOMIC_RELAXED);
	return c;
}

void
chunk_put(struct pool_chunk *c)
{
	struct region *r = region_of(c->mem);
	uint32_t bit = 1u << ((size_t)(c->mem - region_mem(r)) /
	    POOL_CHUNK_BYTES);

	pthread_mutex_lock(&lock);
	c->owner = NULL;
	if (r->free_mask == 0)
		list_push(&regions, &r->node);
	r->free_mask |= bit;
	if (nwarm < WARM_MAX) {
		r->warm_mask |= bit;
		nwarm++;
	} else {
		madvise(c->mem, POOL_CHUNK_BYTES, MADV_DONTNEED);
	}
	if (r->free_mask == UINT32_MAX && ++nempty > 1)
		region_free(r);
	pthread_mutex_unlock(&lock);
	__atomic_sub_fetch(&used_bytes, POOL_CHUNK_BYTES, __ATOMIC_RELAXED);
}

struct pool_chunk *
chunk_of(const void *obj)
{
	struct region *r = region_of(obj);
	size_t n = (size_t)((const char *)obj - region_mem(r)) /
	    POOL_CHUNK_BYTES;

	return &r->head[n].c;
}
