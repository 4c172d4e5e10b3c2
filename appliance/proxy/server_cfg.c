/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `server NAME ADDR [options]` and `default-server [options]`. A server starts
 * as a copy of its section's template, which `default-server` lines change from
 * there on; a template inherited from defaults was copied when the section was
 * opened. Options of TLS and of checks are rows of proxy/tls_cfg.c and of ctl.
 * Runs in the thread that loads; names are resolved there, once.
 */
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "net/pp.h"
#include "proxy/proxy.h"
#include "proxy/resolvers.h"
#include "proxy/sample.h"
#include "proxy/server_cfg.h"

#define TEMPLATE_MAX	10000u

static struct server *
server_of(struct cfg *c)
{
	WEIR_ASSERT(c->option_object != NULL);
	return c->option_object;
}

static struct server *
template_new(struct cfg *c, struct proxy *px)
{
	struct server *ds = arena_alloc(c->arena, sizeof(*ds));
	ds->backend = px;
	ds->weight = 1;
	ds->pool_max_conn = -1;
	ds->pool_purge_delay_us = 5000000;
	ds->error_limit = 10;
	return ds;
}

static struct server *
template_of(struct cfg *c, struct proxy *px)
{
	if (px->set.default_server == NULL)
		px->set.default_server = template_new(c, px);
	return px->set.default_server;
}

static int
parse_options(struct cfg *c, struct server *srv, char **args, int nargs)
{
	int r;

	c->option_object = srv;
	r = cfg_parse_options(c, IN_SERVER, args, nargs);
	c->option_object = NULL;
	return r;
}

/* A place for servers? 0, or -1 after an error. */
static int
check_section(struct cfg *c, const char *what)
{
	struct proxy *px = proxy_of(c);

	if (px->cap & CAP_BACKEND)
		return 0;
	if (px->cap & CAP_DEFAULTS)
		diag_error(c->diag, "'%s' not allowed in 'defaults' section.", what);
	else
		diag_error(c->diag, "'%s' not allowed because frontend '%s' has no backend "
		    "capability.", what, px->name);
	return -1;
}

static bool ignore_unresolvable;	/* -dr */

void
server_cfg_ignore_unresolvable(void)
{
	ignore_unresolvable = true;
}

/* 0, or -1 with a message in err. */
static int
find_address(struct cfg *c, struct server *srv, char *err, size_t size)
{
	if (!resolvers_is_name(c, srv->addr_text, &srv->fqdn))
		return addr_parse(srv->addr_text, ADDR_RESOLVE | ADDR_PORT_OFFSET |
		    ADDR_DEFAULT_PORT_OK, &srv->addr, err, size);
	return resolvers_init_addr(c, srv, err, size);
}

/* After the options, which say how names are resolved. */
static int
server_address(struct cfg *c, struct server *srv)
{
	char err[256];

	if (find_address(c, srv, err, sizeof err) == -1) {
		if (ignore_unresolvable && strstr(err, "could not resolve") != NULL) {
			diag_warn(c->diag, "'server %s/%s' : %s, it starts in maintenance",
			    srv->backend->name, srv->name, err);
			srv->flags |= SRV_DISABLED;
			srv->has_port = true;
			return 0;
		}
		diag_error(c->diag, "'server %s/%s' : %s", srv->backend->name, srv->name, err);
		return -1;
	}
	if (srv->addr.is_dgram || srv->addr.kind == ADDR_FD) {
		diag_error(c->diag, "'server %s/%s' : '%s' is no address to connect to",
		    srv->backend->name, srv->name, srv->addr_text);
		return -1;
	}
	if (srv->addr.port_sign != 0)
		srv->flags |= SRV_PORT_RELATIVE;
	srv->has_port = srv->addr.port_lo != 0 && srv->addr.port_sign == 0;
	return 0;
}

static int
check_server_name(struct cfg *c, struct proxy *px, const char *name)
{
	const struct server *other = server_find(px, name);
	char bad = proxy_name_bad_char(name);

	if (bad != '\0') {
		diag_error(c->diag, "character '%c' is not permitted in server name '%s'.",
		    bad, name);
		return -1;
	}
	if (other != NULL) {
		diag_error(c->diag, "%s '%s', another server named '%s' was already defined at "
		    "line %d, please use a distinct name.", proxy_type_name(px), px->name, name,
		    other->line);
		return -1;
	}
	return 0;
}

static void
server_link(struct cfg *c, struct proxy *px, struct server *srv)
{
	struct server **tail = px->server_tail != NULL ? px->server_tail : &px->server_list;

	*tail = srv;
	px->server_tail = &srv->next;
	px->nservers++;
	server_index_add(c->arena, px, srv);
}

/* A server that is like another one (or like a template) but for its name, id and
 * address. */
static struct server *
server_like(struct cfg *c, struct proxy *px, const struct server *like, char **args)
{
	struct server *srv = arena_alloc(c->arena, sizeof(*srv));

	*srv = *like;
	srv->next = srv->name_next = NULL;
	srv->backend = px;
	srv->file = c->file;
	srv->line = c->line;
	srv->name = args[0];
	srv->name_hash = (uint32_t)str_hash(str_of(srv->name));
	srv->id = 0;
	srv->fqdn = NULL;
	srv->no_addr = false;
	srv->cookie = NULL;		/* tells servers apart, so nobody inherits it */
	srv->addr_text = args[1];
	return srv;
}

static int
parse_server(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	struct server *srv;
	int r;

	if (check_section(c, row->name) == -1)
		return -1;
	if (nargs < 2) {
		diag_error(c->diag, "'server' expects <name> and <addr>[:<port>] as arguments.");
		return -1;
	}
	srv = server_like(c, px, template_of(c, px), args);
	r = check_server_name(c, px, srv->name);
	if (parse_options(c, srv, args + 2, nargs - 2) == -1)
		r = -1;
	if (server_address(c, srv) == -1)
		r = -1;
	if (r == 0)
		server_link(c, px, srv);
	return r;
}

/* `N` or `FROM-TO`; false after an error. */
static bool
template_range(struct cfg *c, const char *word, uint64_t *ret_from, uint64_t *ret_to)
{
	const char *dash = strchr(word, '-');
	struct str from = { word, dash != NULL ? (size_t)(dash - word) : 0 };

	*ret_from = 1;
	if ((dash != NULL && !str_to_u64(from, ret_from)) ||
	    !str_to_u64(str_of(dash != NULL ? dash + 1 : word), ret_to) || *ret_from < 1 ||
	    *ret_to < *ret_from || *ret_to - *ret_from >= TEMPLATE_MAX) {
		diag_error(c->diag, "'server-template' expects a number of servers, or a range of "
		    "numbers, at most %u (got '%s').", TEMPLATE_MAX, word);
		return false;
	}
	return true;
}

static int
parse_template(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t from, to;
	char *own[2];
	char **options;

	if (check_section(c, row->name) == -1)
		return -1;
	if (nargs < 3) {
		diag_error(c->diag, "'server-template' expects <prefix> <nb | range> "
		    "<addr>[:<port>] as arguments.");
		return -1;
	}
	if (!template_range(c, args[1], &from, &to))
		return -1;
	options = arena_calloc(c->arena, (size_t)nargs + 1, sizeof *options);
	for (; from <= to; from++) {
		own[0] = arena_printf(c->arena, "%s%llu", args[0], (unsigned long long)from);
		own[1] = cfg_expand(c, args[2]);
		memcpy(options, own, sizeof own);
		memcpy(options + 2, args + 3, ((size_t)nargs - 3) * sizeof *options);
		options[nargs - 1] = NULL;
		if (parse_server(c, row, options, nargs - 1) == -1)
			return -1;
	}
	return 0;
}

/* ---- at run time ---- */

/* `from NAME` behind the address; NULL after an error. */
static const struct server *
model_of(struct cfg *c, struct proxy *px, char **args, int nargs, int *ret_used)
{
	const struct server *model;

	*ret_used = 2;
	if (nargs < 3 || strcmp(args[2], "from") != 0)
		return template_new(c, px);
	*ret_used = nargs < 4 ? 3 : 4;
	if (nargs >= 4 && strcmp(args[3], "default") == 0)
		return template_of(c, px);
	model = nargs >= 4 ? server_find(px, args[3]) : NULL;
	if (model == NULL)
		diag_error(c->diag, "'from' expects 'default' or the name of a server of "
		    "backend '%s'.", px->name);
	return model;
}

static bool
id_is_taken(const struct proxy *px, int id)
{
	const struct server *srv = px->server_list;

	while (srv != NULL && srv->id != id)
		srv = srv->next;
	return srv != NULL;
}

int
server_cfg_add(struct cfg *c, struct proxy *px, char **args, int nargs, int id)
{
	const struct server *model;
	struct server *srv;
	int used;

	diag_at(c->diag, NULL, 0);
	c->file = NULL;
	c->line = 0;
	c->context = arena_printf(c->arena, "'server %s/%s'", px->name, args[0]);
	model = model_of(c, px, args, nargs, &used);
	if (model == NULL)
		return -1;
	srv = server_like(c, px, model, args);
	srv->is_dynamic = true;
	srv->flags &= ~SRV_DISABLED;
	srv->resolve = NULL;
	if (check_server_name(c, px, srv->name) == -1 ||
	    parse_options(c, srv, args + used, nargs - used) == -1 ||
	    server_address(c, srv) == -1)
		return -1;
	if (id != 0)
		srv->id = id_is_taken(px, id) ? 0 : id;
	server_link(c, px, srv);
	return 0;
}

static int
parse_default_server(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);

	if (!(px->cap & CAP_DEFAULTS) && check_section(c, row->name) == -1)
		return -1;
	for (int i = 0; i < nargs; i++)
		px->set.default_server_text = px->set.default_server_text == NULL ? args[i] :
		    arena_printf(c->arena, "%s %s", px->set.default_server_text, args[i]);
	return parse_options(c, template_of(c, px), args, nargs);
}

/* ---- options ---- */

static int
opt_id(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct server *srv = server_of(c), *other;
	uint64_t v;

	(void)nargs;
	if (srv->name == NULL) {
		diag_error(c->diag, "'id' belongs to one server, not to default-server.");
		return -1;
	}
	if (cfg_uint(c, row->name, args[0], 1, INT32_MAX, &v) == -1)
		return -1;
	srv->id = (int)v;
	srv->has_own_id = true;
	for (other = srv->backend->server_list; other != NULL; other = other->next)
		if (other->id == srv->id) {
			diag_error(c->diag, "'server %s/%s' : 'id' : custom id %d already used at "
			    "%s:%d ('server %s').", srv->backend->name, srv->name, srv->id,
			    other->file, other->line, other->name);
			return -1;
		}
	return 0;
}

static int
opt_weight(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct server *srv = server_of(c);
	uint64_t v;

	(void)nargs;
	if (cfg_uint(c, row->name, args[0], 0, UINT32_MAX, &v) == -1)
		return -1;
	if (v > 256) {
		diag_error(c->diag, "weight of server %s is not within 0 and 256 (%s).",
		    srv->name != NULL ? srv->name : "default-server", args[0]);
		return -1;
	}
	srv->weight = (uint32_t)v;
	return 0;
}

static int
opt_pool_max_conn(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	int64_t v;

	(void)nargs;
	if (!str_to_i64(str_of(args[0]), &v) || v < -1 || v > INT32_MAX) {
		diag_error(c->diag, "'%s' must be >= -1 (got '%s')", row->name, args[0]);
		return -1;
	}
	server_of(c)->pool_max_conn = (int32_t)v;
	return 0;
}

static int
opt_pool_conn_name(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct server *srv = server_of(c);

	(void)row;
	(void)nargs;
	srv->pool_conn_name = expr_parse(c, srv->backend, args[0], USE_AT_REQ);
	if (srv->pool_conn_name == NULL)
		return -1;
	srv->flags |= SRV_POOL_NAMED;
	return 0;
}

static int
opt_pp2_options(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const struct { const char *name; uint32_t bit; } names[] = {
		{ "ssl", PP2_OPT_SSL }, { "cert-cn", PP2_OPT_SSL | PP2_OPT_CERT_CN },
		{ "ssl-cipher", PP2_OPT_SSL | PP2_OPT_SSL_CIPHER },
		{ "cert-sig", PP2_OPT_SSL | PP2_OPT_CERT_SIG },
		{ "cert-key", PP2_OPT_SSL | PP2_OPT_CERT_KEY },
		{ "authority", PP2_OPT_AUTHORITY }, { "crc32c", PP2_OPT_CRC32C },
		{ "unique-id", PP2_OPT_UNIQUE_ID },
	};
	struct str rest = str_of(args[0]), word;
	size_t i;

	(void)row;
	(void)nargs;
	while (str_next_elem(&rest, ',', &word)) {
		for (i = 0; i < ARRAY_LEN(names) && !str_is(word, names[i].name); i++)
			;
		if (i == ARRAY_LEN(names)) {
			diag_error(c->diag, "'" STR_FMT "' : proxy v2 option not implemented.",
			    STR_ARG(word));
			return -1;
		}
		server_of(c)->pp2_options |= names[i].bit;
	}
	return 0;
}

static int
opt_source(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return source_parse(c, row->name, args, nargs, &server_of(c)->source);
}

int
source_parse(struct cfg *c, const char *what, char **args, int nargs,
    const struct addr **ret_source)
{
	struct addr *a = arena_alloc(c->arena, sizeof(*a));
	const char *text = args[0];
	char err[256];

	if (nargs > 1) {
		diag_error(c->diag, "'%s' : '%s' is not supported: only a fixed address is built "
		    "in this release.", what, args[1]);
		return -1;
	}
	if (addr_parse(text, ADDR_RESOLVE | ADDR_DEFAULT_PORT_OK, a, err, sizeof(err)) == -1) {
		diag_error(c->diag, "'%s' : %s", what, err);
		return -1;
	}
	if (a->kind != ADDR_INET && a->kind != ADDR_INET6) {
		diag_error(c->diag, "'%s' : '%s' is not an IP address", what, text);
		return -1;
	}
	*ret_source = a;
	return 0;
}

/* ---- rows ---- */

#define F(kind, member, ...)	CFG_FIELD(kind, struct server, member, ##__VA_ARGS__)
#define OPTION(name, n, fn, arg, syntax, help) \
	{ name, IN_SERVER, KW_OBEYED, n, n, 0, fn, arg, syntax, help }
#define FIELD(name, field, syntax, help) \
	OPTION(name, 1, cfg_set_option, field, syntax, help)
#define FLAG(name, clear_or_set, bits, help) \
	OPTION(name, 0, cfg_set_option, F(CFG_BITS, flags, .clear_or_set = (bits)), "", help)
#define REFUSED(name, why) \
	{ name, IN_SERVER, KW_REFUSED, 0, 0, KW_F_ANY_ARGS, NULL, 0, "", why }

static const struct kw_row rows[] = {
	{ "server", IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS | KW_F_ADDRESS, parse_server, 0,
	    "<name> <address>[:<port>] [<option>...]", "A server of this backend." },
	{ "default-server", IN_PROXY, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_default_server, 0,
	    "<option>...", "Options that the servers below start with." },

	OPTION("weight", 1, opt_weight, 0, "<0..256>", "Share of the traffic; 1 by default."),
	FIELD("maxconn", F(CFG_UINT, maxconn), "<number>",
	    "Transactions at this server at a time; more wait in its queue. 0 = no limit."),
	FIELD("minconn", F(CFG_UINT, minconn), "<number>",
	    "The limit at low load; it grows to maxconn as the backend nears fullconn."),
	FIELD("maxqueue", F(CFG_UINT, maxqueue), "<number>",
	    "Waiting transactions; beyond it another server is chosen. 0 = no limit."),
	OPTION("pool-max-conn", 1, opt_pool_max_conn, 0, "<number>",
	    "Idle connections to keep; -1 = no limit, 0 = none."),
	FIELD("pool-low-conn", F(CFG_UINT, pool_low_conn), "<number>",
	    "Idle connections that each thread may keep for itself."),
	FIELD("pool-purge-delay", F(CFG_TIME, pool_purge_delay_us), "<time>",
	    "Idle connections are closed after this time; 5s by default."),
	OPTION("pool-conn-name", 1, opt_pool_conn_name, 0, "<expression>",
	    "Idle connections are reused for the same value only."),
	FIELD("slowstart", F(CFG_TIME, slowstart_us), "<time>",
	    "After a failure the weight grows to its value over this time."),
	OPTION("id", 1, opt_id, 0, "<number>", "Number of the server; by default in order."),
	{ "source", IN_SERVER, KW_OBEYED, 1, 3, 0, opt_source, 0, "<address>[:<port>]",
	    "Local address of connections to this server." },
	OPTION("proxy-v2-options", 1, opt_pp2_options, 0, "<name>[,<name>...]",
	    "What a PROXY v2 header tells besides addresses."),
	OPTION("proto", 1, proto_parse, 0, "h1", "Protocol to the server; only HTTP/1 so far."),
	OPTION("ws", 1, proto_parse, 0, "h1", "Protocol of WebSockets; only HTTP/1 so far."),

	FLAG("backup", set, SRV_BACKUP, "Used when no other server is usable."),
	FLAG("no-backup", clear, SRV_BACKUP, "Undoes backup."),
	FLAG("non-stick", set, SRV_NON_STICK, "Stick tables never remember this server."),
	FLAG("disabled", set, SRV_DISABLED, "Starts in maintenance."),
	FLAG("enabled", clear, SRV_DISABLED, "Undoes disabled."),
	FLAG("send-proxy", set, SRV_SEND_PROXY_V1,
	    "Connections start with a PROXY header, version 1."),
	FLAG("no-send-proxy", clear, SRV_SEND_PROXY_V1, "Undoes send-proxy."),
	FLAG("send-proxy-v2", set, SRV_SEND_PROXY_V2,
	    "Connections start with a PROXY header, version 2."),
	FLAG("no-send-proxy-v2", clear, SRV_SEND_PROXY_V2, "Undoes send-proxy-v2."),
	FLAG("send-proxy-v2-ssl", set, SRV_SEND_PROXY_V2_SSL,
	    "PROXY header, version 2, that tells of the client's TLS."),
	FLAG("no-send-proxy-v2-ssl", clear, SRV_SEND_PROXY_V2_SSL,
	    "Undoes send-proxy-v2-ssl."),

	REFUSED("dyncookie", "write dynamic on the backend's cookie line."),
	REFUSED("redir", "use an http-request redirect rule."),
	REFUSED("guid", "global identifiers are built in a later release."),
	REFUSED("socks4", "SOCKS4 is built in a later release."),
	REFUSED("namespace", "network namespaces are not built."),
	REFUSED("tcp-ut", "TCP user timeouts are not built; timeout server applies."),
	REFUSED("tfo", "TCP Fast Open to servers is not built."),
	REFUSED("log-proto", "log forwarding is built in a later release."),
	REFUSED("log-bufsize", "log forwarding is built in a later release."),
	REFUSED("set-proxy-v2-tlv-fmt", "own TLVs of PROXY headers are built in a later release."),
	REFUSED("shard", "peers are built in a later release."),
	REFUSED("hash-key", "hash keys of servers are built in a later release."),
	{ "server-template", IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS, parse_template, 0,
	    "<prefix> <number>|<from>-<to> <name>[:<port>] [<option>...]",
	    "Several servers with the addresses that a name has." },
	{ 0 }
};

const struct module mod_server_cfg = { .name = "server_cfg", .cfg = rows };
