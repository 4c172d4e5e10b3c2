/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tick: at each whole second of the schedule clock. A rate is what a counter
 * grew by, divided by the time that passed, so a late tick does not look like a
 * burst.
 *
 * Thread: control.
 */
#include "ctl/tick.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/module.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/metric.h"
#include "ctl/metric_feed.h"
#include "ctl/metric_hist.h"
#include "ctl/metric_index.h"
#include "ctl/metric_instance.h"
#include "event/loop.h"
#include "event/sched.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/stick.h"

#define TICK_US	1000000u
#define SLICE_US	400u
#define ROUND_US	5000u	/* a timer may be early by less */

struct tick tick;

static struct sched_timer timer;
static int64_t fed_until_s;	/* the second before it has been stored, or is just being */

/* Storing of a second, which may take several passes of the loop. */
enum feed_stage { FEED_NOT, FEED_ROWS, FEED_REST, FEED_ROOM };

static struct {
	enum feed_stage	 stage;
	bool		 is_inside;
	int64_t		 now_s, t_s;
	uint64_t	 room;		/* bytes that the rings may have */
	struct loop_task task;
} feed;

static uint64_t
per_second(uint64_t n, uint64_t passed_us)
{
	return passed_us == 0 ? 0 : (n * TICK_US + passed_us / 2) / passed_us;
}

/* total may be smaller than before: a cell was made anew. */
static void
rate32(uint64_t total, uint64_t *prev, uint64_t passed_us, uint32_t *now, uint32_t *max)
{
	uint64_t r = per_second(total >= *prev ? total - *prev : 0, passed_us);

	*prev = total;
	*now = r > UINT32_MAX ? UINT32_MAX : (uint32_t)r;
	if (*now > *max)
		*max = *now;
}

static void
rate64(struct tick_rate *r, uint64_t total, uint64_t passed_us)
{
	r->now = per_second(total - r->prev, passed_us);
	r->prev = total;
	if (r->now > r->max)
		r->max = r->now;
}

static void
tick_proxy(const struct proxy *px, uint64_t us)
{
	struct proxy_live *l = px->live;

	if (px->cap & CAP_FRONTEND) {
		rate32(live_sum_fe(l, C_stot), &l->fe_prev, us, &l->fe_rate, &l->fe_rate_max);
		rate32(live_sum_fe(l, C_req_tot), &l->req_prev, us, &l->req_rate,
		    &l->req_rate_max);
		rate32(live_sum_fe(l, C_conn_tot), &l->conn_prev, us, &l->conn_rate,
		    &l->conn_rate_max);
	}
	if (px->cap & CAP_BACKEND)
		rate32(live_sum_be(l, C_stot), &l->be_prev, us, &l->be_rate, &l->be_rate_max);
	for (struct server *srv = px->server_list; srv != NULL; srv = srv->next)
		rate32(live_sum_server(srv->live, C_stot), &srv->live->rate_prev, us,
		    &srv->live->rate_last, &srv->live->rate_max);
}

#define SUM(field)	atomic_load_explicit(&dthreads[i].field, memory_order_relaxed)

struct totals
totals_now(void)
{
	struct totals t = { 0 };

	for (unsigned i = 0; i < ndthreads; i++) {
		t.conns += SUM(cum_conns);
		t.reqs += SUM(cum_reqs);
		t.ssl += SUM(cum_ssl);
		t.handshakes += SUM(ssl_handshakes);
		t.resumed += SUM(ssl_resumed);
		t.bytes_out += SUM(bytes_out);
		t.spliced += SUM(spliced_bytes);
	}
	return t;
}

/* A thread that sleeps has not told of it yet, so idle is what was not busy. */
static void
tick_idle(uint64_t us)
{
	uint64_t busy = 0, all = us * ndthreads, grown;

	for (unsigned n = 0; n < ndthreads; n++)
		busy += __atomic_load_n(&dthreads[n].loop->busy_us, __ATOMIC_RELAXED);
	grown = busy - tick.busy_us;
	tick.busy_us = busy;
	tick.idle_pct = grown >= all ? 0 : (unsigned)(100 * (all - grown) / all);
}

static void
tick_process(uint64_t us)
{
	struct totals t = totals_now();
	uint64_t full = t.handshakes >= t.resumed ? t.handshakes - t.resumed : 0;

	rate64(&tick.conns, t.conns, us);
	rate64(&tick.sessions, t.conns, us);
	rate64(&tick.ssl, t.ssl, us);
	rate64(&tick.ssl_keys, full, us);
	rate64(&tick.bytes_out, t.bytes_out, us);
	tick_idle(us);
}

/* The second that is over now. After a step back of the clock nothing is stored
 * until it has passed what is there already. */
static void
feed_begin(uint64_t us)
{
	int64_t now_s = (int64_t)((sched_wall_us() + ROUND_US) / TICK_US);

	feed.now_s = now_s;
	feed.t_s = now_s > fed_until_s ? now_s - 1 : METRIC_NO_TIME;
	if (now_s > fed_until_s)
		fed_until_s = now_s;
	feed.is_inside = true;
	metric_feed_begin(feed.t_s, us);
	feed.is_inside = false;
	sched_busy_begin();
	feed.stage = FEED_ROWS;
}

static void
feed_rest(void)
{
	const struct global *g = snapshot_current()->global;
	uint64_t bytes = g->metrics_memory;

	metric_instance_tick(feed.t_s);
	metric_disk_bound(g->metrics_space);
	metric_disk_tick(1);
	metric_index_flush();
	metric_hist_flush();
	metric_hist_bound(bytes / 4, feed.now_s);
	feed.room = bytes > metric_hist_bytes() ? bytes - metric_hist_bytes() : 0;
	metric_expire(feed.now_s);
}

static void
feed_end(void)
{
	feed.stage = FEED_NOT;
	loop_task_cancel(&feed.task);
	sched_busy_end();
}

/* One stage after the other, some of it until end_us. */
static void
feed_go_on(uint64_t end_us)
{
	feed.is_inside = true;
	switch (feed.stage) {
	case FEED_ROWS:
		if (metric_feed_go_on(end_us))
			feed.stage = FEED_REST;
		break;
	case FEED_REST:
		feed_rest();
		feed.stage = FEED_ROOM;
		break;
	case FEED_ROOM:
		while (metric_ring_shrink(feed.room, feed.now_s))
			if (clock_mono_us() >= end_us)
				goto out;
		feed_end();
		break;
	case FEED_NOT:
		break;
	}
out:
	feed.is_inside = false;
}

static void
feed_slice(struct loop_task *t)
{
	feed_go_on(clock_mono_us() + SLICE_US);
	if (feed.stage != FEED_NOT)
		loop_ready(control_loop, t);
}

static void
feed_finish(void)
{
	while (feed.stage != FEED_NOT)
		feed_go_on(UINT64_MAX);
}

/* Again at the next whole second, whatever steps the clock makes. */
static void
set_timer(void)
{
	sched_after(&timer, TICK_US - (sched_wall_us() + ROUND_US) % TICK_US + ROUND_US);
}

static void
on_tick(struct sched_timer *t)
{
	uint64_t now = sched_mono_us(), us = now - tick.at_us;

	(void)t;
	feed_finish();
	tick.at_us = now;
	for (struct proxy *px = snapshot_current()->proxies; px != NULL; px = px->next)
		tick_proxy(px, us);
	tick_process(us);
	tick.generation++;
	stick_expire_all();
	set_timer();
	feed_begin(us);
	feed_slice(&feed.task);
}

void
tick_catch_up(void)
{
	if (feed.is_inside)	/* who is told of something meanwhile reads metrics */
		return;
	if (sched_is_set(&timer) && sched_left_us(&timer) == 0) {
		sched_cancel(&timer);
		on_tick(&timer);
	}
	feed_finish();
}

void
tick_clear_maxima(void)
{
	struct tick_rate *rates[] = { &tick.conns, &tick.sessions, &tick.ssl, &tick.ssl_keys,
	    &tick.bytes_out };

	for (unsigned i = 0; i < sizeof rates / sizeof rates[0]; i++)
		rates[i]->max = 0;
	control_loop->pass_work_max_us = 0;
}

static int
tick_start(void)
{
	tick.at_us = sched_mono_us();
	tick.idle_pct = 100;
	sched_timer_init(&timer, on_tick);
	loop_task_init(&feed.task, feed_slice);
	/* another process's generations are not ours */
	tick.generation = tick.first_generation = clock_wall_us() / 1000000;
	set_timer();
	return 0;
}

static void
tick_stop(void)
{
	sched_cancel(&timer);
	loop_task_cancel(&feed.task);
	metric_feed_free();
	metric_instance_free();
	metric_free();
}

const struct module mod_tick = { .name = "tick", .start = tick_start, .stop = tick_stop };
