/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peak-ewma: of two servers drawn by weight, the one whose answer is expected
 * sooner: latency x (transactions under way + 1) / weight.
 *
 * Latency is an average that fades by `decay` but jumps up at once with a slow
 * answer (the peak), kept per thread in the server's cell. It fades while nobody
 * asks, too, so a server that was slow once is tried again. A failure counts as
 * twice the latency seen so far: who refuses quickly must not look fast. A
 * server of which nothing is known gets one transaction at a time until its
 * first answer.
 *
 * Thread: data.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/rand.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "proxy/dthread.h"
#include "proxy/lb.h"
#include "proxy/lb_in.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define DECAY_US	10000000u
#define LATENCY_MAX_US	60000000u
#define LATENCY_FAILED_US 1000u		/* at least, of a server that failed */
#define UNKNOWN		1e12
#define DRAWS		6

struct ewma_state {
	struct lb_set	 set;
	struct lb_draw	 draw;
	double		 decay_us;
};

static void *
ewma_build(struct proxy *px, unsigned thread)
{
	struct ewma_state *st = xmalloc(sizeof(*st));

	(void)thread;
	lb_set_init(&st->set, px, false);
	lb_draw_init(&st->draw, &st->set);
	st->decay_us = px->set.lb.decay_us > 0 ? (double)px->set.lb.decay_us : DECAY_US;
	return st;
}

static void
ewma_free(void *state)
{
	struct ewma_state *st = state;

	lb_draw_fini(&st->draw);
	lb_set_fini(&st->set);
	free(st);
}

/* What is left of a weight after the time since the last answer. */
static double
faded(const struct ewma_state *st, const struct server_thread *c)
{
	uint64_t us = clock_now_us > c->ewma_at_us ? clock_now_us - c->ewma_at_us : 0;

	return us == 0 ? 1.0 : exp(-(double)us / st->decay_us);
}

static double
cost(const struct ewma_state *st, const struct lb_item *it)
{
	const struct server_thread *c = &it->live->threads[dt->id];
	double load = gauge_get(&it->live->inflight);

	if (c->ewma_us == 0)
		return load == 0 ? 0 : UNKNOWN + load;
	return (double)c->ewma_us * faded(st, c) * (load + 1) / it->weight;
}

static struct server *
ewma_pick(struct proxy *px, void *state, struct txn *t, const struct server *avoid,
    bool *ret_full)
{
	const struct ewma_state *st = state;
	const struct lb_item *best = NULL;
	struct lb_search s = { .avoid = avoid };
	int found = 0;

	(void)px;
	(void)t;
	if (st->set.n == 0)
		return NULL;
	for (int i = 0; i < DRAWS && found < 2; i++) {
		const struct lb_item *it = &st->set.items[lb_draw(&st->draw)];

		if (it == best || !lb_fits(&s, it->srv))
			continue;
		if (best == NULL || cost(st, it) < cost(st, best))
			best = it;
		found++;
	}
	if (best != NULL)
		return best->srv;
	return lb_scan(&st->set, rand_below(st->set.n), &s, ret_full);
}

static void
ewma_drop(struct proxy *px, void *state, struct server *srv, uint64_t total_us)
{
	const struct ewma_state *st = state;
	struct server_thread *c = &srv->live->threads[dt->id];
	double old = (double)c->ewma_us, keep = faded(st, c);

	(void)px;
	if (total_us == 0)
		return;
	if (total_us == LB_FAILED)
		total_us = 2 * c->ewma_us > LATENCY_FAILED_US ? 2 * c->ewma_us : LATENCY_FAILED_US;
	if (total_us > LATENCY_MAX_US)
		total_us = LATENCY_MAX_US;
	if ((double)total_us > old * keep)
		c->ewma_us = total_us;
	else
		c->ewma_us = (uint64_t)(old * keep + (double)total_us * (1 - keep)) + 1;
	c->ewma_at_us = clock_now_us;
}

static int
ewma_parse(struct cfg *c, struct proxy *px, char **args, int nargs)
{
	if (nargs == 0)
		return 0;
	if (nargs != 2 || strcmp(args[0], "decay") != 0) {
		diag_error(c->diag, "'balance peak-ewma' expects nothing or 'decay <time>'.");
		return -1;
	}
	if (cfg_duration(c, "balance peak-ewma", args[1], 1000, &px->set.lb.decay_us) == -1)
		return -1;
	if (px->set.lb.decay_us > 0)
		return 0;
	diag_error(c->diag, "'balance peak-ewma' expects a decay of more than 0.");
	return -1;
}

static const struct lb_algo algos[] = {
	{ .name = "peak-ewma", .flags = LB_DYNAMIC | LB_FLOW, .syntax = "[decay <time>]",
	    .help = "Of two drawn servers the one that promises the sooner answer.",
	    .parse = ewma_parse, .build = ewma_build, .free = ewma_free, .pick = ewma_pick,
	    .drop = ewma_drop },
	{ 0 }
};

const struct module mod_lb_ewma = { .name = "lb_ewma", .lb = algos };
