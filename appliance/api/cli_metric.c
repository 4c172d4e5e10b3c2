/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show metrics, show metric: what is in the store. Values are aligned as
 * GetMetricStatistics aligns them: the start is rounded down, the end is not
 * included, a slot without values has no row.
 *
 * Thread: control.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/cli.h"
#include "api/cli_metric.h"
#include "api/when.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/metric_hist.h"
#include "ctl/metric_instance.h"
#include "event/sched.h"

#define SERIES_PER_PIECE	64
#define SLOTS_PER_PIECE		32
#define POINTS_MAX		1440
#define UNITS_MAX		27
#define STATS_MAX		16
#define SPAN_S			3600

/* ---- forms ---- */

static void
put_time(struct outbuf *b, int64_t t_s)
{
	time_t t = (time_t)t_s;
	struct tm tm;
	char text[32];

	gmtime_r(&t, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	outbuf_z(b, text);
}

/* ---- show metrics ---- */

struct list_state {
	struct metric_key want;		/* texts owned by `words`; NULL: any */
	char		*words;
	uint64_t	 max, given;
	unsigned	 at;
	bool		 is_json;
};

static void
list_free(void *state)
{
	struct list_state *l = state;

	free(l->words);
	free(l);
}

static bool
has_dim(const struct metric_key *k, const struct metric_dim *d)
{
	for (unsigned i = 0; i < k->ndims; i++)
		if (strcmp(k->dims[i].name, d->name) == 0 &&
		    (d->value[0] == '\0' || strcmp(k->dims[i].value, d->value) == 0))
			return true;
	return false;
}

static bool
is_wanted(const struct list_state *l, const struct metric_key *k)
{
	if ((l->want.ns != NULL && strcmp(l->want.ns, k->ns) != 0) ||
	    (l->want.name != NULL && strcmp(l->want.name, k->name) != 0))
		return false;
	for (unsigned i = 0; i < l->want.ndims; i++)
		if (!has_dim(k, &l->want.dims[i]))
			return false;
	return true;
}

/* "1s 10s 60s"; how far it reaches where that is less than it should be. */
static void
put_tiers(struct outbuf *b, const struct metric_series *s)
{
	const char *blank = "";

	for (unsigned t = 0; t < METRIC_TIERS; t++) {
		int64_t span_s = metric_tier_span_s(s, (enum metric_tier)t);

		if (span_s == 0)
			continue;
		outbuf_fmt(b, "%s%us", blank, metric_step_s[t]);
		if (metric_is_short())
			outbuf_fmt(b, "/%lldm", (long long)(span_s / 60));
		blank = " ";
	}
}

static void
put_series(struct outbuf *b, const struct list_state *l, struct metric_series *s,
    const struct metric_key *k)
{
	void (*put)(struct outbuf *, const char *) = l->is_json ? outbuf_json : outbuf_csv;
	struct metric_value v;
	struct outbuf dims;

	metric_series_values(s, 60, metric_last_s(s), 1, &v);
	outbuf_init(&dims, 0);
	cli_metric_dims(&dims, k);
	outbuf_z(b, l->is_json ? l->given > 0 ? ",{\"namespace\":" : "{\"namespace\":" : "");
	put(b, k->ns);
	outbuf_z(b, l->is_json ? ",\"name\":" : ",");
	put(b, k->name);
	outbuf_z(b, l->is_json ? ",\"dimensions\":" : ",");
	put(b, dims.len > 0 ? dims.data : "");
	outbuf_z(b, l->is_json ? ",\"unit\":" : ",");
	put(b, k->unit);
	outbuf_z(b, l->is_json ? ",\"last\":" : ",");
	if (v.n != 0)
		outbuf_double(b, v.sum / v.n);
	else
		outbuf_z(b, l->is_json ? "null" : "");
	outbuf_fmt(b, l->is_json ? ",\"age_s\":%lld,\"tiers\":\"" : ",%lld,",
	    (long long)(sched_wall_s() - metric_last_s(s)));
	put_tiers(b, s);
	outbuf_z(b, l->is_json ? "\"}" : "\n");
	outbuf_fini(&dims);
}

static bool
list_more(struct cli *c)
{
	struct list_state *l = c->state;
	struct metric_series *s;
	struct metric_key k;

	for (int i = 0; i < SERIES_PER_PIECE; i++) {
		if ((s = metric_series_at(l->at++)) == NULL || l->given == l->max) {
			if (l->is_json)
				outbuf_z(&c->out, "]}\n");
			return true;
		}
		metric_key_of(s, &k);
		if (metric_last_s(s) != 0 && is_wanted(l, &k)) {
			put_series(&c->out, l, s, &k);
			l->given++;
		}
	}
	return false;
}

/* Words of the answer outlive the command's line. */
static char *
keep(char **at, const char *word)
{
	size_t bytes = strlen(word) + 1;
	char *to = memcpy(*at, word, bytes);

	*at += bytes;
	return to;
}

/* -1 after a message. */
static int
list_word(struct cli *c, struct list_state *l, int i, char **at)
{
	const char *word = c->args[i], *value = cli_arg(c, i + 1);
	char *copy;

	if (strcmp(word, "json") == 0 && i == c->nargs - 1) {
		l->is_json = true;
		return 1;
	}
	if (value[0] == '\0' && (strcmp(word, "name") == 0 || strcmp(word, "max") == 0)) {
		cli_err(c, "'%s' expects a value.", word);
		return -1;
	}
	if (strcmp(word, "name") == 0) {
		l->want.name = keep(at, value);
		return 2;
	}
	if (strcmp(word, "max") == 0) {
		if (str_to_u64(str_of(value), &l->max))
			return 2;
		cli_err(c, "'max' expects a number.");
		return -1;
	}
	if (strcmp(word, "dimension") == 0 && value[0] != '\0' && strchr(value, '=') == NULL &&
	    l->want.ndims < METRIC_DIMS) {	/* the name alone */
		l->want.dims[l->want.ndims++] = (struct metric_dim){ keep(at, value), "" };
		return 2;
	}
	if (strcmp(word, "unit") == 0)
		return 0;
	copy = keep(at, value);
	return cli_metric_word(c, (char *[]){ c->args[i], copy }, value[0] != '\0' ? 2 : 1, 0,
	    &l->want);
}

static void
show_metrics(struct cli *c)
{
	struct list_state *l = xcalloc(1, sizeof *l);
	size_t bytes = 1;
	char *at;
	int n;

	for (int i = 0; i < c->nargs; i++)
		bytes += strlen(c->args[i]) + 1;
	l->max = UINT64_MAX;
	at = l->words = xcalloc(1, bytes);
	for (int i = 0; i < c->nargs; i += n)
		if ((n = list_word(c, l, i, &at)) <= 0) {
			if (n == 0)
				cli_err(c, "Unknown word '%s'.", c->args[i]);
			list_free(l);
			return;
		}
	outbuf_z(&c->out, l->is_json ? "{\"metrics\":[" :
	    "#namespace,name,dimensions,unit,last,age_s,tiers\n");
	cli_more(c, list_more, l, list_free);
}

/* ---- show metric ---- */

struct stats_state {
	struct metric_series *series[UNITS_MAX];	/* held */
	unsigned	 nseries;
	struct {
		enum metric_stat stat;
		double	 percentile;
		char	 name[24];
	} stats[STATS_MAX];
	unsigned	 nstats;
	uint32_t	 period_s;
	int64_t		 t_s, end_s;
	bool		 is_json, head_done, any_row;
};

static void
stats_free(void *state)
{
	struct stats_state *s = state;

	for (unsigned i = 0; i < s->nseries; i++)
		metric_release(s->series[i]);
	free(s);
}

static void
put_point(struct outbuf *b, struct stats_state *s, const struct metric_series *from,
    const struct metric_value *v)
{
	struct metric_key k;

	metric_key_of(from, &k);
	outbuf_z(b, !s->is_json ? "" : s->any_row ? ",[\"" : "[\"");
	put_time(b, s->t_s);
	outbuf_z(b, s->is_json ? "\"" : "");
	for (unsigned i = 0; i < s->nstats; i++) {
		double x = s->stats[i].stat == METRIC_PERCENTILE ?
		    metric_percentile(from, s->stats[i].percentile, s->period_s, s->t_s).v :
		    metric_stat_of(v, s->stats[i].stat);

		outbuf_z(b, ",");
		if (!isnan(x))
			outbuf_double(b, x);
		else
			outbuf_z(b, s->is_json ? "null" : "");
	}
	outbuf_fmt(b, s->is_json ? ",\"%s\"]" : ",%s\n", k.unit);
	s->any_row = true;
}

/* Of an instance's metric, who told it. */
static void
put_source(struct outbuf *b, const struct stats_state *s)
{
	const char *source;
	struct metric_key k;

	metric_key_of(s->series[0], &k);
	if (k.ndims != 1 || strcmp(k.dims[0].name, "InstanceId") != 0)
		return;
	source = metric_instance_source(k.dims[0].value, k.name);
	outbuf_z(b, "\"source\":");
	outbuf_json(b, source);
	outbuf_z(b, ",");
}

static void
put_stats_head(struct outbuf *b, const struct stats_state *s)
{
	if (s->is_json) {
		outbuf_z(b, "{");
		put_source(b, s);
	}
	outbuf_z(b, s->is_json ? "\"fields\":[\"time\"" : "#time");
	for (unsigned i = 0; i < s->nstats; i++)
		outbuf_fmt(b, s->is_json ? ",\"%s\"" : ",%s", s->stats[i].name);
	outbuf_z(b, s->is_json ? ",\"unit\"],\"rows\":[" : ",unit\n");
}

static bool
stats_more(struct cli *c)
{
	struct stats_state *s = c->state;
	struct metric_value v;

	if (!s->head_done)
		put_stats_head(&c->out, s);
	s->head_done = true;
	for (int n = 0; n < SLOTS_PER_PIECE && s->t_s < s->end_s; n++, s->t_s += s->period_s)
		for (unsigned i = 0; i < s->nseries; i++) {
			metric_series_values(s->series[i], s->period_s, s->t_s, 1, &v);
			if (v.n != 0)
				put_point(&c->out, s, s->series[i], &v);
		}
	if (s->t_s < s->end_s)
		return false;
	if (s->is_json)
		outbuf_z(&c->out, "]}\n");
	return true;
}

static bool
add_stat(struct stats_state *s, const char *word)
{
	if (s->nstats == STATS_MAX || strlen(word) >= sizeof s->stats[0].name ||
	    !metric_stat_named(word, &s->stats[s->nstats].stat, &s->stats[s->nstats].percentile))
		return false;
	snprintf(s->stats[s->nstats].name, sizeof s->stats[0].name, "%s", word);
	s->nstats++;
	return true;
}

static int
read_stats(struct cli *c, struct stats_state *s, const char *list)
{
	struct str rest = str_of(list), word;
	char name[32];

	while (str_next_elem(&rest, ',', &word)) {
		snprintf(name, sizeof name, STR_FMT, STR_ARG(word));
		if (!add_stat(s, name)) {
			cli_err(c, "Unknown statistic '" STR_FMT "': there are Average, Sum, "
			    "Minimum, Maximum, SampleCount and p0 to p100.", STR_ARG(word));
			return -1;
		}
	}
	return 2;
}

static int
read_period(struct cli *c, struct stats_state *s, const char *word)
{
	uint64_t us, p;

	if (str_to_duration_us(str_of(word), 1000000, &us) == PARSE_OK && us % 1000000 == 0 &&
	    us / 1000000 <= 86400) {
		p = us / 1000000;
		if (p == 1 || p == 5 || p == 10 || p == 30 || (p > 0 && p % 60 == 0)) {
			s->period_s = (uint32_t)p;
			return 2;
		}
	}
	cli_err(c, "'period' is 1s, 5s, 10s, 30s or whole minutes, up to a day.");
	return -1;
}

static int
stats_word(struct cli *c, int i, void *arg)
{
	struct stats_state *s = arg;

	if (strcmp(c->args[i], "json") == 0 && i == c->nargs - 1) {
		s->is_json = true;
		return 1;
	}
	if (strcmp(c->args[i], "stat") == 0)
		return read_stats(c, s, cli_arg(c, i + 1));
	if (strcmp(c->args[i], "period") == 0)
		return read_period(c, s, cli_arg(c, i + 1));
	return 0;
}

/* Words that name the metric may stand among the others: those come first then. */
static void
sort_words(struct cli *c)
{
	char *sorted[CLI_MAX_WORDS];
	int n = 0;

	for (int pass = 0; pass < 2; pass++)
		for (int i = 1; i < c->nargs;) {
			bool names = strcmp(c->args[i], "namespace") == 0 ||
			    strcmp(c->args[i], "dimension") == 0 || strcmp(c->args[i], "unit") == 0;
			int words = strcmp(c->args[i], "json") == 0 || i + 1 == c->nargs ? 1 : 2;

			for (int w = 0; w < words; w++)
				if (names == (pass == 0))
					sorted[n++] = c->args[i + w];
			i += words;
		}
	for (int i = 0; i < n; i++)
		c->args[1 + i] = sorted[i];
}

static bool
set_times(struct cli *c, struct stats_state *s, const struct when *w)
{
	int64_t points;

	s->t_s = metric_round_start(sched_wall_s(), w->from_s, s->period_s);
	s->end_s = w->to_s;
	points = (s->end_s - s->t_s + s->period_s - 1) / s->period_s;
	if (points <= POINTS_MAX)
		return true;
	cli_err(c, "You have requested up to %lld datapoints, which exceeds the limit of %d. You "
	    "may reduce the datapoints requested by increasing Period, or decreasing the time "
	    "range.", (long long)points, POINTS_MAX);
	return false;
}

static void
show_metric(struct cli *c)
{
	static const char *const usual[] = {
		"SampleCount", "Average", "Sum", "Minimum", "Maximum"
	};
	struct stats_state *s = xcalloc(1, sizeof *s);
	struct metric_key k;
	struct when w;
	int n;

	s->period_s = 60;
	sort_words(c);
	if ((n = cli_metric_key(c, 0, &k)) < 0)
		goto out;
	s->nseries = metric_find_units(&k, s->series, UNITS_MAX);
	for (unsigned i = 0; i < s->nseries; i++)
		metric_hold(s->series[i]);
	if (s->nseries == 0) {
		cli_metric_unknown(c, &k);
		goto out;
	}
	if (!when_words(c, n, SPAN_S, &w, stats_word, s) || !set_times(c, s, &w))
		goto out;
	for (unsigned i = 0; i < 5 && (i > 0 ? s->nstats >= i : s->nstats == 0); i++)
		(void)add_stat(s, usual[i]);
	cli_more(c, stats_more, s, stats_free);
	return;
out:
	stats_free(s);
}

static const struct cli_row rows[] = {
	{ "show metrics", CLI_USER, 0, show_metrics,
	  "[namespace <n>] [name <m>] [dimension <k=v>]... [max <n>] [json]", "list metrics" },
	{ "show metric", CLI_USER, 0, show_metric,
	  "<name> [namespace <n>] " CLI_METRIC_SCOPES " [dimension <k=v>]... [unit <u>] "
	  "[stat <s,s>] [period <d>] "
	  "[from <t>] [to <t>] [json]", "report the statistics of a metric" },
	{ 0 }
};

const struct module mod_cli_metric = { .name = "cli_metric", .cli = rows };
