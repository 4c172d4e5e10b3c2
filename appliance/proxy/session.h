/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A session: one client connection, from accept to close, in one data thread.
 * Idle it is this struct and an epoll entry, nothing else: no buffer, no
 * transaction, no snapshot (it takes the current one at its next request).
 */
#ifndef WEIR_PROXY_SESSION_H
#define WEIR_PROXY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "event/loop.h"
#include "net/addr.h"
#include "net/conn.h"

struct buf;
struct listener;
struct pp_info;			/* net/pp.h: what a PROXY header told */
struct snapshot;
struct stick_track;
struct txn;
struct var;

#define SESS_F_KEEP_ALIVE	0x0001u	/* at least one request was answered */
#define SESS_F_CLOSING		0x0002u	/* close when the output is out */
#define SESS_F_LINGER		0x0004u	/* shut down, drain, so that the answer is read */
#define SESS_F_LAZY		0x0008u	/* not yet registered with epoll */
#define SESS_F_TCP		0x0010u	/* its transaction is a TCP session */
#define SESS_F_PP_WAIT		0x0020u	/* the PROXY header is not complete */
#define SESS_F_READY		0x0040u	/* rules of connection and session level have run */
#define SESS_F_DEAD		0x0080u
#define SESS_F_CUT		0x0100u	/* a response could not be completed */
#define SESS_F_RESET		0x0200u	/* ... and only a RST shows that */
#define SESS_F_TLS_COUNTED	0x0400u	/* in limits.handshakes */
#define SESS_F_DROP		0x0800u	/* silent-drop: forget the peer */
#define SESS_F_FLUSHING		0x1000u	/* over, but TLS records wait for the kernel */
#define SESS_F_EARLY		0x4000u	/* ... what is drained is the rest of a body */
#define SESS_F_SSL		0x2000u	/* counted in limits.ssl_conns */
#define SESS_F_PP_BEGUN		0x4000u	/* some of the PROXY header has come */

struct session {
	struct conn	 conn;		/* first: event callbacks find the session by it */
	struct list	 node;		/* of the thread's sessions; least recently idle first */
	struct loop_task task;		/* on the ready list, or deferred for its free */
	struct listener	*listener;	/* borrowed: of the process */
	struct txn	*txn;		/* owned: the request under way; NULL = idle */
	struct buf	*in;		/* owned: received, not yet consumed; NULL = none */
	struct buf	*out;		/* owned: to be sent; NULL = none */
	struct pp_info	*pp;		/* owned; NULL = none */
	struct var	*vars;		/* owned: session scope, proxy/vars.h; NULL = none */
	struct stick_track *tracked;	/* owned: proxy/stick_track.h; NULL = none */
	uint64_t	 serial;	/* of this thread's; never given again */
	uint64_t	 accept_us;	/* monotonic; start of idle time after each request */
	struct ip_port	 src;		/* the client's, as the PROXY header says if there is one */
	uint32_t	 requests;
	uint16_t	 flags;
	uint16_t	 handshake_ms;	/* Th of the first request; 0 = none */
	uint8_t		 err;		/* enum conn_err: why it ended before a request */
};

/* data thread */
bool	session_admit(struct listener *l);	/* may one more be accepted? */
void	session_accepted(struct listener *l, int fd, const struct sockaddr *sa);
void	session_shed_idle(struct listener *l);	/* out of descriptors: oldest idle ones go */
void	session_close(struct session *s);	/* idempotent; frees at the end of the pass */
void	session_end(struct session *s);		/* close as the flags say: linger, cut, reset */
void	session_drain(struct session *s);	/* lingering: read and drop */
void	session_refuse(struct session *s, unsigned status);	/* a page without a transaction */
/* Register with epoll; from here on the timer means what who sets it says, not
 * the end of the lazy time. 0, or -1 without memory. */
int	session_watch(struct session *s);
void	session_register(struct session *s);	/* with epoll, now */
void	session_register_later(struct session *s);	/* if it is not served within some ms */
uint64_t session_timeout_http_request(const struct session *s);
bool	session_ignores_probes(const struct session *s);
struct ip_port session_dst(struct session *s);	/* getsockname, or the PROXY header's */

#endif
