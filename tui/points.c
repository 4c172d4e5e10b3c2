/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "tui/objects.h"
#include "tui/points.h"

void
points_fini(struct points *p)
{
	free(p->t);
	free(p->v);
	*p = (struct points){ 0 };
}

void
points_read(struct points *p, const struct sheet *s, const char *time_column,
    const char *value_column, double period_s, int64_t skew_s)
{
	double t, v;
	unsigned i;

	points_fini(p);
	p->period_s = period_s;
	p->t = xcalloc(s->nrows + 1, sizeof(*p->t));
	p->v = xcalloc(s->nrows + 1, sizeof(*p->v));
	for (i = 0; i < s->nrows; i++) {
		t = time_of(sheet_get(s, i, time_column)) - (double)skew_s;
		v = sheet_num(s, i, value_column);
		if (isnan(t) || isnan(v) || (p->n > 0 && t <= p->t[p->n - 1]))
			continue;
		p->t[p->n] = t;
		p->v[p->n++] = v;
	}
}

/* The first point behind t. */
static unsigned
behind(const struct points *p, double t)
{
	unsigned lo = 0, hi = p->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (p->t[mid] <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

double
points_at(const struct points *p, double t)
{
	unsigned i = behind(p, t);

	if (i == 0 || (!p->is_step && p->t[i - 1] + p->period_s <= t))
		return NAN;
	return p->v[i - 1];
}

bool
points_span(const void *arg, int64_t from_s, unsigned n, struct span *ret)
{
	const struct points *p = arg;
	struct span sum = { 0 };
	unsigned i = behind(p, (double)from_s);

	if (i > 0 && (p->is_step || p->t[i - 1] + p->period_s > (double)from_s))
		i--;
	for (; i < p->n && p->t[i] < (double)from_s + n; i++) {
		sum.min = sum.n == 0 || p->v[i] < sum.min ? p->v[i] : sum.min;
		sum.max = sum.n == 0 || p->v[i] > sum.max ? p->v[i] : sum.max;
		sum.mean += p->v[i];
		sum.n++;
	}
	if (sum.n == 0)
		return false;
	sum.mean /= sum.n;
	*ret = sum;
	return true;
}
