/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACLs and conditions. A condition is a row of alternatives, each a row of terms
 * that must all hold; a term is an ACL, perhaps negated; an ACL is a list of
 * expressions with their pattern sets, of which one must match.
 *
 * Here they are parsed, in the thread that builds the snapshot; acl_eval.c
 * evaluates them.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "proxy/acl_in.h"
#include "proxy/global.h"
#include "proxy/map.h"
#include "proxy/proxy.h"
#include "proxy/rules_in.h"

/* ---- a test: `fetch(args),conv [flags] patterns` ---- */

static const struct {
	const char	*name;
	uint8_t		 match;
} matches[] = {
	{ "found", PAT_FOUND }, { "bool", PAT_BOOL }, { "int", PAT_INT },
	{ "str", PAT_STR }, { "beg", PAT_BEG }, { "end", PAT_END }, { "sub", PAT_SUB },
	{ "dir", PAT_DIR }, { "dom", PAT_DOM }, { "reg", PAT_REG }, { "len", PAT_LEN },
	{ "ip", PAT_IP }, { "bin", PAT_BIN },
};

static int
match_of(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(matches); i++)
		if (str_eq((struct str){ name, len }, str_of(matches[i].name)))
			return matches[i].match;
	return -1;
}

/* The match that a type has by itself; -1: -m must be written. */
static int
default_match(const struct expr *e)
{
	switch (e->out) {
	case SMP_BOOL:
		return PAT_BOOL;
	case SMP_INT:
		return PAT_INT;
	case SMP_IPV4:
	case SMP_IPV6:
		return PAT_IP;
	case SMP_BIN:
		return PAT_BIN;
	case SMP_ANY:	/* addresses come as IPv4 or IPv6 */
		return e->fetch->out == SMP_ANY && e->fetch->args[0] != 'v' ? PAT_IP : -1;
	default:
		return PAT_STR;
	}
}

/* `path_beg` is path with -m beg. Sets *ret_match to -1 without a suffix. */
static const struct fetch_row *
find_word(struct str name, int *ret_match)
{
	const struct fetch_row *f = fetch_find(name.p, name.len);
	size_t at = name.len;

	*ret_match = -1;
	if (f != NULL)
		return f;
	while (at > 0 && name.p[at - 1] != '_')
		at--;
	if (at < 2)
		return NULL;
	*ret_match = match_of(name.p + at, name.len - at);
	return *ret_match >= 0 ? fetch_find(name.p, at - 1) : NULL;
}

/* The criterion word; *ret_match from its suffix, or -1. */
static struct expr *
parse_criterion(struct cfg *c, struct proxy *px, const char *word, uint32_t use,
    int *ret_match)
{
	size_t len = strcspn(word, "(,");
	const struct fetch_row *f = find_word((struct str){ word, len }, ret_match);

	if (f == NULL) {
		const char *name = arena_strndup(c->arena, word, len);
		const char *near = str_nearest(name, fetch_name, NULL);

		diag_error(c->diag, "unknown fetch method '%s' in ACL expression '%s'.%s%s%s", name,
		    word, near != NULL ? " Did you mean '" : "", near != NULL ? near : "",
		    near != NULL ? "' maybe ?" : "");
		return NULL;
	}
	return expr_parse(c, px, arena_printf(c->arena, "%s%s", f->name, word + len), use);
}

struct flags {
	bool		 icase;
	int		 match;		/* -1 = none written */
	const char	*files[32];
	bool		 is_map[32];	/* -M: the file has values, too */
	int		 nfiles;
	bool		 files_are_maps;
	int		 id;		/* -u; -1 = none written */
};

static int
parse_m(struct cfg *c, struct flags *f, const char *name)
{
	int m = name != NULL ? match_of(name, strlen(name)) : -1;

	if (m < 0) {
		diag_error(c->diag, "unknown matching method '%s' when parsing ACL expression",
		    name != NULL ? name : "");
		return -1;
	}
	f->match = m;
	return 0;
}

static int
parse_u(struct cfg *c, struct flags *f, const char *number)
{
	uint64_t n;

	if (number == NULL || !str_to_u64(str_of(number), &n) || n > INT32_MAX) {
		diag_error(c->diag, "the argument of -u must be an integer.");
		return -1;
	}
	f->id = (int)n;
	return 0;
}

/* One flag at args[i]; the words it takes, 0 = not a flag, -1 = an error. */
static int
parse_flag(struct cfg *c, struct flags *f, char **args, int nargs)
{
	const char *w = args[0], *next = nargs > 1 ? args[1] : NULL;

	if (w[0] != '-' || w[1] == '\0' || (w[1] >= '0' && w[1] <= '9'))
		return 0;
	if (strcmp(w, "-i") == 0) {
		f->icase = true;
		return 1;
	}
	if (strcmp(w, "-n") == 0)
		return 1;	/* names are never resolved */
	if (strcmp(w, "-m") == 0)
		return parse_m(c, f, next) < 0 ? -1 : 2;
	if (strcmp(w, "-f") == 0) {
		if (next == NULL || f->nfiles == (int)ARRAY_LEN(f->files)) {
			diag_error(c->diag, "'-f' expects a file name, at most %zu times",
			    ARRAY_LEN(f->files));
			return -1;
		}
		f->is_map[f->nfiles] = f->files_are_maps;
		f->files[f->nfiles++] = next;
		return 2;
	}
	if (strcmp(w, "-M") == 0) {
		f->files_are_maps = true;
		return 1;
	}
	if (strcmp(w, "-u") == 0)
		return parse_u(c, f, next) < 0 ? -1 : 2;
	diag_error(c->diag, "'%s' is not a valid ACL option. Please use '--' before any pattern "
	    "beginning with a '-'.", w);
	return -1;
}

static int
parse_flags(struct cfg *c, struct flags *f, char **args, int nargs)
{
	int i = 0, n;

	while (i < nargs) {
		if (strcmp(args[i], "--") == 0)
			return i + 1;
		if ((n = parse_flag(c, f, args + i, nargs - i)) < 0)
			return -1;
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

static bool
match_takes(enum pat_match m, enum sample_type t)
{
	switch (m) {
	case PAT_FOUND:
		return true;
	case PAT_BOOL:
		return sample_can_cast(t, SMP_BOOL);
	case PAT_INT:
		return sample_can_cast(t, SMP_INT);
	case PAT_IP:
		return sample_can_cast(t, SMP_IPV4) || sample_can_cast(t, SMP_IPV6);
	case PAT_BIN:
		return sample_can_cast(t, SMP_BIN);
	default:
		return sample_can_cast(t, SMP_STR);
	}
}

static int
choose_match(struct cfg *c, const struct expr *e, int from_word, int written)
{
	int m = written >= 0 ? written : from_word >= 0 ? from_word : default_match(e);

	if (m < 0) {
		diag_error(c->diag, "matching method must be specified with '-m' for '%s'",
		    e->text);
		return -1;
	}
	if (!match_takes((enum pat_match)m, e->out)) {
		diag_error(c->diag, "'%s' gives %s, which cannot be matched that way", e->text,
		    sample_type_name(e->out));
		return -1;
	}
	return m;
}

/* A list of patterns that the test looks in. */
static int
add_use(struct cfg *c, struct acl_test *t, struct map_ref *r, enum pat_match match, bool icase)
{
	struct map_use *u = r != NULL ? map_use_new(c, r, match, icase, false) : NULL;

	if (u == NULL)
		return -1;
	u->test_next = t->uses;
	t->uses = u;
	return 0;
}

static int
add_patterns(struct cfg *c, struct acl_test *t, const struct flags *f, char **args, int nargs,
    enum pat_match match)
{
	struct map_ref *r;

	if (match == PAT_FOUND || match == PAT_BOOL) {
		t->set = pat_set_new(c, match, f->icase);
		for (int i = 0; i < nargs; i++)
			if (pat_set_add(c, t->set, args[i]) < 0)
				return -1;
		pat_set_compile(c, t->set);
		return 0;
	}
	if (nargs == 0 && f->nfiles == 0)
		diag_warn(c->diag, "no pattern is given: this test never matches");
	for (int i = 0; i < f->nfiles; i++)
		if (add_use(c, t, map_ref_file(c, f->files[i], f->is_map[i]), match, f->icase) < 0)
			return -1;
	if (nargs == 0 && f->nfiles > 0 && f->id < 0)
		return 0;
	r = map_ref_inline(c, t->expr->fetch->name);
	if (f->id >= 0 && !map_ref_set_id(c, r, f->id)) {
		diag_error(c->diag, "the id is already used.");
		return -1;
	}
	for (int i = 0; i < nargs; i++)
		map_ref_add(r, &r->current, args[i], NULL);
	return add_use(c, t, r, match, f->icase);
}

static int
add_test(struct cfg *c, struct proxy *px, struct acl *acl, char **args, int nargs,
    uint32_t use)
{
	struct acl_test *t = arena_alloc(c->arena, sizeof(*t));
	struct flags f = { .match = -1, .id = -1 };
	int from_word, n, match;

	t->expr = parse_criterion(c, px, args[0], use, &from_word);
	if (t->expr == NULL || (n = parse_flags(c, &f, args + 1, nargs - 1)) < 0)
		return -1;
	if ((match = choose_match(c, t->expr, from_word, f.match)) < 0)
		return -1;
	if (add_patterns(c, t, &f, args + 1 + n, nargs - 1 - n, (enum pat_match)match) < 0)
		return -1;
	t->iterates = strcmp(t->expr->fetch->args, "s|i") == 0 &&
	    t->expr->args[1].type == ARG_NONE;
	*acl->last = t;
	acl->last = &t->next;
	return 0;
}

/* ---- named, predefined and anonymous ACLs ---- */

static struct acl *
acl_new(struct cfg *c, const char *name)
{
	struct acl *a = arena_alloc(c->arena, sizeof(*a));

	a->name = name;
	a->last = &a->tests;
	return a;
}

static struct acl *
acl_by_name(const struct proxy *px, const char *name)
{
	for (struct acl *a = px->acls; a != NULL; a = a->next)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}

static struct acl *
acl_of_proxy(struct cfg *c, struct proxy *px, const char *name)
{
	struct acl *a = acl_by_name(px, name);

	if (a != NULL)
		return a;
	a = acl_new(c, arena_strdup(c->arena, name));
	a->next = px->acls;
	return px->acls = a;
}

static const struct {
	const char	*name, *words[5];
} predefined[] = {
	{ "TRUE", { "always_true" } },
	{ "FALSE", { "always_false" } },
	{ "LOCALHOST", { "src", "127.0.0.1/8", "::1" } },
	{ "HTTP", { "req.proto_http" } },
	{ "HTTP_1.0", { "req.ver", "1.0" } },
	{ "HTTP_1.1", { "req.ver", "1.1" } },
	{ "HTTP_2.0", { "req.ver", "2.0" } },
	{ "HTTP_CONTENT", { "req.hdr_val(content-length)", "gt", "0" } },
	{ "HTTP_URL_ABS", { "url_reg", "^[^/:]*://" } },
	{ "HTTP_URL_SLASH", { "url_beg", "/" } },
	{ "HTTP_URL_STAR", { "url", "*" } },
	{ "METH_CONNECT", { "method", "CONNECT" } },
	{ "METH_DELETE", { "method", "DELETE" } },
	{ "METH_GET", { "method", "GET", "HEAD" } },
	{ "METH_HEAD", { "method", "HEAD" } },
	{ "METH_OPTIONS", { "method", "OPTIONS" } },
	{ "METH_POST", { "method", "POST" } },
	{ "METH_PUT", { "method", "PUT" } },
	{ "METH_TRACE", { "method", "TRACE" } },
	{ "REQ_CONTENT", { "req.len", "gt", "0" } },
	{ "WAIT_END", { "wait_end" } },
};

static struct acl *
find_predefined(struct cfg *c, struct proxy *px, const char *name, uint32_t use)
{
	char *words[5];
	struct acl *a;
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(predefined); i++) {
		if (strcmp(name, predefined[i].name) != 0)
			continue;
		for (; n < 5 && predefined[i].words[n] != NULL; n++)
			words[n] = arena_strdup(c->arena, predefined[i].words[n]);
		a = acl_new(c, predefined[i].name);
		return add_test(c, px, a, words, n, use) == 0 ? a : NULL;
	}
	diag_error(c->diag, "no such ACL : '%s'.", name);
	return NULL;
}

int
acl_define(struct cfg *c, struct proxy *px, char **args, int nargs)
{
	struct acl *a;

	if (strchr(args[0], '(') != NULL || strchr(args[0], '{') != NULL) {
		diag_error(c->diag, "character '%c' is not permitted in acl name '%s'.",
		    strpbrk(args[0], "({")[0], args[0]);
		return -1;
	}
	if (nargs < 2) {
		diag_error(c->diag, "missing fetch method in ACL expression '%s'.", args[0]);
		return -1;
	}
	if (strcmp(args[0], "or") == 0) {
		diag_error(c->diag, "acl name 'or' will never match: it is an operator.");
		return -1;
	}
	a = acl_of_proxy(c, px, args[0]);
	/* where it is used decides what it may look at */
	return add_test(c, px, a, args + 1, nargs - 1, ~0u);
}

/* ---- conditions ---- */

/* `{ ... }` at args[0]: the number of words, or -1. */
static int
parse_anonymous(struct cfg *c, struct proxy *px, char **args, int nargs, uint32_t use,
    const struct acl **ret)
{
	struct acl *a = acl_new(c, NULL);
	int n = 1;

	while (n < nargs && strcmp(args[n], "}") != 0)
		n++;
	if (n == nargs) {
		diag_error(c->diag, "missing closing '}' in condition.");
		return -1;
	}
	if (n == 1) {
		diag_error(c->diag, "'{ }' expects a fetch method inside.");
		return -1;
	}
	if (add_test(c, px, a, args + 1, n - 1, use) < 0)
		return -1;
	*ret = a;
	return n + 1;
}

static int
check_uses(struct cfg *c, const struct acl *a, uint32_t use, uint32_t *ret_use)
{
	for (const struct acl_test *t = a->tests; t != NULL; t = t->next) {
		if (use_check(c, t->expr->fetch, use) < 0)
			return -1;
		*ret_use |= t->expr->fetch->use;
	}
	return 0;
}

/* One term: `!`s, then a name or braces. Words taken, or -1. */
static int
parse_term(struct cfg *c, struct proxy *px, char **args, int nargs, uint32_t use,
    struct term *t)
{
	const char *w = args[0];
	int n = 0, used;

	for (;;) {
		while (*w == '!') {
			t->negated = !t->negated;
			w++;
		}
		if (*w != '\0')
			break;
		if (++n == nargs) {
			diag_error(c->diag, "missing ACL behind '!' in condition.");
			return -1;
		}
		w = args[n];
	}
	if (strcmp(w, "{") == 0) {
		used = parse_anonymous(c, px, args + n, nargs - n, use, &t->acl);
		return used < 0 ? -1 : n + used;
	}
	t->acl = acl_by_name(px, w);
	if (t->acl == NULL && (t->acl = find_predefined(c, px, w, use)) == NULL)
		return -1;
	return n + 1;
}

static bool
is_or(const char *w)
{
	return strcmp(w, "||") == 0 || strcmp(w, "or") == 0;
}

static int
parse_terms(struct cfg *c, struct proxy *px, char **args, int nargs, uint32_t use,
    struct acl_cond *cond)
{
	struct term *t;
	int i = 0, n;

	while (i < nargs) {
		if (is_or(args[i])) {
			if (cond->n == 0 || cond->terms[cond->n - 1].ends_or || i + 1 == nargs) {
				diag_error(c->diag, "'%s' needs an ACL on both sides.", args[i]);
				return -1;
			}
			cond->terms[cond->n - 1].ends_or = true;
			i++;
			continue;
		}
		t = &cond->terms[cond->n];
		if ((n = parse_term(c, px, args + i, nargs - i, use, t)) < 0 ||
		    check_uses(c, t->acl, use, &cond->use) < 0)
			return -1;
		cond->n++;
		i += n;
	}
	return 0;
}

struct acl_cond *
acl_cond_parse(struct cfg *c, struct proxy *px, char **args, int nargs, uint32_t use)
{
	struct acl_cond *cond = arena_alloc(c->arena, sizeof(*cond));

	WEIR_ASSERT(nargs > 0);
	cond->unless = strcmp(args[0], "unless") == 0;
	if (nargs == 1) {
		diag_error(c->diag, "'%s' expects a condition behind it.", args[0]);
		return NULL;
	}
	cond->terms = arena_calloc(c->arena, (size_t)nargs, sizeof(*cond->terms));
	if (parse_terms(c, px, args + 1, nargs - 1, use, cond) < 0)
		return NULL;
	cond->terms[cond->n - 1].ends_or = true;
	return cond;
}

uint32_t
acl_cond_use(const struct acl_cond *cond)
{
	return cond->use;
}

/* ---- rows ---- */

static int
parse_acl(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)row;
	return acl_define(c, proxy_of(c), args, nargs);
}

static const struct kw_row rows[] = {
	{ "acl", IN_PROXY, KW_OBEYED, 1, 255, KW_F_ANY_ARGS, parse_acl, 0,
	    "<name> <criterion> [-i] [-m <method>] [-f <file>] [-u <id>] [--] "
	    "<pattern>...",
	    "Names a test; lines of the same name are alternatives." },
	{ .name = NULL }
};

static int
post_numbers(struct cfg *c)
{
	map_refs_number(c);
	return 0;
}

static const struct post_row post[] = {
	{ "ids of lists", post_numbers },
	{ NULL, NULL }
};

const struct module mod_acl = {
	.name = "acl",
	.cfg = rows,
	.post = post,
};
