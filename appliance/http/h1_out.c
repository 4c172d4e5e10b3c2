/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_out.c: a message head as iovecs: runs of lines that lie side by side in
 * the text, and a few bytes of our own.
 *
 * A writer lives for one call on the sender's thread. The framing field that
 * was received is sent in place when it says what the sender wants to say, so a
 * plain message is one run and an empty line; otherwise it is left out and
 * written anew. Never two of them.
 */
#include "base/magic.h"
#include "base/out.h"
#include "http/h1_out.h"

struct writer {
	const struct http_msg *m;
	const struct h1_out_opts *o;
	struct iovec	*iov;
	unsigned	 n;		/* iovecs used */
	const char	*end;		/* of the last piece */
	struct out	 scratch;
	bool		 is_flat;	/* all bytes go to scratch */
	bool		 is_full;	/* more runs than iovecs */
	bool		 has_framing;	/* the received field was sent in place */
};

/* One piece of the head; joins the last one when it lies right behind it. */
static inline void
piece(struct writer *w, const char *p, size_t len)
{
	if (unlikely(w->is_flat)) {
		out_mem(&w->scratch, p, len);
	} else if (likely(p == w->end)) {
		w->iov[w->n - 1].iov_len += len;
		w->end += len;
	} else if (likely(w->n < H1_OUT_IOV)) {
		w->iov[w->n++] = (struct iovec){ (void *)(uintptr_t)p, len };
		w->end = p + len;
	} else {
		w->is_full = true;
	}
}

/* What was written to scratch since `from` becomes a piece. */
static void
piece_scratch(struct writer *w, const char *from)
{
	if (!w->is_flat)
		piece(w, from, (size_t)(w->scratch.p - from));
}

static void
piece_span(struct writer *w, struct http_span s)
{
	if (s.len > 0)
		piece(w, w->m->text + s.off, s.len);
}

/* Names that are not simply sent; all others are. */
#define IS_OURS(name)	(1u & (unsigned)((UINT64_C(1) << HTTP_N_CONTENT_LENGTH | \
			    UINT64_C(1) << HTTP_N_TRANSFER_ENCODING | \
			    UINT64_C(1) << HTTP_N_UPGRADE) >> (name)))

static bool
send_ours(struct writer *w, const struct http_field *f)
{
	const struct http_msg *m = w->m;
	const struct h1_out_opts *o = w->o;

	if (f->name == HTTP_N_UPGRADE)
		return o->upgrade;
	if (f->flags & HTTP_FIELD_ADDED || w->has_framing)
		return false;
	if (f->name == HTTP_N_CONTENT_LENGTH)
		w->has_framing = o->send_length && o->body != HTTP_BODY_CHUNKED &&
		    m->flags & HTTP_F_HAS_LENGTH && m->content_length == o->content_length;
	else
		w->has_framing = o->body == HTTP_BODY_CHUNKED && m->body == HTTP_BODY_CHUNKED;
	return w->has_framing;
}

static inline void
write_fields(struct writer *w)
{
	const struct http_msg *m = w->m;
	const struct http_field *f = m->fields, *end = f + m->nfields;
	const char *run = m->text, *run_end = run, *line;

	for (; f < end; f++) {
		if (unlikely(f->flags & (HTTP_FIELD_GONE | HTTP_FIELD_HOP)))
			continue;
		if (unlikely(IS_OURS(f->name)) && !send_ours(w, f))
			continue;
		line = m->text + f->off;
		if (unlikely(line != run_end)) {
			if (run != run_end)
				piece(w, run, (size_t)(run_end - run));
			run = line;
		}
		run_end = line + f->name_len + f->val_len + 4;
	}
	if (run != run_end)
		piece(w, run, (size_t)(run_end - run));
}

/* Framing, Connection, the empty line. */
static void
write_tail(struct writer *w)
{
	const struct h1_out_opts *o = w->o;
	const char *from = w->scratch.p;

	if (!w->has_framing && o->body == HTTP_BODY_CHUNKED) {
		out_lit(&w->scratch, "transfer-encoding: chunked\r\n");
	} else if (!w->has_framing && o->send_length) {
		out_lit(&w->scratch, "content-length: ");
		out_u64(&w->scratch, o->content_length);
		out_lit(&w->scratch, "\r\n");
	}
	if (o->upgrade)
		out_lit(&w->scratch, "connection: upgrade\r\n");
	else if (o->close)
		out_lit(&w->scratch, "connection: close\r\n");
	else if (o->keep_alive)
		out_lit(&w->scratch, "connection: keep-alive\r\n");
	if (from == w->scratch.p && !w->is_flat) {
		piece(w, "\r\n", 2);
		return;
	}
	out_lit(&w->scratch, "\r\n");
	piece_scratch(w, from);
}

static void
write_version(struct writer *w)
{
	if (w->o->version == 10)
		out_lit(&w->scratch, "HTTP/1.0");
	else
		out_lit(&w->scratch, "HTTP/1.1");
}

static bool
write_received_line(struct writer *w)
{
	if (unlikely(w->m->line_len == 0 || w->o->version == 10))
		return false;
	piece(w, w->m->text, w->m->line_len);
	return true;
}

static void
write_request_line(struct writer *w)
{
	const char *from = w->scratch.p;

	out_str(&w->scratch, http_str(w->m, w->m->method_text));
	out_char(&w->scratch, ' ');
	piece_scratch(w, from);
	piece_span(w, w->m->target);
	from = w->scratch.p;
	out_char(&w->scratch, ' ');
	write_version(w);
	out_lit(&w->scratch, "\r\n");
	piece_scratch(w, from);
}

static void
write_status_line(struct writer *w)
{
	const char *from = w->scratch.p;

	write_version(w);
	out_char(&w->scratch, ' ');
	out_u64(&w->scratch, w->m->status);
	out_char(&w->scratch, ' ');
	piece_scratch(w, from);
	piece_span(w, w->m->reason);
	piece(w, "\r\n", 2);
}

static inline unsigned
write_head(struct writer *w, void (*write_line)(struct writer *))
{
	if (!write_received_line(w))
		write_line(w);
	write_fields(w);
	write_tail(w);
	if (w->is_full || w->scratch.overflow)
		return 0;
	return w->n;
}

static void
writer_init(struct writer *w, const struct http_msg *m, const struct h1_out_opts *o,
    struct iovec *iov, struct out scratch)
{
	*w = (struct writer){ .m = m, .o = o, .iov = iov, .scratch = scratch };
}

static inline unsigned
write_any(const struct http_msg *m, const struct h1_out_opts *o, struct iovec *iov,
    struct out scratch, void (*write_line)(struct writer *))
{
	struct writer w;
	unsigned n;

	writer_init(&w, m, o, iov, scratch);
	n = write_head(&w, write_line);
	if (likely(n > 0) || !w.is_full)
		return n;
	writer_init(&w, m, o, iov, scratch);
	w.is_flat = true;
	write_head(&w, write_line);
	if (w.scratch.overflow)
		return 0;
	iov[0] = (struct iovec){ w.scratch.start, out_len(&w.scratch) };
	return 1;
}

unsigned
h1_out_request(const struct http_msg *m, const struct h1_out_opts *o,
    struct iovec iov[H1_OUT_IOV], char *scratch, size_t scratch_size)
{
	struct out out;

	out_init(&out, scratch, scratch_size);
	return write_any(m, o, iov, out, write_request_line);
}

unsigned
h1_out_response(const struct http_msg *m, const struct h1_out_opts *o,
    struct iovec iov[H1_OUT_IOV], char *scratch, size_t scratch_size)
{
	struct out out;

	out_init(&out, scratch, scratch_size);
	return write_any(m, o, iov, out, write_status_line);
}

size_t
h1_out_chunk_head(char *buf, uint64_t size)
{
	struct out out;

	out_init(&out, buf, 18);
	out_hex(&out, size);
	out_lit(&out, "\r\n");
	return out_len(&out);
}
