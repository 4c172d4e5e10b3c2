/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One loop per thread: a libevent base (NOLOCK: nobody but the owner touches
 * it), a mailbox, a timer wheel, a ready list and the end-of-pass work.
 *
 *	for (;;) { event_base_loop(base, EVLOOP_ONCE); pass_end(); }
 *
 * pass_end: drain the mailbox, serve the ready list (what was left with a
 * remembered edge; each entry once per pass; if it is not empty afterwards the
 * next pass does not block), run the flush hooks, free what was deferred, count
 * the pass. The pass counter is what the reclaim rule waits for.
 *
 * clock_now_us is fresh in every callback: it is read when epoll_wait returns.
 */
#ifndef WEIR_EVENT_LOOP_H
#define WEIR_EVENT_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "event/mailbox.h"
#include "event/timer.h"

struct event_base;

struct loop_task;
typedef void loop_task_fn(struct loop_task *);

/* Something to do in this thread soon; embedded in its object. */
struct loop_task {
	struct list	 node;
	loop_task_fn	*run;
};

struct loop {
	struct event_base	*base;		/* owned */
	unsigned		 id;		/* 0..n-1 data threads, n control */
	struct mailbox		 mailbox;
	struct timer_wheel	 wheel;
	struct list		 ready;		/* loop_task: run once in the coming pass_end */
	struct list		 deferred;	/* loop_task: run last in this pass (frees) */
	_Atomic uint64_t	 passes;	/* read by the control thread */
	uint64_t		 pass_work_max_us;	/* longest pass; gauge (relaxed) */
	uint64_t		 busy_us, idle_us;	/* time outside and inside epoll_wait */
	uint64_t		 woke_us;		/* end of the last epoll_wait */
	bool			 stopping;
	void			(*on_pass_end)(struct loop *);	/* hook of the owner, may be NULL */
};

extern _Thread_local struct loop *loop_self;	/* the loop of this thread, or NULL */

/* the owner's thread, except new/free which run while no thread owns it */
struct loop *loop_new(unsigned id);
void	loop_free(struct loop *l);		/* delivers the mail that is left */
void	loop_run(struct loop *l);		/* sets loop_self; returns after loop_stop */
void	loop_once(struct loop *l, bool may_block);	/* one pass; for tests */
void	loop_stop(struct loop *l);
/* event_del for a descriptor that the caller closes at once, and of which there is
 * no copy */
struct event;
void	loop_forget(struct event *ev);

static inline void
loop_task_init(struct loop_task *t, loop_task_fn *run)
{
	list_init(&t->node);
	t->run = run;
}

/* Idempotent: a task that is queued stays where it is. */
static inline void
loop_ready(struct loop *l, struct loop_task *t)
{
	if (list_is_empty(&t->node))
		list_append(&l->ready, &t->node);
}

static inline void
loop_defer(struct loop *l, struct loop_task *t)
{
	list_del(&t->node);
	list_append(&l->deferred, &t->node);
}

static inline void
loop_task_cancel(struct loop_task *t)
{
	list_del(&t->node);
}

#endif
