/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time zones by name, from the system's database (RFC 8536), so that schedules of
 * several zones live beside each other: the C library knows one zone a process.
 */
#ifndef WEIR_BASE_TZ_H
#define WEIR_BASE_TZ_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct tz;

/* any thread */
/* NULL with errno: ENOENT no such zone, EINVAL a bad name or file. "UTC" is always
 * there. */
struct tz *tz_load(const char *name);
void	 tz_free(struct tz *z);
/* Seconds to add to UTC for local time then; z NULL: 0. */
int32_t	 tz_offset(const struct tz *z, int64_t utc_s);
/* Local time: tm_isdst is not set. */
/* "2026-11-26T21:00:00Z", without seconds, the day alone, or seconds since 1970. */
bool	 tz_parse_utc(const char *word, int64_t *ret_s);
void	 tz_local(const struct tz *z, int64_t utc_s, struct tm *ret);

#endif
