/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show balancers: which frontends and which backend make a load balancer of one
 * name. The keyword `balancer` names it; a backend's default is its own name, a
 * frontend's its default backend's.
 *
 * Thread: control.
 */
#include <string.h>

#include "api/cli.h"
#include "base/module.h"
#include "base/str.h"
#include "cfg/snapshot.h"
#include "proxy/balancer.h"
#include "proxy/proxy.h"

static void
put_csv(struct outbuf *b, const char *text)
{
	struct out o = outbuf_reserve(b, 2 * strlen(text) + 4);

	out_csv(&o, str_of(text));
	outbuf_commit(b, &o);
	outbuf_z(b, ",");
}

static void
put_frontends(struct outbuf *b, const char *name)
{
	struct outbuf list;

	outbuf_init(&list, 0);
	outbuf_z(&list, "");
	for (const struct proxy *px = snapshot_current()->proxies; px != NULL; px = px->next)
		if ((px->cap & CAP_FRONTEND) && balancer_of(px) != NULL &&
		    strcmp(balancer_of(px), name) == 0)
			outbuf_fmt(&list, "%s%s", list.len > 0 ? " " : "", px->name);
	put_csv(b, list.len > 0 ? list.data : "");
	outbuf_fini(&list);
}

static bool
is_first_of_zone(const struct proxy *px, const struct server *at)
{
	for (const struct server *srv = px->server_list; srv != at; srv = srv->next)
		if (strcmp(balancer_zone(srv), balancer_zone(at)) == 0)
			return false;
	return true;
}

static void
put_zones(struct outbuf *b, const struct proxy *px)
{
	struct outbuf list;

	outbuf_init(&list, 0);
	for (const struct server *srv = px->server_list; srv != NULL; srv = srv->next)
		if (is_first_of_zone(px, srv))
			outbuf_fmt(&list, "%s%s", list.len > 0 ? " " : "", balancer_zone(srv));
	put_csv(b, list.len > 0 ? list.data : "");
	outbuf_fini(&list);
}

static bool
show_more(struct cli *c)
{
	const struct proxy *px = c->state;

	while (px != NULL && !(px->cap & CAP_BACKEND))
		px = px->next;
	if (px == NULL)
		return true;
	put_csv(&c->out, balancer_of(px));
	put_frontends(&c->out, balancer_of(px));
	put_csv(&c->out, px->name);
	put_zones(&c->out, px);
	outbuf_z(&c->out, "file\n");
	c->state = px->next;
	return px->next == NULL;
}

static void
show_balancers(struct cli *c)
{
	outbuf_z(&c->out, "#name,frontends,backend,zones,owner\n");
	if (cli_hold(c)->proxies != NULL)
		cli_more(c, show_more, cli_hold(c)->proxies, NULL);
}

static const struct cli_row rows[] = {
	{ "show balancers", CLI_USER, 0, show_balancers, "",
	  "list load balancers: their frontends, backend and zones" },
	{ 0 }
};

const struct module mod_cli_balancers = { .name = "cli_balancers", .cli = rows };
