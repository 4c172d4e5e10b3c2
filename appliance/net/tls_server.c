/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS towards servers: what one server line says, and its saved sessions.
 *
 * A session is kept per thread (a cell that only its thread touches) and goes
 * with the name it was made for: it is offered only for the same SNI. Sessions
 * are counted by OpenSSL; the cells are emptied when the last user of the object
 * is gone. Lines that say the same to the same server share one object over
 * reloads, found by a key as contexts are.
 *
 * An address as a name is checked as an address and not sent as SNI (RFC 6066).
 */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "net/tls_ctx.h"
#include "net/tls_int.h"
#include "net/tls_store.h"

#define TLS_SERVER_MAGIC	0x54535256u
#define NAME_MAX_BYTES		255

struct tls_server {
	uint32_t	 magic;
	_Atomic uint32_t refs;
	struct tls_ctx	*ctx;		/* counted */
	char		*verifyhost;	/* owned; NULL = the SNI */
	bool		 wants_verify, has_reuse;
	uint16_t	 max_record;
	uint8_t		 key[TLS_KEY_BYTES];
	struct tls_server *next;	/* in the table */
	SSL_SESSION	*saved[TLS_SLOTS];	/* owned; each by its thread */
};

static pthread_mutex_t	 table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tls_server *table;

static int
on_new_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_io *io = tls_io_self;
	struct tls_server *s;

	if (io->cur == NULL || io->cur->ssl != ssl || io->slot >= TLS_SLOTS)
		return 0;
	s = io->cur->of.server;
	MAGIC_OK(s, TLS_SERVER_MAGIC);
	SSL_SESSION_free(s->saved[io->slot]);
	s->saved[io->slot] = session;
	return 1;
}

/* A last user may be about to free it: only one that is in use can be had. */
static bool
ref_if_alive(struct tls_server *s)
{
	uint32_t n = atomic_load(&s->refs);

	while (n > 0)
		if (atomic_compare_exchange_weak(&s->refs, &n, n + 1))
			return true;
	return false;
}

static struct tls_server *
server_find(const uint8_t key[TLS_KEY_BYTES])
{
	struct tls_server *s;

	pthread_mutex_lock(&table_lock);
	for (s = table; s != NULL; s = s->next)
		if (memcmp(s->key, key, TLS_KEY_BYTES) == 0 && ref_if_alive(s))
			break;
	pthread_mutex_unlock(&table_lock);
	return s;
}

/* Takes over the context. */
static struct tls_server *
server_make(const struct tls_recipe *r, struct tls_ctx *x, const uint8_t key[TLS_KEY_BYTES])
{
	struct tls_server *s = xcalloc(1, sizeof(*s));

	SSL_CTX_sess_set_new_cb(x->ssl, on_new_session);
	s->magic = TLS_SERVER_MAGIC;
	s->refs = 1;
	s->ctx = x;
	s->verifyhost = r->verifyhost != NULL ? xstrdup(r->verifyhost) : NULL;
	s->wants_verify = r->opts.verify != TLS_VERIFY_NONE;
	s->has_reuse = r->has_reuse;
	s->max_record = (uint16_t)r->defaults->max_record;
	memcpy(s->key, key, TLS_KEY_BYTES);
	pthread_mutex_lock(&table_lock);
	s->next = table;
	table = s;
	pthread_mutex_unlock(&table_lock);
	return s;
}

struct tls_server *
tls_server_new(const struct tls_server_conf *conf, const struct tls_defaults *g, struct diag *d)
{
	struct tls_recipe r = { .word = "crt", .opts = conf->opts, .defaults = g,
	    .is_server_line = true, .has_reuse = conf->reuse != TLS_OFF,
	    .verifyhost = conf->verifyhost };
	uint8_t key[TLS_KEY_BYTES];
	struct tls_server *s;
	struct tls_hash h;
	struct tls_ctx *x;
	char *path = NULL;

	tls_opts_inherit(&r.opts, &g->server);
	if (r.opts.verify == TLS_VERIFY_UNSET)
		r.opts.verify = TLS_VERIFY_REQUIRED;
	if (conf->crt != NULL)
		r.path = path = tls_path(g->crt_base, conf->crt);
	x = tls_ctx_get(&r, d);
	free(path);
	if (x == NULL)
		return NULL;
	tls_hash_init(&h);
	tls_hash_mem(&h, "ctx", x->key, TLS_KEY_BYTES);
	tls_hash_text(&h, "where", conf->where);
	tls_hash_mem(&h, "record", &g->max_record, sizeof(g->max_record));
	tls_hash_fini(&h, key);
	s = server_find(key);
	if (s == NULL)
		return server_make(&r, x, key);
	tls_ctx_put(x);
	return s;
}

struct tls_server *
tls_server_ref(struct tls_server *s)
{
	MAGIC_OK(s, TLS_SERVER_MAGIC);
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void
tls_server_unref(struct tls_server *s)
{
	struct tls_server **pp;

	MAGIC_OK(s, TLS_SERVER_MAGIC);
	if (atomic_fetch_sub(&s->refs, 1) > 1)
		return;
	pthread_mutex_lock(&table_lock);
	for (pp = &table; *pp != s; pp = &(*pp)->next)
		;
	*pp = s->next;
	pthread_mutex_unlock(&table_lock);
	for (int i = 0; i < TLS_SLOTS; i++)
		SSL_SESSION_free(s->saved[i]);
	tls_ctx_put(s->ctx);
	free(s->verifyhost);
	s->magic = 0;
	free(s);
}

SSL_CTX *
tls_server_ctx(const struct tls_server *s)
{
	MAGIC_OK(s, TLS_SERVER_MAGIC);
	return s->ctx->ssl;
}

uint32_t
tls_server_max_record(const struct tls_server *s)
{
	return s->max_record;
}

static bool
is_address(const char *name)
{
	struct in6_addr a;

	return inet_pton(AF_INET, name, &a) == 1 || inet_pton(AF_INET6, name, &a) == 1;
}

/* The certificate must be for this name; lengths are compared. */
static int
expect_name(SSL *ssl, const char *name, size_t len, bool is_ip)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	return (is_ip ? X509_VERIFY_PARAM_set1_ip_asc(param, name) :
	    X509_VERIFY_PARAM_set1_host(param, name, len)) == 1 ? 0 : -1;
}

static void
offer_session(struct tls_server *s, SSL *ssl, const char *sni)
{
	uint32_t slot = tls_io_self->slot;
	SSL_SESSION *saved = slot < TLS_SLOTS ? s->saved[slot] : NULL;
	const char *name;

	if (saved == NULL || !SSL_SESSION_is_resumable(saved))
		return;
	name = SSL_SESSION_get0_hostname(saved);
	if (strcmp(name != NULL ? name : "", sni) == 0)
		(void)SSL_set_session(ssl, saved);
}

int
tls_server_prepare(struct tls_server *s, SSL *ssl, struct str sni)
{
	char name[NAME_MAX_BYTES + 1] = "";
	bool is_ip;

	MAGIC_OK(s, TLS_SERVER_MAGIC);
	if (sni.len > NAME_MAX_BYTES || (sni.len > 0 && memchr(sni.p, '\0', sni.len) != NULL))
		return -1;
	if (sni.len > 0)
		memcpy(name, sni.p, sni.len);
	is_ip = is_address(name);
	if (sni.len > 0 && s->wants_verify && s->verifyhost == NULL &&
	    expect_name(ssl, name, sni.len, is_ip) != 0)
		return -1;
	if (is_ip)
		name[0] = '\0';
	if (name[0] != '\0' && SSL_set_tlsext_host_name(ssl, name) != 1)
		return -1;
	if (s->has_reuse && !is_ip)
		offer_session(s, ssl, name);
	return 0;
}
