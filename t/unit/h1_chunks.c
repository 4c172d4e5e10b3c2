/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_chunks.c: chunked bodies: what is taken, what is refused and why, each
 * whole and byte by byte; caps on extensions and trailers.
 */
#include <stdio.h>
#include <stdlib.h>

#include "http/h1.h"
#include "http/h1_out.h"
#include "tap.h"

struct result {
	enum h1_chunk_result	 r;
	size_t			 used, data_len;
	char			 data[256];
	uint8_t			 error;
};

static struct result
decode(const char *bytes, size_t len, size_t step)
{
	struct result res = { .r = H1_CHUNK_MORE };
	struct h1_chunks c;
	struct str data;
	size_t used, n;

	h1_chunks_init(&c);
	while (res.used < len && res.r != H1_CHUNK_END && res.r != H1_CHUNK_ERROR) {
		n = len - res.used < step ? len - res.used : step;
		res.r = h1_chunks_step(&c, bytes + res.used, n, &used, &data);
		res.used += used;
		if (res.r == H1_CHUNK_DATA && res.data_len + data.len <= sizeof(res.data)) {
			memcpy(res.data + res.data_len, data.p, data.len);
			res.data_len += data.len;
		}
	}
	res.error = c.error;
	return res;
}

static const struct {
	const char	*bytes;
	int		 want;		/* enum h1_error; NONE = taken */
	const char	*data;
} rows[] = {
	{ "5\r\nhello\r\n0\r\n\r\n", H1_E_NONE, "hello" },
	{ "0\r\n\r\n", H1_E_NONE, "" },
	{ "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", H1_E_NONE, "abc" },
	{ "a\r\n0123456789\r\n0\r\n\r\n", H1_E_NONE, "0123456789" },
	{ "A\r\n0123456789\r\n0\r\n\r\n", H1_E_NONE, "0123456789" },
	{ "0005\r\nhello\r\n0\r\n\r\n", H1_E_NONE, "hello" },
	{ "5;a\r\nhello\r\n0;b=c;d=\"e\\\"\xff\"\r\n\r\n", H1_E_NONE, "hello" },
	{ "5 ; a = b ; c\r\nhello\r\n0\r\n\r\n", H1_E_NONE, "hello" },
	{ "0\r\nX: 1\r\nContent-Length: 5\r\nHost: b\r\n\r\n", H1_E_NONE, "" },
	{ "0\r\nTransfer-Encoding:chunked\r\nX:\t\xff\r\n\r\n", H1_E_NONE, "" },
	{ "5 abc\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5 \r\nhello\r\n", H1_E_CHUNK, NULL },
	{ " 5\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5\t\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5;\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5;\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5\nhello\r\n", H1_E_CHUNK, NULL },
	{ "0x5\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "+5\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "-5\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5h\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "G\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5,5\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "\"5\"\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "00000000000000005\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "00\r\n\r\n", H1_E_CHUNK, NULL },
	{ "5\r\nhello\r\n000;x\r\n\r\n", H1_E_CHUNK, NULL },
	{ "FFFFFFFFFFFFFFFF\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "10000000000000005\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "8000000000000000\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5\r\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5\rX\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5\r\nhelloX\r\n0\r\n\r\n", H1_E_CHUNK, NULL },
	{ "5\r\nhello\n0\r\n\r\n", H1_E_CHUNK, NULL },
	{ "5\r\nhello0\r\n\r\n", H1_E_CHUNK, NULL },
	{ "5\r\nhell\r\n0\r\n\r\n", H1_E_CHUNK, NULL },
	{ "5\r\nhello\r0\r\n\r\n", H1_E_CHUNK, NULL },
	{ "5;a=\"b\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5;a=\"b\\\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5;a=\"b\"c\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5;a=\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5;=b\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5;a\rb\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5;a\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5;a=b\x01\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "5;a b\r\nhello\r\n", H1_E_CHUNK, NULL },
	{ "0\r\nGET / HTTP/1.1\r\n", H1_E_TRAILER, NULL },
	{ "0\r\nX : 1\r\n\r\n", H1_E_TRAILER, NULL },
	{ "0\r\n: 1\r\n\r\n", H1_E_TRAILER, NULL },
	{ "0\r\n X: 1\r\n\r\n", H1_E_TRAILER, NULL },
	{ "0\r\nX: 1\r\n 2\r\n\r\n", H1_E_TRAILER, NULL },
	{ "0\r\nX\r\n\r\n", H1_E_TRAILER, NULL },
	{ "0\r\nX: \x01\r\n\r\n", H1_E_TRAILER, NULL },
	{ "0\r\nX: 1\n\r\n", H1_E_TRAILER, NULL },
	{ "0\r\nX: 1\rY\r\n\r\n", H1_E_TRAILER, NULL },
	{ "0\r\n\n", H1_E_TRAILER, NULL },
	{ "0\r\n\rX", H1_E_TRAILER, NULL },
};

static void
test_rows(void)
{
	struct result a, b;
	size_t i, len;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		len = strlen(rows[i].bytes);
		a = decode(rows[i].bytes, len, len);
		b = decode(rows[i].bytes, len, 1);
		ok_named(a.error == rows[i].want && (a.r == H1_CHUNK_END) == (a.error == 0),
		    "row %zu: %s", i, h1_error_text((enum h1_error)a.error));
		ok_named(a.r == b.r && a.used == b.used && a.error == b.error &&
		    a.data_len == b.data_len, "row %zu byte by byte", i);
		if (rows[i].data != NULL) {
			is_mem(a.data, a.data_len, rows[i].data, strlen(rows[i].data));
			is_mem(b.data, b.data_len, rows[i].data, strlen(rows[i].data));
			is_u64(a.used, len);
		}
	}
	/* NUL cannot stand in a string */
	a = decode("5;a\0\r\nhello\r\n", 14, 14);
	is_int(a.error, H1_E_CHUNK);
	a = decode("0\r\nX: a\0b\r\n\r\n", 13, 13);
	is_int(a.error, H1_E_TRAILER);
}

static void
test_end(void)
{
	static const char two[] = "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n";
	struct result a = decode(two, sizeof(two) - 1, sizeof(two));

	is_int(a.r, H1_CHUNK_END);
	is_u64(a.used, 11);
}

/* prefix, n times what is repeated, suffix */
static struct result
decode_many(const char *prefix, const char *part, size_t n, const char *suffix)
{
	size_t len = strlen(prefix), part_len = strlen(part), i;
	char *bytes = malloc(len + n * part_len + strlen(suffix) + 1);
	struct result res;

	strcpy(bytes, prefix);
	for (i = 0; i < n; i++, len += part_len)
		memcpy(bytes + len, part, part_len);
	strcpy(bytes + len, suffix);
	res = decode(bytes, strlen(bytes), 1000);
	free(bytes);
	return res;
}

static void
test_caps(void)
{
	is_int(decode_many("5;a=", "x", 65536, "\r\nhello\r\n").error, H1_E_CHUNK_OVERHEAD);
	is_int(decode_many("", "1;abcdefghijklmnop=qrstuvwxyz\r\na\r\n", 10000, "").error,
	    H1_E_CHUNK_OVERHEAD);
	is_int(decode_many("", "1\r\na\r\n", 100000, "0\r\n\r\n").r, H1_CHUNK_END);
	is_int(decode_many("", "0000000000000001\r\na\r\n", 10000, "").error, H1_E_CHUNK_OVERHEAD);
	is_int(decode_many("", "0", 10000, "\r\n\r\n").error, H1_E_CHUNK);
	is_int(decode_many("0\r\n", "A: b\r\n", 10000, "\r\n").error, H1_E_TRAILER);
	is_int(decode_many("0\r\n", "A: b\r\n", 101, "\r\n").r, H1_CHUNK_END);
	is_int(decode_many("0\r\nX: ", "y", 20000, "\r\n\r\n").error, H1_E_CHUNK_OVERHEAD);
}

static void
test_largest(void)
{
	struct h1_chunks c;
	struct str data;
	size_t used;

	h1_chunks_init(&c);
	is_int(h1_chunks_step(&c, "7fffffffffffffff\r\nabc", 21, &used, &data), H1_CHUNK_DATA);
	is_u64(used, 21);
	is_mem(data.p, data.len, "abc", 3);
	is_u64(c.left, (uint64_t)INT64_MAX - 3);
}

static void
test_head(void)
{
	char buf[18];

	is_mem(buf, h1_out_chunk_head(buf, 8000), "1f40\r\n", 6);
	is_mem(buf, h1_out_chunk_head(buf, 0), "0\r\n", 3);
	is_mem(buf, h1_out_chunk_head(buf, UINT64_MAX), "ffffffffffffffff\r\n", 18);
}

int
main(void)
{
	test_rows();
	test_end();
	test_caps();
	test_largest();
	test_head();
	return tap_done();
}
