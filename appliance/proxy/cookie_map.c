/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps between cookie values and servers; see cookie_map.h. A map is never
 * changed: when keys or addresses change another one takes its place, and the old
 * one goes when no data thread can look at it any more. The snapshot owns the
 * present one. What a command said is kept in the backend's live cell and used
 * again after a reload.
 *
 * Thread: control or job makes them, data threads read.
 */
#include "proxy/cookie_map.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/elb_value.h"
#include "proxy/live.h"
#include "proxy/persist_cookie.h"
#include "proxy/proxy.h"
#include "proxy/server_addr.h"

struct entry {
	struct server	*srv;
	struct str	 value;		/* NUL-terminated; empty = none */
	uint64_t	 hash;
	uint32_t	 next;		/* in the bucket: 1 + index; 0 = the last one */
	uint32_t	 name_next;
};

struct cookie_map {
	struct arena	*arena;		/* owned: this and all of its parts */
	uint32_t	 n, mask;
	uint32_t	*buckets;	/* of values: 1 + index; 0 = empty */
	uint32_t	*names;		/* of names: likewise */
	struct entry	*entries;	/* by the server's index */
};

/* What an operator changed; of the live cell. */
struct cookie_live {
	char		*key;		/* owned; NULL = as configured */
	bool		 has_dynamic, is_dynamic;
};

/* ---- looking up ---- */

struct cookie_map *
cookie_map_of(const struct proxy *be)
{
	return atomic_load_explicit(&be->cookies, memory_order_acquire);
}

struct server *
cookie_map_find(const struct cookie_map *map, struct str value, const struct server *after)
{
	uint64_t hash;
	uint32_t i;

	if (map == NULL || value.len == 0)
		return NULL;
	hash = str_hash(value);
	i = after != NULL ? map->entries[after->index].next : map->buckets[hash & map->mask];
	for (; i != 0; i = map->entries[i - 1].next) {
		const struct entry *e = &map->entries[i - 1];

		if (e->hash == hash && str_eq(e->value, value))
			return e->srv;
	}
	return NULL;
}

struct str
cookie_map_value(const struct cookie_map *map, const struct server *srv)
{
	if (map == NULL || srv->index >= map->n || map->entries[srv->index].srv != srv)
		return STR_NONE;
	return map->entries[srv->index].value;
}

struct server *
cookie_map_named(const struct cookie_map *map, uint32_t name_hash)
{
	uint32_t i = map != NULL ? map->names[name_hash & map->mask] : 0;

	for (; i != 0; i = map->entries[i - 1].name_next)
		if (map->entries[i - 1].srv->name_hash == name_hash)
			return map->entries[i - 1].srv;
	return NULL;
}

/* ---- values ---- */

/* As HAProxy makes it, so that several balancers agree: XXH64 of key, address
 * and port. */
static struct str
dynamic_value(struct arena *arena, const struct server *srv, const char *key)
{
	XXH64_state_t h;
	struct addr now, *a = &now;
	bool has_port;
	uint32_t port;
	char *text;

	server_addr_now(srv, &now, &has_port);
	if (key == NULL || (a->kind != ADDR_INET && a->kind != ADDR_INET6))
		return STR_NONE;
	port = htonl(addr_port(a));
	XXH64_reset(&h, 0);
	XXH64_update(&h, key, strlen(key));
	if (a->kind == ADDR_INET)
		XXH64_update(&h, &a->u.in.sin_addr, sizeof a->u.in.sin_addr);
	else
		XXH64_update(&h, &a->u.in6.sin6_addr, sizeof a->u.in6.sin6_addr);
	XXH64_update(&h, &port, sizeof port);
	text = arena_printf(arena, "%016llx", (unsigned long long)XXH64_digest(&h));
	return str_of(text);
}

static bool
is_dynamic(const struct proxy *px)
{
	const struct cookie_live *l = px->live != NULL ? px->live->cookies : NULL;

	if (l != NULL && l->has_dynamic)
		return l->is_dynamic;
	return (px->set.cookie->opts & CK_DYNAMIC) != 0;
}

static const char *
key_of(const struct proxy *px)
{
	const struct cookie_live *l = px->live != NULL ? px->live->cookies : NULL;

	return l != NULL && l->key != NULL ? l->key : px->set.dynamic_cookie_key;
}

static struct str
value_for(const struct proxy *px, const struct server *srv, struct arena *arena)
{
	const struct cookie_conf *conf = px->set.cookie;

	if (conf->opts & CK_ELB) {
		char *text = arena_alloc(arena, ELB_ID_HEX + 1);

		elb_id(conf->secret, srv->name, text);
		return (struct str){ text, ELB_ID_HEX };
	}
	if (srv->cookie != NULL)
		return str_of(srv->cookie);
	return is_dynamic(px) ? dynamic_value(arena, srv, key_of(px)) : STR_NONE;
}

/* ---- making ---- */

/* Servers of one value stay in file order: the last one is put in first. */
static void
put(struct cookie_map *map, struct entry *e)
{
	uint32_t at = (uint32_t)(e - map->entries) + 1;
	uint32_t *bucket = &map->buckets[e->hash & map->mask];
	uint32_t *names = &map->names[e->srv->name_hash & map->mask];

	e->name_next = *names;
	*names = at;
	if (e->value.len == 0)
		return;
	e->next = *bucket;
	*bucket = at;
}

static void
map_free(void *map)
{
	arena_free(((struct cookie_map *)map)->arena);
}

static struct cookie_map *
map_new(const struct proxy *px)
{
	struct arena *arena = arena_new();
	struct cookie_map *map = arena_alloc(arena, sizeof(*map));
	uint32_t size = 8;

	while (size < 2 * px->nservers)
		size *= 2;
	map->arena = arena;
	map->n = px->nservers;
	map->mask = size - 1;
	map->buckets = arena_calloc(arena, size, sizeof(*map->buckets));
	map->names = arena_calloc(arena, size, sizeof(*map->names));
	map->entries = arena_calloc(arena, map->n + 1u, sizeof(*map->entries));
	for (uint32_t i = map->n; i-- > 0; ) {
		struct entry *e = &map->entries[i];

		e->srv = px->servers[i];
		e->value = value_for(px, e->srv, arena);
		e->hash = str_hash(e->value);
		put(map, e);
	}
	return map;
}

/* Two addresses and one value: users of one would go to the other. */
static void
warn_of_twins(const struct proxy *px, const struct cookie_map *map)
{
	for (uint32_t i = 0; i < map->n; i++) {
		const struct server *srv = map->entries[i].srv, *twin;

		if (srv->cookie != NULL || map->entries[i].value.len == 0 ||
		    (twin = cookie_map_find(map, map->entries[i].value, srv)) == NULL)
			continue;
		log_warnx("servers %s/%s and %s/%s have the same dynamic cookie; change the "
		    "secret key", px->name, srv->name, px->name, twin->name);
	}
}

static void
on_arena_free(void *px)
{
	map_free(cookie_map_of(px));
}

void
cookie_map_make(struct cfg *c, struct proxy *px)
{
	if (px->set.cookie == NULL || !(px->cap & CAP_BACKEND))
		return;
	atomic_store_explicit(&px->cookies, map_new(px), memory_order_release);
	arena_on_free(c->arena, on_arena_free, px);
}

static void
rebuild(struct proxy *px)
{
	struct cookie_map *map, *old = cookie_map_of(px);

	if (old == NULL)
		return;
	map = map_new(px);
	warn_of_twins(px, map);
	atomic_store_explicit(&px->cookies, map, memory_order_release);
	snapshot_retire(old, map_free);
}

/* ---- what changes at run time ---- */

void
cookie_map_moved(const struct server *srv)
{
	if (cookie_map_of(srv->backend) != NULL && is_dynamic(srv->backend))
		rebuild(srv->backend);
}

/* A map is made of what the files say. */
static bool
differs_from_files(const struct proxy *px)
{
	if (px->live->cookies != NULL)
		return true;
	for (uint32_t i = 0; i < px->nservers; i++)
		if (server_addr_is_set(px->servers[i]->live))
			return is_dynamic(px);
	return false;
}

void
cookie_map_commit(struct proxy *px)
{
	if (cookie_map_of(px) != NULL && differs_from_files(px))
		rebuild(px);
}

static struct cookie_live *
live_of(struct proxy *px)
{
	if (px->live->cookies == NULL)
		px->live->cookies = xcalloc(1, sizeof(struct cookie_live));
	return px->live->cookies;
}

void
cookie_map_set_key(struct proxy *px, const char *key)
{
	struct cookie_live *l = live_of(px);

	free(l->key);
	l->key = xstrdup(key);
	rebuild(px);
}

void
cookie_map_set_dynamic(struct proxy *px, bool is_on)
{
	struct cookie_live *l = live_of(px);

	l->has_dynamic = true;
	l->is_dynamic = is_on;
	rebuild(px);
}

void
cookie_live_free(void *cookie_live)
{
	struct cookie_live *l = cookie_live;

	if (l != NULL)
		free(l->key);
	free(l);
}
