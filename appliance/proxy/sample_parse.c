/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiling expressions from the configuration: rows are looked up over all
 * modules, arguments checked against their spec, types of neighbours compared,
 * and backends and servers that arguments name resolved by a post row, because
 * they may be written further down.
 *
 * Thread: the one that builds the snapshot.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "net/addr.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/rules_in.h"
#include "proxy/sample.h"
#include "proxy/stick.h"
#include "proxy/vars.h"

struct arg_todo {
	struct arg_todo	*next;
	struct arg	*arg;
	struct proxy	*px;
	const char	*what, *file;
	int		 line;
};

static bool
row_is(const char *name, const char *word, size_t len)
{
	return strlen(name) == len && memcmp(name, word, len) == 0;
}

const struct fetch_row *
fetch_find(const char *name, size_t len)
{
	MODULE_EACH(m)
		for (const struct fetch_row *f = m->fetches; f != NULL && f->name != NULL; f++)
			if (row_is(f->name, name, len))
				return f;
	return NULL;
}

const struct conv_row *
conv_find(const char *name, size_t len)
{
	MODULE_EACH(m)
		for (const struct conv_row *v = m->converters; v != NULL && v->name != NULL; v++)
			if (row_is(v->name, name, len))
				return v;
	return NULL;
}

const char *
fetch_name(size_t i, void *arg)
{
	(void)arg;
	MODULE_EACH(m)
		for (const struct fetch_row *f = m->fetches; f != NULL && f->name != NULL; f++)
			if (i-- == 0)
				return f->name;
	return NULL;
}

static const char *
nth_conv(size_t i, void *arg)
{
	(void)arg;
	MODULE_EACH(m)
		for (const struct conv_row *v = m->converters; v != NULL && v->name != NULL; v++)
			if (i-- == 0)
				return v->name;
	return NULL;
}

void
diag_unknown(struct cfg *c, const char *what, const char *word,
    const char *(*next)(size_t, void *), void *arg)
{
	const char *near = str_nearest(word, next, arg);

	if (near != NULL)
		diag_error(c->diag, "unknown %s '%s'. Did you mean '%s' maybe ?", what,
		    word, near);
	else
		diag_error(c->diag, "unknown %s '%s'.", what, word);
}

/* ---- arguments ---- */

static void
todo_add(struct cfg *c, struct proxy *px, struct arg *a, const char *what)
{
	struct global *g = global_of(c);
	struct arg_todo *t = arena_alloc(c->arena, sizeof(*t));

	*t = (struct arg_todo){ .next = g->arg_todo, .arg = a, .px = px, .what = what,
		.file = c->file, .line = c->line };
	g->arg_todo = t;
}

static int
arg_mask(struct cfg *c, struct arg *a, const char *what)
{
	struct ip_net net;
	int64_t bits;

	if (str_to_i64(a->s, &bits) && bits >= 0 && bits <= 32) {
		a->bits = (uint8_t)bits;
		return 0;
	}
	/* a dotted mask: its ones must be contiguous */
	if (ip_net_parse(a->s, &net) == 0 && net.base.family == AF_INET) {
		uint32_t m = ntohl(net.base.ip.v4.s_addr);

		if ((m & (~m >> 1)) == 0) {
			a->bits = (uint8_t)__builtin_popcount(m);
			return 0;
		}
	}
	diag_error(c->diag, "%s: '%s' is not a network mask (0..32 or a dotted one)",
	    what, a->s.p);
	return -1;
}

static int
arg_var(struct cfg *c, struct arg *a)
{
	a->type = ARG_VAR;
	return (a->u.var = var_name_parse(c, a->s.p)) != NULL ? 0 : -1;
}

static int
arg_int(struct cfg *c, struct arg *a, const char *what)
{
	a->type = ARG_INT;
	if (str_to_i64(a->s, &a->i))
		return 0;
	diag_error(c->diag, "%s: failed to parse '%s' as an integer", what, a->s.p);
	return -1;
}

static int
arg_parse_one(struct cfg *c, struct proxy *px, char letter, struct arg *a, const char *what)
{
	switch (letter) {
	case 's':
		a->type = ARG_STR;
		return 0;
	case 'i':
		return arg_int(c, a, what);
	case 'v':
		return arg_var(c, a);
	case 'V':
		return str_to_i64(a->s, &a->i) ? (a->type = ARG_INT, 0) : arg_var(c, a);
	case 'r':
		a->type = ARG_REGEX;
		return 0;	/* compiled by the row's check, which knows the flags */
	case 'm':
		a->type = ARG_MASK4;
		return arg_mask(c, a, what);
	case 'b':
	case 'f':
	case 'S':
	case 't':
	case 'T':
		a->type = letter == 'b' ? ARG_BACKEND : letter == 'f' ? ARG_FRONTEND :
		    letter == 'S' ? ARG_SERVER : ARG_TABLE;
		todo_add(c, px, a, what);
		return 0;
	default:
		WEIR_ASSERT(!"argument letter");
		return -1;
	}
}

/* Number of arguments a spec can take, and must get. */
static int
spec_limits(const char *spec, int *ret_min)
{
	int max = 0, min = -1;

	for (const char *s = spec; *s != '\0'; s++) {
		if (*s == '|')
			min = max;
		else if (*s == '*')
			max = ARGS_MAX;
		else
			max++;
	}
	*ret_min = min >= 0 ? min : max;
	return max;
}

static char
spec_letter(const char *spec, int i)
{
	char last = 's';

	for (const char *s = spec; *s != '\0'; s++) {
		if (*s == '|')
			continue;
		if (*s == '*')
			return last;
		last = *s;
		if (i-- == 0)
			return last;
	}
	return last;
}

struct arg *
args_parse(struct cfg *c, struct proxy *px, const char *what, const char *spec,
    struct str inside, int *ret_n)
{
	int n = 0, min, max = spec_limits(spec, &min);
	struct arg *a = arena_calloc(c->arena, ARGS_MAX + 1, sizeof(*a));
	char **words = NULL;

	if (inside.len > 0 && cfg_split_args(c, inside, &words, &n) < 0)
		return NULL;
	if (n < min) {
		diag_error(c->diag, "%s expects %s%d argument%s, got %d", what,
		    min == max ? "" : "at least ", min, min == 1 ? "" : "s", n);
		return NULL;
	}
	if (n > max) {
		diag_error(c->diag, "%s: end of arguments expected at position %d, "
		    "but got '%s'", what, max + 1, words[max]);
		return NULL;
	}
	for (int i = 0; i < n; i++) {
		a[i].s = str_of(words[i]);
		if ((i >= min && words[i][0] == '\0' && spec_letter(spec, i) != 's'))
			continue;	/* left out */
		if (arg_parse_one(c, px, spec_letter(spec, i), &a[i], what) < 0)
			return NULL;
	}
	for (int i = n; i < max; i++)	/* the own table: whoever has none is told */
		if (spec_letter(spec, i) == 'T' && px != NULL && !(px->cap & CAP_DEFAULTS)) {
			a[i].s = str_of(px->name);
			(void)arg_parse_one(c, px, 'T', &a[i], what);
		}
	*ret_n = n;
	return a;
}

/* ---- resolving names ---- */

static int
todo_error(struct cfg *c, const struct arg_todo *t, const char *kind)
{
	diag_at(c->diag, t->file, t->line);
	diag_error(c->diag, "unable to find %s '%s' referenced in %s", kind, t->arg->s.p,
	    t->what);
	return -1;
}

static int
resolve_server(struct cfg *c, const struct arg_todo *t)
{
	struct str s = t->arg->s;
	const char *slash = memchr(s.p, '/', s.len);
	struct proxy *be = t->px;
	const char *name = s.p;

	if (slash != NULL) {
		name = slash + 1;
		be = proxy_find(c->snap, arena_strndup(c->arena, s.p,
		    (size_t)(slash - s.p)), CAP_BACKEND);
	}
	if (be == NULL)
		return todo_error(c, t, "the backend of server");
	t->arg->u.srv = server_find(be, name);
	return t->arg->u.srv != NULL ? 0 : todo_error(c, t, "server");
}

static int
resolve_one(struct cfg *c, const struct arg_todo *t)
{
	unsigned cap = t->arg->type == ARG_BACKEND ? CAP_BACKEND : CAP_FRONTEND;

	if (t->arg->type == ARG_SERVER)
		return resolve_server(c, t);
	if (t->arg->type == ARG_TABLE) {
		t->arg->u.table = stick_conf_find(c->snap, t->arg->s.p);
		return t->arg->u.table != NULL ? 0 : todo_error(c, t, "table");
	}
	t->arg->u.px = proxy_find(c->snap, t->arg->s.p, cap);
	if (t->arg->u.px == NULL)
		return todo_error(c, t, cap == CAP_BACKEND ? "backend" : "frontend");
	return 0;
}

static int
resolve_args(struct cfg *c)
{
	int rc = 0;

	for (const struct arg_todo *t = global_of(c)->arg_todo; t != NULL; t = t->next)
		if (resolve_one(c, t) < 0)
			rc = -1;
	global_of(c)->arg_todo = NULL;
	return rc;
}

/* ---- expressions ---- */

/* The `)` of the `(` before p, quotes and escapes heeded; NULL = none. */
static const char *
args_end(const char *p)
{
	char quote = '\0';

	for (; *p != '\0'; p++) {
		if (*p == '\\' && quote != '\'' && p[1] != '\0')
			p++;
		else if (quote != '\0')
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == ')')
			return p;
	}
	return NULL;
}

/* A name with optional `(args)`; *p moves behind. -1 after diag_error. */
static int
take_call(struct cfg *c, const char **p, struct str *ret_name, struct str *ret_inside)
{
	size_t len = strcspn(*p, "(,");
	const char *end;

	*ret_name = (struct str){ *p, len };
	*ret_inside = STR_NONE;
	*p += len;
	if (**p != '(')
		return 0;
	if ((end = args_end(*p + 1)) == NULL) {
		diag_error(c->diag, "missing closing ')' after arguments to '" STR_FMT "'",
		    STR_ARG(*ret_name));
		return -1;
	}
	*ret_inside = (struct str){ *p + 1, (size_t)(end - *p - 1) };
	*p = end + 1;
	if (**p != '\0' && **p != ',') {
		diag_error(c->diag, "expected ',' or the end behind the arguments of '"
		    STR_FMT "', but got '%s'", STR_ARG(*ret_name), *p);
		return -1;
	}
	return 0;
}

static int
conv_append(struct cfg *c, struct proxy *px, struct expr *e, struct conv **tail,
    struct str name, struct str inside)
{
	const struct conv_row *row = conv_find(name.p, name.len);
	const char *z = arena_strndup(c->arena, name.p, name.len), *what;
	struct conv *v;
	int n;

	if (row == NULL) {
		diag_unknown(c, "converter", z, nth_conv, NULL);
		return -1;
	}
	if (row->fn == NULL) {
		diag_error(c->diag, "converter '%s' is not supported: %s", z, row->help);
		return -1;
	}
	if (!sample_can_cast(e->out, row->in)) {
		diag_error(c->diag, "converter '%s' cannot be applied to %s: it takes %s", z,
		    sample_type_name(e->out), sample_type_name(row->in));
		return -1;
	}
	what = arena_printf(c->arena, "converter '%s'", z);
	v = arena_alloc(c->arena, sizeof(*v));
	v->row = row;
	if ((v->args = args_parse(c, px, what, row->args, inside, &n)) == NULL ||
	    (row->check != NULL && row->check(c, v->args, n) < 0))
		return -1;
	*tail = v;
	if (row->out != SMP_ANY)
		e->out = row->out;
	return 0;
}

int
expr_parse_convs(struct cfg *c, struct proxy *px, struct expr *e, const char *rest)
{
	struct conv **tail = &e->convs;
	struct str name, inside;

	while (*tail != NULL)
		tail = &(*tail)->next;
	while (*rest == ',') {
		rest++;
		if (*rest == '\0')
			break;	/* `path,` as HAProxy lets it pass */
		if (take_call(c, &rest, &name, &inside) < 0 ||
		    conv_append(c, px, e, tail, name, inside) < 0)
			return -1;
		tail = &(*tail)->next;
	}
	return 0;
}

static const struct {
	uint32_t bit;
	const char *text;
} use_names[] = {
	{ USE_CLIENT, "the client connection" },
	{ USE_TLS, "the client's TLS handshake" },
	{ USE_TXN, "a request or TCP session" },
	{ USE_CONTENT, "bytes received from the client" },
	{ USE_REQ, "the HTTP request" },
	{ USE_SERVER, "the server" },
	{ USE_RES_CONTENT, "bytes received from the server" },
	{ USE_RES, "the HTTP response" },
	{ USE_END, "the end of the transaction" },
	{ USE_CHECK, "what a health check received" },
};

int
use_check(struct cfg *c, const struct fetch_row *row, uint32_t use)
{
	const char *what = "";

	if ((row->use & use) != 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(use_names); i++)
		if (row->use & use_names[i].bit) {
			what = use_names[i].text;
			break;
		}
	diag_error(c->diag, "fetch method '%s' needs %s, which is not available here",
	    row->name, what);
	return -1;
}

struct expr *
expr_of_fetch(struct cfg *c, struct proxy *px, const struct fetch_row *row,
    struct str inside, uint32_t use)
{
	const char *what = arena_printf(c->arena, "fetch method '%s'", row->name);
	struct expr *e = arena_alloc(c->arena, sizeof(*e));
	int n;

	if (row->fn == NULL) {
		diag_error(c->diag, "%s is not supported: %s", what, row->help);
		return NULL;
	}
	if (use_check(c, row, use) < 0)
		return NULL;
	e->fetch = row;
	e->out = row->out;
	if ((e->args = args_parse(c, px, what, row->args, inside, &n)) == NULL ||
	    (row->check != NULL && row->check(c, e->args, n) < 0))
		return NULL;
	return e;
}

struct expr *
expr_parse(struct cfg *c, struct proxy *px, const char *word, uint32_t use)
{
	const char *p = word;
	const struct fetch_row *row;
	struct str name, inside;
	struct expr *e;

	if (take_call(c, &p, &name, &inside) < 0)
		return NULL;
	if ((row = fetch_find(name.p, name.len)) == NULL) {
		diag_unknown(c, "fetch method", arena_strndup(c->arena, name.p, name.len),
		    fetch_name, NULL);
		return NULL;
	}
	if ((e = expr_of_fetch(c, px, row, inside, use)) == NULL ||
	    expr_parse_convs(c, px, e, p) < 0)
		return NULL;
	e->text = arena_strdup(c->arena, word);
	return e;
}

static const struct post_row post[] = {
	{ "resolve arguments", resolve_args },
	{ NULL, NULL }
};

const struct module mod_sample = {
	.name = "sample",
	.post = post,
};
