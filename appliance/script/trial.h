/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions of scripts in tries (ctl/trial.h): on a copy of their script, in a state
 * made for the try, with a copy of what they keep.
 *
 * Everything here but script_draft_load: control thread.
 */
#ifndef WEIR_SCRIPT_TRIAL_H
#define WEIR_SCRIPT_TRIAL_H

#include <stddef.h>

#include "ctl/policy_conf.h"
#include "ctl/trial.h"
#include "script/script_conf.h"

struct policy_kind;
struct script_fn;
struct script_source;
struct script_unit;

extern const struct trial_ops script_trial_policy, script_trial_alarm;

/* A text that is not in service, or is: a policy of it, and where it belongs. */
struct script_draft {
	struct script	*script;	/* held */
	const struct script_fn *fn;	/* borrowed: of the script */
	char		*group;		/* owned */
	struct policy_conf policy;	/* as if the group had it */
	struct script_policy_conf own;
};

/* What is wanted of a text; NULL: whatever there is. */
struct script_choice {
	const char	*function, *group;
};

/* NULL, or what is wrong (owned by the caller). A draft begins as zeroes. */
/* any thread */
char	*script_draft_load(struct script_draft *d, const struct script_source *src,
	    uint64_t now_us);
/* control thread */
char	*script_draft_choose(struct script_draft *d, const struct script_choice *choice);
void	 script_draft_close(struct script_draft *d);

/* ---- lua_policy.c ---- */
/* Who asks for a function; false: no policy of a group does. */
bool	 script_binding(const char *function, const char **ret_group, const char **ret_policy);
const struct policy_kind *script_policy_kind(void);

#endif
