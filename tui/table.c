/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists. A row is: the sign of its state, the mark, its columns with one blank
 * between them. The first column bears the tree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/layout.h"
#include "tui/table.h"

#define COLUMNS_MAX	80

/* --- Widths --------------------------------------------------------------- */

static bool
in_set(const struct column *c, unsigned set)
{
	return c->sets == 0 || (c->sets >> set & 1) != 0;
}

void
table_solve(const struct column *c, unsigned n, unsigned set, int w, int *widths)
{
	struct part parts[COLUMNS_MAX];
	unsigned i;

	for (i = 0; i < n; i++)
		parts[i] = (struct part){ c[i].min, c[i].ideal, c[i].max, c[i].prio,
			!in_set(&c[i], set), (c[i].flags & COL_FLEX) != 0 };
	layout_share(parts, n, w, 1, widths);
}

unsigned
table_sets(const struct column *c, unsigned n)
{
	unsigned i, all = 0, sets = 0;

	for (i = 0; i < n; i++)
		all |= c[i].sets;
	for (; all != 0; all >>= 1)
		sets++;
	return sets;
}

#define FIT_ROWS	300u		/* of a longer list the first decide */

/* Columns that the longest text of a column needs, between its minimum and maximum. */
static int
longest(const struct model *m, const struct table *t, const struct column *c)
{
	int most = text_width(c->title), w;
	unsigned i;
	char buf[256];

	for (i = 0; i < t->nrows && i < FIT_ROWS; i++) {
		buf[0] = '\0';
		c->text(m, t->rows[i], buf, sizeof(buf));
		w = text_width(buf);
		most = w > most ? w : most;
	}
	return c->max > 0 && most > c->max ? c->max : most;
}

/* What the branches of a tree take of its first column. */
static int
branches(const struct table *t)
{
	int most = 0, in;
	unsigned i;

	if (t->fold == NULL)
		return 0;
	for (i = 0; t->indent != NULL && i < t->nrows && i < FIT_ROWS; i++) {
		in = t->indent(t->rows[i]);
		most = in > most ? in : most;
	}
	return most + 2;
}

/* Up to its ideal it comes before columns that matter less, but for a quarter of the width. */
static void
fit_column(struct column *c, int need, int w)
{
	int safe = c->ideal < w / 4 ? c->ideal : w / 4;

	if (safe < c->min)
		safe = c->min;
	c->min = (uint8_t)(need < safe ? need : safe);
	c->ideal = (uint8_t)need;
	if ((c->flags & COL_FLEX) == 0)
		c->max = c->ideal;
}

static void
solve(const struct model *m, const struct table *t, int w, int *widths)
{
	struct column fit[COLUMNS_MAX];
	unsigned i, set = m->ui->lists[t->list].column_set;

	memcpy(fit, t->columns, t->ncolumns * sizeof(*fit));
	for (i = 0; i < t->ncolumns; i++)
		if (fit[i].flags & COL_FIT && in_set(&fit[i], set))
			fit_column(&fit[i], longest(m, t, &fit[i]) + (i == 0 ? branches(t) : 0),
			    w);
	table_solve(fit, t->ncolumns, set, w, widths);
}

/* --- Order ---------------------------------------------------------------- */

struct ranked {
	const void *row;
	double	 number;
	char	*text;			/* owned; NULL: by number */
	unsigned at;
};

/* NAN is last in both directions. */
static int
by_number(const struct ranked *a, const struct ranked *b, int sign)
{
	if (isnan(a->number) || isnan(b->number))
		return isnan(a->number) - isnan(b->number);
	return a->number < b->number ? -sign : a->number > b->number ? sign : 0;
}

static int
rank_cmp(const void *x, const void *y, void *arg)
{
	const struct ranked *a = x, *b = y;
	int sign = *(int *)arg, d;

	d = a->text != NULL ? sign * strcasecmp(a->text, b->text) : by_number(a, b, sign);
	return d != 0 ? d : a->at < b->at ? -1 : 1;
}

static const struct column *
sort_column(const struct model *m, const struct table *t)
{
	int i = m->ui->lists[t->list].sort;

	return i < 0 || (unsigned)i >= t->ncolumns || t->columns[i].flags & COL_SPARK ? NULL :
	    &t->columns[i];
}

/* 1: from the smallest on. */
static int
direction(const struct model *m, const struct table *t, const struct column *c)
{
	int sign = c->number == NULL || c->flags & COL_UP ? 1 : -1;

	return m->ui->lists[t->list].is_reversed ? -sign : sign;
}

static void
rank(const struct model *m, const struct column *c, const void *row, unsigned at,
    struct ranked *ret)
{
	char buf[256];

	*ret = (struct ranked){ .row = row, .at = at };
	if (c->number != NULL) {
		ret->number = c->number(m, row);
		return;
	}
	c->text(m, row, buf, sizeof(buf));
	ret->text = xstrdup(buf);
}

void
table_sort(const struct model *m, const struct table *t)
{
	const struct column *c = sort_column(m, t);
	struct ranked *all;
	unsigned i;
	int sign;

	if (c == NULL || t->nrows < 2)
		return;
	sign = direction(m, t, c);
	all = xmalloc(t->nrows * sizeof(*all));
	for (i = 0; i < t->nrows; i++)
		rank(m, c, t->rows[i], i, &all[i]);
	qsort_r(all, t->nrows, sizeof(*all), rank_cmp, &sign);
	for (i = 0; i < t->nrows; i++) {
		t->rows[i] = all[i].row;
		free(all[i].text);
	}
	free(all);
}

void
table_sorted_by(const struct model *m, const struct table *t, char *buf, size_t size)
{
	const struct column *c = sort_column(m, t);

	if (c == NULL)
		buf[0] = '\0';
	else
		snprintf(buf, size, "%s%s", c->name,
		    m->ui->lists[t->list].is_reversed ? " reversed" : "");
}

/* --- The cursor ----------------------------------------------------------- */

static bool
is_key_of(const struct table *t, unsigned index, const char *key)
{
	char buf[ROW_KEY_MAX];

	t->key(t->rows[index], buf);
	return strcmp(buf, key) == 0;
}

/* Where the cursor is: at its row, or where that row was when it is gone. */
static unsigned
cursor_of(const struct list_view *v, const struct table *t)
{
	unsigned at = v->index < t->nrows ? v->index : t->nrows - 1, i;

	if (t->nrows == 0)
		return 0;
	if (v->key[0] == '\0' || is_key_of(t, at, v->key))
		return at;
	for (i = 0; i < t->nrows; i++)
		if (is_key_of(t, i, v->key))
			return i;
	return at;
}

const void *
table_current(const struct model *m, const struct table *t)
{
	return t->nrows == 0 ? NULL : t->rows[cursor_of(&m->ui->lists[t->list], t)];
}

void
table_go(struct model *m, const struct table *t, unsigned index)
{
	struct list_view *v = &m->ui->lists[t->list];

	if (t->nrows == 0)
		return;
	v->index = index < t->nrows ? index : t->nrows - 1;
	t->key(t->rows[v->index], v->key);
}

/* The page follows the cursor, and never shows less than it could. */
static void
scroll(struct list_view *v, unsigned nrows, unsigned page)
{
	v->page = page;
	if (v->index < v->top)
		v->top = v->index;
	if (page > 0 && v->index >= v->top + page)
		v->top = v->index - page + 1;
	if (v->top + page > nrows)
		v->top = nrows > page ? nrows - page : 0;
}

/* --- Drawing -------------------------------------------------------------- */

/* What all rows of one picture share. */
struct drawing {
	struct model *m;
	const struct table *t;
	struct area a;
	int	 widths[COLUMNS_MAX];
	int	 left;			/* columns before the first column of the table */
	bool	 has_focus;
	struct hits *hits;
};

static void
draw_title(const struct drawing *d, unsigned i, int x)
{
	const struct list_view *v = &d->m->ui->lists[d->t->list];
	const struct column *c = &d->t->columns[i];
	int w = d->widths[i], end, role = R_DIM;

	if (v->sort == (int)i)
		role = R_KEY;
	if (c->flags & COL_RIGHT) {
		area_right(d->a, x, 0, w, role, c->title);
		end = x + w;
	} else
		end = area_cut(d->a, x, 0, w, role, c->title);
	if (v->sort == (int)i && (c->flags & COL_SPARK) == 0)
		area_rune(d->a, end < d->a.w ? end : d->a.w - 1, 0, role,
		    d->a.g->glyphs->trend[direction(d->m, d->t, c) > 0 ? 0 : 4]);
	hits_add(d->hits, HIT_LIST_HEADER, area_part(d->a, x, 0, w, 1), (int)d->t->list, i);
}

static void
draw_header(const struct drawing *d)
{
	unsigned i;
	int x = d->left;

	for (i = 0; i < d->t->ncolumns; i++) {
		if (d->widths[i] == 0)
			continue;
		draw_title(d, i, x);
		x += d->widths[i] + 1;
	}
}

static void
draw_cell(const struct drawing *d, const struct column *c, const void *row, int x, int y, int w)
{
	char buf[256];
	int role;

	if (c->flags & COL_SPARK) {
		c->draw(d->m, row, area_part(d->a, x, y, w, 1));
		return;
	}
	buf[0] = '\0';
	role = c->text(d->m, row, buf, sizeof(buf));
	if (c->flags & COL_RIGHT)
		area_right(d->a, x, y, w, role, buf);
	else if (c->flags & COL_MIDDLE)
		area_cut_middle(d->a, x, y, w, role, buf);
	else
		area_cut(d->a, x, y, w, role, buf);
}

/* Sign, mark and branch; returns the columns that the tree takes from the first one. */
static int
draw_front(const struct drawing *d, const void *row, int y)
{
	const struct glyphs *g = d->a.g->glyphs;
	int in = d->t->indent != NULL ? d->t->indent(row) : 0;
	enum fold f = d->t->fold != NULL ? d->t->fold(d->m, row) : FOLD_NONE;

	if (d->t->state != NULL)
		area_state(d->a, 0, y, d->t->state(row));
	if (d->t->is_marked != NULL && d->t->is_marked(row))
		area_rune(d->a, d->left - 1, y, R_MARK, g->mark);
	if (f != FOLD_NONE)
		area_rune(d->a, d->left, y, R_DIM, f == FOLD_OPEN ? g->open : g->closed);
	return in + (d->t->fold != NULL ? 2 : 0);
}

static void
draw_row(const struct drawing *d, unsigned index, int y)
{
	const void *row = d->t->rows[index];
	int x = d->left, in = draw_front(d, row, y);
	unsigned i;

	for (i = 0; i < d->t->ncolumns; i++) {
		if (d->widths[i] == 0)
			continue;
		draw_cell(d, &d->t->columns[i], row, x + in, y, d->widths[i] - in);
		x += d->widths[i] + 1;
		in = 0;
	}
	if (d->t->is_marked != NULL && d->t->is_marked(row))
		area_attr(d->a, d->left, y, x, AT_BOLD);
	if (index == d->m->ui->lists[d->t->list].index) {
		if (d->has_focus)
			area_select(d->a, y);
		else if (!d->t->hides_cursor)
			area_attr(d->a, 0, y, d->a.w, AT_BOLD);
	}
	hits_add(d->hits, HIT_LIST_ROW, area_part(d->a, 0, y, d->a.w, 1), (int)d->t->list, index);
}

static void
draw_rows(const struct drawing *d, const struct list_view *v, int first)
{
	unsigned i;

	for (i = 0; i < v->page && v->top + i < d->t->nrows; i++)
		draw_row(d, v->top + i, first + (int)i);
}

void
table_draw(struct model *m, const struct table *t, struct area a, bool has_focus,
    struct hits *hits)
{
	struct list_view *v = &m->ui->lists[t->list];
	struct drawing d = { .m = m, .t = t, .a = a, .has_focus = has_focus, .hits = hits };
	int first = t->no_header || a.h < 2 ? 0 : 1;

	if (a.h <= 0 || a.w <= 0 || t->ncolumns > COLUMNS_MAX)
		return;
	d.left = t->state != NULL || t->is_marked != NULL ? 2 : 0;
	solve(m, t, a.w - d.left, d.widths);
	if (first > 0)
		draw_header(&d);
	v->index = cursor_of(v, t);
	if (v->index > 0 && v->key[0] == '\0')
		table_go(m, t, v->index);	/* clicked: from now on it holds its row */
	scroll(v, t->nrows, (unsigned)(a.h - first));
	if (t->nrows == 0 && t->empty != NULL)
		area_cut(a, d.left, first, a.w - d.left, R_DIM, t->empty);
	draw_rows(&d, v, first);
}

/* --- Keys ----------------------------------------------------------------- */

/* The cursor by that many rows, kept inside. */
static void
move(struct model *m, const struct table *t, int64_t by)
{
	int64_t to = (int64_t)cursor_of(&m->ui->lists[t->list], t) + by;

	table_go(m, t, to < 0 ? 0 : to >= t->nrows ? t->nrows - 1 : (unsigned)to);
}

/* The next column of the set that can be sorted by; -1, the list's own order, is one of them. */
static void
sort_next(struct model *m, const struct table *t, int step)
{
	struct list_view *v = &m->ui->lists[t->list];
	int n = (int)t->ncolumns, i = v->sort;

	do
		i = (i + 1 + step + n + 1) % (n + 1) - 1;
	while (i >= 0 && (t->columns[i].flags & COL_SPARK || !in_set(&t->columns[i],
	    v->column_set)));
	v->sort = i;
	v->is_reversed = false;
}

static bool
act_columns(struct model *m, const struct table *t, enum act act)
{
	struct list_view *v = &m->ui->lists[t->list];
	unsigned sets = table_sets(t->columns, t->ncolumns);

	switch (act) {
	case ACT_SORT: case ACT_RIGHT: sort_next(m, t, 1); break;
	case ACT_LEFT: sort_next(m, t, -1); break;
	case ACT_SORT_REVERSE: v->is_reversed = !v->is_reversed; break;
	case ACT_COLUMNS:
		if (sets < 2)
			return false;
		v->column_set = (v->column_set + 1) % sets;
		break;
	default: return false;
	}
	return true;
}

bool
table_act(struct model *m, const struct table *t, enum act act)
{
	int64_t page = m->ui->lists[t->list].page > 1 ? m->ui->lists[t->list].page : 1;

	switch (act) {
	case ACT_UP: move(m, t, -1); break;
	case ACT_DOWN: move(m, t, 1); break;
	case ACT_PAGE_UP: move(m, t, -page); break;
	case ACT_PAGE_DOWN: move(m, t, page); break;
	case ACT_HALF_UP: move(m, t, -(page + 1) / 2); break;
	case ACT_HALF_DOWN: move(m, t, (page + 1) / 2); break;
	case ACT_FIRST: move(m, t, -(int64_t)t->nrows); break;
	case ACT_LAST: move(m, t, t->nrows); break;
	default: return act_columns(m, t, act);
	}
	return true;
}
