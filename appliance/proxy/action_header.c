/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Actions on header fields. Names are lowered when parsed. Fields that frame the
 * message or manage the connection are weir's own and cannot be set: a value
 * that differs from what is sent would let requests be smuggled.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "http/msg.h"
#include "http/uri.h"
#include "proxy/acl.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/rules.h"
#include "proxy/rules_in.h"
#include "proxy/txn.h"

struct header_action {
	struct str	 name;		/* lower case */
	struct logformat *format;
	struct regex	*regex;		/* replace-*, del-header -m reg */
	struct pat_set	*names;		/* del-header -m */
};

/* ---- changing ---- */

typedef bool change_fn(struct http_msg *m, struct str name, struct str value);

static bool
do_add(struct http_msg *m, struct str name, struct str value)
{
	return http_append(m, name, value, HTTP_FIELD_ADDED);
}

static bool
value_is_fit(struct str name, struct str value)
{
	struct str host;
	uint32_t port;

	if (!http_value_is_valid(value))
		return false;
	return !str_is(name, "host") || uri_authority_is_valid(value, &host, &port);
}

/* Once more with more memory, when it was memory that was missing. */
static bool
change(struct sample_ctx *x, struct http_msg *m, change_fn *fn, struct str name,
    struct str value)
{
	if (!value_is_fit(name, value))
		return false;
	return fn(m, name, value) || (txn_grow(x->t, m) && fn(m, name, value));
}

static struct http_msg *
message_of_rule(const struct rule *r, struct sample_ctx *x)
{
	return r->kind == RS_HTTP_REQUEST ? ctx_request(x) : ctx_response(x);
}

static enum rule_verdict
run_set_add(const struct rule *r, struct sample_ctx *x)
{
	const struct header_action *a = r->arg;
	struct http_msg *m = message_of_rule(r, x);
	struct str value = logformat_eval(a->format, x);

	if (m == NULL || value.p == NULL ||
	    !change(x, m, r->row->priv == 's' ? http_set : do_add, a->name, value))
		return rule_change_failed(r, x);
	return RULE_NEXT;
}

static enum rule_verdict
run_del(const struct rule *r, struct sample_ctx *x)
{
	const struct header_action *a = r->arg;
	struct http_msg *m = message_of_rule(r, x);
	struct sample s;

	if (m == NULL)
		return RULE_NEXT;
	if (a->names == NULL) {
		http_del(m, a->name);
		return RULE_NEXT;
	}
	for (uint16_t i = 0; i < m->nfields; i++) {
		if (m->fields[i].flags & HTTP_FIELD_GONE)
			continue;
		sample_str(&s, http_field_name(m, &m->fields[i]));
		if (pat_set_match(a->names, &s))
			http_del(m, s.u.s);
	}
	return RULE_NEXT;
}

/* ---- replacing ---- */

/* One value or element: into o as it was, or as the format says. */
static bool
replace_part(const struct header_action *a, struct str fmt, struct str part, struct out *o)
{
	struct str g[REGEX_GROUPS];
	unsigned n;

	if (!regex_match(a->regex, part, g, &n)) {
		out_str(o, part);
		return false;
	}
	regex_expand(o, fmt, g, n);
	return true;
}

/* Elements of a comma list one by one, blanks around them kept. */
static bool
replace_elements(const struct header_action *a, struct str fmt, struct str v, struct out *o)
{
	bool changed = false, quoted = false;
	size_t from = 0;

	for (size_t i = 0; i <= v.len; i++) {
		struct str part, bare;

		if (i < v.len && v.p[i] == '"')
			quoted = !quoted;
		if (i < v.len && (v.p[i] != ',' || quoted))
			continue;
		part = (struct str){ v.p + from, i - from };
		bare = str_trim(part);
		if (bare.len > 0) {
			out_mem(o, part.p, (size_t)(bare.p - part.p));
			changed |= replace_part(a, fmt, bare, o);
			out_mem(o, bare.p + bare.len,
			    (size_t)(part.p + part.len - bare.p - bare.len));
		} else {
			out_str(o, part);
		}
		if (i < v.len)
			out_char(o, ',');
		from = i + 1;
	}
	return changed;
}

/* The n-th field gets this value: it is appended and takes the old one's place
 * among its kind, which is all that order means to a recipient. */
static bool
replace_field(struct sample_ctx *x, struct http_msg *m, uint16_t at, struct str name,
    struct str value)
{
	if (!change(x, m, do_add, name, value))
		return false;
	m->fields[at].flags |= HTTP_FIELD_GONE;
	return true;
}

static bool
is_named(const struct http_msg *m, uint16_t i, struct str name)
{
	return !(m->fields[i].flags & HTTP_FIELD_GONE) &&
	    str_eq(http_field_name(m, &m->fields[i]), name);
}

/* All fields of the name are written anew when one changes, so order stays. */
static enum rule_verdict
run_replace(const struct rule *r, struct sample_ctx *x)
{
	const struct header_action *a = r->arg;
	struct http_msg *m = message_of_rule(r, x);
	struct str fmt = logformat_eval(a->format, x), v;
	uint16_t n = m != NULL ? m->nfields : 0;
	bool any = false, hit;
	struct out o;

	if (fmt.p == NULL)
		return rule_change_failed(r, x);
	for (uint16_t i = 0; i < n; i++) {
		if (!is_named(m, i, a->name))
			continue;
		o = eval_out();
		v = http_field_value(m, &m->fields[i]);
		hit = r->row->priv == 'v' ? replace_elements(a, fmt, v, &o) :
		    replace_part(a, fmt, v, &o);
		any |= hit;
		if (!any)
			continue;
		if (!eval_keep(&o, &v) || !replace_field(x, m, i, a->name, v))
			return rule_change_failed(r, x);
	}
	return RULE_NEXT;
}

/* ---- parsing ---- */

static const char *const reserved[] = {
	"content-length", "transfer-encoding", "connection", "keep-alive",
	"proxy-connection", "te", "trailer", "upgrade", "http2-settings",
};

static int
take_name(struct cfg *c, const char *word, bool may_reserved, struct str *ret)
{
	char *name = arena_strdup(c->arena, word);

	for (char *p = name; *p != '\0'; p++)
		*p = ascii_lower(*p);
	*ret = str_of(name);
	if (!http_token_is_valid(*ret)) {
		diag_error(c->diag, "'%s' is not a valid header name", word);
		return -1;
	}
	for (size_t i = 0; !may_reserved && i < ARRAY_LEN(reserved); i++)
		if (strcmp(name, reserved[i]) == 0) {
			diag_error(c->diag, "header '%s' cannot be changed: weir manages framing "
			    "and connections itself", name);
			return -1;
		}
	return 0;
}

static int
parse_set_add(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	struct header_action *a = arena_alloc(c->arena, sizeof(*a));
	struct str text;

	if (nargs < 2 || strcmp(args[1], "if") == 0 || strcmp(args[1], "unless") == 0) {
		diag_error(c->diag, "'%s' expects exactly 2 arguments.", r->row->name);
		return -1;
	}
	if (take_name(c, args[0], false, &a->name) < 0 ||
	    (a->format = logformat_parse(c, r->px, args[1], r->use, LF_HTTP)) == NULL)
		return -1;
	if (logformat_is_const(a->format, &text) && !value_is_fit(a->name, text)) {
		diag_error(c->diag, "'%s': '%s' is not possible as value of '%s'.", r->row->name,
		    args[1], args[0]);
		return -1;
	}
	r->arg = a;
	*ret_used = 2;
	return 0;
}

static int
parse_replace(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	struct header_action *a = arena_alloc(c->arena, sizeof(*a));

	if (nargs < 3) {
		diag_error(c->diag, "'%s' expects exactly 3 arguments.", r->row->name);
		return -1;
	}
	if (take_name(c, args[0], false, &a->name) < 0 ||
	    (a->regex = regex_new(c, args[1], false)) == NULL ||
	    (a->format = logformat_parse(c, r->px, args[2], r->use, LF_HTTP)) == NULL)
		return -1;
	r->arg = a;
	*ret_used = 3;
	return 0;
}

static int
del_method(const char *word)
{
	static const struct { const char *name; int match; } m[] = {
		{ "str", PAT_STR }, { "beg", PAT_BEG }, { "end", PAT_END },
		{ "sub", PAT_SUB }, { "reg", PAT_REG },
	};

	for (size_t i = 0; i < ARRAY_LEN(m); i++)
		if (strcmp(word, m[i].name) == 0)
			return m[i].match;
	return -1;
}

static int
parse_del(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	struct header_action *a = arena_alloc(c->arena, sizeof(*a));
	int match;

	if (nargs < 1) {
		diag_error(c->diag, "'del-header' expects a header name.");
		return -1;
	}
	r->arg = a;
	*ret_used = 1;
	if (nargs < 2 || strcmp(args[1], "-m") != 0)
		return take_name(c, args[0], true, &a->name);
	if (nargs < 3 || (match = del_method(args[2])) < 0) {
		diag_error(c->diag, "'del-header' expects 'str', 'beg', 'end', 'sub' or 'reg' "
		    "behind '-m'.");
		return -1;
	}
	a->names = pat_set_new(c, (enum pat_match)match, true);
	if (pat_set_add(c, a->names, args[0]) < 0)
		return -1;
	pat_set_compile(c, a->names);
	*ret_used = 3;
	return 0;
}

#define KINDS	(1u << RS_HTTP_REQUEST | 1u << RS_HTTP_RESPONSE | 1u << RS_HTTP_AFTER)

static const struct action_row actions[] = {
	{ "set-header", KINDS, parse_set_add, run_set_add, 's', "<name> <format>",
	    "Replaces all fields of this name by one." },
	{ "add-header", KINDS, parse_set_add, run_set_add, 'a', "<name> <format>",
	    "Adds a field." },
	{ "del-header", KINDS, parse_del, run_del, 0, "<name> [-m <method>]",
	    "Deletes all fields of this name, or of names that match." },
	{ "replace-header", KINDS, parse_replace, run_replace, 'h', "<name> <regex> <format>",
	    "Writes whole field values anew where they match." },
	{ "replace-value", KINDS, parse_replace, run_replace, 'v', "<name> <regex> <format>",
	    "Writes elements of comma lists anew where they match." },
	{ .name = NULL }
};

const struct module mod_action_header = {
	.name = "action_header",
	.actions = actions,
};
