/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * roundrobin, static-rr, and the wheel behind them: one sequence over all
 * threads. A pick advances the backend's shared cursor (one fetch_add); each
 * thread's wheel says whose turn a position is, and all wheels of an epoch are
 * equal, since they are made of the same cells in the same order.
 *
 * The wheel is a formula, not a table of turns: servers of equal weight form a
 * class and take turns in file order; classes are halved again and again, and at
 * each half the position is split in proportion to the two sides (Bresenham's
 * line). So weights are exact in each turn, whatever their sum, and making a
 * wheel costs one sort of servers by weight, cheap enough for slow start.
 *
 * Thread: data.
 */
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "proxy/lb.h"
#include "proxy/lb_in.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define TRIES	8	/* turns that may fall on servers that do not fit */

/* ---- the wheel ---- */

/* Stable order by weight: least significant byte first. */
static void
order_by_weight(struct lb_wheel *w)
{
	uint32_t *from = w->order, *to, *swap, all = 0;

	for (uint32_t i = 0; i < w->set.n; i++) {
		from[i] = i;
		all |= w->set.items[i].weight ^ w->set.items[0].weight;
	}
	if (all == 0)
		return;
	to = xmalloc(w->set.n * sizeof(*to));
	for (unsigned shift = 0; shift < 32 && all >> shift != 0; shift += 8) {
		uint32_t start[257] = { 0 };

		for (uint32_t i = 0; i < w->set.n; i++)
			start[(w->set.items[i].weight >> shift & 255) + 1]++;
		for (unsigned b = 0; b < 256; b++)
			start[b + 1] += start[b];
		for (uint32_t i = 0; i < w->set.n; i++)
			to[start[w->set.items[from[i]].weight >> shift & 255]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	w->order = from;
	free(to);
}

static void
find_classes(struct lb_wheel *w)
{
	uint64_t before = 0;
	uint32_t last = 0;

	w->nclasses = 0;
	for (uint32_t i = 0; i < w->set.n; i++) {
		uint32_t weight = w->set.items[w->order[i]].weight;

		if (weight != last)
			w->classes[w->nclasses++] = (struct lb_class){ i, 0, before };
		last = weight;
		w->classes[w->nclasses - 1].n++;
		before += weight;
	}
	w->classes[w->nclasses] = (struct lb_class){ w->set.n, 0, before };
}

void
lb_wheel_init(struct lb_wheel *w, const struct proxy *px, bool is_static)
{
	lb_set_init(&w->set, px, is_static);
	w->order = xmalloc((w->set.n + 1) * sizeof(*w->order));
	w->classes = xmalloc((w->set.n + 1) * sizeof(*w->classes));
	order_by_weight(w);
	find_classes(w);
}

void
lb_wheel_fini(struct lb_wheel *w)
{
	lb_set_fini(&w->set);
	free(w->order);
	free(w->classes);
}

uint32_t
lb_wheel_at(const struct lb_wheel *w, uint64_t position)
{
	const struct lb_class *c = w->classes;
	uint32_t lo = 0, hi = w->nclasses;

	if (hi == 1)
		return w->order[position % w->set.n];
	position %= w->set.total;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		uint64_t left = c[mid].before - c[lo].before, sum = c[hi].before - c[lo].before;
		uint64_t turns = position * left / sum;		/* of the left side so far */

		if (position * left % sum + left >= sum) {
			hi = mid;
			position = turns;
		} else {
			lo = mid;
			position -= turns;
		}
	}
	return w->order[c[lo].first + position % c[lo].n];
}

struct server *
lb_wheel_next(const struct lb_wheel *w, struct proxy *px, const struct server *avoid,
    bool *ret_full)
{
	struct lb_search s = { .avoid = avoid };
	uint32_t i = 0;

	if (w->set.n == 0)
		return NULL;
	for (int n = 0; n < TRIES; n++) {
		i = lb_wheel_at(w, atomic_fetch_add_explicit(&px->live->rr_cursor, 1,
		    memory_order_relaxed));
		if (lb_fits(&s, w->set.items[i].srv))
			return w->set.items[i].srv;
	}
	return lb_scan(&w->set, i, &s, ret_full);
}

/* ---- rows ---- */

static void *
rr_build(struct proxy *px, unsigned thread)
{
	struct lb_wheel *w = xmalloc(sizeof(*w));

	(void)thread;
	lb_wheel_init(w, px, !(px->set.lb.algo->flags & LB_DYNAMIC));
	return w;
}

static void
rr_free(void *state)
{
	lb_wheel_fini(state);
	free(state);
}

static struct server *
rr_pick(struct proxy *px, void *state, struct txn *t, const struct server *avoid,
    bool *ret_full)
{
	(void)t;
	return lb_wheel_next(state, px, avoid, ret_full);
}

static const struct lb_algo algos[] = {
	{ .name = "roundrobin", .flags = LB_DYNAMIC, .syntax = "",
	    .help = "Each server in turn, by weights; one sequence over all threads.",
	    .build = rr_build, .free = rr_free, .pick = rr_pick },
	{ .name = "static-rr", .syntax = "",
	    .help = "As roundrobin, with the user's weights: slow start has no effect.",
	    .build = rr_build, .free = rr_free, .pick = rr_pick },
	{ 0 }
};

const struct module mod_lb_roundrobin = { .name = "lb_roundrobin", .lb = algos };
