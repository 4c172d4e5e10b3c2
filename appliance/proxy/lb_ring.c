/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of consistent hashing: each server lies on it at points made of its
 * name, 64 for each unit of weight, so a server that comes or goes moves only
 * the keys of its own arcs. Which points count is a matter of rank: a server
 * with half of its weight has the first half of its points. Thus slow start,
 * drain and health move numbers in an array; the sorted points stay.
 *
 * On huge rings points per weight are halved until the ring fits RING_MAX; as
 * ranks stay, that only takes points away.
 *
 * Thread: data.
 */
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "proxy/lb.h"
#include "proxy/lb_in.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define POINTS_PER_WEIGHT 64u
#define RING_MAX	(1u << 18)
#define RANK_BITS	14u		/* 256 x 64 points at most */
#define SERVERS_MAX	(1u << (32 - RANK_BITS))
#define MET_MAX		64u		/* servers that one walk looks at */

static uint32_t
position_of(uint64_t point)
{
	return (uint32_t)(point >> 32);
}

static uint32_t
server_of(uint64_t point)
{
	return (uint32_t)point >> RANK_BITS;
}

static uint32_t
rank_of(uint64_t point)
{
	return (uint32_t)point & ((1u << RANK_BITS) - 1);
}

/* 32-bit finalizer of MurmurHash3 (public domain, A. Appleby). */
uint32_t
lb_mix(uint32_t h)
{
	h = (h ^ h >> 16) * 0x85ebca6bu;
	h = (h ^ h >> 13) * 0xc2b2ae35u;
	return h ^ h >> 16;
}

/* Points for a weight in LB_SCALE units: at least one. */
static uint32_t
points_for(const struct lb_ring *r, uint32_t weight)
{
	uint32_t n = (weight * r->per_weight + LB_SCALE - 1) / LB_SCALE;

	return n < 1u << RANK_BITS ? n : 1u << RANK_BITS;
}

static uint32_t
weight_to_build(const struct server *srv)
{
	uint32_t now = atomic_load_explicit(&srv->live->uweight, memory_order_relaxed);

	return (now > srv->weight ? now : srv->weight) * LB_SCALE;
}

/* ---- building ---- */

static void
size_ring(struct lb_ring *r, const struct proxy *px)
{
	uint64_t sum;

	r->per_weight = POINTS_PER_WEIGHT * 2;
	do {
		r->per_weight /= 2;
		sum = 0;
		for (uint32_t i = 0; i < px->nservers; i++)
			sum += r->built[i] = points_for(r, weight_to_build(px->servers[i]));
	} while (sum > RING_MAX && r->per_weight > 1);
	r->npoints = (uint32_t)sum;
}

static void
place_points(struct lb_ring *r, const struct proxy *px)
{
	uint64_t *p = r->points;

	for (uint32_t i = 0; i < px->nservers; i++) {
		uint64_t name = str_hash(str_of(px->servers[i]->name));

		for (uint32_t k = 0; k < r->built[i]; k++) {
			uint32_t h = lb_mix((uint32_t)name + lb_mix((uint32_t)(name >> 32) + k));

			*p++ = (uint64_t)h << 32 | i << RANK_BITS | k;
		}
	}
}

/* By position, then (as they come) by server and rank: stable, 11 bits a round. */
static void
sort_points(struct lb_ring *r)
{
	uint64_t *from = r->points, *to = xmalloc((r->npoints + 1) * sizeof(*to)), *swap;
	uint32_t *start = xmalloc(2049 * sizeof(*start));

	for (unsigned shift = 32; shift < 64; shift += 11) {
		memset(start, 0, 2049 * sizeof(*start));
		for (uint32_t i = 0; i < r->npoints; i++)
			start[(from[i] >> shift & 2047) + 1]++;
		for (unsigned b = 0; b < 2048; b++)
			start[b + 1] += start[b];
		for (uint32_t i = 0; i < r->npoints; i++)
			to[start[from[i] >> shift & 2047]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	r->points = from;
	free(to);
	free(start);
}

static void
index_points(struct lb_ring *r)
{
	uint32_t i = 0, n;

	r->shift = 31;
	while (r->shift > 0 && 1u << (32 - r->shift) < r->npoints)
		r->shift--;
	n = 1u << (32 - r->shift);
	r->first = xmalloc(n * sizeof(*r->first));
	for (uint32_t b = 0; b < n; b++) {
		while (i < r->npoints && position_of(r->points[i]) >> r->shift < b)
			i++;
		r->first[b] = i;
	}
}

void
lb_ring_init(struct lb_ring *r, const struct proxy *px)
{
	WEIR_ASSERT(px->nservers < SERVERS_MAX);
	memset(r, 0, sizeof(*r));
	r->nservers = px->nservers;
	r->built = xcalloc(px->nservers + 1, sizeof(*r->built));
	r->in_use = xcalloc(px->nservers + 1, sizeof(*r->in_use));
	r->seen = xcalloc(px->nservers + 1, sizeof(*r->seen));
	size_ring(r, px);
	r->points = xmalloc((r->npoints + 1) * sizeof(*r->points));
	place_points(r, px);
	sort_points(r);
	index_points(r);
}

void
lb_ring_fini(struct lb_ring *r)
{
	free(r->points);
	free(r->first);
	free(r->built);
	free(r->in_use);
	free(r->seen);
}

bool
lb_ring_update(struct lb_ring *r, const struct proxy *px, const struct lb_set *set)
{
	(void)px;
	memset(r->in_use, 0, r->nservers * sizeof(*r->in_use));
	r->neligible = set->n;
	for (uint32_t i = 0; i < set->n; i++) {
		uint32_t k = set->items[i].srv->index;

		r->in_use[k] = points_for(r, set->items[i].weight);
		if (r->in_use[k] > r->built[k])
			return false;
	}
	return true;
}

/* ---- walking ---- */

void
lb_ring_start(struct lb_ring *r, uint32_t hash, struct lb_walk *ret_w)
{
	uint32_t at = r->first[hash >> r->shift];

	while (at < r->npoints && position_of(r->points[at]) < hash)
		at++;
	*ret_w = (struct lb_walk){ .at = at };
	r->walk++;
}

uint32_t
lb_ring_next(struct lb_ring *r, struct lb_walk *w)
{
	while (w->steps < r->npoints && w->met < r->neligible && w->met < MET_MAX) {
		uint64_t p = r->points[w->at < r->npoints ? w->at : 0];
		uint32_t i = server_of(p);

		w->at = w->at < r->npoints ? w->at + 1 : 1;
		w->steps++;
		if (rank_of(p) >= r->in_use[i] || r->seen[i] == r->walk)
			continue;
		r->seen[i] = r->walk;
		w->met++;
		return i;
	}
	return UINT32_MAX;
}
