/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request.c: fuzzes the request parser. What must hold for any bytes: pieces
 * give the same as the whole, scanners agree, never more is used than there is;
 * what was accepted is, written by h1_out, accepted again and means the same.
 */
#include <stdint.h>

#include "h1_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
parse(struct fed *f, const char *data, size_t len, size_t cut, bool is_unsafe)
{
	struct h1_limits lim = { .head_bytes = 4096, .fields = 20, .unsafe_target = is_unsafe };

	fed_init(f, false, 128, 2);
	feed(f, NULL, &lim, data, len, cut);
}

static void
must_be_same(const struct fed *whole, const char *data, size_t len, size_t cut, bool is_unsafe)
{
	struct fed f;

	parse(&f, data, len, cut, is_unsafe);
	if (fed_differs(whole, &f) != NULL)
		abort();
	fed_fini(&f);
}

static void
check_again(const struct fed *a, bool is_unsafe)
{
	static char out[65536];
	size_t len = fed_out(&a->m, out, sizeof(out));
	struct h1_limits lim = { .head_bytes = 65536, .fields = 100, .unsafe_target = is_unsafe };
	struct fed b;

	fed_init(&b, false, 65536, 64);
	feed(&b, NULL, &lim, out, len, FEED_WHOLE);
	if (len == 0 || b.r != H1_DONE || b.used != len || b.m.method != a->m.method ||
	    b.m.body != a->m.body || b.m.content_length != a->m.content_length ||
	    !str_eq(http_str(&b.m, b.m.method_text), http_str(&a->m, a->m.method_text)) ||
	    !str_eq(http_str(&b.m, b.m.target), http_str(&a->m, a->m.target)) ||
	    !str_eq(http_str(&b.m, b.m.authority), http_str(&a->m, a->m.authority)) ||
	    (b.m.flags ^ a->m.flags) & (HTTP_F_HOST | HTTP_F_HAS_LENGTH | HTTP_F_UPGRADE))
		abort();
	fed_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	bool is_unsafe;
	struct fed f;
	size_t len;

	if (size < 2)
		return 0;
	is_unsafe = data[0] & 1;
	len = size - 1;
	feed_use("avx2");
	parse(&f, text, len, FEED_WHOLE, is_unsafe);
	if (f.used > len || (f.r == H1_ERROR) != (f.p.error != H1_E_NONE))
		abort();
	must_be_same(&f, text, len, data[0] % len, is_unsafe);
	feed_use("plain");
	must_be_same(&f, text, len, FEED_WHOLE, is_unsafe);
	feed_use("sse2");
	must_be_same(&f, text, len, len > 600 ? len / 2 : FEED_BYTES, is_unsafe);
	if (f.r == H1_DONE)
		check_again(&f, is_unsafe);
	fed_fini(&f);
	return 0;
}
