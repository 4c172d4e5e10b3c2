/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show history, show histogram: what the metrics store keeps. An answer is made a few
 * slots at a time.
 *
 * Thread: control.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "api/cli_metric.h"
#include "api/when.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/metric_feed.h"
#include "ctl/metric_hist.h"
#include "event/sched.h"
#include "proxy/proxy.h"

#define SLOTS_PER_PIECE	16
#define ROWS_MAX	1000	/* a step is chosen so that there are no more */
#define SPAN_S		300

/* Which row is meant. */
struct which {
	enum metric_side side;
	char		*proxy, *server;	/* owned; server NULL */
};

static void
which_free(struct which *w)
{
	free(w->proxy);
	free(w->server);
}

static bool
is_keyword(const char *w)
{
	static const char *const words[] = { "from", "to", "step", "fields", "phase", "json" };

	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(w, words[i]) == 0)
			return true;
	return w[0] == '\0';
}

/* PROXY [SERVER|FRONTEND|BACKEND]: words taken, 0 after a message. */
static int
read_which(struct cli *c, struct which *ret)
{
	const char *name = cli_arg(c, 0), *sv = cli_arg(c, 1);
	const struct proxy *be = cli_proxy_named(snapshot_current(), name, CAP_BACKEND);
	const struct proxy *fe = cli_proxy_named(snapshot_current(), name, CAP_FRONTEND);
	const struct server *srv = NULL;
	bool is_more = !is_keyword(sv);

	if (is_more && strcmp(sv, "FRONTEND") == 0)
		be = NULL;
	else if (is_more && strcmp(sv, "BACKEND") == 0)
		fe = NULL;
	else if (is_more && be != NULL && (srv = server_find(be, sv)) == NULL) {
		cli_err(c, "No such server.");
		return 0;
	}
	if (be == NULL && fe == NULL) {
		cli_err(c, "No such proxy.");
		return 0;
	}
	ret->side = srv != NULL ? SIDE_SERVER : be != NULL ? SIDE_BACKEND : SIDE_FRONTEND;
	ret->proxy = xstrdup(be != NULL ? be->name : fe->name);
	ret->server = srv != NULL ? xstrdup(srv->name) : NULL;
	return is_more ? 2 : 1;
}

/* ---- show history ---- */

#define FIELDS_MAX	(3 * MF_MAX)

static const uint32_t steps_s[] = { 1, 10, 60, 300, 3600 };
#define NSTEPS	(sizeof steps_s / sizeof steps_s[0])

struct history {
	struct which	 which;		/* empty of a metric */
	bool		 is_metric, is_json, any_row, head_done;
	struct metric_series *series[MF_MAX];	/* held; NULL: none. A metric's is [0] */
	uint32_t	 step_s;
	int64_t		 slot, last;	/* next, and the last one */
	unsigned	 nfields;
	struct {
		const char *name, *suffix;
		uint8_t	 series, stat;	/* enum metric_stat */
	} fields[FIELDS_MAX];
};

static void
history_free(void *state)
{
	struct history *h = state;

	for (unsigned i = 0; i < MF_MAX; i++)
		metric_release(h->series[i]);
	which_free(&h->which);
	free(h);
}

static void
add_field(struct history *h, unsigned series, enum metric_stat stat, const char *name,
    const char *suffix)
{
	if (h->nfields == FIELDS_MAX)
		return;
	h->fields[h->nfields].series = (uint8_t)series;
	h->fields[h->nfields].stat = (uint8_t)stat;
	h->fields[h->nfields].name = name;
	h->fields[h->nfields++].suffix = suffix;
}

static bool
is_named(struct str word, const char *name, const char *suffix)
{
	return word.len == strlen(name) + strlen(suffix) && str_starts(word, str_of(name)) &&
	    str_ends(word, str_of(suffix));
}

static bool
add_named(struct history *h, struct str word)
{
	static const struct {
		const char *suffix;
		enum metric_stat stat;
	} kinds[] = {
		{ "", METRIC_AVERAGE }, { ".min", METRIC_MINIMUM }, { ".max", METRIC_MAXIMUM }
	};

	for (unsigned s = 0; h->is_metric && s < METRIC_PERCENTILE; s++)
		if (is_named(word, metric_stat_name((enum metric_stat)s), "")) {
			add_field(h, 0, (enum metric_stat)s, metric_stat_name((enum metric_stat)s),
			    "");
			return true;
		}
	for (unsigned f = 0; !h->is_metric && f < MF_MAX; f++)
		for (unsigned k = 0; k < 3; k++)
			if (is_named(word, metric_field_names[f], kinds[k].suffix)) {
				add_field(h, f, kinds[k].stat, metric_field_names[f],
				    kinds[k].suffix);
				return true;
			}
	return false;
}

static void
add_all(struct history *h)
{
	for (unsigned s = 0; h->is_metric && s < METRIC_PERCENTILE; s++)
		(void)add_named(h, str_of(metric_stat_name((enum metric_stat)s)));
	for (unsigned f = 0; !h->is_metric && f < MF_MAX; f++)
		(void)add_named(h, str_of(metric_field_names[f]));
}

static void
unknown_field(struct cli *c, const struct history *h, struct str name)
{
	struct outbuf list;

	outbuf_init(&list, 0);
	for (unsigned s = 0; h->is_metric && s < METRIC_PERCENTILE; s++)
		outbuf_fmt(&list, "%s%s", s > 0 ? ", " : "", metric_stat_name((enum metric_stat)s));
	for (unsigned f = 0; !h->is_metric && f < MF_MAX; f++)
		outbuf_fmt(&list, "%s%s", f > 0 ? ", " : "", metric_field_names[f]);
	cli_err(c, "Unknown field '" STR_FMT "': there are %s%s.", STR_ARG(name), list.data,
	    h->is_metric ? "" : ", each also with .min and .max");
	outbuf_fini(&list);
}

static int
history_word(struct cli *c, int i, void *arg)
{
	struct history *h = arg;
	struct str rest = str_of(cli_arg(c, i + 1)), name;

	if (strcmp(c->args[i], "json") == 0 && i == c->nargs - 1) {
		h->is_json = true;
		return 1;
	}
	if (strcmp(c->args[i], "fields") != 0)
		return 0;
	while (str_next_elem(&rest, ',', &name))
		if (!add_named(h, name)) {
			unknown_field(c, h, name);
			return -1;
		}
	return 2;
}

/* The oldest value of any series, at this step. */
static int64_t
first_s(const struct history *h, uint32_t step_s)
{
	int64_t first = INT64_MAX, of_series;

	for (unsigned i = 0; i < MF_MAX; i++)
		if (h->series[i] != NULL && metric_last_s(h->series[i]) != 0 &&
		    (of_series = metric_first_s(h->series[i], step_s)) < first)
			first = of_series;
	return first;
}

/* The finest step that reaches back to `from`, or as far as any, and that has not
 * too many rows. */
static uint32_t
best_step(const struct history *h, const struct when *w)
{
	int64_t earliest = INT64_MAX, from;

	for (unsigned t = 0; t < NSTEPS; t++)
		if (first_s(h, steps_s[t]) < earliest)
			earliest = first_s(h, steps_s[t]);
	if (earliest == INT64_MAX)
		return 1;
	from = w->from_s > earliest ? w->from_s : earliest;
	for (unsigned t = 0; t < NSTEPS; t++)
		if ((w->to_s - from) / steps_s[t] <= ROWS_MAX && first_s(h, steps_s[t]) <= from)
			return steps_s[t];
	return steps_s[NSTEPS - 1];
}

static bool
choose_step(struct cli *c, struct history *h, const struct when *w)
{
	h->step_s = w->step_s != 0 ? w->step_s : best_step(h, w);
	for (unsigned t = 0; t < NSTEPS; t++)
		if (h->step_s == steps_s[t])
			return true;
	cli_err(c, "'step' is one of 1s, 10s, 60s, 300s and 3600s.");
	return false;
}

static void
put_number(struct outbuf *b, double v, bool is_json)
{
	if (isnan(v))
		outbuf_z(b, is_json ? "null" : "");
	else if (v == floor(v))
		outbuf_fmt(b, "%.0f", v);
	else
		outbuf_fmt(b, "%.3f", v);
}

static void
history_head(struct outbuf *b, const struct history *h)
{
	if (!h->is_json)
		outbuf_z(b, "#t");
	else if (h->is_metric)
		outbuf_fmt(b, "{\"step\":%u,\"fields\":[\"t\"", h->step_s);
	else
		outbuf_fmt(b, "{\"proxy\":\"%s\",\"server\":\"%s\",\"step\":%u,\"fields\":[\"t\"",
		    h->which.proxy, h->which.server != NULL ? h->which.server :
		    h->which.side == SIDE_BACKEND ? "BACKEND" : "FRONTEND", h->step_s);
	for (unsigned i = 0; i < h->nfields; i++)
		outbuf_fmt(b, h->is_json ? ",\"%s%s\"" : ",%s%s", h->fields[i].name,
		    h->fields[i].suffix);
	outbuf_z(b, h->is_json ? "],\"rows\":[" : "\n");
}

static void
history_slot(struct outbuf *b, struct history *h)
{
	int64_t t_s = h->slot * h->step_s;

	outbuf_fmt(b, "%s%lld", !h->is_json ? "" : h->any_row ? ",[" : "[", (long long)t_s);
	for (unsigned i = 0; i < h->nfields; i++) {
		struct metric_value v = { 0 };

		if (h->series[h->fields[i].series] != NULL)
			metric_series_values(h->series[h->fields[i].series], h->step_s, t_s, 1, &v);
		outbuf_z(b, ",");
		put_number(b, metric_stat_of(&v, (enum metric_stat)h->fields[i].stat), h->is_json);
	}
	outbuf_z(b, h->is_json ? "]" : "\n");
	h->any_row = true;
}

static bool
history_more(struct cli *c)
{
	struct history *h = c->state;

	if (!h->head_done)
		history_head(&c->out, h);
	h->head_done = true;
	for (int i = 0; i < SLOTS_PER_PIECE && h->slot <= h->last; i++, h->slot++)
		history_slot(&c->out, h);
	if (h->slot <= h->last)
		return false;
	if (h->is_json)
		outbuf_z(&c->out, "]}\n");
	return true;
}

/* Slots that are over, as far as there is something. */
static void
set_range(struct history *h, const struct when *w)
{
	int64_t step = h->step_s, first = first_s(h, h->step_s), newest = 0;

	for (unsigned i = 0; i < MF_MAX; i++)
		if (h->series[i] != NULL && metric_last_s(h->series[i]) > newest)
			newest = metric_last_s(h->series[i]);
	h->slot = (w->from_s + step - 1) / step;
	h->last = w->to_s / step;
	if (first == INT64_MAX) {
		h->slot = h->last + 1;
		return;
	}
	if (first / step > h->slot)
		h->slot = first / step;
	if (newest / step < h->last)
		h->last = newest / step;
	if ((sched_wall_s() + 1) / step - 1 < h->last)
		h->last = (sched_wall_s() + 1) / step - 1;
}

/* The series of a row: words taken, 0 after a message. */
static int
find_row(struct cli *c, struct history *h)
{
	int n = read_which(c, &h->which);
	bool any = false;
	struct metric_key k;

	for (unsigned f = 0; n != 0 && f < MF_MAX; f++) {
		metric_feed_key(h->which.side, h->which.proxy, h->which.server,
		    (enum metric_field)f, &k);
		h->series[f] = metric_find(&k);
		metric_hold(h->series[f]);
		any |= h->series[f] != NULL;
	}
	if (n != 0 && !any)
		cli_err(c, "Nothing is known of it yet.");
	return any ? n : 0;
}

static int
find_metric(struct cli *c, struct history *h)
{
	struct metric_key k;
	int n = cli_metric_key(c, 1, &k);

	if (n < 0)
		return 0;
	h->is_metric = true;
	if ((h->series[0] = metric_find(&k)) == NULL)
		cli_metric_unknown(c, &k);
	metric_hold(h->series[0]);
	return h->series[0] != NULL ? n : 0;
}

static void
show_history(struct cli *c)
{
	struct history *h = xcalloc(1, sizeof *h);
	bool is_metric = strcmp(cli_arg(c, 0), "metric") == 0 && cli_arg(c, 1)[0] != '\0';
	int n = is_metric ? find_metric(c, h) : find_row(c, h);
	struct when w;

	if (n == 0 || !when_words(c, n, SPAN_S, &w, history_word, h) || !choose_step(c, h, &w)) {
		history_free(h);
		return;
	}
	if (h->nfields == 0)
		add_all(h);
	set_range(h, &w);
	cli_more(c, history_more, h, history_free);
}

/* ---- show histogram ---- */

struct histogram {
	struct which	 which;
	enum metric_phase phase;
	enum hist_tier	 tier;
	uint32_t	 slots;		/* of the tier in one line */
	int64_t		 slot, last;
	bool		 head_done;
};

static const struct metric_hist *
hist_of(const struct histogram *h)
{
	return metric_hist_find(h->which.proxy, h->which.server, h->phase);
}

static void
histogram_free(void *state)
{
	struct histogram *h = state;

	which_free(&h->which);
	free(h);
}

static int
histogram_word(struct cli *c, int i, void *arg)
{
	struct histogram *h = arg;

	if (strcmp(c->args[i], "phase") != 0)
		return 0;
	for (unsigned p = 0; p < PHASE_MAX; p++)
		if (strcmp(cli_arg(c, i + 1), metric_phase_names[p]) == 0) {
			h->phase = (enum metric_phase)p;
			return 2;
		}
	cli_err(c, "'phase' is one of total, queue, connect and response.");
	return -1;
}

static void
histogram_line(struct outbuf *b, const struct histogram *h, const struct metric_hist *r)
{
	uint32_t sum[HISTC_BUCKETS] = { 0 };
	uint64_t total = 0;

	if (!metric_hist_sum(r, h->tier, h->slot, h->slot + h->slots, sum))
		return;
	for (unsigned i = 0; i < HISTC_BUCKETS; i++)
		total += sum[i];
	outbuf_fmt(b, "%lld,%llu,", (long long)h->slot * metric_hist_step_s[h->tier],
	    (unsigned long long)total);
	for (unsigned i = 0, n = 0; i < HISTC_BUCKETS; i++)
		if (sum[i] != 0)
			outbuf_fmt(b, "%s%u:%u", n++ > 0 ? " " : "", i, sum[i]);
	outbuf_z(b, "\n");
}

static bool
histogram_more(struct cli *c)
{
	struct histogram *h = c->state;
	const struct metric_hist *r = hist_of(h);

	if (!h->head_done)
		outbuf_fmt(&c->out, "#histogram v=1 unit=us lo=%u hi=%u sub=%u n=%u phase=%s\n",
		    HISTC_LO_US, HISTC_HI_US, HISTC_SUB, HISTC_BUCKETS,
		    metric_phase_names[h->phase]);
	h->head_done = true;
	if (r == NULL || h->slot > h->last)
		return true;
	histogram_line(&c->out, h, r);
	h->slot += h->slots;
	return h->slot > h->last;
}

/* The finest tier that reaches back, and how many of its slots make a step. */
static void
choose_slots(struct histogram *h, const struct when *w)
{
	const struct metric_hist *r = hist_of(h);
	uint32_t step = w->step_s != 0 ? w->step_s : 10;
	int64_t first, last;

	for (unsigned t = 0; t < HTIER_MAX; t++) {
		h->tier = (enum hist_tier)t;
		if (t + 1 < HTIER_MAX && metric_hist_step_s[t + 1] <= step)
			continue;
		if (r != NULL && metric_hist_span(r, h->tier, &first, &last) &&
		    first * metric_hist_step_s[t] <= w->from_s)
			break;
		if (t == HTIER_MAX - 1 || !w->has_from || w->step_s != 0)
			break;
	}
	h->slots = (step + metric_hist_step_s[h->tier] - 1) / metric_hist_step_s[h->tier];
	h->slot = w->from_s / metric_hist_step_s[h->tier];
	h->slot -= h->slot % h->slots;
	h->last = w->to_s / metric_hist_step_s[h->tier];
	if (r != NULL && metric_hist_span(r, h->tier, &first, &last)) {
		first -= first % h->slots;
		h->slot = first > h->slot ? first : h->slot;
	}
}

static void
show_histogram(struct cli *c)
{
	struct histogram *h = xcalloc(1, sizeof *h);
	int n = read_which(c, &h->which);
	struct when w;

	if (n == 0 || !when_words(c, n, 2 * SPAN_S, &w, histogram_word, h)) {
		histogram_free(h);
		return;
	}
	if (h->which.side == SIDE_FRONTEND || (h->which.side == SIDE_SERVER && h->phase != 0)) {
		cli_err(c, h->which.side == SIDE_FRONTEND ? "A frontend has no histograms." :
		    "A server has the phase total only.");
		histogram_free(h);
		return;
	}
	choose_slots(h, &w);
	cli_more(c, histogram_more, h, histogram_free);
}

static const struct cli_row rows[] = {
	{ "show history", CLI_USER, 0, show_history,
	  "<proxy> [<server>]|metric <name> [<key>] [fields <f,g>] [from <t>] [to <t>] "
	  "[step <s>] [json]",
	  "report what was measured over time" },
	{ "show histogram", CLI_USER, 0, show_histogram,
	  "<backend> [<server>] [phase <p>] [from <t>] [to <t>] [step <s>]",
	  "report latencies as histograms" },
	{ 0 }
};

const struct module mod_cli_history = { .name = "cli_history", .cli = rows };
