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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "ctl/math_in.h"

#define IDS_MAX	20u

struct math {
	struct math_node *root;
	const char	*ids[IDS_MAX];
	unsigned	 nids, nnodes;
	bool		 uses_all;
};

struct parser {
	struct arena	*arena;
	struct math	*math;
	const char	*text, *p;
	char		*err;
	size_t		 err_size;
	bool		 is_bad;
	unsigned	 depth;
};

static struct math_node *parse_or(struct parser *ps);
static struct math_node *parse_power(struct parser *ps);

__attribute__((format(printf, 2, 3)))
static struct math_node *
wrong(struct parser *ps, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	if (ps->is_bad)
		return NULL;
	ps->is_bad = true;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	(void)snprintf(ps->err, ps->err_size, "%s at position %d", what,
	    (int)(ps->p - ps->text) + 1);
	return NULL;
}

static void
skip_blanks(struct parser *ps)
{
	while (isspace((unsigned char)*ps->p))
		ps->p++;
}

static bool
is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Takes an operator; one of letters ends where a word does. */
static bool
take(struct parser *ps, const char *op)
{
	size_t n = strlen(op);

	skip_blanks(ps);
	if (strncmp(ps->p, op, n) != 0 || (is_word_char(op[0]) && is_word_char(ps->p[n])))
		return false;
	ps->p += n;
	return true;
}

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
			return wrong(ps, "%s takes %u argument%s", fn->name, fn->min_args,
			    fn->min_args == 1 ? "" : "s");
		return wrong(ps, "%s takes %u to %u arguments", fn->name, fn->min_args,
		    fn->max_args);
	}
	type = fn->type(n, &wants);
	if (type < 0)
		return wrong(ps, "%s wants %s", fn->name, wants);
	n->type = (enum math_type)type;
	return n;
}

static struct math_node *
call_of_two(struct parser *ps, const char *op, struct math_node *a, struct math_node *b)
{
	struct math_node *n;

	if (ps->is_bad || a == NULL || b == NULL)
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
	if (take(ps, close))
		return true;
	do {
		struct math_node *arg = parse_or(ps);

		if (arg == NULL)
			return false;
		if (n->nargs == MATH_ARGS_MAX) {
			wrong(ps, "more than %u arguments", MATH_ARGS_MAX);
			return false;
		}
		n->args[n->nargs++] = arg;
	} while (take(ps, ","));
	if (take(ps, close))
		return true;
	wrong(ps, "expected ',' or '%s'", close);
	return false;
}

/* ---- atoms ---- */

static struct math_node *
parse_number(struct parser *ps)
{
	struct math_node *n = node_new(ps, MATH_NUMBER);
	char *end;

	n->number = strtod(ps->p, &end);
	n->type = MATH_SCALAR;
	if (end == ps->p || is_word_char(*end))
		return wrong(ps, "bad number");
	ps->p = end;
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
		wrong(ps, "more than %u ids", IDS_MAX);
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
	ps->p = word.p;
	return wrong(ps, "'" STR_FMT "' is neither an id, which begins with a small letter, nor "
	    "a function", STR_ARG(word));
}

static struct math_node *
parse_call(struct parser *ps, struct str name)
{
	struct math_node *n = node_new(ps, MATH_CALL);

	n->fn = math_fn_named(name);
	if (str_is(name, "SEARCH") || str_is(name, "ANOMALY_DETECTION_BAND"))
		return wrong(ps, STR_FMT " is not supported: name the metrics, or write the band "
		    "as two expressions", STR_ARG(name));
	if (n->fn == NULL)
		return wrong(ps, "there is no function '" STR_FMT "'", STR_ARG(name));
	if (!parse_args(ps, n, ")"))
		return NULL;
	if (str_is(name, "METRICS"))
		ps->math->uses_all = true;
	return typed(ps, n);
}

static struct math_node *
parse_word(struct parser *ps)
{
	struct str word = { ps->p, 0 };
	struct math_node *n;

	while (is_word_char(ps->p[0])) {
		ps->p++;
		word.len++;
	}
	if (take(ps, "("))
		return parse_call(ps, word);
	if (!islower((unsigned char)word.p[0]))
		return parse_plain(ps, word);
	n = node_new(ps, MATH_ID);
	n->type = MATH_SERIES;
	n->text = arena_strndup(ps->arena, word.p, word.len);
	add_id(ps, n->text);
	return ps->is_bad ? NULL : n;
}

static struct math_node *
parse_text(struct parser *ps)
{
	const char *end = strchr(ps->p + 1, *ps->p);
	struct math_node *n = node_new(ps, MATH_WORD);

	if (end == NULL)
		return wrong(ps, "a text without its end");
	n->text = arena_strndup(ps->arena, ps->p + 1, (size_t)(end - ps->p - 1));
	ps->p = end + 1;
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
			return wrong(ps, "a list has series in it");
	return n;
}

static struct math_node *
parse_atom(struct parser *ps)
{
	struct math_node *n;

	skip_blanks(ps);
	if (isdigit((unsigned char)*ps->p) || *ps->p == '.')
		return parse_number(ps);
	if (isalpha((unsigned char)*ps->p))
		return parse_word(ps);
	if (*ps->p == '"' || *ps->p == '\'')
		return parse_text(ps);
	if (take(ps, "["))
		return parse_members(ps);
	if (*ps->p == '\0')
		return wrong(ps, "the expression ends early");
	if (!take(ps, "("))
		return wrong(ps, "unexpected '%c'", *ps->p);
	n = parse_or(ps);
	if (n != NULL && !take(ps, ")"))
		return wrong(ps, "expected ')'");
	return n;
}

/* ---- operators ---- */

/* A level deeper; false: too deep, told. */
static bool
go_down(struct parser *ps)
{
	if (++ps->depth <= MATH_DEPTH_MAX)
		return true;
	wrong(ps, "nested more than %u deep", MATH_DEPTH_MAX);
	return false;
}

/* -x is 0 - x */
static struct math_node *
parse_unary(struct parser *ps)
{
	struct math_node *zero, *n;

	if (!take(ps, "-"))
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

	if (a == NULL || !take(ps, "^"))
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
		if (!take(ps, levels[level][i].typed)) {
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
	struct parser ps = { .arena = a, .math = m, .text = text, .p = text, .err = err,
		.err_size = size };

	if (strlen(text) > MATH_TEXT_MAX) {
		(void)snprintf(err, size, "longer than %u characters", MATH_TEXT_MAX);
		return NULL;
	}
	m->root = parse_or(&ps);
	skip_blanks(&ps);
	if (m->root != NULL && *ps.p != '\0')
		wrong(&ps, "unexpected '%c'", *ps.p);
	if (m->root != NULL && m->root->kind == MATH_WORD)
		wrong(&ps, "a word is no value");
	return ps.is_bad ? NULL : m;
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
