/*
 * A log-linear histogram of nanoseconds: 64 buckets an octave (1.6 % wide).
 * One writer each; merged when the run is over.
 */
#ifndef WEIR_BENCH_HIST_H
#define WEIR_BENCH_HIST_H

#include <stdint.h>

enum { HIST_SUB = 64, HIST_OCTAVES = 36, HIST_SIZE = HIST_SUB * HIST_OCTAVES };

struct hist {
	uint64_t	 total;
	uint64_t	 count[HIST_SIZE];
};

static inline void
hist_add(struct hist *h, uint64_t ns)
{
	unsigned shift = ns < 2 * HIST_SUB ? 0 : 57 - (unsigned)__builtin_clzll(ns);
	unsigned at = shift * HIST_SUB + (unsigned)(ns >> shift);

	if (at >= HIST_SIZE)
		at = HIST_SIZE - 1;
	h->count[at]++;
	h->total++;
}

static inline void
hist_merge(struct hist *to, const struct hist *from)
{
	unsigned i;

	for (i = 0; i < HIST_SIZE; i++)
		to->count[i] += from->count[i];
	to->total += from->total;
}

/* The value below which the given share of all lies, in us; 0 if empty. */
static inline double
hist_quantile_us(const struct hist *h, double share)
{
	const double want = share * (double)h->total;
	double seen = 0;
	unsigned i, shift;

	if (h->total == 0)
		return 0;
	for (i = 0; i < HIST_SIZE - 1; i++)
		if ((seen += (double)h->count[i]) >= want)
			break;
	if (i < 2 * HIST_SUB)
		return (i + 0.5) / 1e3;
	shift = i / HIST_SUB - 1;
	return ((double)((uint64_t)(i - shift * HIST_SUB) << shift) +
	    (double)(1ULL << shift) / 2) / 1e3;
}

#endif
