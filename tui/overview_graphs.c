/* SPDX-License-Identifier: BSD-2-Clause */
/* Totals of all that is shown: a line of numbers, and graphs. */
#include <stdio.h>
#include <string.h>

#include "tui/graph.h"
#include "tui/overview.h"

/* --- Sums of appliances over time ----------------------------------------- */

struct sum { const struct model *m; enum metric metric; };

/* One second: rates are added, of latencies the worst counts. NAN: a gap. */
static double
sum_at(const struct sum *s, int64_t second)
{
	bool is_latency = s->metric == M_P50 || s->metric == M_P99 || s->metric == M_AVG;
	double sum = NAN, v;
	unsigned i;

	for (i = 0; i < s->m->nhosts; i++) {
		if (!ui_shows(s->m, s->m->hosts[i]))
			continue;
		v = history_at(&s->m->hosts[i]->total, s->metric, second);
		if (isnan(sum) || isnan(v))
			sum = isnan(sum) ? v : sum;
		else
			sum = is_latency ? fmax(sum, v) : sum + v;
	}
	return sum;
}

static bool
sum_span(const void *arg, int64_t from_s, unsigned n, struct span *ret)
{
	struct span sum = { INFINITY, 0, -INFINITY, 0 };
	unsigned i;
	double v;

	for (i = 0; i < n; i++) {
		v = sum_at(arg, from_s + i);
		if (isnan(v))
			continue;
		sum.min = fmin(sum.min, v);
		sum.max = fmax(sum.max, v);
		sum.mean += v;
		sum.n++;
	}
	if (sum.n == 0)
		return false;
	sum.mean /= sum.n;
	*ret = sum;
	return true;
}

static int64_t
restarted_s(const struct model *m)
{
	int64_t last = 0;
	unsigned i;

	for (i = 0; i < m->nhosts; i++)
		if (ui_shows(m, m->hosts[i]) && m->hosts[i]->restarted_ms > last)
			last = m->hosts[i]->restarted_ms;
	return last / 1000;
}

/* --- Graphs --------------------------------------------------------------- */

/* The scale's top, where nothing else is drawn. */
static void
draw_top(struct area a, double hi, bool is_us)
{
	char buf[16];
	int x;

	if (is_us)
		num_us(hi, buf, sizeof(buf));
	else
		num_count(hi, 5, buf, sizeof(buf));
	for (x = 0; x < text_width(buf); x++)
		if (x >= a.w || a.g->cells[a.y * a.g->w + a.x + x].rune != ' ')
			return;
	area_text(a, 0, 0, R_DIM, buf);
}

/* Of the window: the greatest value. */
static double
greatest(const struct model *m, enum metric metric)
{
	struct sum s = { m, metric };
	struct span span;
	int64_t until = ui_until_s(m);

	return sum_span(&s, until - m->ui->window_s + 1, m->ui->window_s, &span) ? span.max : NAN;
}

static void
draw_metric(struct model *m, struct area a, enum metric metric, int index, int role,
    struct hits *hits)
{
	struct overview_state *state = screen_state(m, &screen_overview);
	bool is_us = metric == M_P99 || metric == M_AVG;
	struct sum s = { m, metric };
	struct graph g = { .fn = sum_span, .arg = &s, .until_s = ui_until_s(m),
		.window_s = m->ui->window_s, .keep = &state->keep[index], .is_log = is_us,
		.use_max = is_us || metric == M_5XX, .threshold = NAN,
		.role = role, .cursor_s = m->ui->cursor_ms / 1000, .mark_s = restarted_s(m) };
	double hi;

	if (a.h >= 6)
		axis_draw(area_take_bottom(&a, 1), g.until_s, g.window_s);
	hi = graph_draw(&g, a);
	if (!isnan(greatest(m, metric)))
		draw_top(a, hi, is_us);
	hits_add(hits, HIT_TIME, a, 0, 0);
}

/* What is told of a graph's right edge, or of its cursor when there is one. */
static double
value_now(const struct model *m, enum metric metric)
{
	struct sum s = { m, metric };
	int64_t at = m->ui->cursor_ms > 0 ? m->ui->cursor_ms / 1000 : ui_until_s(m);
	double v = sum_at(&s, at);

	return isnan(v) ? sum_at(&s, at - 1) : v;
}

static void
requests_title(const struct model *m, char *left, char *right, size_t size)
{
	char now[16], max[16], window[16];

	snprintf(left, size, "Requests/s");
	num_count(value_now(m, M_REQ), 6, now, sizeof(now));
	num_count(greatest(m, M_REQ), 6, max, sizeof(max));
	num_window(m->ui->window_s, window, sizeof(window));
	snprintf(right, size, "%s %s  max %s  %s", m->ui->cursor_ms > 0 ? "at cursor" : "now", now,
	    max, window);
}

static void
requests_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	(void)has_focus;
	draw_metric(m, a, M_REQ, 0, R_GRAPH, hits);
}

static bool
has_percentiles(const struct model *m)
{
	unsigned i;

	for (i = 0; i < m->nhosts; i++)
		if (ui_shows(m, m->hosts[i]) && host_quality(m->hosts[i]) != Q_AVG1024)
			return true;
	return false;
}

static void
latency_title(const struct model *m, char *left, char *right, size_t size)
{
	char p50[16], p99[16];
	struct totals t;

	if (!has_percentiles(m)) {
		snprintf(left, size, "Latency");
		num_us(value_now(m, M_AVG), p50, sizeof(p50));
		snprintf(right, size, "average of 1,024: %s", p50);
		return;
	}
	snprintf(left, size, "Latency p99");
	model_totals(m, m->ui->only, &t);
	num_us(m->ui->cursor_ms > 0 ? value_now(m, M_P50) : t.p50_us, p50, sizeof(p50));
	num_us(m->ui->cursor_ms > 0 ? value_now(m, M_P99) : t.p99_us, p99, sizeof(p99));
	snprintf(right, size, "%sp50 %s  p99 %s", m->ui->cursor_ms > 0 ? "at cursor " : "", p50,
	    p99);
}

static void
latency_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	(void)has_focus;
	draw_metric(m, a, has_percentiles(m) ? M_P99 : M_AVG, 1, R_GRAPH, hits);
}

static void
errors_title(const struct model *m, char *left, char *right, size_t size)
{
	char e5[16], e4[16], max[16];

	snprintf(left, size, "Errors/s");
	num_count(value_now(m, M_5XX), 6, e5, sizeof(e5));
	num_count(value_now(m, M_4XX), 6, e4, sizeof(e4));
	num_count(greatest(m, M_5XX), 6, max, sizeof(max));
	snprintf(right, size, "5xx %s  4xx %s  max %s", e5, e4, max);
}

static void
errors_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	(void)has_focus;
	draw_metric(m, a, M_5XX, 2, R_CRIT, hits);
}

static void
conns_title(const struct model *m, char *left, char *right, size_t size)
{
	struct totals t;
	char max[16];

	model_totals(m, m->ui->only, &t);
	num_count(t.maxconn, 6, max, sizeof(max));
	snprintf(left, size, "Connections");
	if (m->ui->cursor_ms > 0)
		snprintf(right, size, "at cursor %.0f  limit %s", value_now(m, M_CUR), max);
	else
		snprintf(right, size, "now %.0f  queue %.0f  limit %s", t.conns, t.queue, max);
}

static void
conns_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	(void)has_focus;
	draw_metric(m, a, M_CUR, 3, R_GRAPH, hits);
}

static int
graph_rows(const struct model *m)
{
	(void)m;
	return 8;
}

const struct pane overview_requests_graph = { requests_title, graph_rows, requests_draw, NULL };
const struct pane overview_latency_graph = { latency_title, graph_rows, latency_draw, NULL };
const struct pane overview_errors_graph = { errors_title, graph_rows, errors_draw, NULL };
const struct pane overview_conns_graph = { conns_title, graph_rows, conns_draw, NULL };


/* --- One line ------------------------------------------------------------- */

/* ` label value` while there is room. */
static int
put_pair(struct area a, int x, const char *label, int role, const char *value)
{
	int w = text_width(label) + 1 + text_width(value);

	if (x + w > a.w)
		return a.w;
	x = area_text(a, x, 0, R_DIM, label);
	return area_text(a, x + 1, 0, role, value) + 2;
}

void
overview_strip(const struct model *m, struct area a)
{
	struct sum s = { m, M_REQ };
	struct totals t;
	char buf[32], value[16];
	int x, spark = a.w >= 70 ? 12 : a.w >= 56 ? 6 : 0;
	double share;

	model_totals(m, m->ui->only, &t);
	share = t.req_s > 0 ? 100 * t.e5_s / t.req_s : 0;
	num_count(t.req_s, 6, buf, sizeof(buf));
	x = put_pair(a, 1, "req/s", R_TITLE, buf);
	if (spark > 0 && !m->ui->is_slow)
		spark_draw(sum_span, &s, ui_until_s(m), 5, area_part(a, x - 1, 0, spark, 1),
		    R_SPARK);
	x += spark > 0 ? spark + 1 : 0;
	num_us(t.p50_us, buf, sizeof(buf));
	x = put_pair(a, x, "p50", R_FG, buf);
	num_us(t.p99_us, buf, sizeof(buf));
	x = put_pair(a, x, "p99", R_TITLE, buf);
	num_share(share, value, sizeof(value));
	snprintf(buf, sizeof(buf), "%s%%", value);
	x = put_pair(a, x, "5xx", share >= 1 ? R_CRIT : share >= 0.05 ? R_WARN : R_FG,
	    buf);
	snprintf(buf, sizeof(buf), "%.0f/%.0f", t.conns, t.maxconn);
	x = put_pair(a, x, "conn", R_FG, buf);
	snprintf(buf, sizeof(buf), "%.0f", t.queue);
	put_pair(a, x, "queue", t.queue > 0 ? R_WARN : R_FG, buf);
}
