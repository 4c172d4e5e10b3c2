/* SPDX-License-Identifier: BSD-2-Clause */
/* cron.c: what is read and what is not, and when it comes, row by row. */
#include "ctl/cron.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/module.h"
#include "base/tz.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

static int64_t
utc(const char *text)
{
	struct tm tm = { 0 };

	strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
	return (int64_t)timegm(&tm);
}

static const struct row {
	const char	*cron, *zone, *after, *next;	/* UTC */
} rows[] = {
	{ "* * * * *", "UTC", "2026-11-26 21:00:00", "2026-11-26 21:01:00" },
	{ "* * * * *", "UTC", "2026-11-26 21:00:59", "2026-11-26 21:01:00" },
	{ "0 22 * * *", "Europe/Vienna", "2026-11-26 21:00:00", "2026-11-27 21:00:00" },
	{ "0 22 * * *", "Europe/Vienna", "2026-11-26 20:59:59", "2026-11-26 21:00:00" },
	{ "0 22 * * *", "Europe/Vienna", "2026-07-01 00:00:00", "2026-07-01 20:00:00" },
	{ "*/15 9-17 * * mon-fri", "UTC", "2026-11-27 17:45:00", "2026-11-30 09:00:00" },
	{ "5/20 * * * *", "UTC", "2026-11-27 17:26:00", "2026-11-27 17:45:00" },
	{ "0 0 1,15 * *", "UTC", "2026-11-02 00:00:00", "2026-11-15 00:00:00" },
	/* either of the days, when both are written (crontab(5)) */
	{ "0 0 1 * sun", "UTC", "2026-11-26 00:00:00", "2026-11-29 00:00:00" },
	{ "0 0 1 * 7", "UTC", "2026-11-29 00:00:00", "2026-12-01 00:00:00" },
	{ "0 0 29 feb *", "UTC", "2026-11-26 00:00:00", "2028-02-29 00:00:00" },
	{ "59 23 31 12 *", "UTC", "2026-12-31 23:59:00", "2027-12-31 23:59:00" },
	/* left out at 2026-03-29 02:00 local: when the clock has jumped */
	{ "30 2 * * *", "Europe/Vienna", "2026-03-28 02:00:00", "2026-03-29 01:00:00" },
	{ "30 2 * * *", "Europe/Vienna", "2026-03-29 01:00:00", "2026-03-30 00:30:00" },
	{ "30 * * * *", "Europe/Vienna", "2026-03-29 00:30:00", "2026-03-29 01:30:00" },
	/* twice at 2026-10-25: the first time */
	{ "30 2 * * *", "Europe/Vienna", "2026-10-24 12:00:00", "2026-10-25 00:30:00" },
	{ "30 2 * * *", "Europe/Vienna", "2026-10-25 00:30:00", "2026-10-26 01:30:00" },
	{ "30 * * * *", "Europe/Vienna", "2026-10-25 00:30:00", "2026-10-25 01:30:00" },
	{ "0 0 30 2 *", "UTC", "2026-11-26 00:00:00", NULL },
};

static const char *const bad[][2] = {
	{ "", "there are fewer than five fields: minute hour day month weekday" },
	{ "* * * *", "there are fewer than five fields: minute hour day month weekday" },
	{ "* * * * * *", "there are more than five fields: minute hour day month weekday" },
	{ "60 * * * *", "the minutes are not 0-59, a list of them or '*'" },
	{ "* 24 * * *", "the hours are not 0-23, a list of them or '*'" },
	{ "* 9-8 * * *", "the hours are not 0-23, a list of them or '*'" },
	{ "* * 0 * *", "the days of the month are not 1-31, a list of them or '*'" },
	{ "* * * foo *", "the months are not 1-12, jan-dec, a list of them or '*'" },
	{ "* * * * 8", "the days of the week are not 0-7, sun-sat, a list of them or '*'" },
	{ "*/0 * * * *", "the minutes are not 0-59, a list of them or '*'" },
	{ "1,,2 * * * *", "the minutes are not 0-59, a list of them or '*'" },
	{ "1x * * * *", "the minutes are not 0-59, a list of them or '*'" },
	{ "9999999999 * * * *", "the minutes are not 0-59, a list of them or '*'" },
};

static void
test_row(const struct row *r)
{
	struct tz *z = tz_load(r->zone);
	struct cron c;
	int64_t got;

	if (z == NULL) {
		tap_skip("no time zone %s here", r->zone);
		return;
	}
	is_str(cron_parse(r->cron, &c), NULL);
	got = cron_next(&c, z, utc(r->after));
	ok_named(got == (r->next != NULL ? utc(r->next) : 0), "%s %s after %s: %s (%lld)",
	    r->cron, r->zone, r->after, r->next != NULL ? r->next : "never", (long long)got);
	tz_free(z);
}

int
main(void)
{
	struct cron c;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		test_row(&rows[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is_str(cron_parse(bad[i][0], &c), bad[i][1]);
	return tap_done();
}
