/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Actions that set something beside the message: variables, timeouts, retries,
 * the level of the log line, the client's address, strict mode; and those that
 * are known but not built, each with its reason.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/rules.h"
#include "proxy/rules_in.h"
#include "proxy/session.h"
#include "proxy/txn.h"
#include "proxy/vars.h"

/* ---- variables ---- */

#define IF_EXISTS	0x01u
#define IF_NOT_EXISTS	0x02u
#define IF_EMPTY	0x04u
#define IF_NOT_EMPTY	0x08u
#define IF_SET		0x10u
#define IF_NOT_SET	0x20u
#define IF_GT		0x40u
#define IF_LT		0x80u

static const char *const conditions[] = {
	"ifexists", "ifnotexists", "ifempty", "ifnotempty", "ifset", "ifnotset", "ifgt", "iflt"
};

struct var_action {
	const struct var_name *name;
	unsigned	 conds;
	struct expr	*expr;
	struct logformat *format;
};

static bool
is_empty(const struct sample *s)
{
	return (s->type == SMP_STR || s->type == SMP_BIN || s->type == SMP_METHOD) &&
	    s->u.s.len == 0;
}

/* IF_GT: set when the new value is greater than the present one. */
static bool
compare_allows(unsigned conds, struct sample old, struct sample new)
{
	if (!sample_cast(&old, SMP_INT) || !sample_cast(&new, SMP_INT))
		return false;
	return !((conds & IF_GT) && new.u.i <= old.u.i) &&
	    !((conds & IF_LT) && new.u.i >= old.u.i);
}

static bool
conds_allow(const struct var_action *a, struct sample_ctx *x, const struct sample *new)
{
	bool has_new = new != NULL;
	struct sample old;
	bool has_old;

	if (a->conds == 0)
		return true;
	has_old = var_get(x, a->name, &old);
	if (((a->conds & IF_EXISTS) && !has_old) || ((a->conds & IF_NOT_EXISTS) && has_old) ||
	    ((a->conds & IF_SET) && !has_old) || ((a->conds & IF_NOT_SET) && has_old))
		return false;
	if (!has_new)
		return true;
	if (((a->conds & IF_EMPTY) && !is_empty(new)) ||
	    ((a->conds & IF_NOT_EMPTY) && is_empty(new)))
		return false;
	return (a->conds & (IF_GT | IF_LT)) == 0 || !has_old ||
	    compare_allows(a->conds, old, *new);
}

static enum rule_verdict
run_set_var(const struct rule *r, struct sample_ctx *x)
{
	const struct var_action *a = r->arg;
	struct sample s;
	struct str text;

	if (a->format != NULL) {
		text = logformat_eval(a->format, x);
		if (text.p == NULL)
			return RULE_NEXT;
		sample_str(&s, text);
	} else {
		x->needs_more = false;
		if (!expr_eval(a->expr, x, &s))
			return x->needs_more && !x->is_final &&
			    r->kind == RS_TCP_CONTENT ? RULE_WAIT : RULE_NEXT;
	}
	if (conds_allow(a, x, &s))
		var_set(x, a->name, &s);
	return RULE_NEXT;
}

static enum rule_verdict
run_unset_var(const struct rule *r, struct sample_ctx *x)
{
	const struct var_action *a = r->arg;

	var_unset(x, a->name);
	return RULE_NEXT;
}

static int
parse_cond_names(struct cfg *c, struct var_action *a, char **words, int n)
{
	for (int i = 1; i < n; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(conditions) && strcmp(words[i], conditions[k]) != 0)
			k++;
		if (k == ARRAY_LEN(conditions)) {
			diag_error(c->diag, "unknown condition '%s' for a variable: expected "
			    "ifexists, ifnotexists, ifempty, ifnotempty, ifset, ifnotset, ifgt or "
			    "iflt", words[i]);
			return -1;
		}
		a->conds |= 1u << k;
	}
	return 0;
}

/* `set-var(txn.a,ifnotexists)`: the name in r->word */
static struct var_action *
parse_var_name(struct cfg *c, struct rule *r)
{
	struct var_action *a = arena_alloc(c->arena, sizeof(*a));
	size_t open = strlen(r->row->name), len = strlen(r->word);
	char **words;
	int n;

	if (len <= open || r->word[len - 1] != ')') {
		diag_error(c->diag, "'%s': missing closing ')' behind the variable's name",
		    r->word);
		return NULL;
	}
	if (cfg_split_args(c, (struct str){ r->word + open, len - open - 1 }, &words, &n) < 0)
		return NULL;
	if (n < 1 || (a->name = var_name_parse(c, words[0])) == NULL ||
	    parse_cond_names(c, a, words, n) < 0)
		return NULL;
	return a;
}

static int
parse_set_var(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	struct var_action *a = parse_var_name(c, r);

	if (a == NULL)
		return -1;
	if (nargs < 1 || strcmp(args[0], "if") == 0 || strcmp(args[0], "unless") == 0) {
		diag_error(c->diag, "'%s': missing %s.", r->word,
		    r->row->priv ? "format" : "fetch method");
		return -1;
	}
	if (r->row->priv)
		a->format = logformat_parse(c, r->px, args[0], r->use, 0);
	else
		a->expr = expr_parse(c, r->px, args[0], r->use);
	r->arg = a;
	*ret_used = 1;
	return a->format != NULL || a->expr != NULL ? 0 : -1;
}

static int
parse_unset_var(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	(void)args, (void)nargs;
	*ret_used = 0;
	r->arg = parse_var_name(c, r);
	return r->arg != NULL ? 0 : -1;
}

/* ---- timeouts and retries ---- */

struct timeout_action {
	size_t		 offset;	/* of the field in struct txn */
	uint64_t	 us;
	struct expr	*expr;		/* milliseconds; NULL: us */
};

static const struct { const char *name; size_t offset; } timeouts[] = {
	{ "client", offsetof(struct txn, timeout_client_us) },
	{ "connect", offsetof(struct txn, timeout_connect_us) },
	{ "queue", offsetof(struct txn, timeout_queue_us) },
	{ "server", offsetof(struct txn, timeout_server_us) },
	{ "tunnel", offsetof(struct txn, timeout_tunnel_us) },
};

static enum rule_verdict
run_set_timeout(const struct rule *r, struct sample_ctx *x)
{
	const struct timeout_action *a = r->arg;
	uint64_t us = a->us;
	struct sample s;

	if (x->t == NULL)
		return RULE_NEXT;
	if (a->expr != NULL) {
		if (!expr_eval_as(a->expr, x, SMP_INT, &s) || s.u.i < 1 ||
		    s.u.i > INT64_MAX / 1000)
			return RULE_NEXT;
		us = (uint64_t)s.u.i * 1000;
	}
	memcpy((char *)x->t + a->offset, &us, sizeof(us));
	return RULE_NEXT;
}

static int
parse_set_timeout(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	struct timeout_action *a = arena_alloc(c->arena, sizeof(*a));
	size_t i = 0;

	if (nargs < 2) {
		diag_error(c->diag, "'set-timeout' expects 2 arguments: a timeout's name and a "
		    "time or expression");
		return -1;
	}
	while (i < ARRAY_LEN(timeouts) && strcmp(args[0], timeouts[i].name) != 0)
		i++;
	if (i == ARRAY_LEN(timeouts)) {
		diag_error(c->diag, "'set-timeout' expects 'client', 'connect', 'queue', "
		    "'server' or 'tunnel', but got '%s'.", args[0]);
		return -1;
	}
	a->offset = timeouts[i].offset;
	r->arg = a;
	*ret_used = 2;
	if (args[1][0] >= '0' && args[1][0] <= '9') {
		if (cfg_duration(c, "set-timeout", args[1], 1000, &a->us) < 0)
			return -1;
		if (a->us != 0)
			return 0;
		diag_error(c->diag, "'set-timeout': null value is not valid for a timeout");
		return -1;
	}
	a->expr = expr_parse(c, r->px, args[1], r->use);
	return a->expr != NULL ? 0 : -1;
}

static enum rule_verdict
run_set_retries(const struct rule *r, struct sample_ctx *x)
{
	const struct timeout_action *a = r->arg;
	uint64_t n = a->us;
	struct sample s;

	if (a->expr != NULL) {
		if (!expr_eval_as(a->expr, x, SMP_INT, &s) || s.u.i < 0)
			return RULE_NEXT;
		n = (uint64_t)s.u.i;
	}
	if (x->t != NULL)
		x->t->retries_left = n > 100 ? 100 : (uint8_t)n;
	return RULE_NEXT;
}

static int
parse_set_retries(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	struct timeout_action *a = arena_alloc(c->arena, sizeof(*a));

	if (nargs < 1) {
		diag_error(c->diag, "'set-retries' expects a number or an expression");
		return -1;
	}
	r->arg = a;
	*ret_used = 1;
	if (args[0][0] >= '0' && args[0][0] <= '9')
		return cfg_uint(c, "set-retries", args[0], 0, 100, &a->us);
	a->expr = expr_parse(c, r->px, args[0], r->use);
	return a->expr != NULL ? 0 : -1;
}

/* ---- log level ---- */

static const char *const levels[] = {
	"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"
};

static enum rule_verdict
run_log_level(const struct rule *r, struct sample_ctx *x)
{
	const uint8_t *level = r->arg;

	if (x->t != NULL)
		x->t->log_level = *level;
	return RULE_NEXT;
}

static int
parse_log_level(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	uint8_t *level = arena_alloc(c->arena, sizeof(*level));
	size_t i = 0;

	r->arg = level;
	*ret_used = 1;
	if (nargs > 0 && strcmp(args[0], "silent") == 0) {
		*level = LOG_SILENT;
		return 0;
	}
	while (nargs > 0 && i < ARRAY_LEN(levels) && strcmp(args[0], levels[i]) != 0)
		i++;
	if (nargs == 0 || i == ARRAY_LEN(levels)) {
		diag_error(c->diag, "'set-log-level' expects exactly 1 argument: emerg, alert, "
		    "crit, err, warning, notice, info, debug or silent.");
		return -1;
	}
	*level = (uint8_t)(i + 1);
	return 0;
}

/* ---- the client's address ---- */

static enum rule_verdict
run_set_src(const struct rule *r, struct sample_ctx *x)
{
	struct ip_port *src = x->sess != NULL ? &x->sess->src : NULL;
	struct sample s;

	if (src == NULL || !expr_eval(r->arg, x, &s))
		return RULE_NEXT;
	if (r->row->priv) {
		if (sample_cast(&s, SMP_INT) && s.u.i >= 0 && s.u.i <= UINT16_MAX)
			src->port = (uint16_t)s.u.i;
	} else if (s.type == SMP_IPV4 || (s.type != SMP_IPV6 && sample_cast(&s, SMP_IPV4))) {
		src->family = AF_INET;
		src->port = 0;
		src->ip.v4 = s.u.v4;
	} else if (sample_cast(&s, SMP_IPV6)) {
		src->family = AF_INET6;
		src->port = 0;
		src->ip.v6 = s.u.v6;
	}
	return RULE_NEXT;
}

static int
parse_expr(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	if (nargs < 1) {
		diag_error(c->diag, "'%s' expects an expression.", r->row->name);
		return -1;
	}
	*ret_used = 1;
	r->arg = expr_parse(c, r->px, args[0], r->use);
	return r->arg != NULL ? 0 : -1;
}

/* ---- strict mode ---- */

static enum rule_verdict
run_strict(const struct rule *r, struct sample_ctx *x)
{
	x->is_lenient = r->arg != NULL;
	return RULE_NEXT;
}

static int
parse_strict(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	*ret_used = 1;
	if (nargs > 0 && strcmp(args[0], "on") == 0)
		return 0;
	if (nargs > 0 && strcmp(args[0], "off") == 0) {
		r->arg = r;	/* any pointer: off */
		return 0;
	}
	diag_error(c->diag, "'strict-mode' expects 'on' or 'off'.");
	return -1;
}

#define HTTP	(1u << RS_HTTP_REQUEST | 1u << RS_HTTP_RESPONSE | 1u << RS_HTTP_AFTER)
#define TCP	(1u << RS_TCP_CONTENT | 1u << RS_TCP_RESPONSE)
#define REQ	(1u << RS_HTTP_REQUEST)
#define RES	(1u << RS_HTTP_RESPONSE)
#define EARLY	(1u << RS_TCP_CONNECTION | 1u << RS_TCP_SESSION)
#define ALL	(HTTP | TCP | EARLY)
#define REFUSED(name, in, why)	{ name, in, NULL, NULL, 0, "", why }

static const struct action_row actions[] = {
	{ "set-var(", ALL, parse_set_var, run_set_var, 0, "<scope.name>[,<cond>]) <expression>",
	    "Sets a variable." },
	{ "set-var-fmt(", ALL, parse_set_var, run_set_var, 1, "<scope.name>[,<cond>]) <format>",
	    "Sets a variable to formatted text." },
	{ "unset-var(", ALL, parse_unset_var, run_unset_var, 0, "<scope.name>)",
	    "Forgets a variable." },
	{ "set-timeout", REQ | RES, parse_set_timeout, run_set_timeout, 0,
	    "<timeout> <time>|<expression>", "Changes a timeout of this transaction." },
	{ "set-retries", REQ | 1u << RS_TCP_CONTENT, parse_set_retries, run_set_retries, 0,
	    "<n>|<expression>", "Changes the retries of this transaction." },
	{ "set-log-level", HTTP | TCP, parse_log_level, run_log_level, 0, "<level>",
	    "Level of this transaction's log line, or silent." },
	{ "set-src", EARLY, parse_expr, run_set_src, 0, "<expression>",
	    "Changes the client's address." },
	{ "set-src-port", EARLY, parse_expr, run_set_src, 1, "<expression>",
	    "Changes the client's port." },
	{ "strict-mode", HTTP, parse_strict, run_strict, 0, "{on | off}",
	    "Whether a change that fails is an internal error." },

	REFUSED("set-src", REQ | 1u << RS_TCP_CONTENT, "per request; use it in "
	    "tcp-request connection or session."),
	REFUSED("set-dst", ALL, "transparent destinations are not built yet."),
	REFUSED("set-dst-port", ALL, "transparent destinations are not built yet."),
	REFUSED("use-service", 1u << RS_TCP_CONTENT,
	    "services of TCP mode are built in a later release."),
	REFUSED("cache-use", REQ, "the cache is not built yet."),
	REFUSED("cache-store", RES, "the cache is not built yet."),
	REFUSED("normalize-uri", REQ, "normalizers are not built yet."),
	REFUSED("wait-for-body", REQ | RES, "waiting for bodies is not built yet."),
	REFUSED("do-log", ALL, "extra log lines are not built yet."),
	REFUSED("add-acl(", HTTP, "changing ACLs from rules is not built yet."),
	REFUSED("del-acl(", HTTP, "changing ACLs from rules is not built yet."),
	REFUSED("set-map(", HTTP, "maps are not built yet."),
	REFUSED("del-map(", HTTP, "maps are not built yet."),
	REFUSED("do-resolve(", ALL, "resolvers are not built yet."),
	REFUSED("early-hint", REQ, "103 answers of weir's own are not built yet."),
	REFUSED("set-nice", ALL, "weir has no priorities among connections."),
	REFUSED("set-mark", ALL, "packet marks are not built yet."),
	REFUSED("set-tos", ALL, "type-of-service marks are not built yet."),
	REFUSED("set-priority-class", REQ, "queue priorities are not built yet."),
	REFUSED("set-priority-offset", REQ, "queue priorities are not built yet."),
	REFUSED("switch-mode", 1u << RS_TCP_CONTENT, "a frontend keeps its mode."),
	REFUSED("send-spoe-group", ALL, "SPOE is not built."),
	REFUSED("wait-for-handshake", REQ, "early data (0-RTT) is never accepted."),
	REFUSED("disable-l7-retry", REQ, "write 'set-retries 0' instead."),
	REFUSED("expect-proxy", EARLY, "write accept-proxy on the bind line instead."),
	{ .name = NULL }
};

const struct module mod_action_set = {
	.name = "action_set",
	.actions = actions,
};
