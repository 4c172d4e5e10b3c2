/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Converters of text and bytes. A result that is part of its input is a span of
 * it; anything else is written to evaluation scratch. What does not fit there
 * gives no sample.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "proxy/rules_in.h"
#include "proxy/vars.h"

static bool
c_case(struct sample_ctx *x, const struct arg *a, intptr_t to_upper, struct sample *smp)
{
	struct str s = smp->u.s;
	char *p = eval_alloc(s.len);

	(void)x, (void)a;
	if (p == NULL)
		return false;
	for (size_t i = 0; i < s.len; i++)
		p[i] = !to_upper ? ascii_lower(s.p[i]) :
		    s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] & ~0x20) : s.p[i];
	smp->u.s.p = p;
	return true;
}

static bool
c_hex(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	static const char digits[] = "0123456789ABCDEF";
	struct str b = smp->u.s;
	char *p;

	(void)x, (void)a, (void)priv;
	if (b.len > EVAL_BYTES / 2 || (p = eval_alloc(b.len * 2)) == NULL)
		return false;
	for (size_t i = 0; i < b.len; i++) {
		p[2 * i] = digits[(uint8_t)b.p[i] >> 4];
		p[2 * i + 1] = digits[(uint8_t)b.p[i] & 15];
	}
	sample_str(smp, (struct str){ p, b.len * 2 });
	return true;
}

static bool
c_hex2i(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	uint64_t v;

	(void)x, (void)a, (void)priv;
	if (!str_to_hex(smp->u.s, &v))
		return false;
	sample_int(smp, (int64_t)v);
	return true;
}

static bool
c_length(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	(void)x, (void)a, (void)priv;
	sample_int(smp, (int64_t)smp->u.s.len);
	return true;
}

static bool
c_bytes(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	int64_t off, len = INT64_MAX;
	struct str s = smp->u.s;

	(void)priv;
	if (!var_or_int(x, &a[0], &off) || (a[1].type != ARG_NONE && !var_or_int(x, &a[1], &len)))
		return false;
	if (off < 0 || len < 0)
		return false;
	if ((uint64_t)off >= s.len) {
		smp->u.s.len = 0;
		return true;
	}
	s.p += off;
	s.len -= (size_t)off;
	if ((uint64_t)len < s.len)
		s.len = (size_t)len;
	smp->u.s = s;
	return true;
}

/* ---- field and word ---- */

/* One span of consecutive fields, counted from 1 or, negative, from the end. */
struct cut {
	struct str	 s;
	const char	*delims;
	bool		 skip_empty;	/* word: runs of delimiters count as one */
};

static bool
is_delim(const struct cut *c, char ch)
{
	return ch != '\0' && strchr(c->delims, ch) != NULL;
}

/* The field that starts at or behind *at; false at the end. */
static bool
cut_next(const struct cut *c, size_t *at, struct str *ret)
{
	size_t i = *at, start;

	if (c->skip_empty)
		while (i < c->s.len && is_delim(c, c->s.p[i]))
			i++;
	if (i > c->s.len || (c->skip_empty && i == c->s.len))
		return false;
	for (start = i; i < c->s.len && !is_delim(c, c->s.p[i]); i++)
		;
	*ret = (struct str){ c->s.p + start, i - start };
	*at = i + 1;
	return true;
}

static int64_t
cut_count(const struct cut *c)
{
	struct str f;
	size_t at = 0;
	int64_t n = 0;

	while (cut_next(c, &at, &f))
		n++;
	return n;
}

/* Fields first .. first+count-1 (count 0: to the end) of total. */
static bool
cut_range(const struct cut *c, int64_t first, int64_t count, struct str *ret)
{
	int64_t n = 0, last = count == 0 ? INT64_MAX : first + count - 1;
	const char *from = NULL, *to = NULL;
	struct str f;
	size_t at = 0;

	while (n < last && cut_next(c, &at, &f)) {
		if (++n == first)
			from = f.p;
		if (n >= first)
			to = f.p + f.len;
	}
	if (from == NULL)
		return false;
	*ret = (struct str){ from, (size_t)(to - from) };
	return true;
}

static bool
c_field(struct sample_ctx *x, const struct arg *a, intptr_t is_word, struct sample *smp)
{
	struct cut c = { smp->u.s, a[1].s.p, is_word != 0 };
	int64_t index = a[0].i, count = a[2].type == ARG_INT ? a[2].i : 1, total;

	(void)x;
	if (index == 0 || count < 0 || count > UINT16_MAX) {
		smp->u.s.len = 0;
		return true;
	}
	if (index < 0) {	/* count fields that end at the index-th from the end */
		total = cut_count(&c);
		index = total + index + 1;
		if (count == 0 || count > index) {
			count = index;
			index = 1;
		} else {
			index -= count - 1;
		}
	}
	if (index < 1 || !cut_range(&c, index, count, &smp->u.s))
		smp->u.s.len = 0;
	return true;
}

/* ---- concat and comparisons ---- */

/* A variable named by a plain string argument, looked up when parsed. */
static int
check_var_at(struct cfg *c, struct arg *a, int i)
{
	if (a[i].type != ARG_STR || a[i].s.len == 0)
		return 0;
	a[i].u.var = var_name_parse(c, a[i].s.p);
	return a[i].u.var != NULL ? 0 : -1;
}

static int
check_concat(struct cfg *c, struct arg *a, int n)
{
	(void)n;
	return check_var_at(c, a, 1);
}

/* concat(before,var,after) */
static bool
c_concat(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	struct sample v = { 0 };
	bool has_var = a[1].u.var != NULL && var_get(x, a[1].u.var, &v) &&
	    sample_cast(&v, SMP_STR);
	struct out o = eval_out();

	(void)priv;
	out_str(&o, smp->u.s);
	if (a[0].type == ARG_STR)
		out_str(&o, a[0].s);
	if (has_var)
		out_str(&o, v.u.s);
	if (a[2].type == ARG_STR)
		out_str(&o, a[2].s);
	return eval_keep(&o, &smp->u.s);
}

static int
check_strcmp(struct cfg *c, struct arg *a, int n)
{
	(void)n;
	return check_var_at(c, a, 0);
}

static bool
c_strcmp(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	struct str s = smp->u.s;
	struct sample v;
	size_t n;
	int d;

	(void)priv;
	if (!var_get(x, a[0].u.var, &v) || !sample_cast(&v, SMP_STR))
		return false;
	n = s.len < v.u.s.len ? s.len : v.u.s.len;
	d = n > 0 ? memcmp(s.p, v.u.s.p, n) : 0;
	if (d == 0)
		d = (s.len > v.u.s.len) - (s.len < v.u.s.len);
	sample_int(smp, d);
	return true;
}

static bool
c_iif(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	(void)x, (void)priv;
	sample_str(smp, smp->u.b ? a[0].s : a[1].s);
	return true;
}

static bool
c_set_var(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	(void)priv;
	var_set(x, a[0].u.var, smp);
	return true;
}

/* ---- URL coding ---- */

static bool
c_url_dec(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	bool in_form = a[0].type == ARG_INT && a[0].i != 0;
	struct str s = smp->u.s;
	struct out o = eval_out();
	uint64_t v;

	(void)x, (void)priv;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '?')
			in_form = true;
		if (s.p[i] == '+' && in_form) {
			out_char(&o, ' ');
		} else if (s.p[i] == '%') {
			if (s.len - i < 3 || !str_to_hex((struct str){ s.p + i + 1, 2 }, &v))
				return false;
			out_char(&o, (char)v);
			i += 2;
		} else {
			out_char(&o, s.p[i]);
		}
	}
	return eval_keep(&o, &smp->u.s);
}

static bool
is_unreserved(char c)
{
	return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '.' || c == '_' || c == '~';
}

static bool
c_url_enc(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	static const char digits[] = "0123456789ABCDEF";
	struct str s = smp->u.s;
	struct out o = eval_out();

	(void)x, (void)a, (void)priv;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if (is_unreserved(s.p[i])) {
			out_char(&o, s.p[i]);
		} else {
			out_char(&o, '%');
			out_char(&o, digits[c >> 4]);
			out_char(&o, digits[c & 15]);
		}
	}
	return eval_keep(&o, &smp->u.s);
}

static int
check_url_enc(struct cfg *c, struct arg *a, int n)
{
	if (n == 0 || str_is(a[0].s, "query"))
		return 0;
	diag_error(c->diag, "converter 'url_enc' expects 'query' as encoding type, but got "
	    "'%s'", a[0].s.p);
	return -1;
}

/* ---- regsub ---- */


/* regsub(regex,subst[,flags]); flags i: case, g: all */
static int
check_regsub(struct cfg *c, struct arg *a, int n)
{
	bool ignore_case = false, all = false;

	for (size_t i = 0; n > 2 && i < a[2].s.len; i++) {
		if (a[2].s.p[i] == 'i') {
			ignore_case = true;
		} else if (a[2].s.p[i] == 'g') {
			all = true;
		} else {
			diag_error(c->diag, "converter 'regsub' expects flags 'i' and 'g', but "
			    "got '%s'", a[2].s.p);
			return -1;
		}
	}
	a[2].i = all;
	a[0].u.regex = regex_new(c, a[0].s.p, ignore_case);
	return a[0].u.regex != NULL ? 0 : -1;
}

static bool
c_regsub(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	struct str rest = smp->u.s, g[REGEX_GROUPS];
	struct out o = eval_out();
	unsigned n;

	(void)x, (void)priv;
	while (regex_match(a[0].u.regex, rest, g, &n)) {
		const char *end = g[0].p + g[0].len;
		size_t left = rest.len - (size_t)(end - rest.p);

		out_mem(&o, rest.p, (size_t)(g[0].p - rest.p));
		regex_expand(&o, a[1].s, g, n);
		rest = (struct str){ end, left };
		if (a[2].i == 0 || left == 0)
			break;
		if (g[0].len == 0) {	/* an empty match: go on behind one byte */
			out_char(&o, *rest.p);
			rest = (struct str){ rest.p + 1, rest.len - 1 };
		}
	}
	out_str(&o, rest);
	return eval_keep(&o, &smp->u.s);
}

/* ---- parts of text ---- */

/* The host of `host:port`, `[v6]:port`, `v6` */
static struct str
host_part(struct str s, struct str *ret_port)
{
	const char *colon, *end;

	*ret_port = STR_NONE;
	if (s.len > 0 && s.p[0] == '[') {
		if ((end = memchr(s.p, ']', s.len)) == NULL)
			return s;
		if ((size_t)(end - s.p) + 2 < s.len && end[1] == ':')
			*ret_port = (struct str){ end + 2, s.len - (size_t)(end + 2 - s.p) };
		return (struct str){ s.p, (size_t)(end - s.p) + 1 };
	}
	if ((colon = memchr(s.p, ':', s.len)) == NULL)
		return s;
	*ret_port = (struct str){ colon + 1, s.len - (size_t)(colon + 1 - s.p) };
	return (struct str){ s.p, (size_t)(colon - s.p) };
}

static bool
c_host_only(struct sample_ctx *x, const struct arg *a, intptr_t want_port, struct sample *smp)
{
	struct str port, host = host_part(smp->u.s, &port);
	int64_t v = 0;

	(void)x, (void)a;
	if (!want_port) {
		smp->u.s = host;
		return true;
	}
	if (port.len > 0 && !str_to_i64(port, &v))
		return false;
	sample_int(smp, v);
	return true;
}

enum { TRIM_LEFT = 1, TRIM_RIGHT = 2 };

static bool
c_trim(struct sample_ctx *x, const struct arg *a, intptr_t sides, struct sample *smp)
{
	struct str s = smp->u.s;

	(void)x;
	while ((sides & TRIM_LEFT) && s.len > 0 && memchr(a[0].s.p, s.p[0], a[0].s.len) != NULL)
		s.p++, s.len--;
	while ((sides & TRIM_RIGHT) && s.len > 0 &&
	    memchr(a[0].s.p, s.p[s.len - 1], a[0].s.len) != NULL)
		s.len--;
	smp->u.s = s;
	return true;
}

static bool
c_http_date(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	int64_t at = smp->u.i, add = a[0].type == ARG_INT ? a[0].i : 0;
	char *p = eval_alloc(32);

	(void)x, (void)priv;
	if (p == NULL || __builtin_add_overflow(at, add, &at) || at < 0 ||
	    at > INT64_MAX / 1000000)
		return false;
	sample_str(smp, (struct str){ p, clock_format_http((uint64_t)at * 1000000, p) });
	return true;
}

static const struct conv_row converters[] = {
	{ "lower", "", SMP_STR, SMP_STR, c_case, 0, "to lower case", NULL },
	{ "upper", "", SMP_STR, SMP_STR, c_case, 1, "to upper case", NULL },
	{ "hex", "", SMP_BIN, SMP_STR, c_hex, 0, "bytes as hexadecimal digits", NULL },
	{ "hex2i", "", SMP_STR, SMP_INT, c_hex2i, 0, "hexadecimal digits to an integer", NULL },
	{ "length", "", SMP_STR, SMP_INT, c_length, 0, "number of bytes", NULL },
	{ "bytes", "V|V", SMP_BIN, SMP_BIN, c_bytes, 0, "a span: offset, length", NULL },
	{ "field", "is|i", SMP_STR, SMP_STR, c_field, 0,
	    "field by index and delimiters; empty ones count", NULL },
	{ "word", "is|i", SMP_STR, SMP_STR, c_field, 1,
	    "word by index and delimiters; empty ones do not count", NULL },
	{ "concat", "|sss", SMP_STR, SMP_STR, c_concat, 0,
	    "appends text, a variable, text", check_concat },
	{ "strcmp", "s", SMP_STR, SMP_INT, c_strcmp, 0,
	    "compares with a variable: < 0, 0, > 0", check_strcmp },
	{ "iif", "ss", SMP_BOOL, SMP_STR, c_iif, 0, "one text for true, one for false", NULL },
	{ "set-var", "v", SMP_ANY, SMP_ANY, c_set_var, 0, "keeps the value in a variable", NULL },
	{ "url_dec", "|i", SMP_STR, SMP_STR, c_url_dec, 0, "undoes %XX coding", NULL },
	{ "url_enc", "|s", SMP_STR, SMP_STR, c_url_enc, 0, "codes reserved bytes as %XX",
	    check_url_enc },
	{ "regsub", "rs|s", SMP_STR, SMP_STR, c_regsub, 0,
	    "replaces what a regex matches; flags i, g", check_regsub },
	{ "host_only", "", SMP_STR, SMP_STR, c_host_only, 0, "Host without its port", NULL },
	{ "port_only", "", SMP_STR, SMP_INT, c_host_only, 1, "port of a Host, or 0", NULL },
	{ "ltrim", "s", SMP_STR, SMP_STR, c_trim, TRIM_LEFT, "strips bytes at the start", NULL },
	{ "rtrim", "s", SMP_STR, SMP_STR, c_trim, TRIM_RIGHT, "strips bytes at the end", NULL },
	{ "http_date", "|i", SMP_INT, SMP_STR, c_http_date, 0, "seconds to an HTTP date", NULL },
	{ "json", "*", SMP_STR, SMP_STR, NULL, 0, "JSON converters are not built yet", NULL },
	{ "json_query", "*", SMP_STR, SMP_STR, NULL, 0,
	    "JSON converters are not built yet", NULL },
	{ NULL, NULL, 0, 0, NULL, 0, NULL, NULL }
};

const struct module mod_conv_text = {
	.name = "conv_text",
	.converters = converters,
};
