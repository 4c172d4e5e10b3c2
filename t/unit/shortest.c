/* SPDX-License-Identifier: BSD-2-Clause */
/* base/shortest.h: a float gives the number that was meant, always one that reads back
 * as the float. */
#include "base/shortest.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/module.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

static const double meant[] = {
	0, 0.204, 0.2, 0.1, 1.5, 70.3, 41.333, 99.99, 0.001, 0.0001, 1e-7, 1e-12, 3, 16777216,
	16777217e3, 123456.7, 98765.4, 1e9, 1.23e15, 1e21, 3.4e38, -0.204, -70.3, 1e-37, 0.3333333
};

/* Text that says as much as a float can, read as a double. */
static double
by_text(float f)
{
	char text[40];

	for (int n = 6; n <= 9; n++) {
		snprintf(text, sizeof text, "%.*e", n - 1, (double)f);
		if (strtof(text, NULL) == f)
			break;
	}
	return strtod(text, NULL);
}

static void
test_any(void)
{
	unsigned back = 0, same = 0, n = 0;
	uint32_t bits = 1;

	for (unsigned i = 0; i < 20000; i++) {
		float f;

		bits = bits * 1664525u + 1013904223u;
		memcpy(&f, &bits, sizeof f);
		if (!isfinite(f) || (fabsf(f) < 16777216 && f == rintf(f)))
			continue;
		n++;
		back += (float)double_of_float(f) == f;
		same += double_of_float(f) == by_text(f);
	}
	ok(n > 10000);
	is_u64(back, n);
	is_u64(same, n);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof meant / sizeof meant[0]; i++)
		ok(double_of_float((float)meant[i]) == meant[i]);
	ok(isnan(double_of_float(NAN)));
	ok(double_of_float(INFINITY) == (double)INFINITY);
	/* an average of three as it would be of doubles */
	ok(double_of_float(0.612f) / 3 == 0.612 / 3);
	test_any();
	return tap_done();
}
