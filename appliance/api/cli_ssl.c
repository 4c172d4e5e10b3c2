/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * new, del, abort, commit of certificates, CA files and CRL files; set and add are in
 * cli_ssl_set.c. What is set waits in a transaction, one of each kind, and is in force
 * when `commit` answers `Success!`: for new handshakes, connections go on as they are.
 * What is wrong leaves in service what was there, and the transaction open.
 *
 * Thread: control; building is a job's.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/ssl_store.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "net/tls_pem.h"

/* ---- new, del, abort ---- */

static const char *
name_of(struct cli *c, const struct ssl_noun *n)
{
	const char *verb = c->words.w[0];

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
make(struct cli *c)
{
	const struct ssl_noun *n = ssl_noun_of(c);
	const char *name = name_of(c, n);
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
	const struct ssl_noun *n = &ssl_nouns[kind];

	if (wrong != NULL) {
		cli_err(c, "Can't remove the %s: %s", n->small, wrong);
		return;
	}
	ssl_made_drop(kind, name);
	cli_msg(c, LOG_L_NOTICE, "%s '%s' deleted!", n->thing, name);
}

static void
del(struct cli *c)
{
	const struct ssl_noun *n = ssl_noun_of(c);
	const char *name = name_of(c, n);
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
end(struct cli *c)
{
	const struct ssl_noun *n = ssl_noun_of(c);
	struct ssl_txn *t = ssl_txn(n->kind);
	const char *name = name_of(c, n);
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
commit_txn(struct cli *c, const struct ssl_noun *n, const struct ssl_txn *t)
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
commit(struct cli *c)
{
	const struct ssl_noun *n = ssl_noun_of(c);
	struct ssl_txn *t = ssl_txn(n->kind);
	const char *name = name_of(c, n);
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

#define ROW(name, run, syntax, help) \
	{ name, CLI_ADMIN, CLI_F_CHANGE, run, syntax, help }

static const struct cli_row rows[] = {
	ROW("new ssl cert", make, "<certfile>", "make an empty certificate in memory"),
	ROW("commit ssl cert", commit, "<certfile>",
	    "bring the certificate of a transaction into service"),
	ROW("abort ssl cert", end, "<certfile>", "drop the transaction"),
	ROW("del ssl cert", del, "<certfile>", "delete a certificate that is not used"),
	ROW("new ssl ca-file", make, "<cafile>", "make an empty CA file in memory"),
	ROW("commit ssl ca-file", commit, "<cafile>",
	    "bring the CA certificates of a transaction into service"),
	ROW("abort ssl ca-file", end, "<cafile>", "drop the transaction"),
	ROW("del ssl ca-file", del, "<cafile>", "delete a CA file that is not used"),
	ROW("new ssl crl-file", make, "<crlfile>", "make an empty CRL file in memory"),
	ROW("commit ssl crl-file", commit, "<crlfile>",
	    "bring the revocation lists of a transaction into service"),
	ROW("abort ssl crl-file", end, "<crlfile>", "drop the transaction"),
	ROW("del ssl crl-file", del, "<crlfile>", "delete a CRL file that is not used"),
	{ 0 }
};

const struct module mod_cli_ssl = { .name = "cli_ssl", .cli = rows };
