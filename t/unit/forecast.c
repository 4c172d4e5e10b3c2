/* SPDX-License-Identifier: BSD-2-Clause */
/* Forecasts of hourly loads; limits of policies; how many a refresh may take. */
#include "ctl/forecast.h"

#include <math.h>
#include <string.h>

#include "base/module.h"
#include "ctl/policy.h"
#include "ctl/refresh.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

static void
test_forecast(void)
{
	double past[FORECAST_PAST];
	struct forecast f;

	for (unsigned i = 0; i < FORECAST_PAST; i++)
		past[i] = i % 24 == 12 ? 100 : 10;
	ok_named(forecast_hour(past, FORECAST_PAST, 12, &f), "a forecast");
	ok_named(fabs(f.mid - 100) < 1e-6 && fabs(f.low - 100) < 1e-3 && fabs(f.high - 100) < 1e-3,
	    "the same each day: %g %g %g", f.low, f.mid, f.high);
	ok_named(forecast_hour(past, FORECAST_PAST, 47, &f) && fabs(f.mid - 10) < 1e-6,
	    "two days ahead");
	ok_named(forecast_hour(past, FORECAST_PAST, 36, &f) && fabs(f.mid - 100) < 1e-6,
	    "two days ahead, at noon");
	for (unsigned i = FORECAST_PAST - 7 * 24; i < FORECAST_PAST; i++)
		past[i] *= 2;
	ok_named(forecast_hour(past, FORECAST_PAST, 12, &f) && f.mid > 150 && f.mid < 200,
	    "later days weigh more: %g", f.mid);
	ok_named(f.low < f.mid && f.high > f.mid, "and they differ");
	for (unsigned i = 0; i < FORECAST_PAST; i++)
		past[i] = i / 24 % 7 == 1 ? 70 : 10;
	ok_named(forecast_hour(past, FORECAST_PAST, 5, &f) && f.mid > 20,
	    "the same weekday weighs most: %g", f.mid);
	for (unsigned i = 0; i < FORECAST_PAST; i++)
		past[i] = NAN;
	ok_named(!forecast_hour(past, FORECAST_PAST, 5, &f), "nothing is known");
	for (unsigned i = FORECAST_PAST - 23; i < FORECAST_PAST; i++)
		past[i] = 5;
	ok_named(!forecast_hour(past, FORECAST_PAST, 5, &f), "23 hours are too few");
	past[FORECAST_PAST - 24] = 7;
	ok_named(forecast_hour(past, FORECAST_PAST, 0, &f) && fabs(f.mid - 7) < 1e-9,
	    "24 are enough");
	ok_named(forecast_hour(past, FORECAST_PAST, 25, &f) && fabs(f.mid - 5) < 1e-9,
	    "the day after tomorrow's second hour");
}

static const struct {
	struct policy_limits l;
	int64_t		 want;
	enum policy_result result;
	uint32_t	 to;
	const char	*text;
} limits[] = {
	{ { 1, 3, 1, UINT32_MAX, false, 0, true }, 2, POLICY_DONE, 2, "" },
	{ { 1, 3, 2, UINT32_MAX, false, 0, true }, 9, POLICY_DONE, 3, "" },
	{ { 1, 3, 2, UINT32_MAX, false, 0, true }, -9, POLICY_DONE, 1, "" },
	{ { 1, 3, 2, UINT32_MAX, false, 0, true }, 2, POLICY_NO_CHANGE, 0, "" },
	{ { 1, 3, 3, UINT32_MAX, true, 9, true }, 4, POLICY_IGNORED, 0, "at max size 3" },
	{ { 1, 3, 1, UINT32_MAX, true, 9, true }, 0, POLICY_IGNORED, 0, "at min size 1" },
	{ { 1, 3, 1, UINT32_MAX, true, 9, true }, 2, POLICY_IGNORED, 0,
	    "scaling activity in progress" },
	{ { 1, 3, 1, UINT32_MAX, false, 143, true }, 2, POLICY_IGNORED, 0, "cooldown 143 s left" },
	{ { 1, 3, 1, UINT32_MAX, true, 143, false }, 2, POLICY_DONE, 2, "" },
	{ { 1, 9, 1, 2, false, 0, true }, 8, POLICY_DONE, 3, "" },
	{ { 1, 9, 9, 2, false, 0, true }, 1, POLICY_DONE, 7, "" },
	{ { 1, 9, 9, 0, false, 0, true }, 1, POLICY_IGNORED, 0, "max-change reached" },
};

static void
test_limits(void)
{
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		char text[POLICY_TEXT];
		uint32_t to = 0;
		enum policy_result r = policy_limit(&limits[i].l, limits[i].want, &to, text);

		ok_named(r == limits[i].result && to == limits[i].to, "limits %zu: %s %u", i,
		    policy_result_name(r), to);
		is_str(text, limits[i].text);
	}
}

/* desired healthy surge old total min-healthy upto */
static const struct {
	struct refresh_count c;
	uint32_t	 n;
} counts[] = {
	{ { 10, 10, 0, 10, 10, 90, 100 }, 1 },
	{ { 10, 10, 0, 10, 10, 70, 100 }, 3 },
	{ { 10, 9, 0, 10, 10, 70, 100 }, 2 },
	{ { 10, 7, 0, 7, 10, 70, 100 }, 0 },
	{ { 1, 1, 0, 1, 1, 90, 100 }, 1 },	/* a small group: one */
	{ { 1, 0, 0, 1, 1, 90, 100 }, 0 },
	{ { 1, 1, 1, 1, 1, 100, 100 }, 0 },	/* the new one comes first */
	{ { 1, 2, 1, 1, 1, 100, 100 }, 1 },
	{ { 4, 4, 0, 4, 4, 0, 50 }, 2 },	/* up to the checkpoint */
	{ { 4, 4, 0, 2, 4, 0, 50 }, 0 },
	{ { 4, 4, 0, 1, 4, 0, 100 }, 1 },
};

int
main(void)
{
	test_forecast();
	test_limits();
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		is_int(refresh_may_go(&counts[i].c), counts[i].n);
	return tap_done();
}
