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

/* ---- the coarse form ---- */

#define LO_BITS		6	/* 64 us */
#define SUB_BITS	3

unsigned
hist_coarse_index(unsigned index)
{
	uint64_t us = hist_bucket_low_us(index);
	unsigned msb, at;

	if (us < HISTC_LO_US)
		return 0;
	msb = 63u - (unsigned)__builtin_clzll(us);
	at = (msb - LO_BITS) * HISTC_SUB + (unsigned)((us >> (msb - SUB_BITS)) & (HISTC_SUB - 1));
	return at < HISTC_BUCKETS ? at : HISTC_BUCKETS - 1;
}

uint64_t
hist_coarse_low_us(unsigned index)
{
	if (index == 0)
		return 0;
	return (uint64_t)(HISTC_SUB + index % HISTC_SUB) <<
	    (index / HISTC_SUB + LO_BITS - SUB_BITS);
}

void
hist_coarse_merge(uint32_t sum[HISTC_BUCKETS], const struct hist *h)
{
	unsigned i = 0, at = 0;

	for (; i < HIST_BUCKETS && hist_bucket_low_us(i) < HISTC_LO_US; i++)
		sum[0] += __atomic_load_n(&h->count[i], __ATOMIC_RELAXED);
	for (; i < HIST_BUCKETS; i += 2) {	/* two fine ones each */
		sum[at] += __atomic_load_n(&h->count[i], __ATOMIC_RELAXED);
		if (i + 1 < HIST_BUCKETS)
			sum[at] += __atomic_load_n(&h->count[i + 1], __ATOMIC_RELAXED);
		if (at + 1 < HISTC_BUCKETS)
			at++;
	}
}

uint64_t
hist_coarse_quantile_us(const uint32_t count[HISTC_BUCKETS], double q)
{
	double rank, below = 0, n;
	uint64_t total = 0, low, width;

	for (unsigned i = 0; i < HISTC_BUCKETS; i++)
		total += count[i];
	rank = q * (double)total;
	for (unsigned i = 0; i < HISTC_BUCKETS; i++) {
		n = count[i];
		if (n == 0)
			continue;
		if (below + n >= rank) {
			low = hist_coarse_low_us(i);
			width = hist_coarse_low_us(i + 1) - low;
			return low + (uint64_t)((double)width *
			    (rank > below ? (rank - below) / n : 0));
		}
		below += n;
	}
	return 0;
}
