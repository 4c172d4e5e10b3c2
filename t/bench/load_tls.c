/*
 * TLS for the load generator: OpenSSL over an own BIO, so that the client
 * costs one recv where a socket BIO needs two per record.
 *
 * The BIO receives into one buffer per worker and hands OpenSSL pieces of it.
 * A connection is always read until OpenSSL wants more, so whatever a recv
 * brought has been taken by then and the buffer needs no owner. A connection
 * that is closed halfway throws the rest away (tls_close).
 *
 * A session SSL_SESSION is kept per connection slot: the newest ticket, used
 * by the next connection of the slot when --resume is set.
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "load.h"

enum { RAW_SIZE = 32 * 1024 };

static BIO_METHOD	*method;
static pthread_once_t	 method_once = PTHREAD_ONCE_INIT;

static int
raw_read(BIO *bio, char *buf, int len)
{
	struct conn *c = BIO_get_data(bio);
	struct worker *w = c->worker;
	size_t n;
	ssize_t got;

	BIO_clear_retry_flags(bio);
	if (w->raw_off == w->raw_len) {
		if (c->drained) {
			BIO_set_retry_read(bio);
			return -1;
		}
		got = recv(c->fd, w->raw, RAW_SIZE, 0);
		if (got <= 0) {
			if (got < 0 && errno == EAGAIN) {
				c->drained = true;
				BIO_set_retry_read(bio);
			}
			return (int)got;
		}
		c->drained = got < RAW_SIZE && !c->hung_up;
		w->raw_off = 0;
		w->raw_len = (size_t)got;
	}
	n = w->raw_len - w->raw_off;
	if (n > (size_t)len)
		n = (size_t)len;
	memcpy(buf, w->raw + w->raw_off, n);
	w->raw_off += n;
	return (int)n;
}

static int
raw_write(BIO *bio, const char *buf, int len)
{
	struct conn *c = BIO_get_data(bio);
	ssize_t n = send(c->fd, buf, (size_t)len, MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_write(bio);
	return (int)n;
}

static long
raw_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static void
method_init(void)
{
	method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(),
	    "bench");
	if (method == NULL)
		errx(1, "BIO_meth_new");
	BIO_meth_set_read(method, raw_read);
	BIO_meth_set_write(method, raw_write);
	BIO_meth_set_ctrl(method, raw_ctrl);
}

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct conn *c = SSL_get_app_data(ssl);

	SSL_SESSION_free(c->session);
	c->session = session;
	return 1;			/* we keep the reference */
}

void
tls_worker_init(struct worker *w)
{
	pthread_once(&method_once, method_init);
	if ((w->tls = SSL_CTX_new(TLS_client_method())) == NULL ||
	    (w->raw = malloc(RAW_SIZE)) == NULL)
		errx(1, "SSL_CTX_new");
	if (!SSL_CTX_set_min_proto_version(w->tls, TLS1_3_VERSION) ||
	    !SSL_CTX_set_ciphersuites(w->tls, "TLS_AES_128_GCM_SHA256") ||
	    !SSL_CTX_set1_groups_list(w->tls, "X25519:P-256"))
		errx(1, "TLS settings");
	SSL_CTX_set_mode(w->tls, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_quiet_shutdown(w->tls, 1);
	SSL_CTX_set_verify(w->tls, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(w->tls, opt.resume ?
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL :
	    SSL_SESS_CACHE_OFF);
	if (opt.resume)
		SSL_CTX_sess_set_new_cb(w->tls, on_session);
}

void
tls_worker_fini(struct worker *w)
{
	SSL_CTX_free(w->tls);
	free(w->raw);
}

int
tls_open(struct conn *c)
{
	BIO *bio = BIO_new(method);

	if (bio == NULL || (c->ssl = SSL_new(c->worker->tls)) == NULL)
		return -1;
	BIO_set_data(bio, c);
	BIO_set_init(bio, 1);
	SSL_set_bio(c->ssl, bio, bio);
	SSL_set_app_data(c->ssl, c);
	SSL_set_connect_state(c->ssl);
	if (opt.resume && c->session != NULL)
		SSL_set_session(c->ssl, c->session);
	return 0;
}

/* 0 when OpenSSL only waits, -1 else. */
static int
again(struct conn *c, int rc, bool *ret_eof)
{
	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		*ret_eof = true;
		break;
	case SSL_ERROR_SSL:
		/* closed without close_notify: an end all the same */
		*ret_eof = ERR_GET_REASON(ERR_peek_error()) ==
		    SSL_R_UNEXPECTED_EOF_WHILE_READING;
		break;
	}
	ERR_clear_error();
	return -1;
}

int
tls_handshake(struct conn *c)
{
	bool eof = false;
	int rc;

	if ((rc = SSL_do_handshake(c->ssl)) != 1)
		return again(c, rc, &eof);
	atomic_fetch_add_explicit(&c->worker->handshakes, 1,
	    memory_order_relaxed);
	if (SSL_session_reused(c->ssl))
		atomic_fetch_add_explicit(&c->worker->resumed, 1,
		    memory_order_relaxed);
	return 1;
}

int
tls_write(struct conn *c, const char *buf, size_t len)
{
	bool eof = false;
	int rc = SSL_write(c->ssl, buf, (int)len);

	return rc > 0 ? rc : again(c, rc, &eof);
}

int
tls_read(struct conn *c, char *buf, size_t len, bool *ret_eof)
{
	int rc = SSL_read(c->ssl, buf, (int)len);

	return rc > 0 ? rc : again(c, rc, ret_eof);
}

void
tls_close(struct conn *c)
{
	c->worker->raw_off = c->worker->raw_len = 0;
	/* without this OpenSSL takes the session for a bad one */
	SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c->ssl);
	c->ssl = NULL;
}
