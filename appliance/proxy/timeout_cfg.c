/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `timeout NAME TIME`: one row per timeout, the row's arg is the member's place.
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

static const unsigned both_caps = CAP_FRONTEND | CAP_BACKEND;

static int
timeout_set(struct cfg *c, const struct kw_row *row, unsigned cap, char **args)
{
	struct proxy *px = proxy_of(c);
	uint64_t us = 0, *field;

	field = (uint64_t *)(void *)((char *)&px->set.timeout + row->arg);
	if (!c->is_no && !c->is_default) {
		if (cfg_duration(c, row->name, args[0], 1000, &us) == -1)
			return -1;
		if (us > MAX_US) {
			diag_error(c->diag, "timer overflow in argument '%s' to '%s' (maximum "
			    "value is 2147483647 ms or ~24.8 days)", args[0], row->name);
			return -1;
		}
		if (us == 0)
			us = TIMEOUT_NEVER_US;
	}
	if (!(px->cap & (cap | CAP_DEFAULTS))) {
		diag_warn(c->diag, "'%s' will be ignored because %s '%s' has no %s capability",
		    row->name, proxy_type_name(px), px->name,
		    cap == CAP_FRONTEND ? "frontend" : "backend");
		return 0;
	}
	*field = us;
	return 0;
}

/* `timeout x` alone is an error; `no timeout x` is not. */
static int
timeout_args(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	if (nargs == 0 && !c->is_no && !c->is_default) {
		diag_error(c->diag, "'%s' expects an integer value (in milliseconds)", row->name);
		return -1;
	}
	if (nargs > 1) {
		diag_error(c->diag, "'%s' : unexpected extra argument '%s' after value '%s'.",
		    row->name, args[1], args[0]);
		return -1;
	}
	return 0;
}

static int
parse_front(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	if (timeout_args(c, row, args, nargs) == -1)
		return -1;
	return timeout_set(c, row, CAP_FRONTEND, args);
}

static int
parse_back(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	if (timeout_args(c, row, args, nargs) == -1)
		return -1;
	return timeout_set(c, row, CAP_BACKEND, args);
}

static int
parse_both(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	if (timeout_args(c, row, args, nargs) == -1)
		return -1;
	return timeout_set(c, row, both_caps, args);
}

#define TIMEOUT(name, fn, member, help) \
	{ "timeout " name, IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS | KW_F_NO, fn, \
	    offsetof(struct proxy_timeouts, member), "<time>", help }

static const struct kw_row rows[] = {
	TIMEOUT("client", parse_front, client, "Idle time of a client; 60s by default."),
	TIMEOUT("client-fin", parse_front, client_fin,
	    "Idle time of a client once one direction has ended."),
	TIMEOUT("client-hs", parse_front, client_hs,
	    "A client's TLS handshake takes at most this time; 5s by default."),
	TIMEOUT("http-request", parse_both, http_request,
	    "A request head is complete within this time; 10s by default."),
	TIMEOUT("http-keep-alive", parse_both, http_keep_alive,
	    "Idle time between requests of a client."),
	TIMEOUT("connect", parse_back, connect, "Time to connect to a server; 5s by default."),
	TIMEOUT("server", parse_back, server,
	    "Idle time of a server; by default 30s for a response head, then 60s."),
	TIMEOUT("server-fin", parse_back, server_fin,
	    "Idle time of a server once one direction has ended."),
	TIMEOUT("queue", parse_back, queue,
	    "Waiting time for a slot; timeout connect by default."),
	TIMEOUT("tunnel", parse_back, tunnel,
	    "Idle time of a tunnel; by default the shorter of client's and server's."),
	TIMEOUT("tarpit", parse_both, tarpit,
	    "How long tarpit holds a request; timeout connect by default."),
	TIMEOUT("check", parse_back, check,
	    "Time for a check's answer once it is connected."),
	{ "timeout mail", IN_PROXY, KW_REFUSED, 0, 0, KW_F_ANY_ARGS, NULL, 0, "<time>",
	    "e-mail alerts are built in a later release." },
	{ 0 }
};

const struct module mod_timeout_cfg = { .name = "timeout_cfg", .cfg = rows };
