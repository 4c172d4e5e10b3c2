/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffers: the latest log lines in memory, by name, for `show events`. The
 * log thread writes, control reads; a lock of their own, which no data thread
 * takes. When there is no room the oldest lines go.
 *
 * Life: a ring lives as long as the process, as log sockets point to it; what a
 * section says is applied when it is read.
 */
#ifndef WEIR_PROXY_RING_H
#define WEIR_PROXY_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct loop;
struct outbuf;
struct ring;

/* control thread or a job thread; made when it is not there yet */
struct ring *ring_named(const char *name, size_t len);
bool	ring_is_defined(const struct ring *r);	/* by a section, or built in */
uint8_t	ring_format(const struct ring *r);	/* enum log_format of its lines */
/* All rings, in the order of their making; NULL = the first one. */
struct ring *ring_next(struct ring *r);
const char *ring_name(const struct ring *r);
const char *ring_description(const struct ring *r);

/* log thread: one line in three parts (head, text, LF) */
void	ring_put(struct ring *r, const struct iovec iov[3]);

/* control thread */
/* Lines from *cursor on, as whole ones, about max bytes of them; *cursor moves
 * on. Lines that went before they were read are counted in *ret_lost. */
void	ring_read(struct ring *r, uint64_t *cursor, size_t max, struct outbuf *b,
	    uint64_t *ret_lost);
uint64_t ring_oldest(struct ring *r);	/* cursors */
uint64_t ring_newest(struct ring *r);
/* fn(arg) runs in l, once, when there is more than there was at this call. */
void	ring_on_more(struct ring *r, struct loop *l, void (*fn)(void));

#endif
