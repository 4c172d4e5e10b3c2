/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Balancing: the part that all algorithms share. A thread's state of a backend
 * is made anew when the snapshot's generation or the backend's epoch differs
 * from what it was made of, which a pick checks with two loads.
 *
 * The state points to servers of one snapshot, but outlives it until the next
 * pick: then it is freed without looking at them, and what comes from
 * transactions of another snapshot (lb_drop) is matched by live cells.
 *
 * Thread: data; slots: any.
 */
#include "proxy/lb.h"

#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/dthread.h"
#include "proxy/lb_in.h"
#include "proxy/live.h"
#include "proxy/passive.h"
#include "proxy/proxy.h"

#define DEFAULT_ALGO	"random"

struct lb_thread {
	const struct lb_algo *algo;
	void		*state;		/* owned */
};

/* ---- rows ---- */

const struct lb_algo *
lb_find(const char *name)
{
	MODULE_EACH(m)
		for (const struct lb_algo *a = m->lb; a != NULL && a->name != NULL; a++)
			if (strcmp(a->name, name) == 0)
				return a;
	return NULL;
}

bool
lb_is_dynamic(const struct proxy *px)
{
	const struct lb_algo *a = px->set.lb.algo;

	return a == NULL || (a->flags & LB_DYNAMIC) ||
	    ((a->flags & LB_HASH) && px->set.lb.hash.consistent);
}

/* Backends without `balance` get the default; keys of HTTP need HTTP. */
static int
lb_post(struct cfg *c)
{
	const struct lb_algo *def = lb_find(DEFAULT_ALGO);
	struct proxy *px;

	WEIR_ASSERT(def != NULL);
	for (px = c->snap->proxies; px != NULL; px = px->next) {
		struct lb_conf *lb = &px->set.lb;

		if (lb->algo == NULL) {
			lb->algo = def;
			lb->draws = 2;
		}
		if (!(px->cap & CAP_BACKEND) || !(lb->algo->flags & LB_HTTP) ||
		    px->set.mode == MODE_HTTP)
			continue;
		diag_at(c->diag, px->file, px->line);
		diag_warn(c->diag, "Layer 7 hash not possible for %s '%s' (needs 'mode http'). "
		    "Falling back to round robin.", proxy_type_name(px), px->name);
		lb->algo = lb_find("roundrobin");
	}
	return 0;
}

static const struct post_row posts[] = {
	{ "balance", lb_post },
	{ 0 }
};

const struct module mod_lb = { .name = "lb", .post = posts };

/* ---- slots ---- */

uint32_t
server_slot_limit(const struct server *srv)
{
	uint32_t max = atomic_load(&srv->live->max_now);
	uint64_t load, full = srv->backend->fullconn, limit;

	if (max == 0 || srv->minconn == 0)
		return max;
	load = gauge_get(&srv->backend->live->be_conn);
	if (load >= full)
		return max;
	limit = load * max / full;	/* max: now, by slow start or by command */
	if (limit < srv->minconn)
		limit = srv->minconn < max ? srv->minconn : max;
	return (uint32_t)limit;
}

bool
server_has_slot(const struct server *srv)
{
	uint32_t limit = server_slot_limit(srv);

	return limit == 0 || gauge_get(&srv->live->inflight) < limit;
}

bool
server_slot_take(struct server *srv)
{
	struct gauge *g = &srv->live->inflight;
	uint32_t limit = server_slot_limit(srv), cur;

	if (limit == 0) {
		gauge_inc(g);
		return true;
	}
	cur = atomic_load(&g->cur);
	do
		if (cur >= limit)
			return false;
	while (!atomic_compare_exchange_weak(&g->cur, &cur, cur + 1));
	if (cur >= atomic_load_explicit(&g->max, memory_order_relaxed))
		atomic_store_explicit(&g->max, cur + 1, memory_order_relaxed);
	return true;
}

void
server_slot_drop(struct server *srv)
{
	atomic_fetch_sub(&srv->live->inflight.cur, 1);
}

bool
server_is_usable(const struct server *srv)
{
	return atomic_load_explicit(&srv->live->usable, memory_order_acquire) != 0;
}

/* ---- eligible servers ---- */

static bool
is_weighted(const struct server *srv)
{
	return server_is_usable(srv) &&
	    atomic_load_explicit(&srv->live->eweight, memory_order_relaxed) != 0;
}

static bool
has_active(const struct proxy *px)
{
	for (uint32_t i = 0; i < px->nservers; i++)
		if (!(px->servers[i]->flags & SRV_BACKUP) && is_weighted(px->servers[i]))
			return true;
	return false;
}

bool
server_is_due(const struct server *srv)
{
	const struct proxy *px = srv->backend;

	if (!is_weighted(srv))
		return false;
	if (!(srv->flags & SRV_BACKUP))
		return true;
	if (has_active(px))
		return false;
	if (px->set.options & OPT_ALLBACKUPS)
		return true;
	for (uint32_t i = 0; i < srv->index; i++)
		if ((px->servers[i]->flags & SRV_BACKUP) && is_weighted(px->servers[i]))
			return false;
	return true;
}

static void
set_fill(struct lb_set *s, const struct proxy *px, uint32_t backup, bool is_static)
{
	for (uint32_t i = 0; i < px->nservers; i++) {
		struct server *srv = px->servers[i];
		uint32_t weight = atomic_load_explicit(&srv->live->eweight, memory_order_relaxed);

		if ((srv->flags & SRV_BACKUP) != backup || weight == 0 || !server_is_usable(srv))
			continue;
		if (is_static)
			weight = atomic_load_explicit(&srv->live->uweight, memory_order_relaxed);
		if (weight == 0)
			continue;
		s->items[s->n++] = (struct lb_item){ srv, srv->live, weight };
		s->total += weight;
		if (backup && !(px->set.options & OPT_ALLBACKUPS))
			return;
	}
}

void
lb_set_init(struct lb_set *s, const struct proxy *px, bool is_static)
{
	s->n = 0;
	s->total = 0;
	s->items = xmalloc((px->nservers + 1) * sizeof(*s->items));
	set_fill(s, px, 0, is_static);
	if (s->n == 0)
		set_fill(s, px, SRV_BACKUP, is_static);
}

void
lb_set_fini(struct lb_set *s)
{
	free(s->items);
}

/* ---- skipping ---- */

bool
lb_fits(struct lb_search *s, struct server *srv)
{
	if (!server_has_slot(srv)) {
		s->met_full = true;
		return false;
	}
	if (likely(srv != s->avoid && !passive_is_ejected(srv)))
		return true;
	if (s->second == NULL || s->second == s->avoid)
		s->second = srv;
	return false;
}

struct server *
lb_second(const struct lb_search *s, bool *ret_full)
{
	*ret_full = s->second == NULL && s->met_full;
	return s->second;
}

struct server *
lb_scan(const struct lb_set *set, uint32_t start, struct lb_search *s, bool *ret_full)
{
	uint32_t k = start;

	for (uint32_t i = 0; i < set->n; i++) {
		if (lb_fits(s, set->items[k].srv))
			return set->items[k].srv;
		k = k + 1 < set->n ? k + 1 : 0;
	}
	return lb_second(s, ret_full);
}

/* ---- a thread's state ---- */

static void
lb_thread_free(void *p)
{
	struct lb_thread *l = p;

	if (l->state != NULL)
		l->algo->free(l->state);
	free(l);
}

static const struct lb_algo *
algo_of(const struct proxy *px)
{
	const struct lb_algo *a = px->set.lb.algo;

	if (a == NULL)
		a = lb_find(DEFAULT_ALGO);
	WEIR_ASSERT(a != NULL);
	return a;
}

static struct lb_thread *
rebuild(struct proxy *be, struct proxy_thread *pt, uint32_t epoch)
{
	struct lb_thread *l = pt->lb_state;
	bool is_same = l != NULL && pt->lb_generation == be->snap->generation;

	pt->lb_epoch = epoch;
	pt->lb_generation = be->snap->generation;
	if (is_same && l->algo->refresh != NULL && l->algo->refresh(be, dt->id, l->state))
		return l;
	if (l != NULL)
		lb_thread_free(l);
	l = xcalloc(1, sizeof(*l));
	pt->lb_state = l;
	pt->lb_free = lb_thread_free;
	l->algo = algo_of(be);
	l->state = l->algo->build(be, dt->id);
	return l;
}

static inline struct lb_thread *
lb_thread_of(struct proxy *be)
{
	struct proxy_thread *pt = &be->live->threads[dt->id];
	uint32_t epoch = atomic_load_explicit(&be->live->epoch, memory_order_acquire);

	if (likely(pt->lb_state != NULL && pt->lb_epoch == epoch &&
	    pt->lb_generation == be->snap->generation))
		return pt->lb_state;
	return rebuild(be, pt, epoch);
}

struct server *
lb_pick(struct proxy *be, struct txn *t, const struct server *avoid, bool *ret_full)
{
	struct lb_thread *l = lb_thread_of(be);
	struct server *srv;

	*ret_full = false;
	srv = l->algo->pick(be, l->state, t, avoid, ret_full);
	if (srv != NULL)
		passive_picked(srv);
	return srv;
}

void
lb_take(struct proxy *be, struct server *srv)
{
	struct lb_thread *l = be->live->threads[dt->id].lb_state;

	srv->live->threads[dt->id].inflight++;
	if (l != NULL && l->algo->take != NULL)
		l->algo->take(be, l->state, srv);
}

void
lb_drop(struct proxy *be, struct server *srv, uint64_t total_us)
{
	struct lb_thread *l = be->live->threads[dt->id].lb_state;

	WEIR_ASSERT(srv->live->threads[dt->id].inflight > 0);
	srv->live->threads[dt->id].inflight--;
	if (l != NULL && l->algo->drop != NULL)
		l->algo->drop(be, l->state, srv, total_us);
}
