/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections to servers and their idle pools: one LIFO list per server and
 * thread, shared by all clients of the thread. LIFO keeps few connections warm;
 * the rest run into pool-purge-delay. An idle connection stays registered, so
 * a FIN or stray bytes on it cost one event and never a request.
 *
 * pool-max-conn is divided over the threads (at least 1 each). Idle connections
 * count for maxconn too: a new one takes the place of the one that is idle longest
 * in this thread, or of another thread's, which is asked by mail.
 *
 * Thread: data.
 */
#include "proxy/server_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "net/buf.h"
#include "proxy/dthread.h"
#include "proxy/forward.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/server_addr.h"
#include "proxy/session.h"
#include "proxy/txn.h"
#include "cfg/snapshot.h"

#define IDLE_LOOK_US	5000000u

static void
on_free(struct loop_task *task)
{
	struct server_conn *sc = LIST_ITEM(task, struct server_conn, task);

	live_server_unref(sc->live);
	pool_put(&dt->server_conns, sc);
}

/* Other threads read it: who has idle ones? and control (show servers conn). */
static void
count_idle(struct server_thread *st, int by)
{
	__atomic_store_n(&st->nidle, st->nidle + (uint32_t)by, __ATOMIC_RELAXED);
	STAT_ADD(nidle, by);
}

static void
leave_idle(struct server_conn *sc)
{
	struct server_thread *st = &sc->live->threads[dt->id];

	list_del(&sc->node);
	sc->flags &= (uint16_t)~SC_F_IDLE;
	count_idle(st, -1);
	gauge_dec(&sc->live->idle);
}

void
server_conn_close(struct server_conn *sc)
{
	if (sc->flags & SC_F_DEAD)
		return;
	if (sc->flags & SC_F_IDLE)
		leave_idle(sc);
	sc->flags |= SC_F_DEAD;
	sc->txn = NULL;
	list_del(&sc->all);
	conn_close(&sc->conn);
	buf_drop(&sc->in);
	buf_drop(&sc->out);
	loop_task_init(&sc->task, on_free);
	loop_defer(loop_self, &sc->task);
}

static void
on_event(struct conn *c)
{
	struct server_conn *sc = (struct server_conn *)c;

	if (sc->flags & SC_F_DEAD)
		return;
	if (sc->txn != NULL) {
		txn_server_event(sc->txn, sc);
		return;
	}
	/* idle: "writable" is news of nothing; anything to read is the end */
	if (c->flags & (CONN_IN | CONN_ERROR | CONN_RDHUP))
		server_conn_close(sc);
}

static void
on_timer(struct timer *timer)
{
	struct server_conn *sc = (struct server_conn *)CONTAINER_OF(timer, struct conn, timer);

	timer_clear(timer);
	if (sc->flags & SC_F_DEAD)
		return;
	if (sc->txn != NULL && clock_now_us < sc->late_us) {
		timer_set(&loop_self->wheel, timer, sc->late_us);
		txn_server_look(sc->txn, sc);
	} else if (sc->txn != NULL)
		txn_server_timeout(sc->txn, sc);
	else if (sc->live->threads[dt->id].nidle > sc->low_conn)
		server_conn_close(sc);
	else	/* pool-low-conn: this many stay warm */
		timer_set(&loop_self->wheel, timer, clock_now_us + IDLE_LOOK_US);
}

/* ---- reuse ---- */

uint64_t
server_conn_key(struct txn *t, struct server *srv)
{
	uint64_t key = srv->conn_key +
	    server_addr_version(srv->live) * 0x27d4eb2f165667c5u;

	if (srv->flags & (SRV_SEND_PROXY_V1 | SRV_SEND_PROXY_V2 | SRV_SEND_PROXY_V2_SSL))
		key ^= t->sess->serial * 0x9e3779b97f4a7c15u;
	if (!srv->has_port)
		key ^= (session_dst(t->sess).port + 1u) * 0xc2b2ae3d27d4eb4fu;
	/* equal TLS settings are one object, which idle connections hold */
	key ^= (uint64_t)(uintptr_t)srv->tls * 0x165667b19e3779f9u;
	if (srv->tls != NULL || srv->pool_conn_name != NULL)
		key ^= str_hash(forward_pool_name(t, srv));
	return key;
}

static bool
is_repeatable(const struct txn *t)
{
	return http_method_is_idempotent((enum http_method)t->req.method) &&
	    (t->flags & TXN_F_REQ_DONE);
}

/* What http-reuse lets this request use. */
static bool
may_use(const struct txn *t, const struct server_conn *sc)
{
	bool first = t->sess->requests == 0;
	bool mine = sc->last_session == t->sess->serial;

	if (sc->flags & SC_F_PRIVATE)
		return mine;
	switch (t->be->set.reuse) {
	case REUSE_ALWAYS:
		return true;
	case REUSE_NEVER:
		return mine && !first;
	case REUSE_AGGRESSIVE:
		return !first || sc->uses > 1;
	case REUSE_SAFE:
	default:
		return !first && (is_repeatable(t) || (mine && sc->idle_us >= t->sess->accept_us));
	}
}

struct server_conn *
server_conn_reuse(struct txn *t, struct server *srv, uint64_t key)
{
	struct server_thread *st = &srv->live->threads[dt->id];
	int looked = 0;

	if (st->nidle == 0 || (t->flags & TXN_F_WANT_FRESH))
		return NULL;
	LIST_EACH(n, &st->idle) {
		struct server_conn *sc = LIST_ITEM(n, struct server_conn, node);

		if (++looked > 32)
			return NULL;
		if (sc->key != key || !may_use(t, sc))
			continue;
		leave_idle(sc);
		sc->txn = t;
		sc->flags = (uint16_t)((sc->flags & (SC_F_PRIVATE | SC_F_PP_SENT)) | SC_F_REUSED);
		sc->uses++;
		return sc;
	}
	return NULL;
}

/* ---- room within maxconn ---- */

struct shed_mail {
	struct mail	 mail;
	struct server_live *live;	/* held */
};

static bool
close_oldest(struct server_live *live)
{
	struct server_thread *st = &live->threads[dt->id];

	if (st->nidle == 0)
		return false;
	server_conn_close(LIST_ITEM(st->idle.prev, struct server_conn, node));
	return true;
}

static void
on_shed(struct mail *m)
{
	struct shed_mail *s = CONTAINER_OF(m, struct shed_mail, mail);

	if (dt != NULL)			/* else its thread has ended */
		(void)close_oldest(s->live);
	live_server_unref(s->live);
	free(s);
}

static void
shed_elsewhere(struct server_live *live)
{
	for (unsigned i = 1; i < ndthreads; i++) {
		unsigned id = (dt->id + i) % ndthreads;
		struct shed_mail *s;

		if (__atomic_load_n(&live->threads[id].nidle, __ATOMIC_RELAXED) == 0)
			continue;
		s = xcalloc(1, sizeof *s);
		s->live = live;
		live_server_ref(live);
		mailbox_send(&dthreads[id].loop->mailbox, &s->mail, on_shed);
		return;
	}
}

/* A slot is held for the new connection: it is counted in inflight. */
static void
make_room(struct server_live *live)
{
	uint32_t max = atomic_load_explicit(&live->max_now, memory_order_relaxed);

	if (max != 0 && gauge_get(&live->inflight) + gauge_get(&live->idle) > max &&
	    !close_oldest(live))
		shed_elsewhere(live);
}

/* ---- a new connection ---- */

static void
client_port(struct txn *t, struct addr *a)
{
	int port = session_dst(t->sess).port;

	if (a->kind != ADDR_INET && a->kind != ADDR_INET6)
		return;
	if (a->port_sign != 0)
		addr_set_port(a, (uint16_t)(port + a->port_sign * (int)a->port_lo));
	else
		addr_set_port(a, (uint16_t)port);
}

static void
set_options(const struct txn *t, int fd)
{
	const struct global *g = t->snap->global;
	int one = 1;

	if (g->rcvbuf_server != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &g->rcvbuf_server, sizeof(int));
	if (g->sndbuf_server != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &g->sndbuf_server, sizeof(int));
	if (t->be->set.options & OPT_SRVTCPKA)
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
}

static int
open_socket(struct txn *t, struct server *srv, bool *ret_in_progress)
{
	const struct addr *source = srv->source != NULL ? srv->source : t->be->set.source;
	struct addr to;
	bool has_port;
	int fd;

	if (likely(srv->has_port && server_addr_version(srv->live) == 0))
		fd = conn_connect(&srv->addr, source, ret_in_progress);
	else {
		server_addr_now(srv, &to, &has_port);
		if (!has_port)
			client_port(t, &to);
		fd = conn_connect(&to, source, ret_in_progress);
	}
	if (fd >= 0)
		set_options(t, fd);
	return fd;
}

struct server_conn *
server_conn_open(struct txn *t, struct server *srv, uint64_t key)
{
	struct server_conn *sc = pool_get(&dt->server_conns, POOL_SITE_CONNECT);
	bool in_progress;
	int fd;

	if (sc == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	make_room(srv->live);
	fd = open_socket(t, srv, &in_progress);
	if (fd < 0) {
		int saved = errno;

		pool_put(&dt->server_conns, sc);
		errno = saved;
		return NULL;
	}
	conn_init(&sc->conn, fd, in_progress ? CONN_CONNECTING : CONN_OUT, on_event);
	sc->conn.timer.fn = on_timer;
	list_init(&sc->node);
	list_append(&dt->server_conn_list, &sc->all);
	loop_task_init(&sc->task, on_free);
	sc->txn = t;
	sc->live = srv->live;
	live_server_ref(sc->live);
	sc->out = sc->in = NULL;
	sc->key = key;
	sc->idle_us = sc->late_us = 0;
	sc->last_session = 0;
	sc->uses = 1;
	sc->flags = 0;
	if (conn_register(&sc->conn) != 0) {
		server_conn_close(sc);
		errno = ENOMEM;
		return NULL;
	}
	return sc;
}

/* ---- release ---- */

static uint32_t
idle_limit(const struct server *srv)
{
	uint32_t max;

	if (srv == NULL || srv->pool_max_conn < 0)
		return UINT32_MAX;
	if (srv->pool_max_conn == 0)
		return 0;
	max = (uint32_t)srv->pool_max_conn / ndthreads;
	return max != 0 ? max : 1;
}

#define CONN_UNFIT	(CONN_EOF | CONN_ERROR | CONN_RDHUP | CONN_CLOSED | CONN_CONNECTING | \
			    CONN_HANDSHAKE | CONN_SHUT_WR)

/* Nothing pending either way. A read that exactly filled the buffer leaves
 * CONN_IN set: only then the socket is asked. */
static bool
is_clean(struct server_conn *sc)
{
	if (sc->out != NULL || sc->in != NULL || (sc->conn.flags & CONN_UNFIT))
		return false;
	if (!(sc->conn.flags & CONN_IN))
		return true;
	if (sc->conn.tls != NULL || !conn_is_quiet(&sc->conn))
		return false;
	sc->conn.flags &= (uint16_t)~CONN_IN;
	return true;
}

void
server_conn_release(struct server_conn *sc, bool may_keep)
{
	struct server_thread *st = &sc->live->threads[dt->id];
	struct txn *t = sc->txn;
	struct server *srv = t != NULL ? t->srv : NULL;

	if (sc->flags & SC_F_DEAD)
		return;
	if (!may_keep || t == NULL || !is_clean(sc) || st->nidle >= idle_limit(srv)) {
		server_conn_close(sc);
		return;
	}
	sc->last_session = t->sess->serial;
	sc->txn = NULL;
	sc->idle_us = clock_now_us;
	sc->flags |= SC_F_IDLE;
	sc->low_conn = srv->pool_low_conn;
	list_push(&st->idle, &sc->node);
	count_idle(st, 1);
	gauge_inc(&sc->live->idle);
	timer_set(&loop_self->wheel, &sc->conn.timer, clock_now_us + srv->pool_purge_delay_us);
}

/* All of this thread's connections that are idle, or those of one server. */
void
server_conn_purge(struct server_live *live)
{
	LIST_EACH_SAFE(n, tmp, &dt->server_conn_list) {
		struct server_conn *sc = LIST_ITEM(n, struct server_conn, all);

		if ((sc->flags & SC_F_IDLE) && (live == NULL || sc->live == live))
			server_conn_close(sc);
	}
}
