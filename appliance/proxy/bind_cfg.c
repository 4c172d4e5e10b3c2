/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `bind ADDR[,ADDR...] [options]`: the options are parsed once, into a template;
 * each address, and each port of a range, gets a copy of it. So the copies of
 * one line share what the options point to (tls_conf). Options of TLS are rows
 * of proxy/tls_cfg.c. Nothing is opened here. `stats socket` in the global
 * section takes the same options (bind_conf_parse). Runs in the loading thread.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/ident.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "proxy/bind_cfg.h"
#include "proxy/proxy.h"

static struct bind_conf *
bind_of(struct cfg *c)
{
	WEIR_ASSERT(c->option_object != NULL);
	return c->option_object;
}

/* ---- addresses ---- */

static struct bind_conf *
bind_copy(struct cfg *c, const struct bind_conf *tpl, const struct addr *a, unsigned port)
{
	struct bind_conf *b = arena_alloc(c->arena, sizeof(*b));

	*b = *tpl;
	b->addr = *a;
	if (a->port_lo != a->port_hi) {
		b->addr.port_lo = b->addr.port_hi = (uint16_t)port;
		addr_set_port(&b->addr, (uint16_t)port);
	}
	return b;
}

/* One element of the comma list; appends at *tail. */
static int
bind_add(struct cfg *c, const char *what, const struct bind_conf *tpl, const char *text,
    struct bind_conf ***tail)
{
	struct addr a;
	char err[256];
	unsigned port;

	if (addr_parse(text, ADDR_NEED_PORT | ADDR_PORT_RANGE | ADDR_RESOLVE, &a, err,
	    sizeof(err)) == -1) {
		diag_error(c->diag, "'%s' : %s", what, err);
		return -1;
	}
	if (a.is_dgram) {
		diag_error(c->diag, "'%s' : '%s' is a datagram address, a stream is needed",
		    what, text);
		return -1;
	}
	if (tpl->id != 0 && a.port_lo != a.port_hi) {
		diag_error(c->diag, "'%s' : 'id' can only be used with a single socket", what);
		return -1;
	}
	for (port = a.port_lo; port <= a.port_hi; port++) {
		**tail = bind_copy(c, tpl, &a, port);
		(**tail)->text = text;
		*tail = &(**tail)->next;
	}
	return 0;
}

static int
bind_add_all(struct cfg *c, const char *what, const struct bind_conf *tpl, const char *list,
    struct bind_conf **ret_binds)
{
	struct bind_conf **tail = ret_binds;
	struct str rest = str_of(list), elem;
	int r = 0, n = 0;

	while (str_next_elem(&rest, ',', &elem)) {
		if (bind_add(c, what, tpl, arena_strndup(c->arena, elem.p, elem.len), &tail) == -1)
			r = -1;
		n++;
	}
	if (n == 0) {
		diag_error(c->diag, "'%s' : missing address", what);
		r = -1;
	}
	if (n > 1 && tpl->id != 0) {
		diag_error(c->diag, "'%s' : 'id' can only be used with a single socket", what);
		r = -1;
	}
	return r;
}

int
bind_conf_parse(struct cfg *c, const char *what, uint32_t in, struct bind_conf *tpl,
    char **args, int nargs, struct bind_conf **ret_binds)
{
	int r;

	*ret_binds = NULL;
	tpl->file = c->file;
	tpl->line = c->line;
	tpl->text = args[0];
	c->option_object = tpl;
	r = cfg_parse_options(c, in, args + 1, nargs - 1);
	c->option_object = NULL;
	if (bind_add_all(c, what, tpl, args[0], ret_binds) == -1)
		r = -1;
	return r;
}

static int
parse_bind(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	struct bind_conf tpl = { .frontend = px }, *binds, **tail;
	int r;

	if (px->cap & CAP_DEFAULTS) {
		diag_error(c->diag, "'bind' not allowed in 'defaults' section.");
		return -1;
	}
	if (!proxy_takes(c, CAP_FRONTEND, row->name, NULL))
		return 0;
	r = bind_conf_parse(c, "bind", IN_BIND, &tpl, args, nargs, &binds);
	for (tail = &px->binds; *tail != NULL; tail = &(*tail)->next)
		;
	*tail = binds;
	for (; binds != NULL; binds = binds->next)
		px->nbinds++;
	return r;
}

/* ---- options ---- */

static int
opt_mode(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	unsigned long mode;
	char *end;

	(void)row;
	(void)nargs;
	errno = 0;
	mode = strtoul(args[0], &end, 8);
	if (*end != '\0' || end == args[0] || errno != 0 || mode > 0777) {
		diag_error(c->diag, "'mode' : missing or invalid mode '%s' (octal integer "
		    "expected)", args[0]);
		return -1;
	}
	bind_of(c)->mode = (mode_t)mode;
	return 0;
}

static int
opt_user(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct bind_conf *b = bind_of(c);

	(void)row;
	(void)nargs;
	if (!ident_user(args[0], &b->uid)) {
		diag_error(c->diag, "'user' : unknown user name '%s'", args[0]);
		return -1;
	}
	b->user = args[0];
	b->has_uid = true;
	return 0;
}

static int
opt_group(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct bind_conf *b = bind_of(c);

	(void)row;
	(void)nargs;
	if (!ident_group(args[0], &b->gid)) {
		diag_error(c->diag, "'group' : unknown group name '%s'", args[0]);
		return -1;
	}
	b->group = args[0];
	b->has_gid = true;
	return 0;
}

static int
opt_level(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const levels[] = { "user", "operator", "admin" };
	unsigned i;

	(void)row;
	(void)nargs;
	for (i = 0; i < ARRAY_LEN(levels); i++)
		if (strcmp(args[0], levels[i]) == 0) {
			bind_of(c)->level = (uint8_t)(i + 1);
			return 0;
		}
	diag_error(c->diag, "'level' only supports 'user', 'operator', and 'admin' (got '%s')",
	    args[0]);
	return -1;
}

/* ---- rows ---- */

#define F(kind, member, ...)	CFG_FIELD(kind, struct bind_conf, member, ##__VA_ARGS__)
#define FIELD(name, field, syntax, help) \
	{ name, IN_BIND, KW_OBEYED, 1, 1, 0, cfg_set_option, field, syntax, help }
#define FLAG(name, member, help) \
	{ name, IN_BIND, KW_OBEYED, 0, 0, 0, cfg_set_option, \
	    F(CFG_BITS, member, .set = true), "", help }
#define ID(member)	F(CFG_UINT, member, .max = UINT32_MAX - 1, \
	.has = offsetof(struct bind_conf, has_##member))
#define NO_EFFECT(name, n, syntax, why) \
	{ name, IN_BIND, KW_NO_EFFECT, n, n, 0, NULL, 0, syntax, why }
#define REFUSED(name, why) \
	{ name, IN_BIND, KW_REFUSED, 0, 0, KW_F_ANY_ARGS, NULL, 0, "", why }

static const struct kw_row rows[] = {
	{ "bind", IN_PROXY, KW_OBEYED, 1, 0, KW_F_ANY_ARGS | KW_F_ADDRESS, parse_bind, 0,
	    "<address>[,<address>...] [<option>...]",
	    "Listen on these addresses; a port may be a range." },

	FIELD("name", F(CFG_TEXT, name), "<name>",
	    "Name of the listener in logs and statistics."),
	FIELD("id", F(CFG_UINT, id, .min = 1), "<number>",
	    "Number of the listener, from 1; by default in order."),
	FIELD("maxconn", F(CFG_UINT, maxconn), "<number>",
	    "Connections on this listener at a time."),
	FIELD("backlog", F(CFG_UINT, backlog), "<number>",
	    "Length of the kernel's queue of new connections."),
	FIELD("interface", F(CFG_TEXT, interface), "<name>",
	    "Take connections from this network interface only."),
	FLAG("accept-proxy", accept_proxy,
	    "Each connection starts with a PROXY header, version 1 or 2."),
	FLAG("defer-accept", defer_accept, "Accept when the first bytes have come."),
	FLAG("tfo", tfo, "TCP Fast Open."),
	FLAG("transparent", transparent, "Listen on addresses that are not ours."),
	FLAG("v4v6", v4v6, "An IPv6 wildcard takes IPv4 connections too."),
	FLAG("v6only", v6only, "An IPv6 wildcard takes no IPv4 connections."),
	{ "mode", IN_BIND, KW_OBEYED, 1, 1, 0, opt_mode, 0, "<octal>",
	    "Access mode of a unix socket." },
	{ "user", IN_BIND, KW_OBEYED, 1, 1, 0, opt_user, 0, "<name>",
	    "Owner of a unix socket." },
	{ "group", IN_BIND, KW_OBEYED, 1, 1, 0, opt_group, 0, "<name>",
	    "Group of a unix socket." },
	FIELD("uid", ID(uid), "<number>",
	    "Owner of a unix socket, as a number."),
	FIELD("gid", ID(gid), "<number>",
	    "Group of a unix socket, as a number."),
	{ "proto", IN_BIND, KW_OBEYED, 1, 1, 0, proto_parse, 0, "h1",
	    "Protocol of the connections; only HTTP/1 so far." },
	{ "level", IN_BIND | IN_STATS_SOCKET, KW_OBEYED, 1, 1, 0, opt_level, 0,
	    "user|operator|admin", "What a client of this stats socket may do." },
	{ "expose-fd", IN_BIND | IN_STATS_SOCKET, KW_REFUSED, 1, 1, 0, NULL, 0, "listeners",
	    "handing out listening sockets (-x) is built in a later release; a reload keeps "
	    "them." },

	NO_EFFECT("thread", 1, "<set>", "Each data thread serves every listener."),
	NO_EFFECT("shards", 1, "<number>|by-thread|by-group",
	    "There is always one socket per data thread."),
	NO_EFFECT("nice", 1, "<number>", "A data thread serves its connections in turn."),

	REFUSED("guid-prefix", "global identifiers are built in a later release."),
	REFUSED("accept-netscaler-cip", "the NetScaler header is not supported; use accept-proxy."),
	REFUSED("mss", "the segment size of listeners is not built."),
	REFUSED("tcp-ut", "TCP user timeouts are not built; timeout client applies."),
	REFUSED("tcp-md5sig", "TCP signatures are not built."),
	REFUSED("namespace", "network namespaces are not built."),
	REFUSED("process", "there is one process; threads are set by nbthread."),
	REFUSED("quic-cc-algo", "QUIC is not built."),
	REFUSED("quic-force-retry", "QUIC is not built."),
	REFUSED("quic-socket", "QUIC is not built."),
	{ 0 }
};

const struct module mod_bind_cfg = { .name = "bind_cfg", .cfg = rows };
