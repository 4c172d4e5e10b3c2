/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of load balancers and zones; see balancer.h.
 *
 * Thread: the one that loads; reading: any.
 */
#include "proxy/balancer.h"

#include <ctype.h>
#include <string.h>

#include "base/diag.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

#define DEFAULT_ZONE	"us-east-1a"
#define INSTANCE_ID_MAX	64u

const char *
balancer_of(const struct proxy *px)
{
	if (px->balancer != NULL)
		return px->balancer;
	if (px->cap & CAP_BACKEND)
		return px->name;
	return px->default_backend != NULL ? balancer_of(px->default_backend) : NULL;
}

const char *
balancer_zone(const struct server *srv)
{
	return srv->zone != NULL ? srv->zone :
	    balancer_default_zone(srv->backend->snap->global);
}

const char *
balancer_default_zone(const struct global *g)
{
	return g->default_zone != NULL ? g->default_zone : DEFAULT_ZONE;
}

static int
parse_balancer(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	char bad = proxy_name_bad_char(args[0]);

	(void)row, (void)nargs;
	if (bad != 0) {
		diag_error(c->diag, "'balancer' : character '%c' is not permitted in '%s'.", bad,
		    args[0]);
		return -1;
	}
	proxy_of(c)->balancer = args[0];
	return 0;
}

static int
parse_default_zone(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)row, (void)nargs;
	global_of(c)->default_zone = args[0];
	return 0;
}

static int
parse_instance(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	size_t n = 0;

	while (isalnum((unsigned char)args[0][n]) || (args[0][n] != '\0' &&
	    strchr("._-", args[0][n]) != NULL))
		n++;
	if (n > 0 && n <= INSTANCE_ID_MAX && args[0][n] == '\0')
		return cfg_set_option(c, row, args, nargs);
	diag_error(c->diag, "'%s' expects up to %u of A-Za-z0-9._-, not '%s'.", row->name,
	    INSTANCE_ID_MAX, args[0]);
	return -1;
}

/* A server before this one with its instance, or NULL. */
static const struct server *
same_instance(const struct proxy *px, const struct server *srv)
{
	if (srv->instance_id == NULL)
		return NULL;
	for (const struct server *o = px->server_list; o != srv; o = o->next)
		if (o->instance_id != NULL && strcmp(srv->instance_id, o->instance_id) == 0)
			return o;
	return NULL;
}

/* A balancer has an instance once. */
static int
check_instances(struct cfg *c)
{
	const struct server *other;
	int r = 0;

	for (const struct proxy *px = c->snap->proxies; px != NULL; px = px->next)
		for (const struct server *srv = px->server_list; srv != NULL; srv = srv->next)
			if ((other = same_instance(px, srv)) != NULL) {
				diag_at(c->diag, srv->file, srv->line);
				diag_error(c->diag, "servers '%s/%s' and '%s/%s' have the same "
				    "instance-id '%s'.", px->name, other->name, px->name, srv->name,
				    srv->instance_id);
				r = -1;
			}
	return r;
}

static const struct kw_row rows[] = {
	{ "balancer", IN_FRONTEND | IN_BACKEND, KW_OBEYED, 1, 1, 0, parse_balancer, 0, "<name>",
	    "Name of the load balancer that this section is a part of." },
	{ "zone", IN_SERVER, KW_OBEYED, 1, 1, 0, cfg_set_option,
	    CFG_FIELD(CFG_TEXT, struct server, zone), "<name>",
	    "The availability zone that the server stands in." },
	{ "instance-id", IN_SERVER, KW_OBEYED, 1, 1, 0, parse_instance,
	    CFG_FIELD(CFG_TEXT, struct server, instance_id), "<id>",
	    "Id of the machine that the server is; its agent's metrics are that instance's." },
	{ "default-zone", IN_GLOBAL, KW_OBEYED, 1, 1, 0, parse_default_zone, 0, "<name>",
	    "Zone of servers that name none; us-east-1a by default." },
	{ 0 }
};

static const struct post_row posts[] = { { "instances", check_instances }, { 0 } };

const struct module mod_balancer = { .name = "balancer", .cfg = rows, .post = posts };
