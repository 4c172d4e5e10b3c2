/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tunnels: bytes both ways between a client and a server, until both directions
 * have ended. TCP mode, and HTTP after 101 or CONNECT.
 *
 * Each direction is a flow: source, sink, and what the sink did not take yet (a
 * buffer, or a pipe under splice). While a sink has pending bytes its source is
 * not read. The end of a source becomes a shutdown of its sink (half-close); the
 * tunnel is over when both ended, on an error, or when nothing moved for
 * `timeout tunnel` (client-fin, server-fin after a half-close).
 *
 * Tunnels may live for days: after a reload they move over to the new snapshot,
 * where their frontend, backend and server still exist, so that no old one stays
 * for their sake.
 *
 * Thread: data.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "net/buf.h"
#include "proxy/dthread.h"
#include "proxy/front_tcp.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/server_conn.h"
#include "proxy/session.h"
#include "proxy/splice.h"
#include "proxy/tunnel.h"
#include "proxy/txn_steps.h"

#define PASS_BYTES	65536u
#define SPLICE_AFTER	65536u		/* bytes that make a flow bulk */

struct flow {
	struct conn	*src, *dst;
	struct buf	**pending;	/* of the sink */
	struct pipe_pair *pipe;		/* owned; NULL = none */
	uint64_t	*got, *sent;	/* bytes, in the transaction: of src, for dst */
	uint32_t	 streak;	/* full reads in a row: the flow is bulk */
	bool		 may_splice, ended;
};

struct tunnel {
	struct flow	 up, down;
	uint64_t	 idle_us;	/* timeout in force */
	char		 idle_side;	/* whose it is: 'c' or 's' */
};

static bool
wants_splice(const struct txn *t, uint64_t option)
{
	return splice_is_enabled(t, option) && t->sess->conn.tls == NULL &&
	    t->sc->conn.tls == NULL;
}

static struct tunnel *
tunnel_new(struct txn *t)
{
	struct tunnel *tun = xcalloc(1, sizeof *tun);

	tun->up.src = tun->down.dst = &t->sess->conn;
	tun->up.dst = tun->down.src = &t->sc->conn;
	tun->up.got = &t->bytes.in;
	tun->up.sent = &t->bytes.to_server;
	tun->down.got = &t->bytes.from_server;
	tun->down.sent = &t->bytes.out;
	tun->up.pending = &t->sc->out;
	tun->down.pending = &t->sess->out;
	tun->up.may_splice = wants_splice(t, OPT_SPLICE_REQUEST);
	tun->down.may_splice = wants_splice(t, OPT_SPLICE_RESPONSE);
	tun->idle_us = t->timeout_tunnel_us;
	tun->idle_side = t->be->set.timeout.tunnel == 0 &&
	    proxy_timeout_server(t->be) < proxy_timeout_client(t->fe) ? 's' : 'c';
	return tun;
}

void
tunnel_free(struct txn *t)
{
	if (t->tunnel == NULL)
		return;
	pipe_put(t->tunnel->up.pipe);
	pipe_put(t->tunnel->down.pipe);
	free(t->tunnel);
	t->tunnel = NULL;
}

/* ---- one flow ---- */

/* What waits for the sink; false while some is left. */
static bool
flush(struct flow *f)
{
	while (*f->pending != NULL && conn_can_write(f->dst)) {
		struct buf *b = *f->pending;
		struct iovec iov = { b->data + b->start, buf_len(b) };
		ssize_t sent = conn_sendv(f->dst, &iov, 1);

		if (sent < 0)
			return false;
		buf_consume(f->pending, (size_t)sent);
	}
	if (*f->pending != NULL)
		return false;
	if (f->pipe != NULL && pipe_held(f->pipe) != 0) {
		if (conn_can_write(f->dst))
			(void)pipe_empty(f->pipe, f->dst);
		return pipe_held(f->pipe) == 0;
	}
	return true;
}

static bool
send_on(struct flow *f, const char *p, size_t len)
{
	struct iovec iov = { (char *)(uintptr_t)p, len };
	ssize_t sent = 0;

	*f->sent += len;
	if (len == RBUF_BYTES || (f->src->flags & CONN_RDHUP))
		conn_more(f->dst);	/* the rest, or the end, follows at once: one packet */
	if (*f->pending == NULL && conn_can_write(f->dst)) {
		sent = conn_sendv(f->dst, &iov, 1);
		if (sent < 0)
			return false;
	}
	if (buf_append_iov(f->pending, &iov, 1, (size_t)sent))
		return true;
	f->dst->flags |= CONN_ERROR;	/* no memory: never go on behind a gap */
	return false;
}

enum flow_step { FLOW_IDLE, FLOW_MOVED, FLOW_EOF, FLOW_BROKEN, FLOW_AGAIN };

static enum flow_step
splice_flow(struct flow *f)
{
	ssize_t n;

	if (f->pipe == NULL && (f->pipe = pipe_get()) == NULL) {
		f->may_splice = false;
		return FLOW_AGAIN;
	}
	n = pipe_fill(f->pipe, f->src, SIZE_MAX);
	if (n == SPLICE_NOT) {
		f->may_splice = false;
		return FLOW_AGAIN;
	}
	if (n == SPLICE_EOF)
		return FLOW_EOF;
	if (n == SPLICE_AGAIN)
		return FLOW_IDLE;
	if (n < 0)
		return FLOW_BROKEN;
	*f->got += (uint64_t)n;
	*f->sent += (uint64_t)n;
	STAT_ADD(spliced_bytes, n);
	return FLOW_MOVED;
}

static enum flow_step
copy_flow(struct flow *f)
{
	ssize_t n = conn_recv(f->src, dt->rbuf, RBUF_BYTES);

	if (n == 0)
		return FLOW_EOF;
	if (n < 0)
		return f->src->flags & CONN_ERROR ? FLOW_BROKEN : FLOW_IDLE;
	*f->got += (uint64_t)n;
	f->streak = n == RBUF_BYTES ? f->streak + (uint32_t)n : 0;
	return send_on(f, dt->rbuf, (size_t)n) ? FLOW_MOVED : FLOW_BROKEN;
}

/* Run one direction for at most PASS_BYTES. */
static enum flow_step
run_flow(struct flow *f)
{
	uint64_t start = *f->got;
	enum flow_step s = FLOW_IDLE;

	if (f->ended)
		return flush(f) ? FLOW_IDLE : f->dst->flags & CONN_ERROR ? FLOW_BROKEN : FLOW_IDLE;
	while (flush(f)) {
		if (!(f->src->flags & (CONN_IN | CONN_ERROR)))
			break;
		if (*f->got - start >= PASS_BYTES)
			return FLOW_AGAIN;
		s = f->may_splice && f->streak >= SPLICE_AFTER ? splice_flow(f) : copy_flow(f);
		if (s == FLOW_EOF || s == FLOW_BROKEN)
			return s;
		if (s == FLOW_IDLE)
			break;
	}
	if (f->dst->flags & CONN_ERROR)
		return FLOW_BROKEN;
	conn_uncork(f->dst);
	return *f->got != start ? FLOW_MOVED : FLOW_IDLE;
}

/* ---- both ---- */

static void
touch(struct txn *t)
{
	server_conn_wait(t->sc, t->tunnel->idle_us);
}

/* A half-close: pending bytes first, then FIN; the other way goes on, under the
 * shorter timeout if one is written. */
static void
end_flow(struct txn *t, struct flow *f)
{
	uint64_t fin = f == &t->tunnel->up ? t->fe->set.timeout.client_fin :
	    t->be->set.timeout.server_fin;

	f->ended = true;
	if (fin != 0) {
		t->tunnel->idle_us = fin;
		t->tunnel->idle_side = f == &t->tunnel->up ? 'c' : 's';
	}
}

static bool
is_empty(const struct flow *f)
{
	return *f->pending == NULL && (f->pipe == NULL || pipe_held(f->pipe) == 0);
}

/* Pending bytes, then FIN. The second of two ends needs none of its own on a
 * plain connection: close(2) follows at once. */
static bool
is_drained(struct flow *f, const struct flow *other)
{
	bool is_last = other->ended && is_empty(other) && f->dst->tls == NULL;

	if (!f->ended)
		return false;
	if (!(f->dst->flags & CONN_SHUT_WR)) {
		if (!flush(f))
			return false;
		if (!is_last)
			conn_shut_write(f->dst);
	}
	return conn_is_flushed(f->dst);
}

static enum step_result
over(struct txn *t, char cause, char phase)
{
	if (cause != '-')
		txn_set_term(t, cause, phase);
	if (cause == 'S' || cause == 'C')
		t->sess->flags |= SESS_F_CUT | (cause == 'S' ? SESS_F_RESET : 0);
	tunnel_free(t);
	t->flags |= TXN_F_SERVER_BAD | TXN_F_CLOSE_CLIENT;
	t->step = TS_LOG;
	return STEP_NEXT;
}

static void
start(struct txn *t)
{
	t->tunnel = tunnel_new(t);
	touch(t);		/* the connection's timer still had the wait before this */
	if (t->sess->flags & SESS_F_LAZY)
		session_register(t->sess);
	timer_clear(&t->sess->conn.timer);
	/* what came with the heads, or before the connection stood */
	if (t->hand_len != 0)
		(void)send_on(&t->tunnel->down, t->hand, t->hand_len);
	t->hand_len = 0;
	buf_drop(&t->sc->in);
	if (t->sess->in != NULL) {
		struct buf *in = t->sess->in;

		t->bytes.in += buf_len(in);
		(void)send_on(&t->tunnel->up, in->data + in->start, buf_len(in));
		buf_drop(&t->sess->in);
	}
}

enum step_result
step_tunnel(struct txn *t)
{
	enum flow_step up, down;
	bool up_done, down_done;
	struct tunnel *tun;

	if (t->tunnel == NULL)
		start(t);
	tun = t->tunnel;
	down = run_flow(&tun->down);
	up = run_flow(&tun->up);
	txn_count_bytes(t);
	if (unlikely(t->at.sent == 0) && t->bytes.to_server != 0)
		t->at.sent = clock_now_us;
	if (up == FLOW_EOF)
		end_flow(t, &tun->up);
	if (down == FLOW_EOF)
		end_flow(t, &tun->down);
	if (up == FLOW_BROKEN || down == FLOW_BROKEN) {
		bool client = (t->sess->conn.flags & CONN_ERROR) != 0;

		return over(t, client ? 'C' : 'S', 'D');
	}
	up_done = is_drained(&tun->up, &tun->down);
	down_done = is_drained(&tun->down, &tun->up);
	if (up_done && down_done)
		return over(t, '-', '-');
	if (up == FLOW_AGAIN || down == FLOW_AGAIN)
		txn_wake(t);
	if (up != FLOW_IDLE || down != FLOW_IDLE || !timer_is_set(&t->sc->conn.timer))
		touch(t);
	return STEP_WAIT;
}

/* Nothing moved for too long: blame who does not take what waits for it, else who
 * had less time. */
void
tunnel_timeout(struct txn *t)
{
	struct tunnel *tun = t->tunnel;
	char side = tun->idle_side;

	if (!is_empty(&tun->down))
		side = 'c';
	else if (!is_empty(&tun->up))
		side = 's';
	(void)over(t, side, 'D');
}

void
tunnel_event(struct txn *t)
{
	txn_run(t);
}

/* ---- reloads ---- */

/* Where an entry of the old configuration stands in the new one; false: it is
 * not there any more, or what the transaction holds of it would not fit. */
static bool
find_successors(const struct txn *t, const struct proxy **ret_fe, const struct proxy **ret_be,
    const struct server **ret_srv)
{
	const struct proxy *fe = atomic_load_explicit(&t->fe->live->conf, memory_order_acquire);
	const struct proxy *be = atomic_load_explicit(&t->be->live->conf, memory_order_acquire);
	const struct server *srv = atomic_load_explicit(&t->srv->live->conf, memory_order_acquire);

	if (fe == NULL || be == NULL || srv == NULL || fe->snap != be->snap ||
	    srv->backend != be || fe->set.mode != t->fe->set.mode ||
	    fe->ncaptures_req != t->fe->ncaptures_req ||
	    fe->ncaptures_res != t->fe->ncaptures_res)
		return false;
	*ret_fe = fe;
	*ret_be = be;
	*ret_srv = srv;
	return true;
}

static void
follow(struct txn *t)
{
	const struct proxy *fe, *be;
	const struct server *srv;

	if (!find_successors(t, &fe, &be, &srv) || fe->snap == t->snap)
		return;
	snapshot_ref(fe->snap, dt->id);
	snapshot_unref(t->snap, dt->id);
	if (t->be_snap != NULL)
		snapshot_unref(t->be_snap, dt->id);
	t->be_snap = NULL;
	t->snap = fe->snap;
	t->fe = (struct proxy *)(uintptr_t)fe;
	t->be = (struct proxy *)(uintptr_t)be;
	t->srv = (struct server *)(uintptr_t)srv;
	t->wanted = t->avoid = NULL;
	t->reply = NULL;
}

void
tunnels_follow(void)
{
	LIST_EACH(n, &dt->txn_list) {
		struct txn *t = LIST_ITEM(n, struct txn, node);

		if (t->step == TS_TUNNEL && t->tunnel != NULL && !(t->flags & TXN_F_FREED))
			follow(t);
	}
}
