/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks over the whole configuration, once all of it was read: numbers of
 * sections, servers and listeners; names that were used before they were
 * defined; modes that do not fit; what is missing. They run in the order of the
 * rows, in the thread that loads, before those of rooms that come later.
 */
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

#define EACH_PROXY(px, c) \
	for (struct proxy *px = (c)->snap->proxies; px != NULL; px = px->next)

static const char *
mode_name(const struct proxy *px)
{
	return px->set.mode == MODE_HTTP ? "http" : "tcp";
}

static void
at_proxy(struct cfg *c, const struct proxy *px)
{
	diag_at(c->diag, px->file, px->line);
}

/* ---- numbers ---- */

static bool
proxy_id_taken(const struct snapshot *s, int id)
{
	const struct proxy *px;

	for (px = s->proxies; px != NULL; px = px->next)
		if (px->id == id)
			return true;
	return false;
}

static void
number_proxies(struct cfg *c)
{
	bool has_own = false;
	int next = 2;

	EACH_PROXY(px, c)
		has_own |= px->has_own_id;
	EACH_PROXY(px, c) {
		while (px->id == 0 && has_own && proxy_id_taken(c->snap, next))
			next++;
		if (px->id == 0)
			px->id = next;
		next++;
	}
}

/* Their places in file order, or the next number that nobody has; for servers added
 * at run time, in a second turn, the lowest one. taken: TAKEN_IDS of them, as no
 * more are looked at. */
#define TAKEN_IDS(px)	(2u * (px)->nservers + 2u)

static void
number_some(struct proxy *px, bool *taken, bool is_dynamic)
{
	uint32_t next = 1;

	memset(taken, 0, TAKEN_IDS(px));
	for (const struct server *srv = px->server_list; srv != NULL; srv = srv->next)
		if (srv->id != 0 && (uint32_t)srv->id < TAKEN_IDS(px))
			taken[srv->id] = true;
	for (struct server *srv = px->server_list; srv != NULL; srv = srv->next) {
		if (srv->is_dynamic != is_dynamic || (is_dynamic && srv->id != 0))
			continue;
		while (srv->id == 0 && taken[next])
			next++;
		if (srv->id == 0)
			srv->id = (int)next;
		next++;
	}
}

/* They count until the others have their ids. */
void
proxy_drop_gone(struct cfg *c, struct proxy *px)
{
	bool *taken = arena_alloc(c->arena, TAKEN_IDS(px));
	struct server **at = &px->server_list, *srv;

	number_some(px, taken, false);
	px->server_tail = NULL;
	while ((srv = *at) != NULL) {
		if (srv->is_gone) {
			server_index_drop(px, srv);
			*at = srv->next;
			px->nservers--;
			continue;
		}
		px->server_tail = &srv->next;
		at = &srv->next;
	}
}

static void
number_servers(struct cfg *c, struct proxy *px)
{
	bool *taken = arena_alloc(c->arena, TAKEN_IDS(px));
	uint32_t i = 0;

	number_some(px, taken, false);
	number_some(px, taken, true);
	px->servers = arena_calloc(c->arena, px->nservers + 1u, sizeof(struct server *));
	for (struct server *srv = px->server_list; srv != NULL; srv = srv->next) {
		srv->index = i;
		px->servers[i++] = srv;
	}
}

static bool
bind_id_taken(const struct proxy *px, int id)
{
	const struct bind_conf *b;

	for (b = px->binds; b != NULL; b = b->next)
		if (b->id == id)
			return true;
	return false;
}

static int
number_binds(struct cfg *c, struct proxy *px)
{
	struct bind_conf *b, *o;
	bool has_own = false;
	int next = 1, r = 0;

	for (b = px->binds; b != NULL; b = b->next)
		for (o = px->binds; b->id != 0 && o != b; o = o->next)
			if (o->id == b->id) {
				diag_at(c->diag, b->file, b->line);
				diag_error(c->diag, "'bind' : custom id %d already used at %s:%d.",
				    b->id, o->file, o->line);
				r = -1;
			}
	for (b = px->binds; b != NULL; b = b->next)
		has_own |= b->id != 0;
	for (b = px->binds; b != NULL; b = b->next) {
		while (b->id == 0 && has_own && bind_id_taken(px, next))
			next++;
		if (b->id == 0)
			b->id = next;
		next++;
	}
	for (b = px->binds; b != NULL && (px->set.options & OPT_SOCKET_STATS); b = b->next)
		if (b->name == NULL)
			b->name = arena_printf(c->arena, "sock-%d", b->id);
	return r;
}

static int
post_numbers(struct cfg *c)
{
	int r = 0;

	global_of(c);
	number_proxies(c);
	EACH_PROXY(px, c) {
		number_servers(c, px);
		if (number_binds(c, px) == -1)
			r = -1;
	}
	return r;
}

/* ---- servers ---- */

/* A reload that changes one of these must not reuse the old connections. */
static uint64_t
conn_key_of(const struct server *srv)
{
	const struct addr *a = &srv->addr, *src = srv->source;
	uint64_t key = str_hash((struct str){ (const char *)&a->u, a->len });

	if (src != NULL)
		key = key * 31 + str_hash((struct str){ (const char *)&src->u, src->len });
	return key * 31 + ((uint64_t)srv->pp2_options << 32 | srv->flags);
}

static void
settle_server(struct proxy *px, struct server *srv)
{
	if (srv->minconn > srv->maxconn)	/* only minconn was written */
		srv->maxconn = srv->minconn;
	if (srv->minconn == srv->maxconn)
		srv->minconn = 0;
	if (srv->source == NULL)
		srv->source = px->set.source;
	srv->conn_key = conn_key_of(srv);
}

static int
post_servers(struct cfg *c)
{
	struct server *srv;

	EACH_PROXY(px, c)
		for (srv = px->server_list; srv != NULL; srv = srv->next)
			settle_server(px, srv);
	return 0;
}

/* ---- names ---- */

/* The backend a frontend names, or NULL after an error. */
static struct proxy *
backend_named(struct cfg *c, const struct proxy *fe, const char *name, const char *word,
    const char *use)
{
	struct proxy *be = proxy_find(c->snap, name, CAP_BACKEND);

	if (be == NULL) {
		diag_error(c->diag, "%s '%s': unable to find required %s: '%s'.",
		    proxy_type_name(fe), fe->name, word, name);
		return NULL;
	}
	if (be->set.mode != fe->set.mode) {
		diag_error(c->diag, "%s %s '%s' (%s:%d) tries to use incompatible %s %s '%s' "
		    "(%s:%d) %s (see 'mode').", mode_name(fe), proxy_type_name(fe), fe->name,
		    fe->file, fe->line, mode_name(be), proxy_type_name(be), be->name, be->file,
		    be->line, use);
		return NULL;
	}
	return be;
}

static int
resolve_frontend(struct cfg *c, struct proxy *fe)
{
	struct use_backend *ub;
	int r = 0;

	if (fe->set.default_backend != NULL) {
		fe->default_backend = backend_named(c, fe, fe->set.default_backend,
		    "default_backend", "as its default backend");
		if (fe->default_backend == NULL)
			r = -1;
	} else if (fe->cap & CAP_BACKEND)
		fe->default_backend = fe;
	for (ub = fe->use_backends; ub != NULL; ub = ub->next) {
		if (ub->format != NULL)
			continue;
		ub->backend = backend_named(c, fe, ub->name, "use_backend",
		    "in a 'use_backend' rule");
		if (ub->backend == NULL)
			r = -1;
	}
	return r;
}

static int
resolve_backend(struct cfg *c, struct proxy *be)
{
	struct use_server *us;
	int r = 0;

	for (us = be->use_servers; us != NULL; us = us->next) {
		if (us->format != NULL)
			continue;
		us->server = server_find(be, us->name);
		if (us->server != NULL || be->set.disabled)
			continue;
		diag_error(c->diag, "%s '%s': unable to find server '%s' referenced in a "
		    "'use-server' rule.", proxy_type_name(be), be->name, us->name);
		r = -1;
	}
	return r;
}

static int
post_names(struct cfg *c)
{
	int r = 0;

	EACH_PROXY(px, c) {
		at_proxy(c, px);
		if (!px->set.disabled && (px->cap & CAP_FRONTEND) && resolve_frontend(c, px) == -1)
			r = -1;
		if ((px->cap & CAP_BACKEND) && resolve_backend(c, px) == -1)
			r = -1;
	}
	return r;
}

/* ---- fullconn ---- */

static bool
leads_to(const struct proxy *fe, const struct proxy *be)
{
	const struct use_backend *ub;

	if (fe->default_backend == be)
		return true;
	for (ub = fe->use_backends; ub != NULL; ub = ub->next)
		if (ub->backend == be || ub->format != NULL)
			return true;
	return false;
}

void
proxy_fill_fullconn(struct snapshot *s, uint64_t process_maxconn)
{
	struct proxy *be, *fe;
	uint64_t sum;

	for (be = s->proxies; be != NULL; be = be->next) {
		if (!(be->cap & CAP_BACKEND))
			continue;
		sum = 0;
		for (fe = s->proxies; fe != NULL; fe = fe->next)
			if ((fe->cap & CAP_FRONTEND) && leads_to(fe, be))
				sum += fe->set.maxconn != 0 ? fe->set.maxconn : process_maxconn;
		be->fullconn = be->set.fullconn != 0 ? be->set.fullconn : (sum + 9) / 10;
	}
}

static int
post_fullconn(struct cfg *c)
{
	proxy_fill_fullconn(c->snap, c->snap->global->maxconn);
	return 0;
}

/* ---- what does not fit the mode ---- */

static void
only_http(struct cfg *c, struct proxy *px, uint64_t bit, const char *name)
{
	if (!(px->set.options & bit))
		return;
	diag_warn(c->diag, "'option %s' ignored for %s '%s' as it requires HTTP mode.", name,
	    proxy_type_name(px), px->name);
	px->set.options &= ~bit;
}

static void
check_tcp(struct cfg *c, struct proxy *px)
{
	only_http(c, px, OPT_FORWARDFOR, "forwardfor");
	only_http(c, px, OPT_XFWD_PROTO | OPT_XFWD_PORT, "x-forwarded");
	if ((px->cap & CAP_FRONTEND) && (px->set.options & (OPT_HTTPLOG | OPT_HTTPSLOG))) {
		diag_warn(c->diag, "'option %s' not usable with %s '%s' (needs 'mode http'). "
		    "Falling back to 'option tcplog'.",
		    px->set.options & OPT_HTTPLOG ? "httplog" : "httpslog",
		    proxy_type_name(px), px->name);
		px->set.options &= ~(OPT_HTTPLOG | OPT_HTTPSLOG);
		px->set.options |= OPT_TCPLOG;
	}
	if ((px->cap & CAP_FRONTEND) && px->set.monitor_uri != NULL)
		diag_warn(c->diag, "'monitor-uri' will be ignored for %s '%s' (needs 'mode http').",
		    proxy_type_name(px), px->name);
}

static int
post_modes(struct cfg *c)
{
	EACH_PROXY(px, c) {
		at_proxy(c, px);
		if (px->set.mode == MODE_TCP)
			check_tcp(c, px);
	}
	return 0;
}

/* ---- what is missing ---- */

static void
check_timeouts(struct cfg *c, const struct proxy *px)
{
	const struct proxy_timeouts *t = &px->set.timeout;
	bool client = (px->cap & CAP_FRONTEND) && t->client == 0;
	bool has_servers = (px->cap & CAP_BACKEND) && px->nservers > 0;
	bool connect = has_servers && t->connect == 0, server = has_servers && t->server == 0;

	if (!client && !connect && !server)
		return;
	diag_warn(c->diag, "missing timeouts for %s '%s'.\n"
	    "These apply until they are written:%s%s%s.", proxy_type_name(px), px->name,
	    client ? " 'timeout client 60s'" : "", connect ? " 'timeout connect 5s'" : "",
	    server ? " 'timeout server 60s' (30s for a response head)" : "");
}

static int
post_missing(struct cfg *c)
{
	EACH_PROXY(px, c) {
		if (px->set.disabled)
			continue;
		at_proxy(c, px);
		if ((px->cap & CAP_FRONTEND) && px->binds == NULL)
			diag_warn(c->diag, "%s '%s' has no 'bind' directive. Please declare it "
			    "as a backend if this was intended.", proxy_type_name(px), px->name);
		check_timeouts(c, px);
	}
	return 0;
}

static const struct post_row posts[] = {
	{ "numbers", post_numbers },
	{ "servers", post_servers },
	{ "names", post_names },
	{ "fullconn", post_fullconn },
	{ "modes", post_modes },
	{ "missing", post_missing },
	{ 0 }
};

const struct module mod_proxy_post = { .name = "proxy_post", .post = posts };
