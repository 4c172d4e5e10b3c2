/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One TLS context: an SSL_CTX with what its callbacks need. Built by tls_ctx.c
 * from a recipe, kept by the store (tls_store.h), immutable afterwards.
 */
#ifndef WEIR_NET_TLS_CTX_H
#define WEIR_NET_TLS_CTX_H

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/tls_opts.h"
#include "net/tls_pem.h"

struct diag;
struct tls_defaults;

#define TLS_KEY_BYTES	32
#define TLS_CTX_MAGIC	0x54435458u

/* A running hash over tagged parts. */
struct tls_hash {
	EVP_MD_CTX	*md;
};

/* CA certificates and CRLs, shared by all that name the same bytes. */
struct tls_ca {
	uint8_t		 key[TLS_KEY_BYTES];
	_Atomic uint32_t refs;
	X509_STORE	*store;		/* owned */
	STACK_OF(X509_NAME) *names;	/* owned: of ca-file only */
	struct tls_ca	*next;		/* in the store */
};

struct tls_ctx {
	uint32_t	 magic;
	_Atomic uint32_t refs;
	uint8_t		 key[TLS_KEY_BYTES];
	uint8_t		 policy[TLS_KEY_BYTES];	/* hash of all but the certificate */
	SSL_CTX		*ssl;		/* owned */
	struct tls_ca	*ca;		/* counted; NULL = none */
	/* what callbacks need */
	struct tls_ignore crt_ignore, ca_ignore;
	uint8_t		*alpn;		/* owned: wire form */
	uint16_t	 alpn_len;
	char		*curves;	/* owned */
	unsigned	 versions;	/* bits of tls_opts_versions */
	bool		 is_ec;		/* the certificate's key */
	bool		 has_tickets, client_order;
	uint8_t		*ocsp;		/* owned: response to staple */
	size_t		 ocsp_len;
	char		**names;	/* owned: DNS names of the certificate, lower case */
	unsigned	 nnames;
	int64_t		 not_after_s;	/* of the certificate: Unix time */
	struct tls_ctx	*next;		/* in the store */
};

/* All that makes a context. */
struct tls_recipe {
	const char	*word, *path;	/* path NULL: no certificate (server line) */
	struct tls_opts	 opts;		/* effective */
	const struct tls_defaults *defaults;
	const char	*where;		/* listener; NULL for servers */
	bool		 is_server_line;
	bool		 has_reuse;	/* server line: keep sessions */
	const char	*verifyhost;
};

/* control thread or a job thread */
/* A counted context, new or found; NULL after diag_error. */
struct tls_ctx *tls_ctx_get(const struct tls_recipe *r, struct diag *d);
struct tls_ctx *tls_ctx_ref(struct tls_ctx *x);
void	tls_ctx_put(struct tls_ctx *x);

struct tls_ca_files {
	const char	*ca, *ca_verify, *crl;	/* each may be NULL */
};
/* Counted; NULL after diag_error. */
struct tls_ca *tls_ca_get(const struct tls_ca_files *files, const struct tls_defaults *g,
	    struct diag *d);
void	tls_ca_put(struct tls_ca *ca);

/* `base`/`path`, or path itself when it is absolute or starts with @; malloc'ed. */
char	*tls_path(const char *base, const char *path);

void	tls_hash_init(struct tls_hash *h);
void	tls_hash_mem(struct tls_hash *h, const char *tag, const void *p, size_t len);
/* NULL differs from "" */
void	tls_hash_text(struct tls_hash *h, const char *tag, const char *s);
void	tls_hash_fini(struct tls_hash *h, uint8_t ret_key[TLS_KEY_BYTES]);

/* The one place where a private key meets a context. */
int	tls_sign(SSL_CTX *ctx, X509 *leaf, STACK_OF(X509) *chain, EVP_PKEY *key);

/* any thread */
struct tls_ctx *tls_ctx_of(const SSL_CTX *ssl);
void	tls_tickets_use(SSL_CTX *ctx);		/* install the shared keys */

#endif
