/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time zones by name, from the system's database (RFC 8536), so that schedules of
 * several zones live beside each other: the C library knows one zone a process.
 */
#ifndef WEIR_BASE_TZ_H
#define WEIR_BASE_TZ_H

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
void	 tz_local(const struct tz *z, int64_t utc_s, struct tm *ret);

#endif
