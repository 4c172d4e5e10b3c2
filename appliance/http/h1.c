/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1.c: the driver of the HTTP/1 parser: limits, split input, errors.
 *
 * A parser lives beside its message for one head; the owner's thread runs it.
 *
 * How splitting is kept harmless: a line is judged only when it is complete or
 * holds a control byte that no line may hold. Both depend on the bytes alone,
 * not on how they arrived, so every split gives the same result; and bytes of
 * an incomplete line are looked at once (`scanned`), so the work stays O(n).
 */
#include "http/h1.h"
#include "http/h1_in.h"

const char *
h1_error_text(enum h1_error e)
{
	static const char *const texts[H1_E_MAX] = {
#define X(id, status, text) [H1_E_##id] = text,
		H1_ERRORS(X)
#undef X
	};

	return (unsigned)e < H1_E_MAX ? texts[e] : "";
}

unsigned
h1_error_status(enum h1_error e)
{
	static const uint16_t statuses[H1_E_MAX] = {
#define X(id, status, text) [H1_E_##id] = status,
		H1_ERRORS(X)
#undef X
	};

	return (unsigned)e < H1_E_MAX ? statuses[e] : 400;
}

void
h1_parser_init(struct h1_parser *p, bool is_response)
{
	*p = (struct h1_parser){ .state = H1_S_FIRST, .is_response = is_response };
}

const char *
h1_match(const char *p, const char *end, const char *template, bool *ret_short)
{
	*ret_short = false;
	for (; *template != '\0'; p++, template++) {
		if (p == end) {
			*ret_short = true;
			break;
		}
		if (*template == 'd' ? *p < '0' || *p > '9' : *p != *template)
			break;
	}
	return p;
}

/* Is the line at in->line complete, or spoilt by a control byte? Remembers how
 * far it looked; a CR at the very end may still be followed by its LF. */
static bool
line_is_ready(struct h1_parser *p, const struct h1_in *in)
{
	const char *c = in->line + p->scanned;

	for (; c < in->end; c++) {
		if (name_is_value_byte((unsigned char)*c))
			continue;
		if (*c != '\r')
			return true;
		if (in->end - c < 2)
			break;
		if (c[1] != '\n')
			return true;
	}
	p->scanned = (uint32_t)(c - in->line);
	return false;
}

static enum h1_line
take_lines(struct h1_parser *p, struct http_msg *m, const struct h1_limits *lim,
    struct h1_in *in)
{
	enum h1_line r;

	if (p->state == H1_S_FIRST) {
		if (p->is_response)
			r = h1_take_status_line(p, m, in);
		else
			r = h1_take_request_line(p, m, lim, in);
		if (r != H1_LINE_OK)
			return r;
		p->state = H1_S_FIELDS;
	}
	return h1_take_fields(p, m, lim, in);
}

/* All bytes that are here were seen and the head is not complete. */
static enum h1_result
more(struct h1_parser *p, const struct h1_in *in, const struct h1_limits *lim)
{
	size_t partial = (size_t)(in->end - in->line);

	p->error = H1_E_NONE;
	if (p->received + partial < lim->head_bytes)
		return H1_MORE;
	p->error = H1_E_HEAD_TOO_LARGE;
	if (p->state == H1_S_FIRST && !p->is_response && partial > 0)
		p->error = H1_E_URI_TOO_LONG;
	p->error_at = lim->head_bytes;
	p->state = H1_S_ERROR;
	return H1_ERROR;
}

static enum h1_result
refused(struct h1_parser *p, uint32_t error_at)
{
	p->error_at = error_at;
	p->state = H1_S_ERROR;
	return H1_ERROR;
}

static enum h1_result
finish(struct h1_parser *p, struct http_msg *m, const struct http_msg *request,
    struct h1_in *in)
{
	enum h1_line r;

	if (p->is_response)
		r = h1_finish_response(p, m, request);
	else
		r = h1_finish_request(p, m);
	if (r == H1_LINE_FULL)
		return H1_FULL;
	if (r == H1_LINE_ERROR)
		return refused(p, p->received);
	in->line += 2;
	p->received += 2;
	p->state = H1_S_DONE;
	return H1_DONE;
}

enum h1_result
h1_parse(struct h1_parser *p, struct http_msg *m, const struct http_msg *request,
    const struct h1_limits *lim, const char *buf, size_t len, size_t *ret_used)
{
	size_t left = lim->head_bytes > p->received ? lim->head_bytes - p->received : 0;
	struct h1_in in = { .base = buf, .line = buf, .at = buf };
	enum h1_line r = H1_LINE_MORE;
	enum h1_result result;

	WEIR_ASSERT(p->state != H1_S_DONE);
	*ret_used = 0;
	if (unlikely(p->state == H1_S_ERROR))
		return H1_ERROR;
	in.end = buf + (len < left ? len : left);
	if (likely(p->scanned == 0) || line_is_ready(p, &in)) {
		p->scanned = 0;
		r = take_lines(p, m, lim, &in);
		p->received += (uint32_t)(in.line - buf);
	}
	if (likely(r == H1_LINE_LAST))
		result = finish(p, m, request, &in);
	else if (r == H1_LINE_FULL)
		result = H1_FULL;
	else if (!line_is_ready(p, &in) || r != H1_LINE_ERROR)
		result = more(p, &in, lim);
	else
		result = refused(p, p->received + (uint32_t)(in.at - in.line));
	*ret_used = (size_t)(in.line - buf);
	return result;
}
