/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms: all of them with their states over time; of the chosen one its metric
 * with the threshold, why it is in its state, what it did, and what another
 * threshold would have done. "idle" stands where a metric without requests has
 * no data: nothing is wrong then.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/alarm_columns.h"
#include "tui/graph.h"
#include "tui/objects.h"
#include "tui/overlay.h"
#include "tui/pane.h"
#include "tui/points.h"
#include "tui/rows.h"
#include "tui/scale.h"

enum detail { DETAIL_HISTORY, DETAIL_EXPLAIN, DETAIL_TRY, DETAIL_COUNT };

struct alarms_state {
	struct objects list;
	struct points points;
	enum detail detail;
	bool	 is_typing;		/* a threshold to try */
	struct edit edit;
	char	 tried[64];
	double	 top;
};

static struct alarms_state *
state_of(const struct model *m)
{
	return screen_state(m, &screen_alarms);
}

static void
state_fini(void *state)
{
	struct alarms_state *s = state;

	objects_fini(&s->list);
	points_fini(&s->points);
}

/* --- The list ------------------------------------------------------------ */

static bool
is_wanted(const struct model *m, const struct object *o, const void *arg)
{
	(void)arg;
	if (m->ui->faults_only && alarm_state(o) != ST_CRIT)
		return false;
	return object_is_found(m, o);
}

static struct table
table_of(struct model *m)
{
	struct alarms_state *s = state_of(m);
	struct table t = { .list = LIST_ALARMS, .columns = alarm_columns,
		.ncolumns = alarm_ncolumns, .key = object_key,
		.state = alarm_state, .empty = m->ui->faults_only ? "no alarm is in ALARM" :
		    objects_none(m, "only weir has alarms",
		    "no alarm is configured: section alarm, weir.cfg(5)") };
	struct list_view *v = &m->ui->lists[LIST_ALARMS];

	objects_of(m, KIND_ALARM, is_wanted, NULL, &s->list);
	t.rows = s->list.rows;
	t.nrows = s->list.n;
	v->column_set = m->nhosts > 1;
	if (v->sort < 0)
		v->sort = ALARM_STATE;
	table_sort(m, &t);
	return t;
}

/* --- What is wanted ------------------------------------------------------ */

/* `show metric` of the chosen alarm; false: it has no single metric. */
static bool
metric_command(const struct model *m, const struct object *o, char *buf, size_t size)
{
	char cmd[300], name[256], ns[96], dims[160];
	const char *metric = object_get(o, "metric");
	const struct answer *a;
	struct str rest, d;
	size_t n;

	word_quote(object_get(o, "name"), name, sizeof(name));
	snprintf(cmd, sizeof(cmd), "show alarm %s", name);
	a = host_answer(o->host, cmd);
	answer_field(a, "namespace", ns, sizeof(ns));
	answer_field(a, "dimensions", dims, sizeof(dims));
	if (metric[0] == '\0' || ns[0] == '\0')
		return false;
	n = (size_t)snprintf(buf, size, "show metric %s namespace %s", metric, ns);
	rest = str_of(dims);
	while (str_next_elem(&rest, ',', &d) && n < size)
		n += (size_t)snprintf(buf + n, size - n, " dimension " STR_FMT, STR_ARG(d));
	if (n < size)
		snprintf(buf + n, size - n, " stat %s period %ss from -%us",
		    object_get(o, "stat"), object_get(o, "period_s"), m->ui->window_s + 300);
	return true;
}

static void
try_command(const struct model *m, const struct object *o, char *buf, size_t size)
{
	char name[256];

	word_quote(object_get(o, "name"), name, sizeof(name));
	snprintf(buf, size, "alarm test %s from -%us with threshold=%s", name,
	    m->ui->window_s, state_of(m)->tried);
}

static void
alarms_wants(const struct model *m, struct wants *w)
{
	struct table t = table_of((struct model *)m);
	const struct object *o = table_current(m, &t);
	char name[256], metric[400];
	unsigned i;

	for (i = 0; i < m->nhosts; i++)
		if (m->hosts[i]->kind == HOST_WEIR)
			want_stream(w, m->hosts[i], "subscribe events since 0");
	if (o == NULL)
		return;
	word_quote(object_get(o, "name"), name, sizeof(name));
	want_answer(w, o->host, 5, "show alarm %s", name);
	want_answer(w, o->host, 5, "show alarm %s explain", name);
	want_answer(w, o->host, 5, "show alarm %s history max 30", name);
	if (metric_command(m, o, metric, sizeof(metric)))
		want_answer(w, o->host, 5, "%s", metric);
	if (state_of(m)->detail == DETAIL_TRY && !state_of(m)->is_typing) {
		try_command(m, o, metric, sizeof(metric));
		want_answer(w, o->host, 0, "%s", metric);
	}
}

/* --- Graph --------------------------------------------------------------- */

#define LABEL	8

static void
value_text(const void *alarm, double v, char *buf, size_t size)
{
	alarm_value(alarm, v, buf, size);
}

/* The metric, or of an expression the points it was last judged by. */
static const struct sheet *
sheet_of(const struct model *m, const struct object *o, const char **ret_column)
{
	char cmd[400], name[256];
	const struct answer *a;

	if (metric_command(m, o, cmd, sizeof(cmd))) {
		*ret_column = object_get(o, "stat");
		a = host_answer(o->host, cmd);
		return a != NULL ? &a->sheet : NULL;
	}
	word_quote(object_get(o, "name"), name, sizeof(name));
	snprintf(cmd, sizeof(cmd), "show alarm %s explain", name);
	*ret_column = "value";
	a = host_answer(o->host, cmd);
	return a != NULL ? &a->sheet : NULL;
}

static void
draw_graph(struct model *m, const struct object *o, struct area a)
{
	struct alarms_state *s = state_of(m);
	struct area plot = area_part(a, LABEL, 0, a.w - LABEL, a.h - 1);
	const char *column;
	const struct sheet *sheet = sheet_of(m, o, &column);
	struct graph g = { .fn = points_span, .arg = &s->points, .until_s = ui_until_s(m),
		.window_s = m->ui->window_s, .use_max = true, .role = R_GRAPH,
		.threshold = object_num(o, "threshold"), .keep = &s->top,
		.cursor_s = m->ui->cursor_ms / 1000 };
	double hi;

	if (sheet == NULL || sheet->nrows == 0) {
		area_text(a, 2, a.h / 2, R_DIM, "no points in this time");
		return;
	}
	points_read(&s->points, sheet, "time", column, object_num(o, "period_s"),
	    host_skew_s(o->host));
	hi = graph_draw(&g, plot);
	if (s->tried[0] != '\0' && s->detail == DETAIL_TRY) {
		g.threshold = strtod(s->tried, NULL);
		g.is_line = true;
		g.keep = NULL;
		g.hi = hi;
		graph_draw(&g, plot);
	}
	scale_draw(&g, area_part(a, 0, 0, LABEL, plot.h), plot, hi, value_text, o);
	axis_draw(area_part(a, LABEL, a.h - 1, a.w - LABEL, 1), g.until_s, g.window_s);
}

/* --- Detail -------------------------------------------------------------- */

static const struct answer *
answer_of(const struct object *o, const char *more)
{
	char cmd[400], name[256];

	word_quote(object_get(o, "name"), name, sizeof(name));
	snprintf(cmd, sizeof(cmd), "show alarm %s%s", name, more);
	return host_answer(o->host, cmd);
}

/* hh:mm:ss of an ISO time. */
static int
put_time(struct area a, int y, const char *iso)
{
	const char *t = strchr(iso, 'T');

	return area_fmt(a, 0, y, R_DIM, "%.8s", t != NULL ? t + 1 : iso) + 1;
}

static int
history_role(const char *type, const char *summary)
{
	if (strcmp(type, "StateUpdate") != 0)
		return strncmp(summary, "Failed", 6) == 0 ? R_CRIT : R_FG;
	return strstr(summary, "to ALARM") != NULL ? R_CRIT :
	    strstr(summary, "to OK") != NULL ? R_GOOD : R_UNKNOWN;
}

static void
draw_history(const struct object *o, struct area a)
{
	const struct answer *h = answer_of(o, " history max 30");
	const char *summary;
	unsigned i;
	int x;

	if (h == NULL)
		return;
	for (i = 0; i < h->sheet.nrows && (int)i < a.h; i++) {
		x = put_time(a, (int)i, sheet_get(&h->sheet, i, "time"));
		summary = sheet_get(&h->sheet, i, "summary");
		area_cut(a, x, (int)i, a.w - x,
		    history_role(sheet_get(&h->sheet, i, "type"), summary), summary);
	}
}

/* What the appliance put beside its rows, each line without its sign. The row behind. */
static int
draw_notes(struct area a, int y, int role, const char *notes)
{
	char line[400];
	size_t len;

	for (; notes != NULL && *notes != '\0' && y < a.h; notes += len + (notes[len] == '\n')) {
		len = strcspn(notes, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, notes);
		y += area_wrap(area_part(a, 0, y, a.w, a.h - y), 0, role, line + (line[0] == '#'));
	}
	return y;
}

static void
draw_explain(const struct object *o, struct area a)
{
	const struct answer *e = answer_of(o, " explain");
	const char *counts;
	unsigned i;
	int x, y = 0;
	char v[32];

	if (e == NULL)
		return;
	y = draw_notes(a, 0, R_FG, e->sheet.notes);
	for (i = 0; i < e->sheet.nrows && y < a.h; i++, y++) {
		counts = sheet_get(&e->sheet, i, "counts_as");
		x = put_time(a, y, sheet_get(&e->sheet, i, "time"));
		alarm_value(o, sheet_num(&e->sheet, i, "value"), v, sizeof(v));
		area_right(a, x, y, 9, R_FG, v);
		area_text(a, x + 11, y, strcmp(counts, "breaching") == 0 ? R_CRIT :
		    strcmp(counts, "missing") == 0 ? R_UNKNOWN : R_GOOD, counts);
	}
}

static void
draw_try(const struct model *m, const struct object *o, struct area a)
{
	struct alarms_state *s = state_of(m);
	char cmd[400];
	const struct answer *t;
	unsigned i;
	int x, y = 1;

	x = area_text(a, 0, 0, R_KEY, "threshold ");
	if (s->is_typing) {
		edit_draw(a, x, 0, a.w - x, &s->edit);
		return;
	}
	area_text(a, x, 0, R_FG, s->tried);
	try_command(m, o, cmd, sizeof(cmd));
	t = host_answer(o->host, cmd);
	if (t == NULL)
		return;
	if (t->sheet.nrows == 0 && t->sheet.notes == NULL)
		area_wrap(area_part(a, 0, 1, a.w, a.h - 1), 0, R_CRIT, t->text);
	y = draw_notes(a, y, R_TITLE, t->sheet.notes);
	for (i = 0; i < t->sheet.nrows && y < a.h; i++, y++) {
		x = put_time(a, y, sheet_get(&t->sheet, i, "time"));
		x = area_text(a, x, y, R_DIM, sheet_get(&t->sheet, i, "from"));
		area_rune(a, x + 1, y, R_DIM, 0x2192);
		area_text(a, x + 3, y, history_role("StateUpdate", strcmp(sheet_get(&t->sheet, i,
		    "to"), "ALARM") == 0 ? "to ALARM" : "to OK"), sheet_get(&t->sheet, i, "to"));
	}
}

/* Why it is so, in the appliance's words. */
static int
draw_reason(const struct object *o, struct area a)
{
	const struct answer *f = answer_of(o, "");
	char reason[600], comment[200];
	int y;

	answer_field(f, "reason", reason, sizeof(reason));
	answer_field(f, "ack_comment", comment, sizeof(comment));
	y = area_wrap(a, 0, R_DIM, reason);
	if (comment[0] != '\0')
		area_cut(a, 0, y++, a.w, R_ACCENT, comment);
	return y;
}

static void
draw_detail(struct model *m, const struct object *o, struct area a)
{
	int y = a.h >= 6 ? draw_reason(o, area_part(a, 0, 0, a.w, a.h / 3)) : 0;

	a = area_part(a, 0, y, a.w, a.h - y);
	switch (state_of(m)->detail) {
	case DETAIL_HISTORY: draw_history(o, a); break;
	case DETAIL_EXPLAIN: draw_explain(o, a); break;
	case DETAIL_TRY: draw_try(m, o, a); break;
	case DETAIL_COUNT: break;
	}
}

/* --- The screen ---------------------------------------------------------- */

static void
graph_title(const struct object *o, char *buf, size_t size)
{
	char threshold[48];

	alarm_threshold(NULL, o, threshold, sizeof(threshold));
	snprintf(buf, size, "%s: %s %s %s", object_get(o, "name"), object_get(o, "stat"),
	    object_get(o, "metric"), threshold);
}

static void
draw_chosen(struct model *m, const struct object *o, struct area a, struct hits *hits)
{
	static const char *const names[DETAIL_COUNT] = { "Why, and what happened",
		"Why: its points",		"Another threshold" };
	bool wide = a.w >= 100;
	struct area left = wide ? area_take_left(&a, a.w * 6 / 10) :
	    area_take_top(&a, a.h * 6 / 10);
	char title[300];

	graph_title(o, title, sizeof(title));
	left = pane_frame(left, title, NULL, false);
	draw_graph(m, o, left);
	hits_add(hits, HIT_TIME, area_part(left, LABEL, 0, left.w - LABEL, left.h), 0, 0);
	draw_detail(m, o, pane_frame(a, names[state_of(m)->detail], "x explain  T try", false));
}

static void
alarms_draw(struct model *m, struct area a, struct hits *hits)
{
	struct table t = table_of(m);
	const struct object *o = table_current(m, &t);
	int edge = a.w >= 100 ? 3 : 2, rows = (int)t.nrows + edge;
	struct totals sum;
	char right[96];

	model_totals(m, m->ui->only, &sum);
	snprintf(right, sizeof(right), "%u ALARM  %u no data  %u OK  %u idle", sum.alarms,
	    sum.insufficient, sum.alarms_ok, sum.idle);
	if (rows > a.h / 2 || o == NULL)
		rows = o == NULL ? a.h : a.h / 2;
	if (rows < edge + 3)
		rows = edge + 3;
	if (m->ui->is_zoomed)
		rows = a.h;
	table_draw(m, &t, pane_frame(area_take_top(&a, rows), "Alarms", right, true), true, hits);
	if (o != NULL && a.h > 4)
		draw_chosen(m, o, a, hits);
}

/* --- Keys ---------------------------------------------------------------- */

static void
ask(struct model *m, const struct object *o, enum action_kind kind, const char *argument,
    const char *prompt, const char *value)
{
	struct plan p;

	plan_init(&p, kind, argument);
	plan_target(&p, o->host, object_get(o, "name"), "");
	if (prompt != NULL)
		input_open(m, &p, prompt, value);
	else
		confirm_open(m, &p);
}

static void
begin_try(struct model *m, const struct object *o)
{
	struct alarms_state *s = state_of(m);

	s->detail = DETAIL_TRY;
	s->is_typing = true;
	edit_set(&s->edit, object_get(o, "threshold"));
}

static bool
act_on_chosen(struct model *m, enum act act, const struct object *o)
{
	switch (act) {
	case ACT_ACK:
		ask(m, o, object_get(o, "acked_by")[0] != '\0' ? DO_UNACK : DO_ACK, "", NULL, NULL);
		break;
	case ACT_SILENCE:
		ask(m, o, DO_SILENCE, "", "silence for", "10m");
		break;
	case ACT_SET_STATE:
		ask(m, o, DO_SET_STATE, "", "state, then the reason", "OK set by hand");
		break;
	case ACT_ENABLE:
		ask(m, o, strcmp(object_get(o, "enabled"), "1") == 0 ? DO_ALARM_DISABLE :
		    DO_ALARM_ENABLE, "", NULL, NULL);
		break;
	case ACT_TRY: begin_try(m, o); break;
	default: return false;
	}
	return true;
}

static bool
alarms_act(struct model *m, enum act act, const struct key *k)
{
	struct alarms_state *s = state_of(m);
	struct table t = table_of(m);
	const struct object *o = table_current(m, &t);

	(void)k;
	if (act == ACT_EXPLAIN || act == ACT_OPEN) {
		s->detail = s->detail == DETAIL_EXPLAIN ? DETAIL_HISTORY : DETAIL_EXPLAIN;
		return true;
	}
	if (act == ACT_BACK && s->detail != DETAIL_HISTORY) {
		s->detail = DETAIL_HISTORY;
		return true;
	}
	return table_act(m, &t, act) || (o != NULL && act_on_chosen(m, act, o));
}

/* While a threshold is typed all keys are the line's. */
static bool
alarms_key(struct model *m, const struct key *k)
{
	struct alarms_state *s = state_of(m);

	if (!s->is_typing)
		return false;
	if (k->code == K_ESC) {
		s->is_typing = false;
		s->detail = DETAIL_HISTORY;
		return true;
	}
	if (k->code != K_ENTER)
		return edit_takes(&s->edit, k);
	if (edit_is_argument(m, &s->edit)) {
		s->is_typing = false;
		snprintf(s->tried, sizeof(s->tried), "%.60s", s->edit.text);
	}
	return true;
}

const struct screen screen_alarms = {
	.name = "alarms", .title = "Alarms", .tab = '4', .panes = 1,
	.state_size = sizeof(struct alarms_state), .state_fini = state_fini,
	.wants = alarms_wants, .draw = alarms_draw, .act = alarms_act, .key = alarms_key,
};
