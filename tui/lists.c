/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/columns.h"
#include "tui/lists.h"

#define FEW	40u		/* servers, that need no folding */

void
list_add(struct list *l, const void *row)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 64;
		l->at = xrealloc(l->at, l->cap * sizeof(*l->at));
	}
	l->at[l->n++] = row;
}

void
list_fini(struct list *l)
{
	free(l->at);
	*l = (struct list){ NULL, 0, 0 };
}

/* --- What is shown -------------------------------------------------------- */

bool
is_fault(const struct row *r)
{
	return r->state != ST_OK && r->state != ST_MAINT;
}

static bool
is_shown(const struct model *m, const struct row *r)
{
	return (!m->ui->faults_only || is_fault(r)) &&
	    (m->only_px == NULL || strcmp(r->px, m->only_px) == 0) &&
	    (m->ui->filter == NULL || filter_match(m->ui->filter, row_field, r));
}

/* A proxy is shown with any of its servers. */
static bool
is_branch_shown(const struct model *m, const struct row *proxy)
{
	const struct row *s = NULL;

	if (is_shown(m, proxy))
		return true;
	if (proxy->type != ROW_BACKEND)
		return false;
	while ((s = host_next_server(proxy->host, proxy->px, s)) != NULL)
		if (is_shown(m, s))
			return true;
	return false;
}

/* --- Order ---------------------------------------------------------------- */

/* Smaller is worse. */
static int
rank(const struct row *r)
{
	static const int ranks[ST_COUNT] = {
		[ST_CRIT] = 0, [ST_DEGRADED] = 1, [ST_UNKNOWN] = 2, [ST_BUSY] = 3, [ST_DRAIN] = 4,
		[ST_OK] = 5, [ST_MAINT] = 6
	};

	return 2 * ranks[r->state] + (r->type != ROW_BACKEND);
}

/* Worst first, else in the order of the answer. */
static void
by_health(struct list *l)
{
	struct list sorted = { 0 };
	int step;
	unsigned i;

	for (step = 0; step < 2 * ST_COUNT; step++)
		for (i = 0; i < l->n; i++)
			if (rank(l->at[i]) == step)
				list_add(&sorted, l->at[i]);
	list_fini(l);
	*l = sorted;
}

static void
add_proxies(const struct model *m, bool with_frontends, struct list *l)
{
	const struct host *h;
	const struct row *r;
	unsigned i, k;

	for (i = 0; i < m->nhosts; i++) {
		h = m->hosts[i];
		for (k = 0; ui_shows(m, h) && k < h->nrows; k++) {
			r = h->rows[k];
			if ((r->type == ROW_BACKEND || (with_frontends &&
			    r->type == ROW_FRONTEND)) && is_branch_shown(m, r))
				list_add(l, r);
		}
	}
	by_health(l);
}

void
list_backends(const struct model *m, struct list *l)
{
	add_proxies(m, false, l);
}

void
list_servers(const struct model *m, const struct row *backend, struct list *l)
{
	const struct row *s = NULL;

	while ((s = host_next_server(backend->host, backend->px, s)) != NULL)
		if (is_shown(m, s))
			list_add(l, s);
}

void
rows_want(const struct list *l, unsigned from, unsigned n, struct wants *w)
{
	const struct row *r;
	unsigned i;

	for (i = from; i < l->n && i - from < n && w->n < WANTS_MAX; i++) {
		r = l->at[i];
		if (r->host->kind == HOST_WEIR && r->type != ROW_LISTENER)
			want_history(w, r->host, r->px, r->type == ROW_BACKEND ? "" : r->sv);
	}
}

/* --- The tree ------------------------------------------------------------- */

unsigned
list_tree_size(const struct model *m)
{
	unsigned n = 0, i, k;

	for (i = 0; i < m->nhosts; i++)
		for (k = 0; ui_shows(m, m->hosts[i]) && k < m->hosts[i]->nrows; k++)
			n += m->hosts[i]->rows[k]->type != ROW_LISTENER;
	return n;
}

static bool
are_few(const struct model *m)
{
	unsigned n = 0, i, k;

	for (i = 0; i < m->nhosts; i++)
		for (k = 0; k < m->hosts[i]->nrows && n <= FEW; k++)
			n += m->hosts[i]->rows[k]->type == ROW_SERVER;
	return n <= FEW;
}

static int
find_fold(const struct tree_state *s, const struct row *proxy)
{
	char key[ROW_KEY_MAX];
	unsigned i;

	row_key(proxy, key);
	for (i = 0; i < s->n; i++)
		if (strcmp(s->at[i].key, key) == 0)
			return (int)i;
	return -1;
}

static bool
is_open(const struct model *m, const struct row *proxy)
{
	const struct tree_state *s = screen_state(m, &screen_servers);
	int i;

	if (m->ui->filter != NULL || m->ui->faults_only)
		return true;
	i = find_fold(s, proxy);
	return i >= 0 ? s->at[i].is_open : is_fault(proxy) || s->are_few;
}

void
tree_toggle(const struct model *m, const struct row *proxy)
{
	struct tree_state *s = screen_state(m, &screen_servers);
	bool was_open = is_open(m, proxy);
	int i = find_fold(s, proxy);
	char key[ROW_KEY_MAX];

	if (i < 0) {
		s->at = xrealloc(s->at, (s->n + 1) * sizeof(*s->at));
		row_key(proxy, key);
		i = (int)s->n++;
		s->at[i].key = xstrdup(key);
	}
	s->at[i].is_open = !was_open;
}

void
tree_state_fini(void *state)
{
	struct tree_state *s = state;
	unsigned i;

	for (i = 0; i < s->n; i++)
		free(s->at[i].key);
	free(s->at);
}

enum fold
tree_fold(const struct model *m, const void *row)
{
	const struct row *r = row;

	if (r->type != ROW_BACKEND || r->servers == 0)
		return FOLD_NONE;
	return is_open(m, r) ? FOLD_OPEN : FOLD_CLOSED;
}

int
tree_indent(const void *row)
{
	const struct row *r = row;

	return r->type == ROW_SERVER ? 2 : 0;
}

void
list_tree(const struct model *m, struct table *t, struct list *l)
{
	struct tree_state *s = screen_state(m, &screen_servers);
	struct list proxies = { 0 };
	struct table level = *t;
	unsigned i, from;

	s->are_few = are_few(m);
	add_proxies(m, true, &proxies);
	level.rows = proxies.at;
	level.nrows = proxies.n;
	table_sort(m, &level);
	for (i = 0; i < proxies.n; i++) {
		list_add(l, proxies.at[i]);
		if (tree_fold(m, proxies.at[i]) != FOLD_OPEN)
			continue;
		from = l->n;
		list_servers(m, proxies.at[i], l);
		level.rows = l->at + from;
		level.nrows = l->n - from;
		table_sort(m, &level);
	}
	list_fini(&proxies);
	t->rows = l->at;
	t->nrows = l->n;
}
