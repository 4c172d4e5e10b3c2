/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the last 60 s were made of: requests by path (without its query), client,
 * status or server, with their share of errors and the time that they took.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/graph.h"
#include "tui/requests.h"

struct count {
	char	 name[128];
	unsigned n, errors;
	double	 sum_ms, max_ms;
};

struct counts { struct count *at; unsigned n, cap; };

static void
name_of(const struct request *r, enum top top, char *buf, size_t size)
{
	switch (top) {
	case TOP_CLIENT:
		snprintf(buf, size, "%.*s", (int)(strrchr(r->client, ':') != NULL ?
		    strrchr(r->client, ':') - r->client : (long)strlen(r->client)), r->client);
		break;
	case TOP_STATUS:
		snprintf(buf, size, "%d", r->status);
		break;
	case TOP_SERVER:
		snprintf(buf, size, "%s/%s", r->backend, r->server);
		break;
	default:
		snprintf(buf, size, "%.*s", (int)strcspn(r->target, "?"), r->target);
		break;
	}
}

static struct count *
count_of(struct counts *c, const char *name)
{
	unsigned i;

	for (i = 0; i < c->n; i++)
		if (strcmp(c->at[i].name, name) == 0)
			return &c->at[i];
	if (c->n == c->cap) {
		c->cap = c->cap > 0 ? 2 * c->cap : 64;
		c->at = xrealloc(c->at, c->cap * sizeof(*c->at));
	}
	c->at[c->n] = (struct count){ .n = 0 };
	snprintf(c->at[c->n].name, sizeof(c->at[c->n].name), "%s", name);
	return &c->at[c->n++];
}

static void
count_all(const struct model *m, const struct requests_state *s, struct counts *c)
{
	int64_t since = (m->ui->until_ms != 0 ? m->ui->until_ms : m->now_ms) - 60000;
	const struct request *r;
	struct count *n;
	char name[128];
	unsigned i;

	for (i = 0; i < s->nrows; i++) {
		r = s->rows[i];
		if (r->t_ms < since)
			continue;
		name_of(r, s->top, name, sizeof(name));
		n = count_of(c, name);
		n->n++;
		n->errors += r->status >= 500 || r->status <= 0;
		n->sum_ms += isnan(r->ta_ms) ? 0 : r->ta_ms;
		n->max_ms = fmax(n->max_ms, r->ta_ms);
	}
}

static int
most_first(const void *a, const void *b)
{
	const struct count *x = a, *y = b;

	return (x->n < y->n) - (x->n > y->n);
}

static void
draw_row(const struct count *c, unsigned all, struct area a, int y)
{
	int name_w = a.w >= 96 ? 48 : a.w >= 62 ? a.w - 48 : a.w - 26, x = name_w + 1;
	double share = (double)c->n / all;

	area_cut_middle(a, 0, y, name_w, R_FG, c->name);
	x = area_fmt(a, x, y, R_TITLE, "%7u", c->n);
	x = area_fmt(a, x, y, R_DIM, " %5.1f%%", 100 * share);
	x = area_fmt(a, x, y, c->errors > 0 ? R_CRIT : R_DIM, " %5u err", c->errors);
	if (a.w >= 62)
		x = area_fmt(a, x, y, R_DIM, "  avg %.0fms max %.0fms", c->sum_ms / c->n,
		    c->max_ms);
	if (a.w - x > 12)
		bar_draw(area_part(a, x + 2, y, a.w - x - 3, 1), share, R_SPARK);
}

void
requests_draw_top(struct model *m, struct area a)
{
	static const char *const by[TOP_COUNT] = { "", "path", "client", "status", "server" };
	struct requests_state *s = requests_state(m);
	struct counts c = { 0 };
	unsigned all = 0, i;
	int x;

	requests_find(m, s);
	count_all(m, s, &c);
	for (i = 0; i < c.n; i++)
		all += c.at[i].n;
	if (c.n > 1)
		qsort(c.at, c.n, sizeof(*c.at), most_first);
	x = area_fmt(a, 0, 0, R_DIM, "%u request%s by ", all, all == 1 ? "" : "s");
	x = area_text(a, x, 0, R_TITLE, by[s->top]);
	x = x < 28 ? 30 : x + 2;
	area_cut(a, x, 0, a.w - x, R_DIM,
	    "T: by path, client, status, server, and back to the list");
	for (i = 0; i < c.n && (int)i + 2 < a.h; i++)
		draw_row(&c.at[i], all, a, (int)i + 2);
	free(c.at);
}
