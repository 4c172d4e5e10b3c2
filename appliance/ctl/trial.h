/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Those who decide by themselves, in tries on recorded metrics: functions of scripts.
 * They run on a copy made for the try, in slices, and nothing that they do lasts. The
 * room above registers this with the kind of policy or alarm that it is for.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_TRIAL_H
#define WEIR_CTL_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ctl/alarm_eval.h"

#define TRIAL_TEXT	400u

/* An alarm as it is in a try, or was. */
struct trial_alarm {
	enum alarm_state state;
	uint64_t	 since_us;
	bool		 has_value, has_threshold;
	double		 value, threshold;
};

/* What somebody who is asked sees around him. */
struct trial_view {
	uint64_t	 at_us;
	/* of a policy's group, as it is simulated */
	uint32_t	 min, max, desired, cooldown_left_s;
	/* of an alarm: its own state */
	struct trial_alarm own;
	/* of others; false: nothing is known of it */
	bool		(*alarm)(const char *name, struct trial_alarm *ret, void *arg);
	void		*arg;		/* its */
};

struct trial_answer {
	bool		 is_error;	/* text says which */
	bool		 is_there;	/* it wants something; else it holds, or keeps its state */
	int64_t		 want;		/* of a policy: the capacity */
	enum alarm_state state;		/* of an alarm */
	char		 text[TRIAL_TEXT];
	uint64_t	 used_us;
};

struct trial_ops {
	/* group: "" for an alarm. conf: what the kind's parse made. draft: functions that
	 * are to be taken before those in service, or NULL. NULL: *ret_error (owned). */
	void		*(*open)(const char *group, const char *name, const void *conf,
			    void *draft, char **ret_error);
	void		(*close)(void *trial);
	/* KEY=VALUE: NULL, or what is wrong */
	const char	*(*set)(void *trial, const char *setting);
	uint64_t	(*every_us)(const void *trial);	/* 0: whenever it could be asked */
	/* One question at a time; v stays valid until it is answered. */
	void		(*ask)(void *trial, const struct trial_view *v);
	/* A slice of it. True: answered. */
	bool		(*run)(void *trial, struct trial_answer *ret);
};

/* What calls came to. */
struct trial_costs {
	unsigned	 calls, errors;
	uint64_t	 total_us, slowest_us;
	char		 last_error[TRIAL_TEXT];	/* "" = none */
};

static inline void
trial_count(struct trial_costs *c, const struct trial_answer *a)
{
	c->calls++;
	c->total_us += a->used_us;
	if (a->used_us > c->slowest_us)
		c->slowest_us = a->used_us;
	if (!a->is_error)
		return;
	c->errors++;
	memcpy(c->last_error, a->text, sizeof c->last_error);
}

#define TRIAL_TOTAL_US	10000000ull	/* of computing: then a try is over */
#define TRIAL_TOO_LONG	"the test ends here: its functions took more than 10 s in all"

/* False: that was enough, and is the last error. */
static inline bool
trial_may_go_on(struct trial_costs *c)
{
	if (c->total_us <= TRIAL_TOTAL_US)
		return true;
	memcpy(c->last_error, TRIAL_TOO_LONG, sizeof TRIAL_TOO_LONG);
	return false;
}

#endif
