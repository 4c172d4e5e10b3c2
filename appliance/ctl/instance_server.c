/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Servers of instances; see instance_server.h.
 *
 * To leave, a server first gets nothing new: it is drained, and not usable by cookie
 * or table either. A message to each data thread makes sure that all have seen it;
 * from then on its gauge of requests only falls, and is looked at every LOOK_US.
 *
 * Taking a server away waits until its connections have ended: a struct removal does
 * that after its instance was forgotten.
 *
 * Thread: control.
 */
#include "ctl/instance_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/broadcast.h"
#include "ctl/control.h"
#include "ctl/group.h"
#include "ctl/health.h"
#include "ctl/overlay.h"
#include "ctl/server_purge.h"
#include "ctl/shutdown.h"
#include "event/loop.h"
#include "proxy/dthread.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"

#define LOOK_US		20000u
#define WORDS_MAX	16

struct instance_server {
	struct instance_server *next;
	char		*backend;	/* owned */
	bool		 is_adding;
	bool		 has_failed;	/* it could not be added: again after the next reload */
	uint32_t	 generation;	/* of the snapshot that it failed for */
};

/* A server that is to go. */
struct removal {
	struct list	 node;
	char		*backend, *name;	/* owned */
	bool		 is_deleting;
};

static struct {
	struct list	 removals;
	struct list	 draining;	/* struct drain */
	struct timer	 timer;
	struct list	 changed;	/* struct instance, by changed */
	struct loop_task task;
} state = {
	.changed = { &state.changed, &state.changed },
	.removals = { &state.removals, &state.removals },
	.draining = { &state.draining, &state.draining },
};

/* An instance that drains; by its id, since it may be forgotten meanwhile. */
struct drain {
	struct list	 node;
	char		 id[INSTANCE_ID_MAX + 1];
	unsigned	 round;
	bool		 has_been_told;	/* all data threads know */
};

static const struct server *
find(const char *backend, const char *id)
{
	const struct snapshot *s = snapshot_current();
	const struct proxy *px = s != NULL ? proxy_find(s, backend, CAP_BACKEND) : NULL;

	return px != NULL ? server_find(px, id) : NULL;
}

static bool
is_wanted_in(const struct group *g, const char *backend)
{
	for (unsigned i = 0; g->conf != NULL && i < g->conf->nbackends; i++)
		if (strcmp(g->conf->backends[i], backend) == 0)
			return true;
	return g->conf == NULL;		/* orphaned: all as it is */
}

static void
arm(void)
{
	timer_set(&control_loop->wheel, &state.timer, clock_mono_us() + LOOK_US);
}

/* ---- taking away ---- */

static void
removal_free(struct removal *r)
{
	list_del(&r->node);
	free(r->backend);
	free(r->name);
	free(r);
}

static void
on_deleted(void *arg, bool ok, const char *text)
{
	struct removal *r = arg;

	r->is_deleting = false;
	if (ok || control_loop->stopping)
		removal_free(r);
	else
		log_event(NULL, LOG_L_WARNING, "Server %s/%s cannot be removed: %s", r->backend,
		    r->name, text);
}

/* Again and again until it is gone. */
static void
look_removal(struct removal *r)
{
	const struct server *srv;
	bool is_later;

	if (r->is_deleting)
		return;
	srv = find(r->backend, r->name);
	if (srv == NULL) {
		removal_free(r);
		return;
	}
	if (!(atomic_load(&srv->live->admin) & SRV_ADM_FMAINT))
		health_set_admin(srv->live, SRV_ADM_FMAINT, 0);
	if (overlay_refusal(srv, &is_later) == NULL) {
		r->is_deleting = true;
		overlay_del(srv, on_deleted, r);
	} else
		server_purge_idle(srv->live);
}

static void
remove_server(const char *backend, const char *id)
{
	struct removal *r = xcalloc(1, sizeof *r);

	r->backend = xstrdup(backend);
	r->name = xstrdup(id);
	list_append(&state.removals, &r->node);
	look_removal(r);
	arm();
}

static struct instance_server *
entry_free(struct instance_server *e)
{
	struct instance_server *next = e->next;

	free(e->backend);
	free(e);
	return next;
}

void
servers_remove(struct instance *i)
{
	while (i->servers != NULL) {
		/* one that is being added: on_added finds nobody, and removes it */
		if (!i->servers->is_adding && !control_loop->stopping)
			remove_server(i->servers->backend, i->id);
		i->servers = entry_free(i->servers);
	}
	i->is_draining = false;
	sched_cancel(&i->drain_limit);
}

/* ---- adding ---- */

struct adding {
	char		 id[INSTANCE_ID_MAX + 1];
	char		*backend;	/* owned */
};

static struct instance_server *
entry_of(struct instance *i, const char *backend)
{
	struct instance_server *e = i != NULL ? i->servers : NULL;

	while (e != NULL && strcmp(e->backend, backend) != 0)
		e = e->next;
	return e;
}

static void
adding_end(struct adding *a)
{
	sched_busy_end();
	free(a->backend);
	free(a);
}

static void
not_added(struct adding *a, const char *text)
{
	struct instance_server *e = entry_of(instance_find(a->id), a->backend);

	if (!control_loop->stopping)
		log_event(NULL, LOG_L_WARNING, "Instance %s cannot be a server of %s: %s", a->id,
		    a->backend, text);
	if (e != NULL) {
		e->is_adding = false;
		e->has_failed = true;
		e->generation = snapshot_current()->generation;
	}
	adding_end(a);
}

/* All data threads have it. */
static void
on_seen(void *arg)
{
	struct adding *a = arg;
	struct instance *i = instance_find(a->id);
	struct instance_server *e = entry_of(i, a->backend);

	if (e != NULL)
		e->is_adding = false;
	else
		remove_server(a->backend, a->id);
	adding_end(a);
	if (e != NULL)
		instance_step(i);
}

static void
nothing_here(void *arg, struct dthread *d)
{
	(void)arg, (void)d;
}

/* It serves, and others may be drained for it, when each data thread has followed to the
 * snapshot that has it: states are seen at once, also by one that knows only the others. */
static void
on_added(void *arg, bool ok, const char *text)
{
	if (ok && !control_loop->stopping)
		broadcast(nothing_here, on_seen, arg);
	else
		not_added(arg, text);
}

/* The words of its line. */
static void
add(struct instance *i, const char *backend)
{
	const struct group_conf *conf = i->group->conf;
	struct adding *a = xcalloc(1, sizeof *a);
	char address[96], slow[32];
	const char *words[WORDS_MAX];
	int n = 0;

	memcpy(a->id, i->id, sizeof a->id);
	a->backend = xstrdup(backend);
	snprintf(address, sizeof address, strchr(i->address, ':') != NULL ? "[%s]:%u" : "%s:%u",
	    i->address, i->port);
	words[n++] = i->id;
	words[n++] = address;
	words[n++] = "from";
	words[n++] = "default";
	words[n++] = "check";
	words[n++] = "cookie";
	words[n++] = i->id;
	if (i->zone[0] != '\0') {
		words[n++] = "zone";
		words[n++] = i->zone;
	}
	if (conf->has_slow_start) {
		snprintf(slow, sizeof slow, "%lluus", (unsigned long long)conf->slow_start_us);
		words[n++] = "slowstart";
		words[n++] = slow;
	}
	sched_busy_begin();
	overlay_add(backend, (char *const *)(uintptr_t)words, n, OVERLAY_SCALER, on_added, a);
}

static void
want_in(struct instance *i, const char *backend)
{
	struct instance_server *e = entry_of(i, backend);

	if (e == NULL) {
		e = xcalloc(1, sizeof *e);
		e->backend = xstrdup(backend);
		e->next = i->servers;
		i->servers = e;
	} else if (e->is_adding || find(backend, i->id) != NULL ||
	    (e->has_failed && e->generation == snapshot_current()->generation))
		return;
	e->is_adding = true;
	e->has_failed = false;
	if (find(backend, i->id) == NULL)
		add(i, backend);
	else
		e->is_adding = false;	/* a reload kept it */
}

void
servers_want(struct instance *i)
{
	const struct group *g = i->group;

	if (g->conf == NULL || i->address[0] == '\0' || i->port == 0 || i->is_draining ||
	    i->stays_out)
		return;
	for (struct instance_server **at = &i->servers; *at != NULL; )
		if (!is_wanted_in(g, (*at)->backend) && !(*at)->is_adding) {
			remove_server((*at)->backend, i->id);
			*at = entry_free(*at);
		} else
			at = &(*at)->next;
	for (unsigned k = 0; k < g->conf->nbackends; k++)
		want_in(i, g->conf->backends[k]);
}

/* ---- states ---- */

#define SERVERS_EACH(i, srv) \
	for (const struct instance_server *e_ = (i)->servers; e_ != NULL; e_ = e_->next) \
		for (const struct server *srv = find(e_->backend, (i)->id); srv != NULL; \
		    srv = NULL)

bool
servers_are_up(const struct instance *i)
{
	const struct group_conf *conf = i->group->conf;
	unsigned n = 0;

	SERVERS_EACH(i, srv) {
		if (e_->is_adding || atomic_load(&srv->live->op_state) == SRV_OP_STOPPED)
			return false;
		n++;
	}
	return conf == NULL || n >= conf->nbackends;
}

bool
servers_are_serving(const struct instance *i)
{
	SERVERS_EACH(i, srv)
		if (!e_->is_adding && server_is_usable(srv) &&
		    !(atomic_load(&srv->live->admin) & SRV_ADM_DRAIN))
			return true;
	return false;
}

void
servers_each(const struct instance *i, void (*fn)(const struct server *srv, void *arg),
    void *arg)
{
	SERVERS_EACH(i, srv)
		fn(srv, arg);
}

unsigned
servers_inflight(const struct instance *i)
{
	unsigned n = 0;

	SERVERS_EACH(i, srv)
		n += gauge_get(&srv->live->inflight) + atomic_load(&srv->live->queue.len);
	return n;
}

/* ---- draining ---- */

static void
drain_free(struct drain *d)
{
	list_del(&d->node);
	free(d);
}

static void
look_drain(struct drain *d)
{
	struct instance *i = instance_find(d->id);

	if (i == NULL || !i->is_draining || i->drain_round != d->round) {
		drain_free(d);
		return;
	}
	if (!d->has_been_told || servers_inflight(i) > 0)
		return;
	drain_free(d);
	i->is_draining = false;
	sched_cancel(&i->drain_limit);
	instance_drained(i);
}

static void
on_told(void *arg)
{
	struct drain *d = arg;

	sched_busy_end();
	d->has_been_told = true;
	if (control_loop->stopping)
		drain_free(d);
	else
		look_drain(d);
}

static void
close_inflight(const struct server *srv)
{
	unsigned n = gauge_get(&srv->live->inflight);

	if (n == 0)
		return;
	log_event(srv->backend, LOG_L_WARNING, "Server %s/%s is not drained any longer: %u "
	    "requests are closed.", srv->backend->name, srv->name, n);
	shutdown_sessions_of(srv->live, 'D');
}

static void
leave(const struct server *srv)
{
	srv->live->is_leaving = true;
	health_set_admin(srv->live, SRV_ADM_FDRAIN, 0);
}

void
servers_cut(struct instance *i)
{
	SERVERS_EACH(i, srv) {
		leave(srv);
		close_inflight(srv);
	}
}

static void
on_limit(struct sched_timer *t)
{
	struct instance *i = LIST_ITEM(t, struct instance, drain_limit);

	SERVERS_EACH(i, srv)
		close_inflight(srv);
	i->is_draining = false;
	instance_drained(i);
}

void
servers_drain(struct instance *i, uint64_t limit_us)
{
	struct drain *d;
	unsigned n = 0;

	SERVERS_EACH(i, srv) {
		leave(srv);
		n++;
	}
	if (n == 0) {
		instance_drained(i);
		return;
	}
	i->is_draining = true;
	sched_timer_init(&i->drain_limit, on_limit);
	sched_after(&i->drain_limit, limit_us);
	d = xcalloc(1, sizeof *d);
	memcpy(d->id, i->id, sizeof d->id);
	d->round = ++i->drain_round;
	list_append(&state.draining, &d->node);
	sched_busy_begin();
	broadcast(nothing_here, on_told, d);
	arm();
}

/* ---- the look ---- */

static void
on_timer(struct timer *t)
{
	(void)t;
	LIST_EACH_SAFE(n, tmp, &state.removals)
		look_removal(LIST_ITEM(n, struct removal, node));
	LIST_EACH_SAFE(n, tmp, &state.draining) {
		struct drain *d = LIST_ITEM(n, struct drain, node);

		if (d->has_been_told)
			look_drain(d);
	}
	if (!list_is_empty(&state.removals) || !list_is_empty(&state.draining))
		arm();
}

/* A server went up or down; looked at when that is complete. */
static void
on_health(const struct server_live *l)
{
	struct instance *i = instance_find(l->name);

	if (entry_of(i, l->backend) == NULL || !list_is_empty(&i->changed))
		return;
	list_append(&state.changed, &i->changed);
	loop_ready(control_loop, &state.task);
}

static void
on_task(struct loop_task *t)
{
	struct list *n;

	(void)t;
	while ((n = list_pop(&state.changed)) != NULL) {
		struct instance *i = LIST_ITEM(n, struct instance, changed);
		struct group *g = i->group;

		instance_step(i);
		group_wake(g);
	}
}

const char *
instance_owner(const char *backend, const char *server)
{
	struct instance *i = instance_find(server);

	return entry_of(i, backend) != NULL ? i->group->name : NULL;
}

void
servers_start(void)
{
	timer_init(&state.timer, on_timer);
	loop_task_init(&state.task, on_task);
	health_on_change(on_health);
}

void
servers_stop(void)
{
	timer_unlink(&control_loop->wheel, &state.timer);
	loop_task_cancel(&state.task);
	LIST_EACH_SAFE(n, tmp, &state.removals) {
		struct removal *r = LIST_ITEM(n, struct removal, node);

		if (!r->is_deleting)	/* else on_deleted comes yet */
			removal_free(r);
	}
	LIST_EACH_SAFE(n, tmp, &state.draining) {
		struct drain *d = LIST_ITEM(n, struct drain, node);

		if (d->has_been_told)	/* else on_told comes yet */
			drain_free(d);
		else
			list_del(&d->node);
	}
}
