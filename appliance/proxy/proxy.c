/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proxies as objects of a snapshot: making, finding and naming them, and the
 * timeouts in force. Proxies are made while a configuration is parsed, by one
 * thread, and never change once the snapshot is published, so any thread may
 * look one up. Names go through a small hash table because `use_backend` with a
 * computed name asks for each request.
 */
#include <ctype.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

#define INDEX_FROM	16u	/* servers of a backend */
#define SECONDS(n)	((uint64_t)(n) * 1000000)

static struct proxy **
bucket_of(struct global *g, const char *name)
{
	return &g->by_name[str_hash(str_of(name)) % PROXY_BUCKETS];
}

static struct proxy *
defaults_find(const struct global *g, const char *name)
{
	struct proxy *px;

	for (px = g->defaults; px != NULL; px = px->next)
		if (px->name != NULL && strcmp(px->name, name) == 0)
			return px;
	return NULL;
}

struct proxy *
proxy_find(const struct snapshot *s, const char *name, unsigned cap)
{
	struct proxy *px;

	if (s->global == NULL)
		return NULL;
	if (cap & CAP_DEFAULTS)
		return defaults_find(s->global, name);
	for (px = *bucket_of(s->global, name); px != NULL; px = px->name_next)
		if ((px->cap & cap) == cap && strcmp(px->name, name) == 0)
			return px;
	return NULL;
}

struct http_errors *
http_errors_find(const struct snapshot *s, const char *name)
{
	struct http_errors *he;

	for (he = s->global != NULL ? s->global->http_errors : NULL; he != NULL; he = he->next)
		if (strcmp(he->name, name) == 0)
			return he;
	return NULL;
}

struct server *
server_find(const struct proxy *px, const char *name)
{
	uint32_t h = (uint32_t)str_hash(str_of(name));
	struct server *srv;

	if (px->name_index != NULL) {
		for (srv = px->name_index[h & px->name_mask]; srv != NULL; srv = srv->name_next)
			if (srv->name_hash == h && strcmp(srv->name, name) == 0)
				return srv;
		return NULL;
	}
	for (srv = px->server_list; srv != NULL; srv = srv->next)
		if (srv->name_hash == h && strcmp(srv->name, name) == 0)
			return srv;
	return NULL;
}

static void
index_put(struct proxy *px, struct server *srv)
{
	struct server **at = &px->name_index[srv->name_hash & px->name_mask];

	srv->name_next = *at;
	*at = srv;
}

void
server_index_add(struct arena *a, struct proxy *px, struct server *srv)
{
	if (px->nservers < INDEX_FROM)
		return;
	if (px->name_index != NULL && px->nservers <= 2 * px->name_mask) {
		index_put(px, srv);
		return;
	}
	px->name_mask = px->name_index != NULL ? px->name_mask * 8 + 7 : 4 * INDEX_FROM - 1;
	px->name_index = arena_calloc(a, px->name_mask + 1u, sizeof(*px->name_index));
	for (srv = px->server_list; srv != NULL; srv = srv->next)
		index_put(px, srv);
}

void
server_index_drop(struct proxy *px, struct server *srv)
{
	struct server **at;

	if (px->name_index == NULL)
		return;
	for (at = &px->name_index[srv->name_hash & px->name_mask]; *at != NULL;
	    at = &(*at)->name_next)
		if (*at == srv) {
			*at = srv->name_next;
			return;
		}
}

const char *
proxy_type_name(const struct proxy *px)
{
	if (px->cap & CAP_DEFAULTS)
		return "defaults";
	if ((px->cap & (CAP_FRONTEND | CAP_BACKEND)) == (CAP_FRONTEND | CAP_BACKEND))
		return "listen";
	return px->cap & CAP_FRONTEND ? "frontend" : "backend";
}

char
proxy_name_bad_char(const char *name)
{
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char)*name) && strchr("-_.:", *name) == NULL)
			return *name;
	return '\0';
}

/* What holds where nothing is written. */
static void
settings_init(struct proxy_settings *set)
{
	set->mode = MODE_TCP;
	set->options = OPT_SPLICE_AUTO;		/* measured: a quarter less CPU for bulk */
	set->retries = 3;
	set->redispatch_every = -1;
	set->lb.draws = 2;
}

static void
settings_inherit(struct cfg *c, struct proxy *px, const struct proxy *from)
{
	struct server *ds;

	px->from = (struct proxy *)from;
	px->set = from->set;
	if (from->set.default_server == NULL)
		return;
	ds = arena_alloc(c->arena, sizeof(*ds));
	*ds = *from->set.default_server;
	ds->backend = px;
	px->set.default_server = ds;
}

static void
proxy_link(struct cfg *c, struct proxy *px)
{
	struct global *g = global_of(c);
	struct proxy **bucket;

	if (px->cap & CAP_DEFAULTS) {
		px->next = g->defaults;
		g->defaults = px;
		return;
	}
	if (g->proxies_tail == NULL)
		g->proxies_tail = &c->snap->proxies;
	*g->proxies_tail = px;
	g->proxies_tail = &px->next;
	bucket = bucket_of(g, px->name);
	while (*bucket != NULL)
		bucket = &(*bucket)->name_next;
	*bucket = px;
}

struct proxy *
proxy_new(struct cfg *c, unsigned cap, const char *name, struct proxy *from)
{
	struct proxy *px = arena_alloc(c->arena, sizeof(*px));

	px->snap = c->snap;
	px->name = name;
	px->file = c->file;
	px->line = c->line;
	px->cap = cap;
	if (from != NULL)
		settings_inherit(c, px, from);
	else
		settings_init(&px->set);
	proxy_link(c, px);
	return px;
}

struct proxy *
proxy_of(struct cfg *c)
{
	WEIR_ASSERT(c->section != NULL && c->object != NULL);
	WEIR_ASSERT(c->section->in & IN_PROXY);
	return c->object;
}

bool
proxy_takes(struct cfg *c, unsigned cap, const char *what, const char *hint)
{
	struct proxy *px = proxy_of(c);

	if (px->cap & (cap | CAP_DEFAULTS))
		return true;
	diag_warn(c->diag, "'%s' ignored because %s '%s' has no %s capability.%s%s",
	    what, proxy_type_name(px), px->name,
	    cap & CAP_FRONTEND ? "frontend" : "backend", hint != NULL ? " " : "",
	    hint != NULL ? hint : "");
	return false;
}

int
proto_parse(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)nargs;
	if (strcmp(args[0], "h1") == 0 || strcmp(args[0], "none") == 0)
		return 0;
	diag_error(c->diag, "'%s' : '%s' is not built in this release; known: 'h1'.",
	    row->name, args[0]);
	return -1;
}

/* ---- timeouts in force ---- */

static uint64_t
written_or(uint64_t written_us, uint64_t otherwise_us)
{
	return written_us != 0 ? written_us : otherwise_us;
}

static uint64_t
shorter(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
proxy_timeout_client(const struct proxy *fe)
{
	return written_or(fe->set.timeout.client, SECONDS(60));
}

uint64_t
proxy_timeout_server(const struct proxy *be)
{
	return written_or(be->set.timeout.server, SECONDS(60));
}

uint64_t
proxy_timeout_response_head(const struct proxy *be)
{
	return written_or(be->set.timeout.server, SECONDS(30));
}

uint64_t
proxy_timeout_connect(const struct proxy *be)
{
	return written_or(be->set.timeout.connect, SECONDS(5));
}

uint64_t
proxy_timeout_queue(const struct proxy *be)
{
	return written_or(be->set.timeout.queue, proxy_timeout_connect(be));
}

uint64_t
proxy_timeout_http_request(const struct proxy *fe)
{
	return written_or(fe->set.timeout.http_request,
	    shorter(proxy_timeout_client(fe), SECONDS(10)));
}

uint64_t
proxy_timeout_http_keep_alive(const struct proxy *fe)
{
	const struct proxy_timeouts *t = &fe->set.timeout;

	return written_or(t->http_keep_alive,
	    written_or(t->http_request, proxy_timeout_client(fe)));
}

uint64_t
proxy_timeout_client_hs(const struct proxy *fe)
{
	return written_or(fe->set.timeout.client_hs, SECONDS(5));
}

uint64_t
proxy_timeout_tarpit(const struct proxy *px)
{
	return written_or(px->set.timeout.tarpit, proxy_timeout_connect(px));
}

uint64_t
proxy_timeout_fin(const struct proxy *px, bool client_side)
{
	if (client_side)
		return written_or(px->set.timeout.client_fin, proxy_timeout_client(px));
	return written_or(px->set.timeout.server_fin, proxy_timeout_server(px));
}

uint64_t
proxy_timeout_tunnel(const struct proxy *be, const struct proxy *fe)
{
	if (be == NULL)
		return written_or(fe->set.timeout.tunnel, proxy_timeout_client(fe));
	return written_or(be->set.timeout.tunnel,
	    shorter(proxy_timeout_client(fe), proxy_timeout_server(be)));
}
