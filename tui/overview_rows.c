/* SPDX-License-Identifier: BSD-2-Clause */
/* Backends, the servers of the chosen one, or both as a tree. */
#include <stdio.h>
#include <string.h>

#include "tui/columns.h"
#include "tui/lists.h"
#include "tui/overview.h"
#include "tui/row_acts.h"

/* --- Tables --------------------------------------------------------------- */

static const struct row_pick backend_columns[] = {
	{ "name", "BACKEND", 0, 14 }, { "mode", NULL, 10, 0 }, { "algo", NULL, 11, 0 },
	{ "up/w", "UP", 1, 0 }, { "req_s", NULL, 1, 0 }, { "p50", NULL, 4, 0 },
	{ "p90", NULL, 7, 0 }, { "p99", NULL, 2, 0 }, { "5xx", NULL, 2, 0 }, { "4xx", NULL, 8, 0 },
	{ "queue", NULL, 3, 0 }, { "cur", NULL, 8, 0 }, { "in_s", NULL, 9, 0 },
	{ "out_s", NULL, 9, 0 }, { "last", NULL, 5, 14 }, { "host", NULL, 6, 0 },
	{ NULL, NULL, 0, 0 }
};

static const struct row_pick server_columns[] = {
	{ "name", "SERVER", 0, 10 }, { "addr", NULL, 5, 0 }, { "state", NULL, 1, 0 },
	{ "weight", NULL, 4, 0 }, { "req_s", NULL, 1, 0 }, { "p50", NULL, 10, 0 },
	{ "p99", NULL, 2, 0 }, { "5xx", NULL, 2, 0 }, { "queue", NULL, 9, 0 },
	{ "cur", NULL, 8, 0 }, { "check", NULL, 6, 0 }, { "changed", NULL, 3, 0 },
	{ "last", NULL, 7, 0 }, { NULL, NULL, 0, 0 }
};

static struct table
rows_table(enum list_id id, const struct column *columns, unsigned n, struct list *l)
{
	return (struct table){ .list = id, .columns = columns, .ncolumns = n, .rows = l->at,
		.nrows = l->n, .key = row_key, .state = row_state, .is_marked = row_is_marked };
}

static struct table
backends_table(const struct model *m, struct column *columns, struct list *l)
{
	unsigned n = row_columns_pick(backend_columns, columns);
	struct table t;

	list_backends(m, l);
	t = rows_table(LIST_BACKENDS, columns, m->nhosts > 1 ? n : n - 1, l);
	t.empty = m->ui->filter != NULL ? "the filter finds none" : "no backend";
	table_sort(m, &t);
	return t;
}

const struct row *
overview_backend(const struct model *m)
{
	struct column columns[PICK_MAX];
	struct list l = { 0 };
	struct table t = backends_table(m, columns, &l);
	const struct row *r = table_current(m, &t);

	list_fini(&l);
	return r;
}

static struct table
servers_table(const struct model *m, struct column *columns, struct list *l)
{
	const struct row *backend = overview_backend(m);
	unsigned n = row_columns_pick(server_columns, columns);
	struct table t;

	if (backend != NULL)
		list_servers(m, backend, l);
	t = rows_table(LIST_SERVERS, columns, n, l);
	t.hides_cursor = true;
	t.empty = backend == NULL ? NULL : m->ui->filter != NULL ? "the filter finds none" :
	    "no server";
	table_sort(m, &t);
	return t;
}

static struct table
tree_table(const struct model *m, struct list *l)
{
	struct table t = rows_table(LIST_TREE, row_columns, m->nhosts > 1 ? nrow_columns :
	    nrow_columns - 1, l);

	t.fold = tree_fold;
	t.indent = tree_indent;
	list_tree(m, &t, l);
	return t;
}

const struct row *
overview_branch(const struct model *m)
{
	struct list l = { 0 };
	struct table t = tree_table(m, &l);
	const struct row *r = table_current(m, &t);

	list_fini(&l);
	return r == NULL ? NULL : host_row(r->host, r->px, "BACKEND");
}

/* `/ filter  sort:health`, as it is. */
static void
list_words(const struct model *m, const struct table *t, char *buf, size_t size)
{
	char by[48];

	table_sorted_by(m, t, by, sizeof(by));
	snprintf(buf, size, "%s%.60s%s%ssort:%s", m->ui->filter_text[0] != '\0' ? "/" : "",
	    m->ui->filter_text, m->ui->filter_text[0] != '\0' ? "  " : "",
	    m->ui->faults_only ? "faults only  " : "", by[0] != '\0' ? by : "health");
}

/* --- Backends ------------------------------------------------------------- */

static void
backends_title(const struct model *m, char *left, char *right, size_t size)
{
	struct column columns[PICK_MAX];
	struct list l = { 0 };
	struct table t = backends_table(m, columns, &l);
	struct totals sum;

	model_totals(m, m->ui->only, &sum);
	snprintf(left, size, "Backends %u", sum.backends);
	if (sum.critical > 0)
		snprintf(left, size, "Backends %u, %u critical", sum.backends, sum.critical);
	else if (sum.degraded > 0)
		snprintf(left, size, "Backends %u, %u degraded", sum.backends, sum.degraded);
	list_words(m, &t, right, size);
	list_fini(&l);
}

static int
backends_rows(const struct model *m)
{
	struct list l = { 0 };
	int n;

	list_backends(m, &l);
	n = (int)l.n + 1;
	list_fini(&l);
	return n > 2 ? n : 2;
}

static void
backends_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	struct column columns[PICK_MAX];
	struct list l = { 0 };
	struct table t = backends_table(m, columns, &l);

	table_draw(m, &t, a, has_focus, hits);
	list_fini(&l);
}

static bool
backends_act(struct model *m, enum act act)
{
	struct column columns[PICK_MAX];
	struct list l = { 0 };
	struct table t = backends_table(m, columns, &l);
	bool done = rows_act(m, &t, act);
	const struct row *r = table_current(m, &t);

	if (done && r != NULL && act != ACT_OPEN)
		row_view(m, r);
	list_fini(&l);
	return done;
}

const struct pane overview_backends = {
	backends_title, backends_rows, backends_draw, backends_act
};

/* --- Servers -------------------------------------------------------------- */

/* `5 up  1 down`: each word that occurs, with how often. */
static void
count_states(const struct model *m, const struct row *backend, char *buf, size_t size)
{
	static const struct { enum state st; const char *word; } words[] = {
		{ ST_OK, "up" }, { ST_DEGRADED, "degraded" }, { ST_DRAIN, "drain" },
		{ ST_CRIT, "down" }, { ST_MAINT, "maint" }, { ST_UNKNOWN, "unknown" },
		{ ST_BUSY, "starting" }
	};
	unsigned count[ST_COUNT] = { 0 }, i;
	const struct row *s = NULL;
	size_t len = 0;

	(void)m;
	while ((s = host_next_server(backend->host, backend->px, s)) != NULL)
		count[s->state]++;
	for (i = 0; i < ST_COUNT && len < size; i++)
		if (count[words[i].st] > 0)
			len += (size_t)snprintf(buf + len, size - len, "%s%u %s",
			    len > 0 ? "  " : "", count[words[i].st], words[i].word);
}

static void
servers_title(const struct model *m, char *left, char *right, size_t size)
{
	const struct row *backend = overview_backend(m);

	snprintf(left, size, "Servers");
	if (backend == NULL)
		return;
	snprintf(left, size, "Servers of %.60s", backend->px);
	count_states(m, backend, right, size);
}

static int
servers_rows(const struct model *m)
{
	const struct row *backend = overview_backend(m);

	return backend == NULL ? 0 : backend->servers > 0 ? (int)backend->servers + 1 : 2;
}

static void
servers_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	struct column columns[PICK_MAX];
	struct list l = { 0 };
	struct table t = servers_table(m, columns, &l);

	table_draw(m, &t, a, has_focus, hits);
	list_fini(&l);
}

static bool
servers_act(struct model *m, enum act act)
{
	struct column columns[PICK_MAX];
	struct list l = { 0 };
	struct table t = servers_table(m, columns, &l);
	bool done = rows_act(m, &t, act);

	list_fini(&l);
	return done;
}

const struct pane overview_servers = { servers_title, servers_rows, servers_draw, servers_act };

/* --- Both as a tree ------------------------------------------------------- */

static void
tree_title(const struct model *m, char *left, char *right, size_t size)
{
	struct list l = { 0 };
	struct table t = tree_table(m, &l);
	char words[96];

	snprintf(left, size, "Backends and servers");
	list_words(m, &t, words, sizeof(words));
	snprintf(right, size, "%s  %u of %u rows", words, t.nrows, list_tree_size(m));
	list_fini(&l);
}

static int
tree_rows(const struct model *m)
{
	struct list l = { 0 };
	struct table t = tree_table(m, &l);
	int n = (int)t.nrows + 1;

	list_fini(&l);
	return n;
}

static void
tree_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	struct list l = { 0 };
	struct table t = tree_table(m, &l);

	table_draw(m, &t, a, has_focus, hits);
	list_fini(&l);
}

static bool
tree_act(struct model *m, enum act act)
{
	struct list l = { 0 };
	struct table t = tree_table(m, &l);
	const struct row *r = table_current(m, &t);
	bool done = true;

	if (act == ACT_FOLD && r != NULL && r->type == ROW_BACKEND)
		tree_toggle(m, r);
	else if ((done = rows_act(m, &t, act)) && act != ACT_OPEN &&
	    (r = table_current(m, &t)) != NULL)
		row_view(m, r);
	list_fini(&l);
	return done;
}

const struct pane overview_tree = { tree_title, tree_rows, tree_draw, tree_act };
