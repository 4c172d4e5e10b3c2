/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keywords of persistence by cookie: `cookie`, `elb-cookie`, the options of
 * servers, the rules that force or ignore it, `capture cookie`. What a line says
 * is one struct cookie_conf, which a section shares with its defaults. Values
 * are made when all servers are known. Runs in the thread that loads.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "http/cookie.h"
#include "proxy/acl.h"
#include "proxy/elb_value.h"
#include "proxy/global.h"
#include "proxy/persist_cookie.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"

static int
check_name(struct cfg *c, const char *name)
{
	if (http_token_is_valid(str_of(name)))
		return 0;
	diag_error(c->diag, "'%s' is not a valid cookie name", name);
	return -1;
}

/* ---- words of `cookie` ---- */

static const struct { const char *name; uint32_t opt; } flags[] = {
	{ "rewrite", CK_REWRITE }, { "insert", CK_INSERT }, { "prefix", CK_PREFIX },
	{ "indirect", CK_INDIRECT }, { "nocache", CK_NOCACHE }, { "postonly", CK_POSTONLY },
	{ "preserve", CK_PRESERVE }, { "dynamic", CK_DYNAMIC },
};

/* What a line collects before it becomes text behind the cookie. */
struct line {
	struct cookie_conf *conf;
	const char	*domains, *attrs;
	bool		 is_httponly, is_secure;
};

static int
add_domain(struct cfg *c, struct line *l, const char *word)
{
	const char *p = word;

	for (; *p != '\0'; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
		    !(*p >= '0' && *p <= '9') && strchr("-_.", *p) == NULL) {
			diag_error(c->diag, "character '%c' is not permitted in domain name '%s'.",
			    *p, word);
			return -1;
		}
	if (strchr(*word == '.' ? word + 1 : word, '.') == NULL)
		diag_warn(c->diag, "domain '%s' contains no embedded dot, this configuration may "
		    "not work properly (see RFC6265#5.2.3).", word);
	l->domains = arena_printf(c->arena, "%s; domain=%s", l->domains, word);
	return 0;
}

static int
add_attr(struct cfg *c, struct line *l, const char *word)
{
	for (const char *p = word; *p != '\0'; p++)
		if ((unsigned char)*p < 32 || *p == 127 || *p == ';') {
			diag_error(c->diag, "character '%%x%02X' is not permitted in attribute "
			    "value.", (unsigned char)*p);
			return -1;
		}
	l->attrs = arena_printf(c->arena, "%s; %s", l->attrs, word);
	return 0;
}

static int
set_seconds(struct cfg *c, const char *what, const char *word, uint32_t *ret_s)
{
	uint64_t us;

	if (cfg_duration(c, what, word, 1000000, &us) < 0)
		return -1;
	if (us / 1000000 > INT32_MAX) {
		diag_error(c->diag, "'%s' : %s is too long.", what, word);
		return -1;
	}
	*ret_s = (uint32_t)((us + 999999) / 1000000);
	return 0;
}

/* One word and its value; *i moves past them. */
static int
cookie_word(struct cfg *c, struct line *l, char **args, int nargs, int *i)
{
	static const struct { const char *name, *value; } with_value[] = {
		{ "domain", "<domain>" }, { "maxidle", "<idletime> in seconds" },
		{ "maxlife", "<lifetime> in seconds" }, { "attr", "<value>" },
	};
	const char *word = args[(*i)++], *value;
	size_t k;

	for (k = 0; k < ARRAY_LEN(flags); k++)
		if (strcmp(word, flags[k].name) == 0) {
			l->conf->opts |= flags[k].opt;
			return 0;
		}
	if (strcmp(word, "httponly") == 0)
		return l->is_httponly = true, 0;
	if (strcmp(word, "secure") == 0)
		return l->is_secure = true, 0;
	for (k = 0; k < ARRAY_LEN(with_value) && strcmp(word, with_value[k].name) != 0; k++)
		;
	if (k == ARRAY_LEN(with_value)) {
		diag_error(c->diag, "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', "
		    "'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', 'maxlife' and "
		    "'attr' options.");
		return -1;
	}
	if (*i == nargs) {
		diag_error(c->diag, "'%s' expects %s as argument.", word, with_value[k].value);
		return -1;
	}
	value = args[(*i)++];
	switch (k) {
	case 0:
		return add_domain(c, l, value);
	case 1:
		return set_seconds(c, word, value, &l->conf->maxidle_s);
	case 2:
		return set_seconds(c, word, value, &l->conf->maxlife_s);
	default:
		return add_attr(c, l, value);
	}
}

static bool
has_two(uint32_t opts)
{
	return (opts & (opts - 1)) != 0;
}

static int
check_modes(struct cfg *c, uint32_t o)
{
	const char *what = NULL;

	if (has_two(o & (CK_REWRITE | CK_INDIRECT)))
		what = "cookie 'rewrite' and 'indirect' modes are incompatible.";
	else if (has_two(o & (CK_REWRITE | CK_INSERT | CK_PREFIX)))
		what = "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.";
	else if ((o & (CK_PRESERVE | CK_INSERT | CK_INDIRECT)) == CK_PRESERVE)
		what = "cookie 'preserve' requires at least 'insert' or 'indirect'.";
	if (what == NULL)
		return 0;
	diag_error(c->diag, "%s", what);
	return -1;
}

static int
parse_cookie(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	struct cookie_conf *conf;
	struct line l = { .domains = "", .attrs = "" };
	int i = 1;

	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	if (nargs == 0) {
		diag_error(c->diag, "'cookie' expects <cookie_name> as argument.");
		return -1;
	}
	if (check_name(c, args[0]) < 0)
		return -1;
	conf = l.conf = arena_alloc(c->arena, sizeof(*conf));
	conf->name = str_of(args[0]);
	while (i < nargs)
		if (cookie_word(c, &l, args, nargs, &i) < 0)
			return -1;
	if (check_modes(c, conf->opts) < 0)
		return -1;
	conf->tail = str_of(arena_printf(c->arena, "%s%s%s%s", l.domains,
	    l.is_httponly ? "; HttpOnly" : "", l.is_secure ? "; Secure" : "", l.attrs));
	px->set.cookie = conf;
	return 0;
}

static int
parse_dynamic_key(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	if (nargs == 0) {
		diag_error(c->diag, "'dynamic-cookie-key' expects <secret_key> as argument.");
		return -1;
	}
	proxy_of(c)->set.dynamic_cookie_key = args[0];
	return 0;
}

/* ---- elb-cookie ---- */

static int
elb_word(struct cfg *c, struct cookie_conf *conf, const char *word, const char *value)
{
	unsigned char *secret;

	if (value == NULL) {
		diag_error(c->diag, "'elb-cookie' : '%s' expects a value.", word);
		return -1;
	}
	if (strcmp(word, "name") == 0) {
		conf->name = str_of(value);
		return check_name(c, value);
	}
	if (strcmp(word, "key") == 0) {
		secret = arena_alloc(c->arena, ELB_SECRET);
		elb_secret_of_text(str_of(value), secret);
		conf->secret = secret;
		return 0;
	}
	if (strcmp(word, "period") == 0 && (conf->opts & CK_ELB_LB))
		return set_seconds(c, word, value, &conf->period_s);
	diag_error(c->diag, "'elb-cookie' supports 'name', 'key' and, with 'lb', 'period' (got "
	    "'%s').", word);
	return -1;
}

static bool
is_elb_word(const char *word)
{
	return strcmp(word, "name") == 0 || strcmp(word, "key") == 0 || strcmp(word, "period") == 0;
}

/* The kind, and the name that may or must follow; *ret_used words. */
static int
elb_kind(struct cfg *c, struct cookie_conf *conf, char **args, int nargs, int *ret_used)
{
	bool has_name = nargs > 1 && !is_elb_word(args[1]);

	*ret_used = has_name ? 2 : 1;
	conf->opts = strcmp(args[0], "lb") == 0 ? CK_ELB_LB : CK_ELB_APP;
	if (conf->opts == CK_ELB_APP && (strcmp(args[0], "app") != 0 || !has_name)) {
		diag_error(c->diag, "'elb-cookie' expects 'lb' [<name>] or 'app' <name of the "
		    "application's cookie>.");
		return -1;
	}
	if (conf->opts == CK_ELB_APP)
		conf->app = str_of(args[1]);
	else if (has_name)
		conf->name = str_of(args[1]);
	return has_name ? check_name(c, args[1]) : 0;
}

static int
parse_elb_cookie(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct cookie_conf *conf = arena_alloc(c->arena, sizeof(*conf));
	int i;

	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	conf->name = STR("AWSELB");
	conf->secret = elb_secret_of_process();
	if (elb_kind(c, conf, args, nargs, &i) < 0)
		return -1;
	for (; i < nargs; i += 2)
		if (elb_word(c, conf, args[i], i + 1 < nargs ? args[i + 1] : NULL) < 0)
			return -1;
	conf->twin = str_of(arena_printf(c->arena, STR_FMT "CORS", STR_ARG(conf->name)));
	if (conf->opts & CK_ELB_APP)
		elb_moves_prepare();
	proxy_of(c)->set.cookie = conf;
	return 0;
}

/* ---- rules ---- */

static int
parse_rule(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	struct persist_rule *r, **p;

	if (px->cap & CAP_DEFAULTS) {
		diag_error(c->diag, "'%s' not allowed in 'defaults' section.", row->name);
		return -1;
	}
	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	if (nargs < 2 || (strcmp(args[0], "if") != 0 && strcmp(args[0], "unless") != 0)) {
		diag_error(c->diag, "'%s' requires either 'if' or 'unless' followed by a "
		    "condition.", row->name);
		return -1;
	}
	r = arena_alloc(c->arena, sizeof(*r));
	r->is_force = row->arg != 0;
	if ((r->cond = acl_cond_parse(c, px, args, nargs, USE_AT_REQ)) == NULL)
		return -1;
	for (p = &px->persist_rules; *p != NULL; p = &(*p)->next)
		;
	*p = r;
	return 0;
}

/* ---- capture cookie ---- */

static int
parse_capture(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	struct cookie_capture *cap;
	uint64_t len;

	if (px->cap & CAP_DEFAULTS) {
		diag_error(c->diag, "'%s' not allowed in 'defaults' section.", row->name);
		return -1;
	}
	if (!proxy_takes(c, CAP_FRONTEND, row->name, NULL))
		return 0;
	if (nargs != 3 || strcmp(args[1], "len") != 0) {
		diag_error(c->diag, "'capture' expects 'cookie' <cookie_name> 'len' <len>.");
		return -1;
	}
	if (cfg_uint(c, "len", args[2], 1, UINT32_MAX, &len) < 0)
		return -1;
	cap = arena_alloc(c->arena, sizeof(*cap));
	cap->name = str_of(args[0]);
	cap->len = (uint32_t)len;
	px->capture_cookie = cap;
	return 0;
}

/* ---- servers ---- */

static int
opt_cookie(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct server *srv = c->option_object;

	(void)row;
	(void)nargs;
	if (args[0][0] == '\0' || !cookie_value_is_valid(str_of(args[0]))) {
		diag_error(c->diag, "'cookie' : '%s' holds bytes that no cookie may have (blanks, "
		    "quotes, commas, semicolons).", args[0]);
		return -1;
	}
	srv->cookie = args[0];
	return 0;
}

/* ---- after parsing ---- */

static void
note_work(struct cfg *c, struct proxy *px)
{
	bool is_http = px->set.mode == MODE_HTTP;

	if ((px->cap & CAP_BACKEND) && px->set.cookie != NULL && !is_http) {
		diag_at(c->diag, px->file, px->line);
		diag_warn(c->diag, "cookie will be ignored for %s '%s' (needs 'mode http').",
		    proxy_type_name(px), px->name);
	}
	if ((px->cap & CAP_BACKEND) && px->set.cookie != NULL && is_http)
		px->persist |= PERSIST_COOKIE;
	if (px->persist_rules != NULL)
		px->persist |= PERSIST_RULES;
	if (px->capture_cookie != NULL && is_http)
		px->persist |= PERSIST_CAPTURE;
}

/* Longer captures are cut to what tune.http.cookielen says. */
static void
limit_capture(struct cfg *c, struct proxy *px)
{
	uint32_t most = global_of(c)->cookielen - 1;
	struct cookie_capture *cap;

	if (px->capture_cookie == NULL || px->capture_cookie->len <= most)
		return;
	diag_at(c->diag, px->file, px->line);
	diag_warn(c->diag, "truncating capture length to %u bytes for %s '%s'.", most,
	    proxy_type_name(px), px->name);
	cap = arena_alloc(c->arena, sizeof(*cap));
	*cap = *px->capture_cookie;
	cap->len = most;
	px->capture_cookie = cap;
}

static int
post_persist(struct cfg *c)
{
	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next) {
		note_work(c, px);
		limit_capture(c, px);
		cookie_map_make(c, px);
	}
	return 0;
}

/* ---- rows ---- */

static const struct kw_row rows[] = {
	{ "cookie", IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS, parse_cookie, 0,
	    "<name> [rewrite|insert|prefix] [<option>...]",
	    "Users stay with their server by a cookie." },
	{ "elb-cookie", IN_PROXY, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_elb_cookie, 0,
	    "lb [<name>] [period <time>] [key <text>] | app <cookie> [name <name>] [key <text>]",
	    "Users stay with their server as behind Elastic Load Balancing." },
	{ "dynamic-cookie-key", IN_PROXY, KW_OBEYED, 0, 1, 0, parse_dynamic_key, 0, "<key>",
	    "Secret of cookie dynamic." },
	{ "force-persist", IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS, parse_rule, 1,
	    "{if | unless} <condition>", "Users go to their server even if it is down." },
	{ "ignore-persist", IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS, parse_rule, 0,
	    "{if | unless} <condition>", "Requests that are balanced in spite of a cookie." },
	{ "capture cookie", IN_PROXY, KW_OBEYED, 0, 3, 0, parse_capture, 0,
	    "<name> len <bytes>", "Keeps a cookie of request and response for the log line." },
	{ "cookie", IN_SERVER, KW_OBEYED, 1, 1, 0, opt_cookie, 0, "<value>",
	    "Value of the backend's cookie that names this server." },
	{ 0 }
};

static const struct post_row posts[] = {
	{ "persist", post_persist },
	{ 0 }
};

const struct module mod_persist_cfg = { .name = "persist_cfg", .cfg = rows, .post = posts };
