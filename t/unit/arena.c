/* SPDX-License-Identifier: BSD-2-Clause */
/* arena.c: alignment, zeroes, growth, destructors in reverse order. */
#include <string.h>

#include "base/arena.h"
#include "base/rand.h"
#include "tap.h"

static char order[8];

static void
on_free(void *arg)
{
	strncat(order, arg, 1);
}

static bool
is_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void
test_many(struct arena *a)
{
	unsigned char *at[2000];
	size_t size[2000], i, bad = 0;

	for (i = 0; i < 2000; i++) {
		size[i] = i % 100 == 7 ? 20000 + rand_below(100000) :
		    rand_below(300);
		at[i] = arena_alloc(a, size[i]);
		if ((uintptr_t)at[i] % 16 != 0 || !is_zero(at[i], size[i]))
			bad++;
		memset(at[i], (int)(i & 255), size[i]);
	}
	for (i = 0; i < 2000; i++)
		for (size_t j = 0; j < size[i]; j++)
			if (at[i][j] != (i & 255))
				bad++;
	is_u64(bad, 0);
}

int
main(void)
{
	struct arena *a = arena_new();
	char a_text[] = "a", b_text[] = "b", c_text[] = "c";
	size_t before;

	before = arena_bytes(a);
	ok(before < 512);
	arena_on_free(a, on_free, a_text);
	is_str(arena_strdup(a, "weir"), "weir");
	is_str(arena_strndup(a, "weirdo", 4), "weir");
	is_str(arena_strndup(a, "we", 4), "we");
	is_str(arena_printf(a, "%d-%s", 5, "x"), "5-x");
	ok(arena_alloc(a, 0) != NULL);
	ok(arena_alloc(a, 0) != arena_alloc(a, 0));
	ok(is_zero(arena_calloc(a, 10, 30), 300));
	ok(arena_bytes(a) < 6000);
	arena_on_free(a, on_free, b_text);
	test_many(a);
	ok(arena_bytes(a) > 1000000);
	arena_on_free(a, on_free, c_text);
	arena_free(a);
	is_str(order, "cba");
	arena_free(NULL);
	return tap_done();
}
