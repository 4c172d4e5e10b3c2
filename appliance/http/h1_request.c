/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_request.c: the request line (RFC 9112 section 3) and what a request must
 * hold when its head is complete.
 *
 * The canonical line is written to the text while the target is tested; then an
 * absolute target is rewritten to origin form there, its authority kept behind
 * the line. It always says HTTP/1.1: this is what servers are sent.
 */
#include "http/h1.h"
#include "http/h1_in.h"
#include "http/uri.h"

/* See TARGET_UNSAFE and TARGET_NEVER; brackets are let pass, browsers send them */
const uint8_t http_target_class[256] = {
	[0x00 ... 0x20] = TARGET_NEVER, [0x7f] = TARGET_NEVER, ['#'] = TARGET_NEVER,
	['"'] = TARGET_UNSAFE, ['<'] = TARGET_UNSAFE, ['>'] = TARGET_UNSAFE,
	['\\'] = TARGET_UNSAFE, ['^'] = TARGET_UNSAFE, ['`'] = TARGET_UNSAFE,
	['{'] = TARGET_UNSAFE, ['|'] = TARGET_UNSAFE, ['}'] = TARGET_UNSAFE,
	[0x80 ... 0xff] = TARGET_UNSAFE,
};

static const char line_tail[16] = " HTTP/1.1\r\n";
#define LINE_TAIL_LEN	11u

/* Method and the space behind it; *ret_p is where the target starts. */
static inline enum h1_line
take_method(struct h1_parser *p, struct http_msg *m, struct h1_in *in, const char **ret_p)
{
	const char *s = in->line, *c = s;
	size_t n = (size_t)(in->end - s);

	if (likely(n >= 4 && h1_load32(s) == h1_load32("GET "))) {
		memcpy(m->text, s, 4);
		m->method = HTTP_M_GET;
		m->method_text = (struct http_span){ 0, 3 };
		*ret_p = s + 4;
		return H1_LINE_OK;
	}
	while (c < in->end && http_lower_token[(unsigned char)*c] != 0 &&
	    c - s <= HTTP_METHOD_MAX)
		c++;
	if (c - s > HTTP_METHOD_MAX)
		return h1_refuse(p, in, c, H1_E_METHOD);
	if (c == in->end)
		return H1_LINE_MORE;
	if (*c != ' ' || c == s)
		return h1_refuse(p, in, c, H1_E_METHOD);
	n = (size_t)(c - s);
	memcpy(m->text, s, n + 1);
	m->method = (uint8_t)http_method_of((struct str){ s, n });
	m->method_text = (struct http_span){ 0, (uint32_t)n };
	*ret_p = c + 1;
	return H1_LINE_OK;
}

/* The target goes to dst; returns the byte behind it, a space or what is wrong. */
static inline const char *
take_target(struct http_msg *m, const struct h1_limits *lim, const struct h1_in *in,
    char *dst, const char *start)
{
	const char *c = h1_copy_target(dst, start, in);

	if (likely(c == in->end || *c == ' ') || !lim->unsafe_target)
		return c;
	for (; c < in->end; c++) {
		if (http_target_class[(unsigned char)*c] & TARGET_NEVER)
			break;
		if (http_target_class[(unsigned char)*c] & TARGET_UNSAFE)
			m->flags |= HTTP_F_UNSAFE;
		dst[c - start] = *c;
	}
	return c;
}

/* `HTTP/1.1` CRLF at c; moves in->line behind it. */
static enum h1_line
take_version_slow(struct h1_parser *p, struct http_msg *m, struct h1_in *in, const char *c)
{
	const char *stop;
	bool is_short;

	stop = h1_match(c, in->end, "HTTP/d.d\r\n", &is_short);
	if (is_short)
		return H1_LINE_MORE;
	if (stop - c < 8)
		return h1_refuse(p, in, stop, H1_E_VERSION);
	if (stop - c == 8 && *stop >= '0' && *stop <= '9')
		return h1_refuse(p, in, stop, H1_E_VERSION);
	if (stop - c < 10) {
		if (stop - c == 9 || *stop == '\n')
			return h1_refuse(p, in, stop, H1_E_LINE_END);
		return h1_refuse(p, in, stop, H1_E_REQUEST_LINE);
	}
	if (c[5] != '1')
		return h1_refuse(p, in, c + 5, H1_E_VERSION_UNSUPPORTED);
	m->version = c[7] == '0' ? 10 : 11;
	in->line = c + 10;
	return H1_LINE_OK;
}

static inline enum h1_line
take_version(struct h1_parser *p, struct http_msg *m, struct h1_in *in, const char *c)
{
	if (unlikely(in->end - c < 10 || h1_load64(c) != h1_load64("HTTP/1.1") ||
	    h1_load16(c + 8) != h1_load16("\r\n")))
		return take_version_slow(p, m, in, c);
	m->version = 11;
	in->line = c + 10;
	return H1_LINE_OK;
}

/* The rest of the canonical line: target of `len` bytes, version, CRLF. */
static inline void
end_line(struct http_msg *m, uint32_t len)
{
	uint32_t off = m->method_text.len + 1u;

	m->target = (struct http_span){ off, len };
	memcpy(m->text + off + len, line_tail, sizeof(line_tail));
	m->line_len = off + len + LINE_TAIL_LEN;
	m->head_off = m->len = m->line_len;
}

/* http://authority/path: origin form in the line, authority behind it. */
static bool
absolute_form(struct h1_parser *p, struct http_msg *m, struct str t)
{
	char *dst = m->text + m->method_text.len + 1;
	struct str host, authority, path;
	uint32_t port;
	size_t n;

	if (str_istarts(t, STR("http://")))
		p->target_port = 80, n = 7;
	else if (str_istarts(t, STR("https://")))
		p->target_port = 443, n = 8;
	else
		return false;
	authority = (struct str){ t.p + n, 0 };
	while (n + authority.len < t.len && authority.p[authority.len] != '/' &&
	    authority.p[authority.len] != '?')
		authority.len++;
	if (!uri_authority_is_valid(authority, &host, &port))
		return false;
	path = (struct str){ authority.p + authority.len, t.len - n - authority.len };
	n = 0;
	if (path.len == 0 && m->method == HTTP_M_OPTIONS)
		dst[n++] = '*';		/* RFC 9112 section 3.2.4 */
	else if (path.len == 0 || path.p[0] != '/')
		dst[n++] = '/';
	memcpy(dst + n, path.p, path.len);
	end_line(m, (uint32_t)(n + path.len));
	m->authority = (struct http_span){ m->len, (uint32_t)authority.len };
	memcpy(m->text + m->len, authority.p, authority.len);
	m->len += (uint32_t)authority.len;
	m->head_off = m->len;
	m->flags |= HTTP_F_ABSOLUTE;
	return true;
}

/* Any form but a path; `t` is the target in the input. RFC 9112 section 3.2 */
static bool
other_form(struct h1_parser *p, struct http_msg *m, struct str t)
{
	struct str host;
	uint32_t port;

	if (m->method == HTTP_M_CONNECT) {
		if (!uri_authority_is_valid(t, &host, &port) || port == 0)
			return false;
		end_line(m, (uint32_t)t.len);
		m->authority = m->target;
		p->target_port = (uint16_t)port;
		return true;
	}
	if (t.len == 1 && t.p[0] == '*' && m->method == HTTP_M_OPTIONS) {
		end_line(m, 1);
		return true;
	}
	return absolute_form(p, m, t);
}

static enum h1_line
take_blank_line(struct h1_parser *p, struct h1_in *in)
{
	if (in->end - in->line < 2)
		return H1_LINE_MORE;
	if (in->line[1] != '\n')
		return h1_refuse(p, in, in->line + 1, H1_E_LINE_END);
	in->line += 2;
	if (p->blank_lines < UINT8_MAX)
		p->blank_lines++;
	return H1_LINE_OK;
}

/* The byte at c ended the target where a space should be. */
static enum h1_line
bad_target(struct h1_parser *p, struct h1_in *in, const char *c)
{
	bool ends = *c == '\n' || (*c == '\r' && in->end - c > 1 && c[1] == '\n');

	return h1_refuse(p, in, c, ends ? H1_E_REQUEST_LINE : H1_E_TARGET);
}

enum h1_line
h1_take_request_line(struct h1_parser *p, struct http_msg *m,
    const struct h1_limits *lim, struct h1_in *in)
{
	const char *start, *line, *c;
	enum h1_line r;

	while (in->line < in->end && unlikely(*in->line == '\r'))
		if ((r = take_blank_line(p, in)) != H1_LINE_OK)
			return r;
	if (unlikely(!h1_has_room(m, in)))
		return H1_LINE_FULL;
	line = in->line;
	if (unlikely((r = take_method(p, m, in, &start)) != H1_LINE_OK))
		return r;
	c = take_target(m, lim, in, m->text + (start - line), start);
	if (unlikely(c == in->end))
		return H1_LINE_MORE;
	if (unlikely(*c != ' ' || c == start))
		return bad_target(p, in, c);
	if (unlikely((r = take_version(p, m, in, c + 1)) != H1_LINE_OK))
		return r;
	if (likely(*start == '/' && m->method != HTTP_M_CONNECT))
		end_line(m, (uint32_t)(c - start));
	else if (!other_form(p, m, (struct str){ start, (size_t)(c - start) })) {
		in->line = line;	/* a refused line is not consumed */
		return h1_refuse(p, in, start, H1_E_TARGET);
	}
	return H1_LINE_OK;
}

/* ---- the complete head ---- */

/* HTTP/1.0 without Host but with an authority in the target: a Host is added. */
static enum h1_line
add_host(struct h1_parser *p, struct http_msg *m)
{
	struct str authority = http_str(m, m->authority);

	if (m->nfields == m->max_fields ||
	    m->cap - m->len < authority.len + H1_TEXT_SLACK)
		return H1_LINE_FULL;
	http_append(m, STR("host"), authority, 0);
	p->host_at = (uint16_t)(m->nfields - 1);
	return H1_LINE_OK;
}

static enum h1_line
check_host(struct h1_parser *p, struct http_msg *m)
{
	const struct http_field *f = &m->fields[p->host_at];

	if (!(p->seen & H1_SEEN_HOST)) {
		if (m->version >= 11) {
			p->error = H1_E_HOST;
			return H1_LINE_ERROR;
		}
		return m->authority.len > 0 ? add_host(p, m) : H1_LINE_OK;
	}
	if (m->authority.len > 0 && !uri_authority_eq(http_str(m, m->authority),
	    http_field_value(m, f), p->target_port)) {
		p->error = H1_E_HOST_MISMATCH;
		return H1_LINE_ERROR;
	}
	m->authority = (struct http_span){ f->off + f->name_len + 2u, f->val_len };
	m->flags |= HTTP_F_HOST;
	return H1_LINE_OK;
}

static enum h1_error
set_body(const struct h1_parser *p, struct http_msg *m)
{
	if (p->seen & H1_SEEN_UNKNOWN_CODING)
		return H1_E_CODING;
	if (p->seen & H1_SEEN_CODING)
		m->body = HTTP_BODY_CHUNKED;
	else if (p->seen & H1_SEEN_LENGTH)
		m->body = HTTP_BODY_LENGTH;
	if (m->method == HTTP_M_TRACE && (m->body == HTTP_BODY_CHUNKED ||
	    (m->body == HTTP_BODY_LENGTH && m->content_length > 0)))
		return H1_E_TRACE_BODY;
	return H1_E_NONE;
}

static enum h1_error
apply_connection(const struct h1_parser *p, struct http_msg *m)
{
	unsigned hop = h1_mark_hop(m, p->connection_at);

	if (hop & H1_HOP_TOO_MANY)
		return H1_E_TOO_MANY_FIELDS;
	if (hop & H1_HOP_CLOSE) {
		m->flags &= ~(uint32_t)HTTP_F_KEEP_ALIVE;
		m->flags |= HTTP_F_CLOSE;
	} else if (hop & H1_HOP_KEEP_ALIVE) {
		m->flags |= HTTP_F_KEEP_ALIVE;
	}
	if (hop & H1_HOP_UPGRADE && p->seen & H1_SEEN_UPGRADE && m->version >= 11 &&
	    h1_upgrade_is_usable(m)) {
		h1_upgrade_keep(m);
		m->flags |= HTTP_F_UPGRADE;
	}
	return H1_E_NONE;
}

enum h1_line
h1_finish_request(struct h1_parser *p, struct http_msg *m)
{
	enum h1_error e;
	enum h1_line r;

	r = check_host(p, m);
	if (unlikely(r != H1_LINE_OK))
		return r;
	if (m->version >= 11)
		m->flags |= HTTP_F_KEEP_ALIVE;
	e = set_body(p, m);
	if (e == H1_E_NONE && p->seen & H1_SEEN_CONNECTION)
		e = apply_connection(p, m);
	p->error = (uint8_t)e;
	return likely(e == H1_E_NONE) ? H1_LINE_OK : H1_LINE_ERROR;
}
