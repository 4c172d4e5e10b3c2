/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was found goes to servers. Each server that is resolved at run time has a
 * struct user, kept over reloads with its live cell. One that is known by a plain
 * name takes one of the name's addresses; one that is known by an SRV record takes
 * one of the record's targets, with port and weight, and then an address of it.
 *
 * A server keeps what it has while it is among the answers; only then free answers
 * are given to those that have none, in file order. Whoever gets none has no
 * address: SRV_ADM_RMAINT.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/health.h"
#include "ctl/resolve.h"
#include "proxy/live.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"
#include "proxy/resolvers.h"
#include "proxy/server_addr.h"

struct dns_user {
	struct list	 node;		/* file order */
	struct server_live *live;	/* borrowed: freed after this */
	const struct server *srv;	/* borrowed: current snapshot */
	char		*own_fqdn;	/* owned: `set server ... fqdn`; NULL = configured */
	uint32_t	 generation;
	struct resolution *res;		/* counted: of its name */
	/* SRV: the target it has, and whose address is looked for */
	struct dns_record target;
	struct resolution *target_res;	/* counted; NULL = none */
	bool		 has_now;	/* while answers are given out */
};

static struct {
	struct list	 users;
	uint32_t	 generation;
} state = { .users = { &state.users, &state.users } };

#define EACH_USER(u) \
	for (struct dns_user *u = first(); u != NULL; u = next(u))

static struct dns_user *
next_of(struct list *n)
{
	return n != &state.users ? LIST_ITEM(n, struct dns_user, node) : NULL;
}

static struct dns_user *
first(void)
{
	return next_of(state.users.next);
}

static struct dns_user *
next(struct dns_user *u)
{
	return next_of(u->node.next);
}

/* ---- addresses ---- */

static bool
has_address(const struct dns_user *u)
{
	return !(atomic_load(&u->live->admin) & SRV_ADM_RMAINT);
}

static bool
is_same_ip(const struct ip_port *a, const struct ip_port *b)
{
	return a->family == b->family && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
}

static void
lose(struct dns_user *u)
{
	if (has_address(u))
		health_set_admin(u->live, SRV_ADM_RMAINT, 0);
}

static void
say_change(const struct dns_user *u, const struct ip_port *old, const struct ip_port *new,
    const struct dns_server *by)
{
	char a[64], b[64];

	(void)ip_text(old, a, sizeof a);
	(void)ip_text(new, b, sizeof b);
	log_event(u->srv->backend, LOG_L_NOTICE, "%s/%s changed its IP from %s to %s by %s%s%s.",
	    u->srv->backend->name, u->srv->name, has_address(u) ? a : "(none)", b,
	    by != NULL ? by->section->name : "DNS cache", by != NULL ? "/" : "",
	    by != NULL ? by->name : "");
}

/* True: that is another address than before. */
static bool
give(struct dns_user *u, const struct ip_port *ip, const struct dns_server *by)
{
	bool is_target = u->target_res != NULL, had = has_address(u);
	struct ip_port old = server_ip_now(u->srv), to = *ip;

	to.port = is_target ? u->target.port : addr_port(&u->srv->addr);
	if (had && is_same_ip(&old, ip) && (!is_target || old.port == to.port))
		return false;
	say_change(u, &old, ip, by);
	server_addr_set(u->live, &to, is_target || u->srv->has_port);
	if (!had)
		health_set_admin(u->live, 0, SRV_ADM_RMAINT);
	return true;
}

static bool
is_taken(const struct dns_user *u, const struct resolution *r, const struct ip_port *ip)
{
	EACH_USER(o) {
		struct ip_port now;

		if (o == u || o->res != r || o->srv->backend != u->srv->backend || !o->has_now)
			continue;
		now = server_ip_now(o->srv);
		if (is_same_ip(&now, ip))
			return true;
	}
	return false;
}

static int
rank(const struct dns_user *u, const struct ip_port *ip)
{
	const struct resolve_conf *conf = u->srv->resolve;
	int r = ip->family == (conf->prefer != 0 ? conf->prefer : AF_INET6);

	for (unsigned i = 0; i < conf->nnets; i++)
		if (ip_net_has(&conf->nets[i], ip))
			return r + 2;
	return r;
}

static const struct ip_port *
choose(const struct dns_user *u, const struct resolution *r)
{
	const struct ip_port *best = NULL;
	bool may_share = u->srv->resolve->allow_dup_ip || u->target_res == r;

	for (unsigned i = 0; i < r->n; i++) {
		const struct ip_port *ip = &r->found[i].rec.ip;

		if (!may_share && is_taken(u, r, ip))
			continue;
		if (best == NULL || rank(u, ip) > rank(u, best))
			best = ip;
	}
	return best;
}

static bool
is_of(const struct dns_user *u, const struct resolution *r)
{
	return u->target_res != NULL ? u->target_res == r : u->res == r;
}

/* It has one of the addresses already, and nobody before it has the same. */
static bool
may_keep(const struct dns_user *u, const struct resolution *r)
{
	struct ip_port now = server_ip_now(u->srv);

	if (!has_address(u) || (u->target_res == r && now.port != u->target.port))
		return false;
	for (unsigned i = 0; i < r->n; i++)
		if (is_same_ip(&r->found[i].rec.ip, &now))
			return u->srv->resolve->allow_dup_ip || u->target_res == r ||
			    !is_taken(u, r, &now);
	return false;
}

static bool
apply_addresses(struct resolution *r, const struct dns_server *by)
{
	bool changed = false;

	EACH_USER(u)
		u->has_now = false;
	EACH_USER(u)
		if (is_of(u, r))
			u->has_now = may_keep(u, r);
	EACH_USER(u) {
		const struct ip_port *ip;

		if (!is_of(u, r) || u->has_now)
			continue;
		ip = choose(u, r);
		if (ip == NULL) {
			lose(u);
			continue;
		}
		changed |= give(u, ip, by);
		u->has_now = true;
	}
	return changed;
}

/* ---- SRV records ---- */

static bool
is_same_target(const struct dns_record *a, const struct dns_record *b)
{
	return a->port == b->port && strcmp(a->target, b->target) == 0;
}

/* A record's weight of 16 bits in ours; 0 stays 0. */
static void
set_weight(struct dns_user *u, const struct dns_record *rec)
{
	uint32_t weight = (rec->weight + 255u) / 256u;

	if (u->srv->resolve->ignore_weight || atomic_load(&u->live->uweight) == weight)
		return;
	atomic_store(&u->live->uweight, weight);
	live_server_changed(u->srv->backend->live, u->live);
	queue_kick(u->srv->backend->live, u->live);
}

static uint8_t
family_of(const struct dns_user *u)
{
	uint8_t prefer = u->srv->resolve->prefer;

	return prefer != 0 ? prefer : AF_INET6;
}

static void
drop_target(struct dns_user *u)
{
	resolution_put(u->target_res);
	u->target_res = NULL;
	lose(u);
}

static bool
take_target(struct dns_user *u, const struct dns_record *rec, const struct dns_server *by)
{
	u->target = *rec;
	u->target_res = resolution_get(u->res->section, rec->target, false, family_of(u));
	set_weight(u, rec);
	return u->target_res->is_known && apply_addresses(u->target_res, by);
}

static const struct dns_record *
record_of(const struct dns_user *u, const struct resolution *r)
{
	for (unsigned i = 0; u->target_res != NULL && i < r->n; i++)
		if (is_same_target(&u->target, &r->found[i].rec))
			return &r->found[i].rec;
	return NULL;
}

static bool
is_given(const struct dns_user *to, const struct resolution *r, const struct dns_record *rec)
{
	EACH_USER(u)
		if (u->res == r && u->srv->backend == to->srv->backend && u->target_res != NULL &&
		    is_same_target(&u->target, rec))
			return true;
	return false;
}

/* The first record that no server of the backend has; the lowest priority first. */
static const struct dns_record *
free_record(const struct dns_user *u, const struct resolution *r)
{
	const struct dns_record *best = NULL;

	for (unsigned i = 0; i < r->n; i++) {
		const struct dns_record *rec = &r->found[i].rec;

		if ((best == NULL || rec->priority < best->priority) && dns_name_ok(rec->target) &&
		    rec->port != 0 && !is_given(u, r, rec))
			best = rec;
	}
	return best;
}

static bool
apply_targets(struct resolution *r, const struct dns_server *by)
{
	bool changed = false;

	EACH_USER(u) {
		const struct dns_record *rec;

		if (u->res != r)
			continue;
		rec = record_of(u, r);
		if (rec != NULL)
			set_weight(u, rec);
		else if (u->target_res != NULL)
			drop_target(u);
	}
	EACH_USER(u) {
		const struct dns_record *rec;

		if (u->res != r || u->target_res != NULL)
			continue;
		rec = free_record(u, r);
		if (rec != NULL)
			changed |= take_target(u, rec, by);
		else
			lose(u);
	}
	return changed;
}

bool
resolve_apply(struct resolution *r, const struct dns_server *by)
{
	return r->is_srv ? apply_targets(r, by) : apply_addresses(r, by);
}

/* ---- snapshots come into service ---- */

static void
user_free(struct dns_user *u)
{
	resolution_put(u->target_res);
	resolution_put(u->res);
	list_del(&u->node);
	u->live->dns = NULL;
	free(u->own_fqdn);
	free(u);
}

/* The name it has now leads to this resolution. */
static void
set_name(struct dns_user *u)
{
	const char *name = u->own_fqdn != NULL ? u->own_fqdn : u->srv->fqdn;
	struct dns_section *sec = dns_section_find(u->srv->resolve->section->name);
	struct resolution *old = u->res;

	u->res = resolution_get(sec, name, name[0] == '_', family_of(u));
	if (old != u->res && u->target_res != NULL) {
		resolution_put(u->target_res);
		u->target_res = NULL;
	}
	resolution_put(old);
	if (old != u->res && u->res->is_known)
		(void)resolve_apply(u->res, NULL);
}

static void
adopt(const struct server *srv)
{
	struct dns_user *u = srv->live->dns;

	if (u == NULL) {
		u = xcalloc(1, sizeof *u);
		list_init(&u->node);
		u->live = srv->live;
		srv->live->dns = u;
	}
	list_del(&u->node);
	list_append(&state.users, &u->node);
	u->srv = srv;
	u->generation = state.generation;
}

void
resolve_servers_publish(struct snapshot *s)
{
	state.generation++;
	for (const struct proxy *px = s->proxies; px != NULL; px = px->next)
		for (const struct server *srv = px->server_list; srv != NULL; srv = srv->next)
			if (srv->resolve != NULL && srv->resolve->section != NULL)
				adopt(srv);
	LIST_EACH_SAFE(n, tmp, &state.users) {
		struct dns_user *u = LIST_ITEM(n, struct dns_user, node);

		if (u->generation != state.generation)
			user_free(u);
	}
	EACH_USER(u)
		set_name(u);
}

void
resolve_servers_fini(void)
{
	LIST_EACH_SAFE(n, tmp, &state.users)
		user_free(LIST_ITEM(n, struct dns_user, node));
}

/* ---- asked from outside ---- */

bool
resolve_set_fqdn(struct server *srv, const char *name)
{
	struct dns_user *u = srv->live->dns;

	if (u == NULL)
		return false;
	log_event(srv->backend, LOG_L_NOTICE, "%s/%s changed its FQDN from %s to %s by 'stats "
	    "socket command'", srv->backend->name, srv->name,
	    u->own_fqdn != NULL ? u->own_fqdn : srv->fqdn, name);
	free(u->own_fqdn);
	u->own_fqdn = xstrdup(name);
	set_name(u);
	return true;
}

void
resolve_names(const struct server *srv, const char **ret_fqdn, const char **ret_srv)
{
	const struct dns_user *u = srv->live->dns;
	const char *name = u != NULL && u->own_fqdn != NULL ? u->own_fqdn : srv->fqdn;
	bool is_srv = u != NULL && name[0] == '_';

	*ret_srv = is_srv ? name : NULL;
	*ret_fqdn = !is_srv ? name : u->target_res != NULL ? u->target.target : NULL;
}
