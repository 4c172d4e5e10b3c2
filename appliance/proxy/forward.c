/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwarding fields, SNI, the flat form of long heads, and held bodies; see
 * forward.h. Runs once per request, right before its first send, so that rules
 * have had their say and a retry does not add anything twice.
 *
 * Thread: data.
 */
#include "proxy/forward.h"

#include <string.h>

#include "base/out.h"
#include "cfg/snapshot.h"
#include "http/h1_out.h"
#include "http/uri.h"
#include "net/buf.h"
#include "net/pp.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/server_conn.h"
#include "proxy/session.h"
#include "proxy/txn.h"

/* Append, growing the message's memory once if needed. */
static bool
append(struct txn *t, struct str name, struct str value)
{
	return http_append(&t->req, name, value, HTTP_FIELD_ADDED) ||
	    (txn_grow(t, &t->req) && http_append(&t->req, name, value, HTTP_FIELD_ADDED));
}

/* ---- X-Forwarded-For ---- */

static bool
is_excepted(const struct proxy *px, const struct ip_port *src)
{
	for (uint32_t i = 0; i < px->set.ff_nexcept; i++)
		if (ip_net_has(&px->set.ff_except[i], src))
			return true;
	return false;
}

/* The frontend's word counts first; the backend's when the frontend has none. */
static const struct proxy *
forwardfor_of(const struct txn *t)
{
	if (t->fe->set.options & OPT_FORWARDFOR)
		return t->fe;
	return t->be->set.options & OPT_FORWARDFOR ? t->be : NULL;
}

static bool
add_forwarded_for(struct txn *t)
{
	const struct proxy *px = forwardfor_of(t);
	struct str name;
	char text[64];

	if (px == NULL || is_excepted(px, &t->sess->src) ||
	    (t->sess->src.family != AF_INET && t->sess->src.family != AF_INET6))
		return true;
	name = px->set.ff_header != NULL ? str_of(px->set.ff_header) : STR("x-forwarded-for");
	if ((px->set.options & OPT_FORWARDFOR_IFNONE) && http_find(&t->req, name, NULL) != NULL)
		return true;
	return append(t, name, (struct str){ text, ip_text(&t->sess->src, text, sizeof text) });
}

/* ---- X-Forwarded-Proto, X-Forwarded-Port ---- */

static bool
client_is_tls(const struct txn *t)
{
	return t->sess->conn.tls != NULL || (t->sess->pp != NULL && t->sess->pp->has_ssl);
}

static bool
set_or_keep(struct txn *t, struct str name, struct str value, bool if_none)
{
	if (if_none && http_find(&t->req, name, NULL) != NULL)
		return true;
	http_del(&t->req, name);
	return append(t, name, value);
}

static bool
add_forwarded_proto_port(struct txn *t)
{
	uint64_t o = t->fe->set.options | t->be->set.options;
	bool if_none = (o & OPT_XFWD_IFNONE) != 0;
	struct out w;
	char port[8];

	if ((o & OPT_XFWD_PROTO) && !set_or_keep(t, STR("x-forwarded-proto"),
	    client_is_tls(t) ? STR("https") : STR("http"), if_none))
		return false;
	if (!(o & OPT_XFWD_PORT))
		return true;
	out_init(&w, port, sizeof port);
	out_u64(&w, session_dst(t->sess).port);
	return set_or_keep(t, STR("x-forwarded-port"), (struct str){ port, out_len(&w) }, if_none);
}

static bool
add_unique_id(struct txn *t)
{
	const char *name = t->fe->set.unique_id_header;
	struct str id;

	if (name == NULL)
		return true;
	id = logline_unique_id(t);
	return id.len == 0 || append(t, str_of(name), id);
}

bool
forward_prepare_request(struct txn *t)
{
	uint64_t o = t->fe->set.options | t->be->set.options;

	if ((o & OPT_FORWARDFOR) && !add_forwarded_for(t))
		return false;
	if ((o & (OPT_XFWD_PROTO | OPT_XFWD_PORT)) && !add_forwarded_proto_port(t))
		return false;
	return add_unique_id(t);
}

/* ---- heads of many pieces ---- */

typedef unsigned head_writer(const struct http_msg *m, const struct h1_out_opts *o,
    struct iovec iov[H1_OUT_IOV], char *scratch, size_t scratch_size);

/* The writer falls back to one flat piece when its scratch memory has room. */
static unsigned
flat(struct txn *t, const struct http_msg *m, const struct h1_out_opts *o, struct iovec *iov,
    head_writer *write)
{
	size_t need = m->len + 512u;
	char *p = txn_scratch(t, need);

	return p == NULL ? 0 : write(m, o, iov, p, need);
}

unsigned
forward_flat_request(struct txn *t, const struct h1_out_opts *o, struct iovec *iov)
{
	return flat(t, &t->req, o, iov, h1_out_request);
}

unsigned
forward_flat_response(struct txn *t, const struct h1_out_opts *o, struct iovec *iov)
{
	return flat(t, &t->res, o, iov, h1_out_response);
}

/* ---- names for TLS and pools ---- */

static struct str
eval_name(struct txn *t, const struct expr *e)
{
	struct sample_ctx x;
	struct sample v;

	sample_ctx_init(&x, t, t->be, DIR_REQ);
	return expr_eval_as(e, &x, SMP_STR, &v) ? v.u.s : STR_NONE;
}

/* `sni EXPR`, else the Host without port unless no-sni-auto. */
struct str
forward_sni(struct txn *t)
{
	struct http_field *f;
	struct str host;
	uint32_t port;

	if (t->srv->sni != NULL)
		return eval_name(t, t->srv->sni);
	if (!(t->flags & TXN_F_HTTP) || (t->srv->flags & SRV_NO_SNI_AUTO))
		return STR_NONE;
	f = http_find_id(&t->req, HTTP_N_HOST, NULL);
	if (f == NULL || !uri_authority_is_valid(http_field_value(&t->req, f), &host, &port))
		return STR_NONE;
	return host;
}

struct str
forward_pool_name(struct txn *t, struct server *srv)
{
	t->srv = srv;
	if (srv->pool_conn_name != NULL)
		return eval_name(t, srv->pool_conn_name);
	return srv->tls != NULL ? forward_sni(t) : STR_NONE;
}

/* ---- held bodies ---- */

/* Is a second try thinkable at all? Then the body is worth its memory. */
static bool
may_retry(const struct txn *t)
{
	if (t->be->set.retry_on & RETRY_WRITTEN)
		return (t->be->set.retry_on & ~(RETRY_WRITTEN | RETRY_CONN_FAILURE)) != 0;
	return http_method_is_idempotent((enum http_method)t->req.method);
}

void
forward_keep_body(struct txn *t, const struct iovec *body, int n)
{
	size_t sum = 0;

	if (t->flags & TXN_F_NO_RETRY)
		return;
	for (int i = 0; i < n; i++)
		sum += body[i].iov_len;
	if (sum == 0)
		return;
	if (!may_retry(t) || buf_len(t->keep) + sum > t->snap->global->bufsize ||
	    !buf_append_iov(&t->keep, body, n, 0)) {
		t->flags |= TXN_F_NO_RETRY;
		buf_drop(&t->keep);
	}
}

/* A second try sends what was held (nothing of an empty body) as one piece; more
 * may follow from the client. */
bool
forward_resend_body(struct txn *t)
{
	struct server_conn *sc = t->sc;
	uint32_t len = buf_len(t->keep);
	uint32_t before = buf_len(sc->out);
	char head[20];
	bool ok = true;

	if (len != 0 && t->body_in == HTTP_BODY_CHUNKED)
		ok = buf_append(&sc->out, head, h1_out_chunk_head(head, len));
	if (len != 0)
		ok = ok && buf_append(&sc->out, t->keep->data + t->keep->start, len);
	if (len != 0 && t->body_in == HTTP_BODY_CHUNKED)
		ok = ok && buf_append(&sc->out, "\r\n", 2);
	if (t->body_in == HTTP_BODY_CHUNKED && (t->flags & TXN_F_REQ_DONE))
		ok = ok && buf_append(&sc->out, "0\r\n\r\n", 5);
	t->bytes.to_server += buf_len(sc->out) - before;
	if (ok && sc->out != NULL && conn_can_write(&sc->conn)) {
		struct iovec iov = { sc->out->data + sc->out->start, buf_len(sc->out) };
		ssize_t sent = conn_sendv(&sc->conn, &iov, 1);

		if (sent < 0)
			return false;
		buf_consume(&sc->out, (size_t)sent);
	}
	if (sc->out == NULL && (t->flags & TXN_F_REQ_DONE))
		t->flags |= TXN_F_REQ_SENT;
	return ok;
}
