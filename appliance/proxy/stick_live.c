/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registry of stick tables: live cells, found again by name when a snapshot
 * is prepared. A table whose type, size and stored data are as before goes on
 * with all its entries; else a new one takes its place, and when the snapshot is
 * published the log says how many entries were lost. A table that no snapshot has
 * any more lives until the last entry that a client holds is let go.
 *
 * Thread: control, or a job thread that builds; the registry is under a mutex.
 */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "cfg/snapshot.h"
#include "net/addr.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/stick_in.h"

#define EXPIRE_PIECE	64u	/* of a shard, each second */

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct stick_table *tables;	/* latest first; under the lock */

/* ---- the registry's lock is held ---- */

static bool
is_held(struct stick_table *t)
{
	uint32_t held = 0;

	for (unsigned i = 0; i < t->nshards; i++) {
		pthread_mutex_lock(&t->shards[i].lock);
		held += t->shards[i].held;
		pthread_mutex_unlock(&t->shards[i].lock);
	}
	return held != 0;
}

static void
free_if_unused(struct stick_table *t)
{
	struct stick_table **at = &tables;

	if (is_held(t))
		return;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	stick_free(t);
}

/* The latest of that name that has a snapshot. */
static struct stick_table *
find(const char *name)
{
	struct stick_table *t = tables;

	while (t != NULL && (t->snaps == 0 || strcmp(t->name, name) != 0))
		t = t->next;
	return t;
}

/* ---- */

void
stick_gone(struct stick_table *gone)
{
	struct stick_table *t;

	pthread_mutex_lock(&registry_lock);
	for (t = tables; t != NULL && t != gone; t = t->next)
		;
	if (t != NULL && t->snaps == 0)
		free_if_unused(t);
	pthread_mutex_unlock(&registry_lock);
}

static void
on_arena_free(void *arg)
{
	struct stick_table *t = ((struct stick_conf *)arg)->live;

	MAGIC_OK(t, STICK_MAGIC);
	pthread_mutex_lock(&registry_lock);
	if (--t->snaps == 0) {
		atomic_store(&t->is_orphan, true);
		free_if_unused(t);
	}
	pthread_mutex_unlock(&registry_lock);
}

static struct stick_table *
table_for(const struct stick_conf *c)
{
	struct stick_table *t = find(c->name);

	if (t != NULL && memcmp(&t->lay, &c->lay, sizeof(t->lay)) == 0)
		return t;
	t = stick_new(c->name, &c->lay);
	atomic_store(&t->expire_us, c->expire_us);
	atomic_store(&t->is_nopurge, c->is_nopurge);
	t->next = tables;
	return tables = t;
}

/* How servers are known in tables: their names, or their addresses. */
static void
name_servers(struct proxy *px, bool by_addr)
{
	char text[128];

	for (struct server *srv = px->server_list; srv != NULL; srv = srv->next) {
		const char *name = srv->name;

		if (by_addr && addr_text(&srv->addr, text, sizeof(text)) > 0)
			name = text;
		srv->stick_name = stick_name_id(str_of(name));
	}
}

void
stick_attach(struct snapshot *s)
{
	struct stick_conf *c;

	if (s->global == NULL)
		return;
	pthread_mutex_lock(&registry_lock);
	for (c = s->global->stick_tables; c != NULL; c = c->next) {
		c->live = table_for(c);
		c->live->snaps++;
		arena_on_free(s->arena, on_arena_free, c);
	}
	pthread_mutex_unlock(&registry_lock);
	for (struct proxy *px = s->proxies; px != NULL; px = px->next)
		if (px->stick_rules != NULL)
			name_servers(px, px->stick_by_addr);
}

static const struct stick_table *
replaced(const struct stick_table *t)
{
	const struct stick_table *old = t->next;

	while (old != NULL && (old->snaps == 0 || strcmp(old->name, t->name) != 0))
		old = old->next;
	return old;
}

static void
tell_loss(const struct stick_table *t, const struct stick_table *old)
{
	const char *what = old->lay.type != t->lay.type ? "type" :
	    old->lay.key_len != t->lay.key_len ? "length of keys" :
	    old->lay.size != t->lay.size ? "size" : "stored data";

	log_warnx("stick-table '%s': its %s changed, a new table takes its place; %u entries of "
	    "the old one are lost.", t->name, what, stick_used(old));
}

void
stick_commit(struct snapshot *s)
{
	const struct stick_table *old;

	if (s->global == NULL)
		return;
	pthread_mutex_lock(&registry_lock);
	for (struct stick_conf *c = s->global->stick_tables; c != NULL; c = c->next) {
		struct stick_table *t = c->live;

		MAGIC_OK(t, STICK_MAGIC);
		atomic_store(&t->expire_us, c->expire_us);
		atomic_store(&t->is_nopurge, c->is_nopurge);
		if (t->is_new && (old = replaced(t)) != NULL)
			tell_loss(t, old);
		t->is_new = false;
	}
	pthread_mutex_unlock(&registry_lock);
}

void
stick_expire_all(void)
{
	pthread_mutex_lock(&registry_lock);
	for (struct stick_table *t = tables; t != NULL; t = t->next)
		for (unsigned i = 0; i < t->nshards; i++)
			if (atomic_load_explicit(&t->expire_us, memory_order_relaxed) != 0)
				(void)stick_expire(t, i, EXPIRE_PIECE);
	pthread_mutex_unlock(&registry_lock);
}

struct stick_conf *
stick_conf_find(const struct snapshot *s, const char *name)
{
	struct stick_conf *c = s->global != NULL ? s->global->stick_tables : NULL;

	while (c != NULL && strcmp(c->name, name) != 0)
		c = c->next;
	return c;
}
