/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches of header fields and cookies. `hdr` splits values at commas (outside
 * quotes), `fhdr` does not. An occurrence counts from 1, or from the end: -1, the
 * default, is the last one. Results are spans of the message's text, good until a
 * rule changes it.
 *
 * Thread: data.
 */
#include <arpa/inet.h>

#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "http/cookie.h"
#include "http/msg.h"
#include "proxy/proxy.h"
#include "proxy/rules_in.h"
#include "proxy/sample.h"

#define REQ	USE_REQ
#define RES	USE_RES
#define BOTH	(USE_REQ | USE_RES)

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
	struct http_msg *m = ctx_message_of(x, priv & 0x0f);

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
	struct http_msg *m = ctx_message_of(x, priv & 0x0f);
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
	struct http_msg *m = ctx_message_of(x, which);
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
	struct http_msg *m = ctx_message_of(x, which);
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

/* Of this name, or of any when none is given. */
static bool
is_asked(const struct cookie *ck, const struct arg *a)
{
	return ck->name.p != NULL && (a->type != ARG_STR || str_eq(ck->name, a->s));
}

/* Counts cookies of this name (all when a is left out); value = the last one, or
 * the first for single = true. */
static int64_t
cookie_scan(const struct http_msg *m, const struct arg *a, bool single, struct str *ret)
{
	struct cookie ck;
	struct str rest;
	int64_t n = 0;

	for (struct http_field *f = NULL; (f = http_find_id(m, HTTP_N_COOKIE, f)) != NULL; )
		for (rest = http_field_value(m, f); cookie_next(&rest, &ck); ) {
			if (!is_asked(&ck, a))
				continue;
			*ret = ck.value;
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
	struct cookie ck;
	struct str rest;
	int64_t n = 0;

	for (struct http_field *f = NULL; (f = http_find_id(m, HTTP_N_SET_COOKIE, f)) != NULL; ) {
		rest = http_field_value(m, f);
		if (!cookie_next(&rest, &ck) || !is_asked(&ck, a))
			continue;
		*ret = ck.value;
		n++;
	}
	return n;
}

static int64_t
cookie_count(struct sample_ctx *x, const struct arg *a, intptr_t which, struct str *ret)
{
	struct http_msg *m = ctx_message_of(x, which);

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
	struct http_msg *m = ctx_message_of(x, which);
	struct str v;

	if (m == NULL)
		return false;
	sample_int(ret, m == ctx_request(x) ? cookie_scan(m, a, false, &v) :
	    set_cookie_scan(m, a, &v));
	return true;
}

static const struct fetch_row fetches[] = {
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
	{ .name = NULL }
};

const struct module mod_fetch_hdr = { .name = "fetch_hdr", .fetches = fetches };
