/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The certificate store: TLS contexts built from options and files, shared and
 * counted, found again over reloads.
 *
 * A context (struct tls_ctx, around one SSL_CTX) is keyed by a SHA-256 over all
 * that went into it: the bytes of certificate, key, CA and CRL files, the
 * options, the listener. A reload that changes none of them finds the same
 * context, so its session cache lives on; the same for a server's saved sessions.
 *
 * Life: tls_bind_new and tls_server_new return a counted object for the
 * snapshot (drop it from the arena's destructors); each connection counts too,
 * so a snapshot may go while connections of it stay.
 */
#ifndef WEIR_NET_TLS_STORE_H
#define WEIR_NET_TLS_STORE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "net/tls_opts.h"

struct diag;
struct tls_bind;
struct tls_index;
struct tls_server;

/* From the `global` section; zero-initialised plus tls_defaults_init. */
struct tls_defaults {
	const char	*ca_base, *crt_base;	/* NULL = the working directory */
	struct tls_opts	 bind, server;		/* ssl-default-bind-*, ssl-default-server-* */
	uint32_t	 cache_entries;		/* tune.ssl.cachesize: 20000 */
	uint32_t	 lifetime_s;		/* tune.ssl.lifetime: 300 */
	uint32_t	 dh_bits;		/* tune.ssl.default-dh-param: 2048 */
	uint32_t	 max_record;		/* tune.ssl.maxrecord: 0 = 16384 */
	const char	*dh_file;		/* ssl-dh-param-file */
	struct tls_index *index;		/* borrowed: told of each file; NULL = none */
};

/* `crt` and `crt-list`, in the order written. */
struct tls_source {
	struct tls_source *next;
	const char	*path;			/* as written */
	bool		 is_list;
	const char	*file;			/* where it was written */
	int		 line;
};

/* The TLS words of one bind line. */
struct tls_bind_conf {
	struct tls_opts	 opts;
	struct tls_source *sources, *last;
	bool		 is_strict;		/* strict-sni */
	bool		 wants_http_alpn;	/* mode http: http/1.1 unless written */
	const char	*where;			/* "frontend/address": in the session context */
};

/* The TLS words of one server line. */
struct tls_server_conf {
	struct tls_opts	 opts;
	const char	*crt;			/* client certificate */
	const char	*verifyhost;
	const char	*sni;			/* expression text; proxy compiles it */
	const char	*where;			/* "backend/server": keeps its sessions */
	uint8_t		 reuse;			/* enum tls_switch: no-ssl-reuse = OFF */
	uint8_t		 sni_auto;		/* enum tls_switch: no-sni-auto = OFF */
};

/* control thread or a job thread */
void	tls_defaults_init(struct tls_defaults *g);
/* NULL after diag_error; the place of messages is set by the caller (diag_at). */
struct tls_bind		*tls_bind_new(const struct tls_bind_conf *conf,
			    const struct tls_defaults *g, struct diag *d);
struct tls_server	*tls_server_new(const struct tls_server_conf *conf,
			    const struct tls_defaults *g, struct diag *d);
unsigned tls_store_contexts(void);		/* alive; for tests and gauges */

/* any thread */
struct tls_bind		*tls_bind_ref(struct tls_bind *b);
void	tls_bind_unref(struct tls_bind *b);
struct tls_server	*tls_server_ref(struct tls_server *s);
void	tls_server_unref(struct tls_server *s);
/* Ticket keys: made at first use, rotated by age; rotate forces it. */
void	tls_tickets_rotate(void);
/* The next one is this: 16 bytes of name, 32 for HMAC-SHA256, 32 for AES-256. */
#define TLS_TICKET_KEY_BYTES	80
void	tls_tickets_set(const uint8_t key[TLS_TICKET_KEY_BYTES]);
/* Key i of those alive, newest first: its name and age; false: there are not so many. */
bool	tls_tickets_shown(unsigned i, uint8_t ret_name[16], uint64_t *ret_age_s);

/* the connection's thread, for tls.c */
SSL_CTX	*tls_bind_ctx(const struct tls_bind *b);	/* the default certificate's */
uint32_t tls_bind_max_record(const struct tls_bind *b);
bool	tls_bind_signs_slowly(const struct tls_bind *b);	/* the default key is no EC key */
int	tls_on_client_hello(SSL *ssl, int *ret_alert, void *arg);	/* chooses by SNI */
SSL_CTX	*tls_server_ctx(const struct tls_server *s);
uint32_t tls_server_max_record(const struct tls_server *s);
/* SNI, name check, saved session. 0, or -1: the name cannot be used. */
int	tls_server_prepare(struct tls_server *s, SSL *ssl, struct str sni);
void	tls_on_info(const SSL *ssl, int where, int ret);	/* in tls.c */

#endif
