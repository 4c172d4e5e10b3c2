/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Target tracking: a metric that instances share is kept at a value. The policy makes
 * its own two alarms, as if they stood in the file: above the target for 3 minutes,
 * and below nine tenths of it for 15. The first one asks for as many instances as bring
 * the metric to its target, the second one for as few; instances that warm up count as
 * there but carry nothing, and after a shrinking the metric is given as long to show
 * it. Of several such policies in a group one is enough to grow, all of them are needed
 * to shrink, and the largest capacity wins.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/out.h"
#include "base/str.h"
#include "ctl/alarm.h"
#include "ctl/group.h"
#include "ctl/math.h"
#include "ctl/policy.h"
#include "ctl/policy_conf.h"

#define HIGH_MINUTES	3u
#define LOW_MINUTES	15u
#define LOW_SHARE	0.9

struct target {
	const char	*metric;	/* for people */
	struct metric_query query;
	bool		 is_per_target;	/* requests of the group's backend by its servers */
	double		 value;
	const char	*value_word;
	bool		 stays;		/* no-scale-in */
	const char	*high, *low;	/* its alarms */
};

/* ---- parsing ---- */

static const struct {
	const char	*word, *metric, *unit;
} words[] = {
	{ "cpu", "CPUUtilization", "Percent" }, { "network-in", "NetworkIn", "Bytes" },
	{ "network-out", "NetworkOut", "Bytes" },
};

/* One of the short words, for the group's instances; false: it is none. */
static bool
parse_word(struct cfg *c, const char *word, struct target *t)
{
	struct metric_key *k = &t->query.key;

	t->is_per_target = strcmp(word, "requests-per-target") == 0;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i].word, word) != 0)
			continue;
		*k = (struct metric_key){ .ns = metric_ns_name(NS_EC2), .name = words[i].metric,
		    .unit = words[i].unit, .ndims = 1,
		    .dims = { { "AutoScalingGroupName", group_conf_of(c)->object.name } } };
		return true;
	}
	return t->is_per_target;
}

static int
parse_metric(struct cfg *c, char **args, int nargs, int *i, struct target *t)
{
	if (nargs == 0) {
		diag_error(c->diag, "'policy': behind 'target' comes a metric, or one of cpu, "
		    "network-in, network-out, requests-per-target.");
		return -1;
	}
	t->metric = args[0];
	if (parse_word(c, args[0], t)) {
		*i = 1;
		return 0;
	}
	return metric_ref_parse(c, args, nargs, i, &t->query.key);
}

static int
parse_value(struct cfg *c, const char *word, struct target *t)
{
	const struct metric_key *k = &t->query.key;
	const char *unit = t->is_per_target ? "Count" : k->unit != NULL ? k->unit :
	    metric_unit(k->ns, k->name);
	bool is_bare;

	if (word == NULL) {
		diag_error(c->diag, "'value' expects the value to keep the metric at.");
		return -1;
	}
	t->value_word = word;
	if (metric_value_parse(c, unit, word, &t->value, &is_bare) == -1)
		return -1;
	if (t->value > 0 && isfinite(t->value))
		return 0;
	diag_error(c->diag, "'value' expects more than 0, not '%s'.", word);
	return -1;
}

/* The next option; how many words it has, or -1. */
static int
parse_option(struct cfg *c, struct policy_conf *p, char **args)
{
	struct target *t = p->own;

	if (strcmp(args[0], "stat") == 0 && args[1] != NULL)
		return metric_stat_parse(c, args[1], &t->query) == -1 ? -1 : 2;
	if (strcmp(args[0], "value") == 0)
		return parse_value(c, args[1], t) == -1 ? -1 : 2;
	if (strcmp(args[0], "no-scale-in") == 0) {
		t->stays = true;
		return 1;
	}
	return policy_unexpected(c, p, args[0]);
}

static int
parse(struct cfg *c, struct policy_conf *p, char **args, int nargs)
{
	struct target *t = p->own = arena_alloc(c->arena, sizeof *t);
	int i = 0, r;

	t->query.period_s = 60;
	if (parse_metric(c, args, nargs, &i, t) == -1)
		return -1;
	while (i < nargs) {
		r = policy_time_option(c, args, &i, "warmup", &p->warmup_us, &p->has_warmup);
		if (r == 0)
			i += r = parse_option(c, p, args + i);
		if (r == -1)
			return -1;
	}
	if (t->value_word != NULL)
		return 0;
	diag_error(c->diag, "'policy %s': 'value' is missing.", p->name);
	return -1;
}

/* ---- its alarms ---- */

static int
add_requests(struct cfg *c, struct alarm_conf *a, const struct group_conf *g)
{
	static const char *const ids[] = { "hosts", "requests" };
	static const char *const names[] = { "HealthyHostCount", "RequestCount" };
	char err[200];

	if (g->nbackends == 0) {
		diag_error(c->diag, "'requests-per-target': scaling-group '%s' has no backend.",
		    g->object.name);
		return -1;
	}
	a->source = ALARM_OF_MATH;
	a->text = "requests / hosts";
	a->math = math_parse(c->arena, a->text, err, sizeof err);
	for (unsigned k = 0; k < 2; k++) {
		struct alarm_input *in = arena_alloc(c->arena, sizeof *in);

		in->id = ids[k];
		in->query = (struct metric_query){ .period_s = 60,
		    .stat = k == 0 ? METRIC_AVERAGE : METRIC_SUM,
		    .key = { .ns = metric_ns_name(NS_ELB), .name = names[k], .unit = "Count",
		    .ndims = 1, .dims = { { "LoadBalancerName", g->backends[0] } } } };
		in->next = a->inputs;
		a->inputs = in;
		a->ninputs++;
	}
	return 0;
}

static void
add_object(struct cfg *c, struct object *o)
{
	struct object **at = &c->snap->objects->first[OBJECT_ALARM];

	while (*at != NULL)
		at = &(*at)->next;
	*at = o;
}

static const char *
alarm_name(struct cfg *c, const struct group_conf *g, const struct policy_conf *p,
    const char *side)
{
	const char *of = arena_printf(c->arena, "%s/%s/%s", g->object.name, p->name, side);
	char uuid[UUID_TEXT];

	uuid_named("alarm", of, uuid);
	return arena_printf(c->arena, "TargetTracking-%s-Alarm%s-%s", g->object.name, side, uuid);
}

static struct alarm_action *
action(struct cfg *c, const struct group_conf *g, const struct policy_conf *p)
{
	struct alarm_action *act = arena_alloc(c->arena, sizeof *act);

	*act = (struct alarm_action){ .on = ALARM_ALARM, .what = ALARM_DO_POLICY,
	    .group = g->object.name, .policy = p->name, .line = p->line,
	    .target = arena_printf(c->arena, "%s/%s", g->object.name, p->name) };
	return act;
}

static int
add_alarm(struct cfg *c, const struct group_conf *g, const struct policy_conf *p, bool is_high)
{
	struct target *t = p->own;
	struct alarm_conf *a = arena_alloc(c->arena, sizeof *a);
	unsigned n = is_high ? HIGH_MINUTES : LOW_MINUTES;
	const char *text;

	a->object.name = alarm_name(c, g, p, is_high ? "High" : "Low");
	a->object.file = p->file;
	a->object.line = p->line;
	text = arena_printf(c->arena, "%s %s %s %.17g %d", a->object.name, t->metric,
	    t->query.key.ns != NULL ? t->query.key.ns : "", t->value, (int)t->query.stat);
	a->object.digest = str_hash(str_of(text));
	a->source = ALARM_OF_METRIC;
	a->query = t->query;
	a->period_us = 60000000;
	a->description = "";
	a->has_treat = true;
	a->test = (struct alarm_test){ .m = n, .n = n, .op = is_high ? ALARM_GT : ALARM_LT,
	    .threshold = is_high ? t->value : LOW_SHARE * t->value, .treat = ALARM_MISSING };
	a->threshold_word = arena_printf(c->arena, "%g", a->test.threshold);
	a->threshold_line = p->line;
	a->actions = action(c, g, p);
	if (t->is_per_target && add_requests(c, a, g) == -1)
		return -1;
	*(is_high ? &t->high : &t->low) = a->object.name;
	add_object(c, &a->object);
	return 0;
}

static int
settle(struct cfg *c, struct group_conf *g, struct policy_conf *p)
{
	const struct target *t = p->own;

	if (add_alarm(c, g, p, true) == -1)
		return -1;
	return t->stays ? 0 : add_alarm(c, g, p, false);
}

/* ---- deciding ---- */

/* The capacity that another policy of its kind would shrink to; false: it does not
 * want to. */
static bool
shrinks_to(const struct policy_conf *p, uint32_t desired, int64_t *ret)
{
	const struct target *t = p->own;
	const struct alarm *a = alarm_find(t->low);

	if (a == NULL || a->state != ALARM_ALARM || !a->has_value)
		return false;
	*ret = scale_target(desired, a->value, t->value);
	return *ret < desired;
}

/* All that may shrink the group have to want to. */
static bool
all_shrink(const struct policy_ask *ask, int64_t *ret, char *ret_text)
{
	const struct policy_conf *p = ask->g != NULL ? ask->g->conf->policies : NULL;
	struct policy_stats st;
	int64_t other;

	for (; p != NULL; p = p->next) {
		if (p == ask->conf || p->kind != ask->conf->kind ||
		    ((const struct target *)p->own)->stays)
			continue;
		policy_stats(ask->g, p->name, &st);
		if (st.is_disabled)
			continue;
		if (!shrinks_to(p, ask->desired, &other)) {
			snprintf(ret_text, POLICY_TEXT, "policy %.100s does not want fewer",
			    p->name);
			return false;
		}
		*ret = other > *ret ? other : *ret;
	}
	return true;
}

static bool
want(const struct policy_ask *ask, int64_t *ret, char *ret_text)
{
	const struct target *t = ask->conf->own;
	double v = ask->why->value;

	if (!ask->why->has_value) {
		snprintf(ret_text, POLICY_TEXT, "no metric value");
		return false;
	}
	*ret = scale_target((int64_t)ask->desired - ask->warming, v, t->value);
	if (v >= LOW_SHARE * t->value) {
		/* what warms up is on its way to it */
		*ret = *ret < ask->desired ? ask->desired : *ret;
		return true;
	}
	if (t->stays)
		snprintf(ret_text, POLICY_TEXT, "no-scale-in");
	else if (ask->warming > 0)
		policy_say_warming(ask->warming, ret_text);
	else if (ask->settling_s > 0)
		snprintf(ret_text, POLICY_TEXT, "%u s left of the last shrinking's warm-up",
		    ask->settling_s);
	else
		return all_shrink(ask, ret, ret_text);
	return false;
}

static void
describe(const struct policy_conf *p, struct outbuf *b)
{
	const struct target *t = p->own;

	outbuf_fmt(b, "target %s %s%s", t->metric, t->value_word,
	    t->stays ? " no-scale-in" : "");
}

static const struct policy_kind kinds[] = {
	{ .name = "target", .type = "TargetTrackingScaling", .parse = parse, .settle = settle,
	  .want = want, .describe = describe },
	{ .name = NULL },
};

const struct module mod_policy_target = { .name = "policy_target", .policy_kind = kinds };
