/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of snapshots: published with one pointer, reclaimed when each data
 * thread has passed twice since (so nobody still looks at the old pointer) and
 * no transaction holds it. While something is to be reclaimed the control loop
 * looks every 20 ms and nudges sleeping data threads, so that they pass. Other
 * things that data threads may look at during a pass go the same way.
 *
 * Thread: control, but for the inline use counts.
 */
#include "cfg/snapshot.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/xalloc.h"
#include "event/loop.h"

#define CHECK_US	20000u

_Atomic(struct snapshot *) snapshot_current_ptr;

struct retired {
	struct list	 node;
	struct snapshot	*snap;		/* owned; NULL: something else */
	void		*thing;		/* owned */
	void		(*thing_free)(void *thing);
	uint64_t	*passes;	/* owned: of each loop when it was replaced */
};

static struct {
	struct loop	**loops;	/* borrowed */
	struct loop	*control;
	unsigned	 nloops, nretired;
	struct list	 retired;
	struct timer	 timer;
} life;

static _Atomic uint32_t generations;

struct snapshot *
snapshot_new(unsigned nthreads_max)
{
	struct snapshot *s = xcalloc(1, sizeof *s);

	s->magic = SNAPSHOT_MAGIC;
	s->generation = atomic_fetch_add(&generations, 1) + 1;
	s->arena = arena_new();
	s->nthreads = nthreads_max;
	s->uses = xaligned(CACHE_LINE, nthreads_max * sizeof *s->uses);
	return s;
}

void
snapshot_free(struct snapshot *s)
{
	if (s == NULL)
		return;
	MAGIC_OK(s, SNAPSHOT_MAGIC);
	arena_free(s->arena);
	free(s->uses);
	s->magic = 0;
	free(s);
}

static void
nothing(struct mail *m)
{
	free(m);
}

/* Wake a data thread so that it completes a pass. */
static void
nudge(struct loop *l)
{
	struct mail *m = xcalloc(1, sizeof *m);

	mailbox_send(&l->mailbox, m, nothing);
}

static bool
has_passed(const struct retired *r, unsigned i)
{
	return atomic_load_explicit(&life.loops[i]->passes, memory_order_acquire) >=
	    r->passes[i] + 2;
}

static bool
all_passed(const struct retired *r)
{
	for (unsigned i = 0; i < life.nloops; i++)
		if (!has_passed(r, i))
			return false;
	return true;
}

/* Nobody waits for more passes than the newest one. */
static void
nudge_the_slow(void)
{
	const struct retired *newest = LIST_ITEM(life.retired.prev, struct retired, node);

	for (unsigned i = 0; i < life.nloops; i++)
		if (!has_passed(newest, i))
			nudge(life.loops[i]);
}

static bool
is_unused(const struct snapshot *s)
{
	int64_t n = 0;

	for (unsigned i = 0; i < s->nthreads; i++)
		n += atomic_load_explicit(&s->uses[i].n, memory_order_acquire);
	return n == 0 && s->holds == 0;
}

static void
retired_free(struct retired *r)
{
	list_del(&r->node);
	if (r->snap != NULL) {
		life.nretired--;
		snapshot_free(r->snap);
	} else {
		r->thing_free(r->thing);
	}
	free(r->passes);
	free(r);
}

static void
check(struct timer *t)
{
	LIST_EACH_SAFE(n, tmp, &life.retired) {
		struct retired *r = LIST_ITEM(n, struct retired, node);

		if (all_passed(r) && (r->snap == NULL || is_unused(r->snap)))
			retired_free(r);
	}
	if (list_is_empty(&life.retired)) {
		timer_clear(t);
		return;
	}
	nudge_the_slow();
	timer_set(&life.control->wheel, t, clock_now_us + CHECK_US);
}

void
snapshot_init(struct loop **loops, unsigned nloops, struct loop *control)
{
	life.loops = loops;
	life.nloops = nloops;
	life.control = control;
	list_init(&life.retired);
	timer_init(&life.timer, check);
}

static struct retired *
retire(void)
{
	struct retired *r = xcalloc(1, sizeof *r);

	r->passes = xcalloc(life.nloops + 1, sizeof *r->passes);
	for (unsigned i = 0; i < life.nloops; i++)
		r->passes[i] = atomic_load_explicit(&life.loops[i]->passes, memory_order_acquire);
	/* Set once: many reloads in a row must not put it off again and again. */
	if (list_is_empty(&life.retired))
		timer_set(&life.control->wheel, &life.timer, clock_now_us + CHECK_US);
	list_append(&life.retired, &r->node);
	return r;
}

void
snapshot_publish(struct snapshot *s)
{
	struct snapshot *old = snapshot_current();

	atomic_store_explicit(&snapshot_current_ptr, s, memory_order_release);
	if (old == NULL)
		return;
	retire()->snap = old;
	life.nretired++;
}

void
snapshot_retire(void *thing, void (*thing_free)(void *thing))
{
	struct retired *r = retire();

	r->thing = thing;
	r->thing_free = thing_free;
}

unsigned
snapshot_unreclaimed(void)
{
	return life.nretired;
}

/* The threads are gone: nothing is in use any more. */
void
snapshot_fini(void)
{
	struct snapshot *s = snapshot_current();

	timer_unlink(&life.control->wheel, &life.timer);
	while (!list_is_empty(&life.retired))
		retired_free(LIST_ITEM(life.retired.next, struct retired, node));
	atomic_store(&snapshot_current_ptr, NULL);
	snapshot_free(s);
}
