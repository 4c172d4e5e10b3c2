/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the TLS units: certificates made on the spot in a temporary folder, and a
 * peer by plain OpenSSL over memory BIOs whose bytes the test moves as it likes.
 */
#ifndef WEIR_T_UNIT_TLS_PKI_H
#define WEIR_T_UNIT_TLS_PKI_H

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/magic.h"
#include "net/conn.h"
#include "net/tls.h"
#include "net/tls_store.h"
#include "tap.h"

static char pki_dir[] = "/tmp/weir-tls-XXXXXX";

/* A certificate with its key. */
struct pki {
	EVP_PKEY	*key;
	X509		*crt;
};

static inline void
pki_start(void)
{
	WEIR_ASSERT(mkdtemp(pki_dir) != NULL);
}

static inline void
pki_end(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", pki_dir);
	WEIR_ASSERT(system(cmd) == 0);
}

static inline const char *
pki_path(const char *name)
{
	static char paths[8][256];
	static unsigned n;
	char *p = paths[n++ % 8];

	snprintf(p, sizeof(paths[0]), "%s/%s", pki_dir, name);
	return p;
}

static inline void
pki_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	WEIR_ASSERT(e != NULL);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

/* san: "DNS:a,DNS:*.b" or NULL; issuer NULL = self-signed; ends in days (may be
 * past); a CA when san is NULL and issuer is NULL. */
static inline struct pki
pki_make_key(EVP_PKEY *key, const char *cn, const char *san, const struct pki *issuer, int days)
{
	static long serial = 1;
	struct pki p = { key, X509_new() };
	X509_NAME *name = X509_get_subject_name(p.crt);

	X509_set_version(p.crt, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(p.crt), serial++);
	X509_gmtime_adj(X509_getm_notBefore(p.crt), -86400L * 30);
	X509_gmtime_adj(X509_getm_notAfter(p.crt), 86400L * days);
	X509_set_pubkey(p.crt, p.key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(p.crt, issuer != NULL ? X509_get_subject_name(issuer->crt) : name);
	if (san == NULL && issuer == NULL)
		pki_extension(p.crt, p.crt, NID_basic_constraints, "critical,CA:TRUE");
	if (san != NULL)
		pki_extension(p.crt, p.crt, NID_subject_alt_name, san);
	X509_sign(p.crt, issuer != NULL ? issuer->key : p.key, EVP_sha256());
	return p;
}

static inline struct pki
pki_make(const char *cn, const char *san, const struct pki *issuer, int days)
{
	return pki_make_key(EVP_EC_gen("P-256"), cn, san, issuer, days);
}

static inline void
pki_free(struct pki *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->crt);
}

/* Write certificates and a key (each may be NULL), mode 0600. */
static inline const char *
pki_write(const char *name, const X509 *a, const X509 *b, const EVP_PKEY *key)
{
	const char *path = pki_path(name);
	FILE *f = fopen(path, "w");

	WEIR_ASSERT(f != NULL);
	fchmod(fileno(f), 0600);
	if (a != NULL)
		PEM_write_X509(f, a);
	if (b != NULL)
		PEM_write_X509(f, b);
	if (key != NULL)
		PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	return path;
}

static inline const char *
pki_text(const char *name, const char *text)
{
	const char *path = pki_path(name);
	FILE *f = fopen(path, "w");

	WEIR_ASSERT(f != NULL);
	fchmod(fileno(f), 0600);
	fputs(text, f);
	fclose(f);
	return path;
}

/* ---- our side ---- */

static inline void
on_conn_event(struct conn *c)
{
	(void)c;
}

static inline void
side_init(struct conn *c, int fd)
{
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	c->flags = CONN_IN | CONN_OUT;
	c->on_event = on_conn_event;
}

static inline void
side_end(struct conn *c)
{
	if (c->tls != NULL)
		tls_free(c->tls);
	c->tls = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* What conn.c does with an event. */
static inline void
side_event(struct conn *c, uint32_t events)
{
	if (events & EPOLLIN)
		c->flags |= CONN_IN;
	if (events & EPOLLOUT)
		c->flags |= CONN_OUT;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->flags |= CONN_IN | CONN_RDHUP;
	if ((events & EPOLLOUT) && c->tls != NULL)
		tls_on_writable(c);
}

static inline void
make_pair(int sv[2])
{
	WEIR_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv) == 0);
}

/* One line's listener, or NULL after messages, which d keeps. */
static inline struct tls_bind *
bind_of(const struct tls_bind_conf *conf, struct diag *d)
{
	struct tls_defaults g;

	tls_defaults_init(&g);
	return tls_bind_new(conf, &g, d);
}

static inline struct tls_bind *
bind_of_file(const char *path, const char *where)
{
	struct tls_source s = { .path = path };
	struct tls_bind_conf conf = { .sources = &s, .where = where, .wants_http_alpn = true };
	struct tls_bind *b;
	struct diag d;

	diag_init(&d, true);
	b = bind_of(&conf, &d);
	diag_fini(&d);
	WEIR_ASSERT(b != NULL);
	return b;
}

/* ---- the other side: plain OpenSSL, bytes moved by hand ---- */

struct raw {
	SSL		*ssl;
	int		 fd;
	size_t		 piece;		/* bytes moved to the socket at a time; 0 = all */
	bool		 is_done;
};

static inline SSL_CTX *
raw_ctx(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	WEIR_ASSERT(c != NULL);
	SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL);
	return c;
}

static inline void
raw_init(struct raw *r, SSL_CTX *ctx, int fd, const char *sni)
{
	memset(r, 0, sizeof(*r));
	r->ssl = SSL_new(ctx);
	r->fd = fd;
	SSL_set_bio(r->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	BIO_set_mem_eof_return(SSL_get_rbio(r->ssl), -1);
	if (sni != NULL)
		SSL_set_tlsext_host_name(r->ssl, sni);
	SSL_set_connect_state(r->ssl);
}

static inline void
raw_fini(struct raw *r)
{
	SSL_free(r->ssl);
	if (r->fd >= 0)
		close(r->fd);
}

/* Move at most one piece out, and all that came in. True: something moved. */
static inline bool
raw_move(struct raw *r)
{
	BIO *out = SSL_get_wbio(r->ssl), *in = SSL_get_rbio(r->ssl);
	char *p, buf[4096];
	size_t len = (size_t)BIO_get_mem_data(out, &p);
	bool moved = false;
	ssize_t n;

	if (len > 0) {
		if (r->piece > 0 && len > r->piece)
			len = r->piece;
		n = send(r->fd, p, len, MSG_NOSIGNAL);
		if (n > 0) {
			char *skip = malloc((size_t)n);

			BIO_read(out, skip, (int)n);
			free(skip);
			moved = true;
		}
	}
	while ((n = recv(r->fd, buf, sizeof(buf), 0)) > 0) {
		BIO_write(in, buf, (int)n);
		moved = true;
	}
	return moved;
}

/* Handshake of both sides to the end; the result of ours. */
static inline enum tls_result
shake(struct conn *c, struct raw *r)
{
	enum tls_result res = TLS_AGAIN;
	char byte;

	for (int i = 0; i < 100000; i++) {
		if (!r->is_done && SSL_do_handshake(r->ssl) == 1)
			r->is_done = true;
		if (r->is_done)		/* takes tickets in */
			(void)SSL_peek(r->ssl, &byte, 1);
		raw_move(r);
		c->flags |= CONN_IN;
		if (res == TLS_AGAIN && (c->flags & CONN_HANDSHAKE))
			res = tls_handshake(c);
		raw_move(r);
		ERR_clear_error();
		if (res == TLS_FAILED || (res == TLS_DONE && r->is_done))
			break;
	}
	SSL_do_handshake(r->ssl);
	if (r->is_done)
		(void)SSL_peek(r->ssl, &byte, 1);
	return res;
}

#endif
