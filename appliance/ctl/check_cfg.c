/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the configuration says of checks: options of server lines, `option
 * httpchk` and its kin, `http-check`. A line inherits what stands above it
 * (default-server, defaults) by pointer; `owner` tells whose copy it is, and the
 * first change makes an own one. When all was read each checked server is
 * settled: where to connect, over what, for how long.
 *
 * Thread: the one that loads.
 */
#include <limits.h>
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
#define RISE		2
#define FALL		3
#define MAX_US		(2147483647ull * 1000)
#define SEND_PROXY	(SRV_SEND_PROXY_V1 | SRV_SEND_PROXY_V2 | SRV_SEND_PROXY_V2_SSL)

static struct check_conf *
conf_own(struct cfg *c, struct server *srv)
{
	struct check_conf *conf;

	if (srv->check != NULL && srv->check->owner == srv)
		return srv->check;
	conf = arena_alloc(c->arena, sizeof(*conf));
	if (srv->check != NULL)
		*conf = *srv->check;
	else {
		conf->inter_us = INTER_US;
		conf->rise = RISE;
		conf->fall = FALL;
	}
	conf->owner = srv;
	srv->check = conf;
	return conf;
}

static struct check_conf *
conf_of(struct cfg *c)
{
	WEIR_ASSERT(c->option_object != NULL);
	return conf_own(c, c->option_object);
}

static struct check_proxy *
proxy_own(struct cfg *c, struct proxy *px)
{
	struct check_proxy *cp;

	if (px->set.check != NULL && px->set.check->owner == px)
		return px->set.check;
	cp = arena_alloc(c->arena, sizeof(*cp));
	if (px->set.check != NULL)
		*cp = *px->set.check;
	cp->owner = px;
	px->set.check = cp;
	return cp;
}

/* ---- options of server lines ---- */

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
		diag_error(c->diag, "'%s' : %s", row->name, err);
		return -1;
	}
	if (a->is_dgram || a->kind == ADDR_FD) {
		diag_error(c->diag, "'%s' : '%s' is no address to connect to", row->name, args[0]);
		return -1;
	}
	conf_of(c)->addr = a;
	return 0;
}

static int
opt_init_state(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const names[] = {
		[CHECK_INIT_UP] = "up", [CHECK_INIT_FULLY_UP] = "fully-up",
		[CHECK_INIT_DOWN] = "down", [CHECK_INIT_FULLY_DOWN] = "fully-down",
	};

	(void)nargs;
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(args[0], names[i]) == 0) {
			conf_of(c)->init_state = (uint8_t)i;
			return 0;
		}
	diag_error(c->diag, "'%s' expects one of 'fully-up', 'up', 'down' and 'fully-down' "
	    "(got '%s')", row->name, args[0]);
	return -1;
}

static int
opt_tls(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct check_conf *conf = conf_of(c);

	(void)args;
	(void)nargs;
	conf->wants_tls = row->arg != 0;
	conf->no_tls = row->arg == 0;
	return 0;
}

/* ---- lines of backends ---- */

static int
parse_option(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const struct check_type *type = (const struct check_type *)row->arg;
	struct proxy *px = proxy_of(c);
	struct check_proxy *cp;

	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	cp = proxy_own(c, px);
	if (c->is_no || c->is_default) {
		if (cp->type == type)
			cp->type = NULL;
		return 0;
	}
	cp->type = type;
	cp->names_step = false;
	return type->parse(c, cp, args, nargs);
}

typedef int http_check_fn(struct cfg *, struct check_proxy *, char **, int);

static int
parse_http_check(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	http_check_fn *fn = row->arg != 0 ? check_http_send : check_http_expect;

	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	return fn(c, proxy_own(c, proxy_of(c)), args, nargs);
}

/* ---- when all was read ---- */

static int
settle_address(struct cfg *c, struct server *srv, struct check_conf *conf)
{
	uint16_t port = conf->port;

	conf->to = conf->addr != NULL ? *conf->addr : srv->addr;
	if (conf->to.kind != ADDR_INET && conf->to.kind != ADDR_INET6)
		return 0;
	if (port == 0 && conf->addr != NULL)
		port = addr_port(conf->addr);
	if (port == 0 && srv->has_port)
		port = addr_port(&srv->addr);
	if (port == 0) {
		diag_error(c->diag, "server '%s/%s' has neither service port nor check port, "
		    "so it cannot be checked.", srv->backend->name, srv->name);
		return -1;
	}
	addr_set_port(&conf->to, port);
	return 0;
}

/* TLS and the PROXY header are the server's own, unless the check goes to
 * another address or port. */
static int
settle_layers(struct cfg *c, struct server *srv, struct check_conf *conf)
{
	bool is_same = conf->port == 0 && conf->addr == NULL;

	conf->sends_proxy = is_same && (srv->flags & SEND_PROXY);
	conf->is_tls = conf->wants_tls || (is_same && !conf->no_tls && (srv->flags & SRV_SSL));
	if (!conf->is_tls || srv->tls != NULL)
		return 0;
	diag_error(c->diag, "server '%s/%s': 'check-ssl' needs 'ssl': TLS for checks alone is "
	    "built in a later release.", srv->backend->name, srv->name);
	return -1;
}

static uint64_t
min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Without timeout check the whole check has one interval; with it that long from
 * the connection on, which has the shorter of the interval and timeout connect. */
static void
settle_times(const struct proxy *px, struct check_conf *conf)
{
	conf->connect_us = conf->inter_us;
	conf->timeout_us = px->set.timeout.check;
	if (conf->timeout_us != 0)
		conf->connect_us = min_u64(conf->inter_us, proxy_timeout_connect(px));
}

static uint64_t
hash(uint64_t key, const void *mem, size_t len)
{
	return key * 31 + str_hash((struct str){ mem, len });
}

static int
settle(struct cfg *c, struct proxy *px, struct server *srv)
{
	struct check_conf *conf = conf_own(c, srv);

	conf->px = px->set.check;
	conf->type = conf->px != NULL && conf->px->type != NULL ? conf->px->type : &check_type_tcp;
	settle_times(px, conf);
	if (settle_address(c, srv, conf) == -1 || settle_layers(c, srv, conf) == -1)
		return -1;
	conf->key = hash(0, &conf->type, sizeof(conf->type));
	conf->key = hash(conf->key, &conf->to.u, conf->to.len);
	conf->key = hash(conf->key, &srv->tls, sizeof(srv->tls));
	conf->key = conf->key * 4 + conf->is_tls * 2u + conf->sends_proxy;
	return conf->type == &check_type_http ? check_http_settle(c, srv, conf) : 0;
}

static int
post_checks(struct cfg *c)
{
	int r = 0;

	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next)
		for (struct server *srv = px->server_list; srv != NULL; srv = srv->next) {
			if (!(srv->flags & SRV_CHECK))
				continue;
			diag_at(c->diag, srv->file, srv->line);
			if (settle(c, px, srv) == -1)
				r = -1;
		}
	return r;
}

/* ---- rows ---- */

#define LATER	"built in a later release."
#define TLS	"own TLS settings of checks are built in a later release; the server's hold."

#define OPTION(name, n, fn, arg, syntax, help) \
	{ name, IN_SERVER, KW_OBEYED, n, n, 0, fn, arg, syntax, help }
#define TIME(member) \
	CFG_FIELD(CFG_TIME, struct check_conf, member, .min = 1, .max = MAX_US)
#define COUNT(member, most) \
	CFG_FIELD(CFG_UINT, struct check_conf, member, .min = 1, .max = (most))
#define FLAGS(...)	CFG_FIELD(CFG_BITS, struct server, flags, __VA_ARGS__)
#define NOT_YET(name, in, why) \
	{ name, in, KW_REFUSED, 0, 0, KW_F_ANY_ARGS | KW_F_NO, NULL, 0, "", why }
#define S(name, why)	NOT_YET(name, IN_SERVER, why)
#define P(name, why)	NOT_YET(name, IN_PROXY, why)

static const struct kw_row rows[] = {
	OPTION("check", 0, cfg_set_option, FLAGS(.set = SRV_CHECK), "",
	    "Watch this server; without it it is always used."),
	OPTION("no-check", 0, cfg_set_option, FLAGS(.clear = SRV_CHECK), "", "Undoes check."),
	OPTION("inter", 1, opt_field, TIME(inter_us), "<time>",
	    "Time between checks; 2s by default."),
	OPTION("fastinter", 1, opt_field, TIME(fastinter_us), "<time>",
	    "Time between checks while the state is about to change; inter by default."),
	OPTION("downinter", 1, opt_field, TIME(downinter_us), "<time>",
	    "Time between checks while the server is down; inter by default."),
	OPTION("rise", 1, opt_field, COUNT(rise, INT16_MAX), "<count>",
	    "Good checks to come up; 2 by default."),
	OPTION("fall", 1, opt_field, COUNT(fall, INT16_MAX), "<count>",
	    "Bad checks to go down; 3 by default."),
	OPTION("port", 1, opt_field, COUNT(port, UINT16_MAX), "<port>",
	    "Port that checks connect to."),
	OPTION("addr", 1, opt_addr, 0, "<address>", "Address that checks connect to."),
	OPTION("init-state", 1, opt_init_state, 0, "fully-up|up|down|fully-down",
	    "State before the first check; up, one failure from down, by default."),
	OPTION("check-ssl", 0, opt_tls, 1, "",
	    "Checks use the server's TLS on their own port too."),
	OPTION("no-check-ssl", 0, opt_tls, 0, "", "Checks are plain though the server uses TLS."),
	S("check-alpn", TLS), S("check-sni", TLS), S("check-sni-auto", TLS),
	S("no-check-sni-auto", TLS), S("check-proto", LATER), S("check-via-socks4", LATER),
	S("check-send-proxy", LATER), S("no-check-send-proxy", LATER),
	S("check-reuse-pool", LATER), S("no-check-reuse-pool", LATER),
	S("check-pool-conn-name", LATER),
	S("healthcheck", LATER),

	{ "option httpchk", IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS | KW_F_NO, parse_option,
	    (intptr_t)&check_type_http, "[<method>] [<uri>] [<version>]",
	    "Checks send a request and judge the status of its answer." },
	{ "option tcp-check", IN_PROXY, KW_OBEYED, 0, 0, KW_F_NO, parse_option,
	    (intptr_t)&check_type_tcp, "", "Checks connect and that is all." },
	{ "http-check send", IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS, parse_http_check, 1,
	    "[meth <m>] [uri <u>] [ver <v>] [hdr <name> <value>]... [body <b>]",
	    "The request of option httpchk." },
	{ "http-check expect", IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS, parse_http_check, 0,
	    "[!] status <code>[-<code>][,...]", "Which statuses pass; 200-399 by default." },
	P("http-check", "of its rules only 'send' and 'expect status' are built so far."),
	P("tcp-check", "rules of tcp-check are built in a later release."),
	P("option external-check", LATER), P("option ldap-check", LATER),
	P("option mysql-check", LATER), P("option pgsql-check", LATER),
	P("option redis-check", LATER), P("option smtpchk", LATER),
	P("option ssl-hello-chk", LATER),
	{ 0 }
};

static const struct post_row posts[] = { { "checks", post_checks }, { 0 } };

const struct module mod_check_cfg = { .name = "check_cfg", .cfg = rows, .post = posts };
