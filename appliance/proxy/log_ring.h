/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way from a thread that logs to the log thread: one ring of records per
 * thread, one writer, one reader, and the sockets that the reader sends to.
 */
#ifndef WEIR_PROXY_LOG_RING_H
#define WEIR_PROXY_LOG_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/magic.h"
#include "base/out.h"
#include "net/addr.h"

/* A line on its way; tag, host and text follow, all rounded up to 16. */
struct log_rec {
	uint32_t	 size;		/* of all; 0 = the rest up to the end is unused */
	uint32_t	 text_len;
	struct log_sock	*sock;
	uint64_t	 wall_us;
	uint32_t	 max_len;
	uint8_t		 level, facility, format;
	uint8_t		 tag_len, host_len;
};

struct log_ring {
	struct log_ring	*next;		/* of all rings */
	char		*mem;		/* owned */
	uint32_t	 size;		/* power of two */
	struct out	 out;		/* line under work */
	uint64_t	 begin;		/* where its record starts */
	_Atomic uint64_t dropped;	/* only the writer adds */
	_Atomic uint64_t head __attribute__((aligned(CACHE_LINE)));	/* writer */
	_Atomic uint64_t tail __attribute__((aligned(CACHE_LINE)));	/* reader */
};

#define LOG_BATCH	64

enum log_sock_kind { LOG_SOCK_UDP, LOG_SOCK_UNIX, LOG_SOCK_FD, LOG_SOCK_RING, LOG_SOCK_TCP };

/* Lives as long as the process: rings point to it. */
struct log_sock {
	struct log_sock	*next;
	char		*key;		/* owned: its address as text */
	uint8_t		 kind;
	struct addr	 addr;
	struct ring	*ring;		/* LOG_SOCK_RING: ring.h */
	/* the log thread's, but for the first connect at load time */
	int		 fd;		/* -1 = not open */
	bool		 is_file;	/* always writable */
	uint64_t	 retry_us, backoff_us;
	unsigned	 n;		/* lines of the batch */
	struct mmsghdr	 msg[LOG_BATCH];
	struct iovec	 iov[LOG_BATCH][3];
	char		 head[LOG_BATCH][320];
};

/* any thread */
struct log_ring *log_ring_self(void);	/* this thread's; made at first use */
/* Room for a record of at most `need` bytes; NULL when full (counted). */
char	*log_ring_reserve(struct log_ring *r, uint32_t need);
void	log_ring_commit(struct log_ring *r, uint32_t size);
void	log_sock_put(struct log_sock *s, const struct log_rec *r);	/* log thread */
void	log_sock_flush(struct log_sock *s);				/* log thread */

/* control thread or a job thread: found by key, else made and opened */
struct log_sock *log_sock_of(const char *key, enum log_sock_kind kind,
	    const struct addr *a, int fd);
extern struct log_sock *_Atomic log_socks;

static inline uint64_t
log_dropped_add(struct log_ring *r)
{
	uint64_t n = atomic_load_explicit(&r->dropped, memory_order_relaxed) + 1;

	atomic_store_explicit(&r->dropped, n, memory_order_relaxed);
	return n;
}

#endif
