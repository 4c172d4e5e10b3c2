/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_field.c: header field lines (RFC 9112 section 5) and the rules for the
 * values that frame a message.
 *
 * This is the complete and plain form; most lines never come here, because
 * h1_fast.inc takes what is canonical but for the case of its name and leaves
 * every doubt and every error to h1_take_field.
 */
#include "http/h1.h"
#include "http/h1_in.h"
#include "http/uri.h"

#define LENGTH_DIGITS_MAX	19	/* of 2^63 - 1; they fit in 64 bits */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- values that decide ---- */

/* RFC 9110 section 8.6: digits only; written back without leading zeros. */
static enum h1_error
content_length(struct h1_parser *p, struct http_msg *m, struct http_field *f)
{
	char *value = m->text + f->off + f->name_len + 2, *digits = value;
	uint32_t len = f->val_len;
	uint64_t n = 0;
	uint32_t i;

	if (p->seen & H1_SEEN_LENGTH)
		return H1_E_LENGTH;
	if (p->seen & H1_SEEN_CODING)
		return H1_E_LENGTH_AND_CODING;
	while (len > 1 && *digits == '0')
		digits++, len--;
	for (i = 0; i < len; i++) {
		if (digits[i] < '0' || digits[i] > '9' || i == LENGTH_DIGITS_MAX)
			return H1_E_LENGTH;
		n = n * 10 + (uint64_t)(digits[i] - '0');
	}
	if (len == 0 || n > INT64_MAX)
		return H1_E_LENGTH;
	if (digits != value) {
		memmove(value, digits, len);
		memcpy(value + len, "\r\n", 2);
		f->val_len = len;
	}
	p->seen |= H1_SEEN_LENGTH;
	m->content_length = n;
	m->flags |= HTTP_F_HAS_LENGTH;
	return H1_E_NONE;
}

/* A list of tokens of which the last, and only the last, is `chunked`. */
static enum h1_error
coding_list(struct h1_parser *p, struct str s)
{
	const char *end = s.p + s.len, *comma;
	struct str elem;
	bool is_chunked = false;

	for (;;) {
		comma = memchr(s.p, ',', (size_t)(end - s.p));
		elem = (struct str){ s.p, (size_t)((comma != NULL ? comma : end) - s.p) };
		elem = str_trim(elem);
		if (!http_token_is_valid(elem) || is_chunked)
			return H1_E_TRANSFER_ENCODING;
		is_chunked = str_ieq(elem, STR("chunked"));
		if (!is_chunked)
			p->seen |= H1_SEEN_UNKNOWN_CODING;
		if (comma == NULL)
			return is_chunked ? H1_E_NONE : H1_E_TRANSFER_ENCODING;
		s.p = comma + 1;
	}
}

/* RFC 9112 section 6.1; no HTTP/1.0 message has it. */
static enum h1_error
transfer_encoding(struct h1_parser *p, struct http_msg *m, struct http_field *f)
{
	char *value = m->text + f->off + f->name_len + 2;
	enum h1_error e;

	if (p->seen & H1_SEEN_LENGTH)
		return H1_E_LENGTH_AND_CODING;
	if (p->seen & H1_SEEN_CODING || m->version < 11)
		return H1_E_TRANSFER_ENCODING;
	p->seen |= H1_SEEN_CODING;
	e = coding_list(p, (struct str){ value, f->val_len });
	if (e == H1_E_NONE && !(p->seen & H1_SEEN_UNKNOWN_CODING))
		memcpy(value, "chunked", 7);
	return e;
}

/* Letters, digits, `-` and `.`, and a port of up to four digits that is not 0, in
 * 16 bytes: what most Host fields are. Text may be read that far, it has slack. */
static inline bool
is_plain_host(const char *s, size_t len)
{
#ifdef __SSE2__
	const char *p = s, *end = s + len;
	unsigned odd;

	if (len - 1 > 15)
		return false;
	odd = h1_odd_name(h1_load128(s)) & ((1u << len) - 1);
	if (odd == 0)
		return true;
	p += __builtin_ctz(odd);
	if (p == s || *p != ':' || end - p > 5 || end - p < 2 || p[1] == '0')
		return false;
	while (++p < end && *p >= '0' && *p <= '9')
		continue;
	return p == end;
#else
	return s == NULL && len > 0;
#endif
}

static enum h1_error
host(struct h1_parser *p, struct http_msg *m, const struct http_field *f)
{
	struct str value = http_field_value(m, f), name;
	uint32_t port;

	if (p->is_response)
		return H1_E_NONE;
	if (p->seen & H1_SEEN_HOST || (!is_plain_host(value.p, value.len) &&
	    !uri_authority_is_valid(value, &name, &port)))
		return H1_E_HOST;
	p->seen |= H1_SEEN_HOST;
	p->host_at = m->nfields;
	return H1_E_NONE;
}

/* RFC 9110 section 10.1.1: not before HTTP/1.1, and one value only */
static void
expect(const struct h1_parser *p, struct http_msg *m, const struct http_field *f)
{
	if (p->is_response || m->version < 11)
		return;
	if (str_ieq(http_field_value(m, f), STR("100-continue")))
		m->flags |= HTTP_F_EXPECT_100;
	else
		m->flags |= HTTP_F_EXPECT_BAD;
}

enum h1_error
h1_special_field(struct h1_parser *p, struct http_msg *m, struct http_field *f)
{
	switch (f->name) {
	case HTTP_N_HOST:
		return host(p, m, f);
	case HTTP_N_CONTENT_LENGTH:
		return content_length(p, m, f);
	case HTTP_N_TRANSFER_ENCODING:
		return transfer_encoding(p, m, f);
	case HTTP_N_EXPECT:
		expect(p, m, f);
		return H1_E_NONE;
	case HTTP_N_CONNECTION:
		if (!(p->seen & H1_SEEN_CONNECTION))
			p->connection_at = m->nfields;
		p->seen |= H1_SEEN_CONNECTION;
		break;
	case HTTP_N_UPGRADE:
		p->seen |= H1_SEEN_UPGRADE;
		break;
	default:
		break;
	}
	f->flags |= HTTP_FIELD_HOP;	/* RFC 9110 section 7.6.1 */
	return H1_E_NONE;
}

/* ---- lines ---- */

/* in->line holds no second byte, or starts with CR. */
static enum h1_line
take_end(struct h1_parser *p, struct h1_in *in)
{
	const char *c = in->line;

	if (in->end - c < 2)
		return H1_LINE_MORE;
	if (c[1] != '\n')
		return h1_refuse(p, in, c + 1, H1_E_LINE_END);
	return H1_LINE_LAST;
}

static enum h1_line
bad_name(struct h1_parser *p, struct h1_in *in, const char *c)
{
	if (c == in->end)
		return H1_LINE_MORE;
	if (c == in->line && is_blank(*c))
		return h1_refuse(p, in, c, H1_E_FOLDED);
	if (c == in->line && *c == '\n')
		return h1_refuse(p, in, c, H1_E_LINE_END);
	return h1_refuse(p, in, c, H1_E_FIELD);
}

/* A line was copied to text; enter it in the table. */
static enum h1_line
add_field(struct h1_parser *p, struct http_msg *m, struct h1_in *in,
    size_t name_len, size_t val_len)
{
	struct http_field *f = &m->fields[m->nfields];
	enum http_name id = name_find(m->text + m->len, name_len);
	enum h1_error e;

	*f = (struct http_field){ .off = m->len, .val_len = (uint32_t)val_len,
	    .name_len = (uint16_t)name_len, .name = (uint8_t)id };
	if (h1_is_special(id)) {
		e = h1_special_field(p, m, f);
		if (e != H1_E_NONE)
			return h1_refuse(p, in, in->line + name_len + 1, e);
	}
	m->len += (uint32_t)(name_len + f->val_len + 4);
	m->nfields++;
	return H1_LINE_OK;
}

static enum h1_line
copy_field(struct h1_parser *p, struct http_msg *m, struct h1_in *in)
{
	const char *line = in->line, *colon, *value, *c;
	char *dst = m->text + m->len;
	size_t name_len, val_len;
	enum h1_line r;

	colon = h1_copy_name(dst, line, in->end);
	name_len = (size_t)(colon - line);
	if (colon == in->end || *colon != ':' || name_len == 0 || name_len > UINT16_MAX)
		return bad_name(p, in, colon);
	memcpy(dst + name_len, ": ", 2);
	dst += name_len + 2;
	for (value = colon + 1; value < in->end && is_blank(*value); value++)
		continue;
	c = h1_copy_value(dst, value, in->end);
	if (in->end - c < 2 || h1_load16(c) != h1_load16("\r\n"))
		return h1_bad_end(p, in, c, H1_E_FIELD);
	val_len = (size_t)(c - value);
	while (val_len > 0 && is_blank(dst[val_len - 1]))
		val_len--;
	memcpy(dst + val_len, "\r\n", 2);
	r = add_field(p, m, in, name_len, val_len);
	if (r == H1_LINE_OK)
		in->line = c + 2;
	return r;
}

enum h1_line
h1_take_field(struct h1_parser *p, struct http_msg *m, const struct h1_limits *lim,
    struct h1_in *in)
{
	if (in->line == in->end || *in->line == '\r')
		return take_end(p, in);
	if (m->nfields >= lim->fields)
		return h1_refuse(p, in, in->line, H1_E_TOO_MANY_FIELDS);
	if (!h1_has_room(m, in) || m->nfields >= m->max_fields)
		return H1_LINE_FULL;
	return copy_field(p, m, in);
}

enum h1_line
h1_fields_plain(struct h1_parser *p, struct http_msg *m, const struct h1_limits *lim,
    struct h1_in *in)
{
	enum h1_line r;

	do {
		r = h1_take_field(p, m, lim, in);
	} while (r == H1_LINE_OK);
	return r;
}
