/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * first: the first server in file order that has a free slot, so that few
 * servers are in use and the rest can sleep. Needs a maxconn on each server but
 * the last: one without takes everything.
 *
 * Thread: data.
 */
#include <stdlib.h>

#include "base/module.h"
#include "base/xalloc.h"
#include "proxy/lb.h"
#include "proxy/lb_in.h"

static void *
first_build(struct proxy *px, unsigned thread)
{
	struct lb_set *set = xmalloc(sizeof(*set));

	(void)thread;
	lb_set_init(set, px, false);
	return set;
}

static void
first_free(void *state)
{
	lb_set_fini(state);
	free(state);
}

static struct server *
first_pick(struct proxy *px, void *state, struct txn *t, const struct server *avoid,
    bool *ret_full)
{
	struct lb_search s = { .avoid = avoid };

	(void)px;
	(void)t;
	return lb_scan(state, 0, &s, ret_full);
}

static const struct lb_algo algos[] = {
	{ .name = "first", .flags = LB_DYNAMIC, .syntax = "",
	    .help = "The first server in order with a free slot; needs maxconn on servers.",
	    .build = first_build, .free = first_free, .pick = first_pick },
	{ 0 }
};

const struct module mod_lb_first = { .name = "lb_first", .lb = algos };
