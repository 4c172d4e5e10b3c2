/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests as they end, newest first, with the filter of all lists; of the chosen
 * one the phases as a bar; or what the last minute was made of. Of busy appliances
 * one request in 10 or 100 is shown, and the title says so.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/graph.h"
#include "tui/pane.h"
#include "tui/requests.h"
#include "tui/row_acts.h"

static void
state_fini(void *state)
{
	struct requests_state *s = state;

	free(s->rows);
}

struct requests_state *
requests_state(const struct model *m)
{
	return screen_state(m, &screen_requests);
}

/* --- The stream ---------------------------------------------------------- */

/* As many as a person can follow: by hand, else by the rate of requests. */
static unsigned
sample_of(const struct model *m, const struct host *h)
{
	unsigned by_hand = requests_state(m)->sample;
	double rate = history_at(&h->total, M_REQ, h->total.last_s);

	if (by_hand > 0)
		return by_hand;
	return rate > 2000 ? 100 : rate > 200 ? 10 : 1;
}

static void
requests_wants(const struct model *m, struct wants *w)
{
	struct host *h;
	unsigned i;

	for (i = 0; i < m->nhosts; i++) {
		h = m->hosts[i];
		if (!ui_shows(m, h))
			continue;
		if (h->kind == HOST_WEIR && h->level != LEVEL_USER)
			want_stream(w, h, "subscribe requests sample %u", sample_of(m, h));
		else if (h->kind == HOST_HAPROXY && h->has_ring)
			want_stream(w, h, "show events %s -w -n", h->ring);
	}
}

/* --- Columns ------------------------------------------------------------- */

static int
text_time(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct request *r = row;
	char time[16];

	(void)m;
	num_clock(r->t_ms, time, sizeof(time));
	snprintf(buf, size, "%s.%03d", time, (int)(r->t_ms % 1000));
	return R_DIM;
}

#define SPAN(fn, member, role)								\
static int									\
fn(const struct model *m, const void *row, char *buf, size_t size)		\
{										\
	const struct request *r = row;						\
										\
	(void)m;								\
	snprintf(buf, size, "%s", r->member);					\
	return (role);								\
}

void
request_client(const struct request *r, char *buf, size_t size)
{
	const char *colon = strrchr(r->client, ':');

	snprintf(buf, size, "%.*s", colon != NULL ? (int)(colon - r->client) :
	    (int)strlen(r->client), r->client);
}

static int
text_client(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	request_client(row, buf, size);
	return R_FG;
}

SPAN(text_frontend, frontend, R_DIM)
SPAN(text_method, method, R_DIM)
SPAN(text_target, target, R_FG)

/* `-`: nobody was asked, the frontend answered. */
static void
answered_by(const struct request *r, char *buf, size_t size)
{
	if (r->backend[0] == '\0')
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, "%s/%s", r->backend, r->server[0] != '\0' ? r->server : "-");
}

static int
text_server(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct request *r = row;

	(void)m;
	answered_by(r, buf, size);
	return R_FG;
}

int
request_role(int status)
{
	return status >= 500 || status <= 0 ? R_CRIT : status >= 400 ? R_WARN :
	    status >= 300 ? R_INFO : R_GOOD;
}

static int
text_host(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct host *h = ((const struct request *)row)->host;

	(void)m;
	snprintf(buf, size, "%s", h->name);
	return R_HOST + (int)(h->index % 8);
}

static int
text_status(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct request *r = row;

	(void)m;
	if (r->status > 0)
		snprintf(buf, size, "%d", r->status);
	else
		snprintf(buf, size, "-");
	return request_role(r->status);
}

static double
number_status(const struct model *m, const void *row)
{
	(void)m;
	return ((const struct request *)row)->status;
}

/* Milliseconds; what took long stands out. */
static int
time_cell(double ms, char *buf, size_t size)
{
	if (isnan(ms) || ms < 0)
		snprintf(buf, size, "-");
	else
		num_count(ms, 6, buf, size);
	return ms >= 1000 ? R_CRIT : ms >= 200 ? R_WARN : R_FG;
}

#define TIME(fn, member)							\
static int									\
fn##_text(const struct model *m, const void *row, char *buf, size_t size)	\
{										\
	(void)m;								\
	return time_cell(((const struct request *)row)->member, buf, size);	\
}										\
										\
static double									\
fn##_number(const struct model *m, const void *row)				\
{										\
	(void)m;								\
	return ((const struct request *)row)->member;				\
}

TIME(tq, tr_ms)
TIME(tw, tw_ms)
TIME(tc, tc_ms)
TIME(tr, tresp_ms)
TIME(ta, ta_ms)

static int
text_bytes(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	num_bytes(((const struct request *)row)->bytes_out, 6, buf, size);
	return R_DIM;
}

static double
number_bytes(const struct model *m, const void *row)
{
	(void)m;
	return ((const struct request *)row)->bytes_out;
}

/* `--` is a request that ended as it should. */
static int
text_term(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct request *r = row;

	(void)m;
	snprintf(buf, size, "%s", r->term);
	return r->term[0] == '-' && r->term[1] == '-' ? R_DIM : R_WARN;
}

static const struct column columns[] = {
	{ "time", "TIME", 0, 8, 12, 12, 0, 0, text_time, NULL, NULL, "when it ended" },
	{ "host", "HOST", 2, 4, 8, 12, COL_FIT, 2, text_host, NULL, NULL, "its appliance" },
	{ "client", "CLIENT", 3, 15, 15, 24, COL_MIDDLE, 0, text_client, NULL, NULL,
	    "address of the client" },
	{ "frontend", "FRONTEND", 6, 8, 8, 14, COL_MIDDLE, 0, text_frontend, NULL, NULL,
	    "where it came in" },
	{ "server", "BACKEND/SERVER", 0, 12, 18, 30, COL_MIDDLE, 0, text_server, NULL, NULL,
	    "who answered" },
	{ "st", "ST", 0, 3, 3, 3, COL_RIGHT, 0, text_status, number_status, NULL, "its status" },
	{ "method", "METHOD", 4, 6, 6, 7, 0, 0, text_method, NULL, NULL, "its method" },
	{ "path", "TARGET", 0, 10, 24, 0, COL_FLEX, 0, text_target, NULL, NULL, "its target" },
	{ "tq", "Tq", 5, 4, 5, 6, COL_RIGHT, 0, tq_text, tq_number, NULL,
	    "ms until its head was there" },
	{ "tw", "Tw", 5, 4, 5, 6, COL_RIGHT, 0, tw_text, tw_number, NULL, "ms in the queue" },
	{ "tc", "Tc", 5, 4, 5, 6, COL_RIGHT, 0, tc_text, tc_number, NULL, "ms to connect" },
	{ "tr", "Tr", 2, 4, 5, 6, COL_RIGHT, 0, tr_text, tr_number, NULL,
	    "ms until the response began" },
	{ "ta", "Ta", 0, 4, 6, 7, COL_RIGHT, 0, ta_text, ta_number, NULL, "ms in all" },
	{ "bytes", "BYTES", 4, 5, 6, 7, COL_RIGHT, 0, text_bytes, number_bytes, NULL,
	    "bytes of the response" },
	{ "flags", "FLAGS", 3, 5, 5, 5, 0, 0, text_term, NULL, NULL, "how it ended" },
};

/* --- The list ------------------------------------------------------------ */

/* Fields that are not columns of that name. */
static bool
number_field(const struct request *r, const char *field, double *ret)
{
	const struct { const char *name; double v; } fields[] = {
		{ "st", r->status }, { "status", r->status }, { "tq", r->tr_ms },
		{ "tw", r->tw_ms }, { "tc", r->tc_ms }, { "tr", r->tresp_ms },
		{ "ta", r->ta_ms },
		{ "bytes", r->bytes_out }, { "in", r->bytes_in },
	};
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(field, fields[i].name) == 0) {
			*ret = fields[i].v;
			return true;
		}
	return false;
}

bool
request_field(const void *row, const char *field, char *buf, size_t size, double *ret_num)
{
	const struct request *r = row;
	const struct { const char *name, *text; } fields[] = {
		{ "client", r->client }, { "frontend", r->frontend }, { "backend", r->backend },
		{ "server", r->server }, { "method", r->method }, { "path", r->target },
		{ "target", r->target }, { "flags", r->term }, { "host", r->host->name },
	};
	size_t i;

	*ret_num = NAN;
	if (field == NULL) {
		snprintf(buf, size, "%s %s %s/%s %d %s %s %s", r->client, r->frontend, r->backend,
		    r->server, r->status, r->method, r->target, r->term);
		return true;
	}
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(field, fields[i].name) == 0) {
			snprintf(buf, size, "%s", fields[i].text);
			return true;
		}
	if (!number_field(r, field, ret_num))
		return false;
	snprintf(buf, size, "%.0f", *ret_num);
	return true;
}

static void
add_row(struct requests_state *s, const struct request *r)
{
	if (s->nrows == s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : 256;
		s->rows = xrealloc(s->rows, s->cap * sizeof(*s->rows));
	}
	s->rows[s->nrows++] = r;
}

static int
newest_first(const void *a, const void *b)
{
	const struct request *x = *(const struct request *const *)a;
	const struct request *y = *(const struct request *const *)b;

	return (x->t_ms < y->t_ms) - (x->t_ms > y->t_ms);
}

/* Those of all appliances in view that the filter finds, up to the held instant. */
void
requests_find(const struct model *m, struct requests_state *s)
{
	const struct request *r;
	const struct host *h;
	unsigned i, back, hosts = 0;

	s->nrows = 0;
	for (i = 0; i < m->nhosts; i++) {
		h = m->hosts[i];
		if (!ui_shows(m, h))
			continue;
		hosts++;
		for (back = 0; (r = request_newest(&h->requests, back)) != NULL; back++)
			if ((m->ui->until_ms == 0 || r->t_ms <= m->ui->until_ms) &&
			    (m->ui->filter == NULL ||
			    filter_match(m->ui->filter, request_field, r)))
				add_row(s, r);
	}
	if (hosts > 1 && s->nrows > 1)
		qsort(s->rows, s->nrows, sizeof(*s->rows), newest_first);
}

static void
request_key(const void *row, char buf[ROW_KEY_MAX])
{
	const struct request *r = row;

	snprintf(buf, ROW_KEY_MAX, "%lld %.60s %.150s", (long long)r->t_ms, r->client, r->target);
}

static struct table
table_of(struct model *m)
{
	struct requests_state *s = requests_state(m);
	struct table t = { .list = LIST_REQUESTS, .columns = columns,
		.ncolumns = sizeof(columns) / sizeof(columns[0]), .key = request_key,
		.empty = m->ui->filter != NULL ? "no request like that yet" : "no request yet" };

	requests_find(m, s);
	m->ui->lists[LIST_REQUESTS].column_set = m->nhosts > 1;
	t.rows = (const void **)s->rows;
	t.nrows = s->nrows;
	table_sort(m, &t);
	return t;
}

/* --- One request --------------------------------------------------------- */

/* The phases one after another, as long as they took. */
static void
draw_phases(const struct request *r, struct area a)
{
	const struct { const char *name; double ms; int role; } phases[] = {
		{ "request", r->tr_ms, R_INFO }, { "queue", r->tw_ms, R_WARN },
		{ "connect", r->tc_ms, R_ACCENT }, { "response", r->tresp_ms, R_GOOD },
		{ "data", r->ta_ms - fmax(0, r->tr_ms) - fmax(0, r->tw_ms) - fmax(0, r->tc_ms) -
		    fmax(0, r->tresp_ms), R_SPARK },
	};
	double all = fmax(r->ta_ms, 1), at = 0;
	int x, x0 = 0, words = 0;
	size_t i;

	for (i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		if (!(phases[i].ms >= 0))
			continue;
		at += phases[i].ms;
		x = (int)lrint(at / all * a.w);
		area_fill(area_part(a, x0, 0, x - x0, 1), phases[i].role, a.g->glyphs->full);
		x0 = x;
		area_rune(a, words, 1, phases[i].role, a.g->glyphs->full);
		words = 2 + area_fmt(a, words + 2, 1, R_FG, "%s %.0fms", phases[i].name,
		    phases[i].ms);
	}
}

static void
draw_request(const struct request *r, struct area a)
{
	char by[160];
	int x;

	x = area_fmt(a, 0, 0, request_role(r->status), "%d", r->status);
	x = area_fmt(a, x + 1, 0, R_TITLE, "%s", r->method);
	area_cut(a, x + 1, 0, a.w - x - 1, R_FG, r->target);
	x = area_fmt(a, 0, 1, R_DIM, "%s ", r->client);
	x = area_fmt(a, x, 1, R_DIM, "%s", r->frontend);
	area_rune(a, x + 1, 1, R_DIM, 0x2192);
	answered_by(r, by, sizeof(by));
	x = area_text(a, x + 3, 1, R_FG, by);
	area_fmt(a, x + 2, 1, R_DIM, "in %.0f B  out %.0f B  ended %s  in all %.0f ms", r->bytes_in,
	    r->bytes_out, r->term, r->ta_ms);
	draw_phases(r, area_part(a, 0, 2, a.w, 2));
}

/* --- The screen ---------------------------------------------------------- */

static void
sampling_text(const struct model *m, char *buf, size_t size)
{
	const struct host *h;
	unsigned i, sample = 1;
	uint64_t lost = 0;
	size_t n;

	for (i = 0; i < m->nhosts; i++) {
		h = m->hosts[i];
		if (!ui_shows(m, h))
			continue;
		lost += h->requests.lost;
		if (h->kind == HOST_WEIR && sample_of(m, h) > sample)
			sample = sample_of(m, h);
	}
	n = (size_t)snprintf(buf, size, sample > 1 ? "sampled 1/%u" : "all of them", sample);
	if (lost > 0 && n < size)
		n += (size_t)snprintf(buf + n, size - n, "  lost %llu", (unsigned long long)lost);
	if (m->ui->is_paused && n < size)
		snprintf(buf + n, size - n, "  held");
}

/* Why nothing can come. */
static const char *
refusal(const struct model *m)
{
	const struct host *h;
	unsigned i;

	for (i = 0; i < m->nhosts; i++) {
		h = m->hosts[i];
		if (!ui_shows(m, h))
			continue;
		if (h->kind == HOST_WEIR && h->level == LEVEL_USER)
			return "requests need level operator on the socket";
		if (h->kind == HOST_HAPROXY && !h->has_ring)
			return "no ring with the log: ring, log ring@..., option httplog";
	}
	return NULL;
}

static void
requests_draw(struct model *m, struct area a, struct hits *hits)
{
	struct requests_state *s = requests_state(m);
	struct table t = table_of(m);
	const struct request *r = table_current(m, &t);
	const char *why = refusal(m);
	char right[96];

	if (t.nrows == 0 && why != NULL)
		t.empty = why;
	sampling_text(m, right, sizeof(right));
	if (s->top != TOP_NONE) {
		requests_draw_top(m, pane_frame(a, "The last 60 s", right, true));
		return;
	}
	if (r != NULL && a.h >= 12)
		draw_request(r, pane_frame(area_take_bottom(&a, a.g->w >= 100 ? 6 : 5),
		    "This request", NULL, false));
	table_draw(m, &t, pane_frame(a, "Requests", right, true), true, hits);
}

static bool
requests_act(struct model *m, enum act act, const struct key *k)
{
	struct requests_state *s = requests_state(m);
	struct list_view *v = &m->ui->lists[LIST_REQUESTS];
	const struct request *r;
	const struct row *row;
	struct table t = table_of(m);

	(void)k;
	switch (act) {
	case ACT_FOLLOW:
		v->key[0] = '\0';
		v->index = v->top = 0;
		m->ui->is_paused = false;
		m->ui->until_ms = 0;
		ui_say(m, R_INFO, "%s", "");
		return true;
	case ACT_TOP:
		s->top = (s->top + 1) % TOP_COUNT;
		return true;
	case ACT_BACK:
		if (s->top == TOP_NONE)
			return false;
		s->top = TOP_NONE;
		return true;
	case ACT_SAMPLE:
		s->sample = s->sample == 0 ? 1 : s->sample == 100 ? 0 : s->sample * 10;
		return true;
	case ACT_OPEN:
		r = table_current(m, &t);
		row = r != NULL ? host_row(r->host, r->backend, r->server) : NULL;
		if (row != NULL) {
			row_view(m, row);
			screen_open(m, &screen_server);
		}
		return true;
	default:
		return table_act(m, &t, act);
	}
}

static void
requests_export(const struct model *m, struct outbuf *b)
{
	struct requests_state *s = requests_state(m);
	const struct request *r;
	unsigned i;

	requests_find(m, s);
	outbuf_z(b, "time,client,frontend,backend,server,status,method,target,tq,tw,tc,tr,ta,"
	    "bytes_in,bytes_out,flags\n");
	for (i = 0; i < s->nrows; i++) {
		r = s->rows[i];
		outbuf_fmt(b, "%.3f,%s,%s,%s,%s,%d,%s,", (double)r->t_ms / 1000, r->client,
		    r->frontend, r->backend, r->server, r->status, r->method);
		outbuf_csv(b, r->target);
		outbuf_fmt(b, ",%g,%g,%g,%g,%g,%.0f,%.0f,%s\n", r->tr_ms, r->tw_ms, r->tc_ms,
		    r->tresp_ms, r->ta_ms, r->bytes_in, r->bytes_out, r->term);
	}
}

const struct screen screen_requests = {
	.name = "requests", .title = "Requests", .tab = '7', .panes = 1,
	.state_size = sizeof(struct requests_state), .state_fini = state_fini,
	.wants = requests_wants, .draw = requests_draw, .act = requests_act,
	.export = requests_export,
};
