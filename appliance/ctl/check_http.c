/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answer to a check over HTTP: its head is parsed as strictly as traffic is,
 * interim answers are skipped, and of the body as much is kept as fits, without
 * its framing.
 *
 * Thread: control.
 */
#include <string.h>

#include "ctl/check_run.h"

#define MAX_INTERIM	8	/* 1xx answers before the one that counts */

static void
parser_reset(struct run_http_part *h)
{
	h1_parser_init(&h->parser, true);
	http_msg_init(&h->msg, h->text, sizeof(h->text), h->fields, RUN_FIELDS);
}

void
run_http_reset(struct check_run *r, struct str method)
{
	struct run_http_part *h = r->http;

	h->state = RUN_HEAD;
	h->ninterim = 0;
	h->rest_len = 0;
	h->request.method = (uint8_t)http_method_of(method);
	h->request.version = 10;
	r->len = 0;
	parser_reset(h);
}

static void
keep(struct check_run *r, struct str data)
{
	size_t room = RUN_BYTES - r->len, n = data.len < room ? data.len : room;

	memcpy(r->in + r->len, data.p, n);
	r->len += (uint32_t)n;
}

static void
feed_chunks(struct check_run *r, const char *buf, size_t len)
{
	struct run_http_part *h = r->http;
	struct str data;
	size_t used;

	while (h->state == RUN_BODY) {
		switch (h1_chunks_step(&h->chunks, buf, len, &used, &data)) {
		case H1_CHUNK_DATA:
			keep(r, data);
			break;
		case H1_CHUNK_END:
			h->state = RUN_DONE;
			break;
		case H1_CHUNK_ERROR:
			h->state = RUN_BROKEN;
			break;
		case H1_CHUNK_MORE:
			return;
		}
		buf += used;
		len -= used;
	}
}

static void
feed_body(struct check_run *r, const char *buf, size_t len)
{
	struct run_http_part *h = r->http;

	if (h->msg.body == HTTP_BODY_CHUNKED) {
		feed_chunks(r, buf, len);
		return;
	}
	if (h->msg.body == HTTP_BODY_LENGTH) {
		if (len > h->left)
			len = (size_t)h->left;
		h->left -= len;
		if (h->left == 0)
			h->state = RUN_DONE;
	}
	keep(r, (struct str){ buf, len });
}

static void
begin_body(struct run_http_part *h)
{
	h->state = RUN_BODY;
	h->left = h->msg.content_length;
	h1_chunks_init(&h->chunks);
	if (h->msg.body == HTTP_BODY_NONE || h->msg.body == HTTP_BODY_TUNNEL ||
	    (h->msg.body == HTTP_BODY_LENGTH && h->left == 0))
		h->state = RUN_DONE;
}

/* What is in rest; true: go on with what is left there. */
static bool
feed_head(struct check_run *r)
{
	static const struct h1_limits limits = { .head_bytes = RUN_BYTES, .fields = RUN_FIELDS };
	struct run_http_part *h = r->http;
	enum h1_result result;
	size_t used;

	result = h1_parse(&h->parser, &h->msg, &h->request, &limits, h->rest, h->rest_len, &used);
	h->rest_len -= (uint32_t)used;
	memmove(h->rest, h->rest + used, h->rest_len);
	if (result == H1_MORE)
		return false;
	if (result != H1_DONE)
		h->state = RUN_BROKEN;
	else if (h->msg.status >= 200 || h->msg.status == 101)
		begin_body(h);
	else if (++h->ninterim > MAX_INTERIM)
		h->state = RUN_BROKEN;
	else
		parser_reset(h);
	return h->state == RUN_HEAD;
}

void
run_http_feed(struct check_run *r, const char *buf, size_t len)
{
	struct run_http_part *h = r->http;

	while (h->state == RUN_HEAD && len > 0) {
		size_t room = sizeof(h->rest) - h->rest_len, n = len < room ? len : room;

		if (n == 0) {		/* the parser refuses such lines before */
			h->state = RUN_BROKEN;
			return;
		}
		memcpy(h->rest + h->rest_len, buf, n);
		h->rest_len += (uint32_t)n;
		buf += n;
		len -= n;
		while (feed_head(r))
			;
	}
	if (h->state == RUN_BODY && h->rest_len > 0) {
		feed_body(r, h->rest, h->rest_len);
		h->rest_len = 0;
	}
	if (h->state == RUN_BODY && len > 0)
		feed_body(r, buf, len);
}

void
run_http_end(struct check_run *r)
{
	struct run_http_part *h = r->http;

	if (h->state == RUN_BODY && h->msg.body == HTTP_BODY_CLOSE)
		h->state = RUN_DONE;
}
