/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches from the head of a request or response: the line, header fields,
 * cookies, parameters of the query. They see struct http_msg only; results are
 * spans of its text, good until a rule changes the message.
 *
 * Headers: `hdr` splits values at commas (outside quotes), `fhdr` does not. An
 * occurrence counts from 1, or from the end: -1, the default, is the last one.
 */
#include <arpa/inet.h>

#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "http/msg.h"
#include "http/uri.h"
#include "proxy/proxy.h"
#include "proxy/rules_in.h"
#include "proxy/session.h"
#include "proxy/txn.h"

#define REQ	USE_REQ
#define RES	USE_RES
#define BOTH	(USE_REQ | USE_RES)

struct http_msg *
ctx_request(const struct sample_ctx *x)
{
	return x->t != NULL && x->t->req.method_text.len != 0 ? &x->t->req : NULL;
}

struct http_msg *
ctx_response(const struct sample_ctx *x)
{
	if (x->check != NULL)
		return x->check->res;
	return x->t != NULL && x->t->res.status != 0 ? &x->t->res : NULL;
}

struct http_msg *
ctx_message(const struct sample_ctx *x)
{
	return x->dir == DIR_RES ? ctx_response(x) : ctx_request(x);
}

/* By a row's priv: a request's, a response's, or the direction's message. */
enum { OF_DIR, OF_REQ, OF_RES };

static struct http_msg *
message_of(const struct sample_ctx *x, intptr_t which)
{
	return which == OF_REQ ? ctx_request(x) : which == OF_RES ? ctx_response(x) :
	    ctx_message(x);
}

/* ---- request and status line ---- */

/* TCP rules in front of an HTTP request wait for its head. */
static struct http_msg *
need_request(struct sample_ctx *x)
{
	struct http_msg *m = ctx_request(x);

	if (m == NULL && !x->is_final)
		x->needs_more = true;
	return m;
}

static bool
f_path(struct sample_ctx *x, const struct arg *a, intptr_t with_query, struct sample *ret)
{
	struct http_msg *m = need_request(x);
	struct str s;

	(void)a;
	if (m == NULL)
		return false;
	s = with_query ? http_str(m, m->target) : http_path(m);
	if (s.len == 0 || s.p[0] != '/')
		return false;
	sample_str(ret, s);
	return true;
}

static bool
f_url(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct http_msg *m = need_request(x);

	(void)a, (void)priv;
	if (m == NULL)
		return false;
	sample_str(ret, http_str(m, m->target));
	return true;
}

static bool
f_check_body(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)a, (void)priv;
	if (x->check == NULL || x->check->res == NULL)
		return false;
	ret->type = SMP_BIN;
	ret->u.s = x->check->body;
	return true;
}

static bool
f_query(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct http_msg *m = need_request(x);
	struct str target;

	(void)a, (void)priv;
	if (m == NULL)
		return false;
	target = http_str(m, m->target);
	if (memchr(target.p, '?', target.len) == NULL)
		return false;
	sample_str(ret, http_query(m));
	return true;
}

static bool
f_method(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct http_msg *m = need_request(x);

	(void)a, (void)priv;
	if (m == NULL)
		return false;
	ret->type = SMP_METHOD;
	ret->method = m->method;
	ret->u.s = http_str(m, m->method_text);
	return true;
}

static bool
f_version(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	struct http_msg *m = which == OF_REQ ? need_request(x) : message_of(x, which);

	(void)a;
	if (m == NULL)
		return false;
	sample_str(ret, m->version == 10 ? STR("1.0") : STR("1.1"));
	return true;
}

static bool
f_status(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct http_msg *m = ctx_response(x);

	(void)a, (void)priv;
	if (m == NULL)
		return false;
	sample_int(ret, m->status);
	return true;
}

static struct str
host_of(const struct http_msg *m)
{
	return m->flags & HTTP_F_HOST ? http_str(m, m->authority) : STR_NONE;
}

/* base: Host and path behind one another, without the query. */
static bool
f_base(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct http_msg *m = need_request(x);
	struct str host, path;
	char *p;

	(void)a, (void)priv;
	if (m == NULL)
		return false;
	host = host_of(m);
	path = http_path(m);
	if (path.len > 0 && path.p[0] != '/')
		path = STR_NONE;
	if (host.len + path.len == 0 || (p = eval_alloc(host.len + path.len)) == NULL)
		return false;
	for (size_t i = 0; i < host.len; i++)
		p[i] = ascii_lower(host.p[i]);
	if (path.len > 0)
		memcpy(p + host.len, path.p, path.len);
	sample_str(ret, (struct str){ p, host.len + path.len });
	return true;
}

static bool
f_is_http(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)a, (void)priv;
	sample_bool(ret, need_request(x) != NULL);
	return !x->needs_more;
}

static bool
f_first_req(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)a, (void)priv;
	if (x->sess == NULL)
		return false;
	sample_bool(ret, (x->sess->flags & SESS_F_KEEP_ALIVE) == 0);
	return true;
}

/* ---- header fields ---- */

/* The element of a comma list that starts at off; *ret_next behind its comma, or
 * past the end. Commas in quotes do not count. */
static struct str
list_elem(struct str v, size_t off, size_t *ret_next)
{
	bool quoted = false;
	size_t i = off;

	for (; i < v.len; i++) {
		if (v.p[i] == '"')
			quoted = !quoted;
		else if (v.p[i] == '\\' && quoted && i + 1 < v.len)
			i++;
		else if (v.p[i] == ',' && !quoted)
			break;
	}
	*ret_next = i + 1;
	return str_trim((struct str){ v.p + off, i - off });
}

/* A walk over values of one name: whole lines, or their elements. */
struct walk {
	struct http_msg		*m;
	struct str		 name;
	enum http_name		 id;
	bool			 split;
	struct http_field	*f;	/* under work; NULL before the first */
	size_t			 off;
};

static struct http_field *
walk_field(const struct walk *w)
{
	return w->id != HTTP_N_OTHER ? http_find_id(w->m, w->id, w->f) :
	    http_find(w->m, w->name, w->f);
}

static bool
walk_next(struct walk *w, struct str *ret)
{
	struct str v;

	if (w->f != NULL && w->split) {
		v = http_field_value(w->m, w->f);
		if (w->off <= v.len && w->off != 0) {
			*ret = list_elem(v, w->off, &w->off);
			return true;
		}
	}
	if ((w->f = walk_field(w)) == NULL)
		return false;
	v = http_field_value(w->m, w->f);
	w->off = 0;
	*ret = w->split ? list_elem(v, 0, &w->off) : v;
	return true;
}

static struct walk
walk_of(struct http_msg *m, const struct arg *a, bool split)
{
	return (struct walk){ .m = m, .name = a->s, .id = (enum http_name)a->i,
		.split = split };
}

/* The n-th value: from 1, or from the end when negative. */
static bool
walk_nth(struct walk w, int64_t n, struct str *ret)
{
	struct walk from = w;
	struct str v;
	int64_t count = 0;

	while (walk_next(&w, &v))
		if (++count == n) {
			*ret = v;
			return true;
		} else if (n == -1) {
			*ret = v;
		}
	if (n == -1 && count > 0)
		return true;
	if (n >= -1 || count + n < 0)
		return false;
	return walk_nth(from, count + n + 1, ret);
}

/* The next of all values, for ACLs. */
static bool
walk_iter(struct walk w, struct fetch_iter *it, struct str *ret)
{
	struct http_msg *m = w.m;

	if (it->field != 0) {
		w.f = &m->fields[it->field - 1];
		w.off = it->off;
	}
	it->more = walk_next(&w, ret);
	if (it->more) {
		it->field = (uint32_t)(w.f - m->fields) + 1;
		it->off = (uint32_t)w.off;
	}
	return it->more;
}

/* priv of header rows: the message, whether values are split. */
#define HDR(which, split)	((which) | ((split) ? 0x10 : 0))

static bool
hdr_value(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct str *ret)
{
	struct http_msg *m = message_of(x, priv & 0x0f);

	if (m == NULL) {
		x->needs_more = !x->is_final;
		return false;
	}
	if (x->iter != NULL && a[1].type == ARG_NONE)
		return walk_iter(walk_of(m, a, priv & 0x10), x->iter, ret);
	return walk_nth(walk_of(m, a, priv & 0x10),
	    a[1].type == ARG_INT ? a[1].i : -1, ret);
}

static bool
f_hdr(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct str v;

	if (!hdr_value(x, a, priv, &v))
		return false;
	sample_str(ret, v);
	return true;
}

static bool
f_hdr_val(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	return f_hdr(x, a, priv, ret) && sample_cast(ret, SMP_INT);
}

/* `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80` */
static bool
text_to_ip(struct str v, struct sample *ret)
{
	const char *end;

	if (v.len > 0 && v.p[0] == '[') {
		if ((end = memchr(v.p, ']', v.len)) == NULL)
			return false;
		v = (struct str){ v.p + 1, (size_t)(end - v.p - 1) };
	} else if ((end = memchr(v.p, ':', v.len)) != NULL &&
	    memchr(end + 1, ':', v.len - (size_t)(end + 1 - v.p)) == NULL) {
		v.len = (size_t)(end - v.p);
	}
	sample_str(ret, v);
	return sample_cast(ret, SMP_IPV4) || sample_cast(ret, SMP_IPV6);
}

static bool
f_hdr_ip(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct str v;

	return hdr_value(x, a, priv, &v) && v.len > 0 && text_to_ip(v, ret);
}

static bool
f_hdr_cnt(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct http_msg *m = message_of(x, priv & 0x0f);
	struct walk w;
	struct str v;
	int64_t n = 0;

	if (m == NULL)
		return false;
	if (a[0].type == ARG_NONE) {
		for (uint16_t i = 0; i < m->nfields; i++)
			n += (m->fields[i].flags & HTTP_FIELD_GONE) == 0;
	} else {
		for (w = walk_of(m, a, priv & 0x10); walk_next(&w, &v); n++)
			;
	}
	sample_int(ret, n);
	return true;
}

static bool
f_hdr_names(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	struct http_msg *m = message_of(x, which);
	struct str text;
	struct out o;

	if (m == NULL)
		return false;
	o = eval_out();
	for (uint16_t i = 0; i < m->nfields; i++) {
		if (m->fields[i].flags & HTTP_FIELD_GONE)
			continue;
		if (out_len(&o) > 0)
			out_str(&o, a[0].type == ARG_STR ? a[0].s : STR(","));
		out_str(&o, http_field_name(m, &m->fields[i]));
	}
	if (!eval_keep(&o, &text))
		return false;
	sample_str(ret, text);
	return true;
}

/* All fields as lines, with the empty one behind them. */
static bool
f_hdrs(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	struct http_msg *m = message_of(x, which);
	struct str text;
	struct out o;

	(void)a;
	if (m == NULL)
		return false;
	o = eval_out();
	for (uint16_t i = 0; i < m->nfields; i++) {
		struct http_field *f = &m->fields[i];

		if (f->flags & HTTP_FIELD_GONE)
			continue;
		out_str(&o, http_field_name(m, f));
		out_lit(&o, ": ");
		out_str(&o, http_field_value(m, f));
		out_lit(&o, "\r\n");
	}
	out_lit(&o, "\r\n");
	if (!eval_keep(&o, &text))
		return false;
	sample_str(ret, text);
	return true;
}

/* The name in lower case, and its id, found once. */
static int
check_hdr(struct cfg *c, struct arg *a, int n)
{
	(void)c;
	if (n == 0)
		return 0;
	for (char *p = (char *)(uintptr_t)a[0].s.p; *p != '\0'; p++)
		*p = ascii_lower(*p);
	a[0].i = (int64_t)http_name_of(a[0].s.p, a[0].s.len);
	return 0;
}

/* ---- cookies ---- */

/* The next `name=value` of a Cookie field; *rest moves behind it. */
static bool
cookie_next(struct str *rest, struct str *ret_name, struct str *ret_value)
{
	struct str pair;
	const char *eq;

	while (str_next_elem(rest, ';', &pair)) {
		if ((eq = memchr(pair.p, '=', pair.len)) == NULL)
			continue;
		*ret_name = str_trim((struct str){ pair.p, (size_t)(eq - pair.p) });
		*ret_value = str_trim((struct str){ eq + 1,
		    pair.len - (size_t)(eq + 1 - pair.p) });
		return true;
	}
	return false;
}

/* Counts cookies of this name (all when a is left out); value = the last one, or
 * the first for single = true. */
static int64_t
cookie_scan(const struct http_msg *m, const struct arg *a, bool single, struct str *ret)
{
	struct str rest, name, value;
	int64_t n = 0;

	for (struct http_field *f = NULL; (f = http_find_id(m, HTTP_N_COOKIE, f)) != NULL; )
		for (rest = http_field_value(m, f); cookie_next(&rest, &name, &value); ) {
			if (a->type == ARG_STR && !str_eq(name, a->s))
				continue;
			*ret = value;
			n++;
			if (single)
				return n;
		}
	return n;
}

/* Set-Cookie holds one cookie, attributes behind `;` do not count. */
static int64_t
set_cookie_scan(const struct http_msg *m, const struct arg *a, struct str *ret)
{
	struct str rest, name, value;
	int64_t n = 0;

	for (struct http_field *f = NULL; (f = http_find_id(m, HTTP_N_SET_COOKIE, f)) != NULL; ) {
		rest = http_field_value(m, f);
		if (!cookie_next(&rest, &name, &value) ||
		    (a->type == ARG_STR && !str_eq(name, a->s)))
			continue;
		*ret = value;
		n++;
	}
	return n;
}

static int64_t
cookie_count(struct sample_ctx *x, const struct arg *a, intptr_t which, struct str *ret)
{
	struct http_msg *m = message_of(x, which);

	if (m == NULL)
		return 0;
	return m == ctx_request(x) ? cookie_scan(m, a, true, ret) : set_cookie_scan(m, a, ret);
}

static bool
f_cook(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	struct str v;

	if (cookie_count(x, a, which, &v) == 0)
		return false;
	sample_str(ret, v);
	return true;
}

static bool
f_cook_val(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	return f_cook(x, a, which, ret) && sample_cast(ret, SMP_INT);
}

static bool
f_cook_cnt(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	struct http_msg *m = message_of(x, which);
	struct str v;

	if (m == NULL)
		return false;
	sample_int(ret, m == ctx_request(x) ? cookie_scan(m, a, false, &v) :
	    set_cookie_scan(m, a, &v));
	return true;
}

/* ---- query parameters ---- */

static bool
f_urlp(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct http_msg *m = need_request(x);
	struct str v;

	(void)priv;
	if (m == NULL)
		return false;
	v = uri_query_param(http_query(m), a[0].s);
	if (v.p == NULL)
		return false;
	sample_str(ret, v);
	return true;
}

static bool
f_urlp_val(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	return f_urlp(x, a, priv, ret) && sample_cast(ret, SMP_INT);
}

/* ---- captures ---- */

static bool
f_capture(struct sample_ctx *x, const struct arg *a, intptr_t is_response, struct sample *ret)
{
	const struct str *kept;
	uint64_t i = (uint64_t)a[0].i;
	uint32_t n;

	kept = txn_captures(x->t, is_response, &n);
	if (kept == NULL || i >= n || kept[i].p == NULL)
		return false;
	sample_str(ret, kept[i]);
	return true;
}

static const struct fetch_row fetches[] = {
	{ "path", "", SMP_STR, REQ, f_path, 0, "path of the target, without the query", NULL },
	{ "pathq", "", SMP_STR, REQ, f_path, 1, "path and query of the target", NULL },
	{ "url", "", SMP_STR, REQ, f_url, 0, "the target as forwarded", NULL },
	{ "query", "", SMP_STR, REQ, f_query, 0, "query string, without `?`", NULL },
	{ "method", "", SMP_METHOD, REQ, f_method, 0, "request method", NULL },
	{ "base", "", SMP_STR, REQ, f_base, 0, "Host in lower case, then the path", NULL },
	{ "req.ver", "", SMP_STR, REQ, f_version, OF_REQ, "request version: 1.0, 1.1", NULL },
	{ "req_ver", "", SMP_STR, REQ, f_version, OF_REQ, "same as req.ver", NULL },
	{ "res.ver", "", SMP_STR, RES, f_version, OF_RES, "response version", NULL },
	{ "resp_ver", "", SMP_STR, RES, f_version, OF_RES, "same as res.ver", NULL },
	{ "status", "", SMP_INT, RES, f_status, 0, "status of the response", NULL },
	{ "req.proto_http", "", SMP_BOOL, USE_TXN, f_is_http, 0,
	    "the client speaks HTTP", NULL },
	{ "req_proto_http", "", SMP_BOOL, USE_TXN, f_is_http, 0,
	    "same as req.proto_http", NULL },
	{ "res.body", "", SMP_BIN, USE_CHECK, f_check_body, 0,
	    "body of the answer to a health check", NULL },
	{ "http_first_req", "", SMP_BOOL, USE_CLIENT, f_first_req, 0,
	    "first request of its connection", NULL },

	{ "hdr", "s|i", SMP_STR, BOTH, f_hdr, HDR(OF_DIR, 1),
	    "element of a header's comma list", check_hdr },
	{ "req.hdr", "s|i", SMP_STR, REQ, f_hdr, HDR(OF_REQ, 1),
	    "element of a request header", check_hdr },
	{ "res.hdr", "s|i", SMP_STR, RES, f_hdr, HDR(OF_RES, 1),
	    "element of a response header", check_hdr },
	{ "shdr", "s|i", SMP_STR, RES, f_hdr, HDR(OF_RES, 1), "same as res.hdr", check_hdr },
	{ "fhdr", "s|i", SMP_STR, BOTH, f_hdr, HDR(OF_DIR, 0), "whole header line", check_hdr },
	{ "req.fhdr", "s|i", SMP_STR, REQ, f_hdr, HDR(OF_REQ, 0),
	    "whole request header line", check_hdr },
	{ "res.fhdr", "s|i", SMP_STR, RES, f_hdr, HDR(OF_RES, 0),
	    "whole response header line", check_hdr },
	{ "hdr_val", "s|i", SMP_INT, BOTH, f_hdr_val, HDR(OF_DIR, 1),
	    "header element as an integer", check_hdr },
	{ "req.hdr_val", "s|i", SMP_INT, REQ, f_hdr_val, HDR(OF_REQ, 1),
	    "request header element as an integer", check_hdr },
	{ "res.hdr_val", "s|i", SMP_INT, RES, f_hdr_val, HDR(OF_RES, 1),
	    "response header element as an integer", check_hdr },
	{ "hdr_ip", "s|i", SMP_ANY, BOTH, f_hdr_ip, HDR(OF_DIR, 1),
	    "header element as an address", check_hdr },
	{ "req.hdr_ip", "s|i", SMP_ANY, REQ, f_hdr_ip, HDR(OF_REQ, 1),
	    "request header element as an address", check_hdr },
	{ "res.hdr_ip", "s|i", SMP_ANY, RES, f_hdr_ip, HDR(OF_RES, 1),
	    "response header element as an address", check_hdr },
	{ "hdr_cnt", "|s", SMP_INT, BOTH, f_hdr_cnt, HDR(OF_DIR, 1),
	    "number of elements of a header, or of all lines", check_hdr },
	{ "req.hdr_cnt", "|s", SMP_INT, REQ, f_hdr_cnt, HDR(OF_REQ, 1),
	    "number of elements of a request header", check_hdr },
	{ "req.fhdr_cnt", "|s", SMP_INT, REQ, f_hdr_cnt, HDR(OF_REQ, 0),
	    "number of lines of a request header", check_hdr },
	{ "res.hdr_cnt", "|s", SMP_INT, RES, f_hdr_cnt, HDR(OF_RES, 1),
	    "number of elements of a response header", check_hdr },
	{ "res.fhdr_cnt", "|s", SMP_INT, RES, f_hdr_cnt, HDR(OF_RES, 0),
	    "number of lines of a response header", check_hdr },
	{ "req.hdr_names", "|s", SMP_STR, REQ, f_hdr_names, OF_REQ,
	    "names of request headers, by commas", NULL },
	{ "res.hdr_names", "|s", SMP_STR, RES, f_hdr_names, OF_RES,
	    "names of response headers, by commas", NULL },
	{ "req.hdrs", "", SMP_STR, REQ, f_hdrs, OF_REQ, "all request headers as lines", NULL },
	{ "res.hdrs", "", SMP_STR, RES, f_hdrs, OF_RES, "all response headers as lines", NULL },

	{ "cook", "|s", SMP_STR, BOTH, f_cook, OF_DIR, "value of a cookie", NULL },
	{ "req.cook", "|s", SMP_STR, REQ, f_cook, OF_REQ, "value of a request cookie", NULL },
	{ "res.cook", "|s", SMP_STR, RES, f_cook, OF_RES, "value of a Set-Cookie", NULL },
	{ "cook_val", "|s", SMP_INT, BOTH, f_cook_val, OF_DIR, "cookie as an integer", NULL },
	{ "req.cook_val", "|s", SMP_INT, REQ, f_cook_val, OF_REQ,
	    "request cookie as an integer", NULL },
	{ "res.cook_val", "|s", SMP_INT, RES, f_cook_val, OF_RES,
	    "Set-Cookie as an integer", NULL },
	{ "cook_cnt", "|s", SMP_INT, BOTH, f_cook_cnt, OF_DIR, "number of cookies", NULL },
	{ "req.cook_cnt", "|s", SMP_INT, REQ, f_cook_cnt, OF_REQ,
	    "number of request cookies", NULL },
	{ "res.cook_cnt", "|s", SMP_INT, RES, f_cook_cnt, OF_RES,
	    "number of Set-Cookie fields", NULL },

	{ "url_param", "s", SMP_STR, REQ, f_urlp, 0, "parameter of the query", NULL },
	{ "urlp", "s", SMP_STR, REQ, f_urlp, 0, "same as url_param", NULL },
	{ "urlp_val", "s", SMP_INT, REQ, f_urlp_val, 0, "query parameter as an integer", NULL },

	{ "capture.req.hdr", "i", SMP_STR, USE_REQ, f_capture, 0,
	    "captured request header by its number, from 0", NULL },
	{ "capture.res.hdr", "i", SMP_STR, USE_RES, f_capture, 1,
	    "captured response header by its number, from 0", NULL },
	{ "capture.req.uri", "", SMP_STR, USE_REQ, f_url, 0, "the target", NULL },
	{ "capture.req.method", "", SMP_METHOD, USE_REQ, f_method, 0, "the method", NULL },
	{ NULL, NULL, 0, 0, NULL, 0, NULL, NULL }
};

const struct module mod_fetch_http = {
	.name = "fetch_http",
	.fetches = fetches,
};
