/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scaling policies, as those who trigger them see them: alarms, people, schedules,
 * scripts.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_POLICY_H
#define WEIR_CTL_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum policy_by { POLICY_BY_ALARM, POLICY_BY_USER, POLICY_BY_ITSELF };

struct policy_cause {
	enum policy_by	 by;
	const char	*alarm;		/* its name, of POLICY_BY_ALARM */
	const char	*text;		/* of POLICY_BY_ITSELF: the script's or kind's reason */
	bool		 has_value;	/* step policies need one */
	double		 value, breach;	/* the metric and the threshold */
	bool		 honors_cooldown;	/* a person's wish; alarms always do */
	bool		 is_repeat;	/* the same stay in ALARM, a minute later */
	uint64_t	 at_us;		/* of the evaluation, on the schedule clock */
};

enum policy_result {
	POLICY_DONE,		/* capacity changed: an activity */
	POLICY_NO_CHANGE,	/* nothing to do, nothing to tell */
	POLICY_IGNORED,		/* `text` says why: at max size 3, cooldown 143 s left */
	POLICY_UNKNOWN		/* no such group or policy */
};

struct policy_outcome {
	enum policy_result result;
	char		 text[160];
	char		 activity[40];	/* id of the first one; "" = none */
};

/* Size limits are looked at before the cooldown. */
void	policy_execute(const char *group, const char *policy, const struct policy_cause *why,
	    struct policy_outcome *ret);
/* Of a group's policy, for alarms' actions and histories; false: unknown. */
bool	policy_arn(const char *group, const char *policy, char *buf, unsigned size);

#endif
