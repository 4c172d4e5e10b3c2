/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model as text. Columns are those of the screens, with proxy and server
 * before them; numbers of CSV and JSON are plain: times in ms, ages in s, shares
 * in %. Control characters of names become '?'.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/out.h"
#include "base/xalloc.h"
#include "tui/batch.h"
#include "tui/batch_in.h"
#include "tui/columns.h"
#include "tui/filter.h"

#define TEXT_COLUMNS	"name,state,up/w,req_s,p50,p99,5xx,queue,cur,check,changed"
#define CSV_COLUMNS	"time,host,proxy,server,type,state,weight,req_s,sess_s,p50,p90,p99,5xx," \
	"4xx,queue,cur,in_s,out_s,check,addr,changed"

/* --- columns --------------------------------------------------------- */

/* What a script names that a screen has otherwise. */
static const char *const own_names[] = { "time", "proxy", "server" };
enum { OWN_TIME = -3, OWN_PROXY, OWN_SERVER, OWN_NONE };

static int
column_named(struct str name)
{
	char z[32];
	int i;

	for (i = OWN_TIME; i < OWN_NONE; i++)
		if (str_is(name, own_names[i - OWN_TIME]))
			return i;
	if (name.len >= sizeof(z))
		return OWN_NONE;
	snprintf(z, sizeof(z), STR_FMT, STR_ARG(name));
	i = row_column(z);
	return i >= 0 && row_columns[i].text != NULL ? i : INT32_MIN;
}

static const char *
unknown_column(struct str name)
{
	static char error[1200];
	size_t n = (size_t)snprintf(error, sizeof(error), "no column '" STR_FMT
	    "'; there are time, proxy, server", STR_ARG(name));

	for (unsigned i = 0; i < nrow_columns && n < sizeof(error); i++)
		if (row_columns[i].text != NULL)
			n += (size_t)snprintf(error + n, sizeof(error) - n, ", %s",
			    row_columns[i].name);
	return error;
}

unsigned
batch_columns(const char *names, int *ret, const char **ret_error)
{
	struct str rest = str_of(names), name;
	unsigned n = 0;

	while (str_next_elem(&rest, ',', &name)) {
		ret[n] = column_named(name);
		if (ret[n] == INT32_MIN || n + 1 == BATCH_COLUMNS_MAX) {
			*ret_error = n + 1 == BATCH_COLUMNS_MAX ? "too many columns" :
			    unknown_column(name);
			return 0;
		}
		n++;
	}
	*ret_error = n == 0 ? "no column is named" : NULL;
	return n;
}

const char *
batch_column_name(int column)
{
	return column < 0 ? own_names[column - OWN_TIME] : row_columns[column].name;
}

static const char *
column_title(int column)
{
	static const char *const titles[] = { "TIME", "PROXY", "SERVER" };

	return column < 0 ? titles[column - OWN_TIME] : row_columns[column].title;
}

/* Its text as a screen shows it. */
static void
cell_text(const struct model *m, const struct row *r, int column, char *buf, size_t size)
{
	buf[0] = '\0';
	if (column == OWN_TIME)
		iso_time(m->now_ms, buf, size);
	else if (column < 0)
		snprintf(buf, size, "%s", column == OWN_PROXY ? r->px : r->sv);
	else
		row_columns[column].text(m, r, buf, size);
}

double
batch_value(const struct model *m, const struct row *r, int column, char *buf, size_t size)
{
	if (column >= 0 && row_columns[column].number != NULL) {
		buf[0] = '\0';
		return row_value(m, r, column);
	}
	cell_text(m, r, column, buf, size);
	return NAN;
}

/* --- words ----------------------------------------------------------- */

void
iso_time(int64_t ms, char *buf, size_t size)
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void
put_clean(struct outbuf *b, const char *z)
{
	const char *end = z + strlen(z);
	uint32_t rune;

	while ((rune = text_next(&z, end)) != 0)
		rune_print(b, rune);
}

/* 0.5, 12, 1234.25: no more digits than tell something. */
void
put_number(struct outbuf *b, double v)
{
	if (v == floor(v) && fabs(v) < 1e15)
		outbuf_fmt(b, "%.0f", v);
	else
		outbuf_fmt(b, fabs(v) < 1 ? "%.4f" : "%.2f", v);
}

/* --- rows ------------------------------------------------------------ */

bool
batch_wants(const struct filter *f, const struct row *r)
{
	const char *only = r->host->model->only_px;

	return (only == NULL || strcmp(r->px, only) == 0) &&
	    (f == NULL || filter_match(f, row_field, r));
}

static struct filter *
filter_of(const char *text)
{
	char error[128];

	return text != NULL && text[0] != '\0' ? filter_new(text, error, sizeof(error)) : NULL;
}

/* --- CSV ------------------------------------------------------------- */

static void
csv_cell(struct outbuf *b, const struct model *m, const struct row *r, int column)
{
	struct outbuf clean;
	char text[256];
	double v = batch_value(m, r, column, text, sizeof(text));

	if (!isnan(v)) {
		put_number(b, v);
		return;
	}
	outbuf_init(&clean, 0);
	put_clean(&clean, text);
	if (clean.len > 0)
		outbuf_csv(b, clean.data);
	outbuf_fini(&clean);
}

static void
print_csv(const struct batch *t, struct outbuf *b)
{
	for (unsigned i = 0; t->is_first && i < t->ncolumns; i++)
		outbuf_fmt(b, "%s%s", batch_column_name(t->columns[i]),
		    i + 1 < t->ncolumns ? "," : "\n");
	BATCH_ROWS(t, r) {
		for (unsigned i = 0; i < t->ncolumns; i++) {
			csv_cell(b, t->m, r, t->columns[i]);
			outbuf_z(b, i + 1 < t->ncolumns ? "," : "\n");
		}
	}
}

/* --- a table --------------------------------------------------------- */

static void
pad(struct outbuf *b, int n)
{
	while (n-- > 0)
		outbuf_z(b, " ");
}

/* Servers stand below their proxy, a little to the right; a filter may leave it out. */
static void
table_cell(const struct batch *t, const struct row *r, int column, char *buf, size_t size)
{
	bool is_name = column >= 0 && strcmp(row_columns[column].name, "name") == 0;

	if (is_name && (r->type == ROW_SERVER || r->type == ROW_LISTENER))
		snprintf(buf, size, t->filter != NULL ? "%s/%s" : "%.0s  %s", r->px, r->sv);
	else
		cell_text(t->m, r, column, buf, size);
	if (buf[0] == '\0')
		snprintf(buf, size, "-");
}

static bool
is_right(int column)
{
	return column >= 0 && (row_columns[column].flags & COL_RIGHT);
}

/* The last column is not filled up. */
static void
put_cell(struct outbuf *b, const char *text, int width, bool right, bool is_last)
{
	int gap = width - text_width(text);

	if (right)
		pad(b, gap);
	put_clean(b, text);
	if (!right && !is_last)
		pad(b, gap);
	outbuf_z(b, is_last ? "\n" : "  ");
}

/* Proxies in order, each followed by what is below it. */
struct ordered { const struct row **at; unsigned n; };

static void
order_below(struct ordered *o, const struct batch *t, const struct row *proxy)
{
	const struct host *h = proxy->host;
	enum row_type below = proxy->type == ROW_BACKEND ? ROW_SERVER : ROW_LISTENER;
	unsigned i = proxy->index;

	while (i > 0 && strcmp(h->rows[i - 1]->px, proxy->px) == 0)
		i--;
	for (; i < h->nrows && strcmp(h->rows[i]->px, proxy->px) == 0; i++)
		if (h->rows[i]->type == below && batch_wants(t->filter, h->rows[i]))
			o->at[o->n++] = h->rows[i];
}

static struct ordered
order_rows(const struct batch *t)
{
	struct ordered o = { NULL, 0 };
	unsigned n = 0, i, k;

	for (i = 0; i < t->m->nhosts; i++)
		n += t->m->hosts[i]->nrows;
	o.at = xmalloc((n + 1) * sizeof(struct row *));
	for (i = 0; i < t->m->nhosts; i++)
		for (k = 0; k < t->m->hosts[i]->nrows; k++) {
			const struct row *r = t->m->hosts[i]->rows[k];

			if (r->type == ROW_SERVER || r->type == ROW_LISTENER)
				continue;
			if (batch_wants(t->filter, r))
				o.at[o.n++] = r;
			order_below(&o, t, r);
		}
	return o;
}

static void
widths_of(const struct batch *t, const struct ordered *o, int *widths)
{
	char text[256];
	unsigned i, k;
	int w;

	for (i = 0; i < t->ncolumns; i++)
		widths[i] = text_width(column_title(t->columns[i]));
	for (k = 0; k < o->n; k++)
		for (i = 0; i < t->ncolumns; i++) {
			table_cell(t, o->at[k], t->columns[i], text, sizeof(text));
			w = text_width(text);
			widths[i] = w > widths[i] ? w : widths[i];
		}
}

static void
print_host(const struct host *h, struct outbuf *b)
{
	char time[32], p99[16];
	struct totals t;

	model_totals(h->model, h, &t);
	iso_time(h->model->now_ms, time, sizeof(time));
	num_us(t.p99_us, p99, sizeof(p99));
	outbuf_fmt(b, "# %s ", time);
	put_clean(b, h->name);
	outbuf_z(b, " ");
	put_clean(b, h->version);
	if (h->state != HOST_UP) {
		outbuf_z(b, ": ");
		put_clean(b, h->error[0] != '\0' ? h->error : "no answer yet");
		outbuf_z(b, "\n");
		return;
	}
	outbuf_fmt(b, "  req/s %.0f  p99 %s  5xx/s %.1f  conn %.0f/%.0f  queue %.0f", t.req_s, p99,
	    t.e5_s, t.conns, t.maxconn, t.queue);
	if (h->kind == HOST_WEIR)
		outbuf_fmt(b, "  alarms %u", t.alarms);
	outbuf_z(b, h->is_paused ? "  scaling paused\n" : "\n");
}

static void
print_table(const struct batch *t, struct outbuf *b)
{
	struct ordered o = order_rows(t);
	int widths[BATCH_COLUMNS_MAX];
	char text[256];
	unsigned i, k;

	if (!t->is_first)
		outbuf_z(b, "\n");
	for (i = 0; i < t->m->nhosts; i++)
		print_host(t->m->hosts[i], b);
	widths_of(t, &o, widths);
	for (i = 0; i < t->ncolumns; i++)
		put_cell(b, column_title(t->columns[i]), widths[i], is_right(t->columns[i]),
		    i + 1 == t->ncolumns);
	for (k = 0; k < o.n; k++)
		for (i = 0; i < t->ncolumns; i++) {
			table_cell(t, o.at[k], t->columns[i], text, sizeof(text));
			put_cell(b, text, widths[i], is_right(t->columns[i]), i + 1 == t->ncolumns);
		}
	free(o.at);
}

/* --- out ------------------------------------------------------------- */

static bool
write_out(const struct outbuf *b)
{
	const char *p = b->data;
	size_t len = b->len;

	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

const char *
batch_validate(const struct batch_options *o)
{
	static char error[160];
	const char *const texts[] = { o->filter, o->check }, *why;
	int columns[BATCH_COLUMNS_MAX];
	struct filter *f;

	if (o->cols != NULL && batch_columns(o->cols, columns, &why) == 0)
		return why;
	for (unsigned i = 0; i < 2; i++) {
		if (texts[i] == NULL || texts[i][0] == '\0')
			continue;
		f = filter_new(texts[i], error, sizeof(error));
		if (f == NULL)
			return error;
		filter_free(f);
	}
	return NULL;
}

bool
batch_print(const struct model *m, struct batch_options *o)
{
	static const char *const usual[] = { TEXT_COLUMNS, CSV_COLUMNS, NULL };
	const char *names = o->cols != NULL ? o->cols : usual[o->form], *why;
	struct batch t = { .m = m, .is_first = o->ticks == 0, .filter = filter_of(o->filter) };
	struct outbuf b;
	bool is_written;

	outbuf_init(&b, 0);
	if (names != NULL)
		t.ncolumns = batch_columns(names, t.columns, &why);
	if (o->form == BATCH_JSON)
		batch_json(&t, &b);
	else if (o->form == BATCH_CSV)
		print_csv(&t, &b);
	else
		print_table(&t, &b);
	is_written = write_out(&b);
	o->ticks++;
	filter_free(t.filter);
	outbuf_fini(&b);
	return is_written;
}

/* --- check ----------------------------------------------------------- */

static void
check_alarms(const struct host *h, struct outbuf *b)
{
	const struct sheet *s = &h->kinds[KIND_ALARM];

	for (unsigned i = 0; i < s->nrows; i++)
		if (strcmp(sheet_get(s, i, "state"), "ALARM") == 0) {
			put_clean(b, h->name);
			outbuf_z(b, ": alarm ");
			put_clean(b, sheet_get(s, i, "name"));
			outbuf_z(b, " is in ALARM\n");
		}
}

static void
put_row(struct outbuf *b, const struct row *r)
{
	put_clean(b, r->host->name);
	outbuf_z(b, ": ");
	put_clean(b, r->px);
	outbuf_z(b, "/");
	put_clean(b, r->sv);
}

static void
check_row(const struct row *r, const struct filter *check, struct outbuf *b)
{
	if (check != NULL && filter_match(check, row_field, r)) {
		put_row(b, r);
		outbuf_fmt(b, " %s\n", r->word);
	} else if (check == NULL && r->type == ROW_BACKEND && r->state == ST_CRIT) {
		put_row(b, r);
		outbuf_fmt(b, " has no usable server (%u of %u)\n", r->up, r->servers);
	}
}

bool
batch_check(const struct model *m, const struct batch_options *o)
{
	struct batch t = { .m = m, .filter = filter_of(o->filter) };
	struct filter *check = filter_of(o->check);
	struct outbuf b;
	bool is_met;

	outbuf_init(&b, 0);
	for (unsigned i = 0; check == NULL && i < m->nhosts; i++)
		check_alarms(m->hosts[i], &b);
	BATCH_ROWS(&t, r)
		check_row(r, check, &b);
	is_met = b.len > 0;
	write_out(&b);
	outbuf_fini(&b);
	filter_free(check);
	filter_free(t.filter);
	return is_met;
}
