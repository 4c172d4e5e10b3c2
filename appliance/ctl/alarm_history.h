/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happened to alarms: changes of their state and configuration, actions. Kept
 * for 14 days, for deleted alarms too, and so many of each and of all at most; the
 * store keeps them over restarts.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_ALARM_HISTORY_H
#define WEIR_CTL_ALARM_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "ctl/alarm_eval.h"

#define ALARM_HISTORY_US	(14ull * 86400 * 1000000)
#define ALARM_HISTORY_MAX	20000u	/* rows in all */
#define ALARM_HISTORY_EACH	2000u	/* rows of one alarm */

enum alarm_item { ALARM_CONFIGURATION, ALARM_STATE_UPDATE, ALARM_ACTION, ALARM_ITEMS };

struct alarm_past;

struct alarm_row {
	struct list	 all, own;	/* the newest last */
	struct alarm_past *past;	/* its alarm's */
	uint64_t	 id;		/* grows */
	uint64_t	 t_us;
	enum alarm_item	 type;
	char		*alarm, *summary, *data;	/* owned; data: JSON */
};

void	alarm_history_add(const char *alarm, uint64_t t_us, enum alarm_item type,
	    const char *summary, const char *data);
void	alarm_history_restore(uint64_t id, const char *alarm, uint64_t t_us, enum alarm_item type,
	    const char *summary, const char *data);
/* At its place in time; false: it is there already. What is merged in order of time is
 * found fast. end: what is too much goes. */
bool	alarm_history_merge(const struct alarm_row *like);
void	alarm_history_merge_end(void);
/* All, the oldest first, so many in a call: true, there are more. */
bool	alarm_history_walk(bool is_first, unsigned most, void (*fn)(const struct alarm_row *r));
/* The newest row of an alarm (NULL: of all), and the one before another one; NULL: none. */
const struct alarm_row *alarm_history_newest(const char *alarm);
const struct alarm_row *alarm_history_older(const struct alarm_row *row, bool of_all);
/* The state that an alarm was in; false: not known. */
bool	alarm_history_state(const char *alarm, uint64_t t_us, enum alarm_state *ret,
	    uint64_t *ret_since_us);
const char *alarm_item_name(enum alarm_item type);	/* "StateUpdate" */
void	alarm_history_expire(uint64_t now_us);
void	alarm_history_free(void);

#endif
