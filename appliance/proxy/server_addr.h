/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a server is: what the configuration says, unless a command or a name
 * server has set another address. That one lies in the live cell, so that a change
 * of address needs no new snapshot: control writes it, data threads read it when
 * they connect, and a version tells whether two readings were the same.
 */
#ifndef WEIR_PROXY_SERVER_ADDR_H
#define WEIR_PROXY_SERVER_ADDR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proxy/live.h"

struct addr;
struct ip_port;
struct server;

/* any thread */
/* 0 = as configured, ever since. Grows with each change: part of the key of idle
 * connections, which lead to the address of their time. */
static inline uint32_t
server_addr_version(const struct server_live *l)
{
	return atomic_load_explicit(&l->addr.version, memory_order_acquire);
}

/* The address now; *ret_has_port: false = the port is the client's. */
void	server_addr_now(const struct server *srv, struct addr *ret_addr, bool *ret_has_port);
/* The same without a port to connect to: for logs and statistics. */
struct ip_port server_ip_now(const struct server *srv);

/* control thread */
/* port 0 with has_port false: as configured (the client's). */
void	server_addr_set(struct server_live *l, const struct ip_port *to, bool has_port);
void	server_addr_reset(struct server_live *l);	/* as configured */
bool	server_addr_is_set(const struct server_live *l);

#endif
