/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See ssl_store.h. Names that were made by a command, or that lost their last use,
 * are kept in a list beside the index of the configuration.
 *
 * Thread: control.
 */
#include "api/ssl_store.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/reload.h"
#include "net/tls_ctx.h"
#include "proxy/global.h"
#include "proxy/tls_cfg.h"

struct made {
	struct made	*next;
	enum tls_kind	 kind;
	char		 name[];
};

static struct {
	struct ssl_txn	 txns[TLS_KINDS];
	struct made	*made;
	unsigned	 reloads;	/* what stands here belongs to */
	bool		 is_locked;	/* a change is under way */
} store;

const struct ssl_noun ssl_nouns[] = {
	{ TLS_KIND_CERT, "cert", "certificate", "Transaction", "certificate", "Certificate",
	  "a certificate" },
	{ TLS_KIND_CA, "ca-file", "CA file", "transaction", "CA", "CA file", "CAs" },
	{ TLS_KIND_CRL, "crl-file", "CRL file", "transaction", "CRL", "CRL file",
	  "CRLs" },
};

const struct ssl_noun *
ssl_noun_of(const struct cli *c)
{
	const struct ssl_noun *n = ssl_nouns;

	while (n->kind < TLS_KIND_CRL && strcmp(n->word, c->words.w[2]) != 0)
		n++;
	return n;
}

/* ---- bytes ---- */

void
ssl_bytes_set(struct ssl_bytes *b, char *data, size_t len)
{
	if (b->data != NULL)
		OPENSSL_cleanse(b->data, b->len);
	free(b->data);
	b->data = data;
	b->len = data != NULL ? len : 0;
}

struct ssl_bytes
ssl_bytes_copy(const struct ssl_bytes *b)
{
	struct ssl_bytes copy = { NULL, b->len };

	if (b->data != NULL) {
		copy.data = memcpy(xmalloc(b->len + 1), b->data, b->len);
		copy.data[b->len] = '\0';
	}
	return copy;
}

struct ssl_bytes
ssl_bytes_decode(struct str base64)
{
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	struct ssl_bytes b = { xmalloc(base64.len + 4), 0 };
	int len = 0, tail = 0;

	EVP_DecodeInit(ctx);
	if (EVP_DecodeUpdate(ctx, (unsigned char *)b.data, &len,
	    (const unsigned char *)base64.p, (int)base64.len) < 0 ||
	    EVP_DecodeFinal(ctx, (unsigned char *)b.data + len, &tail) < 0 || len + tail == 0)
		ssl_bytes_set(&b, NULL, 0);
	else
		b.len = (size_t)(len + tail);
	EVP_ENCODE_CTX_free(ctx);
	return b;
}

struct ssl_txn *
ssl_txn(enum tls_kind kind)
{
	return &store.txns[kind];
}

void
ssl_txn_close(struct ssl_txn *t)
{
	free(t->name);
	t->name = NULL;
	ssl_bytes_set(&t->text, NULL, 0);
	ssl_bytes_set(&t->key, NULL, 0);
	ssl_bytes_set(&t->ocsp, NULL, 0);
}

static void
forget(void)
{
	struct made *m;

	for (int i = 0; i < TLS_KINDS; i++)
		ssl_txn_close(&store.txns[i]);
	while ((m = store.made) != NULL) {
		store.made = m->next;
		free(m);
	}
}

/* ---- names ---- */

static const struct tls_defaults *
defaults(void)
{
	const struct global *g = snapshot_current()->global;

	return g->tls != NULL ? &g->tls->d : NULL;
}

const struct tls_index *
ssl_index(void)
{
	const struct tls_defaults *d = defaults();

	if (store.reloads != reload_count() && !store.is_locked) {
		forget();
		store.reloads = reload_count();
	}
	return d != NULL ? d->index : NULL;
}

static struct made **
made_place(enum tls_kind kind, const char *name)
{
	struct made **at = &store.made;

	while (*at != NULL && ((*at)->kind != kind || strcmp((*at)->name, name) != 0))
		at = &(*at)->next;
	return at;
}

void
ssl_made_add(enum tls_kind kind, const char *name)
{
	size_t len = strlen(name) + 1;
	struct made *m;

	if (*made_place(kind, name) != NULL)
		return;
	m = xmalloc(sizeof *m + len);
	m->kind = kind;
	memcpy(m->name, name, len);
	m->next = store.made;
	store.made = m;
}

void
ssl_made_drop(enum tls_kind kind, const char *name)
{
	struct made **at = made_place(kind, name), *m = *at;

	if (m == NULL)
		return;
	*at = m->next;
	free(m);
}

static bool
is_known(enum tls_kind kind, const char *name)
{
	return tls_index_find(ssl_index(), kind, name) != NULL || *made_place(kind, name) != NULL;
}

char *
ssl_known(enum tls_kind kind, const char *name)
{
	const struct tls_defaults *d = defaults();
	const char *base = d == NULL || kind == TLS_KIND_LIST ? NULL :
	    kind == TLS_KIND_CERT ? d->crt_base : d->ca_base;
	char *full;

	if (is_known(kind, name))
		return xstrdup(name);
	full = tls_path(base, name);
	if (is_known(kind, full))
		return full;
	free(full);
	return NULL;
}

unsigned
ssl_uses(enum tls_kind kind, const char *known)
{
	const struct tls_used *u = tls_index_find(ssl_index(), kind, known);

	return u != NULL ? u->uses : 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Room is made when the number is a power of two. */
static char **
name_add(char **names, size_t *n, const char *name)
{
	if ((*n & (*n - 1)) == 0)
		names = xrealloc(names, (*n > 0 ? 2 * *n : 1) * sizeof *names);
	names[(*n)++] = xstrdup(name);
	return names;
}

char **
ssl_names(enum tls_kind kind, size_t *ret_n)
{
	const struct tls_index *ix = ssl_index();
	char **names = NULL;
	size_t n = 0;

	for (const struct tls_used *u = tls_index_first(ix, kind); u != NULL; u = u->next)
		names = name_add(names, &n, u->name);
	for (const struct made *m = store.made; m != NULL; m = m->next)
		if (m->kind == kind && tls_index_find(ix, kind, m->name) == NULL)
			names = name_add(names, &n, m->name);
	if (n > 0)
		qsort(names, n, sizeof *names, by_name);
	*ret_n = n;
	return names;
}

/* ---- contents ---- */

static struct ssl_bytes
read_file(const char *path)
{
	struct ssl_bytes b = { 0 };

	b.data = config_file(path, &b.len);
	return b;
}

/* What was read of a folder, one behind the other. */
static struct ssl_bytes
read_folder(const char *path)
{
	struct ssl_bytes all = { 0 }, one;
	char **names;
	int n = config_folder(path, &names);

	for (int i = 0; i < n; i++) {
		one = read_file(names[i]);
		free(names[i]);
		if (one.data == NULL)
			continue;
		all.data = xrealloc(all.data, all.len + one.len + 2);
		memcpy(all.data + all.len, one.data, one.len);
		all.len += one.len;
		all.data[all.len++] = '\n';
		all.data[all.len] = '\0';
		ssl_bytes_set(&one, NULL, 0);
	}
	if (n >= 0)
		free(names);
	return all;
}

struct ssl_bytes
ssl_read(enum tls_kind kind, const char *known)
{
	const struct tls_used *u = tls_index_find(ssl_index(), kind, known);

	if (u != NULL && u->is_folder)
		return read_folder(known);
	return read_file(u != NULL ? u->file : known);
}

struct ssl_bytes
ssl_read_with(const char *known, const char *suffix)
{
	char *path = xasprintf("%s%s", known, suffix);
	struct ssl_bytes b = read_file(path);

	free(path);
	return b;
}

/* ---- changes ---- */

struct change {
	struct cli	*c;		/* waits */
	enum tls_kind	 kind;
	ssl_done_fn	*done;
	char		 name[];
};

bool
ssl_unlocked(struct cli *c, const char *what)
{
	(void)ssl_index();
	if (!store.is_locked)
		return true;
	cli_err(c, "Can't %s!\nOperations on certificates are currently locked!", what);
	return false;
}

void
ssl_lock(void)
{
	store.is_locked = true;
}

void
ssl_unlock(void)
{
	store.is_locked = false;
}

static void
on_built(void *arg, bool ok, const char *text)
{
	struct change *ch = arg;

	ssl_unlock();
	ch->done(ch->c, ch->kind, ch->name, ok ? NULL : text);
	cli_done(ch->c);
	free(ch);
}

void
ssl_submit(struct cli *c, enum tls_kind kind, const char *name,
    const struct overlay_file *files, int nfiles, ssl_done_fn *done)
{
	size_t len = strlen(name) + 1;
	struct change *ch = xmalloc(sizeof *ch + len);

	ch->c = c;
	ch->kind = kind;
	ch->done = done;
	memcpy(ch->name, name, len);
	ssl_lock();
	cli_wait(c);
	overlay_files(files, nfiles, on_built, ch);
}

static void
store_stop(void)
{
	forget();
}

const struct module mod_ssl_store = { .name = "ssl_store", .stop = store_stop };
