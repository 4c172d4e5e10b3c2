/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <string.h>

#include "tui/lat.h"

bool
lat_sum(const struct latmap *map, int64_t from_s, int64_t to_s, struct lat *ret)
{
	const struct latbin *b;
	unsigned lo = 0, hi = map->nbins, mid, i;

	memset(ret, 0, sizeof(*ret));
	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (map->bins[mid].t_s < from_s)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (b = map->bins + lo; b < map->bins + map->nbins && b->t_s < to_s; b++)
		for (i = 0; i < HISTC_BUCKETS; i++) {
			ret->count[i] += b->count[i];
			ret->total += b->count[i];
		}
	return ret->total > 0;
}

double
lat_quantile(const struct lat *l, double q)
{
	return l->total == 0 ? NAN : (double)hist_coarse_quantile_us(l->count, q);
}

/* The middle of a bucket. */
static double
middle(unsigned i)
{
	double lo = (double)hist_coarse_low_us(i);
	double hi = i + 1 < HISTC_BUCKETS ? (double)hist_coarse_low_us(i + 1) : HISTC_HI_US;

	return (lo + hi) / 2;
}

void
lat_moments(const struct lat *l, double *ret_mean, double *ret_sd)
{
	double sum = 0, squares = 0, n = (double)l->total, v;
	unsigned i;

	for (i = 0; i < HISTC_BUCKETS; i++) {
		v = middle(i);
		sum += v * l->count[i];
		squares += v * v * l->count[i];
	}
	*ret_mean = n > 0 ? sum / n : NAN;
	*ret_sd = n > 0 ? sqrt(fmax(0, squares / n - (sum / n) * (sum / n))) : NAN;
}

double
lat_max(const struct lat *l)
{
	unsigned i;

	for (i = HISTC_BUCKETS; i-- > 0;)
		if (l->count[i] > 0)
			return i + 1 < HISTC_BUCKETS ? (double)hist_coarse_low_us(i + 1) :
			    HISTC_HI_US;
	return NAN;
}

uint64_t
lat_half_octave(const struct lat *l, unsigned half)
{
	uint64_t n = 0;
	unsigned i;

	for (i = half * 4; i < half * 4 + 4; i++)
		n += l->count[i];
	return n;
}

uint64_t
lat_octave(const struct lat *l, unsigned octave)
{
	return lat_half_octave(l, 2 * octave) + lat_half_octave(l, 2 * octave + 1);
}
