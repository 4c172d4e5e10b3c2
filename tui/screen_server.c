/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One server, or one backend: what it is, how its checks go, where its time is
 * spent, its connections, and twelve small graphs; or all fields as they came.
 */
#include <stdio.h>
#include <string.h>

#include "tui/columns.h"
#include "tui/graph.h"
#include "tui/lists.h"
#include "tui/pane.h"
#include "tui/row_acts.h"

struct server_state {
	bool	 is_raw;
	double	 keep[M_COUNT];
};

static struct server_state *
state_of(const struct model *m)
{
	return screen_state(m, &screen_server);
}

/* --- Lines of words ------------------------------------------------------- */

/* `label value`, with two blanks behind it; nothing for an empty value. */
static int
put(struct area a, int x, const char *label, int role, const char *value)
{
	if (value[0] == '\0' || x + text_width(label) + 1 + text_width(value) > a.w)
		return x;
	x = area_text(a, x, 0, R_DIM, label) + 1;
	return area_text(a, x, 0, role, value) + 2;
}

static int
put_num(struct area a, int x, const char *label, int role, double v)
{
	char buf[32];

	if (isnan(v))
		return x;
	num_count(v, 9, buf, sizeof(buf));
	return put(a, x, label, v > 0 ? role : R_FG, buf);
}

static int
put_column(const struct model *m, const struct row *r, struct area a, int x, const char *label,
    const char *column)
{
	char buf[128] = "";
	int role = row_columns[row_column(column)].text(m, r, buf, sizeof(buf));

	return put(a, x, label, role == R_DIM ? R_FG : role, strcmp(buf, "-") == 0 ? "" : buf);
}

static void
draw_what(const struct model *m, const struct row *r, struct area a)
{
	char buf[64], age[16];
	int x;

	area_state(a, 0, 0, r->state);
	x = area_text(a, 2, 0, state_role(r->state), r->word);
	area_attr(a, 2, 0, x - 2, AT_BOLD);
	x++;
	if (r->changed_s > 0) {
		num_age(m->now_ms / 1000 - r->changed_s, age, sizeof(age));
		x = put(a, x, "for", R_FG, age);
	}
	x++;
	if (r->type == ROW_BACKEND) {
		snprintf(buf, sizeof(buf), "%u of %u servers", r->up, r->servers);
		x = put(a, x, "up", R_FG, buf);
		x = put(a, x, "balance", R_FG, row_text(r, F_algo));
	}
	x = put(a, x, "at", R_FG, row_text(r, F_addr));
	x = put_column(m, r, a, x, "weight", "weight");
	x = put(a, x, "mode", R_FG, row_text(r, F_mode));
	x = put(a, x, "cookie", R_FG, row_text(r, F_cookie));
	put(a, x, "on", R_HOST + (int)(r->host->index % 8), m->nhosts > 1 ? r->host->name : "");
}

static void
draw_checks(const struct model *m, const struct row *r, struct area a)
{
	const struct column *last = &row_columns[row_column("checks")];
	char ms[16] = "";
	int x = put_column(m, r, a, 2, "check", "check"), n = (int)strlen(r->checks);

	if (row_num(r, F_check_duration) >= 0)
		snprintf(ms, sizeof(ms), "%s ms", row_text(r, F_check_duration));
	x = put(a, x, "took", R_FG, ms);
	x = put_column(m, r, a, x, "health", "health");
	x = put_num(a, x, "failed", R_WARN, row_num(r, F_chkfail));
	x = put_num(a, x, "downs", R_WARN, row_num(r, F_chkdown));
	if (n > a.w - x)
		n = a.w - x;
	if (n > 0)
		last->draw(m, r, area_part(a, x, 0, n, 1));
}

/* A bar of the parts that a request's time has: waiting, connecting, response. */
static void
draw_phases(const struct row *r, struct area a)
{
	static const struct { enum field f; const char *label; int role; } parts[] = {
		{ F_qtime, "queue", R_WARN }, { F_ctime, "connect", R_DRAIN },
		{ F_rtime, "response", R_GOOD }
	};
	double v[3], rest = row_num(r, F_ttime), sum;
	char buf[24];
	int x = 2, w, i, k, n;

	for (sum = 0, i = 0; i < 3; i++)
		sum += (v[i] = row_num(r, parts[i].f)) > 0 ? v[i] : 0;
	for (i = 0; i < 3; i++) {
		snprintf(buf, sizeof(buf), isnan(v[i]) ? "-" : "%.0f ms", v[i]);
		x = put(a, x, parts[i].label, parts[i].role, buf);
	}
	buf[0] = '\0';
	if (!isnan(rest))
		snprintf(buf, sizeof(buf), "%.0f ms", rest);
	x = put(a, x, "in all", R_FG, buf);
	x = area_text(a, x, 0, R_DIM, "(average of 1,024)") + 2;
	w = a.w - x < 60 ? a.w - x : 60;
	sum = rest > sum ? rest : sum;
	for (i = 0; i < 3 && rest > 0; i++) {
		n = v[i] > 0 ? (int)(v[i] / sum * w + 0.5) : 0;
		for (k = 0; k < n && w > 0; k++)
			area_rune(a, x++, 0, parts[i].role, a.g->glyphs->full);
	}
}

static void
draw_conns(const struct model *m, const struct row *r, struct area a)
{
	int x = put_num(a, 2, "sessions", R_FG, row_num(r, F_scur));

	x = put_num(a, x, "most", R_FG, row_num(r, F_smax));
	x = put_num(a, x, "limit", R_FG, row_num(r, F_slim));
	x = put_num(a, x, "queue", R_WARN, row_num(r, F_qcur));
	x = put_num(a, x, "used", R_FG, row_num(r, F_used_conn_cur));
	x = put_num(a, x, "idle", R_FG, row_num(r, F_srv_icur));
	x = put_column(m, r, a, x, "reuse %", "reuse");
	x = put_num(a, x, "failed", R_WARN, row_num(r, F_econ));
	x = put_num(a, x, "retries", R_WARN, row_num(r, F_wretr));
	put_num(a, x, "moved", R_WARN, row_num(r, F_wredis));
}

/* Entries of the backend's stick table that lead to this server, of those that were read. */
static int
put_stick_entries(const struct row *r, struct area a, int x)
{
	const struct answer *answer;
	char command[200];
	unsigned i, n = 0;

	snprintf(command, sizeof(command), "show stickiness %s max 1000", r->px);
	answer = host_answer(r->host, command);
	if (answer == NULL || answer->sheet.fed_ms == 0)
		return x;
	for (i = 0; i < answer->sheet.nrows; i++)
		n += r->type == ROW_BACKEND ||
		    strcmp(sheet_get(&answer->sheet, i, "server"), r->sv) == 0;
	return put_num(a, x, "stick entries", R_FG, n);
}

static void
draw_totals(const struct model *m, const struct row *r, struct area a)
{
	int x = put_column(m, r, a, 2, "requests", "requests");

	x = put_num(a, x, "2xx", R_FG, row_num(r, F_hrsp_2xx));
	x = put_num(a, x, "3xx", R_FG, row_num(r, F_hrsp_3xx));
	x = put_num(a, x, "4xx", R_FG, row_num(r, F_hrsp_4xx));
	x = put_num(a, x, "5xx", R_WARN, row_num(r, F_hrsp_5xx));
	x = put_column(m, r, a, x, "in", "bytes_in");
	x = put_column(m, r, a, x, "out", "bytes_out");
	x = put_num(a, x, "client aborts", R_FG, row_num(r, F_cli_abrt));
	x = put_num(a, x, "server aborts", R_WARN, row_num(r, F_srv_abrt));
	put_stick_entries(r, a, x);
}

/* --- Graphs --------------------------------------------------------------- */

enum unit { U_COUNT, U_BYTES, U_US };

/* In order of how much they tell; small places show the first. */
static const struct small {
	enum metric metric;
	const char *title;
	enum unit unit;
	int	 role;
	bool	 use_max;
} smalls[] = {
	{ M_REQ, "requests/s", U_COUNT, R_GRAPH, false },
	{ M_P99, "p99", U_US, R_GRAPH, true },
	{ M_5XX, "5xx/s", U_COUNT, R_CRIT, true },
	{ M_CUR, "sessions", U_COUNT, R_GRAPH, false },
	{ M_P50, "p50", U_US, R_GRAPH, true },
	{ M_ERRORS, "errors/s", U_COUNT, R_CRIT, true },
	{ M_QUEUE, "queue", U_COUNT, R_WARN, true },
	{ M_AVG, "average of 1,024", U_US, R_GRAPH, true },
	{ M_4XX, "4xx/s", U_COUNT, R_WARN, true },
	{ M_SESS, "sessions/s", U_COUNT, R_GRAPH, false },
	{ M_IN, "in, bytes/s", U_BYTES, R_GRAPH, false },
	{ M_OUT, "out, bytes/s", U_BYTES, R_GRAPH, false },
};
#define NSMALLS	((int)(sizeof(smalls) / sizeof(smalls[0])))

static void
unit_text(enum unit u, double v, char *buf, size_t size)
{
	if (u == U_US)
		num_us(v, buf, size);
	else if (u == U_BYTES)
		num_bytes(v, 6, buf, size);
	else
		num_count(v, 6, buf, size);
}

/* What a title tells: the value at the cursor, or the newest, and the greatest. */
static void
small_title(const struct model *m, const struct row *r, const struct small *s, struct area a,
    bool has_any, double max)
{
	int64_t at = m->ui->cursor_ms > 0 ? m->ui->cursor_ms / 1000 : ui_until_s(m);
	double now = r->hist != NULL ? history_at(r->hist, s->metric, at) : NAN;
	char value[16];
	int x = area_text(a, 0, 0, R_DIM, s->title) + 1;

	if (isnan(now) && r->hist != NULL)
		now = history_at(r->hist, s->metric, at - 1);
	if (!has_any)
		return;
	unit_text(s->unit, now, value, sizeof(value));
	area_attr(a, x, 0, text_width(value), AT_BOLD);
	x = area_text(a, x, 0, R_TITLE, value) + 1;
	unit_text(s->unit, max, value, sizeof(value));
	if (x + 4 + text_width(value) <= a.w) {
		x = area_text(a, a.w - 4 - text_width(value), 0, R_DIM, "max ");
		area_text(a, x, 0, R_DIM, value);
	}
}

static void
draw_small(struct model *m, const struct row *r, const struct small *s, struct area a)
{
	struct series series = { r->hist, s->metric };
	struct graph g = { .fn = series_span, .arg = &series, .until_s = ui_until_s(m),
		.window_s = m->ui->window_s, .keep = &state_of(m)->keep[s->metric],
		.use_max = s->use_max, .threshold = NAN, .role = s->role,
		.cursor_s = m->ui->cursor_ms / 1000, .mark_s = r->host->restarted_ms / 1000 };
	struct area title = area_take_top(&a, 1);
	struct span span;
	bool has_any = series_span(&series, g.until_s - g.window_s + 1, g.window_s, &span);

	small_title(m, r, s, title, has_any, span.max);
	if (has_any)
		graph_draw(&g, a);
	else
		area_text(a, 0, a.h - 1, R_DIM, "no data");
}

/* As many as there is room for, in rows of the same height. */
static void
draw_smalls(struct model *m, const struct row *r, struct area a, struct hits *hits)
{
	int across = a.w >= 160 ? 4 : a.w >= 66 ? 3 : a.w >= 44 ? 2 : 1;
	int down = (NSMALLS + across - 1) / across, i, w, h, x, y;

	while (down > 1 && a.h / down < 3)
		down--;
	if (a.h / down >= 7)
		axis_draw(area_part(area_take_bottom(&a, 1), 0, 0, (a.w + 2) / across - 2, 1),
		    ui_until_s(m), m->ui->window_s);
	for (i = 0; i < NSMALLS && i < across * down; i++) {
		w = (a.w + 2) / across;
		x = i % across * w;
		y = i / across * a.h / down;
		h = (i / across + 1) * a.h / down - y;
		draw_small(m, r, &smalls[i], area_part(a, x, y, w - 2, h));
		hits_add(hits, HIT_TIME, area_part(a, x, y, w - 2, h), 0, 0);
	}
}

/* --- All fields ----------------------------------------------------------- */

#define FIELD_W	30

static unsigned
fields_of(const struct row *r)
{
	unsigned n = 0, i;

	for (i = 0; i < r->ncols; i++)
		n += r->raw[r->at[i]] != '\0';
	return n;
}

/* Column by column, those that have a value. */
static void
draw_raw(struct model *m, const struct row *r, struct area a)
{
	struct list_view *v = &m->ui->lists[LIST_FIELDS];
	unsigned across = a.w >= FIELD_W ? (unsigned)(a.w / FIELD_W) : 1, n = fields_of(r);
	unsigned down = (n + across - 1) / across, i, k;
	int x, y, name_w;

	v->page = a.h > 0 ? (unsigned)a.h : 0;
	if (v->top + v->page > down)
		v->top = down > v->page ? down - v->page : 0;
	for (i = 0, k = 0; i < r->ncols; i++) {
		if (r->raw[r->at[i]] == '\0')
			continue;
		x = (int)(k / down) * (a.w / (int)across);
		y = (int)(k % down) - (int)v->top;
		k++;
		if (y < 0 || y >= a.h)
			continue;
		name_w = area_cut(a, x, y, 14, R_DIM, r->host->columns[i]) - x;
		area_cut(a, x + 15, y, a.w / (int)across - 16, R_FG, r->raw + r->at[i]);
		(void)name_w;
	}
}

static bool
raw_act(struct model *m, enum act act)
{
	struct list_view *v = &m->ui->lists[LIST_FIELDS];
	unsigned page = v->page > 1 ? v->page - 1 : 1;

	switch (act) {
	case ACT_UP: v->top -= v->top > 0; break;
	case ACT_DOWN: v->top++; break;
	case ACT_PAGE_UP: v->top = v->top > page ? v->top - page : 0; break;
	case ACT_PAGE_DOWN: v->top += page; break;
	case ACT_FIRST: v->top = 0; break;
	case ACT_LAST: v->top = UINT16_MAX; break;
	default: return false;
	}
	return true;
}

/* --- The screen ----------------------------------------------------------- */

static struct area
draw_frame(const struct model *m, const struct row *r, struct area a)
{
	char title[160], right[64], window[16];

	snprintf(title, sizeof(title), "%s %s%s%s", r->type == ROW_SERVER ? "Server" :
	    r->type == ROW_BACKEND ? "Backend" : "Frontend", r->px, r->type == ROW_SERVER ? "/" :
	    "", r->type == ROW_SERVER ? r->sv : "");
	num_window(m->ui->window_s, window, sizeof(window));
	snprintf(right, sizeof(right), "%s  %s", state_of(m)->is_raw ? "all fields" :
	    quality_name(host_quality(r->host)), window);
	return pane_frame(a, title, right, true);
}

static void
server_draw(struct model *m, struct area a, struct hits *hits)
{
	const struct row *r = row_in_view(m);

	if (r == NULL && m->ui->px[0] == '\0') {
		area_text(a, 1, 1, R_DIM, "no server is chosen: Enter in Servers (2) opens one");
		return;
	}
	if (r == NULL) {
		area_fmt(a, 1, 1, R_WARN, "%s%s%s is gone; Esc leads back", m->ui->px,
		    m->ui->sv[0] != '\0' ? "/" : "", m->ui->sv);
		return;
	}
	a = draw_frame(m, r, a);
	draw_what(m, r, area_take_top(&a, 1));
	if (state_of(m)->is_raw) {
		draw_raw(m, r, area_part(a, 0, 1, a.w, a.h - 1));
		return;
	}
	if (r->type == ROW_SERVER)
		draw_checks(m, r, area_take_top(&a, 1));
	if (r->type != ROW_FRONTEND)
		draw_phases(r, area_take_top(&a, 1));
	draw_conns(m, r, area_take_top(&a, 1));
	draw_totals(m, r, area_take_top(&a, 1));
	if (a.h > 12)
		area_take_top(&a, 1);
	draw_smalls(m, r, a, hits);
}

static bool
server_act(struct model *m, enum act act, const struct key *k)
{
	const struct row *r = row_in_view(m);

	(void)k;
	switch (act) {
	case ACT_RAW:
		state_of(m)->is_raw = !state_of(m)->is_raw;
		break;
	case ACT_DRAIN: case ACT_MAINT: case ACT_READY: case ACT_WEIGHT: case ACT_KILL:
	case ACT_WEIGHT_FULL: case ACT_WEIGHT_DOWN_10: case ACT_WEIGHT_DOWN:
	case ACT_WEIGHT_UP: case ACT_WEIGHT_UP_10:
		row_action(m, r, act);
		break;
	case ACT_COPY:
		snprintf(m->ui->copy, sizeof(m->ui->copy), "%s/%s", m->ui->px, m->ui->sv);
		m->ui->wishes |= WISH_COPY;
		break;
	default:
		return state_of(m)->is_raw && raw_act(m, act);
	}
	return true;
}

static void
server_wants(const struct model *m, struct wants *w)
{
	const struct row *r = row_in_view(m);

	if (r == NULL || r->host->kind != HOST_WEIR)
		return;
	want_history(w, r->host, r->px, r->type == ROW_BACKEND ? "" : r->sv);
	if (r->type != ROW_FRONTEND && r->host->level >= LEVEL_OPERATOR)
		want_answer(w, r->host, 10, "show stickiness %s max 1000", r->px);
}

const struct screen screen_server = {
	.name = "server", .panes = 1, .state_size = sizeof(struct server_state),
	.wants = server_wants, .draw = server_draw, .act = server_act,
};
