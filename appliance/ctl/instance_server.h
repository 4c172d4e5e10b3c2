/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The servers of an instance: one of its id in each backend of its group. They are
 * the overlay's, so a reload keeps them, and nobody else removes them.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_INSTANCE_SERVER_H
#define WEIR_CTL_INSTANCE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

struct instance;
struct server;

/* Adds those that are missing, takes away those of backends that the group has no more. */
void	servers_want(struct instance *i);
/* Nothing new goes to them; instance_drained is called when nothing is in flight, or
 * limit_us (schedule clock) has passed and what was left is closed. At once when there
 * are none. */
void	servers_drain(struct instance *i, uint64_t limit_us);
/* Nothing new goes to them, and what is in flight is closed. */
void	servers_cut(struct instance *i);
/* They go, on their own; i need not live on. */
void	servers_remove(struct instance *i);
/* All have passed a check (or are not checked); one has failed. */
bool	servers_are_up(const struct instance *i);
bool	servers_are_serving(const struct instance *i);
void	servers_each(const struct instance *i,
	    void (*fn)(const struct server *srv, void *arg), void *arg);
unsigned servers_inflight(const struct instance *i);
void	servers_start(void);
void	servers_stop(void);

#endif
