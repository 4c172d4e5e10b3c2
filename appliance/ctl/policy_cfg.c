/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What server lines say of health besides checks: observe and what follows from
 * it, what happens to sessions when a state changes, and who tracks whom.
 *
 * Thread: the one that loads.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/proxy.h"

static struct server *
server_of(struct cfg *c)
{
	WEIR_ASSERT(c->option_object != NULL);
	return c->option_object;
}

/* The place of a word in a list, or -1. */
static int
choice(const char *word, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(word, names[i]) == 0)
			return i;
	return -1;
}

static int
opt_observe(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const names[] = {
		[OBSERVE_NONE] = "none", [OBSERVE_LAYER4] = "layer4", [OBSERVE_LAYER7] = "layer7",
	};
	int i = choice(args[0], names, ARRAY_LEN(names));

	(void)row;
	(void)nargs;
	if (i < 0) {
		diag_error(c->diag, "'observe' expects one of 'none', 'layer4', 'layer7' but got "
		    "'%s'.", args[0]);
		return -1;
	}
	server_of(c)->observe = (uint8_t)i;
	return 0;
}

static int
opt_on_error(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const names[] = {
		[ON_ERROR_FAIL_CHECK] = "fail-check", [ON_ERROR_FASTINTER] = "fastinter",
		[ON_ERROR_SUDDEN_DEATH] = "sudden-death", [ON_ERROR_MARK_DOWN] = "mark-down",
	};
	int i = choice(args[0], names, ARRAY_LEN(names));

	(void)row;
	(void)nargs;
	if (i < 0) {
		diag_error(c->diag, "'on-error' expects one of 'fastinter', 'fail-check', "
		    "'sudden-death' or 'mark-down' but got '%s'.", args[0]);
		return -1;
	}
	server_of(c)->on_error = (uint8_t)i;
	return 0;
}

/* row->arg: the flag; row->syntax: the one word there is. */
static int
opt_marked(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)nargs;
	if (strcmp(args[0], row->syntax) != 0) {
		diag_error(c->diag, "'%s' expects '%s' but got '%s'.", row->name, row->syntax,
		    args[0]);
		return -1;
	}
	server_of(c)->flags |= (uint32_t)row->arg;
	return 0;
}

/* ---- when all was read ---- */

static int
check_observe(struct cfg *c, const struct server *srv)
{
	if (srv->observe == OBSERVE_NONE)
		return 0;
	if (srv->observe == OBSERVE_LAYER7 && srv->backend->set.mode != MODE_HTTP) {
		diag_error(c->diag, "'observe' : 'layer7' can only be used in http proxies.");
		return -1;
	}
	if (!(srv->flags & SRV_CHECK))
		diag_warn(c->diag, "server '%s/%s': 'observe' acts on health checks, and there is "
		    "no 'check': it does nothing.", srv->backend->name, srv->name);
	return 0;
}

/* `[backend/]server` */
static struct server *
find_master(struct cfg *c, const struct server *srv)
{
	const char *slash = strchr(srv->track, '/');
	const char *name = slash != NULL ? slash + 1 : srv->track;
	struct proxy *px = srv->backend;
	struct server *to;
	char backend[256];

	if (slash != NULL) {
		(void)snprintf(backend, sizeof(backend), "%.*s", (int)(slash - srv->track),
		    srv->track);
		px = proxy_find(c->snap, backend, CAP_BACKEND);
	}
	if (px == NULL) {
		diag_error(c->diag, "unable to find required proxy '%s' for tracking.", backend);
		return NULL;
	}
	to = server_find(px, name);
	if (to == NULL)
		diag_error(c->diag, "unable to find required server '%s' for tracking.", name);
	return to;
}

static bool
is_loop(const struct server *srv, const struct server *to)
{
	while (to != NULL && to != srv)
		to = to->tracks;
	return to == srv;
}

static int
resolve(struct cfg *c, struct server *srv)
{
	struct server *to;

	if (srv->flags & SRV_CHECK) {
		diag_error(c->diag, "unable to enable checks and tracking at the same time!");
		return -1;
	}
	to = find_master(c, srv);
	if (to == NULL)
		return -1;
	if (is_loop(srv, to)) {
		diag_error(c->diag, "unable to track %s/%s as it belongs to a tracking chain "
		    "looping back to %s/%s.", to->backend->name, to->name, srv->backend->name,
		    srv->name);
		return -1;
	}
	if (to->is_dynamic) {
		diag_error(c->diag, "unable to use %s/%s for tracking as it was added at run time.",
		    to->backend->name, to->name);
		return -1;
	}
	if (!(to->flags & (SRV_CHECK | SRV_AGENT)) && to->track == NULL) {
		diag_error(c->diag, "unable to use %s/%s for tracking as it does not have any "
		    "check nor agent enabled.", to->backend->name, to->name);
		return -1;
	}
	srv->tracks = to;
	srv->next_tracker = to->trackers;
	to->trackers = srv;
	return 0;
}

static int
post_policy(struct cfg *c)
{
	int r = 0;

	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next)
		for (struct server *srv = px->server_list; srv != NULL; srv = srv->next) {
			diag_at(c->diag, srv->file, srv->line);
			if (check_observe(c, srv) == -1 ||
			    (srv->track != NULL && resolve(c, srv) == -1))
				r = -1;
		}
	return r;
}

#define OPTION(name, fn, arg, syntax, help) \
	{ name, IN_SERVER, KW_OBEYED, 1, 1, 0, fn, arg, syntax, help }
#define MEMBER(kind, member, ...)	CFG_FIELD(kind, struct server, member, ##__VA_ARGS__)

static const struct kw_row rows[] = {
	OPTION("observe", opt_observe, 0, "none|layer4|layer7",
	    "Errors of the traffic count for the health of the server."),
	OPTION("error-limit", cfg_set_option, MEMBER(CFG_UINT, error_limit, .min = 1), "<count>",
	    "Errors in a row until observe acts; 10 by default."),
	OPTION("on-error", opt_on_error, 0, "fastinter|fail-check|sudden-death|mark-down",
	    "What observe does at its limit; fail-check by default."),
	OPTION("on-marked-down", opt_marked, SRV_SHUT_WHEN_DOWN, "shutdown-sessions",
	    "When the server goes down, its sessions end."),
	OPTION("on-marked-up", opt_marked, SRV_SHUT_BACKUPS, "shutdown-backup-sessions",
	    "When the server comes up, sessions of backup servers end."),
	OPTION("track", cfg_set_option, MEMBER(CFG_TEXT, track), "[<backend>/]<server>",
	    "Takes its state from that server instead of own checks."),
	{ 0 }
};

static const struct post_row posts[] = { { "health policy", post_policy }, { 0 } };

const struct module mod_policy_cfg = { .name = "policy_cfg", .cfg = rows, .post = posts };
