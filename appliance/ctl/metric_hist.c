/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Percentiles; see metric_hist.h.
 *
 * Thread: control.
 */
#include "ctl/metric_hist.h"

#include <math.h>
#include <stdlib.h>

#define SETS_MAX	1440u	/* minutes of a day */

/* ---- from sets of equal values ---- */

static int
by_value(const void *a, const void *b)
{
	const struct metric_value *x = a, *y = b;

	return x->max < y->max ? -1 : x->max > y->max;
}

/* The smallest value that so many percent of the samples do not pass. */
static struct metric_point
of_sets(struct metric_value *sets, unsigned n, double percentile)
{
	double total = 0, seen = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		total += sets[i].n;
	qsort(sets, n, sizeof sets[0], by_value);
	for (i = 0; i + 1 < n; i++) {
		seen += sets[i].n;
		if (seen >= total * percentile / 100)
			break;
	}
	return (struct metric_point){ sets[i].max, total };
}

/* No negative values: nobody's percentile has them. */
static bool
is_raw(const struct metric_value *v)
{
	return v->min >= 0 && (v->n == 1 || v->min == v->max);
}

static struct metric_point
of_values(const struct metric_series *s, double percentile, uint32_t period_s, int64_t start_s)
{
	static struct metric_value sets[SETS_MAX];
	uint32_t step = period_s >= 60 ? 60 : period_s % 10 == 0 ? 10 : 1;
	unsigned n = 0;

	for (int64_t t = start_s; t < start_s + period_s; t += step) {
		if (n == SETS_MAX)
			return (struct metric_point){ NAN, 0 };
		metric_series_values(s, step, t, 1, &sets[n]);
		if (sets[n].n == 0)
			continue;
		if (!is_raw(&sets[n++]))
			return (struct metric_point){ NAN, 0 };
	}
	return n > 0 ? of_sets(sets, n, percentile) : (struct metric_point){ NAN, 0 };
}

struct metric_point
metric_percentile(const struct metric_series *s, double percentile, uint32_t period_s,
    int64_t start_s)
{
	return of_values(s, percentile, period_s, start_s);
}

void
metric_hist_free(void)
{
}
