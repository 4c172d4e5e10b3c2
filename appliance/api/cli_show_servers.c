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
#include "ctl/agent.h"
#include "ctl/health.h"
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

static unsigned
check_state(const struct server *srv, const struct check_view *v)
{
	bool is_maint = atomic_load(&srv->live->admin) & SRV_ADM_MAINT;

	return (v->configured && v->running ? 1u : 0) | (v->configured ? 2u : 0) |
	    (v->configured && v->enabled ? 4u : 0) | (is_maint ? 8u : 0);
}

static const struct addr none;

/* Agents run in maintenance too. */
static unsigned
agent_state(const struct server *srv)
{
	struct check_view v;

	if (!health_agent_view(srv->live, &v))
		return 0;
	return 16u | (v.running ? 1u : 0) | 2u | (v.enabled ? 4u : 0);
}

/* What was set by command or written; `-` and 0: nothing. */
static void
put_agent(struct outbuf *b, const struct server *srv)
{
	const struct check *chk = srv->live->agent;
	const struct addr *a = srv->agent != NULL ? srv->agent->addr : NULL;

	if (chk == NULL || chk->conf == NULL) {
		outbuf_z(b, "- 0\n");
		return;
	}
	if (agent_address(chk) != NULL)
		a = agent_address(chk);
	if (a != NULL)
		put_ip(b, a);
	else
		outbuf_z(b, "-");
	outbuf_fmt(b, " %u\n", (unsigned)addr_port(&chk->conf->to));
}

static void
put_state(struct cli *c, const struct server *srv)
{
	const struct server_live *l = srv->live;
	struct outbuf *b = &c->out;
	struct check_view v;
	struct addr a;
	bool has_port;

	(void)health_view(l, &v);
	server_addr_now(srv, &a, &has_port);
	outbuf_fmt(b, "%d %s %d %s ", srv->backend->id, srv->backend->name, srv->id, srv->name);
	put_ip(b, &a);
	outbuf_fmt(b, " %u %u %u %u %llu %u %u %u %u %u 0 0 - %u - %d %u ",
	    atomic_load(&l->op_state), atomic_load(&l->admin), atomic_load(&l->uweight),
	    atomic_load(&l->iweight),
	    (unsigned long long)((clock_mono_us() - l->since_us) / 1000000),
	    (unsigned)v.status, (unsigned)v.result, v.health, check_state(srv, &v),
	    agent_state(srv), (unsigned)addr_port(&a), (srv->flags & SRV_SSL) != 0, l->check_port);
	put_ip(b, l->check_addr != NULL ? l->check_addr : &none);
	outbuf_z(b, " ");
	put_agent(b, srv);
}

static void
show_state(struct cli *c)
{
	(void)walk_start(c, "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state "
	    "srv_admin_state srv_uweight srv_iweight srv_time_since_last_change "
	    "srv_check_status srv_check_result srv_check_health srv_check_state "
	    "srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord "
	    "srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n",
	    put_state);
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
