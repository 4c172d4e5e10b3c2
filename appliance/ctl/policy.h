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

struct arena;
struct cfg;
struct group;
struct group_conf;
struct instance;
struct outbuf;
struct policy_conf;		/* ctl/policy_conf.h */
struct trial_ops;

#define POLICY_TEXT	160u

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
	char		 text[POLICY_TEXT];
	char		 activity[40];	/* id of the first one; "" = none */
};

/* Size limits are looked at before the cooldown. */
void	policy_execute(const char *group, const char *policy, const struct policy_cause *why,
	    struct policy_outcome *ret);
/* Of a group's policy, for alarms' actions and histories; false: unknown. */
bool	policy_arn(const char *group, const char *policy, char *buf, unsigned size);

/* ---- kinds ---- */

/* What a kind is asked: how many instances shall there be? */
struct policy_ask {
	const char	*group;
	const struct policy_conf *conf;
	const struct policy_cause *why;
	uint32_t	 desired, warming;	/* warming: of desired, so many come just now */
	uint32_t	 settling_s;	/* since the last shrinking a warm-up is not over */
	const struct group *g;		/* NULL: it is only tried */
};

/* A word behind `policy NAME`. */
struct policy_kind {
	const char	*name;
	const char	*type;		/* as the AWS calls it */
	/* Bound by cooldown and one-at-a-time, and begins a cooldown. */
	bool		 rests;
	bool		 has_steps;	/* lines `step` belong to it */
	/* args behind the kind's word; 0, or -1 after a diag_error */
	int		(*parse)(struct cfg *c, struct policy_conf *p, char **args, int nargs);
	/* When its group was read as a whole; may be NULL. */
	int		(*settle)(struct cfg *c, struct group_conf *g, struct policy_conf *p);
	/* The capacity it asks for, before limits (ret_text, POLICY_TEXT bytes: why, or "");
	 * false: none, ret_text says why, "" = it has nothing to say. NULL: only it itself acts. */
	bool		(*want)(const struct policy_ask *ask, int64_t *ret, char *ret_text);
	/* When it acts by itself next, after t_us: for tries. May be NULL. */
	uint64_t	(*turn_after)(const struct policy_conf *p, uint64_t t_us);
	/* Who decides by himself: want of a try. May be NULL. */
	const struct trial_ops *trial;
	/* KEY=VALUE of a try, into a copy: NULL, or what is wrong. May be NULL. */
	const char	*(*set)(struct policy_conf *p, struct arena *a, const char *setting);
	/* "change +1" */
	void		(*describe)(const struct policy_conf *p, struct outbuf *b);
	/* A snapshot with it is in service; it is there no more. May be NULL. */
	void		(*begin)(struct group *g, const struct policy_conf *p);
	void		(*end)(const char *group, const char *policy);
};

/* For kinds that decide by themselves: within the limits of the group (and, where the
 * kind rests, its cooldown) the capacity becomes this. text: why, "p95 0.9 s > 0.5 s". */
void	policy_apply(const char *group, const char *policy, int64_t capacity, const char *text,
	    struct policy_outcome *ret);

/* For kinds: "3 instances are warming up" */
void	policy_say_warming(uint32_t n, char *ret_text);

/* ---- asked for ---- */

const struct policy_conf *policy_find(const struct group *g, const char *name);
/* What became of it so far. */
struct policy_stats {
	bool		 is_disabled;
	uint64_t	 last_us;	/* wall; 0 = never */
	enum policy_result last_result;
	const char	*last_reason;	/* "" = none; valid until the next call */
};
void	policy_stats(const struct group *g, const char *name, struct policy_stats *ret);
void	policy_enable(struct group *g, const char *name, bool is_enabled);
const char *policy_result_name(enum policy_result r);
/* It came with a policy's scaling out, or so lately that group metrics leave it out. */
bool	policy_is_warming(const struct instance *i);

/* ---- the limits, apart from any group ---- */

struct policy_limits {
	uint32_t	 min, max, desired, change_left;
	bool		 is_busy;
	uint32_t	 cooldown_left_s;
	bool		 rests;		/* the two above count */
};
/* POLICY_DONE: *ret_to is what desired becomes. */
enum policy_result policy_limit(const struct policy_limits *l, int64_t want, uint32_t *ret_to,
	    char *ret_text);

#endif
