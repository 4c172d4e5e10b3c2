/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OCSP responses that are stapled, the keys of session tickets, OpenSSL's providers.
 *
 * A response is known by what it is about, as hex. A new one replaces that of each
 * certificate that has one for the same, as a commit would.
 *
 * Ticket keys: there is one set, #0, for all listeners. A key that is set is the one
 * that tickets are made with from then on, so that several machines can resume each
 * other's sessions; none can be read.
 *
 * Thread: control.
 */
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/ssl_store.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "net/tls_store.h"
#include "net/tls_text.h"

/* ---- which there are ---- */

/* From u on, the first with a response; its bytes and what they are about. */
static const struct tls_used *
next_response(const struct tls_used *u, struct ssl_bytes *ret_der, char id[TLS_OCSP_ID_BYTES])
{
	for (; u != NULL; u = u->next) {
		if (!u->has_ocsp)
			continue;
		*ret_der = ssl_read_with(u->name, ".ocsp");
		if (ret_der->data != NULL &&
		    tls_ocsp_id(ret_der->data, ret_der->len, false, id) == NULL)
			return u;
		ssl_bytes_set(ret_der, NULL, 0);
	}
	return NULL;
}

struct dump {
	const struct tls_used *next;	/* borrowed: the snapshot is held */
};

static bool
list_more(struct cli *c)
{
	struct dump *d = c->state;
	char id[TLS_OCSP_ID_BYTES];
	struct ssl_bytes der;

	d->next = next_response(d->next, &der, id);
	if (d->next == NULL)
		return true;
	outbuf_fmt(&c->out, "  Certificate ID key : %s\n  Certificate path : %s\n", id,
	    d->next->name);
	tls_text_ocsp_id(&c->out, der.data, der.len);
	ssl_bytes_set(&der, NULL, 0);
	d->next = d->next->next;
	return false;
}

static void
list(struct cli *c)
{
	struct dump *d = xcalloc(1, sizeof *d);

	(void)cli_hold(c);
	d->next = tls_index_first(ssl_index(), TLS_KIND_CERT);
	outbuf_z(&c->out, "# Certificate IDs\n");
	cli_more(c, list_more, d, free);
}

static void
show_response(struct cli *c)
{
	const char *wanted = cli_arg(c, 0);
	char id[TLS_OCSP_ID_BYTES], *known;
	const struct tls_used *u;
	struct ssl_bytes der;

	if (wanted[0] == '\0') {
		list(c);
		return;
	}
	known = ssl_known(TLS_KIND_CERT, wanted);
	for (u = tls_index_first(ssl_index(), TLS_KIND_CERT); u != NULL; u = u->next) {
		u = next_response(u, &der, id);
		if (u == NULL)
			break;
		if (strcmp(id, wanted) == 0 || (known != NULL && strcmp(u->name, known) == 0)) {
			tls_text_ocsp(&c->out, der.data, der.len);
			ssl_bytes_set(&der, NULL, 0);
			break;
		}
		ssl_bytes_set(&der, NULL, 0);
	}
	if (u == NULL)
		cli_err(c, "Certificate ID does not match any certificate.");
	free(known);
}

/* ---- another one ---- */

static void
on_updated(struct cli *c, enum tls_kind kind, const char *name, const char *wrong)
{
	(void)kind, (void)name;
	if (wrong != NULL)
		cli_err(c, "%s", wrong);
	else
		cli_msg(c, LOG_L_INFO, "OCSP Response updated!");
}

/* The files of all certificates that have one about the same; how many. */
static int
files_about(const char *id, const struct ssl_bytes *new, struct overlay_file **ret_files)
{
	const struct tls_used *u = tls_index_first(ssl_index(), TLS_KIND_CERT);
	struct overlay_file *files = NULL;
	char other[TLS_OCSP_ID_BYTES];
	struct ssl_bytes der;
	int n = 0;

	for (; (u = next_response(u, &der, other)) != NULL; u = u->next) {
		ssl_bytes_set(&der, NULL, 0);
		if (strcmp(other, id) != 0)
			continue;
		files = xrealloc(files, (size_t)(n + 1) * sizeof *files);
		files[n++] = (struct overlay_file){ xasprintf("%s.ocsp", u->name), new->data,
		    new->len };
	}
	*ret_files = files;
	return n;
}

static void
replace(struct cli *c, const char *id, const struct ssl_bytes *new)
{
	struct overlay_file *files;
	int n = files_about(id, new, &files);

	if (n == 0)
		cli_err(c, "OCSP single response: Certificate ID does not match any certificate "
		    "or issuer.");
	else
		ssl_submit(c, TLS_KIND_CERT, id, files, n, on_updated);
	for (int i = 0; i < n; i++)
		free((char *)(uintptr_t)files[i].path);
	free(files);
}

static void
set_response(struct cli *c)
{
	struct str text = c->nargs > 0 ? str_of(c->args[0]) : c->payload;
	char id[TLS_OCSP_ID_BYTES];
	struct ssl_bytes new;
	const char *wrong;

	if (text.len == 0) {
		cli_err(c, "'set ssl ocsp-response' expects response in base64 encoding.");
		return;
	}
	if (!ssl_unlocked(c, "update the OCSP response"))
		return;
	new = ssl_bytes_decode(text);
	wrong = new.data == NULL ?
	    "'set ssl ocsp-response' received invalid base64 encoded response" :
	    tls_ocsp_id(new.data, new.len, true, id);
	if (wrong != NULL)
		cli_err(c, "%s.", wrong);
	else
		replace(c, id, &new);
	ssl_bytes_set(&new, NULL, 0);
}

/* ---- keys of session tickets ---- */

static void
show_keys(struct cli *c)
{
	const char *id = cli_arg(c, 0);
	uint8_t name[16];
	uint64_t age_s;

	if (id[0] == '\0') {
		outbuf_z(&c->out, "# id (file)\n0 (memory)\n");
		return;
	}
	if (strcmp(id, "*") != 0 && strcmp(id, "#0") != 0) {
		cli_err(c, "'show tls-keys' unable to locate referenced filename");
		return;
	}
	outbuf_z(&c->out, "# id name age_s\n");
	for (unsigned i = 0; tls_tickets_shown(i, name, &age_s); i++) {
		outbuf_fmt(&c->out, "0.%u ", i);
		for (unsigned k = 0; k < sizeof name; k++)
			outbuf_fmt(&c->out, "%02x", name[k]);
		outbuf_fmt(&c->out, " %llu\n", (unsigned long long)age_s);
	}
}

static void
set_key(struct cli *c)
{
	struct ssl_bytes key;

	if (c->nargs < 2) {
		cli_err(c, "'set ssl tls-key' expects a filename and the new TLS key in base64 "
		    "encoding.");
		return;
	}
	if (strcmp(c->args[0], "#0") != 0) {
		cli_err(c, "'set ssl tls-key' unable to locate referenced filename");
		return;
	}
	key = ssl_bytes_decode(str_of(c->args[1]));
	OPENSSL_cleanse(c->args[1], strlen(c->args[1]));
	if (key.len == TLS_TICKET_KEY_BYTES) {
		tls_tickets_set((const uint8_t *)key.data);
		cli_msg(c, LOG_L_INFO, "TLS ticket key updated!");
	} else if (key.data == NULL)
		cli_err(c, "'set ssl tls-key' received invalid base64 encoded TLS key.");
	else
		cli_err(c, "'set ssl tls-key' received a key of wrong size: 80 bytes are needed "
		    "(openssl rand -base64 80).");
	ssl_bytes_set(&key, NULL, 0);
}

/* ---- providers ---- */

static int
put_provider(OSSL_PROVIDER *p, void *arg)
{
	struct cli *c = arg;

	outbuf_fmt(&c->out, "\t- %s\n", OSSL_PROVIDER_get0_name(p));
	return 1;
}

static void
show_providers(struct cli *c)
{
	outbuf_z(&c->out, "Loaded providers : \n");
	(void)OSSL_PROVIDER_do_all(NULL, put_provider, c);
}

static const struct cli_row rows[] = {
	{ "show ssl ocsp-response", CLI_OPERATOR, 0, show_response, "[<id>|<certfile>]",
	  "list the OCSP responses, or show one" },
	{ "set ssl ocsp-response", CLI_ADMIN, CLI_F_CHANGE | CLI_F_PAYLOAD, set_response,
	  "<response>|<payload>", "replace an OCSP response by one in base64" },
	{ "show tls-keys", CLI_OPERATOR, 0, show_keys, "[#0|*]",
	  "show the names and ages of the keys of session tickets" },
	{ "set ssl tls-key", CLI_ADMIN, CLI_F_CHANGE | CLI_F_SECRET, set_key, "#0 <key>",
	  "make session tickets with this key from now on" },
	{ "show ssl providers", CLI_OPERATOR, 0, show_providers, "",
	  "list OpenSSL's providers" },
	{ 0 }
};

const struct module mod_cli_ssl_ocsp = { .name = "cli_ssl_ocsp", .cli = rows };
