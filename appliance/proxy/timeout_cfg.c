/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `timeout NAME TIME`: one row per timeout; its arg tells the member.
 * Where HAProxy has no deadline unless one is written, defaults apply (see
 * proxy_timeout_* in proxy.c); `no timeout x` and `default timeout x` go back to
 * them, while a written 0 means none at all. Runs in the loading thread.
 */
#include <stddef.h>

#include "base/diag.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "proxy/proxy.h"

#define MAX_US	(2147483647ull * 1000)	/* HAProxy's limit: about 24.8 days */

struct timeout {
	size_t		 at;		/* in struct proxy_timeouts */
	unsigned	 cap;		/* the sections that have a use for it */
};

/* What a word says; `no` says 0. `timeout x` alone is an error, `no timeout x` is not. */
static int
timeout_read(struct cfg *c, const char *what, char **args, int nargs, uint64_t *ret_us)
{
	uint64_t us = 0;
	bool is_undone = c->is_no || c->is_default;

	if (nargs == 0 && !is_undone) {
		diag_error(c->diag, "'%s' expects an integer value (in milliseconds)", what);
		return -1;
	}
	if (nargs > 1) {
		diag_error(c->diag, "'%s' : unexpected extra argument '%s' after value '%s'.",
		    what, args[1], args[0]);
		return -1;
	}
	if (!is_undone && cfg_duration(c, what, args[0], 1000, &us) == -1)
		return -1;
	if (us > MAX_US) {
		diag_error(c->diag, "timer overflow in argument '%s' to '%s' (maximum "
		    "value is 2147483647 ms or ~24.8 days)", args[0], what);
		return -1;
	}
	*ret_us = us == 0 && !is_undone ? TIMEOUT_NEVER_US : us;
	return 0;
}

static int
parse_timeout(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const struct timeout *t = (const struct timeout *)row->arg;
	struct proxy *px = proxy_of(c);
	uint64_t us;

	if (timeout_read(c, row->name, args, nargs, &us) == -1)
		return -1;
	if (px->cap & (t->cap | CAP_DEFAULTS))
		*(uint64_t *)(void *)((char *)&px->set.timeout + t->at) = us;
	else
		diag_warn(c->diag, "'%s' will be ignored because %s '%s' has no %s capability",
		    row->name, proxy_type_name(px), px->name,
		    t->cap == CAP_FRONTEND ? "frontend" : "backend");
	return 0;
}

#define FRONT	CAP_FRONTEND
#define BACK	CAP_BACKEND
#define BOTH	(CAP_FRONTEND | CAP_BACKEND)
#define TIMEOUT(name, cap, member, help) \
	{ "timeout " name, IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS | KW_F_NO, parse_timeout, \
	    (intptr_t)&(const struct timeout){ offsetof(struct proxy_timeouts, member), cap }, \
	    "<time>", help }

static const struct kw_row rows[] = {
	TIMEOUT("client", FRONT, client, "Idle time of a client; 60s by default."),
	TIMEOUT("client-fin", FRONT, client_fin,
	    "Idle time of a client once one direction has ended."),
	TIMEOUT("client-hs", FRONT, client_hs,
	    "A client's TLS handshake takes at most this time; 5s by default."),
	TIMEOUT("http-request", BOTH, http_request,
	    "A request head is complete within this time; 10s by default."),
	TIMEOUT("http-keep-alive", BOTH, http_keep_alive,
	    "Idle time between requests of a client."),
	TIMEOUT("connect", BACK, connect, "Time to connect to a server; 5s by default."),
	TIMEOUT("server", BACK, server,
	    "Idle time of a server; by default 30s for a response head, then 60s."),
	TIMEOUT("server-fin", BACK, server_fin,
	    "Idle time of a server once one direction has ended."),
	TIMEOUT("queue", BACK, queue,
	    "Waiting time for a slot; timeout connect by default."),
	TIMEOUT("tunnel", BACK, tunnel,
	    "Idle time of a tunnel; by default the shorter of client's and server's."),
	TIMEOUT("tarpit", BOTH, tarpit,
	    "How long tarpit holds a request; timeout connect by default."),
	TIMEOUT("check", BACK, check,
	    "Time for a check's answer once it is connected."),
	{ "timeout mail", IN_PROXY, KW_REFUSED, 0, 0, KW_F_ANY_ARGS, NULL, 0, "<time>",
	    "e-mail alerts are built in a later release." },
	{ 0 }
};

const struct module mod_timeout_cfg = { .name = "timeout_cfg", .cfg = rows };
