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
#include "api/cli_find.h"
#include "api/cli_set_where.h"
#include "base/module.h"
#include "base/str.h"
#include "ctl/health.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"

#define MAX_WEIGHT	256

static void
changed(struct server *srv)
{
	live_server_changed(srv->backend->live, srv->live);
	queue_kick(srv->backend->live, srv->live);
}

/* ---- weight ---- */

/* The digits at the front of a word, as the C library reads them; false: none. */
static bool
leading_number(const char *word, long *ret_n, const char **ret_end)
{
	char *end;

	*ret_n = strtol(word, &end, 10);
	*ret_end = end;
	return end != word;
}

/* NULL, or what is wrong. N%: of the configured weight, rounded down. */
static const char *
weight_of(const char *word, uint32_t initial, uint32_t *ret_weight)
{
	const char *end;
	long n;

	if (word[0] == '\0')
		return "Require <weight> or <weight%>.";
	if (!leading_number(word, &n, &end))
		return "Empty weight string empty or preceded by garbage";
	if (strcmp(end, "%") == 0) {
		if (n < 0)
			return "Relative weight must be positive.";
		if (n > 100 * MAX_WEIGHT)
			n = 100 * MAX_WEIGHT;
		*ret_weight = (uint32_t)n * initial / 100;
		if (*ret_weight > MAX_WEIGHT)
			*ret_weight = MAX_WEIGHT;
		return NULL;
	}
	if (*end != '\0')
		return "Trailing garbage in weight string";
	if (n < 0 || n > MAX_WEIGHT)
		return "Absolute weight can only be between 0 and 256 inclusive.";
	*ret_weight = (uint32_t)n;
	return NULL;
}

static bool
is_dynamic(const struct proxy *px)
{
	return px->set.lb.algo == NULL || (px->set.lb.algo->flags & LB_DYNAMIC);
}

static void
change_weight(struct cli *c, struct server *srv, const char *word)
{
	struct server_live *l = srv->live;
	const char *wrong;
	uint32_t weight;

	wrong = weight_of(word, atomic_load(&l->iweight), &weight);
	if (wrong == NULL && !is_dynamic(srv->backend) && weight != 0 &&
	    weight != atomic_load(&l->iweight))
		wrong = "Backend is using a static LB algorithm and only accepts weights "
		    "'0%' and '100%'.";
	if (wrong != NULL) {
		cli_err(c, "%s", wrong);
		return;
	}
	atomic_store(&l->uweight, weight);
	changed(srv);
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
	if (strcmp(word, "up") == 0)
		health_force(srv->live, SRV_OP_RUNNING);
	else if (strcmp(word, "stopping") == 0)
		health_force(srv->live, SRV_OP_STOPPING);
	else if (strcmp(word, "down") == 0)
		health_force(srv->live, SRV_OP_STOPPED);
	else
		cli_err(c, "'set server <srv> health' expects 'up', 'stopping', or 'down'.");
}

static void
no_agent(struct cli *c, struct server *srv, const char *word)
{
	(void)srv, (void)word;
	cli_err(c, "agent checks are not enabled on this server.");
}

static const struct {
	const char	*name;
	void		(*change)(struct cli *c, struct server *srv, const char *word);
} what_of_server[] = {
	{ "addr", cli_set_addr }, { "agent", no_agent }, { "agent-addr", no_agent },
	{ "agent-port", no_agent }, { "agent-send", no_agent },
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
	const char *word = cli_arg(c, 1), *end;
	long n;

	if (srv == NULL)
		return;
	if (word[0] == '\0')
		cli_err(c, "Require <maxconn>.");
	else if (!leading_number(word, &n, &end))
		cli_err(c, "maxconn string empty or preceded by garbage");
	else if (*end != '\0')
		cli_err(c, "Trailing garbage in maxconn string");
	else if (n < 0 || n >= LIVE_NOT_SET)
		cli_err(c, "Value out of range.");
	else {
		srv->live->maxconn_set = (uint32_t)n;
		changed(srv);
	}
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
