/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who goes when a group shrinks: pure functions over a list of candidates. Zones with
 * the most instances come first (zone balance outranks every policy), then the listed
 * policies, each narrowing the set; what still ties is drawn.
 */
#ifndef WEIR_CTL_VICTIMS_H
#define WEIR_CTL_VICTIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum victims_policy {
	VICTIMS_DEFAULT, VICTIMS_OLDEST_INSTANCE, VICTIMS_NEWEST_INSTANCE, VICTIMS_OLDEST_LAUNCH,
	VICTIMS_NEXT_HOUR, VICTIMS_OLDEST_TEMPLATE, VICTIMS_ALLOCATION, VICTIMS_POLICIES
};

struct victim {
	const char	*id, *zone;
	bool		 is_protected;
	bool		 is_current;	/* of the launch configuration of now */
	uint64_t	 launch_age;	/* of its launch configuration: smaller = older */
	int64_t		 launched_us;
	void		*arg;		/* the caller's */
};

/* What one was chosen by: "zone us-east-1a has 3", "OldestInstance", ... */
#define VICTIM_REASON	160

/* any thread */
enum victims_policy victims_policy(const char *name);	/* VICTIMS_POLICIES = none */
const char *victims_policy_name(size_t i);		/* NULL at the end */

/* Those that zone balance allows: unprotected, in the zones that have the most. Their
 * indices into ret_at (of n); how many. */
unsigned victims_zones(const struct victim *all, unsigned n, uint16_t *ret_at);
/* The index of the one that goes next out of n, or -1: none may (all protected).
 * draw(n): 0 <= r < n, for ties. ret_policy: the name of the policy that decided,
 * "zones" or "random"; ret_reason: VICTIM_REASON bytes. */
int	victims_pick(const struct victim *all, unsigned n, const enum victims_policy *policies,
	    unsigned npolicies, int64_t now_us, uint32_t (*draw)(uint32_t n),
	    const char **ret_policy, char *ret_reason);

#endif
