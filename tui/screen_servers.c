/* SPDX-License-Identifier: BSD-2-Clause */
/* Proxies and their servers as a tree, with all columns in sets. */
#include <stdio.h>
#include <string.h>

#include "base/out.h"
#include "tui/columns.h"
#include "tui/lists.h"
#include "tui/pane.h"
#include "tui/row_acts.h"

static struct table
servers_table(const struct model *m, struct list *l)
{
	struct table t = { .list = LIST_TREE, .columns = row_columns, .ncolumns = nrow_columns,
		.key = row_key, .state = row_state, .is_marked = row_is_marked,
		.indent = tree_indent, .fold = tree_fold };

	t.ncolumns -= m->nhosts < 2;
	t.empty = m->ui->filter != NULL ? "the filter finds none" :
	    m->ui->faults_only ? "no faults" : "nothing yet";
	list_tree(m, &t, l);
	return t;
}

/* --- Drawing -------------------------------------------------------------- */

static unsigned
marked(const struct model *m)
{
	unsigned n = 0, i, k;

	for (i = 0; i < m->nhosts; i++)
		for (k = 0; k < m->hosts[i]->nrows; k++)
			n += m->hosts[i]->rows[k]->mark != 0;
	return n;
}

/* All sets of columns, the one that is shown stands out. */
static void
draw_sets(const struct model *m, struct area a)
{
	unsigned i, now = m->ui->lists[LIST_TREE].column_set;
	int x = 1, x0;

	x = area_text(a, x, 0, R_KEY, "C") + 1;
	for (i = 0; row_sets[i] != NULL && x < a.w; i++) {
		x0 = x;
		x = area_text(a, x + 1, 0, i == now ? R_FOCUS : R_DIM, row_sets[i]) + 1;
		if (i == now)
			area_attr(a, x0, 0, x - x0, AT_REVERSE);
	}
}

static void
title_words(const struct model *m, const struct table *t, char *buf, size_t size)
{
	char by[48];
	unsigned n = marked(m);
	size_t len = 0;

	table_sorted_by(m, t, by, sizeof(by));
	if (n > 0)
		len = (size_t)snprintf(buf, size, "%u marked  ", n);
	if (m->ui->filter_text[0] != '\0')
		len += (size_t)snprintf(buf + len, size - len, "/%.60s  ", m->ui->filter_text);
	snprintf(buf + len, size - len, "%ssort:%s  %u of %u", m->ui->faults_only ?
	    "faults only  " : "", by[0] != '\0' ? by : "health", t->nrows, list_tree_size(m));
}

static void
servers_draw(struct model *m, struct area a, struct hits *hits)
{
	struct list l = { 0 };
	struct table t = servers_table(m, &l);
	char words[160];

	title_words(m, &t, words, sizeof(words));
	a = pane_frame(a, "Servers", words, true);
	if (a.h >= 8)
		draw_sets(m, area_take_top(&a, 1));
	table_draw(m, &t, a, true, hits);
	list_fini(&l);
}

/* --- Keys ----------------------------------------------------------------- */

/* A server's own branch is meant when the cursor is on the server. */
static void
fold(struct model *m, struct table *t)
{
	const struct row *r = table_current(m, t);
	unsigned i;

	if (r == NULL || r->type == ROW_FRONTEND)
		return;
	if (r->type == ROW_SERVER) {
		r = host_row(r->host, r->px, "BACKEND");
		for (i = 0; i < t->nrows; i++)
			if (t->rows[i] == r)
				table_go(m, t, i);
	}
	if (r != NULL)
		tree_toggle(m, r);
}

static bool
servers_act(struct model *m, enum act act, const struct key *k)
{
	struct list l = { 0 };
	struct table t = servers_table(m, &l);
	bool done = true;

	(void)k;
	if (act == ACT_FOLD)
		fold(m, &t);
	else
		done = rows_act(m, &t, act);
	list_fini(&l);
	return done;
}

/* --- Export --------------------------------------------------------------- */

static void
put_row(const struct model *m, const struct row *r, struct outbuf *b)
{
	char buf[256];
	unsigned i;

	outbuf_csv(b, r->host->name);
	outbuf_z(b, ",");
	outbuf_csv(b, r->px);
	for (i = 0; i < nrow_columns - 1; i++) {
		if (row_columns[i].text == NULL)
			continue;
		outbuf_z(b, ",");
		buf[0] = '\0';
		if (row_columns[i].number == NULL)
			row_columns[i].text(m, r, buf, sizeof(buf));
		else if (!isnan(row_value(m, r, (int)i)))
			snprintf(buf, sizeof(buf), "%.10g", row_value(m, r, (int)i));
		outbuf_csv(b, buf);
	}
	outbuf_z(b, "\n");
}

static void
servers_export(const struct model *m, struct outbuf *b)
{
	struct list l = { 0 };
	struct table t = servers_table(m, &l);
	unsigned i;

	outbuf_z(b, "#host,proxy");
	for (i = 0; i < nrow_columns - 1; i++)
		if (row_columns[i].text != NULL)
			outbuf_fmt(b, ",%s", row_columns[i].name);
	outbuf_z(b, "\n");
	for (i = 0; i < t.nrows; i++)
		put_row(m, t.rows[i], b);
	list_fini(&l);
}

static void
servers_wants(const struct model *m, struct wants *w)
{
	const struct list_view *v = &m->ui->lists[LIST_TREE];
	struct list l = { 0 };

	servers_table(m, &l);
	rows_want(&l, v->top, v->page, w);
	list_fini(&l);
}

const struct screen screen_servers = {
	.name = "servers", .title = "Servers", .tab = '2', .panes = 1,
	.state_size = sizeof(struct tree_state), .state_fini = tree_state_fini,
	.wants = servers_wants, .draw = servers_draw, .act = servers_act, .export = servers_export,
};
