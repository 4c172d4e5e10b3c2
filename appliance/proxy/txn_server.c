/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server side of a transaction: pick, slot, connect, send the request, and
 * what happens when a server fails.
 *
 * Picks wait for the end of the pass when this thread has idle connections: an
 * idle connection whose end was announced in this pass is closed by its event
 * before anyone may pick it (events first, picks after), at no system call.
 *
 * Thread: data.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "cfg/snapshot.h"
#include "http/h1_out.h"
#include "net/buf.h"
#include "proxy/pp_send.h"
#include "net/tls.h"
#include "proxy/dthread.h"
#include "proxy/fetch_err.h"
#include "proxy/forward.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/logline.h"
#include "proxy/observe.h"
#include "proxy/passive.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"
#include "proxy/server_conn.h"
#include "proxy/service.h"
#include "proxy/session.h"
#include "proxy/stick_rules.h"
#include "proxy/stick_track.h"
#include "proxy/txn_count.h"
#include "proxy/txn_steps.h"

#define RETRY_PAUSE_US	1000000u

/* ---- slots ---- */

static void
hold_slot(struct txn *t, struct server *srv)
{
	t->srv = srv;
	t->slot = srv->live;
	t->flags |= TXN_F_HAS_SLOT;
	t->at.picked = clock_now_us;
	gauge_inc(&t->be->live->be_served);
	lb_take(t->be, srv);
	COUNT(srv_count(t), stot);
	COUNT(srv_count(t), lbtot);
	COUNT(be_count(t), lbtot);
	COUNT_SESSION(srv_count(t));
}

/* How long the server took to answer, for balancing: a slow client or a long
 * tunnel says nothing of the server. */
static uint64_t
answer_us(const struct txn *t)
{
	uint64_t answered = t->flags & TXN_F_HTTP ? t->at.response : t->at.connected;

	if (answered > t->at.picked)
		return answered - t->at.picked;
	if (answered == t->at.picked)
		return 1;
	return t->flags & TXN_F_CLIENT_GONE ? 0 : LB_FAILED;
}

void
txn_leave_server(struct txn *t, bool may_keep)
{
	if (t->sc != NULL) {
		struct server_conn *sc = t->sc;

		if (unlikely(t->fe->log_needs & LF_NEEDS_SERVER_SRC))
			logfield_keep_server_src(t);
		t->sc = NULL;
		server_conn_release(sc, may_keep);
	}
	if (t->flags & TXN_F_HAS_SLOT) {
		t->flags &= ~TXN_F_HAS_SLOT;
		gauge_dec(&t->be->live->be_served);
		lb_drop(t->be, t->srv, answer_us(t));
		queue_release_slot(t);
	}
}

/* ---- pick ---- */

/* Who was wanted is not taken: from here on it is balancing's choice. */
static void
forget_wish(struct txn *t)
{
	t->flags &= ~TXN_F_PERSISTENT;
	t->wanted = NULL;
	if (t->stick.reason == STICK_COOKIE)
		persist_moved(t);
	else if (t->stick.reason != STICK_COOKIE_MOVED)
		stickiness_set(t, STICK_NONE, 0, 0);
}

/* Wanted servers that are down are tried under `option persist`, force-persist. */
static bool
wish_stands(const struct txn *t)
{
	return server_is_usable(t->wanted) || (t->flags & TXN_F_FORCE_PERSIST) ||
	    (t->be->set.options & OPT_PERSIST);
}

/* False: it has as many waiting as may (maxqueue). */
static bool
wait_in(struct txn *t, struct wait_queue *q, uint32_t limit)
{
	if (!queue_enter(q, t, limit))
		return false;
	if (t->at.queued == 0)
		t->at.queued = clock_now_us;
	t->flags |= TXN_F_QUEUED;
	timer_set(&t->loop->wheel, &t->timer, clock_now_us + t->timeout_queue_us);
	t->step = TS_WAIT_SLOT;
	return true;
}

static enum step_result
wait_in_backend(struct txn *t)
{
	(void)wait_in(t, &t->be->live->queue, 0);
	return STEP_NEXT;
}

/* The backend as it is by now, with servers that came while we waited. What else we
 * have of the former snapshot stays, and that with it. */
static bool
follow_backend(struct txn *t)
{
	const struct proxy *be = atomic_load_explicit(&t->be->live->conf, memory_order_acquire);

	if (be == NULL || be == t->be || be->set.mode != t->be->set.mode)
		return false;
	snapshot_ref(be->snap, dt->id);
	if (t->be_snap != NULL)
		snapshot_unref(t->be_snap, dt->id);
	t->be_snap = be->snap;
	t->be = (struct proxy *)(uintptr_t)be;
	t->wanted = t->avoid = NULL;
	return true;
}

static enum step_result
no_server(struct txn *t)
{
	if (unlikely(t->be->waits_for_servers))
		return follow_backend(t) ? STEP_NEXT : wait_in_backend(t);
	txn_error(t, 503, 'S', 'C');
	COUNT(be_count(t), econ);
	return STEP_NEXT;
}

/* A slot, or a place in its queue. */
static bool
enter_server(struct txn *t, struct server *srv)
{
	t->srv = srv;
	if (!server_slot_take(srv))
		return wait_in(t, &srv->live->queue, srv->maxqueue);
	if (t->at.queued == 0)
		t->at.queued = clock_now_us;
	hold_slot(t, srv);
	t->step = TS_CONNECT;
	return true;
}

static bool
another_server(const struct txn *t)
{
	for (uint32_t i = 0; i < t->be->nservers; i++)
		if (t->be->servers[i] != t->srv && server_is_usable(t->be->servers[i]))
			return true;
	return false;
}

static bool
is_hashed(const struct txn *t)
{
	return (t->be->set.lb.algo->flags & LB_HASH) != 0;
}

/* Any server but the full one: balancing's choice; else for a key the next that
 * has room, in file order, for others the queue of all servers. */
static bool
enter_other(struct txn *t, struct server *full)
{
	struct proxy *be = t->be;
	bool is_full;
	struct server *srv = lb_pick(be, t, full, &is_full);

	if (srv != NULL && srv != full && enter_server(t, srv))
		return true;
	t->srv = full;
	if (!is_hashed(t))
		return another_server(t) && wait_in(t, &be->live->queue, 0);
	for (uint32_t i = 1; i < be->nservers; i++) {
		srv = be->servers[(full->index + i) % be->nservers];
		if (server_is_due(srv) && enter_server(t, srv))
			return true;
	}
	return false;
}

/* maxqueue: another server, whatever a key or persistence says. */
static enum step_result
leave_full(struct txn *t, struct server *full)
{
	if (!enter_other(t, full)) {
		t->srv = full;
		COUNT(srv_count(t), spilled);
		txn_error(t, 503, 'S', 'Q');	/* as HAProxy calls it */
		return STEP_NEXT;
	}
	COUNT(&full->live->threads[dt->id].count, wredis);
	COUNT(be_count(t), wredis);
	t->flags |= TXN_F_REDISPATCHED;
	forget_wish(t);
	return STEP_NEXT;
}

static enum step_result
use_server(struct txn *t, struct server *srv)
{
	return enter_server(t, srv) ? STEP_NEXT : leave_full(t, srv);
}

enum step_result
step_pick(struct txn *t)
{
	bool is_full = false;
	struct server *srv;

	if (dt->nidle != 0 && !(t->flags & TXN_F_LATE)) {
		t->flags |= TXN_F_LATE;
		if (!(t->flags & TXN_F_DEFERRED))
			txn_wake(t);
		return STEP_WAIT;
	}
	if (t->flags & TXN_F_DEFERRED)
		return STEP_WAIT;
	if (unlikely(t->wanted != NULL)) {
		if (wish_stands(t))
			return use_server(t, t->wanted);
		forget_wish(t);
	}
	if (atomic_load_explicit(&t->be->live->queue.len, memory_order_relaxed) != 0)
		return wait_in_backend(t);
	for (int tries = 0; tries < 8; tries++) {
		srv = lb_pick(t->be, t, t->avoid, &is_full);
		if (srv == NULL)
			return is_full ? wait_in_backend(t) : no_server(t);
		if (is_hashed(t) || server_has_slot(srv))
			return use_server(t, srv);
	}
	return wait_in_backend(t);
}

enum step_result
step_wait_slot(struct txn *t)
{
	struct server *srv;

	if (t->slot == NULL) {
		if (!t->timed_out)
			return STEP_WAIT;
		if (!queue_leave(t))
			return STEP_WAIT;	/* the slot is under way after all */
		t->timed_out = false;
		t->srv = NULL;
		t->at.picked = 0;
		txn_error(t, 503, 's', 'Q');
		return STEP_NEXT;
	}
	timer_clear(&t->timer);
	t->timed_out = false;
	if (t->srv == NULL && follow_backend(t))
		queue_find_server(t);
	srv = t->srv;			/* the queue has found it in our snapshot */
	if (srv == NULL) {		/* removed by a reload while we waited */
		queue_release_slot(t);
		t->step = TS_PICK;
		return STEP_NEXT;
	}
	hold_slot(t, srv);
	t->step = TS_CONNECT;
	return STEP_NEXT;
}

/* ---- connect ---- */

static void
set_server_deadline(struct server_conn *sc, uint64_t us)
{
	sc->late_us = 0;
	timer_set(&loop_self->wheel, &sc->conn.timer, clock_now_us + us);
}

/* Absolute until the head is complete; `set-timeout server` rules here too. */
static uint64_t
response_head_us(const struct txn *t)
{
	return t->timeout_server_us != proxy_timeout_server(t->be) ? t->timeout_server_us :
	    proxy_timeout_response_head(t->be);
}

static enum step_result
start_connect(struct txn *t, uint64_t key)
{
	t->sc = server_conn_open(t, t->srv, key);
	if (t->sc == NULL) {
		if (errno == ENOMEM || errno == EMFILE || errno == ENFILE || errno == EAGAIN ||
		    errno == EADDRNOTAVAIL) {
			txn_error(t, 503, 'R', 'C');
			return STEP_NEXT;
		}
		txn_server_failed(t, FAIL_CONNECT);
		return STEP_NEXT;
	}
	COUNT(srv_count(t), connect);
	COUNT(be_count(t), connect);
	set_server_deadline(t->sc, t->timeout_connect_us);
	return STEP_NEXT;
}

static void
connected(struct txn *t)
{
	t->at.connected = clock_now_us;
	observe(t->srv, OBS_L4_OK);
	t->step = t->flags & TXN_F_HTTP ? TS_SEND_REQUEST : TS_TUNNEL;
	if (t->flags & TXN_F_HTTP)
		return;
	passive_success(t->be, t->srv);
	if (unlikely(t->be->stick_rules != NULL))
		stick_rules_store(t);
}

/* Connecting: TCP, the PROXY header, TLS. True when it is usable. */
static bool
drive_connect(struct txn *t, struct server_conn *sc)
{
	if (sc->conn.flags & CONN_CONNECTING) {
		if (!(sc->conn.flags & (CONN_OUT | CONN_IN)))
			return false;
		if (conn_connect_result(&sc->conn) != 0) {
			txn_server_failed(t, FAIL_CONNECT);
			return false;
		}
		sc->conn.flags |= CONN_OUT;
	}
	if (!(sc->flags & SC_F_PP_SENT)) {
		sc->flags |= SC_F_PP_SENT;
		if (!pp_send_header(t, sc)) {
			txn_server_failed(t, FAIL_CONNECT);
			return false;
		}
	}
	if (t->srv->tls != NULL && sc->conn.tls == NULL &&
	    tls_connect(&sc->conn, t->srv->tls, forward_sni(t)) != 0) {
		txn_error(t, 503, 'R', 'C');
		return false;
	}
	if (sc->conn.flags & CONN_HANDSHAKE) {
		enum tls_result r = tls_handshake(&sc->conn);

		if (r == TLS_FAILED)
			txn_server_failed(t, FAIL_CONNECT);
		return r == TLS_DONE;
	}
	return true;
}

enum step_result
step_connect(struct txn *t)
{
	uint64_t key;

	if (t->sc == NULL) {
		if (t->timed_out)	/* the pause before the next try is over */
			t->timed_out = false;
		else if (timer_is_set(&t->timer))
			return STEP_WAIT;
		key = server_conn_key(t, t->srv);
		t->sc = t->flags & TXN_F_HTTP ? server_conn_reuse(t, t->srv, key) : NULL;
		if (t->sc != NULL) {
			COUNT(srv_count(t), reuse);
			COUNT(be_count(t), reuse);
			connected(t);
			return STEP_NEXT;
		}
		if (start_connect(t, key) == STEP_NEXT && t->sc == NULL)
			return STEP_NEXT;
	}
	if (t->sc->conn.flags & CONN_ERROR) {
		txn_server_failed(t, FAIL_CONNECT);
		return STEP_NEXT;
	}
	if (!drive_connect(t, t->sc))
		return t->step == TS_CONNECT && (t->sc != NULL || timer_is_set(&t->timer)) ?
		    STEP_WAIT : STEP_NEXT;
	connected(t);
	return STEP_NEXT;
}

/* ---- send the request ---- */

static void
request_opts(const struct txn *t, struct h1_out_opts *o)
{
	bool upgrade = (t->req.flags & HTTP_F_UPGRADE) != 0;

	memset(o, 0, sizeof *o);
	o->version = t->req.flags & HTTP_F_HOST ? 11 : 10;
	o->upgrade = upgrade;
	o->close = !upgrade && (o->version == 10 || t->be->set.conn_mode != CONN_KEEP_ALIVE ||
	    t->fe->set.conn_mode != CONN_KEEP_ALIVE);
	o->body = t->body_in;
	o->send_length = t->body_in == HTTP_BODY_LENGTH;
	o->content_length = t->req.content_length;
}

/* Send or keep for later; false when the connection failed. */
static bool
server_sendv(struct server_conn *sc, struct iovec *iov, int n)
{
	ssize_t sent = 0;

	for (int i = 0; i < n; i++)
		sc->txn->bytes.to_server += iov[i].iov_len;
	if (sc->out == NULL && conn_can_write(&sc->conn)) {
		sent = conn_sendv(&sc->conn, iov, n);
		if (sent < 0)
			return false;
		if (likely(conn_can_write(&sc->conn)))
			return true;	/* it took all */
	}
	if (buf_append_iov(&sc->out, iov, n, (size_t)sent))
		return true;
	sc->conn.flags |= CONN_ERROR;	/* no memory: a part is missing, nothing may follow */
	return false;
}

/* What the server said before it closed may wait to be read: an answer to the part
 * it saw. On a reused connection, before the head, that would be an answer to nothing. */
static void
send_failed(struct txn *t, bool head)
{
	if (head && (t->sc->flags & SC_F_REUSED))
		txn_server_failed(t, FAIL_RESET);
	else
		t->flags |= TXN_F_SERVER_BAD;	/* the next step reads, then fails */
}

enum step_result
step_send_request(struct txn *t)
{
	struct iovec iov[H1_OUT_IOV];
	struct h1_out_opts o;
	char scratch[512];
	unsigned n;

	if (!(t->flags & TXN_F_PREPARED)) {
		t->flags |= TXN_F_PREPARED;
		if (!forward_prepare_request(t)) {
			txn_error(t, 500, 'I', 'R');
			return STEP_NEXT;
		}
	}
	request_opts(t, &o);
	n = h1_out_request(&t->req, &o, iov, scratch, sizeof scratch);
	if (n == 0) {
		n = forward_flat_request(t, &o, iov);
		if (n == 0) {
			txn_error(t, 500, 'R', 'D');
			return STEP_NEXT;
		}
	}
	if (o.close)
		t->flags |= TXN_F_SERVER_BAD;
	h1_parser_init(&t->sc->parser, true);
	t->step = TS_READ_RESPONSE;
	if (!server_sendv(t->sc, iov, (int)n)) {
		send_failed(t, true);
		return STEP_NEXT;
	}
	set_server_deadline(t->sc, response_head_us(t));
	if ((t->flags & TXN_F_REQ_DONE) && t->body_in != HTTP_BODY_CHUNKED && t->keep == NULL) {
		if (t->sc->out == NULL)
			t->flags |= TXN_F_REQ_SENT;
		return STEP_NEXT;
	}
	if ((t->keep != NULL || (t->flags & TXN_F_REQ_DONE)) && !forward_resend_body(t)) {
		send_failed(t, false);
		return STEP_NEXT;
	}
	if (!(t->flags & TXN_F_REQ_DONE)) {
		t->flags |= TXN_F_BODY_WANTED;
		t->front->want_body(t);
	}
	return STEP_NEXT;
}

static void
upload_over(struct txn *t)
{
	if ((t->flags & TXN_F_REQ_DONE) && t->sc != NULL && t->sc->out == NULL)
		t->flags |= TXN_F_REQ_SENT;
}

bool
txn_body_in(struct txn *t, const struct iovec *body, int n, bool end)
{
	struct iovec iov[66];
	char head[20];
	int k = 0;
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += body[i].iov_len;
	t->bytes.in += sum;
	if (end)
		t->flags |= TXN_F_REQ_DONE;
	if (t->sc == NULL) {		/* an early answer: the rest is dropped */
		for (int i = 0; t->call != NULL && i < n; i++)
			service_body_in(t, (struct str){ body[i].iov_base, body[i].iov_len });
		if (t->call != NULL && end)
			txn_wake(t);
		return true;
	}
	forward_keep_body(t, body, n);
	if (t->body_in == HTTP_BODY_CHUNKED && sum != 0)
		iov[k++] = (struct iovec){ head, h1_out_chunk_head(head, sum) };
	for (int i = 0; i < n && k < 64; i++)
		iov[k++] = body[i];
	if (t->body_in == HTTP_BODY_CHUNKED) {
		static const char tail[] = "\r\n0\r\n\r\n";

		if (sum != 0 || end)
			iov[k++] = (struct iovec){ (char *)(uintptr_t)(sum != 0 ? tail : tail + 2),
			    sum == 0 ? 5 : end ? 7 : 2 };
	}
	if (k != 0 && !server_sendv(t->sc, iov, k)) {
		txn_wake(t);		/* the read side will see the failure */
		t->sc->conn.flags |= CONN_IN;
		return true;
	}
	set_server_deadline(t->sc, response_head_us(t));
	if (!end)
		txn_count_bytes(t);
	upload_over(t);
	return t->sc->out == NULL;
}

void
txn_upload_flush(struct txn *t)
{
	struct server_conn *sc = t->sc;
	struct iovec iov;
	ssize_t sent;

	while (sc->out != NULL && conn_can_write(&sc->conn)) {
		iov.iov_base = sc->out->data + sc->out->start;
		iov.iov_len = buf_len(sc->out);
		sent = conn_sendv(&sc->conn, &iov, 1);
		if (sent < 0)
			return;
		buf_consume(&sc->out, (size_t)sent);
	}
	if (sc->out != NULL)
		return;
	upload_over(t);
	if (!(t->flags & (TXN_F_REQ_DONE | TXN_F_BODY_WANTED))) {
		t->flags |= TXN_F_BODY_WANTED;
		t->front->want_body(t);
	}
}

/* ---- events ---- */

void
txn_server_event(struct txn *t, struct server_conn *sc)
{
	if (t->step == TS_TUNNEL) {
		tunnel_event(t);
		return;
	}
	if (sc->out != NULL && conn_can_write(&sc->conn))
		txn_upload_flush(t);
	txn_run(t);
}

/* The server has all that came so far, and the client is slow with the rest: its
 * own timeout counts. (But an Expect that the server leaves unanswered.) */
static bool
waits_for_client(const struct txn *t, const struct server_conn *sc)
{
	if ((t->flags & (TXN_F_REQ_DONE | TXN_F_BODY_WANTED)) != TXN_F_BODY_WANTED ||
	    sc->out != NULL)
		return false;
	return !(t->req.flags & HTTP_F_EXPECT_100) || t->interim != 0 || t->body_bytes != 0;
}

/* Reading tells whether the connection still stands. */
void
txn_server_look(struct txn *t, struct server_conn *sc)
{
	if (t->step == TS_TUNNEL)
		t->sess->conn.flags |= CONN_IN;
	sc->conn.flags |= CONN_IN;
	txn_run(t);
}

void
txn_server_timeout(struct txn *t, struct server_conn *sc)
{
	switch (t->step) {
	case TS_CONNECT:
		txn_server_failed(t, FAIL_CONNECT_TIMEOUT);
		break;
	case TS_READ_RESPONSE:
	case TS_SEND_REQUEST:
		if (waits_for_client(t, sc)) {
			set_server_deadline(sc, response_head_us(t));
			return;
		}
		txn_server_failed(t, FAIL_TIMEOUT);
		break;
	case TS_TUNNEL:
		tunnel_timeout(t);
		break;
	default:
		if (t->flags & TXN_F_FRONT_FULL)
			return;		/* the client is slow: its own timeout counts */
		COUNT(be_count(t), srv_abrt);
		txn_error(t, 504, 's', 'D');
		break;
	}
	txn_run(t);
}

/* ---- failures and retries ---- */

static const struct {
	uint16_t	 status;
	char		 cause, phase;
	uint32_t	 retry;		/* bit of retry-on */
	enum observe_event seen;
} failures[] = {
	[FAIL_CONNECT] =	{ 503, 'S', 'C', RETRY_CONN_FAILURE, OBS_L4_ERR },
	[FAIL_CONNECT_TIMEOUT] = { 503, 's', 'C', RETRY_CONN_FAILURE, OBS_L4_ERR },
	[FAIL_EMPTY] =		{ 502, 'S', 'H', RETRY_EMPTY, OBS_BROKEN_PIPE },
	[FAIL_RESET] =		{ 502, 'S', 'H', RETRY_EMPTY, OBS_READ_ERROR },
	[FAIL_JUNK] =		{ 502, 'P', 'H', RETRY_JUNK, OBS_HTTP_RSP },
	[FAIL_TIMEOUT] =	{ 504, 's', 'H', RETRY_TIMEOUT, OBS_READ_TIMEOUT },
	[FAIL_STATUS] =		{ 502, 'S', 'H', RETRY_STATUS, OBS_HTTP_STS },
};

static bool
is_connect_failure(enum txn_failure why)
{
	return why == FAIL_CONNECT || why == FAIL_CONNECT_TIMEOUT;
}

/* The whole request can be sent once more. */
static bool
is_repeatable(const struct txn *t)
{
	return !(t->flags & TXN_F_NO_RETRY) && !(t->flags & TXN_F_CLIENT_GONE);
}

/* A reused connection died before the first byte: once, on a fresh one. */
static bool
retry_fresh(struct txn *t, enum txn_failure why, bool was_reused)
{
	if (!was_reused || (why != FAIL_EMPTY && why != FAIL_RESET) ||
	    (t->flags & TXN_F_RETRIED_FRESH) || !is_repeatable(t) ||
	    !http_method_is_idempotent((enum http_method)t->req.method))
		return false;
	t->flags |= TXN_F_RETRIED_FRESH;
	return true;
}

/* Without retry-on: an idempotent request goes once to another usable server. */
static bool
retry_other(struct txn *t, enum txn_failure why)
{
	if (is_connect_failure(why) || (t->be->set.retry_on & RETRY_WRITTEN) ||
	    (t->flags & (TXN_F_RETRIED_OTHER | TXN_F_PERSISTENT)) || !is_repeatable(t) ||
	    !http_method_is_idempotent((enum http_method)t->req.method) || !another_server(t))
		return false;
	t->flags |= TXN_F_RETRIED_OTHER;
	return true;
}

static bool
retry_counted(struct txn *t, enum txn_failure why)
{
	uint32_t written = t->be->set.retry_on;
	uint32_t on = written & RETRY_WRITTEN ? written : RETRY_CONN_FAILURE;

	if (t->retries_left == 0 || !(on & failures[why].retry))
		return false;
	if (!is_connect_failure(why) && !is_repeatable(t))
		return false;
	t->retries_left--;
	return true;
}

/* Away from a server that persistence chose only as `option redispatch` says: on
 * each n-th retry, or (-n) on the n-th before the end. Others may always. */
static bool
may_redispatch(const struct txn *t)
{
	int every = t->be->set.redispatch_every;

	if (!(t->flags & TXN_F_PERSISTENT))
		return true;
	if (!(t->be->set.options & OPT_REDISPATCH) || (t->flags & TXN_F_FORCE_PERSIST))
		return false;
	return every > 0 ? (t->retries + 1) % every == 0 : t->retries_left + 1 == -every;
}

static void
note_failure(struct txn *t, enum txn_failure why, bool was_reused)
{
	/* a reused connection that ends says nothing of the server */
	bool is_race = was_reused && (why == FAIL_EMPTY || why == FAIL_RESET);

	if (!is_race && why != FAIL_STATUS)	/* that one was noted with its head */
		observe(t->srv, failures[why].seen);
	if (is_connect_failure(why)) {
		COUNT(srv_count(t), econ);
		COUNT(be_count(t), econ);
	} else if (!is_race) {
		COUNT(srv_count(t), eresp);
		COUNT(be_count(t), eresp);
	}
	if (why == FAIL_STATUS)		/* an answer, whatever retry-on makes of it */
		passive_success(t->be, t->srv);
	else if (!is_race)
		passive_failure(t->be, t->srv);
}

static void
try_again(struct txn *t, bool elsewhere, bool pause)
{
	t->retries++;
	t->at.connected = 0;
	t->bc_err = CONN_ERR_NONE;
	t->bc_tls_err = 0;
	/* body bytes that come meanwhile wait; the next connection has its own fate */
	t->flags &= ~(TXN_F_BODY_WANTED | TXN_F_SERVER_BAD | TXN_F_REQ_SENT);
	COUNT(srv_count(t), wretr);
	COUNT(be_count(t), wretr);
	if (elsewhere) {
		COUNT(srv_count(t), wredis);
		COUNT(be_count(t), wredis);
		t->flags |= TXN_F_REDISPATCHED;
		t->avoid = t->srv;
		forget_wish(t);
		t->flags &= ~TXN_F_LATE;	/* this pass may still have news of idle ones */
		txn_leave_server(t, false);
		t->step = TS_PICK;
		return;
	}
	if (t->sc != NULL) {
		struct server_conn *sc = t->sc;

		t->sc = NULL;
		server_conn_release(sc, false);
	}
	t->step = TS_CONNECT;
	if (pause) {
		uint64_t us = t->timeout_connect_us < RETRY_PAUSE_US ? t->timeout_connect_us :
		    RETRY_PAUSE_US;

		timer_set(&t->loop->wheel, &t->timer, clock_now_us + us);
	}
}

void
txn_server_failed(struct txn *t, enum txn_failure why)
{
	bool was_reused = t->sc != NULL && (t->sc->flags & SC_F_REUSED);
	bool got_bytes = t->sc != NULL && (t->sc->flags & SC_F_GOT_BYTES);

	if (t->sc != NULL)
		bc_error_keep(t);
	note_failure(t, why, was_reused && !got_bytes);
	if (!got_bytes && retry_fresh(t, why, was_reused)) {
		t->flags |= TXN_F_WANT_FRESH;
		try_again(t, false, false);
		return;
	}
	if ((t->flags & TXN_F_HTTP) && retry_other(t, why)) {
		try_again(t, true, false);
		return;
	}
	if (retry_counted(t, why)) {
		bool elsewhere = may_redispatch(t) && another_server(t);

		/* after a timeout the server had its pause already */
		try_again(t, elsewhere, !elsewhere && is_connect_failure(why) &&
		    why != FAIL_CONNECT_TIMEOUT);
		return;
	}
	if (stick_is_tracking(t) && !is_connect_failure(why))
		stick_count_fail(t);
	txn_error(t, failures[why].status, failures[why].cause, failures[why].phase);
}
