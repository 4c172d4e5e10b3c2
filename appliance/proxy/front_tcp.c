/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP front side: a transaction from the start of the session, which ends
 * with it. Bytes that come before the server connection stands wait in
 * session->in, for content rules to look at.
 *
 * Thread: data.
 */
#include "proxy/front_tcp.h"

#include <errno.h>

#include "base/clock.h"
#include "net/buf.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/session.h"
#include "proxy/txn.h"
#include "proxy/txn_steps.h"

static bool
tcp_send(struct txn *t, bool head, const struct iovec *body, int n, bool end)
{
	(void)t, (void)head, (void)body, (void)n, (void)end;
	return true;		/* TCP mode has no answers of its own */
}

static void
tcp_nothing(struct txn *t)
{
	(void)t;
}

static void
tcp_abort(struct txn *t)
{
	t->sess->flags |= SESS_F_CUT;
	if (t->flags & TXN_F_SILENT_DROP)
		t->sess->flags |= SESS_F_DROP;
	else
		t->sess->flags |= SESS_F_RESET;
}

static void
tcp_finish(struct txn *t)
{
	struct session *s = t->sess;

	s->txn = NULL;
	if (!(s->flags & SESS_F_DEAD))
		session_end(s);
}

static struct conn *
tcp_plain_conn(struct txn *t)
{
	return t->sess->conn.tls == NULL ? &t->sess->conn : NULL;
}

static const struct front_ops tcp_front = {
	.name = "tcp",
	.send = tcp_send,
	.send_interim = tcp_nothing,
	.want_body = tcp_nothing,
	.abort = tcp_abort,
	.finish = tcp_finish,
	.plain_conn = tcp_plain_conn,
};

/* Before the tunnel: collect what content rules may want to see. */
static bool
is_collecting(const struct txn *t)
{
	return t->step == TS_TCP_CONTENT;
}

/* Reads on after a short read: a reset that came together with data has no edge
 * of its own, and nothing is written here that would meet it. */
static void
collect(struct session *s)
{
	ssize_t n = 0;

	while ((n > 0 || (s->conn.flags & CONN_IN)) && buf_len(s->in) < RBUF_BYTES) {
		if (!buf_reserve(&s->in, 1024)) {
			s->conn.flags |= CONN_ERROR;
			return;
		}
		n = conn_recv(&s->conn, s->in->data + s->in->end, s->in->cap - s->in->end);
		if (n <= 0)
			break;
		s->in->end += (uint32_t)n;
	}
	if (s->in != NULL && buf_len(s->in) == 0)
		buf_drop(&s->in);
}

static void
look(struct session *s, struct txn *t)
{
	collect(s);
	if (s->conn.flags & CONN_ERROR)
		txn_front_gone(t);
	else
		txn_run(t);
}

void
front_tcp_start(struct session *s)
{
	struct txn *t;

	timer_clear(&s->conn.timer);
	session_register(s);
	if (s->flags & SESS_F_DEAD)
		return;
	t = txn_new(s, &tcp_front);
	if (t == NULL) {
		session_close(s);
		return;
	}
	s->txn = t;
	t->at.start = t->at.request = s->accept_us;
	t->flags |= TXN_F_REQ_DONE | TXN_F_NO_RETRY;
	t->timeout_client_us = proxy_timeout_client(t->fe);
	t->step = TS_TCP_CONTENT;
	if (t->fe->rules[RS_TCP_CONTENT] != NULL)
		look(s, t);
	else
		txn_run(t);
}

void
front_tcp_event(struct session *s)
{
	struct txn *t = s->txn;

	if (t == NULL || (s->flags & (SESS_F_CLOSING | SESS_F_DEAD)))
		return;
	if (t->step == TS_TUNNEL) {
		tunnel_event(t);
		return;
	}
	if (is_collecting(t))
		look(s, t);
	else if ((s->conn.flags & CONN_IN) && conn_peer_is_gone(&s->conn))
		txn_front_gone(t);
}

void
front_tcp_task(struct session *s)
{
	front_tcp_event(s);
}

void
front_tcp_timeout(struct session *s)
{
	if (s->flags & SESS_F_CLOSING)
		session_close(s);
}
