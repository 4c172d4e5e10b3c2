/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue.c: FIFO over threads, leaving, handing on, nobody left waiting. Data
 * threads are real loops; txn_run is ours: it does what the steps would do.
 */
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/module.h"
#include "base/rand.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "event/loop.h"
#include "proxy/dthread.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"
#include "proxy/txn.h"
#include "tap.h"

#define THREADS		4
#define SERVERS		3

const struct module *const modules[] = { NULL };
_Thread_local struct dthread *dt;

/* ---- two snapshots of one backend, made by hand ---- */

static struct proxy_live be_live = { .nthreads = THREADS };
static struct server_live cells[SERVERS];
static struct server servers[2][SERVERS], *by_index[2][SERVERS];
static struct proxy be[2];
static struct loop *loops[THREADS];

static void
farm(uint32_t maxconn)
{
	be_live.be_conn.cur = 0;
	for (int s = 0; s < 2; s++) {
		be[s] = (struct proxy){ .live = &be_live, .servers = by_index[s],
		    .nservers = SERVERS };
		for (uint32_t i = 0; i < SERVERS; i++) {
			servers[s][i] = (struct server){ .backend = &be[s], .index = i,
			    .live = &cells[i], .maxconn = maxconn };
			by_index[s][i] = &servers[s][i];
		}
	}
	for (int i = 0; i < SERVERS; i++) {
		cells[i].usable = 1;
		cells[i].eweight = LB_SCALE;
		cells[i].max_now = maxconn;
		cells[i].conf = &servers[0][i];
		WEIR_ASSERT(cells[i].inflight.cur == 0 && cells[i].queue.len == 0);
	}
	WEIR_ASSERT(be_live.queue.len == 0);
}

struct fake {				/* a transaction and what became of it */
	struct txn	 t;
	unsigned	 order;		/* when it got its slot, from 1 */
	bool		 is_done;
	unsigned	 left;		/* storm: rounds to go */
	struct loop_task next;
};

static _Atomic unsigned granted;
static void (*on_run)(struct fake *f);

void
txn_run(struct txn *t)
{
	on_run(CONTAINER_OF(t, struct fake, t));
}

static void
fake_init(struct fake *f, struct loop *l)
{
	memset(f, 0, sizeof(*f));
	f->t.magic = TXN_MAGIC;
	f->t.loop = l;
	f->t.be = &be[0];
	f->t.step = TS_PICK;
	list_init(&f->t.queue_node);
	timer_init(&f->t.timer, NULL);
}

static void
note(struct fake *f)
{
	if (f->t.slot != NULL)
		f->order = ++granted;
	f->is_done = f->t.queue == NULL;
}

/* As the steps do: a slot at once, or in the queue. */
static bool
ask(struct fake *f, struct server *srv, bool is_common, uint32_t limit)
{
	f->t.srv = is_common ? NULL : srv;
	if (server_slot_take(srv)) {
		f->t.srv = srv;
		f->t.slot = srv->live;
		note(f);
		return true;
	}
	f->t.step = TS_WAIT_SLOT;
	return queue_enter(is_common ? &be_live.queue : &srv->live->queue, &f->t, limit);
}

static void
deliver(void)
{
	loop_once(loops[0], false);
}

/* ---- one thread ---- */

static void
test_order(void)
{
	struct fake f[6];

	farm(1);
	on_run = note;
	granted = 0;
	cells[1].usable = cells[2].usable = 0;
	for (int i = 0; i < 6; i++)
		fake_init(&f[i], loops[0]);
	ok(ask(&f[0], &servers[0][0], true, 0));
	ok(ask(&f[1], &servers[0][0], true, 0));
	ok(ask(&f[2], &servers[0][0], true, 0));
	ok(ask(&f[3], &servers[0][0], false, 2));
	ok(ask(&f[4], &servers[0][0], false, 2));
	ok_named(!ask(&f[5], &servers[0][0], false, 2), "maxqueue is obeyed");
	ok(f[5].t.queue == NULL);
	is_u64(f[2].t.be_queue_pos, 2);
	is_u64(f[4].t.srv_queue_pos, 2);
	is_u64(be_live.queue.len, 2);
	is_u64(cells[0].queue.max, 2);
	for (int i = 0; i < 5; i++) {
		static const int turn[] = { 0, 3, 4, 1, 2 };

		is_u64(f[turn[i]].order, i + 1);
		is_u64(cells[0].inflight.cur, 1);
		queue_release_slot(&f[turn[i]].t);
		deliver();
	}
	is_u64(cells[0].inflight.cur, 0);
	ok(f[2].t.srv == &servers[0][0]);
}

static void
test_leave(void)
{
	struct fake f[3];

	farm(1);
	granted = 0;
	cells[1].usable = cells[2].usable = 0;
	for (int i = 0; i < 3; i++) {
		fake_init(&f[i], loops[0]);
		ok(ask(&f[i], &servers[0][0], true, 0));
	}
	queue_release_slot(&f[0].t);
	ok_named(!queue_leave(&f[1].t), "too late: a slot is under way");
	ok(f[1].t.flags & TXN_F_SLOT_MAIL);
	ok(f[1].t.queue != NULL && f[1].t.slot == NULL);
	f[1].t.flags |= TXN_F_ENDING;
	ok_named(!queue_leave(&f[1].t), "still");
	deliver();
	ok_named(f[1].is_done && f[1].order == 0, "who has gone hands it on");
	deliver();
	is_u64(f[2].order, 2);
	queue_release_slot(&f[2].t);
	is_u64(cells[0].inflight.cur, 0);
	farm(1);
	fake_init(&f[0], loops[0]);
	fake_init(&f[1], loops[0]);
	cells[1].usable = cells[2].usable = 0;
	ok(ask(&f[0], &servers[0][0], true, 0));
	ok(ask(&f[1], &servers[0][0], true, 0));
	ok_named(queue_leave(&f[1].t), "in time");
	ok(f[1].t.queue == NULL);
	is_u64(be_live.queue.len, 0);
	queue_release_slot(&f[0].t);
	is_u64(cells[0].inflight.cur, 0);
}

/* Slots that appear without being freed. */
static void
test_kick(void)
{
	struct fake f[6];

	farm(1);
	granted = 0;
	cells[1].usable = cells[2].usable = 0;
	for (int i = 0; i < 6; i++)
		fake_init(&f[i], loops[0]);
	for (int i = 0; i < 4; i++)
		ok(ask(&f[i], &servers[0][0], true, 0));
	cells[0].max_now = 2;
	queue_kick(&be_live, &cells[0]);
	deliver();
	ok_named(f[1].order == 2 && f[2].order == 0, "a higher maxconn serves one");
	cells[1].usable = 1;
	queue_kick(&be_live, &cells[1]);
	deliver();
	ok_named(f[2].order == 3 && f[2].t.srv == &servers[0][1], "a server comes up");
	cells[0].max_now = 1;
	queue_release_slot(&f[0].t);
	deliver();
	ok_named(f[3].order == 0 && cells[0].inflight.cur == 1, "a lower maxconn: not handed on");
	ok(ask(&f[4], &servers[0][0], false, 0));
	cells[0].usable = 0;
	queue_kick(&be_live, &cells[0]);
	deliver();
	ok_named(f[4].is_done && f[4].order == 0 && f[4].t.step == TS_PICK,
	    "who waits for a server that went down picks again");
	f[5].t.srv = &servers[0][0];
	f[5].t.step = TS_WAIT_SLOT;
	ok(queue_enter(&cells[0].queue, &f[5].t, 0));
	deliver();
	ok_named(f[5].is_done && f[5].t.step == TS_PICK, "so does who comes too late to see it");
	queue_release_slot(&f[1].t);
	deliver();
	ok_named(f[3].order == 0, "a slot of a server that is down goes to nobody");
	cells[1].max_now = 0;
	queue_kick(&be_live, &cells[1]);
	deliver();
	is_u64(f[3].order, 4);
	queue_release_slot(&f[2].t);
	queue_release_slot(&f[3].t);
	is_u64(cells[1].inflight.cur, 0);
}

/* A slot freed between the failed try and the entry. */
static void
test_gap(void)
{
	struct fake f;

	farm(1);
	granted = 0;
	fake_init(&f, loops[0]);
	f.t.step = TS_WAIT_SLOT;
	ok(queue_enter(&be_live.queue, &f.t, 0));
	deliver();
	ok_named(f.order == 1, "the backend's queue");
	queue_release_slot(&f.t);
	fake_init(&f, loops[0]);
	f.t.step = TS_WAIT_SLOT;
	f.t.srv = &servers[0][2];
	ok(queue_enter(&cells[2].queue, &f.t, 0));
	deliver();
	ok_named(f.order == 2 && f.t.slot == &cells[2], "a server's queue");
	queue_release_slot(&f.t);
	is_u64(cells[2].inflight.cur, 0);
}

/* Server 3 is in snapshot 1 only; backups serve when no active one is left. */
static void
test_reload(void)
{
	struct fake f[4];

	farm(1);
	granted = 0;
	cells[0].usable = cells[1].usable = 0;
	be[1].nservers = 2;
	for (int i = 0; i < 4; i++)
		fake_init(&f[i], loops[0]);
	ok(ask(&f[0], &servers[0][2], true, 0));
	f[1].t.be = f[2].t.be = &be[1];
	for (int i = 1; i < 4; i++) {
		f[i].t.step = TS_WAIT_SLOT;
		ok(queue_enter(&be_live.queue, &f[i].t, 0));
	}
	queue_release_slot(&f[0].t);
	deliver();
	ok_named(f[3].order == 2 && f[1].order == 0, "a removed server's slot: to who has it");
	queue_release_slot(&f[3].t);
	is_u64(cells[2].inflight.cur, 0);
	is_u64(be_live.queue.len, 2);
	cells[0].usable = 1;
	servers[0][0].flags = servers[1][0].flags = SRV_BACKUP;
	queue_kick(&be_live, &cells[0]);
	deliver();
	ok_named(f[1].order == 0, "a backup rests while an active one is there");
	cells[2].usable = 0;
	queue_kick(&be_live, &cells[2]);
	deliver();
	ok_named(f[1].order == 3, "the backup serves");
	queue_release_slot(&f[1].t);
	deliver();
	is_u64(f[2].order, 4);
	queue_release_slot(&f[2].t);
	is_u64(cells[0].inflight.cur, 0);
}

/* ---- two threads: one frees the only slot while the other goes to wait ---- */

#define DUELS	20000

static _Atomic unsigned duel_go, duel_asks, duel_done, duel_waited;

static void *
duel_main(void *arg)
{
	struct fake f;

	(void)arg;
	loop_self = loops[1];
	for (unsigned i = 1; i <= DUELS; i++) {
		fake_init(&f, loops[1]);
		for (unsigned spins = 0; duel_go != i; spins++)
			if (spins > 1000)
				sched_yield();
		duel_asks = i;
		ask(&f, &servers[0][0], i % 2, 0);
		duel_waited += f.order == 0;
		while (f.order == 0)
			loop_once(loops[1], false);
		queue_release_slot(&f.t);
		duel_done = i;
	}
	return NULL;
}

static void
test_duel(void)
{
	pthread_t other;
	struct fake f;

	farm(1);
	cells[1].usable = cells[2].usable = 0;
	alarm(60 * TAP_PATIENCE);	/* a waiter that is forgotten would wait for ever */
	thread_start(&other, "duel", duel_main, NULL);
	for (unsigned i = 1; i <= DUELS; i++) {
		fake_init(&f, loops[0]);
		WEIR_ASSERT(ask(&f, &servers[0][0], true, 0) && f.t.slot != NULL);
		duel_go = i;
		while (duel_asks != i)
			sched_yield();
		for (volatile unsigned k = rand_below(16); k > 0; k--)
			;
		queue_release_slot(&f.t);
		while (duel_done != i)
			sched_yield();
	}
	pthread_join(other, NULL);
	is_u64(cells[0].inflight.cur, 0);
	pass("%u of %u waited", duel_waited, DUELS);
}

/* ---- four threads ---- */

#define EACH		5		/* transactions of a thread */
#define ROUNDS		10000		/* take and drop of each: 4 x 5 x 10,000 */

static struct fake *storm[THREADS];
static _Atomic unsigned finished;
static unsigned finished_of[THREADS];
static struct mail stop[THREADS];

static void storm_next(struct loop_task *task);

static void
on_stop(struct mail *m)
{
	(void)m;
	loop_stop(loop_self);
}

static void
storm_again(struct fake *f)
{
	f->t.step = TS_PICK;
	if (--f->left > 0) {
		loop_ready(f->t.loop, &f->next);
		return;
	}
	if (++finished_of[f->t.loop->id] < EACH)
		return;
	if (atomic_fetch_add(&finished, 1) + 1 == THREADS)
		for (int i = 0; i < THREADS; i++)
			mailbox_send(&loops[i]->mailbox, &stop[i], on_stop);
}

/* Holds a slot: give it back now or at the end of the pass. */
static void
storm_held(struct fake *f)
{
	if (gauge_get(&f->t.slot->inflight) > 2)
		fail("more than maxconn");
	queue_release_slot(&f->t);
	storm_again(f);
}

static void
storm_run(struct fake *f)
{
	if (f->t.flags & TXN_F_ENDING) {
		f->t.flags &= ~TXN_F_ENDING;
		if (f->t.queue != NULL)
			fail("ended in a queue");
		storm_again(f);
	} else if (f->t.slot != NULL) {
		loop_ready(f->t.loop, &f->next);
	} else {
		fail("woken without a slot");
	}
}

static void
storm_leave(struct fake *f)
{
	if (queue_leave(&f->t))
		storm_again(f);
	else
		f->t.flags |= TXN_F_ENDING;
}

static void
storm_next(struct loop_task *task)
{
	struct fake *f = LIST_ITEM(task, struct fake, next);
	uint32_t r = rand_below(64);
	struct server *srv = &servers[0][r % SERVERS];

	if (f->t.slot != NULL) {
		storm_held(f);
		return;
	}
	if (be_live.queue.len == 0 && server_slot_take(srv)) {
		f->t.srv = srv;
		f->t.slot = srv->live;
		if (r & 32)
			loop_ready(f->t.loop, &f->next);
		else
			storm_held(f);
		return;
	}
	f->t.srv = srv;
	f->t.step = TS_WAIT_SLOT;
	WEIR_ASSERT(queue_enter(r & 16 ? &srv->live->queue : &be_live.queue, &f->t, 0));
	if (r < 4)
		storm_leave(f);
}

static void *
storm_main(void *arg)
{
	unsigned id = *(unsigned *)arg;

	for (int i = 0; i < EACH; i++)
		loop_ready(loops[id], &storm[id][i].next);
	loop_run(loops[id]);
	return NULL;
}

static void
test_storm(void)
{
	unsigned id[THREADS];
	pthread_t th[THREADS];

	farm(2);
	on_run = storm_run;
	for (unsigned i = 0; i < THREADS; i++) {
		storm[i] = xcalloc(EACH, sizeof(*storm[i]));
		for (int k = 0; k < EACH; k++) {
			fake_init(&storm[i][k], loops[i]);
			storm[i][k].left = ROUNDS;
			loop_task_init(&storm[i][k].next, storm_next);
		}
		id[i] = i;
		thread_start(&th[i], "storm", storm_main, &id[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(th[i], NULL);
	is_u64(finished, THREADS);
	is_u64(be_live.queue.len, 0);
	for (int i = 0; i < SERVERS; i++) {
		is_u64(cells[i].inflight.cur, 0);
		is_u64(cells[i].queue.len, 0);
		ok(cells[i].inflight.max <= 2);
	}
	for (int i = 0; i < THREADS; i++)
		free(storm[i]);
}

int
main(void)
{
	clock_update();
	wait_queue_init(&be_live.queue);
	for (int i = 0; i < SERVERS; i++)
		wait_queue_init(&cells[i].queue);
	for (unsigned i = 0; i < THREADS; i++)
		loops[i] = loop_new(i);
	loop_self = loops[0];
	test_order();
	test_leave();
	test_kick();
	test_gap();
	test_reload();
	test_duel();
	test_storm();
	for (int i = 0; i < SERVERS; i++)
		wait_queue_fini(&cells[i].queue);
	wait_queue_fini(&be_live.queue);
	for (unsigned i = 0; i < THREADS; i++)
		loop_free(loops[i]);
	return tap_done();
}
