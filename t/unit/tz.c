/* SPDX-License-Identifier: BSD-2-Clause */
/* tz.c: beside the C library, over two centuries of several zones. */
#include "base/tz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "tap.h"

static void
compare(const char *name)
{
	struct tz *z = tz_load(name);
	unsigned wrong = 0;

	if (!ok_named(z != NULL, "%s is there", name))
		return;
	setenv("TZ", name, 1);
	tzset();
	for (unsigned i = 0; i < 20000; i++) {
		/* 1900 to 2150 */
		time_t t = (time_t)(rand_u64() % 7889400000u) - 2208988800;
		struct tm want, got;

		localtime_r(&t, &want);
		tz_local(z, t, &got);
		if (want.tm_gmtoff != tz_offset(z, t) || want.tm_hour != got.tm_hour ||
		    want.tm_mday != got.tm_mday || want.tm_wday != got.tm_wday)
			wrong++;
	}
	ok_named(wrong == 0, "%s: as the C library says (%u are not)", name, wrong);
	tz_free(z);
}

int
main(void)
{
	static const char *const zones[] = { "Europe/Vienna", "America/New_York",
	    "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca",
	    "Pacific/Apia", "Europe/Dublin", "Asia/Tehran" };
	struct tz *utc = tz_load("UTC"), *vienna = tz_load("Europe/Vienna");

	if (vienna == NULL)
		tap_skip_all("no database of time zones here");
	tz_free(vienna);
	is_int(tz_offset(utc, 1700000000), 0);
	is_int(tz_offset(NULL, 1700000000), 0);
	tz_free(utc);
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
		compare(zones[i]);
	ok(tz_load("Europe/Nowhere") == NULL && errno == ENOENT);
	ok(tz_load("../passwd") == NULL && errno == EINVAL);
	ok(tz_load("zone.tab") == NULL && errno == EINVAL);
	ok(tz_load("") == NULL && errno == EINVAL);
	return tap_done();
}
