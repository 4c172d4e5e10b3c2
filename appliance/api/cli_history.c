/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show history, show histogram: what ctl/series.h keeps. An answer is made a few
 * slots at a time; the row is looked up again each time, for it may go meanwhile.
 *
 * Thread: control.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "api/when.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/series.h"
#include "proxy/proxy.h"

#define SLOTS_PER_PIECE	16
#define ROWS_MAX	1000	/* a step is chosen so that there are no more */
#define SPAN_S		300

/* Which row is meant. */
struct which {
	enum series_kind kind;
	char		*proxy, *server;	/* owned; server NULL */
};

static void
which_free(struct which *w)
{
	free(w->proxy);
	free(w->server);
}

static struct series_row *
row_of(const struct which *w)
{
	return series_find(w->kind, w->proxy, w->server);
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
	ret->kind = srv != NULL ? SERIES_SERVER : be != NULL ? SERIES_BACKEND : SERIES_FRONTEND;
	ret->proxy = xstrdup(be != NULL ? be->name : fe->name);
	ret->server = srv != NULL ? xstrdup(srv->name) : NULL;
	return is_more ? 2 : 1;
}

/* ---- show history ---- */

struct history {
	struct which	 which;
	bool		 is_json, any_row, head_done;
	enum series_tier tier;
	int64_t		 slot, last;	/* next, and the last one */
	unsigned	 nfields;
	struct {
		uint8_t	 field, agg;
	} fields[SF_MAX * AGG_KINDS];
};

static void
history_free(void *state)
{
	struct history *h = state;

	which_free(&h->which);
	free(h);
}

static const char *const agg_names[AGG_KINDS] = { "", ".min", ".max" };

static bool
add_field(struct history *h, struct str name)
{
	for (unsigned f = 0; f < SF_MAX; f++)
		for (unsigned a = 0; a < AGG_KINDS; a++) {
			struct str base = str_of(series_field_names[f]), agg = str_of(agg_names[a]);

			if (name.len != base.len + agg.len || !str_starts(name, base) ||
			    !str_ends(name, agg) || h->nfields == SF_MAX * AGG_KINDS)
				continue;
			h->fields[h->nfields].field = (uint8_t)f;
			h->fields[h->nfields++].agg = (uint8_t)a;
			return true;
		}
	return false;
}

static void
unknown_field(struct cli *c, struct str name)
{
	struct outbuf list;

	outbuf_init(&list, 0);
	for (unsigned f = 0; f < SF_MAX; f++)
		outbuf_fmt(&list, "%s%s", f > 0 ? ", " : "", series_field_names[f]);
	cli_err(c, "Unknown field '" STR_FMT "': there are %s, each also with .min and .max.",
	    STR_ARG(name), list.data);
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
		if (!add_field(h, name)) {
			unknown_field(c, name);
			return -1;
		}
	return 2;
}

/* When the oldest slot of any step ends. */
static int64_t
earliest_s(const struct series_row *r)
{
	int64_t first, last, earliest = INT64_MAX;

	for (unsigned t = 0; t < TIER_MAX; t++)
		if (series_span(r, (enum series_tier)t, &first, &last) &&
		    (first + 1) * series_step_s[t] < earliest)
			earliest = (first + 1) * series_step_s[t];
	return earliest;
}

/* The finest step that reaches back to `from`, or as far as any, and that has not
 * too many rows. */
static enum series_tier
best_tier(const struct series_row *r, const struct when *w)
{
	int64_t earliest = earliest_s(r), from = w->from_s > earliest ? w->from_s : earliest;
	int64_t first, last;

	for (unsigned t = 0; t < TIER_MAX; t++)
		if ((w->to_s - from) / series_step_s[t] <= ROWS_MAX &&
		    series_span(r, (enum series_tier)t, &first, &last) &&
		    first * series_step_s[t] <= from)
			return (enum series_tier)t;
	return earliest == INT64_MAX ? TIER_1S : TIER_3600S;
}

static bool
choose_tier(struct cli *c, struct history *h, const struct when *w)
{
	if (w->step_s == 0) {
		h->tier = best_tier(row_of(&h->which), w);
		return true;
	}
	for (unsigned t = 0; t < TIER_MAX; t++)
		if (w->step_s == series_step_s[t]) {
			h->tier = (enum series_tier)t;
			return true;
		}
	cli_err(c, "'step' is one of 1s, 10s, 60s, 300s and 3600s.");
	return false;
}

static void
put_number(struct outbuf *b, float v, bool is_json)
{
	if (isnan(v))
		outbuf_z(b, is_json ? "null" : "");
	else if (v == floorf(v))
		outbuf_fmt(b, "%.0f", (double)v);
	else
		outbuf_fmt(b, "%.3f", (double)v);
}

static void
history_head(struct outbuf *b, const struct history *h)
{
	if (h->is_json)
		outbuf_fmt(b, "{\"proxy\":\"%s\",\"server\":\"%s\",\"step\":%u,\"fields\":[\"t\"",
		    h->which.proxy, h->which.server != NULL ? h->which.server :
		    h->which.kind == SERIES_BACKEND ? "BACKEND" : "FRONTEND",
		    series_step_s[h->tier]);
	else
		outbuf_z(b, "#t");
	for (unsigned i = 0; i < h->nfields; i++)
		outbuf_fmt(b, h->is_json ? ",\"%s%s\"" : ",%s%s",
		    series_field_names[h->fields[i].field], agg_names[h->fields[i].agg]);
	outbuf_z(b, h->is_json ? "],\"rows\":[" : "\n");
}

static void
history_slot(struct outbuf *b, struct history *h, const struct series_row *r)
{
	float v[SF_MAX][AGG_KINDS];
	bool any = series_get(r, h->tier, h->slot, v);

	outbuf_fmt(b, "%s%lld", !h->is_json ? "" : h->any_row ? ",[" : "[",
	    (long long)h->slot * series_step_s[h->tier]);
	for (unsigned i = 0; i < h->nfields; i++) {
		outbuf_z(b, ",");
		put_number(b, any ? v[h->fields[i].field][h->fields[i].agg] : NAN, h->is_json);
	}
	outbuf_z(b, h->is_json ? "]" : "\n");
	h->any_row = true;
}

static bool
history_more(struct cli *c)
{
	struct history *h = c->state;
	const struct series_row *r = row_of(&h->which);

	if (!h->head_done)
		history_head(&c->out, h);
	h->head_done = true;
	for (int i = 0; i < SLOTS_PER_PIECE && r != NULL && h->slot <= h->last; i++, h->slot++)
		history_slot(&c->out, h, r);
	if (r != NULL && h->slot <= h->last)
		return false;
	if (h->is_json)
		outbuf_z(&c->out, "]}\n");
	return true;
}

static void
set_range(struct history *h, const struct when *w)
{
	int64_t step = series_step_s[h->tier], first, last;

	h->slot = (w->from_s + step - 1) / step;
	h->last = w->to_s / step;
	if (!series_span(row_of(&h->which), h->tier, &first, &last))
		h->slot = h->last + 1;
	else {
		h->slot = first > h->slot ? first : h->slot;
		h->last = last < h->last ? last : h->last;
	}
}

static void
show_history(struct cli *c)
{
	struct history *h = xcalloc(1, sizeof *h);
	int n = read_which(c, &h->which);
	struct when w;

	if (n == 0 || !when_words(c, n, SPAN_S, &w, history_word, h))
		goto out;
	if (row_of(&h->which) == NULL) {
		cli_err(c, "Nothing is known of it yet.");
		goto out;
	}
	if (!choose_tier(c, h, &w))
		goto out;
	for (unsigned f = 0; h->nfields < SF_MAX && f < SF_MAX && (f > 0 || h->nfields == 0); f++)
		(void)add_field(h, str_of(series_field_names[f]));
	set_range(h, &w);
	cli_more(c, history_more, h, history_free);
	return;
out:
	history_free(h);
}

/* ---- show histogram ---- */

struct histogram {
	struct which	 which;
	enum series_phase phase;
	enum hist_tier	 tier;
	uint32_t	 slots;		/* of the tier in one line */
	int64_t		 slot, last;
	bool		 head_done;
};

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
		if (strcmp(cli_arg(c, i + 1), series_phase_names[p]) == 0) {
			h->phase = (enum series_phase)p;
			return 2;
		}
	cli_err(c, "'phase' is one of total, queue, connect and response.");
	return -1;
}

static void
histogram_line(struct outbuf *b, const struct histogram *h, const struct series_row *r)
{
	uint32_t sum[HISTC_BUCKETS] = { 0 };
	uint64_t total = 0;

	if (!series_hist(r, h->phase, h->tier, h->slot, h->slot + h->slots, sum))
		return;
	for (unsigned i = 0; i < HISTC_BUCKETS; i++)
		total += sum[i];
	outbuf_fmt(b, "%lld,%llu,", (long long)h->slot * series_hist_step_s[h->tier],
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
	const struct series_row *r = row_of(&h->which);

	if (!h->head_done)
		outbuf_fmt(&c->out, "#histogram v=1 unit=us lo=%u hi=%u sub=%u n=%u phase=%s\n",
		    HISTC_LO_US, HISTC_HI_US, HISTC_SUB, HISTC_BUCKETS,
		    series_phase_names[h->phase]);
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
	const struct series_row *r = row_of(&h->which);
	uint32_t step = w->step_s != 0 ? w->step_s : 10;
	int64_t first, last;

	for (unsigned t = 0; t < HTIER_MAX; t++) {
		h->tier = (enum hist_tier)t;
		if (t + 1 < HTIER_MAX && series_hist_step_s[t + 1] <= step)
			continue;
		if (r != NULL && series_hist_span(r, h->phase, h->tier, &first, &last) &&
		    first * series_hist_step_s[t] <= w->from_s)
			break;
		if (t == HTIER_MAX - 1 || !w->has_from || w->step_s != 0)
			break;
	}
	h->slots = (step + series_hist_step_s[h->tier] - 1) / series_hist_step_s[h->tier];
	h->slot = w->from_s / series_hist_step_s[h->tier];
	h->slot -= h->slot % h->slots;
	h->last = w->to_s / series_hist_step_s[h->tier];
	if (r != NULL && series_hist_span(r, h->phase, h->tier, &first, &last)) {
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
	if (h->which.kind == SERIES_FRONTEND || (h->which.kind == SERIES_SERVER && h->phase != 0)) {
		cli_err(c, h->which.kind == SERIES_FRONTEND ? "A frontend has no histograms." :
		    "A server has the phase total only.");
		histogram_free(h);
		return;
	}
	choose_slots(h, &w);
	cli_more(c, histogram_more, h, histogram_free);
}

static const struct cli_row rows[] = {
	{ "show history", CLI_USER, 0, show_history,
	  "<proxy> [<server>] [fields <f,g>] [from <t>] [to <t>] [step <s>] [json]",
	  "report what was measured over time" },
	{ "show histogram", CLI_USER, 0, show_histogram,
	  "<backend> [<server>] [phase <p>] [from <t>] [to <t>] [step <s>]",
	  "report latencies as histograms" },
	{ 0 }
};

const struct module mod_cli_history = { .name = "cli_history", .cli = rows };
