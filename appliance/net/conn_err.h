/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong with a connection, in HAProxy's numbers and words: fc_err,
 * bc_err and the lines of connections that failed before any request.
 */
#ifndef WEIR_NET_CONN_ERR_H
#define WEIR_NET_CONN_ERR_H

#include <stdbool.h>

/* Those that happen here; the numbers between are of things that weir does not do. */
enum conn_err {
	CONN_ERR_NONE = 0,
	CONN_ERR_PP_EMPTY = 11,		/* end before the PROXY header's first byte */
	CONN_ERR_PP_ABORT = 12,		/* the same by an error */
	CONN_ERR_PP_TIMEOUT = 13,
	CONN_ERR_PP_TRUNCATED = 14,
	CONN_ERR_PP_FOREIGN = 15,	/* no PROXY header at all */
	CONN_ERR_PP_BAD = 16,
	CONN_ERR_PP_PROTO = 17,
	CONN_ERR_TLS_EMPTY = 24,	/* end before a whole ClientHello */
	CONN_ERR_TLS_TIMEOUT = 26,
	CONN_ERR_TLS_RENEG = 29,
	CONN_ERR_TLS_CA = 30,
	CONN_ERR_TLS_CERT = 31,
	CONN_ERR_TLS_NAME = 32,		/* the server's name is not that of verifyhost */
	CONN_ERR_TLS_SNI = 33,		/* ... not that asked for */
	CONN_ERR_TLS_HANDSHAKE = 34,
	CONN_ERR_MAX = 44
};

/* any thread */
const char *conn_err_text(enum conn_err e);
/* The peer left or kept silent: what `option dontlognull` keeps out of logs. */
bool	conn_err_is_null(enum conn_err e);

#endif
