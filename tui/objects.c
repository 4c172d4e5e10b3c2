/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"
#include "tui/objects.h"
#include "tui/rows.h"

void
objects_fini(struct objects *o)
{
	free(o->at);
	free(o->rows);
	*o = (struct objects){ 0 };
}

static void
objects_add(struct objects *o, struct host *h, const struct sheet *s, unsigned row)
{
	if (o->n == o->cap) {
		o->cap = o->cap > 0 ? 2 * o->cap : 32;
		o->at = xrealloc(o->at, o->cap * sizeof(*o->at));
	}
	o->at[o->n++] = (struct object){ h, s, row };
}

/* Pointers come last: the array does not move any more. */
static void
objects_point(struct objects *o)
{
	unsigned i;

	o->rows = xrealloc(o->rows, (o->cap + 1) * sizeof(*o->rows));
	for (i = 0; i < o->n; i++)
		o->rows[i] = &o->at[i];
}

static void
add_sheet(const struct model *m, struct host *h, const struct sheet *s, objects_keep_fn *keep,
    const void *arg, struct objects *ret)
{
	struct object o = { h, s, 0 };

	for (o.row = 0; o.row < s->nrows; o.row++)
		if (keep == NULL || keep(m, &o, arg))
			objects_add(ret, h, s, o.row);
}

void
objects_of(const struct model *m, enum kind kind, objects_keep_fn *keep, const void *arg,
    struct objects *ret)
{
	unsigned i;

	ret->n = 0;
	for (i = 0; i < m->nhosts; i++)
		if (ui_shows(m, m->hosts[i]))
			add_sheet(m, m->hosts[i], &m->hosts[i]->kinds[kind], keep, arg, ret);
	objects_point(ret);
}

void
objects_in(const struct model *m, objects_sheet_fn *sheet, objects_keep_fn *keep, const void *arg,
    struct objects *ret)
{
	const struct sheet *s;
	unsigned i;

	ret->n = 0;
	for (i = 0; i < m->nhosts; i++) {
		s = ui_shows(m, m->hosts[i]) ? sheet(m->hosts[i]) : NULL;
		if (s != NULL)
			add_sheet(m, m->hosts[i], s, keep, arg, ret);
	}
	objects_point(ret);
}

const char *
objects_none(const struct model *m, const char *haproxy, const char *how)
{
	unsigned i;

	if (m->ui->filter != NULL)
		return "the filter finds none";
	for (i = 0; i < m->nhosts; i++)
		if (ui_shows(m, m->hosts[i]) && m->hosts[i]->kind != HOST_HAPROXY)
			return how;
	return haproxy;
}

/* --- Cells --------------------------------------------------------------- */

const char *
object_get(const void *object, const char *column)
{
	const struct object *o = object;

	return sheet_get(o->sheet, o->row, column);
}

double
object_num(const void *object, const char *column)
{
	const struct object *o = object;

	return sheet_num(o->sheet, o->row, column);
}

int
object_text(const void *object, const char *column, char *buf, size_t size)
{
	const char *text = object_get(object, column);

	snprintf(buf, size, "%s", text[0] != '\0' ? text : "-");
	return R_FG;
}

int64_t
object_age_s(const struct model *m, const void *object, const char *column)
{
	const struct object *o = object;
	double t = time_of(object_get(o, column));
	int64_t age;

	if (isnan(t))
		return -1;
	age = m->now_ms / 1000 + host_skew_s(o->host) - (int64_t)t;
	return age > 0 ? age : 0;
}

int
object_host(const struct model *m, const void *object, char *buf, size_t size)
{
	const struct object *o = object;

	(void)m;
	snprintf(buf, size, "%s", o->host->name);
	return R_HOST + (int)(o->host->index % 8);
}

/* The first column names a row, but for policies, which stand behind their group. */
void
object_key(const void *object, char buf[ROW_KEY_MAX])
{
	const struct object *o = object;
	const struct sheet *s = o->sheet;
	const char *first = s->text + s->cell[(o->row + 1) * s->ncols];

	snprintf(buf, ROW_KEY_MAX, "%s %s %s", o->host->name, first,
	    strcmp(s->text + s->cell[0], "group") == 0 ? object_get(o, "name") : "");
}

/* --- Filter -------------------------------------------------------------- */

/* Plain words search the whole row. */
static void
whole_row(const struct object *o, char *buf, size_t size)
{
	const struct sheet *s = o->sheet;
	size_t n = 0;
	unsigned c;

	buf[0] = '\0';
	for (c = 0; c < s->ncols && n + 1 < size; c++)
		n += (size_t)snprintf(buf + n, size - n, "%s ",
		    s->text + s->cell[(o->row + 1) * s->ncols + c]);
}

static bool
has_column(const struct sheet *s, const char *name)
{
	unsigned c;

	for (c = 0; c < s->ncols; c++)
		if (strcmp(s->text + s->cell[c], name) == 0)
			return true;
	return false;
}

bool
object_field(const void *row, const char *field, char *buf, size_t size, double *ret_num)
{
	const struct object *o = row;

	*ret_num = NAN;
	if (field == NULL) {
		whole_row(o, buf, size);
		return true;
	}
	if (strcmp(field, "host") == 0) {
		snprintf(buf, size, "%s", o->host->name);
		return true;
	}
	if (!has_column(o->sheet, field))
		return false;
	snprintf(buf, size, "%s", object_get(o, field));
	*ret_num = object_num(o, field);
	return true;
}

bool
object_is_found(const struct model *m, const struct object *o)
{
	return m->ui->filter == NULL || filter_match(m->ui->filter, object_field, o);
}

void
word_quote(const char *name, char *buf, size_t size)
{
	size_t n = 0;

	for (; *name != '\0' && n + 2 < size; name++) {
		if (strchr(" \t\\;\"'#", *name) != NULL)
			buf[n++] = '\\';
		buf[n++] = *name;
	}
	buf[n] = '\0';
}

void
answer_field(const struct answer *a, const char *key, char *buf, size_t size)
{
	const char *p = a != NULL ? a->text : NULL;
	size_t len = strlen(key);

	buf[0] = '\0';
	for (; p != NULL && *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, key, len) == 0 && p[len] == ':') {
			p += len + 1;
			p += *p == ' ';
			snprintf(buf, size, "%.*s", (int)strcspn(p, "\n"), p);
			return;
		}
}

double
time_of(const char *text)
{
	struct tm tm = { 0 };
	char *end;
	double s, fraction = 0;

	if (text[0] == '\0')
		return NAN;
	if (strchr(text, 'T') == NULL) {
		s = strtod(text, &end);
		return *end == '\0' ? s : NAN;
	}
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (end == NULL)
		return NAN;
	if (*end == '.')
		fraction = strtod(end, &end);
	return (double)timegm(&tm) + fraction;
}
