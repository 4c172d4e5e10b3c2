/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * response.c: fuzzes the response parser, as an answer to GET, HEAD, CONNECT or
 * an upgrade (first byte). The same invariants as for requests.
 */
#include <stdint.h>

#include "h1_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct h1_limits limits = { .head_bytes = 4096, .fields = 20 };

static void
parse(struct fed *f, const struct http_msg *request, const char *data, size_t len, size_t cut)
{
	fed_init(f, true, 128, 2);
	feed(f, request, &limits, data, len, cut);
}

static void
must_be_same(const struct fed *whole, const struct http_msg *request, const char *data,
    size_t len, size_t cut)
{
	struct fed f;

	parse(&f, request, data, len, cut);
	if (fed_differs(whole, &f) != NULL)
		abort();
	fed_fini(&f);
}

static void
check_again(const struct fed *a, const struct http_msg *request)
{
	static char out[65536];
	size_t len = fed_out(&a->m, out, sizeof(out));
	struct h1_limits lim = { .head_bytes = 65536, .fields = 100 };
	struct fed b;

	fed_init(&b, true, 65536, 64);
	feed(&b, request, &lim, out, len, FEED_WHOLE);
	if (len == 0 || b.r != H1_DONE || b.used != len || b.m.status != a->m.status ||
	    b.m.body != a->m.body || b.m.content_length != a->m.content_length ||
	    !str_eq(http_str(&b.m, b.m.reason), http_str(&a->m, a->m.reason)) ||
	    (b.m.flags ^ a->m.flags) & (HTTP_F_HAS_LENGTH | HTTP_F_UPGRADE))
		abort();
	fed_fini(&b);
}

static const char *const requests[] = {
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
	"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket, foo/2\r\n\r\n",
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct fed f, request;
	size_t len;

	if (size < 2)
		return 0;
	len = size - 1;
	fed_init(&request, false, 1024, 8);
	feed(&request, NULL, &limits, requests[data[0] % 4], strlen(requests[data[0] % 4]), 0);
	feed_use("avx2");
	parse(&f, &request.m, text, len, FEED_WHOLE);
	if (f.used > len || (f.r == H1_ERROR) != (f.p.error != H1_E_NONE))
		abort();
	must_be_same(&f, &request.m, text, len, data[0] % len);
	feed_use("plain");
	must_be_same(&f, &request.m, text, len, FEED_WHOLE);
	feed_use("sse2");
	must_be_same(&f, &request.m, text, len, len > 600 ? len / 2 : FEED_BYTES);
	if (f.r == H1_DONE)
		check_again(&f, &request.m);
	fed_fini(&f);
	fed_fini(&request);
	return 0;
}
