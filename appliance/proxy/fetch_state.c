/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches of constants, variables, the process, and the state of backends and
 * servers, read from the live cells as they are at this moment.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "base/rand.h"
#include "cfg/kw.h"
#include "http/msg.h"
#include "net/addr.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/rules_in.h"
#include "proxy/txn.h"
#include "proxy/vars.h"

/* ---- constants ---- */

static bool
f_always(struct sample_ctx *x, const struct arg *a, intptr_t value, struct sample *ret)
{
	(void)x, (void)a;
	sample_bool(ret, value != 0);
	return true;
}

static bool
f_int(struct sample_ctx *x, const struct arg *a, intptr_t as_bool, struct sample *ret)
{
	(void)x;
	if (as_bool)
		sample_bool(ret, a[0].i != 0);
	else
		sample_int(ret, a[0].i);
	return true;
}

static bool
f_str(struct sample_ctx *x, const struct arg *a, intptr_t type, struct sample *ret)
{
	(void)x;
	sample_str(ret, a[0].s);
	ret->type = (uint8_t)type;
	if (type == SMP_METHOD)
		ret->method = (uint8_t)a[0].i;
	return true;
}

static int
check_bool(struct cfg *c, struct arg *a, int n)
{
	(void)n;
	if (str_is(a[0].s, "true") || str_is(a[0].s, "1")) {
		a[0].i = 1;
	} else if (!str_is(a[0].s, "false") && !str_is(a[0].s, "0")) {
		diag_error(c->diag, "fetch method 'bool' expects 'true', 'false', '1' or "
		    "'0', but got '%s'", a[0].s.p);
		return -1;
	}
	return 0;
}

static int
check_meth(struct cfg *c, struct arg *a, int n)
{
	(void)c, (void)n;
	a[0].i = (int64_t)http_method_of(a[0].s);
	return 0;
}

static int
check_bin(struct cfg *c, struct arg *a, int n)
{
	struct str hex = a[0].s;
	char *p = arena_alloc(c->arena, hex.len / 2 + 1);
	uint64_t v;

	(void)n;
	if (hex.len % 2 != 0) {
		diag_error(c->diag, "fetch method 'bin': '%s' has an odd number of "
		    "hexadecimal digits", hex.p);
		return -1;
	}
	for (size_t i = 0; i < hex.len; i += 2) {
		if (!str_to_hex((struct str){ hex.p + i, 2 }, &v)) {
			diag_error(c->diag, "fetch method 'bin': '%s' is not hexadecimal", hex.p);
			return -1;
		}
		p[i / 2] = (char)v;
	}
	a[0].s = (struct str){ p, hex.len / 2 };
	return 0;
}

static int
check_ip(struct cfg *c, struct arg *a, int n)
{
	struct sample s;

	(void)n;
	sample_str(&s, a[0].s);
	if (sample_cast(&s, SMP_IPV4) || sample_cast(&s, SMP_IPV6))
		return 0;
	diag_error(c->diag, "'%s' is not an IP address", a[0].s.p);
	return -1;
}

static bool
f_ip(struct sample_ctx *x, const struct arg *a, intptr_t type, struct sample *ret)
{
	(void)x;
	sample_str(ret, a[0].s);
	return sample_cast(ret, (enum sample_type)type);
}

/* ---- variables, environment, process ---- */

static bool
f_var(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)priv;
	if (var_get(x, a[0].u.var, ret))
		return true;
	if (a[1].type != ARG_STR)
		return false;
	sample_str(ret, a[1].s);
	return true;
}

/* The environment is read when the configuration is: getenv is not thread safe. */
static int
check_env(struct cfg *c, struct arg *a, int n)
{
	const char *value = getenv(a[0].s.p);

	(void)n;
	a[0].i = value != NULL;
	if (value != NULL)
		a[0].s = str_of(arena_strdup(c->arena, value));
	return 0;
}

static bool
f_env(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)x, (void)priv;
	if (a[0].i == 0)
		return false;
	sample_str(ret, a[0].s);
	return true;
}

static bool
f_hostname(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	char *p = eval_alloc(256);

	(void)x, (void)a, (void)priv;
	if (p == NULL || gethostname(p, 256) < 0)
		return false;
	p[255] = '\0';
	sample_str(ret, str_of(p));
	return true;
}

static bool
f_pid(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)x, (void)a, (void)priv;
	sample_int(ret, getpid());
	return true;
}

static bool
f_rand(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)x, (void)priv;
	sample_int(ret, a[0].type == ARG_INT && a[0].i > 0 ?
	    rand_below((uint32_t)a[0].i) : (int64_t)(uint32_t)rand_u64());
	return true;
}

static int
check_rand(struct cfg *c, struct arg *a, int n)
{
	if (n == 0 || (a[0].i > 0 && a[0].i <= UINT32_MAX))
		return 0;
	diag_error(c->diag, "fetch method 'rand' expects a range of 1 to %u, but got '%s'",
	    UINT32_MAX, a[0].s.p);
	return -1;
}

/* date([offset,[unit]]): seconds since the epoch, unit s, ms or us. */
static int
check_date(struct cfg *c, struct arg *a, int n)
{
	if (n < 2)
		return 0;
	a[1].i = str_is(a[1].s, "s") ? 1 : str_is(a[1].s, "ms") ? 1000 :
	    str_is(a[1].s, "us") ? 1000000 : 0;
	if (a[1].i != 0)
		return 0;
	diag_error(c->diag, "fetch method 'date': unknown unit '%s', expected 's', 'ms' "
	    "or 'us'", a[1].s.p);
	return -1;
}

static bool
f_date(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	int64_t us = (int64_t)clock_wall_of(clock_now_us);
	int64_t per_second = a[1].type == ARG_STR ? a[1].i : 1;
	int64_t v = us / (1000000 / per_second), add = a[0].type == ARG_INT ? a[0].i : 0;

	(void)x, (void)priv;
	if (__builtin_add_overflow(v, add, &v))
		return false;
	sample_int(ret, v);
	return true;
}

static bool
f_date_us(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)x, (void)a, (void)priv;
	sample_int(ret, (int64_t)(clock_wall_of(clock_now_us) % 1000000));
	return true;
}

/* RFC 9562, version 4 */
static bool
f_uuid(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	uint64_t hi = rand_u64(), lo = rand_u64();
	char *p = eval_alloc(37);
	struct out o;

	(void)x, (void)a, (void)priv;
	if (p == NULL)
		return false;
	hi = (hi & ~0xf000ull) | 0x4000;
	lo = (lo & ~(3ull << 62)) | 2ull << 62;
	out_init(&o, p, 37);
	out_fmt(&o, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(hi >> 32),
	    (unsigned)(hi >> 16) & 0xffff, (unsigned)hi & 0xffff, (unsigned)(lo >> 48),
	    (unsigned long long)(lo & 0xffffffffffffull));
	sample_str(ret, (struct str){ p, 36 });
	return true;
}

static int
check_uuid(struct cfg *c, struct arg *a, int n)
{
	if (n == 0 || a[0].i == 4)
		return 0;
	diag_error(c->diag, "fetch method 'uuid' makes version 4 only, not '%s'", a[0].s.p);
	return -1;
}

static bool
f_unique_id(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	struct str id;

	(void)a, (void)priv;
	if (x->t == NULL || (id = logline_unique_id(x->t)).len == 0)
		return false;
	sample_str(ret, id);
	return true;
}

/* ---- load ---- */

static const struct proxy *
backend_arg(const struct sample_ctx *x, const struct arg *a)
{
	if (a->type == ARG_BACKEND || a->type == ARG_FRONTEND)
		return a->u.px;
	return x->t != NULL && x->t->be != NULL ? x->t->be : x->px;
}

static const struct proxy *
frontend_arg(const struct sample_ctx *x, const struct arg *a)
{
	if (a->type == ARG_FRONTEND)
		return a->u.px;
	return x->t != NULL ? x->t->fe : x->px;
}

static bool
f_nbsrv(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	const struct proxy *be = backend_arg(x, a);
	int64_t n = 0;

	(void)priv;
	if (be == NULL)
		return false;
	for (uint32_t i = 0; i < be->nservers; i++)
		n += server_is_usable(be->servers[i]);
	sample_int(ret, n);
	return true;
}

static bool
f_srv_is_up(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)x, (void)priv;
	sample_bool(ret, server_is_usable(a[0].u.srv));
	return true;
}

enum { SRV_CONN, SRV_QUEUE };

static bool
f_srv_load(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	struct server_live *l = a[0].u.srv->live;

	(void)x;
	if (l == NULL)
		return false;
	sample_int(ret, which == SRV_CONN ? gauge_get(&l->inflight) :
	    atomic_load_explicit(&l->queue.len, memory_order_relaxed));
	return true;
}

enum { FE_CONN, BE_CONN, BE_QUEUE };

static bool
f_load(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	const struct proxy *px = which == FE_CONN ? frontend_arg(x, a) : backend_arg(x, a);
	int64_t n;

	if (px == NULL || px->live == NULL)
		return false;
	if (which == FE_CONN) {
		n = gauge_get(&px->live->fe_conn);
	} else if (which == BE_CONN) {
		n = gauge_get(&px->live->be_conn);
	} else {
		n = atomic_load_explicit(&px->live->queue.len, memory_order_relaxed);
		for (uint32_t i = 0; i < px->nservers; i++)
			n += atomic_load_explicit(&px->servers[i]->live->queue.len,
			    memory_order_relaxed);
	}
	sample_int(ret, n);
	return true;
}

/* ---- timers, in milliseconds ---- */

static bool
f_timer(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	int64_t ms;

	(void)a;
	if (x->t == NULL || (ms = logline_timer(x->t, (enum log_timer)which)) < 0)
		return false;
	sample_int(ret, ms);
	return true;
}

#define NONE	USE_CONST
#define TXN	USE_TXN

static const struct fetch_row fetches[] = {
	{ "always_true", "", SMP_BOOL, NONE, f_always, 1, "true", NULL },
	{ "always_false", "", SMP_BOOL, NONE, f_always, 0, "false", NULL },
	{ "bool", "s", SMP_BOOL, NONE, f_int, 1, "a constant boolean", check_bool },
	{ "int", "i", SMP_INT, NONE, f_int, 0, "a constant integer", NULL },
	{ "str", "s", SMP_STR, NONE, f_str, SMP_STR, "a constant string", NULL },
	{ "meth", "s", SMP_METHOD, NONE, f_str, SMP_METHOD, "a constant method", check_meth },
	{ "bin", "s", SMP_BIN, NONE, f_str, SMP_BIN, "constant bytes in hexadecimal", check_bin },
	{ "ipv4", "s", SMP_IPV4, NONE, f_ip, SMP_IPV4, "a constant IPv4 address", check_ip },
	{ "ipv6", "s", SMP_IPV6, NONE, f_ip, SMP_IPV6, "a constant IPv6 address", check_ip },
	{ "var", "v|s", SMP_ANY, NONE, f_var, 0, "a variable, or the default", NULL },
	{ "env", "s", SMP_STR, NONE, f_env, 0, "environment, as read at load time", check_env },
	{ "hostname", "", SMP_STR, NONE, f_hostname, 0, "name of this machine", NULL },
	{ "pid", "", SMP_INT, NONE, f_pid, 0, "process id", NULL },
	{ "rand", "|i", SMP_INT, NONE, f_rand, 0, "random integer below the range", check_rand },
	{ "date", "|is", SMP_INT, NONE, f_date, 0, "seconds since the epoch", check_date },
	{ "date_us", "", SMP_INT, NONE, f_date_us, 0, "microseconds part of the date", NULL },
	{ "uuid", "|i", SMP_STR, NONE, f_uuid, 0, "a random UUID, version 4", check_uuid },
	{ "unique-id", "", SMP_STR, TXN, f_unique_id, 0, "id made by unique-id-format", NULL },

	{ "nbsrv", "|b", SMP_INT, NONE, f_nbsrv, 0, "usable servers of a backend", NULL },
	{ "srv_is_up", "S", SMP_BOOL, NONE, f_srv_is_up, 0, "a server is usable", NULL },
	{ "srv_conn", "S", SMP_INT, NONE, f_srv_load, SRV_CONN,
	    "requests under way on a server", NULL },
	{ "srv_queue", "S", SMP_INT, NONE, f_srv_load, SRV_QUEUE,
	    "requests in a server's queue", NULL },
	{ "fe_conn", "|f", SMP_INT, NONE, f_load, FE_CONN, "connections of a frontend", NULL },
	{ "be_conn", "|b", SMP_INT, NONE, f_load, BE_CONN, "requests in a backend", NULL },
	{ "queue", "|b", SMP_INT, NONE, f_load, BE_QUEUE, "requests queued in a backend", NULL },

	{ "req.timer.idle", "", SMP_INT, TXN, f_timer, TIMER_TI, "idle time before it (Ti)", NULL },
	{ "req.timer.tq", "", SMP_INT, TXN, f_timer, TIMER_TQ, "Th + Ti + TR", NULL },
	{ "req.timer.hdr", "", SMP_INT, TXN, f_timer, TIMER_TR_REQ,
	    "time to the whole head (TR)", NULL },
	{ "req.timer.queue", "", SMP_INT, TXN, f_timer, TIMER_TW, "time in queues (Tw)", NULL },
	{ "bc.timer.connect", "", SMP_INT, TXN, f_timer, TIMER_TC,
	    "time to connect (Tc)", NULL },
	{ "res.timer.hdr", "", SMP_INT, TXN, f_timer, TIMER_TR,
	    "time to the response head (Tr)", NULL },
	{ "txn.timer.total", "", SMP_INT, TXN, f_timer, TIMER_TA, "active time (Ta)", NULL },
	{ "txn.timer.user", "", SMP_INT, TXN, f_timer, TIMER_TU, "total without idle (Tu)", NULL },
	{ NULL, NULL, 0, 0, NULL, 0, NULL, NULL }
};

const struct module mod_fetch_state = {
	.name = "fetch_state",
	.fetches = fetches,
};
