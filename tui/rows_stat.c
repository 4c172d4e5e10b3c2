/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of `show stat` become rows of the model: fields by the names of the header,
 * rows by their own names.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "tui/rows_in.h"

#define COLUMNS_MAX	512u

static const char *const field_names[F_COUNT] = {
#define STAT_C(name, tags, rows, text)		[F_##name] = #name,
#define STAT_H(name, tags, rows, text)		[F_##name] = #name,
#define STAT_V(name, type, tags, rows, text)	[F_##name] = #name,
#define STAT_X(name, text)
#include "base/stat_fields.def"
#undef STAT_C
#undef STAT_H
#undef STAT_V
#undef STAT_X
	[F_p50_us] = "p50_us", [F_p90_us] = "p90_us", [F_p99_us] = "p99_us",
	[F_slo_us] = "slo_us", [F_slo_percentile] = "slo_percentile"
};

/* --- the header ------------------------------------------------------ */

static void
columns_clear(struct host *h)
{
	for (unsigned i = 0; i < h->ncolumns; i++)
		free(h->columns[i]);
	free(h->columns);
	free(h->header);
	h->ncolumns = 0;
	for (int f = 0; f < F_COUNT; f++)
		h->column_of[f] = -1;
}

/* The first column of a name counts. */
static void
column_set(struct host *h, unsigned column, const char *name)
{
	h->columns[column] = xstrdup(name);
	for (int f = 0; f < F_COUNT; f++)
		if (h->column_of[f] < 0 && strcmp(field_names[f], name) == 0) {
			h->column_of[f] = (int16_t)column;
			return;
		}
}

unsigned
stat_columns(struct str names)
{
	unsigned n = 0;

	for (size_t i = 0; i < names.len; i++)
		n += names.p[i] == ',';
	return n + (names.len > 0 && names.p[names.len - 1] != ',');
}

bool
stat_header_ok(struct str names)
{
	return stat_columns(names) >= 2 && stat_columns(names) <= COLUMNS_MAX &&
	    str_find(names, STR("pxname,")) != NULL && str_find(names, STR("svname,")) != NULL;
}

void
stat_header(struct host *h, struct str names)
{
	char *text;
	uint32_t at[COLUMNS_MAX];
	unsigned n, i;

	if (h->header != NULL && str_is(names, h->header))
		return;
	columns_clear(h);
	h->header = xstrndup(names.p, names.len);
	text = xmalloc(names.len + 1);
	n = csv_split(names, text, at, COLUMNS_MAX);
	h->columns = xcalloc(n ? n : 1, sizeof(*h->columns));
	for (i = 0; i < n && i < COLUMNS_MAX; i++)
		column_set(h, i, text + at[i]);
	h->ncolumns = i;
	free(text);
}

/* As many fields as the header has; commas in quotes are text. */
bool
stat_line_ok(struct str line, unsigned ncolumns)
{
	unsigned n = 0;
	bool is_quoted = false;

	if (line.len == 0 || line.len >= UINT16_MAX)
		return false;
	for (size_t i = 0; i < line.len; i++) {
		char c = line.p[i];

		if (c == '\0')
			return false;
		is_quoted ^= c == '"';
		n += c == ',' && !is_quoted;
	}
	n += line.p[line.len - 1] != ',';
	return !is_quoted && n >= ncolumns;
}

/* --- rows ------------------------------------------------------------ */

/* The fields of a line, which has been split into text, become the row's. */
static void
take_fields(struct row *r, const char *text, size_t len, const uint32_t *at, unsigned n)
{
	if (r->raw_cap < len) {
		free(r->raw);
		r->raw = xmalloc(len);
		r->raw_cap = (unsigned)len;
	}
	if (r->at_cap < n) {
		free(r->at);
		r->at = xmalloc(n * sizeof(*r->at));
		r->at_cap = n;
	}
	memcpy(r->raw, text, len);
	for (unsigned i = 0; i < n; i++)
		r->at[i] = (uint16_t)at[i];
	r->ncols = n;
	r->px = row_text(r, F_pxname);
	r->sv = row_text(r, F_svname);
}

static struct row *
new_row(struct host *h)
{
	struct row *r = xcalloc(1, sizeof(*r));

	r->host = h;
	for (int i = 0; i < C_COUNT; i++)
		r->rate[i] = NAN;
	r->p50_us = r->p90_us = r->p99_us = NAN;
	return r;
}

/* Rows mostly come in the order that they came in before. */
static struct row *
find_row(struct stat_feed *s, const char *px, const char *sv)
{
	struct host *h = s->f->h;
	struct row *r = s->hint < h->nrows ? h->rows[s->hint] : NULL;

	if (r == NULL || strcmp(r->sv, sv) != 0 || strcmp(r->px, px) != 0)
		r = host_row(h, px, sv);
	if (r != NULL)
		s->hint = r->index + 1;
	return r;
}

static const char *
cell(const struct host *h, enum field f, const char *text, const uint32_t *at, unsigned n)
{
	int c = h->column_of[f];

	return c >= 0 && (unsigned)c < n ? text + at[c] : "";
}

void
stat_line(struct stat_feed *s, struct str line)
{
	struct host *h = s->f->h;
	uint32_t at[COLUMNS_MAX];
	unsigned n = csv_split(line, s->scratch, at, h->ncolumns);
	struct row *r;

	if (n == 0)
		return;
	n = n < h->ncolumns ? n : h->ncolumns;
	r = find_row(s, cell(h, F_pxname, s->scratch, at, n), cell(h, F_svname, s->scratch, at, n));
	if (r != NULL && s->order != NULL && r->seen == h->feeds)
		return;			/* a name twice: the first one stands */
	if (r == NULL) {
		r = new_row(h);
		take_fields(r, s->scratch, line.len + 1, at, n);
		r->type = row_type_of(r);
		if (s->order == NULL)
			host_row_add(h, r);
	} else
		take_fields(r, s->scratch, line.len + 1, at, n);
	r->seen = h->feeds;
	s->went_back |= row_derive(r, s->f->ms);
	if (s->order != NULL)
		s->order[s->n++] = r;
}

void
stat_begin(struct stat_feed *s, struct feed *f)
{
	memset(s, 0, sizeof(*s));
	s->f = f;
	s->scratch = xmalloc(UINT16_MAX + 1);
	f->h->feeds++;
}

void
stat_fini(struct stat_feed *s)
{
	free(s->scratch);
	free(s->order);
}

void
stat_end(struct stat_feed *s)
{
	struct host *h = s->f->h;

	if (s->order != NULL)
		host_rows_set(h, s->order, s->n);
	if (s->others_same)
		rows_unsent(h, s->f->ms);
	host_backends(h);
	host_sums(h, s->f->ms);
	if (s->went_back)
		host_restarted(h, s->f->ms);
}

/* --- show stat ------------------------------------------------------- */

/* The header and every line are looked at before the first one counts. */
static bool
stat_text_ok(struct str text, struct str *ret_names, unsigned *ret_lines)
{
	struct str line;
	unsigned n = 0;

	if (!csv_line(&text, &line) || !str_starts(line, STR("# ")))
		return false;
	*ret_names = (struct str){ line.p + 2, line.len - 2 };
	if (!stat_header_ok(*ret_names))
		return false;
	while (csv_line(&text, &line))
		if (line.len > 0) {
			if (!stat_line_ok(line, stat_columns(*ret_names)))
				return false;
			n++;
		}
	*ret_lines = n;
	return true;
}

/* `show stat IID TYPES SID` says which rows an answer is about; others stay. */
static void
drop_unseen(struct host *h, long iid, long types)
{
	for (unsigned i = h->nrows; i-- > 0; ) {
		struct row *r = h->rows[i];
		bool is_meant = (types >> r->type & 1) != 0 &&
		    (iid < 0 || row_num(r, F_iid) == (double)iid);

		if (is_meant && r->seen != h->feeds)
			host_row_del(h, r);
	}
}

bool
feed_stat(struct feed *f)
{
	long iid = -1, types = -1;
	struct stat_feed s;
	struct str names, line, rest = f->text;
	unsigned n;

	if (!stat_text_ok(rest, &names, &n))
		return false;
	sscanf(f->command, "show stat %ld %ld", &iid, &types);
	stat_begin(&s, f);
	stat_header(f->h, names);
	if (types < 0)
		s.order = xmalloc((n + 1) * sizeof(*s.order));
	csv_line(&rest, &line);
	while (csv_line(&rest, &line))
		if (line.len > 0)
			stat_line(&s, line);
	if (types >= 0)
		drop_unseen(f->h, iid, types);
	stat_end(&s);
	stat_fini(&s);
	return true;
}
