/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Publishing and stopping; see control.h. A soft stop closes the listeners in
 * each data thread, lets sessions end (idle ones leave with their next answer),
 * and ends the process when the last one has gone or hard-stop-after is over.
 *
 * Thread: control.
 */
#include "ctl/control.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/broadcast.h"
#include "event/loop.h"
#include "net/listen.h"
#include "proxy/be_switch.h"
#include "proxy/bind_count.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"
#include "proxy/session.h"
#include "proxy/tunnel.h"
#include "proxy/vars.h"

#define MAX_HOOKS	32
#define SOFT_STOP_LOOK_US 100000u
#define SOFT_STOP_ACK_US 5000u

struct loop *control_loop;

static control_publish_fn *hooks[MAX_HOOKS];
static control_check_fn *checks[MAX_HOOKS];
static unsigned nhooks, nchecks;
static int stop_signal;

void
control_on_publish(control_publish_fn *fn)
{
	WEIR_ASSERT(nhooks < MAX_HOOKS);
	hooks[nhooks++] = fn;
}

void
control_on_check(control_check_fn *fn)
{
	WEIR_ASSERT(nchecks < MAX_HOOKS);
	checks[nchecks++] = fn;
}

void
control_check(struct snapshot *s, struct diag *d)
{
	for (unsigned i = 0; i < nchecks; i++)
		checks[i](s, d);
}

/* Listeners find their frontend through this pointer. */
static void
point_listeners(struct snapshot *s)
{
	for (struct proxy *px = s->proxies; px != NULL; px = px->next)
		for (struct bind_conf *b = px->binds; b != NULL; b = b->next)
			if (b->listener != NULL) {
				bind_count_start(b);
				atomic_store_explicit(&b->listener->user, b, memory_order_release);
			}
	for (struct bind_conf *b = s->global->stats_binds; b != NULL; b = b->next)
		if (b->listener != NULL)
			atomic_store_explicit(&b->listener->user, b, memory_order_release);
}

/* Limits and states may have changed for those who wait. */
static void
serve_waiters(struct snapshot *s)
{
	for (struct proxy *px = s->proxies; px != NULL; px = px->next)
		for (struct server *srv = px->server_list; srv != NULL; srv = srv->next)
			queue_kick(px->live, srv->live);
}

static void
follow_here(void *arg, struct dthread *d)
{
	(void)arg, (void)d;
	tunnels_follow();
}

void
control_publish(struct snapshot *s)
{
	bool is_first = snapshot_current() == NULL;

	proxy_fill_fullconn(s, atomic_load(&limits.maxconn));
	live_commit(s);
	vars_publish(s);
	be_switch_publish(s);
	for (unsigned i = 0; i < nhooks; i++)
		hooks[i](s);
	point_listeners(s);
	snapshot_publish(s);
	serve_waiters(s);
	if (!is_first)
		broadcast(follow_here, NULL, NULL);
}

void
control_stop(int signal)
{
	stop_signal = signal;
	loop_stop(control_loop);
}

int
control_stop_signal(void)
{
	return stop_signal;
}

/* ---- soft stop ---- */

static struct {
	struct timer	 timer;
	uint64_t	 deadline_us;
	_Atomic unsigned stopped;	/* data threads that do not accept any more */
	bool		 is_on, closed;
} soft;

struct thread_mail {
	struct mail	 mail;
	struct dthread	*d;
};

static void
close_listeners_here(struct mail *m)
{
	struct thread_mail *tm = CONTAINER_OF(m, struct thread_mail, mail);

	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (l->is_control)
			continue;
		listener_drain(l, tm->d->loop);
		listener_stop(l, tm->d->loop);
	}
	free(tm);
	atomic_fetch_add(&soft.stopped, 1);
}

/* No thread watches them any more: new clients are refused from now on. */
static void
close_listeners(void)
{
	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (!l->is_control)
			listener_close(l);
	}
	soft.closed = true;
}

static void
look(struct timer *t)
{
	bool stopped = atomic_load(&soft.stopped) == ndthreads;

	if (stopped && !soft.closed)
		close_listeners();
	if ((stopped && atomic_load(&limits.conns) == 0) || clock_now_us >= soft.deadline_us) {
		control_stop(0);
		return;
	}
	timer_set(&control_loop->wheel, t,
	    clock_now_us + (stopped ? SOFT_STOP_LOOK_US : SOFT_STOP_ACK_US));
}

static void
say_stopped(void)
{
	for (struct proxy *px = snapshot_current()->proxies; px != NULL; px = px->next) {
		if (px->binds == NULL)
			continue;
		atomic_store(&px->live->fe_state, FE_STOPPED);
		log_event(px, LOG_L_WARNING,
		    "Proxy %s stopped (cumulated conns: FE: %llu, BE: %llu).", px->name,
		    (unsigned long long)live_sum_fe(px->live, C_stot),
		    (unsigned long long)live_sum_be(px->live, C_stot));
	}
}

static timer_fn begin;

void
control_soft_stop(void)
{
	uint64_t hard = snapshot_current()->global->hard_stop_after_us;

	if (soft.is_on)
		return;
	soft.is_on = true;
	soft.deadline_us = hard != 0 ? clock_now_us + hard : UINT64_MAX;
	timer_init(&soft.timer, begin);
	if (snapshot_current()->global->grace_us != 0)
		timer_set(&control_loop->wheel, &soft.timer,
		    clock_now_us + snapshot_current()->global->grace_us);
	else
		begin(&soft.timer);
}

/* `grace` is over: from now on new connections are refused. */
static void
begin(struct timer *t)
{
	atomic_store(&limits.stopping, 1);
	for (unsigned i = 0; i < ndthreads; i++) {
		struct thread_mail *tm = xcalloc(1, sizeof *tm);

		tm->d = &dthreads[i];
		mailbox_send(&dthreads[i].loop->mailbox, &tm->mail, close_listeners_here);
	}
	say_stopped();
	t->fn = look;
	look(t);
}
