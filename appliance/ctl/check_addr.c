/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a check goes: what the configuration settled, unless the server has another
 * address now, or a command set one for its checks.
 *
 * Thread: control.
 */
#include "ctl/check.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/server_addr.h"

/* The server's address of now, on the checks' port. */
static void
follow_server(const struct check *chk, struct addr *to)
{
	const struct check_conf *conf = chk->conf;
	uint16_t port = addr_port(&conf->to);
	bool has_port;

	server_addr_now(chk->srv, to, &has_port);
	if (conf->port != 0 || !has_port)
		addr_set_port(to, port);
}

void
check_address(const struct check *chk, struct addr *ret_to)
{
	const struct server_live *l = chk->live;
	uint16_t port;

	*ret_to = chk->conf->to;
	if (chk->conf->addr == NULL && server_addr_version(l) != 0)
		follow_server(chk, ret_to);
	if (chk->is_agent)		/* agent.c keeps what commands set */
		return;
	port = addr_port(ret_to);
	if (l->check_addr != NULL)
		*ret_to = *l->check_addr;
	if (l->check_port != 0)
		port = l->check_port;
	if (ret_to->kind == ADDR_INET || ret_to->kind == ADDR_INET6)
		addr_set_port(ret_to, port);
}
