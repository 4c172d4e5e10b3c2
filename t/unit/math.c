/* SPDX-License-Identifier: BSD-2-Clause */
/* math.c, math_fn.c: each operator and function over small series, and errors. */
#include "ctl/math.h"

#include <string.h>

#include "base/arena.h"
#include "base/out.h"
#include "tap.h"

#define SLOTS	5u

/* a: 1 2 3 4 5, b: 10 - 30 - 50, c: -1 -1.5 2.5 0 -, e: nothing */
static const struct metric_point a[SLOTS] = { { 1, 1 }, { 2, 1 }, { 3, 1 }, { 4, 1 }, { 5, 1 } },
    b[SLOTS] = { { 10, 1 }, { 0, 0 }, { 30, 1 }, { 0, 0 }, { 50, 1 } },
    c[SLOTS] = { { -1, 1 }, { -1.5, 1 }, { 2.5, 1 }, { 0, 1 }, { 0, 0 } }, e[SLOTS];
static const struct math_input inputs[] = {
	{ "a", a }, { "b", b }, { "c", c }, { "e", e }
};
static const struct math_frame frame = { 0, 60, SLOTS, inputs, 4 };

static const struct {
	const char	*text, *want;
} rows[] = {
	{ "a", "1 2 3 4 5" }, { "7", "7 7 7 7 7" }, { "1.5e1", "15 15 15 15 15" },
	{ "a + b", "11 - 33 - 55" }, { "a - 1", "0 1 2 3 4" }, { "2 * a", "2 4 6 8 10" },
	{ "a / 2", "0.5 1 1.5 2 2.5" }, { "a / c", "-1 -1.33333 1.2 - -" },
	{ "a ^ 2", "1 4 9 16 25" }, { "2 ^ 3 ^ 2", "512 512 512 512 512" },
	{ "-2 ^ 2", "-4 -4 -4 -4 -4" }, { "- -a", "1 2 3 4 5" }, { "2 ^ -1 * 4", "2 2 2 2 2" },
	{ "1 + 2 * 3 - 4 / 2", "5 5 5 5 5" }, { "(1 + 2) * 3", "9 9 9 9 9" },
	{ "10 - 3 - 2", "5 5 5 5 5" },
	{ "a < 3", "1 1 0 0 0" }, { "a <= 3", "1 1 1 0 0" }, { "a > 3", "0 0 0 1 1" },
	{ "a >= 3", "0 0 1 1 1" }, { "a == 3", "0 0 1 0 0" }, { "a != 3", "1 1 0 1 1" },
	{ "a > 1 AND a < 4", "0 1 1 0 0" }, { "a < 2 OR a > 4", "1 0 0 0 1" },
	{ "a > 1 && a < 4 || a == 5", "0 1 1 0 1" }, { "b > 20 AND a > 3", "0 - 0 - 1" },
	{ "ABS(c)", "1 1.5 2.5 0 -" }, { "CEIL(c)", "-1 -1 3 0 -" },
	{ "FLOOR(c)", "-1 -2 2 0 -" }, { "LOG10(100)", "2 2 2 2 2" },
	{ "LOG(c)", "- - 0.916291 - -" },
	{ "AVG(a)", "3 3 3 3 3" }, { "AVG([a, b])", "5.5 2 16.5 4 27.5" },
	{ "SUM(b)", "90 90 90 90 90" }, { "SUM([a,b,e])", "11 2 33 4 55" },
	{ "SUM([e])", "- - - - -" }, { "MIN(c)", "-1.5 -1.5 -1.5 -1.5 -1.5" },
	{ "MIN([a, b])", "1 2 3 4 5" }, { "MAX(c)", "2.5 2.5 2.5 2.5 2.5" },
	{ "MAX([a, b])", "10 2 30 4 50" },
	{ "STDDEV(a)", "1.41421 1.41421 1.41421 1.41421 1.41421" },
	{ "DATAPOINT_COUNT(b)", "3 3 3 3 3" }, { "DATAPOINT_COUNT([a, b, e])", "2 1 2 1 2" },
	{ "DIFF(a)", "- 1 1 1 1" }, { "DIFF(b)", "- - 20 - 20" },
	{ "RATE(b)", "- - 0.166667 - 0.166667" }, { "DIFF_TIME(b)", "- - 120 - 120" },
	{ "RUNNING_SUM(b)", "10 - 40 - 90" },
	{ "FILL(b, 0)", "10 0 30 0 50" }, { "FILL(b, a)", "10 2 30 4 50" },
	{ "FILL(b, REPEAT)", "10 10 30 30 50" }, { "FILL(b, LINEAR)", "10 20 30 40 50" },
	{ "FILL(c, LINEAR)", "-1 -1.5 2.5 0 -" }, { "FILL(e, REPEAT)", "- - - - -" },
	{ "SUM(FILL([b, e], 1))", "11 2 31 2 51" },
	{ "IF(a > 2, a, 0)", "0 0 3 4 5" }, { "IF(a > 2, b)", "- - 30 - 50" },
	{ "IF(b > 20 AND a > 3, 1, 0)", "0 - 0 - 1" }, { "IF(1, 2, a)", "2 2 2 2 2" },
	{ "FIRST([b, a])", "10 - 30 - 50" }, { "LAST([b, a])", "1 2 3 4 5" },
	{ "SLICE([a, b, c], 1)", "10 - 30 - 50" },
	{ "SUM(SLICE([a, b, c], 1, 3))", "9 -1.5 32.5 0 50" },
	{ "SLICE([a], 7)", "- - - - -" },
	{ "FIRST(SORT([a, b, c, e], AVG, ASC))", "-1 -1.5 2.5 0 -" },
	{ "FIRST(SORT([a, b, c, e], MAX, DESC))", "10 - 30 - 50" },
	{ "LAST(SORT([e, a, c], SUM, DESC))", "- - - - -" },
	{ "METRIC_COUNT(SORT([a, b, c], MIN, ASC, 2))", "2 2 2 2 2" },
	{ "METRIC_COUNT(REMOVE_EMPTY([a, e]))", "1 1 1 1 1" },
	{ "METRIC_COUNT(METRICS())", "4 4 4 4 4" }, { "SUM(METRICS(\"b\"))", "10 - 30 - 50" },
	{ "MAX(METRICS() * 2)", "20 4 60 8 100" }, { "PERIOD(a)", "60 60 60 60 60" },
	{ "SUM(a) / PERIOD(a)", "0.25 0.25 0.25 0.25 0.25" }, { "TIME_SERIES(3)", "3 3 3 3 3" },
	{ "AVG([a, [b, c]])", "3.33333 0.25 11.8333 2 27.5" }, { "ANDY + 1", "" },
};

static const struct {
	const char	*text, *want;
} errors[] = {
	{ "", "the expression ends early at position 1" },
	{ "a +", "the expression ends early at position 4" },
	{ "a b", "unexpected 'b' at position 3" },
	{ "(a", "expected ')' at position 3" },
	{ "1x", "bad number at position 1" },
	{ "Foo", "'Foo' is neither an id, which begins with a small letter, nor a function at "
	    "position 1" },
	{ "FOO(a)", "there is no function 'FOO' at position 5" },
	{ "ABS()", "ABS takes 1 argument at position 6" },
	{ "IF(a)", "IF takes 2 to 3 arguments at position 6" },
	{ "AVG(3)", "AVG wants a series or a list of them at position 7" },
	{ "[a] + [b]", "+ wants numbers or series on both sides, and a list on one at most at "
	    "position 10" },
	{ "[3]", "a list has series in it at position 4" },
	{ "FILL(a, ASC)", "FILL wants a series, and a number, a series, REPEAT or LINEAR at "
	    "position 13" },
	{ "SORT([a], ASC, AVG)", "SORT wants a list, one of AVG, MIN, MAX, SUM, then ASC or DESC, "
	    "then perhaps a number at position 20" },
	{ "ASC", "a word is no value at position 4" },
	{ "METRICS(\"a)", "a text without its end at position 9" },
	{ "SEARCH(\"x\")", "SEARCH finds any number of series, and an alarm watches one: write "
	    "them as inputs, METRICS() has them all at position 8" },
	{ "a > ANOMALY_DETECTION_BAND(a, 2)", "ANOMALY_DETECTION_BAND needs a model of two weeks, "
	    "which is not made here: ABS(m - AVG(m)) > 2 * STDDEV(m) tells what is unusual at "
	    "position 28" },
};

static struct outbuf out;

static const char *
computed(const char *text)
{
	struct metric_point p[SLOTS];
	struct arena *arena = arena_new();
	char err[200] = "";
	struct math *m = math_parse(arena, text, err, sizeof err);

	outbuf_clear(&out);
	outbuf_z(&out, "");
	if (m != NULL) {
		math_eval(m, &frame, p);
		for (unsigned i = 0; i < SLOTS; i++) {
			outbuf_z(&out, i > 0 ? " " : "");
			if (p[i].n > 0)
				outbuf_fmt(&out, "%.6g", p[i].v);
			else
				outbuf_z(&out, "-");
		}
	}
	arena_free(arena);
	return out.len > 0 ? out.data : "";
}

static void
test_errors(void)
{
	struct arena *arena = arena_new();
	char text[MATH_TEXT_MAX + 2], err[300];

	for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		err[0] = '\0';
		ok_named(math_parse(arena, errors[i].text, err, sizeof err) == NULL, "%s",
		    errors[i].text);
		is_str(err, errors[i].want);
	}
	memset(text, '(', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	ok(math_parse(arena, text, err, sizeof err) == NULL);
	is_str(err, "longer than 2048 characters");
	text[1000] = '\0';
	ok(math_parse(arena, text, err, sizeof err) == NULL);
	is_str(err, "nested more than 50 deep at position 51");
	memset(text, '-', 1000);
	ok(math_parse(arena, text, err, sizeof err) == NULL);
	arena_free(arena);
}

static void
test_ids(void)
{
	struct arena *arena = arena_new();
	char err[200];
	struct math *m = math_parse(arena, "IF(cpu > 70 AND p95 > 0.5, cpu, 0)", err, sizeof err);

	is_str(math_id(m, 0), "cpu");
	is_str(math_id(m, 1), "p95");
	is_str(math_id(m, 2), NULL);
	ok(math_uses(m, "p95") && !math_uses(m, "p9"));
	is_int(math_type(m), MATH_SERIES);
	m = math_parse(arena, "MAX(METRICS())", err, sizeof err);
	ok(math_uses(m, "anything"));
	is_int(math_type(math_parse(arena, "[a]", err, sizeof err)), MATH_LIST);
	is_int(math_type(math_parse(arena, "AVG(a)", err, sizeof err)), MATH_SCALAR);
	arena_free(arena);
}

int
main(void)
{
	outbuf_init(&out, 0);
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!is_str(computed(rows[i].text), rows[i].want))
			tap_diag("%s", rows[i].text);
	test_errors();
	test_ids();
	outbuf_fini(&out);
	return tap_done();
}
