/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of streams: weir's events and requests, and the log lines of a haproxy's
 * ring, from which latencies are counted too.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hist.h"
#include "base/xalloc.h"
#include "tui/rows_in.h"

#define CELLS_MAX	24u
#define RING_STEP_S	5
#define RING_BINS	180u
#define RING_MAPS	64u	/* of about 120 KB each; servers beyond have none */

/* --- events ---------------------------------------------------------- */

/* text: kind, name, from, to, text */
void
event_note(struct host *h, int64_t t_ms, const char *const text[5], uint64_t id)
{
	struct event *e = events_add(&h->events);
	char **at[5] = { &e->kind, &e->name, &e->from, &e->to, &e->text };
	size_t len[5], sum = 0;
	char *block;
	int i;

	for (i = 0; i < 5; i++)
		sum += len[i] = strlen(text[i]) + 1;
	block = xmalloc(sum);
	for (i = 0; i < 5; i++) {
		*at[i] = memcpy(block, text[i], len[i]);
		block += len[i];
	}
	e->id = id;
	e->t_ms = t_ms;
	e->host = h;
}

/* Cells of a line in text; "" where it has none. */
struct cells {
	char	*text;			/* owned */
	uint32_t at[CELLS_MAX];
	unsigned n;
};

static bool
cells_read(struct cells *c, struct str line)
{
	c->text = xmalloc(line.len + 1);
	c->n = csv_split(line, c->text, c->at, CELLS_MAX);
	if (c->n > CELLS_MAX)
		c->n = CELLS_MAX;
	return c->n > 0;
}

static const char *
cell(const struct cells *c, unsigned i)
{
	return i < c->n ? c->text + c->at[i] : "";
}

/* `412,1795323601.004,alarm,HighLatency,OK,ALARM,"910 > 500, 3 of 3"` */
static void
event_line(struct host *h, struct str line)
{
	struct cells c;
	double id, t;

	if (cells_read(&c, line) && c.n >= 6) {
		const char *const text[5] = { cell(&c, 2), cell(&c, 3), cell(&c, 4), cell(&c, 5),
			cell(&c, 6) };

		id = csv_num(cell(&c, 0));
		t = csv_num(cell(&c, 1));
		if (!isnan(id) && !isnan(t) && (uint64_t)id > h->events.last_id) {
			h->events.last_id = (uint64_t)id;
			event_note(h, (int64_t)(t * 1000) - host_skew_s(h) * 1000, text,
			    (uint64_t)id);
		}
	}
	free(c.text);
}

/* --- requests -------------------------------------------------------- */

/* With the numbers of `of`; text: frontend, backend, server, client, method, target, term */
static struct request *
request_note(struct host *h, const struct request *of, const char *const text[7])
{
	struct request *r = requests_add(&h->requests);
	char **at[7] = { &r->frontend, &r->backend, &r->server, &r->client, &r->method,
		&r->target, &r->term };
	size_t len[7], sum = 0;
	char *block;
	int i;

	*r = *of;
	for (i = 0; i < 7; i++)
		sum += len[i] = strlen(text[i]) + 1;
	block = xmalloc(sum);
	for (i = 0; i < 7; i++) {
		*at[i] = memcpy(block, text[i], len[i]);
		block += len[i];
	}
	r->host = h;
	return r;
}

/* A time that was not reached is told as -1. */
static double
ms_of(const char *z)
{
	double v = csv_num(*z == '+' ? z + 1 : z);

	return v < 0 ? NAN : v;
}

/* 0: none */
static int
status_of(const char *z)
{
	double v = z != NULL ? csv_num(z) : 0;

	return v >= 100 && v <= 999 ? (int)v : 0;
}

/* t,frontend,backend,server,client,method,target,status,bytes_in,bytes_out,tr_ms,tw_ms,
 * tc_ms,tresp_ms,ta_ms,term */
static void
request_line(struct host *h, struct str line)
{
	struct request r = { 0 };
	struct cells c;

	if (cells_read(&c, line) && c.n >= 15 && !isnan(csv_num(cell(&c, 0)))) {
		const char *const text[7] = { cell(&c, 1), cell(&c, 2), cell(&c, 3), cell(&c, 4),
			cell(&c, 5), cell(&c, 6), cell(&c, 15) };

		r.t_ms = (int64_t)(csv_num(cell(&c, 0)) * 1000) - host_skew_s(h) * 1000;
		r.status = status_of(cell(&c, 7));
		r.bytes_in = csv_num(cell(&c, 8));
		r.bytes_out = csv_num(cell(&c, 9));
		r.tr_ms = ms_of(cell(&c, 10));
		r.tw_ms = ms_of(cell(&c, 11));
		r.tc_ms = ms_of(cell(&c, 12));
		r.tresp_ms = ms_of(cell(&c, 13));
		r.ta_ms = ms_of(cell(&c, 14));
		request_note(h, &r, text);
	}
	free(c.text);
}

/* --- the ring of a haproxy ------------------------------------------- */

static void
count_latency(struct host *h, const char *px, const char *sv, double ms, int64_t now_ms)
{
	int64_t t = now_ms / 1000 / RING_STEP_S * RING_STEP_S;
	struct latmap *l = host_latmap(h, px, sv, RING_STEP_S);
	struct latbin *b;

	if (isnan(ms) || (l == NULL && sv[0] != '\0' && h->nlatmaps >= RING_MAPS))
		return;
	l = host_latmap_add(h, px, sv, RING_STEP_S, Q_RING);
	if ((b = latmap_bin(l, t)) == NULL)
		return;
	b->count[hist_coarse_index(hist_index((uint64_t)(ms * 1000)))]++;
	if (l->from_s == 0)
		l->from_s = t;
	l->to_s = now_ms / 1000;
	l->used_ms = now_ms;
	if (l->nbins > RING_BINS) {
		l->nbins -= RING_BINS / 6;
		memmove(l->bins, l->bins + RING_BINS / 6, l->nbins * sizeof(*l->bins));
		l->from_s = l->bins[0].t_s;
	}
}

bool
ring_quantiles(const struct row *r, int64_t ms, double q[3])
{
	const char *sv = r->type == ROW_BACKEND ? "" : r->sv;
	const struct latmap *l = host_latmap(r->host, r->px, sv, RING_STEP_S);
	uint32_t sum[HISTC_BUCKETS] = { 0 };
	uint64_t n = 0;

	for (unsigned i = l != NULL ? l->nbins : 0; i-- > 0 && l->bins[i].t_s > ms / 1000 - 15; )
		for (unsigned k = 0; k < HISTC_BUCKETS; k++) {
			sum[k] += l->bins[i].count[k];
			n += l->bins[i].count[k];
		}
	if (n == 0)
		return false;
	q[0] = (double)hist_coarse_quantile_us(sum, 0.5);
	q[1] = (double)hist_coarse_quantile_us(sum, 0.9);
	q[2] = (double)hist_coarse_quantile_us(sum, 0.99);
	return true;
}

/* What a log line is cut into. */
struct logline {
	char	*client, *frontend, *backend, *server, *times, *status, *bytes, *term, *request;
};

/* The next word of *p, ended by a NUL; NULL: there is none. */
static char *
word(char **p)
{
	char *w;

	while ((w = strsep(p, " ")) != NULL && *w == '\0')
		;
	return w;
}

static bool
is_date(const char *z)
{
	return z[0] == '[' && strchr(z, ']') != NULL && strchr(z, '/') != NULL &&
	    strchr(z, ':') != NULL;
}

/* `[priority and date] CLIENT [DATE] FRONTEND BACKEND/SERVER TIMES STATUS BYTES ...`; TCP
 * lines have no status. */
static bool
logline_cut(struct logline *l, char *z)
{
	char *w, *last = NULL, *p = z, *slash;

	memset(l, 0, sizeof(*l));
	if ((l->request = strchr(z, '"')) != NULL) {
		*l->request++ = '\0';
		l->request[strcspn(l->request, "\"")] = '\0';
	}
	while ((w = word(&p)) != NULL && !is_date(w))
		last = w;
	l->client = last;
	l->frontend = word(&p);
	l->backend = word(&p);
	l->times = word(&p);
	l->status = l->request != NULL ? word(&p) : NULL;
	l->bytes = word(&p);
	if (l->bytes == NULL || w == NULL || last == NULL ||
	    (slash = strchr(l->backend, '/')) == NULL)
		return false;
	*slash = '\0';
	l->server = slash + 1;
	if (l->request != NULL) {	/* two captured cookies stand before the end's letters */
		word(&p);
		word(&p);
	}
	l->term = word(&p);
	l->frontend[strcspn(l->frontend, "~")] = '\0';
	return l->term != NULL;
}

/* Tq/Tw/Tc/Tr/Ta of HTTP, Tw/Tc/Tt of TCP. */
static bool
logline_times(struct request *r, char *z, bool is_http)
{
	double v[5];
	unsigned n = 0;
	char *t;

	while ((t = strsep(&z, "/")) != NULL && n < 5)
		v[n++] = ms_of(t);
	if (n != (is_http ? 5 : 3))
		return false;
	r->tr_ms = is_http ? v[0] : NAN;
	r->tw_ms = v[is_http];
	r->tc_ms = v[is_http + 1];
	r->tresp_ms = is_http ? v[3] : NAN;
	r->ta_ms = v[n - 1];
	return true;
}

static void
ring_line(struct host *h, struct str line, int64_t ms)
{
	struct logline l;
	struct request t = { .t_ms = ms, .bytes_in = NAN }, *r;
	char *z = xstrndup(line.p, line.len);

	if (logline_cut(&l, z) && logline_times(&t, l.times, l.request != NULL)) {
		const char *method = strsep(&l.request, " "), *target = strsep(&l.request, " ");
		const char *const text[7] = { l.frontend, l.backend, l.server, l.client,
			method != NULL ? method : "", target != NULL ? target : "", l.term };

		t.status = status_of(l.status);
		t.bytes_out = csv_num(*l.bytes == '+' ? l.bytes + 1 : l.bytes);
		r = request_note(h, &t, text);
		count_latency(h, r->backend, "", r->ta_ms, ms);
		if (r->server[0] != '<')
			count_latency(h, r->backend, r->server, r->ta_ms, ms);
	}
	free(z);
}

/* --- the lists of rings ---------------------------------------------- */

/* `show events`: the first ring that a configuration can have declared. */
bool
feed_rings(struct feed *f)
{
	static const char *const own[] = { "stdout", "stderr", "buf0", "stdin" };
	struct str rest = f->text, line;
	char name[64], type[32];

	while (csv_line(&rest, &line)) {
		char *z = xstrndup(line.p, line.len);
		bool is_own = sscanf(z, " %63s : type=%31[a-z]", name, type) != 2 ||
		    strcmp(type, "buffer") != 0;

		free(z);
		for (unsigned i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			is_own |= strcmp(name, own[i]) == 0;
		if (is_own)
			continue;
		f->h->has_ring = true;
		snprintf(f->h->ring, sizeof(f->h->ring), "%s", name);
		return true;
	}
	f->h->has_ring = false;
	return true;
}

/* --- any stream ------------------------------------------------------ */

static void
note_lost(struct host *h, const char *command, struct str line)
{
	uint64_t n;

	if (!str_to_u64((struct str){ line.p + 6, line.len - 6 }, &n))
		return;
	if (strncmp(command, "subscribe events", 16) == 0)
		h->events.lost += n;
	else
		h->requests.lost += n;
}

void
rows_feed_line(struct host *h, const char *command, const char *text, size_t len, int64_t ms)
{
	struct str line = { text, len };

	if (ms > h->model->now_ms)
		h->model->now_ms = ms;
	if (len == 0 || memchr(text, '\0', len) != NULL)
		return;
	if (str_starts(line, STR("#lost ")))
		note_lost(h, command, line);
	else if (line.p[0] == '#')
		return;			/* a header, a sign of life */
	else if (strncmp(command, "subscribe events", 16) == 0)
		event_line(h, line);
	else if (strncmp(command, "subscribe requests", 18) == 0)
		request_line(h, line);
	else if (strncmp(command, "show events", 11) == 0)
		ring_line(h, line, ms);
}

bool
feed_stream(struct feed *f)
{
	struct str rest = f->text, line;

	while (csv_line(&rest, &line))
		rows_feed_line(f->h, f->command, line.p, line.len, f->ms);
	return true;
}
