/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shortest decimal of a float; see shortest.h. Nine digits always suffice, six are
 * always right; a decimal with fewer is one of six with zeros behind it. Powers of ten up
 * to 10^22 are exact in a double, so one division or multiplication of exact numbers
 * gives the nearest one.
 */
#include "base/shortest.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>

#define DIGITS_LEAST	6
#define DIGITS_MOST	9
#define POWERS		23

static const double powers[POWERS] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

/* v rounded to so many places behind the point; negative: before it. */
static double
rounded(double v, int places)
{
	if (places >= 0)
		return rint(v * powers[places]) / powers[places];
	return rint(v / powers[-places]) * powers[-places];
}

/* What is too large or small for the table. */
static double
by_text(float f)
{
	char text[32];

	for (int digits = DIGITS_LEAST; digits <= DIGITS_MOST; digits++) {
		snprintf(text, sizeof text, "%.*e", digits - 1, (double)f);
		if (strtof(text, NULL) == f)
			break;
	}
	return strtod(text, NULL);
}

double
double_of_float(float f)
{
	double v = (double)f, size = fabs(v), r;
	int before = 0;			/* digits before the point */

	if (size == rint(size) && size < 16777216)
		return v;
	if (!(size >= 1e-10 && size < 1e20))
		return isfinite(v) ? by_text(f) : v;
	while (before < POWERS - 1 && size >= powers[before])
		before++;
	while (before <= 0 && size * powers[-before] < 0.1)
		before--;
	for (int digits = DIGITS_LEAST; digits <= DIGITS_MOST; digits++) {
		r = rounded(v, digits - before);
		if ((float)r == f)
			return r;
	}
	return v;
}
