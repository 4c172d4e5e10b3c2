/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_fast_in.h: the fast path over header field lines, the hottest code of the
 * room; included once by each h1_fast_*.c after it has defined, for its vectors:
 *
 *	FAST, FAST_INLINE	attributes of a function, of an inlined one
 *	BLOCK, block		bytes of a vector, its type
 *	block_load, block_store
 *	block_odd(v)		bits of the bytes that are not A-Z a-z 0-9 - .
 *	block_bad(v)		bits of the bytes that no value may hold
 *
 * Most lines come in canonical form but for the case of their name. They are
 * copied block by block, lower-cased and checked on the way. Anything else is
 * left to h1_take_field, which knows every rule and every error: this file
 * refuses nothing by itself.
 */
#include "http/h1.h"
#include "http/h1_in.h"

#define SHORTEST	4	/* `a: b`, no line that is taken here is shorter */

/* What the loop keeps in registers: no pointer to it leaves the inlined
 * functions, so stores to the text do not make the compiler load it again. */
struct fast {
	const char	*line, *end, *base;
	char		*dst;		/* where the line goes in the text */
	struct http_field *f, *f_end;	/* none left: h1_take_field says what is full */
};

FAST_INLINE struct fast
fast_init(const struct http_msg *m, const struct h1_limits *lim, const struct h1_in *in)
{
	unsigned max = lim->fields < m->max_fields ? lim->fields : m->max_fields;

	/* A line is as long in the text as in the input, so room need not be
	 * looked at again. */
	if (unlikely(m->cap - m->len < (size_t)(in->end - in->line) + H1_TEXT_SLACK))
		max = 0;
	return (struct fast){ .line = in->line, .end = in->end, .base = in->base,
	    .dst = m->text + m->len, .f = m->fields + m->nfields,
	    .f_end = m->fields + max };
}

FAST_INLINE void
fast_save(const struct fast *s, struct http_msg *m, struct h1_in *in)
{
	in->line = s->line;
	m->len = (uint32_t)(s->dst - m->text);
	m->nfields = (uint16_t)(s->f - m->fields);
}

/* Loading at BLOCK - n gives the case bit for the first n bytes only; bytes of a
 * plain name but letters have it anyway. */
static const unsigned char case_bits[2 * BLOCK] = { [0 ... BLOCK - 1] = 0x20 };

/* Less than a block is left: that and zeros, which no value holds. */
FAST_INLINE block
fast_tail(const char *p, const char *end, const char *base)
{
	char tmp[2 * BLOCK];
	size_t n = (size_t)(end - p);

	block_store(tmp + BLOCK, (block){ 0 });
	if (likely(end - base >= BLOCK)) {
		block_store(tmp, block_load(end - BLOCK));
		return block_load(tmp + BLOCK - n);
	}
	block_store(tmp, (block){ 0 });
	memcpy(tmp, p, n);
	return block_load(tmp);
}

/* The rest of a line; returns the first byte no value holds, or end. */
FAST_INLINE const char *
fast_rest(char *dst, const char *p, const char *end, const char *base)
{
	unsigned bad;
	block v;

	for (; likely(end - p >= BLOCK); p += BLOCK, dst += BLOCK) {
		v = block_load(p);
		block_store(dst, v);
		bad = block_bad(v);
		if (bad != 0)
			return p + __builtin_ctz(bad);
	}
	v = fast_tail(p, end, base);
	block_store(dst, v);
	bad = block_bad(v);
	return bad != 0 ? p + __builtin_ctz(bad) : end;
}

/* `Name: value` CRLF without other blanks; false = h1_take_field must look. */
FAST_INLINE bool
fast_line(struct fast *s)
{
	const char *line = s->line, *c;
	size_t left = (size_t)(s->end - line), n, len;
	unsigned bad;
	block v;

	if (unlikely(s->f >= s->f_end))
		return false;
	if (likely(left >= BLOCK))
		v = block_load(line);
	else if (left > SHORTEST)
		v = fast_tail(line, s->end, s->base);
	else
		return false;
	n = (size_t)__builtin_ctz(block_odd(v) | 1u << (BLOCK - 1));
	if (unlikely(n - 1 > left - SHORTEST || h1_load16(line + n) != h1_load16(": ") ||
	    (unsigned char)line[n + 2] <= ' '))
		return false;
	block_store(s->dst, v | block_load((const char *)case_bits + BLOCK - n));
	bad = block_bad(v);
	if (likely(bad != 0))
		c = line + __builtin_ctz(bad);
	else
		c = fast_rest(s->dst + BLOCK, line + BLOCK, s->end, s->base);
	if (unlikely(s->end - c < 2 || h1_load16(c) != h1_load16("\r\n") ||
	    (unsigned char)c[-1] <= ' '))
		return false;
	len = (size_t)(c - line);
	memcpy(s->dst + len, "\r\n", 2);
	s->f->name_len = (uint16_t)n;
	s->f->val_len = (uint32_t)(len - n - 2);
	s->line = c + 2;
	return true;
}

/* Enter the line that fast_line took. */
FAST_INLINE enum h1_error
fast_add(struct fast *s, struct h1_parser *p, struct http_msg *m, const char *text)
{
	struct http_field *f = s->f;
	enum http_name id = name_find(s->dst, f->name_len);
	enum h1_error e = H1_E_NONE;

	f->off = (uint32_t)(s->dst - text);
	f->name = (uint8_t)id;
	f->flags = 0;
	if (h1_is_special(id)) {
		m->nfields = (uint16_t)(f - m->fields);
		e = h1_special_field(p, m, f);
	}
	s->dst += f->name_len + f->val_len + 4;
	s->f++;
	return e;
}

FAST enum h1_line
FAST_FIELDS(struct h1_parser *p, struct http_msg *m, const struct h1_limits *lim,
    struct h1_in *in)
{
	struct fast s = fast_init(m, lim, in);
	const char *text = m->text, *line;
	enum h1_error e;
	enum h1_line r;

	for (;;) {
		line = s.line;
		if (likely(s.end - line >= 2) && unlikely(h1_load16(line) == h1_load16("\r\n"))) {
			fast_save(&s, m, in);
			return H1_LINE_LAST;
		}
		if (likely(fast_line(&s))) {
			e = fast_add(&s, p, m, text);
			if (likely(e == H1_E_NONE))
				continue;
			s.line = line;
			fast_save(&s, m, in);
			return h1_refuse(p, in, line + s.f[-1].name_len + 1, e);
		}
		fast_save(&s, m, in);
		r = h1_take_field(p, m, lim, in);
		if (r != H1_LINE_OK)
			return r;
		s = fast_init(m, lim, in);
	}
}
