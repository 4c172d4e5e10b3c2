/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * new, set, add, commit, abort, del of certificates, CA files and CRL files. What is
 * set waits in a transaction, one of each kind, and is in force when `commit` answers
 * `Success!`: for new handshakes, connections go on as they are. What is wrong leaves
 * in service what was there, and the transaction open.
 *
 * Thread: control; parsing what was sent, and building, are a job's.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/ssl_store.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "event/job.h"
#include "net/tls_pem.h"
#include "net/tls_text.h"

/* Words of a kind in messages. */
struct noun {
	enum tls_kind	 kind;
	const char	*word;		/* of the command */
	const char	*small;		/* "certificate" */
	const char	*txn, *of;	/* "Transaction" created for "certificate" */
	const char	*thing;		/* "CA file", "Certificate" */
	const char	*payload;	/* "a certificate as a payload" */
};

static const struct noun nouns[] = {
	{ TLS_KIND_CERT, "cert", "certificate", "Transaction", "certificate", "Certificate",
	  "a certificate" },
	{ TLS_KIND_CA, "ca-file", "CA file", "transaction", "CA", "CA file", "CAs" },
	{ TLS_KIND_CRL, "crl-file", "CRL file", "transaction", "CRL", "CRL file",
	  "CRLs" },
};

/* ---- new, del, abort ---- */

static const char *
name_of(struct cli *c, const char *verb, const struct noun *n)
{
	if (cli_arg(c, 0)[0] != '\0')
		return c->args[0];
	if (strcmp(verb, "del") == 0)
		cli_err(c, "'del ssl %s' expects a %s name", n->word, n->small);
	else
		cli_err(c, "'%s ssl %s' expects a filename", verb, n->word);
	return NULL;
}

/* Read already, as something else. */
static bool
is_kept(const char *name)
{
	struct ssl_bytes text = ssl_read_with(name, "");
	bool is_there = text.data != NULL;

	ssl_bytes_set(&text, NULL, 0);
	return is_there;
}

static void
make(struct cli *c, const struct noun *n)
{
	const char *name = name_of(c, "new", n);
	char *known;

	if (name == NULL || !ssl_unlocked(c, "create the file"))
		return;
	known = ssl_known(n->kind, name);
	if (known != NULL)
		cli_err(c, "%s '%s' already exists!", n->thing, known);
	else if (name[0] == '*')
		cli_err(c, "A name cannot begin with '*'.");
	else if (is_kept(name))
		cli_err(c, "'%s' is a file of the configuration.", name);
	else {
		ssl_made_add(n->kind, name);
		if (n->kind == TLS_KIND_CERT)
			cli_msg(c, LOG_L_NOTICE, "New empty certificate store '%s'!", name);
		else
			cli_msg(c, LOG_L_NOTICE, "New %s created '%s'!", n->thing, name);
	}
	free(known);
}

static void
on_deleted(struct cli *c, enum tls_kind kind, const char *name, const char *wrong)
{
	const struct noun *n = &nouns[kind];

	if (wrong != NULL) {
		cli_err(c, "Can't remove the %s: %s", n->small, wrong);
		return;
	}
	ssl_made_drop(kind, name);
	cli_msg(c, LOG_L_NOTICE, "%s '%s' deleted!", n->thing, name);
}

static void
del(struct cli *c, const struct noun *n)
{
	const char *name = name_of(c, "del", n);
	struct ssl_bytes old;
	char *known;

	if (name == NULL || !ssl_unlocked(c, "remove the file"))
		return;
	known = ssl_known(n->kind, name);
	if (known == NULL)
		cli_err(c, "Can't remove the %s: %s '%s' doesn't exist!", n->small, n->small,
		    name);
	else if (ssl_uses(n->kind, known) > 0)
		cli_err(c, "Can't remove the %s: %s '%s' in use, can't be deleted!", n->small,
		    n->small, known);
	else if ((old = ssl_read(n->kind, known)).data == NULL)
		on_deleted(c, n->kind, known, NULL);
	else {
		ssl_bytes_set(&old, NULL, 0);
		ssl_submit(c, n->kind, known, &(struct overlay_file){ .path = known }, 1,
		    on_deleted);
	}
	free(known);
}

static void
end(struct cli *c, const struct noun *n)
{
	struct ssl_txn *t = ssl_txn(n->kind);
	const char *name = name_of(c, "abort", n);
	char *known;

	if (name == NULL || !ssl_unlocked(c, "abort the transaction"))
		return;
	known = ssl_known(n->kind, name);
	if (t->name == NULL)
		cli_err(c, "No ongoing transaction!");
	else if (strcmp(t->name, known != NULL ? known : name) != 0)
		cli_err(c, "The ongoing transaction is about '%s' but you are trying to abort a "
		    "transaction for '%s'", t->name, name);
	else {
		cli_msg(c, LOG_L_NOTICE, "Transaction aborted for certificate '%s'!", t->name);
		ssl_txn_close(t);
	}
	free(known);
}

/* ---- set: what is in the payload ---- */

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
wrong_with_cas(const struct noun *n, const struct ssl_bytes *b)
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

/* ---- set: the transaction ---- */

/* The one that is open for this name, or a new one with what is in service. False
 * after a message. */
static bool
txn_open(struct cli *c, const struct noun *n, const char *known, bool *ret_new)
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
	const struct noun *noun;
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
set_known(struct cli *c, const struct noun *n, enum part part, const char *known, bool is_add)
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
known_part(const struct noun *n, const char *name, enum part *ret_part)
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
set(struct cli *c, const struct noun *n, bool is_add)
{
	const char *name = cli_arg(c, 0);
	enum part part;
	char *known;

	if (name[0] == '\0' || c->payload.len == 0) {
		cli_err(c, "'%s ssl %s' expects a filename and %s as a payload",
		    is_add ? "add" : "set", n->word, n->payload);
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

/* ---- commit ---- */

static void
on_committed(struct cli *c, enum tls_kind kind, const char *name, const char *wrong)
{
	outbuf_fmt(&c->out, "Committing %s", name);
	if (wrong != NULL) {
		outbuf_z(&c->out, "\n");
		cli_err(c, "%s\nFailed!", wrong);
		return;
	}
	for (unsigned i = ssl_uses(kind, name); i > 0; i--)
		outbuf_z(&c->out, ".");
	outbuf_z(&c->out, "\nSuccess!\n");
	ssl_txn_close(ssl_txn(kind));
}

/* As one text: a key of its own comes first, so it is the one that is taken. */
static struct ssl_bytes
composed(const struct ssl_txn *t)
{
	struct ssl_bytes all = { 0 };

	if (t->key.data == NULL || t->text.data == NULL)
		return ssl_bytes_copy(&t->text);
	all.data = xasprintf("%s\n%s", t->key.data, t->text.data);
	all.len = strlen(all.data);
	return all;
}

static char *
first_error(const struct diag *d)
{
	const struct diag_item *i = d->first;

	while (i != NULL && i->level != LOG_L_ALERT)
		i = i->next;
	return xstrdup(i != NULL ? i->text : "It cannot be used.");
}

/* NULL, or why the certificate cannot come into service, owned. */
static char *
wrong_with_pair(const char *name, const struct ssl_bytes *text)
{
	struct tls_pair pair = { 0 };
	struct ssl_bytes copy = ssl_bytes_copy(text);
	char *wrong = NULL;
	struct diag d;

	diag_init(&d, false);
	pair.files[0] = (struct tls_file){ .data = copy.data, .len = copy.len, .mode = 0600 };
	if (tls_pair_parse("crt", name, &pair, &d) != 0)
		wrong = first_error(&d);
	tls_pair_fini(&pair);
	diag_fini(&d);
	return wrong;
}

/* Both certificate and key are there. */
static bool
is_complete(const struct ssl_bytes *text)
{
	return text->data != NULL && strstr(text->data, "-----BEGIN") != NULL &&
	    strstr(text->data, "PRIVATE KEY-----") != NULL &&
	    strstr(text->data, "CERTIFICATE-----") != NULL;
}

static void
commit_txn(struct cli *c, const struct noun *n, const struct ssl_txn *t)
{
	struct ssl_bytes text = composed(t);
	char *wrong = NULL, *ocsp = xasprintf("%s.ocsp", t->name);
	const struct overlay_file files[] = {
		{ t->name, text.data, text.len },
		{ ocsp, t->ocsp.data, t->ocsp.len },
	};

	if (n->kind == TLS_KIND_CERT && !is_complete(&text))
		wrong = xstrdup("The transaction must contain at least a certificate and a "
		    "private key!");
	else if (n->kind == TLS_KIND_CERT)
		wrong = wrong_with_pair(t->name, &text);
	if (wrong != NULL)
		cli_err(c, "%s\nCan't commit %s!", wrong, t->name);
	else
		ssl_submit(c, n->kind, t->name, files, n->kind == TLS_KIND_CERT ? 2 : 1,
		    on_committed);
	ssl_bytes_set(&text, NULL, 0);
	free(wrong);
	free(ocsp);
}

static void
commit(struct cli *c, const struct noun *n)
{
	struct ssl_txn *t = ssl_txn(n->kind);
	const char *name = name_of(c, "commit", n);
	char *known;

	if (name == NULL || !ssl_unlocked(c, "commit the certificate"))
		return;
	known = ssl_known(n->kind, name);
	if (t->name == NULL)
		cli_err(c, "No ongoing transaction! !\nCan't commit %s!", name);
	else if (strcmp(t->name, known != NULL ? known : name) != 0)
		cli_err(c, "The ongoing transaction is about '%s' but you are trying to set "
		    "'%s'\nCan't commit %s!", t->name, name, name);
	else if (known == NULL)
		cli_err(c, "Can't replace a %s which is not referenced by the configuration!\n"
		    "Can't commit %s!", n->small, name);
	else
		commit_txn(c, n, t);
	free(known);
}

/* ---- rows ---- */

#define RUN(name, call) \
	static void name(struct cli *c) { call; }
RUN(new_cert, make(c, &nouns[TLS_KIND_CERT]))
RUN(new_ca, make(c, &nouns[TLS_KIND_CA]))
RUN(new_crl, make(c, &nouns[TLS_KIND_CRL]))
RUN(set_cert, set(c, &nouns[TLS_KIND_CERT], false))
RUN(set_ca, set(c, &nouns[TLS_KIND_CA], false))
RUN(add_ca, set(c, &nouns[TLS_KIND_CA], true))
RUN(set_crl, set(c, &nouns[TLS_KIND_CRL], false))
RUN(commit_cert, commit(c, &nouns[TLS_KIND_CERT]))
RUN(commit_ca, commit(c, &nouns[TLS_KIND_CA]))
RUN(commit_crl, commit(c, &nouns[TLS_KIND_CRL]))
RUN(abort_cert, end(c, &nouns[TLS_KIND_CERT]))
RUN(abort_ca, end(c, &nouns[TLS_KIND_CA]))
RUN(abort_crl, end(c, &nouns[TLS_KIND_CRL]))
RUN(del_cert, del(c, &nouns[TLS_KIND_CERT]))
RUN(del_ca, del(c, &nouns[TLS_KIND_CA]))
RUN(del_crl, del(c, &nouns[TLS_KIND_CRL]))

#define ROW(name, flags, run, syntax, help) \
	{ name, CLI_ADMIN, CLI_F_CHANGE | (flags), run, syntax, help }

static const struct cli_row rows[] = {
	ROW("new ssl cert", 0, new_cert, "<certfile>", "make an empty certificate in memory"),
	ROW("set ssl cert", CLI_F_PAYLOAD, set_cert, "<certfile> <payload>",
	    "put a certificate into a transaction"),
	ROW("commit ssl cert", 0, commit_cert, "<certfile>",
	    "bring the certificate of a transaction into service"),
	ROW("abort ssl cert", 0, abort_cert, "<certfile>", "drop the transaction"),
	ROW("del ssl cert", 0, del_cert, "<certfile>", "delete a certificate that is not used"),
	ROW("new ssl ca-file", 0, new_ca, "<cafile>", "make an empty CA file in memory"),
	ROW("set ssl ca-file", CLI_F_PAYLOAD, set_ca, "<cafile> <payload>",
	    "put CA certificates into a transaction"),
	ROW("add ssl ca-file", CLI_F_PAYLOAD, add_ca, "<cafile> <payload>",
	    "put CA certificates into a transaction, beside those of the file"),
	ROW("commit ssl ca-file", 0, commit_ca, "<cafile>",
	    "bring the CA certificates of a transaction into service"),
	ROW("abort ssl ca-file", 0, abort_ca, "<cafile>", "drop the transaction"),
	ROW("del ssl ca-file", 0, del_ca, "<cafile>", "delete a CA file that is not used"),
	ROW("new ssl crl-file", 0, new_crl, "<crlfile>", "make an empty CRL file in memory"),
	ROW("set ssl crl-file", CLI_F_PAYLOAD, set_crl, "<crlfile> <payload>",
	    "put revocation lists into a transaction"),
	ROW("commit ssl crl-file", 0, commit_crl, "<crlfile>",
	    "bring the revocation lists of a transaction into service"),
	ROW("abort ssl crl-file", 0, abort_crl, "<crlfile>", "drop the transaction"),
	ROW("del ssl crl-file", 0, del_crl, "<crlfile>", "delete a CRL file that is not used"),
	{ 0 }
};

const struct module mod_cli_ssl = { .name = "cli_ssl", .cli = rows };
