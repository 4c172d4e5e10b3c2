/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection to a server: fresh, in use by one transaction, or idle in the
 * LIFO pool of its server and thread. Idle ones stay registered: an event on one
 * (FIN, stray bytes, error) closes it before any pick of that pass, because
 * picks happen at the end of a pass when a pool is not empty.
 */
#ifndef WEIR_PROXY_SERVER_CONN_H
#define WEIR_PROXY_SERVER_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "event/loop.h"
#include "http/h1.h"
#include "net/conn.h"

struct buf;
struct server;
struct server_live;
struct session;
struct txn;

#define SC_F_REUSED	0x01u	/* served a request before this one */
#define SC_F_PRIVATE	0x02u	/* only for its session (NTLM, Negotiate) */
#define SC_F_IDLE	0x04u
#define SC_F_DEAD	0x08u
#define SC_F_GOT_BYTES	0x10u	/* something of this response was received */
#define SC_F_PP_SENT	0x40u

struct server_conn {
	struct conn	 conn;		/* first */
	struct list	 node;		/* idle list of the server's thread part */
	struct list	 all;		/* of the thread's server connections */
	struct loop_task task;		/* deferred free */
	struct txn	*txn;		/* borrowed; NULL = idle */
	struct server_live *live;	/* held */
	struct buf	*out;		/* owned: request bytes the server did not take yet */
	struct buf	*in;		/* owned: response bytes not yet consumed */
	struct h1_parser parser;
	struct h1_chunks chunks;
	uint64_t	 key;		/* may be reused for requests of the same key only */
	uint64_t	 idle_us;	/* since when */
	uint64_t	 late_us;	/* the deadline behind a look; 0 = the timer is it */
	uint64_t	 last_session;	/* serial of who used it last; 0 = nobody */
	uint32_t	 uses;
	uint32_t	 low_conn;	/* pool-low-conn of its server */
	uint16_t	 flags;
};

/* data thread */
/* An idle connection that this transaction may use, or NULL. */
struct server_conn *server_conn_reuse(struct txn *t, struct server *srv, uint64_t key);
/* A new one, connecting (or connected); NULL with errno. */
struct server_conn *server_conn_open(struct txn *t, struct server *srv, uint64_t key);
/* The response is complete: into the pool, or closed if it must not be kept. */
void	server_conn_release(struct server_conn *sc, bool may_keep);
void	server_conn_close(struct server_conn *sc);	/* frees at the end of the pass */
void	server_conn_purge(struct server_live *live);	/* close this thread's idle ones */
uint64_t server_conn_key(struct txn *t, struct server *srv);

/* A reset that came in one edge with data has no edge of its own. Who read some and
 * waits for more looks once again after this time, then waits for the deadline. */
#define SERVER_LOOK_US	500000u

static inline void
server_conn_look(struct server_conn *sc)
{
	if (sc->late_us == 0)
		sc->late_us = sc->conn.timer.deadline_us;
	if (sc->late_us > clock_now_us + SERVER_LOOK_US)
		timer_set(&loop_self->wheel, &sc->conn.timer, clock_now_us + SERVER_LOOK_US);
	else
		timer_set(&loop_self->wheel, &sc->conn.timer, sc->late_us);
}

static inline void
server_conn_wait(struct server_conn *sc, uint64_t us)
{
	sc->late_us = clock_now_us + us;
	server_conn_look(sc);
}

/* Event of a connection in use: implemented by txn_server.c */
void	txn_server_event(struct txn *t, struct server_conn *sc);
void	txn_server_timeout(struct txn *t, struct server_conn *sc);
void	txn_server_look(struct txn *t, struct server_conn *sc);

#endif
