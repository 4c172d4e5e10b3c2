/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Passive health, a soft eject in balancing only: a server with at least 3
 * timeouts, resets or junk answers within 5 s that are at least half of its
 * requests is skipped for 5 s x n (at most 60 s) while another one is usable.
 * Its status stays UP. `option no-passive-health` turns it off, and so does
 * `observe` for its server.
 */
#ifndef WEIR_PROXY_PASSIVE_H
#define WEIR_PROXY_PASSIVE_H

#include <stdbool.h>

struct proxy;
struct server;

/* data thread */
void	passive_failure(struct proxy *be, struct server *srv);
void	passive_success(struct proxy *be, struct server *srv);
bool	passive_is_ejected(const struct server *srv);
void	passive_picked(struct server *srv);	/* by balancing: may be the probe */

#endif
