/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An alarm tried on recorded metrics: evaluated at each of its turns in a span of
 * the past, with other settings if so asked, without doing anything.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_ALARM_TRY_H
#define WEIR_CTL_ALARM_TRY_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/alarm.h"

struct alarm_try {
	char		*name;		/* owned */
	struct alarm_conf conf;		/* a copy; texts are the snapshot's */
	enum alarm_state state, before;	/* in it, and before the last turn */
	uint64_t	 at_us;		/* of the last turn */
	uint64_t	 until_us;
	int64_t		 used_s[ALARM_STATES];
	struct metric_point *points;	/* owned; of the last turn */
	struct alarm_look look;		/* of the last turn */
	const struct alarm_bend *bend;	/* borrowed; NULL = as recorded */
	/* totals */
	unsigned	 turns, changes;
	uint64_t	 in_us[ALARM_STATES];
};

/* NULL, or why it cannot be tried. The snapshot has to be held until alarm_try_fini.
 * It begins in INSUFFICIENT_DATA. */
const char *alarm_try_init(struct alarm_try *t, const struct alarm *a);
void	alarm_try_fini(struct alarm_try *t);
/* threshold=1.5 datapoints=2of3 period=60s missing-data=ignore statistic=p95: NULL, or
 * what is wrong; valid until the next call. Before alarm_try_from. */
const char *alarm_try_set(struct alarm_try *t, const char *setting);
/* The span. Also clips its begin to what is kept; true: it was clipped, *ret_from_s. */
bool	alarm_try_span(struct alarm_try *t, int64_t from_s, int64_t to_s, int64_t *ret_from_s);
/* The next turn; false: there is none. */
bool	alarm_try_turn(struct alarm_try *t);
uint64_t alarm_try_next_us(const struct alarm_try *t);	/* when it is; UINT64_MAX: none */
static inline bool
alarm_try_changed(const struct alarm_try *t)
{
	return t->state != t->before;
}

#endif
