/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zones; see zones.h.
 *
 * Thread: any.
 */
#include "ctl/zones.h"

#include <string.h>

/* a goes before b. */
static bool
is_better(const struct zone_count *a, const struct zone_count *b)
{
	if (a->has_failed != b->has_failed)
		return b->has_failed;
	return a->n < b->n;
}

int
zones_pick(const struct zone_count *z, unsigned n)
{
	int best = -1;

	for (unsigned i = 0; i < n; i++)
		if (z[i].is_enabled && (best < 0 || is_better(&z[i], &z[best])))
			best = (int)i;
	return best;
}

unsigned
zones_share(const struct zone_count *z, unsigned n, unsigned at, unsigned want)
{
	struct zone_count then[ZONES_MAX];
	unsigned share = 0;

	if (n > ZONES_MAX)
		return 1;
	memcpy(then, z, n * sizeof *z);
	for (; want > 0; want--) {
		int next = zones_pick(then, n);

		if (next < 0)
			break;
		then[next].n++;
		share += (unsigned)next == at;
	}
	return share > 0 ? share : 1;
}

bool
zones_rebalance(const struct zone_count *z, unsigned n, unsigned *ret_from, unsigned *ret_to)
{
	int to = zones_pick(z, n), from = -1;

	if (to < 0 || z[to].has_failed)
		return false;
	for (unsigned i = 0; i < n; i++) {
		bool is_stray = !z[i].is_enabled && z[i].n > 0;

		if (!is_stray && z[i].n < z[to].n + 2)
			continue;
		if (from < 0 || (is_stray && z[from].is_enabled) ||
		    (is_stray == !z[from].is_enabled && z[i].n > z[from].n))
			from = (int)i;
	}
	if (from < 0)
		return false;
	*ret_from = (unsigned)from;
	*ret_to = (unsigned)to;
	return true;
}
