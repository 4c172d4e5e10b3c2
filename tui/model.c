/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What weirtop knows: rows of a host with an index by names, answers and rings;
 * histograms are in latmap.c, sums in totals.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "tui/model.h"
#include "tui/rows.h"

#define ANSWERS_MAX	64u

/* Open addressing; at most half full. */
struct row_index {
	struct row **slots;
	unsigned mask;
};

const char *const kind_names[KIND_COUNT] = { "group", "instance", "alarm", "policy", "lua" };

/* --- rows ------------------------------------------------------------ */

const char *
row_text(const struct row *r, enum field f)
{
	int c = r->host->column_of[f];

	return c >= 0 && (unsigned)c < r->ncols ? r->raw + r->at[c] : "";
}

static unsigned
names_hash(const char *px, const char *sv)
{
	return (unsigned)(str_hash(str_of(px)) * 31 + str_hash(str_of(sv)));
}

static struct row **
slot_of(const struct row_index *x, const char *px, const char *sv)
{
	unsigned i = names_hash(px, sv) & x->mask;

	while (x->slots[i] != NULL &&
	    (strcmp(x->slots[i]->sv, sv) != 0 || strcmp(x->slots[i]->px, px) != 0))
		i = (i + 1) & x->mask;
	return &x->slots[i];
}

/* All rows anew into an index with room for n. */
static void
reindex(struct host *h, unsigned n)
{
	struct row_index *x = h->row_index;
	unsigned size = 64, i;

	while (size < 2 * n + 2)
		size *= 2;
	if (size != x->mask + 1 || x->slots == NULL) {
		free(x->slots);
		x->slots = xcalloc(size, sizeof(*x->slots));
		x->mask = size - 1;
	} else
		memset(x->slots, 0, size * sizeof(*x->slots));
	for (i = 0; i < h->nrows; i++) {
		h->rows[i]->index = i;
		*slot_of(x, h->rows[i]->px, h->rows[i]->sv) = h->rows[i];
	}
}

struct row *
host_row(const struct host *h, const char *px, const char *sv)
{
	return *slot_of(h->row_index, px, sv);
}

/* A new server stands before its backend's line, anything else at the end. */
static unsigned
place_of(const struct host *h, const struct row *r)
{
	const struct row *backend = host_row(h, r->px, "BACKEND");

	return r->type == ROW_SERVER && backend != NULL ? backend->index : h->nrows;
}

struct row *
host_row_add(struct host *h, struct row *r)
{
	struct row_index *x = h->row_index;
	unsigned at = place_of(h, r), i;

	if (h->nrows == h->rows_cap) {
		h->rows_cap = h->rows_cap ? 2 * h->rows_cap : 64;
		h->rows = xrealloc(h->rows, h->rows_cap * sizeof(*h->rows));
	}
	memmove(h->rows + at + 1, h->rows + at, (h->nrows - at) * sizeof(*h->rows));
	h->rows[at] = r;
	h->nrows++;
	if (2 * h->nrows + 2 > x->mask)
		reindex(h, 2 * h->nrows);
	for (i = at; i < h->nrows; i++)
		h->rows[i]->index = i;
	*slot_of(x, r->px, r->sv) = r;
	return r;
}

void
row_free(struct row *r)
{
	free(r->raw);
	free(r->at);
	free(r->hist);
	free(r);
}

void
host_row_del(struct host *h, struct row *r)
{
	memmove(h->rows + r->index, h->rows + r->index + 1,
	    (h->nrows - r->index - 1) * sizeof(*h->rows));
	h->nrows--;
	row_free(r);
	reindex(h, h->nrows);
}

void
host_rows_set(struct host *h, struct row **rows, unsigned n)
{
	struct row **old = h->rows;
	unsigned nold = h->nrows, i;

	for (i = 0; i < n; i++)
		rows[i]->index = UINT32_MAX;
	for (i = 0; i < nold; i++)
		if (old[i]->index != UINT32_MAX)
			row_free(old[i]);
	free(old);
	h->rows = xmalloc((n ? n : 1) * sizeof(*h->rows));
	if (n > 0)
		memcpy(h->rows, rows, n * sizeof(*h->rows));
	h->nrows = h->rows_cap = n;
	reindex(h, n);
}

struct row *
host_next_server(const struct host *h, const char *px, const struct row *r)
{
	const struct row *backend = host_row(h, px, "BACKEND");
	unsigned i = r != NULL ? r->index + 1 : 0;

	if (r == NULL && backend != NULL)
		for (i = backend->index; i > 0 && strcmp(h->rows[i - 1]->px, px) == 0; i--)
			;
	for (; i < h->nrows; i++) {
		bool is_here = strcmp(h->rows[i]->px, px) == 0;

		if (is_here && h->rows[i]->type == ROW_SERVER)
			return h->rows[i];
		if (!is_here && (r != NULL || backend != NULL))
			return NULL;
	}
	return NULL;
}

/* --- answers --------------------------------------------------------- */

/* Without ` from 1795323600` and ` to ...`: such times are another each time. */
static void
command_key(const char *command, char *buf, size_t size)
{
	size_t len = 0;

	while (*command != '\0' && len + 1 < size) {
		size_t word = strncmp(command, " from ", 6) == 0 ? 6 :
		    strncmp(command, " to ", 4) == 0 ? 4 : 0;
		size_t digits = word ? strspn(command + word, "0123456789") : 0;

		if (digits >= 9)
			command += word + digits;
		else
			buf[len++] = *command++;
	}
	buf[len] = '\0';
}

const struct answer *
host_answer(const struct host *h, const char *command)
{
	char key[512];

	command_key(command, key, sizeof(key));
	for (unsigned i = 0; i < h->nanswers; i++)
		if (strcmp(h->answers[i]->command, key) == 0)
			return h->answers[i];
	return NULL;
}

static void
answer_fini(struct answer *a)
{
	free(a->command);
	free(a->text);
	sheet_fini(&a->sheet);
	memset(a, 0, sizeof(*a));
}

static struct answer *
answer_oldest(struct host *h)
{
	struct answer *a = h->answers[0];

	for (unsigned i = 1; i < h->nanswers; i++)
		if (h->answers[i]->fed_ms < a->fed_ms)
			a = h->answers[i];
	answer_fini(a);
	return a;
}

struct answer *
host_answer_add(struct host *h, const char *command)
{
	struct answer *a = (struct answer *)(uintptr_t)host_answer(h, command);
	char key[512];

	if (a != NULL)
		return a;
	if (h->nanswers == ANSWERS_MAX)
		a = answer_oldest(h);
	else {
		h->answers = xrealloc(h->answers, (h->nanswers + 1) * sizeof(struct answer *));
		a = h->answers[h->nanswers++] = xcalloc(1, sizeof(*a));
	}
	command_key(command, key, sizeof(key));
	a->command = xstrdup(key);
	return a;
}

/* --- rings ----------------------------------------------------------- */

const struct event *
event_newest(const struct events *e, unsigned back)
{
	return back < e->n ? &e->at[(e->head + e->cap - 1 - back) % e->cap] : NULL;
}

const struct request *
request_newest(const struct requests *r, unsigned back)
{
	return back < r->n ? &r->at[(r->head + r->cap - 1 - back) % r->cap] : NULL;
}

struct event *
events_add(struct events *e)
{
	struct event *ev;

	if (e->at == NULL) {
		e->cap = EVENTS_MAX;
		e->at = xcalloc(e->cap, sizeof(*e->at));
	}
	ev = &e->at[e->head];
	free(ev->kind);
	memset(ev, 0, sizeof(*ev));
	e->head = (e->head + 1) % e->cap;
	e->n += e->n < e->cap;
	e->total++;
	return ev;
}

struct request *
requests_add(struct requests *r)
{
	struct request *rq;

	if (r->at == NULL) {
		r->cap = REQUESTS_MAX;
		r->at = xcalloc(r->cap, sizeof(*r->at));
	}
	rq = &r->at[r->head];
	free(rq->frontend);
	memset(rq, 0, sizeof(*rq));
	r->head = (r->head + 1) % r->cap;
	r->n += r->n < r->cap;
	r->total++;
	return rq;
}

static void
rings_fini(struct host *h)
{
	unsigned i;

	for (i = 0; i < h->events.cap; i++)
		free(h->events.at[i].kind);
	for (i = 0; i < h->requests.cap; i++)
		free(h->requests.at[i].frontend);
	free(h->events.at);
	free(h->requests.at);
}

/* --- hosts ----------------------------------------------------------- */

struct model *
model_new(void)
{
	struct model *m = xcalloc(1, sizeof(*m));

	m->poll_s = 1;
	return m;
}

static void
host_init(struct host *h, struct model *m, char *name, unsigned index)
{
	memset(h, 0, sizeof(*h));
	h->model = m;
	h->name = name;
	h->index = index;
	h->row_index = xcalloc(1, sizeof(struct row_index));
	for (int f = 0; f < F_COUNT; f++)
		h->column_of[f] = -1;
	reindex(h, 0);
	history_clear(&h->total);
}

struct host *
model_host(struct model *m, const char *name)
{
	struct host *h;

	for (unsigned i = 0; i < m->nhosts; i++)
		if (strcmp(m->hosts[i]->name, name) == 0)
			return m->hosts[i];
	h = xmalloc(sizeof(*h));
	host_init(h, m, xstrdup(name), m->nhosts);
	m->hosts = xrealloc(m->hosts, (m->nhosts + 1) * sizeof(struct host *));
	return m->hosts[m->nhosts++] = h;
}

static void
kinds_fini(struct host *h)
{
	for (int k = 0; k < KIND_COUNT; k++) {
		sheet_fini(&h->kinds[k]);
		free(h->kept[k].header);
		for (unsigned i = 0; i < h->kept[k].n; i++) {
			free(h->kept[k].at[i].key);
			free(h->kept[k].at[i].line);
		}
		free(h->kept[k].at);
	}
	sheet_fini(&h->activities);
}

/* All but its name. */
static void
host_fini(struct host *h)
{
	struct row_index *x = h->row_index;
	unsigned i;

	for (i = 0; i < h->nrows; i++)
		row_free(h->rows[i]);
	for (i = 0; i < h->nlatmaps; i++)
		latmap_free(h->latmaps[i]);
	for (i = 0; i < h->nanswers; i++) {
		answer_fini(h->answers[i]);
		free(h->answers[i]);
	}
	for (i = 0; i < h->ncolumns; i++)
		free(h->columns[i]);
	kinds_fini(h);
	rings_fini(h);
	free(x->slots);
	free(x);
	free(h->rows);
	free(h->latmaps);
	free(h->answers);
	free(h->columns);
	free(h->header);
}

void
host_reset(struct host *h)
{
	host_fini(h);
	host_init(h, h->model, h->name, h->index);
}

void
model_free(struct model *m)
{
	unsigned i;

	if (m == NULL)
		return;
	for (i = 0; i < m->nhosts; i++) {
		host_fini(m->hosts[i]);
		free(m->hosts[i]->name);
		free(m->hosts[i]);
	}
	for (i = 0; i < m->ncmds; i++) {
		free(m->cmds[i].command);
		free(m->cmds[i].answer);
		free(m->cmds[i].inverse);
	}
	free(m->hosts);
	free(m->cmds);
	free(m);
}
