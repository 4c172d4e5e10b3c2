/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading side of the log-linear histogram: bounds of a bucket, sums over the
 * blocks of several threads, quantiles. Buckets 0-15 are single microseconds;
 * after that each octave has 16 of equal width. What is beyond the last bound
 * (67 s) counts in the last bucket.
 */
#include "base/hist.h"
#include "base/magic.h"

uint64_t
hist_bucket_low_us(unsigned index)
{
	unsigned octave = index / HIST_SUB;

	WEIR_ASSERT(index <= HIST_BUCKETS);
	if (octave == 0)
		return index;
	return (uint64_t)(HIST_SUB + index % HIST_SUB) << (octave - 1);
}

uint64_t
hist_bucket_high_us(unsigned index)
{
	return hist_bucket_low_us(index + 1);
}

void
hist_merge(uint64_t sum[HIST_BUCKETS], const struct hist *h)
{
	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		sum[i] += __atomic_load_n(&h->count[i], __ATOMIC_RELAXED);
}

uint64_t
hist_total(const uint64_t sum[HIST_BUCKETS])
{
	uint64_t n = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		n += sum[i];
	return n;
}

uint64_t
hist_quantile_us(const uint64_t sum[HIST_BUCKETS], double q)
{
	double rank = q * (double)hist_total(sum), below = 0, n;
	uint64_t low, width;
	unsigned last = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		if (sum[i] == 0)
			continue;
		last = i;
		n = (double)sum[i];
		if (below + n >= rank) {
			low = hist_bucket_low_us(i);
			width = hist_bucket_high_us(i) - low;
			return low + (uint64_t)((double)width *
			    (rank > below ? (rank - below) / n : 0));
		}
		below += n;
	}
	return last ? hist_bucket_high_us(last) : 0;
}
