/* SPDX-License-Identifier: BSD-2-Clause */
/* What commands changed in proxies and servers; see unsaved.h. */
#include <stdatomic.h>
#include <string.h>

#include "api/cli.h"
#include "api/unsaved.h"
#include "cfg/snapshot.h"
#include "ctl/check.h"
#include "ctl/overlay.h"
#include "ctl/reload.h"
#include "net/addr.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/map.h"
#include "proxy/proxy.h"
#include "proxy/server_addr.h"

/* ---- the process ---- */

static void
put_limit(struct unsaved *u, const char *word, uint64_t written, uint64_t now)
{
	if (written == now)
		return;
	if (written > 0)
		unsaved_line(u, '-', "%s %llu", word, (unsigned long long)written);
	unsaved_line(u, '+', "%s %llu", word, (unsigned long long)now);
}

static void
put_global(struct unsaved *u, const struct global *g)
{
	unsaved_in(u, "global");
	put_limit(u, "maxconn", cli_hard_maxconn(), atomic_load(&limits.maxconn));
	put_limit(u, "maxconnrate", g->maxconnrate, atomic_load(&limits.maxconnrate));
	put_limit(u, "maxsessrate", g->maxsessrate, atomic_load(&limits.maxsessrate));
	put_limit(u, "maxsslrate", g->maxsslrate, atomic_load(&limits.maxsslrate));
}

/* ---- servers ---- */

static void
put_added(const struct overlay_server *s, void *arg)
{
	struct unsaved *u = arg;
	struct outbuf words;

	if (s->origin != OVERLAY_CLI)	/* others come by themselves again */
		return;
	outbuf_init(&words, 0);
	for (int i = 0; i < s->n; i++)
		outbuf_fmt(&words, " %s", s->words[i]);
	unsaved_in(u, "backend %s", s->backend);
	unsaved_line(u, '+', "server%s", words.data);
	outbuf_fini(&words);
}

static void
put_edit(const struct overlay_edit *e, void *arg)
{
	struct unsaved *u = arg;

	unsaved_in(u, "backend %s", e->backend);
	if (e->is_gone || e->to != NULL)
		unsaved_line(u, '-', "server %s", e->name);
	if (e->to != NULL && !e->is_gone)
		unsaved_line(u, '+', "server %s", e->to);
	if (e->tls >= 0 && !e->is_gone)
		unsaved_line(u, '+', "server %s %s", e->to != NULL ? e->to : e->name,
		    e->tls ? "ssl" : "no-ssl");
}

static void
put_admin(struct unsaved *u, const struct server *srv)
{
	uint32_t admin = atomic_load(&srv->live->admin);
	bool is_written = (srv->flags & SRV_DISABLED) != 0;

	if (is_written != ((admin & SRV_ADM_FMAINT) != 0))
		unsaved_line(u, is_written ? '-' : '+', "server %s disabled", srv->name);
	if (admin & SRV_ADM_FDRAIN)
		unsaved_line(u, '+', "server %s # state drain", srv->name);
}

static void
put_address(struct unsaved *u, const struct server *srv)
{
	const struct server_live *l = srv->live;
	char text[128];
	struct addr a;
	bool has_port;

	if (l->dns == NULL && server_addr_is_set(l)) {
		server_addr_now(srv, &a, &has_port);
		addr_text(&a, text, sizeof text);
		unsaved_line(u, '+', "server %s %s", srv->name, text);
	}
	if (l->check_addr != NULL) {
		addr_text(l->check_addr, text, sizeof text);
		unsaved_line(u, '+', "server %s addr %s", srv->name, text);
	}
	if (l->check_port != 0)
		unsaved_line(u, '+', "server %s port %u", srv->name, l->check_port);
}

static void
put_server(struct unsaved *u, const struct server *srv)
{
	const struct server_live *l = srv->live;
	uint32_t weight = atomic_load(&l->uweight), written = atomic_load(&l->iweight);

	if (weight != written) {
		unsaved_line(u, '-', "server %s weight %u", srv->name, written);
		unsaved_line(u, '+', "server %s weight %u", srv->name, weight);
	}
	if (l->maxconn_set != LIVE_NOT_SET && l->maxconn_set != srv->maxconn) {
		if (srv->maxconn > 0)
			unsaved_line(u, '-', "server %s maxconn %u", srv->name, srv->maxconn);
		unsaved_line(u, '+', "server %s maxconn %u", srv->name, l->maxconn_set);
	}
	put_admin(u, srv);
	put_address(u, srv);
	if (l->check != NULL && l->check->conf != NULL && !l->check->is_enabled)
		unsaved_line(u, '-', "server %s check", srv->name);
	if (l->agent != NULL && l->agent->conf != NULL && !l->agent->is_enabled)
		unsaved_line(u, '-', "server %s agent-check", srv->name);
}

/* ---- proxies ---- */

static void
put_frontend(struct unsaved *u, const struct proxy *px)
{
	uint32_t max = atomic_load(&px->live->fe_max_now), state = atomic_load(&px->live->fe_state);

	if (state != FE_OPEN)
		unsaved_line(u, '+', "disabled # %s", state == FE_PAUSED ? "paused" : "shut down");
	if (max != 0 && max != px->set.maxconn)
		put_limit(u, "maxconn", px->set.maxconn, max);
}

static void
put_backend(struct unsaved *u, const struct proxy *px)
{
	bool is_unpublished = atomic_load(&px->live->is_unpublished);

	if (is_unpublished != px->is_unpublished)
		unsaved_line(u, is_unpublished ? '+' : '-', "be-unpublished");
	if (px->live->cookies != NULL)
		unsaved_line(u, '+', "# keys or state of dynamic cookies were set");
	for (const struct server *s = px->server_list; s != NULL; s = s->next)
		if (!s->is_scaled)
			put_server(u, s);
}

static const char *
kind_of(const struct proxy *px)
{
	return (px->cap & (CAP_FRONTEND | CAP_BACKEND)) == (CAP_FRONTEND | CAP_BACKEND) ?
	    "listen" : px->cap & CAP_FRONTEND ? "frontend" : "backend";
}

static void
put_proxy(struct unsaved *u, const struct proxy *px)
{
	unsaved_in(u, "%s %s", kind_of(px), px->name);
	if ((px->cap & CAP_FRONTEND) && !px->set.disabled)
		put_frontend(u, px);
	if (px->cap & CAP_BACKEND)
		put_backend(u, px);
}

/* ---- lists and files ---- */

static void
put_list(struct unsaved *u, const struct map_ref *r)
{
	if (!r->is_changed)
		return;
	if (r->file[0] != '\0')
		unsaved_in(u, "%s %s", r->has_values ? "map" : "acl", r->file);
	else
		unsaved_in(u, "%s #%d (%s)", r->has_values ? "map" : "acl", r->id,
		    r->description);
	unsaved_line(u, '+', "# %u entries, see 'show %s #%d'", r->current.n,
	    r->has_values ? "map" : "acl", r->id);
}

static void
put_file(const char *path, void *arg)
{
	unsaved_in(arg, "file %s", path);
	unsaved_line(arg, '+', "# a command gave it other bytes");
}

void
unsaved_proxies(struct unsaved *u)
{
	const struct snapshot *s = snapshot_current();

	put_global(u, s->global);
	overlay_each(put_added, u);
	overlay_each_edit(put_edit, u);
	for (const struct proxy *px = s->proxies; px != NULL; px = px->next)
		if (px->live != NULL)
			put_proxy(u, px);
	for (const struct map_ref *r = s->global->maps; r != NULL; r = r->next)
		put_list(u, r);
	config_changed_each(put_file, u);
}
