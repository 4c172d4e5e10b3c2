/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_response.c: the status line (RFC 9112 section 4) and the framing of a
 * response (section 6.3), which needs to know the request's method.
 */
#include "http/h1.h"
#include "http/h1_in.h"

#define STATUS_LINE_MIN	13	/* `HTTP/1.1 200` and one byte more */

/* Says which byte of a status line is wrong, or that bytes are missing. */
static enum h1_line
bad_status_line(struct h1_parser *p, struct h1_in *in)
{
	const char *stop;
	bool is_short;

	stop = h1_match(in->line, in->end, "HTTP/d.d ddd", &is_short);
	if (is_short || stop == in->end)
		return H1_LINE_MORE;
	if (stop - in->line == 12 && in->line[5] != '1')
		return h1_refuse(p, in, in->line + 5, H1_E_VERSION_UNSUPPORTED);
	return h1_refuse(p, in, stop, H1_E_STATUS_LINE);
}

static inline bool
has_status(const char *s, unsigned *ret_status)
{
	const uint64_t mask = UINT64_C(0x00ffffffffffffff);
	unsigned a, b, c, minor;

	if ((h1_load64(s) & mask) != (h1_load64("HTTP/1.") & mask) || s[8] != ' ')
		return false;
	minor = (unsigned char)s[7] - '0' + 0u;
	a = (unsigned char)s[9] - '0' + 0u;
	b = (unsigned char)s[10] - '0' + 0u;
	c = (unsigned char)s[11] - '0' + 0u;
	if (minor > 9 || a > 5 || a < 1 || b > 9 || c > 9)
		return false;
	*ret_status = a * 100 + b * 10 + c;
	return true;
}

/* CRLF or space and reason from s[12] on; the canonical line has the space. */
static inline enum h1_line
take_reason(struct h1_parser *p, struct http_msg *m, struct h1_in *in)
{
	const char *c = in->line + 12, *start = c;
	char *dst = m->text + 13;
	uint32_t len;

	if (likely(*c == ' ')) {
		start = c + 1;
		if (start < in->end && (*start == ' ' || *start == '\t'))
			return h1_refuse(p, in, start, H1_E_STATUS_LINE);
		c = h1_copy_value(dst, start, in->end);
	}
	if (unlikely(in->end - c < 2 || h1_load16(c) != h1_load16("\r\n")))
		return h1_bad_end(p, in, c, H1_E_STATUS_LINE);
	len = (uint32_t)(c - start);
	memcpy(dst + len, "\r\n", 2);
	m->reason = (struct http_span){ 13, len };
	m->head_off = m->len = m->line_len = 13 + len + 2;
	in->line = c + 2;
	return H1_LINE_OK;
}

enum h1_line
h1_take_status_line(struct h1_parser *p, struct http_msg *m, struct h1_in *in)
{
	const char *s = in->line;
	unsigned status;

	if (unlikely(!h1_has_room(m, in)))
		return H1_LINE_FULL;
	if (unlikely(in->end - s < STATUS_LINE_MIN || !has_status(s, &status)))
		return bad_status_line(p, in);
	m->status = (uint16_t)status;
	m->version = s[7] == '0' ? 10 : 11;
	memcpy(m->text, "HTTP/1.1 ", 8);
	memcpy(m->text + 8, s + 8, 4);
	m->text[12] = ' ';
	return take_reason(p, m, in);
}

/* ---- the complete head ---- */

static void
drop_framing(struct http_msg *m)
{
	struct http_field *f, *end = m->fields + m->nfields;

	for (f = m->fields; f < end; f++)
		if (f->name == HTTP_N_CONTENT_LENGTH || f->name == HTTP_N_TRANSFER_ENCODING)
			f->flags |= HTTP_FIELD_HOP;
	m->flags &= ~(uint32_t)HTTP_F_HAS_LENGTH;
	m->content_length = 0;
}

/* RFC 9112 section 6.3; a 101 was judged before. */
static enum h1_error
set_body(const struct h1_parser *p, struct http_msg *m, const struct http_msg *request)
{
	enum http_method method = request != NULL ? request->method : HTTP_M_GET;

	if (m->status < 200 || m->status == 204) {
		m->body = m->status == 101 ? HTTP_BODY_TUNNEL : HTTP_BODY_NONE;
		if (p->seen & (H1_SEEN_LENGTH | H1_SEEN_CODING))
			drop_framing(m);
	} else if (method == HTTP_M_CONNECT && m->status < 300) {
		m->body = HTTP_BODY_TUNNEL;
		drop_framing(m);
	} else if (method == HTTP_M_HEAD || m->status == 304) {
		m->body = HTTP_BODY_NONE;
	} else if (p->seen & H1_SEEN_UNKNOWN_CODING) {
		return H1_E_CODING;
	} else if (p->seen & H1_SEEN_CODING) {
		m->body = HTTP_BODY_CHUNKED;
	} else if (p->seen & H1_SEEN_LENGTH) {
		m->body = HTTP_BODY_LENGTH;
	} else {
		m->body = HTTP_BODY_CLOSE;
	}
	return H1_E_NONE;
}

/* Each protocol the server switched to is one the client asked for. */
static bool
upgrade_matches(const struct http_msg *m, const struct http_msg *request)
{
	const struct http_field *f;
	struct str rest, elem;
	unsigned n = 0;

	for (f = http_find_id(m, HTTP_N_UPGRADE, NULL); f != NULL;
	    f = http_find_id(m, HTTP_N_UPGRADE, f)) {
		rest = http_field_value(m, f);
		while (str_next_elem(&rest, ',', &elem)) {
			if (!http_has_token(request, HTTP_N_UPGRADE, elem))
				return false;
			n++;
		}
	}
	return n > 0;
}

/* RFC 9110 sections 7.8 and 15.2.2 */
static enum h1_error
check_101(struct http_msg *m, const struct http_msg *request, unsigned hop)
{
	if (request == NULL || !(request->flags & HTTP_F_UPGRADE) || m->version < 11 ||
	    !(hop & H1_HOP_UPGRADE) || !h1_upgrade_is_usable(m) ||
	    !upgrade_matches(m, request))
		return H1_E_UPGRADE;
	h1_upgrade_keep(m);
	m->flags |= HTTP_F_UPGRADE;
	return H1_E_NONE;
}

enum h1_line
h1_finish_response(struct h1_parser *p, struct http_msg *m, const struct http_msg *request)
{
	enum h1_error e = H1_E_NONE;
	unsigned hop = 0;

	if (p->seen & H1_SEEN_CONNECTION)
		hop = h1_mark_hop(m, p->connection_at);
	if (hop & H1_HOP_CLOSE)
		m->flags |= HTTP_F_CLOSE;
	else if (m->version >= 11 || hop & H1_HOP_KEEP_ALIVE)
		m->flags |= HTTP_F_KEEP_ALIVE;
	if (unlikely(hop & H1_HOP_TOO_MANY))
		e = H1_E_TOO_MANY_FIELDS;
	else if (unlikely(m->status == 101))
		e = check_101(m, request, hop);
	if (likely(e == H1_E_NONE))
		e = set_body(p, m, request);
	p->error = (uint8_t)e;
	return likely(e == H1_E_NONE) ? H1_LINE_OK : H1_LINE_ERROR;
}
