/* SPDX-License-Identifier: BSD-2-Clause */
/* Stick tables: layout, order of expiry and purging, holding, rates, shards. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "proxy/sample.h"
#include "proxy/stick.h"
#include "tap.h"

static struct stick_layout
layout(enum stick_type type, uint32_t key_len, uint32_t size)
{
	struct stick_layout l = { .type = (uint8_t)type, .key_len = key_len, .size = size };

	return l;
}

static struct stick_table *
table(uint32_t size, uint64_t expire_us)
{
	struct stick_layout l = layout(STICK_INTEGER, 4, size);
	struct stick_table *t;

	l.n[SD_GPC0] = l.n[SD_CONN_RATE] = 1;
	l.period_ms[SD_CONN_RATE] = 10000;
	stick_layout_fill(&l);
	t = stick_new("t", &l);
	t->expire_us = expire_us;
	return t;
}

static bool
key(const struct stick_table *t, int64_t n, struct stick_key *k)
{
	struct sample s;

	sample_int(&s, n);
	return stick_key_make(&t->lay, &s, k);
}

static bool
put(struct stick_table *t, int64_t n)
{
	struct stick_key k;
	struct stick_at at;

	if (!key(t, n, &k) || !stick_get(t, &k, &at))
		return false;
	(void)stick_add(&at, SD_GPC0, 0, 1);
	stick_touch(&at);
	stick_unlock(&at);
	return true;
}

/* gpc0 of the key; -1 = no entry */
static int64_t
value(struct stick_table *t, int64_t n)
{
	struct stick_key k;
	struct stick_at at;
	uint64_t v = 0;

	if (!key(t, n, &k) || !stick_find(t, &k, &at))
		return -1;
	(void)stick_read(&at, SD_GPC0, 0, &v);
	stick_unlock(&at);
	return (int64_t)v;
}

/* ---- layout ---- */

static void
test_layout(void)
{
	struct stick_layout l = layout(STICK_IP, 4, 1024);
	bool apart = true;
	unsigned char used[8192] = { 0 };

	l.n[SD_CONN_RATE] = 1;
	stick_layout_fill(&l);
	is_u64(l.entry_bytes, 40);
	is_u64(l.shard_bits, 6);
	l.size = 31;
	stick_layout_fill(&l);
	is_u64(l.shard_bits, 0);
	l.size = 32;
	stick_layout_fill(&l);
	is_u64(l.shard_bits, 1);
	for (unsigned d = 0; d < SD_MAX; d++)
		l.n[d] = stick_data_rows[d].is_array ? 100 : 1;
	stick_layout_fill(&l);
	ok(l.entry_bytes < sizeof(used));
	for (unsigned d = 0; d < SD_MAX; d++) {
		static const unsigned bytes[] = { 4, 8, 12, 8, 4 };
		unsigned form = stick_data_rows[d].form;

		for (unsigned i = 0; i < bytes[form] * l.n[d]; i++)
			apart = apart && used[l.off[d] + i]++ == 0;
		apart = apart && l.off[d] % (form == SF_U64 ? 8 : 4) == 0 && l.off[d] >= 28;
	}
	ok(apart);
}

static void
test_keys(void)
{
	struct stick_layout l = layout(STICK_STRING, 9, 10);
	struct stick_key k;
	struct sample s;

	sample_str(&s, STR("a long key"));
	ok(stick_key_make(&l, &s, &k));
	is_u64(k.len, 8);
	sample_str(&s, STR(""));
	ok(!stick_key_make(&l, &s, &k));
	l = layout(STICK_BINARY, 4, 10);
	sample_str(&s, STR("ab"));
	ok(stick_key_make(&l, &s, &k));
	is_u64(k.len, 4);
	ok(memcmp(k.p, "ab\0\0", 4) == 0);
	l = layout(STICK_IP, 4, 10);
	sample_str(&s, STR("192.0.2.1"));
	ok(stick_key_make(&l, &s, &k));
	is_u64(k.u.u32, htonl(0xc0000201));
	sample_str(&s, STR("nothing"));
	ok(!stick_key_make(&l, &s, &k));
}

/* ---- expiry, purging, holding ---- */

static void
test_expiry(void)
{
	struct stick_table *t = table(10, 1000000);

	put(t, 1);
	clock_now_us += 400000;
	put(t, 2);
	clock_now_us += 400000;
	put(t, 1);			/* used again: 2 is over before it */
	is_int(value(t, 1), 2);
	clock_now_us += 700000;
	is_int(value(t, 2), -1);
	is_int(value(t, 1), 2);
	is_u64(stick_used(t), 1);
	clock_now_us += 300000;
	is_u64(stick_expire(t, 0, 100), 1);
	is_int(value(t, 1), -1);
	is_u64(stick_used(t), 0);
	stick_free(t);
}

static void
test_purge(void)
{
	struct stick_table *t = table(10, 0);

	for (int i = 1; i <= 10; i++)
		ok(put(t, i));
	put(t, 1);
	ok(put(t, 11));
	is_u64(stick_used(t), 10);
	is_int(value(t, 2), -1);
	is_int(value(t, 1), 2);
	t->is_nopurge = true;
	ok(!put(t, 12));
	is_int(value(t, 3), 1);
	is_u64(stick_used(t), 10);
	stick_free(t);
}

static void
test_hold(void)
{
	struct stick_table *t = table(2, 1000);
	struct stick_ref r[2];
	struct stick_key k;
	struct stick_at at;

	for (int i = 0; i < 2; i++) {
		ok(key(t, i, &k) && stick_get(t, &k, &at));
		r[i] = stick_hold(&at);
		stick_unlock(&at);
	}
	clock_now_us += 5000000;
	is_int(value(t, 0), 0);		/* held: neither over nor purged */
	ok(!put(t, 7));
	ok(key(t, 0, &k) && stick_find(t, &k, &at));
	ok(!stick_remove(&at));
	stick_release(&r[0]);
	is_int(value(t, 0), 0);		/* let go now: its time begins */
	ok(put(t, 7));
	is_int(value(t, 0), -1);
	stick_release(&r[1]);
	clock_now_us += 1000;
	is_int(value(t, 1), -1);
	stick_free(t);
}

static void
test_elsewhere(void)
{
	struct stick_table *t = table(64, 0);	/* four shards */
	unsigned n = 0;

	is_u64(t->nshards, 4);
	for (int i = 0; i < 1000; i++)
		n += put(t, i);
	is_u64(n, 1000);
	is_u64(stick_used(t), 64);
	is_int(value(t, 999), 1);
	stick_free(t);
}

static void
test_walk(void)
{
	struct stick_table *t = table(1000, 0);
	unsigned seen = 0;
	struct stick_at at;

	for (int i = 0; i < 300; i++)
		put(t, i);
	for (unsigned sh = 0; sh < t->nshards; sh++)
		for (uint32_t index = 1; index != 0;)
			if (stick_walk(t, sh, &index, 3, &at)) {
				seen++;
				index++;
				stick_unlock(&at);
			}
	is_u64(seen, 300);
	stick_free(t);
}

/* ---- rates ---- */

static uint64_t
rate(struct stick_table *t)
{
	struct stick_key k;
	struct stick_at at;
	uint64_t v = 0;

	if (!key(t, 1, &k) || !stick_get(t, &k, &at))
		return 0;
	(void)stick_read(&at, SD_CONN_RATE, 0, &v);
	stick_unlock(&at);
	return v;
}

static void
events(struct stick_table *t, int n)
{
	struct stick_key k;
	struct stick_at at;

	if (!key(t, 1, &k) || !stick_get(t, &k, &at))
		return;
	(void)stick_add(&at, SD_CONN_RATE, 0, n);
	stick_unlock(&at);
}

static void
test_rates(void)
{
	struct stick_table *t = table(10, 0);

	events(t, 60);
	events(t, 40);
	is_u64(rate(t), 100);
	clock_now_us += 9999000;
	is_u64(rate(t), 100);
	clock_now_us += 2501000;	/* 2.5 s into the next period */
	is_u64(rate(t), 75);
	events(t, 10);
	is_u64(rate(t), 85);
	clock_now_us -= 3000000;	/* another thread's clock lags a bit */
	is_u64(rate(t), 110);
	clock_now_us += 3000000;
	clock_now_us += 7500000 + 9990000;
	is_u64(rate(t), 0);
	events(t, 1);
	clock_now_us += 20000000;
	is_u64(rate(t), 0);
	stick_free(t);
}

/* ---- four threads ---- */

#define ROUNDS	20000

static struct stick_table *shared;

static void *
hammer(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	struct stick_ref r = { .table = NULL };
	struct stick_key k;
	struct stick_at at;

	clock_now_us = 1000000000;
	for (int i = 0; i < ROUNDS; i++) {
		seed = seed * 1103515245 + 12345;
		if (!key(shared, seed >> 16 & 0x3ff, &k) || !stick_get(shared, &k, &at))
			continue;
		(void)stick_add(&at, SD_GPC0, 0, 1);
		stick_touch(&at);
		if (i % 8 == 0 && r.table == NULL)
			r = stick_hold(&at);
		stick_unlock(&at);
		if (i % 8 == 4 && r.table != NULL)
			stick_release(&r);
		if (i % 64 == 0)
			(void)put(shared, -1);
	}
	if (r.table != NULL)
		stick_release(&r);
	return NULL;
}

static void
test_threads(void)
{
	pthread_t tid[4];
	struct stick_at at;
	unsigned seen = 0, held = 0;

	shared = table(256, 0);
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&tid[i], NULL, hammer, (void *)(i + 1));
	for (int i = 0; i < 4; i++)
		pthread_join(tid[i], NULL);
	ok(stick_used(shared) <= 256);
	for (unsigned sh = 0; sh < shared->nshards; sh++)
		for (uint32_t index = 1; index != 0;)
			if (stick_walk(shared, sh, &index, 64, &at)) {
				seen++;
				held += stick_refs(&at);
				index++;
				stick_unlock(&at);
			}
	is_u64(seen, stick_used(shared));
	is_u64(held, 0);
	stick_free(shared);
}

static void
test_names(void)
{
	uint32_t a = stick_name_id(STR("s1")), b = stick_name_id(STR("s2"));

	ok(a != 0 && b != 0 && a != b);
	is_u64(stick_name_id(STR("s1")), a);
	ok(str_is(stick_name_of(b), "s2"));
	ok(str_is(stick_name_of(0), "-"));
}

int
main(void)
{
	clock_now_us = 1000000000;
	test_layout();
	test_keys();
	test_expiry();
	test_purge();
	test_hold();
	test_elsewhere();
	test_walk();
	test_rates();
	test_threads();
	test_names();
	return tap_done();
}
