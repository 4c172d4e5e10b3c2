/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers as the configuration writes them: the arguments of return, deny and
 * http-error, redirects, and what says where error files are (reply_file.c reads
 * them).
 *
 * Thread: the one that builds the snapshot.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "http/msg.h"
#include "proxy/global.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/reply.h"
#include "proxy/reply_in.h"
#include "proxy/sample.h"

static bool
is_end(const char *w)
{
	return strcmp(w, "if") == 0 || strcmp(w, "unless") == 0;
}

/* ---- arguments of return, deny, http-error ---- */

struct parse {
	struct cfg	*c;
	struct proxy	*px;
	uint32_t	 use;
	char		**args;
	int		 n, i;
	bool		 only_status;	/* nothing but deny_status was written */
	bool		 has_payload;
	struct reply_conf *rc;
	struct reply_field **tail;
};

/* The argument of the word at i; NULL after an error. */
static const char *
arg_of(struct parse *p, int k)
{
	if (p->i + k < p->n)
		return p->args[p->i + k];
	diag_error(p->c->diag, "'%s' expects %s as argument.", p->args[p->i],
	    strcmp(p->args[p->i], "hdr") == 0 ? "<name> and <fmt>" :
	    strstr(p->args[p->i], "file") != NULL ? "<file>" : "<str>");
	return NULL;
}

static int
one_payload(struct parse *p)
{
	if (!p->has_payload) {
		p->has_payload = true;
		return 0;
	}
	diag_error(p->c->diag, "'%s': only one payload can be given.", p->args[p->i]);
	return -1;
}

static int
arg_status(struct parse *p)
{
	const char *w = arg_of(p, 1);
	uint64_t v;

	if (w == NULL)
		return -1;
	if (!str_to_u64(str_of(w), &v) || v < 200 || v > 599) {
		diag_error(p->c->diag, "Unexpected status code '%s'.", w);
		return -1;
	}
	p->rc->status = (uint16_t)v;
	return 2;
}

static int
arg_type(struct parse *p)
{
	p->only_status = false;
	p->rc->content_type = arg_of(p, 1);
	if (p->rc->content_type != NULL && !http_value_is_valid(str_of(p->rc->content_type))) {
		diag_error(p->c->diag, "'%s' is not a valid content type.", p->rc->content_type);
		return -1;
	}
	return p->rc->content_type != NULL ? 2 : -1;
}

static int
arg_hdr(struct parse *p)
{
	const char *name = arg_of(p, 1), *fmt = name != NULL ? arg_of(p, 2) : NULL;
	struct reply_field *f = arena_alloc(p->c->arena, sizeof(*f));
	char *low;

	p->only_status = false;
	if (fmt == NULL)
		return -1;
	low = arena_strdup(p->c->arena, name);
	for (char *q = low; *q != '\0'; q++)
		*q = ascii_lower(*q);
	f->name = str_of(low);
	if (!http_token_is_valid(f->name) || strcmp(low, "content-length") == 0 ||
	    strcmp(low, "transfer-encoding") == 0) {
		diag_error(p->c->diag, "'hdr' : '%s' cannot be set here.", name);
		return -1;
	}
	if ((f->format = logformat_parse(p->c, p->px, fmt, p->use, LF_HTTP)) == NULL)
		return -1;
	*p->tail = f;
	p->tail = &f->next;
	return 3;
}

/* string, lf-string, file, lf-file */
static int
arg_payload(struct parse *p)
{
	const char *word = p->args[p->i], *w = arg_of(p, 1);
	bool is_format = strncmp(word, "lf-", 3) == 0;
	char *text;
	size_t len;

	p->only_status = false;
	if (w == NULL || one_payload(p) < 0)
		return -1;
	if (strstr(word, "file") != NULL) {
		if ((text = reply_read_file(p->c, word, w, reply_body_limit(p->c), &len)) == NULL)
			return -1;
		p->rc->text = reply_keep(p->c, (struct str){ text, len });
		free(text);
	} else {
		p->rc->text = str_of(w);
	}
	p->rc->body = p->rc->text.len > 0 ? REPLY_BODY_BYTES : REPLY_BODY_NONE;
	if (p->rc->text.len > reply_body_limit(p->c)) {
		diag_error(p->c->diag, "'%s': the payload has more than %zu bytes (tune.bufsize "
		    "less tune.maxrewrite)", word, reply_body_limit(p->c));
		return -1;
	}
	if (is_format && p->rc->text.len > 0) {
		p->rc->body = REPLY_BODY_FORMAT;
		p->rc->format = logformat_parse(p->c, p->px, p->rc->text.p, p->use, 0);
		if (p->rc->format == NULL)
			return -1;
	}
	return 2;
}

static int
arg_errorfile(struct parse *p)
{
	uint16_t status = p->rc->status;
	const char *w = arg_of(p, 1);

	p->only_status = false;
	if (w == NULL || one_payload(p) < 0 || reply_load_page(p->c, "errorfile", w, p->rc) < 0)
		return -1;
	p->rc->status = status;
	return 2;
}

static struct http_errors *
find_errors(struct cfg *c, const char *name)
{
	struct http_errors *he = http_errors_find(c->snap, name);

	if (he == NULL)
		diag_error(c->diag, "unknown http-errors section '%s' (it must stand above)", name);
	return he;
}

static int
arg_errorfiles(struct parse *p)
{
	const char *w = arg_of(p, 1);
	struct http_errors *he;

	p->only_status = false;
	if (w == NULL || one_payload(p) < 0 || (he = find_errors(p->c, w)) == NULL)
		return -1;
	p->rc->body = REPLY_BODY_PAGE;
	p->rc->errors = he->errors;
	return 2;
}

static int
arg_default_files(struct parse *p)
{
	p->only_status = false;
	if (one_payload(p) < 0)
		return -1;
	p->rc->body = REPLY_BODY_PAGE;
	return 1;
}

static const struct {
	const char	*word;
	int		(*parse)(struct parse *p);	/* words taken, or -1 */
} reply_words[] = {
	{ "status", arg_status }, { "deny_status", arg_status }, { "content-type", arg_type },
	{ "hdr", arg_hdr }, { "string", arg_payload }, { "lf-string", arg_payload },
	{ "file", arg_payload }, { "lf-file", arg_payload }, { "errorfile", arg_errorfile },
	{ "errorfiles", arg_errorfiles }, { "default-errorfiles", arg_default_files },
};

static int
parse_words(struct parse *p)
{
	while (p->i < p->n && !is_end(p->args[p->i])) {
		size_t k = 0;
		int n;

		while (k < ARRAY_LEN(reply_words) &&
		    strcmp(p->args[p->i], reply_words[k].word) != 0)
			k++;
		if (k == ARRAY_LEN(reply_words))
			break;
		if ((n = reply_words[k].parse(p)) < 0)
			return -1;
		p->i += n;
	}
	return 0;
}

static int
check_reply(struct parse *p)
{
	struct reply_conf *rc = p->rc;

	if ((rc->body == REPLY_BODY_BYTES || rc->body == REPLY_BODY_FORMAT) &&
	    rc->content_type == NULL) {
		diag_error(p->c->diag, "a content type must be defined when non-empty payload is "
		    "configured.");
		return -1;
	}
	if (rc->fields != NULL && p->tail != &rc->fields && rc->body == REPLY_BODY_PAGE) {
		diag_error(p->c->diag, "'hdr' is not possible with error files.");
		return -1;
	}
	if ((rc->body == REPLY_BODY_PAGE || rc->body == REPLY_BODY_WHOLE) &&
	    !reply_status_has_page(rc->status)) {
		diag_error(p->c->diag, "status code '%u' not handled by error files.", rc->status);
		return -1;
	}
	if ((rc->status == 204 || rc->status == 304) && rc->body != REPLY_BODY_NONE) {
		diag_error(p->c->diag, "status %u has no payload.", rc->status);
		return -1;
	}
	return 0;
}

struct reply_conf *
reply_parse(struct cfg *c, struct proxy *px, const char *what, unsigned default_status,
    uint32_t use, char **args, int nargs, int *ret_used)
{
	struct reply_conf *rc = arena_alloc(c->arena, sizeof(*rc));
	struct parse p = { .c = c, .px = px, .use = use, .args = args, .n = nargs,
		.only_status = true, .rc = rc, .tail = &rc->fields };
	bool is_return = strcmp(what, "return") == 0 || strcmp(what, "http-error") == 0;

	rc->status = (uint16_t)default_status;
	rc->body = REPLY_BODY_NONE;
	if (parse_words(&p) < 0)
		return NULL;
	if (p.only_status && !is_return)	/* deny, tarpit: the page in force */
		rc->body = reply_status_has_page(rc->status) ? REPLY_BODY_PAGE : REPLY_BODY_NONE;
	if (check_reply(&p) < 0)
		return NULL;
	*ret_used = p.i;
	return rc;
}

/* ---- redirects ---- */

static int
redirect_code(struct cfg *c, const char *word, struct reply_conf *rc)
{
	static const uint16_t codes[] = { 301, 302, 303, 307, 308 };
	uint64_t v;

	for (size_t i = 0; str_to_u64(str_of(word), &v) && i < ARRAY_LEN(codes); i++)
		if (v == codes[i]) {
			rc->status = codes[i];
			return 2;
		}
	diag_error(c->diag, "'code': unsupported HTTP code '%s' (must be one of 301, 302, 303, "
	    "307 or 308).", word);
	return -1;
}

static int
redirect_cookie(struct cfg *c, const char *word, bool clear, struct redirect_conf *d)
{
	const char *eq = strchr(word, '=') != NULL ? "" : "=";

	d->set_cookie = str_of(arena_printf(c->arena, "%s%s; path=/;%s", word,
	    clear ? eq : "", clear ? " Max-Age=0;" : ""));
	if (http_value_is_valid(d->set_cookie))
		return 2;
	diag_error(c->diag, "'%s' is not possible in a cookie.", word);
	return -1;
}

/* A word without argument; false = not one. */
static bool
redirect_flag(const char *w, struct redirect_conf *d)
{
	bool *flag = strcmp(w, "drop-query") == 0 ? &d->drop_query :
	    strcmp(w, "append-slash") == 0 ? &d->append_slash : NULL;

	if (flag != NULL)
		*flag = true;
	return flag != NULL;
}

static int
redirect_word(struct cfg *c, struct proxy *px, uint32_t use, char **w, int n,
    struct reply_conf *rc)
{
	static const char *const kinds[] = { "location", "prefix", "scheme" };
	struct redirect_conf *d = rc->redirect;

	if (redirect_flag(w[0], d))
		return 1;
	if (n >= 2 && !is_end(w[1])) {
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
			if (strcmp(w[0], kinds[i]) == 0) {
				d->kind = (uint8_t)i;
				d->format = logformat_parse(c, px, w[1], use, LF_HTTP);
				return d->format != NULL ? 2 : -1;
			}
		if (strcmp(w[0], "code") == 0)
			return redirect_code(c, w[1], rc);
		if (strcmp(w[0], "set-cookie") == 0 || strcmp(w[0], "clear-cookie") == 0)
			return redirect_cookie(c, w[1], w[0][0] == 'c', d);
	}
	diag_error(c->diag, "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', "
	    "'clear-cookie', 'drop-query' or 'append-slash' (was '%s').", w[0]);
	return -1;
}

struct reply_conf *
redirect_parse(struct cfg *c, struct proxy *px, uint32_t use, char **args, int nargs,
    int *ret_used)
{
	struct reply_conf *rc = arena_alloc(c->arena, sizeof(*rc));
	int i = 0, n;

	rc->status = 302;
	rc->body = REPLY_BODY_REDIRECT;
	rc->redirect = arena_alloc(c->arena, sizeof(*rc->redirect));
	for (; i < nargs && !is_end(args[i]); i += n)
		if ((n = redirect_word(c, px, use, args + i, nargs - i, rc)) < 0)
			return NULL;
	if (rc->redirect->format == NULL) {
		diag_error(c->diag, "redirection type expected ('prefix', 'location', or "
		    "'scheme').");
		return NULL;
	}
	*ret_used = i;
	return rc;
}

/* ---- rows ---- */

/* The list that a row adds to: of a proxy or of an http-errors section. */
static struct reply_conf **
errors_of(struct cfg *c)
{
	if (c->section->in == IN_HTTP_ERRORS)
		return &((struct http_errors *)c->object)->errors;
	return &proxy_of(c)->set.errors;
}

/* In front: the rest may be shared with a defaults section, and the last one
 * that was written wins. */
static void
errors_add(struct cfg *c, struct reply_conf *rc)
{
	struct reply_conf **list = errors_of(c);

	rc->is_error_page = true;
	rc->next = *list;
	*list = rc;
}

static int
take_code(struct cfg *c, const char *what, const char *word, uint16_t *ret)
{
	uint64_t v;

	if (!str_to_u64(str_of(word), &v) || v > 599 || !reply_status_has_page((unsigned)v)) {
		diag_error(c->diag, "%s : status code '%s' not handled.", what, word);
		return -1;
	}
	*ret = (uint16_t)v;
	return 0;
}

static int
parse_errorfile(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct reply_conf *rc = arena_alloc(c->arena, sizeof(*rc));

	(void)nargs;
	if (take_code(c, row->name, args[0], &rc->status) < 0 ||
	    reply_load_page(c, row->name, args[1], rc) < 0)
		return -1;
	errors_add(c, rc);
	return 0;
}

static int
parse_errorloc(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct reply_conf *rc = arena_alloc(c->arena, sizeof(*rc));
	uint16_t code;

	(void)nargs;
	if (take_code(c, row->name, args[0], &code) < 0)
		return -1;
	if (!http_value_is_valid(str_of(args[1]))) {
		diag_error(c->diag, "%s : '%s' is not a valid location.", row->name, args[1]);
		return -1;
	}
	rc->status = code;
	rc->sent_status = (uint16_t)row->arg;
	rc->body = REPLY_BODY_REDIRECT;
	rc->redirect = arena_alloc(c->arena, sizeof(*rc->redirect));
	rc->redirect->fixed = str_of(args[1]);
	errors_add(c, rc);
	return 0;
}

static struct reply_conf *
copy_page(struct cfg *c, const struct reply_conf *page)
{
	struct reply_conf *rc = arena_alloc(c->arena, sizeof(*rc));

	*rc = *page;
	return rc;
}

/* `errorfiles NAME [codes]` */
static int
parse_errorfiles(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct http_errors *he = find_errors(c, args[0]);
	const struct reply_conf *page;
	uint16_t code;

	if (he == NULL)
		return -1;
	for (page = he->errors; nargs == 1 && page != NULL; page = page->next)
		if (reply_in_list(he->errors, page->status) == page)
			errors_add(c, copy_page(c, page));
	for (int i = 1; i < nargs; i++) {
		if (take_code(c, row->name, args[i], &code) < 0)
			return -1;
		if ((page = reply_in_list(he->errors, code)) == NULL) {
			diag_error(c->diag, "errorfiles : http-errors '%s' has no page for status "
			    "'%s'.", args[0], args[i]);
			return -1;
		}
		errors_add(c, copy_page(c, page));
	}
	return 0;
}

/* `http-error status N ...` */
static int
parse_http_error(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct reply_conf *rc;
	int used;

	(void)row;
	if (nargs < 2 || strcmp(args[0], "status") != 0) {
		diag_error(c->diag, "'http-error' expects 'status' <code> first.");
		return -1;
	}
	rc = reply_parse(c, c->section->in == IN_HTTP_ERRORS ? NULL : proxy_of(c), "http-error",
	    0, USE_AT_REQ, args, nargs, &used);
	if (rc == NULL)
		return -1;
	if (used < nargs) {
		diag_error(c->diag, "'http-error' cannot handle unexpected argument '%s'.",
		    args[used]);
		return -1;
	}
	if (rc->body == REPLY_BODY_PAGE && rc->errors == NULL) {
		diag_error(c->diag, "'http-error' : 'default-errorfiles' would be itself.");
		return -1;
	}
	if (rc->body == REPLY_BODY_PAGE) {
		const struct reply_conf *page = reply_in_list(rc->errors, rc->status);

		if (page == NULL) {
			diag_error(c->diag, "'http-error' : no page for status '%u'.", rc->status);
			return -1;
		}
		rc = copy_page(c, page);
	}
	errors_add(c, rc);
	return 0;
}

#define PAGES	(IN_PROXY | IN_HTTP_ERRORS)

static const struct kw_row rows[] = {
	{ "errorfile", PAGES, KW_OBEYED, 2, 2, 0, parse_errorfile, 0, "<code> <file>",
	    "A file that holds the whole answer for an error." },
	{ "errorfiles", IN_PROXY, KW_OBEYED, 1, 32, 0, parse_errorfiles, 0, "<name> [<code>...]",
	    "Takes pages from an http-errors section." },
	{ "http-error", PAGES, KW_OBEYED, 0, 255, KW_F_ANY_ARGS, parse_http_error, 0,
	    "status <code> [<return arguments>]", "An answer for an error." },
	{ "errorloc", IN_PROXY, KW_OBEYED, 2, 2, 0, parse_errorloc, 302, "<code> <url>",
	    "Answers an error with a redirect, 302." },
	{ "errorloc302", IN_PROXY, KW_OBEYED, 2, 2, 0, parse_errorloc, 302, "<code> <url>",
	    "Answers an error with a redirect, 302." },
	{ "errorloc303", IN_PROXY, KW_OBEYED, 2, 2, 0, parse_errorloc, 303, "<code> <url>",
	    "Answers an error with a redirect, 303." },
	{ "redirect", IN_PROXY, KW_REFUSED, 0, 255, KW_F_ANY_ARGS, NULL, 0, "<arguments>",
	    "write 'http-request redirect' with the same arguments." },
	{ .name = NULL }
};

const struct module mod_reply = {
	.name = "reply",
	.cfg = rows,
};
