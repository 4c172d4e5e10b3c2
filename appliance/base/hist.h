/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log-linear histogram of durations: 16 sub-buckets per octave, 1 us to 64 s,
 * error at most 1/16. One writer (relaxed load and store), any reader; merging
 * is adding. 1.7 KiB.
 */
#ifndef WEIR_BASE_HIST_H
#define WEIR_BASE_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS	4
#define HIST_SUB	(1u << HIST_SUB_BITS)
#define HIST_BUCKETS	(HIST_SUB * 23)		/* values below 16 are exact */

struct hist {
	uint32_t	 count[HIST_BUCKETS];
};

static inline unsigned
hist_index(uint64_t us)
{
	unsigned msb, idx;

	if (us < HIST_SUB)
		return (unsigned)us;
	msb = 63u - (unsigned)__builtin_clzll(us);
	idx = (msb - HIST_SUB_BITS + 1) * HIST_SUB +
	    (unsigned)((us >> (msb - HIST_SUB_BITS)) & (HIST_SUB - 1));
	return idx < HIST_BUCKETS ? idx : HIST_BUCKETS - 1;
}

/* the writer's thread */
static inline void
hist_bump(struct hist *h, unsigned index)
{
	uint32_t *c = &h->count[index];

	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

static inline void
hist_add(struct hist *h, uint64_t us)
{
	hist_bump(h, hist_index(us));
}

/* any thread */
uint64_t hist_bucket_low_us(unsigned index);
uint64_t hist_bucket_high_us(unsigned index);	/* exclusive */
void	 hist_merge(uint64_t sum[HIST_BUCKETS], const struct hist *h);
uint64_t hist_total(const uint64_t sum[HIST_BUCKETS]);
/* The q-quantile (0..1), linear inside its bucket; 0 when empty. */
uint64_t hist_quantile_us(const uint64_t sum[HIST_BUCKETS], double q);

/*
 * The coarser form in which histograms are kept and shown: 8 sub-buckets per
 * octave from 64 us to 64 s. Buckets of the fine form merge into it exactly;
 * what is below 64 us is in the first one.
 */
#define HISTC_LO_US	64u
#define HISTC_HI_US	64000000u
#define HISTC_SUB	8u
#define HISTC_BUCKETS	160u

/* any thread */
unsigned hist_coarse_index(unsigned index);	/* of a fine bucket */
uint64_t hist_coarse_low_us(unsigned index);	/* 0 of the first */
void	 hist_coarse_merge(uint32_t sum[HISTC_BUCKETS], const struct hist *h);
/* The q-quantile of counts, linear inside its bucket; 0 when empty. */
uint64_t hist_coarse_quantile_us(const uint32_t count[HISTC_BUCKETS], double q);

#endif
