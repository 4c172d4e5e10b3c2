/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The metrics of AWS/ELB: each second all servers of a balancer add what their
 * counters grew by to three sums: of the balancer, of the balancer in their zone,
 * and of the zone. Then each sum that has something goes to its series. What is 0
 * is no value, but for the counts of servers.
 *
 * Thread: control.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/metric_feed.h"
#include "proxy/balancer.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define BUCKETS		256u
#define GONE_TICKS	60u

enum elb_metric {
	ELB_LATENCY, ELB_REQUESTS, ELB_2XX, ELB_3XX, ELB_4XX, ELB_5XX, ELB_OWN_4XX, ELB_OWN_5XX,
	ELB_CONN_ERRORS, ELB_SPILLED, ELB_HEALTHY, ELB_UNHEALTHY, ELB_SURGE, ELB_MAX
};

static const char *const names[ELB_MAX] = {
	"Latency", "RequestCount", "HTTPCode_Backend_2XX", "HTTPCode_Backend_3XX",
	"HTTPCode_Backend_4XX", "HTTPCode_Backend_5XX", "HTTPCode_ELB_4XX", "HTTPCode_ELB_5XX",
	"BackendConnectionErrors", "SpilloverCount", "HealthyHostCount", "UnHealthyHostCount",
	"SurgeQueueLength",
};

struct sums {
	struct sums	*next;		/* of its bucket */
	char		*balancer, *zone;	/* owned; one of them may be NULL */
	uint64_t	 seen;
	bool		 has_hosts;
	struct metric_value latency;
	uint64_t	 count[ELB_MAX];	/* of this second; hosts and queues: now */
	struct metric_series *series[ELB_MAX];	/* held; NULL: not made yet */
};

static struct {
	struct sums	*buckets[BUCKETS];
	uint64_t	 ticks;
} elb;

/* ---- sums ---- */

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static struct sums *
sums_of(const char *balancer, const char *zone)
{
	uint64_t h = (balancer != NULL ? str_hash(str_of(balancer)) : 1) +
	    (zone != NULL ? 31 * str_hash(str_of(zone)) : 0);
	struct sums **at = &elb.buckets[h % BUCKETS], *s = *at;

	while (s != NULL && !(is_same(s->balancer, balancer) && is_same(s->zone, zone)))
		s = s->next;
	if (s == NULL) {
		s = xcalloc(1, sizeof *s);
		s->balancer = balancer != NULL ? xstrdup(balancer) : NULL;
		s->zone = zone != NULL ? xstrdup(zone) : NULL;
		s->next = *at;
		*at = s;
	}
	s->seen = elb.ticks;
	return s;
}

static void
sums_free(struct sums *s)
{
	for (unsigned i = 0; i < ELB_MAX; i++)
		metric_release(s->series[i]);
	free(s->balancer);
	free(s->zone);
	free(s);
}

/* The counter's growth since the last look. */
static uint64_t
grown(uint64_t now, uint64_t *prev)
{
	uint64_t by = now >= *prev ? now - *prev : 0;	/* less: a cell made anew */

	*prev = now;
	return by;
}

/* ---- servers ---- */

/* What all threads tell; extremes of those that had something in this round. */
static void
read_latency(struct server_live *l, struct elb_server *prev, struct metric_value *ret)
{
	uint32_t round = atomic_load_explicit(&l->latency_round, memory_order_relaxed);
	uint64_t n = 0, sum = 0, min = UINT64_MAX, max = 0;

	for (unsigned i = 0; i < l->nthreads; i++) {
		const struct latency *t = &l->threads[i].latency;
		uint64_t mine = __atomic_load_n(&t->n, __ATOMIC_RELAXED), v;

		n += mine;
		sum += __atomic_load_n(&t->sum_us, __ATOMIC_RELAXED);
		if (mine == 0 || __atomic_load_n(&t->round, __ATOMIC_RELAXED) != round)
			continue;
		v = __atomic_load_n(&t->min_us, __ATOMIC_RELAXED);
		min = v < min ? v : min;
		v = __atomic_load_n(&t->max_us, __ATOMIC_RELAXED);
		max = v > max ? v : max;
	}
	atomic_store_explicit(&l->latency_round, round + 1, memory_order_relaxed);
	n = grown(n, &prev->lat_n);
	sum = grown(sum, &prev->lat_sum_us);
	*ret = (struct metric_value){ (double)n, (double)sum / 1e6, (double)min / 1e6,
	    (double)max / 1e6 };
}

/* A sample that came between two reads may be in the sum of one round and in the
 * extremes of another. */
static void
set_right(struct metric_value *v)
{
	double average = v->n != 0 ? v->sum / v->n : 0;

	if (v->n == 1 || v->min > average)
		v->min = average;
	if (v->n == 1 || v->max < average)
		v->max = average;
}

/* 1: can serve, -1: cannot; 0: taken out by an operator. */
static int
host_state(const struct server *srv)
{
	if (atomic_load(&srv->live->usable))
		return 1;
	return atomic_load(&srv->live->admin) & (SRV_ADM_DRAIN | SRV_ADM_MAINT) ? 0 : -1;
}

/* More have waited since the last look than wait now: one at least. */
static uint64_t
queue_length(const struct wait_queue *q, uint32_t *entered_before)
{
	uint32_t len = atomic_load_explicit(&q->len, memory_order_relaxed);
	uint32_t entered = atomic_load_explicit(&q->entered, memory_order_relaxed);
	bool has_grown = entered != *entered_before;

	*entered_before = entered;
	return len > 0 ? len : has_grown;
}

static void
read_server(const struct server *srv, struct elb_server *prev, uint64_t ret[ELB_MAX])
{
	static const enum counter codes[] = { C_hrsp_2xx, C_hrsp_3xx, C_hrsp_4xx, C_hrsp_5xx };
	const struct server_live *l = srv->live;
	int state = host_state(srv);

	memset(ret, 0, ELB_MAX * sizeof ret[0]);
	ret[ELB_REQUESTS] = grown(live_sum_server(l, C_stot), &prev->requests);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t all = live_sum_server(l, codes[i]);
		uint64_t own = i == 2 ? live_sum_server(l, C_own_4xx) :
		    i == 3 ? live_sum_server(l, C_own_5xx) : 0;

		ret[ELB_2XX + i] = grown(all > own ? all - own : 0, &prev->code[i]);
	}
	ret[ELB_CONN_ERRORS] = grown(live_sum_server(l, C_econ) + l->chkconn_failed,
	    &prev->conn_errors);
	ret[ELB_SPILLED] = grown(live_sum_server(l, C_spilled), &prev->spilled);
	ret[ELB_SURGE] = queue_length(&l->queue, &prev->queue_entered);
	ret[ELB_HEALTHY] = state > 0;
	ret[ELB_UNHEALTHY] = state < 0;
}

void
metric_elb_server(const struct proxy *px, const struct server *srv, struct elb_server *prev)
{
	const char *balancer = balancer_of(px), *zone = balancer_zone(srv);
	struct sums *to[3] = { sums_of(balancer, NULL), sums_of(balancer, zone),
	    sums_of(NULL, zone) };
	struct metric_value latency;
	uint64_t count[ELB_MAX];

	read_latency(srv->live, prev, &latency);
	set_right(&latency);
	read_server(srv, prev, count);
	for (unsigned i = 0; i < 3; i++) {
		metric_merge(&to[i]->latency, &latency);
		for (unsigned m = 0; m < ELB_MAX; m++)
			to[i]->count[m] += count[m];
		to[i]->has_hosts = true;
	}
}

/* ---- proxies ---- */

/* Answers that no server gave have no zone. */
static void
add_own(struct sums *to, uint64_t now_4xx, uint64_t now_5xx, struct elb_backend *prev)
{
	to->count[ELB_OWN_4XX] += grown(now_4xx, &prev->own[0]);
	to->count[ELB_OWN_5XX] += grown(now_5xx, &prev->own[1]);
}

void
metric_elb_backend(const struct proxy *px, struct elb_backend *prev)
{
	struct sums *to = sums_of(balancer_of(px), NULL);

	add_own(to, live_sum_be(px->live, C_own_4xx), live_sum_be(px->live, C_own_5xx), prev);
	to->count[ELB_SURGE] += queue_length(&px->live->queue, &prev->queue_entered);
}

/* Before a backend was chosen. */
void
metric_elb_frontend(const struct proxy *px, struct elb_backend *prev)
{
	const char *balancer = balancer_of(px);

	if (balancer != NULL)
		add_own(sums_of(balancer, NULL), live_sum_fe(px->live, C_own_4xx),
		    live_sum_fe(px->live, C_own_5xx), prev);
}

/* ---- a second's end ---- */

static struct metric_series *
series_of(struct sums *s, enum elb_metric m)
{
	struct metric_key k = { .ns = metric_ns_name(NS_ELB), .name = names[m] };

	if (s->series[m] != NULL)
		return s->series[m];
	k.unit = metric_unit(k.ns, k.name);
	if (s->balancer != NULL)
		k.dims[k.ndims++] = (struct metric_dim){ "LoadBalancerName", s->balancer };
	if (s->zone != NULL)
		k.dims[k.ndims++] = (struct metric_dim){ "AvailabilityZone", s->zone };
	s->series[m] = metric_make(&k, METRIC_LONG | (s->zone == NULL ? METRIC_FINE : 0));
	metric_hold(s->series[m]);
	return s->series[m];
}

static void
put(struct sums *s, enum elb_metric m, int64_t t_s, const struct metric_value *v)
{
	struct metric_series *to = series_of(s, m);

	if (to != NULL)
		metric_add(to, t_s, v);
}

static bool
is_gauge(unsigned m)
{
	return m >= ELB_HEALTHY;
}

static void
flush(struct sums *s, int64_t t_s)
{
	if (s->latency.n != 0 && t_s != METRIC_NO_TIME)
		put(s, ELB_LATENCY, t_s, &s->latency);
	for (unsigned m = ELB_REQUESTS; m < ELB_MAX && t_s != METRIC_NO_TIME; m++) {
		double n = (double)s->count[m];
		bool is_host = m == ELB_HEALTHY || m == ELB_UNHEALTHY;
		struct metric_value v = is_gauge(m) ? (struct metric_value){ 1, n, n, n } :
		    (struct metric_value){ n, n, 1, 1 };

		if (is_host ? s->has_hosts : n != 0)
			put(s, (enum elb_metric)m, t_s, &v);
	}
	memset(&s->latency, 0, sizeof s->latency);
	memset(s->count, 0, sizeof s->count);
	s->has_hosts = false;
}

void
metric_elb_flush(int64_t t_s)
{
	for (unsigned b = 0; b < BUCKETS; b++)
		for (struct sums **at = &elb.buckets[b], *s; (s = *at) != NULL;) {
			flush(s, t_s);
			if (s->seen + GONE_TICKS >= elb.ticks) {
				at = &s->next;
				continue;
			}
			*at = s->next;
			sums_free(s);
		}
	elb.ticks++;
}

void
metric_elb_free(void)
{
	for (unsigned b = 0; b < BUCKETS; b++)
		for (struct sums *s = elb.buckets[b], *next; s != NULL; s = next) {
			next = s->next;
			sums_free(s);
		}
	memset(&elb, 0, sizeof elb);
}
