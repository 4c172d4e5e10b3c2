/* SPDX-License-Identifier: BSD-2-Clause */
/* The 64 KiB chunks that pools are made of; see chunk.c. For base/pool.c only. */
#ifndef WEIR_BASE_CHUNK_H
#define WEIR_BASE_CHUNK_H

#include <stddef.h>
#include <stdint.h>

struct pool;

/* Head of a chunk, kept outside of it so that objects fill the chunk. */
struct pool_chunk {
	struct pool		*owner;
	void			*free_list;	/* linked through the objects */
	struct pool_chunk	*next, *prev;	/* circular: chunks with room */
	uint32_t		 used;		/* objects out, or in the magazine */
	uint32_t		 fresh;		/* objects never handed out */
	char			*mem;
};

/* any thread */
struct pool_chunk *chunk_get(void);		/* NULL = budget or kernel says no */
void	 chunk_put(struct pool_chunk *c);
struct pool_chunk *chunk_of(const void *obj);

#endif
