/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time zones; see tz.h. A file has a block of 32-bit times, which is skipped, then
 * the same with 64 bits, then a line that says how it goes on after the last of
 * them ("CET-1CEST,M3.5.0,M10.5.0/3", as in POSIX).
 *
 * Thread: any; a loaded zone does not change.
 */
#include "base/tz.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "base/xalloc.h"

#define DATABASE	"/usr/share/zoneinfo/"
#define FILE_MAX	(256u * 1024)
#define HEAD_BYTES	44u
#define DAY		86400

/* One end of summer time: the week'th wday of a month, or a day of the year. */
struct rule_day {
	char		 form;		/* 'M', 'J' (1..365, never Feb 29), '0' (0..365) */
	int		 month, week, day;
	int32_t		 at_s;		/* local time */
};

struct tz {
	uint32_t	 n;		/* transitions */
	int64_t		*at;		/* owned: UTC, ascending */
	int32_t		*offset;	/* owned: from then on */
	int32_t		 first;		/* before all of them */
	bool		 has_rule, has_summer;
	int32_t		 winter, summer;
	struct rule_day	 from, to;	/* of summer time */
};

/* ---- the line behind the tables ---- */

/* `<+03>` or letters; false: neither. */
static bool
skip_name(const char **p)
{
	const char *s = *p;

	if (*s == '<') {
		s = strchr(s, '>');
		if (s == NULL)
			return false;
		*p = s + 1;
		return true;
	}
	while (isalpha((unsigned char)*s))
		s++;
	if (s - *p < 3)
		return false;
	*p = s;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool
read_hms(const char **p, int32_t *ret)
{
	int32_t sign = 1, unit = 3600, sum = 0;
	char *end;

	if (**p == '+' || **p == '-')
		sign = *(*p)++ == '-' ? -1 : 1;
	for (; unit > 0; unit /= 60) {
		long v;

		if (!isdigit((unsigned char)**p))
			return false;
		v = strtol(*p, &end, 10);
		if (v > 167)		/* RFC 8536, 3.3.1 */
			return false;
		sum += (int32_t)v * unit;
		*p = end;
		if (**p != ':')
			break;
		(*p)++;
	}
	*ret = sign * sum;
	return true;
}

static bool
read_int(const char **p, int min, int max, int *ret)
{
	char *end;
	long v;

	if (!isdigit((unsigned char)**p))
		return false;
	v = strtol(*p, &end, 10);
	*p = end;
	*ret = (int)v;
	return v >= min && v <= max;
}

static bool
read_day(const char **p, struct rule_day *d)
{
	d->at_s = 2 * 3600;
	d->form = '0';
	if (**p == 'M') {
		d->form = 'M';
		(*p)++;
		if (!read_int(p, 1, 12, &d->month) || *(*p)++ != '.' ||
		    !read_int(p, 1, 5, &d->week) || *(*p)++ != '.' || !read_int(p, 0, 6, &d->day))
			return false;
	} else {
		if (**p == 'J')
			d->form = *(*p)++;
		if (!read_int(p, d->form == 'J', 365, &d->day))
			return false;
	}
	if (**p != '/')
		return true;
	(*p)++;
	return read_hms(p, &d->at_s);
}

static bool
read_rule(struct tz *z, const char *p)
{
	if (*p == '\0')
		return true;
	if (!skip_name(&p) || !read_hms(&p, &z->winter))
		return false;
	z->winter = -z->winter;		/* POSIX counts westwards */
	z->has_rule = true;
	if (*p == '\0')
		return true;
	z->has_summer = true;
	z->summer = z->winter + 3600;
	if (!skip_name(&p))
		return false;
	if (*p != ',' && *p != '\0') {
		if (!read_hms(&p, &z->summer))
			return false;
		z->summer = -z->summer;
	}
	return *p++ == ',' && read_day(&p, &z->from) && *p++ == ',' && read_day(&p, &z->to) &&
	    *p == '\0';
}

/* ---- the tables ---- */

static uint64_t
big(const unsigned char *p, unsigned n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

struct counts {
	uint64_t	 isut, isstd, leap, time, type, chars;
};

static bool
read_head(const unsigned char *p, size_t left, struct counts *c)
{
	if (left < HEAD_BYTES || memcmp(p, "TZif", 4) != 0)
		return false;
	*c = (struct counts){ big(p + 20, 4), big(p + 24, 4), big(p + 28, 4), big(p + 32, 4),
	    big(p + 36, 4), big(p + 40, 4) };
	return true;
}

static uint64_t
block_bytes(const struct counts *c, unsigned time_bytes)
{
	return c->time * (time_bytes + 1) + c->type * 6 + c->chars + c->leap * (time_bytes + 4) +
	    c->isstd + c->isut;
}

static bool
read_tables(struct tz *z, const unsigned char *p, const struct counts *c)
{
	const unsigned char *index = p + 8 * c->time, *types = index + c->time;

	if (c->type == 0)
		return false;
	z->n = (uint32_t)c->time;
	z->at = xcalloc(z->n + 1, sizeof *z->at);
	z->offset = xcalloc(z->n + 1, sizeof *z->offset);
	z->first = (int32_t)big(types, 4);
	for (uint32_t i = 0; i < z->n; i++) {
		if (index[i] >= c->type)
			return false;
		z->at[i] = (int64_t)big(p + 8 * (size_t)i, 8);
		z->offset[i] = (int32_t)big(types + 6 * (size_t)index[i], 4);
		if (i > 0 && z->at[i] <= z->at[i - 1])
			return false;
	}
	return true;
}

/* data ends with a 0 that is not counted. */
static bool
read_file(struct tz *z, const unsigned char *data, size_t len)
{
	const unsigned char *p = data;
	struct counts c;
	uint64_t block;
	char *end;

	if (!read_head(p, len, &c) || data[4] < '2')
		return false;
	block = HEAD_BYTES + block_bytes(&c, 4);
	if (block > len || !read_head(p + block, len - block, &c))
		return false;
	p += block + HEAD_BYTES;
	len -= block + HEAD_BYTES;
	if (c.time > FILE_MAX || block_bytes(&c, 8) > len || !read_tables(z, p, &c))
		return false;
	p += block_bytes(&c, 8);
	if (*p++ != '\n' || (end = strchr((const char *)p, '\n')) == NULL)
		return false;
	*end = '\0';
	return read_rule(z, (const char *)p);
}

static bool
is_good_name(const char *name)
{
	return name[0] != '\0' && name[0] != '/' && strstr(name, "..") == NULL &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") ==
	    strlen(name);
}

struct tz *
tz_load(const char *name)
{
	struct tz *z;
	char *path, *data;
	size_t len;

	if (!is_good_name(name)) {
		errno = EINVAL;
		return NULL;
	}
	if (strcmp(name, "UTC") == 0)
		return xcalloc(1, sizeof *z);
	path = xasprintf(DATABASE "%s", name);
	data = file_read(path, FILE_MAX, &len);
	free(path);
	if (data == NULL)
		return NULL;
	z = xcalloc(1, sizeof *z);
	if (!read_file(z, (unsigned char *)data, len)) {
		tz_free(z);
		z = NULL;
		errno = EINVAL;
	}
	free(data);
	return z;
}

void
tz_free(struct tz *z)
{
	if (z == NULL)
		return;
	free(z->at);
	free(z->offset);
	free(z);
}

/* ---- asking ---- */

static bool
is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t
days_before(int64_t year)	/* since 1970 */
{
	int64_t y = year - 1;

	return 365 * (year - 1970) + (y / 4 - 492) - (y / 100 - 19) + (y / 400 - 4);
}

/* Days since the start of the year. */
static int
rule_yday(const struct rule_day *d, int64_t year)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };
	int leap = is_leap(year), first, last, yday;

	if (d->form == '0')
		return d->day;
	if (d->form == 'J')
		return d->day - 1 + (leap && d->day >= 60);
	first = before[d->month - 1] + (leap && d->month > 2);
	last = before[d->month] + (leap && d->month > 1) - 1;
	yday = first + (int)((d->day - (days_before(year) + first + 4) % 7 + 7) % 7) +
	    7 * (d->week - 1);
	return yday > last ? yday - 7 : yday;
}

/* By the rule: is it summer there? */
static int32_t
rule_offset(const struct tz *z, int64_t utc_s)
{
	time_t t = (time_t)utc_s + z->winter;
	int64_t year, day0, from, to;
	struct tm tm;

	if (!z->has_summer)
		return z->winter;
	gmtime_r(&t, &tm);
	year = tm.tm_year + 1900;
	day0 = days_before(year) * DAY;
	from = day0 + (int64_t)rule_yday(&z->from, year) * DAY + z->from.at_s - z->winter;
	to = day0 + (int64_t)rule_yday(&z->to, year) * DAY + z->to.at_s - z->summer;
	if (from < to)
		return utc_s >= from && utc_s < to ? z->summer : z->winter;
	return utc_s >= to && utc_s < from ? z->winter : z->summer;
}

int32_t
tz_offset(const struct tz *z, int64_t utc_s)
{
	uint32_t lo = 0, hi;

	if (z == NULL)
		return 0;
	if (z->has_rule && (z->n == 0 || utc_s >= z->at[z->n - 1]))
		return rule_offset(z, utc_s);
	for (hi = z->n; lo < hi;) {	/* how many are not after it */
		uint32_t mid = lo + (hi - lo) / 2;

		if (z->at[mid] <= utc_s)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == 0 ? z->first : z->offset[lo - 1];
}

void
tz_local(const struct tz *z, int64_t utc_s, struct tm *ret)
{
	time_t t = (time_t)(utc_s + tz_offset(z, utc_s));

	gmtime_r(&t, ret);
}

bool
tz_parse_utc(const char *word, int64_t *ret_s)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d" };
	uint64_t n;

	if (str_to_u64(str_of(word), &n) && n < INT64_MAX / 2) {
		*ret_s = (int64_t)n;
		return true;
	}
	for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct tm tm = { 0 };
		const char *end = strptime(word, forms[i], &tm);

		if (end != NULL && *end == '\0') {
			*ret_s = (int64_t)timegm(&tm);
			return true;
		}
	}
	return false;
}
