/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of persistence cookies: which servers a value names, and which value
 * names a server. A value is what `cookie V` on the server's line says, or made
 * from its address and the backend's key (dynamic), or from its name and a
 * secret (the ELB manner). One map per backend, immutable; control replaces it
 * when an operator changes keys.
 */
#ifndef WEIR_PROXY_COOKIE_MAP_H
#define WEIR_PROXY_COOKIE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct cfg;
struct cookie_map;
struct proxy;
struct server;
struct snapshot;

/* any thread; map may be NULL */
/* The first server of this value, in file order, behind `after` (NULL: from the
 * beginning); NULL = none. */
struct server *cookie_map_find(const struct cookie_map *map, struct str value,
	    const struct server *after);
/* Empty when the server has no cookie. */
struct str cookie_map_value(const struct cookie_map *map, const struct server *srv);
/* The map in force. */
struct cookie_map *cookie_map_of(const struct proxy *be);
/* The server with this hash of its name; NULL = none. */
struct server *cookie_map_named(const struct cookie_map *map, uint32_t name_hash);

/* control thread or a job thread: px->cookies of a configuration that was read */
void	cookie_map_make(struct cfg *c, struct proxy *px);

/* control thread */
/* A server has another address: dynamic values follow. */
void	cookie_map_moved(const struct server *srv);
/* What an operator said outlives a reload: before a snapshot is published. */
void	cookie_map_commit(struct proxy *px);
void	cookie_map_set_key(struct proxy *px, const char *key);
void	cookie_map_set_dynamic(struct proxy *px, bool is_on);
void	cookie_live_free(void *cookie_live);	/* of struct proxy_live */

#endif
