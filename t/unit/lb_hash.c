/* SPDX-License-Identifier: BSD-2-Clause */
/* Balancing by hashes: functions, keys, what moves when a server leaves. */
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "proxy/dthread.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/passive.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/session.h"
#include "proxy/txn.h"
#include "tap.h"

#define SERVERS	10
#define KEYS	20000

extern const struct module mod_lb_hash;
const struct module *const modules[] = { &mod_lb_hash, NULL };
_Thread_local struct dthread *dt;

/* ---- expressions: ours says the next key ---- */

static struct str expr_says;

bool
expr_eval_as(const struct expr *e, struct sample_ctx *x, enum sample_type as,
    struct sample *ret)
{
	(void)e;
	(void)x;
	ret->type = (uint8_t)as;
	ret->u.s = expr_says;
	return expr_says.p != NULL;
}

struct expr *
expr_parse(struct cfg *c, struct proxy *px, const char *word, uint32_t use)
{
	(void)c;
	(void)px;
	(void)word;
	(void)use;
	return NULL;
}

void
sample_ctx_init(struct sample_ctx *x, struct txn *t, struct proxy *px, enum sample_dir dir)
{
	memset(x, 0, sizeof(*x));
	x->t = t;
	x->px = px;
	x->dir = dir;
}

size_t
eval_mark(void)
{
	return 0;
}

void
eval_release(size_t mark)
{
	(void)mark;
}

/* ---- a backend and a request made by hand ---- */

static struct snapshot snap = { .generation = 1, .nthreads = 1 };
static struct dthread fake_dt;
static struct proxy_thread be_thread;
static struct proxy_live be_live = { .threads = &be_thread };
static struct proxy be;
static struct server servers[SERVERS], *by_index[SERVERS];
static struct server_live cells[SERVERS];
static struct server_thread threads[SERVERS];
static char names[SERVERS][16];
static struct session sess;
static struct txn txn;
static char text[1024];
static struct http_field fields[8];

static void
changed(uint32_t i, uint32_t usable, uint32_t sixteenths)
{
	cells[i].usable = usable;
	cells[i].eweight = sixteenths;
	cells[i].uweight = (sixteenths + LB_SCALE - 1) / LB_SCALE;
	be_live.epoch++;
}

static void
farm(const char *algo, bool consistent)
{
	snap.generation++;
	be = (struct proxy){ .live = &be_live, .snap = &snap, .servers = by_index,
	    .nservers = SERVERS };
	be.set.lb.algo = lb_find(algo);
	be.set.lb.hash.consistent = be.set.lb.hash.avalanche = consistent;
	be_live.nusable = SERVERS;
	be_live.rr_cursor = 0;
	be_live.be_served.cur = 0;
	for (uint32_t i = 0; i < SERVERS; i++) {
		snprintf(names[i], sizeof(names[i]), "s%u", i + 1);
		servers[i] = (struct server){ .backend = &be, .name = names[i], .index = i,
		    .weight = 1, .live = &cells[i] };
		memset(&cells[i], 0, sizeof(cells[i]));
		memset(&threads[i], 0, sizeof(threads[i]));
		cells[i].threads = &threads[i];
		cells[i].nthreads = 1;
		by_index[i] = &servers[i];
		changed(i, 1, LB_SCALE);
	}
}

static struct server *
pick_avoiding(const struct server *avoid)
{
	bool is_full;

	return lb_pick(&be, &txn, avoid, &is_full);
}

static struct server *
pick(void)
{
	return pick_avoiding(NULL);
}

/* The server of the n-th key. */
static struct server *
pick_key(unsigned n)
{
	static char key[16];

	snprintf(key, sizeof(key), "key%u", n);
	expr_says = str_of(key);
	return pick();
}

static uint8_t was[KEYS];
static unsigned n_of[SERVERS];

static void
remember(void)
{
	memset(n_of, 0, sizeof(n_of));
	for (unsigned i = 0; i < KEYS; i++) {
		was[i] = (uint8_t)pick_key(i)->index;
		n_of[was[i]]++;
	}
}

/* How many keys have another server than at remember(). */
static unsigned
moved(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < KEYS; i++)
		n += pick_key(i)->index != was[i];
	return n;
}

/* ---- functions ---- */

static void
test_functions(void)
{
	is_u64(lb_hash(LB_HASH_SDBM, STR("")), 0);
	is_u64(lb_hash(LB_HASH_SDBM, STR("a")), 97);
	is_u64(lb_hash(LB_HASH_SDBM, STR("ab")), 97u * 65599 + 98);
	is_u64(lb_hash(LB_HASH_DJB2, STR("")), 5381);
	is_u64(lb_hash(LB_HASH_DJB2, STR("a")), 177670);
	is_u64(lb_hash(LB_HASH_CRC32, STR("123456789")), 0xcbf43926u);
	is_u64(lb_hash(LB_HASH_NONE, STR("4711")), 4711);
	is_u64(lb_hash(LB_HASH_WT6, STR("")), 0xa53c965au ^ 0x5ca6953au);
	ok(lb_hash(LB_HASH_WT6, STR("ab")) != lb_hash(LB_HASH_WT6, STR("ba")));
}

/* ---- what moves ---- */

static void
test_consistent(void)
{
	unsigned gone;

	farm("hash", true);
	remember();
	is_u64(moved(), 0);
	for (unsigned i = 0; i < SERVERS; i++)
		ok_named(n_of[i] > KEYS / SERVERS / 2 && n_of[i] < KEYS / SERVERS * 2,
		    "s%u: %u of %u keys", i + 1, n_of[i], KEYS);
	gone = n_of[3];
	changed(3, 0, LB_SCALE);
	is_u64(moved(), gone);
	changed(3, 1, LB_SCALE / 2);
	ok_named(moved() > gone / 4 && moved() < gone * 3 / 4,
	    "half of its weight: %u of its %u keys moved", moved(), gone);
	changed(3, 1, LB_SCALE);
	is_u64(moved(), 0);
	changed(3, 1, 4 * LB_SCALE);
	remember();
	ok_named(n_of[3] > KEYS * 4 / 13 * 3 / 4 && n_of[3] < KEYS * 4 / 13 * 5 / 4,
	    "weight 4 of 13: %u keys", n_of[3]);
	snap.generation++;
	is_u64(moved(), 0);
}

static void
test_map(void)
{
	farm("hash", false);
	be.set.lb.hash.avalanche = true;
	remember();
	for (unsigned i = 0; i < SERVERS; i++)
		ok_named(fabs((double)n_of[i] - KEYS / SERVERS) < KEYS / SERVERS * 0.1,
		    "map s%u: %u of %u keys", i + 1, n_of[i], KEYS);
	is_u64(moved(), 0);
	changed(2, 1, LB_SCALE / 2);
	ok_named(moved() == 0, "slow start does not move the map");
	changed(2, 0, LB_SCALE);
	ok(moved() > KEYS / 2);
	ok(pick_key(1) != &servers[2]);
}

/* ---- saturation ---- */

static void
test_skips(bool consistent)
{
	const char *type = consistent ? "consistent" : "map-based";
	struct server *first, *second;

	farm("hash", consistent);
	first = pick_key(1);
	second = pick_avoiding(first);
	ok_named(second != first && second == pick_avoiding(first),
	    "%s: another one, always the same, when it is to be avoided", type);
	first->live->max_now = 1;
	ok(server_slot_take(first));
	ok_named(pick_key(1) == first, "%s: full, and kept (always)", type);
	be.set.lb.hash.preserve = 1;
	ok_named(pick_key(1) == second, "%s: full: the next (maxconn)", type);
	be.set.lb.hash.preserve = 2;
	first->maxqueue = 2;
	first->live->queue.len = 1;
	ok_named(pick_key(1) == first, "%s: full, queue is not (maxqueue)", type);
	first->live->queue.len = 2;
	ok_named(pick_key(1) == second, "%s: queue is full (maxqueue)", type);
	be.set.lb.hash.preserve = 1;
	for (int i = 0; i < SERVERS; i++)
		if (&servers[i] != first) {
			cells[i].max_now = 1;
			ok(server_slot_take(&servers[i]));
		}
	ok_named(pick_key(1) != NULL, "%s: all full: some queue", type);
	farm("hash", consistent);
	for (int i = 0; i < 3; i++)
		passive_failure(&be, first);
	ok_named(pick_key(1) == second, "%s: an ejected one is skipped", type);
}

static void
test_balance_factor(void)
{
	uint32_t hi = 0;

	farm("hash", true);
	be.set.lb.hash.balance_factor = 125;
	for (int i = 0; i < 1000; i++) {
		struct server *srv = pick_key(1);	/* one key only */

		gauge_inc(&srv->live->inflight);
		gauge_inc(&be_live.be_served);
	}
	for (int i = 0; i < SERVERS; i++)
		hi = cells[i].inflight.cur > hi ? cells[i].inflight.cur : hi;
	is_u64(hi, 125);
}

/* ---- keys ---- */

static void
request(const char *target, const char *field, const char *value)
{
	http_msg_init(&txn.req, text, sizeof(text), fields, ARRAY_LEN(fields));
	memcpy(text, target, strlen(target));
	txn.req.len = (uint32_t)strlen(target);
	txn.req.head_off = txn.req.len;
	txn.req.target = (struct http_span){ 0, txn.req.len };
	if (field != NULL)
		WEIR_ASSERT(http_append(&txn.req, str_of(field), str_of(value), 0));
}

static struct server *
pick_target(const char *target)
{
	request(target, NULL, NULL);
	return pick();
}

/* Without a key each pick goes to the next server. */
static bool
takes_turns(void)
{
	struct server *a = pick(), *b = pick();

	return b->index == (a->index + 1) % SERVERS;
}

static void
test_uri(void)
{
	unsigned others = 0;

	farm("uri", true);
	ok(pick_target("/a/b/c?x=1") == pick_target("/a/b/c?x=2"));
	be.set.lb.depth = 2;
	ok(pick_target("/a/b/c") == pick_target("/a/b/d"));
	be.set.lb.depth = 0;
	be.set.lb.len = 3;
	ok(pick_target("/ab1") == pick_target("/ab2"));
	be.set.lb.len = 0;
	be.set.lb.whole = true;
	for (int i = 0; i < 20; i++) {
		char target[32];

		snprintf(target, sizeof(target), "/?%d", i);
		others += pick_target(target) != pick_target("/?x");
	}
	ok_named(others > 5, "whole: the query counts");
}

static void
test_param(void)
{
	struct server *srv;

	farm("url_param", false);
	be.set.lb.name = "id";
	srv = pick_target("/?id=77");
	ok(pick_target("/x?a=1&id=77&b=2") == srv);
	ok(pick_target("/x?xid=1&id=77") == srv);
	request("/x?xid=77&id", NULL, NULL);
	ok_named(takes_turns(), "no such parameter: round robin");
	request("/", NULL, NULL);
	ok_named(takes_turns(), "no query: round robin");
}

static void
test_hdr(void)
{
	struct server *srv;

	farm("hdr", false);
	be.set.lb.name = "host";
	request("/", "host", "www.example.org");
	srv = pick();
	request("/other", "host", "www.example.org");
	ok(pick() == srv);
	be.set.lb.use_domain_only = true;
	request("/", "host", "a.example.org:80");
	srv = pick();
	request("/", "host", "b.c.example.com");
	ok_named(pick() == srv, "the main domain only");
	request("/", "host", "example");
	ok(pick() == pick());
	request("/", "x-other", "1");
	ok_named(takes_turns(), "no such field: round robin");
}

static void
test_source(void)
{
	struct server *srv;

	farm("source", false);
	sess.src.family = AF_INET;
	inet_pton(AF_INET, "192.0.2.10", &sess.src.ip.v4);
	srv = pick();
	ok(pick() == srv);
	inet_pton(AF_INET, "192.0.2.11", &sess.src.ip.v4);
	ok(pick() != srv);
	sess.src.family = AF_INET6;
	inet_pton(AF_INET6, "2001:db8::1", &sess.src.ip.v6);
	ok(pick() == pick());
	sess.src.family = AF_UNIX;
	ok_named(takes_turns(), "no address: round robin");
}

int
main(void)
{
	dt = &fake_dt;
	txn.sess = &sess;
	clock_update();
	test_functions();
	test_consistent();
	test_map();
	test_skips(true);
	test_skips(false);
	test_balance_factor();
	test_uri();
	test_param();
	test_hdr();
	test_source();
	return tap_done();
}
