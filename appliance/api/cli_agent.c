/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands about agent checks. What is set here holds until the process ends,
 * over reloads too.
 *
 * Thread: control.
 */
#include "api/cli_agent.h"

#include <string.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "base/module.h"
#include "base/str.h"
#include "ctl/agent.h"
#include "ctl/health.h"
#include "net/addr.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

/* NULL after an error: there is none, or it was disabled. */
static struct check *
agent_of(struct cli *c, struct server *srv)
{
	struct check_view v;

	if (health_agent_view(srv->live, &v) && v.enabled)
		return srv->live->agent;
	cli_err(c, "agent checks are not enabled on this server.");
	return NULL;
}

void
cli_agent_state(struct cli *c, struct server *srv, const char *word)
{
	bool is_up = strcmp(word, "up") == 0;

	if (agent_of(c, srv) == NULL)
		return;
	if (!is_up && strcmp(word, "down") != 0)
		cli_err(c, "'set server <srv> agent' expects 'up' or 'down'.");
	else
		(void)health_agent_force(srv->live, is_up);
}

static bool
read_port(struct cli *c, const char *word, uint16_t *ret_port)
{
	uint64_t n;

	if (!str_to_u64(str_of(word), &n))
		cli_err(c, "provided port is not an integer");
	else if (n == 0 || n > UINT16_MAX)
		cli_err(c, "provided port is invalid");
	else {
		*ret_port = (uint16_t)n;
		return true;
	}
	return false;
}

/* An address, no name: nothing may block here. `port N` may follow. */
void
cli_agent_addr(struct cli *c, struct server *srv, const char *word)
{
	struct check *chk;
	struct addr a;
	uint16_t port = 0;
	char err[128];

	if (word[0] == '\0') {
		cli_err(c, "set server <b>/<s> agent-addr requires an address and "
		    "optionally a port.");
		return;
	}
	chk = agent_of(c, srv);
	if (chk == NULL)
		return;
	if (addr_parse(word, ADDR_DEFAULT_PORT_OK, &a, err, sizeof err) == -1 ||
	    (a.kind != ADDR_INET && a.kind != ADDR_INET6)) {
		cli_err(c, "invalid addr '%s'", word);
		return;
	}
	if (strcmp(cli_arg(c, 3), "port") == 0) {
		if (!read_port(c, cli_arg(c, 4), &port))
			return;
		addr_set_port(&a, port);
	}
	agent_set_address(chk, &a);
}

void
cli_agent_port(struct cli *c, struct server *srv, const char *word)
{
	struct check *chk;
	uint16_t port;

	if (word[0] == '\0') {
		cli_err(c, "set server <b>/<s> agent-port requires a port.");
		return;
	}
	chk = agent_of(c, srv);
	if (chk != NULL && read_port(c, word, &port))
		agent_set_port(chk, port);
}

void
cli_agent_send(struct cli *c, struct server *srv, const char *word)
{
	struct check *chk = agent_of(c, srv);

	if (chk != NULL)
		agent_set_send(chk, word);
}

static void
enable_agent(struct cli *c)
{
	struct server *srv = cli_find_server(c, cli_arg(c, 0));

	if (srv != NULL && !health_agent_enable(srv->live, true))
		cli_err(c, "Agent was not configured on this server, cannot enable.");
}

static void
disable_agent(struct cli *c)
{
	struct server *srv = cli_find_server(c, cli_arg(c, 0));

	if (srv != NULL)
		(void)health_agent_enable(srv->live, false);
}

static const struct cli_row rows[] = {
	{ "enable agent", CLI_ADMIN, CLI_F_CHANGE, enable_agent, "<bk>/<srv>",
	  "resume the agent checks of a server" },
	{ "disable agent", CLI_ADMIN, CLI_F_CHANGE, disable_agent, "<bk>/<srv>",
	  "suspend the agent checks of a server" },
	{ 0 }
};

const struct module mod_cli_agent = { .name = "cli_agent", .cli = rows };
