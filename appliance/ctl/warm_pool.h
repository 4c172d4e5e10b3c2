/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Warm pools: instances beside a group that were launched already, but do not serve;
 * when the group grows they are taken first. They run, or they are stopped until then.
 */
#ifndef WEIR_CTL_WARM_POOL_H
#define WEIR_CTL_WARM_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct group;
struct instance;

/* `warm-pool MIN [prepared N] [state running|stopped] [reuse]`; in the snapshot's arena. */
struct warm_pool_conf {
	int		 line;
	uint32_t	 min;
	bool		 has_prepared;
	uint32_t	 prepared;	/* in the group and the pool together */
	bool		 stops;		/* its instances wait stopped */
	bool		 reuses;	/* what leaves the group comes back */
};

/* any thread */
/* How many it shall have. */
uint32_t warm_pool_goal(const struct warm_pool_conf *w, uint32_t desired, uint32_t max);

/* control thread, for scaler.c */
unsigned warm_pool_size(const struct group *g);
bool	warm_pool_stops(const struct group *g);
/* One that is ready, rather one that runs, NULL: none. */
struct instance *warm_pool_ready(const struct group *g);
/* Instances that it lacks; those that died, are outdated or too many are ended. */
unsigned warm_pool_fit(struct group *g);
/* An instance that leaves the group shall come into the pool. */
bool	warm_pool_wants(const struct group *g);

#endif
