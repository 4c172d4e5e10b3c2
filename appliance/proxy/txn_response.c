/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The response: head from the server, rules, head and body to the client.
 *
 * A response that came in one read leaves in one write: its body is handed on
 * from the thread's read buffer, nothing is copied. Bytes are kept only when the
 * client cannot take them; then the server is not read until it did.
 *
 * Thread: data.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "cfg/snapshot.h"
#include "net/buf.h"
#include "proxy/badmsg.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/observe.h"
#include "proxy/passive.h"
#include "proxy/proxy.h"
#include "proxy/server_conn.h"
#include "proxy/session.h"
#include "proxy/splice.h"
#include "proxy/stick_rules.h"
#include "proxy/stick_track.h"
#include "proxy/txn_count.h"
#include "proxy/txn_steps.h"

#define MAX_INTERIM	16
#define BODY_PER_PASS	65536u	/* of one connection: then others have their turn */
#define MAX_SPANS	60

/* ---- the head ---- */

static void
junk(struct txn *t, enum h1_error e)
{
	t->refused = (uint16_t)e;
	t->flags |= TXN_F_SERVER_BAD;
	txn_server_failed(t, FAIL_JUNK);
}

/* A 1xx head is complete in t->res: pass it on, or swallow it. */
static bool
interim(struct txn *t)
{
	if (++t->interim > MAX_INTERIM) {
		junk(t, H1_E_STATUS_LINE);
		return false;
	}
	if (!(t->flags & TXN_F_HTTP10_CLIENT))
		t->front->send_interim(t);
	txn_begin_response(t);
	h1_parser_init(&t->sc->parser, true);
	return true;
}

/* 101: only when it was asked for and names a protocol that was offered. */
static bool
switches_protocols(struct txn *t)
{
	struct http_field *want, *got;

	if (!(t->req.flags & HTTP_F_UPGRADE))
		return false;
	want = http_find_id(&t->req, HTTP_N_UPGRADE, NULL);
	got = http_find_id(&t->res, HTTP_N_UPGRADE, NULL);
	if (want == NULL || got == NULL)
		return false;
	return http_has_token(&t->req, HTTP_N_UPGRADE, http_field_value(&t->res, got));
}

/* NTLM and Negotiate authenticate a connection, not a request. */
static bool
authenticates_connection(const struct txn *t)
{
	struct http_field *f = NULL;

	if (t->res.status != 401)
		return false;
	while ((f = http_find_id(&t->res, HTTP_N_WWW_AUTHENTICATE, f)) != NULL)
		if (str_istarts(http_field_value(&t->res, f), STR("ntlm")) ||
		    str_istarts(http_field_value(&t->res, f), STR("negotiate")))
			return true;
	return false;
}

/* `retry-on 503`: this answer counts as a failure. */
static bool
is_retry_status(struct txn *t)
{
	unsigned s = t->res.status;

	return (t->be->set.retry_on & RETRY_STATUS) && s < 640 &&
	    (t->be->set.retry_status[s / 64] >> (s % 64) & 1) && t->retries_left != 0 &&
	    !(t->flags & TXN_F_NO_RETRY);
}

/* 501 and 505 are what the client asked for. */
static enum observe_event
event_of(unsigned status)
{
	return status < 500 || status == 501 || status == 505 ? OBS_HTTP_OK : OBS_HTTP_STS;
}

static void
head_complete(struct txn *t)
{
	struct server_conn *sc = t->sc;

	observe(t->srv, event_of(t->res.status));
	if (is_retry_status(t)) {
		t->flags |= TXN_F_SERVER_BAD;
		txn_server_failed(t, FAIL_STATUS);
		return;
	}
	if (authenticates_connection(t))
		sc->flags |= SC_F_PRIVATE;

	t->at.response = clock_now_us;
	t->status = t->res.status;
	t->res_left = t->res.content_length;
	if (!(t->res.flags & HTTP_F_KEEP_ALIVE) || t->res.body == HTTP_BODY_CLOSE)
		t->flags |= TXN_F_SERVER_BAD;
	if (t->res.body == HTTP_BODY_CHUNKED)
		h1_chunks_init(&sc->chunks);
	if (t->be->ncaptures_res != 0 || t->fe->ncaptures_res != 0)
		rules_capture(t, DIR_RES);
	if (stick_is_tracking(t))
		stick_count_status(t, t->status);
	passive_success(t->be, t->srv);
	COUNT(srv_count(t), req_tot);
	t->step = likely(t->be->plain & t->fe->plain & PLAIN_RESPONSE) ? TS_STORE_STICK :
	    TS_RESPONSE_RULES;
}

enum head_step { HEAD_DONE, HEAD_MORE, HEAD_FAILED };

/* Parse what is at hand in [p, p+len); the rest stays at hand. */
static enum head_step
parse_head(struct txn *t, const char **p, size_t *len)
{
	const struct h1_limits lim = {
		.head_bytes = t->snap->global->bufsize, .fields = t->snap->global->maxhdr,
	};
	struct server_conn *sc = t->sc;
	size_t used;

	while (*len != 0) {
		struct str at_hand = { *p, *len };
		enum h1_result r = h1_parse(&sc->parser, &t->res, &t->req, &lim, *p, *len, &used);

		*p += used;
		*len -= used;
		if (r == H1_MORE)
			return HEAD_MORE;
		if (r == H1_FULL && txn_grow(t, &t->res))
			continue;
		if (r == H1_ERROR)
			badmsg_response(t, at_hand, sc->parser.received - (uint32_t)used,
			    sc->parser.error_at, sc->parser.error);
		if (r == H1_FULL || r == H1_ERROR) {
			junk(t, r == H1_FULL ? H1_E_HEAD_TOO_LARGE : sc->parser.error);
			return HEAD_FAILED;
		}
		if (t->res.status >= 200)
			return HEAD_DONE;
		if (t->res.status == 101) {
			if (switches_protocols(t))
				return HEAD_DONE;
			junk(t, H1_E_STATUS_LINE);
			return HEAD_FAILED;
		}
		if (!interim(t))
			return HEAD_FAILED;
	}
	return HEAD_MORE;
}

/* Bytes for the parser: what was kept and what comes now, as one piece. */
static ssize_t
read_server(struct server_conn *sc, const char **ret_p)
{
	ssize_t n;

	if (sc->in == NULL) {
		n = conn_recv(&sc->conn, dt->rbuf, RBUF_BYTES);
		*ret_p = dt->rbuf;
		return n;
	}
	if (!buf_reserve(&sc->in, 4096)) {
		errno = ENOMEM;
		return -1;
	}
	n = conn_recv(&sc->conn, sc->in->data + sc->in->end, sc->in->cap - sc->in->end);
	if (n <= 0)
		return n;
	sc->in->end += (uint32_t)n;
	*ret_p = sc->in->data + sc->in->start;
	return (ssize_t)buf_len(sc->in);
}

/* Keep the unparsed rest [p, p+len): it lies in rbuf or at the end of sc->in. */
static bool
keep_rest(struct server_conn *sc, const char *p, size_t len)
{
	if (sc->in != NULL) {
		buf_consume(&sc->in, buf_len(sc->in) - len);
		return true;
	}
	return buf_append(&sc->in, p, len);
}

static void
read_failed(struct txn *t, ssize_t n)
{
	struct server_conn *sc = t->sc;
	bool was_reset = n != 0 || (sc->conn.flags & CONN_ERROR);
	enum txn_failure why = was_reset ? FAIL_RESET : FAIL_EMPTY;

	if ((sc->flags & SC_F_GOT_BYTES) && !was_reset)
		why = FAIL_JUNK;
	t->flags |= TXN_F_SERVER_BAD;
	txn_server_failed(t, why);
}

enum step_result
step_read_response(struct txn *t)
{
	struct server_conn *sc = t->sc;
	const char *p = NULL;
	size_t len, before;
	ssize_t n;

	if (t->timed_out)
		t->timed_out = false;
	while (sc->conn.flags & (CONN_IN | CONN_ERROR)) {
		before = buf_len(sc->in);
		n = read_server(sc, &p);
		if (n < 0 && errno == EAGAIN && !(sc->conn.flags & CONN_ERROR))
			break;
		if (n <= 0) {
			read_failed(t, n);
			return STEP_NEXT;
		}
		if (!(sc->flags & SC_F_GOT_BYTES)) {
			sc->flags |= SC_F_GOT_BYTES;
			txn_begin_response(t);
		}
		t->bytes.from_server += (size_t)n - before;
		len = (size_t)n;
		switch (parse_head(t, &p, &len)) {
		case HEAD_DONE:
			t->hand = p;
			t->hand_len = len;
			head_complete(t);
			return STEP_NEXT;
		case HEAD_FAILED:
			return STEP_NEXT;
		case HEAD_MORE:
			if (!keep_rest(sc, p, len)) {
				txn_error(t, 502, 'R', 'H');
				return STEP_NEXT;
			}
			break;
		}
	}
	if (unlikely(sc->flags & SC_F_GOT_BYTES))
		server_conn_look(sc);
	return STEP_WAIT;
}

static bool
run_rules(struct txn *t, struct proxy *px, enum ruleset_kind kind)
{
	struct sample_ctx x;

	if (px->rules[kind] == NULL)
		return true;
	sample_ctx_init(&x, t, px, DIR_RES);
	return txn_verdict(t, ruleset_run(px->rules[kind], &x), DIR_RES);
}

enum step_result
step_response_rules(struct txn *t)
{
	t->step = TS_STORE_STICK;
	if (run_rules(t, t->be, RS_HTTP_RESPONSE) && t->be != t->fe)
		(void)run_rules(t, t->fe, RS_HTTP_RESPONSE);
	return STEP_NEXT;
}

static void
after_rules(struct txn *t, struct proxy *px)
{
	struct sample_ctx x;

	if (px->rules[RS_HTTP_AFTER] == NULL)
		return;
	sample_ctx_init(&x, t, px, DIR_RES);
	(void)ruleset_run(px->rules[RS_HTTP_AFTER], &x);
}

/* A rule gave another status or method than the body was framed for: what was
 * received says nothing of what is sent. */
static void
reframe(struct txn *t, uint8_t body)
{
	t->res_out = body;
	t->res.flags &= ~(uint32_t)HTTP_F_HAS_LENGTH;
	t->res.content_length = 0;
}

/* How the body is framed towards the client. */
static void
choose_framing(struct txn *t)
{
	bool is_bare = http_status_is_bare(t->res.status);

	t->res_out = t->res.body;
	if (t->res.body == HTTP_BODY_CHUNKED && (t->flags & TXN_F_HTTP10_CLIENT))
		t->res_out = HTTP_BODY_CLOSE;
	else if (t->res.body == HTTP_BODY_CLOSE && !(t->flags & TXN_F_HTTP10_CLIENT))
		t->res_out = HTTP_BODY_CHUNKED;
	if (t->res_out == HTTP_BODY_CLOSE)
		t->flags |= TXN_F_CLOSE_CLIENT;
	if (txn_client_method(t) == HTTP_M_HEAD)
		t->flags |= TXN_F_HEAD_ONLY;
	else if (unlikely(is_bare && t->res.body != HTTP_BODY_NONE)) {
		t->flags |= TXN_F_HEAD_ONLY;	/* the body is read and dropped */
		reframe(t, HTTP_BODY_NONE);
	} else if (unlikely(!is_bare && t->res.body == HTTP_BODY_NONE))
		reframe(t, HTTP_BODY_LENGTH);
}

/* What touches the response's head when its rules have run; false: it failed. */
static bool
finish_head(struct txn *t)
{
	if (unlikely((t->be->persist | t->fe->persist) != 0) && !persist_response(t))
		return false;
	if (unlikely(t->be->stick_rules != NULL))
		stick_rules_store(t);
	after_rules(t, t->be);
	if (t->be != t->fe)
		after_rules(t, t->fe);
	return t->fe->set.stickiness_header == NULL || stickiness_add_header(t);
}

enum step_result
step_store_stick(struct txn *t)
{
	bool is_plain = t->be->plain & t->fe->plain & PLAIN_AFTER;

	if (unlikely(!is_plain) && !finish_head(t)) {
		txn_error(t, 502, 'I', 'H');
		return STEP_NEXT;
	}
	if (t->res.body == HTTP_BODY_TUNNEL) {
		t->res_out = HTTP_BODY_TUNNEL;
		t->flags |= TXN_F_TUNNEL | TXN_F_CLOSE_CLIENT | TXN_F_SERVER_BAD;
	} else
		choose_framing(t);
	if (!(t->flags & TXN_F_REQ_DONE))	/* before the upload's end: say so */
		t->flags |= TXN_F_CLOSE_CLIENT;
	if (unlikely(!is_plain) && (t->fe->set.options & OPT_LOGASAP) && t->fe->log_to != NULL &&
	    !(t->flags & TXN_F_LOGGED))
		txn_log(t);
	t->step = TS_SEND_RESPONSE;
	return STEP_NEXT;
}

/* ---- the body ---- */

enum body_step { BODY_MORE, BODY_END, BODY_BAD, BODY_FULL };

static bool
give(struct txn *t, const struct iovec *iov, int n, bool end)
{
	bool head = !(t->flags & TXN_F_RES_HEAD_SENT);

	if (!head && n == 0 && !end)
		return true;
	if (end)
		t->flags |= TXN_F_RES_DONE;
	if (t->front->send(t, head, iov, n, end))
		return true;
	t->flags |= TXN_F_FRONT_FULL;
	return false;
}

/* Anything behind the end of a response is an anomaly. */
static void
note_extra(struct txn *t, size_t len)
{
	if (len != 0)
		t->flags |= TXN_F_SERVER_BAD;
}

static enum body_step
give_length(struct txn *t, const char *p, size_t len)
{
	size_t n = len < t->res_left ? len : (size_t)t->res_left;
	struct iovec iov = { (char *)(uintptr_t)p, n };
	bool end = n == t->res_left;

	t->res_left -= n;
	note_extra(t, len - n);
	if (!give(t, &iov, n != 0, end))
		return BODY_FULL;
	return end ? BODY_END : BODY_MORE;
}

static enum body_step
give_chunked(struct txn *t, const char *p, size_t len)
{
	struct iovec iov[MAX_SPANS];
	enum h1_chunk_result r = H1_CHUNK_MORE;
	bool room = true;
	int n = 0;

	while (r != H1_CHUNK_END && (len != 0 || n == MAX_SPANS)) {
		struct str data;
		size_t used;

		if (n == MAX_SPANS) {
			room = give(t, iov, n, false) && room;
			n = 0;
			continue;
		}
		r = h1_chunks_step(&t->sc->chunks, p, len, &used, &data);
		p += used;
		len -= used;
		if (r == H1_CHUNK_ERROR)
			return BODY_BAD;
		if (r == H1_CHUNK_DATA)
			iov[n++] = (struct iovec){ (char *)(uintptr_t)data.p, data.len };
		else if (r == H1_CHUNK_MORE)
			break;
	}
	if (r == H1_CHUNK_END)
		note_extra(t, len);
	room = give(t, iov, n, r == H1_CHUNK_END) && room;
	return !room ? BODY_FULL : r == H1_CHUNK_END ? BODY_END : BODY_MORE;
}

static enum body_step
give_body(struct txn *t, const char *p, size_t len)
{
	struct iovec iov = { (char *)(uintptr_t)p, len };

	switch (t->res.body) {
	case HTTP_BODY_LENGTH:
		return give_length(t, p, len);
	case HTTP_BODY_CHUNKED:
		return give_chunked(t, p, len);
	case HTTP_BODY_CLOSE:
		return give(t, &iov, len != 0, false) ? BODY_MORE : BODY_FULL;
	default:
		note_extra(t, len);
		return give(t, NULL, 0, true) ? BODY_END : BODY_FULL;
	}
}

/* The connection ended: the valid end of a body without a length, else a cut. A
 * write of ours that met the reset took the error; behind a FIN that is EPIPE. */
static enum body_step
body_eof(struct txn *t, ssize_t n)
{
	const struct conn *c = &t->sc->conn;
	bool was_reset = n != 0 || ((c->flags & CONN_ERROR) && c->error != EPIPE);

	t->flags |= TXN_F_SERVER_BAD;
	if (!was_reset && t->res.body == HTTP_BODY_CLOSE)
		return give(t, NULL, 0, true) ? BODY_END : BODY_FULL;
	return BODY_BAD;
}

static void
restart_timeout(struct txn *t)
{
	server_conn_wait(t->sc, t->timeout_server_us);
}

/* The head goes out with the part of the body that came with it. */
static enum body_step
first_piece(struct txn *t)
{
	struct server_conn *sc = t->sc;
	const char *p = t->hand;
	size_t len = t->hand_len;
	enum body_step r;

	t->hand = NULL;
	t->hand_len = 0;
	r = give_body(t, p, len);
	buf_drop(&sc->in);
	if (r == BODY_MORE)
		restart_timeout(t);
	return r;
}

static enum body_step
pump_body(struct txn *t)
{
	struct server_conn *sc = t->sc;
	size_t moved = 0;
	enum body_step r;
	ssize_t n;

	while (sc->conn.flags & (CONN_IN | CONN_ERROR)) {
		if (moved >= BODY_PER_PASS) {
			txn_wake(t);
			restart_timeout(t);
			return BODY_MORE;	/* corked: the next pass goes on at once */
		}
		if (splice_is_worth(t)) {
			n = splice_body(t);
			if (n > 0)
				moved += (size_t)n;
			if (n > 0 || n == SPLICE_AGAIN) {
				if (t->flags & TXN_F_FRONT_FULL)
					return BODY_FULL;
				if (t->flags & TXN_F_RES_DONE)
					return BODY_END;
				if (n == SPLICE_AGAIN)
					break;
				continue;
			}
			if (n != SPLICE_NOT)
				return body_eof(t, n == SPLICE_EOF ? 0 : -1);
		}
		n = conn_recv(&sc->conn, dt->rbuf, RBUF_BYTES);
		if (n < 0 && errno == EAGAIN && !(sc->conn.flags & CONN_ERROR))
			break;
		if (n <= 0)
			return body_eof(t, n);
		t->bytes.from_server += (size_t)n;
		moved += (size_t)n;
		r = give_body(t, dt->rbuf, (size_t)n);
		if (r != BODY_MORE)
			return r;
	}
	if (moved != 0) {
		txn_count_bytes(t);
		restart_timeout(t);
	}
	conn_uncork(&t->sess->conn);
	return BODY_MORE;
}

static enum step_result
body_broken(struct txn *t)
{
	COUNT(be_count(t), srv_abrt);
	COUNT(srv_count(t), srv_abrt);
	t->flags |= TXN_F_SERVER_BAD;
	txn_error(t, 502, 'S', 'D');
	return STEP_NEXT;
}

static enum step_result
response_over(struct txn *t)
{
	bool keep = !(t->flags & TXN_F_SERVER_BAD) && (t->flags & TXN_F_REQ_SENT) &&
	    t->sc->in == NULL;

	if (!(t->flags & TXN_F_REQ_DONE))
		t->flags |= TXN_F_CLOSE_CLIENT;	/* early answer: the upload stops */
	txn_leave_server(t, keep);
	t->step = TS_LOG;
	return STEP_NEXT;
}

enum step_result
step_send_response(struct txn *t)
{
	enum body_step r;

	if (t->flags & TXN_F_FRONT_FULL)
		return STEP_WAIT;
	if (t->flags & TXN_F_TUNNEL) {
		(void)t->front->send(t, true, NULL, 0, false);
		t->step = TS_TUNNEL;
		return STEP_NEXT;
	}
	if (t->flags & TXN_F_RES_DONE)		/* all handed over, now all taken */
		return response_over(t);
	r = t->flags & TXN_F_RES_HEAD_SENT ? pump_body(t) : first_piece(t);
	if (r == BODY_MORE && (t->sc->conn.flags & CONN_IN) && !(t->flags & TXN_F_DEFERRED))
		r = pump_body(t);
	switch (r) {
	case BODY_END:
		return response_over(t);
	case BODY_BAD:
		return body_broken(t);
	default:
		return STEP_WAIT;
	}
}

void
txn_front_drained(struct txn *t)
{
	t->flags &= ~TXN_F_FRONT_FULL;
	if (t->sc != NULL && t->step == TS_SEND_RESPONSE)
		restart_timeout(t);
	if (t->step == TS_TUNNEL)
		tunnel_event(t);
	else
		txn_run(t);
}
