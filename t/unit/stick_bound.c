/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stick table at its limit: memory stays what it was when the table was full,
 * whoever comes; and no call looks at more entries than it drops and makes, so
 * nothing walks a table to find what is over.
 */
#include <malloc.h>

#include "base/clock.h"
#include "proxy/sample.h"
#include "proxy/stick.h"
#include "tap.h"

#define SIZE		32768u
#define MINUTE_US	60000000u

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_IS_OURS	0
#else
#define HEAP_IS_OURS	1
#endif

static struct stick_table *
table(enum stick_type type, uint32_t key_len)
{
	struct stick_layout l = { .type = (uint8_t)type, .key_len = key_len, .size = SIZE };
	struct stick_table *t;

	l.n[SD_GPC0] = l.n[SD_HTTP_REQ_RATE] = 1;
	l.period_ms[SD_HTTP_REQ_RATE] = 10000;
	stick_layout_fill(&l);
	t = stick_new("t", &l);
	t->expire_us = MINUTE_US;
	return t;
}

static bool
put(struct stick_table *t, uint32_t n)
{
	struct stick_key k;
	struct stick_at at;
	struct sample s;

	sample_int(&s, n);
	if (!stick_key_make(&t->lay, &s, &k) || !stick_get(t, &k, &at))
		return false;
	stick_touch(&at);
	stick_unlock(&at);
	return true;
}

static bool
put_all(struct stick_table *t, uint32_t from, uint32_t n)
{
	bool good = true;

	for (uint32_t i = 0; i < n; i++) {
		if (i % 16 == 0)
			clock_now_us++;
		good = put(t, from + i) && good;
	}
	return good;
}

static size_t
heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void
test_flat(void)
{
	size_t before = heap_bytes(), full, after;
	struct stick_table *t = table(STICK_INTEGER, 4);

	ok(put_all(t, 0, SIZE));
	is_u64(stick_used(t), SIZE);
	full = heap_bytes();
	ok(put_all(t, SIZE, SIZE));
	is_u64(stick_used(t), SIZE);
	after = heap_bytes();
	ok(put_all(t, 2 * SIZE, SIZE));
	if (!HEAP_IS_OURS) {
		tap_skip("the sanitizer's heap tells no sizes");
	} else {
		/* entries, buckets of 4 bytes, up to twice as many; a chunk a shard */
		ok(full - before <= SIZE * (t->lay.entry_bytes + 8u) +
		    t->nshards * (t->chunk_entries * t->lay.entry_bytes + 1024u));
		is_u64(after, full);
		is_u64(heap_bytes(), full);
	}
	stick_free(t);
}

/* Everything is over at once: who comes then drops two and goes on. */
static void
test_no_scan(void)
{
	struct stick_table *t = table(STICK_INTEGER, 4);
	uint32_t most = 0, before;
	unsigned n;

	ok(put_all(t, 0, SIZE));
	clock_now_us += 2ull * MINUTE_US;
	for (uint32_t i = 0; i < 1000; i++) {
		before = stick_used(t);
		(void)put(t, SIZE + i);
		if (before + 1 - stick_used(t) > most)
			most = before + 1 - stick_used(t);
	}
	ok(most <= 3);			/* two that are over; at the limit one for room */
	before = stick_used(t);
	n = stick_expire(t, 0, 64);	/* the piece of one second */
	is_u64(n, 64);
	is_u64(before - stick_used(t), 64);
	stick_free(t);
}

/* Nothing is over: looking for it costs one look at the oldest. */
static void
test_none_is_over(void)
{
	struct stick_table *t = table(STICK_INTEGER, 4);

	ok(put_all(t, 0, SIZE));
	for (unsigned s = 0; s < t->nshards; s++)
		(void)stick_expire(t, s, 64);
	is_u64(stick_used(t), SIZE);
	stick_free(t);
}

int
main(void)
{
	clock_now_us = 10ull * MINUTE_US;
	test_flat();
	test_no_scan();
	test_none_is_over();
	return tap_done();
}
