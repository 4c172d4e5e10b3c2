/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_in.h: inside the room: what the files of the HTTP/1 parser share.
 *
 * The copying scanners write bytes to dst while they test them and return where
 * the first byte that does not belong was found. They never read outside
 * [base, end); they may write a block (16 or 32 bytes) beyond what they copied,
 * which H1_TEXT_SLACK of the message's text allows.
 */
#ifndef WEIR_HTTP_H1_IN_H
#define WEIR_HTTP_H1_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/magic.h"
#include "http/h1.h"
#include "http/name_in.h"
#include "http/target_in.h"

enum h1_state { H1_S_FIRST, H1_S_FIELDS, H1_S_DONE, H1_S_ERROR };

/* What became of one line */
enum h1_line {
	H1_LINE_OK,	/* taken, in->line is behind it */
	H1_LINE_LAST,	/* in->line is at the empty line, not taken */
	H1_LINE_MORE,	/* in->end was reached, all bytes were good so far */
	H1_LINE_FULL,
	H1_LINE_ERROR	/* parser->error and in->at */
};

struct h1_in {
	const char	*base, *end;	/* bytes that may be read */
	const char	*line;		/* first byte not consumed */
	const char	*at;		/* the offending byte */
};

/* the owner's thread */
enum h1_line h1_take_request_line(struct h1_parser *p, struct http_msg *m,
	    const struct h1_limits *lim, struct h1_in *in);
enum h1_line h1_take_status_line(struct h1_parser *p, struct http_msg *m, struct h1_in *in);
/* One field line, any form; every error is found here. */
enum h1_line h1_take_field(struct h1_parser *p, struct http_msg *m,
	    const struct h1_limits *lim, struct h1_in *in);
enum h1_error h1_special_field(struct h1_parser *p, struct http_msg *m, struct http_field *f);
enum h1_line h1_finish_request(struct h1_parser *p, struct http_msg *m);
enum h1_line h1_finish_response(struct h1_parser *p, struct http_msg *m,
	    const struct http_msg *request);
/* `HTTP/d.d` and what follows by template: 'd' a digit, else the byte itself */
const char *h1_match(const char *p, const char *end, const char *template, bool *ret_short);

#define H1_HOP_CLOSE		0x01
#define H1_HOP_KEEP_ALIVE	0x02
#define H1_HOP_UPGRADE		0x04
#define H1_HOP_TOO_MANY		0x80
/* Read Connection from field `first` on, mark what it names; H1_HOP_* seen. */
unsigned h1_mark_hop(struct http_msg *m, unsigned first);
/* All Upgrade values are lists of protocols without h2c. */
bool	h1_upgrade_is_usable(const struct http_msg *m);
void	h1_upgrade_keep(struct http_msg *m);

/* All field lines, up to the empty one: h1_take_fields is chosen at start. */
typedef enum h1_line h1_fields_fn(struct h1_parser *p, struct http_msg *m,
	    const struct h1_limits *lim, struct h1_in *in);
extern h1_fields_fn *h1_take_fields;
h1_fields_fn h1_fields_plain, h1_fields_sse2, h1_fields_avx2;

/* Does a field of this name frame the message or rule the connection? */
static inline bool
h1_is_special(enum http_name id)
{
	return (unsigned)id - 1u < HTTP_N_HTTP2_SETTINGS;
}

/* Copy while value bytes; returns the first other one. */
static inline const char *
h1_copy_value(char *dst, const char *p, const char *end)
{
	while (p < end && name_is_value_byte((unsigned char)*p))
		*dst++ = *p++;
	return p;
}

static inline enum h1_line
h1_refuse(struct h1_parser *p, struct h1_in *in, const char *at, enum h1_error e)
{
	p->error = (uint8_t)e;
	in->at = at;
	return H1_LINE_ERROR;
}

/* A value or reason ended at c, which is not CR LF. */
static inline enum h1_line
h1_bad_end(struct h1_parser *p, struct h1_in *in, const char *c, enum h1_error e)
{
	if (c == in->end || (*c == '\r' && c + 1 == in->end))
		return H1_LINE_MORE;
	return h1_refuse(p, in, c, *c == '\r' || *c == '\n' ? H1_E_LINE_END : e);
}

/* Room for all that is left of the input as text, or at least for this line. */
static inline bool
h1_has_room(const struct http_msg *m, const struct h1_in *in)
{
	size_t room = m->cap - m->len, n = (size_t)(in->end - in->line);
	const char *lf;

	if (likely(n + H1_TEXT_SLACK <= room))
		return true;
	lf = memchr(in->line, '\n', n);
	if (lf != NULL)
		n = (size_t)(lf + 1 - in->line);
	return n + H1_TEXT_SLACK <= room;
}

static inline uint64_t
h1_load64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t
h1_load32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint16_t
h1_load16(const char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

#ifdef __SSE2__

static inline __m128i
h1_load128(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline void
h1_store128(char *p, __m128i v)
{
	_mm_storeu_si128((__m128i *)(void *)p, v);
}

/* Fewer than 16 bytes are left: them and zeros, which no class accepts. */
static inline __m128i
h1_load_tail(const char *p, const char *end, const char *base)
{
	char tmp[32];
	size_t n = (size_t)(end - p);

	if (likely(end - base >= 16)) {
		h1_store128(tmp, h1_load128(end - 16));
		h1_store128(tmp + 16, _mm_setzero_si128());
		return h1_load128(tmp + 16 - n);
	}
	h1_store128(tmp, _mm_setzero_si128());
	memcpy(tmp, p, n);
	return h1_load128(tmp);
}

static inline __m128i
h1_eq(__m128i v, int c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8((char)c));
}

/* v <= max, as unsigned bytes */
static inline __m128i
h1_le(__m128i v, int max)
{
	return _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8((char)max)), v);
}

/* Bit i is set where byte i is not one of A-Z a-z 0-9 - and dot. */
static inline unsigned
h1_odd_name(__m128i v)
{
	__m128i low = _mm_or_si128(v, _mm_set1_epi8(0x20));
	__m128i alpha = h1_le(_mm_sub_epi8(low, _mm_set1_epi8('a')), 25);
	__m128i digit = h1_le(_mm_sub_epi8(v, _mm_set1_epi8('0')), 9);
	__m128i dash = h1_le(_mm_sub_epi8(v, _mm_set1_epi8('-')), 1);

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(alpha, _mm_or_si128(digit, dash))) ^
	    0xffff;
}

/* Bit i is set where byte i of a target is of a http_target_class but 0. */
static inline unsigned
h1_bad_target(__m128i v)
{
	__m128i low = _mm_cmplt_epi8(v, _mm_set1_epi8(0x21));	/* and >= 0x80 */
	__m128i v2 = _mm_or_si128(v, _mm_set1_epi8(2));
	__m128i high = _mm_andnot_si128(h1_eq(v, '~'),
	    _mm_cmpgt_epi8(v, _mm_set1_epi8('z')));		/* { | } DEL */
	__m128i quote = h1_eq(_mm_or_si128(v, _mm_set1_epi8(1)), '#');	/* " # */
	__m128i angle = _mm_or_si128(h1_eq(v2, '>'), h1_eq(v2, '^'));	/* < > \ ^ */

	low = _mm_or_si128(_mm_or_si128(low, high), _mm_or_si128(quote, angle));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, h1_eq(v, '`')));
}

static inline const char *
h1_copy_target(char *dst, const char *p, const struct h1_in *in)
{
	const char *end = in->end;
	__m128i v;
	unsigned bad;

	while (likely(end - p >= 16)) {
		v = h1_load128(p);
		h1_store128(dst, v);
		bad = h1_bad_target(v);
		if (bad != 0)
			return p + __builtin_ctz(bad);
		p += 16;
		dst += 16;
	}
	v = h1_load_tail(p, end, in->base);
	h1_store128(dst, v);
	return p + __builtin_ctz(h1_bad_target(v) | 0x10000);
}

#else

static inline const char *
h1_copy_target(char *dst, const char *p, const struct h1_in *in)
{
	while (p < in->end && http_target_class[(unsigned char)*p] == 0)
		*dst++ = *p++;
	return p;
}

#endif

/* A field name in lower case; returns the first byte that is no token's. */
static inline const char *
h1_copy_name(char *dst, const char *p, const char *end)
{
	unsigned char c;

	for (; p < end; p++) {
		c = http_lower_token[(unsigned char)*p];
		if (c == 0)
			break;
		*dst++ = (char)c;
	}
	return p;
}

#endif
