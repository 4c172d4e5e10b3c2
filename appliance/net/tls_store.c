/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS listeners: the certificates of one bind line and the choice by SNI.
 *
 * Certificates come in the order written; the first is the default. Names are
 * those of a crt-list line, else the DNS names of the certificate. Choice: exact
 * name, then the wildcard of the parent domain (unless a `!name` of that line
 * forbids it), then the entry `*`, then the default or, with strict-sni, refusal.
 * A name with an RSA and an EC certificate takes the EC one for clients that can.
 *
 * The choice is made in OpenSSL's client-hello callback, before the version is
 * negotiated, so a crt-list entry's own versions, curves and verification apply.
 *
 * Built in control or a job thread; read by the data threads; counted.
 */
#include "net/tls_store.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "net/tls_ctx.h"
#include "net/tls_index.h"
#include "net/tls_int.h"
#include "net/tls_list.h"

#define TLS_BIND_MAGIC	0x5442494eu
#define NAME_MAX_BYTES	255

/* A name that leads to a context; the name lies behind the struct. */
struct sni_name {
	struct sni_name	*next;		/* same bucket */
	struct tls_ctx	*ctx;		/* borrowed: the bind's array */
	const struct crt_filter *filter;	/* of its crt-list line; NULL = none */
	bool		 is_wild;	/* name = what follows "*." */
	size_t		 len;
	char		 name[];
};

/* The `!name` words of one crt-list line. */
struct crt_filter {
	struct crt_filter *next;
	unsigned	 n;
	char		**names;	/* owned, lower case */
};

struct tls_bind {
	uint32_t	 magic;
	_Atomic uint32_t refs;
	struct tls_ctx	**ctxs;		/* counted each */
	unsigned	 nctxs;
	struct tls_ctx	*any;		/* borrowed: entry `*`; NULL = none */
	bool		 is_strict;
	uint32_t	 max_record;
	struct sni_name	**buckets;	/* owned: nbuckets, a power of two */
	size_t		 nbuckets, nnames;
	struct crt_filter *filters;	/* owned */
};

/* What the building functions share. */
struct build {
	struct tls_bind	*b;
	const struct tls_bind_conf *conf;
	const struct tls_defaults *g;
	struct arena	*arena;		/* strings of crt-lists */
	struct diag	*d;
};

void
tls_defaults_init(struct tls_defaults *g)
{
	memset(g, 0, sizeof(*g));
	g->cache_entries = 20000;
	g->lifetime_s = 300;
	g->dh_bits = 2048;
	g->max_record = TLS_RECORD_BYTES;
}

/* ---- names ---- */

static struct sni_name **
bucket(const struct tls_bind *b, struct str name)
{
	return &b->buckets[str_hash(name) & (b->nbuckets - 1)];
}

static void
names_grow(struct tls_bind *b)
{
	struct sni_name **old = b->buckets, *e;
	size_t n = b->nbuckets;

	b->nbuckets = n > 0 ? n * 2 : 16;
	b->buckets = xcalloc(b->nbuckets, sizeof(*b->buckets));
	for (size_t i = 0; i < n; i++)
		while ((e = old[i]) != NULL) {
			struct sni_name **pp = bucket(b, (struct str){ e->name, e->len });

			old[i] = e->next;
			while (*pp != NULL)	/* appended: equal names keep their order */
				pp = &(*pp)->next;
			e->next = NULL;
			*pp = e;
		}
	free(old);
}

/* Appended, so that of equal names the first written is found first. */
static void
add_name(struct tls_bind *b, const char *name, struct tls_ctx *ctx,
    const struct crt_filter *filter)
{
	bool is_wild = name[0] == '*' && name[1] == '.';
	size_t len = strlen(is_wild ? name + 2 : name);
	struct sni_name *e, **pp;

	if (len == 0 || len > NAME_MAX_BYTES)
		return;
	if (b->nnames >= b->nbuckets)
		names_grow(b);
	e = xmalloc(sizeof(*e) + len + 1);
	e->next = NULL;
	e->ctx = ctx;
	e->filter = filter;
	e->is_wild = is_wild;
	e->len = len;
	for (size_t i = 0; i <= len; i++)
		e->name[i] = ascii_lower(name[i + (is_wild ? 2 : 0)]);
	for (pp = bucket(b, (struct str){ e->name, len }); *pp != NULL; pp = &(*pp)->next)
		;
	*pp = e;
	b->nnames++;
}

static bool
is_forbidden(const struct crt_filter *f, struct str name)
{
	for (unsigned i = 0; f != NULL && i < f->n; i++)
		if (str_is(name, f->names[i]))
			return true;
	return false;
}

/* key: the name, or for wildcards what follows its first dot. */
static struct tls_ctx *
find_name(const struct tls_bind *b, struct str key, struct str name, bool is_wild, bool can_ec)
{
	struct tls_ctx *found = NULL;

	if (b->nbuckets == 0)
		return NULL;
	for (struct sni_name *e = *bucket(b, key); e != NULL; e = e->next) {
		if (e->is_wild != is_wild || !str_eq((struct str){ e->name, e->len }, key) ||
		    is_forbidden(e->filter, name))
			continue;
		if (e->ctx->is_ec == can_ec)
			return e->ctx;
		if (found == NULL)
			found = e->ctx;
	}
	return found;
}

static struct tls_ctx *
choose(const struct tls_bind *b, struct str name, bool can_ec)
{
	struct tls_ctx *x;
	const char *dot;

	if (name.len > 0) {
		if ((x = find_name(b, name, name, false, can_ec)) != NULL)
			return x;
		dot = memchr(name.p, '.', name.len);
		if (dot != NULL && dot > name.p) {
			struct str parent = { dot + 1, name.len - (size_t)(dot + 1 - name.p) };

			if ((x = find_name(b, parent, name, true, can_ec)) != NULL)
				return x;
		}
	}
	if (b->any != NULL)
		return b->any;
	return b->is_strict ? NULL : b->ctxs[0];
}

/* ---- the client hello ---- */

/* RFC 6066 3: one list with one host_name. 0 and the name in lower case (empty:
 * none was sent); -1 for a malformed one. */
static int
hello_name(SSL *ssl, char buf[NAME_MAX_BYTES + 1], struct str *ret_name)
{
	const unsigned char *p;
	size_t len, n;

	*ret_name = (struct str){ buf, 0 };
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &len) != 1)
		return 0;
	if (len < 5 || (size_t)(p[0] << 8 | p[1]) != len - 2 ||
	    p[2] != TLSEXT_NAMETYPE_host_name)
		return -1;
	n = (size_t)(p[3] << 8 | p[4]);
	if (n == 0 || n > NAME_MAX_BYTES || n != len - 5 || memchr(p + 5, '\0', n) != NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		buf[i] = ascii_lower((char)p[5 + i]);
	if (buf[n - 1] == '.')		/* a rooted name is the same name */
		n--;
	ret_name->len = n;
	return 0;
}

/* Signature algorithms with ECDSA, and for TLS 1.2 a suite with it. */
static bool
hello_can_ec(SSL *ssl)
{
	const unsigned char *p;
	bool has_alg = false;
	size_t len;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_signature_algorithms, &p, &len) != 1)
		return false;
	for (size_t i = 2; i + 1 < len; i += 2)
		if (p[i + 1] == 3 && p[i] >= 4 && p[i] <= 6)
			has_alg = true;
	if (!has_alg)
		return false;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &p, &len) == 1)
		return true;
	len = SSL_client_hello_get0_ciphers(ssl, &p);
	for (size_t i = 0; i + 1 < len; i += 2) {
		unsigned suite = (unsigned)p[i] << 8 | p[i + 1];

		if (suite == 0xc02b || suite == 0xc02c || suite == 0xcca9 ||
		    suite == 0xc009 || suite == 0xc00a || suite == 0xc023 || suite == 0xc024)
			return true;
	}
	return false;
}

/* SSL_set_SSL_CTX moves certificate, ciphers and callbacks; this the rest. */
static void
apply_policy(SSL *ssl, const struct tls_ctx *x)
{
	const uint64_t mask = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2 |
	    SSL_OP_NO_TLSv1_3 | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE;
	STACK_OF(X509_NAME) *names = SSL_CTX_get_client_CA_list(x->ssl);

	SSL_set_verify(ssl, SSL_CTX_get_verify_mode(x->ssl), SSL_CTX_get_verify_callback(x->ssl));
	SSL_set_client_CA_list(ssl, names != NULL ? SSL_dup_CA_list(names) : NULL);
	SSL_set_min_proto_version(ssl, SSL_CTX_get_min_proto_version(x->ssl));
	SSL_set_max_proto_version(ssl, SSL_CTX_get_max_proto_version(x->ssl));
	SSL_clear_options(ssl, mask);
	SSL_set_options(ssl, SSL_CTX_get_options(x->ssl) & mask);
	SSL_set1_groups_list(ssl, x->curves);
}

int
tls_on_client_hello(SSL *ssl, int *ret_alert, void *arg)
{
	const struct tls_bind *b = tls_io_self->cur->of.bind;
	char buf[NAME_MAX_BYTES + 1];
	struct tls_ctx *x;
	struct str name;

	(void)arg;
	MAGIC_OK(b, TLS_BIND_MAGIC);
	if (hello_name(ssl, buf, &name) != 0) {
		*ret_alert = SSL_AD_DECODE_ERROR;
		return SSL_CLIENT_HELLO_ERROR;
	}
	if (b->nctxs == 1 && !b->is_strict)
		return SSL_CLIENT_HELLO_SUCCESS;
	x = choose(b, name, b->nctxs > 1 && hello_can_ec(ssl));
	if (x == NULL) {
		*ret_alert = SSL_AD_UNRECOGNIZED_NAME;
		return SSL_CLIENT_HELLO_ERROR;
	}
	if (x == b->ctxs[0])
		return SSL_CLIENT_HELLO_SUCCESS;
	if (SSL_set_SSL_CTX(ssl, x->ssl) == NULL) {
		*ret_alert = SSL_AD_INTERNAL_ERROR;
		return SSL_CLIENT_HELLO_ERROR;
	}
	if (memcmp(x->policy, b->ctxs[0]->policy, TLS_KEY_BYTES) != 0)
		apply_policy(ssl, x);
	return SSL_CLIENT_HELLO_SUCCESS;
}

/* ---- building ---- */

/* One certificate file; opts of its crt-list line or NULL. */
static struct tls_ctx *
add_crt(struct build *w, const char *path, const struct tls_opts *entry)
{
	struct tls_recipe r = { .word = "crt", .path = path, .defaults = w->g,
	    .where = w->conf->where };
	struct tls_bind *b = w->b;
	struct tls_ctx *x;

	if (entry != NULL)
		r.opts = *entry;
	tls_opts_inherit(&r.opts, &w->conf->opts);
	tls_opts_inherit(&r.opts, &w->g->bind);
	if (r.opts.verify == TLS_VERIFY_UNSET)
		r.opts.verify = TLS_VERIFY_NONE;
	if (w->conf->wants_http_alpn && !r.opts.is_alpn_written) {
		r.opts.alpn = (const uint8_t *)"\x08http/1.1";
		r.opts.alpn_len = 9;
	}
	x = tls_ctx_get(&r, w->d);
	if (x == NULL)
		return NULL;
	b->ctxs = xrealloc(b->ctxs, (b->nctxs + 1) * sizeof(*b->ctxs));
	return b->ctxs[b->nctxs++] = x;
}

static int
add_crt_with_names(struct build *w, const char *path)
{
	struct tls_ctx *x = add_crt(w, path, NULL);

	for (unsigned i = 0; x != NULL && i < x->nnames; i++)
		add_name(w->b, x->names[i], x, NULL);
	return x != NULL ? 0 : -1;
}

/* Files beside the certificates that are read with them. */
static bool
is_companion(const char *name)
{
	static const char *const suffixes[] = { ".key", ".ocsp", ".issuer", ".sctl" };

	for (unsigned i = 0; i < ARRAY_LEN(suffixes); i++)
		if (str_ends(str_of(name), str_of(suffixes[i])))
			return true;
	return false;
}

static int
add_folder(struct build *w, const char *path)
{
	char **names;
	int n = file_list_dir(path, NULL, &names), rc = 0, used = 0;

	if (n < 0) {
		diag_error(w->d, "'crt' : cannot read the folder '%s': %s.", path,
		    strerror(errno));
		return -1;
	}
	for (int i = 0; i < n; i++) {
		if (!is_companion(names[i])) {
			used++;
			if (add_crt_with_names(w, names[i]) != 0)
				rc = -1;
		}
		free(names[i]);
	}
	free(names);
	if (used == 0) {
		diag_error(w->d, "'crt' : the folder '%s' has no certificates.", path);
		rc = -1;
	}
	return rc;
}

static int
add_source(struct build *w, const char *path)
{
	struct tls_file f;
	bool is_dir;

	if (tls_file_read(path, &f) != 0) {
		diag_error(w->d, "'crt' : cannot read '%s': %s.", path, strerror(errno));
		return -1;
	}
	is_dir = f.is_dir;
	tls_file_fini(&f);
	return is_dir ? add_folder(w, path) : add_crt_with_names(w, path);
}

/* ---- crt-list: FILE [options] name ... !name ---- */

static char *
next_word(struct arena *a, char **rest)
{
	struct str line = str_of(*rest), word;

	if (!tls_list_word(&line, &word))
		return NULL;
	*rest += line.p - *rest;
	return arena_strndup(a, word.p, word.len);
}

/* After `[`: option words up to `]`. */
static int
list_options(struct build *w, char **rest, struct tls_opts *o)
{
	char *word, *arg;
	int nargs;

	while ((word = next_word(w->arena, rest)) != NULL) {
		if (strcmp(word, "]") == 0)
			return 0;
		nargs = tls_word_args(word, TLS_IN_CRTLIST);
		if (nargs < 0) {
			diag_error(w->d, "'crt-list' : unknown option '%s'.", word);
			return -1;
		}
		arg = nargs == 1 ? next_word(w->arena, rest) : NULL;
		if (nargs == 1 && (arg == NULL || strcmp(arg, "]") == 0)) {
			diag_error(w->d, "'crt-list' : '%s' expects an argument.", word);
			return -1;
		}
		if (tls_word_set(o, TLS_IN_CRTLIST, word, arg, w->arena, w->d) != 0)
			return -1;
	}
	diag_error(w->d, "'crt-list' : ']' is missing.");
	return -1;
}

static void
add_filter_name(struct crt_filter *f, const char *name)
{
	char *copy = xstrdup(name);

	for (char *c = copy; *c != '\0'; c++)
		*c = ascii_lower(*c);
	f->names = xrealloc(f->names, (f->n + 1) * sizeof(*f->names));
	f->names[f->n++] = copy;
}

/* The names of a line; without any, those of the certificate. */
static void
list_names(struct build *w, char *rest, struct tls_ctx *x)
{
	struct crt_filter *f = xcalloc(1, sizeof(*f));
	bool has_names = false;
	char *word;

	f->next = w->b->filters;
	w->b->filters = f;
	while ((word = next_word(w->arena, &rest)) != NULL) {
		if (word[0] == '!') {
			add_filter_name(f, word + 1);
			continue;
		}
		has_names = true;
		if (strcmp(word, "*") == 0)
			w->b->any = x;
		else
			add_name(w->b, word, x, f);
	}
	for (unsigned i = 0; !has_names && i < x->nnames; i++)
		add_name(w->b, x->names[i], x, f);
}

static int
list_line(struct build *w, char *line)
{
	struct tls_opts o = { 0 };
	char *rest = line, *file, *after, *path, *word;
	struct tls_ctx *x;

	file = next_word(w->arena, &rest);
	if (file == NULL)
		return 0;
	after = rest;
	word = next_word(w->arena, &after);
	if (word != NULL && strcmp(word, "[") == 0) {
		if (list_options(w, &after, &o) != 0)
			return -1;
		rest = after;
	}
	path = tls_path(w->g->crt_base, file);
	x = add_crt(w, path, &o);
	free(path);
	if (x == NULL)
		return -1;
	list_names(w, rest, x);
	return 0;
}

static int
add_list(struct build *w, const char *path, const char *file, int line_of_bind)
{
	struct tls_file f;
	char *line, *rest;
	int rc = 0, n = 0;

	if (tls_file_read(path, &f) != 0 || f.is_dir) {
		diag_error(w->d, "'crt-list' : cannot read '%s': %s.", path,
		    strerror(errno));
		return -1;
	}
	for (rest = f.data; (line = strsep(&rest, "\n")) != NULL; ) {
		diag_at(w->d, path, ++n);
		if (list_line(w, line) != 0)
			rc = -1;
	}
	diag_at(w->d, file, line_of_bind);
	tls_file_fini(&f);
	return rc;
}

static int
add_sources(struct build *w)
{
	int rc = 0;

	for (const struct tls_source *s = w->conf->sources; s != NULL; s = s->next) {
		char *path = tls_path(s->is_list ? NULL : w->g->crt_base, s->path);
		struct tls_used *u = !s->is_list ? NULL :
		    tls_index_note(w->g->index, TLS_KIND_LIST, path, NULL);

		if (u != NULL)
			u->is_default |= s == w->conf->sources;

		if ((s->is_list ? add_list(w, path, s->file, s->line) : add_source(w, path)) != 0)
			rc = -1;
		free(path);
	}
	return rc;
}

struct tls_bind *
tls_bind_new(const struct tls_bind_conf *conf, const struct tls_defaults *g, struct diag *d)
{
	struct build w = { .conf = conf, .g = g, .d = d };
	struct tls_bind *b = xcalloc(1, sizeof(*b));
	int rc;

	b->magic = TLS_BIND_MAGIC;
	b->refs = 1;
	b->is_strict = conf->is_strict;
	b->max_record = g->max_record;
	w.b = b;
	w.arena = arena_new();
	rc = add_sources(&w);
	arena_free(w.arena);
	if (rc == 0 && b->nctxs == 0) {
		diag_error(d, "'ssl' : no certificate is given (use 'crt' or 'crt-list').");
		rc = -1;
	}
	if (rc == 0)
		return b;
	tls_bind_unref(b);
	return NULL;
}

/* ---- life ---- */

struct tls_bind *
tls_bind_ref(struct tls_bind *b)
{
	MAGIC_OK(b, TLS_BIND_MAGIC);
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

static void
filter_free(struct crt_filter *f)
{
	for (unsigned i = 0; i < f->n; i++)
		free(f->names[i]);
	free(f->names);
	free(f);
}

void
tls_bind_unref(struct tls_bind *b)
{
	struct crt_filter *f;
	struct sni_name *e;

	MAGIC_OK(b, TLS_BIND_MAGIC);
	if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (unsigned i = 0; i < b->nctxs; i++)
		tls_ctx_put(b->ctxs[i]);
	for (size_t i = 0; i < b->nbuckets; i++)
		while ((e = b->buckets[i]) != NULL) {
			b->buckets[i] = e->next;
			free(e);
		}
	while ((f = b->filters) != NULL) {
		b->filters = f->next;
		filter_free(f);
	}
	free(b->buckets);
	free(b->ctxs);
	b->magic = 0;
	free(b);
}

SSL_CTX *
tls_bind_ctx(const struct tls_bind *b)
{
	return b->ctxs[0]->ssl;
}

uint32_t
tls_bind_max_record(const struct tls_bind *b)
{
	return b->max_record;
}

bool
tls_bind_signs_slowly(const struct tls_bind *b)
{
	return !b->ctxs[0]->is_ec;
}
