/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is measured once a second: rates and their maxima, of each proxy and
 * server (in their live cells) and of the process (here).
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_TICK_H
#define WEIR_CTL_TICK_H

#include <stdint.h>

struct tick_rate {
	uint64_t	 now, max;	/* per second */
	uint64_t	 prev;		/* the total at the last tick */
};

struct tick {
	struct tick_rate conns, sessions, ssl, ssl_keys, bytes_out;
	unsigned	 idle_pct;	/* of the last second, average of the data threads */
	uint64_t	 busy_us;	/* total of the data threads at the last tick */
	uint64_t	 at_us;
	uint64_t	 generation, first_generation;	/* grows by one each tick */
};

extern struct tick tick;

/* Totals of the process: sums over the data threads. */
struct totals {
	uint64_t	 conns, reqs, ssl, handshakes, resumed, bytes_out, spliced;
};
struct totals totals_now(void);
void	tick_clear_maxima(void);
/* A tick that is due at this very instant runs now: who reads metrics of the second
 * that has just ended finds them, whoever's timer came first. */
void	tick_catch_up(void);

#endif
