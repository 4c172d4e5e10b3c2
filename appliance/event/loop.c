/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop of a thread: one epoll_wait, the callbacks of libevent, the end of
 * the pass; again.
 *
 * The clock. Each pass must read the time once, after epoll_wait and before the
 * first callback: a deadline counted from an older time would be early by as
 * long as the loop slept. libevent 2.1 has no hook at that place (2.2 has
 * evwatch), and a check in each callback is forgotten somewhere. So this file
 * defines epoll_wait itself: the symbol of the program comes before libc's,
 * libevent calls ours, and ours calls the next one and then reads the clock. It
 * costs one indirect call. The same place knows when the loop slept and when it
 * worked, for one clock read more and only if it is going to block. loop_new
 * proves that it works and stops the process otherwise.
 *
 * epoll_ctl is ours for the same reason: a descriptor that is closed next needs no
 * EPOLL_CTL_DEL, because closing forgets it (nobody else holds a copy), but
 * event_del knows no way without. Two system calls less per tunnel.
 *
 * Base flags: NOLOCK, because only the owner touches its base; NO_CACHE_TIME,
 * because the timers are the wheel's and libevent then reads no clock at all;
 * epoll only, whatever the environment says.
 */
#include <dlfcn.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "event/loop.h"

#define LEFTOVER_ROUNDS	100	/* of mail that sends mail, in loop_free */

typedef int epoll_wait_fn(int, struct epoll_event *, int, int);
typedef int epoll_ctl_fn(int, int, int, struct epoll_event *);

_Thread_local struct loop *loop_self;

static epoll_wait_fn *next_epoll_wait;
static epoll_ctl_fn *next_epoll_ctl;
static _Thread_local bool is_closing;	/* inside loop_forget */

__attribute__((constructor)) static void
find_next(void)
{
	next_epoll_wait = (epoll_wait_fn *)(uintptr_t)dlsym(RTLD_NEXT, "epoll_wait");
	next_epoll_ctl = (epoll_ctl_fn *)(uintptr_t)dlsym(RTLD_NEXT, "epoll_ctl");
}

int
epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	if (is_closing && op == EPOLL_CTL_DEL)
		return 0;
	if (next_epoll_ctl != NULL)
		return next_epoll_ctl(epfd, op, fd, event);
	return (int)syscall(SYS_epoll_ctl, epfd, op, fd, event);
}

void
loop_forget(struct event *ev)
{
	is_closing = true;
	event_del(ev);
	is_closing = false;
}

static void
gauge(uint64_t *cell, uint64_t v)	/* one writer, any reader */
{
	__atomic_store_n(cell, v, __ATOMIC_RELAXED);
}

/* The loop slept from slept_us until clock_now_us. */
static void
account(struct loop *l, uint64_t slept_us)
{
	uint64_t work = slept_us - l->woke_us;

	gauge(&l->busy_us, l->busy_us + work);
	gauge(&l->idle_us, l->idle_us + (clock_now_us - slept_us));
	if (work > l->pass_work_max_us)
		gauge(&l->pass_work_max_us, work);
	l->woke_us = clock_now_us;
}

int
epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
{
	struct loop *l = loop_self;
	uint64_t slept_us;
	int n;

	slept_us = l != NULL && timeout != 0 ? clock_mono_us() : 0;
	if (next_epoll_wait != NULL)
		n = next_epoll_wait(epfd, events, maxevents, timeout);
	else
		n = (int)syscall(SYS_epoll_pwait, epfd, events, maxevents,
		    timeout, NULL, 8);
	if (l == NULL)
		return n;
	clock_update();
	account(l, slept_us != 0 ? slept_us : clock_now_us);
	return n;
}

static struct event_base *
base_new(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base;

	if (cfg == NULL)
		fatalx("libevent: no memory");
	event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(cfg, EVENT_BASE_FLAG_NO_CACHE_TIME);
	event_config_set_flag(cfg, EVENT_BASE_FLAG_IGNORE_ENV);
	event_config_require_features(cfg, EV_FEATURE_ET | EV_FEATURE_O1);
	base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	if (base == NULL)
		fatal("libevent: no epoll base");
	return base;
}

/* One pass that does not block must come through our epoll_wait. */
static void
prove_clock_hook(struct loop *l)
{
	struct loop *saved = loop_self;

	l->woke_us = 0;
	loop_self = l;
	event_base_loop(l->base, EVLOOP_NONBLOCK);
	loop_self = saved;
	if (l->woke_us == 0)
		fatalx("libevent %s does not wait in epoll_wait",
		    event_get_version());
	l->busy_us = l->idle_us = l->pass_work_max_us = 0;
}

struct loop *
loop_new(unsigned id)
{
	struct loop *l = xaligned(CACHE_LINE, sizeof(*l));

	l->id = id;
	l->base = base_new();
	clock_update();
	list_init(&l->ready);
	list_init(&l->deferred);
	mailbox_init(&l->mailbox, l->base);
	timer_wheel_init(&l->wheel, l->base);
	prove_clock_hook(l);
	return l;
}

/* Runs what is on the list now; what is added meanwhile stays for later. */
static void
run_tasks(struct list *tasks)
{
	struct list now = *tasks, *n;

	if (list_is_empty(tasks))
		return;
	now.next->prev = now.prev->next = &now;
	list_init(tasks);
	while ((n = list_pop(&now)) != NULL) {
		struct loop_task *t = LIST_ITEM(n, struct loop_task, node);

		t->run(t);
	}
}

static void
pass_end(struct loop *l)
{
	if (timer_wheel_is_due(&l->wheel, clock_now_us))
		timer_wheel_run(&l->wheel);
	mailbox_drain(&l->mailbox);
	run_tasks(&l->ready);
	if (l->on_pass_end != NULL)
		l->on_pass_end(l);
	run_tasks(&l->deferred);
	atomic_store_explicit(&l->passes, atomic_load_explicit(&l->passes,
	    memory_order_relaxed) + 1, memory_order_release);
}

void
loop_once(struct loop *l, bool may_block)
{
	bool is_idle = list_is_empty(&l->ready) && list_is_empty(&l->deferred);

	loop_self = l;
	timer_wheel_arm(&l->wheel);
	/* without ONCE it would go on for as long as events come, and the ready list wait */
	event_base_loop(l->base,
	    may_block && is_idle ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK);
	pass_end(l);
}

/* The first pass does not block: what was made ready before the thread ran is
 * served, and the clock of this thread is set. */
void
loop_run(struct loop *l)
{
	loop_self = l;
	clock_update();
	l->woke_us = clock_now_us;
	loop_once(l, false);
	while (!l->stopping)
		loop_once(l, true);
}

void
loop_stop(struct loop *l)
{
	l->stopping = true;
}

/* Mail and tasks may own memory or bring a last word: all are run once more. */
static void
run_leftovers(struct loop *l)
{
	struct loop *saved = loop_self;

	loop_self = l;
	for (int i = 0; i < LEFTOVER_ROUNDS; i++) {
		int n = mailbox_drain(&l->mailbox);

		run_tasks(&l->ready);
		run_tasks(&l->deferred);
		if (n == 0 && list_is_empty(&l->ready) &&
		    list_is_empty(&l->deferred))
			break;
	}
	loop_self = saved == l ? NULL : saved;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	run_leftovers(l);
	timer_wheel_fini(&l->wheel);
	mailbox_fini(&l->mailbox);
	event_base_free(l->base);
	free(l);
}
