/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instance refresh: the instances of a group are replaced, some at a time, so that
 * enough of them serve all the while.
 */
#ifndef WEIR_CTL_REFRESH_H
#define WEIR_CTL_REFRESH_H

#include <stdbool.h>
#include <stdint.h>

struct group;

#define REFRESH_CHECKPOINTS	20u

/* `refresh [min-healthy PCT] [max-healthy PCT] [warmup D] [checkpoint PCT... wait D]
 * [rollback]`; in the snapshot's arena. */
struct refresh_conf {
	unsigned	 min_healthy, max_healthy;	/* percent */
	bool		 has_warmup;
	uint64_t	 warmup_us, wait_us;
	unsigned	 ncheckpoints, checkpoints[REFRESH_CHECKPOINTS];	/* percent */
	bool		 rolls_back;	/* when it fails */
};

/* any thread */
extern const struct refresh_conf refresh_default;
/* "90%"; the sign may be left out. */
bool	refresh_percent(const char *word, unsigned max, unsigned *ret);
/* How many instances may go now. */
struct refresh_count {
	uint32_t	 desired, healthy;	/* healthy: in service, warmed up */
	uint32_t	 surge;			/* more than desired are wanted */
	uint32_t	 old, total;		/* still to be replaced, of so many */
	unsigned	 min_healthy;
	unsigned	 upto;			/* percent: to the next checkpoint */
};
uint32_t refresh_share(uint32_t of, unsigned pct);	/* rounded up */
uint32_t refresh_may_go(const struct refresh_count *c);

/* control thread */
/* Replaces all instances, or those only that are not of the current version. NULL, or
 * why not; ret_id: UUID_TEXT bytes. */
const char *refresh_start(struct group *g, const struct refresh_conf *conf, bool only_outdated,
	    char *ret_id);
const char *refresh_cancel(struct group *g, char *ret_id);
/* "ID InProgress 40%: 3 of 5 replaced"; false: there was none. */
bool	refresh_text(const struct group *g, char *buf, unsigned size);

#endif
