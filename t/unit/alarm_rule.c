/* SPDX-License-Identifier: BSD-2-Clause */
/* alarm_rule.c: rules over the states of three alarms, and what is no rule. */
#include "ctl/alarm_rule.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "tap.h"

/* up is ALARM, fine is OK, web/new is INSUFFICIENT_DATA */
static bool
state_of(const char *name, enum alarm_state *ret, void *arg)
{
	(void)arg;
	*ret = strcmp(name, "up") == 0 ? ALARM_ALARM : strcmp(name, "fine") == 0 ? ALARM_OK :
	    ALARM_INSUFFICIENT;
	return strcmp(name, "gone") != 0;
}

static const struct {
	const char	*text;
	bool		 want;
} rows[] = {
	{ "ALARM(up)", true }, { "ALARM(fine)", false }, { "OK(fine)", true },
	{ "INSUFFICIENT_DATA(web/new)", true }, { "INSUFFICIENT_DATA(up)", false },
	{ "TRUE", true }, { "FALSE", false }, { "NOT FALSE", true }, { "NOT NOT TRUE", true },
	{ "ALARM(up) AND OK(fine)", true }, { "ALARM(up) AND ALARM(fine)", false },
	{ "ALARM(fine) OR ALARM(up)", true }, { "ALARM( up )", true },
	{ "ALARM(\"up\")", true }, { "ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:up)",
	  true }, { "ALARM(\"arn:aws:cloudwatch:us-east-1:123456789012:alarm:up\")", true },
	{ "TRUE OR FALSE AND FALSE", true }, { "(TRUE OR FALSE) AND FALSE", false },
	{ "NOT ALARM(up) OR OK(fine)", true }, { "NOT (ALARM(up) OR OK(fine))", false },
	{ "ALARM(gone) OR OK(gone) OR INSUFFICIENT_DATA(gone)", false },
};

static const struct {
	const char	*text, *want;
} errors[] = {
	{ "", "the rule ends early at position 1" },
	{ "ALARM", "expected '(' at position 6" },
	{ "ALARM()", "expected the name of an alarm at position 7" },
	{ "ALARM(up", "expected the name of an alarm at position 7" },
	{ "ALARM(up x)", "expected ')' at position 10" },
	{ "ALARM(up) OK(fine)", "unexpected 'O' at position 11" },
	{ "(ALARM(up)", "expected ')' at position 11" },
	{ "up", "expected ALARM(, OK(, INSUFFICIENT_DATA(, NOT, TRUE, FALSE or '(' at position 1" },
	{ "TRUE AND", "the rule ends early at position 9" },
};

int
main(void)
{
	struct arena *a = arena_new();
	char err[200], many[4096] = "";
	struct alarm_rule *r;

	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		err[0] = '\0';
		r = alarm_rule_parse(a, rows[i].text, err, sizeof err);
		ok_named(r != NULL && alarm_rule_holds(r, state_of, NULL) == rows[i].want, "%s %s",
		    rows[i].text, err);
	}
	for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		err[0] = '\0';
		ok(alarm_rule_parse(a, errors[i].text, err, sizeof err) == NULL);
		is_str(err, errors[i].want);
	}
	r = alarm_rule_parse(a, "ALARM(x) OR OK(x) OR OK(y)", err, sizeof err);
	is_str(alarm_rule_child(r, 0), "x");
	is_str(alarm_rule_child(r, 1), "y");
	is_str(alarm_rule_child(r, 2), NULL);
	memset(many, '(', 1000);
	ok(alarm_rule_parse(a, many, err, sizeof err) == NULL);
	is_str(err, "nested more than 50 deep at position 52");
	for (unsigned i = 0; i <= ALARM_CHILDREN_MAX; i++)
		snprintf(many + strlen(many) * (i > 0), 40, "%sOK(a%u)", i > 0 ? " OR " : "", i);
	ok(alarm_rule_parse(a, many, err, sizeof err) == NULL);
	ok(strstr(err, "more than 100 alarms") != NULL);
	arena_free(a);
	return tap_done();
}
