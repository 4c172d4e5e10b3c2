/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Predictive policies: from the loads of the last 15 days, hour by hour, the group is
 * large enough for the next hour `buffer` before it begins. They only grow a group;
 * what shrinks it is another policy's.
 *
 * The load of a metric of the group's instances is its average times the instances
 * that were in service; of a count its sum a minute; else its average.
 *
 * Thread: control; parsing: the one that loads.
 */
#include "ctl/policy_predictive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/list.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/group.h"
#include "ctl/metric.h"
#include "ctl/policy.h"
#include "ctl/policy_conf.h"
#include "event/sched.h"

#define HOUR_S		3600
#define HOUR_US		(3600ull * 1000000)
#define BUFFER_US	(300ull * 1000000)

struct predictive {
	const char	*metric, *value_word;
	struct metric_query query;
	double		 value;		/* that one instance carries */
	uint64_t	 ahead_us, buffer_us;
	bool		 is_forecast_only;
	bool		 is_shared, is_count;	/* how the load is made of the metric */
};

/* ---- parsing ---- */

static int
parse_value(struct cfg *c, const char *word, struct predictive *p)
{
	const struct metric_key *k = &p->query.key;
	const char *unit = k->unit != NULL ? k->unit : metric_unit(k->ns, k->name);
	bool is_bare;

	if (word == NULL) {
		diag_error(c->diag, "'value' expects how much one instance carries.");
		return -1;
	}
	p->value_word = word;
	p->is_count = unit != NULL && strcmp(unit, "Count") == 0;
	if (metric_value_parse(c, unit, word, &p->value, &is_bare) == -1)
		return -1;
	if (p->value > 0 && isfinite(p->value))
		return 0;
	diag_error(c->diag, "'value' expects more than 0, not '%s'.", word);
	return -1;
}

/* One option at args[*i]; 0 or -1. */
static int
parse_option(struct cfg *c, struct policy_conf *conf, char **args, int *i)
{
	struct predictive *p = conf->own;
	int r = policy_time_option(c, args, i, "ahead", &p->ahead_us, NULL);

	if (r == 0)
		r = policy_time_option(c, args, i, "buffer", &p->buffer_us, NULL);
	if (r != 0)
		return r == 1 ? 0 : -1;
	if (strcmp(args[*i], "forecast-only") == 0) {
		p->is_forecast_only = true;
		*i += 1;
		return 0;
	}
	if (strcmp(args[*i], "value") != 0)
		return policy_unexpected(c, conf, args[*i]);
	*i += 2;
	return parse_value(c, args[*i - 1], p);
}

static bool
is_of_group(const struct metric_key *k)
{
	for (unsigned i = 0; i < k->ndims; i++)
		if (strcmp(k->dims[i].name, "AutoScalingGroupName") == 0)
			return strcmp(k->ns, metric_ns_name(NS_EC2)) == 0;
	return false;
}

static int
parse(struct cfg *c, struct policy_conf *conf, char **args, int nargs)
{
	struct predictive *p = conf->own = arena_alloc(c->arena, sizeof *p);
	int i = 0;

	p->ahead_us = FORECAST_AHEAD * HOUR_US;
	p->buffer_us = BUFFER_US;
	if (nargs == 0 || metric_ref_parse(c, args, nargs, &i, &p->query.key) == -1) {
		if (nargs == 0)
			diag_error(c->diag, "'policy': behind 'predictive' comes a metric.");
		return -1;
	}
	p->metric = args[0];
	while (i < nargs)
		if (parse_option(c, conf, args, &i) == -1)
			return -1;
	p->is_shared = is_of_group(&p->query.key);
	p->query.stat = p->is_count ? METRIC_SUM : METRIC_AVERAGE;
	p->query.period_s = HOUR_S;
	if (p->value_word == NULL)
		diag_error(c->diag, "'policy %s': 'value' is missing.", conf->name);
	else if (p->ahead_us < HOUR_US || p->ahead_us > FORECAST_AHEAD * HOUR_US)
		diag_error(c->diag, "'ahead' expects 1h to %uh.", FORECAST_AHEAD);
	else if (p->buffer_us > HOUR_US)
		diag_error(c->diag, "'buffer' expects 1h at most.");
	else
		return 0;
	return -1;
}

/* ---- the load ---- */

static void
read_instances(const struct group *g, int64_t from_s, struct metric_point *ret)
{
	struct metric_query q = { .stat = METRIC_AVERAGE, .period_s = HOUR_S,
	    .key = { .ns = metric_ns_name(NS_ASG), .name = "GroupInServiceInstances", .ndims = 1,
	    .dims = { { "AutoScalingGroupName", g->name } } } };

	metric_read(&q, from_s, FORECAST_PAST, ret);
}

/* Hours before now_s, the oldest first. */
static void
read_loads(const struct group *g, const struct predictive *p, int64_t now_s, double *ret)
{
	int64_t from_s = now_s - (int64_t)FORECAST_PAST * HOUR_S;
	struct metric_point *v = xcalloc(2 * FORECAST_PAST, sizeof *v), *n = v + FORECAST_PAST;

	metric_read(&p->query, from_s, FORECAST_PAST, v);
	if (p->is_shared)
		read_instances(g, from_s, n);
	for (unsigned i = 0; i < FORECAST_PAST; i++) {
		ret[i] = v[i].n > 0 ? v[i].v : NAN;
		if (p->is_shared)
			ret[i] *= n[i].n > 0 ? n[i].v : group_in_service(g);
		else if (p->is_count)
			ret[i] /= 60;
	}
	free(v);
}

static uint32_t
capacity(const struct group *g, const struct predictive *p, double load)
{
	double n = ceil(load / p->value - 1e-9);

	return n <= g->min ? g->min : n >= g->max ? g->max : (uint32_t)n;
}

/* As they were at the begin of an hour. */
static unsigned
make_rows(const struct group *g, const struct predictive *p, int64_t hour_s,
    struct forecast_row *ret)
{
	double *past = xcalloc(FORECAST_PAST, sizeof *past);
	unsigned n = 0;

	read_loads(g, p, hour_s, past);
	for (unsigned h = 0; h < p->ahead_us / HOUR_US; h++) {
		struct forecast f;

		if (!forecast_hour(past, FORECAST_PAST, h, &f))
			continue;
		ret[n++] = (struct forecast_row){ hour_s + (int64_t)h * HOUR_S, f,
		    capacity(g, p, f.mid) };
	}
	free(past);
	return n;
}

/* ---- those that are there ---- */

struct predictor {
	struct list	 node;
	char		*group, *policy;	/* owned */
	struct forecast_row rows[FORECAST_AHEAD];
	unsigned	 n;
	int64_t		 made_s;	/* for the hour that begins then */
	struct sched_timer timer;
};

static struct list predictors = { &predictors, &predictors };

static struct predictor *
find(const char *group, const char *policy)
{
	LIST_EACH(node, &predictors) {
		struct predictor *d = LIST_ITEM(node, struct predictor, node);

		if (strcmp(d->group, group) == 0 &&
		    (policy == NULL || strcmp(d->policy, policy) == 0))
			return d;
	}
	return NULL;
}

/* Once an hour. */
static void
forecast(struct predictor *d, const struct group *g, const struct predictive *p)
{
	int64_t hour_s = sched_wall_s() / HOUR_S * HOUR_S;

	if (d->made_s == hour_s)
		return;
	d->made_s = hour_s;
	d->n = make_rows(g, p, hour_s, d->rows);
}

static const struct predictive *
conf_of(const struct group *g, const char *policy)
{
	const struct policy_conf *conf = policy_find(g, policy);

	return conf != NULL ? conf->own : NULL;
}

unsigned
predictive_rows(const struct group *g, const char *policy, struct forecast_row *ret)
{
	struct predictor *d = find(g->name, policy);
	const struct predictive *p = d != NULL ? conf_of(g, d->policy) : NULL;

	if (p == NULL)
		return 0;
	forecast(d, g, p);
	memcpy(ret, d->rows, d->n * sizeof d->rows[0]);
	return d->n;
}

/* The larger one of this hour and of that in which the buffer ends. */
static const struct forecast_row *
due(const struct forecast_row *rows, unsigned n, const struct predictive *p, int64_t now_s)
{
	int64_t until_s = now_s + (int64_t)(p->buffer_us / 1000000);
	const struct forecast_row *best = NULL;

	for (unsigned i = 0; i < n; i++) {
		const struct forecast_row *r = &rows[i];

		if (r->t_s <= until_s && r->t_s + HOUR_S > now_s &&
		    (best == NULL || r->desired > best->desired))
			best = r;
	}
	return best;
}

static void
say_load(const struct forecast_row *r, char *ret_text)
{
	time_t t = (time_t)r->t_s;
	char when[40];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%MZ", &tm);
	snprintf(ret_text, POLICY_TEXT, "a load of %g is forecast for %s", r->load.mid, when);
}

static void
act(const struct predictor *d, const struct group *g, const struct predictive *p)
{
	const struct forecast_row *r = due(d->rows, d->n, p, sched_wall_s());
	struct policy_outcome out;
	char text[POLICY_TEXT];

	if (r == NULL || r->desired <= g->desired || p->is_forecast_only)
		return;
	say_load(r, text);
	policy_apply(d->group, d->policy, r->desired, text, &out);
}

/* The next hour, or the buffer before it. */
static uint64_t
turn_after(const struct policy_conf *conf, uint64_t t_us)
{
	const struct predictive *p = conf->own;
	uint64_t hour = t_us / HOUR_US * HOUR_US + HOUR_US;

	return t_us < hour - p->buffer_us ? hour - p->buffer_us : hour;
}

static void
on_timer(struct sched_timer *t)
{
	struct predictor *d = CONTAINER_OF(t, struct predictor, timer);
	const struct group *g = group_find(d->group);
	const struct policy_conf *conf = g != NULL ? policy_find(g, d->policy) : NULL;
	const struct predictive *p = conf != NULL ? conf->own : NULL;

	if (p == NULL)
		return;
	sched_at(&d->timer, turn_after(conf, sched_wall_us()));
	forecast(d, g, p);
	act(d, g, p);
}

static void
begin(struct group *g, const struct policy_conf *conf)
{
	const struct predictive *p = conf->own;
	struct predictor *d = find(g->name, conf->name);

	if (d == NULL) {
		d = xcalloc(1, sizeof *d);
		d->group = xstrdup(g->name);
		d->policy = xstrdup(conf->name);
		list_append(&predictors, &d->node);
		sched_timer_init(&d->timer, on_timer);
	}
	metric_keep_long(&p->query.key);
	d->made_s = 0;
	sched_after(&d->timer, 0);
}

static void
end(const char *group, const char *policy)
{
	struct predictor *d = find(group, policy);

	if (d == NULL)
		return;
	sched_cancel(&d->timer);
	list_del(&d->node);
	free(d->group);
	free(d->policy);
	free(d);
}

/* ---- tries ---- */

/* KEY=VALUE, into a copy. */
static const char *
set(struct policy_conf *conf, struct arena *arena, const char *setting)
{
	struct predictive *p = arena_alloc(arena, sizeof *p);
	const char *value = strchr(setting, '=') + 1;
	char *end;

	*p = *(const struct predictive *)conf->own;
	conf->own = p;
	if (strncmp(setting, "value=", 6) == 0) {
		p->value = strtod(value, &end);
		return *end == '\0' && p->value > 0 && isfinite(p->value) ? NULL :
		    "'value' expects a number above 0, in the metric's unit";
	}
	if (strncmp(setting, "buffer=", 7) == 0)
		return str_to_duration_us(str_of(value), 0, &p->buffer_us) == PARSE_OK &&
		    p->buffer_us <= HOUR_US ? NULL : "'buffer' expects 1h at most";
	if (strcmp(setting, "forecast-only=off") == 0) {
		p->is_forecast_only = false;
		return NULL;
	}
	return "of a predictive policy value=, buffer= and forecast-only=off can be tried";
}

/* From what was known then. Both turns of an hour ask for the same. */
static unsigned
rows_at(const struct policy_ask *ask, const struct predictive *p, int64_t now_s,
    struct forecast_row *ret)
{
	const struct group *g = group_find(ask->group);
	struct predictive near = *p;

	near.ahead_us = near.ahead_us < 2 * HOUR_US ? near.ahead_us : 2 * HOUR_US;
	return g != NULL ? make_rows(g, &near, now_s / HOUR_S * HOUR_S, ret) : 0;
}

/* ---- the kind ---- */

static bool
want(const struct policy_ask *ask, int64_t *ret, char *ret_text)
{
	const struct predictive *p = ask->conf->own;
	int64_t now_s = (int64_t)(ask->why->at_us / 1000000);
	struct forecast_row rows[FORECAST_AHEAD];
	const struct forecast_row *r;
	unsigned n;

	if (p->is_forecast_only) {
		snprintf(ret_text, POLICY_TEXT, "forecast-only");
		return false;
	}
	n = ask->g != NULL ? predictive_rows(ask->g, ask->conf->name, rows) :
	    rows_at(ask, p, now_s, rows);
	r = due(rows, n, p, ask->g != NULL ? sched_wall_s() : now_s);
	if (r == NULL) {
		snprintf(ret_text, POLICY_TEXT, "no forecast: less than %u hours are known",
		    FORECAST_LEAST);
		return false;
	}
	*ret = r->desired > ask->desired ? r->desired : ask->desired;
	if (ask->g == NULL && r->desired <= ask->desired)
		return false;		/* nothing to tell */
	if (ask->g == NULL)
		say_load(r, ret_text);
	return true;
}

static void
describe(const struct policy_conf *conf, struct outbuf *b)
{
	const struct predictive *p = conf->own;

	outbuf_fmt(b, "predictive %s %s%s", p->metric, p->value_word,
	    p->is_forecast_only ? " forecast-only" : "");
}

static const struct policy_kind kinds[] = {
	{ .name = "predictive", .type = "PredictiveScaling", .parse = parse, .want = want,
	  .turn_after = turn_after, .set = set, .describe = describe, .begin = begin, .end = end },
	{ .name = NULL },
};

const struct module mod_policy_predictive = {
	.name = "policy_predictive", .policy_kind = kinds
};
