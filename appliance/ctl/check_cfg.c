/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the configuration says of checks: options of server lines, `option
 * httpchk` and its kin, `http-check`, `tcp-check`, sections `healthcheck`. A line
 * inherits what stands above it (default-server, defaults) by pointer; `owner`
 * tells whose copy it is, and the first change makes an own one. Own rules replace
 * inherited ones. When all was read each backend's rules are compiled, and each
 * checked server is settled: where to connect, over what, for how long.
 *
 * Thread: the one that loads.
 */
#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/check.h"
#include "event/child.h"
#include "ctl/check_cfg.h"
#include "ctl/check_step.h"
#include "proxy/global.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/tls_cfg.h"
#include "proxy/vars.h"

#define INTER_US	2000000u
#define RISE		2
#define FALL		3
#define MAX_US		(2147483647ull * 1000)
#define SEND_PROXY	(SRV_SEND_PROXY_V1 | SRV_SEND_PROXY_V2 | SRV_SEND_PROXY_V2_SSL)

static struct check_conf *
conf_own(struct cfg *c, struct server *srv)
{
	struct check_conf *conf;

	if (srv->check != NULL && srv->check->owner == srv)
		return srv->check;
	conf = arena_alloc(c->arena, sizeof(*conf));
	if (srv->check != NULL)
		*conf = *srv->check;
	else {
		conf->inter_us = INTER_US;
		conf->rise = RISE;
		conf->fall = FALL;
	}
	conf->owner = srv;
	srv->check = conf;
	return conf;
}

static struct check_conf *
conf_of(struct cfg *c)
{
	WEIR_ASSERT(c->option_object != NULL);
	return conf_own(c, c->option_object);
}

struct proxy *
check_cfg_proxy(struct cfg *c)
{
	return c->section->in & IN_HEALTHCHECK ? NULL : proxy_of(c);
}

struct check_proxy *
check_cfg_of(struct cfg *c)
{
	struct check_proxy *cp;
	struct proxy *px;

	if (c->section->in & IN_HEALTHCHECK)
		return &((struct healthcheck *)c->object)->cp;
	px = proxy_of(c);
	if (px->set.check != NULL && px->set.check->owner == px)
		return px->set.check;
	cp = arena_alloc(c->arena, sizeof(*cp));
	if (px->set.check != NULL)
		*cp = *px->set.check;
	cp->owner = px;
	px->set.check = cp;
	return cp;
}

/* A line of rules in a section that has checks? */
static bool
takes_checks(struct cfg *c, const char *what)
{
	return (c->section->in & IN_HEALTHCHECK) || proxy_takes(c, CAP_BACKEND, what, NULL);
}

/* The rules that this section may change: its own, empty at first. */
static struct check_seq *
rules_own(struct cfg *c, struct check_seq **q, enum check_proto proto)
{
	if (*q == NULL || (*q)->owner != c->object) {
		*q = arena_alloc(c->arena, sizeof(**q));
		seq_init(*q, proto, c->object);
	}
	return *q;
}

/* ---- options of server lines ---- */

static int
opt_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, conf_of(c), args, nargs);
}

int
check_addr_parse(struct cfg *c, const char *what, const char *word, struct addr *ret_addr)
{
	char err[256];

	if (addr_parse(cfg_expand(c, (char *)(uintptr_t)word), ADDR_RESOLVE | ADDR_DEFAULT_PORT_OK,
	    ret_addr, err, sizeof(err)) == -1) {
		diag_error(c->diag, "'%s' : %s", what, err);
		return -1;
	}
	if (ret_addr->is_dgram || ret_addr->kind == ADDR_FD) {
		diag_error(c->diag, "'%s' : '%s' is no address to connect to", what, word);
		return -1;
	}
	return 0;
}

static int
opt_addr(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct addr *a = arena_alloc(c->arena, sizeof(*a));

	(void)nargs;
	if (check_addr_parse(c, row->name, args[0], a) == -1)
		return -1;
	conf_of(c)->addr = a;
	return 0;
}

static int
opt_init_state(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const names[] = {
		[CHECK_INIT_UP] = "up", [CHECK_INIT_FULLY_UP] = "fully-up",
		[CHECK_INIT_DOWN] = "down", [CHECK_INIT_FULLY_DOWN] = "fully-down",
	};

	(void)nargs;
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(args[0], names[i]) == 0) {
			conf_of(c)->init_state = (uint8_t)i;
			return 0;
		}
	diag_error(c->diag, "'%s' expects one of 'fully-up', 'up', 'down' and 'fully-down' "
	    "(got '%s')", row->name, args[0]);
	return -1;
}

static int
opt_tls(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct check_conf *conf = conf_of(c);

	(void)args;
	(void)nargs;
	conf->wants_tls = row->arg != 0;
	conf->no_tls = row->arg == 0;
	return 0;
}

static int
opt_alpn(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)nargs;
	return check_alpn_parse(c, row->name, args[0], &conf_of(c)->alpn);
}

/* ---- lines of backends and of healthcheck sections ---- */

static const struct check_option option_httpchk = {
	"httpchk", http_option_parse, "[<method>] [<uri>] [<version>]",
	"Checks send a request and judge its answer."
};

static int
parse_nothing(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	(void)c, (void)cp, (void)args, (void)nargs;
	return 0;
}

static const struct check_option option_tcp = {
	"tcp-check", parse_nothing, "", "Checks follow the rules of tcp-check; without any they "
	"connect and that is all."
};

static const struct check_option option_external = {
	"external-check", parse_nothing, "", "Checks run the program of external-check command."
};

void
check_cfg_choose(struct check_proxy *cp, const char *name)
{
	cp->option = name;
	cp->type = name == option_external.name ? &check_type_program : &check_type_steps;
	cp->prepared = NULL;
	cp->elb = NULL;
}

void
check_cfg_forget(struct check_proxy *cp, const char *name)
{
	if (cp->option == NULL || strcmp(cp->option, name) != 0)
		return;
	cp->option = NULL;
	cp->prepared = NULL;
	cp->elb = NULL;
}

static int
choose(struct cfg *c, const struct check_option *o, char **args, int nargs)
{
	struct check_proxy *cp = check_cfg_of(c);

	check_cfg_choose(cp, o->name);
	return o->parse(c, cp, args, nargs);
}

static int
parse_option(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const struct check_option *o = (const struct check_option *)row->arg;

	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	if (!c->is_no && !c->is_default)
		return choose(c, o, args, nargs);
	check_cfg_forget(check_cfg_of(c), o->name);
	return 0;
}

static const struct check_option *
option_named(const char *name)
{
	const struct check_option *own[] = { &option_httpchk, &option_tcp, &option_external };

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strcmp(name, own[i]->name) == 0)
			return own[i];
	for (const struct check_option *o = check_prepared; o->name != NULL; o++)
		if (strcmp(name, o->name) == 0)
			return o;
	return NULL;
}

/* `type NAME ...` of a healthcheck section */
static int
parse_type(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const struct check_option *o = option_named(args[0]);

	(void)row;
	if (o != NULL)
		return choose(c, o, args + 1, nargs - 1);
	diag_error(c->diag, "'type' : unknown kind of check '%s'; expects 'tcp-check', 'httpchk', "
	    "'ssl-hello-chk', 'smtpchk', 'redis-check', 'mysql-check', 'pgsql-check', "
	    "'ldap-check' or 'external-check'.", args[0]);
	return -1;
}

typedef int rule_fn(struct cfg *, struct check_seq *, const char *, char **, int);

/* row->name "tcp-check send", or "tcp-check" with args[0] "set-var(check.x)" */
static int
parse_rule(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	bool is_http = row->name[0] == 'h', was_on;
	rule_fn *fn = is_http ? check_http_rule : check_tcp_rule;
	const char *word = strchr(row->name, ' ');
	struct check_proxy *cp;
	int r;

	if (!takes_checks(c, row->name))
		return 0;
	if (word == NULL && strncmp(args[0], "set-var", 7) != 0 &&
	    strncmp(args[0], "unset-var", 9) != 0) {
		diag_error(c->diag, "'%s' : unknown rule '%s'.", row->name, args[0]);
		return -1;
	}
	cp = check_cfg_of(c);
	was_on = vars_in_check(true);
	r = fn(c, rules_own(c, is_http ? &cp->http : &cp->tcp, is_http ? CHECK_HTTP : CHECK_TCP),
	    word != NULL ? word + 1 : args[0], word != NULL ? args : args + 1,
	    word != NULL ? nargs : nargs - 1);
	vars_in_check(was_on);
	return r;
}

static int
parse_flag(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)args, (void)nargs;
	if (!takes_checks(c, row->name))
		return 0;
	*((bool *)(void *)((char *)check_cfg_of(c) + row->arg)) = !c->is_no;
	return 0;
}

/* `external-check command|path`: the program, its PATH */
static int
parse_external(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)nargs;
	if (!takes_checks(c, row->name))
		return 0;
	*((const char **)(void *)((char *)check_cfg_of(c) + row->arg)) = args[0];
	return 0;
}

static int
parse_global(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct global *g = global_of(c);

	if (row->arg != 0)
		g->may_fork = true;
	else
		g->external_check = true;
	if (nargs > 0 && strcmp(args[0], "preserve-env") != 0) {
		diag_error(c->diag, "'external-check' : expects nothing or 'preserve-env' (got "
		    "'%s').", args[0]);
		return -1;
	}
	if (nargs > 0)
		g->preserves_env = true;
	return 0;
}

static int
open_healthcheck(struct cfg *c, char **args, int nargs)
{
	struct global *g = global_of(c);
	struct healthcheck *h = arena_alloc(c->arena, sizeof(*h)), *other;

	h->name = nargs > 0 ? args[0] : "";
	h->file = c->file;
	h->line = c->line;
	h->cp.owner = h;
	c->object = h;
	if (nargs != 1 || proxy_name_bad_char(h->name) != '\0') {
		diag_error(c->diag, "'healthcheck' expects one name as argument.");
		return 0;
	}
	for (other = g->healthchecks; other != NULL; other = other->next)
		if (strcmp(other->name, h->name) == 0)
			diag_error(c->diag, "healthcheck section '%s' already exists (declared at "
			    "%s:%d).", h->name, other->file, other->line);
	h->next = g->healthchecks;
	g->healthchecks = h;
	return 0;
}

/* ---- when all was read ---- */

static int
settle_address(struct cfg *c, struct server *srv, struct check_conf *conf)
{
	uint16_t port = conf->port;

	conf->to = conf->addr != NULL ? *conf->addr : srv->addr;
	if (conf->to.kind != ADDR_INET && conf->to.kind != ADDR_INET6)
		return 0;
	if (port == 0 && conf->addr != NULL)
		port = addr_port(conf->addr);
	if (port == 0 && srv->has_port)
		port = addr_port(&srv->addr);
	if (port == 0) {
		diag_error(c->diag, "server '%s/%s' has neither service port nor check port, "
		    "so it cannot be checked.", srv->backend->name, srv->name);
		return -1;
	}
	addr_set_port(&conf->to, port);
	return 0;
}

/* The name that TLS asks for: what was written, else the Host that the request of
 * an HTTP check names. */
static const char *
sni_of(struct cfg *c, const struct check_conf *conf)
{
	const struct http_field_conf *f = NULL;
	const struct step *s;
	struct str host;
	size_t len;

	if (conf->sni != NULL || conf->no_sni_auto || conf->seq->proto != CHECK_HTTP)
		return conf->sni;
	for (s = conf->seq->first; s != NULL && s->act != STEP_SEND; s = s->next)
		;
	if (s != NULL && s->u.send.http != NULL)
		f = s->u.send.http->fields;
	while (f != NULL && !str_ieq(str_of(f->name), STR("host")))
		f = f->next;
	if (f == NULL || !logformat_is_const(f->value, &host) || host.len == 0 ||
	    host.p[0] == '[' || (host.p[host.len - 1] >= '0' && host.p[host.len - 1] <= '9' &&
	    memchr(host.p, ':', host.len) == NULL))
		return NULL;
	for (len = 0; len < host.len && host.p[len] != ':'; len++)
		;
	return arena_strndup(c->arena, host.p, len);
}

static bool
needs_tls(const struct check_conf *conf)
{
	for (const struct step *s = conf->seq->first; s != NULL; s = s->next)
		if (s->act == STEP_CONNECT && (s->u.connect.flags & CONNECT_TLS))
			return true;
	return conf->is_tls;
}

/* TLS and the PROXY header are the server's own, unless the check goes to
 * another address or port. */
static int
settle_layers(struct cfg *c, struct server *srv, struct check_conf *conf)
{
	bool is_same = conf->port == 0 && conf->addr == NULL;

	conf->sends_proxy = conf->wants_proxy || (is_same && (srv->flags & SEND_PROXY));
	conf->is_tls = conf->wants_tls || (is_same && !conf->no_tls && (srv->flags & SRV_SSL));
	conf->tls = NULL;
	if (!needs_tls(conf))
		return 0;
	conf->sni = sni_of(c, conf);
	conf->tls = srv->tls != NULL ? srv->tls : tls_cfg_server(c, srv);
	return conf->tls != NULL ? 0 : -1;
}

static uint64_t
min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Without timeout check the whole check has one interval; with it that long from
 * the connection on, which has the shorter of the interval and timeout connect. */
static void
settle_times(const struct proxy *px, struct check_conf *conf)
{
	conf->connect_us = conf->inter_us;
	conf->timeout_us = px->set.timeout.check;
	if (conf->timeout_us != 0)
		conf->connect_us = min_u64(conf->inter_us, proxy_timeout_connect(px));
}

static uint64_t
hash(uint64_t key, const void *mem, size_t len)
{
	return key * 31 + str_hash((struct str){ mem, len });
}

/* What stands for a check that nobody wrote rules for. */
static const struct step plain_step = {
	.act = STEP_CONNECT, .u.connect.flags = CONNECT_DEFAULT | CONNECT_IMPLICIT,
};
static const struct check_seq plain_seq = {
	.proto = CHECK_PREPARED, .first = (struct step *)(uintptr_t)&plain_step, .nsteps = 1,
};

static const struct check_seq *
compile(struct cfg *c, const struct check_proxy *cp)
{
	static const struct check_seq no_rules = { .proto = CHECK_TCP };

	if (cp->option == NULL || cp->type == &check_type_program)
		return &plain_seq;
	if (cp->prepared != NULL)
		return cp->prepared;
	if (strcmp(cp->option, option_httpchk.name) == 0)
		return http_seq_build(c, cp);
	return seq_compile(c, cp->tcp != NULL ? cp->tcp : &no_rules);
}

static bool may_fork;	/* -dI */

void
check_cfg_may_fork(void)
{
	may_fork = true;
}

static int
settle_program(struct cfg *c, const struct check_proxy *cp)
{
	const struct global *g = global_of(c);

	if (!g->external_check) {
		diag_error(c->diag, "'option external-check' : needs 'external-check' in the "
		    "global section.");
		return -1;
	}
	if (!g->may_fork && !may_fork) {
		diag_error(c->diag, "'option external-check' : needs 'insecure-fork-wanted' in the "
		    "global section, or -dI.");
		return -1;
	}
	if (cp->command == NULL || cp->command[0] != '/') {
		diag_error(c->diag, "'option external-check' : needs 'external-check command' with "
		    "an absolute path.");
		return -1;
	}
	if (!c->is_reload)
		helper_allow_program(cp->command);
	else if (!helper_may_run(cp->command)) {
		diag_error(c->diag, "'external-check command' : '%s' was not named when the "
		    "process started: a new program needs a restart.", cp->command);
		return -1;
	}
	return 0;
}

static int
settle_proxy(struct cfg *c, struct check_proxy *cp)
{
	bool was_on = vars_in_check(true);
	int r = 0;

	cp->seq = compile(c, cp);
	if (cp->option != NULL && cp->type == &check_type_program)
		r = settle_program(c, cp);
	vars_in_check(was_on);
	return r;
}

static const struct check_proxy *
checks_of(struct cfg *c, const struct proxy *px, const struct check_conf *conf)
{
	if (conf->healthcheck == NULL)
		return px->set.check;
	for (const struct healthcheck *h = global_of(c)->healthchecks; h != NULL; h = h->next)
		if (strcmp(h->name, conf->healthcheck) == 0)
			return &h->cp;
	diag_error(c->diag, "'healthcheck' : there is no section 'healthcheck %s'.",
	    conf->healthcheck);
	return NULL;
}

static int
settle(struct cfg *c, struct proxy *px, struct server *srv)
{
	struct check_conf *conf = conf_own(c, srv);

	conf->px = checks_of(c, px, conf);
	if (conf->px == NULL && conf->healthcheck != NULL)
		return -1;
	conf->type = &check_type_steps;
	if (conf->px != NULL && conf->px->option != NULL)
		conf->type = conf->px->type;
	conf->seq = conf->px != NULL ? conf->px->seq : &plain_seq;
	settle_times(px, conf);
	if (settle_address(c, srv, conf) == -1)
		return -1;
	if ((conf->px != NULL && conf->px->elb != NULL ? check_elb_settle(c, srv, conf) :
	    settle_layers(c, srv, conf)) == -1)
		return -1;
	conf->key = hash(conf->seq->key, &conf->type, sizeof(conf->type));
	conf->key = hash(conf->key, &conf->to.u, conf->to.len);
	conf->key = hash(conf->key, &conf->tls, sizeof(conf->tls));
	conf->key = conf->key * 4 + conf->is_tls * 2u + conf->sends_proxy;
	return 0;
}

static int
post_proxy(struct cfg *c, struct proxy *px)
{
	int r = 0;

	diag_at(c->diag, px->file, px->line);
	if (px->set.check != NULL) {
		struct check_proxy *cp = arena_alloc(c->arena, sizeof(*cp));

		*cp = *px->set.check;
		px->set.check = cp;
		r = settle_proxy(c, cp);
	}
	for (struct server *srv = px->server_list; srv != NULL; srv = srv->next) {
		if (!(srv->flags & SRV_CHECK))
			continue;
		diag_at(c->diag, srv->file, srv->line);
		if (settle(c, px, srv) == -1)
			r = -1;
	}
	return r;
}

static int
post_checks(struct cfg *c)
{
	int r = 0;

	for (struct healthcheck *h = global_of(c)->healthchecks; h != NULL; h = h->next) {
		diag_at(c->diag, h->file, h->line);
		r |= settle_proxy(c, &h->cp);
	}
	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next)
		r |= post_proxy(c, px);
	return r;
}

/* ---- rows ---- */

#define LATER	"built in a later release."
#define OPTION(name, n, fn, arg, syntax, help) \
	{ name, IN_SERVER, KW_OBEYED, n, n, 0, fn, arg, syntax, help }
#define TIME(member) \
	CFG_FIELD(CFG_TIME, struct check_conf, member, .min = 1, .max = MAX_US)
#define COUNT(member, most) \
	CFG_FIELD(CFG_UINT, struct check_conf, member, .min = 1, .max = (most))
#define FLAGS(...)	CFG_FIELD(CFG_BITS, struct server, flags, __VA_ARGS__)
#define NOT_YET(name, in, why) \
	{ name, in, KW_REFUSED, 0, 0, KW_F_ANY_ARGS | KW_F_NO, NULL, 0, "", why }
#define S(name, why)	NOT_YET(name, IN_SERVER, why)
#define FIELD(kind, member, ...) \
	CFG_FIELD(kind, struct check_conf, member, ##__VA_ARGS__)
#define IN_CHECKS	(IN_PROXY | IN_HEALTHCHECK)
#define OPT(name, option, syntax, help) \
	{ name, IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS | KW_F_NO, parse_option, \
	    (intptr_t)&option, syntax, help }
#define RULE(name, n, syntax, help) \
	{ name, IN_CHECKS, KW_OBEYED, n, 0, KW_F_ANY_ARGS, parse_rule, 0, syntax, help }
#define CONNECT \
	"[default] [port <p>] [addr <a>] [send-proxy] [ssl] [sni <n>] [alpn <p>] [linger] " \
	"[comment <t>]"
#define VARIABLES \
	"set-var(<name>) <expr>|set-var-fmt(<name>) <format>|unset-var(<name>)"
#define FLAG(name, member, help) \
	{ name, IN_CHECKS, KW_OBEYED, 0, 0, KW_F_NO, parse_flag, \
	    offsetof(struct check_proxy, member), "", help }

static const struct kw_row rows[] = {
	OPTION("check", 0, cfg_set_option, FLAGS(.set = SRV_CHECK), "",
	    "Watch this server; without it it is always used."),
	OPTION("no-check", 0, cfg_set_option, FLAGS(.clear = SRV_CHECK), "", "Undoes check."),
	OPTION("inter", 1, opt_field, TIME(inter_us), "<time>",
	    "Time between checks; 2s by default."),
	OPTION("fastinter", 1, opt_field, TIME(fastinter_us), "<time>",
	    "Time between checks while the state is about to change; inter by default."),
	OPTION("downinter", 1, opt_field, TIME(downinter_us), "<time>",
	    "Time between checks while the server is down; inter by default."),
	OPTION("rise", 1, opt_field, COUNT(rise, INT16_MAX), "<count>",
	    "Good checks to come up; 2 by default."),
	OPTION("fall", 1, opt_field, COUNT(fall, INT16_MAX), "<count>",
	    "Bad checks to go down; 3 by default."),
	OPTION("port", 1, opt_field, COUNT(port, UINT16_MAX), "<port>",
	    "Port that checks connect to."),
	OPTION("addr", 1, opt_addr, 0, "<address>", "Address that checks connect to."),
	OPTION("init-state", 1, opt_init_state, 0, "fully-up|up|down|fully-down",
	    "State before the first check; up, one failure from down, by default."),
	OPTION("check-ssl", 0, opt_tls, 1, "", "Checks use the server's TLS settings."),
	OPTION("no-check-ssl", 0, opt_tls, 0, "", "Checks are plain though the server uses TLS."),
	OPTION("check-alpn", 1, opt_alpn, 0, "<protocols>", "Protocols that checks offer in TLS."),
	OPTION("check-sni", 1, opt_field, FIELD(CFG_TEXT, sni), "<name>",
	    "Name that checks ask for in TLS."),
	OPTION("check-sni-auto", 0, opt_field, FIELD(CFG_BITS, no_sni_auto, .clear = UINT8_MAX),
	    "", "Without check-sni, TLS asks for the Host of the check's request; the default."),
	OPTION("no-check-sni-auto", 0, opt_field, FIELD(CFG_BITS, no_sni_auto, .set = 1), "",
	    "Undoes check-sni-auto."),
	OPTION("check-proto", 1, proto_parse, 0, "h1", "Protocol of checks."),
	OPTION("check-send-proxy", 0, opt_field, FIELD(CFG_BITS, wants_proxy, .set = 1), "",
	    "Checks begin with a PROXY header, at another address or port too."),
	OPTION("no-check-send-proxy", 0, opt_field,
	    FIELD(CFG_BITS, wants_proxy, .clear = UINT8_MAX), "", "Undoes check-send-proxy."),
	OPTION("healthcheck", 1, opt_field, FIELD(CFG_TEXT, healthcheck), "<name>",
	    "Checks of this server are those of a healthcheck section."),
	S("check-via-socks4", "SOCKS4 proxies are not supported."),
	S("check-reuse-pool", LATER), S("no-check-reuse-pool", LATER),
	S("check-pool-conn-name", LATER),

	OPT("option httpchk", option_httpchk, "[<method>] [<uri>] [<version>]",
	    "Checks send a request and judge its answer."),
	OPT("option tcp-check", option_tcp, "",
	    "Checks follow the rules of tcp-check; without any they connect and that is all."),
	OPT("option external-check", option_external, "",
	    "Checks run the program of external-check command."),
	OPT("option ssl-hello-chk", check_prepared[0], "",
	    "Checks send a TLS hello and want an answer of TLS."),
	OPT("option smtpchk", check_prepared[1], "[<hello> <domain>]",
	    "Checks talk to a mail server: greeting, hello, QUIT."),
	OPT("option redis-check", check_prepared[2], "",
	    "Checks send PING to Redis and want PONG."),
	OPT("option mysql-check", check_prepared[3], "[user <name> [post-41|pre-41]]",
	    "Checks read the greeting of MySQL, and log in as a user."),
	OPT("option pgsql-check", check_prepared[4], "user <name>",
	    "Checks begin a login at PostgreSQL."),
	OPT("option ldap-check", check_prepared[5], "",
	    "Checks bind to an LDAP server without a name."),
	{ "type", IN_HEALTHCHECK, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_type, 0,
	    "<option> [<args>]", "The kind of check, as the option of a backend." },

	RULE("tcp-check connect", 0, CONNECT, "Opens a connection."),
	RULE("tcp-check send", 1, "<text> [comment <t>]", "Sends text."),
	RULE("tcp-check send-lf", 1, "<format> [comment <t>]", "Sends formatted text."),
	RULE("tcp-check send-binary", 1, "<hex> [comment <t>]", "Sends bytes."),
	RULE("tcp-check send-binary-lf", 1, "<format> [comment <t>]",
	    "Sends the bytes that formatted text names by hexadecimal digits."),
	RULE("tcp-check expect", 1, "[<modifiers>] [!] <kind> <pattern>", "Waits for an answer."),
	RULE("tcp-check comment", 1, "<text>", "A text for what is said of failures behind it."),
	RULE("tcp-check", 1, VARIABLES,
	    "Sets or forgets a variable of the check."),
	RULE("http-check connect", 0, CONNECT, "Opens a connection."),
	RULE("http-check send", 0, "[meth <m>] [uri <u>|uri-lf <f>] [ver <v>] [hdr <name> "
	    "<format>]... [body <b>|body-lf <f>] [comment <t>]", "Sends a request."),
	RULE("http-check expect", 1, "[<modifiers>] [!] <kind> <pattern>", "Judges the answer."),
	RULE("http-check comment", 1, "<text>", "A text for what is said of failures behind it."),
	RULE("http-check", 1, VARIABLES,
	    "Sets or forgets a variable of the check."),
	FLAG("http-check disable-on-404", disables_on_404,
	    "A server that answers 404 while it is up gets no new sessions."),
	FLAG("http-check send-state", sends_state,
	    "Requests tell the server its state, in X-Haproxy-Server-State."),
	{ "external-check command", IN_CHECKS, KW_OBEYED, 1, 1, 0, parse_external,
	    offsetof(struct check_proxy, command), "<path>", "The program to run." },
	{ "external-check path", IN_CHECKS, KW_OBEYED, 1, 1, 0, parse_external,
	    offsetof(struct check_proxy, path), "<path>", "PATH for that program." },
	{ "external-check", IN_GLOBAL, KW_OBEYED, 0, 1, 0, parse_global, 0, "[preserve-env]",
	    "Allows option external-check." },
	{ "insecure-fork-wanted", IN_GLOBAL, KW_OBEYED, 0, 0, 0, parse_global, 1, "",
	    "Programs may be started, by the helper process." },
	{ 0 }
};

static const struct section_row sections[] = {
	{ "healthcheck", IN_HEALTHCHECK, open_healthcheck, NULL,
	    "A check that servers refer to by its name." },
	{ 0 }
};

static const struct post_row posts[] = { { "checks", post_checks }, { 0 } };

const struct module mod_check_cfg = {
	.name = "check_cfg", .cfg = rows, .post = posts, .sections = sections,
};
