/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Percentiles of metrics: from histograms where there are some, else from sets of
 * equal values; never a guess. See metric_hist.h.
 *
 * Thread: control.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/snapshot.h"
#include "ctl/metric_hist.h"
#include "event/sched.h"
#include "proxy/balancer.h"
#include "proxy/proxy.h"

#define SETS_MAX	1440u	/* minutes of a day */

static const struct metric_point no_point = { NAN, 0 };

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

/* Sets with negative values have no percentile, as on AWS. */
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
			return no_point;
		metric_series_values(s, step, t, 1, &sets[n]);
		if (sets[n].n == 0)
			continue;
		if (!is_raw(&sets[n++]))
			return no_point;
	}
	return n > 0 ? of_sets(sets, n, percentile) : no_point;
}

/* ---- from histograms ---- */

/* The coarsest step whose records make up the slot; false: none does. */
static bool
sum_slot(const struct metric_hist *h, uint32_t period_s, int64_t start_s,
    uint32_t sum[HISTC_BUCKETS])
{
	int64_t now_s = sched_wall_s();

	for (unsigned t = HTIER_MAX; t-- > 0;) {
		int64_t step = metric_hist_step_s[t], first, last;
		int64_t end_s = start_s + period_s, closed_s = now_s - now_s % step;

		if (period_s % step != 0 || start_s % step != 0 || closed_s < end_s)
			continue;
		if (!metric_hist_span(h, (enum hist_tier)t, &first, &last) ||
		    first * step > start_s + (int64_t)period_s)
			continue;
		if (metric_hist_sum(h, (enum hist_tier)t, start_s / step, end_s / step, sum))
			return true;
	}
	return false;
}

/* The balancer's name when the series is its Latency, of all zones. */
static const char *
balancer_of_latency(const struct metric_series *s)
{
	struct metric_key k;

	metric_key_of(s, &k);
	if (strcmp(k.name, "Latency") != 0 || strcmp(k.ns, metric_ns_name(NS_ELB)) != 0 ||
	    k.ndims != 1 || strcmp(k.dims[0].name, "LoadBalancerName") != 0)
		return NULL;
	return k.dims[0].value;
}

static struct metric_point
of_balancer(const char *name, double percentile, uint32_t period_s, int64_t start_s)
{
	const struct snapshot *snap = snapshot_current();
	uint32_t sum[HISTC_BUCKETS] = { 0 };
	const struct metric_hist *h;
	bool any = false;
	double n = 0;

	for (const struct proxy *px = snap != NULL ? snap->proxies : NULL; px != NULL;
	    px = px->next) {
		enum metric_phase phase = px->set.mode == MODE_HTTP ? PHASE_RESPONSE :
		    PHASE_CONNECT;

		if ((px->cap & CAP_BACKEND) && strcmp(balancer_of(px), name) == 0 &&
		    (h = metric_hist_find(px->name, NULL, phase)) != NULL)
			any |= sum_slot(h, period_s, start_s, sum);
	}
	if (!any)
		return no_point;
	for (unsigned i = 0; i < HISTC_BUCKETS; i++)
		n += sum[i];
	return (struct metric_point){
		(double)hist_coarse_quantile_us(sum, percentile / 100) / 1e6, n };
}

struct metric_point
metric_percentile(const struct metric_series *s, double percentile, uint32_t period_s,
    int64_t start_s)
{
	struct metric_point p = of_values(s, percentile, period_s, start_s);
	const char *balancer;
	struct metric_value v;

	if (p.n != 0 || (balancer = balancer_of_latency(s)) == NULL)
		return p;
	p = of_balancer(balancer, percentile, period_s, start_s);
	metric_series_values(s, period_s, start_s, 1, &v);
	if (p.n != 0 && v.n != 0)	/* a bucket is wider than the truth */
		p.v = fmin(fmax(p.v, v.min), v.max);
	return p;
}
