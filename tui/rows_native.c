/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process says of itself, and what only weir tells: histograms, histories. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "tui/rows_in.h"

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

/* Another process counts from nothing, though no counter may have gone back. */
void
host_pid(struct host *h, unsigned pid, int64_t ms)
{
	if (h->pid != 0 && pid != h->pid) {
		for (unsigned i = 0; i < h->nrows; i++)
			h->rows[i]->sampled_ms = 0;
		host_restarted(h, ms);
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
		host_pid(h, (unsigned)strtoul(value, NULL, 10), f->ms);
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
