/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter language. A text becomes a tree of nodes once; rows are asked for
 * fields by name while it is walked. What was typed half (`state:`, `/ab`) is an
 * error with its place, so that a line can say what is missing as one types.
 */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "tui/filter.h"

#define NODES_MAX	256
#define DEPTH_MAX	48
#define STEPS_MAX	100000		/* of one regular expression on one text */

enum node_kind { N_AND, N_OR, N_NOT, N_TEXT, N_RE, N_NUMBER };
enum op { OP_HAS, OP_IS, OP_IS_NOT, OP_OVER, OP_FROM, OP_UNDER, OP_UPTO };

struct node {
	enum node_kind kind;
	enum op	 op;
	unsigned a, b;			/* N_AND, N_OR, N_NOT: nodes */
	char	*field;			/* NULL: the row's whole text */
	char	*text;
	bool	 is_cased;
	double	 num;
	pcre2_code *re;
};

struct filter {
	struct node *at;
	unsigned n, root;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

struct parser {
	struct filter *f;
	const char *start, *p;
	unsigned depth;
	char	*err;
	size_t	 size;
	bool	 failed;
};

/* --- Saved ones ----------------------------------------------------------- */

static struct saved { char name[32], text[224]; } saved[32];
static unsigned nsaved;

const char *
filter_saved(const char *name)
{
	unsigned i;

	for (i = 0; i < nsaved; i++)
		if (strcmp(saved[i].name, name) == 0)
			return saved[i].text;
	return NULL;
}

const char *
filter_saved_at(unsigned i, const char **ret_text)
{
	if (i >= nsaved)
		return NULL;
	*ret_text = saved[i].text;
	return saved[i].name;
}

bool
filter_save(const char *name, const char *text)
{
	unsigned i;

	if (strlen(name) >= sizeof(saved[0].name) || strlen(text) >= sizeof(saved[0].text))
		return false;
	for (i = 0; i < nsaved && strcmp(saved[i].name, name) != 0; i++)
		;
	if (i == sizeof(saved) / sizeof(saved[0]))
		return false;
	nsaved += i == nsaved;
	snprintf(saved[i].name, sizeof(saved[i].name), "%s", name);
	snprintf(saved[i].text, sizeof(saved[i].text), "%s", text);
	return true;
}

/* --- Parsing -------------------------------------------------------------- */

static unsigned parse_or(struct parser *ps);
static unsigned fail(struct parser *ps, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static unsigned
fail(struct parser *ps, const char *at, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (ps->failed)
		return 0;
	ps->failed = true;
	n = snprintf(ps->err, ps->size, "column %d: ", (int)(at - ps->start) + 1);
	va_start(ap, fmt);
	if (n > 0 && (size_t)n < ps->size)
		vsnprintf(ps->err + n, ps->size - (size_t)n, fmt, ap);
	va_end(ap);
	return 0;
}

static unsigned
node_new(struct parser *ps, enum node_kind kind, unsigned a, unsigned b)
{
	struct filter *f = ps->f;

	if (f->n == NODES_MAX)
		return fail(ps, ps->p, "this filter is too long");
	f->at = xrealloc(f->at, (f->n + 1) * sizeof(*f->at));
	f->at[f->n] = (struct node){ .kind = kind, .a = a, .b = b, .num = NAN };
	return f->n++;
}

static void
skip_blanks(struct parser *ps)
{
	while (*ps->p == ' ' || *ps->p == '\t')
		ps->p++;
}

static bool
is_word_end(char c)
{
	return c == '\0' || c == ' ' || c == '\t' || c == '(' || c == ')';
}

/* `and`, `or`, `not` between blanks or parentheses. */
static bool
take_word(struct parser *ps, const char *word)
{
	size_t len = strlen(word);

	skip_blanks(ps);
	if (!str_ieq((struct str){ ps->p, strnlen(ps->p, len) }, str_of(word)) ||
	    !is_word_end(ps->p[len]))
		return false;
	ps->p += len;
	return true;
}

/* "quoted", or up to a blank or a parenthesis. Owned. */
static char *
take_value(struct parser *ps)
{
	const char *from = ps->p, *end;

	if (*from == '"') {
		end = strchr(++from, '"');
		if (end == NULL) {
			fail(ps, from - 1, "\" is not closed");
			return xstrdup("");
		}
		ps->p = end + 1;
		return xstrndup(from, (size_t)(end - from));
	}
	while (!is_word_end(*ps->p))
		ps->p++;
	return xstrndup(from, (size_t)(ps->p - from));
}

/* Capitals ask for themselves; in a regular expression those behind \ are none. */
static bool
has_capital(const char *z, bool is_re)
{
	for (; *z != '\0'; z++) {
		if (is_re && *z == '\\' && z[1] != '\0')
			z++;
		else if (*z >= 'A' && *z <= 'Z')
			return true;
	}
	return false;
}

static unsigned
re_node(struct parser *ps, char *field, const char *at, const char *re)
{
	unsigned n = node_new(ps, N_RE, 0, 0);
	struct node *nd = &ps->f->at[n];
	PCRE2_UCHAR why[100];
	PCRE2_SIZE where;
	int code;

	if (ps->failed) {
		free(field);
		return 0;
	}
	nd->field = field;
	nd->re = pcre2_compile((PCRE2_SPTR)re, PCRE2_ZERO_TERMINATED,
	    PCRE2_MATCH_INVALID_UTF | (has_capital(re, true) ? 0 : PCRE2_CASELESS),
	    &code, &where, NULL);
	if (nd->re == NULL) {
		pcre2_get_error_message(code, why, sizeof(why));
		return fail(ps, at + where, "%s", (char *)why);
	}
	return n;
}

/* /re/ with \/ for a slash. */
static unsigned
parse_re(struct parser *ps)
{
	const char *from = ps->p + 1, *end = from;
	unsigned n;
	char *re;

	while (*end != '\0' && *end != '/')
		end += *end == '\\' && end[1] != '\0' ? 2 : 1;
	if (*end == '\0')
		return fail(ps, ps->p, "/ is not closed; a path is path:%.40s", ps->p);
	ps->p = end + 1;
	re = xstrndup(from, (size_t)(end - from));
	n = re_node(ps, NULL, from, re);
	free(re);
	return n;
}

/* Units by what they count: ms for times, s for ages; a share is what it says. */
static const struct unit { const char *name; double ms, factor; } units[] = {
	{ "", 0, 1 }, { "%", 0, 1 }, { "us", 0.001, 0 }, { "ms", 1, 0 }, { "s", 1000, 0 },
	{ "m", 60e3, 0 }, { "h", 3600e3, 0 }, { "d", 86400e3, 0 }, { "k", 0, 1e3 },
	{ "M", 0, 1e6 }, { "G", 0, 1e9 }
};

/* Fields that count in seconds; other times count in ms. */
static const char *const ages[] = { "age", "changed", "since", "cooldown", "left", "idle" };

static bool
is_age(const char *field)
{
	size_t i;

	for (i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
		if (strcmp(field, ages[i]) == 0)
			return true;
	return false;
}

static bool
to_number(const char *field, const char *z, double *ret)
{
	const struct unit *u;
	char *end;
	double v;
	size_t i;

	if (!isdigit((unsigned char)z[z[0] == '-']) && z[z[0] == '-'] != '.')
		return false;
	v = strtod(z, &end);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		u = &units[i];
		if (strcmp(end, u->name) != 0)
			continue;
		*ret = u->ms == 0 ? v * u->factor : v * u->ms / (is_age(field) ? 1000 : 1);
		return true;
	}
	return false;
}

static const struct { const char *text; enum op op; } ops[] = {
	{ "!=", OP_IS_NOT }, { ">=", OP_FROM }, { "<=", OP_UPTO }, { ">", OP_OVER },
	{ "<", OP_UNDER }, { "=", OP_IS }, { ":", OP_HAS }
};

/* Letters first, or 2xx ... 5xx: so that 10.0.0.1:80 is a word. Its length; 0: none. */
static size_t
field_length(const char *p)
{
	size_t n;

	if (!isalpha((unsigned char)p[0]) &&
	    !(p[0] >= '1' && p[0] <= '5' && p[1] == 'x' && p[2] == 'x'))
		return 0;
	for (n = 1; isalnum((unsigned char)p[n]) || p[n] == '_' || p[n] == '.'; n++)
		;
	return n;
}

static unsigned
compare_node(struct parser *ps, char *field, enum op op, const char *at, char *value)
{
	unsigned n = node_new(ps, op == OP_HAS ? N_TEXT : N_NUMBER, 0, 0);
	struct node *nd = &ps->f->at[n];
	bool is_number = to_number(field, value, &nd->num);

	if (ps->failed) {
		free(field);
		free(value);
		return 0;
	}
	nd->op = op;
	nd->field = field;
	nd->text = value;
	nd->is_cased = has_capital(value, false);
	if (*value == '\0')
		return fail(ps, at, "expected a value");
	if (op >= OP_OVER && !is_number)
		return fail(ps, at, "expected a number, as 300, 1.5s, 5m or 1%%");
	return n;
}

/* field OP value; *ret_n: its node. False: it is a plain word. */
static bool
parse_field(struct parser *ps, unsigned *ret_n)
{
	size_t len = field_length(ps->p), i;
	const char *at = ps->p + len, *from;
	char *field, *value;

	if (len == 0)
		return false;
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (str_starts(str_of(at), str_of(ops[i].text)))
			break;
	if (i == sizeof(ops) / sizeof(ops[0]) && *at != '~')
		return false;
	field = xstrndup(ps->p, len);
	ps->p = from = at + (*at == '~' ? 1 : strlen(ops[i].text));
	value = take_value(ps);
	if (*at == '~') {
		*ret_n = re_node(ps, field, from, value);
		free(value);
	} else
		*ret_n = compare_node(ps, field, ops[i].op, from, value);
	return true;
}

static unsigned
parse_text(struct parser *ps)
{
	char *word = take_value(ps);
	unsigned n = node_new(ps, N_TEXT, 0, 0);

	if (ps->failed) {
		free(word);
		return 0;
	}
	ps->f->at[n].text = word;
	ps->f->at[n].is_cased = has_capital(word, false);
	return n;
}

/* A saved one is read in its place, as if it stood in parentheses. */
static unsigned
parse_saved(struct parser *ps)
{
	struct parser inner = *ps;
	const char *text;
	unsigned n;
	char *name;

	ps->p++;
	name = take_value(ps);
	text = filter_saved(name);
	if (text == NULL)
		fail(ps, inner.p, "no filter is saved as @%.40s", name);
	free(name);
	if (text == NULL)
		return 0;
	inner.start = inner.p = text;
	inner.depth++;
	n = parse_or(&inner);
	ps->failed = inner.failed;
	if (!inner.failed && *inner.p != '\0')
		fail(ps, ps->p, "the saved filter has a ) without its (");
	return n;
}

static unsigned
parse_group(struct parser *ps)
{
	const char *open = ps->p++;
	unsigned n = parse_or(ps);

	skip_blanks(ps);
	if (*ps->p != ')')
		return fail(ps, open, "( is not closed");
	ps->p++;
	return n;
}

static unsigned
parse_one(struct parser *ps)
{
	unsigned n = 0;
	bool is_not;

	if (++ps->depth > DEPTH_MAX)
		return fail(ps, ps->p, "too deep");
	is_not = take_word(ps, "not");
	skip_blanks(ps);
	if (!is_not && *ps->p == '!') {
		is_not = true;
		ps->p++;
	}
	if (is_not)
		n = node_new(ps, N_NOT, parse_one(ps), 0);
	else if (*ps->p == '\0' || *ps->p == ')')
		fail(ps, ps->p, "expected a word, field:value or (");
	else if (*ps->p == '(')
		n = parse_group(ps);
	else if (*ps->p == '/')
		n = parse_re(ps);
	else if (*ps->p == '@')
		n = parse_saved(ps);
	else if (!parse_field(ps, &n))
		n = parse_text(ps);
	ps->depth--;
	return n;
}

static bool
at_or(const struct parser *ps)
{
	struct parser look = *ps;

	return take_word(&look, "or");
}

static unsigned
parse_and(struct parser *ps)
{
	unsigned n = parse_one(ps);

	while (!ps->failed) {
		if (!take_word(ps, "and") &&
		    (*ps->p == '\0' || *ps->p == ')' || at_or(ps)))
			break;
		n = node_new(ps, N_AND, n, parse_one(ps));
	}
	return n;
}

static unsigned
parse_or(struct parser *ps)
{
	unsigned n = parse_and(ps);

	while (!ps->failed && take_word(ps, "or"))
		n = node_new(ps, N_OR, n, parse_and(ps));
	return n;
}

struct filter *
filter_new(const char *text, char *err, size_t size)
{
	struct filter *f = xcalloc(1, sizeof(*f));
	struct parser ps = { f, text, text, 0, err, size, false };

	f->match = pcre2_match_data_create(1, NULL);
	f->limits = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(f->limits, STEPS_MAX);
	f->root = parse_or(&ps);
	if (!ps.failed && *ps.p != '\0')
		fail(&ps, ps.p, ") without its (");
	if (ps.failed) {
		filter_free(f);
		return NULL;
	}
	return f;
}

void
filter_free(struct filter *f)
{
	unsigned i;

	if (f == NULL)
		return;
	for (i = 0; i < f->n; i++) {
		free(f->at[i].field);
		free(f->at[i].text);
		pcre2_code_free(f->at[i].re);
	}
	free(f->at);
	pcre2_match_data_free(f->match);
	pcre2_match_context_free(f->limits);
	free(f);
}

/* --- Matching ------------------------------------------------------------- */

struct asking {
	const struct filter *f;
	filter_field_fn *fn;
	const void *row;
};

static bool
match_text(const struct node *n, const char *text)
{
	struct str hay = str_of(text), needle = str_of(n->text);

	return (n->is_cased ? str_find(hay, needle) : str_ifind(hay, needle)) != NULL;
}

static bool
match_re(const struct filter *f, const struct node *n, const char *text)
{
	return pcre2_match(n->re, (PCRE2_SPTR)text, strlen(text), 0, 0, f->match, f->limits) >= 0;
}

/* = and != of a text, or of a number when both are one. */
static bool
is_same(const struct node *n, const char *text, double v)
{
	if (!isnan(n->num) && !isnan(v))
		return v == n->num;
	return n->is_cased ? strcmp(text, n->text) == 0 : str_ieq(str_of(text), str_of(n->text));
}

static bool
match_number(const struct node *n, const char *text, double v)
{
	if (isnan(v) && *text != '\0')
		to_number(n->field, text, &v);
	switch (n->op) {
	case OP_IS:	return is_same(n, text, v);
	case OP_IS_NOT:	return !is_same(n, text, v);
	case OP_OVER:	return v > n->num;
	case OP_FROM:	return v >= n->num;
	case OP_UNDER:	return v < n->num;
	default:	return v <= n->num;
	}
}

static bool
match_field(const struct asking *q, const struct node *n)
{
	char buf[2048] = "";
	double v = NAN;

	if (!q->fn(q->row, n->field, buf, sizeof(buf), &v))
		return false;
	if (n->kind == N_NUMBER)
		return match_number(n, buf, v);
	if (*buf == '\0' && !isnan(v))
		snprintf(buf, sizeof(buf), "%.10g", v);
	return n->kind == N_RE ? match_re(q->f, n, buf) : match_text(n, buf);
}

static bool
match(const struct asking *q, unsigned i)
{
	const struct node *n = &q->f->at[i];

	switch (n->kind) {
	case N_AND:	return match(q, n->a) && match(q, n->b);
	case N_OR:	return match(q, n->a) || match(q, n->b);
	case N_NOT:	return !match(q, n->a);
	default:	return match_field(q, n);
	}
}

bool
filter_match(const struct filter *f, filter_field_fn *fn, const void *row)
{
	struct asking q = { f, fn, row };

	return f == NULL || match(&q, f->root);
}

const char *
filter_unknown(const struct filter *f, filter_field_fn *fn, const void *row)
{
	char buf[2048];
	double v;
	unsigned i;

	for (i = 0; f != NULL && i < f->n; i++)
		if (f->at[i].field != NULL && !fn(row, f->at[i].field, buf, sizeof(buf), &v))
			return f->at[i].field;
	return NULL;
}
