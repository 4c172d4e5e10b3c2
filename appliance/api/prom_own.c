/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What weir tells Prometheus beyond HAProxy's names: histograms of times, soft
 * ejections, longest passes of the threads; and the small writers that both files
 * of the exporter use.
 *
 * The buckets are powers of two of a microsecond, so those of base/hist fall into
 * them exactly. The sum of a histogram is taken from the middles of the fine
 * buckets: within 1/32 of the truth.
 *
 * Thread: control.
 */
#include <stdatomic.h>
#include <string.h>

#include "api/prom_in.h"
#include "base/clock.h"
#include "base/hist.h"
#include "base/out.h"
#include "base/str.h"
#include "base/version.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "event/loop.h"
#include "net/tls_index.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/tls_cfg.h"

/* ---- words ---- */

const char *
prom_state_name(unsigned state)
{
	static const char *const names[PROM_STATES] = { "DOWN", "UP", "MAINT", "DRAIN", "NOLB" };

	return names[state];
}

static const char *const checks[] = {
	"HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP", "L7TOUT",
	"L7RSP", "L7OK", "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK",
};

#define NCHECKS		((int)(sizeof checks / sizeof checks[0]))

const char *
prom_check_name(int i)
{
	return i < NCHECKS ? checks[i] : NULL;
}

int
prom_check_of(const char *name)
{
	if (name[0] == '*' && name[1] == ' ')
		name += 2;
	for (int i = 0; i < NCHECKS; i++)
		if (strcmp(checks[i], name) == 0)
			return i;
	return -1;
}

void
prom_head(struct outbuf *b, const char *name, const char *type, const char *help)
{
	outbuf_fmt(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void
prom_labels(struct outbuf *b, const struct prom_row *r)
{
	outbuf_fmt(b, "proxy=\"%s\"", r->proxy);
	if (r->name != NULL)
		outbuf_fmt(b, ",%s=\"%s\"", r->kind == STAT_LISTENER ? "listener" : "server",
		    r->name);
}

/* ---- histograms ---- */

static void
fold(const uint64_t sum[HIST_BUCKETS], struct prom_hist *h)
{
	double us = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		uint64_t low = hist_bucket_low_us(i), high = hist_bucket_high_us(i);

		if (sum[i] == 0)
			continue;
		h->count += sum[i];
		us += (double)sum[i] * (double)(low + high - 1) / 2;
		for (unsigned k = PROM_BOUNDS; k-- > 0 && high <= 1ull << (PROM_BOUND_FIRST + k); )
			h->below[k] += sum[i];
	}
	h->sum_s = us / 1e6;
}

struct prom_hist *
prom_hist_backend(const struct proxy_live *l)
{
	static const size_t offsets[PROM_PHASES] = {
		offsetof(struct proxy_thread, queue), offsetof(struct proxy_thread, connect),
		offsetof(struct proxy_thread, response), offsetof(struct proxy_thread, total),
	};
	struct prom_hist *h = xcalloc(PROM_PHASES, sizeof *h);
	uint64_t sum[HIST_BUCKETS];

	for (unsigned k = 0; k < PROM_PHASES; k++) {
		memset(sum, 0, sizeof sum);
		for (unsigned i = 0; i < l->nthreads; i++)
			hist_merge(sum, (const void *)((const char *)&l->threads[i] + offsets[k]));
		fold(sum, &h[k]);
	}
	return h;
}

struct prom_hist *
prom_hist_server(const struct server_live *l)
{
	struct prom_hist *h = xcalloc(1, sizeof *h);
	uint64_t sum[HIST_BUCKETS] = { 0 };

	for (unsigned i = 0; i < l->nthreads; i++)
		hist_merge(sum, &l->threads[i].total);
	fold(sum, h);
	return h;
}

bool
prom_is_ejected(const struct server_live *l)
{
	return atomic_load_explicit(&l->eject_until_us, memory_order_relaxed) > clock_mono_us();
}

static void
put_hist(struct outbuf *b, const char *name, const struct prom_row *r,
    const struct prom_hist *h, unsigned step)
{
	for (unsigned k = 0; k < PROM_BOUNDS; k += step) {
		outbuf_fmt(b, "%s_bucket{", name);
		prom_labels(b, r);
		outbuf_fmt(b, ",le=\"%.9g\"} %llu\n",
		    (double)(1ull << (PROM_BOUND_FIRST + k)) / 1e6,
		    (unsigned long long)h->below[k]);
	}
	outbuf_fmt(b, "%s_bucket{", name);
	prom_labels(b, r);
	outbuf_fmt(b, ",le=\"+Inf\"} %llu\n%s_sum{", (unsigned long long)h->count, name);
	prom_labels(b, r);
	outbuf_fmt(b, "} %.6f\n%s_count{", h->sum_s, name);
	prom_labels(b, r);
	outbuf_fmt(b, "} %llu\n", (unsigned long long)h->count);
}

/* ---- names ---- */

static void
put_phase(struct outbuf *b, const char *name, const struct prom_row *r, intptr_t phase)
{
	put_hist(b, name, r, &r->hist[phase], 1);
}

/* There may be a thousand servers: every other bound. */
static void
put_server_total(struct outbuf *b, const char *name, const struct prom_row *r, intptr_t none)
{
	(void)none;
	put_hist(b, name, r, r->hist, 2);
}

static void
put_ejected(struct outbuf *b, const char *name, const struct prom_row *r, intptr_t none)
{
	(void)none;
	outbuf_fmt(b, "%s{", name);
	prom_labels(b, r);
	outbuf_fmt(b, "} %d\n", r->is_ejected);
}

static void
put_column(struct outbuf *b, const char *name, const struct prom_row *r, intptr_t col)
{
	if (r->v[col].type == STAT_EMPTY)
		return;
	outbuf_fmt(b, "%s{", name);
	prom_labels(b, r);
	outbuf_z(b, "} ");
	stat_put_value(b, &r->v[col]);
	outbuf_z(b, "\n");
}

static const struct own {
	const char	*name, *type;
	enum stat_kind	 kind;
	bool		 is_extra;	/* with extra-counters only */
	void		(*put)(struct outbuf *b, const char *name, const struct prom_row *r,
			    intptr_t arg);
	intptr_t	 arg;
	const char	*help;
} owns[] = {
	{ "weir_backend_queue_duration_seconds", "histogram", STAT_BACKEND, false, put_phase,
	    PROM_QUEUE, "time in queues" },
	{ "weir_backend_connect_duration_seconds", "histogram", STAT_BACKEND, false, put_phase,
	    PROM_CONNECT, "time to connect to a server" },
	{ "weir_backend_response_duration_seconds", "histogram", STAT_BACKEND, false, put_phase,
	    PROM_RESPONSE, "time from the request to the head of the response" },
	{ "weir_backend_total_duration_seconds", "histogram", STAT_BACKEND, false, put_phase,
	    PROM_TOTAL, "time of requests in all" },
	{ "weir_server_total_duration_seconds", "histogram", STAT_SERVER, false, put_server_total,
	    0, "time of requests in all" },
	{ "weir_server_ejected", "gauge", STAT_SERVER, false, put_ejected, 0,
	    "1 while traffic avoids the server for its failures" },
	{ "weir_frontend_http1_sessions_total", "counter", STAT_FRONTEND, true, put_column,
	    ST_h1sess, "sessions of HTTP/1" },
	{ "weir_frontend_http2_sessions_total", "counter", STAT_FRONTEND, true, put_column,
	    ST_h2sess, "sessions of HTTP/2" },
	{ "weir_frontend_http1_requests_total", "counter", STAT_FRONTEND, true, put_column,
	    ST_h1req, "requests of HTTP/1" },
	{ "weir_frontend_http2_requests_total", "counter", STAT_FRONTEND, true, put_column,
	    ST_h2req, "requests of HTTP/2" },
	{ "weir_backend_request_bytes_sent_total", "counter", STAT_BACKEND, true, put_column,
	    ST_reqbout, "bytes of requests sent on to servers" },
	{ "weir_backend_response_bytes_received_total", "counter", STAT_BACKEND, true, put_column,
	    ST_resbin, "bytes of responses received from servers" },
};

#define NOWNS	(sizeof owns / sizeof owns[0])

/* Nothing without TLS. */
static void
put_certs(struct outbuf *b)
{
	static const char name[] = "weir_process_cert_days_left";
	const struct tls_global *g = snapshot_current()->global->tls;
	double days;

	if (g == NULL || !tls_index_days_left(g->d.index, (int64_t)(clock_wall_us() / 1000000),
	    &days))
		return;
	prom_head(b, name, "gauge", "days until the first certificate expires");
	outbuf_fmt(b, "%s %.3f\n", name, days);
}

static void
put_process(struct outbuf *b)
{
	static const char pass[] = "weir_process_longest_pass_seconds";

	prom_head(b, "weir_build_info", "gauge", "version of weir");
	outbuf_z(b, "weir_build_info{version=\"" WEIR_VERSION "\",compatible=\"" WEIR_COMPAT
	    "\"} 1\n");
	prom_head(b, pass, "gauge", "longest pass of a thread's loop");
	for (unsigned i = 0; i < ndthreads; i++)
		outbuf_fmt(b, "%s{thread=\"%u\"} %.6f\n", pass, i, (double)__atomic_load_n(
		    &dthreads[i].loop->pass_work_max_us, __ATOMIC_RELAXED) / 1e6);
	outbuf_fmt(b, "%s{thread=\"control\"} %.6f\n", pass,
	    (double)control_loop->pass_work_max_us / 1e6);
	put_certs(b);
}

/* Some rows of the name under work. */
static void
put_rows(struct prom_own *o, const struct prom_rows *rows, struct outbuf *b)
{
	const struct own *w = &owns[o->name];
	size_t end = o->at + 16 < rows->n ? o->at + 16 : rows->n;

	for (; o->at < end; o->at++) {
		const struct prom_row *r = &rows->row[o->at];

		if (r->kind != w->kind || (w->kind == STAT_BACKEND && r->hist == NULL))
			continue;
		if (!o->is_begun)
			prom_head(b, w->name, w->type, w->help);
		o->is_begun = true;
		w->put(b, w->name, r, w->arg);
	}
}

/* True: all names are done. */
bool
prom_own_piece(struct prom_own *o, const struct prom_rows *rows, struct outbuf *b)
{
	if (o->name == 0 && o->at == 0 && !o->is_begun && (o->wanted & PROM_GLOBAL)) {
		o->wanted &= ~PROM_GLOBAL;
		put_process(b);
		return false;
	}
	if (o->name == NOWNS)
		return true;
	if ((o->wanted & 1u << owns[o->name].kind) && (o->extra || !owns[o->name].is_extra)) {
		put_rows(o, rows, b);
		if (o->at < rows->n)
			return false;
	}
	o->name++;
	o->at = 0;
	o->is_begun = false;
	return false;
}
