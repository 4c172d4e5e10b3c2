/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recurrences as cron writes them: "M H D M W" (crontab(5)), in a time zone. Lists,
 * ranges, steps and names of months and days; when both days are restricted either
 * may match. A time that a change to summer time leaves out comes when the clock has
 * jumped; one that comes twice counts the first time only (with `*` as hour both are
 * as the clock shows).
 */
#ifndef WEIR_CTL_CRON_H
#define WEIR_CTL_CRON_H

#include <stdbool.h>
#include <stdint.h>

struct tz;

struct cron {
	uint64_t	 minutes, hours, days, months, wdays;	/* a bit each */
	bool		 any_hour, any_day, any_wday;		/* written as `*` */
};

/* any thread */
/* NULL, or what is wrong: one sentence, static. */
const char *cron_parse(const char *text, struct cron *ret);
/* The first time after t_s; 0: there is none within ten years. */
int64_t	 cron_next(const struct cron *c, const struct tz *z, int64_t t_s);

#endif
