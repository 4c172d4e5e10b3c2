/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that were set at run time; see server_addr.h. The cell is a seqlock:
 * the version is odd while control writes; a reader that saw it change reads again.
 *
 * Threads: control writes, any reads.
 */
#include "proxy/server_addr.h"

#include <string.h>

#include "net/addr.h"
#include "proxy/cookie_map.h"
#include "proxy/proxy.h"

#define HAS_PORT	0x10000u
#define FAMILY_SHIFT	24

void
server_addr_set(struct server_live *l, const struct ip_port *to, bool has_port)
{
	struct live_addr *a = &l->addr;
	uint32_t v = atomic_load_explicit(&a->version, memory_order_relaxed);
	uint64_t ip[2] = { 0, 0 };

	memcpy(ip, &to->ip, sizeof to->ip);
	atomic_store_explicit(&a->version, v + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&a->ip[0], ip[0], memory_order_relaxed);
	atomic_store_explicit(&a->ip[1], ip[1], memory_order_relaxed);
	atomic_store_explicit(&a->meta, (uint32_t)to->family << FAMILY_SHIFT | to->port |
	    (has_port ? HAS_PORT : 0), memory_order_relaxed);
	atomic_store_explicit(&a->version, v + 2, memory_order_release);
	if (l->conf != NULL)
		cookie_map_moved(l->conf);
}

void
server_addr_reset(struct server_live *l)
{
	static const struct ip_port none;

	if (server_addr_is_set(l))
		server_addr_set(l, &none, false);
}

bool
server_addr_is_set(const struct server_live *l)
{
	return atomic_load_explicit(&l->addr.meta, memory_order_relaxed) >> FAMILY_SHIFT != 0;
}

/* False: as configured. */
static bool
read_cell(const struct live_addr *a, struct ip_port *ret_ip, bool *ret_has_port)
{
	uint32_t before, after, meta;
	uint64_t ip[2];

	do {
		before = atomic_load_explicit(&a->version, memory_order_acquire);
		ip[0] = atomic_load_explicit(&a->ip[0], memory_order_relaxed);
		ip[1] = atomic_load_explicit(&a->ip[1], memory_order_relaxed);
		meta = atomic_load_explicit(&a->meta, memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&a->version, memory_order_relaxed);
	} while (before != after || (before & 1));
	memset(ret_ip, 0, sizeof *ret_ip);
	ret_ip->family = (uint8_t)(meta >> FAMILY_SHIFT);
	ret_ip->port = (uint16_t)meta;
	memcpy(&ret_ip->ip, ip, sizeof ret_ip->ip);
	*ret_has_port = meta & HAS_PORT;
	return ret_ip->family != 0;
}

void
server_addr_now(const struct server *srv, struct addr *ret_addr, bool *ret_has_port)
{
	const struct addr *conf = &srv->addr;
	struct ip_port ip;
	bool has_port;

	*ret_addr = *conf;
	*ret_has_port = srv->has_port;
	if (srv->live == NULL || server_addr_version(srv->live) == 0 ||
	    !read_cell(&srv->live->addr, &ip, &has_port))
		return;
	*ret_has_port = has_port;
	ret_addr->kind = ip.family == AF_INET6 ? ADDR_INET6 : ADDR_INET;
	ret_addr->len = ip_port_sockaddr(&ip, &ret_addr->u.ss);
	if (has_port) {
		ret_addr->port_lo = ret_addr->port_hi = ip.port;
		ret_addr->port_sign = 0;
	} else		/* `+N`, `-N` and none are the configuration's */
		addr_set_port(ret_addr, addr_port(conf));
}

struct ip_port
server_ip_now(const struct server *srv)
{
	struct addr a;
	bool has_port;

	server_addr_now(srv, &a, &has_port);
	return ip_port_of(&a.u.sa);
}
