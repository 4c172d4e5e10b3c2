/* SPDX-License-Identifier: BSD-2-Clause */
/* h1_out.c: heads as iovecs: runs, framing, Connection, the flat form, no room. */
#include <stdlib.h>

#include "h1_feed.h"
#include "tap.h"

static struct fed f;
static char scratch[4096], out[8192];
static struct iovec iov[H1_OUT_IOV];

static void
setup(bool is_response, const char *data)
{
	fed_init(&f, is_response, 8192, 101);
	feed(&f, NULL, &feed_limits, data, strlen(data), FEED_WHOLE);
	if (f.r != H1_DONE)
		abort();
}

static size_t
join(unsigned n)
{
	size_t len = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		memcpy(out + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return len;
}

static void
is_written(const struct h1_out_opts *o, unsigned want_iov, const char *want)
{
	unsigned n = (f.m.status != 0 ? h1_out_response : h1_out_request)(&f.m, o, iov, scratch,
	    sizeof(scratch));

	is_mem(out, join(n), want, strlen(want));
	is_u64(n, want_iov);
}

#define RESPONSE "HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 5\r\nB: 2\r\n\r\n"

static void
test_response(void)
{
	struct h1_out_opts o = { .version = 11, .body = HTTP_BODY_LENGTH, .send_length = true,
	    .content_length = 5 };

	setup(true, RESPONSE);
	is_written(&o, 2, "HTTP/1.1 200 OK\r\na: 1\r\ncontent-length: 5\r\nb: 2\r\n\r\n");
	o.content_length = 6;
	is_written(&o, 3, "HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\ncontent-length: 6\r\n\r\n");
	o.body = HTTP_BODY_CHUNKED;
	is_written(&o, 3, "HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\ntransfer-encoding: chunked\r\n\r\n");
	o.body = HTTP_BODY_CLOSE;
	o.send_length = false;
	o.close = true;
	is_written(&o, 3, "HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\nconnection: close\r\n\r\n");
	o.version = 10;
	o.close = false;
	o.keep_alive = true;
	is_written(&o, 6, "HTTP/1.0 200 OK\r\na: 1\r\nb: 2\r\nconnection: keep-alive\r\n\r\n");
	http_set_status(&f.m, 404, STR("No"));
	o = (struct h1_out_opts){ .version = 11 };
	is_written(&o, 6, "HTTP/1.1 404 No\r\na: 1\r\nb: 2\r\n\r\n");
	http_set_status(&f.m, 404, STR(""));
	is_written(&o, 5, "HTTP/1.1 404 \r\na: 1\r\nb: 2\r\n\r\n");
	/* a field that was taken away is written anew */
	http_del_id(&f.m, HTTP_N_CONTENT_LENGTH);
	o = (struct h1_out_opts){ .version = 11, .send_length = true, .content_length = 5 };
	is_written(&o, 5, "HTTP/1.1 404 \r\na: 1\r\nb: 2\r\ncontent-length: 5\r\n\r\n");
	fed_fini(&f);
}

static void
test_request(void)
{
	struct h1_out_opts o = { .version = 11, .body = HTTP_BODY_CHUNKED };

	setup(false, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
	is_written(&o, 2, "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
	o.body = HTTP_BODY_LENGTH;
	o.send_length = true;
	is_written(&o, 2, "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
	http_set_target(&f.m, STR("/x"));
	http_append(&f.m, STR("y"), STR("z"), HTTP_FIELD_ADDED);
	o = (struct h1_out_opts){ .version = 11, .close = true };
	is_written(&o, 6, "POST /x HTTP/1.1\r\nhost: a\r\ny: z\r\nconnection: close\r\n\r\n");
	fed_fini(&f);
}

/* More holes than iovecs: one flat copy, the same bytes. */
static void
test_flat(void)
{
	struct h1_out_opts o = { .version = 11, .close = true };
	char data[4096], want[4096];
	int i, n, w;
	unsigned k;

	n = sprintf(data, "GET / HTTP/1.1\r\nHost: a\r\n");
	w = sprintf(want, "GET / HTTP/1.1\r\nhost: a\r\n");
	for (i = 0; i < 60; i++) {
		n += sprintf(data + n, "X%d: %d\r\n", i, i);
		if (i % 2 == 1)
			w += sprintf(want + w, "x%d: %d\r\n", i, i);
	}
	strcpy(data + n, "\r\n");
	strcpy(want + w, "connection: close\r\n\r\n");
	setup(false, data);
	for (i = 1; i < 61; i += 2)
		f.m.fields[i].flags |= HTTP_FIELD_GONE;
	is_written(&o, 1, want);
	is_u64(h1_out_request(&f.m, &o, iov, scratch, 100), 0);
	/* just as many as fit */
	for (i = 21; i < 61; i += 2)
		f.m.fields[i].flags &= (uint8_t)~HTTP_FIELD_GONE;
	k = h1_out_request(&f.m, &o, iov, scratch, sizeof(scratch));
	ok(k > 1 && k <= H1_OUT_IOV);
	is_u64(h1_out_request(&f.m, &o, iov, scratch, 10), 0);
	fed_fini(&f);
}

int
main(void)
{
	test_response();
	test_request();
	test_flat();
	return tap_done();
}
