/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metric math: what operators and functions do; see math.h. A result that is no
 * number (a division by 0) is no point.
 *
 * Thread: any.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "ctl/math_in.h"

static const struct metric_point nothing;

static struct metric_point
point(double v)
{
	return isfinite(v) ? (struct metric_point){ v, 1 } : nothing;
}

static struct metric_point *
series_new(struct math_run *r)
{
	return arena_calloc(r->arena, r->frame->count, sizeof(struct metric_point));
}

/* n series of nothing. */
static struct math_value
list_new(struct math_run *r, enum math_type type, unsigned n)
{
	struct math_value v = { .type = type, .n = n };

	v.series = arena_calloc(r->arena, n > 0 ? n : 1, sizeof *v.series);
	for (unsigned i = 0; i < n; i++)
		v.series[i] = series_new(r);
	return v;
}

static struct metric_point
at(const struct math_value *v, unsigned series, unsigned slot)
{
	return v->type == MATH_SCALAR ? v->scalar :
	    v->series[v->type == MATH_LIST ? series : 0][slot];
}

/* ---- types ---- */

static bool
is_value(const struct math_node *n, unsigned i)
{
	return i < n->nargs && n->args[i]->kind != MATH_WORD;
}

static bool
is_of(const struct math_node *n, unsigned i, enum math_type type)
{
	return is_value(n, i) && n->args[i]->type == type;
}

static int
type_two(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "numbers or series on both sides, and a list on one at most";
	if (!is_value(n, 0) || !is_value(n, 1) ||
	    (is_of(n, 0, MATH_LIST) && is_of(n, 1, MATH_LIST)))
		return -1;
	return n->args[0]->type > n->args[1]->type ? (int)n->args[0]->type :
	    (int)n->args[1]->type;
}

static int
type_same(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "a series";
	return is_value(n, 0) ? (int)n->args[0]->type : -1;
}

/* A series, or a list of them. */
static int
type_series(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "a series";
	return is_value(n, 0) && n->args[0]->type != MATH_SCALAR ? (int)n->args[0]->type : -1;
}

static int
type_fill(const struct math_node *n, const char **ret_wants)
{
	bool is_word = n->args[1]->kind == MATH_WORD;

	*ret_wants = "a series, and a number, a series, REPEAT or LINEAR";
	if ((is_word && strcmp(n->args[1]->text, "REPEAT") != 0 &&
	    strcmp(n->args[1]->text, "LINEAR") != 0) || is_of(n, 1, MATH_LIST))
		return -1;
	return is_value(n, 0) && n->args[0]->type != MATH_SCALAR ? (int)n->args[0]->type : -1;
}

static int
type_reduce(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "a series or a list of them";
	if (!is_value(n, 0) || n->args[0]->type == MATH_SCALAR)
		return -1;
	return n->args[0]->type == MATH_LIST ? MATH_SERIES : MATH_SCALAR;
}

static int
type_if(const struct math_node *n, const char **ret_wants)
{
	int type = MATH_SCALAR;

	*ret_wants = "numbers or series";
	for (unsigned i = 0; i < n->nargs; i++) {
		if (!is_value(n, i) || n->args[i]->type == MATH_LIST)
			return -1;
		if (n->args[i]->type == MATH_SERIES)
			type = MATH_SERIES;
	}
	return type;
}

static int
type_one_of_list(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "a list";
	return is_of(n, 0, MATH_LIST) ? MATH_SERIES : -1;
}

static int
type_list(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "a list";
	return is_of(n, 0, MATH_LIST) ? MATH_LIST : -1;
}

static int
type_list_count(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "a list";
	return is_of(n, 0, MATH_LIST) ? MATH_SCALAR : -1;
}

static int
type_metrics(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "a text in quotes, or nothing";
	return n->nargs == 0 || n->args[0]->kind == MATH_WORD ? MATH_LIST : -1;
}

static int
type_period(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "a series";
	return is_of(n, 0, MATH_SERIES) ? MATH_SCALAR : -1;
}

static int
type_time_series(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "a number";
	return is_of(n, 0, MATH_SCALAR) ? MATH_SERIES : -1;
}

static int
type_slice(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "a list and one or two numbers";
	if (!is_of(n, 0, MATH_LIST) || !is_of(n, 1, MATH_SCALAR) ||
	    (n->nargs == 3 && !is_of(n, 2, MATH_SCALAR)))
		return -1;
	return n->nargs == 3 ? MATH_LIST : MATH_SERIES;
}

static int
type_sort(const struct math_node *n, const char **ret_wants)
{
	*ret_wants = "a list, one of AVG, MIN, MAX, SUM, then ASC or DESC, then perhaps a number";
	if (!is_of(n, 0, MATH_LIST) || n->args[1]->kind != MATH_WORD ||
	    n->args[2]->kind != MATH_WORD || strlen(n->args[1]->text) != 3 ||
	    strcmp(n->args[1]->text, "ASC") == 0 || strstr(n->args[2]->text, "SC") == NULL ||
	    (n->nargs == 4 && !is_of(n, 3, MATH_SCALAR)))
		return -1;
	return MATH_LIST;
}

/* ---- operators, and what is done to each point ---- */

static double op_add(double a, double b) { return a + b; }
static double op_sub(double a, double b) { return a - b; }
static double op_mul(double a, double b) { return a * b; }
static double op_div(double a, double b) { return a / b; }
static double op_lt(double a, double b) { return a < b; }
static double op_le(double a, double b) { return a <= b; }
static double op_gt(double a, double b) { return a > b; }
static double op_ge(double a, double b) { return a >= b; }
static double op_eq(double a, double b) { return a >= b && a <= b; }
static double op_ne(double a, double b) { return a < b || a > b; }
static double op_and(double a, double b) { return fabs(a) > 0 && fabs(b) > 0; }
static double op_or(double a, double b) { return fabs(a) > 0 || fabs(b) > 0; }

static struct metric_point
apply_two(const struct math_fn *fn, struct metric_point a, struct metric_point b)
{
	return a.n > 0 && b.n > 0 ? point(fn->of_two(a.v, b.v)) : nothing;
}

static struct math_value
run_two(struct math_run *r, const struct math_node *node)
{
	struct math_value a = math_value_of(r, node->args[0]);
	struct math_value b = math_value_of(r, node->args[1]), v;

	if (node->type == MATH_SCALAR)
		return (struct math_value){ .type = MATH_SCALAR,
			.scalar = apply_two(node->fn, a.scalar, b.scalar) };
	v = list_new(r, node->type, a.type == MATH_LIST ? a.n : b.type == MATH_LIST ? b.n : 1);
	for (unsigned i = 0; i < v.n; i++)
		for (unsigned t = 0; t < r->frame->count; t++)
			v.series[i][t] = apply_two(node->fn, at(&a, i, t), at(&b, i, t));
	return v;
}

static struct metric_point
apply_one(const struct math_fn *fn, struct metric_point p)
{
	return p.n > 0 ? point(fn->of_one(p.v)) : nothing;
}

static struct math_value
run_one(struct math_run *r, const struct math_node *node)
{
	struct math_value a = math_value_of(r, node->args[0]), v;

	if (a.type == MATH_SCALAR) {
		a.scalar = apply_one(node->fn, a.scalar);
		return a;
	}
	v = list_new(r, a.type, a.n);
	for (unsigned i = 0; i < v.n; i++)
		for (unsigned t = 0; t < r->frame->count; t++)
			v.series[i][t] = apply_one(node->fn, a.series[i][t]);
	return v;
}

/* ---- many points to one ---- */

static double
many_sum(const double *v, unsigned n)
{
	double sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += v[i];
	return n > 0 ? sum : NAN;
}

static double
many_avg(const double *v, unsigned n)
{
	return many_sum(v, n) / n;
}

static double
many_min(const double *v, unsigned n)
{
	double min = n > 0 ? v[0] : NAN;

	for (unsigned i = 1; i < n; i++)
		min = fmin(min, v[i]);
	return min;
}

static double
many_max(const double *v, unsigned n)
{
	double max = n > 0 ? v[0] : NAN;

	for (unsigned i = 1; i < n; i++)
		max = fmax(max, v[i]);
	return max;
}

static double
many_stddev(const double *v, unsigned n)
{
	double avg = many_avg(v, n), sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += (v[i] - avg) * (v[i] - avg);
	return sqrt(sum / n);
}

static double
many_count(const double *v, unsigned n)
{
	(void)v;
	return n;
}

static struct metric_point
reduce_series(struct math_run *r, const struct math_fn *fn, const struct metric_point *p)
{
	double *v = arena_calloc(r->arena, r->frame->count + 1, sizeof *v);
	unsigned n = 0;

	for (unsigned t = 0; t < r->frame->count; t++)
		if (p[t].n > 0)
			v[n++] = p[t].v;
	return point(fn->of_many(v, n));
}

static struct math_value
run_reduce(struct math_run *r, const struct math_node *node)
{
	struct math_value a = math_value_of(r, node->args[0]), ret;
	double *v = arena_calloc(r->arena, a.n + 1, sizeof *v);

	if (a.type == MATH_SERIES)
		return (struct math_value){ .type = MATH_SCALAR,
			.scalar = reduce_series(r, node->fn, a.series[0]) };
	ret = list_new(r, MATH_SERIES, 1);
	for (unsigned t = 0; t < r->frame->count; t++) {
		unsigned n = 0;

		for (unsigned i = 0; i < a.n; i++)
			if (a.series[i][t].n > 0)
				v[n++] = a.series[i][t].v;
		ret.series[0][t] = point(node->fn->of_many(v, n));
	}
	return ret;
}

/* ---- a series to another one ---- */

static struct math_value
run_series(struct math_run *r, const struct math_node *node)
{
	struct math_value a = math_value_of(r, node->args[0]);
	struct math_value v = list_new(r, a.type, a.n);

	for (unsigned i = 0; i < a.n; i++)
		node->fn->of_series(r->frame, a.series[i], v.series[i]);
	return v;
}

/* Between points that follow one another: their difference, by the second if so
 * asked, or the seconds between them. */
static void
differences(const struct math_frame *f, const struct metric_point *in, struct metric_point *ret,
    double (*of)(double by, double seconds))
{
	int last = -1;

	for (unsigned t = 0; t < f->count; t++) {
		if (in[t].n <= 0)
			continue;
		if (last >= 0)
			ret[t] = point(of(in[t].v - in[last].v,
			    (double)(t - (unsigned)last) * f->period_s));
		last = (int)t;
	}
}

static double by_itself(double by, double seconds) { (void)seconds; return by; }
static double by_second(double by, double seconds) { return by / seconds; }
static double by_time(double by, double seconds) { (void)by; return seconds; }

static void
series_diff(const struct math_frame *f, const struct metric_point *in, struct metric_point *ret)
{
	differences(f, in, ret, by_itself);
}

static void
series_rate(const struct math_frame *f, const struct metric_point *in, struct metric_point *ret)
{
	differences(f, in, ret, by_second);
}

static void
series_diff_time(const struct math_frame *f, const struct metric_point *in,
    struct metric_point *ret)
{
	differences(f, in, ret, by_time);
}

static void
series_running_sum(const struct math_frame *f, const struct metric_point *in,
    struct metric_point *ret)
{
	double sum = 0;

	for (unsigned t = 0; t < f->count; t++) {
		if (in[t].n <= 0)
			continue;
		sum += in[t].v;
		ret[t] = point(sum);
	}
}

/* ---- filling ---- */

static void
fill_repeat(const struct math_frame *f, struct metric_point *p)
{
	for (unsigned t = 1; t < f->count; t++)
		if (p[t].n <= 0)
			p[t] = p[t - 1];
}

/* On the line between the points around a gap; its ends stay empty. */
static void
fill_linear(const struct math_frame *f, struct metric_point *p)
{
	unsigned last = f->count;

	for (unsigned t = 0; t < f->count; t++) {
		if (p[t].n <= 0)
			continue;
		for (unsigned i = last + 1; i < t; i++)
			p[i] = point(p[last].v + (p[t].v - p[last].v) * (i - last) / (t - last));
		last = t;
	}
}

static struct math_value
run_fill(struct math_run *r, const struct math_node *node)
{
	const char *word = node->args[1]->kind == MATH_WORD ? node->args[1]->text : NULL;
	struct math_value a = math_value_of(r, node->args[0]), with = { .type = MATH_SCALAR };
	struct math_value v = list_new(r, a.type, a.n);

	if (word == NULL)
		with = math_value_of(r, node->args[1]);
	for (unsigned i = 0; i < v.n; i++) {
		for (unsigned t = 0; t < r->frame->count; t++)
			v.series[i][t] = a.series[i][t].n > 0 ? a.series[i][t] : at(&with, i, t);
		if (word != NULL && strcmp(word, "REPEAT") == 0)
			fill_repeat(r->frame, v.series[i]);
		else if (word != NULL)
			fill_linear(r->frame, v.series[i]);
	}
	return v;
}

/* ---- choosing ---- */

static struct metric_point
choose(const struct math_value *args, unsigned nargs, unsigned slot)
{
	struct metric_point is = at(&args[0], 0, slot);

	if (is.n <= 0)
		return nothing;
	if (fabs(is.v) > 0)
		return at(&args[1], 0, slot);
	return nargs == 3 ? at(&args[2], 0, slot) : nothing;
}

static struct math_value
run_if(struct math_run *r, const struct math_node *node)
{
	struct math_value args[3] = { 0 }, v;

	for (unsigned i = 0; i < node->nargs; i++)
		args[i] = math_value_of(r, node->args[i]);
	if (node->type == MATH_SCALAR)
		return (struct math_value){ .type = MATH_SCALAR,
			.scalar = choose(args, node->nargs, 0) };
	v = list_new(r, MATH_SERIES, 1);
	for (unsigned t = 0; t < r->frame->count; t++)
		v.series[0][t] = choose(args, node->nargs, t);
	return v;
}

/* One series of a list; nothing when there is none there. */
static struct math_value
pick(struct math_run *r, const struct math_value *list, unsigned i)
{
	struct math_value v = list_new(r, MATH_SERIES, 1);

	if (i < list->n)
		v.series[0] = list->series[i];
	return v;
}

static struct math_value
run_first(struct math_run *r, const struct math_node *node)
{
	struct math_value a = math_value_of(r, node->args[0]);

	return pick(r, &a, 0);
}

static struct math_value
run_last(struct math_run *r, const struct math_node *node)
{
	struct math_value a = math_value_of(r, node->args[0]);

	return pick(r, &a, a.n - 1);
}

/* A scalar argument as a place in a list. */
static unsigned
index_of(struct math_run *r, const struct math_node *node, unsigned i, unsigned max)
{
	struct math_value v = math_value_of(r, node->args[i]);

	return v.scalar.n > 0 && v.scalar.v >= 0 && v.scalar.v < max ? (unsigned)v.scalar.v : max;
}

static struct math_value
run_slice(struct math_run *r, const struct math_node *node)
{
	struct math_value a = math_value_of(r, node->args[0]);
	unsigned from = index_of(r, node, 1, a.n), to;

	if (node->nargs == 2)
		return pick(r, &a, from);
	to = index_of(r, node, 2, a.n);
	a.series += from;
	a.n = to > from ? to - from : 0;
	return a;
}

struct ranked {
	struct metric_point *series;
	struct metric_point key;
};

/* Those without a point last. */
static int
by_key(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;

	if (a->key.n <= 0 || b->key.n <= 0)
		return (a->key.n <= 0) - (b->key.n <= 0);
	return (a->key.v > b->key.v) - (a->key.v < b->key.v);
}

static struct math_value
run_sort(struct math_run *r, const struct math_node *node)
{
	struct math_value a = math_value_of(r, node->args[0]);
	const struct math_fn *by = math_fn_named(str_of(node->args[1]->text));
	bool is_desc = strcmp(node->args[2]->text, "DESC") == 0;
	struct ranked *ranks = arena_calloc(r->arena, a.n + 1, sizeof *ranks);

	for (unsigned i = 0; i < a.n; i++) {
		ranks[i].series = a.series[i];
		ranks[i].key = reduce_series(r, by, a.series[i]);
		if (is_desc)
			ranks[i].key.v = -ranks[i].key.v;
	}
	qsort(ranks, a.n, sizeof *ranks, by_key);
	a.series = arena_calloc(r->arena, a.n + 1, sizeof *a.series);
	for (unsigned i = 0; i < a.n; i++)
		a.series[i] = ranks[i].series;
	if (node->nargs == 4)
		a.n = index_of(r, node, 3, a.n);
	return a;
}

static struct math_value
run_remove_empty(struct math_run *r, const struct math_node *node)
{
	struct math_value a = math_value_of(r, node->args[0]);
	const struct math_fn *count = math_fn_named(STR("DATAPOINT_COUNT"));
	struct math_value v = { .type = MATH_LIST };

	v.series = arena_calloc(r->arena, a.n + 1, sizeof *v.series);
	for (unsigned i = 0; i < a.n; i++)
		if (reduce_series(r, count, a.series[i]).v > 0)
			v.series[v.n++] = a.series[i];
	return v;
}

/* ---- about metrics ---- */

static struct math_value
input_value(struct math_run *r, const char *id)
{
	struct math_value v = list_new(r, MATH_SERIES, 1);

	for (unsigned i = 0; i < r->frame->ninputs; i++)
		if (strcmp(r->frame->inputs[i].id, id) == 0)
			memcpy(v.series[0], r->frame->inputs[i].points,
			    r->frame->count * sizeof(struct metric_point));
	return v;
}

static struct math_value
run_metrics(struct math_run *r, const struct math_node *node)
{
	const struct math_frame *f = r->frame;
	struct math_value v = { .type = MATH_LIST };

	v.series = arena_calloc(r->arena, f->ninputs + 1, sizeof *v.series);
	for (unsigned i = 0; i < f->ninputs; i++)
		if (node->nargs == 0 || strstr(f->inputs[i].id, node->args[0]->text) != NULL)
			v.series[v.n++] = input_value(r, f->inputs[i].id).series[0];
	return v;
}

static struct math_value
scalar(double v)
{
	return (struct math_value){ .type = MATH_SCALAR, .scalar = point(v) };
}

static struct math_value
run_metric_count(struct math_run *r, const struct math_node *node)
{
	return scalar(math_value_of(r, node->args[0]).n);
}

static struct math_value
run_period(struct math_run *r, const struct math_node *node)
{
	(void)node;
	return scalar(r->frame->period_s);
}

static struct math_value
run_time_series(struct math_run *r, const struct math_node *node)
{
	struct math_value a = math_value_of(r, node->args[0]), v = list_new(r, MATH_SERIES, 1);

	for (unsigned t = 0; t < r->frame->count; t++)
		v.series[0][t] = a.scalar;
	return v;
}

static struct math_value
run_members(struct math_run *r, const struct math_node *node)
{
	struct math_value v = { .type = MATH_LIST };

	for (unsigned i = 0; i < node->nargs; i++) {
		struct math_value a = math_value_of(r, node->args[i]);
		struct metric_point **all = arena_calloc(r->arena, v.n + a.n + 1, sizeof *all);

		if (v.n > 0)
			memcpy(all, v.series, v.n * sizeof *all);
		if (a.n > 0)
			memcpy(all + v.n, a.series, a.n * sizeof *all);
		v.series = all;
		v.n += a.n;
	}
	return v;
}

struct math_value
math_value_of(struct math_run *r, const struct math_node *node)
{
	switch (node->kind) {
	case MATH_NUMBER:
		return scalar(node->number);
	case MATH_ID:
		return input_value(r, node->text);
	case MATH_CALL:
		return node->fn->run(r, node);
	case MATH_MEMBERS:
		return run_members(r, node);
	case MATH_WORD:
		break;
	}
	return scalar(NAN);
}

/* ---- the table ---- */

#define OPERATOR(name, fn)	{ name, 2, 2, type_two, run_two, fn, NULL, NULL, NULL }
#define ONE(name, fn)		{ name, 1, 1, type_same, run_one, NULL, fn, NULL, NULL }
#define MANY(name, fn)		{ name, 1, 1, type_reduce, run_reduce, NULL, NULL, fn, NULL }
#define SERIES(name, fn)	{ name, 1, 1, type_series, run_series, NULL, NULL, NULL, fn }
#define FN(name, min, max, type, run) \
	{ name, min, max, type, run, NULL, NULL, NULL, NULL }

static const struct math_fn fns[] = {
	OPERATOR("+", op_add), OPERATOR("-", op_sub), OPERATOR("*", op_mul),
	OPERATOR("/", op_div), OPERATOR("^", pow), OPERATOR("<", op_lt), OPERATOR("<=", op_le),
	OPERATOR(">", op_gt), OPERATOR(">=", op_ge), OPERATOR("==", op_eq),
	OPERATOR("!=", op_ne), OPERATOR("AND", op_and), OPERATOR("OR", op_or),
	ONE("ABS", fabs), ONE("CEIL", ceil), ONE("FLOOR", floor), ONE("LOG", log),
	ONE("LOG10", log10),
	MANY("AVG", many_avg), MANY("SUM", many_sum), MANY("MIN", many_min),
	MANY("MAX", many_max), MANY("STDDEV", many_stddev), MANY("DATAPOINT_COUNT", many_count),
	SERIES("DIFF", series_diff), SERIES("RATE", series_rate),
	SERIES("DIFF_TIME", series_diff_time), SERIES("RUNNING_SUM", series_running_sum),
	FN("FILL", 2, 2, type_fill, run_fill), FN("IF", 2, 3, type_if, run_if),
	FN("FIRST", 1, 1, type_one_of_list, run_first),
	FN("LAST", 1, 1, type_one_of_list, run_last),
	FN("SLICE", 2, 3, type_slice, run_slice), FN("SORT", 3, 4, type_sort, run_sort),
	FN("REMOVE_EMPTY", 1, 1, type_list, run_remove_empty),
	FN("METRICS", 0, 1, type_metrics, run_metrics),
	FN("METRIC_COUNT", 1, 1, type_list_count, run_metric_count),
	FN("PERIOD", 1, 1, type_period, run_period),
	FN("TIME_SERIES", 1, 1, type_time_series, run_time_series),
};

const struct math_fn *
math_fn_named(struct str name)
{
	for (size_t i = 0; i < sizeof fns / sizeof fns[0]; i++)
		if (str_is(name, fns[i].name))
			return &fns[i];
	return NULL;
}
