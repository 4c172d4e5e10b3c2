/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms as the files write them (section `alarm`); immutable, in the snapshot's
 * arena. What lives is in alarm.h.
 */
#ifndef WEIR_CTL_ALARM_CONF_H
#define WEIR_CTL_ALARM_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/alarm_eval.h"
#include "ctl/metric.h"
#include "ctl/object.h"

struct alarm_kind;
struct alarm_rule;
struct math;

#define ALARM_INPUTS_MAX	10u	/* metrics of an expression */
#define ALARM_SPAN_MAX_S	86400u	/* N x period */
#define ALARM_CONDITION_PREFIX	"Weir/"	/* raised by weir itself: alarm_condition() */

enum alarm_source {
	ALARM_OF_NOTHING, ALARM_OF_METRIC, ALARM_OF_MATH, ALARM_OF_RULE, ALARM_OF_KIND,
	ALARM_OF_CONDITION
};

enum alarm_do { ALARM_DO_POLICY, ALARM_DO_NOTIFY, ALARM_DO_ARN };

/* `on STATE policy G/P | notify N | arn A` */
struct alarm_action {
	struct alarm_action *next;	/* in file order */
	enum alarm_state on;
	enum alarm_do	 what;
	const char	*target;	/* as written */
	const char	*group, *policy;	/* of a policy */
	int		 line;
};

/* `input ID METRICREF stat STAT` */
struct alarm_input {
	struct alarm_input *next;
	const char	*id;
	struct metric_query query;
};

struct alarm_conf {
	struct object	 object;	/* first */
	enum alarm_source source;
	const char	*text;		/* the expression, rule or function as written */
	struct metric_query query;	/* of a metric; period and statistic always */
	bool		 is_each_balancer;	/* `balancer *`: a pattern, no alarm */
	struct alarm_input *inputs;
	unsigned	 ninputs;
	const struct math *math;
	const struct alarm_rule *rule;
	const struct alarm_conf *seen_from;	/* while parsing: looking for circles */
	const struct alarm_kind *kind;
	void		*kind_conf;
	struct alarm_test test;
	const char	*threshold_word;	/* as written */
	int		 threshold_line;
	bool		 has_treat, has_statistic, ignores_low;
	bool		 actions_off;
	struct alarm_action *actions;
	bool		 has_phase;
	uint64_t	 period_us, phase_us;
	const char	*description;	/* "" = none */
};

/* How often it is looked at: each minute, or each ten seconds. */
static inline uint32_t
alarm_step_s(const struct alarm_conf *conf)
{
	return conf->query.period_s < 60 ? 10 : 60;
}

static inline const struct alarm_conf *
alarm_conf_of(const struct object *o)
{
	return (const struct alarm_conf *)(const void *)o;
}

#endif
