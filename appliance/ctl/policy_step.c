/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step scaling policies: what is done depends on how far the metric is beyond the
 * alarm's threshold. No cooldown: instances that warm up count as there already, so a
 * step that comes again adds nothing, and nothing goes while they do.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/module.h"
#include "base/out.h"
#include "ctl/alarm.h"
#include "ctl/policy.h"
#include "ctl/policy_conf.h"

#define CAPACITY_MAX	1000000

/* ---- parsing ---- */

static int
parse_aggregate(struct cfg *c, const char *word, enum policy_aggregate *ret)
{
	static const char *const names[] = { "average", "min", "max" };

	for (int i = 0; word != NULL && i < 3; i++)
		if (strcmp(word, names[i]) == 0) {
			*ret = (enum policy_aggregate)i;
			return 0;
		}
	diag_error(c->diag, "'aggregate' expects 'average', 'min' or 'max'%s%s%s.",
	    word != NULL ? ", not '" : "", word != NULL ? word : "", word != NULL ? "'" : "");
	return -1;
}

/* change|percent|exact [min-step N] [warmup D] [aggregate average|min|max] */
static int
parse(struct cfg *c, struct policy_conf *p, char **args, int nargs)
{
	int i = 1, r;

	if (policy_adjust_kind(c, args[0], &p->adjust) == -1)
		return -1;
	while (i < nargs) {
		r = policy_time_option(c, args, &i, "warmup", &p->warmup_us, &p->has_warmup);
		if (r == 1)
			continue;
		if (r == 0 && strcmp(args[i], "min-step") == 0)
			r = policy_min_step(c, args[i + 1], &p->adjust);
		else if (r == 0 && strcmp(args[i], "aggregate") == 0)
			r = parse_aggregate(c, args[i + 1], &p->aggregate);
		else if (r == 0)
			r = policy_unexpected(c, p, args[i]);
		if (r == -1)
			return -1;
		i += 2;
	}
	return 0;
}

static int
settle(struct cfg *c, struct group_conf *g, struct policy_conf *p)
{
	const char *problem = scale_steps_check(p->steps, p->nsteps);

	(void)g;
	if (problem == NULL)
		return 0;
	diag_error(c->diag, "'policy %s': %s.", p->name, problem);
	return -1;
}

/* ---- deciding ---- */

/* Over the datapoints that the alarm looks at; the cause's value where it has none. */
static double
aggregated(const struct policy_ask *ask)
{
	const struct alarm *a = ask->why->alarm != NULL ? alarm_find(ask->why->alarm) : NULL;
	double v = ask->why->value, sum = 0;
	unsigned n = 0;

	if (a == NULL || a->points == NULL || ask->g == NULL)
		return v;
	for (unsigned i = alarm_slots(a->conf->test.n); i-- > 0 && n < a->conf->test.n; ) {
		const struct metric_point *pt = &a->points[i];

		if (pt->n <= 0)
			continue;
		if (ask->conf->aggregate == POLICY_MINIMUM)
			v = n == 0 ? pt->v : fmin(v, pt->v);
		else if (ask->conf->aggregate == POLICY_MAXIMUM)
			v = n == 0 ? pt->v : fmax(v, pt->v);
		sum += pt->v;
		n++;
	}
	return ask->conf->aggregate == POLICY_AVERAGE && n > 0 ? sum / n : v;
}

static bool
want(const struct policy_ask *ask, int64_t *ret, char *ret_text)
{
	const struct policy_conf *p = ask->conf;
	const struct scale_step *s;
	struct adjust a = p->adjust;
	int64_t settled = (int64_t)ask->desired - ask->warming;
	double above;

	if (!ask->why->has_value) {
		snprintf(ret_text, POLICY_TEXT, "no metric value");
		return false;
	}
	above = aggregated(ask) - ask->why->breach;
	s = scale_step_of(p->steps, p->nsteps, above);
	if (s == NULL) {
		snprintf(ret_text, POLICY_TEXT, "no step for %g %s the threshold", fabs(above),
		    above < 0 ? "below" : "above");
		return false;
	}
	a.by = s->by;
	*ret = scale_adjust(&a, settled, 0, CAPACITY_MAX);
	if (*ret < settled && ask->warming > 0) {
		policy_say_warming(ask->warming, ret_text);
		return false;
	}
	/* what warms up is on its way to it */
	if (ask->warming > 0 && *ret < ask->desired)
		*ret = ask->desired;
	return true;
}

static void
put_bound(struct outbuf *b, double v)
{
	if (isinf(v))
		outbuf_z(b, "-");
	else
		outbuf_fmt(b, "%g", v);
}

static void
describe(const struct policy_conf *p, struct outbuf *b)
{
	outbuf_z(b, p->adjust.kind == ADJUST_EXACT ? "exact" : p->adjust.kind == ADJUST_PERCENT ?
	    "percent" : "change");
	for (unsigned i = 0; i < p->nsteps; i++) {
		const struct scale_step *s = &p->steps[i];

		outbuf_z(b, " [");
		put_bound(b, s->lower);
		outbuf_z(b, " ");
		put_bound(b, s->upper);
		outbuf_fmt(b, p->adjust.kind == ADJUST_EXACT ? "] %lld" : "] %+lld",
		    (long long)s->by);
	}
	if (p->adjust.min_step > 0)
		outbuf_fmt(b, " min-step %u", p->adjust.min_step);
}

static const struct policy_kind kinds[] = {
	{ .name = "step", .type = "StepScaling", .has_steps = true, .parse = parse,
	  .settle = settle, .want = want, .describe = describe },
	{ .name = NULL },
};

const struct module mod_policy_step = { .name = "policy_step", .policy_kind = kinds };
