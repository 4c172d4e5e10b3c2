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
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/bind_cfg.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

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
	g->min_body_rate = 100;
	g->maxaccept = 64;
	g->max_handshakes = 1024;
	g->stats_timeout_us = 10 * 1000000;
	g->stats_maxconn = 64;
	return g;
}

#define FIELD(c, row, type)	((type *)(void *)((char *)global_of(c) + (row)->arg))

/* ---- words that fill one field ---- */

static int
parse_flag(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)args;
	(void)nargs;
	*FIELD(c, row, bool) = !c->is_no && !c->is_default;
	return 0;
}

static int
parse_text(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)nargs;
	*FIELD(c, row, const char *) = args[0];
	return 0;
}

static int
parse_u32(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (cfg_uint(c, row->name, args[0], 0, INT32_MAX, &v) == -1)
		return -1;
	*FIELD(c, row, uint32_t) = (uint32_t)v;
	return 0;
}

static int
parse_u64(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)nargs;
	return cfg_uint(c, row->name, args[0], 0, INT32_MAX, FIELD(c, row, uint64_t));
}

static int
parse_size32(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (cfg_size(c, row->name, args[0], &v) == -1)
		return -1;
	if (v > INT32_MAX) {
		diag_error(c->diag, "'%s' : '%s' is too large.", row->name, args[0]);
		return -1;
	}
	*FIELD(c, row, uint32_t) = (uint32_t)v;
	return 0;
}

static int
parse_time(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)nargs;
	return cfg_duration(c, row->name, args[0], 1000, FIELD(c, row, uint64_t));
}

/* Words up to the end of the line as one text */
static int
parse_line(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const char *text = "";
	int i;

	for (i = 0; i < nargs; i++)
		text = arena_printf(c->arena, "%s%s%s", text, i > 0 ? " " : "", args[i]);
	*FIELD(c, row, const char *) = text;
	return 0;
}

/* ---- numbers with limits of their own ---- */

static int
parse_nbthread(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (cfg_uint(c, row->name, args[0], 0, UINT32_MAX, &v) == -1)
		return -1;
	if (v < 1 || v > 64) {
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
parse_bufsize(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (cfg_size(c, row->name, args[0], &v) == -1)
		return -1;
	if (v < 1024 || v > 1048576) {
		diag_error(c->diag, "'%s' expects a size from 1024 to 1048576 (got '%s').",
		    row->name, args[0]);
		return -1;
	}
	global_of(c)->bufsize = (uint32_t)v;
	return 0;
}

static int
parse_maxrewrite(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (cfg_size(c, row->name, args[0], &v) == -1)
		return -1;
	if (v > 1048576) {
		diag_error(c->diag, "'%s' expects a size up to 1048576 (got '%s').", row->name,
		    args[0]);
		return -1;
	}
	global_of(c)->maxrewrite = (uint32_t)v;
	return 0;
}

static int
parse_maxhdr(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (cfg_uint(c, row->name, args[0], 1, 32767, &v) == -1)
		return -1;
	global_of(c)->maxhdr = (uint16_t)v;
	return 0;
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

static int
parse_uid(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct global *g = global_of(c);
	uint64_t v;

	(void)nargs;
	if (cfg_uint(c, row->name, args[0], 0, UINT32_MAX - 1, &v) == -1)
		return -1;
	if (row->arg == 'u') {
		g->has_uid = true;
		g->uid = (uid_t)v;
	} else {
		g->has_gid = true;
		g->gid = (gid_t)v;
	}
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

#define AT(member)	offsetof(struct global, member)
#define ROW(name, n, fn, arg, syntax, help) \
	{ name, IN_GLOBAL, KW_OBEYED, n, n, 0, fn, arg, syntax, help }
#define FLAG(name, member, help) \
	{ name, IN_GLOBAL, KW_OBEYED, 0, 0, KW_F_NO, parse_flag, AT(member), "", help }

static const struct kw_row rows[] = {
	ROW("maxconn", 1, parse_u64, AT(maxconn), "<number>",
	    "Client connections at a time; by default from the limit of descriptors."),
	ROW("nbthread", 1, parse_nbthread, 0, "<1..64>", "Data threads; one per core by default."),
	ROW("thread-groups", 1, parse_thread_groups, 0, "1", "Groups of threads; only one."),
	ROW("ulimit-n", 1, parse_u64, AT(ulimit_n), "<number>", "Limit of open descriptors."),
	ROW("maxpipes", 1, parse_u64, AT(maxpipes), "<number>",
	    "Pipes for splicing; a quarter of maxconn by default."),
	ROW("maxconnrate", 1, parse_u64, AT(maxconnrate), "<number>",
	    "New connections a second, whole process; the rest waits."),
	ROW("maxsessrate", 1, parse_u64, AT(maxsessrate), "<number>",
	    "New sessions a second, whole process; the rest waits."),
	ROW("maxsslrate", 1, parse_u64, AT(maxsslrate), "<number>",
	    "New TLS connections a second, whole process; the rest waits."),
	ROW("grace", 1, parse_time, AT(grace_us), "<time>",
	    "Time between the signal of a soft stop and the end of listening."),
	ROW("tune.pipesize", 1, parse_size32, AT(pipesize), "<size>",
	    "Size of pipes for splicing; 256k by default."),
	ROW("maxsslconn", 1, parse_u64, AT(maxsslconn), "<number>",
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
	ROW("uid", 1, parse_uid, 'u', "<number>", "User to run as, as a number."),
	ROW("gid", 1, parse_uid, 'g', "<number>", "Group to run as, as a number."),
	ROW("chroot", 1, parse_text, AT(chroot), "<folder>", "New root folder once started."),
	ROW("pidfile", 1, parse_text, AT(pidfile), "<file>", "File for the process id."),
	ROW("node", 1, parse_text, AT(node), "<name>", "Name of this machine in statistics."),
	{ "description", IN_GLOBAL, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_line, AT(description),
	    "<text>", "A text for statistics." },
	ROW("localpeer", 1, parse_text, AT(localpeer), "<name>", "Name of this process."),
	ROW("hard-stop-after", 1, parse_time, AT(hard_stop_after_us), "<time>",
	    "A soft stop becomes a hard one after this time."),
	ROW("spread-checks", 1, parse_spread_checks, 0, "<0..50>",
	    "Percent by which intervals of checks vary."),

	{ "stats socket", IN_GLOBAL, KW_OBEYED, 0, 0, KW_F_ANY_ARGS | KW_F_ADDRESS,
	    parse_stats_socket, 0, "<address> [level <level>] [mode <octal>] [<option>...]",
	    "A socket for commands." },
	ROW("stats timeout", 1, parse_time, AT(stats_timeout_us), "<time>",
	    "Idle time of a client of the stats socket; 10s by default."),
	ROW("stats maxconn", 1, parse_u32, AT(stats_maxconn), "<number>",
	    "Clients of the stats socket at a time; 64 by default."),

	ROW("log-tag", 1, parse_text, AT(log_tag), "<text>", "Name of this process in log lines."),
	{ "log-send-hostname", IN_GLOBAL, KW_OBEYED, 0, 1, 0, parse_send_hostname, 0, "[<name>]",
	    "Log lines carry the name of this machine, or this name." },

	ROW("tune.bufsize", 1, parse_bufsize, 0, "<size>",
	    "A received head is at most this large; 16384 by default."),
	ROW("tune.maxrewrite", 1, parse_maxrewrite, 0, "<size>",
	    "Room for headers that rules add; 1024 by default."),
	ROW("tune.http.maxhdr", 1, parse_maxhdr, 0, "<1..32767>",
	    "Fields of a message; 101 by default."),
	ROW("tune.http.min-body-rate", 1, parse_min_body_rate, 0, "<bytes>|off",
	    "A request body slower than this, a second, is refused; 100 by default."),
	ROW("tune.ssl.max-handshakes", 1, parse_u32, AT(max_handshakes), "<number>",
	    "TLS handshakes under way at a time; 1024 by default."),
	ROW("tune.maxaccept", 1, parse_u32, AT(maxaccept), "<number>",
	    "Connections accepted in one pass; 64 by default."),
	ROW("tune.rcvbuf.client", 1, parse_size32, AT(rcvbuf_client), "<size>",
	    "Kernel's receive buffer of clients."),
	ROW("tune.rcvbuf.server", 1, parse_size32, AT(rcvbuf_server), "<size>",
	    "Kernel's receive buffer of servers."),
	ROW("tune.sndbuf.client", 1, parse_size32, AT(sndbuf_client), "<size>",
	    "Kernel's send buffer of clients."),
	ROW("tune.sndbuf.server", 1, parse_size32, AT(sndbuf_server), "<size>",
	    "Kernel's send buffer of servers."),
	{ 0 }
};

const struct module mod_global_cfg = { .name = "global_cfg", .cfg = rows };
