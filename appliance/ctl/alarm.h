/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms that live: by name, matched to what the configuration says at each
 * publish. An equal text leaves one untouched, a changed one keeps its state; one
 * that is gone is deleted, its history stays.
 *
 * An alarm is evaluated each minute (each ten seconds if its period is shorter) at
 * its own phase. When its state changes, that is written down first, then its
 * actions run, in the same turn and stamped with the evaluation's time. Actions
 * that scale run again each minute as long as the state lasts and there are new
 * points; what they then say, if nothing came of it, is written down once per
 * reason and stay in the state.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_ALARM_H
#define WEIR_CTL_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/out.h"
#include "ctl/alarm_conf.h"
#include "ctl/alarm_text.h"
#include "ctl/told.h"
#include "event/sched.h"

struct cfg;
struct snapshot;
struct trial_ops;

struct alarm {
	struct list	 node;		/* of all, by name */
	struct alarm	*next_in_bucket;
	uint32_t	 read;		/* the reading that had it */
	char		*name;		/* owned */
	const struct alarm_conf *conf;	/* borrowed: snapshot in service; or own */
	struct alarm_conf *own;		/* owned: of a condition in no file; or NULL */
	uint64_t	 digest;
	uint64_t	 configured_us;
	enum alarm_state state;
	char		*reason, *data;	/* owned; data: JSON, or NULL */
	uint64_t	 since_us;
	bool		 is_idle;	/* no point for there are no requests */
	bool		 is_enabled;	/* its actions are */
	/* people */
	char		*acked_by, *ack_comment;	/* owned; NULL = nobody */
	uint64_t	 silenced_until_us;	/* 0 = not */
	/* the last evaluation; points NULL = there was none of points */
	struct metric_point *points;	/* owned: alarm_slots(n) */
	struct alarm_verdict verdict;
	int64_t		 from_s;
	uint64_t	 evaluated_us;
	double		 value;		/* of the newest point */
	bool		 has_value, is_fresh;
	/* how new the newest point was that led to, or was acted upon in, each state */
	int64_t		 used_s[ALARM_STATES];
	uint64_t	 acted_us;	/* scaling actions ran */
	/* reasons that this stay has in the history already; owned */
	struct told	 told;
	bool		 is_asked;	/* of a kind: the answer has not come */
	uint64_t	 asked_us;	/* when the kind began to decide: the kind's */
	unsigned	 skipped;	/* ... when the next turn came */
	struct sched_timer timer;
};

extern struct list alarms;		/* struct alarm, by node, sorted by name */
#define ALARM_EACH(a) \
	for (struct alarm *a = LIST_ITEM(alarms.next, struct alarm, node); &a->node != &alarms; \
	    a = LIST_ITEM(a->node.next, struct alarm, node))

struct alarm *alarm_find(const char *name);	/* NULL: none */
const char *alarm_owner(const struct alarm *a);	/* "file" or "weir" */

/* ---- by people and programs ---- */

/* At once, with its actions; the next evaluation may take it back. data: JSON or NULL */
void	alarm_set_state(struct alarm *a, const struct alarm_saying *to);
/* by NULL: takes it back */
void	alarm_ack(struct alarm *a, const char *by, const char *comment);
void	alarm_silence(struct alarm *a, uint64_t until_us);	/* reminders end too; 0 = not */
bool	alarm_is_silenced(const struct alarm *a);
void	alarm_enable(struct alarm *a, bool is_enabled);

/* A condition that weir itself watches, under a name that begins with "Weir/": an
 * alarm without a metric, made when it is first told. A section of that name gives
 * it actions. */
void	alarm_condition(const char *name, bool is_on, const char *text);

/* ---- kinds that decide by themselves ---- */

struct alarm_kind {
	const char	*name;		/* the word in the section */
	/* args behind that word; 0, or -1 after a diag_error */
	int		(*parse)(struct cfg *c, char **args, int nargs, void **ret_conf);
	/* Asks for a decision, which is one call of alarm_answer, at once or later. */
	void		(*evaluate)(const char *alarm, const struct alarm_conf *conf,
			    uint64_t at_us);
	const struct trial_ops *trial;	/* on recorded metrics: ctl/trial.h */
};

/* NULL: it stays as it is. */
void	alarm_answer(const char *alarm, const struct alarm_saying *to);

/* ---- in this room ---- */

/* Points of an alarm up to the turn of at_us, alarm_slots(n) of them into ret, which
 * begin at *ret_from_s. *ret_newest_s: how new the newest value is, 0 = none. */
struct alarm_reading {
	int64_t		 from_s, newest_s;
};
/* When something is tried: what values would have been. */
struct alarm_bend {
	double		(*factor)(const struct metric_key *k, int64_t from_s, void *arg);
	void		*arg;
};
struct alarm_reading alarm_read(const struct alarm_conf *conf, uint64_t at_us,
	    struct metric_point *ret, const struct alarm_bend *bend);
/* The first instant of its phase after t_us. */
uint64_t alarm_turn_after(const struct alarm_conf *conf, const char *name, uint64_t t_us);
/* An evaluation at that instant in that state. used_s: by state, how new what led to
 * it was; what is acted upon now is noted there. */
struct alarm_look {
	int64_t		 from_s;
	struct alarm_verdict verdict;	/* state: the one to be in */
	bool		 is_fresh, has_value;
	double		 value;		/* of the newest point */
};
struct alarm_look alarm_look(const struct alarm_conf *conf, enum alarm_state now,
	    int64_t *used_s, uint64_t at_us, struct metric_point *points,
	    const struct alarm_bend *bend);	/* bend: NULL = as recorded */
void	alarm_gap(int64_t from_s, int64_t to_s);	/* the wall clock left this out */
bool	alarm_is_idle(const struct alarm_conf *conf, int64_t from_s);
/* The reason of a state that points led to: text, its data, and in short. */
struct alarm_words {
	struct outbuf	 reason, data, brief;
};
void	alarm_words_init(struct alarm_words *w, const struct alarm_conf *conf,
	    const struct alarm_look *l, const struct metric_point *points, uint64_t at_us);
void	alarm_words_fini(struct alarm_words *w);
/* ... that a rule led to. */
void	alarm_put_rule(struct outbuf *b, const struct alarm_conf *conf, bool holds,
	    bool (*state_of)(const char *name, enum alarm_state *ret, void *arg), void *arg);

struct alarm_turn {
	uint64_t	 at_us;
	struct alarm_saying from;
	bool		 is_repeat;
};
/* Its actions for the state that it is in. */
void	alarm_act(struct alarm *a, const struct alarm_turn *t);
bool	alarm_has_scaling(const struct alarm *a);
/* One of its actions is this policy, by name or by ARN; only NULL: in any state. */
bool	alarm_points_at(const struct alarm_conf *conf, const char *group, const char *policy,
	    const enum alarm_state *only);
void	alarm_action_arn(struct outbuf *b, const struct alarm_place *p,
	    const struct alarm_action *act);
struct alarm_place alarm_place(void);

struct alarm_row;

void	alarm_keep(const struct alarm *a);	/* into the store */
void	alarm_keep_not(const struct alarm *a);
void	alarm_keep_row(const struct alarm_row *r);
void	alarm_keep_row_not(const struct alarm_row *r);
/* What the store had of it; OTHER: under another text. */
enum alarm_restored { ALARM_RESTORED_NOT, ALARM_RESTORED, ALARM_RESTORED_OTHER };
enum alarm_restored alarm_restore(struct alarm *a);
struct json_t;
void	alarm_restore_row(struct alarm *a, const struct json_t *row);	/* over what it was */
/* Those that were not asked for are forgotten; fn is told each. */
void	alarm_restore_end(void (*fn)(const char *name));
void	alarm_keep_start(void);
void	alarm_keep_stop(void);

#endif
