/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Actions on the request line and the status line. New targets are checked by
 * http_set_target as strictly as received ones.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "http/msg.h"
#include "http/uri.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/rules.h"
#include "proxy/rules_in.h"
#include "proxy/txn.h"

struct line_action {
	struct logformat *format;
	struct regex	*regex;
	uint16_t	 status;
	struct str	 reason;
};

static bool
set_target(struct sample_ctx *x, struct http_msg *m, struct str target)
{
	return http_set_target(m, target) ||
	    (target.len > m->cap - m->len && txn_grow(x->t, m) && http_set_target(m, target));
}

/* The log line shows the request as it came: keep where that is. */
static void
keep_original(struct txn *t, const struct http_msg *m)
{
	if (t->orig_target.len == 0)
		t->orig_target = m->target;
	if (t->orig_method.len == 0)
		t->orig_method = m->method_text;
}

/* `path?query` into scratch; has_query tells an empty query from none. */
static struct str
join(struct str path, bool has_query, struct str query)
{
	struct out o = eval_out();
	struct str text;

	out_str(&o, path);
	if (has_query) {
		out_char(&o, '?');
		out_str(&o, query);
	}
	return eval_keep(&o, &text) ? text : STR_NONE;
}

static bool
has_query(const struct http_msg *m)
{
	struct str t = http_str(m, m->target);

	return t.len > 0 && memchr(t.p, '?', t.len) != NULL;
}

/* `http://host/path` changes Host as well; else the target alone. */
static bool
set_uri(struct sample_ctx *x, struct http_msg *m, struct str uri)
{
	struct str scheme_end = STR("://"), host, authority, rest;
	const char *at = uri.len > 0 && uri.p[0] != '/' ? str_find(uri, scheme_end) : NULL;
	const char *slash, *end = uri.p + uri.len;
	uint32_t port;

	if (at == NULL)
		return set_target(x, m, uri);
	at += 3;
	slash = memchr(at, '/', (size_t)(end - at));
	if (slash == NULL)
		slash = end;
	authority = (struct str){ at, (size_t)(slash - at) };
	rest = slash < end ? (struct str){ slash, (size_t)(end - slash) } : STR("/");
	if (!uri_authority_is_valid(authority, &host, &port) || !set_target(x, m, rest))
		return false;
	return http_set(m, STR("host"), authority) ||
	    (txn_grow(x->t, m) && http_set(m, STR("host"), authority));
}

/* part: p path, q path and query, ? query, u whole */
static bool
apply(struct sample_ctx *x, struct http_msg *m, intptr_t part, struct str v)
{
	keep_original(x->t, m);
	switch (part) {
	case 'p':
		if (v.len == 0 || v.p[0] != '/')
			return false;
		v = join(v, has_query(m), http_query(m));
		break;
	case '?':
		v = join(http_path(m), v.len > 0, v);
		break;
	case 'u':
		return set_uri(x, m, v);
	default:
		if (v.len == 0 || v.p[0] != '/')
			return false;
	}
	return v.p != NULL && set_target(x, m, v);
}

static enum rule_verdict
run_set(const struct rule *r, struct sample_ctx *x)
{
	const struct line_action *a = r->arg;
	struct http_msg *m = ctx_request(x);
	struct str v = logformat_eval(a->format, x);

	if (m == NULL || v.p == NULL || !apply(x, m, r->row->priv, v))
		return rule_change_failed(r, x);
	return RULE_NEXT;
}

static enum rule_verdict
run_set_method(const struct rule *r, struct sample_ctx *x)
{
	const struct line_action *a = r->arg;
	struct http_msg *m = ctx_request(x);
	struct str v = logformat_eval(a->format, x);

	if (m != NULL)
		keep_original(x->t, m);
	if (m == NULL || v.p == NULL || !http_token_is_valid(v) || str_is(v, "CONNECT") ||
	    m->method == HTTP_M_CONNECT ||
	    !(http_set_method(m, v) || (txn_grow(x->t, m) && http_set_method(m, v))))
		return rule_change_failed(r, x);
	return RULE_NEXT;
}

static enum rule_verdict
run_replace(const struct rule *r, struct sample_ctx *x)
{
	const struct line_action *a = r->arg;
	struct http_msg *m = ctx_request(x);
	struct str g[REGEX_GROUPS], subject, fmt, text;
	struct out o;
	unsigned n;

	if (m == NULL)
		return RULE_NEXT;
	subject = r->row->priv == 'p' ? http_path(m) : http_str(m, m->target);
	fmt = logformat_eval(a->format, x);
	if (fmt.p == NULL)
		return rule_change_failed(r, x);
	if (!regex_match(a->regex, subject, g, &n))
		return RULE_NEXT;
	o = eval_out();
	regex_expand(&o, fmt, g, n);
	if (!eval_keep(&o, &text) || !apply(x, m, r->row->priv, text))
		return rule_change_failed(r, x);
	return RULE_NEXT;
}

static enum rule_verdict
run_status(const struct rule *r, struct sample_ctx *x)
{
	const struct line_action *a = r->arg;
	struct http_msg *m = ctx_response(x);
	struct str reason = a->reason;

	if (m == NULL)
		return RULE_NEXT;
	if (reason.len == 0)
		reason = str_of(http_status_reason(a->status));
	if (!http_set_status(m, a->status, reason) &&
	    !(txn_grow(x->t, m) && http_set_status(m, a->status, reason)))
		return rule_change_failed(r, x);
	x->t->status = a->status;
	return RULE_NEXT;
}

/* ---- parsing ---- */

static int
parse_set(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	struct line_action *a = arena_alloc(c->arena, sizeof(*a));

	if (nargs < 1) {
		diag_error(c->diag, "'%s' expects exactly 1 argument.", r->row->name);
		return -1;
	}
	if ((a->format = logformat_parse(c, r->px, args[0], r->use, LF_HTTP)) == NULL)
		return -1;
	r->arg = a;
	*ret_used = 1;
	return 0;
}

static int
parse_replace(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	struct line_action *a = arena_alloc(c->arena, sizeof(*a));

	if (nargs < 2) {
		diag_error(c->diag, "'%s' expects exactly 2 arguments: <match-regex> "
		    "<replace-fmt>.", r->row->name);
		return -1;
	}
	if ((a->regex = regex_new(c, args[0], false)) == NULL ||
	    (a->format = logformat_parse(c, r->px, args[1], r->use, LF_HTTP)) == NULL)
		return -1;
	r->arg = a;
	*ret_used = 2;
	return 0;
}

static int
parse_status(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	struct line_action *a = arena_alloc(c->arena, sizeof(*a));
	uint64_t v;

	if (nargs < 1) {
		diag_error(c->diag, "'set-status' expects 1 or 3 arguments: <status> "
		    "[reason <fmt>].");
		return -1;
	}
	if (cfg_uint(c, "set-status", args[0], 200, 599, &v) < 0)
		return -1;
	a->status = (uint16_t)v;
	*ret_used = 1;
	if (nargs > 2 && strcmp(args[1], "reason") == 0) {
		a->reason = str_of(args[2]);
		*ret_used = 3;
		if (!http_value_is_valid(a->reason)) {
			diag_error(c->diag, "'%s' is not a valid reason phrase", args[2]);
			return -1;
		}
	}
	r->arg = a;
	return 0;
}

#define REQ	(1u << RS_HTTP_REQUEST)
#define RES	(1u << RS_HTTP_RESPONSE | 1u << RS_HTTP_AFTER)

static const struct action_row actions[] = {
	{ "set-method", REQ, parse_set, run_set_method, 0, "<format>", "Changes the method." },
	{ "set-path", REQ, parse_set, run_set, 'p', "<format>",
	    "Changes the path; the query stays." },
	{ "set-pathq", REQ, parse_set, run_set, 'q', "<format>", "Changes path and query." },
	{ "set-query", REQ, parse_set, run_set, '?', "<format>",
	    "Changes what is behind the `?`; empty removes it." },
	{ "set-uri", REQ, parse_set, run_set, 'u', "<format>",
	    "Changes the target; in absolute form Host as well." },
	{ "replace-path", REQ, parse_replace, run_replace, 'p', "<regex> <format>",
	    "Writes the path anew where it matches; the query stays." },
	{ "replace-pathq", REQ, parse_replace, run_replace, 'q', "<regex> <format>",
	    "Writes path and query anew where they match." },
	{ "replace-uri", REQ, parse_replace, run_replace, 'u', "<regex> <format>",
	    "Writes the target anew where it matches." },
	{ "set-status", RES, parse_status, run_status, 0, "<status> [reason <text>]",
	    "Changes the status of the response." },
	{ .name = NULL }
};

const struct module mod_action_line = {
	.name = "action_line",
	.actions = actions,
};
