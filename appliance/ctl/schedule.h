/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scheduled actions of scaling groups: at a time, or again and again, limits and
 * desired capacity become others.
 */
#ifndef WEIR_CTL_SCHEDULE_H
#define WEIR_CTL_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/cron.h"

struct group;
struct group_conf;
struct tz;

#define SCHEDULES_MAX	125u	/* of a group */

/* `schedule NAME cron "M H D M W" [tz ZONE] | at TIME [min N] [max N] [desired N]
 * [until TIME]`; in the snapshot's arena. */
struct schedule_conf {
	struct schedule_conf *next;	/* in file order */
	const char	*name;
	const char	*cron_text;	/* NULL = once, at at_s */
	struct cron	 cron;
	const char	*zone_name;
	const struct tz	*zone;		/* NULL = UTC */
	int64_t		 at_s;		/* with cron: not before; 0 = not written */
	int64_t		 until_s;	/* 0 = for ever */
	bool		 has_min, has_max, has_desired;
	uint32_t	 min, max, desired;
};

/* any thread */
/* When it is due next after t_s; 0 = never. */
int64_t	schedule_next(const struct schedule_conf *s, int64_t t_s);

/* control thread */
struct schedule_stats {
	int64_t		 next_s, last_s;	/* 0 = never */
	const char	*last_result;		/* "" = none */
};
void	schedule_stats(const struct group *g, const struct schedule_conf *s,
	    struct schedule_stats *ret);

#endif
