/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making an SSL_CTX from a recipe, and the table of those alive.
 *
 * The key of a context is a hash over everything that goes into it, file bytes
 * included; two lines that say the same share one context, and a reload finds
 * the old one. Server lines differ in their saved sessions only, which lie
 * outside of the context (tls_server.c).
 *
 * Building runs in the control thread or a job thread; the callbacks in the
 * thread of the connection.
 */
#include "net/tls_ctx.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "net/tls_index.h"
#include "net/tls_int.h"
#include "net/tls_store.h"

#define CIPHERS_12 \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define CIPHERS_13 \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#if OPENSSL_VERSION_NUMBER >= 0x30500000L
#define CURVES	"X25519MLKEM768:X25519:P-256:P-384"
#else
#define CURVES	"X25519:P-256:P-384"
#endif

#define CTX_BUCKETS	256	/* by the first byte of the key */

static pthread_mutex_t	 ctx_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tls_ctx	*ctx_all[CTX_BUCKETS];
static pthread_once_t	 ctx_once = PTHREAD_ONCE_INIT;
static int		 ctx_index;

/* ---- hashing ---- */

void
tls_hash_init(struct tls_hash *h)
{
	h->md = EVP_MD_CTX_new();
	WEIR_ASSERT(h->md != NULL && EVP_DigestInit_ex(h->md, EVP_sha256(), NULL) == 1);
}

void
tls_hash_mem(struct tls_hash *h, const char *tag, const void *p, size_t len)
{
	uint64_t n = len;

	EVP_DigestUpdate(h->md, tag, strlen(tag) + 1);
	EVP_DigestUpdate(h->md, &n, sizeof(n));
	EVP_DigestUpdate(h->md, p, len);
}

void
tls_hash_text(struct tls_hash *h, const char *tag, const char *s)
{
	if (s != NULL)
		tls_hash_mem(h, tag, s, strlen(s));
	else
		tls_hash_mem(h, "unset", tag, strlen(tag));
}

void
tls_hash_fini(struct tls_hash *h, uint8_t ret_key[TLS_KEY_BYTES])
{
	EVP_DigestFinal_ex(h->md, ret_key, NULL);
	EVP_MD_CTX_free(h->md);
	h->md = NULL;
}

/* What the peer may see but the certificate. */
static void
hash_policy(struct tls_hash *h, const struct tls_recipe *r, const struct tls_ca *ca)
{
	const struct tls_opts *o = &r->opts;
	const struct tls_defaults *g = r->defaults;
	uint32_t n[] = {
		tls_opts_versions(o), o->verify, o->tickets, o->client_order, o->ca_names,
		g->cache_entries, g->lifetime_s, g->dh_bits, r->is_server_line, r->has_reuse,
		o->is_alpn_written,
	};

	tls_hash_mem(h, "numbers", n, sizeof(n));
	tls_hash_mem(h, "crt-ignore", &o->crt_ignore, sizeof(o->crt_ignore));
	tls_hash_mem(h, "ca-ignore", &o->ca_ignore, sizeof(o->ca_ignore));
	tls_hash_mem(h, "alpn", o->alpn, o->alpn_len);
	tls_hash_text(h, "ciphers", o->ciphers);
	tls_hash_text(h, "ciphersuites", o->ciphersuites);
	tls_hash_text(h, "curves", o->curves);
	tls_hash_text(h, "sigalgs", o->sigalgs);
	tls_hash_text(h, "client-sigalgs", o->client_sigalgs);
	tls_hash_text(h, "dh", g->dh_file);
	tls_hash_text(h, "where", r->where);
	tls_hash_text(h, "verifyhost", r->verifyhost);
	if (ca != NULL)
		tls_hash_mem(h, "ca", ca->key, TLS_KEY_BYTES);
}

static void
hash_pair(struct tls_hash *h, const struct tls_pair *pair, const struct tls_file *ocsp)
{
	for (int i = 0; i < 2; i++)
		if (pair->files[i].data != NULL)
			tls_hash_mem(h, "pem", pair->files[i].data, pair->files[i].len);
	if (ocsp->data != NULL)
		tls_hash_mem(h, "ocsp", ocsp->data, ocsp->len);
}

/* ---- callbacks ---- */

struct tls_ctx *
tls_ctx_of(const SSL_CTX *ssl)
{
	struct tls_ctx *x = SSL_CTX_get_ex_data(ssl, ctx_index);

	MAGIC_OK(x, TLS_CTX_MAGIC);
	return x;
}

/* The first error of the certificate itself, and of those above it. */
static void
note_verify_error(int depth, int error)
{
	struct tls *t = tls_io_self != NULL ? tls_io_self->cur : NULL;
	uint16_t *at = t == NULL ? NULL : depth > 0 ? &t->ca_err : &t->c_err;

	if (at != NULL && *at == 0)
		*at = (uint16_t)error;
}

static int
on_verify(int is_good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_ctx *x = tls_ctx_of(SSL_get_SSL_CTX(ssl));
	int depth = X509_STORE_CTX_get_error_depth(store);

	if (is_good)
		return 1;
	note_verify_error(depth, X509_STORE_CTX_get_error(store));
	return tls_ignore_has(depth > 0 ? &x->ca_ignore : &x->crt_ignore,
	    X509_STORE_CTX_get_error(store));
}

/* RFC 7301: our first that the client has; none in common: go on without. */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in,
    unsigned int inlen, void *arg)
{
	struct tls_ctx *x = tls_ctx_of(SSL_get_SSL_CTX(ssl));

	(void)arg;
	for (unsigned i = 0; i < x->alpn_len; i += 1u + x->alpn[i])
		for (unsigned j = 0; j < inlen; j += 1u + in[j])
			if (x->alpn[i] == in[j] && j + 1u + in[j] <= inlen &&
			    memcmp(x->alpn + i + 1, in + j + 1, in[j]) == 0) {
				*out = in + j + 1;
				*outlen = in[j];
				return SSL_TLSEXT_ERR_OK;
			}
	return SSL_TLSEXT_ERR_NOACK;
}

/* The name was used already (client hello); this keeps it with the session. */
static int
on_servername(SSL *ssl, int *al, void *arg)
{
	(void)al, (void)arg;
	return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != NULL ?
	    SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static int
on_status(SSL *ssl, void *arg)
{
	struct tls_ctx *x = tls_ctx_of(SSL_get_SSL_CTX(ssl));
	unsigned char *copy;

	(void)arg;
	if (x->ocsp == NULL || (copy = OPENSSL_memdup(x->ocsp, x->ocsp_len)) == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)x->ocsp_len);
	return SSL_TLSEXT_ERR_OK;
}

/* ---- names of the certificate ---- */

static void
add_dns_name(struct tls_ctx *x, const unsigned char *p, int len)
{
	char *name;

	if (len <= 0 || len > 255 || memchr(p, '\0', (size_t)len) != NULL)
		return;
	name = xstrndup((const char *)p, (size_t)len);
	for (char *c = name; *c != '\0'; c++)
		*c = ascii_lower(*c);
	for (unsigned i = 0; i < x->nnames; i++)
		if (strcmp(x->names[i], name) == 0) {
			free(name);
			return;
		}
	x->names = xrealloc(x->names, (x->nnames + 1) * sizeof(*x->names));
	x->names[x->nnames++] = name;
}

static void
take_common_names(struct tls_ctx *x, const X509 *leaf)
{
	X509_NAME *subject = X509_get_subject_name(leaf);
	unsigned char *utf8;
	int i = -1, len;

	while ((i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0) {
		len = ASN1_STRING_to_UTF8(&utf8,
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
		if (len < 0)
			continue;
		add_dns_name(x, utf8, len);
		OPENSSL_free(utf8);
	}
}

static void
take_names(struct tls_ctx *x, X509 *leaf)
{
	GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	const GENERAL_NAME *g;

	for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		g = sk_GENERAL_NAME_value(san, i);
		if (g->type == GEN_DNS)
			add_dns_name(x, ASN1_STRING_get0_data(g->d.dNSName),
			    ASN1_STRING_length(g->d.dNSName));
	}
	GENERAL_NAMES_free(san);
	take_common_names(x, leaf);
}

/* ---- building ---- */

/*
 * The seam for keys that do not live in this process (a provider, the helper):
 * all signing of a context is by the key given here.
 */
int
tls_sign(SSL_CTX *ctx, X509 *leaf, STACK_OF(X509) *chain, EVP_PKEY *key)
{
	return SSL_CTX_use_cert_and_key(ctx, leaf, key, chain, 1) == 1 ? 0 : -1;
}

static int
failed(struct diag *d, const char *word, const char *value)
{
	char reason[128];

	diag_error(d, "'%s' : unable to use '%s': %s.", word, value,
	    tls_last_reason(reason, sizeof(reason)));
	return -1;
}

static int
set_versions(SSL_CTX *c, unsigned set, const struct tls_recipe *r, struct diag *d)
{
	static const uint64_t no[] = { SSL_OP_NO_TLSv1, SSL_OP_NO_TLSv1_1, SSL_OP_NO_TLSv1_2,
	    SSL_OP_NO_TLSv1_3 };
	int min = -1, max = -1;

	for (int i = 0; i < 4; i++) {
		if (!(set & 1u << i))
			continue;
		min = min < 0 ? i : min;
		max = i;
	}
	if (min < 0) {
		diag_error(d, "'ssl-min-ver' : no TLS version is left%s%s.",
		    r->path != NULL ? " for " : "", r->path != NULL ? r->path : "");
		return -1;
	}
	SSL_CTX_set_min_proto_version(c, TLS1_VERSION + min);
	SSL_CTX_set_max_proto_version(c, TLS1_VERSION + max);
	for (int i = min; i <= max; i++)
		if (!(set & 1u << i))
			SSL_CTX_set_options(c, no[i]);
	return 0;
}

static int
set_algorithms(struct tls_ctx *x, const struct tls_recipe *r, struct diag *d)
{
	const struct tls_opts *o = &r->opts;
	SSL_CTX *c = x->ssl;

	if (SSL_CTX_set_cipher_list(c, o->ciphers != NULL ? o->ciphers : CIPHERS_12) != 1)
		return failed(d, "ciphers", o->ciphers);
	if (SSL_CTX_set_ciphersuites(c, o->ciphersuites != NULL ? o->ciphersuites :
	    CIPHERS_13) != 1)
		return failed(d, "ciphersuites", o->ciphersuites);
	x->curves = xstrdup(o->curves != NULL ? o->curves : CURVES);
	if (SSL_CTX_set1_groups_list(c, x->curves) != 1)
		return failed(d, "curves", x->curves);
	if (o->sigalgs != NULL && SSL_CTX_set1_sigalgs_list(c, o->sigalgs) != 1)
		return failed(d, "sigalgs", o->sigalgs);
	if (o->client_sigalgs != NULL && SSL_CTX_set1_client_sigalgs_list(c,
	    o->client_sigalgs) != 1)
		return failed(d, "client-sigalgs", o->client_sigalgs);
	ERR_clear_error();	/* unknown names beside known ones leave entries */
	return 0;
}

/* A named group of RFC 7919, not stronger than asked. */
static EVP_PKEY *
dh_of_group(unsigned bits)
{
	char name2[] = "ffdhe2048", name3[] = "ffdhe3072", name4[] = "ffdhe4096";
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	OSSL_PARAM params[2] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
		    bits >= 4096 ? name4 : bits >= 3072 ? name3 : name2, 0),
		OSSL_PARAM_construct_end()
	};
	EVP_PKEY *dh = NULL;

	if (c == NULL || EVP_PKEY_fromdata_init(c) != 1 ||
	    EVP_PKEY_fromdata(c, &dh, EVP_PKEY_KEY_PARAMETERS, params) != 1)
		dh = NULL;
	EVP_PKEY_CTX_free(c);
	return dh;
}

static EVP_PKEY *
dh_of_file(const char *path, struct diag *d)
{
	char err[128] = "no memory";
	struct tls_file f;
	struct tls_pem pem;
	EVP_PKEY *dh = NULL;

	if (tls_file_read(path, &f) != 0 || f.is_dir) {
		diag_error(d, "'ssl-dh-param-file' : cannot read '%s'.", path);
		return NULL;
	}
	if (tls_pem_parse(f.data, f.len, &pem, err, sizeof(err)) != 0)
		diag_error(d, "'ssl-dh-param-file' : '%s': %s.", path, err);
	else {
		dh = pem.dh;
		pem.dh = NULL;
		tls_pem_fini(&pem);
		if (dh == NULL)
			diag_error(d, "'ssl-dh-param-file' : '%s' holds no DH PARAMETERS.", path);
	}
	tls_file_fini(&f);
	return dh;
}

/* Used only when `ciphers` names DHE suites: the PEM's own, the file's, a group. */
static int
set_dh(struct tls_ctx *x, const struct tls_recipe *r, struct tls_pem *pem, struct diag *d)
{
	EVP_PKEY *dh = NULL;

	if (r->opts.ciphers == NULL || r->is_server_line)
		return 0;
	if (pem != NULL && pem->dh != NULL) {
		dh = pem->dh;
		pem->dh = NULL;
	} else if (r->defaults->dh_file != NULL)
		dh = dh_of_file(r->defaults->dh_file, d);
	else
		dh = dh_of_group(r->defaults->dh_bits);
	if (dh == NULL)
		return r->defaults->dh_file != NULL ? -1 : 0;
	if (SSL_CTX_set0_tmp_dh_pkey(x->ssl, dh) != 1) {
		EVP_PKEY_free(dh);
		return failed(d, "tune.ssl.default-dh-param", "DH parameters");
	}
	return 0;
}

static void
set_common(struct tls_ctx *x, const struct tls_recipe *r)
{
	SSL_CTX *c = x->ssl;

	SSL_CTX_set_ex_data(c, ctx_index, x);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_info_callback(c, tls_on_info);
	x->has_tickets = r->opts.tickets != TLS_OFF;
	x->client_order = r->opts.client_order == TLS_ON;
	if (!x->has_tickets)
		SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
	if (!x->client_order)
		SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE);
}

static int
set_verify_front(struct tls_ctx *x, const struct tls_recipe *r, struct diag *d)
{
	int mode = SSL_VERIFY_NONE;
	STACK_OF(X509_NAME) *names;

	if (r->opts.verify == TLS_VERIFY_REQUIRED)
		mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	else if (r->opts.verify == TLS_VERIFY_OPTIONAL)
		mode = SSL_VERIFY_PEER;
	if (mode == SSL_VERIFY_NONE)
		return 0;
	if (r->opts.ca_file == NULL && r->opts.ca_verify_file == NULL) {
		diag_error(d, "'verify' : '%s' needs a 'ca-file' to verify client certificates "
		    "with.", r->opts.verify == TLS_VERIFY_OPTIONAL ? "optional" : "required");
		return -1;
	}
	SSL_CTX_set_verify(x->ssl, mode, on_verify);
	SSL_CTX_set1_cert_store(x->ssl, x->ca->store);
	if (r->opts.ca_names != TLS_OFF) {
		names = SSL_dup_CA_list(x->ca->names);
		SSL_CTX_set_client_CA_list(x->ssl, names);
	}
	return 0;
}

/* Sessions resume only where they were made: CVE-2025-23419 and its like. */
static void
set_session_context(struct tls_ctx *x, const struct tls_recipe *r)
{
	uint8_t id[TLS_KEY_BYTES];
	struct tls_hash h;

	_Static_assert(TLS_KEY_BYTES <= SSL_MAX_SID_CTX_LENGTH, "it fits");
	tls_hash_init(&h);
	tls_hash_text(&h, "where", r->where);
	tls_hash_mem(&h, "verify", &r->opts.verify, sizeof(r->opts.verify));
	tls_hash_mem(&h, "crt-ignore", &r->opts.crt_ignore, sizeof(r->opts.crt_ignore));
	tls_hash_mem(&h, "ca-ignore", &r->opts.ca_ignore, sizeof(r->opts.ca_ignore));
	if (x->ca != NULL)
		tls_hash_mem(&h, "ca", x->ca->key, TLS_KEY_BYTES);
	tls_hash_fini(&h, id);
	SSL_CTX_set_session_id_context(x->ssl, id, TLS_KEY_BYTES);
}

static int
set_front(struct tls_ctx *x, const struct tls_recipe *r, struct diag *d)
{
	const struct tls_defaults *g = r->defaults;
	SSL_CTX *c = x->ssl;

	if (set_verify_front(x, r, d) != 0)
		return -1;
	set_session_context(x, r);
	SSL_CTX_set_num_tickets(c, 1);
	SSL_CTX_set_session_cache_mode(c, g->cache_entries > 0 ? SSL_SESS_CACHE_SERVER :
	    SSL_SESS_CACHE_OFF);
	SSL_CTX_sess_set_cache_size(c, (long)g->cache_entries);
	SSL_CTX_set_timeout(c, (long)g->lifetime_s);
	tls_tickets_use(c);
	SSL_CTX_set_client_hello_cb(c, tls_on_client_hello, NULL);
	SSL_CTX_set_tlsext_servername_callback(c, on_servername);
	if (x->alpn_len > 0)
		SSL_CTX_set_alpn_select_cb(c, on_alpn, NULL);
	if (x->ocsp != NULL)
		SSL_CTX_set_tlsext_status_cb(c, on_status);
	return 0;
}

/* Verification as a client, unless `verify none`. */
static int
set_back(struct tls_ctx *x, const struct tls_recipe *r)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(x->ssl);

	SSL_CTX_set_session_cache_mode(x->ssl, r->has_reuse ?
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
	if (x->alpn_len > 0)
		SSL_CTX_set_alpn_protos(x->ssl, x->alpn, x->alpn_len);
	if (r->opts.verify == TLS_VERIFY_NONE)
		return 0;
	SSL_CTX_set_verify(x->ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set1_cert_store(x->ssl, x->ca->store);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (r->verifyhost != NULL)
		return X509_VERIFY_PARAM_set1_host(param, r->verifyhost,
		    strlen(r->verifyhost)) == 1 ? 0 : -1;
	return 0;
}

static void
set_texts(struct tls_ctx *x, const struct tls_recipe *r, struct tls_file *ocsp)
{
	x->crt_ignore = r->opts.crt_ignore;
	x->ca_ignore = r->opts.ca_ignore;
	x->versions = tls_opts_versions(&r->opts);
	if (r->opts.alpn_len > 0) {
		x->alpn = xmalloc(r->opts.alpn_len);
		memcpy(x->alpn, r->opts.alpn, r->opts.alpn_len);
		x->alpn_len = r->opts.alpn_len;
	}
	if (ocsp->data != NULL) {
		x->ocsp = (uint8_t *)ocsp->data;
		x->ocsp_len = ocsp->len;
		ocsp->data = NULL;
	}
}

static int
set_pair(struct tls_ctx *x, const struct tls_recipe *r, struct tls_pair *pair, struct diag *d)
{
	X509 *leaf;

	if (tls_pair_parse(r->word, r->path, pair, d) != 0)
		return -1;
	leaf = sk_X509_shift(pair->pem.certs);
	x->is_ec = EVP_PKEY_is_a(pair->pem.key, "EC");
	x->not_after_s = tls_time_s(X509_get0_notAfter(leaf));
	take_names(x, leaf);
	if (tls_sign(x->ssl, leaf, pair->pem.certs, pair->pem.key) != 0) {
		X509_free(leaf);
		return failed(d, r->word, r->path);
	}
	X509_free(leaf);
	return 0;
}

static void
ctx_free(struct tls_ctx *x)
{
	SSL_CTX_free(x->ssl);
	tls_ca_put(x->ca);
	for (unsigned i = 0; i < x->nnames; i++)
		free(x->names[i]);
	free(x->names);
	free(x->alpn);
	free(x->curves);
	free(x->ocsp);
	x->magic = 0;
	free(x);
}

static int
ctx_fill(struct tls_ctx *x, const struct tls_recipe *r, struct tls_pair *pair, struct diag *d)
{
	if (x->ssl == NULL) {
		diag_error(d, "'%s' : no memory for a TLS context.", r->word);
		return -1;
	}
	set_common(x, r);
	if (set_versions(x->ssl, x->versions, r, d) != 0 || set_algorithms(x, r, d) != 0)
		return -1;
	if (r->path != NULL && set_pair(x, r, pair, d) != 0)
		return -1;
	if (set_dh(x, r, r->path != NULL ? &pair->pem : NULL, d) != 0)
		return -1;
	return r->is_server_line ? set_back(x, r) : set_front(x, r, d);
}

/* Takes over ca and ocsp, also when it fails. */
static struct tls_ctx *
ctx_build(const struct tls_recipe *r, struct tls_pair *pair, struct tls_file *ocsp,
    struct tls_ca *ca, struct diag *d)
{
	struct tls_ctx *x = xcalloc(1, sizeof(*x));

	x->magic = TLS_CTX_MAGIC;
	x->refs = 1;
	x->ca = ca;
	x->ssl = SSL_CTX_new(r->is_server_line ? TLS_client_method() : TLS_server_method());
	set_texts(x, r, ocsp);
	if (ctx_fill(x, r, pair, d) == 0)
		return x;
	ERR_clear_error();
	ctx_free(x);
	return NULL;
}

/* ---- the table ---- */

static void
ctx_init_once(void)
{
	ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	WEIR_ASSERT(ctx_index >= 0);
}

static struct tls_ctx *
ctx_find(const uint8_t key[TLS_KEY_BYTES])
{
	struct tls_ctx *x;

	pthread_mutex_lock(&ctx_lock);
	for (x = ctx_all[key[0]]; x != NULL; x = x->next)
		if (memcmp(x->key, key, TLS_KEY_BYTES) == 0)
			break;
	if (x != NULL)
		x->refs++;
	pthread_mutex_unlock(&ctx_lock);
	return x;
}

static void
ctx_add(struct tls_ctx *x)
{
	pthread_mutex_lock(&ctx_lock);
	x->next = ctx_all[x->key[0]];
	ctx_all[x->key[0]] = x;
	pthread_mutex_unlock(&ctx_lock);
}

/* The files of one context, as bytes. */
static int
read_inputs(const struct tls_recipe *r, struct tls_pair *ret_pair, struct tls_file *ret_ocsp,
    struct diag *d)
{
	char *path;

	memset(ret_pair, 0, sizeof(*ret_pair));
	memset(ret_ocsp, 0, sizeof(*ret_ocsp));
	if (r->path == NULL)
		return 0;
	if (tls_pair_read(r->word, r->path, ret_pair, d) != 0)
		return -1;
	if (r->is_server_line)
		return 0;
	path = xasprintf("%s.ocsp", r->path);
	(void)tls_file_read(path, ret_ocsp);	/* none: nothing is stapled */
	free(path);
	return 0;
}

/* CAs are needed where something is verified. */
static int
read_ca(const struct tls_recipe *r, struct tls_ca **ret_ca, struct diag *d)
{
	const struct tls_opts *o = &r->opts;
	const char *ca_file = o->ca_file;

	*ret_ca = NULL;
	if (o->verify == TLS_VERIFY_NONE || (!r->is_server_line && ca_file == NULL &&
	    o->ca_verify_file == NULL))
		return 0;
	if (r->is_server_line && ca_file == NULL)
		ca_file = "@system-ca";
	*ret_ca = tls_ca_get(&(struct tls_ca_files){ ca_file, o->ca_verify_file, o->crl_file },
	    r->defaults, d);
	return *ret_ca != NULL ? 0 : -1;
}

static void
note(const struct tls_recipe *r, const struct tls_ctx *x)
{
	struct tls_used *u;

	if (r->path == NULL)
		return;
	u = tls_index_note(r->defaults->index, TLS_KIND_CERT, r->path, NULL);
	if (u == NULL)
		return;
	u->not_after_s = x->not_after_s;
	u->has_ocsp |= x->ocsp != NULL;
}

struct tls_ctx *
tls_ctx_get(const struct tls_recipe *r, struct diag *d)
{
	uint8_t key[TLS_KEY_BYTES], policy[TLS_KEY_BYTES];
	struct tls_ctx *x = NULL;
	struct tls_pair pair;
	struct tls_file ocsp;
	struct tls_ca *ca = NULL;
	struct tls_hash h;

	pthread_once(&ctx_once, ctx_init_once);
	if (read_inputs(r, &pair, &ocsp, d) != 0 || read_ca(r, &ca, d) != 0)
		goto out;
	tls_hash_init(&h);
	hash_policy(&h, r, ca);
	tls_hash_fini(&h, policy);
	tls_hash_init(&h);
	tls_hash_mem(&h, "policy", policy, sizeof(policy));
	hash_pair(&h, &pair, &ocsp);
	tls_hash_fini(&h, key);
	x = ctx_find(key);
	if (x != NULL) {
		tls_ca_put(ca);
	} else if ((x = ctx_build(r, &pair, &ocsp, ca, d)) != NULL) {
		memcpy(x->key, key, sizeof(key));
		memcpy(x->policy, policy, sizeof(policy));
		ctx_add(x);
	}
	if (x != NULL)
		note(r, x);
out:
	tls_pair_fini(&pair);
	tls_file_fini(&ocsp);
	return x;
}

struct tls_ctx *
tls_ctx_ref(struct tls_ctx *x)
{
	MAGIC_OK(x, TLS_CTX_MAGIC);
	x->refs++;
	return x;
}

void
tls_ctx_put(struct tls_ctx *x)
{
	struct tls_ctx **pp;
	bool is_last;

	MAGIC_OK(x, TLS_CTX_MAGIC);
	pthread_mutex_lock(&ctx_lock);
	is_last = --x->refs == 0;
	if (is_last) {
		for (pp = &ctx_all[x->key[0]]; *pp != x; pp = &(*pp)->next)
			;
		*pp = x->next;
	}
	pthread_mutex_unlock(&ctx_lock);
	if (is_last)
		ctx_free(x);
}

unsigned
tls_store_contexts(void)
{
	unsigned n = 0;

	pthread_mutex_lock(&ctx_lock);
	for (unsigned i = 0; i < CTX_BUCKETS; i++)
		for (struct tls_ctx *x = ctx_all[i]; x != NULL; x = x->next)
			n++;
	pthread_mutex_unlock(&ctx_lock);
	return n;
}
