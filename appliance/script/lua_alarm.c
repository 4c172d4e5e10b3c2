/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms of kind lua: the function says the state, or nothing (it stays). An error is
 * nothing too.
 *
 * Thread: control.
 */
#include <stddef.h>

#include "base/module.h"
#include "ctl/alarm.h"
#include "script/ask.h"
#include "script/trial.h"
#include "script/unit.h"

static int
parse(struct cfg *c, char **args, int nargs, void **ret_conf)
{
	(void)c, (void)nargs;
	*ret_conf = args[0];
	return 0;
}

static void
on_said(struct script_ask *a)
{
	struct alarm_saying saying = { a->state, a->decision.reason, a->data };

	alarm_answer(a->name, a->ok && a->has_state ? &saying : NULL);
}

/* Slower than the alarm's turns, if the script wants so. */
static bool
is_due(const struct script_fn *f, const char *alarm, uint64_t at_us)
{
	const struct alarm *a = alarm_find(alarm);

	return a == NULL || a->asked_us == 0 || at_us < a->asked_us ||
	    at_us - a->asked_us + 1000000 >= f->every_us;
}

static void
evaluate(const char *alarm, const struct alarm_conf *conf, uint64_t at_us)
{
	struct script_live *f = script_live_find(SCRIPT_ALARM, conf->kind_conf);
	struct alarm *its = alarm_find(alarm);
	struct script_ask *a;

	if (f == NULL || !script_live_is_on(f) || !is_due(f->fn, alarm, at_us)) {
		alarm_answer(alarm, NULL);
		return;
	}
	if (its != NULL)
		its->asked_us = at_us;
	a = script_ask_live(f, "", alarm);
	a->now_us = at_us;
	a->done = on_said;
	script_ask_start(a);
}

static const struct alarm_kind kinds[] = {
	{ "lua", parse, evaluate, &script_trial_alarm },
	{ NULL, NULL, NULL, NULL },
};

const struct module mod_lua_alarm = { .name = "lua_alarm", .alarm_kind = kinds };
