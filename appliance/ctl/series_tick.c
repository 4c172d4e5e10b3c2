/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sampling: once a second each frontend, backend and server gives its dozen
 * values and what its histograms grew by. A row without traffic costs little:
 * its histograms are read only when its count of sessions has grown.
 *
 * Thread: control.
 */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "cfg/snapshot.h"
#include "ctl/series_in.h"
#include "ctl/tick.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

/* What a row is made from. */
struct source {
	const struct proxy_live *px;
	const struct server_live *srv;	/* NULL: the proxy */
	enum series_kind kind;
};

static uint64_t
counter(const struct source *s, enum counter id)
{
	return s->kind == SERIES_SERVER ? live_sum_server(s->srv, id) :
	    s->kind == SERIES_BACKEND ? live_sum_be(s->px, id) : live_sum_fe(s->px, id);
}

static uint64_t
failures(const struct source *s)
{
	if (s->kind == SERIES_FRONTEND)
		return counter(s, C_ereq);
	return counter(s, C_econ) + counter(s, C_eresp);
}

/* The counters whose growth per second is a value, in the order of `prev`. */
static const struct {
	enum series_field field;
	int		 counter;	/* -1: failures */
} grown[PREV_MAX] = {
	{ SF_req_rate, C_req_tot }, { SF_rate, C_stot }, { SF_bin, C_bin }, { SF_bout, C_bout },
	{ SF_hrsp_2xx, C_hrsp_2xx }, { SF_hrsp_4xx, C_hrsp_4xx }, { SF_hrsp_5xx, C_hrsp_5xx },
	{ SF_errors, -1 },
};

static void
put_growth(struct series_row *r, const struct source *s, uint64_t us, float *v)
{
	for (unsigned i = 0; i < PREV_MAX; i++) {
		uint64_t now = grown[i].counter < 0 ? failures(s) :
		    counter(s, (enum counter)grown[i].counter), n;

		n = now >= r->prev[i] ? now - r->prev[i] : 0;	/* a cell made anew */
		r->prev[i] = now;
		v[grown[i].field] = us == 0 ? NAN : (float)((double)n * 1e6 / (double)us);
	}
}

static void
put_gauges(const struct source *s, float *v)
{
	const struct wait_queue *q = s->kind == SERIES_SERVER ? &s->srv->queue : &s->px->queue;
	const struct gauge *g = s->kind == SERIES_SERVER ? &s->srv->inflight :
	    s->kind == SERIES_BACKEND ? &s->px->be_conn : &s->px->fe_conn;

	v[SF_scur] = (float)gauge_get(g);
	v[SF_qcur] = s->kind == SERIES_FRONTEND ? NAN :
	    (float)atomic_load_explicit(&q->len, memory_order_relaxed);
}

/* ---- histograms ---- */

static const struct hist *
hist_of(const struct source *s, enum series_phase phase, unsigned thread)
{
	const struct proxy_thread *t = &s->px->threads[thread];

	if (s->kind == SERIES_SERVER)
		return &s->srv->threads[thread].total;
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
read_hist(struct series_hist *h, const struct source *s, enum series_phase phase)
{
	unsigned n = s->kind == SERIES_SERVER ? s->srv->nthreads : s->px->nthreads;

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
close_slots(struct series_row *r, struct series_hist *h, enum series_phase phase, int64_t now_s)
{
	uint32_t d[HISTC_BUCKETS];

	for (unsigned t = 0; t < HTIER_MAX; t++) {
		int64_t slot = now_s / series_hist_step_s[t];

		if (h->slot[t] == 0)
			h->slot[t] = slot;
		if (slot == h->slot[t])
			continue;
		if (growth(h->now, h->prev[t], d))
			series_put_hist(r, phase, (enum hist_tier)t, h->slot[t], d);
		memcpy(h->prev[t], h->now, sizeof h->now);
		h->slot[t] = slot;
	}
}

/* p50 and p99 of the second; those of ten seconds are kept for the snapshot. */
static void
put_quantiles(struct series_row *r, struct series_hist *h, float *v)
{
	static const double q[3] = { 0.5, 0.9, 0.99 };
	uint32_t d[HISTC_BUCKETS];

	if (growth(h->now, h->prev_1s, d)) {
		v[SF_p50_us] = (float)hist_coarse_quantile_us(d, q[0]);
		v[SF_p99_us] = (float)hist_coarse_quantile_us(d, q[2]);
		memcpy(h->prev_1s, h->now, sizeof h->now);
	}
	memset(d, 0, sizeof d);
	(void)growth(h->now, h->prev[HTIER_10S], d);
	if (!list_is_empty(&h->records[HTIER_10S]))
		(void)series_hist(r, PHASE_TOTAL, HTIER_10S, h->slot[HTIER_10S] - 1,
		    h->slot[HTIER_10S], d);
	r->has_quantiles = false;
	for (unsigned i = 0; i < 3; i++) {
		r->quantile_us[i] = (uint32_t)hist_coarse_quantile_us(d, q[i]);
		r->has_quantiles |= r->quantile_us[i] != 0;
	}
}

static void
sample_hists(struct series_row *r, const struct source *s, int64_t now_s, float *v)
{
	unsigned n = s->kind == SERIES_BACKEND ? PHASE_MAX : 1;
	bool has_grown = !(v[SF_rate] == 0);

	if (s->kind == SERIES_FRONTEND)
		return;
	/* a long request counts as a session long before it is in the histogram */
	if (has_grown || v[SF_scur] != 0)
		r->is_warm = true;
	for (unsigned p = 0; p < n; p++) {
		struct series_hist *h;

		if (!r->is_warm && r->hist[p] == NULL)
			continue;
		h = series_hist_of(r, (enum series_phase)p);
		if (r->is_warm)
			read_hist(h, s, (enum series_phase)p);
		close_slots(r, h, (enum series_phase)p, now_s);
		if (p == PHASE_TOTAL)
			put_quantiles(r, h, v);
	}
	r->is_warm = has_grown || v[SF_scur] != 0;	/* and one more look after the last */
}

/* ---- coarser steps ---- */

static void
acc_flush(struct series_row *r, enum series_tier tier)
{
	struct series_acc *a = &r->acc[tier];
	bool any = false;

	for (unsigned f = 0; f < SF_MAX; f++) {
		any |= a->n[f] != 0;
		for (unsigned k = 0; k < AGG_KINDS; k++)
			if (a->n[f] == 0)
				a->v[f][k] = NAN;
		if (a->n[f] != 0)
			a->v[f][AGG_AVG] /= (float)a->n[f];
	}
	if (any)
		series_put(r, tier, a->slot, &a->v[0][0]);
	memset(a, 0, sizeof *a);
}

static void
acc_add(struct series_acc *a, const float *v)
{
	for (unsigned f = 0; f < SF_MAX; f++) {
		if (isnan(v[f]))
			continue;
		if (a->n[f] == 0 || v[f] < a->v[f][AGG_MIN])
			a->v[f][AGG_MIN] = v[f];
		if (a->n[f] == 0 || v[f] > a->v[f][AGG_MAX])
			a->v[f][AGG_MAX] = v[f];
		a->v[f][AGG_AVG] += v[f];
		a->n[f]++;
	}
}

/* ---- the tick ---- */

static void
sample(const struct source *s, const char *proxy, const char *server, uint64_t us, int64_t now_s)
{
	struct series_row *r = series_row_of(s->kind, proxy, server);
	float v[SF_MAX];

	for (unsigned f = 0; f < SF_MAX; f++)
		v[f] = NAN;
	put_growth(r, s, us, v);
	put_gauges(s, v);
	sample_hists(r, s, now_s, v);
	for (unsigned t = TIER_10S; t < TIER_MAX; t++) {
		int64_t slot = now_s / series_step_s[t];

		if (r->acc[t].slot != slot)
			acc_flush(r, (enum series_tier)t);
		r->acc[t].slot = slot;
		acc_add(&r->acc[t], v);
	}
	series_put(r, TIER_1S, now_s, v);
	r->seen_generation = tick.generation;
}

static void
sample_proxy(const struct proxy *px, uint64_t us, int64_t now_s)
{
	struct source s = { .px = px->live };

	if (px->cap & CAP_FRONTEND) {
		s.kind = SERIES_FRONTEND;
		sample(&s, px->name, NULL, us, now_s);
	}
	s.kind = SERIES_SERVER;
	for (const struct server *srv = px->server_list; srv != NULL; srv = srv->next) {
		s.srv = srv->live;
		sample(&s, px->name, srv->name, us, now_s);
	}
	s.kind = SERIES_BACKEND;
	s.srv = NULL;
	if (px->cap & CAP_BACKEND)
		sample(&s, px->name, NULL, us, now_s);
}

void
series_tick(uint64_t passed_us)
{
	const struct snapshot *snap = snapshot_current();
	int64_t now_s = (int64_t)((clock_wall_us() + 500000) / 1000000);

	for (const struct proxy *px = snap->proxies; px != NULL; px = px->next)
		sample_proxy(px, passed_us, now_s);
	series_expire(now_s, snap->global->metrics_memory, tick.generation);
}
