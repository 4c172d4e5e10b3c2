/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The aliases of log formats (%ci, %TR, ...): one small function each, or one
 * for a family. They read the transaction as it ended; what is not there prints
 * as `-`, and counts as 0. Times are in logfield_time.c.
 */
#include <arpa/inet.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "http/msg.h"
#include "net/listen.h"
#include "net/tls.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/server_addr.h"
#include "proxy/rules_in.h"
#include "proxy/sample.h"
#include "proxy/service.h"
#include "proxy/session.h"
#include "proxy/txn.h"

/* ---- text ---- */

static void
text(struct out *o, unsigned flags, struct str s)
{
	if (s.len == 0 && !(flags & LF_QUOTE))
		out_char(o, '-');
	else if (flags & LF_LOG)
		out_log(o, s);
	else
		out_str(o, s);
}

static struct str
z_str(const char *z)
{
	return z != NULL ? str_of(z) : STR_NONE;
}

/* ---- addresses ---- */

enum { IP_CLIENT, IP_FRONT, IP_SERVER };

static struct ip_port
ip_of(const struct sample_ctx *x, intptr_t which)
{
	struct ip_port none = { 0 };

	if (which == IP_SERVER)
		return x->t != NULL && x->t->srv != NULL ?
		    server_ip_now(x->t->srv) : none;
	if (x->sess == NULL)
		return none;
	return which == IP_CLIENT ? x->sess->src : session_dst(x->sess);
}

static void
out_ip(struct sample_ctx *x, unsigned flags, struct out *o, intptr_t which)
{
	struct ip_port ip = ip_of(x, which);
	char z[64];

	if (ip.family == AF_INET && (flags & LF_HEX)) {
		out_fmt(o, "%08X", ntohl(ip.ip.v4.s_addr));
	} else if (ip.family == AF_INET6 && (flags & LF_HEX)) {
		for (int i = 0; i < 16; i++)
			out_fmt(o, "%02X", ip.ip.v6.s6_addr[i]);
	} else if (ip.family == 0) {
		out_char(o, '-');
	} else {
		out_mem(o, z, ip_text(&ip, z, sizeof(z)));
	}
}

static void
out_number(unsigned flags, struct out *o, uint64_t v)
{
	if (flags & LF_HEX)
		out_fmt(o, "%04llX", (unsigned long long)v);
	else
		out_u64(o, v);
}

static void
out_port(struct sample_ctx *x, unsigned flags, struct out *o, intptr_t which)
{
	out_number(flags, o, ip_of(x, which).port);
}

#define ADDRESS(name, which) \
static void \
a_##name##i(struct sample_ctx *x, unsigned flags, struct out *o) \
{ \
	out_ip(x, flags, o, which); \
} \
static void \
a_##name##p(struct sample_ctx *x, unsigned flags, struct out *o) \
{ \
	out_port(x, flags, o, which); \
}

ADDRESS(c, IP_CLIENT)
ADDRESS(f, IP_FRONT)
ADDRESS(s, IP_SERVER)

/* ---- names ---- */

static const struct proxy *
frontend(const struct sample_ctx *x)
{
	return x->t != NULL ? x->t->fe : x->px;
}

static void
a_f(struct sample_ctx *x, unsigned flags, struct out *o)
{
	const struct proxy *fe = frontend(x);

	text(o, flags, z_str(fe != NULL ? fe->name : NULL));
}

static void
a_ft(struct sample_ctx *x, unsigned flags, struct out *o)
{
	a_f(x, flags, o);
	if (x->sess != NULL && x->sess->conn.tls != NULL)
		out_char(o, '~');
}

static void
a_b(struct sample_ctx *x, unsigned flags, struct out *o)
{
	const struct proxy *be = x->t != NULL && x->t->be != NULL ? x->t->be : frontend(x);

	text(o, flags, z_str(be != NULL ? be->name : NULL));
}

static void
a_s(struct sample_ctx *x, unsigned flags, struct out *o)
{
	const char *name = x->t != NULL && x->t->srv != NULL ? x->t->srv->name : NULL;

	if (name == NULL && x->t != NULL && x->t->service != NULL)
		name = x->t->service->log_name;
	text(o, flags, name != NULL ? str_of(name) : STR("<NOSRV>"));
}

static void
a_H(struct sample_ctx *x, unsigned flags, struct out *o)
{
	char z[256];

	(void)x;
	if (gethostname(z, sizeof(z)) < 0)
		z[0] = '\0';
	z[sizeof(z) - 1] = '\0';
	text(o, flags, str_of(z));
}

static void
a_pid(struct sample_ctx *x, unsigned flags, struct out *o)
{
	(void)x;
	out_number(flags, o, (uint64_t)getpid());
}

static void
a_ID(struct sample_ctx *x, unsigned flags, struct out *o)
{
	text(o, flags, x->t != NULL ? logline_unique_id(x->t) : STR_NONE);
}

static _Atomic uint32_t request_number;

/* %rt: number of the request in this process */
static void
a_rt(struct sample_ctx *x, unsigned flags, struct out *o)
{
	(void)x;
	out_number(flags, o, atomic_fetch_add_explicit(&request_number, 1, memory_order_relaxed));
}

/* ---- request ---- */

static struct str
method_of(const struct txn *t)
{
	return http_str(&t->req, t->orig_method.len != 0 ? t->orig_method : t->req.method_text);
}

static struct str
target_of(const struct txn *t)
{
	return http_str(&t->req, t->orig_target.len != 0 ? t->orig_target : t->req.target);
}

/* A head that was never complete, or refused, is not shown in parts; what was
 * refused after a server was picked is a body or the response. */
static bool
has_request(const struct sample_ctx *x)
{
	return ctx_request(x) != NULL && x->t->at.request != 0 &&
	    (x->t->refused == 0 || x->t->at.picked != 0);
}

static void
bad_request(unsigned flags, struct out *o)
{
	(void)flags;
	out_lit(o, "<BADREQ>");
}

static struct str
version_of(const struct txn *t)
{
	return t->req.version == 10 ? STR("HTTP/1.0") : STR("HTTP/1.1");
}

static void
a_r(struct sample_ctx *x, unsigned flags, struct out *o)
{
	if (!has_request(x)) {
		bad_request(flags, o);
		return;
	}
	text(o, flags, method_of(x->t));
	out_char(o, ' ');
	text(o, flags, target_of(x->t));
	out_char(o, ' ');
	out_str(o, version_of(x->t));
}

/* Path and query of the target. */
static void
split(struct str target, struct str *ret_path, struct str *ret_query)
{
	const char *q = target.len > 0 ? memchr(target.p, '?', target.len) : NULL;
	size_t len = q != NULL ? (size_t)(q - target.p) : target.len;

	*ret_path = (struct str){ target.p, len };
	*ret_query = (struct str){ target.p + len, target.len - len };
}

/* Without the scheme and host of an absolute target. */
static struct str
path_only(struct str path)
{
	const char *p = str_find(path, STR("://"));

	if (p == NULL || path.p[0] == '/')
		return path;
	p = memchr(p + 3, '/', (size_t)(path.p + path.len - p - 3));
	return p != NULL ? (struct str){ p, (size_t)(path.p + path.len - p) } : STR("/");
}

enum { PART_METHOD, PART_PATH, PART_QUERY, PART_TARGET, PART_VERSION, PART_PATH_ONLY };

static void
out_part(struct sample_ctx *x, unsigned flags, struct out *o, int part)
{
	struct str path, query;

	if (!has_request(x)) {
		bad_request(flags, o);
		return;
	}
	split(target_of(x->t), &path, &query);
	text(o, flags, part == PART_METHOD ? method_of(x->t) : part == PART_PATH ? path :
	    part == PART_PATH_ONLY ? path_only(path) : part == PART_QUERY ? query :
	    part == PART_VERSION ? version_of(x->t) : target_of(x->t));
}

#define REQUEST(name, part) \
static void \
a_##name(struct sample_ctx *x, unsigned flags, struct out *o) \
{ \
	out_part(x, flags, o, part); \
}

REQUEST(HM, PART_METHOD)
REQUEST(HP, PART_PATH)
REQUEST(HPO, PART_PATH_ONLY)
REQUEST(HQ, PART_QUERY)
REQUEST(HU, PART_TARGET)
REQUEST(HV, PART_VERSION)

/* ---- captures ---- */

static void
out_capture(struct out *o, unsigned flags, struct str s)
{
	for (size_t i = 0; (flags & LF_LOG) && i < s.len; i++) {
		char ch = s.p[i];

		if (ch == '{' || ch == '|' || ch == '}')
			out_fmt(o, "#%02X", (unsigned)ch);
		else
			out_log(o, (struct str){ &ch, 1 });
	}
	if (!(flags & LF_LOG))
		out_str(o, s);
}

/* `{a|b}`; nothing at all when none is configured. */
static void
out_captures(struct sample_ctx *x, unsigned flags, struct out *o, bool is_response)
{
	uint32_t n;
	const struct str *kept = txn_captures(x->t, is_response, &n);

	if (n == 0)
		return;
	out_char(o, '{');
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			out_char(o, '|');
		if (kept != NULL)
			out_capture(o, flags, kept[i]);
	}
	out_char(o, '}');
}

static void
a_hr(struct sample_ctx *x, unsigned flags, struct out *o)
{
	out_captures(x, flags, o, false);
}

static void
a_hs(struct sample_ctx *x, unsigned flags, struct out *o)
{
	out_captures(x, flags, o, true);
}

/* ---- outcome ---- */

static void
a_ST(struct sample_ctx *x, unsigned flags, struct out *o)
{
	(void)flags;
	if (x->t != NULL && x->t->status != 0)
		out_u64(o, x->t->status);
	else
		out_lit(o, "-1");
}

static void
a_B(struct sample_ctx *x, unsigned flags, struct out *o)
{
	(void)flags;
	if (x->t != NULL && (x->t->fe->set.options & OPT_LOGASAP))
		out_char(o, '+');
	out_u64(o, x->t != NULL ? x->t->bytes.from_server : 0);
}

static void
a_U(struct sample_ctx *x, unsigned flags, struct out *o)
{
	(void)flags;
	out_u64(o, x->t != NULL ? x->t->bytes.in : 0);
}

static void
a_ts(struct sample_ctx *x, unsigned flags, struct out *o)
{
	(void)flags;
	if (x->t == NULL || x->t->term[0] == '\0')
		out_lit(o, "--");
	else
		out_mem(o, x->t->term, 2);
}

static void
a_tsc(struct sample_ctx *x, unsigned flags, struct out *o)
{
	char letters[2] = { '-', '-' };

	a_ts(x, flags, o);
	if (x->t != NULL && (x->t->flags & TXN_F_HTTP))
		persist_letters(x->t, letters);
	out_mem(o, letters, 2);
}

static void
a_CC(struct sample_ctx *x, unsigned flags, struct out *o)
{
	text(o, flags, x->t != NULL ? http_str(&x->t->req, x->t->ck.from_client) : STR_NONE);
}

static void
a_CS(struct sample_ctx *x, unsigned flags, struct out *o)
{
	text(o, flags, x->t != NULL && x->t->ck.from_server.len != 0 ?
	    http_str(&x->t->res, x->t->ck.from_server) : STR_NONE);
}

/* ---- counts ---- */

enum { N_AC, N_FC, N_BC, N_SC };

static void
out_conns(struct sample_ctx *x, unsigned flags, struct out *o, int which)
{
	out_number(flags, o, x->t != NULL ? x->t->conn_counts[which] : 0);
}

#define COUNT_OF(name, which) \
static void \
a_##name(struct sample_ctx *x, unsigned flags, struct out *o) \
{ \
	out_conns(x, flags, o, which); \
}

COUNT_OF(ac, N_AC)
COUNT_OF(fc, N_FC)
COUNT_OF(bc, N_BC)
COUNT_OF(sc, N_SC)

static void
a_rc(struct sample_ctx *x, unsigned flags, struct out *o)
{
	(void)flags;
	if (x->t != NULL && (x->t->flags & TXN_F_REDISPATCHED))
		out_char(o, '+');
	out_u64(o, x->t != NULL ? x->t->retries : 0);
}

static void
a_sq(struct sample_ctx *x, unsigned flags, struct out *o)
{
	(void)flags;
	out_u64(o, x->t != NULL ? x->t->srv_queue_pos : 0);
}

static void
a_bq(struct sample_ctx *x, unsigned flags, struct out *o)
{
	(void)flags;
	out_u64(o, x->t != NULL ? x->t->be_queue_pos : 0);
}

static _Atomic uint32_t log_number;

static void
a_lc(struct sample_ctx *x, unsigned flags, struct out *o)
{
	(void)x;
	out_number(flags, o, atomic_fetch_add_explicit(&log_number, 1, memory_order_relaxed));
}

/* ---- TLS ---- */

static void
a_sslv(struct sample_ctx *x, unsigned flags, struct out *o)
{
	struct tls *t = x->sess != NULL ? x->sess->conn.tls : NULL;

	text(o, flags, z_str(t != NULL ? tls_version(t) : NULL));
}

static void
a_sslc(struct sample_ctx *x, unsigned flags, struct out *o)
{
	struct tls *t = x->sess != NULL ? x->sess->conn.tls : NULL;

	text(o, flags, z_str(t != NULL ? tls_cipher(t) : NULL));
}

static const struct alias_row aliases[] = {
	{ "B", false, false, a_B, "bytes received from the server", 0 },
	{ "CC", true, true, a_CC, "captured request cookie", 0 },
	{ "CS", true, true, a_CS, "captured response cookie", 0 },
	{ "H", false, true, a_H, "host name", 0 },
	{ "HM", true, true, a_HM, "request method", 0 },
	{ "HP", true, true, a_HP, "request path", 0 },
	{ "HPO", true, true, a_HPO, "request path alone", 0 },
	{ "HQ", true, true, a_HQ, "request query with its `?`", 0 },
	{ "HU", true, true, a_HU, "request target", 0 },
	{ "HV", true, true, a_HV, "request version", 0 },
	{ "ID", false, true, a_ID, "unique id", 0 },
	{ "ST", true, false, a_ST, "status", 0 },
	{ "U", false, false, a_U, "bytes received from the client", 0 },
	{ "ac", false, false, a_ac, "connections of the process", 0 },
	{ "b", false, true, a_b, "backend name", 0 },
	{ "bc", false, false, a_bc, "requests in the backend", 0 },
	{ "bq", false, false, a_bq, "position in the backend's queue", 0 },
	{ "ci", false, true, a_ci, "client address", 0 },
	{ "cp", false, false, a_cp, "client port", 0 },
	{ "f", false, true, a_f, "frontend name", 0 },
	{ "fc", false, false, a_fc, "connections of the frontend", 0 },
	{ "fi", false, true, a_fi, "address connected to", 0 },
	{ "fp", false, false, a_fp, "port connected to", 0 },
	{ "ft", false, true, a_ft, "frontend name, ~ for TLS", 0 },
	{ "hr", true, true, a_hr, "captured request headers", 0 },
	{ "hs", true, true, a_hs, "captured response headers", 0 },
	{ "lc", false, false, a_lc, "counter of log lines", 0 },
	{ "pid", false, false, a_pid, "process id", 0 },
	{ "r", true, true, a_r, "request line", 0 },
	{ "rc", false, false, a_rc, "retries, + after a change of server", 0 },
	{ "rt", false, false, a_rt, "number of the request", 0 },
	{ "s", false, true, a_s, "server name", 0 },
	{ "sc", false, false, a_sc, "requests on the server", 0 },
	{ "si", false, true, a_si, "server address", 0 },
	{ "sp", false, false, a_sp, "server port", 0 },
	{ "sq", false, false, a_sq, "position in the server's queue", 0 },
	{ "sslc", false, true, a_sslc, "TLS cipher of the client side", 0 },
	{ "sslv", false, true, a_sslv, "TLS version of the client side", 0 },
	{ "ts", false, false, a_ts, "termination: cause, phase", 0 },
	{ "tsc", true, false, a_tsc, "termination with two letters for cookies", 0 },
	{ .name = NULL }
};

const struct module mod_logfield = {
	.name = "logfield",
	.aliases = aliases,
};
