/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `elb-check TARGET`: health checks as a classic load balancer makes them. A
 * connection (TCP), a handshake (SSL), or GET of a path whose answer must have the
 * status 200 exactly and be received in full (HTTP, HTTPS), all within Timeout; a
 * check starts every Interval, however long the last one took. A server that is
 * new comes in with its first passed check; one that has failed
 * UnhealthyThreshold times needs HealthyThreshold.
 *
 * Thread: the one that loads; the descriptions: control.
 */
#include "ctl/check_elb.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "ctl/check.h"
#include "ctl/check_cfg.h"
#include "ctl/check_step.h"
#include "ctl/health.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/tls_cfg.h"

#define SECOND_US	1000000ull
#define PATH_BYTES	1024

struct check_elb {
	bool		 is_http, is_tls;
	uint16_t	 port;
	const char	*path;
	uint64_t	 interval_us, timeout_us;
	uint64_t	 healthy, unhealthy;
};

/* ---- the target ---- */

static const struct {
	const char	*name;
	bool		 is_http, is_tls;
} protocols[] = {
	{ "TCP", false, false }, { "SSL", false, true },
	{ "HTTP", true, false }, { "HTTPS", true, true },
};

static int
bad_target(struct cfg *c, const char *word)
{
	diag_error(c->diag, "'elb-check' : expects TCP:port, SSL:port, HTTP:port/path or "
	    "HTTPS:port/path (got '%s').", word);
	return -1;
}

static int
parse_path(struct cfg *c, struct check_elb *e, const char *path)
{
	if (strlen(path) > PATH_BYTES) {
		diag_error(c->diag, "'elb-check' : a path has at most %u characters.", PATH_BYTES);
		return -1;
	}
	for (const unsigned char *p = (const unsigned char *)path; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f) {
			diag_error(c->diag, "'elb-check' : '%s' is no path.", path);
			return -1;
		}
	e->path = path;
	return 0;
}

static int
parse_target(struct cfg *c, struct check_elb *e, const char *word)
{
	const char *colon = strchr(word, ':'), *slash;
	struct str name;
	uint64_t port;
	size_t i = 0;

	if (colon == NULL)
		return bad_target(c, word);
	name = (struct str){ word, (size_t)(colon - word) };
	while (i < ARRAY_LEN(protocols) && !str_ieq(name, str_of(protocols[i].name)))
		i++;
	slash = strchr(colon, '/');
	if (i == ARRAY_LEN(protocols) || protocols[i].is_http != (slash != NULL))
		return bad_target(c, word);
	e->is_http = protocols[i].is_http;
	e->is_tls = protocols[i].is_tls;
	name = str_of(colon + 1);
	if (slash != NULL)
		name.len = (size_t)(slash - colon) - 1;
	if (!str_to_u64(name, &port) || port < 1 || port > UINT16_MAX)
		return bad_target(c, word);
	e->port = (uint16_t)port;
	return slash != NULL ? parse_path(c, e, slash) : 0;
}

/* ---- its words ---- */

static int
parse_seconds(struct cfg *c, const char *name, const char *word, const uint64_t limits[2],
    uint64_t *ret_us)
{
	uint64_t number;

	if (str_to_u64(str_of(word), &number)) {
		diag_error(c->diag, "'elb-check' : '%s %s': say %ss or %sm.", name, word, word,
		    word);
		return -1;
	}
	if (cfg_duration(c, name, word, 1000, ret_us) == -1)
		return -1;
	if (*ret_us < limits[0] * SECOND_US || *ret_us > limits[1] * SECOND_US) {
		diag_error(c->diag, "'elb-check' : '%s' is from %us to %us (got '%s').", name,
		    (unsigned)limits[0], (unsigned)limits[1], word);
		return -1;
	}
	return 0;
}

static int
parse_word(struct cfg *c, struct check_elb *e, char **args)
{
	static const uint64_t interval[2] = { 5, 300 }, timeout[2] = { 2, 60 };

	if (args[1] == NULL) {
		diag_error(c->diag, "'elb-check' : '%s' expects a value.", args[0]);
		return -1;
	}
	if (strcmp(args[0], "interval") == 0)
		return parse_seconds(c, args[0], args[1], interval, &e->interval_us);
	if (strcmp(args[0], "timeout") == 0)
		return parse_seconds(c, args[0], args[1], timeout, &e->timeout_us);
	if (strcmp(args[0], "healthy") == 0)
		return cfg_uint(c, "elb-check healthy", args[1], 2, 10, &e->healthy);
	if (strcmp(args[0], "unhealthy") == 0)
		return cfg_uint(c, "elb-check unhealthy", args[1], 2, 10, &e->unhealthy);
	diag_error(c->diag, "'elb-check' : expects 'interval', 'timeout', 'healthy' or 'unhealthy' "
	    "(got '%s').", args[0]);
	return -1;
}

/* ---- its steps ---- */

static struct check_seq *
make_steps(struct cfg *c, const struct check_elb *e, char **args, int nargs)
{
	struct check_seq *q = arena_alloc(c->arena, sizeof(*q));
	struct step_expect *x;
	struct http_send *h;
	const char *words[] = { "meth", "GET", "uri", e->path, "ver", "HTTP/1.1", "hdr",
		"User-Agent", "ELB-HealthChecker/1.0", NULL };

	seq_init(q, e->is_http ? CHECK_HTTP : CHECK_PREPARED, NULL);
	seq_hash(q, args, nargs);
	seq_add(c, q, STEP_CONNECT)->u.connect.flags = CONNECT_DEFAULT | CONNECT_IMPLICIT |
	    (e->is_tls ? CONNECT_TLS : 0);
	if (!e->is_http)
		return q;
	h = arena_alloc(c->arena, sizeof(*h));
	if (http_send_parse(c, h, (char **)(uintptr_t)words, ARRAY_LEN(words) - 1) == -1)
		return NULL;
	seq_add(c, q, STEP_SEND)->u.send.http = h;
	x = &seq_add(c, q, STEP_EXPECT)->u.expect;
	x->kind = EXPECT_WHOLE;
	x->wanted[200 / 64] = (uint64_t)1 << (200 % 64);
	return q;
}

static int
parse_elb(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct check_proxy *cp;
	struct check_elb *e;

	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	cp = check_cfg_of(c);
	if (c->is_no) {
		check_cfg_forget(cp, "elb-check");
		return 0;
	}
	if (nargs == 0)
		return bad_target(c, "");
	e = arena_alloc(c->arena, sizeof(*e));
	*e = (struct check_elb){ .interval_us = 30 * SECOND_US, .timeout_us = 5 * SECOND_US,
		.healthy = 10, .unhealthy = 2 };
	if (parse_target(c, e, args[0]) == -1)
		return -1;
	for (int i = 1; i < nargs; i += 2)
		if (parse_word(c, e, args + i) == -1)
			return -1;
	if (e->timeout_us >= e->interval_us) {
		diag_error(c->diag, "'elb-check' : the timeout must be less than the interval.");
		return -1;
	}
	check_cfg_choose(cp, "elb-check");
	cp->elb = e;
	cp->prepared = make_steps(c, e, args, nargs);
	return cp->prepared != NULL ? 0 : -1;
}

/* ---- a server ---- */

int
check_elb_settle(struct cfg *c, struct server *srv, struct check_conf *conf)
{
	const struct check_elb *e = conf->px->elb;

	conf->inter_us = e->interval_us;
	conf->fastinter_us = conf->downinter_us = 0;
	conf->rise = (uint32_t)e->healthy;
	conf->fall = (uint32_t)e->unhealthy;
	conf->init_state = CHECK_INIT_DOWN;
	conf->is_regular = conf->begins_new = true;
	conf->connect_us = e->timeout_us;
	conf->timeout_us = 0;
	addr_set_port(&conf->to, e->port);
	conf->port = e->port;
	conf->sends_proxy = false;
	conf->is_tls = e->is_tls;
	conf->tls = NULL;
	if (!e->is_tls)
		return 0;
	conf->tls = tls_cfg_server_lenient(c, srv);
	return conf->tls != NULL ? 0 : -1;
}

/* ---- what is said of an instance ---- */

static const struct {
	const char	*state, *reason, *text;
} descriptions[] = {
#define X(id, state, reason, text) { state, reason, text },
	ELB_HEALTHS(X)
#undef X
};

const char *
elb_health_state(enum elb_health h)
{
	return descriptions[h].state;
}

const char *
elb_health_reason(enum elb_health h)
{
	return descriptions[h].reason;
}

const char *
elb_health_text(enum elb_health h)
{
	return descriptions[h].text;
}

enum elb_health
elb_health_of(const struct server *srv)
{
	const struct server_live *l = srv->live;
	const struct check *chk = l->check;
	uint32_t admin = atomic_load(&l->admin);

	if (admin & SRV_ADM_MAINT)
		return ELB_NOT_REGISTERED;
	if (admin & SRV_ADM_DRAIN)
		return gauge_get(&l->inflight) > 0 ? ELB_DRAINING : ELB_NOT_REGISTERED;
	if (chk == NULL || chk->conf == NULL || health_is_up(l))
		return health_is_up(l) ? ELB_HEALTHY : ELB_FAILED;
	if (chk->is_new)
		return ELB_REGISTERING;
	return chk->health == 0 ? ELB_FAILED : ELB_RECOVERING;
}

static const struct kw_row rows[] = {
	{ "elb-check", IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS | KW_F_NO, parse_elb, 0,
	    "<target> [interval <t>] [timeout <t>] [healthy <n>] [unhealthy <n>]",
	    "Checks as a classic load balancer makes them." },
	{ 0 }
};

const struct module mod_check_elb = { .name = "check_elb", .cfg = rows };
