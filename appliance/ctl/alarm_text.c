/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts of alarms; see alarm_text.h.
 *
 * A reason lists those of the newest N points that speak for the state: breaching
 * ones for ALARM, the others for OK, the newest first.
 *
 * Thread: any.
 */
#include "ctl/alarm_text.h"

#include <string.h>
#include <time.h>

#include "base/out.h"
#include "ctl/alarm_conf.h"

#define POINTS_SHOWN	10u	/* in a reason; the data has all */

static const struct {
	const char	*sign, *name, *phrase, *opposite;
} ops[] = {
	[ALARM_GT] = { ">", "GreaterThanThreshold", "greater than", "<=" },
	[ALARM_GE] = { ">=", "GreaterThanOrEqualToThreshold", "greater than or equal to", "<" },
	[ALARM_LT] = { "<", "LessThanThreshold", "less than", ">=" },
	[ALARM_LE] = { "<=", "LessThanOrEqualToThreshold", "less than or equal to", ">" },
};

const char *
alarm_op_name(enum alarm_op op)
{
	return ops[op].name;
}

const char *
alarm_op_sign(enum alarm_op op)
{
	return ops[op].sign;
}

bool
alarm_op_named(const char *sign, enum alarm_op *ret)
{
	for (unsigned i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (strcmp(sign, ops[i].sign) == 0) {
			*ret = (enum alarm_op)i;
			return true;
		}
	return false;
}

static struct tm
utc(int64_t s)
{
	time_t t = (time_t)s;
	struct tm tm;

	gmtime_r(&t, &tm);
	return tm;
}

void
alarm_put_time(struct outbuf *b, uint64_t us)
{
	struct tm tm = utc((int64_t)(us / 1000000));

	outbuf_fmt(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03u+0000", tm.tm_year + 1900, tm.tm_mon + 1,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)(us / 1000 % 1000));
}

static void
put_point_time(struct outbuf *b, int64_t s)
{
	struct tm tm = utc(s);

	outbuf_fmt(b, " (%02d/%02d/%02d %02d:%02d:%02d)", tm.tm_mday, tm.tm_mon + 1,
	    tm.tm_year % 100, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static const char *
plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

static const char *
was(unsigned n)
{
	return n == 1 ? "was" : "were";
}

/* ---- reasons ---- */

/* Of the n newest real points those that speak for the state, the newest first.
 * The next one older than slot i; -1 = no more. */
struct speakers {
	const struct alarm_report *r;
	unsigned	 i, real;
};

static int
next_speaker(struct speakers *s)
{
	const struct alarm_report *r = s->r;

	while (s->i > 0 && s->real < r->test->n) {
		const struct metric_point *p = &r->points[--s->i];

		if (p->n <= 0)
			continue;
		s->real++;
		if (alarm_breaches(r->test->op, p->v, r->test->threshold) ==
		    (r->verdict->state == ALARM_ALARM))
			return (int)s->i;
	}
	return -1;
}

static struct speakers
speakers_of(const struct alarm_report *r)
{
	return (struct speakers){ .r = r, .i = alarm_slots(r->test->n) };
}

static unsigned
count_speakers(const struct alarm_report *r)
{
	struct speakers s = speakers_of(r);
	unsigned n = 0;

	while (next_speaker(&s) >= 0)
		n++;
	return n;
}

/* [0.204 (14/01/13 18:39:00), ...] */
static void
put_points(struct outbuf *b, const struct alarm_report *r)
{
	struct speakers s = speakers_of(r);
	unsigned n = 0;

	outbuf_z(b, "[");
	for (int i; (i = next_speaker(&s)) >= 0; n++) {
		if (n > 0)
			outbuf_z(b, ", ");
		if (n == POINTS_SHOWN) {
			outbuf_z(b, "...");
			break;
		}
		outbuf_double(b, r->points[i].v);
		put_point_time(b, r->from_s + (int64_t)i * r->period_s);
	}
	outbuf_z(b, "]");
}

/* was [not] greater than the threshold (2.0) */
static void
put_relation(struct outbuf *b, const struct alarm_report *r, unsigned n)
{
	outbuf_fmt(b, " %s %s%s the threshold (", was(n),
	    r->verdict->state == ALARM_ALARM ? "" : "not ", ops[r->test->op].phrase);
	outbuf_double(b, r->test->threshold);
	outbuf_z(b, ")");
}

static const char *
filled_as(const struct alarm_report *r)
{
	return r->test->treat == ALARM_BREACHING ? "Breaching" : "NonBreaching";
}

static void
put_filled(struct outbuf *b, const struct alarm_report *r)
{
	unsigned n = r->verdict->filled;

	outbuf_fmt(b, "%u missing datapoint%s %s treated as [%s]", n, plural(n), was(n),
	    filled_as(r));
}

/* M of N: how many it takes to change over. */
static void
put_minimum(struct outbuf *b, const struct alarm_test *t, enum alarm_state to)
{
	unsigned n = to == ALARM_ALARM ? t->m : t->n - t->m + 1;

	outbuf_fmt(b, " (minimum %u datapoint%s for %s transition)", n, plural(n),
	    to == ALARM_ALARM ? "OK -> ALARM" : "ALARM -> OK");
}

static void
put_crossed(struct outbuf *b, const struct alarm_report *r)
{
	const struct alarm_test *t = r->test;
	unsigned n = count_speakers(r);

	outbuf_z(b, "Threshold Crossed: ");
	if (r->verdict->real == 0) {
		outbuf_fmt(b, "no datapoints were received for %u period%s and ", t->n,
		    plural(t->n));
		put_filled(b, r);
	} else if (n == 0) {	/* only what was filled in speaks for it */
		put_filled(b, r);
	} else {
		outbuf_fmt(b, "%u ", n);
		if (t->m < t->n)
			outbuf_fmt(b, "out of the last %u datapoints ", t->n);
		else
			outbuf_fmt(b, "datapoint%s ", plural(n));
		put_points(b, r);
		put_relation(b, r, n);
		if (r->verdict->filled > 0) {
			outbuf_z(b, " and ");
			put_filled(b, r);
		}
		if (t->m < t->n)
			put_minimum(b, t, r->verdict->state);
	}
	outbuf_z(b, ".");
}

void
alarm_put_reason(struct outbuf *b, const struct alarm_report *r)
{
	unsigned n = r->test->n;

	if (r->verdict->state == ALARM_INSUFFICIENT)
		outbuf_fmt(b, "Insufficient Data: %u datapoint%s %s unknown.", n, plural(n),
		    was(n));
	else
		put_crossed(b, r);
}

/* ---- data ---- */

/* The first slot that has a point, or the one that would be the first of N. */
static unsigned
first_slot(const struct alarm_report *r)
{
	unsigned slots = alarm_slots(r->test->n);

	for (unsigned i = 0; i < slots; i++)
		if (r->points[i].n > 0)
			return i;
	return slots - r->test->n;
}

static void
put_recent(struct outbuf *b, const struct alarm_report *r)
{
	bool any = false;

	for (unsigned i = 0; i < alarm_slots(r->test->n); i++) {
		if (r->points[i].n <= 0)
			continue;
		outbuf_z(b, any ? "," : "");
		outbuf_double(b, r->points[i].v);
		any = true;
	}
}

void
alarm_put_reason_data(struct outbuf *b, const struct alarm_report *r)
{
	outbuf_z(b, "{\"version\":\"1.0\",\"queryDate\":\"");
	alarm_put_time(b, r->at_us);
	if (r->verdict->real > 0) {
		outbuf_z(b, "\",\"startDate\":\"");
		alarm_put_time(b, (uint64_t)(r->from_s +
		    (int64_t)first_slot(r) * r->period_s) * 1000000);
	}
	outbuf_z(b, "\"");
	if (r->unit != NULL)
		outbuf_fmt(b, ",\"unit\":\"%s\"", r->unit);
	outbuf_fmt(b, ",\"statistic\":\"%s\",\"period\":%u,\"recentDatapoints\":[", r->stat,
	    r->period_s);
	put_recent(b, r);
	outbuf_z(b, "],\"threshold\":");
	outbuf_double(b, r->test->threshold);
	outbuf_z(b, "}");
}

/* The value, without needless digits. */
static void
put_short(struct outbuf *b, double v)
{
	outbuf_fmt(b, "%.6g", v);
}

void
alarm_put_brief(struct outbuf *b, const struct alarm_report *r)
{
	const struct alarm_verdict *v = r->verdict;
	const struct alarm_test *t = r->test;
	double newest;

	if (v->newest == 0)
		return;
	newest = r->points[alarm_slots(t->n) - v->newest].v;
	put_short(b, newest);
	outbuf_fmt(b, " %s ", alarm_breaches(t->op, newest, t->threshold) ? ops[t->op].sign :
	    ops[t->op].opposite);
	put_short(b, t->threshold);
	outbuf_fmt(b, ", %u of %u", v->newest_breaching, t->n);
}

static void
put_saying(struct outbuf *b, const struct alarm_saying *s)
{
	outbuf_fmt(b, "{\"stateValue\":\"%s\",\"stateReason\":", alarm_state_name(s->state));
	outbuf_json(b, s->reason);
	if (s->data != NULL)
		outbuf_fmt(b, ",\"stateReasonData\":%s", s->data);
	outbuf_z(b, "}");
}

void
alarm_put_update(struct outbuf *b, const struct alarm_saying *from,
    const struct alarm_saying *to)
{
	outbuf_z(b, "{\"version\":\"1.0\",\"oldState\":");
	put_saying(b, from);
	outbuf_z(b, ",\"newState\":");
	put_saying(b, to);
	outbuf_z(b, "}");
}

void
alarm_put_action(struct outbuf *b, uint64_t at_us, const char *arn, const char *message,
    const char *error)
{
	outbuf_fmt(b, "{\"actionState\":\"%s\",\"stateUpdateTimestamp\":%llu,"
	    "\"notificationResource\":", error == NULL ? "Succeeded" : "Failed",
	    (unsigned long long)(at_us / 1000));
	outbuf_json(b, arn);
	outbuf_z(b, ",\"publishedMessage\":");
	outbuf_json(b, message);
	outbuf_z(b, ",\"error\":");
	outbuf_json(b, error);
	outbuf_z(b, "}");
}

/* ---- configurations ---- */

static const char *const changes[][2] = {
	[ALARM_CREATED] = { "created", "Create" },
	[ALARM_UPDATED] = { "updated", "Update" },
	[ALARM_DELETED] = { "deleted", "Delete" },
};

const char *
alarm_change_name(enum alarm_change change)
{
	return changes[change][0];
}

void
alarm_put_stat(struct outbuf *b, const struct metric_query *q)
{
	static const char *const names[] = {
		[METRIC_AVERAGE] = "Average", [METRIC_SUM] = "Sum", [METRIC_MINIMUM] = "Minimum",
		[METRIC_MAXIMUM] = "Maximum", [METRIC_SAMPLES] = "SampleCount",
	};

	if (q->stat == METRIC_PERCENTILE)
		outbuf_fmt(b, "p%.10g", q->percentile);
	else
		outbuf_z(b, names[q->stat]);
}

static void
put_dimensions(struct outbuf *b, const struct metric_key *k, const char *name, const char *value)
{
	outbuf_z(b, "[");
	for (unsigned i = 0; i < k->ndims; i++) {
		outbuf_fmt(b, "%s{\"%s\":", i > 0 ? "," : "", name);
		outbuf_json(b, k->dims[i].name);
		outbuf_fmt(b, ",\"%s\":", value);
		outbuf_json(b, k->dims[i].value);
		outbuf_z(b, "}");
	}
	outbuf_z(b, "]");
}

static void
put_metric(struct outbuf *b, const struct alarm_conf *conf)
{
	const struct metric_query *q = &conf->query;

	outbuf_z(b, ",\"metricName\":");
	outbuf_json(b, q->key.name);
	outbuf_z(b, ",\"namespace\":");
	outbuf_json(b, q->key.ns);
	outbuf_z(b, ",\"statistic\":\"");
	alarm_put_stat(b, q);
	outbuf_z(b, "\",\"dimensions\":");
	put_dimensions(b, &q->key, "name", "value");
	outbuf_z(b, ",\"unit\":");
	outbuf_json(b, q->key.unit);
}

static void
put_conf(struct outbuf *b, const struct alarm_conf *conf)
{
	outbuf_z(b, "{\"alarmName\":");
	outbuf_json(b, conf->object.name);
	outbuf_z(b, ",\"alarmDescription\":");
	outbuf_json(b, conf->description);
	outbuf_fmt(b, ",\"actionsEnabled\":%s", conf->actions_off ? "false" : "true");
	if (conf->source == ALARM_OF_METRIC)
		put_metric(b, conf);
	else if (conf->text != NULL) {
		outbuf_z(b, conf->source == ALARM_OF_RULE ? ",\"alarmRule\":" :
		    conf->source == ALARM_OF_MATH ? ",\"expression\":" : ",\"function\":");
		outbuf_json(b, conf->text);
	}
	if (conf->source == ALARM_OF_METRIC || conf->source == ALARM_OF_MATH) {
		outbuf_fmt(b, ",\"period\":%u,\"evaluationPeriods\":%u,\"datapointsToAlarm\":%u,"
		    "\"comparisonOperator\":\"%s\",\"treatMissingData\":\"%s\",\"threshold\":",
		    conf->query.period_s, conf->test.n, conf->test.m, ops[conf->test.op].name,
		    alarm_treat_name(conf->test.treat));
		outbuf_double(b, conf->test.threshold);
	}
	outbuf_z(b, "}");
}

void
alarm_put_change(struct outbuf *b, enum alarm_change change, const struct alarm_conf *conf)
{
	outbuf_fmt(b, "{\"version\":\"1.0\",\"type\":\"%s\",\"%sAlarm\":", changes[change][1],
	    changes[change][0]);
	put_conf(b, conf);
	outbuf_z(b, "}");
}

/* ---- notifications ---- */

void
alarm_put_arn(struct outbuf *b, const struct alarm_place *p, const char *name)
{
	outbuf_fmt(b, "arn:aws:cloudwatch:%s:%s:alarm:%s", p->region, p->account, name);
}

static void
put_action_arns(struct outbuf *b, const struct alarm_news *n, const char *name,
    enum alarm_state on)
{
	bool any = false;
	struct outbuf arn;

	outbuf_fmt(b, ",\"%s\":[", name);
	for (const struct alarm_action *a = n->conf->actions; a != NULL; a = a->next) {
		if (a->on != on)
			continue;
		outbuf_init(&arn, 0);
		n->put_arn(&arn, &n->place, a);
		outbuf_z(b, any ? "," : "");
		outbuf_json(b, arn.data != NULL ? arn.data : "");
		outbuf_fini(&arn);
		any = true;
	}
	outbuf_z(b, "]");
}

static void
put_trigger(struct outbuf *b, const struct alarm_conf *conf)
{
	const struct metric_query *q = &conf->query;
	bool is_metric = conf->source == ALARM_OF_METRIC;

	outbuf_z(b, ",\"Trigger\":{");
	if (is_metric) {
		outbuf_z(b, "\"MetricName\":");
		outbuf_json(b, q->key.name);
		outbuf_z(b, ",\"Namespace\":");
		outbuf_json(b, q->key.ns);
		outbuf_fmt(b, ",\"StatisticType\":\"%s\",\"Statistic\":\"",
		    q->stat == METRIC_PERCENTILE ? "ExtendedStatistic" : "Statistic");
		alarm_put_stat(b, q);
		outbuf_z(b, "\",\"Unit\":");
		outbuf_json(b, q->key.unit);
		outbuf_z(b, ",\"Dimensions\":");
		put_dimensions(b, &q->key, "name", "value");
	} else {
		outbuf_z(b, "\"Expression\":");
		outbuf_json(b, conf->text);
	}
	outbuf_fmt(b, ",\"Period\":%u,\"EvaluationPeriods\":%u,\"DatapointsToAlarm\":%u,"
	    "\"ComparisonOperator\":\"%s\",\"Threshold\":", q->period_s, conf->test.n,
	    conf->test.m, ops[conf->test.op].name);
	outbuf_double(b, conf->test.threshold);
	outbuf_fmt(b, ",\"TreatMissingData\":\"%s\"}", alarm_treat_name(conf->test.treat));
}

void
alarm_put_news(struct outbuf *b, const struct alarm_news *n)
{
	const struct alarm_conf *conf = n->conf;

	outbuf_z(b, "{\"AlarmName\":");
	outbuf_json(b, conf->object.name);
	outbuf_z(b, ",\"AlarmDescription\":");
	outbuf_json(b, conf->description[0] != '\0' ? conf->description : NULL);
	outbuf_fmt(b, ",\"AWSAccountId\":\"%s\",\"AlarmConfigurationUpdatedTimestamp\":\"",
	    n->place.account);
	alarm_put_time(b, n->configured_us);
	outbuf_fmt(b, "\",\"NewStateValue\":\"%s\",\"NewStateReason\":",
	    alarm_state_name(n->to.state));
	outbuf_json(b, n->to.reason);
	outbuf_z(b, ",\"StateChangeTime\":\"");
	alarm_put_time(b, n->at_us);
	outbuf_fmt(b, "\",\"Region\":\"%s\",\"AlarmArn\":\"", n->place.region);
	alarm_put_arn(b, &n->place, conf->object.name);
	outbuf_fmt(b, "\",\"OldStateValue\":\"%s\"", alarm_state_name(n->from.state));
	put_action_arns(b, n, "OKActions", ALARM_OK);
	put_action_arns(b, n, "AlarmActions", ALARM_ALARM);
	put_action_arns(b, n, "InsufficientDataActions", ALARM_INSUFFICIENT);
	if (conf->source == ALARM_OF_METRIC || conf->source == ALARM_OF_MATH)
		put_trigger(b, conf);
	else if (conf->text != NULL) {
		outbuf_z(b, ",\"AlarmRule\":");
		outbuf_json(b, conf->text);
	}
	outbuf_z(b, "}");
}
