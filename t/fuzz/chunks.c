/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chunks.c: fuzzes the decoder of chunked bodies: pieces give the same as the
 * whole; data lies inside the input; the data, encoded anew, decodes to itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/h1.h"
#include "http/h1_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	enum h1_chunk_result	 r;
	uint8_t			 error;
	size_t			 used, len;
	char			*data;
};

static void
decode(struct result *res, const char *bytes, size_t len, size_t step)
{
	struct h1_chunks c;
	struct str data;
	size_t used, n;

	*res = (struct result){ .r = H1_CHUNK_MORE, .data = malloc(len + 1) };
	h1_chunks_init(&c);
	while (res->used < len && res->r != H1_CHUNK_END && res->r != H1_CHUNK_ERROR) {
		n = len - res->used < step ? len - res->used : step;
		res->r = h1_chunks_step(&c, bytes + res->used, n, &used, &data);
		if (used > n || used == 0)
			abort();
		if (res->r == H1_CHUNK_DATA) {
			if (data.p < bytes + res->used || data.len == 0 ||
			    data.p + data.len > bytes + res->used + used ||
			    res->len + data.len > len)
				abort();
			memcpy(res->data + res->len, data.p, data.len);
			res->len += data.len;
		}
		res->used += used;
	}
	res->error = c.error;
	if ((res->r == H1_CHUNK_ERROR) != (c.error != H1_E_NONE))
		abort();
}

static void
must_be_same(const struct result *a, const char *bytes, size_t len, size_t step)
{
	struct result b;

	decode(&b, bytes, len, step);
	if (a->error != b.error || (a->r == H1_CHUNK_END) != (b.r == H1_CHUNK_END) ||
	    a->used != b.used || a->len != b.len || memcmp(a->data, b.data, a->len) != 0)
		abort();
	free(b.data);
}

static void
check_again(const struct result *a)
{
	char *bytes = malloc(a->len + 64);
	size_t len = 0;
	struct result b;

	if (a->len > 0) {
		len = h1_out_chunk_head(bytes, a->len);
		memcpy(bytes + len, a->data, a->len);
		len += a->len;
		memcpy(bytes + len, "\r\n", 2);
		len += 2;
	}
	memcpy(bytes + len, "0\r\n\r\n", 5);
	len += 5;
	decode(&b, bytes, len, len);
	if (b.r != H1_CHUNK_END || b.used != len || b.len != a->len ||
	    memcmp(a->data, b.data, a->len) != 0)
		abort();
	free(b.data);
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct result whole;

	if (size == 0)
		return 0;
	decode(&whole, text, size, size);
	must_be_same(&whole, text, size, 1);
	must_be_same(&whole, text, size, 1 + data[0] % 16);
	if (whole.r == H1_CHUNK_END)
		check_again(&whole);
	free(whole.data);
	return 0;
}
