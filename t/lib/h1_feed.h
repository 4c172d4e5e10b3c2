/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_feed.h: feeds the HTTP/1 parser as a connection would: whole, cut in two,
 * byte by byte; from blocks of exact size, so that ASan sees a read past the
 * end; into memory that starts small and grows when the parser asks for it.
 * Also reads the rows of t/data/bad_*.txt. Used by unit tests and fuzz targets.
 */
#ifndef WEIR_T_LIB_H1_FEED_H
#define WEIR_T_LIB_H1_FEED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/h1.h"
#include "http/h1_out.h"

#define FEED_WHOLE	0
#define FEED_BYTES	SIZE_MAX

struct fed {
	struct h1_parser	 p;
	struct http_msg		 m;
	enum h1_result		 r;
	size_t			 used;
	unsigned		 fulls;		/* times memory was too small */
};

static const struct h1_limits feed_limits = { .head_bytes = 16384, .fields = 101 };

static inline void
fed_init(struct fed *f, bool is_response, uint32_t cap, uint16_t fields)
{
	memset(f, 0, sizeof(*f));
	http_msg_init(&f->m, malloc(cap), cap, calloc(fields, sizeof(struct http_field)), fields);
	h1_parser_init(&f->p, is_response);
	f->r = H1_MORE;
}

static inline void
fed_fini(struct fed *f)
{
	free(f->m.text);
	free(f->m.fields);
}

static inline void
fed_grow(struct fed *f)
{
	uint32_t cap = f->m.cap * 2 + 64;
	uint16_t fields = (uint16_t)(f->m.max_fields * 2 + 1);

	f->fulls++;
	http_msg_move(&f->m, realloc(f->m.text, cap), cap,
	    realloc(f->m.fields, fields * sizeof(struct http_field)), fields);
}

/* Bytes from f->used up to `len` are there: parse while memory must grow. */
static inline void
fed_step(struct fed *f, const struct http_msg *request, const struct h1_limits *lim,
    const char *data, size_t len)
{
	size_t n = len - f->used, used;
	char *copy;

	do {
		n = len - f->used;
		copy = malloc(n > 0 ? n : 1);
		memcpy(copy, data + f->used, n);
		f->r = h1_parse(&f->p, &f->m, request, lim, copy, n, &used);
		free(copy);
		if (used > n)
			abort();
		f->used += used;
		if (f->r == H1_FULL)
			fed_grow(f);
	} while (f->r == H1_FULL);
}

static inline void
feed(struct fed *f, const struct http_msg *request, const struct h1_limits *lim,
    const char *data, size_t len, size_t cut)
{
	size_t n;

	if (cut == FEED_BYTES) {
		for (n = 1; n <= len && f->r == H1_MORE; n++)
			fed_step(f, request, lim, data, n);
		return;
	}
	if (cut > 0 && cut < len)
		fed_step(f, request, lim, data, cut);
	if (f->r == H1_MORE)
		fed_step(f, request, lim, data, len);
}

/* What was understood, for comparing; NULL = equal, else what differs */
static inline const char *
fed_differs(const struct fed *a, const struct fed *b)
{
	if (a->r != b->r)
		return "result";
	if (a->p.error != b->p.error)
		return "error";
	if (a->r == H1_ERROR)
		return a->p.error_at != b->p.error_at ? "error_at" : NULL;
	if (a->used != b->used)
		return "used";
	if (a->m.len != b->m.len || memcmp(a->m.text, b->m.text, a->m.len) != 0)
		return "text";
	if (a->m.nfields != b->m.nfields || (a->m.nfields > 0 && memcmp(a->m.fields,
	    b->m.fields, a->m.nfields * sizeof(struct http_field)) != 0))
		return "fields";
	if (a->r == H1_DONE && (a->m.flags != b->m.flags || a->m.body != b->m.body ||
	    a->m.content_length != b->m.content_length))
		return "framing";
	return NULL;
}

/* The head as it is sent on, with the options a plain proxy would take */
static inline size_t
fed_out(const struct http_msg *m, char *buf, size_t size)
{
	bool is_response = m->status != 0;
	struct h1_out_opts o = { .version = 11, .body = m->body,
	    .send_length = m->body == HTTP_BODY_LENGTH || m->flags & HTTP_F_HAS_LENGTH,
	    .content_length = m->content_length,
	    .upgrade = m->flags & HTTP_F_UPGRADE, .close = m->flags & HTTP_F_CLOSE };
	static char scratch[65536];
	struct iovec iov[H1_OUT_IOV];
	unsigned i, n;
	size_t len = 0;

	if (!is_response && !(m->flags & HTTP_F_HOST))
		o.version = 10;
	n = (is_response ? h1_out_response : h1_out_request)(m, &o, iov, scratch,
	    sizeof(scratch));
	for (i = 0; i < n; i++) {
		if (len + iov[i].iov_len > size)
			abort();
		memcpy(buf + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return len;
}

/* ---- rows of t/data ---- */

struct row {
	char	 name[128];
	int	 status;
	size_t	 len;
	char	 bytes[32768];
};

static inline size_t
row_unescape(char *dst, const char *s)
{
	char *p = dst;
	unsigned v;

	for (; *s != '\0' && *s != '\n'; s++) {
		if (*s != '\\') {
			*p++ = *s;
			continue;
		}
		switch (*++s) {
		case 'r': *p++ = '\r'; break;
		case 'n': *p++ = '\n'; break;
		case 't': *p++ = '\t'; break;
		case '\\': *p++ = '\\'; break;
		default:
			if (*s != 'x' || sscanf(s + 1, "%2x", &v) != 1)
				abort();
			*p++ = (char)v;
			s += 2;
		}
	}
	return (size_t)(p - dst);
}

/* The next row, false at the end of the file */
static inline bool
row_next(FILE *f, struct row *row)
{
	static char line[131072];
	char *bytes;

	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (sscanf(line, "%127[^\t]\t%d\t", row->name, &row->status) != 2)
			abort();
		bytes = strchr(strchr(line, '\t') + 1, '\t') + 1;
		if (strlen(bytes) > sizeof(row->bytes))
			abort();
		row->len = row_unescape(row->bytes, bytes);
		return true;
	}
	return false;
}

/* ---- every scanner ---- */

static const char *const feed_scanners[] = { "avx2", "sse2", "plain" };

static inline void
feed_use(const char *scanner)
{
	setenv("WEIR_SCAN", scanner, 1);
	h1_scan_init();
}

#endif
