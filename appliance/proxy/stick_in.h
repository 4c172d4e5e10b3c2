/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries as they lie in memory; for stick.c and stick_data.c only. */
#ifndef WEIR_PROXY_STICK_IN_H
#define WEIR_PROXY_STICK_IN_H

#include "proxy/stick.h"

/* Links are indexes from 1 within the shard, 0 = none. */
struct stick_entry {
	uint32_t	 hash_next;
	uint32_t	 older, newer;	/* by last use; in no list while it is held */
	uint32_t	 refs;		/* STICK_FREE: not in use */
	uint64_t	 touched_us;
	char		 key[];
};

#define STICK_FREE	UINT32_MAX

struct stick_shard {
	pthread_mutex_t	 lock;
	uint32_t	 oldest, newest;
	uint32_t	 free;		/* linked by hash_next */
	uint32_t	 top;		/* indexes given so far */
	uint32_t	 nchunks;
	uint32_t	 held;		/* references to its entries */
	uint32_t	 mask;		/* of buckets */
	uint32_t	*buckets;	/* owned */
	char		**chunks;	/* owned, each owned */
} __attribute__((aligned(CACHE_LINE)));

#endif
