/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "tui/columns.h"
#include "tui/overlay.h"
#include "tui/row_acts.h"

/* --- What is in view ------------------------------------------------------ */

void
row_view(struct model *m, const struct row *r)
{
	struct ui *ui = m->ui;

	ui->px_host = r->host;
	snprintf(ui->px, sizeof(ui->px), "%s", r->px);
	snprintf(ui->sv, sizeof(ui->sv), "%s", r->type == ROW_BACKEND ? "" : r->sv);
}

static struct row *
row_of(const struct model *m, const struct host *h)
{
	const struct ui *ui = m->ui;
	struct row *r;

	if (ui->sv[0] != '\0')
		return host_row(h, ui->px, ui->sv);
	r = host_row(h, ui->px, "BACKEND");
	return r != NULL ? r : host_row(h, ui->px, "FRONTEND");
}

struct row *
row_in_view(const struct model *m)
{
	struct row *r = NULL;
	unsigned i;

	if (m->ui->px_host != NULL)
		return row_of(m, m->ui->px_host);
	for (i = 0; r == NULL && i < m->nhosts; i++)
		r = row_of(m, m->hosts[i]);
	return r;
}

/* --- Marks ---------------------------------------------------------------- */

/* The next serial number: marks are kept in the order they were made. */
static uint32_t
next_mark(const struct model *m)
{
	uint32_t most = 0;
	unsigned i, k;

	for (i = 0; i < m->nhosts; i++)
		for (k = 0; k < m->hosts[i]->nrows; k++)
			if (m->hosts[i]->rows[k]->mark > most)
				most = m->hosts[i]->rows[k]->mark;
	return most + 1;
}

/* Lists borrow rows; a mark is the user's. */
static struct row *
own_row(const struct row *r)
{
	return host_row(r->host, r->px, r->sv);
}

static void
mark_current(struct model *m, struct table *t)
{
	const struct row *r = table_current(m, t);

	if (r != NULL && r->type == ROW_SERVER)
		own_row(r)->mark = r->mark != 0 ? 0 : next_mark(m);
	table_act(m, t, ACT_DOWN);
}

static void
mark_all(struct model *m, const struct table *t)
{
	uint32_t mark = next_mark(m);
	const struct row *r;
	unsigned i;

	for (i = 0; i < t->nrows; i++) {
		r = t->rows[i];
		if (r->type == ROW_SERVER && r->mark == 0)
			own_row(r)->mark = mark++;
	}
}

static void
mark_none(struct model *m)
{
	unsigned i, k;

	for (i = 0; i < m->nhosts; i++)
		for (k = 0; k < m->hosts[i]->nrows; k++)
			m->hosts[i]->rows[k]->mark = 0;
}

/* --- Actions -------------------------------------------------------------- */

/* The marked servers in the order they were marked; how many. */
static unsigned
target_marked(const struct model *m, struct plan *p)
{
	uint32_t last = next_mark(m), mark;
	const struct row *r;
	unsigned n = 0, i, k;

	for (mark = 1; mark < last; mark++)
		for (i = 0; i < m->nhosts; i++)
			for (k = 0; k < m->hosts[i]->nrows; k++) {
				r = m->hosts[i]->rows[k];
				if (r->mark != mark)
					continue;
				plan_target(p, r->host, r->px, r->sv);
				n++;
			}
	return n;
}

/* hatop's steps; "100%" is what is configured. */
static const char *
weight_of_act(enum act act)
{
	switch (act) {
	case ACT_WEIGHT_FULL: return "100%";
	case ACT_WEIGHT_DOWN_10: return "-10";
	case ACT_WEIGHT_DOWN: return "-1";
	case ACT_WEIGHT_UP: return "+1";
	case ACT_WEIGHT_UP_10: return "+10";
	default: return "";
	}
}

void
row_action(struct model *m, const struct row *r, enum act act)
{
	struct plan p;
	char prompt[96], weight[16];
	unsigned n;

	plan_init(&p, action_of_act(act), weight_of_act(act));
	n = target_marked(m, &p);
	if (n == 0 && (r == NULL || r->type != ROW_SERVER)) {
		ui_say(m, R_WARN, "choose a server, or mark some with Space");
		plan_fini(&p);
		return;
	}
	if (n == 0)
		plan_target(&p, r->host, r->px, r->sv);
	if (act != ACT_WEIGHT) {
		confirm_open(m, &p);
		return;
	}
	if (n > 0)
		snprintf(prompt, sizeof(prompt), "weight of %u servers (50, 50%%, +10, -10)", n);
	else
		snprintf(prompt, sizeof(prompt), "weight of %.40s (50, 50%%, +10, -10)", r->sv);
	snprintf(weight, sizeof(weight), "%s", n > 0 ? "" : row_text(r, F_weight));
	input_open(m, &p, prompt, weight);
}

static void
copy_row(struct model *m, const struct row *r)
{
	snprintf(m->ui->copy, sizeof(m->ui->copy), "%s/%s", r->px, r->sv);
	m->ui->wishes |= WISH_COPY;
}

static bool
act_on_current(struct model *m, const struct row *r, enum act act)
{
	switch (act) {
	case ACT_OPEN:
		row_view(m, r);
		screen_open(m, &screen_server);
		break;
	case ACT_COPY:
		copy_row(m, r);
		break;
	default:
		return false;
	}
	return true;
}

/* The next row that the filter finds itself, not for the sake of its servers. */
static void
next_hit(struct model *m, const struct table *t, int step)
{
	int n = (int)t->nrows, i, at = 0;
	const void *now = table_current(m, t);

	for (i = 0; i < n; i++)
		if (t->rows[i] == now)
			at = i;
	for (i = 1; i <= n && m->ui->filter != NULL; i++)
		if (filter_match(m->ui->filter, row_field, t->rows[(at + i * step + i * n) % n])) {
			table_go(m, t, (unsigned)((at + i * step + i * n) % n));
			return;
		}
}

bool
rows_act(struct model *m, struct table *t, enum act act)
{
	const struct row *r = table_current(m, t);

	switch (act) {
	case ACT_MARK: mark_current(m, t); break;
	case ACT_MARK_ALL: mark_all(m, t); break;
	case ACT_MARK_NONE: mark_none(m); break;
	case ACT_NEXT_HIT: next_hit(m, t, 1); break;
	case ACT_PREV_HIT: next_hit(m, t, -1); break;
	case ACT_DRAIN: case ACT_MAINT: case ACT_READY: case ACT_WEIGHT: case ACT_KILL:
	case ACT_WEIGHT_FULL: case ACT_WEIGHT_DOWN_10: case ACT_WEIGHT_DOWN:
	case ACT_WEIGHT_UP: case ACT_WEIGHT_UP_10:
		row_action(m, r, act);
		break;
	default:
		return table_act(m, t, act) || (r != NULL && act_on_current(m, r, act));
	}
	return true;
}
