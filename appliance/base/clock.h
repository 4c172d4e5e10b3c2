/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time. Deadlines and durations use CLOCK_MONOTONIC in microseconds; the wall
 * clock serves logs and certificates only. A loop reads both once per pass and
 * keeps them in thread-local cells (clock_update), so that the request path
 * asks the kernel for time at most once per pass.
 */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

extern _Thread_local uint64_t clock_now_us;	/* monotonic, as of this pass */

/* any thread */
void	 clock_update(void);		/* refresh this thread's cells */
uint64_t clock_read_us(clockid_t id);	/* asks the kernel; so do the next two */
uint64_t clock_mono_us(void);
uint64_t clock_wall_us(void);		/* since the epoch */
/* Wall time of a monotonic instant, by the offset of this thread's last update. */
uint64_t clock_wall_of(uint64_t mono_us);

/* HAProxy's log date `22/Nov/2026:06:18:27.033` (24 bytes, local time), cached by
 * second per thread; returns its length. buf has at least 32 bytes. */
size_t	 clock_format_log(uint64_t wall_us, char *buf);
/* `Nov 22 06:19:05` for rfc3164 (15 bytes). */
size_t	 clock_format_syslog(uint64_t wall_us, char *buf);
/* IMF-fixdate for Date headers (29 bytes), cached by second per thread. */
size_t	 clock_format_http(uint64_t wall_us, char *buf);

#endif
