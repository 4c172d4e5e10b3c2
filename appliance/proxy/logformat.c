/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log formats: compiling `%ci [%tr] %{+Q}r %[path]` to an array of nodes, and
 * building text from them. In a log line every byte that could deceive a reader
 * is written as #XX, expressions included; in a header value control bytes are
 * written as %XX; elsewhere text stays as it is.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "proxy/logformat_in.h"
#include "proxy/proxy.h"
#include "proxy/rules_in.h"
#include "proxy/sample.h"

/* ---- compiling ---- */

struct parse {
	struct cfg	*c;
	struct proxy	*px;
	struct logformat *f;
	uint32_t	 use;
	unsigned	 flags;		/* in force: LF_* with %o's */
	const char	*p;
	struct str	 name;		/* of the item under work; len 0 = none */
	struct out	 text;		/* literal text under work */
};

static struct node *
node_add(struct parse *ps, enum node_kind kind)
{
	struct logformat *f = ps->f;

	if (f->n == f->cap) {
		uint32_t cap = f->cap == 0 ? 8 : f->cap * 2;
		struct node *n = arena_calloc(ps->c->arena, cap, sizeof(*n));

		if (f->n > 0)
			memcpy(n, f->nodes, f->n * sizeof(*n));
		f->nodes = n;
		f->cap = cap;
	}
	f->nodes[f->n].kind = (uint8_t)kind;
	return &f->nodes[f->n++];
}

static void
flush_text(struct parse *ps)
{
	size_t len = out_len(&ps->text);

	if (len == 0)
		return;
	node_add(ps, NODE_TEXT)->text =
	    (struct str){ arena_strndup(ps->c->arena, ps->text.start, len), len };
	ps->text.p = ps->text.start;
}

static const struct alias_row *
alias_find(const char *name, size_t len)
{
	MODULE_EACH(m)
		for (const struct alias_row *a = m->aliases; a != NULL && a->name != NULL; a++)
			if (strlen(a->name) == len && memcmp(a->name, name, len) == 0)
				return a;
	return NULL;
}

static bool
is_encoding(struct parse *ps, const char *p, const char *end, const char *name)
{
	size_t len = strlen(name);

	(void)ps;
	return (size_t)(end - p) >= len && memcmp(p, name, len) == 0 &&
	    (p + len == end || p[len] == ',');
}

/* `+json` behind its sign: bytes of it, 0 = another word, -1 = refused. */
static int
take_encoding(struct parse *ps, const char *p, const char *end, bool on)
{
	if (is_encoding(ps, p, end, "json") && (ps->f->flags & LF_LOG)) {
		ps->f->flags = on ? ps->f->flags | LF_JSON : ps->f->flags & ~LF_JSON;
		return 4;
	}
	if (is_encoding(ps, p, end, "json") || is_encoding(ps, p, end, "cbor") ||
	    is_encoding(ps, p, end, "bin")) {
		diag_error(ps->c->diag, "log format '%s': '+json' is for log lines only, '+cbor' "
		    "and '+bin' are not supported", ps->f->text);
		return -1;
	}
	return 0;
}

/* `{+Q,-X}` at ps->p: into *flags. 0 or -1. */
static int
take_flags(struct parse *ps, unsigned *flags)
{
	const char *end = strchr(ps->p, '}');

	if (end == NULL) {
		diag_error(ps->c->diag, "log format '%s': missing '}' behind flags", ps->f->text);
		return -1;
	}
	for (const char *p = ps->p + 1; p < end; ) {
		bool on = *p == '+';
		unsigned bit;
		int len;

		if ((*p != '+' && *p != '-') || p + 1 == end)
			goto bad;
		if ((len = take_encoding(ps, p + 1, end, on)) < 0)
			return -1;
		if (len > 0) {
			p += 1 + len;
			if (p < end && *p == ',')
				p++;
			continue;
		}
		bit = p[1] == 'Q' ? LF_QUOTE : p[1] == 'X' ? LF_HEX : p[1] == 'E' ? LF_ESCAPE : 0;
		if (bit == 0)
			goto bad;
		*flags = on ? *flags | bit : *flags & ~bit;
		p += 2;
		if (p < end && *p == ',')
			p++;
	}
	ps->p = end + 1;
	return 0;
bad:
	diag_error(ps->c->diag, "log format '%s': flags are +Q, +X, +E or - and a letter, "
	    "separated by commas", ps->f->text);
	return -1;
}

/* The `]` that ends the expression behind `[`: brackets in its arguments' quotes
 * and parentheses do not count. */
static const char *
expr_end(const char *p)
{
	bool in_args = false;
	char quote = '\0';

	for (; *p != '\0'; p++) {
		if (*p == '\\' && quote != '\'' && p[1] != '\0')
			p++;
		else if (quote != '\0')
			quote = *p == quote ? '\0' : quote;
		else if (in_args && (*p == '"' || *p == '\''))
			quote = *p;
		else if (*p == '(')
			in_args = true;
		else if (*p == ')')
			in_args = false;
		else if (*p == ']' && !in_args)
			return p;
	}
	return NULL;
}

static int
take_expr(struct parse *ps, unsigned flags)
{
	const char *end = expr_end(ps->p + 1);
	struct node *n;
	struct expr *e;

	if (end == NULL) {
		diag_error(ps->c->diag, "log format '%s': missing ']' behind an expression",
		    ps->f->text);
		return -1;
	}
	e = expr_parse(ps->c, ps->px, arena_strndup(ps->c->arena, ps->p + 1,
	    (size_t)(end - ps->p - 1)), ps->use);
	if (e == NULL)
		return -1;
	n = node_add(ps, NODE_EXPR);
	n->text = ps->name;
	n->flags = (uint8_t)flags;
	n->u.expr = e;
	ps->p = end + 1;
	return 0;
}

static bool
is_letter(char c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static int
take_alias(struct parse *ps, unsigned flags)
{
	const struct alias_row *a;
	struct node *n;
	size_t len = 0;

	while (is_letter(ps->p[len]))
		len++;
	if (len == 1 && *ps->p == 'o') {	/* flags for the rest */
		ps->flags = flags;
		ps->p++;
		return 0;
	}
	if (ps->f->flags & LF_NO_ALIAS) {
		diag_error(ps->c->diag, "format '%s': '%%%.*s' tells of a request and there is "
		    "none here; use an expression, '%%[...]'.", ps->f->text, (int)len, ps->p);
		return -1;
	}
	if ((a = alias_find(ps->p, len)) == NULL) {
		diag_error(ps->c->diag, "no such format alias '%.*s'. If you wanted to emit the "
		    "'%%' character verbatim, you need to use '%%%%'.", (int)len, ps->p);
		return -1;
	}
	n = node_add(ps, NODE_ALIAS);
	n->text = ps->name;
	ps->f->needs |= a->needs;
	n->flags = (uint8_t)flags;
	n->u.alias = a;
	ps->p += len;
	return 0;
}

/* What is behind a `%`. */
static int
take_item(struct parse *ps)
{
	unsigned flags = ps->flags;

	flush_text(ps);
	ps->name = STR("");
	if (*ps->p == '(') {	/* a name, for +json; a type behind `:` is known anyway */
		const char *end = strchr(ps->p, ')');
		size_t len = strcspn(ps->p + 1, ":)");

		if (end == NULL) {
			diag_error(ps->c->diag, "log format '%s': missing ')' behind a name",
			    ps->f->text);
			return -1;
		}
		ps->name = (struct str){ arena_strndup(ps->c->arena, ps->p + 1, len), len };
		ps->p = end + 1;
	}
	if (*ps->p == '{' && take_flags(ps, &flags) < 0)
		return -1;
	return *ps->p == '[' ? take_expr(ps, flags) : take_alias(ps, flags);
}

struct logformat *
logformat_parse(struct cfg *c, struct proxy *px, const char *text, uint32_t use,
    unsigned flags)
{
	struct logformat *f = arena_alloc(c->arena, sizeof(*f));
	struct parse ps = { .c = c, .px = px, .f = f, .use = use, .flags = flags, .p = text };
	size_t len = strlen(text);

	f->flags = flags;
	f->needs = 0;
	f->text = text;
	out_init(&ps.text, arena_alloc(c->arena, len + 1), len);
	while (*ps.p != '\0') {
		if (*ps.p != '%') {
			out_char(&ps.text, *ps.p++);
		} else if (ps.p[1] == '%') {
			out_char(&ps.text, '%');
			ps.p += 2;
		} else {
			ps.p++;
			if (take_item(&ps) < 0)
				return NULL;
		}
	}
	flush_text(&ps);
	return f;
}

bool
logformat_is_const(const struct logformat *f, struct str *ret)
{
	if (f->n > 1 || (f->n == 1 && f->nodes[0].kind != NODE_TEXT))
		return false;
	*ret = f->n == 1 ? f->nodes[0].text : STR("");
	return true;
}

/* ---- building ---- */

static void
out_escaped(struct out *o, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\' || s.p[i] == ']')
			out_char(o, '\\');
		if ((uint8_t)s.p[i] < 32 || s.p[i] == 127)
			out_fmt(o, "#%02X", (unsigned)(uint8_t)s.p[i]);
		else
			out_char(o, s.p[i]);
	}
}

/* Header values and targets: controls as %XX, but no tab. */
static void
out_http(struct out *o, struct str s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t ch = (uint8_t)s.p[i];

		if (likely((ch >= 32 && ch != 127) || ch == '\t'))
			continue;
		out_mem(o, s.p + from, i - from);
		out_fmt(o, "%%%02X", (unsigned)ch);
		from = i + 1;
	}
	if (s.len > from)
		out_mem(o, s.p + from, s.len - from);
}

static void
out_as(struct out *o, unsigned flags, struct str s)
{
	if (flags & LF_ESCAPE)
		out_escaped(o, s);
	else if (flags & LF_LOG)
		out_log(o, s);
	else if (flags & LF_HTTP)
		out_http(o, s);
	else
		out_str(o, s);
}

static void
build_expr(const struct node *n, struct sample_ctx *x, struct out *o)
{
	size_t mark = eval_mark();
	struct sample s;
	bool found;

	found = expr_eval(n->u.expr, x, &s);
	if (!found && (n->flags & LF_LOG))
		s = (struct sample){ .type = SMP_STR };
	if (found && s.type == SMP_INT && (n->flags & (LF_HEX | LF_LOG)) == (LF_HEX | LF_LOG)) {
		out_fmt(o, "%llX", (unsigned long long)s.u.i);
	} else if (found || (n->flags & LF_LOG)) {
		bool is_text = s.type == SMP_STR || s.type == SMP_BIN || s.type == SMP_METHOD;

		if (n->flags & LF_QUOTE)
			out_char(o, '"');
		if (is_text && s.u.s.len == 0 && (n->flags & (LF_LOG | LF_QUOTE)) == LF_LOG)
			out_char(o, '-');
		else if (is_text)
			out_as(o, n->flags, s.u.s);
		else
			sample_out(o, &s);
		if (n->flags & LF_QUOTE)
			out_char(o, '"');
	}
	eval_release(mark);
}

static void
build_alias(const struct node *n, struct sample_ctx *x, struct out *o)
{
	bool quoted = (n->flags & LF_QUOTE) && n->u.alias->is_text;

	if (quoted)
		out_char(o, '"');
	n->u.alias->fn(x, n->flags, o);
	if (quoted)
		out_char(o, '"');
}

bool
logformat_is_json(const struct logformat *f)
{
	return (f->flags & LF_JSON) != 0;
}

unsigned
logformat_needs(const struct logformat *f)
{
	return f->needs;
}

/* ---- text ---- */

bool
logformat_build(const struct logformat *f, struct sample_ctx *x, struct out *o)
{
	if (unlikely(f->flags & LF_JSON))
		return logformat_build_json(f, x, o, SIZE_MAX);
	for (const struct node *n = f->nodes, *end = n + f->n; n < end; n++) {
		switch (n->kind) {
		case NODE_TEXT:
			/* what wrote nothing takes its blank with it */
			if ((f->flags & LF_LOG) && n->text.p[0] == ' ' &&
			    (o->p == o->start || o->p[-1] == ' '))
				out_mem(o, n->text.p + 1, n->text.len - 1);
			else
				out_str(o, n->text);
			break;
		case NODE_ALIAS:
			build_alias(n, x, o);
			break;
		default:
			build_expr(n, x, o);
		}
	}
	return !o->overflow;
}

struct str
logformat_eval(const struct logformat *f, struct sample_ctx *x)
{
	struct str s;
	struct out o;
	char *p;
	size_t size;

	if (logformat_is_const(f, &s))
		return s;
	/* expressions need scratch of their own while the text grows */
	(void)eval_room(&size);
	size /= 2;
	if ((p = eval_alloc(size)) == NULL)
		return STR_NONE;
	out_init(&o, p, size);
	if (!logformat_build(f, x, &o))
		return STR_NONE;
	eval_release((size_t)(eval_mark() - size) + out_len(&o));
	return (struct str){ p, out_len(&o) };
}
