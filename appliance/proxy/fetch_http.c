/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches from the head of a request or response: the line, parameters of the
 * query, captures; header fields and cookies are in fetch_hdr.c. They see struct
 * http_msg only; results are spans of its text, good until a rule changes the
 * message.
 */
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

struct http_msg *
ctx_message_of(const struct sample_ctx *x, intptr_t which)
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
	struct http_msg *m = which == OF_REQ ? need_request(x) : ctx_message_of(x, which);

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
