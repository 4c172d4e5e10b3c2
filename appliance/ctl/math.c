/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metric math: the parser; see math.h. What operators and functions do is in
 * math_fn.c.
 *
 *	or   := and (("OR" | "||") and)*
 *	and  := cmp (("AND" | "&&") cmp)*
 *	cmp  := sum (("<" | "<=" | ">" | ">=" | "==" | "!=") sum)*
 *	sum  := term (("+" | "-") term)*
 *	term := un (("*" | "/") un)*   un := "-" un | atom ("^" un)?
 *	atom := NUMBER | ID | NAME "(" args ")" | "[" args "]" | "(" or ")"
 *
 * Thread: any.
 */
#include "ctl/math.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "ctl/math_in.h"
#include "ctl/scan.h"

#define IDS_MAX	20u
#define WRONG(ps, ...)	(scan_wrong(&(ps)->scan, __VA_ARGS__), NULL)

struct math {
	struct math_node *root;
	const char	*ids[IDS_MAX];
	unsigned	 nids, nnodes;
	bool		 uses_all;
};

struct parser {
	struct arena	*arena;
	struct math	*math;
	struct scan	 scan;
	unsigned	 depth;
};

static struct math_node *parse_or(struct parser *ps);
static struct math_node *parse_power(struct parser *ps);

static struct math_node *
node_new(struct parser *ps, enum math_node_kind kind)
{
	struct math_node *n = arena_alloc(ps->arena, sizeof *n);

	n->kind = kind;
	ps->math->nnodes++;
	return n;
}

/* ---- calls ---- */

/* Checks number and types of arguments. */
static struct math_node *
typed(struct parser *ps, struct math_node *n)
{
	const struct math_fn *fn = n->fn;
	const char *wants = "";
	int type;

	if (n->nargs < fn->min_args || n->nargs > fn->max_args) {
		if (fn->min_args == fn->max_args)
			return WRONG(ps, "%s takes %u argument%s", fn->name, fn->min_args,
			    fn->min_args == 1 ? "" : "s");
		return WRONG(ps, "%s takes %u to %u arguments", fn->name, fn->min_args,
		    fn->max_args);
	}
	type = fn->type(n, &wants);
	if (type < 0)
		return WRONG(ps, "%s wants %s", fn->name, wants);
	n->type = (enum math_type)type;
	return n;
}

static struct math_node *
call_of_two(struct parser *ps, const char *op, struct math_node *a, struct math_node *b)
{
	struct math_node *n;

	if (ps->scan.is_bad || a == NULL || b == NULL)
		return NULL;
	n = node_new(ps, MATH_CALL);
	n->fn = math_fn_named(str_of(op));
	n->args[0] = a;
	n->args[1] = b;
	n->nargs = 2;
	return typed(ps, n);
}

/* args up to the closing one, which is taken. */
static bool
parse_args(struct parser *ps, struct math_node *n, const char *close)
{
	if (scan_take(&ps->scan, close))
		return true;
	do {
		struct math_node *arg = parse_or(ps);

		if (arg == NULL)
			return false;
		if (n->nargs == MATH_ARGS_MAX) {
			scan_wrong(&ps->scan, "more than %u arguments", MATH_ARGS_MAX);
			return false;
		}
		n->args[n->nargs++] = arg;
	} while (scan_take(&ps->scan, ","));
	if (scan_take(&ps->scan, close))
		return true;
	scan_wrong(&ps->scan, "expected ',' or '%s'", close);
	return false;
}

/* ---- atoms ---- */

static struct math_node *
parse_number(struct parser *ps)
{
	struct math_node *n = node_new(ps, MATH_NUMBER);
	char *end;

	n->number = strtod(ps->scan.p, &end);
	n->type = MATH_SCALAR;
	if (end == ps->scan.p || scan_is_word(*end))
		return WRONG(ps, "bad number");
	ps->scan.p = end;
	return n;
}

static void
add_id(struct parser *ps, const char *id)
{
	struct math *m = ps->math;

	for (unsigned i = 0; i < m->nids; i++)
		if (strcmp(m->ids[i], id) == 0)
			return;
	if (m->nids == IDS_MAX)
		scan_wrong(&ps->scan, "more than %u ids", IDS_MAX);
	else
		m->ids[m->nids++] = id;
}

/* Words that are no functions are arguments of some. */
static struct math_node *
parse_plain(struct parser *ps, struct str word)
{
	static const char *const words[] = {
		"REPEAT", "LINEAR", "ASC", "DESC", "AVG", "MIN", "MAX", "SUM"
	};
	struct math_node *n;

	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
		if (str_is(word, words[i])) {
			n = node_new(ps, MATH_WORD);
			n->text = words[i];
			return n;
		}
	ps->scan.p = word.p;
	return WRONG(ps, "'" STR_FMT "' is neither an id, which begins with a small letter, nor "
	    "a function", STR_ARG(word));
}

static struct math_node *
parse_call(struct parser *ps, struct str name)
{
	struct math_node *n = node_new(ps, MATH_CALL);

	n->fn = math_fn_named(name);
	if (str_is(name, "SEARCH"))
		return WRONG(ps, "SEARCH finds any number of series, and an alarm watches one: "
		    "write them as inputs, METRICS() has them all");
	if (str_is(name, "ANOMALY_DETECTION_BAND"))
		return WRONG(ps, "ANOMALY_DETECTION_BAND needs a model of two weeks, which is not "
		    "made here: ABS(m - AVG(m)) > 2 * STDDEV(m) tells what is unusual");
	if (n->fn == NULL)
		return WRONG(ps, "there is no function '" STR_FMT "'", STR_ARG(name));
	if (!parse_args(ps, n, ")"))
		return NULL;
	if (str_is(name, "METRICS"))
		ps->math->uses_all = true;
	return typed(ps, n);
}

static struct math_node *
parse_word(struct parser *ps)
{
	struct str word = { ps->scan.p, 0 };
	struct math_node *n;

	while (scan_is_word(ps->scan.p[0])) {
		ps->scan.p++;
		word.len++;
	}
	if (scan_take(&ps->scan, "("))
		return parse_call(ps, word);
	if (!islower((unsigned char)word.p[0]))
		return parse_plain(ps, word);
	n = node_new(ps, MATH_ID);
	n->type = MATH_SERIES;
	n->text = arena_strndup(ps->arena, word.p, word.len);
	add_id(ps, n->text);
	return ps->scan.is_bad ? NULL : n;
}

static struct math_node *
parse_text(struct parser *ps)
{
	const char *end = strchr(ps->scan.p + 1, *ps->scan.p);
	struct math_node *n = node_new(ps, MATH_WORD);

	if (end == NULL)
		return WRONG(ps, "a text without its end");
	n->text = arena_strndup(ps->arena, ps->scan.p + 1, (size_t)(end - ps->scan.p - 1));
	ps->scan.p = end + 1;
	return n;
}

static struct math_node *
parse_members(struct parser *ps)
{
	struct math_node *n = node_new(ps, MATH_MEMBERS);

	n->type = MATH_LIST;
	if (!parse_args(ps, n, "]"))
		return NULL;
	for (unsigned i = 0; i < n->nargs; i++)
		if (n->args[i]->kind == MATH_WORD || n->args[i]->type == MATH_SCALAR)
			return WRONG(ps, "a list has series in it");
	return n;
}

static struct math_node *
parse_atom(struct parser *ps)
{
	struct math_node *n;

	scan_blanks(&ps->scan);
	if (isdigit((unsigned char)*ps->scan.p) || *ps->scan.p == '.')
		return parse_number(ps);
	if (isalpha((unsigned char)*ps->scan.p))
		return parse_word(ps);
	if (*ps->scan.p == '"' || *ps->scan.p == '\'')
		return parse_text(ps);
	if (scan_take(&ps->scan, "["))
		return parse_members(ps);
	if (*ps->scan.p == '\0')
		return WRONG(ps, "the expression ends early");
	if (!scan_take(&ps->scan, "("))
		return WRONG(ps, "unexpected '%c'", *ps->scan.p);
	n = parse_or(ps);
	if (n != NULL && !scan_take(&ps->scan, ")"))
		return WRONG(ps, "expected ')'");
	return n;
}

/* ---- operators ---- */

/* A level deeper; false: too deep, told. */
static bool
go_down(struct parser *ps)
{
	if (++ps->depth <= MATH_DEPTH_MAX)
		return true;
	scan_wrong(&ps->scan, "nested more than %u deep", MATH_DEPTH_MAX);
	return false;
}

/* -x is 0 - x */
static struct math_node *
parse_unary(struct parser *ps)
{
	struct math_node *zero, *n;

	if (!scan_take(&ps->scan, "-"))
		return parse_power(ps);
	if (!go_down(ps))
		return NULL;
	zero = node_new(ps, MATH_NUMBER);
	zero->type = MATH_SCALAR;
	n = call_of_two(ps, "-", zero, parse_unary(ps));
	ps->depth--;
	return n;
}

static struct math_node *
parse_power(struct parser *ps)
{
	struct math_node *a = parse_atom(ps);

	if (a == NULL || !scan_take(&ps->scan, "^"))
		return a;
	if (!go_down(ps))
		return NULL;
	a = call_of_two(ps, "^", a, parse_unary(ps));
	ps->depth--;
	return a;
}

/* Levels of operators that bind to the left; as typed and as math_fn.c has them. */
static const struct {
	const char	*typed, *op;
} levels[][7] = {
	{ { "OR", "OR" }, { "||", "OR" }, { NULL, NULL } },
	{ { "AND", "AND" }, { "&&", "AND" }, { NULL, NULL } },
	{ { "<=", "<=" }, { ">=", ">=" }, { "==", "==" }, { "!=", "!=" }, { "<", "<" },
	  { ">", ">" }, { NULL, NULL } },
	{ { "+", "+" }, { "-", "-" }, { NULL, NULL } },
	{ { "*", "*" }, { "/", "/" }, { NULL, NULL } },
};

static struct math_node *
parse_level(struct parser *ps, unsigned level)
{
	struct math_node *a;
	unsigned i = 0;

	if (level == sizeof levels / sizeof levels[0])
		return parse_unary(ps);
	a = parse_level(ps, level + 1);
	while (a != NULL && levels[level][i].typed != NULL) {
		if (!scan_take(&ps->scan, levels[level][i].typed)) {
			i++;
			continue;
		}
		a = call_of_two(ps, levels[level][i].op, a, parse_level(ps, level + 1));
		i = 0;
	}
	return a;
}

static struct math_node *
parse_or(struct parser *ps)
{
	struct math_node *n;

	if (!go_down(ps))
		return NULL;
	n = parse_level(ps, 0);
	ps->depth--;
	return n;
}

struct math *
math_parse(struct arena *a, const char *text, char *err, size_t size)
{
	struct math *m = arena_alloc(a, sizeof *m);
	struct parser ps = { .arena = a, .math = m, .scan = { text, text, err, size, false } };

	if (strlen(text) > MATH_TEXT_MAX) {
		(void)snprintf(err, size, "longer than %u characters", MATH_TEXT_MAX);
		return NULL;
	}
	m->root = parse_or(&ps);
	if (m->root != NULL)
		(void)scan_end(&ps.scan);
	if (m->root != NULL && m->root->kind == MATH_WORD)
		scan_wrong(&ps.scan, "a word is no value");
	return ps.scan.is_bad ? NULL : m;
}

/* ---- asking ---- */

enum math_type
math_type(const struct math *m)
{
	return m->root->type;
}

unsigned
math_series(const struct math *m, unsigned ninputs)
{
	return m->nnodes * (m->uses_all ? ninputs : 1);
}

const char *
math_id(const struct math *m, unsigned i)
{
	return i < m->nids ? m->ids[i] : NULL;
}

bool
math_uses(const struct math *m, const char *id)
{
	for (unsigned i = 0; i < m->nids; i++)
		if (strcmp(m->ids[i], id) == 0)
			return true;
	return m->uses_all;
}

void
math_eval(const struct math *m, const struct math_frame *f, struct metric_point *ret)
{
	struct math_run r = { f, arena_new() };
	struct math_value v = math_value_of(&r, m->root);

	for (unsigned i = 0; i < f->count; i++)
		ret[i] = v.type == MATH_SCALAR ? v.scalar : v.series[0][i];
	arena_free(r.arena);
}
