/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Latencies out of histograms: sums over time, quantiles, moments. Histograms
 * are added, then read; percentiles are never averaged.
 */
#ifndef WEIR_TUI_LAT_H
#define WEIR_TUI_LAT_H

#include "tui/model.h"

struct lat {
	uint32_t count[HISTC_BUCKETS];
	uint64_t total;
};

/* The bins that begin in from_s .. to_s - 1; false: none of them has a request. */
bool	lat_sum(const struct latmap *map, int64_t from_s, int64_t to_s, struct lat *ret);
/* Microseconds; NAN without requests. */
double	lat_quantile(const struct lat *l, double q);
void	lat_moments(const struct lat *l, double *ret_mean, double *ret_sd);
double	lat_max(const struct lat *l);
/* Octaves above 64 us, 0 .. LAT_OCTAVES - 1, of which a bucket is one; 8 buckets each. */
#define LAT_OCTAVES	20
uint64_t lat_octave(const struct lat *l, unsigned octave);
uint64_t lat_half_octave(const struct lat *l, unsigned half);	/* 0 .. 39 */

#endif
