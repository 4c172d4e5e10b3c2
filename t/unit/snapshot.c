/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot.c: 1,000 publishes while three busy data threads and an idle one hold
 * snapshots over several passes. None is freed while it is held or may still be
 * looked at, each is freed at the end. Meant for VARIANT=tsan and asan as well.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/thread.h"
#include "cfg/snapshot.h"
#include "event/loop.h"
#include "tap.h"

#define THREADS		4	/* the last one sleeps */
#define PUBLISHES	1000
#define HELD		8
#define LIMIT_US	20000000u

static _Atomic int is_freed[PUBLISHES + 3];	/* by generation */
static _Atomic unsigned early, nfreed;

struct worker {
	struct loop	*loop;
	pthread_t	 thread;
	struct loop_task task;
	struct mail	 mail;
	struct snapshot	*held[HELD];
	unsigned	 id, at;
	bool		 stopping;
	_Atomic unsigned long seen;	/* snapshots looked at */
};

static struct worker workers[THREADS];
static struct loop *control;

/* ---- data threads ---- */

static void
look(struct snapshot *s)
{
	if (s->magic != SNAPSHOT_MAGIC || atomic_load(&is_freed[s->generation]))
		atomic_fetch_add(&early, 1);
}

/* A pass: let the oldest go, take the current one. */
static void
on_pass(struct loop_task *t)
{
	struct worker *w = LIST_ITEM(t, struct worker, task);
	struct snapshot **h = &w->held[w->at++ % HELD];

	if (*h != NULL) {
		look(*h);
		snapshot_unref(*h, w->id);
	}
	*h = NULL;
	if (!w->stopping) {
		*h = snapshot_current();
		snapshot_ref(*h, w->id);
		look(*h);
		atomic_fetch_add(&w->seen, 1);
	}
	if (!w->stopping || w->at % HELD != 0)
		loop_ready(w->loop, t);
	else
		loop_stop(w->loop);
}

static void
on_stop(struct mail *m)
{
	struct worker *w = LIST_ITEM(m, struct worker, mail);

	w->stopping = true;
	w->at = 0;
	loop_ready(w->loop, &w->task);
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;

	if (w->id < THREADS - 1)
		loop_ready(w->loop, &w->task);
	loop_run(w->loop);
	return NULL;
}

/* ---- the control thread ---- */

static void
on_free(void *arg)
{
	struct snapshot *s = arg;

	if (atomic_exchange(&is_freed[s->generation], 1))
		atomic_fetch_add(&early, 1);
	atomic_fetch_add(&nfreed, 1);
}

static void
publish_one(void)
{
	struct snapshot *s = snapshot_new(THREADS);

	arena_on_free(s->arena, on_free, s);
	snapshot_publish(s);
}

/* All busy threads have looked at `more` further snapshots. */
static void
wait_for_looks(unsigned long more)
{
	unsigned long from[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		from[i] = atomic_load(&workers[i].seen);
	for (unsigned i = 0; i < THREADS - 1; i++)
		while (atomic_load(&workers[i].seen) < from[i] + more)
			loop_once(control, false);
}

static bool
wait_reclaimed(unsigned left)
{
	uint64_t until = clock_mono_us() + LIMIT_US;

	while (snapshot_unreclaimed() > left && clock_mono_us() < until)
		loop_once(control, true);
	return snapshot_unreclaimed() == left;
}

static void
threads_start(void)
{
	static struct loop *loops[THREADS];

	control = loop_new(THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].id = i;
		workers[i].loop = loops[i] = loop_new(i);
		loop_task_init(&workers[i].task, on_pass);
	}
	snapshot_init(loops, THREADS, control);
	publish_one();
	for (unsigned i = 0; i < THREADS; i++)
		thread_start(&workers[i].thread, "data", worker_main, &workers[i]);
}

static void
threads_stop(void)
{
	for (unsigned i = 0; i < THREADS; i++)
		mailbox_send(&workers[i].loop->mailbox, &workers[i].mail, on_stop);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
}

int
main(void)
{
	struct snapshot *kept;

	threads_start();
	is_int(snapshot_current()->generation, 1);
	is_int(snapshot_unreclaimed(), 0);
	for (unsigned i = 0; i < PUBLISHES / 2; i++) {
		publish_one();
		if (i % 50 == 0)
			wait_for_looks(20);
		else
			loop_once(control, false);
	}
	/* One that a (sleeping) thread's transaction holds for long */
	kept = snapshot_current();
	snapshot_ref(kept, THREADS - 1);
	for (unsigned i = 0; i < PUBLISHES / 2; i++) {
		publish_one();
		loop_once(control, false);
	}
	is_int(snapshot_current()->generation, PUBLISHES + 1);
	ok_named(wait_reclaimed(1), "all but the held one are reclaimed");
	is_int(atomic_load(&is_freed[kept->generation]), 0);
	ok(kept->magic == SNAPSHOT_MAGIC);
	is_int(atomic_load(&nfreed), PUBLISHES - 1);
	snapshot_unref(kept, THREADS - 1);
	ok_named(wait_reclaimed(0), "and then that one");
	is_int(atomic_load(&nfreed), PUBLISHES);
	is_int(atomic_load(&early), 0);
	threads_stop();
	publish_one();		/* never looked at again: fini frees it and the current one */
	snapshot_fini();
	is_int(atomic_load(&nfreed), PUBLISHES + 2);
	is_int(snapshot_unreclaimed(), 0);
	ok(snapshot_current() == NULL);
	is_int(atomic_load(&early), 0);
	for (unsigned i = 0; i < THREADS; i++)
		loop_free(workers[i].loop);
	loop_free(control);
	snapshot_free(NULL);
	return tap_done();
}
