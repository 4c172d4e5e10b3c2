/* SPDX-License-Identifier: BSD-2-Clause */
/* metric*.c: units and references, what is put and read back, periods, percentiles
 * of sets, what is refused, what goes when memory is short. */
#include "ctl/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "ctl/metric_unit.h"
#include "event/sched.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

#define NOW	1360945020	/* 2013-02-15T16:17:00Z, a whole minute */

static void
is_num(double got, double want, const char *what)
{
	char a[64], b[64];

	snprintf(a, sizeof a, "%.12g", got);
	snprintf(b, sizeof b, "%.12g", want);
	tap_is_str(a, b, TAP_HERE, what);
}

/* ---- parsing ---- */

static struct arena *arena;
static struct diag d;
static char *words[32];

static int
split(char *line)
{
	int n = 0;

	for (char *w = strtok(line, " "); w != NULL; w = strtok(NULL, " "))
		words[n++] = w;
	words[n] = NULL;
	return n;
}

/* "NS|NAME|dim=value|unit, rest at N", or the message */
static const char *
ref(const char *text)
{
	static char line[512], out[512];
	struct cfg c = { .arena = arena, .diag = &d };
	struct metric_key k;
	size_t n;
	int i = 0, nargs;

	snprintf(line, sizeof line, "%s", text);
	nargs = split(line);
	diag_fini(&d);
	diag_init(&d, false);
	if (metric_ref_parse(&c, words, nargs, &i, &k) < 0) {
		snprintf(out, sizeof out, "%s", d.first->text);
		return out;
	}
	n = (size_t)snprintf(out, sizeof out, "%s|%s", k.ns, k.name);
	for (unsigned j = 0; j < k.ndims; j++)
		n += (size_t)snprintf(out + n, sizeof out - n, "|%s=%s", k.dims[j].name,
		    k.dims[j].value);
	snprintf(out + n, sizeof out - n, "|%s@%d", k.unit != NULL ? k.unit : "", i);
	return out;
}

static void
test_refs(void)
{
	static const char *const table[][2] = {
		{ "Latency balancer yourLB unit Seconds threshold",
		  "AWS/ELB|Latency|LoadBalancerName=yourLB|Seconds@5" },
		{ "Latency balancer a zone z",
		  "AWS/ELB|Latency|LoadBalancerName=a|AvailabilityZone=z|@5" },
		{ "Latency balancer *", "AWS/ELB|Latency|LoadBalancerName=*|@3" },
		{ "CPUUtilization group g stat Average",
		  "AWS/EC2|CPUUtilization|AutoScalingGroupName=g|@3" },
		{ "GroupInServiceInstances group g",
		  "AWS/AutoScaling|GroupInServiceInstances|AutoScalingGroupName=g|@3" },
		{ "CPUUtilization instance i-1", "AWS/EC2|CPUUtilization|InstanceId=i-1|@3" },
		{ "req_rate server be/s1", "Weir|req_rate|Backend=be|Server=s1|@3" },
		{ "jobs dimension a 1 dimension b 2 namespace My/App", "My/App|jobs|a=1|b=2|@9" },
		{ "jobs", "Weir|jobs|@1" },
		{ "Latancy balancer a",
		  "there is no metric 'Latancy' in AWS/ELB, did you mean 'Latency'?" },
		{ "Latency zone a", "'zone' is a part of a balancer: 'balancer <name> zone a'." },
		{ "Latency balancer", "'balancer' expects a name." },
		{ "Latency balancer a group b", "'balancer' and 'group' do not go together." },
		{ "x dimension a 1 dimension a 2", "dimension 'a' is there twice." },
		{ "x unit s", "unknown unit 's': say 'Seconds'." },
		{ "x namespace :a",
		  "'namespace' expects 1 to 255 characters that do not begin "
		  "with ':', but got ':a'." },
		{ "x server be", "'server' expects <backend>/<server>, but got 'be'." },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		tap_is_str(ref(table[i][0]), table[i][1], TAP_HERE, table[i][0]);
}

static void
test_stats(void)
{
	struct cfg c = { .arena = arena, .diag = &d };
	struct metric_query q;

	is_int(metric_stat_parse(&c, "SampleCount", &q), 0);
	is_int(q.stat, METRIC_SAMPLES);
	is_int(metric_stat_parse(&c, "p99.9", &q), 0);
	is_int(q.stat, METRIC_PERCENTILE);
	is_num(q.percentile, 99.9, "p99.9");
	ok(metric_stat_parse(&c, "p0", &q) == 0 && metric_stat_parse(&c, "p100", &q) == 0);
	ok(metric_stat_parse(&c, "p100.1", &q) < 0 && metric_stat_parse(&c, "p", &q) < 0 &&
	    metric_stat_parse(&c, "average", &q) < 0);
}

static void
test_numbers(void)
{
	static const struct {
		const char *word, *unit;
		enum metric_number end;
		double v;
	} table[] = {
		{ "500ms", "Seconds", NUMBER_OK, 0.5 }, { "2s", "Milliseconds", NUMBER_OK, 2000 },
		{ "70%", "Percent", NUMBER_OK, 70 }, { "2MB/s", "Bytes/Second", NUMBER_OK, 2e6 },
		{ "3ms", NULL, NUMBER_OK, 0.003 }, { "1.5", "Seconds", NUMBER_BARE, 1.5 },
		{ "-1", "Count", NUMBER_BARE, -1 }, { "1m", "Seconds", NUMBER_OK, 60 },
		{ "64KiB", "Bytes", NUMBER_OK, 65536 }, { "8kbit", "Bits", NUMBER_OK, 8000 },
		{ "5Megabytes", "Kilobytes", NUMBER_OK, 5000 },
		{ "70%", "Seconds", NUMBER_KIND, 0 }, { "1s", "None", NUMBER_KIND, 0 },
		{ "1MB", "Bytes/Second", NUMBER_KIND, 0 }, { "1xyz", "Seconds", NUMBER_UNIT, 0 },
		{ "nan", "Seconds", NUMBER_JUNK, 0 }, { "inf", NULL, NUMBER_JUNK, 0 },
		{ "0x10", NULL, NUMBER_JUNK, 0 }, { "", NULL, NUMBER_JUNK, 0 },
		{ "1e999", NULL, NUMBER_JUNK, 0 },
		{ "1e308TB", NULL, NUMBER_JUNK, 0 }, { "1e308TB", "Bytes", NUMBER_JUNK, 0 },
	};
	double v;
	size_t n;

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		v = 0;
		tap_is_int(metric_number(table[i].word, table[i].unit, &v), table[i].end, TAP_HERE,
		    table[i].word);
		if (table[i].end <= NUMBER_BARE)
			is_num(v, table[i].v, table[i].word);
	}
	for (n = 0; metric_unit_row(n) != NULL; n++)
		;
	is_u64(n, 27);
}

/* ---- putting and reading ---- */

static struct metric_key latency = {
	.ns = "AWS/ELB", .name = "Latency", .ndims = 1,
	    .dims = { { "LoadBalancerName", "yourLB" } },
};

static const char *
put(const struct metric_key *k, int64_t t, double n, double sum, double min, double max)
{
	struct metric_value v = { n, sum, min, max };
	const char *why = metric_put(k, t, &v);

	return why != NULL ? why : "";
}

static struct metric_point
point(const struct metric_key *k, enum metric_stat stat, double p, uint32_t period, int64_t from)
{
	struct metric_query q = { .key = *k, .stat = stat, .percentile = p, .period_s = period };
	struct metric_point pt;

	metric_read(&q, from, 1, &pt);
	return pt;
}

static void
test_walk(void)
{
	static const struct metric_value table[] = {
		{ 111, 10.296987, 0.005962, 1.321208 }, { 0, 0, 0, 0 },
		{ 10, 2.294718, 0.007558, 0.606748 },
		{ 4, 1.866751, 0.212814, 0.998193 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
		{ 3, 0.853509, 0.230918, 0.38009 },
	};
	struct metric_value v[8];
	int64_t from = NOW - 8 * 60;

	for (int i = 0; i < 8; i++)
		if (table[i].n != 0)
			is_str(put(&latency, from + 60 * i + 17, table[i].n, table[i].sum,
			    table[i].min, table[i].max), "");
	metric_values(&latency, 60, from, 8, v);
	is_mem(v, sizeof v, table, sizeof table);
	is_num(point(&latency, METRIC_AVERAGE, 0, 60, from).v, 0.09276564864864864, "average");
	ok(isnan(point(&latency, METRIC_AVERAGE, 0, 60, from + 60).v));
	is_num(point(&latency, METRIC_SAMPLES, 0, 300, from).v, 125, "five minutes in one");
	is_num(point(&latency, METRIC_MINIMUM, 0, 300, from).v, 0.005962, "their minimum");
	is_num(point(&latency, METRIC_MAXIMUM, 0, 3600, NOW - NOW % 3600).v, 1.321208, "an hour");
	is_num(point(&latency, METRIC_SAMPLES, 0, 10, from).n, 0, "nothing below a minute");
	latency.unit = "Milliseconds";
	is_num(point(&latency, METRIC_SAMPLES, 0, 60, from).n, 0, "another unit is another series");
	latency.unit = NULL;
}

static void
test_units_apart(void)
{
	struct metric_key k = { .ns = "My", .name = "x", .unit = "Bytes" };

	is_str(put(&k, 0, 1, 5, 5, 5), "");
	k.unit = "Bits";
	is_str(put(&k, 0, 1, 7, 7, 7), "");
	is_num(point(&k, METRIC_SUM, 0, 60, NOW).v, 7, "of its unit");
	k.unit = "Bytes";
	is_num(point(&k, METRIC_SUM, 0, 60, NOW).v, 5, "of the other");
	is_u64(metric_series_count(), 3);
}

static void
test_dims(void)
{
	struct metric_key a = { .ns = "My", .name = "y", .ndims = 2,
	    .dims = { { "b", "2" }, { "a", "1" } } };
	struct metric_key b = { .ns = "My", .name = "y", .ndims = 2,
	    .dims = { { "a", "1" }, { "b", "2" } } };

	is_str(put(&a, 0, 1, 3, 3, 3), "");
	is_str(put(&b, 0, 1, 4, 4, 4), "");
	is_num(point(&a, METRIC_SUM, 0, 60, NOW).v, 7, "dimensions in any order");
	b.ndims = 1;
	is_num(point(&b, METRIC_SUM, 0, 60, NOW).n, 0, "but all of them");
}

static void
test_percentiles(void)
{
	struct metric_key k = { .ns = "My", .name = "p" };
	int64_t from = NOW - 600;

	for (int i = 0; i < 10; i++)
		(void)put(&k, from + 60 * i, 1, i + 1, i + 1, i + 1);
	is_num(point(&k, METRIC_PERCENTILE, 50, 600, from).v, 5, "p50");
	is_num(point(&k, METRIC_PERCENTILE, 90, 600, from).v, 9, "p90");
	is_num(point(&k, METRIC_PERCENTILE, 0, 600, from).v, 1, "p0");
	is_num(point(&k, METRIC_PERCENTILE, 100, 600, from).v, 10, "p100");
	is_num(point(&k, METRIC_PERCENTILE, 99, 60, from).v, 1, "of one sample");
	(void)put(&k, from, 5, 5, 1, 1);
	is_num(point(&k, METRIC_PERCENTILE, 30, 600, from).v, 1, "equal ones count");
	(void)put(&k, from + 60, 3, 9, 1, 5);
	is_num(point(&k, METRIC_PERCENTILE, 50, 600, from).n, 0, "a set of unequal ones: no guess");
}

static void
test_refused(void)
{
	struct metric_key k = { .ns = "My", .name = "r" };
	char name[300];

	is_str(put(&k, 0, 1, NAN, NAN, NAN),
	    "The value NaN for parameter MetricData.member.1.Value is invalid.");
	is_str(put(&k, 0, 1, INFINITY, INFINITY, INFINITY),
	    "The value Infinity for parameter MetricData.member.1.Value is invalid.");
	is_str(put(&k, 0, 0, 1, 1, 1), "The parameter MetricData.member.1.StatisticValues."
	    "SampleCount must be greater than 0.");
	ok(strstr(put(&k, NOW - METRIC_PAST_S - 1, 1, 1, 1, 1), "past two weeks") != NULL);
	ok(strstr(put(&k, NOW + METRIC_AHEAD_S + 1, 1, 1, 1, 1), "two hours") != NULL);
	is_str(put(&k, NOW - METRIC_PAST_S, 1, 1, 1, 1), "");
	is_str(put(&k, NOW + METRIC_AHEAD_S, 1, 2, 2, 2), "");
	is_num(point(&k, METRIC_SUM, 0, 60, NOW - METRIC_PAST_S).v, 1, "two weeks ago");
	is_num(point(&k, METRIC_SUM, 0, 60, NOW + METRIC_AHEAD_S).v, 2, "two hours ahead");
	k.ns = ":x";
	ok(strstr(put(&k, 0, 1, 1, 1, 1), "colon") != NULL);
	k.ns = "My";
	k.unit = "Secs";
	ok(strstr(put(&k, 0, 1, 1, 1, 1), "in the set [ Seconds, Microseconds,") != NULL);
	memset(name, 'a', sizeof name);
	name[256] = '\0';
	k.unit = NULL;
	k.name = name;
	is_str(put(&k, 0, 1, 1, 1, 1),
	    "The parameter MetricData.member.1.MetricName must be at most 255 characters long.");
}

static void
test_fine(void)
{
	struct metric_key k = { .ns = "Weir", .name = "f" };
	struct metric_series *s = metric_make(&k, METRIC_FINE | METRIC_SERVER);

	for (int t = 0; t < 60; t++)
		metric_add(s, NOW + t, &(struct metric_value){ 1, t, t, t });
	is_num(point(&k, METRIC_SUM, 0, 1, NOW + 7).v, 7, "a second");
	is_num(point(&k, METRIC_SUM, 0, 10, NOW).v, 45, "ten");
	is_num(point(&k, METRIC_MAXIMUM, 0, 30, NOW).v, 29, "thirty");
	is_num(point(&k, METRIC_MINIMUM, 0, 5, NOW + 5).v, 5, "five");
	is_num(point(&k, METRIC_SUM, 0, 60, NOW).v, 1770, "a minute");
	ok(!metric_has_tier(s, METRIC_300S));
	metric_keep_long(&k);
	ok(metric_has_tier(s, METRIC_3600S));
	is_num(point(&k, METRIC_SUM, 0, 3600, NOW - NOW % 3600).v, 1770,
	    "an hour has the minutes that were there");
	/* kept as float, and yet no digits come from that */
	metric_add(s, NOW + 60, &(struct metric_value){ 3, 0.612, 0.1, 0.41 });
	ok(point(&k, METRIC_AVERAGE, 0, 1, NOW + 60).v == 0.204);
	ok(point(&k, METRIC_MAXIMUM, 0, 10, NOW + 60).v == 0.41);
}

/* A ring is a circle: a lap later the old values do not show. */
static void
test_lap(void)
{
	struct metric_key k = { .ns = "Weir", .name = "lap" };
	struct metric_series *s = metric_make(&k, METRIC_FINE);
	int64_t later = NOW + 3 * 3600 + 1;

	metric_add(s, NOW, &(struct metric_value){ 1, 1, 1, 1 });
	metric_add(s, later, &(struct metric_value){ 1, 2, 2, 2 });
	is_num(point(&k, METRIC_SUM, 0, 1, later).v, 2, "the new one");
	is_num(point(&k, METRIC_SUM, 0, 1, NOW).n, 0, "not the old one");
	metric_add(s, NOW, &(struct metric_value){ 1, 3, 3, 3 });
	is_num(point(&k, METRIC_SUM, 0, 1, later).v, 2, "which does not come back");
}

static void
test_short(void)
{
	struct metric_key sv = { .ns = "Weir", .name = "sv" }, px = { .ns = "Weir", .name = "px" };
	struct metric_series *a = metric_make(&sv, METRIC_FINE | METRIC_SERVER);
	struct metric_series *b = metric_make(&px, METRIC_FINE);
	int64_t t = NOW;

	for (; t < NOW + 7200; t++) {
		metric_add(a, t, &(struct metric_value){ 1, 1, 1, 1 });
		metric_add(b, t, &(struct metric_value){ 1, 1, 1, 1 });
		metric_ring_bound(2u << 20, t);
	}
	ok(metric_ring_bytes() <= 2u << 20);
	ok(metric_is_short());
	is_num(point(&sv, METRIC_SUM, 0, 1, t - 1).n, 0, "servers lose the seconds first");
	is_num(point(&px, METRIC_SUM, 0, 1, t - 1).n, 1, "proxies do not");
	is_num(point(&sv, METRIC_SUM, 0, 60, NOW).n, 60, "minutes stay");
	is_int(metric_span_s(METRIC_1S, METRIC_OF_SERVERS), 0);
}

static void
test_gone(void)
{
	unsigned n = metric_series_count();
	struct metric_key k = { .ns = "My", .name = "gone" };

	(void)put(&k, 0, 1, 1, 1, 1);
	is_u64(metric_series_count(), n + 1);
	for (int i = 0; i < 100; i++)
		metric_expire(NOW + METRIC_GONE_S - 60);
	ok(metric_find(&k) != NULL);
	for (int i = 0; i < 100; i++)
		metric_expire(NOW + METRIC_GONE_S + 4 * 3600);
	ok(metric_find(&k) == NULL);
	k.name = "next";
	(void)put(&k, NOW + 60, 1, 9, 9, 9);
	is_num(point(&k, METRIC_SUM, 0, 60, NOW).n, 0, "a column begins empty");
}

int
main(void)
{
	arena = arena_new();
	diag_init(&d, false);
	sched_start(NULL, (uint64_t)NOW * 1000000);
	test_refs();
	test_stats();
	test_numbers();
	test_walk();
	test_units_apart();
	test_dims();
	test_percentiles();
	test_refused();
	test_fine();
	test_lap();
	test_gone();
	metric_free();
	test_short();
	metric_free();
	diag_fini(&d);
	arena_free(arena);
	return tap_done();
}
