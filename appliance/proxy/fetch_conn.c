/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches about the client connection and its TLS, and the names of the
 * frontend, backend and server that serve it.
 */
#include "base/magic.h"
#include "base/module.h"
#include "net/listen.h"
#include "net/tls.h"
#include "proxy/proxy.h"
#include "proxy/rules_in.h"
#include "proxy/session.h"
#include "proxy/txn.h"

bool
sample_ip(struct sample *s, const struct ip_port *ip)
{
	if (ip->family == AF_INET) {
		s->type = SMP_IPV4;
		s->u.v4 = ip->ip.v4;
	} else if (ip->family == AF_INET6) {
		s->type = SMP_IPV6;
		s->u.v6 = ip->ip.v6;
	} else {
		return false;
	}
	return true;
}

enum { SRC, SRC_PORT, DST, DST_PORT };

static bool
f_addr(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	struct ip_port ip;

	(void)a;
	if (x->sess == NULL)
		return false;
	ip = which == DST || which == DST_PORT ? session_dst(x->sess) : x->sess->src;
	if (which == SRC || which == DST)
		return sample_ip(ret, &ip);
	if (ip.family != AF_INET && ip.family != AF_INET6)
		return false;
	sample_int(ret, ip.port);
	return true;
}

/* ---- TLS of the client side ---- */

static struct tls *
client_tls(const struct sample_ctx *x)
{
	return x->sess != NULL ? x->sess->conn.tls : NULL;
}

enum { TLS_IS, TLS_RESUMED, TLS_CERT_USED };

static bool
f_tls_bool(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	struct tls *t = client_tls(x);

	(void)a;
	if (which == TLS_IS) {
		sample_bool(ret, t != NULL);
		return true;
	}
	sample_bool(ret, t != NULL && (which == TLS_RESUMED ? tls_is_resumed(t) :
	    tls_has_client_cert(t)));
	return true;
}

enum { TLS_SNI, TLS_ALPN, TLS_PROTOCOL, TLS_CIPHER };

static bool
f_tls_text(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	struct tls *t = client_tls(x);
	const char *z = NULL;
	struct str s;

	(void)a;
	if (t == NULL)
		return false;
	if (which == TLS_SNI || which == TLS_ALPN) {
		s = which == TLS_SNI ? tls_sni(t) : tls_alpn(t);
	} else {
		z = which == TLS_PROTOCOL ? tls_version(t) : tls_cipher(t);
		s = z != NULL ? str_of(z) : STR_NONE;
	}
	if (s.len == 0)
		return false;
	sample_str(ret, s);
	return true;
}

enum { VERIFY_RESULT, VERIFY_ERR, VERIFY_CA_ERR };

static bool
f_tls_verify(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	struct tls *t = client_tls(x);

	(void)a;
	if (t == NULL)
		return false;
	sample_int(ret, which == VERIFY_RESULT ? tls_verify_result(t) :
	    tls_verify_error(t, which == VERIFY_CA_ERR));
	return true;
}

/* ---- names and numbers of what serves it ---- */

enum { FE_NAME, BE_NAME, SRV_NAME, SO_NAME };

static const char *
bind_name(const struct session *s)
{
	const struct bind_conf *b;

	if (s == NULL || s->listener == NULL)
		return NULL;
	b = atomic_load_explicit(&s->listener->user, memory_order_acquire);
	return b != NULL ? b->name : NULL;
}

static const struct proxy *
frontend_of(const struct sample_ctx *x)
{
	if (x->t != NULL)
		return x->t->fe;
	return x->px != NULL && (x->px->cap & CAP_FRONTEND) ? x->px : NULL;
}

static const struct proxy *
backend_of(const struct sample_ctx *x)
{
	if (x->t != NULL)
		return x->t->be;
	return x->check != NULL ? x->px : NULL;
}

static const struct server *
ctx_server(const struct sample_ctx *x)
{
	if (x->t != NULL)
		return x->t->srv;
	return x->check != NULL ? x->check->srv : NULL;
}

static bool
f_name(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	const struct proxy *px = which == FE_NAME ? frontend_of(x) : backend_of(x);
	const char *z = px != NULL ? px->name : NULL;

	(void)a;
	if (which == SRV_NAME)
		z = ctx_server(x) != NULL ? ctx_server(x)->name : NULL;
	else if (which == SO_NAME)
		z = bind_name(x->sess);
	if (z == NULL)
		return false;
	sample_str(ret, str_of(z));
	return true;
}

static bool
f_id(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	const struct proxy *px = which == FE_NAME ? frontend_of(x) : backend_of(x);

	(void)a;
	if (which == SRV_NAME) {
		if (ctx_server(x) == NULL)
			return false;
		sample_int(ret, ctx_server(x)->id);
		return true;
	}
	if (px == NULL)
		return false;
	sample_int(ret, px->id);
	return true;
}

static bool
f_handshake(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)a, (void)priv;
	if (x->sess == NULL)
		return false;
	sample_int(ret, x->sess->handshake_ms);
	return true;
}

#define CLI	USE_CLIENT
#define TLS	USE_TLS

static const struct fetch_row fetches[] = {
	{ "src", "", SMP_ANY, CLI, f_addr, SRC, "the client's address", NULL },
	{ "src_port", "", SMP_INT, CLI, f_addr, SRC_PORT, "the client's port", NULL },
	{ "dst", "", SMP_ANY, CLI, f_addr, DST, "the address connected to", NULL },
	{ "dst_port", "", SMP_INT, CLI, f_addr, DST_PORT, "the port connected to", NULL },
	{ "fc.timer.handshake", "", SMP_INT, CLI, f_handshake, 0,
	    "time of TLS handshake and PROXY header, ms", NULL },

	{ "ssl_fc", "", SMP_BOOL, TLS, f_tls_bool, TLS_IS, "the client uses TLS", NULL },
	{ "ssl_fc_is_resumed", "", SMP_BOOL, TLS, f_tls_bool, TLS_RESUMED,
	    "its TLS session was resumed", NULL },
	{ "ssl_c_used", "", SMP_BOOL, TLS, f_tls_bool, TLS_CERT_USED,
	    "the client showed a certificate", NULL },
	{ "ssl_fc_has_crt", "", SMP_BOOL, TLS, f_tls_bool, TLS_CERT_USED,
	    "a certificate was shown in this handshake", NULL },
	{ "ssl_c_verify", "", SMP_INT, TLS, f_tls_verify, VERIFY_RESULT,
	    "result of its verification, 0 = good", NULL },
	{ "ssl_c_err", "", SMP_INT, TLS, f_tls_verify, VERIFY_ERR,
	    "first error of it, ignored ones too", NULL },
	{ "ssl_c_ca_err", "", SMP_INT, TLS, f_tls_verify, VERIFY_CA_ERR,
	    "first error above it", NULL },
	{ "ssl_fc_sni", "", SMP_STR, TLS, f_tls_text, TLS_SNI, "server name asked for", NULL },
	{ "ssl_fc_alpn", "", SMP_STR, TLS, f_tls_text, TLS_ALPN, "protocol agreed on", NULL },
	{ "ssl_fc_protocol", "", SMP_STR, TLS, f_tls_text, TLS_PROTOCOL, "TLSv1.3", NULL },
	{ "ssl_fc_cipher", "", SMP_STR, TLS, f_tls_text, TLS_CIPHER, "cipher in use", NULL },

	{ "fe_name", "", SMP_STR, CLI, f_name, FE_NAME, "name of the frontend", NULL },
	{ "be_name", "", SMP_STR, USE_TXN, f_name, BE_NAME, "name of the backend", NULL },
	{ "srv_name", "", SMP_STR, USE_SERVER, f_name, SRV_NAME, "name of the server", NULL },
	{ "so_name", "", SMP_STR, CLI, f_name, SO_NAME, "name of the bind line", NULL },
	{ "fe_id", "", SMP_INT, CLI, f_id, FE_NAME, "number of the frontend", NULL },
	{ "be_id", "", SMP_INT, USE_TXN, f_id, BE_NAME, "number of the backend", NULL },
	{ "srv_id", "", SMP_INT, USE_SERVER, f_id, SRV_NAME, "number of the server", NULL },
	{ NULL, NULL, 0, 0, NULL, 0, NULL, NULL }
};

const struct module mod_fetch_conn = {
	.name = "fetch_conn",
	.fetches = fetches,
};
