/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scaling policies as the files write them: words of a scaling group, immutable in the
 * snapshot's arena. What kinds have of their own hangs on `own`.
 */
#ifndef WEIR_CTL_POLICY_CONF_H
#define WEIR_CTL_POLICY_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/group_conf.h"
#include "ctl/scale_math.h"

struct policy_kind;

#define POLICIES_MAX	50u	/* of a group */
#define STEPS_MAX	20u	/* of a policy */

/* Which of an alarm's datapoints a step is chosen by. */
enum policy_aggregate { POLICY_AVERAGE, POLICY_MINIMUM, POLICY_MAXIMUM };

struct policy_conf {
	struct policy_conf *next;	/* of its group, in file order */
	const char	*name, *file;
	int		 line;
	const struct policy_kind *kind;
	bool		 has_cooldown, has_warmup;
	uint64_t	 cooldown_us, warmup_us;
	struct adjust	 adjust;	/* of steps: its kind and min-step */
	struct scale_step *steps;
	unsigned	 nsteps;
	enum policy_aggregate aggregate;
	void		*own;		/* the kind's */
};

/* any thread */
/* The policy's, else the group's default. */
static inline uint64_t
policy_cooldown_us(const struct group_conf *g, const struct policy_conf *p)
{
	return p->has_cooldown ? p->cooldown_us : g->cooldown_us;
}

static inline uint64_t
policy_warmup_us(const struct group_conf *g, const struct policy_conf *p)
{
	return p->has_warmup ? p->warmup_us : g->has_warmup ? g->warmup_us : g->cooldown_us;
}

/* while parsing */
/* change SINT | exact UINT | percent SINT [min-step UINT], from args[*i] on. */
int	policy_adjust_parse(struct cfg *c, char **args, int nargs, int *i, struct adjust *ret);
int	policy_adjust_kind(struct cfg *c, const char *word, struct adjust *ret);
int	policy_min_step(struct cfg *c, const char *word, struct adjust *ret);
bool	policy_sint(struct cfg *c, const char *what, const char *word, int64_t *ret);
/* `word` at args[*i], and behind it a time: taken, 1; not there: 0; -1 after an error. */
int	policy_time_option(struct cfg *c, char **args, int *i, const char *word, uint64_t *ret_us,
	    bool *ret_has);
/* After an error: what stands at args[i] is not expected there. */
int	policy_unexpected(struct cfg *c, const struct policy_conf *p, const char *word);

#endif
