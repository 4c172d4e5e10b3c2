/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms tried on recorded metrics: evaluated at each of their turns in a span of the
 * past, with other settings if so asked, without doing anything. Alarms that rules of
 * those name are tried with them; of all others the states that they had are known
 * from the history. What decides by itself does so in slices, on a copy (ctl/trial.h).
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_ALARM_TRY_H
#define WEIR_CTL_ALARM_TRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "ctl/alarm.h"
#include "ctl/trial.h"

struct str;

/* One of them. It begins in INSUFFICIENT_DATA. */
struct alarm_try {
	struct list	 node;		/* of its set; children before who names them */
	char		*name;		/* owned */
	struct alarm_conf conf;		/* a copy; texts are the snapshot's */
	enum alarm_state state, before;	/* in it, and before the last turn */
	uint64_t	 at_us;		/* of the last turn */
	uint64_t	 since_us;	/* in this state */
	int64_t		 used_s[ALARM_STATES];
	struct metric_point *points;	/* owned; of the last turn; NULL: it has none */
	struct alarm_look look;		/* of the last turn */
	char		*text;		/* owned: its reason, if it is not of points; or NULL */
	bool		 is_due;	/* its rule names one that has changed */
	void		*trial;		/* owned: of who decides by himself; or NULL */
	struct trial_answer answer;	/* his last one */
	uint64_t	 asked_us;
	/* totals */
	unsigned	 turns, changes;
	uint64_t	 in_us[ALARM_STATES];
};

struct alarm_tries {
	struct list	 all;		/* struct alarm_try */
	unsigned	 n;
	uint64_t	 at_us, until_us;
	const struct alarm_bend *bend;	/* borrowed; NULL = as recorded */
	void		*draft;		/* borrowed; of scripts; or NULL */
	struct alarm_try *asked;	/* he has not answered yet */
	struct trial_view view;		/* what he sees */
	struct trial_costs costs;
};
#define ALARM_TRY_EACH(t, s) \
	for (struct alarm_try *t = LIST_ITEM((s)->all.next, struct alarm_try, node); \
	    &t->node != &(s)->all; t = LIST_ITEM(t->node.next, struct alarm_try, node))

void	alarm_tries_init(struct alarm_tries *s);
void	alarm_tries_fini(struct alarm_tries *s);
/* With those that it names. The snapshot has to be held until alarm_tries_fini. NULL:
 * why it cannot be tried, *ret_error (owned). */
struct alarm_try *alarm_tries_add(struct alarm_tries *s, const struct alarm *a,
	    char **ret_error);
struct alarm_try *alarm_tries_find(const struct alarm_tries *s, struct str name);
/* threshold=1.5 datapoints=2of3 period=60s missing-data=ignore statistic=p95, or a
 * parameter of a function: NULL, or what is wrong; valid until the next call. Before
 * alarm_tries_span. */
const char *alarm_try_set(struct alarm_try *t, const char *setting);
/* The span. Also clips its begin to what is kept: then *ret_period_s is that of these
 * values, else 0. */
int64_t	alarm_tries_span(struct alarm_tries *s, int64_t from_s, int64_t to_s,
	    uint32_t *ret_period_s);
/* When the next turn is; UINT64_MAX: there is none. Not while one is asked. */
uint64_t alarm_tries_next_us(const struct alarm_tries *s);
/* A slice of work. ALARM_TRY_TURN: *ret has had its turn. */
enum alarm_try_step { ALARM_TRY_OVER, ALARM_TRY_AGAIN, ALARM_TRY_TURN };
enum alarm_try_step alarm_tries_run(struct alarm_tries *s, struct alarm_try **ret);
/* A trial_view's alarm(); arg is the set. */
bool	alarm_tries_alarm(const char *name, struct trial_alarm *ret, void *arg);

static inline bool
alarm_try_changed(const struct alarm_try *t)
{
	return t->state != t->before;
}

/* Its reason at the last turn, and in short (outbufs of the caller). */
void	alarm_try_words(const struct alarm_try *t, struct outbuf *reason, struct outbuf *brief);

#endif
