/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State files: reading and applying; see state_file.h. What a backend reads is
 * its load-server-state-from-file: nothing, the file of all (server-state-file,
 * else the one in state-dir), or its own below server-state-base. Lines are
 * matched by the names of backend and server; they are applied when the first
 * snapshot goes into service, after checks were made and before data threads see
 * it.
 *
 * Restored are the weight (if the configured one is the same as then), forced
 * maintenance and drain, up or down with the counter of checks, the time of the
 * last change, and the address of servers that are known by a name or were added
 * at run time: what else the files say of addresses holds.
 *
 * Threads: control; reading at start.
 */
#include "ctl/state_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/health.h"
#include "ctl/overlay.h"
#include "ctl/server_state.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/resolvers.h"
#include "proxy/server_addr.h"

#define FILE_BYTES_MAX	(64u << 20)

/* A file that was read, until it is applied. */
struct loaded {
	struct loaded	*next;
	char		*text;		/* owned */
	size_t		 len;
	char		*backend;	/* owned; NULL = the file of all */
};

static struct loaded *pending;

/* ---- names ---- */

static char *
path_in(const struct global *g, const char *name)
{
	if (name[0] == '/' || g->server_state_base == NULL)
		return xstrdup(name);
	return xasprintf("%s/%s", g->server_state_base, name);
}

bool
state_file_is_kept(const struct global *g)
{
	return g->server_state_file == NULL && g->state_dir != NULL;
}

char *
state_file_of_all(const struct global *g)
{
	if (g->server_state_file != NULL)
		return path_in(g, g->server_state_file);
	return g->state_dir != NULL ? xasprintf("%s/server-state", g->state_dir) : NULL;
}

char *
state_file_of_backend(const struct proxy *px)
{
	const char *name = px->set.state_file != NULL ? px->set.state_file : px->name;

	return path_in(px->snap->global, name);
}

/* With a state-dir a backend that says nothing is restored. */
static bool
wants_all(const struct proxy *px)
{
	return (px->cap & CAP_BACKEND) && (px->set.state_load == STATE_GLOBAL ||
	    (px->set.state_load == STATE_UNSET && px->snap->global->state_dir != NULL));
}

static bool
has_own(const struct proxy *px)
{
	return (px->cap & CAP_BACKEND) && px->set.state_load == STATE_LOCAL;
}

bool
state_file_is_for(const struct proxy *px, const char *own)
{
	return own == NULL ? wants_all(px) : has_own(px) && strcmp(px->name, own) == 0;
}

void
state_files_each(const struct snapshot *s, state_file_fn *fn, void *arg)
{
	char *path = state_file_of_all(s->global);

	if (path != NULL)
		fn(path, NULL, arg);
	free(path);
	for (const struct proxy *px = s->proxies; px != NULL; px = px->next)
		if (has_own(px)) {
			path = state_file_of_backend(px);
			fn(path, px->name, arg);
			free(path);
		}
}

/* ---- reading ---- */

struct reading {
	struct cfg	*c;
	const char	*backend;	/* its own file; NULL = the file of all */
};

static const struct proxy *
backend_of(const struct snapshot *s, struct str name, const char *own)
{
	char text[256];
	const struct proxy *px;

	if (name.len >= sizeof text)
		return NULL;
	memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	px = proxy_find(s, text, CAP_BACKEND);
	return px != NULL && state_file_is_for(px, own) ? px : NULL;
}

static void
on_added(const struct server_added *a, void *arg)
{
	const struct reading *r = arg;
	const struct proxy *px = backend_of(r->c->snap, a->backend, r->backend);
	enum overlay_origin origin = str_is(a->origin, "dns") ? OVERLAY_DNS : OVERLAY_CLI;

	if (px != NULL && a->n >= 2)
		overlay_restore(px->name, a->words, a->n, a->id, origin);
}

static void
no_state(const struct server_state *s, void *arg)
{
	(void)s, (void)arg;
}

static void
keep(char *text, size_t len, const char *backend)
{
	struct loaded *l = xcalloc(1, sizeof *l), **at = &pending;

	l->text = text;
	l->len = len;
	l->backend = backend != NULL ? xstrdup(backend) : NULL;
	while (*at != NULL)
		at = &(*at)->next;
	*at = l;
}

/* `own`: the backend's name; NULL: the file of all. */
static void
read_one(const char *path, const char *own, void *arg)
{
	static const struct server_state_ops ops = { no_state, on_added };
	struct cfg *c = arg;
	struct reading r = { c, own };
	const char *which = own != NULL ? "backend" : "global";
	unsigned skipped = 0;
	size_t len;
	char *text = file_read(path, FILE_BYTES_MAX, &len);

	if (text == NULL && errno == ENOENT && own == NULL && state_file_is_kept(global_of(c)))
		;		/* the first start */
	else if (text == NULL)
		diag_plain(c->diag, LOG_L_NOTICE, "config: Can't open %s server state file '%s': "
		    "%s", which, path, strerror(errno));
	else if (len == 0)
		diag_plain(c->diag, LOG_L_NOTICE, "config: the %s server state file '%s' is empty",
		    which, path);
	else if (!server_state_parse((struct str){ text, len }, &ops, &r, &skipped))
		diag_plain(c->diag, LOG_L_WARNING, "config: Can't get version of the %s server "
		    "state file '%s'.", which, path);
	else {
		if (skipped > 0)
			diag_plain(c->diag, LOG_L_WARNING, "config: %u lines of the %s server "
			    "state file '%s' make no sense and are left out.", skipped, which,
			    path);
		keep(text, len, own);
		text = NULL;
	}
	free(text);
}

static void
drop_pending(void)
{
	struct loaded *l;

	while ((l = pending) != NULL) {
		pending = l->next;
		free(l->text);
		free(l->backend);
		free(l);
	}
}

static bool
is_wanted(const struct snapshot *s)
{
	for (const struct proxy *px = s->proxies; px != NULL; px = px->next)
		if (wants_all(px))
			return true;
	return false;
}

static void
read_if_wanted(const char *path, const char *own, void *arg)
{
	struct cfg *c = arg;

	if (own != NULL || is_wanted(c->snap))
		read_one(path, own, c);
}

void
state_files_read(struct cfg *c)
{
	drop_pending();
	(void)global_of(c);
	state_files_each(c->snap, read_if_wanted, c);
}

/* ---- applying ---- */

static struct server *
server_of(const struct proxy *px, const struct server_state *st)
{
	char name[256];
	struct server *srv = NULL;

	if (st->name.len < sizeof name) {
		memcpy(name, st->name.p, st->name.len);
		name[st->name.len] = '\0';
		srv = server_find(px, name);
	}
	return srv;
}

/* Known by an address, not by a name? Then the configuration's holds. */
static bool
is_literal(const struct server *srv)
{
	struct addr a;
	char err[256];

	return addr_parse(srv->addr_text, ADDR_PORT_OFFSET | ADDR_DEFAULT_PORT_OK, &a, err,
	    sizeof err) == 0;
}

/* `init-addr` without `last`: what was before does not count. */
static bool
wants_last(const struct server *srv)
{
	const struct resolve_conf *conf = srv->resolve;

	if (conf == NULL || conf->init[0] == INIT_END)
		return true;
	for (unsigned i = 0; conf->init[i] != INIT_END; i++)
		if (conf->init[i] == INIT_LAST)
			return true;
	return false;
}

static void
apply_address(const struct server *srv, const struct server_state *st)
{
	if (st->addr.family == 0 || (!srv->is_dynamic && is_literal(srv)) || !wants_last(srv))
		return;
	server_addr_set(srv->live, &st->addr, srv->has_port && st->addr.port != 0);
	atomic_fetch_and(&srv->live->admin, ~SRV_ADM_RMAINT);
}

static void
apply_health(struct server_live *l, const struct server_state *st)
{
	struct check *chk = l->check;
	bool is_maint = atomic_load(&l->admin) & SRV_ADM_MAINT;
	uint32_t top;

	if (chk == NULL || chk->conf == NULL || is_maint)
		return;
	top = chk->conf->rise + chk->conf->fall - 1;
	chk->health = st->check_health < top ? st->check_health : top;
	if (st->op == SRV_OP_STOPPED) {
		if (chk->health >= chk->conf->rise)
			chk->health = chk->conf->rise - 1;
		atomic_store(&l->op_state, SRV_OP_STOPPED);
	} else {
		if (chk->health < chk->conf->rise)
			chk->health = chk->conf->rise;
		atomic_store(&l->op_state, SRV_OP_RUNNING);
	}
}

/* The snapshot that goes into service. */
static const struct snapshot *applying;

static void
apply(const struct server_state *st, void *arg)
{
	const struct loaded *file = arg;
	const struct proxy *px = backend_of(applying, st->backend, file->backend);
	const uint32_t forced = SRV_ADM_FMAINT | SRV_ADM_FDRAIN;
	struct server *srv = px != NULL ? server_of(px, st) : NULL;
	struct server_live *l;
	uint64_t age_us = st->age_s < UINT32_MAX ? st->age_s * 1000000 : 0;

	if (srv == NULL)
		return;
	l = srv->live;
	if (st->iweight == atomic_load(&l->iweight))
		atomic_store(&l->uweight, st->uweight);
	/* what `disabled` said then does not count: what it says now does */
	if (!(st->admin & SRV_ADM_CMAINT) && !(srv->flags & SRV_DISABLED))
		atomic_store(&l->admin, (atomic_load(&l->admin) & ~forced) | (st->admin & forced));
	if (l->check != NULL) {
		if (srv->is_dynamic)
			l->check->is_enabled = st->check_state & 4;
		health_sync_admin(l->check);
	}
	apply_health(l, st);
	apply_address(srv, st);
	l->since_us = clock_mono_us() > age_us ? clock_mono_us() - age_us : 1;
	live_server_changed(px->live, l);
}

static void
on_publish(struct snapshot *s)
{
	static const struct server_state_ops ops = { .state = apply };
	unsigned skipped;

	applying = s;
	for (struct loaded *l = pending; l != NULL; l = l->next)
		(void)server_state_parse((struct str){ l->text, l->len }, &ops, l, &skipped);
	drop_pending();
}

/* ---- rows ---- */

static int
parse_global(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, global_of(c), args, nargs);
}

static int
parse_load(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const names[] = {
		[STATE_UNSET] = "", [STATE_NONE] = "none", [STATE_GLOBAL] = "global",
		[STATE_LOCAL] = "local",
	};

	(void)nargs;
	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	for (unsigned i = STATE_NONE; i < ARRAY_LEN(names); i++)
		if (strcmp(args[0], names[i]) == 0) {
			proxy_of(c)->set.state_load = (uint8_t)i;
			return 0;
		}
	diag_error(c->diag, "'%s' expects 'global', 'local' or 'none'. Got '%s'", row->name,
	    args[0]);
	return -1;
}

static int
parse_name(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)nargs;
	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	proxy_of(c)->set.state_file = strcmp(args[0], "use-backend-name") == 0 ? NULL : args[0];
	return 0;
}

static const struct kw_row rows[] = {
	{ "server-state-base", IN_GLOBAL, KW_OBEYED, 1, 1, 0, parse_global,
	    CFG_FIELD(CFG_TEXT, struct global, server_state_base), "<folder>",
	    "Where state files lie whose names do not begin with a slash." },
	{ "server-state-file", IN_GLOBAL, KW_OBEYED, 1, 1, 0, parse_global,
	    CFG_FIELD(CFG_TEXT, struct global, server_state_file), "<file>",
	    "States of servers, read at start by backends that say so." },
	{ "load-server-state-from-file", IN_PROXY, KW_OBEYED, 1, 1, 0, parse_load, 0,
	    "global|local|none", "Which state file restores the servers at start." },
	{ "server-state-file-name", IN_PROXY, KW_OBEYED, 1, 1, 0, parse_name, 0,
	    "<file>|use-backend-name", "The backend's own state file; its name by default." },
	{ 0 }
};

static int
module_start(void)
{
	control_on_publish(on_publish);
	return 0;
}

const struct module mod_state_file = {
	.name = "state_file", .cfg = rows, .start = module_start, .stop = drop_pending
};
