/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * More aliases of log formats: lists of captures, our own address towards the
 * server. That address is asked for before the connection
 * goes back to its pool, and only when a format of the frontend wants it.
 *
 * Thread: data.
 */
#include <sys/socket.h>

#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/server_conn.h"
#include "proxy/txn.h"

/* ---- our side of the server's connection ---- */

static bool
server_src(const struct server_conn *sc, struct ip_port *ret)
{
	union {
		struct sockaddr		 sa;
		struct sockaddr_storage	 ss;
	} a;
	socklen_t len = sizeof(a);

	if (sc == NULL || getsockname(sc->conn.fd, &a.sa, &len) < 0)
		return false;
	*ret = ip_port_of(&a.sa);
	return true;
}

void
logfield_keep_server_src(struct txn *t)
{
	struct ip_port ip;

	if (!server_src(t->sc, &ip))
		return;
	if (t->server_src == NULL)
		t->server_src = txn_scratch(t, sizeof(*t->server_src));
	if (t->server_src != NULL)
		*t->server_src = ip;
}

static struct ip_port
src_of(const struct sample_ctx *x)
{
	struct ip_port ip = { 0 };

	if (x->t != NULL && !server_src(x->t->sc, &ip) && x->t->server_src != NULL)
		ip = *x->t->server_src;
	return ip;
}

static void
a_bi(struct sample_ctx *x, unsigned flags, struct out *o)
{
	struct ip_port ip = src_of(x);
	char z[64];

	if (ip.family == 0)
		out_char(o, '-');
	else if (ip.family == AF_INET && (flags & LF_HEX))
		out_fmt(o, "%08X", ntohl(ip.ip.v4.s_addr));
	else
		out_mem(o, z, ip_text(&ip, z, sizeof(z)));
}

static void
a_bp(struct sample_ctx *x, unsigned flags, struct out *o)
{
	struct ip_port ip = src_of(x);

	if (ip.family == 0)
		out_char(o, '-');
	else if (flags & LF_HEX)
		out_fmt(o, "%04X", ip.port);
	else
		out_u64(o, ip.port);
}

/* ---- captures, one by one ---- */

static void
out_list(struct sample_ctx *x, unsigned flags, struct out *o, bool is_response)
{
	uint32_t n;
	const struct str *kept = txn_captures(x->t, is_response, &n);

	for (uint32_t i = 0; i < n; i++) {
		struct str s = kept != NULL ? kept[i] : STR_NONE;

		if (i > 0)
			out_char(o, ' ');
		if (s.len == 0) {
			out_z(o, flags & LF_QUOTE ? "\"\"" : "-");
			continue;
		}
		if (flags & LF_QUOTE)
			out_char(o, '"');
		if (flags & LF_LOG)
			out_log(o, s);
		else
			out_str(o, s);
		if (flags & LF_QUOTE)
			out_char(o, '"');
	}
}

static void
a_hrl(struct sample_ctx *x, unsigned flags, struct out *o)
{
	out_list(x, flags, o, false);
}

static void
a_hsl(struct sample_ctx *x, unsigned flags, struct out *o)
{
	out_list(x, flags, o, true);
}

/* What made the line. */
static void
a_OG(struct sample_ctx *x, unsigned flags, struct out *o)
{
	(void)flags;
	out_z(o, x->t == NULL ? "sess_error" : x->t->fe->set.options & OPT_LOGASAP ? "response" :
	    "txn_close");
}

static const struct alias_row aliases[] = {
	{ "OG", false, true, a_OG, "what made the line", 0 },
	{ "bi", false, true, a_bi, "our address towards the server", LF_NEEDS_SERVER_SRC },
	{ "bp", false, false, a_bp, "our port towards the server", LF_NEEDS_SERVER_SRC },
	{ "hrl", true, false, a_hrl, "captured request headers, a word each", 0 },
	{ "hsl", true, false, a_hsl, "captured response headers, a word each", 0 },
	{ .name = NULL }
};

const struct module mod_logfield_more = { .name = "logfield_more", .aliases = aliases };
