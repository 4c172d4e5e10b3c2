/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spreading a group over its zones: pure functions over numbers of instances.
 */
#ifndef WEIR_CTL_ZONES_H
#define WEIR_CTL_ZONES_H

#include <stdbool.h>
#include <stdint.h>

#define ZONES_MAX	40u

struct zone_count {
	const char	*name;
	unsigned	 n;		/* instances that count */
	bool		 is_enabled;	/* one of the group's; others only lose */
	bool		 has_failed;	/* the last launch there: others first */
};

/* any thread */
/* Where the next one is launched: the enabled zone with the fewest, one that has not
 * failed first; ties go to the first. -1: there is none. */
int	zones_pick(const struct zone_count *z, unsigned n);
/* How many of `want` are launched there before another zone has its turn. */
unsigned zones_share(const struct zone_count *z, unsigned n, unsigned at, unsigned want);
/* Out of balance: instances in a zone that is not enabled, or two enabled ones that
 * differ by two. True: *ret_to gets one, *ret_from gives one after that. */
bool	zones_rebalance(const struct zone_count *z, unsigned n, unsigned *ret_from,
	    unsigned *ret_to);
/* How far above max a group may be while it is rebalanced: a tenth, one at least. */
static inline unsigned
zones_margin(unsigned max)
{
	return max >= 20 ? max / 10 : 1;
}

#endif
