/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random(N): N servers are drawn in proportion to their weights, the one with
 * the lowest load for its weight is taken; random(2) is what a backend without
 * `balance` gets. Needs no state but the weights, so threads and balancers that
 * know nothing of each other do not herd.
 *
 * Draws are O(1) by Vose's alias table (lb_draw), which peak-ewma uses too.
 *
 * Thread: data.
 */
#include <stdlib.h>

#include "base/diag.h"
#include "base/module.h"
#include "base/rand.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "proxy/lb.h"
#include "proxy/lb_in.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

/* ---- draws ---- */

static bool
is_even(const struct lb_set *set)
{
	for (uint32_t i = 1; i < set->n; i++)
		if (set->items[i].weight != set->items[0].weight)
			return false;
	return true;
}

/* Each column holds 2^32: a server's share and, above it, a piece of another's. */
static void
fill_columns(struct lb_draw *d, const struct lb_set *set)
{
	uint32_t *small = xmalloc(set->n * sizeof(*small));
	uint32_t *large = xmalloc(set->n * sizeof(*large));
	uint64_t *share = xmalloc(set->n * sizeof(*share));
	uint32_t nsmall = 0, nlarge = 0;
	double unit = (double)set->n * 4294967296.0 / (double)set->total;

	for (uint32_t i = 0; i < set->n; i++) {
		share[i] = (uint64_t)((double)set->items[i].weight * unit);
		d->keep[i] = UINT32_MAX;
		d->other[i] = i;
		if (share[i] < 1ull << 32)
			small[nsmall++] = i;
		else
			large[nlarge++] = i;
	}
	while (nsmall > 0 && nlarge > 0) {
		uint32_t s = small[--nsmall], l = large[nlarge - 1];

		d->keep[s] = (uint32_t)share[s];
		d->other[s] = l;
		share[l] -= (1ull << 32) - share[s];
		if (share[l] < 1ull << 32) {
			nlarge--;
			small[nsmall++] = l;
		}
	}
	free(small);
	free(large);
	free(share);
}

void
lb_draw_init(struct lb_draw *d, const struct lb_set *set)
{
	d->n = set->n;
	d->keep = d->other = NULL;
	if (is_even(set))
		return;
	d->keep = xmalloc(set->n * sizeof(*d->keep));
	d->other = xmalloc(set->n * sizeof(*d->other));
	fill_columns(d, set);
}

void
lb_draw_fini(struct lb_draw *d)
{
	free(d->keep);
	free(d->other);
}

uint32_t
lb_draw(const struct lb_draw *d)
{
	uint64_t r = rand_u64();
	uint32_t i = (uint32_t)((r >> 32) * d->n >> 32);

	return d->keep == NULL || (uint32_t)r <= d->keep[i] ? i : d->other[i];
}

/* ---- random ---- */

struct random_state {
	struct lb_set	 set;
	struct lb_draw	 draw;
};

static void *
random_build(struct proxy *px, unsigned thread)
{
	struct random_state *st = xmalloc(sizeof(*st));

	(void)thread;
	lb_set_init(&st->set, px, false);
	lb_draw_init(&st->draw, &st->set);
	return st;
}

static void
random_free(void *state)
{
	struct random_state *st = state;

	lb_draw_fini(&st->draw);
	lb_set_fini(&st->set);
	free(st);
}

/* a carries less for its weight than b */
static bool
is_lighter(const struct lb_item *a, const struct lb_item *b)
{
	return (uint64_t)gauge_get(&a->live->inflight) * b->weight <
	    (uint64_t)gauge_get(&b->live->inflight) * a->weight;
}

static struct server *
random_pick(struct proxy *px, void *state, struct txn *t, const struct server *avoid,
    bool *ret_full)
{
	const struct random_state *st = state;
	const struct lb_item *best = NULL;
	struct lb_search s = { .avoid = avoid };
	unsigned draws = px->set.lb.draws, tries = draws + 4u;

	(void)t;
	if (st->set.n == 0)
		return NULL;
	if (st->set.n == 1 && lb_fits(&s, st->set.items[0].srv))
		return st->set.items[0].srv;
	while (draws > 0 && tries-- > 0) {
		const struct lb_item *it = &st->set.items[lb_draw(&st->draw)];

		if (!lb_fits(&s, it->srv))
			continue;
		if (best == NULL || is_lighter(it, best))
			best = it;
		draws--;
	}
	if (best != NULL)
		return best->srv;
	return lb_scan(&st->set, rand_below(st->set.n), &s, ret_full);
}

static int
random_parse(struct cfg *c, struct proxy *px, char **args, int nargs)
{
	uint64_t n = 2;

	if (nargs > 1) {
		diag_error(c->diag, "'balance random' cannot handle unexpected argument '%s'.",
		    args[1]);
		return -1;
	}
	if (nargs == 1 && cfg_uint(c, "balance random", args[0], 1, 100, &n) == -1)
		return -1;
	px->set.lb.draws = (uint16_t)n;
	return 0;
}

static const struct lb_algo algos[] = {
	{ .name = "random", .flags = LB_DYNAMIC, .syntax = "[(<draws>)]",
	    .help = "The less loaded of two (or <draws>) servers drawn by weight; the default.",
	    .parse = random_parse, .build = random_build, .free = random_free,
	    .pick = random_pick },
	{ 0 }
};

const struct module mod_lb_random = { .name = "lb_random", .lb = algos };
