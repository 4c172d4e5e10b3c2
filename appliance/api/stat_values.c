/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The values of each row of `show stat`, from live cells and the configuration.
 * Counters are summed over the threads' blocks here and now, so an answer is
 * never older than the question. What `clear counters` took as base is subtracted.
 *
 * Thread: control.
 */
#include "api/stat.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/health.h"
#include "ctl/tick.h"
#include "net/listen.h"
#include "proxy/bind_count.h"
#include "proxy/cookie_map.h"
#include "proxy/dthread.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/persist_cookie.h"
#include "proxy/proxy.h"
#include "proxy/server_addr.h"

const struct stat_def stat_defs[ST_MAX] = {
#define STAT_C(name, tags, rows, text) \
	[ST_##name] = { #name, STAT_u64, C_##name, tags, rows, text },
#define STAT_H STAT_C
#define STAT_V(name, type, tags, rows, text) \
	[ST_##name] = { #name, STAT_##type, -1, tags, rows, text },
#define STAT_X(name, text)
#include "base/stat_fields.def"
#undef STAT_C
#undef STAT_H
#undef STAT_V
#undef STAT_X
};

static const char kind_letters[2][5] = { "fbsl", "FBSL" };

#define PUT(r, col, x)	put((r), ST_##col, (uint64_t)(x))
#define PUT_STR(r, col, s)	put_str((r), ST_##col, (s))

static void
put(struct stat_row *r, enum stat_col col, uint64_t x)
{
	r->v[col].type = stat_defs[col].type;
	r->v[col].v.u = x;
}

static void
put_str(struct stat_row *r, enum stat_col col, const char *s)
{
	r->v[col].type = STAT_str;
	r->v[col].v.str = s;
}

/* ---- sums over the threads ---- */

struct blocks {
	const char	*first;		/* struct counters of thread 0 */
	size_t		 stride;
	unsigned	 n;
	const uint64_t	*base;		/* NULL = none */
};

static const struct counters *
block(const struct blocks *b, unsigned i)
{
	return (const struct counters *)(const void *)(b->first + i * b->stride);
}

static struct blocks
blocks_fe(const struct proxy_live *l)
{
	return (struct blocks){ (const char *)&l->threads[0].fe, sizeof l->threads[0],
	    l->nthreads, l->base_fe };
}

static struct blocks
blocks_be(const struct proxy_live *l)
{
	return (struct blocks){ (const char *)&l->threads[0].be, sizeof l->threads[0],
	    l->nthreads, l->base_be };
}

static struct blocks
blocks_server(const struct server_live *l)
{
	return (struct blocks){ (const char *)&l->threads[0].count, sizeof l->threads[0],
	    l->nthreads, l->base };
}

static struct blocks
blocks_listener(const struct bind_count *c)
{
	return (struct blocks){ (const char *)c->threads, sizeof c->threads[0], c->nthreads,
	    c->base };
}

static uint64_t
sum(const struct blocks *b, int counter)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < b->n; i++)
		n += count_read(block(b, i), (enum counter)counter);
	return b->base != NULL ? n - b->base[counter] : n;
}

static void
put_counters(struct stat_row *r, const struct blocks *b, bool is_http)
{
	for (unsigned col = 0; col < ST_MAX; col++) {
		const struct stat_def *d = &stat_defs[col];

		if (d->counter >= 0 && (strchr(d->rows, kind_letters[0][r->kind]) != NULL ||
		    (is_http && strchr(d->rows, kind_letters[1][r->kind]) != NULL)))
			put(r, col, sum(b, d->counter));
	}
	r->v[ST_reqbin] = r->v[ST_bin];
	r->v[ST_resbout] = r->v[ST_bout];
}

static uint64_t
read64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/* Milliseconds: the average of the threads' windows, and the maximum. */
static void
put_time(struct stat_row *r, const struct blocks *b, size_t offset, enum stat_col avg,
    enum stat_col max)
{
	uint64_t total = 0, n = 0, most = 0;

	for (unsigned i = 0; i < b->n; i++) {
		const struct time_avg *a = (const void *)((const char *)block(b, i) + offset);
		uint32_t max_us = __atomic_load_n(&a->max_us, __ATOMIC_RELAXED);

		total += read64(&a->sum);
		n += __atomic_load_n(&a->n, __ATOMIC_RELAXED);
		most = max_us > most ? max_us : most;
	}
	put(r, avg, n > 0 ? total / n / 1000 : 0);
	put(r, max, most / 1000);
}

static void
put_times(struct stat_row *r, const struct blocks *b)
{
	uint64_t last = 0, now = clock_mono_us();

	put_time(r, b, offsetof(struct counters, q), ST_qtime, ST_qtime_max);
	put_time(r, b, offsetof(struct counters, c), ST_ctime, ST_ctime_max);
	put_time(r, b, offsetof(struct counters, r), ST_rtime, ST_rtime_max);
	put_time(r, b, offsetof(struct counters, t), ST_ttime, ST_ttime_max);
	for (unsigned i = 0; i < b->n; i++) {
		uint64_t t = read64(&block(b, i)->last_us);

		last = t > last ? t : last;
	}
	PUT(r, lastsess, last == 0 ? (uint64_t)-1 : now > last ? (now - last) / 1000000 : 0);
}

/* ---- rows ---- */

static void
start_row(struct stat_row *r, enum stat_kind kind, const struct proxy *px, const char *name,
    int sid)
{
	for (unsigned i = 0; i < ST_MAX; i++)
		r->v[i].type = STAT_EMPTY;
	r->kind = kind;
	r->iid = px->id;
	r->sid = sid;
	PUT_STR(r, pxname, px->name);
	PUT_STR(r, svname, name);
	PUT(r, pid, 1);
	PUT(r, iid, px->id);
	PUT(r, sid, sid);
	PUT(r, type, kind);
	PUT_STR(r, mode, px->set.mode == MODE_HTTP ? "http" : "tcp");
}

static void
put_gauge(struct stat_row *r, const struct gauge *g, enum stat_col cur, enum stat_col max)
{
	put(r, cur, gauge_get(g));
	put(r, max, atomic_load_explicit(&g->max, memory_order_relaxed));
}

static void
put_queue(struct stat_row *r, const struct wait_queue *q)
{
	PUT(r, qcur, atomic_load_explicit(&q->len, memory_order_relaxed));
	PUT(r, qmax, atomic_load_explicit(&q->max, memory_order_relaxed));
}

static uint64_t
frontend_limit(const struct proxy *px)
{
	uint32_t now = atomic_load_explicit(&px->live->fe_max_now, memory_order_relaxed);

	return now != 0 ? now : px->set.maxconn != 0 ? px->set.maxconn :
	    atomic_load_explicit(&limits.maxconn, memory_order_relaxed);
}

void
stat_frontend(struct stat_row *r, const struct proxy *px, unsigned flags)
{
	static const char *const states[] = { "OPEN", "PAUSED", "STOP" };
	const struct proxy_live *l = px->live;
	struct blocks b = blocks_fe(l);
	uint32_t state = atomic_load_explicit(&l->fe_state, memory_order_relaxed);

	(void)flags;
	start_row(r, STAT_FRONTEND, px, "FRONTEND", 0);
	put_counters(r, &b, px->set.mode == MODE_HTTP);
	put_gauge(r, &l->fe_conn, ST_scur, ST_smax);
	PUT(r, slim, frontend_limit(px));
	PUT_STR(r, status, states[state < 3 ? state : 2]);
	PUT(r, rate, l->fe_rate);
	PUT(r, rate_lim, px->set.rate_limit_sessions);
	PUT(r, rate_max, l->fe_rate_max);
	PUT(r, req_rate, l->req_rate);
	PUT(r, req_rate_max, l->req_rate_max);
	PUT(r, conn_rate, l->conn_rate);
	PUT(r, conn_rate_max, l->conn_rate_max);
	if (px->set.mode == MODE_HTTP)
		PUT(r, cache_hint_hits, 0);
}

/* ---- listeners ---- */

const struct bind_conf *
stat_listeners(const struct proxy *px)
{
	bool is_on = (px->set.options & OPT_SOCKET_STATS) && px->binds != NULL &&
	    px->binds->listener != NULL && bind_count_of(px->binds->listener) != NULL;

	return is_on ? px->binds : NULL;
}

static bool
is_below(_Atomic uint32_t *cur, uint64_t max)
{
	return max == 0 || atomic_load_explicit(cur, memory_order_relaxed) < max;
}

/* WAITING: it has room, but its frontend or the process has none. */
static const char *
listener_status(const struct bind_conf *b)
{
	const struct proxy *px = b->frontend;

	if (!is_below(&b->listener->conns, b->maxconn))
		return "FULL";
	return is_below(&px->live->fe_conn.cur, frontend_limit(px)) &&
	    is_below(&limits.conns, atomic_load(&limits.maxconn)) ? "OPEN" : "WAITING";
}

void
stat_listener(struct stat_row *r, const struct bind_conf *b, unsigned flags)
{
	const struct bind_count *c = bind_count_of(b->listener);
	struct blocks blocks = blocks_listener(c);

	start_row(r, STAT_LISTENER, b->frontend, b->name, b->id);
	put_counters(r, &blocks, b->frontend->set.mode == MODE_HTTP);
	PUT(r, scur, atomic_load_explicit(&b->listener->conns, memory_order_relaxed));
	PUT(r, smax, atomic_load_explicit(&c->most, memory_order_relaxed));
	PUT(r, slim, b->maxconn);
	PUT_STR(r, status, listener_status(b));
	PUT_STR(r, proto, addr_protocol(&b->listener->addr));
	if (!(flags & STAT_F_NAMES))
		return;
	addr_text(&b->listener->addr, r->addr, sizeof r->addr);
	PUT_STR(r, addr, r->addr);
}

/* What the servers of a backend come to. */
struct server_sums {
	uint64_t	 weight, uweight, backup_weight, backup_uweight;
	unsigned	 active, backup;
};

static bool
is_serving(const struct server_live *l)
{
	return atomic_load_explicit(&l->usable, memory_order_relaxed) != 0 &&
	    atomic_load_explicit(&l->eweight, memory_order_relaxed) != 0;
}

static struct server_sums
sum_servers(const struct proxy *px)
{
	struct server_sums s = { 0 };

	for (const struct server *srv = px->server_list; srv != NULL; srv = srv->next) {
		uint32_t w = atomic_load_explicit(&srv->live->eweight, memory_order_relaxed);
		uint32_t u = atomic_load_explicit(&srv->live->uweight, memory_order_relaxed);

		if (!is_serving(srv->live))
			continue;
		if (srv->flags & SRV_BACKUP) {
			s.backup++;
			s.backup_weight += (w + LB_SCALE - 1) / LB_SCALE;
			s.backup_uweight += u;
		} else {
			s.active++;
			s.weight += (w + LB_SCALE - 1) / LB_SCALE;
			s.uweight += u;
		}
	}
	return s;
}

static uint64_t
downtime_s(uint64_t down_us, uint64_t since_us, bool is_down)
{
	return (down_us + (is_down ? clock_mono_us() - since_us : 0)) / 1000000;
}

static void
put_backend_state(struct stat_row *r, const struct proxy *px, unsigned flags)
{
	struct server_sums s = sum_servers(px);
	bool is_up = s.active + s.backup > 0 || px->nservers == 0;
	struct out o;

	out_init(&o, r->status, sizeof r->status - 1);
	out_z(&o, is_up ? "UP" : "DOWN");
	if (flags & STAT_F_COUNTS)
		out_fmt(&o, " (%u/%u)", s.active + s.backup, px->nservers);
	*o.p = '\0';
	PUT_STR(r, status, r->status);
	PUT(r, weight, s.active > 0 ? s.weight : s.backup_weight);
	PUT(r, uweight, s.active > 0 ? s.uweight : s.backup_uweight);
	PUT(r, act, s.active);
	PUT(r, bck, s.backup);
	PUT(r, chkdown, px->live->chkdown);
	PUT(r, lastchg, (clock_mono_us() - px->live->since_us) / 1000000);
	if (px->nservers > 0)
		PUT(r, downtime, downtime_s(px->live->down_us, px->live->since_us, !is_up));
}

void
stat_backend(struct stat_row *r, const struct proxy *px, unsigned flags)
{
	const struct proxy_live *l = px->live;
	struct blocks b = blocks_be(l);

	start_row(r, STAT_BACKEND, px, "BACKEND", 0);
	put_counters(r, &b, px->set.mode == MODE_HTTP);
	put_times(r, &b);
	put_queue(r, &l->queue);
	put_gauge(r, &l->be_conn, ST_scur, ST_smax);
	PUT(r, slim, px->fullconn);
	put_backend_state(r, px, flags);
	PUT(r, rate, l->be_rate);
	PUT(r, rate_max, l->be_rate_max);
	PUT(r, agg_server_status, 0);
	PUT(r, agg_server_check_status, 0);
	PUT(r, agg_check_status, 0);
	if ((flags & STAT_F_NAMES) && px->set.cookie != NULL)
		PUT_STR(r, cookie, px->set.cookie->name.p);
	if (flags & STAT_F_NAMES)
		PUT_STR(r, algo, px->set.lb.algo != NULL ? px->set.lb.algo->name : "random");
	if (px->set.mode == MODE_HTTP)
		PUT(r, cache_hint_hits, 0);
}

static void
put_limits(struct stat_row *r, const struct server *srv)
{
	uint32_t max = live_server_maxconn(srv->live);

	if (max != 0)
		PUT(r, slim, max);
	if (srv->maxqueue != 0)
		PUT(r, qlimit, srv->maxqueue);
	if (srv->pool_max_conn >= 0)
		PUT(r, src_ilim, srv->pool_max_conn);
}

static void
put_conns(struct stat_row *r, const struct server_live *l)
{
	uint32_t used = gauge_get(&l->inflight), idle = gauge_get(&l->idle);

	PUT(r, srv_icur, idle);
	PUT(r, idle_conn_cur, 0);
	PUT(r, safe_conn_cur, idle);
	PUT(r, used_conn_cur, used);
	PUT(r, need_conn_est, used);
	PUT(r, priv_idle_cur, 0);
}

static void
put_weight(struct stat_row *r, const struct server *srv)
{
	const struct server_live *l = srv->live;
	uint32_t u = atomic_load_explicit(&l->uweight, memory_order_relaxed);
	uint32_t w = atomic_load_explicit(&l->eweight, memory_order_relaxed);
	unsigned percent = health_throttle(l);

	PUT(r, weight, percent != 0 ? (w + LB_SCALE - 1) / LB_SCALE : u);
	PUT(r, uweight, u);
	PUT(r, act, !(srv->flags & SRV_BACKUP));
	PUT(r, bck, (srv->flags & SRV_BACKUP) != 0);
	if (percent != 0)
		PUT(r, throttle, percent);
}

/* What a check found, in the columns of its kind; text: for the status. */
static const struct view_columns {
	enum stat_col	 status, desc, last, rise, fall, health, code, duration;
} check_columns = {
	ST_check_status, ST_check_desc, ST_last_chk, ST_check_rise, ST_check_fall,
	ST_check_health, ST_check_code, ST_check_duration
}, agent_columns = {
	ST_agent_status, ST_agent_desc, ST_last_agt, ST_agent_rise, ST_agent_fall,
	ST_agent_health, ST_agent_code, ST_agent_duration
};

static void
put_view(struct stat_row *r, const struct check_view *v, const struct view_columns *col,
    char *text, size_t size)
{
	struct out o;

	out_init(&o, text, size - 1);
	out_z(&o, v->running ? "* " : "");
	out_z(&o, v->name);
	*o.p = '\0';
	put_str(r, col->status, text);
	put_str(r, col->desc, v->desc);
	put_str(r, col->last, v->last);
	put(r, col->rise, (uint64_t)v->rise);
	put(r, col->fall, (uint64_t)v->fall);
	put(r, col->health, (uint64_t)v->health);
	if (v->has_code)
		put(r, col->code, (uint64_t)v->code);
	if (v->has_duration)
		put(r, col->duration, (uint64_t)v->duration_ms);
}

/* What health checks know of it. The counts stay in maintenance, the last result
 * does not: it says nothing there. */
static void
put_check(struct stat_row *r, const struct server *srv)
{
	const struct server_live *l = srv->live;
	struct check_view v;

	if (!health_view(l, &v))
		return;
	PUT(r, chkfail, l->chkfail);
	PUT(r, chkdown, l->chkdown);
	PUT(r, hanafail, l->hanafail);
	PUT(r, downtime, downtime_s(l->down_us, l->since_us, !health_is_up(l)));
	if (v.enabled && !v.paused)
		put_view(r, &v, &check_columns, r->check, sizeof r->check);
}

static void
put_agent(struct stat_row *r, const struct server *srv)
{
	struct check_view v;

	if (health_agent_view(srv->live, &v) && v.enabled)
		put_view(r, &v, &agent_columns, r->agent, sizeof r->agent);
}

static void
put_tracked(struct stat_row *r, const struct server *srv)
{
	struct out o;

	if (srv->tracks == NULL)
		return;
	out_init(&o, r->tracked, sizeof r->tracked - 1);
	out_fmt(&o, "%s/%s", srv->tracks->backend->name, srv->tracks->name);
	*o.p = '\0';
	PUT_STR(r, tracked, r->tracked);
}

static void
put_addr(struct stat_row *r, const struct server *srv, unsigned flags)
{
	const char *cookie = srv->cookie;
	struct addr a;
	bool has_port;

	if (!(flags & STAT_F_NAMES))
		return;
	server_addr_now(srv, &a, &has_port);
	addr_text(&a, r->addr, sizeof r->addr);
	PUT_STR(r, addr, r->addr);
	if (cookie_map_of(srv->backend) != NULL)
		cookie = cookie_map_value(cookie_map_of(srv->backend), srv).p;
	if (cookie != NULL)
		PUT_STR(r, cookie, cookie);
}

void
stat_server(struct stat_row *r, const struct server *srv, unsigned flags)
{
	const struct server_live *l = srv->live;
	const struct proxy *px = srv->backend;
	struct blocks b = blocks_server(l);

	start_row(r, STAT_SERVER, px, srv->name, srv->id);
	put_counters(r, &b, px->set.mode == MODE_HTTP);
	put_times(r, &b);
	put_queue(r, &l->queue);
	put_gauge(r, &l->inflight, ST_scur, ST_smax);
	put_limits(r, srv);
	stat_status_text(srv, r->status, sizeof r->status);
	PUT_STR(r, status, r->status);
	put_weight(r, srv);
	PUT(r, lastchg, (clock_mono_us() - l->since_us) / 1000000);
	PUT(r, rate, l->rate_last);
	PUT(r, rate_max, l->rate_max);
	PUT(r, srid, 0);
	put_tracked(r, srv);
	put_conns(r, l);
	put_check(r, srv);
	put_agent(r, srv);
	put_addr(r, srv, flags);
}

/* ---- clear ---- */

static void
clear_blocks(const struct blocks *b, uint64_t **base, bool all)
{
	if (all && *base == NULL)
		*base = xcalloc(C_MAX, sizeof **base);
	for (unsigned i = 0; all && i < C_MAX; i++) {
		uint64_t n = 0;

		for (unsigned t = 0; t < b->n; t++)
			n += count_read(block(b, t), (enum counter)i);
		(*base)[i] = n;
	}
	for (unsigned t = 0; t < b->n; t++) {
		struct counters *c = (struct counters *)(void *)(uintptr_t)block(b, t);
		struct time_avg *times[] = { &c->q, &c->c, &c->r, &c->t };

		for (unsigned i = 0; i < 4; i++)
			__atomic_store_n(&times[i]->max_us, 0, __ATOMIC_RELAXED);
	}
}

static void
clear_gauge(struct gauge *g)
{
	atomic_store_explicit(&g->max, gauge_get(g), memory_order_relaxed);
}

static void
clear_queue(struct wait_queue *q)
{
	atomic_store_explicit(&q->max, atomic_load_explicit(&q->len, memory_order_relaxed),
	    memory_order_relaxed);
}

static void
clear_server(struct server_live *l, bool all)
{
	struct blocks b = blocks_server(l);

	clear_blocks(&b, &l->base, all);
	clear_gauge(&l->inflight);
	clear_queue(&l->queue);
	l->rate_max = 0;
	if (all)
		l->chkfail = l->chkdown = l->hanafail = 0;
}

static void
clear_listener(const struct listener *l, bool all)
{
	struct bind_count *c = l != NULL ? bind_count_of(l) : NULL;
	struct blocks b;
	uint64_t *base;

	if (c == NULL)
		return;
	b = blocks_listener(c);
	base = c->base;
	clear_blocks(&b, &base, all);
	atomic_store_explicit(&c->most,
	    atomic_load_explicit(&l->conns, memory_order_relaxed), memory_order_relaxed);
}

static void
clear_proxy(struct proxy_live *l, bool all)
{
	struct blocks fe = blocks_fe(l), be = blocks_be(l);

	clear_blocks(&fe, &l->base_fe, all);
	clear_blocks(&be, &l->base_be, all);
	clear_gauge(&l->fe_conn);
	clear_gauge(&l->be_conn);
	clear_queue(&l->queue);
	l->fe_rate_max = l->be_rate_max = l->req_rate_max = l->conn_rate_max = 0;
	if (all)
		l->chkdown = 0;
}

void
stat_clear(bool all)
{
	tick_clear_maxima();
	for (struct proxy *px = snapshot_current()->proxies; px != NULL; px = px->next) {
		clear_proxy(px->live, all);
		for (struct bind_conf *b = px->binds; b != NULL; b = b->next)
			clear_listener(b->listener, all);
		for (struct server *srv = px->server_list; srv != NULL; srv = srv->next)
			clear_server(srv->live, all);
	}
}
