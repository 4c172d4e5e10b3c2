/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What became of policies over restarts: rows `policy/GROUP/POLICY` and, of what warms
 * up in a group, `policies/GROUP`.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_POLICY_KEEP_H
#define WEIR_CTL_POLICY_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/policy.h"

/* Of a group. */
struct policy_wave {
	uint64_t	 wave_us, warmup_us, settled_us;
	uint32_t	 nadded;
};

void	keep_policy(const char *group, const char *policy, const struct policy_stats *st);
void	keep_policy_not(const char *group, const char *policy);
void	keep_wave(const char *group, const struct policy_wave *w);
void	keep_wave_not(const char *group);

/* What a former process left; false: nothing, or it was taken already. st->last_reason is
 * valid until the next call. */
bool	policy_kept(const char *group, const char *policy, struct policy_stats *ret);
bool	wave_kept(const char *group, struct policy_wave *ret);
/* start-up and end */
void	policies_kept_read(void);
void	policies_kept_free(void);

#endif
