/* SPDX-License-Identifier: BSD-2-Clause */
/* alarm_text.c: each reason, the history's data and the message, to the letter. */
#include "ctl/alarm_text.h"

#include <string.h>

#include "base/out.h"
#include "ctl/alarm_conf.h"
#include "tap.h"

#define T0	1358188500	/* 2013-01-14 18:35:00 */

static struct metric_point points[32];
static struct alarm_verdict verdict;

/* Values, the oldest first; a negative one is missing. */
static struct alarm_report
report(const struct alarm_test *t, const double *v, enum alarm_state now)
{
	for (unsigned i = 0; i < alarm_slots(t->n); i++)
		points[i] = (struct metric_point){ v[i], v[i] < 0 ? 0 : 1 };
	verdict = alarm_evaluate(points, t, now);
	return (struct alarm_report){ .points = points, .from_s = T0, .period_s = 60, .test = t,
		.verdict = &verdict, .at_us = 1358188845944000ull, .stat = "Average" };
}

static struct outbuf out;

static const char *
text(void (*put)(struct outbuf *, const struct alarm_report *), const struct alarm_report *r)
{
	outbuf_clear(&out);
	outbuf_z(&out, "");
	put(&out, r);
	return out.len > 0 ? out.data : "";
}

static const struct {
	struct alarm_test test;
	double	 v[8];
	const char *reason, *brief;
} rows[] = {
	{ { 1, 1, ALARM_GT, 0, ALARM_MISSING, 0 }, { -1, -1, 1 },
	  "Threshold Crossed: 1 datapoint [1.0 (14/01/13 18:37:00)] was greater than the "
	  "threshold (0.0).", "1 > 0, 1 of 1" },
	{ { 1, 1, ALARM_LT, 10, ALARM_MISSING, 0 }, { -1, 3, 0.204 },
	  "Threshold Crossed: 1 datapoint [0.204 (14/01/13 18:37:00)] was less than the "
	  "threshold (10.0).", "0.204 < 10, 1 of 1" },
	{ { 2, 2, ALARM_GT, 2, ALARM_MISSING, 0 }, { 1, -1, 3.1, 3.25 },
	  "Threshold Crossed: 2 datapoints [3.25 (14/01/13 18:38:00), 3.1 (14/01/13 18:37:00)] "
	  "were greater than the threshold (2.0).", "3.25 > 2, 2 of 2" },
	{ { 1, 1, ALARM_GE, 1, ALARM_MISSING, 0 }, { 1, 1, 0.5 },
	  "Threshold Crossed: 1 datapoint [0.5 (14/01/13 18:37:00)] was not greater than or equal "
	  "to the threshold (1.0).", "0.5 < 1, 0 of 1" },
	{ { 2, 3, ALARM_LE, 5, ALARM_MISSING, 0 }, { -1, -1, 4, 7, 5 },
	  "Threshold Crossed: 2 out of the last 3 datapoints [5.0 (14/01/13 18:39:00), 4.0 "
	  "(14/01/13 18:37:00)] were less than or equal to the threshold (5.0) (minimum 2 "
	  "datapoints for OK -> ALARM transition).", "5 <= 5, 2 of 3" },
	{ { 2, 3, ALARM_LE, 5, ALARM_MISSING, 0 }, { -1, -1, 7, 7, 5 },
	  "Threshold Crossed: 2 out of the last 3 datapoints [7.0 (14/01/13 18:38:00), 7.0 "
	  "(14/01/13 18:37:00)] were not less than or equal to the threshold (5.0) (minimum 2 "
	  "datapoints for ALARM -> OK transition).", "5 <= 5, 1 of 3" },
	{ { 1, 1, ALARM_GT, 2, ALARM_BREACHING, 0 }, { -1, -1, -1 },
	  "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint "
	  "was treated as [Breaching].", "" },
	{ { 3, 3, ALARM_GT, 2, ALARM_NOT_BREACHING, 0 }, { -1, -1, -1, -1, -1 },
	  "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints "
	  "were treated as [NonBreaching].", "" },
	{ { 3, 3, ALARM_GT, 2, ALARM_BREACHING, 0 }, { -1, -1, -1, -1, 3 },
	  "Threshold Crossed: 1 datapoint [3.0 (14/01/13 18:39:00)] was greater than the "
	  "threshold (2.0) and 2 missing datapoints were treated as [Breaching].",
	  "3 > 2, 1 of 3" },
	{ { 2, 3, ALARM_GT, 2, ALARM_NOT_BREACHING, 0 }, { -1, -1, -1, -1, 3 },
	  "Threshold Crossed: 2 missing datapoints were treated as [NonBreaching].",
	  "3 > 2, 1 of 3" },
	{ { 1, 1, ALARM_GT, 2, ALARM_MISSING, 0 }, { -1, -1, -1 },
	  "Insufficient Data: 1 datapoint was unknown.", "" },
	{ { 2, 2, ALARM_GT, 2, ALARM_MISSING, 0 }, { -1, -1, -1, -1 },
	  "Insufficient Data: 2 datapoints were unknown.", "" },
};

static void
test_reasons(void)
{
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct alarm_report r = report(&rows[i].test, rows[i].v, ALARM_OK);

		is_str(text(alarm_put_reason, &r), rows[i].reason);
		is_str(text(alarm_put_brief, &r), rows[i].brief);
	}
}

static void
test_many_points(void)
{
	struct alarm_test t = { 20, 20, ALARM_LT, 2, ALARM_MISSING, 0 };
	double v[22];
	struct alarm_report r;

	for (unsigned i = 0; i < 22; i++)
		v[i] = 1;
	r = report(&t, v, ALARM_OK);
	ok(strstr(text(alarm_put_reason, &r), "20 datapoints [1.0 (14/01/13 18:56:00), ") != NULL);
	ok(strstr(text(alarm_put_reason, &r), "18:47:00), ...] were less than") != NULL);
}

static void
test_data(void)
{
	struct alarm_test t = { 1, 1, ALARM_LT, 10, ALARM_MISSING, 0 };
	struct alarm_report r = report(&t, (double[]){ -1, 3, 0.204 }, ALARM_OK);
	struct alarm_saying from = { ALARM_INSUFFICIENT, ALARM_REASON_NEW, NULL },
	    to = { ALARM_ALARM, "Because", "{\"a\":1}" };

	is_str(text(alarm_put_reason_data, &r),
	    "{\"version\":\"1.0\",\"queryDate\":\"2013-01-14T18:40:45.944+0000\",\"startDate\":"
	    "\"2013-01-14T18:36:00.000+0000\",\"statistic\":\"Average\",\"period\":60,"
	    "\"recentDatapoints\":[3.0,0.204],\"threshold\":10.0}");
	outbuf_clear(&out);
	alarm_put_update(&out, &from, &to);
	is_str(out.data, "{\"version\":\"1.0\",\"oldState\":{\"stateValue\":\"INSUFFICIENT_DATA\","
	    "\"stateReason\":\"Unchecked: Initial alarm creation\"},\"newState\":{\"stateValue\":"
	    "\"ALARM\",\"stateReason\":\"Because\",\"stateReasonData\":{\"a\":1}}}");
	outbuf_clear(&out);
	alarm_put_action(&out, 1358188845944000ull, "arn:x", NULL, NULL);
	is_str(out.data, "{\"actionState\":\"Succeeded\",\"stateUpdateTimestamp\":1358188845944,"
	    "\"notificationResource\":\"arn:x\",\"publishedMessage\":null,\"error\":null}");
	outbuf_clear(&out);
	alarm_put_action(&out, 1000, "arn:x", "m", "no \"x\"");
	is_str(out.data, "{\"actionState\":\"Failed\",\"stateUpdateTimestamp\":1,"
	    "\"notificationResource\":\"arn:x\",\"publishedMessage\":\"m\",\"error\":"
	    "\"no \\\"x\\\"\"}");
}

static void
put_arn(struct outbuf *b, const struct alarm_place *p, const struct alarm_action *a)
{
	outbuf_fmt(b, "arn:%s:%s", p->region, a->target);
}

static void
test_message(void)
{
	struct alarm_action to = { NULL, ALARM_OK, ALARM_DO_NOTIFY, "ops", NULL, NULL, 0 },
	    act = { &to, ALARM_ALARM, ALARM_DO_POLICY, "g/p", "g", "p", 0 };
	struct alarm_conf conf = { .object = { .name = "up" }, .source = ALARM_OF_METRIC,
		.query = { .key = { .ns = "AWS/ELB", .name = "Latency", .unit = "Seconds",
		    .dims = { { "LoadBalancerName", "web" } }, .ndims = 1 }, .period_s = 60 },
		.test = { 2, 2, ALARM_GT, 2, ALARM_MISSING, 0 }, .actions = &act,
		.description = "" };
	struct alarm_news n = { .conf = &conf, .place = { "us-east-1", "123456789012" },
		.from = { ALARM_OK, "a", NULL }, .to = { ALARM_ALARM, "b", NULL },
		.at_us = 1771034415000000ull, .configured_us = 1771034400000000ull,
		.put_arn = put_arn };

	outbuf_clear(&out);
	alarm_put_news(&out, &n);
	is_str(out.data, "{\"AlarmName\":\"up\",\"AlarmDescription\":null,\"AWSAccountId\":"
	    "\"123456789012\",\"AlarmConfigurationUpdatedTimestamp\":"
	    "\"2026-02-14T02:00:00.000+0000\",\"NewStateValue\":\"ALARM\",\"NewStateReason\":\"b\","
	    "\"StateChangeTime\":\"2026-02-14T02:00:15.000+0000\",\"Region\":\"us-east-1\","
	    "\"AlarmArn\":\"arn:aws:cloudwatch:us-east-1:123456789012:alarm:up\","
	    "\"OldStateValue\":\"OK\",\"OKActions\":[\"arn:us-east-1:ops\"],\"AlarmActions\":"
	    "[\"arn:us-east-1:g/p\"],\"InsufficientDataActions\":[],\"Trigger\":{\"MetricName\":"
	    "\"Latency\",\"Namespace\":\"AWS/ELB\",\"StatisticType\":\"Statistic\",\"Statistic\":"
	    "\"Average\",\"Unit\":\"Seconds\",\"Dimensions\":[{\"name\":\"LoadBalancerName\","
	    "\"value\":\"web\"}],\"Period\":60,\"EvaluationPeriods\":2,\"DatapointsToAlarm\":2,"
	    "\"ComparisonOperator\":\"GreaterThanThreshold\",\"Threshold\":2.0,"
	    "\"TreatMissingData\":\"missing\"}}");
	outbuf_clear(&out);
	alarm_put_change(&out, ALARM_CREATED, &conf);
	ok(strstr(out.data, "{\"version\":\"1.0\",\"type\":\"Create\",\"createdAlarm\":"
	    "{\"alarmName\":\"up\"") == out.data);
	is_str(alarm_change_name(ALARM_DELETED), "deleted");
}

static void
test_operators(void)
{
	enum alarm_op op = ALARM_GT;

	ok(alarm_op_named("<=", &op) && op == ALARM_LE);
	ok(!alarm_op_named("=", &op));
	is_str(alarm_op_name(ALARM_GE), "GreaterThanOrEqualToThreshold");
	is_str(alarm_op_sign(ALARM_LT), "<");
}

int
main(void)
{
	outbuf_init(&out, 0);
	test_reasons();
	test_many_points();
	test_data();
	test_message();
	test_operators();
	outbuf_fini(&out);
	return tap_done();
}
