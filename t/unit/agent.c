/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of an agent's answer. */
#include <stdio.h>
#include <string.h>

#include "ctl/agent.h"
#include "tap.h"

static struct agent_answer a;
static char word[256];

static const char *
z(struct str s)
{
	(void)snprintf(word, sizeof word, "%.*s", (int)s.len, s.p);
	return word;
}

static void
parse(const char *line)
{
	agent_parse(str_of(line), &a);
}

static void
test_kinds(void)
{
	parse("");
	is_u64(a.health.len + a.admin.len + a.weight.len + a.unknown.len + a.why.len, 0);
	parse(" up,\t75% ready maxconn:30 ,,");
	is_str(z(a.health), "up");
	is_str(z(a.weight), "75%");
	is_str(z(a.admin), "ready");
	is_str(z(a.maxconn), "30");
	is_u64(a.unknown.len, 0);
	parse("UP DRAIN MaxConn:1 WEIGHT:5%");
	is_str(z(a.health), "UP");
	is_str(z(a.admin), "DRAIN");
	is_str(z(a.maxconn), "1");
	is_str(z(a.weight), "5%");
}

static void
test_last_wins(void)
{
	parse("up down drain maint 1% weight:2");
	is_str(z(a.health), "down");
	is_str(z(a.admin), "maint");
	is_str(z(a.weight), "2");
	parse("what is this up");
	is_str(z(a.unknown), "what");
	is_str(z(a.health), "up");
}

static void
test_reasons(void)
{
	parse("down # the disk, up 3% full ");
	is_str(z(a.health), "down");
	is_str(z(a.why), "the disk, up 3% full ");
	is_u64(a.weight.len, 0);
	parse("stopped#now");
	is_str(z(a.health), "stopped");
	is_str(z(a.why), "now");
	parse("#");
	is_u64(a.why.len, 0);
	parse("fail#");
	is_str(z(a.health), "fail");
	is_u64(a.why.len, 0);
}

static void
test_odd_words(void)
{
	static const char *const odd[] = { "weight:", "maxconn:", "metric:", "75", "x75%", "%",
		"upp", "\xff" };

	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		parse(odd[i]);
		is_str(z(a.unknown), odd[i]);
	}
}

static void
test_metrics(void)
{
	static const char *const bad[] = { "", "=", "=1", "a", "a=", "a=x", "a=nan", "a=inf",
		"a=1e400", "a=1aaaaaaaaaaaaaaaaaaaaa" };
	struct agent_metric m = { .value = 7 };
	char line[1024] = "", name[AGENT_NAME_BYTES + 8];

	parse("metric:cpu=75.5% metric:Mem-Free=-3e2MiB up");
	is_u64(a.nmetrics, 2);
	ok(agent_parse_metric(a.metrics[0], &m));
	is_str(m.name, "cpu");
	is_str(m.unit, "%");
	ok(m.value > 75.49 && m.value < 75.51);
	ok(agent_parse_metric(a.metrics[1], &m));
	is_str(m.name, "Mem-Free");
	is_str(m.unit, "MiB");
	ok(m.value < -299.9 && m.value > -300.1);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(!agent_parse_metric(str_of(bad[i]), &m));
	is_str(m.name, "Mem-Free");	/* written on success only */
	memset(name, 'n', sizeof name - 3);
	strcpy(name + sizeof name - 3, "=1");
	ok(!agent_parse_metric(str_of(name), &m));
	for (int i = 0; i < AGENT_METRICS + 3; i++)
		strcat(line, "metric:a=1 ");
	parse(line);
	is_u64(a.nmetrics, AGENT_METRICS);
}

int
main(void)
{
	test_kinds();
	test_last_wins();
	test_reasons();
	test_odd_words();
	test_metrics();
	return tap_done();
}
