/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches from the raw bytes that TCP content rules see: their number, spans of
 * them, and the TLS ClientHello (RFC 8446 4.1.2) for routing by SNI or ALPN.
 *
 * The hello may come in several records and any number of packets. Each fetch
 * reads it anew from the start of the buffered bytes, by a reader that never
 * passes its end; too few bytes ask for more, a contradiction is no sample.
 */
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "proxy/rules_in.h"

#define HELLO_MAX	(16384u + 4)

/* What is missing may still come. */
static bool
ask_more(struct sample_ctx *x)
{
	x->needs_more = !x->is_final;
	return false;
}

static bool
f_len(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)a, (void)priv;
	(void)ask_more(x);	/* the number may grow: a test that fails waits */
	sample_int(ret, (int64_t)x->data.len);
	return true;
}

/* payload(off,len): len 0 = all there is from off. */
static bool
f_payload(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	size_t off, len;

	(void)priv;
	if (a[0].i < 0 || a[1].i < 0)
		return false;
	off = (size_t)a[0].i;
	len = (size_t)a[1].i;
	if (off > x->data.len || x->data.len - off < len || (len == 0 && x->data.len == off))
		return ask_more(x);
	if (len == 0)
		(void)ask_more(x);
	ret->type = SMP_BIN;
	ret->u.s = (struct str){ x->data.p + off, len != 0 ? len : x->data.len - off };
	return true;
}

static bool
f_wait_end(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)a, (void)priv;
	if (!x->is_final)
		return ask_more(x);
	sample_bool(ret, true);
	return true;
}

/* ---- a bounded reader over bytes ---- */

struct rd {
	const uint8_t	*p;
	size_t		 left;
	bool		 bad;		/* ran past its end */
};

static uint32_t
rd_uint(struct rd *r, size_t bytes)
{
	uint32_t v = 0;

	if (r->left < bytes) {
		r->bad = true;
		return 0;
	}
	for (; bytes > 0; bytes--, r->left--)
		v = v << 8 | *r->p++;
	return v;
}

/* The next len bytes as a reader of their own. */
static struct rd
rd_sub(struct rd *r, size_t len)
{
	struct rd sub = { r->p, len, false };

	if (r->left < len) {
		r->bad = true;
		return (struct rd){ r->p, 0, true };
	}
	r->p += len;
	r->left -= len;
	return sub;
}

/* ---- the ClientHello ---- */

enum hello_state { HELLO_OK, HELLO_MORE, HELLO_NO };

/* Handshake bytes without record headers; spans the records' own bytes when one
 * record holds it all, else a copy in scratch. */
static enum hello_state
join_records(struct str data, struct rd *ret)
{
	struct rd r = { (const uint8_t *)data.p, data.len, false }, record;
	uint8_t *joined = NULL;
	size_t have = 0, want = 4;

	while (have < want) {
		uint32_t type, version, len;

		if (r.left < 5)
			return r.left > 0 && r.p[0] != 22 ? HELLO_NO : HELLO_MORE;
		type = rd_uint(&r, 1);
		version = rd_uint(&r, 2);
		len = rd_uint(&r, 2);
		if (type != 22 || version >> 8 != 3 || len == 0 || len > 16384)
			return HELLO_NO;
		record = rd_sub(&r, len < r.left ? len : r.left);
		if (joined == NULL && record.left >= 4) {
			want = 4 + ((size_t)record.p[1] << 16 | (size_t)record.p[2] << 8 |
			    record.p[3]);
			if (record.left >= want) {	/* the usual case: no copy */
				*ret = (struct rd){ record.p, want, false };
				return HELLO_OK;
			}
		}
		if (want > HELLO_MAX)
			return HELLO_NO;
		if (record.left < len)
			return HELLO_MORE;
		if (joined == NULL && (joined = eval_alloc(HELLO_MAX + 16384)) == NULL)
			return HELLO_NO;
		memcpy(joined + have, record.p, record.left);
		have += record.left;
		if (have >= 4)
			want = 4 + ((size_t)joined[1] << 16 | (size_t)joined[2] << 8 | joined[3]);
	}
	*ret = (struct rd){ joined, want, false };
	return HELLO_OK;
}

struct hello {
	uint32_t	 version;	/* the highest offered */
	struct rd	 extensions;
};

static enum hello_state
parse_hello(struct str data, struct hello *ret)
{
	enum hello_state st;
	struct rd r;

	if ((st = join_records(data, &r)) != HELLO_OK)
		return st;
	if (rd_uint(&r, 1) != 1)
		return HELLO_NO;
	rd_uint(&r, 3);			/* length: as joined */
	ret->version = rd_uint(&r, 2);
	rd_sub(&r, 32);			/* random */
	rd_sub(&r, rd_uint(&r, 1));	/* session id */
	rd_sub(&r, rd_uint(&r, 2));	/* cipher suites */
	rd_sub(&r, rd_uint(&r, 1));	/* compression */
	ret->extensions = r.left > 0 ? rd_sub(&r, rd_uint(&r, 2)) : (struct rd){ r.p, 0, false };
	return r.bad ? HELLO_NO : HELLO_OK;
}

/* Body of the extension; false = not there. */
static bool
find_extension(struct rd ext, uint32_t wanted, struct rd *ret)
{
	while (ext.left >= 4 && !ext.bad) {
		uint32_t type = rd_uint(&ext, 2);
		struct rd body = rd_sub(&ext, rd_uint(&ext, 2));

		if (type == wanted && !body.bad) {
			*ret = body;
			return true;
		}
	}
	return false;
}

/* A complete hello in x->data, or false (asking for more where that helps). */
static bool
get_hello(struct sample_ctx *x, struct hello *h)
{
	enum hello_state st = parse_hello(x->data, h);

	return st == HELLO_MORE ? ask_more(x) : st == HELLO_OK;
}

/* 0: no TLS, 1: a ClientHello, 2: a ServerHello, other handshake types as they are */
static bool
f_hello_type(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	size_t mark = eval_mark();
	enum hello_state st;
	struct rd r;

	(void)a, (void)priv;
	st = join_records(x->data, &r);
	eval_release(mark);
	if (st == HELLO_MORE)
		return ask_more(x);
	sample_int(ret, st == HELLO_OK ? r.p[0] : 0);
	return true;
}

/* server_name, RFC 6066 3 */
static bool
f_hello_sni(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct rd ext, list, name;
	struct hello h;

	(void)a, (void)priv;
	if (!get_hello(x, &h) || !find_extension(h.extensions, 0, &ext))
		return false;
	list = rd_sub(&ext, rd_uint(&ext, 2));
	while (list.left >= 3 && !list.bad) {
		uint32_t type = rd_uint(&list, 1);

		name = rd_sub(&list, rd_uint(&list, 2));
		if (type != 0 || name.bad)
			continue;
		if (memchr(name.p, '\0', name.left) != NULL)
			return false;
		sample_str(ret, (struct str){ (const char *)name.p, name.left });
		return true;
	}
	return false;
}

/* The highest version offered: `3.3` as HAProxy shows TLS 1.2 here, as 0x30003. */
static bool
f_hello_ver(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct rd ext, list;
	struct hello h;
	uint32_t v, best;

	(void)a, (void)priv;
	if (!get_hello(x, &h))
		return false;
	best = h.version;
	if (find_extension(h.extensions, 43, &ext)) {
		list = rd_sub(&ext, rd_uint(&ext, 1));
		while (list.left >= 2)
			if ((v = rd_uint(&list, 2)) > best && v >> 8 == 3)
				best = v;
	}
	sample_int(ret, (int64_t)(best >> 8) << 16 | (best & 0xff));
	return true;
}

/* application_layer_protocol_negotiation, RFC 7301: names by commas */
static bool
f_hello_alpn(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct rd ext, list, name;
	struct hello h;
	struct str text;
	struct out o;

	(void)a, (void)priv;
	if (!get_hello(x, &h) || !find_extension(h.extensions, 16, &ext))
		return false;
	o = eval_out();
	list = rd_sub(&ext, rd_uint(&ext, 2));
	while (list.left > 0 && !list.bad) {
		name = rd_sub(&list, rd_uint(&list, 1));
		if (out_len(&o) > 0)
			out_char(&o, ',');
		out_mem(&o, name.p, name.left);
	}
	if (!eval_keep(&o, &text) || text.len == 0)
		return false;
	sample_str(ret, text);
	return true;
}

#define C	USE_CONTENT

static const struct fetch_row fetches[] = {
	{ "req.len", "", SMP_INT, C, f_len, 0, "bytes received from the client", NULL },
	{ "req_len", "", SMP_INT, C, f_len, 0, "same as req.len", NULL },
	{ "res.len", "", SMP_INT, USE_CHECK, f_len, 0,
	    "bytes that a health check received", NULL },
	{ "req.payload", "ii", SMP_BIN, C, f_payload, 0, "bytes at an offset", NULL },
	{ "res.payload", "ii", SMP_BIN, USE_CHECK, f_payload, 0,
	    "bytes at an offset of what a health check received", NULL },
	{ "payload", "ii", SMP_BIN, C, f_payload, 0, "bytes at an offset", NULL },
	{ "wait_end", "", SMP_BOOL, C, f_wait_end, 0,
	    "true when the inspect delay is over", NULL },
	{ "req.ssl_hello_type", "", SMP_INT, C, f_hello_type, 0,
	    "1 for a TLS ClientHello, 0 for no TLS", NULL },
	{ "req_ssl_hello_type", "", SMP_INT, C, f_hello_type, 0,
	    "same as req.ssl_hello_type", NULL },
	{ "req.ssl_sni", "", SMP_STR, C, f_hello_sni, 0,
	    "server name in a ClientHello", NULL },
	{ "req_ssl_sni", "", SMP_STR, C, f_hello_sni, 0, "same as req.ssl_sni", NULL },
	{ "req.ssl_ver", "", SMP_INT, C, f_hello_ver, 0,
	    "highest TLS version in a ClientHello", NULL },
	{ "req_ssl_ver", "", SMP_INT, C, f_hello_ver, 0, "same as req.ssl_ver", NULL },
	{ "req.ssl_alpn", "", SMP_STR, C, f_hello_alpn, 0,
	    "protocols in a ClientHello, by commas", NULL },
	{ NULL, NULL, 0, 0, NULL, 0, NULL, NULL }
};

const struct module mod_fetch_tcp = {
	.name = "fetch_tcp",
	.fetches = fetches,
};
