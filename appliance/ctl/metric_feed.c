/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sampling frontends, backends and servers; see metric_feed.h. A row remembers what
 * the counters were. One without traffic costs little: its histograms are read only
 * when its count of sessions has grown.
 *
 * Thread: control.
 */
#include "ctl/metric_feed.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/alarm.h"
#include "ctl/metric_hist.h"
#include "net/tls_index.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/tls_cfg.h"

#define BUCKETS		1024u
#define GONE_TICKS	60u		/* a row that nobody has is kept this long */
#define RETRY_TICKS	60u
#define ROWS_A_LOOK	8u		/* between two looks at the clock */
#define PREV_MAX	8		/* counters whose growth is a value */

const char *const metric_field_names[MF_MAX] = {
#define X(name, unit, text) #name,
	METRIC_FIELDS(X)
#undef X
};

struct feed_hist {
	struct metric_hist *to;		/* held */
	uint32_t	 prev_1s[HISTC_BUCKETS];	/* totals, at the start of the slot */
	uint32_t	 prev[HTIER_MAX][HISTC_BUCKETS];
	uint32_t	 now[HISTC_BUCKETS];
	int64_t		 slot[HTIER_MAX];
};

struct feed_row {
	struct feed_row	*next;		/* of its bucket */
	struct list	 node;		/* of all */
	enum metric_side side;
	char		*proxy, *server;	/* owned; server NULL */
	bool		 is_warm;	/* had traffic a moment ago: read its histograms */
	bool		 has_quantiles;
	uint32_t	 quantile_us[3];
	uint64_t	 seen;		/* number of the tick */
	uint64_t	 prev[PREV_MAX];
	struct metric_series *series[MF_MAX];	/* held; NULL: no room for it */
	struct feed_hist *hist[PHASE_MAX];	/* owned; NULL: none */
	struct elb_server elb_server;
	struct elb_backend elb;
};

/* What a row is made from. */
struct source {
	const struct proxy *px;
	const struct server *srv;	/* NULL: the proxy */
	enum metric_side side;
};

/* A second's values are taken row by row. */
static struct walk {
	struct snapshot	*snap;		/* held; NULL: none is under way */
	struct source	 s;		/* the next row; px NULL: there is none */
	int64_t		 t_s;
	uint64_t	 us;
} walk;

static struct {
	struct feed_row	*buckets[BUCKETS];
	struct list	 rows;
	uint64_t	 ticks;
	struct metric_series *full;	/* held */
	bool		 is_ready;
} feed;

/* ---- rows ---- */

static struct feed_row **
bucket_of(enum metric_side side, const char *proxy, const char *server)
{
	uint64_t h = str_hash(str_of(proxy)) + side;

	if (side == SIDE_SERVER)
		h = h * 31 + str_hash(str_of(server));
	return &feed.buckets[h % BUCKETS];
}

static struct feed_row *
find(enum metric_side side, const char *proxy, const char *server)
{
	struct feed_row *r = *bucket_of(side, proxy, server);

	for (; r != NULL; r = r->next)
		if (r->side == side && strcmp(r->proxy, proxy) == 0 &&
		    (side != SIDE_SERVER || strcmp(r->server, server) == 0))
			return r;
	return NULL;
}

void
metric_feed_key(enum metric_side side, const char *proxy, const char *server,
    enum metric_field field, struct metric_key *ret)
{
	ret->ns = metric_ns_name(NS_WEIR);
	ret->name = metric_field_names[field];
	ret->unit = metric_unit(ret->ns, ret->name);
	ret->dims[0] = (struct metric_dim){ side == SIDE_FRONTEND ? "Frontend" : "Backend", proxy };
	ret->dims[1] = (struct metric_dim){ "Server", server };
	ret->ndims = side == SIDE_SERVER ? 2 : 1;
}

/* Those that were refused are asked for again now and then. */
static void
make_series(struct feed_row *r)
{
	struct metric_key k;

	for (unsigned f = 0; f < MF_MAX; f++) {
		if (r->series[f] != NULL)
			continue;
		metric_feed_key(r->side, r->proxy, r->server, (enum metric_field)f, &k);
		r->series[f] = metric_make(&k,
		    METRIC_FINE | (r->side == SIDE_SERVER ? METRIC_SERVER : 0));
		metric_hold(r->series[f]);
	}
}

static struct feed_row *
row_new(enum metric_side side, const char *proxy, const char *server)
{
	struct feed_row *r = xcalloc(1, sizeof *r), **at = bucket_of(side, proxy, server);

	r->side = side;
	r->proxy = xstrdup(proxy);
	r->server = server != NULL ? xstrdup(server) : NULL;
	make_series(r);
	r->next = *at;
	*at = r;
	list_append(&feed.rows, &r->node);
	return r;
}

static struct feed_row *
row_of(const struct source *s)
{
	const char *server = s->srv != NULL ? s->srv->name : NULL;
	struct feed_row *r = find(s->side, s->px->name, server);

	return r != NULL ? r : row_new(s->side, s->px->name, server);
}

static void
hist_free(struct feed_hist *h)
{
	if (h != NULL)
		metric_hist_release(h->to);
	free(h);
}

static void
row_free(struct feed_row *r)
{
	struct feed_row **at = bucket_of(r->side, r->proxy, r->server);

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	list_del(&r->node);
	for (unsigned f = 0; f < MF_MAX; f++)
		metric_release(r->series[f]);
	for (unsigned p = 0; p < PHASE_MAX; p++)
		hist_free(r->hist[p]);
	free(r->proxy);
	free(r->server);
	free(r);
}

bool
metric_feed_quantiles(enum metric_side side, const char *proxy, const char *server,
    uint32_t ret_us[3])
{
	const struct feed_row *r = find(side, proxy, server);

	if (r == NULL || !r->has_quantiles)
		return false;
	memcpy(ret_us, r->quantile_us, sizeof r->quantile_us);
	return true;
}

/* ---- counters ---- */

static uint64_t
counter(const struct source *s, enum counter id)
{
	return s->side == SIDE_SERVER ? live_sum_server(s->srv->live, id) :
	    s->side == SIDE_BACKEND ? live_sum_be(s->px->live, id) :
	    live_sum_fe(s->px->live, id);
}

static uint64_t
failures(const struct source *s)
{
	if (s->side == SIDE_FRONTEND)
		return counter(s, C_ereq);
	return counter(s, C_econ) + counter(s, C_eresp);
}

/* The counters whose growth per second is a value, in the order of `prev`. */
static const struct {
	enum metric_field field;
	int		 counter;	/* -1: failures */
} grown[PREV_MAX] = {
	{ MF_req_rate, C_req_tot }, { MF_rate, C_stot }, { MF_bin, C_bin }, { MF_bout, C_bout },
	{ MF_hrsp_2xx, C_hrsp_2xx }, { MF_hrsp_4xx, C_hrsp_4xx }, { MF_hrsp_5xx, C_hrsp_5xx },
	{ MF_errors, -1 },
};

/* Per second; the first tick, which is early, has what came in a whole second. */
static void
put_growth(struct feed_row *r, const struct source *s, uint64_t us, double *v)
{
	double seconds = us > 1000000 ? (double)us / 1e6 : 1;

	for (unsigned i = 0; i < PREV_MAX; i++) {
		uint64_t now = grown[i].counter < 0 ? failures(s) :
		    counter(s, (enum counter)grown[i].counter), n;

		n = now >= r->prev[i] ? now - r->prev[i] : 0;	/* a cell made anew */
		v[grown[i].field] = (double)n / seconds;
		r->prev[i] = now;
	}
}

static void
put_gauges(const struct source *s, double *v)
{
	const struct gauge *g = s->side == SIDE_SERVER ? &s->srv->live->inflight :
	    s->side == SIDE_BACKEND ? &s->px->live->be_conn : &s->px->live->fe_conn;
	const struct wait_queue *q = s->side == SIDE_SERVER ? &s->srv->live->queue :
	    &s->px->live->queue;

	v[MF_scur] = gauge_get(g);
	v[MF_qcur] = s->side == SIDE_FRONTEND ? NAN :
	    atomic_load_explicit(&q->len, memory_order_relaxed);
}

/* ---- histograms ---- */

static const struct hist *
hist_of(const struct source *s, enum metric_phase phase, unsigned thread)
{
	const struct proxy_thread *t = &s->px->live->threads[thread];

	if (s->side == SIDE_SERVER)
		return &s->srv->live->threads[thread].total;
	switch (phase) {
	case PHASE_QUEUE:
		return &t->queue;
	case PHASE_CONNECT:
		return &t->connect;
	case PHASE_RESPONSE:
		return &t->response;
	default:
		return &t->total;
	}
}

static void
read_hist(struct feed_hist *h, const struct source *s, enum metric_phase phase)
{
	unsigned n = s->side == SIDE_SERVER ? s->srv->live->nthreads : s->px->live->nthreads;

	memset(h->now, 0, sizeof h->now);
	for (unsigned i = 0; i < n; i++)
		hist_coarse_merge(h->now, hist_of(s, phase, i));
}

static bool
growth(const uint32_t *now, const uint32_t *prev, uint32_t *ret)
{
	uint32_t any = 0;

	for (unsigned i = 0; i < HISTC_BUCKETS; i++)
		any |= ret[i] = now[i] - prev[i];
	return any != 0;
}

/* At the end of a slot what it grew by becomes a record. */
static void
close_slots(struct feed_hist *h, int64_t now_s)
{
	uint32_t d[HISTC_BUCKETS];

	for (unsigned t = 0; t < HTIER_MAX; t++) {
		int64_t slot = now_s / metric_hist_step_s[t];

		if (h->slot[t] == 0)
			h->slot[t] = slot;
		if (slot == h->slot[t])
			continue;
		if (growth(h->now, h->prev[t], d))
			metric_hist_put(h->to, (enum hist_tier)t, h->slot[t], d);
		memcpy(h->prev[t], h->now, sizeof h->now);
		h->slot[t] = slot;
	}
}

/* p50 and p99 of the second; those of ten seconds are kept for the snapshot. */
static void
put_quantiles(struct feed_row *r, struct feed_hist *h, double *v)
{
	static const double q[3] = { 0.5, 0.9, 0.99 };
	uint32_t d[HISTC_BUCKETS];

	if (growth(h->now, h->prev_1s, d)) {
		v[MF_p50_us] = (double)hist_coarse_quantile_us(d, q[0]);
		v[MF_p99_us] = (double)hist_coarse_quantile_us(d, q[2]);
		memcpy(h->prev_1s, h->now, sizeof h->now);
	}
	(void)growth(h->now, h->prev[HTIER_10S], d);
	(void)metric_hist_sum(h->to, HTIER_10S, h->slot[HTIER_10S] - 1, h->slot[HTIER_10S], d);
	r->has_quantiles = false;
	for (unsigned i = 0; i < 3; i++) {
		r->quantile_us[i] = (uint32_t)hist_coarse_quantile_us(d, q[i]);
		r->has_quantiles |= r->quantile_us[i] != 0;
	}
}

static struct feed_hist *
feed_hist_of(struct feed_row *r, enum metric_phase phase)
{
	if (r->hist[phase] == NULL) {
		r->hist[phase] = xcalloc(1, sizeof *r->hist[phase]);
		r->hist[phase]->to = metric_hist_make(r->proxy, r->server, phase);
	}
	return r->hist[phase];
}

/* now_s: the second is over; 0: it is not stored. */
static void
sample_hists(struct feed_row *r, const struct source *s, int64_t now_s, double *v)
{
	unsigned n = s->side == SIDE_BACKEND ? PHASE_MAX : 1;
	bool has_grown = !(v[MF_rate] == 0);

	if (s->side == SIDE_FRONTEND)
		return;
	/* a long request counts as a session long before it is in the histogram */
	if (has_grown || v[MF_scur] != 0)
		r->is_warm = true;
	for (unsigned p = 0; p < n; p++) {
		struct feed_hist *h;

		if (!r->is_warm && r->hist[p] == NULL)
			continue;
		h = feed_hist_of(r, (enum metric_phase)p);
		if (r->is_warm)
			read_hist(h, s, (enum metric_phase)p);
		if (now_s > 0)
			close_slots(h, now_s);
		if (p == PHASE_TOTAL)
			put_quantiles(r, h, v);
	}
	r->is_warm = has_grown || v[MF_scur] != 0;	/* and one more look after the last */
}

/* ---- the tick ---- */

static struct feed_row *
sample(const struct source *s, int64_t t_s, uint64_t us)
{
	struct feed_row *r = row_of(s);
	double v[MF_MAX];

	if (feed.ticks % RETRY_TICKS == 0)
		make_series(r);
	for (unsigned f = 0; f < MF_MAX; f++)
		v[f] = NAN;
	put_growth(r, s, us, v);
	put_gauges(s, v);
	sample_hists(r, s, t_s != METRIC_NO_TIME ? t_s + 1 : 0, v);
	for (unsigned f = 0; f < MF_MAX && t_s != METRIC_NO_TIME; f++)
		if (!isnan(v[f]) && r->series[f] != NULL)
			metric_add(r->series[f], t_s,
			    &(struct metric_value){ 1, v[f], v[f], v[f] });
	r->seen = feed.ticks;
	return r;
}

/* The next row of it; false: that was the last one. */
static bool
sample_next(struct walk *w)
{
	const struct proxy *px = w->s.px;

	switch (w->s.side) {
	case SIDE_FRONTEND:
		if (px->cap & CAP_FRONTEND)
			metric_elb_frontend(px, &sample(&w->s, w->t_s, w->us)->elb);
		w->s.side = SIDE_SERVER;
		w->s.srv = px->server_list;
		return true;
	case SIDE_SERVER:
		if (w->s.srv != NULL) {
			metric_elb_server(px, w->s.srv,
			    &sample(&w->s, w->t_s, w->us)->elb_server);
			w->s.srv = w->s.srv->next;
			return true;
		}
		w->s.side = SIDE_BACKEND;
		return true;
	case SIDE_BACKEND:
	case SIDE_LISTENER:
		break;
	}
	if (px->cap & CAP_BACKEND)
		metric_elb_backend(px, &sample(&w->s, w->t_s, w->us)->elb);
	w->s = (struct source){ .px = px->next, .side = SIDE_FRONTEND };
	return w->s.px != NULL;
}

static void
get_ready(void)
{
	if (!feed.is_ready)
		list_init(&feed.rows);
	feed.is_ready = true;
}

/* How long the certificate is good that ends first. */
static void
feed_certs(int64_t t_s)
{
	const struct tls_global *g = snapshot_current()->global->tls;
	struct metric_key k = { .ns = metric_ns_name(NS_WEIR), .name = "CertDaysLeft",
	    .unit = "Count" };
	double days;

	if (t_s != METRIC_NO_TIME && g != NULL && tls_index_days_left(g->d.index, t_s, &days))
		(void)metric_put(&k, t_s, &(struct metric_value){ 1, days, days, days });
}

/* Weir/MetricsFull: there from the start, so that it can tell. */
static void
put_full(int64_t t_s)
{
	struct metric_key k = { .ns = metric_ns_name(NS_WEIR), .name = "MetricsFull" };
	double v = metric_disk_is_full();

	if (feed.full == NULL) {
		feed.full = metric_make(&k, 0);
		metric_hold(feed.full);
	}
	if (feed.full != NULL && t_s != METRIC_NO_TIME)
		metric_add(feed.full, t_s, &(struct metric_value){ 1, v, v, v });
	alarm_condition("Weir/MetricsFull", v > 0, v > 0 ? "new metrics are refused: there is no "
	    "room" : "there is room for metrics");
}

void
metric_feed_begin(int64_t t_s, uint64_t us)
{
	get_ready();
	feed.ticks++;
	put_full(t_s);
	walk = (struct walk){ .snap = snapshot_current(), .t_s = t_s, .us = us };
	snapshot_hold(walk.snap);
	walk.s = (struct source){ .px = walk.snap->proxies, .side = SIDE_FRONTEND };
}

static void
end_walk(void)
{
	snapshot_unhold(walk.snap);
	walk.snap = NULL;
	metric_elb_flush(walk.t_s);
	feed_certs(walk.t_s);
	LIST_EACH_SAFE(n, tmp, &feed.rows) {
		struct feed_row *r = LIST_ITEM(n, struct feed_row, node);

		if (r->seen + GONE_TICKS < feed.ticks)
			row_free(r);
	}
}

bool
metric_feed_go_on(uint64_t end_us)
{
	unsigned n = 0;

	while (walk.s.px != NULL && sample_next(&walk))
		if (++n % ROWS_A_LOOK == 0 && clock_mono_us() >= end_us)
			return false;
	end_walk();
	return true;
}

void
metric_feed_free(void)
{
	get_ready();
	LIST_EACH_SAFE(n, tmp, &feed.rows)
		row_free(LIST_ITEM(n, struct feed_row, node));
	if (walk.snap != NULL)
		snapshot_unhold(walk.snap);
	walk.snap = NULL;
	metric_elb_free();
	metric_release(feed.full);
	memset(&feed, 0, sizeof feed);
}
