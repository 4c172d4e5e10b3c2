/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one bounded writer: text goes into a caller's buffer, never past its end.
 * When it does not fit, `overflow` is set, nothing further is written and the
 * bytes so far stay valid. There is no path that measures and another that
 * writes. outbuf is the growing form for answers of the control thread.
 */
#ifndef WEIR_BASE_OUT_H
#define WEIR_BASE_OUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct out {
	char	*start;		/* borrowed */
	char	*p;		/* next byte */
	char	*end;		/* one past the last usable byte */
	bool	 overflow;
};

static inline void
out_init(struct out *o, char *buf, size_t size)
{
	o->start = o->p = buf;
	o->end = buf + size;
	o->overflow = false;
}

static inline size_t
out_len(const struct out *o)
{
	return (size_t)(o->p - o->start);
}

static inline bool
out_mem(struct out *o, const void *mem, size_t len)
{
	if (o->overflow || (size_t)(o->end - o->p) < len)
		return o->overflow = true, false;
	memcpy(o->p, mem, len);
	o->p += len;
	return true;
}

static inline void
out_char(struct out *o, char c)
{
	if (o->overflow || o->p == o->end)
		o->overflow = true;
	else
		*o->p++ = c;
}

#define out_lit(o, lit)	out_mem((o), (lit), sizeof(lit) - 1)

/* any thread */
void	out_str(struct out *o, struct str s);
void	out_z(struct out *o, const char *z);
void	out_u64(struct out *o, uint64_t v);
void	out_i64(struct out *o, int64_t v);
void	out_hex(struct out *o, uint64_t v);		/* lower case, no prefix */
void	out_pad_u64(struct out *o, uint64_t v, int digits);	/* zero-padded */
/* The shortest decimal that reads back as v, as Java prints it: 2.0, 0.204, 1.0E10 */
void	out_double(struct out *o, double v);
void	out_fmt(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Escaping, each for its medium. */
void	out_csv(struct out *o, struct str s);	/* quoted when it has , or " */
void	out_json(struct out *o, struct str s);	/* with quotes; invalid UTF-8 -> U+FFFD */
void	out_html(struct out *o, struct str s);
void	out_log(struct out *o, struct str s);	/* bytes outside 32-126 and " # as #XX */
void	out_visible(struct out *o, struct str s);	/* controls, bytes >= 0x7f as \xNN */

/* A growing buffer: always NUL-terminated, refuses to pass max_bytes. */
struct outbuf {
	char	*data;		/* owned; NULL while empty */
	size_t	 len, cap;
	size_t	 max_bytes;	/* 0 = 1 GiB */
	bool	 overflow;
};

void	outbuf_init(struct outbuf *b, size_t max_bytes);
void	outbuf_fini(struct outbuf *b);
void	outbuf_clear(struct outbuf *b);
static inline const char *
outbuf_text(const struct outbuf *b)	/* "" = nothing yet */
{
	return b->data != NULL ? b->data : "";
}
void	outbuf_mem(struct outbuf *b, const void *mem, size_t len);
void	outbuf_z(struct outbuf *b, const char *z);
void	outbuf_json(struct outbuf *b, const char *z);	/* with quotes; NULL: null */
void	outbuf_csv(struct outbuf *b, const char *z);
void	outbuf_double(struct outbuf *b, double v);
void	outbuf_fmt(struct outbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void	outbuf_vfmt(struct outbuf *b, const char *fmt, va_list ap)
	    __attribute__((format(printf, 2, 0)));
/* A writer over room for at least `need` more bytes; outbuf_commit takes them. */
struct out outbuf_reserve(struct outbuf *b, size_t need);
void	outbuf_commit(struct outbuf *b, const struct out *o);

#endif
