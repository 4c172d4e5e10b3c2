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

/* Each fine bucket lies in one coarse bucket: merging loses nothing. */
static void
test_coarse(void)
{
	static struct hist h;
	static uint32_t sum[HISTC_BUCKETS];
	unsigned bad = 0;
	uint64_t total = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		unsigned at = hist_coarse_index(i);

		if (hist_bucket_low_us(i) < hist_coarse_low_us(at))
			bad++;
		if (at + 1 < HISTC_BUCKETS &&
		    hist_bucket_high_us(i) > hist_coarse_low_us(at + 1))
			bad++;
		h.count[i] = i + 1;
		total += i + 1;
		sum[at] -= i + 1;
	}
	is_u64(bad, 0);
	hist_coarse_merge(sum, &h);
	for (unsigned i = 0; i < HISTC_BUCKETS; i++)
		bad += sum[i] != 0;
	is_u64(bad, 0);
	is_u64(hist_coarse_low_us(HISTC_BUCKETS), (uint64_t)HISTC_LO_US << 20);
	is_u64(hist_coarse_index(hist_index(64)), 0);
	is_u64(hist_coarse_index(hist_index(72)), 1);
	memset(sum, 0, sizeof sum);
	is_u64(hist_coarse_quantile_us(sum, 0.5), 0);
	sum[8] = 100;
	is_u64(hist_coarse_quantile_us(sum, 0.5), 136);
	is_u64(hist_coarse_quantile_us(sum, 1), 144);
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
	test_coarse();
	test_quantiles();
	return tap_done();
}
