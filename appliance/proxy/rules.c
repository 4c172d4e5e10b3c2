/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rule sets: parsing `http-request ACTION ... [if|unless COND]` and its kin into
 * lists of rules, and running them. Rules of a named defaults section run before
 * the section's own. An action that runs decides by its verdict whether the next
 * rule is looked at.
 *
 * TCP content rules are run again from the first one each time bytes arrive,
 * until none of them needs more.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/acl.h"
#include "proxy/be_switch.h"
#include "proxy/bind_count.h"
#include "proxy/count.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/rules.h"
#include "proxy/rules_in.h"
#include "proxy/session.h"
#include "proxy/txn.h"

static const struct kind {
	const char	*words;
	uint32_t	 use;
	unsigned	 cap;
} kinds[RS_MAX] = {
	[RS_TCP_CONNECTION] = { "tcp-request connection", USE_AT_CONNECTION, CAP_FRONTEND },
	[RS_TCP_SESSION] = { "tcp-request session", USE_AT_SESSION, CAP_FRONTEND },
	[RS_TCP_CONTENT] = { "tcp-request content", USE_AT_REQ, CAP_FRONTEND | CAP_BACKEND },
	[RS_HTTP_REQUEST] = { "http-request", USE_AT_REQ, CAP_FRONTEND | CAP_BACKEND },
	[RS_TCP_RESPONSE] = { "tcp-response content", USE_AT_RES, CAP_BACKEND },
	[RS_HTTP_RESPONSE] = { "http-response", USE_AT_RES, CAP_FRONTEND | CAP_BACKEND },
	[RS_HTTP_AFTER] = { "http-after-response", USE_AT_RES, CAP_FRONTEND | CAP_BACKEND },
};

/* ---- running ---- */

static enum rule_verdict
run_list(const struct ruleset *rs, struct sample_ctx *x)
{
	enum rule_verdict v;
	size_t mark;

	for (const struct rule *r = rs->first; r != NULL; r = r->next) {
		if (r->cond != NULL) {
			enum acl_result hit = acl_cond_eval(r->cond, x);

			if (hit == ACL_MISS)
				return RULE_WAIT;
			if (hit == ACL_FAIL)
				continue;
		}
		mark = eval_mark();
		v = r->row->run(r, x);
		eval_release(mark);
		if (v != RULE_NEXT)
			return v;
	}
	return RULE_NEXT;
}

enum rule_verdict
ruleset_run(const struct ruleset *rs, struct sample_ctx *x)
{
	enum rule_verdict v = RULE_NEXT;

	if (rs->inherited != NULL)
		v = run_list(rs->inherited, x);
	return v == RULE_NEXT ? run_list(rs, x) : v;
}

const char *
rule_verdict_name(enum rule_verdict v)
{
	static const char *const names[] = {
		"next", "stop", "reply", "deny", "reject", "drop", "tarpit", "wait", "service",
		"error"
	};

	return (unsigned)v < ARRAY_LEN(names) ? names[v] : "?";
}

enum rule_verdict
rule_change_failed(const struct rule *r, struct sample_ctx *x)
{
	struct proxy_live *l = r->px->live;

	if (l != NULL && x->t != NULL && x->t->loop != NULL) {
		struct proxy_thread *th = &l->threads[x->t->loop->id];

		if (r->px->cap & CAP_FRONTEND)
			COUNT(&th->fe, wrew);
		if (r->px->cap & CAP_BACKEND)
			COUNT(&th->be, wrew);
		COUNT_BIND(x->t->sess->listener, wrew);
	}
	return x->is_lenient ? RULE_NEXT : RULE_ERROR;
}

struct proxy *
rules_pick_backend(struct sample_ctx *x, struct proxy *fe)
{
	struct proxy *be;
	char name[256];
	struct out o;
	size_t mark;

	for (const struct use_backend *u = fe->use_backends; u != NULL; u = u->next) {
		while (u->guard != NULL && !acl_guard_passes(u->guard, x))
			if ((u = u->behind) == NULL)
				return NULL;
		if (!acl_cond_passes(u->cond, x))
			continue;
		if (u->format == NULL) {
			if (be_switch_may(x, fe, u->backend))
				return u->backend;
			continue;
		}
		mark = eval_mark();
		out_init(&o, name, sizeof(name) - 1);
		be = NULL;
		if (logformat_build(u->format, x, &o)) {
			*o.p = '\0';
			be = proxy_find(fe->snap, name, CAP_BACKEND);
		}
		eval_release(mark);
		if (be == NULL || be_switch_may(x, fe, be))
			return be;	/* an unknown name: the default backend's turn */
	}
	return NULL;
}

struct server *
rules_pick_server(struct sample_ctx *x, struct proxy *be)
{
	struct server *srv;
	char name[256];
	struct out o;
	size_t mark;

	for (const struct use_server *u = be->use_servers; u != NULL; u = u->next) {
		if (!acl_cond_passes(u->cond, x))
			continue;
		if (u->format == NULL)
			return u->server;
		mark = eval_mark();
		out_init(&o, name, sizeof(name) - 1);
		srv = NULL;
		if (logformat_build(u->format, x, &o)) {
			*o.p = '\0';
			srv = server_find(be, name);
		}
		eval_release(mark);
		if (srv != NULL)
			return srv;
	}
	return NULL;
}

/* ---- parsing ---- */

/* `set-var(` takes `set-var(txn.a)`; other names are whole words. */
static bool
action_is(const struct action_row *a, const char *word)
{
	size_t len = strlen(a->name);

	if (a->name[len - 1] == '(')
		return strncmp(word, a->name, len) == 0;
	return strcmp(word, a->name) == 0;
}

static const struct action_row *
action_find(const char *word, unsigned kind)
{
	MODULE_EACH(m)
		for (const struct action_row *a = m->actions; a != NULL && a->name != NULL; a++)
			if ((a->in & 1u << kind) && action_is(a, word))
				return a;
	return NULL;
}

static const char *
nth_action(size_t i, void *arg)
{
	unsigned kind = *(unsigned *)arg;

	MODULE_EACH(m)
		for (const struct action_row *a = m->actions; a != NULL && a->name != NULL; a++)
			if ((a->in & 1u << kind) && a->parse != NULL && i-- == 0)
				return a->name;
	return NULL;
}

static void
unknown_action(struct cfg *c, unsigned kind, const char *word)
{
	const char *near = str_nearest(word, nth_action, &kind), *name;
	struct outbuf list;

	outbuf_init(&list, 0);
	for (size_t i = 0; (name = nth_action(i, &kind)) != NULL; i++) {
		size_t len = strlen(name);
		bool has_arg = name[len - 1] == '(';

		outbuf_fmt(&list, "%s'%s%s'", i > 0 ? ", " : "", name, has_arg ? "*)" : "");
	}
	diag_error(c->diag, "'%s' expects %s, but got '%s'.%s%s%s", kinds[kind].words,
	    list.data, word, near != NULL ? " Did you mean '" : "",
	    near != NULL ? near : "", near != NULL ? "' maybe ?" : "");
	outbuf_fini(&list);
}

static struct ruleset *
ruleset_of(struct cfg *c, struct proxy *px, unsigned kind)
{
	struct ruleset *rs = px->rules[kind];

	if (rs == NULL) {
		rs = px->rules[kind] = arena_alloc(c->arena, sizeof(*rs));
		rs->last = &rs->first;
	}
	return rs;
}

static int
parse_cond(struct cfg *c, struct rule *r, char **args, int nargs)
{
	const char *name = r->row->name;

	if (nargs == 0)
		return 0;
	if (strcmp(args[0], "if") != 0 && strcmp(args[0], "unless") != 0) {
		diag_error(c->diag, "'%s %s%s' expects either 'if' or 'unless' followed by a "
		    "condition but found '%s'.", kinds[r->kind].words, name,
		    name[strlen(name) - 1] == '(' ? "...)" : "", args[0]);
		return -1;
	}
	r->cond = acl_cond_parse(c, r->px, args, nargs, r->use);
	return r->cond != NULL ? 0 : -1;
}

static struct rule *
rule_new(struct cfg *c, struct proxy *px, unsigned kind, char **args)
{
	struct rule *r = arena_alloc(c->arena, sizeof(*r));

	r->row = action_find(args[0], kind);
	r->px = px;
	r->word = args[0];
	r->file = c->file;
	r->line = c->line;
	r->kind = (uint8_t)kind;
	r->use = kinds[kind].use;
	return r;
}

static int
parse_rule(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	unsigned kind = (unsigned)row->arg;
	struct proxy *px = proxy_of(c);
	struct ruleset *rs;
	struct rule *r;
	int used = 0;

	if (!proxy_takes(c, kinds[kind].cap, row->name, NULL))
		return 0;
	if (nargs == 0) {
		unknown_action(c, kind, "");
		return -1;
	}
	r = rule_new(c, px, kind, args);
	if (r->row == NULL) {
		unknown_action(c, kind, args[0]);
		return -1;
	}
	if (r->row->parse == NULL) {
		diag_error(c->diag, "'%s %s' is not supported: %s", row->name, args[0],
		    r->row->help);
		return -1;
	}
	if (r->row->parse(c, r, args + 1, nargs - 1, &used) < 0 ||
	    parse_cond(c, r, args + 1 + used, nargs - 1 - used) < 0)
		return -1;
	rs = ruleset_of(c, px, kind);
	*rs->last = r;
	rs->last = &r->next;
	return 0;
}

static int
parse_delay(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	uint64_t us;

	if (nargs != 1) {
		diag_error(c->diag, "'%s' expects a positive delay in milliseconds", row->name);
		return -1;
	}
	if (cfg_duration(c, row->name, args[0], 1000, &us) < 0)
		return -1;
	px->inspect_delay_us = us;
	return 0;
}

/* ---- use_backend, use-server ---- */

/* `[if|unless COND]` behind a name; *ret stays NULL without. 0 or -1. */
static int
optional_cond(struct cfg *c, const char *what, char **args, int nargs, uint32_t use,
    struct acl_cond **ret)
{
	if (nargs == 0)
		return 0;
	if (strcmp(args[0], "if") != 0 && strcmp(args[0], "unless") != 0) {
		diag_error(c->diag, "'%s' expects either 'if' or 'unless' followed by a "
		    "condition but found '%s'.", what, args[0]);
		return -1;
	}
	*ret = acl_cond_parse(c, proxy_of(c), args, nargs, use);
	return *ret != NULL ? 0 : -1;
}

static int
parse_use_backend(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct use_backend *u = arena_alloc(c->arena, sizeof(*u)), **p;
	struct proxy *px = proxy_of(c);

	if (!proxy_takes(c, CAP_FRONTEND, row->name, NULL))
		return 0;
	if (nargs == 0) {
		diag_error(c->diag, "'use_backend' expects a backend name.");
		return -1;
	}
	u->name = args[0];
	if (strchr(args[0], '%') != NULL &&
	    (u->format = logformat_parse(c, px, args[0], USE_AT_REQ, 0)) == NULL)
		return -1;
	if (optional_cond(c, "use_backend", args + 1, nargs - 1, USE_AT_REQ, &u->cond) < 0)
		return -1;
	for (p = &px->use_backends; *p != NULL; p = &(*p)->next)
		;
	*p = u;
	return 0;
}

static int
parse_use_server(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct use_server *u = arena_alloc(c->arena, sizeof(*u)), **p;
	struct proxy *px = proxy_of(c);

	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	if (nargs == 0) {
		diag_error(c->diag, "'use-server' expects a server name.");
		return -1;
	}
	u->name = args[0];
	if (strchr(args[0], '%') != NULL &&
	    (u->format = logformat_parse(c, px, args[0], USE_AT_REQ, 0)) == NULL)
		return -1;
	if (optional_cond(c, "use-server", args + 1, nargs - 1, USE_AT_REQ, &u->cond) < 0)
		return -1;
	for (p = &px->use_servers; *p != NULL; p = &(*p)->next)
		;
	*p = u;
	return 0;
}

/* ---- after parsing ---- */

#define GUARD_RUN	3u	/* shorter runs are as quick one by one */
#define GUARD_MAX	64u

/* Runs of use_backend rules on one value, as `path_beg /a/` is followed by
 * `path_beg /b/`, are passed over by one look when none of them holds. */
static void
guard_runs(struct cfg *c, struct proxy *px)
{
	const struct acl_cond *conds[GUARD_MAX];
	struct use_backend *u = px->use_backends, *end;
	uint32_t n;

	for (; u != NULL; u = end) {
		conds[0] = u->cond;
		n = 1;
		for (end = u->next; end != NULL && n < GUARD_MAX &&
		    acl_cond_joins(u->cond, end->cond); end = end->next)
			conds[n++] = end->cond;
		if (n < GUARD_RUN)
			continue;
		u->guard = acl_guard_new(c, conds, n);
		u->behind = end;
	}
}

static int
resolve_names(struct cfg *c, struct proxy *px)
{
	int rc = 0;

	for (struct use_backend *u = px->use_backends; u != NULL; u = u->next) {
		if (u->format != NULL ||
		    (u->backend = proxy_find(c->snap, u->name, CAP_BACKEND)) != NULL)
			continue;
		diag_plain(c->diag, LOG_L_ALERT, "config : Proxy '%s': unable to find required "
		    "use_backend: '%s'.", px->name, u->name);
		rc = -1;
	}
	for (struct use_server *u = px->use_servers; u != NULL; u = u->next) {
		if (u->format != NULL || (u->server = server_find(px, u->name)) != NULL)
			continue;
		diag_plain(c->diag, LOG_L_ALERT, "config : backend '%s': unable to find server "
		    "'%s' referenced in a 'use-server' rule.", px->name, u->name);
		rc = -1;
	}
	return rc;
}

/* TCP rules with a delay end it; without one, content rules see what the first
 * bytes brought. */
static void
inherit_rules(struct cfg *c, struct proxy *px)
{
	const struct proxy *from = px->from;

	if (from == NULL)
		return;
	for (unsigned k = 0; k < RS_MAX; k++) {
		if (from->rules[k] == NULL || (kinds[k].cap & px->cap) == 0)
			continue;
		ruleset_of(c, px, k)->inherited = from->rules[k];
	}
	if (px->inspect_delay_us == 0)
		px->inspect_delay_us = from->inspect_delay_us;
}

static int
post_rules(struct cfg *c)
{
	int rc = 0;

	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next) {
		inherit_rules(c, px);
		guard_runs(c, px);
		if (resolve_names(c, px) < 0)
			rc = -1;
	}
	return rc;
}

#define RULES(name, kind, help) \
	{ name, IN_PROXY, KW_OBEYED, 0, 255, KW_F_ANY_ARGS, parse_rule, kind, \
	    "<action> [<args>...] [{if | unless} <condition>]", help }

static const struct kw_row rows[] = {
	RULES("tcp-request connection", RS_TCP_CONNECTION, "Rule at accept."),
	RULES("tcp-request session", RS_TCP_SESSION, "Rule after PROXY header and TLS."),
	RULES("tcp-request content", RS_TCP_CONTENT, "Rule on the first bytes or request."),
	RULES("http-request", RS_HTTP_REQUEST, "Rule on each request."),
	RULES("http-response", RS_HTTP_RESPONSE, "Rule on each response of a server."),
	RULES("http-after-response", RS_HTTP_AFTER, "Rule on each response, also weir's own."),
	{ "tcp-request inspect-delay", IN_PROXY, KW_OBEYED, 0, 1, 0, parse_delay, 0, "<time>",
	    "How long content rules wait for bytes." },
	{ "tcp-response", IN_PROXY, KW_REFUSED, 0, 0, KW_F_ANY_ARGS, NULL, 0, "",
	    "rules on what servers send are built in a later release." },
	{ "use_backend", IN_FRONTEND | IN_BACKEND, KW_OBEYED, 0, 255, KW_F_ANY_ARGS,
	    parse_use_backend, 0, "<backend> [{if | unless} <condition>]",
	    "Chooses the backend; the name may be a format." },
	{ "use-server", IN_FRONTEND | IN_BACKEND, KW_OBEYED, 0, 255, KW_F_ANY_ARGS,
	    parse_use_server, 0, "<server> [{if | unless} <condition>]",
	    "Chooses the server before balancing does." },
	{ .name = NULL }
};

static const struct post_row post[] = {
	{ "rules", post_rules },
	{ NULL, NULL }
};

const struct module mod_rules = {
	.name = "rules",
	.cfg = rows,
	.post = post,
};
