/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * set and add of certificates, CA files and CRL files: a payload is looked at and goes
 * into a transaction. What cannot be used is refused here, in OpenSSL's words.
 *
 * Thread: control; parsing is a job's, for a payload may be long.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/ssl_store.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "event/job.h"
#include "net/tls_pem.h"
#include "net/tls_text.h"

/* ---- what is in a payload ---- */

/* NULL, or why it is no use as a certificate, owned. */
static char *
wrong_with_cert(const char *name, const struct ssl_bytes *b)
{
	char err[256] = "no memory", *wrong = NULL;
	struct tls_pem pem;

	if (tls_pem_parse(b->data, b->len, &pem, err, sizeof err) != 0)
		return xasprintf("unable to load certificate from file '%s': %s.\n"
		    "Can't load the payload", name, err);
	if (sk_X509_num(pem.certs) <= 0)
		wrong = xasprintf("unable to load certificate from file '%s'.\n"
		    "Can't load the payload", name);
	else if (pem.key != NULL &&
	    X509_check_private_key(sk_X509_value(pem.certs, 0), pem.key) != 1)
		wrong = xasprintf("inconsistencies between private key and certificate loaded "
		    "from PEM file '%s': %s.\nCan't load the payload", name,
		    tls_last_reason(err, sizeof err));
	ERR_clear_error();
	tls_pem_fini(&pem);
	return wrong;
}

static char *
wrong_with_key(const char *name, const struct ssl_bytes *b)
{
	char err[256] = "no memory", *wrong = NULL;
	struct tls_pem pem;

	if (tls_pem_parse(b->data, b->len, &pem, err, sizeof err) != 0)
		return xasprintf("unable to load private key from file '%s': %s.\n"
		    "Can't load the payload", name, err);
	if (pem.key == NULL)
		wrong = xasprintf("unable to load private key from file '%s'%s.\n"
		    "Can't load the payload", name, pem.has_encrypted_key ?
		    ": it is encrypted with a passphrase" : "");
	tls_pem_fini(&pem);
	return wrong;
}

static char *
wrong_with_cas(const struct ssl_noun *n, const struct ssl_bytes *b)
{
	char err[256] = "no memory", *wrong = NULL;
	struct tls_pem pem;
	int have;

	if (tls_pem_parse(b->data, b->len, &pem, err, sizeof err) != 0)
		return xasprintf("Invalid payload: %s", err);
	have = n->kind == TLS_KIND_CA ? sk_X509_num(pem.certs) : sk_X509_CRL_num(pem.crls);
	if (have <= 0)
		wrong = xstrdup("Invalid payload");
	tls_pem_fini(&pem);
	return wrong;
}

/* ---- the transaction ---- */

/* The one that is open for this name, or a new one with what is in service. False
 * after a message. */
static bool
txn_open(struct cli *c, const struct ssl_noun *n, const char *known, bool *ret_new)
{
	struct ssl_txn *t = ssl_txn(n->kind);

	*ret_new = t->name == NULL;
	if (t->name == NULL) {
		t->name = xstrdup(known);
		t->text = ssl_read(n->kind, known);
		if (n->kind != TLS_KIND_CERT)
			return true;
		if (t->text.data == NULL || strstr(t->text.data, "PRIVATE KEY-----") == NULL)
			t->key = ssl_read_with(known, ".key");
		t->ocsp = ssl_read_with(known, ".ocsp");
		return true;
	}
	if (strcmp(t->name, known) == 0)
		return true;
	cli_err(c, "The ongoing transaction is about '%s' but you are trying to set '%s'\n"
	    "Can't update %s!", t->name, known, known);
	return false;
}

/* A whole certificate, its key alone (NAME.key), or its OCSP response (NAME.ocsp). */
enum part { PART_TEXT, PART_KEY, PART_OCSP, PART_NONE };

/* A payload on its way into a transaction. */
struct given {
	struct cli	*c;		/* waits */
	const struct ssl_noun *noun;
	enum part	 part;
	bool		 is_add;
	char		*name;		/* owned: as the store knows it */
	struct ssl_bytes bytes;		/* owned */
	char		*wrong;		/* owned; NULL = it is good */
};

/* Base64 in, DER out. */
static char *
wrong_with_ocsp(struct ssl_bytes *b)
{
	struct ssl_bytes der = ssl_bytes_decode((struct str){ b->data, b->len });
	char id[TLS_OCSP_ID_BYTES];
	const char *text = der.data == NULL ? "Unable to parse OCSP response" :
	    tls_ocsp_id(der.data, der.len, true, id);

	ssl_bytes_set(b, der.data, der.len);
	return text != NULL ? xasprintf("%s.\nCan't load the payload", text) : NULL;
}

/* job thread */
static void
look_at(void *arg)
{
	struct given *g = arg;

	if (g->part == PART_OCSP)
		g->wrong = wrong_with_ocsp(&g->bytes);
	else if (g->part == PART_KEY)
		g->wrong = wrong_with_key(g->name, &g->bytes);
	else if (g->noun->kind == TLS_KIND_CERT)
		g->wrong = wrong_with_cert(g->name, &g->bytes);
	else
		g->wrong = wrong_with_cas(g->noun, &g->bytes);
}

/* A new text comes without the old key and response. */
static void
txn_take(struct ssl_txn *t, enum part part, struct ssl_bytes new)
{
	if (part == PART_KEY) {
		ssl_bytes_set(&t->key, new.data, new.len);
		return;
	}
	ssl_bytes_set(&t->ocsp, NULL, 0);
	if (part == PART_OCSP) {
		t->ocsp = new;
		return;
	}
	ssl_bytes_set(&t->key, NULL, 0);
	ssl_bytes_set(&t->text, new.data, new.len);
}

/* `add`: behind what is there already. */
static void
txn_append(struct ssl_txn *t, struct ssl_bytes new)
{
	char *all = xasprintf("%s\n%s", t->text.data != NULL ? t->text.data : "", new.data);

	ssl_bytes_set(&new, NULL, 0);
	ssl_bytes_set(&t->text, all, strlen(all));
}

static void
on_looked(void *arg)
{
	struct given *g = arg;
	struct ssl_txn *t = ssl_txn(g->noun->kind);
	bool is_new;

	ssl_unlock();
	if (g->wrong != NULL)
		cli_err(g->c, "%s\nCan't update %s!", g->wrong, g->name);
	else if (txn_open(g->c, g->noun, g->name, &is_new)) {
		if (g->is_add)
			txn_append(t, g->bytes);
		else
			txn_take(t, g->part, g->bytes);
		g->bytes = (struct ssl_bytes){ 0 };
		cli_msg(g->c, LOG_L_NOTICE, "%s %s for %s %s!", g->noun->txn,
		    is_new ? "created" : "updated", g->noun->of, g->name);
	}
	cli_done(g->c);
	ssl_bytes_set(&g->bytes, NULL, 0);
	free(g->wrong);
	free(g->name);
	free(g);
}

static void
set_known(struct cli *c, const struct ssl_noun *n, enum part part, const char *known, bool is_add)
{
	const struct tls_used *u = tls_index_find(ssl_index(), n->kind, known);
	struct given *g;

	if (u != NULL && u->file != u->name) {
		cli_err(c, "'%s' belongs to the system.\nCan't update %s!", known, known);
		return;
	}
	if (u != NULL && u->is_folder) {
		cli_err(c, "'%s' is a folder.\nCan't update %s!", known, known);
		return;
	}
	g = xcalloc(1, sizeof *g);
	*g = (struct given){ .c = c, .noun = n, .part = part, .is_add = is_add,
	    .name = xstrdup(known) };
	g->bytes = ssl_bytes_copy(&(struct ssl_bytes){ (char *)(uintptr_t)c->payload.p,
	    c->payload.len });
	OPENSSL_cleanse((char *)(uintptr_t)c->payload.p, c->payload.len);
	ssl_lock();
	cli_wait(c);
	job_run(control_loop, look_at, on_looked, g);
}

/* NAME, or NAME.key and the like of a known one; NULL: not known. */
static char *
known_part(const struct ssl_noun *n, const char *name, enum part *ret_part)
{
	static const char *const suffixes[] = { ".key", ".ocsp", ".issuer", ".sctl" };
	char *known = ssl_known(n->kind, name), *stem;

	*ret_part = PART_TEXT;
	for (unsigned i = 0; n->kind == TLS_KIND_CERT && known == NULL &&
	    i < ARRAY_LEN(suffixes); i++) {
		if (!str_ends(str_of(name), str_of(suffixes[i])))
			continue;
		stem = xstrndup(name, strlen(name) - strlen(suffixes[i]));
		known = ssl_known(n->kind, stem);
		free(stem);
		*ret_part = i < 2 ? (enum part)(PART_KEY + i) : PART_NONE;
	}
	return known;
}

static void
set(struct cli *c)
{
	const struct ssl_noun *n = ssl_noun_of(c);
	bool is_add = strcmp(c->words.w[0], "add") == 0;
	const char *name = cli_arg(c, 0);
	enum part part;
	char *known;

	if (name[0] == '\0' || c->payload.len == 0) {
		cli_err(c, "'%s ssl %s' expects a filename and %s as a payload",
		    c->words.w[0], n->word, n->payload);
		return;
	}
	if (!ssl_unlocked(c, "update the certificate"))
		return;
	known = known_part(n, name, &part);
	if (known == NULL)
		cli_err(c, "Can't replace a %s which is not referenced by the configuration!\n"
		    "Can't update %s!", n->small, name);
	else if (part == PART_NONE)
		cli_err(c, "Only '.key' and '.ocsp' are read beside a certificate: the chain is "
		    "sent as it stands in the file.\nCan't update %s!", name);
	else
		set_known(c, n, part, known, is_add);
	free(known);
}

/* ---- rows ---- */

#define ROW(name, run, syntax, help) \
	{ name, CLI_ADMIN, CLI_F_CHANGE | CLI_F_PAYLOAD, run, syntax, help }

static const struct cli_row rows[] = {
	ROW("set ssl cert", set, "<certfile> <payload>",
	    "put a certificate into a transaction"),
	ROW("set ssl ca-file", set, "<cafile> <payload>",
	    "put CA certificates into a transaction"),
	ROW("add ssl ca-file", set, "<cafile> <payload>",
	    "put CA certificates into a transaction, beside those of the file"),
	ROW("set ssl crl-file", set, "<crlfile> <payload>",
	    "put revocation lists into a transaction"),
	{ 0 }
};

const struct module mod_cli_ssl_set = { .name = "cli_ssl_set", .cli = rows };
