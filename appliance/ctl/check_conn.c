/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connection of a check: connect, PROXY header, TLS handshake; then the
 * type's own bytes. What fails below the type is told here, in HAProxy's words.
 *
 * A connection that succeeded comes up writable and nothing else, a failed one
 * readable too: only then the kernel is asked for the error, which saves a
 * system call per check. Over loopback the handshake is over when connect(2)
 * returns, though it says EINPROGRESS: what comes first is written at once, and the
 * loop wakes for the answer only.
 *
 * Thread: control.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/out.h"
#include "ctl/check.h"
#include "ctl/check_step.h"
#include "event/loop.h"
#include "net/pp.h"
#include "net/tls.h"
#include "proxy/proxy.h"

static void on_event(struct conn *c);

/* Out of descriptors, memory or local ports: that says nothing of the server. */
static bool
is_our_fault(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM ||
	    err == EADDRNOTAVAIL || err == EAGAIN;
}

static void
error_text(const struct check *chk, int err, char *buf, size_t size)
{
	const char *name = strerrorname_np(err);
	struct out o;

	out_init(&o, buf, size - 1);
	out_fmt(&o, "%s returned by OS (%s)", name != NULL ? name : "error", strerror(err));
	step_place(chk, &o);
	*o.p = '\0';
}

static void
connect_failed(struct check *chk, int err)
{
	char text[CHECK_TEXT_BYTES * 4];

	if (is_our_fault(err)) {
		check_skip(chk);
		return;
	}
	error_text(chk, err, text, sizeof(text));
	if (err == ETIMEDOUT)
		check_done(chk, CHECK_S_L4TOUT, 0, text);
	else
		check_done(chk, CHECK_S_L4CON, 0, text);
}

void
check_conn_failed(struct check *chk, int err)
{
	char text[CHECK_TEXT_BYTES * 4];

	error_text(chk, err, text, sizeof(text));
	check_done(chk, CHECK_S_SOCKERR, 0, text);
}

void
check_conn_timed_out(struct check *chk)
{
	check_conn_timed_out_as(chk, CHECK_S_L7TOUT);
}

void
check_conn_timed_out_as(struct check *chk, enum check_status status)
{
	char text[CHECK_TEXT_BYTES * 4];
	struct out o;

	if (chk->has_conn && (chk->conn.flags & CONN_CONNECTING))
		status = CHECK_S_L4TOUT;
	else if (chk->has_conn && (chk->conn.flags & CONN_HANDSHAKE))
		status = CHECK_S_L6TOUT;
	out_init(&o, text, sizeof(text) - 1);
	step_place(chk, &o);
	*o.p = '\0';
	check_done(chk, status, 0, text);
}

void
check_conn_close(struct check *chk, bool by_reset)
{
	if (!chk->has_conn)
		return;
	if (by_reset)
		conn_reset(&chk->conn);
	else
		conn_close(&chk->conn);
	chk->has_conn = false;
}

/* ---- the way up ---- */

static void
handshake(struct check *chk)
{
	switch (tls_handshake(&chk->conn)) {
	case TLS_AGAIN:
		return;
	case TLS_FAILED:
		check_done(chk, CHECK_S_L6RSP, 0, tls_error_text(chk->conn.tls));
		return;
	case TLS_DONE:
		chk->on_ready(chk);
	}
}

/* The header comes first on a fresh socket and is small: a short write means a
 * broken connection. */
static int
send_proxy_header(struct check *chk)
{
	const struct server *srv = chk->srv;
	struct pp_out o = { .is_local = true, .options = srv->pp2_options };
	char buf[512];
	struct iovec iov = { .iov_base = buf };

	if (srv->flags & (SRV_SEND_PROXY_V2 | SRV_SEND_PROXY_V2_SSL))
		iov.iov_len = pp_write_v2(&o, buf, sizeof(buf));
	else
		iov.iov_len = pp_write_v1(&o, buf, sizeof(buf));
	if (iov.iov_len == 0 || conn_sendv(&chk->conn, &iov, 1) != (ssize_t)iov.iov_len)
		return -1;
	return 0;
}

static void
connected(struct check *chk)
{
	const struct check_target *t = &chk->target;

	if (chk->conf->timeout_us != 0)
		check_deadline(chk, chk->conf->timeout_us);
	if (t->sends_proxy && send_proxy_header(chk) == -1) {
		check_conn_failed(chk, chk->conn.error != 0 ? chk->conn.error : EPIPE);
		return;
	}
	if (!t->is_tls) {
		chk->on_ready(chk);
		return;
	}
	if (tls_connect(&chk->conn, chk->conf->tls, t->sni != NULL ? str_of(t->sni) :
	    STR_NONE) == -1) {
		check_skip(chk);
		return;
	}
	if (t->alpn.len > 0)
		tls_set_alpn(&chk->conn, t->alpn);
	handshake(chk);
}

static void
connect_ended(struct check *chk)
{
	int err = 0;

	if (chk->conn.flags & (CONN_IN | CONN_RDHUP))
		err = conn_connect_result(&chk->conn);
	else
		chk->conn.flags &= (uint16_t)~CONN_CONNECTING;
	if (err != 0)
		connect_failed(chk, err);
	else
		connected(chk);
}

static void
on_event(struct conn *c)
{
	struct check *chk = CONTAINER_OF(c, struct check, conn);

	MAGIC_OK(chk, CHECK_MAGIC);
	if (c->flags & CONN_CONNECTING)
		connect_ended(chk);
	else if (c->flags & CONN_HANDSHAKE)
		handshake(chk);
	else
		chk->on_io(chk);
}

void
check_aim(struct check *chk)
{
	const struct check_conf *conf = chk->conf;
	struct check_target *t = &chk->target;

	check_address(chk, &t->to);
	t->sni = conf->sni;
	t->alpn = conf->alpn;
	t->is_tls = conf->is_tls;
	t->sends_proxy = conf->sends_proxy;
}

/* True: the connection is up, and the loop need not tell that it can be written to. */
static bool
write_first(struct check *chk)
{
	struct iovec iov = { (char *)(uintptr_t)chk->first.p, chk->first.len };
	ssize_t n;

	if (!addr_is_loopback(&chk->target.to) || (n = conn_sendv(&chk->conn, &iov, 1)) <= 0)
		return false;
	chk->nfirst = (size_t)n;
	chk->conn.flags &= (uint16_t)~CONN_CONNECTING;
	if (chk->nfirst < chk->first.len)
		return false;
	chk->conn.flags |= CONN_OUT;
	return true;
}

static void
begin(struct check *chk, bool in_progress)
{
	struct conn *c = &chk->conn;
	bool is_quiet = in_progress && chk->first.len > 0 && write_first(chk);

	if (c->flags & CONN_ERROR)
		connect_failed(chk, c->error);
	else if ((is_quiet ? conn_register_in(c) : conn_register(c)) == -1)
		check_skip(chk);
	else if (!(c->flags & CONN_CONNECTING))
		connected(chk);
}

/* What a TLS handshake or a PROXY header comes before is no brief one. */
static int
connect_now(struct check *chk, bool *ret_in_progress)
{
	const struct check_target *t = &chk->target;

	if (chk->is_brief && !t->is_tls && !t->sends_proxy)
		return conn_connect_brief(&t->to, chk->srv->source, ret_in_progress);
	chk->is_brief = false;
	chk->first.len = 0;
	return conn_connect(&t->to, chk->srv->source, ret_in_progress);
}

void
check_conn_open(struct check *chk, check_conn_fn *on_ready, check_conn_fn *on_io)
{
	const struct addr *to = &chk->target.to;
	bool in_progress;
	unsigned flags;
	int fd;

	WEIR_ASSERT(!chk->has_conn);
	flags = to->kind == ADDR_UNIX || to->kind == ADDR_ABNS ? CONN_UNIX : 0;
	chk->on_ready = on_ready;
	chk->on_io = on_io;
	chk->nfirst = 0;
	fd = connect_now(chk, &in_progress);
	if (fd == -1) {
		connect_failed(chk, errno);
		return;
	}
	conn_init(&chk->conn, fd, flags | (in_progress ? CONN_CONNECTING : CONN_OUT), on_event);
	chk->has_conn = true;
	if (!chk->has_connected || chk->conf->timeout_us != 0)
		check_deadline(chk, chk->conf->connect_us);
	begin(chk, in_progress);
}
