/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each frame of the recordings with bytes changed, cut or doubled: whatever comes
 * in, rows are found by their names afterwards, and nothing is read or written that
 * is not there (under ASan).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "tap.h"
#include "tui/record.h"
#include "tui/rows.h"

#define ROUNDS	2000u

static uint32_t seed = 1;

static uint32_t
next(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static size_t
mutate(char *text, size_t len)
{
	static const char bytes[] = ",\"\n#- 0:\0\x1b\xc2=";
	size_t at = next((uint32_t)len + 1), n;

	switch (next(4)) {
	case 0:
		return at;
	case 1:
		if (at < len)
			text[at] = bytes[next(sizeof(bytes))];
		return len;
	case 2:				/* some bytes are missing */
		n = next(40);
		if (at + n < len) {
			memmove(text + at, text + at + n, len - at - n);
			return len - n;
		}
		return len;
	default:			/* some come twice */
		n = next(40);
		if (at + n < len)
			memmove(text + at + n, text + at, len - at - n);
		return len;
	}
}

static bool
is_sound(const struct host *h)
{
	for (unsigned i = 0; i < h->nrows; i++) {
		const struct row *r = h->rows[i];

		if (r->index != i || r->host != h || host_row(h, r->px, r->sv) == NULL)
			return false;
		for (int f = 0; f < F_COUNT; f++)
			if (strlen(row_text(r, (enum field)f)) > 70000)
				return false;
	}
	return true;
}

static void
test_file(const char *path)
{
	struct model *m = model_new();
	struct frame *f = NULL;
	unsigned n = 0, line, i, refused = 0, unsound = 0;
	size_t size;
	char *data = file_read(path, 1 << 24, &size);

	ok_named(data != NULL && record_parse(data, size, &f, &n, &line), "%s", path);
	for (i = 0; i < ROUNDS && n > 0; i++) {
		const struct frame *x = &f[next(n)];
		struct host *h = model_host(m, x->host);
		char *text = xmalloc(x->len + 1);
		size_t len = x->len;

		memcpy(text, x->text, len);
		for (unsigned k = next(3); k > 0; k--)
			len = mutate(text, len);
		refused += !rows_feed(h, x->command, text, len, x->ms + i * 1000);
		unsound += !is_sound(h);
		free(text);
	}
	is_int(unsound, 0);
	ok(refused > 0 && refused < ROUNDS);
	model_free(m);
	free(f);
	free(data);
}

int
main(void)
{
	test_file("t/data/states.wrec");
	test_file("t/data/haproxy.wrec");
	return tap_done();
}
