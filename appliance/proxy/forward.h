/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What weir adds to a request on its way: forwarding fields, unique id, SNI; and
 * the body that is held while the request may have to be sent once more.
 */
#ifndef WEIR_PROXY_FORWARD_H
#define WEIR_PROXY_FORWARD_H

#include <stdbool.h>
#include <sys/uio.h>

#include "base/str.h"

struct h1_out_opts;
struct server;
struct txn;

/* data thread */
bool	forward_prepare_request(struct txn *t);	/* false: no room, or a bad value */
/* The head as one flat piece in scratch memory, for heads of many pieces. */
unsigned forward_flat_request(struct txn *t, const struct h1_out_opts *o, struct iovec *iov);
unsigned forward_flat_response(struct txn *t, const struct h1_out_opts *o, struct iovec *iov);
struct str forward_sni(struct txn *t);		/* for TLS to the server; STR_NONE */
/* pool-conn-name, else the SNI */
struct str forward_pool_name(struct txn *t, struct server *srv);
/* Hold body bytes while a retry is possible, at most bufsize; beyond that the
 * request cannot be repeated. */
void	forward_keep_body(struct txn *t, const struct iovec *body, int n);
bool	forward_resend_body(struct txn *t);

#endif
