/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show ssl cert, ca-file, crl-file: which there are, and what is in one, or in the
 * transaction that is open for it (`*NAME`). Keys are never shown; what was parsed
 * of them is wiped.
 *
 * Long files are shown a certificate, or some revoked ones, at a time.
 *
 * Thread: control.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/ssl_store.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "net/tls_pem.h"
#include "net/tls_text.h"

/* ---- names ---- */

struct names {
	enum tls_kind	 kind;
	char		**names;	/* owned */
	size_t		 n, at;
};

static void
names_free(void *arg)
{
	struct names *l = arg;

	for (size_t i = 0; i < l->n; i++)
		free(l->names[i]);
	free(l->names);
	free(l);
}

static unsigned
count_certs(const char *text)
{
	unsigned n = 0;

	for (; text != NULL && (text = strstr(text, "-----BEGIN ")) != NULL; text++)
		n += strncmp(text + 11, "CERTIFICATE-----", 16) == 0 ||
		    strncmp(text + 11, "X509 CERTIFICATE-----", 21) == 0 ||
		    strncmp(text + 11, "TRUSTED CERTIFICATE-----", 24) == 0;
	return n;
}

static void
put_listed(struct cli *c, enum tls_kind kind, const char *mark, const char *name,
    const struct ssl_bytes *text)
{
	outbuf_fmt(&c->out, "%s%s", mark, name);
	if (kind == TLS_KIND_CA)
		outbuf_fmt(&c->out, " - %u certificate(s)", count_certs(text->data));
	outbuf_z(&c->out, "\n");
}

static bool
names_more(struct cli *c)
{
	struct names *l = c->state;
	struct ssl_bytes text = { 0 };

	if (l->at == l->n)
		return true;
	if (l->kind == TLS_KIND_CA)
		text = ssl_read(l->kind, l->names[l->at]);
	put_listed(c, l->kind, "", l->names[l->at++], &text);
	ssl_bytes_set(&text, NULL, 0);
	return false;
}

static void
list(struct cli *c, enum tls_kind kind)
{
	struct names *l = xcalloc(1, sizeof *l);
	const struct ssl_txn *t = ssl_txn(kind);

	l->kind = kind;
	l->names = ssl_names(kind, &l->n);
	if (t->name != NULL) {
		outbuf_z(&c->out, "# transaction\n");
		put_listed(c, kind, "*", t->name, &t->text);
	}
	outbuf_z(&c->out, "# filename\n");
	cli_more(c, names_more, l, names_free);
}

/* ---- one of them ---- */

struct content {
	enum tls_kind	 kind;
	bool		 is_txn;
	char		*name;		/* owned */
	struct ssl_bytes text;		/* owned */
	struct ssl_bytes ocsp;		/* owned */
	unsigned	 index;		/* 0 = all */
	/* as far as it was shown */
	BIO		*bio;		/* owned: of text */
	unsigned	 n;
	X509_CRL	*crl;		/* owned: with more entries */
	int		 at;
};

static void
content_free(void *arg)
{
	struct content *d = arg;

	BIO_free(d->bio);
	X509_CRL_free(d->crl);
	ssl_bytes_set(&d->text, NULL, 0);
	ssl_bytes_set(&d->ocsp, NULL, 0);
	free(d->name);
	free(d);
}

/* NAME or *NAME; NULL: there is none of it. */
static struct content *
content_of(enum tls_kind kind, const char *name)
{
	const struct ssl_txn *t = ssl_txn(kind);
	bool is_txn = name[0] == '*';
	char *known = ssl_known(kind, name + is_txn);
	struct content *d;

	if (known == NULL || (is_txn && (t->name == NULL || strcmp(t->name, known) != 0))) {
		free(known);
		return NULL;
	}
	d = xcalloc(1, sizeof *d);
	d->kind = kind;
	d->is_txn = is_txn;
	d->name = known;
	d->text = is_txn ? ssl_bytes_copy(&t->text) : ssl_read(kind, known);
	if (kind == TLS_KIND_CERT)
		d->ocsp = is_txn ? ssl_bytes_copy(&t->ocsp) : ssl_read_with(known, ".ocsp");
	return d;
}

static void
put_head(struct cli *c, const struct content *d)
{
	outbuf_fmt(&c->out, "Filename: %s%s\nStatus: %s\n", d->is_txn ? "*" : "", d->name,
	    d->text.data == NULL ? "Empty" : d->is_txn || ssl_uses(d->kind, d->name) == 0 ?
	    "Unused" : "Used");
}

static void
put_cert(struct cli *c, const struct content *d)
{
	char id[TLS_OCSP_ID_BYTES], err[256];
	struct tls_pem pem;

	put_head(c, d);
	if (d->text.data != NULL &&
	    tls_pem_parse(d->text.data, d->text.len, &pem, err, sizeof err) == 0) {
		if (sk_X509_num(pem.certs) > 0)
			tls_text_cert(&c->out, sk_X509_value(pem.certs, 0));
		tls_text_chain(&c->out, pem.certs);
		tls_pem_fini(&pem);
	}
	if (d->ocsp.data == NULL || tls_ocsp_id(d->ocsp.data, d->ocsp.len, false, id) != NULL)
		id[0] = '\0';
	outbuf_fmt(&c->out, "OCSP Response Key: %s\n", id);
}

static void
show_cert(struct cli *c)
{
	struct content *d;

	(void)ssl_index();
	if (c->nargs == 0) {
		list(c, TLS_KIND_CERT);
		return;
	}
	d = content_of(TLS_KIND_CERT, c->args[0]);
	if (d == NULL) {
		cli_err(c, "Can't display the certificate: Not found or the certificate is a "
		    "bundle!");
		return;
	}
	put_cert(c, d);
	content_free(d);
}

/* ---- several in a file ---- */

/* The next one of the file, shown if it is wanted; false: there are no more. */
static bool
next_ca(struct cli *c, struct content *d)
{
	X509 *x = PEM_read_bio_X509_AUX(d->bio, NULL, NULL, NULL);

	if (x == NULL)
		return false;
	if (++d->n == d->index || d->index == 0) {
		outbuf_fmt(&c->out, " \nCertificate #%u:\n", d->n);
		tls_text_cert(&c->out, x);
	}
	X509_free(x);
	return d->n != d->index;
}

static bool
next_crl(struct cli *c, struct content *d)
{
	if (d->crl == NULL) {
		d->crl = PEM_read_bio_X509_CRL(d->bio, NULL, NULL, NULL);
		if (d->crl == NULL)
			return false;
		d->at = 0;
		if (++d->n == d->index || d->index == 0) {
			outbuf_fmt(&c->out, " \nCertificate Revocation List #%u:\n", d->n);
			tls_text_crl(&c->out, d->crl);
		}
	}
	if ((d->n == d->index || d->index == 0) &&
	    !tls_text_revoked(&c->out, d->crl, &d->at, 32))
		return true;
	X509_CRL_free(d->crl);
	d->crl = NULL;
	return d->n != d->index;
}

static bool
content_more(struct cli *c)
{
	struct content *d = c->state;
	bool has_more = d->kind == TLS_KIND_CA ? next_ca(c, d) : next_crl(c, d);

	ERR_clear_error();
	return !has_more;
}

/* NAME:INDEX, unless there is a file of that whole name. False after a message. */
static bool
split_index(struct cli *c, enum tls_kind kind, char *word, unsigned *ret_index)
{
	char *colon = strrchr(word, ':'), *known = ssl_known(kind, word + (word[0] == '*'));
	uint64_t index = 0;
	bool is_whole = known != NULL || colon == NULL;

	free(known);
	*ret_index = 0;
	if (is_whole)
		return true;
	if (!str_to_u64(str_of(colon + 1), &index) || index == 0 || index > UINT32_MAX) {
		cli_err(c, "wrong %s index after colons in '%s'!",
		    kind == TLS_KIND_CA ? "CA" : "CRL", word);
		return false;
	}
	*colon = '\0';
	*ret_index = (unsigned)index;
	return true;
}

static void
show_several(struct cli *c, enum tls_kind kind)
{
	struct content *d;
	unsigned index;

	(void)ssl_index();
	if (c->nargs == 0) {
		list(c, kind);
		return;
	}
	if (!split_index(c, kind, c->args[0], &index))
		return;
	d = content_of(kind, c->args[0]);
	if (d == NULL) {
		cli_err(c, "Can't display the %s file : Not found!",
		    kind == TLS_KIND_CA ? "CA" : "CRL");
		return;
	}
	d->index = index;
	put_head(c, d);
	if (d->text.data == NULL) {
		content_free(d);
		return;
	}
	d->bio = BIO_new_mem_buf(d->text.data, (int)d->text.len);
	cli_more(c, content_more, d, content_free);
}

static void
show_ca(struct cli *c)
{
	show_several(c, TLS_KIND_CA);
}

static void
show_crl(struct cli *c)
{
	show_several(c, TLS_KIND_CRL);
}

static const struct cli_row rows[] = {
	{ "show ssl cert", CLI_OPERATOR, 0, show_cert, "[[*]<certfile>]",
	  "list the certificates, or show one" },
	{ "show ssl ca-file", CLI_OPERATOR, 0, show_ca, "[[*]<cafile>[:<index>]]",
	  "list the CA files, or show one, or one certificate of it" },
	{ "show ssl crl-file", CLI_OPERATOR, 0, show_crl, "[[*]<crlfile>[:<index>]]",
	  "list the CRL files, or show one, or one list of it" },
	{ 0 }
};

const struct module mod_cli_ssl_show = { .name = "cli_ssl_show", .cli = rows };
