/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Simulation: `policy test` twice, as the policy is and with the values that were
 * typed; both sizes over time, the changes, the totals.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/overlay.h"
#include "tui/scaling.h"

/* Recorded metrics are looked at for at least an hour. */
static unsigned
window_of(const struct model *m)
{
	return m->ui->window_s < 3600 ? 3600 : m->ui->window_s;
}

static void
command(const struct model *m, bool is_tried, char *buf, size_t size)
{
	const struct scaling_state *s = scaling_state(m);

	snprintf(buf, size, "policy test %s from -%us%s%s", s->policy, window_of(m),
	    is_tried && s->with[0] != '\0' ? " with " : "", is_tried ? s->with : "");
}

void
scaling_try_begin(struct model *m)
{
	struct scaling_state *s = scaling_state(m);
	const struct object *p = scaling_policy(m);
	char group[256], name[256];

	if (p == NULL) {
		ui_say(m, R_WARN, "the group has no policy");
		return;
	}
	word_quote(object_get(p, "group"), group, sizeof(group));
	word_quote(object_get(p, "name"), name, sizeof(name));
	snprintf(s->policy, sizeof(s->policy), "%.250s/%.250s", group, name);
	s->host = p->host;
	s->is_trying = s->is_typing = true;
	edit_set(&s->edit, s->with);
}

void
scaling_try_wants(struct model *m, struct wants *w)
{
	struct scaling_state *s = scaling_state(m);
	char cmd[900];

	if (!s->is_trying)
		return;
	command(m, false, cmd, sizeof(cmd));
	want_answer(w, s->host, 0, "%s", cmd);
	if (s->with[0] != '\0' && !s->is_typing) {
		command(m, true, cmd, sizeof(cmd));
		want_answer(w, s->host, 0, "%s", cmd);
	}
}

/* --- Drawing ---------------------------------------------------------------------------------- */

static const struct answer *
answer_of(const struct model *m, bool is_tried)
{
	char cmd[900];

	command(m, is_tried, cmd, sizeof(cmd));
	return host_answer(scaling_state(m)->host, cmd);
}

/* Sizes as steps: from the first change's size on, each change, until now. */
static void
sizes_of(struct points *p, const struct sheet *s, int64_t until_s, unsigned window_s)
{
	double t0 = (double)until_s - window_s, v0 = sheet_num(s, 0, "from");
	unsigned i;

	points_read(p, s, "time", "to", 0);
	p->is_step = true;
	if (p->n == 0)
		return;
	p->t = xrealloc(p->t, (p->n + 1) * sizeof(*p->t));
	p->v = xrealloc(p->v, (p->n + 1) * sizeof(*p->v));
	for (i = p->n; i > 0; i--) {
		p->t[i] = p->t[i - 1];
		p->v[i] = p->v[i - 1];
	}
	p->t[0] = t0;
	p->v[0] = v0;
	p->n++;
}

/* `desired=3` of the totals: the size when nothing changed. */
static void
flat_size(struct points *p, const struct answer *a, int64_t until_s, unsigned window_s)
{
	const char *d = a->sheet.notes != NULL ? strstr(a->sheet.notes, "desired=") : NULL;

	if (p->n > 0 || d == NULL)
		return;
	p->t[0] = (double)until_s - window_s;
	p->v[0] = strtod(d + 8, NULL);
	p->n = 1;
}

static void
draw_sizes(struct model *m, const struct answer *now, const struct answer *tried, struct area a)
{
	struct scaling_state *s = scaling_state(m);
	struct area plot = area_part(a, 5, 0, a.w - 5, a.h - 1);
	struct graph g = { .fn = points_span, .until_s = ui_until_s(m), .window_s = window_of(m),
		.threshold = NAN, .use_max = true, .role = R_GRAPH };
	double hi = 0;
	char text[16];
	int y;

	sizes_of(&s->now, &now->sheet, g.until_s, g.window_s);
	flat_size(&s->now, now, g.until_s, g.window_s);
	g.arg = &s->now;
	hi = graph_draw(&g, plot);
	if (tried != NULL) {
		sizes_of(&s->tried, &tried->sheet, g.until_s, g.window_s);
		flat_size(&s->tried, tried, g.until_s, g.window_s);
		g.arg = &s->tried;
		g.is_line = true;
		g.role = R_WARN;
		g.hi = hi;
		graph_draw(&g, plot);
	}
	for (y = 0; y < plot.h; y += plot.h > 4 ? plot.h - 1 : 1) {
		snprintf(text, sizeof(text), "%.3g", graph_value(&g, plot, hi, y));
		area_right(a, 0, y, 4, R_DIM, text);
	}
	axis_draw(area_part(a, 5, a.h - 1, a.w - 5, 1), g.until_s, g.window_s);
}

/* The totals line of an answer, without its sign. */
static void
draw_totals(const struct answer *t, const char *name, int role, struct area a, int y)
{
	const char *total = t->sheet.notes != NULL ? strstr(t->sheet.notes, "total ") : NULL;
	int x = area_text(a, 0, y, role, name);

	if (total != NULL)
		area_fmt(a, x + 1, y, R_FG, "%.*s", (int)strcspn(total + 6, "\n"), total + 6);
	else
		area_fmt(a, x + 1, y, R_CRIT, "%.*s", (int)strcspn(t->text, "\n"), t->text);
}

static void
draw_changes(const struct answer *t, struct area a)
{
	const struct sheet *s = &t->sheet;
	const char *result, *time;
	unsigned i;
	int x;

	for (i = 0; i < s->nrows && (int)i < a.h; i++) {
		result = sheet_get(s, i, "result");
		time = strchr(sheet_get(s, i, "time"), 'T');
		x = area_fmt(a, 0, (int)i, R_DIM, "%.8s", time != NULL ? time + 1 : "");
		x = area_fmt(a, x + 1, (int)i, R_FG, "%s", sheet_get(s, i, "from"));
		area_rune(a, x, (int)i, R_DIM, 0x2192);
		x = area_text(a, x + 1, (int)i, R_FG, sheet_get(s, i, "to"));
		x = area_text(a, x + 1, (int)i, strcmp(result, "done") == 0 ? R_GOOD : R_WARN, result);
		area_cut(a, x + 1, (int)i, a.w - x - 1, R_DIM, sheet_get(s, i, "reason"));
	}
}

static void
draw_with(const struct scaling_state *s, struct area a)
{
	int x = area_fmt(a, 0, 0, R_TITLE, "%s", s->policy);

	x = area_text(a, x + 1, 0, R_KEY, "with ");
	if (s->is_typing) {
		a.g->cursor_x = a.x + x + (int)s->edit.at;
		a.g->cursor_y = a.y;
		if (s->edit.len == 0)
			area_text(a, x + 1, 0, R_DIM,
			    "ALARM.threshold=1.5 POLICY.adjustment=2 cooldown=60s min=1 max=8");
		area_text(a, x, 0, R_FG, s->edit.text);
	} else
		area_text(a, x, 0, R_FG, s->with[0] != '\0' ? s->with : "nothing changed");
}

void
scaling_try_draw(struct model *m, struct area a)
{
	struct scaling_state *s = scaling_state(m);
	const struct answer *now = answer_of(m, false);
	const struct answer *tried = s->with[0] != '\0' && !s->is_typing ? answer_of(m, true) : NULL;

	draw_with(s, area_take_top(&a, 1));
	if (now == NULL) {
		area_text(a, 0, 0, R_DIM, "...");
		return;
	}
	draw_totals(now, "as it is", R_INFO, area_take_top(&a, 1), 0);
	if (tried != NULL)
		draw_totals(tried, "tried   ", R_WARN, area_take_top(&a, 1), 0);
	draw_sizes(m, now, tried, area_take_top(&a, a.h >= 8 ? a.h * 6 / 10 : a.h));
	draw_changes(tried != NULL ? tried : now, a);
}

/* While values are typed all keys are the line's. */
bool
scaling_try_key(struct model *m, const struct key *k)
{
	struct scaling_state *s = scaling_state(m);

	if (!s->is_typing)
		return false;
	if (k->code == K_ESC) {
		s->is_typing = s->is_trying = false;
	} else if (k->code == K_ENTER) {
		s->is_typing = false;
		snprintf(s->with, sizeof(s->with), "%.250s", s->edit.text);
	} else
		edit_key(&s->edit, k);
	return true;
}
