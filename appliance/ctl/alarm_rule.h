/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Composite alarms: a rule over the states of other alarms.
 *
 *	ALARM(cpu) AND NOT (OK("web/latency") OR INSUFFICIENT_DATA(arn:aws:...:alarm:x))
 *
 * Any thread.
 */
#ifndef WEIR_CTL_ALARM_RULE_H
#define WEIR_CTL_ALARM_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/alarm_eval.h"

#define ALARM_RULE_TEXT_MAX	10240u
#define ALARM_CHILDREN_MAX	100u

struct alarm_rule;
struct arena;

/* NULL: what is wrong stands in err. */
struct alarm_rule *alarm_rule_parse(struct arena *a, const char *text, char *err, size_t size);
/* The i-th alarm that it names, each once; NULL behind the last. */
const char *alarm_rule_child(const struct alarm_rule *r, unsigned i);
/* Tells an alarm's state; one that is not there is in none of them. */
typedef bool alarm_state_of_fn(const char *name, enum alarm_state *ret, void *arg);
bool	 alarm_rule_holds(const struct alarm_rule *r, alarm_state_of_fn *state_of, void *arg);
/* The name in `name` or `arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME`. */
const char *alarm_name_in_arn(const char *text);

#endif
