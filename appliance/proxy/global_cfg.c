/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The `global` section: process, limits, sizes and stats sockets. Words without
 * meaning here are in noeffect_cfg.c, those that are built later in later_cfg.c;
 * TLS and logs have files of their own. What a word says is only written down;
 * main and the rooms obey it. Runs in the thread that loads.
 */
#include <errno.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/ident.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/bind_cfg.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/stick_codes.h"

struct global *
global_of(struct cfg *c)
{
	struct global *g = c->snap->global;

	if (g != NULL)
		return g;
	g = c->snap->global = arena_alloc(c->arena, sizeof(*g));
	g->bufsize = 16384;
	g->maxrewrite = 1024;
	g->maxhdr = 101;
	g->cookielen = 64;
	g->min_body_rate = 100;
	g->maxaccept = 64;
	g->max_handshakes = 1024;
	g->stats_timeout_us = 10 * 1000000;
	g->stats_maxconn = 64;
	g->metrics_memory = 64u << 20;
	g->metrics_space = 2ull << 30;
	g->stick_counters = 3;
	stick_codes_default(g->http_err_codes, g->http_fail_codes);
	return g;
}

static int
parse_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, global_of(c), args, nargs);
}

/* ---- numbers with limits of their own ---- */

static int
parse_nbthread(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)row;
	(void)nargs;
	if (!str_to_u64(str_of(args[0]), &v) || v < 1 || v > 64) {
		diag_error(c->diag, "'nbthread' value must be between 1 and 64 (was %s)", args[0]);
		return -1;
	}
	global_of(c)->nbthread = (unsigned)v;
	return 0;
}

static int
parse_thread_groups(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (cfg_uint(c, row->name, args[0], 0, UINT32_MAX, &v) == -1)
		return -1;
	if (v == 1)
		return 0;
	diag_error(c->diag, "'thread-groups' : only one group of threads is supported (got %s); "
	    "use nbthread.", args[0]);
	return -1;
}

static int
parse_min_body_rate(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)nargs;
	if (strcmp(args[0], "off") == 0) {
		global_of(c)->min_body_rate = 0;
		return 0;
	}
	return cfg_size(c, row->name, args[0], &global_of(c)->min_body_rate);
}

static int
parse_spread_checks(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (!str_to_u64(str_of(args[0]), &v) || v > 50) {
		diag_error(c->diag, "'%s' needs a positive value in range 0..50.", row->name);
		return -1;
	}
	global_of(c)->spread_checks = (unsigned)v;
	return 0;
}

/* ---- users ---- */

static int
parse_user(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct global *g = global_of(c);

	(void)row;
	(void)nargs;
	if (!ident_user(args[0], &g->uid)) {
		diag_error(c->diag, "cannot find user id for '%s' (%d:%s)", args[0], errno,
		    strerror(errno));
		return -1;
	}
	g->user = args[0];
	g->has_uid = true;
	return 0;
}

static int
parse_group(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct global *g = global_of(c);

	(void)row;
	(void)nargs;
	if (!ident_group(args[0], &g->gid)) {
		diag_error(c->diag, "cannot find group id for '%s' (%d:%s)", args[0], errno,
		    strerror(errno));
		return -1;
	}
	g->group = args[0];
	g->has_gid = true;
	return 0;
}

/* ---- stats sockets, logs ---- */

static int
parse_stats_socket(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct global *g = global_of(c);
	struct bind_conf tpl = { .level = 2 }, *binds, **tail;
	int r;

	if (nargs == 0) {
		diag_error(c->diag, "'%s' in global section expects an address or a path to a "
		    "UNIX socket", row->name);
		return -1;
	}
	r = bind_conf_parse(c, row->name, IN_BIND | IN_STATS_SOCKET, &tpl, args, nargs, &binds);
	for (tail = &g->stats_binds; *tail != NULL; tail = &(*tail)->next)
		;
	*tail = binds;
	return r;
}

static int
parse_send_hostname(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)row;
	global_of(c)->log_send_hostname = nargs > 0 ? args[0] : "";
	return 0;
}

/* ---- rows ---- */

#define F(kind, member, ...)	CFG_FIELD(kind, struct global, member, ##__VA_ARGS__)
#define ROW(name, n, fn, arg, syntax, help) \
	{ name, IN_GLOBAL, KW_OBEYED, n, n, 0, fn, arg, syntax, help }
#define FIELD(name, field, syntax, help) \
	ROW(name, 1, parse_field, field, syntax, help)
#define FLAG(name, member, help) \
	{ name, IN_GLOBAL, KW_OBEYED, 0, 0, KW_F_NO, parse_field, \
	    F(CFG_BITS, member, .set = true), "", help }
#define ID(member)	F(CFG_UINT, member, .max = UINT32_MAX - 1, \
	.has = offsetof(struct global, has_##member))

static const struct kw_row rows[] = {
	FIELD("maxconn", F(CFG_UINT, maxconn), "<number>",
	    "Client connections at a time; by default from the limit of descriptors."),
	ROW("nbthread", 1, parse_nbthread, 0, "<1..64>", "Data threads; one per core by default."),
	ROW("thread-groups", 1, parse_thread_groups, 0, "1", "Groups of threads; only one."),
	FIELD("ulimit-n", F(CFG_UINT, ulimit_n), "<number>", "Limit of open descriptors."),
	FIELD("maxpipes", F(CFG_UINT, maxpipes), "<number>",
	    "Pipes for splicing; a quarter of maxconn by default."),
	FIELD("maxconnrate", F(CFG_UINT, maxconnrate), "<number>",
	    "New connections a second, whole process; the rest waits."),
	FIELD("maxsessrate", F(CFG_UINT, maxsessrate), "<number>",
	    "New sessions a second, whole process; the rest waits."),
	FIELD("maxsslrate", F(CFG_UINT, maxsslrate), "<number>",
	    "New TLS connections a second, whole process; the rest waits."),
	FIELD("grace", F(CFG_TIME, grace_us), "<time>",
	    "Time between the signal of a soft stop and the end of listening."),
	FIELD("tune.pipesize", F(CFG_SIZE, pipesize), "<size>",
	    "Size of pipes for splicing; 256k by default."),
	FIELD("maxsslconn", F(CFG_UINT, maxsslconn), "<number>",
	    "TLS connections at a time, whole process."),
	FLAG("nosplice", nosplice, "Never splice."),
	FLAG("noreuseport", noreuseport, "One listening socket for all threads."),
	FLAG("daemon", daemon, "Go to the background."),
	FLAG("quiet", quiet, "No messages at start but alerts."),
	FLAG("zero-warning", zero_warning, "A warning fails the start."),
	FLAG("strict-limits", strict_limits,
	    "A maxconn or ulimit-n that cannot be had fails the start, instead of a warning."),
	FLAG("expose-experimental-directives", experimental, "Accept experimental words."),
	ROW("user", 1, parse_user, 0, "<name>", "User to run as."),
	ROW("group", 1, parse_group, 0, "<name>", "Group to run as."),
	FIELD("uid", ID(uid), "<number>", "User to run as, as a number."),
	FIELD("gid", ID(gid), "<number>", "Group to run as, as a number."),
	FIELD("chroot", F(CFG_TEXT, chroot), "<folder>", "New root folder once started."),
	FIELD("pidfile", F(CFG_TEXT, pidfile), "<file>", "File for the process id."),
	FIELD("node", F(CFG_TEXT, node), "<name>", "Name of this machine in statistics."),
	{ "description", IN_GLOBAL, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_field,
	    F(CFG_LINE, description), "<text>", "A text for statistics." },
	FIELD("localpeer", F(CFG_TEXT, localpeer), "<name>", "Name of this process."),
	FIELD("hard-stop-after", F(CFG_TIME, hard_stop_after_us), "<time>",
	    "A soft stop becomes a hard one after this time."),
	ROW("spread-checks", 1, parse_spread_checks, 0, "<0..50>",
	    "Percent by which intervals of checks vary."),
	FIELD("max-spread-checks", F(CFG_TIME, max_spread_checks_us, .min = 1), "<time>",
	    "The first checks start within this time; by default the shortest interval."),

	{ "stats socket", IN_GLOBAL, KW_OBEYED, 0, 0, KW_F_ANY_ARGS | KW_F_ADDRESS,
	    parse_stats_socket, 0, "<address> [level <level>] [mode <octal>] [<option>...]",
	    "A socket for commands." },
	FIELD("stats timeout", F(CFG_TIME, stats_timeout_us), "<time>",
	    "Idle time of a client of the stats socket; 10s by default."),
	FIELD("stats maxconn", F(CFG_UINT, stats_maxconn), "<number>",
	    "Clients of the stats socket at a time; 64 by default."),

	FIELD("metrics-memory", F(CFG_SIZE, metrics_memory, .min = 1u << 20), "<size>",
	    "Memory for metrics that lie in no file; 64m by default."),
	FIELD("metrics-space",
	    F(CFG_SIZE, metrics_space, .min = 64u << 20, .max = 1ull << 50), "<size>",
	    "Room for metrics in state-dir; 2g by default."),

	FIELD("log-tag", F(CFG_TEXT, log_tag), "<text>", "Name of this process in log lines."),
	{ "log-send-hostname", IN_GLOBAL, KW_OBEYED, 0, 1, 0, parse_send_hostname, 0, "[<name>]",
	    "Log lines carry the name of this machine, or this name." },

	FIELD("tune.bufsize", F(CFG_SIZE, bufsize, .min = 1024, .max = 1048576), "<size>",
	    "A received head is at most this large; 16384 by default."),
	FIELD("tune.maxrewrite", F(CFG_SIZE, maxrewrite, .max = 1048576), "<size>",
	    "Room for headers that rules add; 1024 by default."),
	FIELD("tune.http.cookielen", F(CFG_UINT, cookielen, .min = 2, .max = 8192), "<number>",
	    "Most bytes that capture cookie keeps, plus one; 64 by default."),
	FIELD("tune.http.maxhdr", F(CFG_UINT, maxhdr, .min = 1, .max = 32767), "<1..32767>",
	    "Fields of a message; 101 by default."),
	ROW("tune.http.min-body-rate", 1, parse_min_body_rate, 0, "<bytes>|off",
	    "A request body slower than this, a second, is refused; 100 by default."),
	FIELD("tune.ssl.max-handshakes", F(CFG_UINT, max_handshakes), "<number>",
	    "TLS handshakes under way at a time; 1024 by default."),
	FIELD("tune.maxaccept", F(CFG_UINT, maxaccept), "<number>",
	    "Connections accepted in one pass; 64 by default."),
	FIELD("tune.rcvbuf.client", F(CFG_SIZE, rcvbuf_client), "<size>",
	    "Kernel's receive buffer of clients."),
	FIELD("tune.rcvbuf.server", F(CFG_SIZE, rcvbuf_server), "<size>",
	    "Kernel's receive buffer of servers."),
	FIELD("tune.sndbuf.client", F(CFG_SIZE, sndbuf_client), "<size>",
	    "Kernel's send buffer of clients."),
	FIELD("tune.sndbuf.server", F(CFG_SIZE, sndbuf_server), "<size>",
	    "Kernel's send buffer of servers."),
	{ 0 }
};

const struct module mod_global_cfg = { .name = "global_cfg", .cfg = rows };
