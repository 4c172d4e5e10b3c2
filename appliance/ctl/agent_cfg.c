/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What server lines say of agent checks. An agent check is configured by a
 * struct check_conf like any other, of type check_type_agent; lines inherit by
 * pointer as in check_cfg.c.
 *
 * Thread: the one that loads.
 */
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/check.h"
#include "proxy/proxy.h"

#define INTER_US	2000000u
#define MAX_US		(2147483647ull * 1000)

static struct check_conf *
conf_own(struct cfg *c, struct server *srv)
{
	struct check_conf *conf;

	if (srv->agent != NULL && srv->agent->owner == srv)
		return srv->agent;
	conf = arena_alloc(c->arena, sizeof(*conf));
	if (srv->agent != NULL)
		*conf = *srv->agent;
	else
		conf->inter_us = INTER_US;
	conf->owner = srv;
	srv->agent = conf;
	return conf;
}

static struct check_conf *
conf_of(struct cfg *c)
{
	WEIR_ASSERT(c->option_object != NULL);
	return conf_own(c, c->option_object);
}

static int
opt_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, conf_of(c), args, nargs);
}

static int
opt_addr(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct addr *a = arena_alloc(c->arena, sizeof(*a));
	char err[256];

	(void)nargs;
	if (addr_parse(cfg_expand(c, args[0]), ADDR_RESOLVE | ADDR_DEFAULT_PORT_OK, a, err,
	    sizeof(err)) == -1) {
		diag_error(c->diag, "parsing %s failed. Check if '%s' is correct address: %s",
		    row->name, args[0], err);
		return -1;
	}
	if (a->kind != ADDR_INET && a->kind != ADDR_INET6) {
		diag_error(c->diag, "'%s' : '%s' is not an IP address", row->name, args[0]);
		return -1;
	}
	conf_of(c)->addr = a;
	return 0;
}

static int
opt_send(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)row;
	(void)nargs;
	conf_of(c)->send = str_of(args[0]);
	return 0;
}

/* ---- when all was read ---- */

static int
settle(struct cfg *c, const struct proxy *px, struct server *srv)
{
	struct check_conf *conf = conf_own(c, srv);
	uint64_t connect_us = proxy_timeout_connect(px);

	conf->type = &check_type_agent;
	conf->rise = conf->fall = 1;
	conf->to = conf->addr != NULL ? *conf->addr : srv->addr;
	if (conf->port == 0 && conf->addr != NULL)
		conf->port = addr_port(conf->addr);
	if (conf->port == 0) {
		diag_error(c->diag, "server %s does not have agent port. Agent check needs "
		    "'agent-port'.", srv->name);
		return -1;
	}
	if (conf->to.kind != ADDR_INET && conf->to.kind != ADDR_INET6) {
		diag_error(c->diag, "server '%s/%s' has no IP address, so 'agent-check' needs "
		    "'agent-addr'.", px->name, srv->name);
		return -1;
	}
	addr_set_port(&conf->to, conf->port);
	conf->timeout_us = px->set.timeout.check;
	conf->connect_us = conf->inter_us;
	if (conf->timeout_us != 0 && connect_us < conf->connect_us)
		conf->connect_us = connect_us;
	conf->key = str_hash((struct str){ (const char *)&conf->to.u, conf->to.len }) * 31 +
	    str_hash(conf->send);
	return 0;
}

static int
post_agents(struct cfg *c)
{
	int r = 0;

	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next)
		for (struct server *srv = px->server_list; srv != NULL; srv = srv->next) {
			if (!(srv->flags & SRV_AGENT))
				continue;
			diag_at(c->diag, srv->file, srv->line);
			if (settle(c, px, srv) == -1)
				r = -1;
		}
	return r;
}

#define OPTION(name, n, fn, arg, syntax, help) \
	{ name, IN_SERVER, KW_OBEYED, n, n, 0, fn, arg, syntax, help }
#define FLAGS(...)	CFG_FIELD(CFG_BITS, struct server, flags, __VA_ARGS__)
#define FIELD(...)	CFG_FIELD(__VA_ARGS__)

static const struct kw_row rows[] = {
	OPTION("agent-check", 0, cfg_set_option, FLAGS(.set = SRV_AGENT), "",
	    "Ask a program at the server for its weight, state and health."),
	OPTION("no-agent-check", 0, cfg_set_option, FLAGS(.clear = SRV_AGENT), "",
	    "Undoes agent-check."),
	OPTION("agent-addr", 1, opt_addr, 0, "<address>",
	    "Where the agent is; the server's address by default."),
	OPTION("agent-port", 1, opt_field,
	    FIELD(CFG_UINT, struct check_conf, port, .min = 1, .max = UINT16_MAX), "<port>",
	    "Port of the agent; must be written."),
	OPTION("agent-inter", 1, opt_field,
	    FIELD(CFG_TIME, struct check_conf, inter_us, .min = 1, .max = MAX_US), "<time>",
	    "Time between agent checks; 2s by default."),
	OPTION("agent-send", 1, opt_send, 0, "<text>",
	    "What the agent is sent first; nothing is added to it."),
	{ 0 }
};

static const struct post_row posts[] = { { "agents", post_agents }, { 0 } };

const struct module mod_agent_cfg = { .name = "agent_cfg", .cfg = rows, .post = posts };
