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
 */
#ifndef WEIR_BASE_POOL_H
#define WEIR_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_CHUNK_BYTES	65536

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
	void			*free_list;	/* objects ready for reuse, LIFO */
	struct pool_chunk	*chunks;
	uint64_t		 used;		/* objects handed out */
	uint64_t		 allocated;	/* objects in chunks */
	uint64_t		 refused;
};

/* the thread that owns the pool; size_bytes <= 32 KiB */
void	 pool_init(struct pool *p, const char *name, size_t size_bytes);
void	 pool_fini(struct pool *p);		/* everything must have been put */
void	*pool_get(struct pool *p, enum pool_site site);	/* not zeroed; NULL = refused */
void	 pool_put(struct pool *p, void *obj);

/* any thread */
void	 pool_set_budget(uint64_t bytes);	/* 0 = no limit */
uint64_t pool_budget(void);
uint64_t pool_bytes_used(void);			/* chunks taken from the budget */
uint64_t pool_refused_total(void);
/* Fault injection: the n-th get from now at this site says no (0 = off). */
void	 pool_inject(enum pool_site site, uint64_t nth);

#endif
