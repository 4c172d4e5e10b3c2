/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PROXY header to a server, sent in clear before anything else (before TLS).
 * It is small and first on a fresh socket, so a short write means a broken one.
 *
 * Thread: data.
 */
#include "proxy/pp_send.h"

#include <string.h>
#include <sys/socket.h>

#include "net/pp.h"
#include "net/tls.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/server_conn.h"
#include "proxy/session.h"
#include "proxy/txn.h"

#define SEND_PROXY	(SRV_SEND_PROXY_V1 | SRV_SEND_PROXY_V2 | SRV_SEND_PROXY_V2_SSL)

struct facts {
	char		 cn[256], key[64];
};

static void
fill(struct txn *t, struct pp_out *o, struct facts *f)
{
	struct session *s = t->sess;
	struct tls *tls = s->conn.tls;

	memset(o, 0, sizeof *o);
	o->src = s->src;
	o->dst = session_dst(s);
	o->options = t->srv->pp2_options;
	if (t->srv->flags & SRV_SEND_PROXY_V2_SSL)
		o->options |= PP2_OPT_SSL;
	if (o->options & PP2_OPT_UNIQUE_ID)
		o->unique_id = logline_unique_id(t);
	if (tls == NULL)
		return;
	o->has_ssl = true;
	o->ssl_version = tls_version(tls);
	o->ssl_cipher = tls_cipher(tls);
	o->client_cert = tls_has_client_cert(tls);
	o->verify_result = tls_verify_result(tls);
	o->authority = tls_sni(tls);
	if (o->options & PP2_OPT_CERT_CN)
		o->cn = tls_peer_cn(tls, f->cn, sizeof f->cn);
	if (o->options & PP2_OPT_CERT_SIG)
		o->sig_alg = tls_own_sig_alg(tls);
	if (o->options & PP2_OPT_CERT_KEY)
		o->key_alg = tls_own_key_alg(tls, f->key, sizeof f->key);
}

bool
pp_send_header(struct txn *t, struct server_conn *sc)
{
	char buf[2048];
	struct facts facts;
	struct pp_out o;
	size_t n;

	if (!(t->srv->flags & SEND_PROXY))
		return true;
	fill(t, &o, &facts);
	n = t->srv->flags & (SRV_SEND_PROXY_V2 | SRV_SEND_PROXY_V2_SSL) ?
	    pp_write_v2(&o, buf, sizeof buf) : pp_write_v1(&o, buf, sizeof buf);
	return n != 0 && send(sc->conn.fd, buf, n, MSG_NOSIGNAL) == (ssize_t)n;
}
