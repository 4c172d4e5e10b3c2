/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line as the classic ELB writes it into its access log, as one alias:
 *
 *	timestamp elb client:port backend:port request_processing_time
 *	backend_processing_time response_processing_time elb_status_code
 *	backend_status_code received_bytes sent_bytes "request" "user_agent"
 *	ssl_cipher ssl_protocol
 *
 * Times are seconds with six decimals; -1 all three, and `-` for the backend, when
 * the request went to none. Bytes of HTTP are those of bodies. Inside quotes a
 * quote, a backslash and what is not printable ASCII are \xHH.
 *
 * Thread: data.
 */
#include <time.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "http/msg.h"
#include "net/tls.h"
#include "proxy/balancer.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/session.h"
#include "proxy/txn.h"

#define AGENT_MAX	8192u

static bool
is_http(const struct txn *t)
{
	return (t->flags & TXN_F_HTTP) != 0;
}

/* ---- time and place ---- */

/* The moment of receipt: of the request, in TCP mode of the connection. */
static uint64_t
receipt(const struct txn *t)
{
	return is_http(t) && t->at.start != 0 ? t->at.start : t->at.accept;
}

static void
out_timestamp(struct out *o, const struct txn *t)
{
	uint64_t us = clock_wall_of(receipt(t));
	time_t s = (time_t)(us / 1000000);
	char buf[32];
	struct tm tm;

	gmtime_r(&s, &tm);
	out_mem(o, buf, strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S.", &tm));
	out_pad_u64(o, us % 1000000, 6);
	out_lit(o, "Z ");
}

static void
out_ip_port(struct out *o, const struct ip_port *ip)
{
	char z[64];

	if (ip->family == 0) {
		out_char(o, '-');
		return;
	}
	out_mem(o, z, ip_text(ip, z, sizeof(z)));
	out_char(o, ':');
	out_u64(o, ip->port);
}

static bool
is_dispatched(const struct txn *t)
{
	return t->srv != NULL && t->at.connected != 0;
}

static void
out_places(struct out *o, struct sample_ctx *x)
{
	const struct txn *t = x->t;
	const char *name = balancer_of(t->fe);

	out_z(o, name != NULL ? name : t->fe->name);
	out_char(o, ' ');
	out_ip_port(o, &x->sess->src);
	out_char(o, ' ');
	if (is_dispatched(t)) {
		struct ip_port ip = ip_port_of(&t->srv->addr.u.sa);

		out_ip_port(o, &ip);
	} else
		out_char(o, '-');
}

/* ---- durations ---- */

static void
out_seconds(struct out *o, uint64_t from, uint64_t to)
{
	uint64_t us = to > from ? to - from : 0;

	out_char(o, ' ');
	if (from == 0 || to == 0) {
		out_lit(o, "-1");
		return;
	}
	out_u64(o, us / 1000000);
	out_char(o, '.');
	out_pad_u64(o, us % 1000000, 6);
}

/* The head goes to the server as soon as its connection stands, and what it
 * answers to the client as soon as its head is there. */
static void
out_times(struct out *o, const struct txn *t)
{
	if (!is_dispatched(t)) {
		out_lit(o, " -1 -1 -1");
	} else if (is_http(t)) {
		out_seconds(o, receipt(t), t->at.connected);
		out_seconds(o, t->at.connected, t->at.response);
		out_seconds(o, t->at.response, t->at.response);
	} else {
		out_seconds(o, t->at.accept, t->at.sent != 0 ? t->at.sent : t->at.connected);
		out_seconds(o, t->at.picked, t->at.connected);
		out_seconds(o, t->at.connected, t->at.connected);
	}
}

/* ---- status and bytes ---- */

static void
out_outcome(struct out *o, const struct txn *t)
{
	if (!is_http(t)) {
		out_fmt(o, " - - %llu %llu ", (unsigned long long)t->bytes.in,
		    (unsigned long long)t->bytes.out);
		return;
	}
	out_fmt(o, " %u %u %llu %llu ", t->status, t->at.response != 0 ? t->res.status : 0,
	    (unsigned long long)(t->bytes.in - t->head_in),
	    (unsigned long long)t->body_sent);
}

/* ---- request and agent ---- */

static void
out_quoted(struct out *o, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t ch = (uint8_t)s.p[i];

		if (ch < 32 || ch > 126 || ch == '"' || ch == '\\')
			out_fmt(o, "\\x%02X", (unsigned)ch);
		else
			out_char(o, (char)ch);
	}
}

/* HOST:PORT; what the client did not name is the address it came to. */
static void
out_host(struct out *o, struct sample_ctx *x)
{
	const struct http_msg *m = &x->t->req;
	struct str host = m->flags & HTTP_F_HOST ? http_str(m, m->authority) : STR_NONE;
	struct ip_port dst = session_dst(x->sess);
	const char *colon = host.len > 0 ? memrchr(host.p, ':', host.len) : NULL;
	char z[64];

	if (host.len == 0)
		out_mem(o, z, ip_text(&dst, z, sizeof(z)));
	else
		out_quoted(o, host);
	if (colon != NULL && memchr(colon, ']', (size_t)(host.p + host.len - colon)) == NULL)
		return;
	out_char(o, ':');
	out_u64(o, dst.port);
}

static void
out_request(struct out *o, struct sample_ctx *x)
{
	const struct txn *t = x->t;
	const struct http_msg *m = &t->req;
	struct str target = http_str(m, t->orig_target.len != 0 ? t->orig_target : m->target);
	const char *p;

	if (!is_http(t) || t->at.request == 0 || (t->refused != 0 && t->at.picked == 0)) {
		out_lit(o, "\"- - - \"");
		return;
	}
	out_char(o, '"');
	out_quoted(o, http_str(m, t->orig_method.len != 0 ? t->orig_method : m->method_text));
	out_z(o, x->sess->conn.tls != NULL ? " https://" : " http://");
	out_host(o, x);
	p = str_find(target, STR("://"));
	if (p != NULL && target.p[0] != '/') {		/* absolute: its path */
		const char *end = target.p + target.len;

		p = memchr(p + 3, '/', (size_t)(end - p - 3));
		target = p != NULL ? (struct str){ p, (size_t)(end - p) } : STR("/");
	}
	if (target.len == 0 || target.p[0] != '/')
		out_char(o, '/');
	out_quoted(o, target);
	out_z(o, m->version == 10 ? " HTTP/1.0\"" : " HTTP/1.1\"");
}

static void
out_agent(struct out *o, const struct txn *t)
{
	const struct http_field *f = is_http(t) ?
	    http_find(&t->req, STR("user-agent"), NULL) : NULL;
	struct str agent = f != NULL ? http_field_value(&t->req, f) : STR_NONE;

	if (agent.len > AGENT_MAX)
		agent.len = AGENT_MAX;
	out_lit(o, " \"");
	if (agent.len == 0)
		out_char(o, '-');
	else
		out_quoted(o, agent);
	out_lit(o, "\" ");
}

static void
a_elb(struct sample_ctx *x, unsigned flags, struct out *o)
{
	struct tls *tls = x->sess != NULL ? x->sess->conn.tls : NULL;
	const char *cipher = tls != NULL ? tls_cipher(tls) : NULL;
	const char *version = tls != NULL ? tls_version(tls) : NULL;

	(void)flags;
	if (x->t == NULL || x->sess == NULL)
		return;
	out_timestamp(o, x->t);
	out_places(o, x);
	out_times(o, x->t);
	out_outcome(o, x->t);
	out_request(o, x);
	out_agent(o, x->t);
	out_z(o, cipher != NULL ? cipher : "-");
	out_char(o, ' ');
	out_z(o, version != NULL ? version : "-");
}

static const struct alias_row aliases[] = {
	{ "elb", false, false, a_elb, "a whole line of a classic ELB's access log",
	    LF_NEEDS_BODY_BYTES },
	{ .name = NULL }
};

const struct module mod_logfield_elb = { .name = "logfield_elb", .aliases = aliases };
