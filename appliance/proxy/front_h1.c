/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The HTTP/1 front side. Reads heads into transactions, decodes request bodies
 * for them, writes their responses, and keeps the connection between requests.
 *
 * One transaction at a time: what a client pipelines waits unread in the socket
 * or, if it came in the same read, in session->in. After a transaction the next
 * one starts from the ready list, so a thousand pipelined requests neither
 * recurse nor keep other connections waiting.
 *
 * A failed write only marks the connection; the session's task tells the
 * transaction at the end of the pass. So no step ever runs inside another.
 *
 * Thread: data.
 */
#include "proxy/front_h1.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "cfg/snapshot.h"
#include "http/h1.h"
#include "http/h1_out.h"
#include "net/buf.h"
#include "proxy/badmsg.h"
#include "proxy/bind_count.h"
#include "proxy/dthread.h"
#include "proxy/forward.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/server_conn.h"
#include "proxy/session.h"
#include "proxy/splice.h"
#include "proxy/stick_track.h"
#include "proxy/txn.h"
#include "proxy/txn_count.h"

#define BODY_PER_PASS	65536u
#define MAX_SPANS	60
#define LOOK_US		500000u		/* a reset that came with the request makes no edge */
#define BODY_GRACE_US	10000000u

static const struct front_ops h1_front;

static void
set_deadline(struct session *s, uint64_t us)
{
	timer_set(&loop_self->wheel, &s->conn.timer, us);
}

/* ---- writing ---- */

static void
client_failed(struct session *s)
{
	s->conn.flags |= CONN_ERROR;
	loop_ready(loop_self, &s->task);
}

static bool
write_client(struct session *s, const struct iovec *iov, int n)
{
	ssize_t sent = 0;

	if (s->conn.flags & (CONN_ERROR | CONN_CLOSED))
		return true;
	if (s->out == NULL && conn_can_write(&s->conn)) {
		sent = conn_sendv(&s->conn, iov, n);
		if (sent < 0) {
			client_failed(s);
			return true;
		}
		if (likely(conn_can_write(&s->conn)))
			return true;	/* it took all */
	}
	if (!buf_append_iov(&s->out, iov, n, (size_t)sent)) {
		client_failed(s);
		return true;
	}
	if (s->out == NULL)
		return true;
	(void)session_watch(s);	/* the edge that says "writable again" */
	return false;
}

static void
response_opts(const struct txn *t, struct h1_out_opts *o)
{
	memset(o, 0, sizeof *o);
	o->version = 11;
	o->body = t->res_out;
	if (t->res_out == HTTP_BODY_TUNNEL)
		o->upgrade = t->res.status == 101;	/* not the 200 of CONNECT */
	else if (t->flags & TXN_F_CLOSE_CLIENT)
		o->close = true;
	else if (t->flags & TXN_F_HTTP10_CLIENT)
		o->keep_alive = true;
	o->send_length = t->res_out == HTTP_BODY_LENGTH ||
	    (t->res_out == HTTP_BODY_NONE && (t->res.flags & HTTP_F_HAS_LENGTH));
	o->content_length = t->res.content_length;
}

static int
head_pieces(struct txn *t, struct iovec *iov, char *scratch, size_t size)
{
	struct h1_out_opts o;
	unsigned n;

	response_opts(t, &o);
	n = h1_out_response(&t->res, &o, iov, scratch, size);
	if (n == 0)
		n = forward_flat_response(t, &o, iov);
	return (int)n;
}

static size_t
iov_sum(const struct iovec *iov, int n)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += iov[i].iov_len;
	return sum;
}

/* Body pieces with their chunk framing behind iov[k]; returns the new count. */
static int
body_pieces(const struct txn *t, struct iovec *iov, int k, char *chunk_head,
    const struct iovec *body, int n, bool end)
{
	static const char tail[] = "\r\n0\r\n\r\n";
	size_t sum = iov_sum(body, n);
	bool chunked = t->res_out == HTTP_BODY_CHUNKED;

	if (t->flags & TXN_F_HEAD_ONLY)
		return k;
	if (chunked && sum != 0)
		iov[k++] = (struct iovec){ chunk_head, h1_out_chunk_head(chunk_head, sum) };
	for (int i = 0; i < n; i++)
		if (body[i].iov_len != 0)
			iov[k++] = body[i];
	if (chunked && (sum != 0 || end))
		iov[k++] = (struct iovec){ (char *)(uintptr_t)(sum != 0 ? tail : tail + 2),
		    sum == 0 ? 5 : end ? 7 : 2 };
	return k;
}

static bool
h1_send(struct txn *t, bool head, const struct iovec *body, int n, bool end)
{
	struct iovec iov[H1_OUT_IOV + MAX_SPANS + 4];
	char scratch[512], chunk_head[20];
	int k = 0;

	if (head) {
		t->flags |= TXN_F_RES_HEAD_SENT;
		k = head_pieces(t, iov, scratch, sizeof scratch);
		if (k == 0) {
			client_failed(t->sess);
			return true;
		}
	}
	k = body_pieces(t, iov, k, chunk_head, body, n, end);
	t->bytes.out += iov_sum(iov, k);
	if (unlikely(t->fe->log_needs & LF_NEEDS_BODY_BYTES) && !(t->flags & TXN_F_HEAD_ONLY))
		t->body_sent += iov_sum(body, n);
	if (end)
		txn_count(t);
	if (!end && t->res_out == HTTP_BODY_LENGTH && t->sc != NULL &&
	    (t->sc->conn.flags & CONN_IN))
		conn_more(&t->sess->conn);
	if (k == 0 || write_client(t->sess, iov, k))
		return true;
	t->flags |= TXN_F_FRONT_FULL;
	set_deadline(t->sess, clock_now_us + t->timeout_client_us);
	return false;
}

static void
h1_send_interim(struct txn *t)
{
	struct iovec iov[H1_OUT_IOV];
	struct h1_out_opts o = { .version = 11, .body = HTTP_BODY_NONE };
	char scratch[512];
	unsigned n = h1_out_response(&t->res, &o, iov, scratch, sizeof scratch);

	if (n != 0) {
		t->bytes.out += iov_sum(iov, (int)n);
		(void)write_client(t->sess, iov, (int)n);
	}
}

/* True when the client has taken some of what waits in the buffer. */
static bool
flush_buf(struct session *s)
{
	bool has_taken = false;
	struct iovec iov;
	ssize_t sent;

	while (s->out != NULL && conn_can_write(&s->conn)) {
		iov.iov_base = s->out->data + s->out->start;
		iov.iov_len = buf_len(s->out);
		sent = conn_sendv(&s->conn, &iov, 1);
		if (sent < 0) {
			client_failed(s);
			return false;
		}
		buf_consume(&s->out, (size_t)sent);
		has_taken |= sent > 0;
	}
	return has_taken;
}

/* Each piece that the client takes gives it timeout client again; what it sends
 * meanwhile does not. */
static void
flush_out(struct session *s)
{
	bool has_taken = flush_buf(s);
	struct txn *t = s->txn;
	uint64_t before;

	if (s->out == NULL && (s->flags & SESS_F_CLOSING)) {
		session_end(s);
		return;
	}
	if (t == NULL || !(t->flags & TXN_F_FRONT_FULL))
		return;
	before = t->bytes.out;		/* a pipe's bytes count when they leave it */
	if (s->out == NULL && splice_drain(t)) {
		txn_front_drained(t);
		return;
	}
	if (has_taken || t->bytes.out != before)
		set_deadline(s, clock_now_us + t->timeout_client_us);
}

/* ---- the end of a transaction ---- */

static void
h1_abort(struct txn *t)
{
	t->sess->flags |= SESS_F_CUT;
	if (t->res_out == HTTP_BODY_CLOSE || t->res_out == HTTP_BODY_TUNNEL ||
	    !(t->flags & TXN_F_RES_HEAD_SENT))
		t->sess->flags |= SESS_F_RESET;
	if (t->flags & TXN_F_NO_ANSWER)
		t->sess->flags &= (uint16_t)~SESS_F_RESET;
}

static void
idle(struct session *s, struct proxy *fe)
{
	s->flags |= SESS_F_KEEP_ALIVE;
	s->accept_us = clock_now_us;
	set_deadline(s, clock_now_us + proxy_timeout_http_keep_alive(fe));
	list_del(&s->node);
	list_append(&dt->session_list, &s->node);
	if (s->in != NULL || conn_can_read(&s->conn) || (s->conn.flags & CONN_ERROR))
		loop_ready(loop_self, &s->task);
	else if (s->flags & SESS_F_LAZY)
		session_register(s);
}

/* What the client sent may lie unread in the kernel: a close would then send a
 * RST and forget the part of our answer that has not left. */
static bool
may_have_more(const struct session *s, const struct txn *t)
{
	return !(t->flags & TXN_F_REQ_DONE) || conn_can_read(&s->conn);
}

/* Answered while a valid body was on its way. */
static bool
is_early(const struct txn *t)
{
	return t->at.request != 0 && !(t->flags & TXN_F_REQ_DONE) &&
	    (t->req.body != HTTP_BODY_CHUNKED || t->req_chunks.error == 0);
}

static void
h1_finish(struct txn *t)
{
	struct session *s = t->sess;

	WEIR_ASSERT(s->txn == t);
	s->txn = NULL;
	s->requests++;
	if (s->flags & SESS_F_DEAD)
		return;
	/* what is left of a body must never be taken for a request */
	if ((t->flags & (TXN_F_CLOSE_CLIENT | TXN_F_REQ_DONE)) == TXN_F_REQ_DONE &&
	    !(s->flags & SESS_F_CUT)) {
		idle(s, t->fe);
		return;
	}
	if (may_have_more(s, t) && !(s->conn.flags & (CONN_EOF | CONN_ERROR)))
		s->flags |= SESS_F_LINGER | (is_early(t) ? SESS_F_EARLY : 0);
	s->flags |= SESS_F_CLOSING;
	if (s->out == NULL || (s->flags & SESS_F_CUT) || (t->flags & TXN_F_CLIENT_GONE))
		session_end(s);
	else
		set_deadline(s, clock_now_us + t->timeout_client_us);
}

static struct conn *
h1_plain_conn(struct txn *t)
{
	struct session *s = t->sess;

	return s->conn.tls == NULL && s->out == NULL ? &s->conn : NULL;
}

/* ---- request bodies ---- */

/* What lies in session->in is used up by `used` bytes, or came from rbuf and
 * its rest must be kept. */
static bool
keep_input(struct session *s, bool from_in, const char *p, size_t len, size_t used)
{
	if (from_in) {
		buf_consume(&s->in, used);
		return true;
	}
	return buf_append(&s->in, p + used, len - used);
}

enum decode { DECODE_GO, DECODE_FULL, DECODE_END, DECODE_BAD };

static enum decode
decode_length(struct txn *t, const char *p, size_t len, size_t *ret_used)
{
	size_t n = len < t->req_left ? len : (size_t)t->req_left;
	struct iovec iov = { (char *)(uintptr_t)p, n };
	bool end;

	t->req_left -= n;
	end = t->req_left == 0;
	*ret_used = n;
	if (!txn_body_in(t, &iov, n != 0, end) && !end)
		return DECODE_FULL;
	return end ? DECODE_END : DECODE_GO;
}

static enum decode
decode_chunked(struct txn *t, const char *p, size_t len, size_t *ret_used)
{
	struct iovec iov[MAX_SPANS];
	enum h1_chunk_result r = H1_CHUNK_MORE;
	size_t at = 0, used;
	struct str data;
	bool room;
	int n = 0;

	iov[0] = (struct iovec){ 0 };
	while (n < MAX_SPANS && at < len) {
		r = h1_chunks_step(&t->req_chunks, p + at, len - at, &used, &data);
		at += used;
		if (r == H1_CHUNK_DATA)
			iov[n++] = (struct iovec){ (char *)(uintptr_t)data.p, data.len };
		else
			break;
	}
	*ret_used = at;
	if (r == H1_CHUNK_ERROR)
		return DECODE_BAD;
	room = txn_body_in(t, iov, n, r == H1_CHUNK_END);
	return r == H1_CHUNK_END ? DECODE_END : room ? DECODE_GO : DECODE_FULL;
}

static void
bad_body(struct txn *t)
{
	t->refused = t->req_chunks.error;
	t->flags |= TXN_F_SERVER_BAD | TXN_F_CLOSE_CLIENT;
	COUNT(fe_count(t), ereq);
	COUNT_BIND(t->sess->listener, ereq);
	if (stick_is_tracking(t))
		stick_count_error(t);
	txn_error(t, 400, 'P', 'D');
	txn_run(t);
}

static enum decode
decode(struct session *s, struct txn *t, bool from_in, const char *p, size_t len)
{
	enum decode d = DECODE_GO;
	size_t used, total = 0;

	while (d == DECODE_GO && total < len) {
		d = t->req.body == HTTP_BODY_CHUNKED ?
		    decode_chunked(t, p + total, len - total, &used) :
		    decode_length(t, p + total, len - total, &used);
		total += used;
	}
	if (!keep_input(s, from_in, p, len, total))
		client_failed(s);
	return d;
}

/* tune.http.min-body-rate: after 10 s the body must have come at that rate. */
static bool
is_too_slow(const struct txn *t)
{
	uint64_t us = clock_now_us - t->body_start_us, rate = t->snap->global->min_body_rate;

	return rate != 0 && us > BODY_GRACE_US && t->body_bytes < us / 1000000u * rate;
}

static void
slow_body(struct txn *t)
{
	t->flags |= TXN_F_CLOSE_CLIENT | TXN_F_SERVER_BAD;
	txn_error(t, 408, 'c', 'D');
	txn_run(t);
}

/* While an early answer waits for the client, its deadline is the one that counts. */
static void
set_body_deadline(struct session *s, struct txn *t)
{
	uint64_t us = t->body_last_us + t->timeout_client_us;
	uint64_t slow = t->body_start_us + BODY_GRACE_US, gone = t->body_last_us + LOOK_US;

	if (t->flags & TXN_F_FRONT_FULL)
		return;
	if (slow <= clock_now_us)
		slow = clock_now_us + 1000000u;
	if (t->snap->global->min_body_rate != 0 && slow < us)
		us = slow;
	if (gone > clock_now_us && gone < us)
		us = gone;
	set_deadline(s, us);
}

/* While a response is awaited: has the client gone? A FIN alone may be a client
 * that still reads; with abortonclose it counts as gone. A reset comes as a plain
 * read event: libevent says no more for EPOLLERR. */
static void
check_gone(struct session *s, struct txn *t)
{
	if (!(s->conn.flags & (CONN_IN | CONN_ERROR)) || (s->flags & SESS_F_CLOSING))
		return;
	if (conn_peer_is_gone(&s->conn))
		txn_front_gone(t);
	else if (!(s->conn.flags & CONN_RDHUP))
		return;
	else if (t->fe->set.options & OPT_ABORTONCLOSE && s->in == NULL)
		txn_front_gone(t);
}

/* A FIN that came with the last bytes of a request makes no edge of its own. */
static void
check_fin(struct session *s, struct txn *t)
{
	if (s->txn == t && (s->conn.flags & CONN_RDHUP))
		check_gone(s, t);
}

static void
pump_body(struct session *s, struct txn *t)
{
	size_t moved = 0;
	enum decode d = DECODE_GO;

	if (t->body_start_us == 0)
		t->body_start_us = t->body_last_us = clock_now_us;
	while (d == DECODE_GO) {
		ssize_t n;

		if (s->in != NULL) {
			d = decode(s, t, true, s->in->data + s->in->start, buf_len(s->in));
			continue;
		}
		if (moved >= BODY_PER_PASS) {
			loop_ready(loop_self, &s->task);
			return;
		}
		if (!(s->conn.flags & CONN_IN))
			break;
		n = conn_recv(&s->conn, dt->rbuf, RBUF_BYTES);
		if (n < 0 && errno == EAGAIN && !(s->conn.flags & CONN_ERROR))
			break;
		if (n <= 0) {
			txn_front_gone(t);
			return;
		}
		moved += (size_t)n;
		t->body_bytes += (size_t)n;
		t->body_last_us = clock_now_us;
		d = decode(s, t, false, dt->rbuf, (size_t)n);
	}
	if (d == DECODE_GO && is_too_slow(t)) {
		slow_body(t);
		return;
	}
	if (d == DECODE_BAD)
		bad_body(t);
	else if (d == DECODE_FULL) {	/* from here on the server is waited for */
		t->flags &= ~TXN_F_BODY_WANTED;
		t->body_last_us = clock_now_us;
		if (!(t->flags & TXN_F_FRONT_FULL))
			timer_clear(&s->conn.timer);
	} else if (d == DECODE_GO)
		set_body_deadline(s, t);
	else
		check_fin(s, t);
}

/* The time since the body was last read is not the client's fault. */
static void
h1_want_body(struct txn *t)
{
	if (t->sess->flags & SESS_F_LAZY)
		session_register(t->sess);
	if (t->sess->flags & SESS_F_DEAD)
		return;
	if (t->body_start_us != 0) {
		t->body_start_us += clock_now_us - t->body_last_us;
		t->body_last_us = clock_now_us;
	}
	pump_body(t->sess, t);
}

/* ---- request heads ---- */

static struct txn *
begin(struct session *s)
{
	struct txn *t = txn_new(s, &h1_front);

	if (t == NULL) {
		session_refuse(s, 503);
		return NULL;
	}
	s->txn = t;
	t->flags |= TXN_F_HTTP;
	t->step = TS_READ_REQUEST;
	t->timeout_client_us = proxy_timeout_client(t->fe);
	h1_parser_init(&t->h1, false);
	/* absolute, from the first byte; a new connection's began at accept */
	set_deadline(s, (s->flags & SESS_F_KEEP_ALIVE ? clock_now_us : s->accept_us) +
	    proxy_timeout_http_request(t->fe));
	return t;
}

/* A connection that ends or is late without a byte: its time counts from accept, or
 * from the end of the handshake. */
static struct txn *
begin_silent(struct session *s)
{
	struct txn *t = begin(s);

	if (t != NULL)
		t->at.start = s->accept_us + s->handshake_ms * 1000u;
	return t;
}

/* A request that never was one: it counts for who tracks the connection. */
static void
count_bad_request(struct txn *t)
{
	COUNT(fe_count(t), ereq);
	COUNT_BIND(t->sess->listener, ereq);
	if (stick_is_tracking(t)) {
		stick_count_request(t);
		stick_count_error(t);
	}
}

static void
refuse_head(struct txn *t, enum h1_error e)
{
	unsigned status = h1_error_status(e);

	t->refused = (uint16_t)e;
	t->flags |= TXN_F_CLOSE_CLIENT;
	count_bad_request(t);
	COUNT(fe_count(t), refused_parse);
	txn_error(t, status, 'P', 'R');
	txn_run(t);
}

enum head { HEAD_MORE, HEAD_DONE, HEAD_OVER };

static enum head
parse_head(struct session *s, struct txn *t, bool from_in, const char *p, size_t len)
{
	const struct global *g = t->snap->global;
	const struct h1_limits lim = { .head_bytes = g->bufsize, .fields = g->maxhdr,
	    .unsafe_target = (t->fe->set.options & OPT_UNSAFE_REQUEST) != 0 };
	size_t used, total = 0;
	enum h1_result r;

	for (;;) {
		r = h1_parse(&t->h1, &t->req, NULL, &lim, p + total, len - total, &used);
		total += used;
		if (r != H1_FULL)
			break;
		if (!txn_grow(t, &t->req)) {
			refuse_head(t, H1_E_HEAD_TOO_LARGE);
			return HEAD_OVER;
		}
	}
	t->bytes.in += total;
	if (r == H1_ERROR) {
		badmsg_request(t, (struct str){ p, len }, t->h1.received - (uint32_t)total,
		    t->h1.error_at, t->h1.error);
		buf_drop(&s->in);
		refuse_head(t, t->h1.error);
		return HEAD_OVER;
	}
	if (!keep_input(s, from_in, p, len, total)) {
		refuse_head(t, H1_E_HEAD_TOO_LARGE);
		return HEAD_OVER;
	}
	return r == H1_DONE ? HEAD_DONE : HEAD_MORE;
}

static void
run_request(struct session *s, struct txn *t)
{
	timer_clear(&s->conn.timer);
	if (t->req.body == HTTP_BODY_CHUNKED)
		h1_chunks_init(&t->req_chunks);
	txn_run(t);
	if (s->txn == t) {
		if (s->flags & SESS_F_LAZY)
			session_register_later(s);
		else if (!timer_is_set(&s->conn.timer) && t->step != TS_TUNNEL)
			set_deadline(s, clock_now_us + LOOK_US);
	}
	if (t->flags & TXN_F_REQ_DONE)
		check_fin(s, t);
}

/* The client ended the connection before its head was complete. Between requests
 * that is its good right; a connection without any is logged, with dontlognull or
 * http-ignore-probes it is not. */
static void
head_eof(struct session *s, struct txn *t, bool by_error)
{
	if (t == NULL && ((s->flags & SESS_F_KEEP_ALIVE) || session_ignores_probes(s))) {
		session_close(s);
		return;
	}
	if (t == NULL && (t = begin_silent(s)) == NULL)
		return;
	t->refused = H1_E_TRUNCATED;
	t->status = 400;
	t->flags |= TXN_F_CLOSE_CLIENT | TXN_F_CLIENT_GONE;
	COUNT(fe_count(t), ereq);
	COUNT_BIND(t->sess->listener, ereq);
	if (by_error) {
		txn_set_term(t, 'C', 'R');
		t->step = TS_LOG;
	} else
		txn_error(t, 400, 'C', 'R');
	txn_run(t);
}

/* Room behind a partial line in session->in, or the thread's buffer. */
static ssize_t
read_more(struct session *s, bool *ret_from_in, const char **ret_p)
{
	ssize_t n;

	*ret_from_in = s->in != NULL;
	if (s->in == NULL) {
		*ret_p = dt->rbuf;
		return conn_recv(&s->conn, dt->rbuf, RBUF_BYTES);
	}
	if (!buf_reserve(&s->in, 512)) {
		errno = ENOMEM;
		return -1;
	}
	n = conn_recv(&s->conn, s->in->data + s->in->end, s->in->cap - s->in->end);
	*ret_p = s->in->data + s->in->start;
	if (n <= 0)
		return n;
	s->in->end += (uint32_t)n;
	return (ssize_t)buf_len(s->in);
}

static void
read_head(struct session *s, bool use_kept)
{
	enum head h = HEAD_MORE;
	struct txn *t = s->txn;
	bool from_in;
	const char *p;
	ssize_t n;

	if (use_kept && s->in != NULL) {	/* pipelined */
		if (t == NULL && (t = begin(s)) == NULL)
			return;
		h = parse_head(s, t, true, s->in->data + s->in->start, buf_len(s->in));
	}
	while (h == HEAD_MORE && (s->conn.flags & CONN_IN)) {
		n = read_more(s, &from_in, &p);
		if (n < 0 && errno == EAGAIN && !(s->conn.flags & CONN_ERROR))
			break;
		if (n <= 0) {
			head_eof(s, t, n < 0);
			return;
		}
		if (t == NULL && (t = begin(s)) == NULL)
			return;
		h = parse_head(s, t, from_in, p, (size_t)n);
	}
	if (h == HEAD_DONE)
		run_request(s, t);
	else if (h == HEAD_MORE && (s->flags & SESS_F_LAZY))
		session_register(s);
}

/* ---- events ---- */

static bool
in_head(const struct txn *t)
{
	return t->step == TS_READ_REQUEST && t->at.request == 0;
}

static void
input(struct session *s, bool use_kept)
{
	struct txn *t = s->txn;

	if (s->flags & (SESS_F_CLOSING | SESS_F_DEAD)) {
		if (s->flags & SESS_F_LINGER)
			session_drain(s);
		return;
	}
	if (t == NULL || in_head(t))	/* pipelined bytes come before a FIN behind them */
		read_head(s, use_kept || t == NULL);
	else if (t->flags & TXN_F_BODY_WANTED && !(t->flags & TXN_F_REQ_DONE))
		pump_body(s, t);
	else
		check_gone(s, t);
}

void
front_h1_event(struct session *s)
{
	if (s->out != NULL || (s->txn != NULL && (s->txn->flags & TXN_F_FRONT_FULL)))
		flush_out(s);
	if (s->txn != NULL && s->txn->step == TS_TUNNEL)
		txn_run(s->txn);
	else if (!(s->flags & SESS_F_DEAD) && (s->conn.flags & CONN_IN))
		input(s, false);
}

void
front_h1_start(struct session *s)
{
	set_deadline(s, s->accept_us + session_timeout_http_request(s));
	if (s->conn.flags & CONN_IN)
		read_head(s, true);
	else if (s->flags & SESS_F_LAZY)
		session_register(s);
}

void
front_h1_task(struct session *s)
{
	if (s->conn.flags & CONN_ERROR) {
		if (s->txn != NULL)
			txn_front_gone(s->txn);
		else
			session_close(s);
		return;
	}
	input(s, true);
}

void
front_h1_timeout(struct session *s)
{
	struct txn *t = s->txn;

	if (s->flags & SESS_F_CLOSING) {
		session_close(s);
		return;
	}
	if (t == NULL) {
		if ((s->flags & SESS_F_KEEP_ALIVE) || session_ignores_probes(s) ||
		    (t = begin_silent(s)) == NULL) {
			session_close(s);
			return;
		}
	}
	if (in_head(t)) {
		t->flags |= TXN_F_CLOSE_CLIENT;
		count_bad_request(t);
		txn_error(t, 408, 'c', 'R');
	} else if (t->flags & TXN_F_FRONT_FULL) {
		txn_set_term(t, 'c', 'D');
		h1_abort(t);
		txn_front_gone(t);
		return;
	} else if (conn_peer_is_gone(&s->conn)) {
		txn_front_gone(t);
		return;
	} else if ((t->flags & (TXN_F_REQ_DONE | TXN_F_BODY_WANTED)) == TXN_F_BODY_WANTED) {
		if (clock_now_us < t->body_last_us + t->timeout_client_us && !is_too_slow(t)) {
			set_body_deadline(s, t);
			return;
		}
		t->flags |= TXN_F_CLOSE_CLIENT;
		txn_error(t, 408, 'c', 'D');
	} else
		return;
	txn_run(t);
}

static const struct front_ops h1_front = {
	.name = "h1",
	.send = h1_send,
	.send_interim = h1_send_interim,
	.want_body = h1_want_body,
	.abort = h1_abort,
	.finish = h1_finish,
	.plain_conn = h1_plain_conn,
};
