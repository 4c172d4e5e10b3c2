/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the balancing algorithms share: the set of eligible servers, the wheel
 * (one weighted order for a shared cursor), weighted random draws, and the
 * rules of skipping. All of it is private to one thread's state.
 */
#ifndef WEIR_PROXY_LB_IN_H
#define WEIR_PROXY_LB_IN_H

#include <stdbool.h>
#include <stdint.h>

struct proxy;
struct server;
struct server_live;

/* ---- eligible servers, in file order ---- */

struct lb_item {
	struct server	*srv;		/* borrowed: snapshot */
	struct server_live *live;
	uint32_t	 weight;	/* > 0 */
};

struct lb_set {
	uint32_t	 n;
	uint64_t	 total;		/* of weights */
	struct lb_item	*items;		/* owned */
};

/* data thread */
/* is_static: the user's weights, so that slow start moves nothing */
void	lb_set_init(struct lb_set *s, const struct proxy *px, bool is_static);
void	lb_set_fini(struct lb_set *s);

/* ---- skipping ---- */

/* A search under way: the first server that fits is taken; one that is to be
 * avoided or is ejected only when no other one has a slot. */
struct lb_search {
	const struct server *avoid;
	struct server	*second;
	bool		 met_full;
};

bool	lb_fits(struct lb_search *s, struct server *srv);
/* Nothing fits: the second choice, or NULL and whether all were full. */
struct server *lb_second(const struct lb_search *s, bool *ret_full);
/* The first that fits, from `start` on, all of the set. */
struct server *lb_scan(const struct lb_set *set, uint32_t start, struct lb_search *s,
	    bool *ret_full);

/* ---- the wheel: position -> server, each weight times per turn, evenly ---- */

struct lb_class {			/* servers of one weight */
	uint32_t	 first, n;	/* in order[] */
	uint64_t	 before;	/* weights of the classes before it */
};

struct lb_wheel {
	struct lb_set	 set;
	uint32_t	*order;		/* owned: indexes of set, by weight, then file order */
	struct lb_class	*classes;	/* owned: one more than nclasses, its `before` = total */
	uint32_t	 nclasses;
};

void	lb_wheel_init(struct lb_wheel *w, const struct proxy *px, bool is_static);
void	lb_wheel_fini(struct lb_wheel *w);
uint32_t lb_wheel_at(const struct lb_wheel *w, uint64_t position);	/* set.n > 0 */
/* The next of the backend's one sequence that fits. */
struct server *lb_wheel_next(const struct lb_wheel *w, struct proxy *px,
	    const struct server *avoid, bool *ret_full);

/* ---- the ring of consistent hashing ---- */

struct lb_ring {
	uint64_t	*points;	/* owned: position, server, rank; sorted */
	uint32_t	 npoints;
	uint32_t	*first;		/* owned: by upper bits, the first point not before */
	unsigned	 shift;
	unsigned	 per_weight;	/* points for a weight of one */
	uint32_t	 nservers, neligible;
	uint32_t	*built;		/* owned: points of each server on the ring */
	uint32_t	*in_use;	/* owned: how many of them count now */
	uint32_t	*seen;		/* owned: the last walk that met the server */
	uint32_t	 walk;
};

/* A walk from a key on: each eligible server once, in ring order. */
struct lb_walk {
	uint32_t	 at, steps, met;
};

void	lb_ring_init(struct lb_ring *r, const struct proxy *px);
void	lb_ring_fini(struct lb_ring *r);
/* Weights or states changed; false: more points are needed than there are. */
bool	lb_ring_update(struct lb_ring *r, const struct proxy *px, const struct lb_set *set);
void	lb_ring_start(struct lb_ring *r, uint32_t hash, struct lb_walk *ret_w);
/* Index in px->servers, or UINT32_MAX at the end. */
uint32_t lb_ring_next(struct lb_ring *r, struct lb_walk *w);
uint32_t lb_mix(uint32_t h);	/* each bit of the result depends on each of h */

/* ---- draws in proportion to weights, O(1) ---- */

struct lb_draw {
	uint32_t	 n;
	uint32_t	*keep;		/* owned: chance to stay, of 2^32; NULL = equal weights */
	uint32_t	*other;		/* owned: where to go else */
};

void	lb_draw_init(struct lb_draw *d, const struct lb_set *set);
void	lb_draw_fini(struct lb_draw *d);
uint32_t lb_draw(const struct lb_draw *d);	/* n > 0 */

#endif
