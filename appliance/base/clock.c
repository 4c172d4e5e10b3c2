/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time, per thread. clock_update reads the monotonic clock; the offset to the
 * wall clock is read anew only when it is older than 10 ms, so a busy loop pays
 * for one vdso call a pass. A step of the wall clock shows after 10 ms at most.
 *
 * Dates are cached by their second. Names of months and days are our own: a
 * log must not change with the locale. tzset(3) must have run before chroot.
 */
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define WALL_MAX_AGE_US	10000

struct date_cache {
	time_t	sec;
	size_t	len;		/* 0 = empty */
	char	text[32];
};

_Thread_local uint64_t clock_now_us;

static _Thread_local int64_t wall_offset_us;	/* wall - monotonic */
static _Thread_local uint64_t wall_read_us;	/* when; 0 = never */

static const char month[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char day[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };

uint64_t
clock_read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
clock_mono_us(void)
{
	return clock_read_us(CLOCK_MONOTONIC);
}

uint64_t
clock_wall_us(void)
{
	return clock_read_us(CLOCK_REALTIME);
}

static void
read_wall(uint64_t mono_us)
{
	wall_offset_us = (int64_t)(clock_wall_us() - mono_us);
	wall_read_us = mono_us;
}

void
clock_update(void)
{
	clock_now_us = clock_mono_us();
	if (wall_read_us == 0 || clock_now_us - wall_read_us >= WALL_MAX_AGE_US)
		read_wall(clock_now_us);
}

uint64_t
clock_wall_of(uint64_t mono_us)
{
	if (wall_read_us == 0)
		read_wall(clock_mono_us());
	return mono_us + (uint64_t)wall_offset_us;
}

/* digits characters at p; returns what follows them */
static char *
put_num(char *p, unsigned v, int digits)
{
	for (int i = digits - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + digits;
}

static char *
put_text(char *p, const char *s)
{
	size_t n = strlen(s);

	memcpy(p, s, n);
	return p + n;
}

static char *
put_hms(char *p, const struct tm *tm)
{
	p = put_num(p, (unsigned)tm->tm_hour, 2);
	*p++ = ':';
	p = put_num(p, (unsigned)tm->tm_min, 2);
	*p++ = ':';
	return put_num(p, (unsigned)tm->tm_sec, 2);
}

static char *
put_log(char *p, const struct tm *tm)
{
	p = put_num(p, (unsigned)tm->tm_mday, 2);
	*p++ = '/';
	p = put_text(p, month[tm->tm_mon]);
	*p++ = '/';
	p = put_num(p, (unsigned)tm->tm_year + 1900, 4);
	*p++ = ':';
	return put_hms(p, tm);
}

static char *
put_syslog(char *p, const struct tm *tm)
{
	p = put_text(p, month[tm->tm_mon]);
	*p++ = ' ';
	p = put_num(p, (unsigned)tm->tm_mday, 2);
	if (p[-2] == '0')
		p[-2] = ' ';
	*p++ = ' ';
	return put_hms(p, tm);
}

static char *
put_http(char *p, const struct tm *tm)
{
	p = put_text(p, day[tm->tm_wday]);
	p = put_text(p, ", ");
	p = put_num(p, (unsigned)tm->tm_mday, 2);
	*p++ = ' ';
	p = put_text(p, month[tm->tm_mon]);
	*p++ = ' ';
	p = put_num(p, (unsigned)tm->tm_year + 1900, 4);
	*p++ = ' ';
	p = put_hms(p, tm);
	return put_text(p, " GMT");
}

typedef char *put_fn(char *, const struct tm *);
typedef struct tm *split_fn(const time_t *, struct tm *);

static size_t
format_cached(struct date_cache *c, time_t sec, split_fn *split, put_fn *put,
    char *buf)
{
	struct tm tm = { 0 };

	if (c->len == 0 || c->sec != sec) {
		split(&sec, &tm);
		c->len = (size_t)(put(c->text, &tm) - c->text);
		c->sec = sec;
	}
	memcpy(buf, c->text, c->len);
	return c->len;
}

size_t
clock_format_log(uint64_t wall_us, char *buf)
{
	static _Thread_local struct date_cache cache;
	size_t n;

	n = format_cached(&cache, (time_t)(wall_us / 1000000), localtime_r,
	    put_log, buf);
	buf[n++] = '.';
	put_num(buf + n, (unsigned)(wall_us / 1000 % 1000), 3);
	return n + 3;
}

size_t
clock_format_syslog(uint64_t wall_us, char *buf)
{
	static _Thread_local struct date_cache cache;

	return format_cached(&cache, (time_t)(wall_us / 1000000), localtime_r,
	    put_syslog, buf);
}

size_t
clock_format_http(uint64_t wall_us, char *buf)
{
	static _Thread_local struct date_cache cache;

	return format_cached(&cache, (time_t)(wall_us / 1000000), gmtime_r,
	    put_http, buf);
}
