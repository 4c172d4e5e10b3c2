/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recurrences; see cron.h. The next time is found by going forward: over days that
 * do not match, then hours, then minutes, always on the clock of UTC, so that what
 * the local one does is seen and never computed backwards.
 *
 * Thread: any.
 */
#include "ctl/cron.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/tz.h"

#define MINUTE	60
#define HOUR	3600
#define DAY	86400
#define TEN_YEARS	(3653ll * DAY)

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
	"aug", "sep", "oct", "nov", "dec", NULL };
static const char *const day_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

struct field {
	int		 min, max;
	const char	*const *names;	/* of min, min + 1, ...; NULL = none */
};

static const struct field fields[5] = {
	{ 0, 59, NULL }, { 0, 23, NULL }, { 1, 31, NULL }, { 1, 12, month_names },
	{ 0, 7, day_names },
};

/* ---- reading ---- */

static bool
read_value(const char **p, const struct field *f, int *ret)
{
	char *end;

	for (int i = 0; f->names != NULL && f->names[i] != NULL; i++)
		if (strncasecmp(*p, f->names[i], 3) == 0 && !isalpha((unsigned char)(*p)[3])) {
			*p += 3;
			*ret = f->min + i;
			return true;
		}
	if (!isdigit((unsigned char)**p))
		return false;
	*ret = (int)strtol(*p, &end, 10);
	if (end - *p > 2)
		return false;
	*p = end;
	return *ret >= f->min && *ret <= f->max;
}

/* `*`, `a`, `a-b`, each with `/n` behind it. */
static bool
read_range(const char **p, const struct field *f, uint64_t *bits)
{
	int from = f->min, to = f->max, step = 1;
	bool is_open = **p == '*';
	char *end;

	if (is_open)
		(*p)++;
	else if (!read_value(p, f, &from))
		return false;
	else if (**p == '-' ? ((*p)++, !read_value(p, f, &to)) : (to = from, false))
		return false;
	if (**p == '/') {
		if (!isdigit((unsigned char)*++*p))
			return false;
		step = (int)strtol(*p, &end, 10);
		if (end - *p > 2 || step == 0)
			return false;
		*p = end;
		if (to == from && !is_open)
			to = f->max;		/* 5/15: from 5 on */
	}
	for (int i = from; i <= to; i += step)
		*bits |= 1ull << i;
	return from <= to;
}

static bool
read_field(const char **p, const struct field *f, uint64_t *bits)
{
	*bits = 0;
	do
		if (!read_range(p, f, bits))
			return false;
	while (**p == ',' && *(*p)++ == ',');
	return **p == '\0' || isblank((unsigned char)**p);
}

const char *
cron_parse(const char *text, struct cron *ret)
{
	static const char *const wrong[5] = {
		"the minutes are not 0-59, a list of them or '*'",
		"the hours are not 0-23, a list of them or '*'",
		"the days of the month are not 1-31, a list of them or '*'",
		"the months are not 1-12, jan-dec, a list of them or '*'",
		"the days of the week are not 0-7, sun-sat, a list of them or '*'",
	};
	uint64_t *bits[5] = { &ret->minutes, &ret->hours, &ret->days, &ret->months, &ret->wdays };
	const char *p = text;
	bool any[5];

	for (unsigned i = 0; i < 5; i++) {
		p += strspn(p, " \t");
		if (*p == '\0')
			return "there are fewer than five fields: minute hour day month weekday";
		any[i] = p[0] == '*' && p[1] != '/';
		if (!read_field(&p, &fields[i], bits[i]))
			return wrong[i];
	}
	if (p[strspn(p, " \t")] != '\0')
		return "there are more than five fields: minute hour day month weekday";
	if (ret->wdays & 1u << 7)
		ret->wdays |= 1;	/* Sunday is 0 and 7 */
	ret->any_hour = any[1];
	ret->any_day = any[2];
	ret->any_wday = any[4];
	return NULL;
}

/* ---- when ---- */

static bool
day_matches(const struct cron *c, const struct tm *tm)
{
	bool day = c->days >> tm->tm_mday & 1, wday = c->wdays >> tm->tm_wday & 1;

	if (!(c->months >> (tm->tm_mon + 1) & 1))
		return false;
	if (!c->any_day && !c->any_wday)
		return day || wday;
	return day && wday;
}

static bool
matches(const struct cron *c, const struct tm *tm)
{
	return day_matches(c, tm) && c->hours >> tm->tm_hour & 1 && c->minutes >> tm->tm_min & 1;
}

/* The local time at t_s was there before: the clock was set back since. */
static bool
is_again(const struct tz *z, int64_t t_s)
{
	int32_t now = tz_offset(z, t_s), before = tz_offset(z, t_s - 3 * HOUR);

	return before > now && tz_offset(z, t_s - (before - now)) == before;
}

/* The local clock jumped forward at t_s, over a time that matches. */
static bool
was_left_out(const struct cron *c, const struct tz *z, int64_t t_s)
{
	int32_t now = tz_offset(z, t_s), before = tz_offset(z, t_s - MINUTE);
	struct tm tm;

	if (c->any_hour || now <= before)
		return false;
	for (int64_t local = t_s + before; local < t_s + now; local += MINUTE) {
		time_t t = (time_t)local;

		gmtime_r(&t, &tm);
		if (matches(c, &tm))
			return true;
	}
	return false;
}

/* How far to go when the time at t_s is not wanted: to the next local midnight,
 * hour or minute, but never over a change of the offset. */
static int64_t
stride(const struct cron *c, const struct tz *z, int64_t t_s, const struct tm *tm)
{
	int64_t s = MINUTE;

	if (!day_matches(c, tm))
		s = DAY - (tm->tm_hour * HOUR + tm->tm_min * MINUTE);
	else if (!(c->hours >> tm->tm_hour & 1))
		s = HOUR - tm->tm_min * MINUTE;
	if (s > MINUTE && tz_offset(z, t_s + s) != tz_offset(z, t_s))
		s = MINUTE;
	return s;
}

int64_t
cron_next(const struct cron *c, const struct tz *z, int64_t t_s)
{
	int64_t end = t_s + TEN_YEARS;
	struct tm tm;

	for (t_s += MINUTE - t_s % MINUTE; t_s < end; t_s += stride(c, z, t_s, &tm)) {
		tz_local(z, t_s, &tm);
		if (was_left_out(c, z, t_s))
			return t_s;
		if (matches(c, &tm) && (c->any_hour || !is_again(z, t_s)))
			return t_s;
	}
	return 0;
}
