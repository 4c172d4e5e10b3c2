/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buffers of a connection: bytes received and not yet consumed, or to be sent.
 * They exist only while there is something to hold. Three classes: small (1 KiB),
 * normal (16 KiB and some), both from the thread's pools, and large ones from the
 * heap for a tune.bufsize above the pools' reach.
 *
 * Thread: the one that took it.
 */
#ifndef WEIR_NET_BUF_H
#define WEIR_NET_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/pool.h"

struct buf {
	uint32_t	 start, end;	/* bytes held are data[start..end) */
	uint32_t	 cap;
	uint32_t	 kind;		/* which pool */
	char		 data[];
};

static inline uint32_t
buf_len(const struct buf *b)
{
	return b == NULL ? 0 : b->end - b->start;
}

/* data thread */
void	buf_thread_init(void);
void	buf_thread_fini(void);
/* Room for `room` more bytes behind what *b holds (it may be NULL): takes,
 * compacts or moves to a bigger class. false = refused (POOL_SITE_GROW). */
bool	buf_reserve(struct buf **b, size_t room);
bool	buf_append(struct buf **b, const void *mem, size_t len);
/* What is behind the first `skip` bytes of the iovecs. */
bool	buf_append_iov(struct buf **b, const struct iovec *iov, int n, size_t skip);
void	buf_consume(struct buf **b, size_t len);	/* gives it back when empty */
void	buf_drop(struct buf **b);

#endif
