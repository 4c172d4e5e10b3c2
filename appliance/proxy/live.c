/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Live cells and the registry that finds them again by name after a reload. A
 * cell is made when a snapshot that needs it is prepared, and is freed when the
 * last snapshot and the last connection that hold it are gone; each snapshot's
 * arena carries one destructor per reference. A job thread prepares snapshots
 * while control reads cells, so the registry is under a mutex; what is in a
 * published cell changes in control only (live_commit, live_server_changed) or
 * in data threads, as live.h says.
 *
 * Connections come and go often, so a reference takes the lock only when it is
 * the last one: the count reaches 0 under the lock or not at all. A cell that
 * only connections hold belongs to no configuration (conf is NULL); if its name
 * comes back in a new snapshot it starts as a fresh one, with its old counters.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "proxy/cookie_map.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/server_addr.h"
#include "proxy/stick.h"

#define BUCKETS	1024

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct proxy_live *proxies[BUCKETS];
static struct server_live *servers[BUCKETS];
static void (*on_server_free)(struct server_live *);

/* ---- making and freeing ---- */

static void
queue_init(struct wait_queue *q)
{
	pthread_mutex_init(&q->lock, NULL);
	list_init(&q->head);
}

/* As a server is before anything happened to it. */
static void
server_cell_reset(struct server_live *l, const struct server *srv)
{
	l->conf = srv;
	l->proxy_id = srv->backend->id;
	l->id = srv->id;
	l->op_state = SRV_OP_RUNNING;
	l->admin = srv->flags & SRV_DISABLED ? SRV_ADM_CMAINT | SRV_ADM_FMAINT :
	    srv->is_dynamic && !srv->is_scaled ? SRV_ADM_FMAINT : 0;
	if (srv->no_addr)
		l->admin |= SRV_ADM_RMAINT;
	l->told = NULL;
	l->iweight = l->uweight = srv->weight;
	l->maxconn_set = LIVE_NOT_SET;
	l->since_us = clock_mono_us();
}

static struct server_live *
server_cell_new(const struct server *srv, unsigned nthreads)
{
	struct server_live *l = xaligned(CACHE_LINE, sizeof(*l));
	unsigned i;

	l->magic = SERVER_LIVE_MAGIC;
	l->backend = xstrdup(srv->backend->name);
	l->name = xstrdup(srv->name);
	l->nthreads = nthreads;
	queue_init(&l->queue);
	l->threads = xaligned(CACHE_LINE, nthreads * sizeof(*l->threads));
	for (i = 0; i < nthreads; i++)
		list_init(&l->threads[i].idle);
	return l;
}

static void
server_cell_free(struct server_live *l)
{
	if (on_server_free != NULL)
		on_server_free(l);
	pthread_mutex_destroy(&l->queue.lock);
	l->magic = 0;
	free(l->backend);
	free(l->name);
	free(l->check_addr);
	free(l->base);
	free(l->threads);
	free(l);
}

static struct proxy_live *
proxy_cell_new(const struct proxy *px, unsigned nthreads)
{
	struct proxy_live *l = xaligned(CACHE_LINE, sizeof(*l));

	l->magic = PROXY_LIVE_MAGIC;
	l->name = xstrdup(px->name);
	l->cap = px->cap;
	l->nthreads = nthreads;
	l->since_us = clock_mono_us();
	queue_init(&l->queue);
	l->threads = xaligned(CACHE_LINE, nthreads * sizeof(*l->threads));
	return l;
}

static void
proxy_cell_free(struct proxy_live *l)
{
	unsigned i;

	for (i = 0; i < l->nthreads; i++)
		if (l->threads[i].lb_state != NULL)
			l->threads[i].lb_free(l->threads[i].lb_state);
	pthread_mutex_destroy(&l->queue.lock);
	l->magic = 0;
	badmsg_drop(&l->bad_request);
	badmsg_drop(&l->bad_response);
	free(l->name);
	free(l->base_fe);
	free(l->base_be);
	cookie_live_free(l->cookies);
	free(l->threads);
	free(l);
}

/* ---- the registry; its lock is held ---- */

static struct proxy_live **
proxy_bucket(const char *name, unsigned cap)
{
	return &proxies[(str_hash(str_of(name)) + cap) % BUCKETS];
}

static struct server_live **
server_bucket(const char *backend, const char *name)
{
	return &servers[(str_hash(str_of(backend)) * 31 + str_hash(str_of(name))) % BUCKETS];
}

static struct proxy_live *
proxy_cell(const struct proxy *px, unsigned nthreads)
{
	struct proxy_live **bucket = proxy_bucket(px->name, px->cap), *l;

	for (l = *bucket; l != NULL; l = l->reg_next)
		if (l->cap == px->cap && strcmp(l->name, px->name) == 0)
			break;
	if (l == NULL) {
		l = proxy_cell_new(px, nthreads);
		l->reg_next = *bucket;
		*bucket = l;
	}
	if (l->snaps++ == 0)
		l->conf = px;
	l->refs++;
	return l;
}

static struct server_live *
server_find_cell(const char *backend, const char *name)
{
	struct server_live *l = *server_bucket(backend, name);

	while (l != NULL && (l->is_retired || strcmp(l->name, name) != 0 ||
	    strcmp(l->backend, backend) != 0))
		l = l->reg_next;
	return l;
}

static struct server_live *
server_cell(const struct server *srv, unsigned nthreads)
{
	struct server_live **bucket = server_bucket(srv->backend->name, srv->name), *l = NULL;

	if (srv->was != NULL)
		l = server_find_cell(srv->backend->name, srv->was);
	if (l == NULL)
		l = server_find_cell(srv->backend->name, srv->name);
	if (l == NULL) {
		l = server_cell_new(srv, nthreads);
		l->reg_next = *bucket;
		*bucket = l;
	}
	if (l->snaps++ == 0)
		server_cell_reset(l, srv);
	l->refs++;
	return l;
}

static void
server_unlink(struct server_live *l)
{
	struct server_live **at;

	for (at = server_bucket(l->backend, l->name); *at != l; at = &(*at)->reg_next)
		;
	*at = l->reg_next;
}

static void
proxy_unlink(struct proxy_live *l)
{
	struct proxy_live **at;

	for (at = proxy_bucket(l->name, l->cap); *at != l; at = &(*at)->reg_next)
		;
	*at = l->reg_next;
}

static void
server_release(struct server_live *l)
{
	if (atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	server_unlink(l);
	server_cell_free(l);
}

static void
proxy_release(struct proxy_live *l)
{
	if (atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	proxy_unlink(l);
	proxy_cell_free(l);
}

/* ---- references ---- */

/* One less, unless this is the last one. */
static bool
drop_unless_last(_Atomic uint32_t *refs)
{
	uint32_t n = atomic_load_explicit(refs, memory_order_relaxed);

	while (n > 1)
		if (atomic_compare_exchange_weak_explicit(refs, &n, n - 1,
		    memory_order_release, memory_order_relaxed))
			return true;
	return false;
}

void
live_server_ref(struct server_live *l)
{
	MAGIC_OK(l, SERVER_LIVE_MAGIC);
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
}

void
live_server_unref(struct server_live *l)
{
	MAGIC_OK(l, SERVER_LIVE_MAGIC);
	if (drop_unless_last(&l->refs))
		return;
	pthread_mutex_lock(&registry_lock);
	server_release(l);
	pthread_mutex_unlock(&registry_lock);
}

void
live_proxy_ref(struct proxy_live *l)
{
	MAGIC_OK(l, PROXY_LIVE_MAGIC);
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
}

void
live_proxy_unref(struct proxy_live *l)
{
	MAGIC_OK(l, PROXY_LIVE_MAGIC);
	if (drop_unless_last(&l->refs))
		return;
	pthread_mutex_lock(&registry_lock);
	proxy_release(l);
	pthread_mutex_unlock(&registry_lock);
}

static void
on_arena_free_server(void *arg)
{
	const struct server *srv = arg;
	struct server_live *l = srv->live;

	MAGIC_OK(l, SERVER_LIVE_MAGIC);
	pthread_mutex_lock(&registry_lock);
	l->snaps--;
	if (l->conf == srv)	/* even if a snapshot that is not published yet holds it */
		l->conf = NULL;
	server_release(l);
	pthread_mutex_unlock(&registry_lock);
}

static void
on_arena_free_proxy(void *arg)
{
	const struct proxy *px = arg;
	struct proxy_live *l = px->live;

	MAGIC_OK(l, PROXY_LIVE_MAGIC);
	pthread_mutex_lock(&registry_lock);
	l->snaps--;
	if (l->conf == px)
		l->conf = NULL;
	proxy_release(l);
	pthread_mutex_unlock(&registry_lock);
}

void
live_on_server_free(void (*fn)(struct server_live *))
{
	on_server_free = fn;
}

void
live_server_retire(const char *backend, const char *name)
{
	struct server_live *l;

	pthread_mutex_lock(&registry_lock);
	l = server_find_cell(backend, name);
	if (l != NULL)
		l->is_retired = true;
	pthread_mutex_unlock(&registry_lock);
}

/* Its server has a new name. */
static void
server_rename(struct server_live *l, const char *name)
{
	struct server_live **bucket;

	pthread_mutex_lock(&registry_lock);
	server_unlink(l);
	free(l->name);
	l->name = xstrdup(name);
	bucket = server_bucket(l->backend, l->name);
	l->reg_next = *bucket;
	*bucket = l;
	pthread_mutex_unlock(&registry_lock);
}

unsigned
live_count(void)
{
	const struct server_live *s;
	const struct proxy_live *p;
	unsigned n = 0, i;

	pthread_mutex_lock(&registry_lock);
	for (i = 0; i < BUCKETS; i++) {
		for (s = servers[i]; s != NULL; s = s->reg_next)
			n++;
		for (p = proxies[i]; p != NULL; p = p->reg_next)
			n++;
	}
	pthread_mutex_unlock(&registry_lock);
	return n;
}

/* ---- what balancing sees ---- */

uint32_t
live_server_maxconn(const struct server_live *l)
{
	return l->maxconn_set != LIVE_NOT_SET ? l->maxconn_set : l->conf->maxconn;
}

/* How much of slow start is over, in `parts`; all of it when there is none. */
static uint32_t
warmth(const struct server_live *l, uint64_t now_us, uint32_t parts)
{
	uint64_t slow_us = l->conf->slowstart_us, age_us = now_us - l->since_us;

	if (l->op_state != SRV_OP_STARTING || slow_us == 0 || age_us >= slow_us)
		return parts;
	return (uint32_t)((double)parts * (double)age_us / (double)slow_us);
}

/* As lb_is_dynamic, which lives with the algorithms. */
static bool
has_dynamic_weights(const struct lb_conf *lb)
{
	return lb->algo == NULL || (lb->algo->flags & LB_DYNAMIC) ||
	    ((lb->algo->flags & LB_HASH) && lb->hash.consistent);
}

/* From a sixteenth to the whole, in sixteenths; what cannot change its weights at
 * run time has the whole at once. */
static uint32_t
warm_weight(const struct server_live *l, uint64_t now_us, uint32_t weight)
{
	uint32_t sixteenths = warmth(l, now_us, LB_SCALE) + 1;

	if (sixteenths > LB_SCALE || !has_dynamic_weights(&l->conf->backend->set.lb))
		sixteenths = LB_SCALE;
	return weight * sixteenths;
}

/* In hundredths, at least 1 connection. */
static uint32_t
warm_maxconn(const struct server_live *l, uint64_t now_us)
{
	uint64_t full = live_server_maxconn(l), max = full * warmth(l, now_us, 100) / 100;

	return full != 0 && max == 0 ? 1 : (uint32_t)max;
}

static void
server_derive(struct server_live *l)
{
	uint32_t op = atomic_load(&l->op_state), admin = atomic_load(&l->admin);
	uint64_t now_us = clock_mono_us();
	bool is_usable = op != SRV_OP_STOPPED && !(admin & SRV_ADM_MAINT) && !l->is_leaving;
	uint32_t weight = atomic_load(&l->uweight);

	if (op == SRV_OP_STARTING && now_us - l->since_us >= l->conf->slowstart_us) {
		op = SRV_OP_RUNNING;
		atomic_store(&l->op_state, op);
	}
	if (op == SRV_OP_STOPPING || (admin & SRV_ADM_DRAIN))
		weight = 0;
	atomic_store(&l->max_now, warm_maxconn(l, now_us));
	atomic_store(&l->eweight, warm_weight(l, now_us, weight));
	atomic_store(&l->usable, is_usable);
}

void
live_count_usable(const struct proxy *px, unsigned *ret_active, unsigned *ret_backup)
{
	unsigned active = 0, backup = 0;
	const struct server *srv;

	for (srv = px->server_list; srv != NULL; srv = srv->next) {
		if (!atomic_load(&srv->live->usable) || atomic_load(&srv->live->eweight) == 0)
			continue;
		if (srv->flags & SRV_BACKUP)
			backup++;
		else
			active++;
	}
	*ret_active = active;
	*ret_backup = backup;
}

/* Servers that can serve now: active ones, else backups. */
static uint32_t
count_usable(const struct proxy *px)
{
	unsigned active, backup;

	live_count_usable(px, &active, &backup);
	if (active > 0 || backup == 0)
		return active;
	return px->set.options & OPT_ALLBACKUPS ? backup : 1;
}

static void
backend_derive(struct proxy_live *be)
{
	atomic_store(&be->nusable, count_usable(be->conf));
	atomic_fetch_add(&be->epoch, 1);
}

void
live_server_changed(struct proxy_live *be, struct server_live *s)
{
	MAGIC_OK(be, PROXY_LIVE_MAGIC);
	MAGIC_OK(s, SERVER_LIVE_MAGIC);
	if (s->conf == NULL || be->conf == NULL)	/* of no configuration any more */
		return;
	server_derive(s);
	backend_derive(be);
}

/* ---- a snapshot's way into service ---- */

static void
attach_servers(struct snapshot *s, struct proxy *px, unsigned nthreads)
{
	struct server *srv;

	for (srv = px->server_list; srv != NULL; srv = srv->next) {
		srv->live = server_cell(srv, nthreads);
		arena_on_free(s->arena, on_arena_free_server, srv);
		if (srv->live->conf == srv)		/* new: nobody else has seen it */
			server_derive(srv->live);
	}
}

void
live_attach(struct snapshot *s)
{
	unsigned nthreads = s->nthreads > 0 ? s->nthreads : 1;
	struct proxy *px;

	pthread_mutex_lock(&registry_lock);
	for (px = s->proxies; px != NULL; px = px->next) {
		px->live = proxy_cell(px, nthreads);
		arena_on_free(s->arena, on_arena_free_proxy, px);
		attach_servers(s, px, nthreads);
		if (px->live->conf == px)
			backend_derive(px->live);
	}
	pthread_mutex_unlock(&registry_lock);
	stick_attach(s);
}

/* What a new configuration says of a server that was there before. What an
 * operator changed since then (weight, maintenance) stays. */
static void
server_adopt(struct server_live *l, const struct server *srv)
{
	const uint32_t maint = SRV_ADM_CMAINT | SRV_ADM_FMAINT;
	uint32_t changed;

	if (l->conf == NULL)		/* it was of no configuration meanwhile */
		server_cell_reset(l, srv);
	changed = l->conf->flags ^ srv->flags;
	if ((changed & SRV_DISABLED) && (srv->flags & SRV_DISABLED))
		l->admin |= maint;
	else if ((changed & SRV_DISABLED) && (l->admin & SRV_ADM_CMAINT))
		l->admin &= ~maint;
	if (l->iweight != srv->weight) {
		if (l->uweight == l->iweight)
			l->uweight = srv->weight;
		l->iweight = srv->weight;
	}
	if (strcmp(atomic_load(&l->conf)->addr_text, srv->addr_text) != 0) {
		server_addr_reset(l);	/* the files were changed: they win */
		l->admin = srv->no_addr ? l->admin | SRV_ADM_RMAINT : l->admin & ~SRV_ADM_RMAINT;
	}
	if (srv->was != NULL && strcmp(l->name, srv->name) != 0)
		server_rename(l, srv->name);
	l->conf = srv;
	l->proxy_id = srv->backend->id;
	l->id = srv->id;
	server_derive(l);
}

void
live_commit(struct snapshot *s)
{
	const struct server *srv;
	struct proxy *px;

	for (px = s->proxies; px != NULL; px = px->next) {
		MAGIC_OK(px->live, PROXY_LIVE_MAGIC);
		px->live->conf = px;
		for (srv = px->server_list; srv != NULL; srv = srv->next)
			server_adopt(srv->live, srv);
		cookie_map_commit(px);
		backend_derive(px->live);
	}
	stick_commit(s);
}

/* ---- sums ---- */

uint64_t
live_sum_fe(const struct proxy_live *l, enum counter id)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < l->nthreads; i++)
		sum += count_read(&l->threads[i].fe, id);
	return sum;
}

uint64_t
live_sum_be(const struct proxy_live *l, enum counter id)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < l->nthreads; i++)
		sum += count_read(&l->threads[i].be, id);
	return sum;
}

uint64_t
live_sum_server(const struct server_live *l, enum counter id)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < l->nthreads; i++)
		sum += count_read(&l->threads[i].count, id);
	return sum;
}
