/* SPDX-License-Identifier: BSD-2-Clause */
/* Balancing: shares by weight, one sequence over threads, bounds, skipping. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/module.h"
#include "base/rand.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "proxy/dthread.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/passive.h"
#include "proxy/proxy.h"
#include "proxy/session.h"
#include "proxy/txn.h"
#include "tap.h"

#define THREADS		4
#define SERVERS_MAX	1024

extern const struct module mod_lb_roundrobin, mod_lb_random, mod_lb_leastconn, mod_lb_first,
    mod_lb_ewma;
const struct module *const modules[] = { &mod_lb_roundrobin, &mod_lb_random,
	&mod_lb_leastconn, &mod_lb_first, &mod_lb_ewma, NULL };

_Thread_local struct dthread *dt;	/* ours: the real one brings all threads along */

/* ---- a backend made by hand ---- */

static struct snapshot snap = { .generation = 1, .nthreads = THREADS };
static struct dthread fake_dt[THREADS];
static struct proxy_live be_live;
static struct proxy be;
static struct server servers[SERVERS_MAX], *by_index[SERVERS_MAX];
static char names[SERVERS_MAX][16];

static void
changed(struct server *srv, uint32_t usable, uint32_t weight)
{
	srv->live->usable = usable;
	srv->live->eweight = weight * LB_SCALE;
	srv->live->uweight = weight;
	be_live.epoch++;
}

static struct server_live *
cell_new(void)
{
	struct server_live *l = xaligned(CACHE_LINE, sizeof(*l));

	l->nthreads = THREADS;
	l->threads = xaligned(CACHE_LINE, THREADS * sizeof(*l->threads));
	return l;
}

static void
farm(const char *algo, uint32_t n)
{
	struct lb_conf none = { .algo = lb_find(algo), .draws = 2 };

	be.live = &be_live;
	be.snap = &snap;
	be.servers = by_index;
	be.nservers = n;
	be.set.lb = none;
	be.set.options = 0;
	be_live.nusable = n;
	be_live.rr_cursor = 0;
	snap.generation++;
	for (uint32_t i = 0; i < n; i++) {
		struct server *srv = &servers[i];

		snprintf(names[i], sizeof(names[i]), "s%u", i + 1);
		if (srv->live != NULL)
			free(srv->live->threads);
		free(srv->live);
		*srv = (struct server){ .backend = &be, .name = names[i], .index = i,
		    .weight = 1, .live = cell_new() };
		by_index[i] = srv;
		changed(srv, 1, 1);
	}
}

static struct server *
pick(void)
{
	bool is_full;

	return lb_pick(&be, NULL, NULL, &is_full);
}

static void
hold(struct server *srv)
{
	WEIR_ASSERT(server_slot_take(srv));
	lb_take(&be, srv);
}

static void
let_go(struct server *srv, uint64_t us)
{
	lb_drop(&be, srv, us);
	server_slot_drop(srv);
}

/* How often each server is picked by `picks` transactions, one at a time. */
static void
shares(unsigned picks, unsigned *ret_n)
{
	memset(ret_n, 0, SERVERS_MAX * sizeof(*ret_n));
	for (unsigned i = 0; i < picks; i++) {
		struct server *srv = pick();

		ret_n[srv->index]++;
		hold(srv);
		let_go(srv, 1000);
	}
}

static unsigned n_of[SERVERS_MAX];

/* Each server's share is its weight's, within `part` of it. */
static bool
is_fair(unsigned picks, const uint32_t *weights, uint32_t n, double part)
{
	double sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += weights[i];
	shares(picks, n_of);
	for (uint32_t i = 0; i < n; i++) {
		double want = picks * weights[i] / sum;

		if (fabs(n_of[i] - want) > want * part + 1) {
			tap_diag("server %u: %u picks, wanted %.1f", i, n_of[i], want);
			return false;
		}
	}
	return true;
}

/* ---- what all algorithms do ---- */

static void
weigh(const uint32_t *weights, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		changed(&servers[i], 1, weights[i]);
}

static void
test_weights(void)
{
	static const uint32_t few[] = { 1, 2, 5, 10, 256 }, odd[] = { 7, 7, 3 };

	farm("roundrobin", 5);
	weigh(few, 5);
	ok_named(is_fair(27400, few, 5, 0.0), "roundrobin: exact shares");
	farm("roundrobin", 3);
	weigh(odd, 3);
	ok_named(is_fair(1700, odd, 3, 0.0), "roundrobin: exact shares in each turn");
	farm("static-rr", 5);
	weigh(few, 5);
	ok_named(is_fair(27400, few, 5, 0.0), "static-rr: exact shares");
	farm("random", 5);
	weigh(few, 5);
	be.set.lb.draws = 1;
	ok_named(is_fair(400000, few, 5, 0.08), "random(1): shares by weight");
	farm("peak-ewma", 3);
	weigh(odd, 3);
	ok_named(pick() != NULL, "peak-ewma knows nothing and picks");
}

static void
test_none(const char *algo)
{
	bool is_full = true;

	farm(algo, 3);
	for (int i = 0; i < 3; i++)
		changed(&servers[i], 0, 1);
	ok_named(lb_pick(&be, NULL, NULL, &is_full) == NULL && !is_full, "%s: none usable", algo);
	changed(&servers[1], 1, 0);
	ok_named(lb_pick(&be, NULL, NULL, &is_full) == NULL && !is_full, "%s: weight 0", algo);
	changed(&servers[2], 1, 1);
	ok_named(lb_pick(&be, NULL, NULL, &is_full) == &servers[2], "%s: the only one", algo);
	servers[2].live->max_now = 1;
	hold(&servers[2]);
	ok_named(lb_pick(&be, NULL, NULL, &is_full) == NULL && is_full, "%s: full", algo);
	let_go(&servers[2], 1);
	ok_named(lb_pick(&be, NULL, NULL, &is_full) == &servers[2] && !is_full,
	    "%s: a free slot", algo);
	shares(20, n_of);
	ok_named(n_of[2] == 20, "%s: the drained ones get nothing", algo);
}

static void
test_skips(const char *algo)
{
	bool is_full;
	unsigned hits = 0;

	farm(algo, 3);
	for (int i = 0; i < 50; i++)
		hits += lb_pick(&be, NULL, &servers[0], &is_full) == &servers[0];
	ok_named(hits == 0, "%s: the one to avoid is skipped", algo);
	changed(&servers[1], 0, 1);
	changed(&servers[2], 0, 1);
	ok_named(lb_pick(&be, NULL, &servers[0], &is_full) == &servers[0],
	    "%s: ... unless it is the only one", algo);
	farm(algo, 3);
	for (int i = 0; i < 3; i++)
		passive_failure(&be, &servers[1]);
	ok_named(passive_is_ejected(&servers[1]), "%s: ejected", algo);
	shares(50, n_of);
	ok_named(n_of[1] == 0, "%s: the ejected one is skipped", algo);
	changed(&servers[0], 0, 1);
	changed(&servers[2], 0, 1);
	ok_named(pick() == &servers[1], "%s: ... unless it is the only one", algo);
}

static void
test_backups(const char *algo)
{
	farm(algo, 4);
	servers[2].flags = servers[3].flags = SRV_BACKUP;
	shares(40, n_of);
	ok_named(n_of[0] + n_of[1] == 40, "%s: backups rest", algo);
	changed(&servers[0], 0, 1);
	changed(&servers[1], 0, 1);
	shares(40, n_of);
	ok_named(n_of[2] == 40, "%s: the first backup", algo);
	ok(server_is_due(&servers[2]) && !server_is_due(&servers[3]));
	changed(&servers[2], 0, 1);
	shares(40, n_of);
	ok_named(n_of[3] == 40, "%s: the next backup", algo);
	changed(&servers[2], 1, 1);
	be.set.options = OPT_ALLBACKUPS;
	be_live.epoch++;
	shares(40, n_of);
	ok_named(n_of[2] + n_of[3] == 40 &&
	    (n_of[3] > 0 || lb_find(algo) == lb_find("first")), "%s: all backups", algo);
	ok(server_is_due(&servers[3]));
	changed(&servers[1], 1, 1);
	shares(40, n_of);
	ok_named(n_of[1] == 40, "%s: active again", algo);
}

/* ---- threads ---- */

static pthread_barrier_t barrier;
static void (*work)(unsigned thread);

static void *
thread_main(void *arg)
{
	unsigned id = *(unsigned *)arg;

	dt = &fake_dt[id];
	clock_update();
	pthread_barrier_wait(&barrier);
	work(id);
	return NULL;
}

static void
in_threads(void (*fn)(unsigned))
{
	unsigned id[THREADS];
	pthread_t t[THREADS];

	work = fn;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		id[i] = i;
		thread_start(&t[i], "pick", thread_main, &id[i]);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&barrier);
}

/* ---- round robin ---- */

#define RR_EACH	2500

static _Atomic unsigned rr_n[8];

static void
rr_work(unsigned thread)
{
	(void)thread;
	for (int i = 0; i < RR_EACH; i++)
		atomic_fetch_add(&rr_n[pick()->index], 1);
}

static void
test_roundrobin(void)
{
	struct server *first;
	bool in_order = true;

	farm("roundrobin", 5);
	first = pick();
	for (unsigned i = 1; i < 50; i++)
		in_order = in_order && pick() == &servers[(first->index + i) % 5];
	ok_named(in_order, "equal weights take turns in file order");
	in_threads(rr_work);
	for (int i = 0; i < 5; i++)
		ok_named(rr_n[i] == THREADS * RR_EACH / 5, "one sequence over threads: %u",
		    rr_n[i]);
	farm("roundrobin", 4);
	servers[0].live->max_now = 1;
	hold(&servers[0]);
	shares(300, n_of);
	ok_named(n_of[0] == 0 && n_of[1] >= 95 && n_of[2] >= 95 && n_of[3] >= 95,
	    "a full server's turns go to all others: %u %u %u", n_of[1], n_of[2], n_of[3]);
	let_go(&servers[0], 1);
}

/* The longest run of one server of half of the weight is short. */
static void
test_smooth(void)
{
	static const uint32_t weights[] = { 4, 1, 1, 1, 1 };
	unsigned run = 0, longest = 0;

	farm("roundrobin", 5);
	weigh(weights, 5);
	for (int i = 0; i < 800; i++) {
		run = pick() == &servers[0] ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	ok_named(longest <= 2, "turns are even: runs of %u", longest);
}

/* ---- leastconn ---- */

#define LC_SERVERS	16
#define LC_HELD		407

static void
lc_work(unsigned thread)
{
	struct server *held[LC_HELD];
	unsigned n = 0;

	(void)thread;
	for (int round = 0; round < 5; round++) {
		while (n < LC_HELD) {
			held[n] = pick();
			hold(held[n++]);
		}
		for (unsigned drops = round < 4 ? LC_HELD / 2 : 0; drops > 0; drops--) {
			unsigned k = rand_below(n);

			let_go(held[k], 1);
			held[k] = held[--n];
		}
	}
}

static uint32_t
spread(uint32_t n)
{
	uint32_t lo = UINT32_MAX, hi = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t v = gauge_get(&servers[i].live->inflight);

		lo = v < lo ? v : lo;
		hi = v > hi ? v : hi;
	}
	return hi - lo;
}

static void
test_leastconn(void)
{
	static const uint32_t weights[] = { 1, 2, 5, 256 };
	bool is_near = true;

	farm("leastconn", LC_SERVERS);
	in_threads(lc_work);
	ok_named(spread(LC_SERVERS) <= THREADS, "max - min is %u with %u threads",
	    spread(LC_SERVERS), THREADS);
	farm("leastconn", 4);
	weigh(weights, 4);
	for (int i = 0; i < 2640; i++)
		hold(pick());
	for (uint32_t i = 0; i < 4; i++) {
		double off = gauge_get(&servers[i].live->inflight) - weights[i] * 10.0;

		is_near = is_near && fabs(off) <= 1 + weights[i] * 0.01;
	}
	ok_named(is_near, "transactions held follow weights");
	for (int i = 0; i < 1320; i++)
		let_go(&servers[3], 1);
	shares(1, n_of);
	ok_named(n_of[3] == 1, "who lost transactions is next");
	be_live.epoch++;
	ok_named(pick() == &servers[3], "a new epoch sees the same");
	farm("leastconn", 3);
	for (int i = 0; i < 30; i++) {
		struct server *srv = pick();

		n_of[0] = i == 0 ? 0 : n_of[0];
		n_of[0] += srv == &servers[0];
		hold(srv);
		let_go(srv, 1);
	}
	ok_named(n_of[0] == 10, "idle servers take turns");
}

/* ---- random, ewma, first ---- */

static void
random_work(unsigned thread)
{
	(void)thread;
	for (int i = 0; i < 2000; i++)
		hold(pick());
}

static void
test_random(void)
{
	farm("random", 10);
	in_threads(random_work);
	ok_named(spread(10) <= 60, "random(2): held by each 800, spread %u", spread(10));
	farm("random", 3);
	be.set.lb.algo = NULL;
	ok_named(pick() != NULL, "the default is there");
}

static void
test_ewma(void)
{
	unsigned n[3] = { 0 };

	farm("peak-ewma", 3);
	for (int i = 0; i < 3000; i++) {
		struct server *srv = pick();

		n[srv->index]++;
		hold(srv);
		clock_now_us += 1000;
		let_go(srv, srv == &servers[0] ? 1000 : 20000);
	}
	ok_named(n[0] > 1500 && n[0] > 2 * (n[1] + n[2]) / 2, "the fast one: %u %u %u",
	    n[0], n[1], n[2]);
	farm("peak-ewma", 2);
	n[0] = n[1] = 0;
	for (int i = 0; i < 1000; i++) {
		struct server *srv = pick();

		n[srv->index]++;
		hold(srv);
		clock_now_us += 100;
		let_go(srv, srv == &servers[0] ? LB_FAILED : 5000);
	}
	ok_named(n[0] < 400, "who fails quickly is not fast: %u of 1000", n[0]);
	clock_update();
}

static void
test_first(void)
{
	bool is_full, in_order = true;

	farm("first", 3);
	for (int i = 0; i < 3; i++)
		servers[i].live->max_now = 2;
	for (unsigned i = 0; i < 6; i++) {
		struct server *srv = pick();

		in_order = in_order && srv == &servers[i / 2];
		hold(srv);
	}
	ok_named(in_order, "first fills in order");
	ok(lb_pick(&be, NULL, NULL, &is_full) == NULL && is_full);
	let_go(&servers[1], 1);
	ok(pick() == &servers[1]);
}

/* ---- slots ---- */

static void
test_slots(void)
{
	struct server *srv = &servers[0];

	farm("roundrobin", 1);
	is_u64(server_slot_limit(srv), 0);
	srv->maxconn = 100;
	srv->minconn = 10;
	be.fullconn = 1000;
	srv->live->max_now = 100;
	be_live.be_conn.cur = 0;
	is_u64(server_slot_limit(srv), 10);
	be_live.be_conn.cur = 500;
	is_u64(server_slot_limit(srv), 50);
	be_live.be_conn.cur = 5000;
	is_u64(server_slot_limit(srv), 100);
	srv->live->max_now = 50;
	is_u64(server_slot_limit(srv), 50);
	be_live.be_conn.cur = 500;
	is_u64(server_slot_limit(srv), 25);
	srv->live->max_now = 1;
	is_u64(server_slot_limit(srv), 1);
	ok(server_slot_take(srv));
	ok(!server_slot_take(srv));
	ok(!server_has_slot(srv));
	server_slot_drop(srv);
	is_u64(srv->live->inflight.max, 1);
	be_live.be_conn.cur = 0;
}

int
main(void)
{
	static const char *const algos[] = { "roundrobin", "static-rr", "leastconn", "random",
		"first", "peak-ewma" };

	for (unsigned i = 0; i < THREADS; i++)
		fake_dt[i].id = i;
	be_live.threads = xaligned(CACHE_LINE, THREADS * sizeof(*be_live.threads));
	dt = &fake_dt[0];
	clock_update();
	for (size_t i = 0; i < ARRAY_LEN(algos); i++) {
		test_none(algos[i]);
		test_skips(algos[i]);
		test_backups(algos[i]);
	}
	test_weights();
	test_roundrobin();
	test_smooth();
	test_leastconn();
	test_random();
	test_ewma();
	test_first();
	test_slots();
	return tap_done();
}
