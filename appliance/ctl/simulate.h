/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scaling policy tried on recorded metrics, with every alarm that points at it, with
 * cooldown, warm-up and limits, also under other settings; nothing is done.
 *
 * Instances come and go at once here. What was recorded does not react to the capacity
 * that is simulated (open loop), but in the linear model: there what is an average over
 * the group's instances is as much higher as there are fewer of them.
 *
 * A policy that decides by itself (a function of a script) does so on a copy, in
 * slices, and keeps what it keeps there.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_SIMULATE_H
#define WEIR_CTL_SIMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/alarm_try.h"
#include "ctl/policy.h"
#include "ctl/policy_conf.h"

#define SIMULATE_TOLD	8u

/* One that points at the policy. */
struct simulated_alarm {
	struct alarm_try *try;		/* borrowed: of the set; NULL: the policy's own turns */
	uint64_t	 acted_us;
	char		*told[SIMULATE_TOLD];	/* owned; reasons of this stay */
	unsigned	 ntold;
};

/* Something that the policy was asked for. */
struct simulated_event {
	uint64_t	 t_us;
	const struct simulated_alarm *alarm;	/* who asked */
	uint32_t	 from, to;
	enum policy_result result;	/* POLICY_DONE or POLICY_IGNORED */
	bool		 is_error;	/* of who decides: text says which */
	char		 text[POLICY_TEXT];	/* its own reason, or what was in the way */
};

struct simulated_size {
	uint64_t	 t_us;
	uint32_t	 n;
};

struct simulation {
	char		*group;		/* owned */
	struct policy_conf policy;	/* copies; texts are the snapshot's */
	uint32_t	 min, max, desired;
	uint64_t	 cooldown_us, warmup_us;
	bool		 is_linear, has_desired;
	struct alarm_tries tries;
	struct simulated_alarm *alarms;	/* owned */
	unsigned	 nalarms;
	struct simulated_alarm own;
	uint64_t	 own_us;	/* the policy's own next turn */
	struct arena	*arena;		/* owned: of other settings */
	struct alarm_bend bend;
	void		*trial;		/* owned: who decides by himself; or NULL */
	struct simulated_alarm *asker;	/* he was asked, and has not answered yet */
	struct trial_view view;
	uint64_t	 at_us, until_us, cooling_until_us, warming_until_us, settled_us;
	uint32_t	 nwarming;
	struct simulated_size *sizes;	/* owned: how large it was, since when */
	unsigned	 nsizes;
	struct simulated_event event;
	bool		 is_stopped;	/* it took too long in all: told */
	/* totals */
	unsigned	 changes, ignored, flaps;
	uint64_t	 instance_us, breach_us, changed_us;
	int		 direction;
	struct trial_costs costs;	/* of who decides; those of alarms are the set's */
};

/* NULL, or why it cannot be tried (owned by the caller). The snapshot has to be held
 * until simulate_fini. draft: functions that are to be taken before those in service, or
 * NULL; p NULL: the group's own policy of that name, else one that it need not have. */
char	*simulate_init(struct simulation *s, const char *group, const char *policy,
	    const struct policy_conf *p, void *draft);
void	simulate_fini(struct simulation *s);
/* ALARM.threshold=1.5 POLICY.adjustment=2 cooldown=120s min=2 max=8 desired=3: NULL, or
 * what is wrong; valid until the next call. Before simulate_span. */
const char *simulate_set(struct simulation *s, const char *setting);
/* The span, whose begin comes back. *ret_period_s: it was clipped to what is kept of
 * values of that period; 0: it was not. */
int64_t	simulate_span(struct simulation *s, int64_t from_s, int64_t to_s,
	    uint32_t *ret_period_s);
/* A slice of work: a turn of one alarm or of the policy itself, or a part of it.
 * SIMULATE_EVENT: s->event is to be told. */
enum simulate_step { SIMULATE_OVER, SIMULATE_AGAIN, SIMULATE_EVENT };
enum simulate_step simulate_run(struct simulation *s);

#endif
