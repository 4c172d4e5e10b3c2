/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Persistence by stick tables; see stick_rules.h. Keys are computed where the
 * rule stands, kept in the transaction's memory, and stored once it is known
 * which server serves: so an entry whose server is down is ignored and learnt
 * anew. Of several store-request rules of one table only the first whose key
 * exists counts.
 *
 * A server is told by its name (or address) first, then by its number: numbers
 * move when servers are added before it.
 *
 * Thread: data.
 */
#include "proxy/stick_rules.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "proxy/acl.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/stick.h"
#include "proxy/stickiness.h"
#include "proxy/txn.h"

#define STORES_MAX	8

struct stick_store {
	struct stick_store *next;
	struct stick_table *table;	/* borrowed: of our snapshot */
	uint32_t	 len;
	char		 key[];
};

static uint32_t
wall_s(uint64_t us_from_now)
{
	return (uint32_t)((clock_wall_of(clock_now_us) + us_from_now) / 1000000);
}

static bool
rule_key(const struct stick_rule *r, struct sample_ctx *x, struct stick_key *k)
{
	struct sample s;

	return acl_cond_passes(r->cond, x) && expr_eval(r->expr, x, &s) &&
	    stick_key_make(&r->table->lay, &s, k);
}

/* ---- what is to be stored ---- */

static bool
has_store(const struct txn *t, const struct stick_table *table)
{
	for (const struct stick_store *st = t->stick_stores; st != NULL; st = st->next)
		if (st->table == table)
			return true;
	return false;
}

static void
keep_key(struct txn *t, const struct stick_rule *r, const struct stick_key *k)
{
	struct stick_store **at = &t->stick_stores, *st;
	unsigned n = 0;

	for (; *at != NULL; at = &(*at)->next)
		n++;
	if (n >= STORES_MAX || (st = txn_scratch(t, sizeof(*st) + k->len)) == NULL)
		return;
	st->next = NULL;
	st->table = r->table->live;
	st->len = k->len;
	memcpy(st->key, k->p, k->len);
	*at = st;
}

/* ---- matching ---- */

static struct server *
by_name(const struct proxy *be, uint32_t name)
{
	for (uint32_t i = 0; i < be->nservers; i++)
		if (be->servers[i]->stick_name == name)
			return be->servers[i];
	return NULL;
}

static struct server *
by_id(const struct proxy *be, uint32_t id)
{
	/* mostly they are numbered from 1 in file order */
	if (id <= be->nservers && be->servers[id - 1]->id == (int)id)
		return be->servers[id - 1];
	for (uint32_t i = 0; i < be->nservers; i++)
		if (be->servers[i]->id == (int)id)
			return be->servers[i];
	return NULL;
}

struct server *
stick_rules_server(const struct proxy *be, uint32_t id, uint32_t name)
{
	struct server *srv = id != 0 ? by_id(be, id) : NULL;

	if (name == 0 || (srv != NULL && srv->stick_name == name))
		return srv;
	return by_name(be, name);
}

/* It may be tried: `option persist` and force-persist want even one that is down. */
static bool
may_want(const struct txn *t, const struct server *srv)
{
	return server_is_usable(srv) || (t->be->set.options & OPT_PERSIST) ||
	    (t->flags & TXN_F_FORCE_PERSIST);
}

static void
match(struct txn *t, const struct stick_rule *r, const struct stick_key *k)
{
	struct stick_table *table = r->table->live;
	struct stick_server at_server = { 0, 0 };
	uint32_t name = 0;
	struct server *srv;
	struct stick_at at;
	uint64_t expire_us;

	if (!stick_find(table, k, &at))
		return;
	if (stick_server(&at) != NULL)
		at_server = *stick_server(&at);
	if (stick_server_name(&at) != NULL)
		name = *stick_server_name(&at);
	stick_touch(&at);
	stick_unlock(&at);
	if (t->wanted != NULL || (srv = stick_rules_server(t->be, at_server.id, name)) == NULL ||
	    !may_want(t, srv))
		return;
	t->wanted = srv;
	t->flags |= TXN_F_PERSISTENT;
	expire_us = atomic_load_explicit(&table->expire_us, memory_order_relaxed);
	stickiness_set(t, STICK_TABLE, at_server.since_s, expire_us != 0 ? wall_s(expire_us) : 0);
}

void
stick_rules_match(struct txn *t)
{
	struct sample_ctx x;
	struct stick_key k;
	size_t mark;

	sample_ctx_init(&x, t, t->be, DIR_REQ);
	for (const struct stick_rule *r = t->be->stick_rules; r != NULL; r = r->next) {
		if (r->what == STICK_STORE_RES || has_store(t, r->table->live))
			continue;
		mark = eval_mark();
		if (rule_key(r, &x, &k)) {
			if (r->what & STICK_MATCH)
				match(t, r, &k);
			if (r->what & STICK_STORE_REQ)
				keep_key(t, r, &k);
		}
		eval_release(mark);
	}
}

/* ---- storing ---- */

static void
keep_response_keys(struct txn *t)
{
	struct sample_ctx x;
	struct stick_key k;
	size_t mark;

	sample_ctx_init(&x, t, t->be, DIR_RES);
	for (const struct stick_rule *r = t->be->stick_rules; r != NULL; r = r->next) {
		if (!(r->what & STICK_STORE_RES) || has_store(t, r->table->live))
			continue;
		mark = eval_mark();
		if (rule_key(r, &x, &k))
			keep_key(t, r, &k);
		eval_release(mark);
	}
}

static void
store(const struct txn *t, const struct stick_store *st)
{
	const struct stick_key k = { .p = st->key, .len = st->len };
	uint32_t id = (uint32_t)t->srv->id, name = t->srv->stick_name, now_s = wall_s(0);
	struct stick_server *at_server;
	struct stick_at at;

	if (!stick_get(st->table, &k, &at))
		return;			/* full of entries in use: it is not remembered */
	at_server = stick_server(&at);
	if (at_server != NULL && at_server->id != id)
		*at_server = (struct stick_server){ id, now_s };
	if (stick_server_name(&at) != NULL)
		*stick_server_name(&at) = name;
	stick_touch(&at);
	stick_unlock(&at);
}

void
stick_rules_store(struct txn *t)
{
	keep_response_keys(t);
	if (t->srv != NULL && !(t->srv->flags & SRV_NON_STICK))
		for (const struct stick_store *st = t->stick_stores; st != NULL; st = st->next)
			store(t, st);
	t->stick_stores = NULL;
}
