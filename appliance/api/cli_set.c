/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that change servers: state, weight, health, maxconn. Silence is
 * success. States go through ctl/health.h, which tells balancing, the queues and
 * the logs; weights and limits change the live cell here.
 *
 * Thread: control.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_agent.h"
#include "api/cli_find.h"
#include "api/cli_set_where.h"
#include "base/module.h"
#include "base/str.h"
#include "ctl/health.h"
#include "ctl/server_set.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

/* ---- weight ---- */

static void
say_wrong(struct cli *c, const char *wrong)
{
	if (wrong != NULL)
		cli_err(c, "%s", wrong);
}

static void
change_weight(struct cli *c, struct server *srv, const char *word)
{
	say_wrong(c, server_set_weight(srv, word));
}

static void
set_weight(struct cli *c)
{
	struct server *srv = cli_find_server(c, cli_arg(c, 0));

	if (srv != NULL)
		change_weight(c, srv, cli_arg(c, 1));
}

static void
get_weight(struct cli *c)
{
	const struct server *srv = cli_find_server(c, cli_arg(c, 0));

	if (srv != NULL)
		outbuf_fmt(&c->out, "%u (initial %u)\n", atomic_load(&srv->live->uweight),
		    atomic_load(&srv->live->iweight));
}

/* ---- state ---- */

static void
to_ready(struct server *srv)
{
	health_set_admin(srv->live, 0, SRV_ADM_FMAINT | SRV_ADM_CMAINT | SRV_ADM_FDRAIN);
}

static void
to_drain(struct server *srv)
{
	health_set_admin(srv->live, SRV_ADM_FDRAIN, SRV_ADM_FMAINT | SRV_ADM_CMAINT);
}

static void
to_maint(struct server *srv)
{
	health_set_admin(srv->live, SRV_ADM_FMAINT, SRV_ADM_FDRAIN);
}

static void
change_state(struct cli *c, struct server *srv, const char *word)
{
	if (strcmp(word, "ready") == 0)
		to_ready(srv);
	else if (strcmp(word, "drain") == 0)
		to_drain(srv);
	else if (strcmp(word, "maint") == 0)
		to_maint(srv);
	else
		cli_err(c, "'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
}

static void
change_health(struct cli *c, struct server *srv, const char *word)
{
	if (srv->tracks != NULL)
		cli_err(c, "cannot change health on a tracking server.");
	else if (strcmp(word, "up") == 0)
		health_force(srv->live, SRV_OP_RUNNING);
	else if (strcmp(word, "stopping") == 0)
		health_force(srv->live, SRV_OP_STOPPING);
	else if (strcmp(word, "down") == 0)
		health_force(srv->live, SRV_OP_STOPPED);
	else
		cli_err(c, "'set server <srv> health' expects 'up', 'stopping', or 'down'.");
}

static const struct {
	const char	*name;
	void		(*change)(struct cli *c, struct server *srv, const char *word);
} what_of_server[] = {
	{ "addr", cli_set_addr }, { "agent", cli_agent_state },
	{ "agent-addr", cli_agent_addr }, { "agent-port", cli_agent_port },
	{ "agent-send", cli_agent_send },
	{ "check-addr", cli_set_check_addr },
	{ "check-port", cli_set_check_port }, { "fqdn", cli_set_fqdn },
	{ "health", change_health },
	{ "name", cli_set_name }, { "ssl", cli_set_ssl }, { "state", change_state },
	{ "weight", change_weight },
};

#define NWHAT	(sizeof what_of_server / sizeof what_of_server[0])

static void
set_server(struct cli *c)
{
	struct server *srv = cli_find_server(c, cli_arg(c, 0));

	if (srv == NULL)
		return;
	for (size_t i = 0; i < NWHAT; i++)
		if (strcmp(cli_arg(c, 1), what_of_server[i].name) == 0) {
			what_of_server[i].change(c, srv, cli_arg(c, 2));
			return;
		}
	cli_err(c, "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | "
	    "agent-send | check-addr | check-port | fqdn | health | name | ssl | state | weight");
}

static void
enable_server(struct cli *c)
{
	struct server *srv = cli_find_server(c, cli_arg(c, 0));

	if (srv != NULL)
		to_ready(srv);
}

static void
disable_server(struct cli *c)
{
	struct server *srv = cli_find_server(c, cli_arg(c, 0));

	if (srv != NULL)
		health_set_admin(srv->live, SRV_ADM_FMAINT, 0);
}

static void
enable_health(struct cli *c)
{
	struct server *srv = cli_find_server(c, cli_arg(c, 0));

	if (srv != NULL && !health_enable(srv->live, true))
		cli_err(c, "Health check was not configured on this server, cannot enable.");
}

static void
disable_health(struct cli *c)
{
	struct server *srv = cli_find_server(c, cli_arg(c, 0));

	if (srv != NULL)
		(void)health_enable(srv->live, false);
}

/* ---- maxconn ---- */

static void
set_maxconn_server(struct cli *c)
{
	struct server *srv = cli_find_server(c, cli_arg(c, 0));

	if (srv != NULL)
		say_wrong(c, server_set_maxconn(srv, cli_arg(c, 1)));
}

static const struct cli_row rows[] = {
	{ "set server", CLI_ADMIN, CLI_F_CHANGE, set_server, "<bk>/<srv> [opts]",
	  "change the state, weight or health of a server" },
	{ "set weight", CLI_ADMIN, CLI_F_CHANGE, set_weight, "<bk>/<srv> <weight>",
	  "change the weight of a server" },
	{ "get weight", CLI_USER, 0, get_weight, "<bk>/<srv>", "report the weight of a server" },
	{ "enable server", CLI_ADMIN, CLI_F_CHANGE, enable_server, "<bk>/<srv>",
	  "end the maintenance of a server" },
	{ "disable server", CLI_ADMIN, CLI_F_CHANGE, disable_server, "<bk>/<srv>",
	  "put a server into maintenance" },
	{ "enable health", CLI_ADMIN, CLI_F_CHANGE, enable_health, "<bk>/<srv>",
	  "resume the health checks of a server" },
	{ "disable health", CLI_ADMIN, CLI_F_CHANGE, disable_health, "<bk>/<srv>",
	  "suspend the health checks of a server" },
	{ "set maxconn server", CLI_ADMIN, CLI_F_CHANGE, set_maxconn_server, "<bk>/<srv> <n>",
	  "change the maxconn of a server" },
	{ 0 }
};

const struct module mod_cli_set = { .name = "cli_set", .cli = rows };
