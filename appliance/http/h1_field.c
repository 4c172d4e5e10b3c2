/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_field.c: header field lines (RFC 9112 section 5) and the rules for the
 * values that frame a message.
 *
 * take_field is the hottest code of the room: one pass copies a line into the
 * text, lower-cases and checks the name, checks the value. Only the twelve
 * names that matter for framing and for the connection leave the fast path.
 */
#include "http/h1.h"
#include "http/h1_in.h"
#include "http/uri.h"

#define LENGTH_DIGITS_MAX	64	/* leading zeros included */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

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
static inline enum h1_line
add_field(struct h1_parser *p, struct http_msg *m, struct h1_in *in,
    size_t name_len, size_t val_len)
{
	struct http_field *f = &m->fields[m->nfields];
	enum http_name id = name_find(m->text + m->len, name_len);
	enum h1_error e;

	f->off = m->len;
	f->val_len = (uint32_t)val_len;
	f->name_len = (uint16_t)name_len;
	f->name = (uint8_t)id;
	f->flags = 0;
	if (unlikely(id - 1u < HTTP_N_HTTP2_SETTINGS)) {
		e = h1_special_field(p, m, f);
		if (unlikely(e != H1_E_NONE))
			return h1_refuse(p, in, in->line + name_len + 1, e);
	}
	m->len += (uint32_t)(name_len + f->val_len + 4);
	m->nfields++;
	return H1_LINE_OK;
}

static inline enum h1_line
take_field(struct h1_parser *p, struct http_msg *m, const struct h1_limits *lim,
    struct h1_in *in)
{
	const char *line = in->line, *colon, *value, *c;
	char *dst = m->text + m->len;
	size_t name_len, val_len;
	enum h1_line r;

	if (unlikely(in->end - line == 0 || *line == '\r'))
		return take_end(p, in);
	if (unlikely(!h1_has_room(m, in)))
		return H1_LINE_FULL;
	if (unlikely(m->nfields >= lim->fields))
		return h1_refuse(p, in, line, H1_E_TOO_MANY_FIELDS);
	if (unlikely(m->nfields >= m->max_fields))
		return H1_LINE_FULL;
	colon = h1_copy_name(dst, line, in);
	name_len = (size_t)(colon - line);
	if (unlikely(colon == in->end || *colon != ':' || name_len == 0 ||
	    name_len > UINT16_MAX))
		return bad_name(p, in, colon);
	memcpy(dst + name_len, ": ", 2);
	dst += name_len + 2;
	for (value = colon + 1; value < in->end && is_blank(*value); value++)
		continue;
	c = h1_copy_value(dst, value, in);
	if (unlikely(in->end - c < 2 || h1_load16(c) != h1_load16("\r\n")))
		return h1_bad_end(p, in, c, H1_E_FIELD);
	val_len = (size_t)(c - value);
	while (val_len > 0 && unlikely(is_blank(dst[val_len - 1])))
		val_len--;
	memcpy(dst + val_len, "\r\n", 2);
	r = add_field(p, m, in, name_len, val_len);
	if (likely(r == H1_LINE_OK))
		in->line = c + 2;
	return r;
}

enum h1_line
h1_take_fields(struct h1_parser *p, struct http_msg *m, const struct h1_limits *lim,
    struct h1_in *in)
{
	enum h1_line r;

	do {
		r = take_field(p, m, lim, in);
	} while (likely(r == H1_LINE_OK));
	return r;
}

/* ---- values that decide ---- */

/* RFC 9110 section 8.6: digits only; written back without leading zeros. */
static enum h1_error
content_length(struct h1_parser *p, struct http_msg *m, struct http_field *f)
{
	char *value = m->text + f->off + f->name_len + 2, *digits = value;
	uint32_t len = f->val_len;
	uint64_t n;

	if (p->seen & H1_SEEN_LENGTH)
		return H1_E_LENGTH;
	if (p->seen & H1_SEEN_CODING)
		return H1_E_LENGTH_AND_CODING;
	if (len > LENGTH_DIGITS_MAX || !str_to_u64((struct str){ value, len }, &n) ||
	    n > INT64_MAX)
		return H1_E_LENGTH;
	while (len > 1 && *digits == '0')
		digits++, len--;
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

static enum h1_error
host(struct h1_parser *p, struct http_msg *m, const struct http_field *f)
{
	struct str name;
	uint32_t port;

	if (p->is_response)
		return H1_E_NONE;
	if (p->seen & H1_SEEN_HOST ||
	    !uri_authority_is_valid(http_field_value(m, f), &name, &port))
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
