/* SPDX-License-Identifier: BSD-2-Clause */
/* What only weir tells: snapshots, histories, histograms. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/out.h"
#include "base/xalloc.h"
#include "tui/rows_in.h"

#define CELLS_MAX	256u

int64_t
host_skew_s(const struct host *h)
{
	return h->skew_ms > 1500 || h->skew_ms < -1500 ? h->skew_ms / 1000 : 0;
}

/* Counters begin anew: no rate until the second sample, and a mark in graphs. */
void
host_restarted(struct host *h, int64_t ms)
{
	h->restarts++;
	h->restarted_ms = ms;
	h->events.last_id = 0;
}

static void
set_pid(struct feed *f, unsigned pid)
{
	struct host *h = f->h;

	if (h->pid != 0 && pid != h->pid) {
		for (unsigned i = 0; i < h->nrows; i++)
			h->rows[i]->sampled_ms = 0;
		host_restarted(h, f->ms);
	}
	h->pid = pid;
}

/* --- show info ------------------------------------------------------- */

void
info_set(struct feed *f, const char *name, const char *value)
{
	struct host *h = f->h;

	if (strcmp(name, "Version") == 0)
		snprintf(h->version, sizeof(h->version), "%s", value);
	else if (strcmp(name, "node") == 0)
		snprintf(h->node, sizeof(h->node), "%s", value);
	else if (strcmp(name, "Pid") == 0)
		set_pid(f, (unsigned)strtoul(value, NULL, 10));
	else if (strcmp(name, "Uptime_sec") == 0)
		h->uptime_s = csv_num(value);
	else if (strcmp(name, "Maxconn") == 0)
		h->maxconn = csv_num(value);
	else if (strcmp(name, "CurrConns") == 0)
		h->conns = csv_num(value);
	else if (strcmp(name, "Name") == 0)
		h->kind = strcmp(value, "weir") == 0 ? HOST_WEIR : HOST_HAPROXY;
}

static bool
info_line(struct str line, char name[64], char value[256])
{
	const char *colon = memchr(line.p, ':', line.len);

	if (colon == NULL || colon - line.p >= 64)
		return false;
	snprintf(name, 64, "%.*s", (int)(colon - line.p), line.p);
	line.len -= (size_t)(colon + 1 - line.p);
	line.p = colon + 1;
	line = str_trim(line);
	snprintf(value, 256, STR_FMT, STR_ARG(line));
	return true;
}

bool
feed_info(struct feed *f)
{
	struct str rest = f->text, line;
	char name[64], value[256];

	while (csv_line(&rest, &line))
		if (line.len > 0 && !info_line(line, name, value))
			return false;
	for (rest = f->text; csv_line(&rest, &line); )
		if (line.len > 0 && info_line(line, name, value))
			info_set(f, name, value);
	return true;
}

/* --- show snapshot: kinds of objects --------------------------------- */

static int
kind_of(struct str word)
{
	for (int k = 0; k < KIND_COUNT; k++)
		if (str_is(word, kind_names[k]))
			return k;
	return -1;
}

static void
kept_clear(struct kept_rows *k)
{
	for (unsigned i = 0; i < k->n; i++) {
		free(k->at[i].key);
		free(k->at[i].line);
	}
	k->n = 0;
}

static struct kept *
kept_find(struct kept_rows *k, const char *key)
{
	for (unsigned i = 0; i < k->n; i++)
		if (strcmp(k->at[i].key, key) == 0)
			return &k->at[i];
	return NULL;
}

static void
kept_drop(struct kept_rows *k, const char *key)
{
	struct kept *at = kept_find(k, key);

	if (at == NULL)
		return;
	free(at->key);
	free(at->line);
	k->n--;
	memmove(at, at + 1, (size_t)(k->at + k->n - at) * sizeof(*at));
}

static void
kept_put(struct kept_rows *k, const char *key, struct str line, int64_t ms)
{
	struct kept *at = kept_find(k, key);

	if (at == NULL) {
		if (k->n == k->cap) {
			k->cap = k->cap ? 2 * k->cap : 16;
			k->at = xrealloc(k->at, k->cap * sizeof(*k->at));
		}
		at = &k->at[k->n++];
		at->key = xstrdup(key);
		at->line = NULL;
	}
	free(at->line);
	at->line = xstrndup(line.p, line.len);
	at->fed_ms = ms;
}

/* Rows are known by their first field, policies by GROUP/POLICY. */
static char *
key_of(int kind, struct str line)
{
	char *text = xmalloc(line.len + 1), *key = NULL;
	uint32_t at[2];
	unsigned n = csv_split(line, text, at, 2);

	if (n > 0 && kind != KIND_POLICY)
		key = xstrdup(text + at[0]);
	else if (n > 1)
		key = xasprintf("%s/%s", text + at[0], text + at[1]);
	free(text);
	return key;
}

/* Seconds left and ages move without being sent: which column, and which way. */
static const struct { const char *column; int sign; } ageing[KIND_COUNT] = {
	[KIND_GROUP] = { "cooldown_left_s", -1 }, [KIND_INSTANCE] = { "age_s", 1 }
};

/* The field of that number; len 0: the line has none. */
static struct str
field_at(const char *line, unsigned number)
{
	const char *p = line;
	bool is_quoted = false;

	for (; *p != '\0' && number > 0; p++) {
		is_quoted ^= *p == '"';
		number -= *p == ',' && !is_quoted;
	}
	return (struct str){ p, number == 0 ? strcspn(p, ",") : 0 };
}

static int
ageing_column(int kind, const char *header)
{
	struct str rest = str_of(header), name;
	int n = 0;

	while (ageing[kind].column != NULL && str_next_elem(&rest, ',', &name)) {
		if (str_is(name, ageing[kind].column))
			return n;
		n++;
	}
	return -1;
}

static void
put_kept(struct outbuf *b, const struct kept *k, int kind, int column, int64_t ms)
{
	struct str field = column >= 0 ? field_at(k->line, (unsigned)column) : STR_NONE;
	int64_t age_s = (ms - k->fed_ms) / 1000, v;

	if (field.len == 0 || age_s <= 0 || !str_to_i64(field, &v)) {
		outbuf_fmt(b, "%s\n", k->line);
		return;
	}
	v += ageing[kind].sign * age_s;
	outbuf_mem(b, k->line, (size_t)(field.p - k->line));
	outbuf_fmt(b, "%lld%s\n", (long long)(v > 0 ? v : 0), field.p + field.len);
}

/* The sheet of a kind from its rows. */
static void
kind_update(struct host *h, int kind, int64_t ms)
{
	const struct kept_rows *k = &h->kept[kind];
	struct outbuf b;
	int column;

	if (k->header == NULL)
		return;
	column = ageing_column(kind, k->header);
	outbuf_init(&b, 0);
	outbuf_fmt(&b, "#%s\n", k->header);
	for (unsigned i = 0; i < k->n; i++)
		put_kept(&b, &k->at[i], kind, column, ms);
	if (sheet_parse(&h->kinds[kind], b.data, b.len))
		h->kinds[kind].fed_ms = ms;
	outbuf_fini(&b);
}

/* --- show snapshot --------------------------------------------------- */

struct snapshot {
	uint64_t gen;
	unsigned pid, rows;
	bool	 is_full, is_paused, is_test_clock;
	int64_t	 now_ms;
	struct str body;		/* without its first and last line */
};

/* `name=` of a line of such words. */
static struct str
word_of(struct str line, const char *name)
{
	struct str word;

	while (str_next_elem(&line, ' ', &word))
		if (str_starts(word, str_of(name)))
			return (struct str){ word.p + strlen(name), word.len - strlen(name) };
	return STR_NONE;
}

static uint64_t
number_of(struct str line, const char *name)
{
	uint64_t v = 0;

	return str_to_u64(word_of(line, name), &v) ? v : 0;
}

static bool
read_head(struct snapshot *s, struct str line)
{
	struct str now = word_of(line, "now=");
	char text[32];

	if (!str_starts(line, STR("#snapshot v=1 ")))
		return false;
	s->gen = number_of(line, "gen=");
	s->pid = (unsigned)number_of(line, "pid=");
	s->is_full = number_of(line, "full=") != 0;
	s->is_paused = number_of(line, "paused=") != 0;
	s->is_test_clock = str_is(word_of(line, "clock="), "test");
	snprintf(text, sizeof(text), STR_FMT, STR_ARG(now));
	s->now_ms = (int64_t)(strtod(text, NULL) * 1000);
	return s->gen != 0 && s->pid != 0 && s->now_ms > 0;
}

/* Each line has a kind that is known, or a new one; stat rows fit their header. */
static bool
body_ok(struct str body, unsigned want)
{
	unsigned rows = 0, ncolumns = 0;
	struct str line;

	while (csv_line(&body, &line)) {
		struct str rest = { line.p + 5, line.len - 5 };

		if (line.len < 5 || memchr(line.p, ',', line.len) == NULL ||
		    memchr(line.p, '\0', line.len) != NULL)
			return false;
		rows += line.p[0] != '#';
		if (str_starts(line, STR("#stat,"))) {
			rest = (struct str){ line.p + 6, line.len - 6 };
			if (!stat_header_ok(rest))
				return false;
			ncolumns = stat_columns(rest);
		} else if (str_starts(line, STR("stat,")) &&
		    (ncolumns == 0 || !stat_line_ok(rest, ncolumns)))
			return false;
	}
	return rows == want;
}

/* Whole: a first line, a last line that counts the rows, and sound ones between. */
static bool
snapshot_read(struct snapshot *s, struct str text)
{
	struct str head, last, rest = text;

	while (text.len > 0 && text.p[text.len - 1] == '\n')
		text.len--;
	last.p = memrchr(text.p, '\n', text.len);
	if (last.p == NULL || !csv_line(&rest, &head) || !read_head(s, head))
		return false;
	last.p++;
	last.len = (size_t)(text.p + text.len - last.p);
	s->body = (struct str){ rest.p, (size_t)(last.p - rest.p) };
	s->rows = (unsigned)number_of(last, "rows=");
	return str_starts(last, STR("#end rows=")) && body_ok(s->body, s->rows);
}

/* A full answer is all there is of the kinds that were asked for. */
static void
forget_kinds(struct feed *f)
{
	const char *only = strstr(f->command, " only ");

	for (int k = 0; k < KIND_COUNT; k++)
		if (only == NULL || strstr(only, kind_names[k]) != NULL)
			kept_clear(&f->h->kept[k]);
}

static void
feed_info_row(struct feed *f, struct str names, struct str line)
{
	char *n = xmalloc(names.len + 1), *v = xmalloc(line.len + 1);
	uint32_t nat[CELLS_MAX], vat[CELLS_MAX];
	unsigned nn = csv_split(names, n, nat, CELLS_MAX);
	unsigned nv = csv_split(line, v, vat, CELLS_MAX);

	for (unsigned i = 0; i < nn && i < nv && i < CELLS_MAX; i++)
		info_set(f, n + nat[i], v + vat[i]);
	free(n);
	free(v);
}

static void
drop_stat(struct feed *f, struct str names)
{
	const char *comma = memchr(names.p, ',', names.len);
	char px[256], sv[256];
	struct row *r;

	if (comma == NULL)
		return;
	snprintf(px, sizeof(px), "%.*s", (int)(comma - names.p), names.p);
	snprintf(sv, sizeof(sv), "%.*s", (int)(names.p + names.len - comma - 1), comma + 1);
	if ((r = host_row(f->h, px, sv)) != NULL)
		host_row_del(f->h, r);
}

/* What a snapshot's lines are turned into. */
struct body {
	struct feed *f;
	struct stat_feed stat;
	struct str info_names;
	bool	 has_stat;		/* stat rows were asked for */
	unsigned touched;		/* kinds, a bit each */
};

static void
object_line(struct body *b, struct str word, struct str rest, char sign)
{
	int kind = kind_of(word);
	struct kept_rows *k = kind >= 0 ? &b->f->h->kept[kind] : NULL;
	char *key;

	if (k == NULL)
		return;			/* of a later version */
	b->touched |= 1u << kind;
	if (sign == '#') {
		free(k->header);
		k->header = xstrndup(rest.p, rest.len);
		return;
	}
	key = sign == '-' ? xstrndup(rest.p, rest.len) : key_of(kind, rest);
	if (key == NULL)
		return;
	if (sign == '-')
		kept_drop(k, key);
	else
		kept_put(k, key, rest, b->f->ms);
	free(key);
}

static void
body_line(struct body *b, struct str line)
{
	char sign = line.p[0] == '#' || line.p[0] == '-' ? line.p[0] : ' ';
	const char *from = line.p + (sign != ' ');
	const char *comma = memchr(line.p, ',', line.len);
	struct str word = { from, (size_t)(comma - from) };
	struct str rest = { comma + 1, (size_t)(line.p + line.len - comma - 1) };

	if (str_is(word, "stat") && sign == '#')
		stat_header(b->f->h, rest);
	else if (str_is(word, "stat") && sign == '-')
		drop_stat(b->f, rest);
	else if (str_is(word, "stat"))
		stat_line(&b->stat, rest);
	else if (str_is(word, "info") && sign == '#')
		b->info_names = rest;
	else if (str_is(word, "info"))
		feed_info_row(b->f, b->info_names, rest);
	else
		object_line(b, word, rest, sign);
}

static void
set_clock(struct feed *f, const struct snapshot *s)
{
	struct host *h = f->h;

	h->kind = HOST_WEIR;
	h->now_ms = s->now_ms;
	h->skew_ms = s->now_ms - f->ms;
	h->is_paused = s->is_paused;
	h->is_test_clock = s->is_test_clock;
	set_pid(f, s->pid);
	h->gen = s->gen;
}

bool
feed_snapshot(struct feed *f)
{
	const char *only = strstr(f->command, " only ");
	struct body b = { .f = f, .has_stat = only == NULL || strstr(only, "stat") != NULL };
	struct snapshot s;
	struct str line;

	if (!snapshot_read(&s, f->text))
		return false;
	set_clock(f, &s);
	stat_begin(&b.stat, f);
	b.stat.others_same = true;
	if (s.is_full) {
		forget_kinds(f);
		b.touched = ~0u;
		if (b.has_stat)
			b.stat.order = xmalloc((s.rows + 1) * sizeof(*b.stat.order));
	}
	while (csv_line(&s.body, &line))
		body_line(&b, line);
	for (int k = 0; k < KIND_COUNT; k++)
		if ((b.touched >> k & 1) || ageing[k].column != NULL)
			kind_update(f->h, k, f->ms);
	if (b.has_stat)
		stat_end(&b.stat);
	stat_fini(&b.stat);
	return true;
}

/* --- show histogram -------------------------------------------------- */

/* `INDEX:COUNT ...` into a bin; false: no such thing. */
static bool
read_buckets(const char *p, uint32_t count[HISTC_BUCKETS])
{
	char *end;

	memset(count, 0, HISTC_BUCKETS * sizeof(count[0]));
	while (*p != '\0' && *p != '\n') {
		unsigned long i = strtoul(p, &end, 10), n;

		if (end == p || *end != ':' || i >= HISTC_BUCKETS)
			return false;
		n = strtoul(end + 1, &end, 10);
		if (*end != ' ' && *end != '\n' && *end != '\0')
			return false;
		count[i] = (uint32_t)n;
		p = end + strspn(end, " ");
	}
	return true;
}

/* All lines; into no map (NULL) it only looks whether they are sound. */
static bool
histogram_lines(struct feed *f, struct latmap *l)
{
	struct latbin bin, *to;
	struct str line, rest = f->text;
	long long t, n;
	int at;
	char *z;

	if (!csv_line(&rest, &line) || !str_starts(line, STR("#histogram v=1 unit=us lo=64 ")))
		return false;
	while (csv_line(&rest, &line)) {
		bool is_good;

		if (line.len == 0)
			continue;
		z = xstrndup(line.p, line.len);
		at = 0;
		is_good = sscanf(z, "%lld,%lld,%n", &t, &n, &at) == 2 && at > 0 &&
		    read_buckets(z + at, bin.count);
		free(z);
		if (!is_good)
			return false;
		bin.t_s = t - host_skew_s(f->h);
		if (l != NULL && (to = latmap_bin(l, bin.t_s)) != NULL)
			*to = bin;
	}
	return true;
}

/* Words of `show histogram BACKEND [SERVER] [phase P] [from T] [to T] [step S]`. */
struct histogram_words {
	char	 px[128], sv[128], phase[16];
	unsigned step_s;
	int64_t	 from_s;		/* 0: not told, or not as a number */
};

static void
histogram_words(const char *command, struct histogram_words *w)
{
	struct str rest = str_of(command), word, value;
	char text[32];

	memset(w, 0, sizeof(*w));
	w->step_s = 10;
	for (int i = 0; str_next_elem(&rest, ' ', &word); i++) {
		bool is_key = str_is(word, "phase") || str_is(word, "from") ||
		    str_is(word, "to") || str_is(word, "step");

		if (i == 2)
			snprintf(w->px, sizeof(w->px), STR_FMT, STR_ARG(word));
		else if (i == 3 && !is_key)
			snprintf(w->sv, sizeof(w->sv), STR_FMT, STR_ARG(word));
		else if (i > 2 && is_key && str_next_elem(&rest, ' ', &value)) {
			snprintf(text, sizeof(text), STR_FMT, STR_ARG(value));
			if (str_is(word, "phase"))
				snprintf(w->phase, sizeof(w->phase), "%.15s", text);
			else if (str_is(word, "step"))
				w->step_s = (unsigned)strtoul(text, NULL, 10);
			else if (str_is(word, "from"))
				w->from_s = strtoll(text, NULL, 10);
		}
	}
}

bool
feed_histogram(struct feed *f)
{
	struct histogram_words w;
	struct latmap *l;
	int64_t now_s = f->ms / 1000;

	if (!histogram_lines(f, NULL))
		return false;
	histogram_words(f->command, &w);
	if (w.phase[0] != '\0' && strcmp(w.phase, "total") != 0)
		return true;		/* kept as an answer only */
	l = host_latmap_add(f->h, w.px, w.sv, w.step_s, Q_HISTOGRAM);
	histogram_lines(f, l);
	l->quality = Q_HISTOGRAM;
	l->used_ms = f->ms;
	l->to_s = now_s;
	if (w.from_s < 0)
		w.from_s = now_s;	/* -10m: told by its first bin */
	if (l->from_s == 0 || (w.from_s > 0 && w.from_s < l->from_s))
		l->from_s = w.from_s > 0 ? w.from_s : now_s;
	if (l->nbins > 0 && l->bins[0].t_s < l->from_s)
		l->from_s = l->bins[0].t_s;
	return true;
}

/* --- show history ---------------------------------------------------- */

static const struct { const char *column; enum metric metric; } history_columns[] = {
	{ "req_rate", M_REQ }, { "rate", M_SESS }, { "scur", M_CUR }, { "qcur", M_QUEUE },
	{ "bin", M_IN }, { "bout", M_OUT }, { "hrsp_4xx", M_4XX }, { "hrsp_5xx", M_5XX },
	{ "errors", M_ERRORS }, { "p50_us", M_P50 }, { "p99_us", M_P99 }
};
#define HISTORY_COLUMNS	(sizeof(history_columns) / sizeof(history_columns[0]))

static void
fill_history(struct history *to, const struct sheet *s, int64_t skew_s)
{
	int64_t step = s->nrows > 1 ? (int64_t)(sheet_num(s, 1, "t") - sheet_num(s, 0, "t")) : 1;

	step = step >= 1 && step <= 60 ? step : 1;
	for (unsigned c = 0; c < HISTORY_COLUMNS; c++)
		for (unsigned i = 0; i < s->nrows; i++) {
			double t = sheet_num(s, i, "t");
			double v = sheet_num(s, i, history_columns[c].column);

			for (int64_t k = 0; !isnan(t) && !isnan(v) && k < step; k++)
				history_set(to, (int64_t)t - skew_s + k,
				    history_columns[c].metric, v);
		}
}

/* One second of the sums: of frontends, of the worst backend's latencies. */
static void
total_second(struct host *h, const struct row *const *proxies, unsigned n, int64_t s)
{
	for (int m = 0; m < M_COUNT; m++) {
		double sum = NAN;

		for (unsigned i = 0; i < n; i++) {
			const struct row *r = proxies[i];
			bool is_worst = m >= M_P50, is_backends = is_worst || m == M_QUEUE;
			double v;

			if (r->type != (is_backends ? ROW_BACKEND : ROW_FRONTEND) ||
			    r->hist == NULL || isnan(v = history_at(r->hist, (enum metric)m, s)))
				continue;
			sum = isnan(sum) ? v : is_worst ? (v > sum ? v : sum) : sum + v;
		}
		if (!isnan(sum))
			history_set(&h->total, s, (enum metric)m, sum);
	}
}

/* The past of a proxy came: the sums of all of them over it. Servers are left out at once,
 * there may be thousands. */
static void
total_past(struct host *h, int64_t until_s)
{
	const struct row **proxies = xcalloc(h->nrows + 1, sizeof(*proxies));
	unsigned n = 0;

	for (unsigned i = 0; i < h->nrows; i++)
		if (h->rows[i]->type == ROW_FRONTEND || h->rows[i]->type == ROW_BACKEND)
			proxies[n++] = h->rows[i];
	for (int64_t t = until_s - HISTORY_SECONDS; t < until_s; t++)
		total_second(h, proxies, n, t);
	free(proxies);
}

bool
feed_history(struct feed *f)
{
	struct histogram_words w;
	struct sheet s = { 0 };
	struct row *r;

	if (!sheet_parse(&s, f->text.p, f->text.len))
		return false;
	histogram_words(f->command, &w);
	r = host_row(f->h, w.px, w.sv[0] != '\0' ? w.sv : "BACKEND");
	if (r == NULL)
		r = host_row(f->h, w.px, "FRONTEND");
	if (r != NULL && r->hist == NULL)
		r->hist = history_new();
	if (r != NULL)
		fill_history(r->hist, &s, host_skew_s(f->h));
	if (r != NULL && r->type != ROW_SERVER)
		total_past(f->h, f->ms / 1000);
	sheet_fini(&s);
	return true;
}
