/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdicts on passwords: kept by hash and password, bounded, right ones first. */
#include <stdio.h>
#include <string.h>

#include "proxy/user_cache.h"
#include "tap.h"

#define PLACES	4096u

static uint64_t
nth(unsigned n)
{
	char text[32];

	snprintf(text, sizeof text, "password %u", n);
	return user_cache_key(STR("$6$salt$hash"), str_of(text));
}

static unsigned
count(unsigned from, unsigned n, enum user_verdict v)
{
	unsigned found = 0;

	for (unsigned i = from; i < from + n; i++)
		found += user_cache_find(nth(i)) == v;
	return found;
}

static void
test_keys(void)
{
	uint64_t k = user_cache_key(STR("hash"), STR("tiger"));

	ok(k != 0);
	is_u64(user_cache_key(STR("hash"), STR("tiger")), k);
	ok(user_cache_key(STR("hash"), STR("tigeR")) != k);
	ok(user_cache_key(STR("hasi"), STR("tiger")) != k);
	ok(user_cache_key(STR("hasht"), STR("iger")) != k);
	ok(user_cache_key(STR("hash"), STR("")) != user_cache_key(STR(""), STR("hash")));
}

static void
test_verdicts(void)
{
	uint64_t a = user_cache_key(STR("h"), STR("a")), b = user_cache_key(STR("h"), STR("b"));

	is_u64(user_cache_find(a), USER_UNKNOWN);
	user_cache_put(a, true);
	user_cache_put(b, false);
	is_u64(user_cache_find(a), USER_RIGHT);
	is_u64(user_cache_find(b), USER_WRONG);
	is_u64(user_cache_find(a ^ (uint64_t)1 << 40), USER_UNKNOWN);
}

static void
test_bounds(void)
{
	unsigned right;

	for (unsigned i = 0; i < 1000; i++)
		user_cache_put(nth(i), true);
	right = count(0, 1000, USER_RIGHT);
	ok(right > 950);		/* a bucket in some hundreds has more than four */
	for (unsigned i = 10000; i < 10000 + 4 * PLACES; i++)
		user_cache_put(nth(i), false);
	is_u64(count(0, 1000, USER_RIGHT), right);
	ok(count(10000, 4 * PLACES, USER_WRONG) <= PLACES - right);
	is_u64(count(10000, 4 * PLACES, USER_RIGHT), 0);
	for (unsigned i = 100000; i < 100000 + PLACES; i++)
		user_cache_put(nth(i), true);
	is_u64(user_cache_find(nth(100000 + PLACES - 1)), USER_RIGHT);
	ok(count(0, 1000, USER_RIGHT) + count(100000, PLACES, USER_RIGHT) <= PLACES);
}

int
main(void)
{
	test_keys();
	test_verdicts();
	test_bounds();
	return tap_done();
}
