/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A data thread: its loop, its pools, its lists. Everything on the request path
 * that is not shared hangs here; `dt` is the calling thread's own.
 */
#ifndef WEIR_PROXY_DTHREAD_H
#define WEIR_PROXY_DTHREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/list.h"
#include "base/magic.h"
#include "base/pool.h"
#include "proxy/rate.h"

struct global;
struct loop;

#define HEAD_EXTRA_FIELDS 64	/* that rules may add to tune.http.maxhdr */
#define RBUF_BYTES	16384	/* what one recv may bring: more costs cache */

struct dthread {
	unsigned	 id;		/* = loop->id */
	struct loop	*loop;		/* owned */
	pthread_t	 tid;
	char		*rbuf;		/* RBUF_BYTES, shared by all reads of this thread */
	struct pool	 sessions, txns, server_conns, heads, tracks;
	struct list	 session_list;	/* all sessions, idle longest first */
	struct list	 txn_list;	/* all transactions */
	struct list	 handshake_list; /* TLS handshakes under way, longest silent first */
	struct list	 server_conn_list;	/* all connections to servers */
	uint64_t	 session_serial;	/* of the latest one */
	uint64_t	 txn_serial;	/* of the latest one */
	_Atomic uint32_t nsessions;	/* relaxed, read by control */
	_Atomic uint32_t nidle;		/* idle server connections of this thread; relaxed */
	/* process-wide totals, this thread's part; relaxed, read by control */
	_Atomic uint64_t cum_conns, cum_reqs, cum_ssl, ssl_handshakes, ssl_resumed,
	    bytes_out, spliced_bytes;
} __attribute__((aligned(CACHE_LINE)));

extern _Thread_local struct dthread *dt;	/* data threads only */
extern struct dthread *dthreads;		/* all of them; fixed after start */
extern unsigned ndthreads;

/* Limits of the whole process, from the first configuration and the fd limit. */
struct process_limits {
	_Atomic uint32_t maxconn;
	_Atomic uint32_t conns;		/* client connections */
	_Atomic uint32_t ssl_conns;
	_Atomic uint32_t handshakes;	/* TLS handshakes under way */
	_Atomic uint32_t maxconn_reached;	/* times */
	_Atomic uint64_t accept_waits;	/* a bit per thread that waits at a limit of connections */
	_Atomic uint32_t maxpipes, pipes_used, pipes_free;
	_Atomic uint32_t stopping;	/* soft stop: idle clients leave at their next request */
	uint32_t	 maxsock;
	struct rate	 conn_rate, sess_rate, ssl_rate;	/* maxconnrate and friends */
	/* per second, in force: as configured, or `set rate-limit`; 0 = none. Control
	 * writes them. */
	_Atomic uint32_t maxconnrate, maxsessrate, maxsslrate;
};
extern struct process_limits limits;

/* main thread: make the loops (before threads), start the threads, stop them */
int	dthreads_init(unsigned n, const struct global *g);
int	dthreads_start(void);
void	dthreads_stop(void);		/* asks, joins; their loops still take mail */
void	dthreads_free(void);		/* when nobody sends any more */

/* A fresh head block for a message that outgrew its transaction: `bytes` of it
 * hold text and fields; NULL when refused. */
void	*head_get(void);
void	 head_put(void *p);
size_t	 head_bytes(void);

#define STAT_ADD(field, n) \
	atomic_store_explicit(&dt->field, \
	    atomic_load_explicit(&dt->field, memory_order_relaxed) + (uint64_t)(n), \
	    memory_order_relaxed)

#endif
