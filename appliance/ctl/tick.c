/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tick: once a second, in the control loop. A rate is what a counter grew by,
 * divided by the time that really passed, so a late tick does not look like a
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
#include "ctl/series.h"
#include "event/loop.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/stick.h"

#define TICK_US	1000000u

struct tick tick;

static struct timer timer;
static uint64_t due_us;

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

static void
on_tick(struct timer *t)
{
	uint64_t now = clock_mono_us(), us = now - tick.at_us;

	tick.at_us = now;
	for (struct proxy *px = snapshot_current()->proxies; px != NULL; px = px->next)
		tick_proxy(px, us);
	tick_process(us);
	tick.generation++;
	series_tick(us);
	stick_expire_all();
	due_us += TICK_US;
	if (due_us <= now)		/* far behind: those in between do not come */
		due_us = now + TICK_US;
	timer_set(&control_loop->wheel, t, due_us);
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
	tick.at_us = clock_mono_us();
	tick.idle_pct = 100;
	timer_init(&timer, on_tick);
	/* another process's generations are not ours */
	tick.generation = tick.first_generation = clock_wall_us() / 1000000;
	due_us = tick.at_us + TICK_US;
	timer_set(&control_loop->wheel, &timer, due_us);
	return 0;
}

static void
tick_stop(void)
{
	timer_unlink(&control_loop->wheel, &timer);
	series_free();
}

const struct module mod_tick = { .name = "tick", .start = tick_start, .stop = tick_stop };
