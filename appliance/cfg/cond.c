/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditions: `!`, `&&` before `||`, parentheses, integers and predicates. The
 * evaluator keeps its own stack of open parentheses instead of recursing, and
 * reads the whole text: an error in a part that would not matter is told too.
 * Runs in any thread; the only state outside is the process's environment.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "cfg/cond.h"
#include "cfg/kw.h"
#include "cfg/word.h"
#include "net/tls_lib.h"

#define DEPTH_MAX	64

/* One open parenthesis: what is known of `a && b || c && ...` so far. */
struct level {
	bool		 any;		/* of the terms of || */
	bool		 all;		/* of the terms of && under work */
	bool		 negate;	/* odd number of ! before the next term */
	const char	*open;		/* its parenthesis */
};

struct cond {
	struct arena		*arena;
	const struct word_env	*env;
	const char		*text, *p;
	const char		*term;		/* where messages about a term point */
	struct level		 levels[DEPTH_MAX];
	int			 depth;
	char			*error;		/* malloc'ed; NULL = fine */
	const char		*error_at;
};

struct predicate {
	const char	*name;
	int		 nargs;
	int		(*eval)(const struct word_env *env, char **args);	/* -1 = bad arg */
};

static void cond_fail(struct cond *c, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
cond_fail(struct cond *c, const char *at, const char *fmt, ...)
{
	va_list ap;

	if (c->error != NULL)
		return;
	va_start(ap, fmt);
	c->error = xvasprintf(fmt, ap);
	va_end(ap);
	c->error_at = at;
}

/* ---- predicates ---- */

static int
p_defined(const struct word_env *env, char **args)
{
	return env->lookup(env->arg, args[0]) != NULL;
}

static int
p_feature(const struct word_env *env, char **args)
{
	(void)env;
	return feature_is_built(args[0]);
}

static int
p_streq(const struct word_env *env, char **args)
{
	(void)env;
	return strcmp(args[0], args[1]) == 0;
}

static int
p_strneq(const struct word_env *env, char **args)
{
	return !p_streq(env, args);
}

static int
p_strstr(const struct word_env *env, char **args)
{
	(void)env;
	return strstr(args[0], args[1]) != NULL;
}

static int
p_version_atleast(const struct word_env *env, char **args)
{
	int order;

	(void)env;
	return version_compare(args[0], &order) ? order <= 0 : -1;
}

static int
p_version_before(const struct word_env *env, char **args)
{
	int order;

	(void)env;
	return version_compare(args[0], &order) ? order > 0 : -1;
}

/* `1.1.1k` or `3.0.2` as OpenSSL numbers itself, without its last digit. */
static bool
openssl_number(const char *text, uint64_t *ret_v)
{
	uint64_t part[3] = { 0, 0, 0 }, letter = 0;
	const char *p = text;

	for (int i = 0; i < 3; i++) {
		if (!isdigit((unsigned char)*p))
			return false;
		while (isdigit((unsigned char)*p) && part[i] < 1000)
			part[i] = part[i] * 10 + (uint64_t)(*p++ - '0');
		if (*p != '.')
			break;
		p += i < 2;
	}
	if (part[0] < 3 && *p >= 'a' && *p <= 'z')
		letter = (uint64_t)(*p++ - 'a' + 1);
	if (*p != '\0' || part[0] > 15 || part[1] > 255 || part[2] > 255)
		return false;
	*ret_v = part[0] << 28 | part[1] << 20 |
	    (part[0] < 3 ? part[2] << 12 | letter << 4 : part[2] << 4);
	return true;
}

static int
p_openssl_atleast(const struct word_env *env, char **args)
{
	uint64_t v;

	(void)env;
	return openssl_number(args[0], &v) ? (tls_lib_version() & ~0xfUL) >= v : -1;
}

static int
p_openssl_before(const struct word_env *env, char **args)
{
	int r = p_openssl_atleast(env, args);

	return r == -1 ? -1 : !r;
}

static int
p_ssllib(const struct word_env *env, char **args)
{
	(void)env;
	return str_starts(str_of(tls_lib_name()), str_of(args[0]));
}

/* awslc_api_*, fips_mode(): another library's */
static int
p_false(const struct word_env *env, char **args)
{
	(void)env;
	(void)args;
	return 0;
}

static const struct predicate predicates[] = {
	{ "defined", 1, p_defined },
	{ "feature", 1, p_feature },
	{ "enabled", 1, p_feature },
	{ "streq", 2, p_streq },
	{ "strneq", 2, p_strneq },
	{ "strstr", 2, p_strstr },
	{ "version_atleast", 1, p_version_atleast },
	{ "version_before", 1, p_version_before },
	{ "openssl_version_atleast", 1, p_openssl_atleast },
	{ "openssl_version_before", 1, p_openssl_before },
	{ "ssllib_name_startswith", 1, p_ssllib },
	{ "awslc_api_atleast", 1, p_false },
	{ "awslc_api_before", 1, p_false },
	{ "fips_mode", 0, p_false },
};

static const struct predicate *
find_predicate(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(predicates); i++)
		if (str_is(name, predicates[i].name))
			return &predicates[i];
	return NULL;
}

#define IN_PREDICATE	"of predicate '%s' used in conditional expression"

/* At the `(` of a predicate: its value, c->p behind the `)`. */
static bool
eval_predicate(struct cond *c, const struct predicate *p)
{
	const char *inside = c->p + 1;
	long len = *c->p == '(' ? word_args_end(inside) : -1;
	struct word_fault fault;
	char **args = NULL;
	int n = 0, value;

	if (len == -1) {
		cond_fail(c, c->p + strlen(c->p), "expected '%c' in argument %d " IN_PREDICATE,
		    *c->p == '(' ? ')' : '(', 1, p->name);
		return false;
	}
	if (word_args(c->arena, (struct str){ inside, (size_t)len }, &args, &n, &fault) != 0) {
		cond_fail(c, inside + fault.at, "%s in arguments " IN_PREDICATE,
		    fault.what, p->name);
		return false;
	}
	/* defined() asks for the name "" */
	if (n == 0 && p->nargs == 1) {
		args = arena_calloc(c->arena, 2, sizeof(*args));
		args[n++] = arena_strdup(c->arena, "");
	}
	if (n < p->nargs)
		cond_fail(c, inside + len, "missing arguments (got %d/%d), type 'string' "
		    "expected in argument %d " IN_PREDICATE, n, p->nargs, n, p->name);
	else if (n > p->nargs)
		cond_fail(c, inside, "too many arguments (got %d/%d) " IN_PREDICATE,
		    n, p->nargs, p->name);
	if (c->error != NULL)
		return false;
	c->p = inside + len + 1;
	value = p->eval(c->env, args);
	if (value == -1)
		cond_fail(c, inside, "invalid version '%s' in argument 1 " IN_PREDICATE,
		    args[0], p->name);
	return value == 1;
}

/* ---- expressions ---- */

static void
skip_blanks(struct cond *c)
{
	while (*c->p == ' ' || *c->p == '\t')
		c->p++;
}

static void
fail_term(struct cond *c)
{
	cond_fail(c, c->term, "unparsable conditional expression '%s'", c->term);
}

/* An integer or a predicate. */
static bool
eval_atom(struct cond *c)
{
	const struct predicate *p;
	struct str name = { c->p, 0 };
	bool value = false;
	const char *q;

	q = c->p + (*c->p == '-' || *c->p == '+');
	if (isdigit((unsigned char)*q)) {
		for (; isdigit((unsigned char)*q); q++)
			value |= *q != '0';
		c->p = q;
		return value;
	}
	while (isalnum((unsigned char)c->p[name.len]) || c->p[name.len] == '_')
		name.len++;
	p = find_predicate(name);
	if (p == NULL) {
		fail_term(c);
		return false;
	}
	c->p += name.len;
	return eval_predicate(c, p);
}

static void
apply(struct cond *c, bool value)
{
	struct level *l = &c->levels[c->depth];

	l->all = l->all && value != l->negate;
	l->negate = false;
}

/* !...( until there is a value: one term, or the beginning of one. */
static void
read_term(struct cond *c)
{
	for (;;) {
		skip_blanks(c);
		if (*c->p == '!') {
			c->levels[c->depth].negate ^= true;
			c->p++;
		} else if (*c->p == '(') {
			if (++c->depth == DEPTH_MAX) {
				c->depth--;
				cond_fail(c, c->p, "too many nested parentheses, max is %d",
				    DEPTH_MAX - 1);
				return;
			}
			c->levels[c->depth] = (struct level){ .all = true, .open = c->p++ };
			skip_blanks(c);
			c->term = c->p;
		} else {
			apply(c, eval_atom(c));
			return;
		}
	}
}

static void
close_level(struct cond *c)
{
	bool value = c->levels[c->depth].any || c->levels[c->depth].all;

	c->depth--;
	c->p++;
	apply(c, value);
}

/* After a term: true when an operator asks for another one. */
static bool
read_operator(struct cond *c)
{
	struct level *l;

	for (;;) {
		skip_blanks(c);
		l = &c->levels[c->depth];
		c->term = c->p;
		if (*c->p != ')' || c->depth == 0)
			break;
		close_level(c);
	}
	if (c->p[0] == '&' && c->p[1] == '&') {
		c->p += 2;
		return true;
	}
	if (c->p[0] == '|' && c->p[1] == '|') {
		l->any = l->any || l->all;
		l->all = true;
		c->p += 2;
		return true;
	}
	if (*c->p != '\0')
		cond_fail(c, c->p, "unexpected character '%c' at the end of conditional "
		    "expression '%s'", *c->p, c->text);
	else if (c->depth > 0)
		cond_fail(c, l->open, "expected ')' after conditional expression '%s'",
		    l->open);
	return false;
}

int
cond_eval(struct arena *a, const char *text, const struct word_env *env,
    char **ret_error, size_t *ret_at)
{
	struct cond c = { .arena = a, .env = env, .text = text, .p = text };

	skip_blanks(&c);
	if (*c.p == '\0')
		return 0;
	c.term = c.p;
	c.levels[0].all = true;
	do
		read_term(&c);
	while (c.error == NULL && read_operator(&c) && c.error == NULL);
	if (c.error != NULL) {
		*ret_error = c.error;
		*ret_at = (size_t)(c.error_at - text);
		return -1;
	}
	return c.levels[0].any || c.levels[0].all;
}

static const char *
process_lookup(void *arg, const char *name)
{
	(void)arg;
	return getenv(name);
}

char *
cond_join(struct arena *a, char **words, int n)
{
	size_t size = 1;
	char *text, *p;

	for (int i = 0; i < n; i++)
		size += strlen(words[i]) + 1;
	p = text = arena_alloc(a, size);
	for (int i = 0; i < n; i++) {
		size_t len = strlen(words[i]);

		if (i > 0)
			*p++ = ' ';
		memcpy(p, words[i], len);
		p += len;
	}
	*p = '\0';
	return text;
}

int
cfg_condition(const char *text, char **ret_error)
{
	const struct word_env env = { process_lookup, NULL };
	struct arena *a = arena_new();
	struct word_fault fault;
	struct words words;
	size_t at;
	int rc = -1;

	if (word_split(a, str_of(text), &env, &words, &fault) != 0)
		*ret_error = word_fault_text(&fault, str_of(text));
	else
		rc = cond_eval(a, cond_join(a, words.w, words.n), &env, ret_error, &at);
	arena_free(a);
	return rc;
}
