/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches about what went wrong with a connection: the client's, which matters
 * to error-log-format, and the server's, which logs ask for when the connection
 * has gone; so a transaction keeps the error of the last one.
 */
#include "proxy/fetch_err.h"

#include <openssl/err.h>

#include "base/module.h"
#include "net/conn_err.h"
#include "net/tls.h"
#include "proxy/proxy.h"
#include "proxy/rules_in.h"
#include "proxy/server_conn.h"
#include "proxy/session.h"
#include "proxy/txn.h"

/* What the two sides have in common; false: there is no such connection. */
struct facts {
	enum conn_err	 err;
	bool		 is_tls;
	unsigned long	 code;		/* OpenSSL's */
};

static bool
client_facts(const struct sample_ctx *x, struct facts *f)
{
	const struct tls *t;

	if (x->sess == NULL)
		return false;
	t = x->sess->conn.tls;
	*f = (struct facts){ x->sess->err, t != NULL, t != NULL ? tls_error_code(t) : 0 };
	return true;
}

/* One that was refused, or not even begun, is none. */
static bool
server_facts(const struct sample_ctx *x, struct facts *f)
{
	const struct txn *t = x->t;

	if (t == NULL || t->srv == NULL || (t->bc_err == CONN_ERR_NONE && t->at.connected == 0))
		return false;
	*f = (struct facts){ t->bc_err, t->srv->tls != NULL, t->bc_tls_err };
	return true;
}

void
bc_error_keep(struct txn *t)
{
	const struct tls *tls = t->sc->conn.tls;

	if (tls == NULL || !(t->sc->conn.flags & CONN_ERROR))
		return;
	t->bc_tls_err = (uint32_t)tls_error_code(tls);
	t->bc_err = t->at.connected != 0 ? CONN_ERR_NONE : (uint8_t)tls_error_kind(tls);
}

static bool
put_openssl(unsigned long code, struct sample *ret)
{
	size_t room;
	char *p = eval_room(&room);

	if (code == 0 || room < 128)
		return false;
	ERR_error_string_n(code, p, room);
	sample_str(ret, str_of(p));
	eval_take(ret->u.s.len);
	return true;
}

enum { ERR, ERR_TEXT, TLS_ERR, TLS_ERR_TEXT, OF_SERVER = 4 };

static bool
f_err(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *ret)
{
	struct facts f;

	(void)a;
	if (which & OF_SERVER ? !server_facts(x, &f) : !client_facts(x, &f))
		return false;
	switch (which & 3) {
	case ERR:
		sample_int(ret, f.err);
		return true;
	case ERR_TEXT:
		sample_str(ret, str_of(conn_err_text(f.err)));
		return true;
	case TLS_ERR:
		sample_int(ret, (int64_t)f.code);
		return f.is_tls;
	default:
		return f.is_tls && put_openssl(f.code, ret);
	}
}

static const struct fetch_row fetches[] = {
	{ "fc_err", "", SMP_INT, USE_CLIENT, f_err, ERR,
	    "why the client's connection failed, 0 = it did not", NULL },
	{ "fc_err_str", "", SMP_STR, USE_CLIENT, f_err, ERR_TEXT, "the same in words", NULL },
	{ "ssl_fc_err", "", SMP_INT, USE_TLS, f_err, TLS_ERR,
	    "OpenSSL's error on it, 0 = none", NULL },
	{ "ssl_fc_err_str", "", SMP_STR, USE_TLS, f_err, TLS_ERR_TEXT, "the same in words", NULL },
	{ "bc_err", "", SMP_INT, USE_SERVER, f_err, OF_SERVER | ERR,
	    "why the connection to the server failed", NULL },
	{ "bc_err_str", "", SMP_STR, USE_SERVER, f_err, OF_SERVER | ERR_TEXT,
	    "the same in words", NULL },
	{ "ssl_bc_err", "", SMP_INT, USE_SERVER, f_err, OF_SERVER | TLS_ERR,
	    "OpenSSL's error on it, 0 = none", NULL },
	{ "ssl_bc_err_str", "", SMP_STR, USE_SERVER, f_err, OF_SERVER | TLS_ERR_TEXT,
	    "the same in words", NULL },
	{ NULL, NULL, 0, 0, NULL, 0, NULL, NULL }
};

const struct module mod_fetch_err = {
	.name = "fetch_err",
	.fetches = fetches,
};
