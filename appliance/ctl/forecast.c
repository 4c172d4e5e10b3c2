/* SPDX-License-Identifier: BSD-2-Clause */
/* Forecasts of hourly loads; see forecast.h. Thread: any. */
#include "ctl/forecast.h"

#include <math.h>

#define DAY		24u
#define WEEK		7u
#define FADE		0.85	/* a day earlier weighs so much less */
#define SAME_WEEKDAY	3.0
#define SPREAD		1.2816	/* nine in ten lie below, of a normal distribution */

bool
forecast_is_possible(const double *past, unsigned n)
{
	unsigned known = 0;

	for (unsigned i = 0; i < n; i++)
		known += !isnan(past[i]);
	return known >= FORECAST_LEAST;
}

/* The load so many days before; NAN: not known. */
static double
days_before(const double *past, unsigned n, unsigned ahead, unsigned days)
{
	unsigned back = days * DAY;

	if (back <= ahead || back - ahead > n)
		return NAN;
	return past[n + ahead - back];
}

static double
weight(unsigned days)
{
	return pow(FADE, days) * (days % WEEK == 0 ? SAME_WEEKDAY : 1);
}

bool
forecast_hour(const double *past, unsigned n, unsigned ahead, struct forecast *ret)
{
	double sum = 0, squares = 0, all = 0, mid, spread;

	*ret = (struct forecast){ .is_there = false };
	for (unsigned d = 1; d <= FORECAST_PAST / DAY + ahead / DAY + 1; d++) {
		double v = days_before(past, n, ahead, d), w = weight(d);

		if (isnan(v))
			continue;
		all += w;
		sum += w * v;
		squares += w * v * v;
	}
	if (all <= 0 || !forecast_is_possible(past, n))
		return false;
	mid = sum / all;
	spread = SPREAD * sqrt(fmax(squares / all - mid * mid, 0));
	*ret = (struct forecast){ fmax(mid - spread, 0), mid, mid + spread, true };
	return true;
}
