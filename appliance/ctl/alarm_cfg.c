/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The section `alarm`, statement by statement; at its end it is looked at as a
 * whole, for a threshold has the unit of a metric that may stand behind it. What
 * concerns several sections is in alarm_check.c.
 *
 * Thread: the one that loads.
 */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/alarm.h"
#include "ctl/alarm_conf.h"
#include "ctl/alarm_rule.h"
#include "ctl/alarm_text.h"
#include "ctl/math.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

#define DESCRIPTION_MAX	1024u
#define ACTIONS_MAX	5u	/* of one state */
#define MATH_POINTS_MAX	2000000u	/* of one computation: 32 MB */

static struct alarm_conf *
alarm_of(struct cfg *c)
{
	return c->object;
}

static int
open_alarm(struct cfg *c, char **args, int nargs)
{
	struct alarm_conf *a = object_open(c, OBJECT_ALARM, sizeof *a, args, nargs);

	if (a == NULL)
		return -1;
	a->test.m = a->test.n = 1;
	a->period_us = 60000000;
	a->description = "";
	return 0;
}

/* ---- where the points come from ---- */

/* One of metric, expression, rule, lua; false: another one is there already. */
static bool
set_source(struct cfg *c, const struct kw_row *row, enum alarm_source source)
{
	struct alarm_conf *a = alarm_of(c);

	if (a->source != ALARM_OF_NOTHING) {
		diag_error(c->diag, "'%s': an alarm has one of 'metric', 'expression', 'rule' and "
		    "'lua' only.", row->name);
		return false;
	}
	a->source = source;
	return true;
}

static bool
is_each(const struct metric_key *k)
{
	for (unsigned i = 0; i < k->ndims; i++)
		if (strcmp(k->dims[i].name, "LoadBalancerName") == 0 &&
		    strcmp(k->dims[i].value, "*") == 0)
			return true;
	return false;
}

static int
parse_metric(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct alarm_conf *a = alarm_of(c);
	int i = 0;

	if (!set_source(c, row, ALARM_OF_METRIC) ||
	    metric_ref_parse(c, args, nargs, &i, &a->query.key) == -1)
		return -1;
	if (i < nargs) {
		diag_error(c->diag, "'metric': unexpected '%s'.", args[i]);
		return -1;
	}
	a->is_each_balancer = is_each(&a->query.key);
	return 0;
}

static int
parse_expression(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct alarm_conf *a = alarm_of(c);
	char err[300];

	(void)nargs;
	if (!set_source(c, row, ALARM_OF_MATH))
		return -1;
	a->text = args[0];
	a->math = math_parse(c->arena, args[0], err, sizeof err);
	if (a->math == NULL)
		diag_error(c->diag, "'expression': %s.", err);
	else if (math_type(a->math) == MATH_LIST)
		diag_error(c->diag, "'expression': it gives a list of series, an alarm needs one.");
	else
		return 0;
	return -1;
}

static int
parse_rule(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct alarm_conf *a = alarm_of(c);
	char err[300];

	(void)nargs;
	if (!set_source(c, row, ALARM_OF_RULE))
		return -1;
	a->text = args[0];
	a->rule = alarm_rule_parse(c->arena, args[0], err, sizeof err);
	if (a->rule != NULL)
		return 0;
	diag_error(c->diag, "'rule': %s.", err);
	return -1;
}

/* row->name is also the kind's. */
static int
parse_kind(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct alarm_conf *a = alarm_of(c);

	if (!set_source(c, row, ALARM_OF_KIND))
		return -1;
	MODULE_EACH(m)
		for (const struct alarm_kind *k = m->alarm_kind; k != NULL && k->name != NULL; k++)
			if (strcmp(k->name, row->name) == 0)
				a->kind = k;
	a->text = args[0];
	if (a->kind == NULL) {
		diag_error(c->diag, "'%s': nothing here runs such alarms.", row->name);
		return -1;
	}
	return a->kind->parse(c, args, nargs, &a->kind_conf);
}

static bool
is_id(const char *text)
{
	static const char chars[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return text[0] >= 'a' && text[0] <= 'z' && text[strspn(text, chars)] == '\0';
}

/* input ID METRICREF stat STAT */
static int
parse_input(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct alarm_conf *a = alarm_of(c);
	struct alarm_input *in, **at = &a->inputs;
	int i = 1;

	(void)row;
	for (; *at != NULL; at = &(*at)->next)
		if (strcmp((*at)->id, args[0]) == 0) {
			diag_error(c->diag, "'input': '%s' is there already.", args[0]);
			return -1;
		}
	if (!is_id(args[0]) || a->ninputs == ALARM_INPUTS_MAX) {
		diag_error(c->diag, a->ninputs == ALARM_INPUTS_MAX ? "'input %s': an alarm has at "
		    "most 10 inputs." : "'input': the id '%s' has to begin with a small letter, "
		    "and to have letters, digits and '_' only.", args[0]);
		return -1;
	}
	in = *at = arena_alloc(c->arena, sizeof *in);
	in->id = args[0];
	a->ninputs++;
	if (metric_ref_parse(c, args, nargs, &i, &in->query.key) == -1)
		return -1;
	if (is_each(&in->query.key)) {
		diag_error(c->diag, "'input': 'balancer *' makes an alarm for each balancer, which "
		    "'metric' can do only.");
		return -1;
	}
	if (i + 2 != nargs || strcmp(args[i], "stat") != 0) {
		diag_error(c->diag, "'input %s' expects 'stat <statistic>' behind the metric.",
		    in->id);
		return -1;
	}
	return metric_stat_parse(c, args[i + 1], &in->query);
}

/* ---- how they are judged ---- */

static int
parse_statistic(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)row, (void)nargs;
	alarm_of(c)->has_statistic = true;
	return metric_stat_parse(c, args[0], &alarm_of(c)->query);
}

static int
parse_datapoints(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct alarm_conf *a = alarm_of(c);
	uint64_t m, n;

	(void)nargs;
	if (strcmp(args[1], "of") != 0) {
		diag_error(c->diag, "'datapoints' expects '<m> of <n>'.");
		return -1;
	}
	if (cfg_uint(c, row->name, args[2], 1, ALARM_SPAN_MAX_S / 10, &n) == -1)
		return -1;
	if (cfg_uint(c, row->name, args[0], 1, n, &m) == -1)
		return -1;
	a->test.m = (unsigned)m;
	a->test.n = (unsigned)n;
	return 0;
}

static int
parse_threshold(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct alarm_conf *a = alarm_of(c);

	(void)row, (void)nargs;
	if (!alarm_op_named(args[0], &a->test.op)) {
		diag_error(c->diag, "'threshold' expects one of '>', '>=', '<', '<=' and a value, "
		    "but got '%s'.", args[0]);
		return -1;
	}
	a->threshold_word = args[1];
	a->threshold_line = c->line;
	return 0;
}

/* The place of a word among those of a row's syntax, told if there is none. */
static int
choice(struct cfg *c, const struct kw_row *row, const char *const *names, int n,
    const char *word)
{
	for (int i = 0; i < n; i++)
		if (strcmp(word, names[i]) == 0)
			return i;
	diag_error(c->diag, "'%s' expects %s, but got '%s'.", row->name, row->syntax, word);
	return -1;
}

static int
treat_named(struct cfg *c, const struct kw_row *row, const char *word)
{
	const char *names[4];

	for (int i = 0; i < 4; i++)
		names[i] = alarm_treat_name((enum alarm_treat)i);
	return choice(c, row, names, 4, word);
}

static int
parse_missing(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	int i = treat_named(c, row, args[0]);

	(void)nargs;
	if (i < 0)
		return -1;
	alarm_of(c)->test.treat = (enum alarm_treat)i;
	alarm_of(c)->has_treat = true;
	return 0;
}

static int
parse_missing_default(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	int i = treat_named(c, row, args[0]);

	(void)nargs;
	if (i >= 0)
		global_of(c)->missing_data = (uint8_t)i;
	return i >= 0 ? 0 : -1;
}

/* A word of two: the second one sets the bool at row->arg. */
static int
parse_either(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const char *bar = strchr(row->syntax, '|');
	const char *names[] = {
		arena_strndup(c->arena, row->syntax, (size_t)(bar - row->syntax)), bar + 1
	};
	int i = choice(c, row, names, 2, args[0]);

	(void)nargs;
	if (i >= 0)
		*(bool *)(void *)((char *)c->object + row->arg) = i == 1;
	return i >= 0 ? 0 : -1;
}

/* ---- what they do ---- */

static bool
state_of_word(struct cfg *c, const struct kw_row *row, const char *word, enum alarm_state *ret)
{
	static const char *const names[ALARM_STATES] = {
		[ALARM_INSUFFICIENT] = "insufficient-data", [ALARM_OK] = "ok",
		[ALARM_ALARM] = "alarm",
	};
	int i = choice(c, row, names, ALARM_STATES, word);

	*ret = (enum alarm_state)i;
	return i >= 0;
}

static bool
set_target(struct cfg *c, struct alarm_action *act, const char *what)
{
	const char *slash = strchr(act->target, '/');

	if (strcmp(what, "notify") == 0) {
		act->what = ALARM_DO_NOTIFY;
	} else if (strcmp(what, "arn") == 0) {
		act->what = ALARM_DO_ARN;
		if (strncmp(act->target, "arn:", 4) == 0)
			return true;
		diag_error(c->diag, "'on': '%s' is no ARN.", act->target);
		return false;
	} else if (strcmp(what, "policy") == 0) {
		act->what = ALARM_DO_POLICY;
		if (slash == NULL || slash == act->target || slash[1] == '\0') {
			diag_error(c->diag, "'on': a policy is <group>/<policy>, but got '%s'.",
			    act->target);
			return false;
		}
		act->group = arena_strndup(c->arena, act->target, (size_t)(slash - act->target));
		act->policy = slash + 1;
	} else {
		diag_error(c->diag, "'on' expects one of 'policy', 'notify', 'arn', but got '%s'.",
		    what);
		return false;
	}
	return true;
}

/* on STATE policy GROUP/POLICY | notify NOTIFIER | arn ARN */
static int
parse_on(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct alarm_action *act = arena_alloc(c->arena, sizeof *act), **at;
	unsigned n = 0;

	(void)nargs;
	if (!state_of_word(c, row, args[0], &act->on))
		return -1;
	act->target = args[2];
	act->line = c->line;
	if (!set_target(c, act, args[1]))
		return -1;
	for (at = &alarm_of(c)->actions; *at != NULL; at = &(*at)->next) {
		n += (*at)->on == act->on;
		if ((*at)->on == act->on && (*at)->what == act->what &&
		    strcmp((*at)->target, act->target) == 0) {
			diag_error(c->diag, "'on': '%s' is there already.", act->target);
			return -1;
		}
	}
	if (n == ACTIONS_MAX) {
		diag_error(c->diag, "'on': a state has at most %u actions.", ACTIONS_MAX);
		return -1;
	}
	*at = act;
	return 0;
}

static int
parse_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, c->object, args, nargs);
}

/* ---- the section as a whole ---- */

/* What should never be so large or small tells that a unit was forgotten. */
static void
warn_odd(struct cfg *c, const struct alarm_conf *a, const char *unit)
{
	double v = a->test.threshold;

	if (unit == NULL)
		return;
	if (strcmp(unit, "Seconds") == 0 && v > 60)
		diag_warn(c->diag, "alarm '%s': a threshold of %s seconds is a long time; say "
		    "'%sms' if milliseconds are meant, else '%ss'.", a->object.name,
		    a->threshold_word, a->threshold_word, a->threshold_word);
	if (strcmp(unit, "Percent") == 0 && (v > 100 || (v > 0 && v < 1)))
		diag_warn(c->diag, "alarm '%s': a threshold of %s is %s%%; percents go from 0 to "
		    "100, say '%s%%' if that is meant.", a->object.name, a->threshold_word,
		    a->threshold_word, a->threshold_word);
}

static int
close_threshold(struct cfg *c, struct alarm_conf *a)
{
	const struct metric_key *k = &a->query.key;
	const char *unit = NULL;
	bool is_bare;

	if (a->threshold_word == NULL) {
		diag_error(c->diag, "alarm '%s': 'threshold' is missing.", a->object.name);
		return -1;
	}
	if (a->source == ALARM_OF_METRIC)
		unit = k->unit != NULL ? k->unit : metric_unit(k->ns, k->name);
	diag_at(c->diag, a->object.file, a->threshold_line);
	if (metric_value_parse(c, unit, a->threshold_word, &a->test.threshold, &is_bare) == -1)
		return -1;
	if (!isfinite(a->test.threshold)) {
		diag_error(c->diag, "'threshold': '%s' is no number.", a->threshold_word);
		return -1;
	}
	if (is_bare)
		warn_odd(c, a, unit);
	return 0;
}

static int
close_period(struct cfg *c, struct alarm_conf *a)
{
	uint64_t s = a->period_us / 1000000;

	if (a->period_us % 1000000 != 0 || s == 0 || (s != 10 && s != 30 && s % 60 != 0)) {
		diag_error(c->diag, "alarm '%s': 'period' is 10s, 30s or a multiple of 60s.",
		    a->object.name);
		return -1;
	}
	if (s * a->test.n > ALARM_SPAN_MAX_S) {
		diag_error(c->diag, "alarm '%s': %u periods of %llus are more than a day.",
		    a->object.name, a->test.n, (unsigned long long)s);
		return -1;
	}
	a->query.period_s = (uint32_t)s;
	for (struct alarm_input *in = a->inputs; in != NULL; in = in->next)
		in->query.period_s = (uint32_t)s;
	return 0;
}

/* Below a minute there are series of balancers, groups, instances and servers. */
static int
check_fine(struct cfg *c, const struct alarm_conf *a, const struct metric_key *k)
{
	static const char *const dims[] = {
		"LoadBalancerName", "AutoScalingGroupName", "InstanceId", "Backend", "Server"
	};
	bool is_fine = a->query.period_s >= 60 || k->ndims > 0;

	for (unsigned i = 0; is_fine && a->query.period_s < 60 && i < k->ndims; i++) {
		is_fine = false;
		for (unsigned d = 0; d < sizeof dims / sizeof dims[0]; d++)
			is_fine |= strcmp(k->dims[i].name, dims[d]) == 0;
	}
	if (!is_fine)
		diag_error(c->diag, "alarm '%s': of this '%s' there are no values below a minute, "
		    "'period' has to be 60s or more.", a->object.name, k->name);
	return is_fine ? 0 : -1;
}

static int
close_inputs(struct cfg *c, const struct alarm_conf *a)
{
	const char *id;
	int r = 0;

	for (unsigned i = 0; (id = math_id(a->math, i)) != NULL; i++) {
		bool is_there = false;

		for (const struct alarm_input *in = a->inputs; in != NULL; in = in->next)
			is_there |= strcmp(in->id, id) == 0;
		if (!is_there) {
			diag_error(c->diag, "alarm '%s': the expression needs an 'input %s'.",
			    a->object.name, id);
			r = -1;
		}
	}
	for (const struct alarm_input *in = a->inputs; in != NULL; in = in->next) {
		if (!math_uses(a->math, in->id))
			diag_warn(c->diag, "alarm '%s': the expression does not use the input "
			    "'%s'.", a->object.name, in->id);
		if (check_fine(c, a, &in->query.key) == -1)
			r = -1;
	}
	if ((uint64_t)math_series(a->math, a->ninputs) * alarm_slots(a->test.n) > MATH_POINTS_MAX) {
		diag_error(c->diag, "alarm '%s': the expression is too large for %u periods.",
		    a->object.name, a->test.n);
		r = -1;
	}
	if (a->inputs == NULL) {
		diag_error(c->diag, "alarm '%s': an expression needs at least one 'input'.",
		    a->object.name);
		r = -1;
	}
	return r;
}

/* Words that go with other sources than the one that is there. */
static int
check_fit(struct cfg *c, const struct alarm_conf *a)
{
	bool is_of_points = a->source == ALARM_OF_METRIC || a->source == ALARM_OF_MATH;
	const char *word = NULL;

	if (a->source != ALARM_OF_METRIC && a->has_statistic)
		word = "statistic";
	else if (a->source != ALARM_OF_MATH && a->inputs != NULL)
		word = "input";
	else if (!is_of_points && a->threshold_word != NULL)
		word = "threshold";
	else if (!is_of_points && a->has_treat)
		word = "missing-data";
	if (word != NULL)
		diag_error(c->diag, "alarm '%s': '%s' goes with %s.", a->object.name, word,
		    word[0] == 's' ? "'metric'" : word[0] == 'i' ? "'expression'" :
		    "'metric' and 'expression'");
	return word == NULL ? 0 : -1;
}

static int
close_points(struct cfg *c, struct alarm_conf *a)
{
	if (close_threshold(c, a) == -1 || close_period(c, a) == -1)
		return -1;
	diag_at(c->diag, a->object.file, a->object.line);
	if (a->ignores_low && a->query.stat == METRIC_PERCENTILE)
		a->test.min_samples = alarm_samples_needed(a->query.percentile);
	return a->source == ALARM_OF_METRIC ? check_fine(c, a, &a->query.key) :
	    close_inputs(c, a);
}

static void
close_alarm(struct cfg *c)
{
	struct alarm_conf *a = alarm_of(c);

	diag_at(c->diag, a->object.file, a->object.line);
	if (a->source == ALARM_OF_NOTHING && strncmp(a->object.name, ALARM_CONDITION_PREFIX,
	    strlen(ALARM_CONDITION_PREFIX)) == 0)
		a->source = ALARM_OF_CONDITION;
	if (a->source == ALARM_OF_NOTHING) {
		diag_error(c->diag, "alarm '%s': one of 'metric', 'expression', 'rule' and 'lua' "
		    "is missing.", a->object.name);
		return;
	}
	if (check_fit(c, a) == -1)
		return;
	if (a->source == ALARM_OF_METRIC || (a->source == ALARM_OF_MATH && a->math != NULL))
		(void)close_points(c, a);
	else if (close_period(c, a) == -1)
		return;
	if (a->has_phase && a->phase_us >= alarm_step_s(a) * 1000000ull)
		diag_error(c->diag, "alarm '%s': 'phase' has to be less than %us.", a->object.name,
		    alarm_step_s(a));
	if (strlen(a->description) > DESCRIPTION_MAX)
		diag_error(c->diag, "alarm '%s': the description has more than %u characters.",
		    a->object.name, DESCRIPTION_MAX);
}

static const struct section_row sections[] = {
	{ "alarm", IN_ALARM, open_alarm, close_alarm,
	  "A condition on metrics, with what is done when it holds, and when it does not." },
	{ 0 }
};

#define MEMBER(kind, member, ...)	CFG_FIELD(kind, struct alarm_conf, member, ##__VA_ARGS__)

static const struct kw_row rows[] = {
	{ "metric", IN_ALARM, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_metric, 0,
	  "<name> [namespace <ns>] [balancer <b>|* [zone <z>] | group <g> | instance <i> | "
	  "server <be>/<srv>] [dimension <k> <v>]... [unit <u>]",
	  "The metric that is watched; 'balancer *' makes an alarm for each balancer." },
	{ "expression", IN_ALARM, KW_OBEYED, 1, 1, 0, parse_expression, 0, "<math>",
	  "Metric math over the inputs; its value is what is watched." },
	{ "input", IN_ALARM, KW_OBEYED, 2, 0, KW_F_ANY_ARGS, parse_input, 0,
	  "<id> <metric> stat <statistic>", "A metric of the expression, under this id." },
	{ "rule", IN_ALARM, KW_OBEYED, 1, 1, 0, parse_rule, 0, "<rule>",
	  "A rule over the states of other alarms." },
	{ "lua", IN_ALARM, KW_OBEYED, 1, 1, 0, parse_kind, 0, "<function>",
	  "The alarm of this name that a script of lua-policy defines." },
	{ "statistic", IN_ALARM, KW_OBEYED, 1, 1, 0, parse_statistic, 0,
	  "Average|Sum|Minimum|Maximum|SampleCount|p<NN.N>",
	  "What is taken of the values of a period; Average by default." },
	{ "period", IN_ALARM, KW_OBEYED, 1, 1, 0, parse_field, MEMBER(CFG_DURATION, period_us),
	  "<duration>", "How much time a datapoint covers: 10s, 30s or a multiple of 60s; 60s." },
	{ "datapoints", IN_ALARM, KW_OBEYED, 3, 3, 0, parse_datapoints, 0, "<m> of <n>",
	  "So many of the newest n have to breach the threshold; 1 of 1 by default." },
	{ "threshold", IN_ALARM, KW_OBEYED, 2, 2, 0, parse_threshold, 0, ">|>=|<|<= <value>",
	  "What a datapoint is compared with, in the metric's unit or with one." },
	{ "missing-data", IN_ALARM, KW_OBEYED, 1, 1, 0, parse_missing, 0,
	  "missing|ignore|breaching|notBreaching", "What a period without values counts as." },
	{ "low-samples", IN_ALARM, KW_OBEYED, 1, 1, 0, parse_either,
	  offsetof(struct alarm_conf, ignores_low), "evaluate|ignore",
	  "Whether percentiles of few samples are ignored." },
	{ "on", IN_ALARM, KW_OBEYED, 3, 3, 0, parse_on, 0,
	  "alarm|ok|insufficient-data policy <group>/<policy> | notify <notifier> | arn <arn>",
	  "What is done when the alarm changes into a state; any number." },
	{ "actions", IN_ALARM, KW_OBEYED, 1, 1, 0, parse_either,
	  offsetof(struct alarm_conf, actions_off), "on|off",
	  "Whether they are done, until a command says otherwise." },
	{ "phase", IN_ALARM, KW_OBEYED, 1, 1, 0, parse_field,
	  MEMBER(CFG_DURATION, phase_us, .has = offsetof(struct alarm_conf, has_phase)),
	  "<duration>", "At which time of the minute it is evaluated; by its name." },
	{ "description", IN_ALARM, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_field,
	  MEMBER(CFG_LINE, description), "<text>", "A text for people." },
	{ "missing-data-default", IN_GLOBAL, KW_OBEYED, 1, 1, 0, parse_missing_default, 0,
	  "missing|ignore|breaching|notBreaching", "missing-data of alarms that say none." },
	{ 0 }
};

const struct module mod_alarm_cfg = { .name = "alarm_cfg", .sections = sections, .cfg = rows };
