/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scaling policy tried on recorded metrics, with every alarm that points at it, with
 * cooldown, warm-up and limits, also under other settings; nothing is done.
 *
 * Instances come and go at once here. What was recorded does not react to the capacity
 * that is simulated (open loop), but in the linear model: there what is an average over
 * the group's instances is as much higher as there are fewer of them.
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

struct simulated_alarm {
	struct alarm_try try;
	uint64_t	 acted_us;
	char		*told[SIMULATE_TOLD];	/* owned; reasons of this stay */
	unsigned	 ntold;
};

/* Something that the policy was asked for. */
struct simulated_event {
	uint64_t	 t_us;
	const struct simulated_alarm *alarm;	/* NULL: the policy asked itself */
	uint32_t	 from, to;
	enum policy_result result;	/* POLICY_DONE or POLICY_IGNORED */
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
	struct simulated_alarm *alarms;	/* owned */
	unsigned	 nalarms;
	struct simulated_alarm own;	/* what was told of its own turns */
	uint64_t	 every_us, own_us;	/* these; 0 = it has none */
	struct arena	*arena;		/* owned: of other settings */
	struct alarm_bend bend;
	uint64_t	 at_us, until_us, cooling_until_us, warming_until_us;
	uint32_t	 nwarming;
	struct simulated_size *sizes;	/* owned: how large it was, since when */
	unsigned	 nsizes;
	struct simulated_event event;
	/* totals */
	unsigned	 changes, ignored, flaps;
	uint64_t	 instance_us, breach_us, changed_us;
	int		 direction;
};

/* NULL, or why it cannot be tried. The snapshot has to be held until simulate_fini. */
const char *simulate_init(struct simulation *s, const char *group, const char *policy);
void	simulate_fini(struct simulation *s);
/* ALARM.threshold=1.5 POLICY.adjustment=2 cooldown=120s min=2 max=8 desired=3: NULL, or
 * what is wrong; valid until the next call. Before simulate_span. */
const char *simulate_set(struct simulation *s, const char *setting);
/* The span. True: its begin was clipped to what is kept, of values of *ret_period_s. */
bool	simulate_span(struct simulation *s, int64_t from_s, int64_t to_s, int64_t *ret_from_s,
	    uint32_t *ret_period_s);
/* One turn of one alarm, or of the policy itself; false: that was all. *ret_event:
 * s->event is to be told. */
bool	simulate_turn(struct simulation *s, bool *ret_event);

#endif
