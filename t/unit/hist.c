/* SPDX-License-Identifier: BSD-2-Clause */
/* hist.c: bucket bounds, error of at most 1/16, merging, quantiles. */
#include <string.h>

#include "base/hist.h"
#include "tap.h"

static void
test_bounds(void)
{
	unsigned bad = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		uint64_t low = hist_bucket_low_us(i);
		uint64_t high = hist_bucket_high_us(i);

		if (hist_index(low) != i || hist_index(high - 1) != i)
			bad++;
		if (i + 1 < HIST_BUCKETS && hist_index(high) != i + 1)
			bad++;
		if (high - low > 1 && (high - low) * 16 > low)
			bad++;
	}
	is_u64(bad, 0);
	is_u64(hist_index(15), 15);
	ok(hist_bucket_high_us(HIST_BUCKETS - 1) > 64000000);
	is_u64(hist_index(UINT64_MAX), HIST_BUCKETS - 1);
	ok(sizeof(struct hist) <= 1700);
}

static void
test_quantiles(void)
{
	static struct hist h, other;
	static uint64_t sum[HIST_BUCKETS];
	uint64_t p50, p99;

	is_u64(hist_quantile_us(sum, 0.5), 0);
	for (uint64_t us = 1; us <= 10000; us++)
		hist_add(us % 2 ? &h : &other, us);
	hist_merge(sum, &h);
	is_u64(hist_total(sum), 5000);
	hist_merge(sum, &other);
	is_u64(hist_total(sum), 10000);
	p50 = hist_quantile_us(sum, 0.5);
	p99 = hist_quantile_us(sum, 0.99);
	ok_named(p50 > 4950 && p50 < 5050, "p50 %ju", (uintmax_t)p50);
	ok_named(p99 > 9900 - 9900 / 16 && p99 < 9900 + 9900 / 16, "p99 %ju", (uintmax_t)p99);
	ok(hist_quantile_us(sum, 0) <= 1);
	ok(hist_quantile_us(sum, 1) >= 10000);
	memset(sum, 0, sizeof(sum));
	sum[7] = 3;
	is_u64(hist_quantile_us(sum, 0), 7);
	is_u64(hist_quantile_us(sum, 1), 8);
	ok(hist_quantile_us(sum, 0.5) == 7);
}

int
main(void)
{
	test_bounds();
	test_quantiles();
	return tap_done();
}
