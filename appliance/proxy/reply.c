/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building local answers in a transaction, and the pages that are built in, in
 * HAProxy's words. A page of the configuration wins over these: the backend's,
 * then the frontend's.
 *
 * Thread: data. Everything read here is static or of the snapshot; bodies made
 * from formats go to the transaction's memory.
 */
#include <pthread.h>

#include "base/magic.h"
#include "base/out.h"
#include "http/msg.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/reply.h"
#include "proxy/reply_in.h"
#include "proxy/sample.h"
#include "proxy/txn.h"

#define PAGE_TEXT(code, name, words) \
	"<html><body><h1>" #code " " name "</h1>\n" words "\n</body></html>\n"
#define PAGE(code, name, words) \
	{ { .status = code, .body = REPLY_BODY_WHOLE, .content_type = "text/html", \
	    .is_error_page = true, .text = { PAGE_TEXT(code, name, words), \
	        sizeof(PAGE_TEXT(code, name, words)) - 1 } }, name }

static const struct page {
	struct reply_conf rc;
	const char	*title;
} pages[] = {
	PAGE(200, "OK", "Service ready."),
	PAGE(400, "Bad request", "Your browser sent an invalid request."),
	PAGE(401, "Unauthorized", "You need a valid user and password to access this content."),
	PAGE(403, "Forbidden", "Request forbidden by administrative rules."),
	PAGE(404, "Not Found", "The resource could not be found."),
	PAGE(405, "Method Not Allowed", "A request was made of a resource using a request "
	    "method not supported by that resource"),
	PAGE(407, "Proxy Authentication Required",
	    "You need a valid user and password to access this content."),
	PAGE(408, "Request Time-out", "Your browser didn't send a complete request in time."),
	PAGE(410, "Gone", "The resource is no longer available and will not be available again."),
	PAGE(413, "Payload Too Large", "The request entity exceeds the maximum allowed."),
	PAGE(414, "URI Too Long", "The request target is longer than the server accepts."),
	PAGE(417, "Expectation Failed", "The expectation of the request cannot be met."),
	PAGE(425, "Too Early", "Your browser sent early data."),
	PAGE(429, "Too Many Requests",
	    "You have sent too many requests in a given amount of time."),
	PAGE(431, "Request Header Fields Too Large",
	    "The header fields of the request are too large."),
	PAGE(500, "Internal Server Error", "An internal server error occurred."),
	PAGE(501, "Not Implemented",
	    "The server does not support the functionality required to fulfill the request."),
	PAGE(502, "Bad Gateway", "The server returned an invalid or incomplete response."),
	PAGE(503, "Service Unavailable", "No server is available to handle this request."),
	PAGE(504, "Gateway Time-out", "The server didn't respond in time."),
	PAGE(505, "HTTP Version Not Supported", "The protocol version is not supported."),
};

static const struct page *
page_of(unsigned status)
{
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (pages[i].rc.status == status)
			return &pages[i];
	return NULL;
}

bool
reply_status_has_page(unsigned status)
{
	return page_of(status) != NULL;
}

/* A status without a page of its own: the page of its class, or of 500. */
static const struct reply_conf *
built_in(unsigned status)
{
	const struct page *p = page_of(status);

	if (p == NULL)
		p = page_of(status >= 400 && status < 500 ? 400 : 500);
	return &p->rc;
}

const struct reply_conf *
reply_in_list(const struct reply_conf *list, unsigned status)
{
	while (list != NULL && list->status != status)
		list = list->next;
	return list;
}

const struct reply_conf *
reply_error(const struct txn *t, unsigned status)
{
	const struct reply_conf *rc = NULL;

	if (t->be != NULL)
		rc = reply_in_list(t->be->set.errors, status);
	if (rc == NULL && t->fe != NULL)
		rc = reply_in_list(t->fe->set.errors, status);
	return rc != NULL && rc->body != REPLY_BODY_PAGE ? rc : built_in(status);
}

/* ---- building ---- */

static bool
add(struct txn *t, struct str name, struct str value)
{
	struct http_msg *m = &t->res;

	return http_append(m, name, value, HTTP_FIELD_ADDED) ||
	    (txn_grow(t, m) && http_append(m, name, value, HTTP_FIELD_ADDED));
}

static bool
add_length(struct txn *t)
{
	char buf[24];
	struct out o;

	out_init(&o, buf, sizeof(buf));
	out_u64(&o, t->local_body.len);
	return add(t, STR("content-length"), (struct str){ buf, out_len(&o) });
}

static bool
add_fields(struct txn *t, const struct reply_conf *rc, struct sample_ctx *x)
{
	for (const struct reply_field *f = rc->fields; f != NULL; f = f->next) {
		size_t mark = eval_mark();
		struct str v = f->format != NULL ? logformat_eval(f->format, x) : f->value;
		bool done = v.p != NULL && add(t, f->name, v);

		eval_release(mark);
		if (!done)
			return false;
	}
	return true;
}

/* Text of a format as the body, in the transaction's memory. */
static bool
format_body(struct txn *t, const struct logformat *f, struct sample_ctx *x)
{
	size_t mark = eval_mark();
	struct str v = logformat_eval(f, x);
	char *p = v.p != NULL ? txn_scratch(t, v.len + 1) : NULL;

	if (p != NULL) {
		memcpy(p, v.p, v.len);
		t->local_body = (struct str){ p, v.len };
	}
	eval_release(mark);
	return p != NULL;
}

/* Appends the target: path, `/` when asked for, query unless dropped. */
static void
out_target(struct out *o, const struct redirect_conf *d, const struct http_msg *req)
{
	struct str path = http_path(req), query = http_query(req);

	if (path.len == 1 && path.p[0] == '/' && out_len(o) == 1 && o->start[0] == '/')
		path.len = 0;		/* prefix "/" means "no prefix" */
	out_str(o, path);
	if (d->append_slash && d->drop_query && (path.len == 0 || path.p[path.len - 1] != '/'))
		out_char(o, '/');
	if (!d->drop_query && query.p != NULL) {
		out_char(o, '?');
		out_str(o, query);
	}
}

/* The Location; false when it does not fit or (ret_skip) shall not be sent. */
static bool
out_location(struct out *o, const struct redirect_conf *d, struct sample_ctx *x)
{
	const struct http_msg *req = &x->t->req;
	struct str fmt = d->format != NULL ? logformat_eval(d->format, x) : d->fixed;

	if (fmt.p == NULL)
		return false;
	*o = eval_out();
	switch (d->kind) {
	case REDIR_SCHEME:
		out_str(o, fmt);
		out_lit(o, "://");
		if (req->flags & HTTP_F_HOST)
			out_str(o, http_str(req, req->authority));
		out_target(o, d, req);
		break;
	case REDIR_PREFIX:
		if (!(fmt.len == 1 && fmt.p[0] == '/'))
			out_str(o, fmt);
		out_target(o, d, req);
		break;
	default:
		out_str(o, fmt);
	}
	return !o->overflow;
}

static bool
build_redirect(struct txn *t, const struct reply_conf *rc, struct sample_ctx *x)
{
	const struct redirect_conf *d = rc->redirect;
	size_t mark = eval_mark();
	struct out o;
	bool done;

	t->local_body = STR("");
	done = out_location(&o, d, x) && add_length(t) &&
	    add(t, STR("location"), (struct str){ o.start, out_len(&o) });
	eval_release(mark);
	if (done && (t->res.status == 302 || t->res.status == 303))
		done = add(t, STR("cache-control"), STR("no-cache"));
	if (done && d->set_cookie.len > 0)
		done = add(t, STR("set-cookie"), d->set_cookie);
	return done && add_fields(t, rc, x);
}

/* A page: its own fields when it came from a file, else the usual ones. */
static bool
build_page(struct txn *t, const struct reply_conf *page, struct sample_ctx *x)
{
	t->local_body = page->text;
	if (!add_length(t))
		return false;
	if (page->fields == NULL && page->content_type != NULL)
		return add(t, STR("cache-control"), STR("no-cache")) &&
		    add(t, STR("content-type"), str_of(page->content_type));
	return add_fields(t, page, x);
}

static bool
build_answer(struct txn *t, const struct reply_conf *rc, struct sample_ctx *x)
{
	t->local_body = rc->body == REPLY_BODY_BYTES ? rc->text : STR("");
	if (rc->body == REPLY_BODY_FORMAT && !format_body(t, rc->format, x))
		return false;
	return add_length(t) && (rc->content_type == NULL || rc->body == REPLY_BODY_NONE ||
	    add(t, STR("content-type"), str_of(rc->content_type))) && add_fields(t, rc, x);
}

static bool
build(struct txn *t, const struct reply_conf *rc)
{
	const struct reply_conf *page = NULL;
	uint16_t status = rc->sent_status != 0 ? rc->sent_status : rc->status;
	struct str reason = rc->reason;
	struct sample_ctx x;

	sample_ctx_init(&x, t, t->be != NULL ? t->be : t->fe, DIR_REQ);
	if (rc->body == REPLY_BODY_PAGE) {
		page = reply_in_list(rc->errors, rc->status);
		if (page == NULL)
			page = reply_error(t, rc->status);
		if (page->body != REPLY_BODY_WHOLE)
			return build(t, page);	/* http-error: never a page again */
		if (page->reason.len > 0)
			reason = page->reason;
	} else if (rc->body == REPLY_BODY_WHOLE) {
		page = rc;
	}
	if (reason.len == 0)
		reason = str_of(http_status_reason(status));
	t->res.version = 11;
	if (!http_set_status(&t->res, status, reason) &&
	    !(txn_grow(t, &t->res) && http_set_status(&t->res, status, reason)))
		return false;
	t->status = rc->status;
	if (page != NULL)
		return build_page(t, page, &x);
	return rc->body == REPLY_BODY_REDIRECT ? build_redirect(t, rc, &x) :
	    build_answer(t, rc, &x);
}

/* Take back what was added: the fallback starts on an empty head. */
static void
undo(struct txn *t, uint32_t len, uint16_t nfields)
{
	t->res.len = len;
	t->res.nfields = nfields;
	t->local_body = STR("");
}

void
reply_build(struct txn *t, const struct reply_conf *rc)
{
	uint32_t len = t->res.len;
	uint16_t nfields = t->res.nfields;

	if (build(t, rc))
		return;
	undo(t, len, nfields);
	if (build(t, &page_of(500)->rc))
		return;
	undo(t, len, nfields);		/* not even that fits: a head alone */
	t->status = t->res.status = 500;
}

/* ---- pages as bytes ---- */

static char raw[ARRAY_LEN(pages)][512];
static size_t raw_len[ARRAY_LEN(pages)];
static pthread_once_t raw_once = PTHREAD_ONCE_INIT;

static void
make_raw(void)
{
	struct out o;

	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		const struct page *p = &pages[i];

		out_init(&o, raw[i], sizeof(raw[i]));
		out_fmt(&o, "HTTP/1.1 %u %s\r\ncontent-length: %zu\r\n"
		    "cache-control: no-cache\r\ncontent-type: text/html\r\n"
		    "connection: close\r\n\r\n", p->rc.status, p->title, p->rc.text.len);
		out_str(&o, p->rc.text);
		WEIR_ASSERT(!o.overflow);
		raw_len[i] = out_len(&o);
	}
}

struct str
reply_raw(unsigned status)
{
	const struct page *p = page_of(status);
	size_t i;

	pthread_once(&raw_once, make_raw);
	if (p == NULL)
		p = page_of(500);
	i = (size_t)(p - pages);
	return (struct str){ raw[i], raw_len[i] };
}
