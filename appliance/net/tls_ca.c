/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CA stores: the certificates and CRLs that verify the other side, shared by
 * all listeners and servers that name files with the same bytes (a thousand
 * servers that trust the system's CAs hold one copy).
 *
 * Control thread or a job thread; tls_ca_put any thread.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "net/tls_ctx.h"
#include "net/tls_index.h"
#include "net/tls_store.h"

#define SYSTEM_CA	"@system-ca"

static pthread_mutex_t	 ca_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tls_ca	*ca_all;

/* Files read for one CA object. */
struct ca_texts {
	struct tls_file	*files;		/* owned */
	char		**paths;	/* owned */
	unsigned	 n;
	unsigned	 nnamed;	/* the first ones: ca-file, whose names clients are told */
};

char *
tls_path(const char *base, const char *path)
{
	if (base == NULL || base[0] == '\0' || path[0] == '/' || path[0] == '@')
		return xstrdup(path);
	return xasprintf("%s/%s", base, path);
}

static int
texts_add_file(struct ca_texts *t, const char *word, const char *path, struct diag *d)
{
	struct tls_file f;

	if (tls_file_read(path, &f) != 0) {
		diag_error(d, "'%s' : cannot read '%s': %s.", word, path, strerror(errno));
		return -1;
	}
	if (f.is_dir) {
		diag_error(d, "'%s' : '%s' is a folder inside of a folder.", word, path);
		return -1;
	}
	t->files = xrealloc(t->files, (t->n + 1) * sizeof(*t->files));
	t->paths = xrealloc(t->paths, (t->n + 1) * sizeof(*t->paths));
	t->files[t->n] = f;
	t->paths[t->n++] = xstrdup(path);
	return 0;
}

static bool
is_ca_name(const char *name)
{
	struct str s = str_of(name);

	return str_ends(s, STR(".pem")) || str_ends(s, STR(".crt")) ||
	    str_ends(s, STR(".cer")) || str_ends(s, STR(".crl"));
}

static int
texts_add_folder(struct ca_texts *t, const char *word, const char *path, struct diag *d)
{
	char **names;
	int n = file_list_dir(path, NULL, &names), rc = 0;

	if (n < 0) {
		diag_error(d, "'%s' : cannot read the folder '%s': %s.", word, path,
		    strerror(errno));
		return -1;
	}
	for (int i = 0; i < n; i++) {
		if (rc == 0 && is_ca_name(names[i]))
			rc = texts_add_file(t, word, names[i], d);
		free(names[i]);
	}
	free(names);
	return rc;
}

/* Debian's bundle, else what OpenSSL was built to look at. */
static int
texts_add_system(struct ca_texts *t, const char *word, struct diag *d)
{
	static const char *const bundles[] = {
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/cert.pem", NULL
	};
	const char *env = getenv(X509_get_default_cert_file_env());
	struct tls_file f;

	if (env != NULL)
		return texts_add_file(t, word, env, d);
	for (int i = 0; bundles[i] != NULL; i++)
		if (tls_file_read(bundles[i], &f) == 0) {
			tls_file_fini(&f);
			return texts_add_file(t, word, bundles[i], d);
		}
	diag_error(d, "'%s' : this system has no CA certificates (/etc/ssl/certs/"
	    "ca-certificates.crt): install the package ca-certificates, or name a 'ca-file', "
	    "or write 'verify none'.", word);
	return -1;
}

static void
note(const struct ca_texts *t, const char *word, const char *name, bool is_folder,
    struct tls_index *ix)
{
	struct tls_used *u = tls_index_note(ix, word[1] == 'r' ? TLS_KIND_CRL : TLS_KIND_CA,
	    name, is_folder ? NULL : t->paths[t->n - 1]);

	if (u != NULL)
		u->is_folder = is_folder;
}

static int
texts_add(struct ca_texts *t, const char *word, const struct tls_defaults *g,
    const char *path, struct diag *d)
{
	struct tls_file f;
	char *full;
	int rc;

	if (path == NULL)
		return 0;
	if (strcmp(path, SYSTEM_CA) == 0) {
		rc = texts_add_system(t, word, d);
		if (rc == 0)
			note(t, word, path, false, g->index);
		return rc;
	}
	full = tls_path(g->ca_base, path);
	if (tls_file_read(full, &f) == 0 && f.is_dir)
		rc = texts_add_folder(t, word, full, d);
	else
		rc = texts_add_file(t, word, full, d);
	if (rc == 0)
		note(t, word, full, f.is_dir, g->index);
	if (rc == 0 && !f.is_dir)
		tls_file_fini(&f);
	free(full);
	return rc;
}

static void
texts_fini(struct ca_texts *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		tls_file_fini(&t->files[i]);
		free(t->paths[i]);
	}
	free(t->files);
	free(t->paths);
}

static void
texts_key(const struct ca_texts *t, uint8_t ret_key[TLS_KEY_BYTES])
{
	struct tls_hash h;

	tls_hash_init(&h);
	for (unsigned i = 0; i < t->n; i++)
		tls_hash_mem(&h, i < t->nnamed ? "ca" : "more", t->files[i].data,
		    t->files[i].len);
	tls_hash_fini(&h, ret_key);
}

static int
add_name(struct tls_ca *ca, X509 *x)
{
	X509_NAME *name = X509_get_subject_name(x), *copy;

	for (int i = 0; i < sk_X509_NAME_num(ca->names); i++)
		if (X509_NAME_cmp(sk_X509_NAME_value(ca->names, i), name) == 0)
			return 0;
	copy = X509_NAME_dup(name);
	if (copy != NULL && sk_X509_NAME_push(ca->names, copy) > 0)
		return 0;
	X509_NAME_free(copy);
	return -1;
}

/* Certificates and CRLs of one text go into the store. */
static int
add_text(struct tls_ca *ca, const char *path, const struct tls_file *f, bool is_named,
    struct diag *d)
{
	char err[256] = "no memory";
	struct tls_pem pem;
	int rc = 0, n = 0;

	if (tls_pem_parse(f->data, f->len, &pem, err, sizeof(err)) != 0) {
		diag_error(d, "'ca-file' : '%s': %s.", path, err);
		return -1;
	}
	for (int i = 0; rc == 0 && i < sk_X509_num(pem.certs); i++, n++)
		if (X509_STORE_add_cert(ca->store, sk_X509_value(pem.certs, i)) != 1 ||
		    (is_named && add_name(ca, sk_X509_value(pem.certs, i)) != 0))
			rc = -1;
	for (int i = 0; rc == 0 && i < sk_X509_CRL_num(pem.crls); i++, n++)
		if (X509_STORE_add_crl(ca->store, sk_X509_CRL_value(pem.crls, i)) != 1)
			rc = -1;
	if (rc != 0)
		diag_error(d, "'ca-file' : '%s': %s.", path, tls_last_reason(err, sizeof(err)));
	else if (n == 0) {
		diag_error(d, "'ca-file' : '%s' holds neither a certificate nor a CRL.", path);
		rc = -1;
	}
	if (sk_X509_CRL_num(pem.crls) > 0)
		X509_STORE_set_flags(ca->store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	tls_pem_fini(&pem);
	ERR_clear_error();
	return rc;
}

static void
ca_free(struct tls_ca *ca)
{
	X509_STORE_free(ca->store);
	sk_X509_NAME_pop_free(ca->names, X509_NAME_free);
	free(ca);
}

static struct tls_ca *
ca_build(const struct ca_texts *t, struct diag *d)
{
	struct tls_ca *ca = xcalloc(1, sizeof(*ca));

	ca->refs = 1;
	ca->store = X509_STORE_new();
	ca->names = sk_X509_NAME_new_null();
	for (unsigned i = 0; i < t->n; i++)
		if (add_text(ca, t->paths[i], &t->files[i], i < t->nnamed, d) != 0) {
			ca_free(ca);
			return NULL;
		}
	return ca;
}

static struct tls_ca *
ca_find(const uint8_t key[TLS_KEY_BYTES])
{
	struct tls_ca *ca;

	pthread_mutex_lock(&ca_lock);
	for (ca = ca_all; ca != NULL; ca = ca->next)
		if (memcmp(ca->key, key, TLS_KEY_BYTES) == 0)
			break;
	if (ca != NULL)
		ca->refs++;
	pthread_mutex_unlock(&ca_lock);
	return ca;
}

static struct tls_ca *
ca_add(struct tls_ca *ca, const uint8_t key[TLS_KEY_BYTES])
{
	memcpy(ca->key, key, TLS_KEY_BYTES);
	pthread_mutex_lock(&ca_lock);
	ca->next = ca_all;
	ca_all = ca;
	pthread_mutex_unlock(&ca_lock);
	return ca;
}

struct tls_ca *
tls_ca_get(const struct tls_ca_files *files, const struct tls_defaults *g, struct diag *d)
{
	uint8_t key[TLS_KEY_BYTES];
	struct ca_texts t = { 0 };
	struct tls_ca *ca = NULL;

	if (texts_add(&t, "ca-file", g, files->ca, d) == 0) {
		t.nnamed = t.n;
		if (texts_add(&t, "ca-verify-file", g, files->ca_verify, d) == 0 &&
		    texts_add(&t, "crl-file", g, files->crl, d) == 0) {
			texts_key(&t, key);
			ca = ca_find(key);
			if (ca == NULL && (ca = ca_build(&t, d)) != NULL)
				ca = ca_add(ca, key);
		}
	}
	texts_fini(&t);
	return ca;
}

void
tls_ca_put(struct tls_ca *ca)
{
	struct tls_ca **pp;
	bool is_last;

	if (ca == NULL)
		return;
	pthread_mutex_lock(&ca_lock);
	is_last = --ca->refs == 0;
	if (is_last) {
		for (pp = &ca_all; *pp != ca; pp = &(*pp)->next)
			;
		*pp = ca->next;
	}
	pthread_mutex_unlock(&ca_lock);
	if (is_last)
		ca_free(ca);
}
