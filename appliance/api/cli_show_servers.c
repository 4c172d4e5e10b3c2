/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show servers state, show servers conn, show backend. The first is also the
 * format of server state files, so its columns are fixed.
 *
 * Thread: control.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "base/clock.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/health.h"
#include "ctl/server_state.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/server_addr.h"

/* Where a dump over all servers is. */
struct walk {
	const struct proxy *px;		/* NULL = done */
	const struct server *srv;
	bool		 is_one;	/* this backend only */
	void		(*put)(struct cli *c, const struct server *srv);
};

static const struct proxy *
backend_from(const struct proxy *px)
{
	while (px != NULL && !(px->cap & CAP_BACKEND))
		px = px->next;
	return px;
}

static bool
walk_piece(struct cli *c)
{
	struct walk *w = c->state;

	if (w->px == NULL)
		return true;
	if (w->srv != NULL) {
		w->put(c, w->srv);
		w->srv = w->srv->next;
		return false;
	}
	w->px = w->is_one ? NULL : backend_from(w->px->next);
	w->srv = w->px != NULL ? w->px->server_list : NULL;
	return w->px == NULL;
}

/* False: the answer is an error. */
static bool
walk_start(struct cli *c, const char *header, void (*put)(struct cli *, const struct server *))
{
	struct snapshot *s = cli_hold(c);
	const struct proxy *px = backend_from(s->proxies);
	struct walk *w;

	if (c->nargs > 0) {
		px = cli_proxy_named(s, c->args[0], CAP_BACKEND);
		if (px == NULL) {
			cli_err(c, "Can't find backend.");
			return false;
		}
	}
	outbuf_z(&c->out, header);
	w = xcalloc(1, sizeof *w);
	w->px = px;
	w->srv = px != NULL ? px->server_list : NULL;
	w->is_one = c->nargs > 0;
	w->put = put;
	cli_more(c, walk_piece, w, free);
	return true;
}

/* The address alone, without brackets; `-` for what has none. */
static void
put_ip(struct outbuf *b, const struct addr *a)
{
	char text[64] = "-";

	if (a->kind == ADDR_INET || a->kind == ADDR_INET6) {
		struct ip_port p = ip_port_of(&a->u.sa);

		(void)ip_text(&p, text, sizeof text);
	} else if (a->kind == ADDR_UNIX || a->kind == ADDR_ABNS)
		(void)addr_text(a, text, sizeof text);
	outbuf_z(b, text);
}

static void
put_state(struct cli *c, const struct server *srv)
{
	server_state_put(&c->out, srv);
}

static void
show_state(struct cli *c)
{
	struct outbuf header;

	outbuf_init(&header, 0);
	server_state_put_header(&header);
	(void)walk_start(c, header.data, put_state);
	outbuf_fini(&header);
}

static void
put_conn(struct cli *c, const struct server *srv)
{
	const struct server_live *l = srv->live;
	uint32_t used = gauge_get(&l->inflight), idle = gauge_get(&l->idle);
	struct outbuf *b = &c->out;
	struct addr a;
	bool has_port;

	server_addr_now(srv, &a, &has_port);
	outbuf_fmt(b, "%s/%s %d/%d ", srv->backend->name, srv->name, srv->backend->id, srv->id);
	put_ip(b, &a);
	outbuf_fmt(b, " %u - %llu %u %u %u %u 0 0 %u %d %u", (unsigned)addr_port(&a),
	    (unsigned long long)(srv->pool_purge_delay_us / 1000), used, used,
	    atomic_load(&l->inflight.max), used, idle, srv->pool_max_conn, idle);
	for (unsigned i = 0; i < l->nthreads && i < ndthreads; i++)
		outbuf_fmt(b, " %u", __atomic_load_n(&l->threads[i].nidle, __ATOMIC_RELAXED));
	outbuf_z(b, "\n");
}

static void
show_conn(struct cli *c)
{
	char header[200];
	struct out o;

	out_init(&o, header, sizeof header - 1);
	out_fmt(&o, "# bkname/svname bkid/svid addr port - purge_delay served used_cur used_max "
	    "need_est idle_sess unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[%u]\n",
	    ndthreads);
	*o.p = '\0';
	(void)walk_start(c, header, put_conn);
}

static void
show_backend(struct cli *c)
{
	const struct proxy *px = backend_from(snapshot_current()->proxies);

	outbuf_z(&c->out, "# name\n");
	for (; px != NULL; px = backend_from(px->next))
		outbuf_fmt(&c->out, "%s\n", px->name);
}

static const struct cli_row rows[] = {
	{ "show servers state", CLI_USER, 0, show_state, "[<backend>]",
	  "report the state of servers (all or of one backend)" },
	{ "show servers conn", CLI_USER, 0, show_conn, "[<backend>]",
	  "report connections to servers (all or of one backend)" },
	{ "show backend", CLI_USER, 0, show_backend, "", "list the backends" },
	{ 0 }
};

const struct module mod_cli_show_servers = { .name = "cli_show_servers", .cli = rows };
