/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bounded writer and the growing buffer. A piece is written whole or not at
 * all; an escaped text may end in the middle, on a whole escape. Each medium has
 * one function here, and no other place escapes.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/magic.h"
#include "base/out.h"
#include "base/xalloc.h"

#define OUTBUF_MAX_BYTES	((size_t)1 << 30)
#define OUTBUF_FIRST_BYTES	256

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

void
out_str(struct out *o, struct str s)
{
	if (s.len > 0)
		out_mem(o, s.p, s.len);
}

void
out_z(struct out *o, const char *z)
{
	out_mem(o, z, strlen(z));
}

/* Decimal digits of v, right-aligned to end; returns the first. */
static char *
digits_before(char *end, uint64_t v)
{
	do
		*--end = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	return end;
}

static unsigned
count_digits(uint64_t v)
{
	unsigned n = 1;

	for (; v >= 10000; v /= 10000)
		n += 4;
	return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

/* Digits go straight to their place: log lines have dozens of numbers. */
void
out_u64(struct out *o, uint64_t v)
{
	unsigned n = v < 10 ? 1 : count_digits(v);

	if (o->overflow || (size_t)(o->end - o->p) < n) {
		o->overflow = true;
		return;
	}
	o->p += n;
	if (n == 1)
		o->p[-1] = (char)('0' + v);
	else
		(void)digits_before(o->p, v);
}

void
out_i64(struct out *o, int64_t v)
{
	if (v < 0)
		out_char(o, '-');
	out_u64(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void
out_hex(struct out *o, uint64_t v)
{
	char buf[16], *end = buf + sizeof(buf), *p = end;

	do
		*--p = hex_lower[v & 15];
	while ((v >>= 4) != 0);
	out_mem(o, p, (size_t)(end - p));
}

void
out_pad_u64(struct out *o, uint64_t v, int digits)
{
	char buf[32], *end = buf + sizeof(buf), *p = digits_before(end, v);

	WEIR_ASSERT(digits <= (int)sizeof(buf));
	while (end - p < digits)
		*--p = '0';
	out_mem(o, p, (size_t)(end - p));
}

/* digits: those of a number d.ddd; its decimal point stands behind `whole` of them. */
static void
put_decimal(struct out *o, const char *digits, int whole)
{
	int n = (int)strlen(digits);

	if (whole <= 0)
		out_lit(o, "0");
	for (int i = 0; i < whole; i++)
		out_char(o, i < n ? digits[i] : '0');
	out_char(o, '.');
	for (int i = whole; i < 0; i++)
		out_char(o, '0');
	for (int i = whole > 0 ? whole : 0; i < n; i++)
		out_char(o, digits[i]);
	if (n <= whole)
		out_char(o, '0');
}

void
out_double(struct out *o, double v)
{
	char text[40], digits[24];
	int exp10, n = 0;

	if (isnan(v) || isinf(v)) {
		out_z(o, isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
		return;
	}
	for (int precision = 0; precision < 17; precision++) {
		(void)snprintf(text, sizeof(text), "%.*e", precision, fabs(v));
		if (strtod(text, NULL) == fabs(v))
			break;
	}
	for (const char *p = text; *p != 'e'; p++)
		if (*p != '.')
			digits[n++] = *p;
	digits[n] = '\0';
	exp10 = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	if (signbit(v))
		out_char(o, '-');
	if (v == 0 || (exp10 >= -3 && exp10 < 7)) {
		put_decimal(o, digits, exp10 + 1);
	} else {
		put_decimal(o, digits, 1);
		out_char(o, 'E');
		out_i64(o, exp10);
	}
}

void
out_fmt(struct out *o, const char *fmt, ...)
{
	va_list ap;
	char *tmp;

	va_start(ap, fmt);
	tmp = xvasprintf(fmt, ap);
	va_end(ap);
	out_z(o, tmp);
	free(tmp);
}

void
out_csv(struct out *o, struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\n' ||
		    s.p[i] == '\r')
			break;
	if (i == s.len) {
		out_str(o, s);
		return;
	}
	out_char(o, '"');
	for (i = 0; i < s.len; i++) {
		if (s.p[i] == '"')
			out_char(o, '"');
		out_char(o, s.p[i]);
	}
	out_char(o, '"');
}

/* Range of the second byte of a UTF-8 sequence: no overlong forms, no
 * surrogates, nothing above U+10FFFF (RFC 3629 section 4). */
static bool
utf8_second_ok(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return (second & 0xc0) == 0x80;
	}
}

/* Length of the valid UTF-8 sequence at p, 0 when it is none. */
static size_t
utf8_len(const unsigned char *p, size_t left)
{
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (left < n || !utf8_second_ok(p[0], p[1]))
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void
json_escape(struct out *o, unsigned char c)
{
	static const char named[] = "\b\t\n\f\r\"\\", letter[] = "btnfr\"\\";
	const char *at = c ? strchr(named, c) : NULL;
	char buf[6] = { '\\', 'u', '0', '0', hex_lower[c >> 4],
		hex_lower[c & 15] };

	if (at != NULL) {
		buf[1] = letter[at - named];
		out_mem(o, buf, 2);
	} else {
		out_mem(o, buf, 6);
	}
}

void
out_json(struct out *o, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n;

	out_char(o, '"');
	for (size_t i = 0; i < s.len; i += n ? n : 1) {
		n = utf8_len(p + i, s.len - i);
		if (n == 0)
			out_lit(o, "\xef\xbf\xbd");
		else if (p[i] < 0x20 || p[i] == '"' || p[i] == '\\' ||
		    p[i] == 0x7f)
			json_escape(o, p[i]);
		else
			out_mem(o, p + i, n);
	}
	out_char(o, '"');
}

void
out_html(struct out *o, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		switch (s.p[i]) {
		case '&':
			out_lit(o, "&amp;");
			break;
		case '<':
			out_lit(o, "&lt;");
			break;
		case '>':
			out_lit(o, "&gt;");
			break;
		case '"':
			out_lit(o, "&quot;");
			break;
		case '\'':
			out_lit(o, "&#39;");
			break;
		default:
			out_char(o, s.p[i]);
		}
	}
}

/* Length of the run from i on that needs no escape in a log field. */
static size_t
log_run(struct str s, size_t i)
{
	size_t start = i;

	for (; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 32 || c > 126 || c == '"' || c == '#')
			break;
	}
	return i - start;
}

void
out_log(struct out *o, struct str s)
{
	for (size_t i = 0; i < s.len && !o->overflow; i++) {
		size_t n = log_run(s, i);
		unsigned char c;

		if (n > 0)
			out_mem(o, s.p + i, n);
		if ((i += n) == s.len)
			break;
		c = (unsigned char)s.p[i];
		out_mem(o, (char[]){ '#', hex_upper[c >> 4], hex_upper[c & 15] },
		    3);
	}
}

void
out_visible(struct out *o, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x20 && c < 0x7f)
			out_char(o, (char)c);
		else
			out_mem(o, (char[]){ '\\', 'x', hex_lower[c >> 4],
			    hex_lower[c & 15] }, 4);
	}
}

void
outbuf_init(struct outbuf *b, size_t max_bytes)
{
	memset(b, 0, sizeof(*b));
	b->max_bytes = max_bytes ? max_bytes : OUTBUF_MAX_BYTES;
}

void
outbuf_fini(struct outbuf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void
outbuf_clear(struct outbuf *b)
{
	b->len = 0;
	b->overflow = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

/* Room for need bytes and a NUL; false (and overflow) above max_bytes. */
static bool
outbuf_grow(struct outbuf *b, size_t need)
{
	size_t want, cap = b->cap ? b->cap : OUTBUF_FIRST_BYTES;

	if (b->overflow || need > b->max_bytes || b->len > b->max_bytes - need) {
		b->overflow = true;
		return false;
	}
	want = b->len + need + 1;
	if (want <= b->cap)
		return true;
	while (cap < want)
		cap *= 2;
	b->data = xrealloc(b->data, cap);
	b->data[b->len] = '\0';
	b->cap = cap;
	return true;
}

void
outbuf_mem(struct outbuf *b, const void *mem, size_t len)
{
	if (len == 0 || !outbuf_grow(b, len))
		return;
	memcpy(b->data + b->len, mem, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
outbuf_z(struct outbuf *b, const char *z)
{
	outbuf_mem(b, z, strlen(z));
}

void
outbuf_vfmt(struct outbuf *b, const char *fmt, va_list ap)
{
	char *tmp = xvasprintf(fmt, ap);

	outbuf_z(b, tmp);
	free(tmp);
}

void
outbuf_fmt(struct outbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	outbuf_vfmt(b, fmt, ap);
	va_end(ap);
}

struct out
outbuf_reserve(struct outbuf *b, size_t need)
{
	static char none[1];
	struct out o;

	if (outbuf_grow(b, need)) {
		out_init(&o, b->data + b->len, need);
	} else {
		out_init(&o, none, 0);
		o.overflow = true;
	}
	return o;
}

void
outbuf_commit(struct outbuf *b, const struct out *o)
{
	if (o->overflow)
		b->overflow = true;
	if (out_len(o) == 0)
		return;
	WEIR_ASSERT(o->start == b->data + b->len);
	WEIR_ASSERT(b->len + out_len(o) < b->cap);
	b->len += out_len(o);
	b->data[b->len] = '\0';
}

void
outbuf_json(struct outbuf *b, const char *z)
{
	struct out o;

	if (z == NULL) {
		outbuf_z(b, "null");
		return;
	}
	o = outbuf_reserve(b, 6 * strlen(z) + 2);
	out_json(&o, str_of(z));
	outbuf_commit(b, &o);
}

void
outbuf_csv(struct outbuf *b, const char *z)
{
	struct out o = outbuf_reserve(b, 2 * strlen(z) + 2);

	out_csv(&o, str_of(z));
	outbuf_commit(b, &o);
}

void
outbuf_double(struct outbuf *b, double v)
{
	struct out o = outbuf_reserve(b, 40);

	out_double(&o, v);
	outbuf_commit(b, &o);
}
