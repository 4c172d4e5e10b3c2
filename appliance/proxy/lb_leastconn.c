/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leastconn: the server with the fewest transactions for its weight.
 *
 * A thread sorts servers by its own transactions on them: a list of levels, low
 * to high, each a ring of servers. A pick takes the head of the lowest level,
 * but one random other of that level instead when the shared counts say that it
 * carries less. As each thread keeps its own counts within one of each other,
 * the shared ones differ by at most the number of threads (equal weights).
 *
 * A level is own transactions x heaviest weight / weight, so servers of equal
 * weight move by one level: O(1); a light one passes up to as many levels as it
 * is lighter, as much more rarely. Links are indexes into the state, found from
 * a live cell by lb_bucket, so nothing of a cell that is gone is ever touched.
 *
 * Thread: data.
 */
#include <stdlib.h>

#include "base/magic.h"
#include "base/module.h"
#include "base/rand.h"
#include "base/xalloc.h"
#include "proxy/dthread.h"
#include "proxy/lb.h"
#include "proxy/lb_in.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define NONE	UINT32_MAX

struct place {				/* of a server */
	uint32_t	 level;
	uint32_t	 next, prev;	/* ring of the level */
};

struct level {
	uint64_t	 key;
	uint32_t	 head;		/* least recently touched */
	uint32_t	 up, down;	/* NONE at the ends */
};

struct lc_state {
	struct lb_set	 set;
	uint32_t	 weight_max;
	struct place	*places;	/* owned: as set.items */
	struct level	*levels;	/* owned: set.n + 1 of them; unused ones linked by up */
	uint32_t	 lowest, unused;
};

static uint64_t
key_of(const struct lc_state *st, uint32_t i)
{
	uint64_t n = st->set.items[i].live->threads[dt->id].inflight;

	return n * st->weight_max / st->set.items[i].weight;
}

/* ---- levels ---- */

/* A new level above `down` (NONE: the lowest). */
static uint32_t
level_insert(struct lc_state *st, uint32_t down, uint64_t key)
{
	uint32_t l = st->unused, up = down == NONE ? st->lowest : st->levels[down].up;

	st->unused = st->levels[l].up;
	st->levels[l] = (struct level){ key, NONE, up, down };
	if (up != NONE)
		st->levels[up].down = l;
	if (down != NONE)
		st->levels[down].up = l;
	else
		st->lowest = l;
	return l;
}

static void
level_remove(struct lc_state *st, uint32_t l)
{
	struct level *v = &st->levels[l];

	if (v->up != NONE)
		st->levels[v->up].down = v->down;
	if (v->down != NONE)
		st->levels[v->down].up = v->up;
	else
		st->lowest = v->up;
	v->up = st->unused;
	st->unused = l;
}

/* The level of that key, looked for from `near` (NONE: the lowest) on. */
static uint32_t
level_of(struct lc_state *st, uint32_t near, uint64_t key)
{
	uint32_t l = near != NONE ? near : st->lowest;

	if (l == NONE)
		return level_insert(st, NONE, key);
	while (st->levels[l].key < key && st->levels[l].up != NONE)
		l = st->levels[l].up;
	while (l != NONE && st->levels[l].key > key)
		l = st->levels[l].down;
	if (l != NONE && st->levels[l].key == key)
		return l;
	return level_insert(st, l, key);
}

static void
ring_append(struct lc_state *st, uint32_t l, uint32_t i)
{
	struct place *p = st->places;
	uint32_t head = st->levels[l].head;

	p[i].level = l;
	if (head == NONE) {
		st->levels[l].head = p[i].next = p[i].prev = i;
		return;
	}
	p[i].next = head;
	p[i].prev = p[head].prev;
	p[p[head].prev].next = i;
	p[head].prev = i;
}

static void
ring_remove(struct lc_state *st, uint32_t i)
{
	struct place *p = st->places;
	struct level *v = &st->levels[p[i].level];

	if (p[i].next == i) {
		v->head = NONE;
		return;
	}
	if (v->head == i)
		v->head = p[i].next;
	p[p[i].prev].next = p[i].next;
	p[p[i].next].prev = p[i].prev;
}

/* ---- the row ---- */

static void *
lc_build(struct proxy *px, unsigned thread)
{
	struct lc_state *st = xmalloc(sizeof(*st));
	uint32_t near = NONE;

	lb_set_init(&st->set, px, false);
	st->places = xmalloc((st->set.n + 1) * sizeof(*st->places));
	st->levels = xmalloc((st->set.n + 1) * sizeof(*st->levels));
	st->weight_max = 1;
	for (uint32_t i = 0; i <= st->set.n; i++) {
		st->levels[i].up = i < st->set.n ? i + 1 : NONE;
		if (i < st->set.n && st->set.items[i].weight > st->weight_max)
			st->weight_max = st->set.items[i].weight;
	}
	st->unused = 0;
	st->lowest = NONE;
	for (uint32_t i = 0; i < st->set.n; i++) {
		near = level_of(st, near, key_of(st, i));
		ring_append(st, near, i);
		st->set.items[i].live->threads[thread].lb_bucket = i;
	}
	return st;
}

static void
lc_free(void *state)
{
	struct lc_state *st = state;

	lb_set_fini(&st->set);
	free(st->places);
	free(st->levels);
	free(st);
}

/* Its own count changed: to the end of its new level. */
static void
lc_moved(struct lc_state *st, const struct server *srv)
{
	uint32_t i = srv->live->threads[dt->id].lb_bucket, old, new;

	if (i >= st->set.n || st->set.items[i].live != srv->live)
		return;			/* not eligible now, or of another snapshot */
	old = st->places[i].level;
	ring_remove(st, i);
	new = level_of(st, old, key_of(st, i));
	ring_append(st, new, i);
	if (st->levels[old].head == NONE)
		level_remove(st, old);
}

static void
lc_take(struct proxy *px, void *state, struct server *srv)
{
	(void)px;
	lc_moved(state, srv);
}

static void
lc_drop(struct proxy *px, void *state, struct server *srv, uint64_t total_us)
{
	(void)px;
	(void)total_us;
	lc_moved(state, srv);
}

/* One random other of the same level, when it carries less for its weight. */
static struct server *
less_loaded(const struct lc_state *st, uint32_t i, struct lb_search *s)
{
	const struct lb_item *it = &st->set.items[i];
	uint32_t k = rand_below(st->set.n);
	const struct lb_item *other = &st->set.items[k];

	if (k == i || st->places[k].level != st->places[i].level)
		return it->srv;
	if ((uint64_t)gauge_get(&other->live->inflight) * it->weight >=
	    (uint64_t)gauge_get(&it->live->inflight) * other->weight)
		return it->srv;
	return lb_fits(s, other->srv) ? other->srv : it->srv;
}

static struct server *
lc_pick(struct proxy *px, void *state, struct txn *t, const struct server *avoid,
    bool *ret_full)
{
	const struct lc_state *st = state;
	struct lb_search s = { .avoid = avoid };

	(void)px;
	(void)t;
	for (uint32_t l = st->lowest; l != NONE; l = st->levels[l].up) {
		uint32_t i = st->levels[l].head;

		do {
			if (lb_fits(&s, st->set.items[i].srv))
				return less_loaded(st, i, &s);
			i = st->places[i].next;
		} while (i != st->levels[l].head);
	}
	return lb_second(&s, ret_full);
}

static const struct lb_algo algos[] = {
	{ .name = "leastconn", .flags = LB_DYNAMIC | LB_FLOW, .syntax = "",
	    .help = "The server with the fewest transactions for its weight.",
	    .build = lc_build, .free = lc_free, .pick = lc_pick, .take = lc_take,
	    .drop = lc_drop },
	{ 0 }
};

const struct module mod_lb_leastconn = { .name = "lb_leastconn", .lb = algos };
