/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of `show stat` become rows of the model: fields by the names of the header,
 * rows by their own names; states, rates and sums are derived here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "tui/rows_in.h"

#define COLUMNS_MAX	512u
#define HISTORY_ROWS	2500u	/* hosts with more rows keep histories of proxies only */
#define CHECK_EVERY_MS	2000

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

/* --- states ---------------------------------------------------------- */

/* What a status begins with; the first that fits counts. */
static const struct status {
	const char *begin;
	enum state state;
	const char *word;		/* NULL: as it is */
} statuses[] = {
	{ "UP ", ST_DEGRADED, NULL }, { "UP", ST_OK, NULL }, { "no check", ST_OK, "no check" },
	{ "OPEN", ST_OK, NULL }, { "MAINT", ST_MAINT, "MAINT" }, { "DRAIN", ST_DRAIN, NULL },
	{ "NOLB", ST_DEGRADED, NULL }, { "DOWN (", ST_CRIT, "DOWN" },
	{ "DOWN ", ST_DEGRADED, NULL }, { "DOWN", ST_CRIT, NULL }, { "FULL", ST_DEGRADED, NULL },
	{ "WAITING", ST_DEGRADED, NULL }, { "PAUSED", ST_MAINT, NULL }, { "STOP", ST_MAINT, NULL },
	{ "", ST_UNKNOWN, NULL }
};

static void
set_state(struct row *r)
{
	const char *text = row_text(r, F_status);
	const struct status *s = statuses;

	while (strncmp(text, s->begin, strlen(s->begin)) != 0)
		s++;
	r->state = s->state;
	snprintf(r->word, sizeof(r->word), "%s", s->word != NULL ? s->word : text);
}

static bool
is_usable(const struct row *r)
{
	return r->state == ST_OK || strncmp(r->word, "UP", 2) == 0;
}

/* Servers of the backend whose rows are being walked. */
struct count { unsigned n, up, bad; };

/* A backend is as well as its servers are; without their rows, as it says itself. */
static void
set_backend_state(struct row *r, const struct count *c)
{
	double act = row_num(r, F_act), bck = row_num(r, F_bck);

	r->servers = c->n;
	r->up = c->up;
	if (c->n == 0) {
		r->up = (isnan(act) ? 0 : (unsigned)act) + (isnan(bck) ? 0 : (unsigned)bck);
		r->servers = r->up;
	} else if (c->up == 0)
		r->state = ST_CRIT;
	else
		r->state = c->bad > 0 ? ST_DEGRADED : ST_OK;
}

static void
set_backends(struct host *h)
{
	struct count c = { 0, 0, 0 };

	for (unsigned i = 0; i < h->nrows; i++) {
		struct row *r = h->rows[i];

		if (i > 0 && strcmp(r->px, h->rows[i - 1]->px) != 0)
			c = (struct count){ 0, 0, 0 };
		if (r->type == ROW_SERVER) {
			c.n++;
			c.up += is_usable(r);
			c.bad += r->state == ST_CRIT || r->state == ST_DEGRADED;
		} else if (r->type == ROW_BACKEND)
			set_backend_state(r, &c);
	}
}

/* --- rates ----------------------------------------------------------- */

/* A server or proxy in TCP mode has no requests: its sessions count. */
static void
read_counters(const struct row *r, double c[C_COUNT])
{
	static const uint16_t fields[C_COUNT] = {
		[C_REQ] = F_req_tot, [C_SESS] = F_stot, [C_IN] = F_bin, [C_OUT] = F_bout,
		[C_4XX] = F_hrsp_4xx, [C_5XX] = F_hrsp_5xx, [C_ECON] = F_econ,
		[C_ERESP] = F_eresp, [C_CHKFAIL] = F_chkfail
	};

	for (int i = 0; i < C_COUNT; i++)
		c[i] = row_num(r, fields[i]);
	if (isnan(c[C_REQ]))
		c[C_REQ] = c[C_SESS];
}

static double
or_zero(double v)
{
	return isnan(v) ? 0 : v;
}

static void
put_history(struct row *r, int64_t from_ms, int64_t ms)
{
	double v[M_COUNT] = {
		[M_REQ] = r->rate[C_REQ], [M_SESS] = r->rate[C_SESS], [M_IN] = r->rate[C_IN],
		[M_OUT] = r->rate[C_OUT], [M_4XX] = r->rate[C_4XX], [M_5XX] = r->rate[C_5XX],
		[M_ERRORS] = or_zero(r->rate[C_ECON]) + or_zero(r->rate[C_ERESP]),
		[M_CUR] = row_num(r, F_scur), [M_QUEUE] = row_num(r, F_qcur),
		[M_P50] = r->p50_us, [M_P99] = r->p99_us, [M_AVG] = row_num(r, F_ttime) * 1000
	};

	if (r->hist == NULL && (r->type == ROW_LISTENER || r->sampled_ms == 0 ||
	    (r->type == ROW_SERVER && r->host->nrows > HISTORY_ROWS)))
		return;			/* with the second sample it is known how many there are */
	if (r->hist == NULL)
		r->hist = history_new();
	history_put(r->hist, from_ms / 1000, ms / 1000, v);
}

/* True: a counter went back. */
static bool
set_rates(struct row *r, const double c[C_COUNT], int64_t ms)
{
	double dt = r->sampled_ms > 0 ? (double)(ms - r->sampled_ms) / 1000 : 0;
	bool went_back = false;

	for (int i = 0; i < C_COUNT; i++) {
		went_back |= r->sampled_ms > 0 && c[i] < r->counter[i];
		r->rate[i] = dt > 0 && c[i] >= r->counter[i] ? (c[i] - r->counter[i]) / dt : NAN;
	}
	for (int i = 0; went_back && i < C_COUNT; i++)
		r->rate[i] = NAN;
	memcpy(r->counter, c, sizeof(r->counter));
	put_history(r, r->sampled_ms > 0 ? r->sampled_ms : ms - 1000, ms);
	r->sampled_ms = ms;
	return went_back;
}

static void
set_quantiles(struct row *r, int64_t ms)
{
	double q[3] = { row_num(r, F_p50_us), row_num(r, F_p90_us), row_num(r, F_p99_us) };

	if (isnan(q[2]) && r->host->has_ring && !ring_quantiles(r, ms, q))
		q[0] = q[1] = q[2] = NAN;
	r->p50_us = q[0];
	r->p90_us = q[1];
	r->p99_us = q[2];
	r->slo_us = fmax(0, row_num(r, F_slo_us));
}

/* Results of checks are seen when we look: at most one in two seconds, or a failure. */
static void
note_check(struct row *r, int64_t ms)
{
	const char *s = row_text(r, F_check_status);
	bool has_failed = r->rate[C_CHKFAIL] > 0;
	size_t n = strlen(r->checks);

	if (strncmp(s, "* ", 2) == 0)
		s += 2;
	if (*s == '\0' || strcmp(s, "INI") == 0 ||
	    (!has_failed && ms - r->checked_ms < CHECK_EVERY_MS))
		return;
	r->checked_ms = ms;
	if (n == sizeof(r->checks) - 1)
		memmove(r->checks, r->checks + 1, n--);
	r->checks[n] = !has_failed && strstr(s, "OK") != NULL ? '+' : 'x';
	r->checks[n + 1] = '\0';
}

/* --- rows ------------------------------------------------------------ */

static enum row_type
type_of(const struct row *r)
{
	double t = row_num(r, F_type);

	if (t >= 0 && t <= 3)
		return (enum row_type)t;
	return strcmp(r->sv, "FRONTEND") == 0 ? ROW_FRONTEND :
	    strcmp(r->sv, "BACKEND") == 0 ? ROW_BACKEND : ROW_SERVER;
}

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

/* A stock haproxy tells no events: changes of state are what there is. */
static void
note_change(struct row *r, const char *was, int64_t ms)
{
	char name[280], text[200];
	const char *const parts[5] = { "health", name, was, r->word, text };

	if (was[0] == '\0' || strcmp(was, r->word) == 0 || r->host->kind == HOST_WEIR ||
	    r->type == ROW_LISTENER)
		return;
	snprintf(name, sizeof(name), "%s/%s", r->px, r->sv);
	snprintf(text, sizeof(text), "%s %s", row_text(r, F_check_status),
	    row_text(r, F_last_chk));
	event_note(r->host, ms, parts, 0);
}

static void
derive(struct stat_feed *s, struct row *r)
{
	double c[C_COUNT], age = row_num(r, F_lastchg);
	char was[sizeof(r->word)];

	memcpy(was, r->word, sizeof(was));
	r->type = type_of(r);
	set_state(r);
	set_quantiles(r, s->f->ms);
	read_counters(r, c);
	s->went_back |= set_rates(r, c, s->f->ms);
	r->changed_s = isnan(age) ? 0 : s->f->ms / 1000 - (int64_t)age;
	note_change(r, was, s->f->ms);
	if (r->type == ROW_SERVER)
		note_check(r, s->f->ms);
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
		r->type = type_of(r);
		if (s->order == NULL)
			host_row_add(h, r);
	} else
		take_fields(r, s->scratch, line.len + 1, at, n);
	r->seen = h->feeds;
	derive(s, r);
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

/* --- sums ------------------------------------------------------------ */

static void
put_totals(struct host *h, int64_t ms)
{
	struct totals t;
	double v[M_COUNT];
	int64_t from_ms = h->total_ms > 0 ? h->total_ms : ms - 1000;

	model_totals(h->model, h, &t);
	for (int i = 0; i < M_COUNT; i++)
		v[i] = NAN;
	for (unsigned i = 0; i < h->nrows; i++) {
		const struct row *r = h->rows[i];
		int64_t s = ms / 1000;

		for (int k = 0; r->type == ROW_FRONTEND && r->hist != NULL && k < M_P50; k++)
			if (k != M_QUEUE && !isnan(history_at(r->hist, k, s)))
				v[k] = or_zero(v[k]) + history_at(r->hist, k, s);
	}
	v[M_QUEUE] = t.queue;
	v[M_P50] = t.p50_us;
	v[M_P99] = t.p99_us;
	history_put(&h->total, from_ms / 1000, ms / 1000, v);
	h->total_ms = ms;
}

/* Rows that a snapshot does not bring are as they were: nothing was counted. */
static void
keep_others(struct host *h, int64_t ms)
{
	for (unsigned i = 0; i < h->nrows; i++) {
		struct row *r = h->rows[i];

		if (r->seen == h->feeds || r->sampled_ms == 0)
			continue;
		set_rates(r, r->counter, ms);
		if (r->type == ROW_SERVER)
			note_check(r, ms);
	}
}

void
stat_end(struct stat_feed *s)
{
	struct host *h = s->f->h;

	if (s->order != NULL)
		host_rows_set(h, s->order, s->n);
	if (s->others_same)
		keep_others(h, s->f->ms);
	set_backends(h);
	put_totals(h, s->f->ms);
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
