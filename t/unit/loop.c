/* SPDX-License-Identifier: BSD-2-Clause */
/* loop.c: a fresh clock in callbacks, the order of pass_end, fairness, counts. */
#include <event2/event.h>
#include <pthread.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "event/loop.h"
#include "tap.h"

static struct loop *loop;
static char order[64];

static void
note(const char *s)
{
	strncat(order, s, sizeof(order) - strlen(order) - 1);
}

static uint64_t clock_in_callback;

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	clock_in_callback = clock_now_us;
}

/* A descriptor that libevent alone watches becomes readable in 20 ms. */
static void
test_clock(void)
{
	struct itimerspec in_20_ms = { .it_value.tv_nsec = 20000000 };
	uint64_t idle_us, set_us;
	struct event *ev;
	int fd;

	loop = loop_new(3);
	is_u64(loop->id, 3);
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	ev = event_new(loop->base, fd, EV_READ, on_readable, NULL);
	event_add(ev, NULL);
	loop_once(loop, false);
	idle_us = loop->idle_us;
	set_us = clock_mono_us();
	timerfd_settime(fd, 0, &in_20_ms, NULL);
	while (clock_in_callback == 0)
		loop_once(loop, true);
	ok_named(clock_in_callback >= set_us + 20000,
	    "time in a callback is that after the wait");
	ok(clock_mono_us() >= clock_in_callback);
	ok(loop->idle_us - idle_us >= 15000);
	ok(loop->busy_us < 1000000);
	is_u64(loop->passes, 2);
	event_free(ev);
	close(fd);
	loop_free(loop);
}

static struct mail mail;
static struct loop_task ready, deferred, self_again;
static struct timer timer;
static unsigned nself;

static void
on_mail(struct mail *m)
{
	(void)m;
	note("m");
}

static void
on_ready(struct loop_task *t)
{
	note("r");
	loop_defer(loop, t == &ready ? &deferred : t);
}

static void
on_deferred(struct loop_task *t)
{
	(void)t;
	note("d");
}

static void
on_timer(struct timer *t)
{
	(void)t;
	note("t");
	loop_ready(loop, &ready);
	loop_ready(loop, &ready);	/* queued once */
}

static void
on_pass(struct loop *l)
{
	(void)l;
	note("p");
}

static void
test_order(void)
{
	order[0] = '\0';
	loop = loop_new(0);
	loop->on_pass_end = on_pass;
	loop_once(loop, false);
	is_str(order, "p");
	is_u64(loop->passes, 1);
	ok(loop_self == loop);
	loop_task_init(&ready, on_ready);
	loop_task_init(&deferred, on_deferred);
	timer_init(&timer, on_timer);
	timer_set(&loop->wheel, &timer, clock_now_us);
	mailbox_send(&loop->mailbox, &mail, on_mail);
	order[0] = '\0';
	while (strchr(order, 't') == NULL)
		loop_once(loop, true);
	ok_named(strstr(order, "trpd") != NULL || strstr(order, "tmrpd") != NULL,
	    "order of a pass: %s", order);
	ok(strchr(order, 'm') != NULL);
	loop_free(loop);
}

static void
on_self_again(struct loop_task *t)
{
	if (++nself < 4)
		loop_ready(loop, t);
}

/* A task that queues itself runs once a pass, and the pass does not block. */
static void
test_ready_list(void)
{
	loop = loop_new(0);
	loop_task_init(&self_again, on_self_again);
	loop_ready(loop, &self_again);
	for (unsigned i = 1; i <= 4; i++) {
		loop_once(loop, true);
		is_u64(nself, i);
	}
	loop_task_init(&ready, on_ready);
	loop_ready(loop, &ready);
	loop_task_cancel(&ready);
	loop_task_cancel(&ready);
	order[0] = '\0';
	loop_once(loop, false);
	is_str(order, "");
	loop_free(loop);
}

static void
on_stop(struct mail *m)
{
	(void)m;
	loop_stop(loop_self);
}

static void *
loop_main(void *arg)
{
	loop_run(arg);
	return loop_self;
}

static void
test_threads(void)
{
	static struct mail stop[3];
	struct loop *l[3];
	pthread_t t[3];
	void *ret;

	for (unsigned i = 0; i < 3; i++) {
		l[i] = loop_new(i);
		thread_start(&t[i], "loop", loop_main, l[i]);
	}
	for (unsigned i = 0; i < 3; i++)
		mailbox_send(&l[i]->mailbox, &stop[i], on_stop);
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(t[i], &ret);
		ok(ret == l[i]);
		ok(atomic_load(&l[i]->passes) >= 1);
		loop_free(l[i]);
	}
}

int
main(void)
{
	test_clock();
	test_order();
	test_ready_list();
	test_threads();
	loop_free(NULL);
	return tap_done();
}
