/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show, add, del ssl crt-list. A change is another text of the list: the line is
 * added at its end, or emptied, so that the other lines keep their numbers; all
 * listeners that name the list take it up together.
 *
 * Thread: control; building is a job's.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/ssl_store.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "net/tls_list.h"

/* ---- show ---- */

struct dump {
	struct ssl_bytes text;		/* owned */
	struct str	 rest;		/* of text */
	unsigned	 line;
	bool		 is_numbered;
};

static void
dump_free(void *arg)
{
	struct dump *d = arg;

	ssl_bytes_set(&d->text, NULL, 0);
	free(d);
}

static bool
dump_more(struct cli *c)
{
	struct dump *d = c->state;
	struct str line;

	if (!tls_list_line(d->rest, 1, &line))
		return true;
	d->line++;
	d->rest.len -= line.len;
	d->rest.p += line.len;
	if (d->rest.len > 0) {
		d->rest.p++;
		d->rest.len--;
	}
	tls_list_put(&c->out, line, d->is_numbered ? d->line : 0);
	return false;
}

static void
list_all(struct cli *c)
{
	size_t n;
	char **names = ssl_names(TLS_KIND_LIST, &n);

	for (size_t i = 0; i < n; i++) {
		outbuf_fmt(&c->out, "%s\n", names[i]);
		free(names[i]);
	}
	free(names);
}

static void
show_list(struct cli *c)
{
	bool is_numbered = strcmp(cli_arg(c, 0), "-n") == 0;
	const char *name = cli_arg(c, is_numbered);
	struct dump *d;
	char *known;

	(void)ssl_index();
	if (name[0] == '\0') {
		list_all(c);
		return;
	}
	known = ssl_known(TLS_KIND_LIST, name);
	if (known == NULL) {
		cli_err(c, "didn't find the specified filename");
		return;
	}
	d = xcalloc(1, sizeof *d);
	d->is_numbered = is_numbered;
	d->text = ssl_read(TLS_KIND_LIST, known);
	d->rest = (struct str){ d->text.data, d->text.len };
	outbuf_fmt(&c->out, "# %s\n", known);
	cli_more(c, dump_more, d, dump_free);
	free(known);
}

/* ---- add ---- */

/* The answer needs both names: "LIST\nCERT". */
static char *
both(const char *list, const char *cert)
{
	return xasprintf("%s\n%s", list, cert);
}

static void
on_added(struct cli *c, enum tls_kind kind, const char *names, const char *wrong)
{
	size_t len = strcspn(names, "\n");
	char *list = xstrndup(names, len);

	if (wrong != NULL)
		cli_err(c, "Can't edit the crt-list: %s", wrong);
	else {
		outbuf_fmt(&c->out, "Inserting certificate '%s' in crt-list '%s'",
		    names + len + 1, list);
		for (unsigned i = ssl_uses(kind, list); i > 0; i--)
			outbuf_z(&c->out, ".");
		outbuf_z(&c->out, "\nSuccess!\n");
	}
	free(list);
}

/* NULL, or why this line cannot be added, owned; then *ret_cert is its certificate. */
static char *
wrong_with_line(struct str line, char **ret_cert)
{
	struct ssl_bytes text;
	struct str word, more;
	char *cert, *known;

	if (!tls_list_line(line, 1, &more) || !tls_list_word(&line, &word))
		return xstrdup("a certificate is expected");
	cert = xstrndup(word.p, word.len);
	known = ssl_known(TLS_KIND_CERT, cert);
	if (known == NULL)
		known = xasprintf("certificate '%s' does not exist!", cert);
	else {
		text = ssl_read(TLS_KIND_CERT, known);
		free(known);
		known = text.data != NULL ? NULL : xasprintf("certificate '%s' is empty!", cert);
		ssl_bytes_set(&text, NULL, 0);
	}
	if (known != NULL)
		free(cert);
	else
		*ret_cert = cert;
	return known;
}

static void
insert(struct cli *c, const char *list, struct str line)
{
	char *cert = NULL, *wrong = wrong_with_line(line, &cert), *names;
	struct ssl_bytes text;
	struct overlay_file file = { .path = list };

	if (wrong != NULL) {
		cli_err(c, "Can't edit the crt-list: %s", wrong);
		free(wrong);
		return;
	}
	text = ssl_read(TLS_KIND_LIST, list);
	file.data = xasprintf("%s%s%.*s\n", text.data != NULL ? text.data : "",
	    text.len > 0 && text.data[text.len - 1] != '\n' ? "\n" : "", (int)line.len, line.p);
	file.len = strlen(file.data);
	names = both(list, cert);
	ssl_submit(c, TLS_KIND_LIST, names, &file, 1, on_added);
	ssl_bytes_set(&text, NULL, 0);
	free((char *)(uintptr_t)file.data);
	free(names);
	free(cert);
}

static void
add_list(struct cli *c)
{
	struct str line = c->payload, first;
	char *list;

	if (c->nargs < 1 || (c->nargs < 2 && line.len == 0)) {
		cli_err(c, "'add ssl crtlist' expects a filename and a certificate name");
		return;
	}
	if (!ssl_unlocked(c, "edit the crt-list"))
		return;
	if (c->nargs > 1)
		line = str_of(c->args[1]);
	while (line.len > 0 && line.p[line.len - 1] == '\n')
		line.len--;
	list = ssl_known(TLS_KIND_LIST, c->args[0]);
	if (list == NULL)
		cli_err(c, "Can't edit the crt-list: crt-list '%s' does not exist!", c->args[0]);
	else if (tls_list_line(line, 1, &first) && first.len != line.len)
		cli_err(c, "Can't edit the crt-list: one line at a time is expected");
	else
		insert(c, list, line);
	free(list);
}

/* ---- del ---- */

/* Which lines name the certificate. */
struct found {
	unsigned	 n;
	unsigned	 first;		/* of the list that names any */
	struct str	 line;		/* the one that was meant */
	unsigned	 at;
	char		 numbers[128];	/* "4, 5, 6" */
};

static bool
is_cert(struct str word, const char *known)
{
	char *name = xstrndup(word.p, word.len), *full = ssl_known(TLS_KIND_CERT, name);
	bool is_same = full != NULL && strcmp(full, known) == 0;

	free(name);
	free(full);
	return is_same;
}

/* wanted 0: any */
static void
look(struct str text, const char *known, unsigned wanted, struct found *f)
{
	struct str line, rest, word;
	size_t used = 0;

	*f = (struct found){ 0 };
	for (unsigned i = 1; tls_list_line(text, 1, &line); i++) {
		text.p += line.len + (text.len > line.len);
		text.len -= line.len + (text.len > line.len);
		rest = line;
		if (!tls_list_word(&rest, &word))
			continue;
		if (f->first == 0)
			f->first = i;
		if (!is_cert(word, known))
			continue;
		f->n++;
		if (used < sizeof f->numbers - 16)
			used += (size_t)snprintf(f->numbers + used, sizeof f->numbers - used,
			    "%s%u", used > 0 ? ", " : "", i);
		if (wanted == 0 || wanted == i) {
			f->line = line;
			f->at = i;
		}
	}
}

/* What no line uses any more stays in memory, to be used again or deleted. */
static void
on_deleted(struct cli *c, enum tls_kind kind, const char *names, const char *wrong)
{
	size_t len = strcspn(names, "\n");
	const char *cert = names + len + 1;

	(void)kind;
	if (wrong != NULL) {
		cli_err(c, "Can't delete the entry: %s", wrong);
		return;
	}
	ssl_made_add(TLS_KIND_CERT, cert);
	cli_msg(c, LOG_L_NOTICE, "Entry '%s' deleted in crtlist '%.*s'!", cert, (int)len, names);
}

static void
take_out(struct cli *c, const char *list, const char *known, const struct ssl_bytes *text,
    struct str line)
{
	size_t before = (size_t)(line.p - text->data);
	struct overlay_file file = { .path = list, .len = text->len - line.len };
	char *rest = xmalloc(file.len + 1), *names = both(list, known);

	memcpy(rest, text->data, before);
	memcpy(rest + before, line.p + line.len, file.len - before);
	file.data = rest;
	ssl_submit(c, TLS_KIND_LIST, names, &file, 1, on_deleted);
	free(rest);
	free(names);
}

static void
delete_line(struct cli *c, const char *list, const char *known, unsigned wanted)
{
	const struct tls_used *u = tls_index_find(ssl_index(), TLS_KIND_LIST, list);
	struct ssl_bytes text = ssl_read(TLS_KIND_LIST, list);
	struct found f;

	look((struct str){ text.data, text.len }, known, wanted, &f);
	if (f.n == 0)
		cli_err(c, "Can't delete the entry: certificate '%s' is not in crt-list '%s'!",
		    known, list);
	else if (f.at == 0)
		cli_err(c, "Can't delete the entry: found a certificate '%s' but the line number "
		    "is incorrect, please specify a correct line number preceded by colons (%s)!",
		    known, f.numbers);
	else if (wanted == 0 && f.n > 1)
		cli_err(c, "Can't delete the entry: found the certificate '%s' in several entries, "
		    "please specify a line number preceded by colons (%s)!", known, f.numbers);
	else if (u != NULL && u->is_default && f.at == f.first)
		cli_err(c, "Can't delete the entry: certificate '%s' cannot be deleted, it is the "
		    "default of a listener!", known);
	else
		take_out(c, list, known, &text, f.line);
	ssl_bytes_set(&text, NULL, 0);
}

/* CERT or CERT:LINE */
static char *
cert_and_line(const char *word, unsigned *ret_line)
{
	char *known = ssl_known(TLS_KIND_CERT, word), *name;
	const char *colon = strrchr(word, ':');
	uint64_t line = 0;

	*ret_line = 0;
	if (known != NULL || colon == NULL || !str_to_u64(str_of(colon + 1), &line) ||
	    line > UINT32_MAX)
		return known;
	name = xstrndup(word, (size_t)(colon - word));
	known = ssl_known(TLS_KIND_CERT, name);
	free(name);
	*ret_line = (unsigned)line;
	return known;
}

static void
del_list(struct cli *c)
{
	char *list, *known;
	unsigned line;

	if (c->nargs < 2) {
		cli_err(c, "'del ssl crtlist' expects a filename and a certificate name");
		return;
	}
	if (!ssl_unlocked(c, "edit the crt-list"))
		return;
	list = ssl_known(TLS_KIND_LIST, c->args[0]);
	known = cert_and_line(c->args[1], &line);
	if (list == NULL)
		cli_err(c, "Can't delete the entry: crt-list '%s' does not exist!", c->args[0]);
	else if (known == NULL)
		cli_err(c, "Can't delete the entry: certificate '%s' does not exist!", c->args[1]);
	else
		delete_line(c, list, known, line);
	free(list);
	free(known);
}

static const struct cli_row rows[] = {
	{ "show ssl crt-list", CLI_OPERATOR, 0, show_list, "[-n] [<list>]",
	  "list the crt-lists, or show one; -n: with line numbers" },
	{ "add ssl crt-list", CLI_ADMIN, CLI_F_CHANGE | CLI_F_PAYLOAD, add_list,
	  "<list> <cert>|<payload>", "add a line to a crt-list" },
	{ "del ssl crt-list", CLI_ADMIN, CLI_F_CHANGE, del_list, "<list> <cert>[:<line>]",
	  "delete a line of a crt-list" },
	{ 0 }
};

const struct module mod_cli_ssl_list = { .name = "cli_ssl_list", .cli = rows };
