/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Latency: a heat map of one backend or server, percentiles over the same time,
 * and what lies under the time cursor. All of it comes from histograms; where a
 * HAProxy has none, averages are shown and called that.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tui/graph.h"
#include "tui/heat.h"
#include "tui/lat.h"
#include "tui/row_acts.h"
#include "tui/latency.h"
#include "tui/pane.h"
#include "tui/scale.h"
#include "tui/table.h"

enum parts { PARTS_BOTH, PARTS_HEAT, PARTS_LINES };

struct latency_state {
	enum parts parts;
	bool	 is_linear, is_normalised, has_baseline;
	char	 sv[128];		/* a server; "": all of them */
	double	 top;			/* of the scale, kept from picture to picture */
};

static struct latency_state *
state_of(const struct model *m)
{
	return screen_state(m, &screen_latency);
}

/* --- What is looked at --------------------------------------------------- */

static bool
is_shown(const struct row *r)
{
	return r->type == ROW_BACKEND;
}

static bool
is_chosen(const struct model *m, const struct row *r)
{
	return strcmp(r->px, m->ui->px) == 0 &&
	    (m->ui->px_host == NULL || m->ui->px_host == r->host);
}

/* The backend in view: the one that was chosen, else the one with most trouble. Also the
 * one before and behind it in the order of the answers, round and round. */
static struct row *
look_for(const struct model *m, struct row **ret_before, struct row **ret_behind)
{
	struct row *r, *worst = NULL, *chosen = NULL, *first = NULL, *last = NULL;
	unsigned i, k;

	*ret_before = *ret_behind = NULL;
	for (i = 0; i < m->nhosts; i++)
		for (k = 0; k < m->hosts[i]->nrows; k++) {
			r = m->hosts[i]->rows[k];
			if (!is_shown(r) || !ui_shows(m, r->host))
				continue;
			if (chosen == NULL && is_chosen(m, r)) {
				chosen = r;
				*ret_before = last;
			} else if (last == chosen && chosen != NULL)
				*ret_behind = r;
			if (worst == NULL || r->p99_us > worst->p99_us || isnan(worst->p99_us))
				worst = r;
			first = first != NULL ? first : r;
			last = r;
		}
	*ret_before = *ret_before != NULL ? *ret_before : last;
	*ret_behind = *ret_behind != NULL ? *ret_behind : first;
	return chosen != NULL ? chosen : worst;
}

static struct row *
backend_of(const struct model *m)
{
	struct row *before, *behind;

	return look_for(m, &before, &behind);
}

static void
next_backend(struct model *m, int step)
{
	struct row *before, *behind, *now;

	now = look_for(m, &before, &behind);
	if (now == NULL)
		return;
	if (!is_chosen(m, now)) {	/* the worst was shown: its neighbours */
		row_view(m, now);
		look_for(m, &before, &behind);
	}
	row_view(m, step < 0 ? before : behind);
	state_of(m)->sv[0] = '\0';
}

/* All servers, then one after another. */
static void
next_server(struct model *m)
{
	struct latency_state *s = state_of(m);
	struct row *b = backend_of(m), *r = NULL;

	if (b == NULL)
		return;
	if (s->sv[0] != '\0')
		r = host_row(b->host, b->px, s->sv);
	r = s->sv[0] != '\0' && r == NULL ? NULL : host_next_server(b->host, b->px, r);
	snprintf(s->sv, sizeof(s->sv), "%s", r != NULL ? r->sv : "");
}

/* Histograms of 10 s go back 6 h (1 h of a server), of 60 s a day (6 h), of an hour 15 d. */
unsigned
latency_step(const struct model *m)
{
	int64_t back = (m->now_ms / 1000 - ui_until_s(m)) + m->ui->window_s;

	return back <= 3600 ? 10 : back <= 86400 ? 60 : 3600;
}

void
latency_want(const struct model *m, struct wants *w, struct host *h, const char *px, const char *sv)
{
	unsigned step = latency_step(m), windows = 1;

	if (m->ui->screen == &screen_latency && state_of(m)->has_baseline)
		windows = 2;
	want_histogram(w, h, px, sv, step,
	    ui_until_s(m) - (int64_t)windows * m->ui->window_s - step);
}

/* Servers whose share under the cursor is told. */
#define SERVERS_MAX	8

static void
latency_wants(const struct model *m, struct wants *w)
{
	const struct latency_state *s = state_of(m);
	struct row *b = backend_of(m), *r = NULL;
	unsigned n;

	if (b == NULL)
		return;
	latency_want(m, w, b->host, b->px, s->sv);
	for (n = 0; n < SERVERS_MAX && (r = host_next_server(b->host, b->px, r)) != NULL; n++)
		if (strcmp(r->sv, s->sv) != 0)
			latency_want(m, w, b->host, b->px, r->sv);
}

/* --- Heat map ------------------------------------------------------------ */

static struct heat
heat_of(const struct model *m, const struct latmap *map)
{
	return (struct heat){ .map = map, .until_s = ui_until_s(m), .window_s = m->ui->window_s,
	    .is_normalised = state_of(m)->is_normalised, .cursor_s = m->ui->cursor_ms / 1000 };
}

static void
say_nothing(struct area a, const struct host *h)
{
	const char *why = h->kind != HOST_HAPROXY ? "no request in this time" :
	    "no histograms: HAProxy tells averages; a ring with its log gives percentiles "
	    "(weirtop(1))";

	int x = (a.w - (int)strlen(why)) / 2;

	area_text(a, x > 0 ? x : 0, a.h / 2, R_DIM, why);
}

void
latency_draw_heat(struct model *m, struct host *h, const char *px, const char *sv, struct area a)
{
	const struct latmap *map = host_latmap(h, px, sv, latency_step(m));
	struct heat heat;

	if (map == NULL || map->nbins == 0) {
		say_nothing(a, h);
		return;
	}
	heat = heat_of(m, map);
	heat_draw(&heat, a);
}

/* --- Percentiles over time ----------------------------------------------- */

struct line {
	const struct latmap *map;
	double	 q;			/* 1: the maximum */
	int64_t	 back_s;		/* baseline: so much earlier */
};

static bool
line_span(const void *arg, int64_t from_s, unsigned n, struct span *ret)
{
	const struct line *l = arg;
	struct lat sum;
	double v;

	if (!heat_at(l->map, from_s - l->back_s, n, &sum))
		return false;
	v = l->q >= 1 ? lat_max(&sum) : lat_quantile(&sum, l->q);
	*ret = (struct span){ v, v, v, 1 };
	return true;
}

static double
slo_us(const struct row *b)
{
	return b->slo_us > 0 ? b->slo_us : NAN;
}

static void
us_text(const void *arg, double us, char *buf, size_t size)
{
	(void)arg;
	num_us(us, buf, size);
}

static void
draw_lines(struct model *m, const struct row *b, const struct latmap *map, struct area a)
{
	static const struct { double q; int role; bool is_line; } lines[] = {
		{ 0.99, R_GRAPH, false }, { 0.9, R_WARN, true }, { 0.5, R_FG, true }
	};
	struct latency_state *s = state_of(m);
	struct area plot = heat_cells(a);
	struct line line = { map, 0, 0 };
	struct graph g = { .fn = line_span, .arg = &line, .until_s = ui_until_s(m),
		.window_s = m->ui->window_s, .is_log = !s->is_linear, .lo = 250, .use_max = true,
		.threshold = NAN, .keep = &s->top };
	double hi = 0;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		line.q = lines[i].q;
		g.role = lines[i].role;
		g.is_line = lines[i].is_line;
		if (i > 0)
			g.keep = NULL, g.hi = hi;
		else
			g.threshold = slo_us(b);
		hi = graph_draw(&g, plot);
		g.threshold = NAN;
	}
	if (s->has_baseline) {
		line = (struct line){ map, 0.99, m->ui->window_s };
		g.role = R_ACCENT;
		graph_draw(&g, plot);
	}
	g.cursor_s = m->ui->cursor_ms / 1000;
	scale_draw(&g, area_part(a, 0, 0, HEAT_LABEL, plot.h), plot, hi, us_text, NULL);
	axis_draw(area_part(a, HEAT_LABEL, a.h - 1, a.w - HEAT_LABEL, 1), g.until_s, g.window_s);
}

/* --- Under the cursor ---------------------------------------------------- */

/* The time that the numbers below are about: a column at the cursor, or the whole window. */
static void
range_of(const struct model *m, struct area cells, int64_t *from, int64_t *to)
{
	unsigned step = graph_step(cells.w, m->ui->window_s), bin = latency_step(m);

	if (m->ui->cursor_ms == 0) {
		*to = ui_until_s(m) + 1;
		*from = *to - m->ui->window_s;
		return;
	}
	step = step < bin ? bin : step / bin * bin;
	*from = m->ui->cursor_ms / 1000;
	*from -= *from % step;
	*to = *from + step;
}

static int
put_quantile(struct area a, int x, int y, const char *name, double us, int role)
{
	char text[16];

	num_us(us, text, sizeof(text));
	x = area_text(a, x, y, R_DIM, name);
	x = area_text(a, x + 1, y, role, text);
	return x + 3;
}

static void
draw_quantiles(const struct row *b, const struct lat *l, struct area a)
{
	static const struct { const char *name; double q; } qs[] = { { "p50", .5 },
		{ "p75", .75 }, { "p90", .9 }, { "p95", .95 }, { "p99", .99 }, { "p99.9", .999 } };
	double mean, sd, v;
	size_t i;
	int x = 0;

	for (i = 0; i < sizeof(qs) / sizeof(qs[0]); i++) {
		v = lat_quantile(l, qs[i].q);
		x = put_quantile(a, x, 0, qs[i].name, v, v > slo_us(b) ? R_CRIT : R_FG);
	}
	lat_moments(l, &mean, &sd);
	x = put_quantile(a, x, 0, "max", lat_max(l), R_FG);
	x = put_quantile(a, x, 0, "mean", mean, R_FG);
	put_quantile(a, x, 0, "sd", sd, R_FG);
}

struct share {
	const char *sv;
	double	 p99_us, share;
};

/* Servers by their p99 in that time, worst first. */
static unsigned
find_worst(const struct model *m, const struct row *b, int64_t from, int64_t to, uint64_t all,
    struct share *ret)
{
	const struct latmap *map;
	struct row *r = NULL;
	struct lat l;
	unsigned n = 0, i;

	while (n < SERVERS_MAX && (r = host_next_server(b->host, b->px, r)) != NULL) {
		map = host_latmap(b->host, b->px, r->sv, latency_step(m));
		if (map == NULL || !lat_sum(map, from, to, &l))
			continue;
		for (i = n++; i > 0 && ret[i - 1].p99_us < lat_quantile(&l, .99); i--)
			ret[i] = ret[i - 1];
		ret[i] = (struct share){ r->sv, lat_quantile(&l, .99),
		    all > 0 ? 100.0 * (double)l.total / (double)all : 0 };
	}
	return n;
}

static int
draw_worst(const struct model *m, const struct row *b, int64_t from, int64_t to, uint64_t all,
    struct area a)
{
	struct share shares[SERVERS_MAX];
	unsigned n = find_worst(m, b, from, to, all, shares), i;
	char text[16];
	int x;

	if (n == 0)
		return 0;
	x = area_text(a, 0, 0, R_DIM, "worst servers:");
	for (i = 0; i < n && i < 3; i++) {
		num_us(shares[i].p99_us, text, sizeof(text));
		x = area_cut_middle(a, x + 1, 0, 24, R_FG, shares[i].sv);
		x = area_fmt(a, x + 1, 0, R_DIM, "p99");
		x = area_fmt(a, x + 1, 0, shares[i].p99_us > slo_us(b) ? R_CRIT : R_FG, "%s", text);
		x = area_fmt(a, x + 1, 0, R_DIM, "(%.0f %%)", shares[i].share);
		x++;
	}
	return x;
}

#define PHASES_W	66		/* columns of draw_phases */

/* Averages of the last 1,024 requests, as the appliance keeps them. */
static void
draw_phases(const struct row *b, struct area a, int x)
{
	static const struct { const char *name; enum field f; } phases[] = { { "queue", F_qtime },
		{ "connect", F_ctime }, { "response", F_rtime } };
	double v;
	size_t i;

	x = area_text(a, x, 0, R_DIM, "phases (avg 1024):");
	for (i = 0; i < 3; i++) {
		v = row_num(b, phases[i].f);
		x = area_fmt(a, x + 1, 0, R_DIM, "%s", phases[i].name);
		x = isnan(v) ? area_text(a, x + 1, 0, R_FG, "-") :
		    area_fmt(a, x + 1, 0, R_FG, "%.0fms", v);
	}
}

static void
draw_numbers(struct model *m, const struct row *b, const struct latmap *map, struct area a,
    struct area cells)
{
	struct area second = area_part(a, 0, 1, a.w, 1), third = area_part(a, 0, 2, a.w, 1);
	int64_t from, to;
	struct lat l = { .total = 0 };
	int x = 0;

	range_of(m, cells, &from, &to);
	if (map == NULL || !lat_sum(map, from, to, &l)) {
		area_text(a, 0, 0, R_DIM, "no request");
	} else {
		draw_quantiles(b, &l, a);
		x = draw_worst(m, b, from, to, l.total, second);
	}
	if (a.w - x < PHASES_W) {		/* more than hints, which help has too */
		draw_phases(b, third, 0);
		return;
	}
	draw_phases(b, second, x > 0 ? x + 2 : 0);
	area_cut(third, 0, 0, third.w, R_DIM, "Enter: requests as slow as these   "
	    "g: server by server   b: against the window before   v: each column by itself");
}

static void
numbers_title(const struct model *m, const struct latmap *map, struct area cells, char *buf,
    size_t size)
{
	int64_t from, to;
	struct lat l;
	char when[32], count[16];
	struct tm tm;
	time_t t;

	range_of(m, cells, &from, &to);
	t = (time_t)from;
	gmtime_r(&t, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	num_count(map != NULL && lat_sum(map, from, to, &l) ? (double)l.total : 0, 9, count,
	    sizeof(count));
	if (m->ui->cursor_ms != 0)
		snprintf(buf, size, "At cursor %s (%lld s, %s requests)", when,
		    (long long)(to - from), count);
	else
		snprintf(buf, size, "The whole window (%s requests)", count);
}

/* --- The screen ---------------------------------------------------------- */

static void
draw_heat_part(struct model *m, const struct row *b, struct area a, struct hits *hits)
{
	struct latency_state *s = state_of(m);
	char title[256], right[160], window[16];

	num_window(m->ui->window_s, window, sizeof(window));
	snprintf(title, sizeof(title), "Latency %.64s%s%s %s", m->nhosts > 1 ? b->host->name : "",
	    m->nhosts > 1 ? " " : "", b->px, s->sv[0] != '\0' ? s->sv : "(all servers)");
	snprintf(right, sizeof(right), "source: %s   window %s   bucket %u s   %s",
	    quality_name(host_quality(b->host)), window, latency_step(m),
	    s->is_normalised ? "by column" : "log count");
	a = pane_frame(a, title, right, m->ui->pane == 0);
	latency_draw_heat(m, b->host, b->px, s->sv, a);
	hits_add(hits, HIT_TIME, heat_cells(a), 0, 0);
}

static void
draw_lines_part(struct model *m, const struct row *b, const struct latmap *map, struct area a)
{
	char right[96], slo[16];
	int n;

	n = snprintf(right, sizeof(right), "area p99  line p90, p50%s",
	    state_of(m)->has_baseline ? "  p99 before" : "");
	if (b->slo_us > 0) {
		num_us(b->slo_us, slo, sizeof(slo));
		snprintf(right + n, sizeof(right) - (size_t)n, "   SLO %s", slo);
	}
	a = pane_frame(a, state_of(m)->is_linear ? "Percentiles" : "Percentiles (log)", right,
	    false);
	if (map == NULL || map->nbins == 0)
		say_nothing(a, b->host);
	else
		draw_lines(m, b, map, a);
}

static void
latency_draw(struct model *m, struct area a, struct hits *hits)
{
	struct latency_state *s = state_of(m);
	struct row *b = backend_of(m);
	const struct latmap *map;
	struct area numbers, cells;
	int edge = a.w >= 100 ? 2 : 1;
	char title[96];

	if (b == NULL) {
		area_text(a, 2, 1, R_DIM, "no backend yet");
		return;
	}
	map = host_latmap(b->host, b->px, s->sv, latency_step(m));
	numbers = area_take_bottom(&a, a.h >= 16 ? 3 + edge : 2 + edge);
	cells = heat_cells(area_part(a, 0, 0, a.w - (a.w >= 100 ? 2 : 0), a.h));
	if (s->parts != PARTS_LINES)
		draw_heat_part(m, b, s->parts == PARTS_HEAT ? a :
		    area_take_top(&a, (a.h * 6 + 9) / 10), hits);
	if (s->parts != PARTS_HEAT)
		draw_lines_part(m, b, map, a);
	numbers_title(m, map, cells, title, sizeof(title));
	draw_numbers(m, b, map, pane_frame(numbers, title, NULL, false), cells);
}

/* --- Keys ---------------------------------------------------------------- */

static void
move_cursor(struct model *m, int step)
{
	int64_t by = latency_step(m), until = ui_until_s(m);
	int64_t s = m->ui->cursor_ms != 0 ? m->ui->cursor_ms / 1000 : until - until % by;

	s += step * by;
	if (s > until)
		s = until;
	if (s < until - m->ui->window_s)
		s = until - m->ui->window_s;
	m->ui->cursor_ms = s * 1000;
}

/* Requests that are slower than nine of ten under the cursor. */
static void
open_requests(struct model *m)
{
	struct row *b = backend_of(m);
	const struct latmap *map;
	int64_t from, to;
	struct lat l;
	char filter[256];

	if (b == NULL)
		return;
	map = host_latmap(b->host, b->px, state_of(m)->sv, latency_step(m));
	range_of(m, (struct area){ .w = 100 }, &from, &to);
	if (map == NULL || !lat_sum(map, from, to, &l))
		return;
	snprintf(filter, sizeof(filter), "backend:%s ta>%.0f", b->px,
	    floor(lat_quantile(&l, .9) / 1000));
	screen_open(m, &screen_requests);
	ui_filter(m, filter);
}

static bool
latency_act(struct model *m, enum act act, const struct key *k)
{
	struct latency_state *s = state_of(m);

	(void)k;
	switch (act) {
	case ACT_UP: next_backend(m, -1); break;
	case ACT_DOWN: next_backend(m, 1); break;
	case ACT_LEFT: move_cursor(m, -1); break;
	case ACT_RIGHT: move_cursor(m, 1); break;
	case ACT_LOG_LIN: s->is_linear = !s->is_linear; break;
	case ACT_HEAT: s->parts = (s->parts + 1) % 3; break;
	case ACT_GROUP_BY: next_server(m); break;
	case ACT_BASELINE: s->has_baseline = !s->has_baseline; break;
	case ACT_NORMALISE: s->is_normalised = !s->is_normalised; break;
	case ACT_OPEN: open_requests(m); break;
	default: return false;
	}
	return true;
}

const struct screen screen_latency = {
	.name = "latency", .title = "Latency", .tab = '3', .panes = 1,
	.state_size = sizeof(struct latency_state),
	.wants = latency_wants, .draw = latency_draw, .act = latency_act,
};
