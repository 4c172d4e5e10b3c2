/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection: one descriptor, one libevent event for its whole life
 * (EV_READ|EV_WRITE|EV_ET|EV_PERSIST, added once and never re-added), TLS or
 * plain behind the same calls, one timer.
 *
 * Edges are remembered in flags: CONN_IN says "a read may give something",
 * cleared by a short read; CONN_OUT says "a write may take something", cleared by
 * a short write. Who stops reading because its sink is full just leaves CONN_IN
 * set and comes back by itself (loop_ready) when the sink drains.
 *
 * A client connection is not registered with epoll before that is needed
 * (conn_register): a short-lived one that is served at once never is.
 *
 * Thread: the loop that owns it. conn_close defers the free of the embedding
 * object to its owner: events of the same batch may still refer to it, so the
 * owner frees through loop_defer.
 */
#ifndef WEIR_NET_CONN_H
#define WEIR_NET_CONN_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "event/timer.h"

struct conn;
struct loop;
struct tls;

#define CONN_IN		0x0001u	/* readable, as far as we know */
#define CONN_OUT	0x0002u	/* writable, as far as we know */
#define CONN_EOF	0x0004u	/* the peer's FIN (or close_notify) was read */
#define CONN_ERROR	0x0008u	/* errno of the failure is in `error` */
#define CONN_REGISTERED	0x0010u
#define CONN_CONNECTING	0x0020u	/* connect(2) in progress */
#define CONN_HANDSHAKE	0x0040u	/* TLS handshake under way */
#define CONN_SHUT_WR	0x0080u	/* we sent FIN */
#define CONN_CLOSED	0x0100u	/* fd is gone */
#define CONN_UNIX	0x0200u
#define CONN_MORE	0x0800u	/* the next write is followed by another at once */
#define CONN_CORKED	0x1000u	/* the kernel may hold a part back: conn_uncork when idle */
#define CONN_RDHUP	0x0400u	/* EPOLLRDHUP was seen: a short read does not clear CONN_IN */
#define CONN_DEAF	0x2000u	/* registered without CONN_OUT */

/* An edge arrived: flags were updated before. */
typedef void conn_event_fn(struct conn *c);

struct conn {
	struct event	 ev;
	conn_event_fn	*on_event;
	struct tls	*tls;		/* owned; NULL = plain */
	struct timer	 timer;		/* the owner sets timer.fn */
	uint16_t	 flags;
	int16_t		 error;		/* errno of a failed connect, read or write */
	int		 fd;
};

/* owner's thread */
void	conn_init(struct conn *c, int fd, unsigned flags, conn_event_fn *on_event);
int	conn_register(struct conn *c);		/* add to the loop; 0 or -1 (ENOMEM, ENOSPC) */
/* For who has written what there was: the edge that every fresh socket shows, that it
 * can be written to, wakes nobody. conn_register adds it when it is wanted after all. */
int	conn_register_in(struct conn *c);
void	conn_close(struct conn *c);		/* idempotent: event, timer, TLS and fd go */
void	conn_reset(struct conn *c);		/* close with RST (SO_LINGER 0) */
void	conn_shut_write(struct conn *c);	/* FIN, or close_notify and FIN */

/* > 0 bytes; 0 end (CONN_EOF set); -1 with errno: EAGAIN = nothing now (CONN_IN
 * cleared), else CONN_ERROR. A read shorter than len clears CONN_IN. */
ssize_t	conn_recv(struct conn *c, void *buf, size_t len);
/* >= 0 bytes taken; -1 on error, never EAGAIN. Less than asked: CONN_OUT is cleared,
 * so who can still write after it has nothing left. */
ssize_t	conn_sendv(struct conn *c, const struct iovec *iov, int n);
/* Nothing taken still waits in this process (TLS: records that the kernel did
 * not take yet). False: CONN_OUT comes when it has gone; close after that. */
bool	conn_is_flushed(const struct conn *c);
/* More of a long body will follow at once: lets the kernel build full segments.
 * Who finds that nothing follows after all pushes the rest out. */
static inline void
conn_more(struct conn *c)
{
	c->flags |= CONN_MORE;
}

void	conn_push(struct conn *c);
int	conn_send_flags(struct conn *c);	/* of the next send(2): MSG_MORE or not */

static inline void
conn_uncork(struct conn *c)
{
	if (__builtin_expect(c->flags & CONN_CORKED, 0))
		conn_push(c);
}

/* Check a plain idle connection for FIN, data or error without reading; costs a
 * system call, tests only. */
bool	conn_is_quiet(struct conn *c);
/* After an edge while nothing may be read: was it a reset, not a mere FIN or more
 * data? (libevent shows a reset as CONN_IN and CONN_OUT, without CONN_RDHUP.) */
bool	conn_peer_is_gone(struct conn *c);

static inline bool
conn_can_read(const struct conn *c)
{
	return (c->flags & (CONN_IN | CONN_EOF | CONN_ERROR | CONN_CLOSED)) == CONN_IN;
}

static inline bool
conn_can_write(const struct conn *c)
{
	return (c->flags & (CONN_OUT | CONN_ERROR | CONN_CLOSED | CONN_SHUT_WR)) == CONN_OUT;
}

/* Non-blocking connect. Returns fd (connected or in progress, *ret_in_progress)
 * or -1 with errno. source may be NULL. */
struct addr;
int	conn_connect(const struct addr *to, const struct addr *source, bool *ret_in_progress);
/* The same for who writes at once, and little, or closes at once: the ACK that ends the
 * handshake waits for that packet. Nagle is on; conn_push ends it. */
int	conn_connect_brief(const struct addr *to, const struct addr *source,
	    bool *ret_in_progress);

/* Result of a connect in progress after the first CONN_OUT edge: 0 or errno. */
int	conn_connect_result(struct conn *c);

#endif
