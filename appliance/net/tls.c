/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS on a connection: handshake, reading, writing, ending, and the facts that
 * logs and rules ask for. The bytes go through tls_bio.c.
 *
 * Edges: a call loops until OpenSSL wants more than the socket has, or the
 * caller's buffer is full. In the first case everything received has gone into
 * OpenSSL, so CONN_IN may be cleared: the next byte makes an edge. In the second
 * CONN_IN stays set as long as the buffers, OpenSSL or the socket may have more.
 *
 * A peer may not make us work without end: one message after the handshake
 * (KeyUpdate, tickets) too many in ten seconds, or a renegotiation, stops it.
 *
 * A struct tls lives from tls_accept or tls_connect to tls_free, in the thread
 * of its connection, in that thread's pool.
 */
#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "event/loop.h"
#include "net/tls_int.h"
#include "net/tls_store.h"

#define POSTS_MAX	32	/* messages after the handshake ... */
#define POSTS_WINDOW_S	10	/* ... in this time */
#define SIGNS_PER_PASS	4	/* full handshakes with an RSA key */

/* ---- life ---- */

static struct tls *
tls_new(struct conn *c, SSL_CTX *ctx, enum pool_site site)
{
	struct tls_io *io = tls_io_get();
	struct tls *t;

	if (io == NULL || (t = pool_get(&io->pool, site)) == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	memset(t, 0, sizeof(*t));
	t->magic = TLS_MAGIC;
	t->conn = c;
	t->ssl = SSL_new(ctx);
	if (t->ssl == NULL) {
		pool_put(&io->pool, t);
		ERR_clear_error();
		errno = ENOMEM;
		return NULL;
	}
	BIO_up_ref(io->bio);
	SSL_set_bio(t->ssl, io->bio, io->bio);
	return t;
}

int
tls_accept(struct conn *c, struct tls_bind *b)
{
	struct tls *t = tls_new(c, tls_bind_ctx(b), POOL_SITE_ACCEPT);

	if (t == NULL)
		return -1;
	t->of.bind = tls_bind_ref(b);
	t->max_record = tls_bind_max_record(b);
	SSL_set_accept_state(t->ssl);
	c->tls = t;
	c->flags |= CONN_HANDSHAKE;
	return 0;
}

int
tls_connect(struct conn *c, struct tls_server *s, struct str sni)
{
	struct tls *t = tls_new(c, tls_server_ctx(s), POOL_SITE_CONNECT);

	if (t == NULL)
		return -1;
	t->flags = TLS_F_CLIENT;
	t->of.server = tls_server_ref(s);
	t->max_record = tls_server_max_record(s);
	SSL_set_connect_state(t->ssl);
	if (tls_server_prepare(s, t->ssl, sni) != 0) {
		ERR_clear_error();
		tls_free(t);
		errno = EINVAL;
		return -1;
	}
	c->tls = t;
	c->flags |= CONN_HANDSHAKE;
	return 0;
}

void
tls_set_alpn(struct conn *c, struct str alpn)
{
	(void)SSL_set_alpn_protos(c->tls->ssl, (const unsigned char *)alpn.p,
	    (unsigned)alpn.len);
}

/* Say goodbye where that is possible and anybody could listen. */
static void
say_close_notify(struct tls_io *io, struct tls *t)
{
	if ((t->flags & (TLS_F_DONE | TLS_F_SHUT | TLS_F_FIN | TLS_F_STOP |
	    TLS_F_RD_FAIL | TLS_F_WR_FAIL)) != TLS_F_DONE)
		return;
	t->flags |= TLS_F_SHUT;
	tls_io_enter(io, t);
	(void)SSL_shutdown(t->ssl);
	(void)tls_io_flush(io, t);
}

void
tls_free(struct tls *t)
{
	struct tls_io *io = tls_io_self;

	MAGIC_OK(t, TLS_MAGIC);
	if (!tls_has_output(t) && !(t->conn->flags & CONN_ERROR))
		say_close_notify(io, t);
	/* Else OpenSSL would forget the session. */
	SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	tls_io_forget(io, t);
	if (t->flags & TLS_F_CLIENT)
		tls_server_unref(t->of.server);
	else
		tls_bind_unref(t->of.bind);
	t->magic = 0;
	pool_put(&io->pool, t);
}

/* ---- what OpenSSL tells us about the peer's messages ---- */

static void
count_post(struct tls *t)
{
	uint32_t now_s = (uint32_t)(clock_mono_us() / 1000000);

	if (now_s - t->posts_s >= POSTS_WINDOW_S) {
		t->posts_s = now_s;
		t->nposts = 0;
	}
	if (++t->nposts > POSTS_MAX)
		t->flags |= TLS_F_STOP;
}

void
tls_on_info(const SSL *ssl, int where, int ret)
{
	struct tls *t = tls_io_self->cur;

	if (t == NULL || t->ssl != ssl || !(t->flags & TLS_F_DONE))
		return;
	if ((where & SSL_CB_LOOP) && (where & (SSL_ST_ACCEPT | SSL_ST_CONNECT)))
		count_post(t);
	if (where == SSL_CB_WRITE_ALERT && (ret & 0xff) == SSL_AD_NO_RENEGOTIATION)
		t->flags |= TLS_F_STOP | TLS_F_RENEG;
}

/* ---- handshake ---- */

/* Everything the socket had is inside OpenSSL, and that has nothing for us. */
static bool
is_drained(const struct tls_io *io, const struct tls *t)
{
	return (t->flags & TLS_F_DRAINED) && !tls_io_has_input(io, t) &&
	    !SSL_has_pending(t->ssl);
}

static void
not_in(struct conn *c)
{
	c->flags &= (uint16_t)~CONN_IN;
}

static enum tls_result
handshake_done(struct tls_io *io, struct tls *t)
{
	struct conn *c = t->conn;

	t->flags |= TLS_F_DONE;
	c->flags &= (uint16_t)~CONN_HANDSHAKE;
	if (is_drained(io, t))
		not_in(c);
	(void)tls_io_flush(io, t);
	return TLS_DONE;
}

static enum tls_result
handshake_failed(struct tls_io *io, struct tls *t)
{
	t->err = ERR_peek_error();
	(void)tls_io_flush(io, t);	/* the alert */
	if (t->conn->error == 0)
		t->conn->error = t->rd_errno != 0 ? t->rd_errno :
		    (t->flags & TLS_F_FIN) ? ECONNRESET : EPROTO;
	t->conn->flags |= CONN_ERROR;
	ERR_clear_error();
	return TLS_FAILED;
}

/* RSA keys make a handshake cost a millisecond: at most a few in a pass, so that
 * a crowd of new clients does not delay the others. */
static bool
is_over_budget(struct tls_io *io, struct tls *t)
{
	uint64_t pass;

	if ((t->flags & (TLS_F_CLIENT | TLS_F_SIGNED)) || loop_self == NULL ||
	    !tls_bind_signs_slowly(t->of.bind))
		return false;
	pass = atomic_load_explicit(&loop_self->passes, memory_order_relaxed);
	if (io->pass != pass) {
		io->pass = pass;
		io->nsigned = 0;
	}
	return io->nsigned >= SIGNS_PER_PASS;
}

/* After a step: was it the one that answers the hello in full? */
static void
count_signature(struct tls_io *io, struct tls *t)
{
	OSSL_HANDSHAKE_STATE state = SSL_get_state(t->ssl);

	if ((t->flags & (TLS_F_CLIENT | TLS_F_SIGNED)) || state == TLS_ST_BEFORE ||
	    state == TLS_ST_SR_CLNT_HELLO)
		return;
	t->flags |= TLS_F_SIGNED;
	if (!SSL_session_reused(t->ssl))
		io->nsigned++;
}

enum tls_result
tls_handshake(struct conn *c)
{
	struct tls *t = c->tls;
	struct tls_io *io = tls_io_self;
	int rc;

	if (c->flags & CONN_ERROR)
		return TLS_FAILED;
	if ((c->flags & CONN_IN) && is_over_budget(io, t))
		return TLS_AGAIN;
	tls_io_enter(io, t);
	rc = SSL_do_handshake(t->ssl);
	count_signature(io, t);
	if (rc == 1)
		return handshake_done(io, t);
	if (SSL_get_error(t->ssl, rc) != SSL_ERROR_WANT_READ)
		return handshake_failed(io, t);
	not_in(c);
	if (!tls_io_flush(io, t) && (t->flags & TLS_F_WR_FAIL))
		return handshake_failed(io, t);
	return TLS_AGAIN;
}

/* ---- reading ---- */

static void
read_ended(struct tls *t, int rc)
{
	int why = t->flags & TLS_F_STOP ? SSL_ERROR_SSL : SSL_get_error(t->ssl, rc);

	if (why == SSL_ERROR_WANT_READ) {
		not_in(t->conn);
		return;
	}
	if (why == SSL_ERROR_ZERO_RETURN) {
		t->flags |= TLS_F_EOF;
	} else if ((t->flags & TLS_F_FIN) && !(t->flags & (TLS_F_STOP | TLS_F_RD_FAIL))) {
		t->flags |= TLS_F_EOF | TLS_F_CUT;
		if (t->flags & TLS_F_CLIENT) {
			t->flags |= TLS_F_RD_FAIL;
			t->rd_errno = ECONNRESET;
		}
	} else {
		t->flags |= TLS_F_RD_FAIL;
		if (t->rd_errno == 0)
			t->rd_errno = EPROTO;
	}
	t->err = ERR_peek_error();
	ERR_clear_error();
}

/* Nothing could be read: why, in the terms of conn.h. */
static ssize_t
read_nothing(struct tls *t)
{
	struct conn *c = t->conn;

	if (t->flags & TLS_F_RD_FAIL) {
		c->flags |= CONN_ERROR;
		c->error = t->rd_errno;
		errno = t->rd_errno;
		return -1;
	}
	if (t->flags & TLS_F_EOF) {
		c->flags |= CONN_EOF;
		return 0;
	}
	errno = EAGAIN;
	return -1;
}

ssize_t
tls_recv(struct conn *c, void *buf, size_t len)
{
	struct tls *t = c->tls;
	struct tls_io *io = tls_io_self;
	size_t got = 0, n;
	int rc;

	if (unlikely(t->flags & (TLS_F_EOF | TLS_F_RD_FAIL)))
		return read_nothing(t);
	tls_io_enter(io, t);
	while (got < len) {
		rc = SSL_read_ex(t->ssl, (char *)buf + got, len - got, &n);
		if (rc == 1)
			got += n;
		if (rc != 1 || unlikely(t->flags & TLS_F_STOP)) {
			read_ended(t, rc);
			break;
		}
		if (is_drained(io, t)) {
			not_in(c);
			break;
		}
	}
	if (unlikely(io->wr_len > 0))	/* an answer to KeyUpdate, an alert */
		(void)tls_io_flush(io, t);
	return got > 0 ? (ssize_t)got : read_nothing(t);
}

/* ---- writing ---- */

/* The next record's plain text from iov at *i, *off: in place when one piece has
 * it all, else gathered. */
static const uint8_t *
next_record(struct tls_io *io, const struct iovec *iov, int n, int *i, size_t *off,
    size_t *ret_len)
{
	size_t max = io->cur->max_record, len = 0, part;
	const uint8_t *p = NULL;

	while (*i < n && len < max) {
		part = iov[*i].iov_len - *off;
		if (part > max - len)
			part = max - len;
		if (len == 0 && (part == max || *i + 1 == n)) {
			p = (const uint8_t *)iov[*i].iov_base + *off;
		} else if (part > 0) {
			memcpy(io->gather + len, (const char *)iov[*i].iov_base + *off, part);
			p = io->gather;
		}
		len += part;
		*off += part;
		if (*off == iov[*i].iov_len) {
			++*i;
			*off = 0;
		}
	}
	*ret_len = len;
	return p;
}

static ssize_t
write_error(struct tls *t, int error)
{
	t->flags |= TLS_F_WR_FAIL;
	t->wr_errno = (int16_t)error;
	t->conn->flags |= CONN_ERROR;
	t->conn->error = (int16_t)error;
	errno = error;
	return -1;
}

/* Encrypt one record; OpenSSL takes it whole, for the BIO never refuses. */
static int
write_record(struct tls *t, const uint8_t *p, size_t len)
{
	size_t done = 0, n;

	while (done < len) {
		if (SSL_write_ex(t->ssl, p + done, len - done, &n) != 1) {
			t->err = ERR_peek_error();
			ERR_clear_error();
			return -1;
		}
		done += n;
	}
	return 0;
}

ssize_t
tls_sendv(struct conn *c, const struct iovec *iov, int n)
{
	struct tls *t = c->tls;
	struct tls_io *io = tls_io_self;
	size_t off = 0, len, done = 0;
	const uint8_t *p;
	int i = 0;

	if (unlikely(t->flags & TLS_F_WR_FAIL))
		return write_error(t, t->wr_errno);
	tls_io_enter(io, t);
	if (unlikely(tls_has_output(t)) && !tls_io_flush(io, t))
		return t->flags & TLS_F_WR_FAIL ? write_error(t, t->wr_errno) : 0;
	while ((p = next_record(io, iov, n, &i, &off, &len)) != NULL && len > 0) {
		if (write_record(t, p, len) != 0) {
			(void)tls_io_flush(io, t);	/* what came before it, an alert */
			return write_error(t, EPROTO);
		}
		done += len;
		if (sizeof(io->wr) - io->wr_len >= TLS_RECORD_BYTES + 256 && i < n)
			continue;
		if (!tls_io_flush(io, t))
			break;
	}
	if (unlikely(t->flags & TLS_F_WR_FAIL))
		return write_error(t, t->wr_errno);
	return (ssize_t)done;
}

bool
tls_has_pending(const struct tls *t)
{
	return tls_has_output(t);
}

static void
send_fin(struct tls *t)
{
	t->flags &= (uint16_t)~TLS_F_WANT_FIN;
	(void)shutdown(t->conn->fd, SHUT_WR);
}

void
tls_on_writable(struct conn *c)
{
	struct tls *t = c->tls;

	if (likely(!tls_has_output(t)))
		return;
	tls_io_enter(tls_io_self, t);
	if (tls_io_flush(tls_io_self, t) && (t->flags & TLS_F_WANT_FIN))
		send_fin(t);
}

void
tls_shut_write(struct conn *c)
{
	struct tls *t = c->tls;
	struct tls_io *io = tls_io_self;

	if ((t->flags & (TLS_F_DONE | TLS_F_SHUT | TLS_F_WR_FAIL)) == TLS_F_DONE) {
		t->flags |= TLS_F_SHUT;
		tls_io_enter(io, t);
		(void)SSL_shutdown(t->ssl);
		(void)tls_io_flush(io, t);
	}
	if (tls_has_output(t))
		t->flags |= TLS_F_WANT_FIN;
	else
		send_fin(t);
}

/* ---- facts ---- */

const char *
tls_version(const struct tls *t)
{
	return SSL_get_version(t->ssl);
}

const char *
tls_cipher(const struct tls *t)
{
	const char *name = SSL_get_cipher_name(t->ssl);

	return name != NULL ? name : "";
}

struct str
tls_sni(const struct tls *t)
{
	const char *name = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);

	return name != NULL ? str_of(name) : STR_NONE;
}

struct str
tls_alpn(const struct tls *t)
{
	const unsigned char *p;
	unsigned int len;

	SSL_get0_alpn_selected(t->ssl, &p, &len);
	return p != NULL ? (struct str){ (const char *)p, len } : STR_NONE;
}

bool
tls_is_resumed(const struct tls *t)
{
	return SSL_session_reused(t->ssl) == 1;
}

bool
tls_has_client_cert(const struct tls *t)
{
	return !(t->flags & TLS_F_CLIENT) && SSL_get0_peer_certificate(t->ssl) != NULL;
}

long
tls_verify_result(const struct tls *t)
{
	return SSL_get_verify_result(t->ssl);
}

long
tls_verify_error(const struct tls *t, bool of_ca)
{
	if (of_ca)
		return t->ca_err;
	return tls_is_resumed(t) ? tls_verify_result(t) : t->c_err;
}

bool
tls_was_cut(const struct tls *t)
{
	return (t->flags & TLS_F_CUT) != 0;
}

unsigned long
tls_error_code(const struct tls *t)
{
	return t->err;
}

static enum conn_err
verify_error_kind(const struct tls *t)
{
	if (!(t->flags & TLS_F_CLIENT))
		return t->ca_err != 0 && t->c_err == 0 ? CONN_ERR_TLS_CA : CONN_ERR_TLS_CERT;
	if (tls_verify_result(t) != X509_V_ERR_HOSTNAME_MISMATCH)
		return CONN_ERR_TLS_HANDSHAKE;
	return tls_sni(t).len > 0 ? CONN_ERR_TLS_SNI : CONN_ERR_TLS_NAME;
}

enum conn_err
tls_error_kind(const struct tls *t)
{
	if (t->flags & TLS_F_RENEG)
		return CONN_ERR_TLS_RENEG;
	if (ERR_GET_LIB(t->err) == ERR_LIB_SSL &&
	    ERR_GET_REASON(t->err) == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return verify_error_kind(t);
	if ((t->flags & (TLS_F_FIN | TLS_F_DONE | TLS_F_RD_FAIL)) == TLS_F_FIN &&
	    SSL_get_state(t->ssl) == TLS_ST_BEFORE)
		return CONN_ERR_TLS_EMPTY;
	return CONN_ERR_TLS_HANDSHAKE;
}

const char *
tls_error_text(const struct tls *t)
{
	static _Thread_local char text[256];
	enum conn_err e = tls_error_kind(t);
	char code[160];

	if (e == CONN_ERR_TLS_NAME || e == CONN_ERR_TLS_SNI)	/* OpenSSL tells more */
		e = CONN_ERR_TLS_HANDSHAKE;
	if (e != CONN_ERR_TLS_HANDSHAKE || t->err == 0)
		return conn_err_text(e);
	ERR_error_string_n(t->err, code, sizeof(code));
	snprintf(text, sizeof(text), "%s (%s)", conn_err_text(e), code);
	return text;
}
