/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS in the configuration: what other rooms may ask for.
 */
#ifndef WEIR_PROXY_TLS_CFG_H
#define WEIR_PROXY_TLS_CFG_H

#include <stdbool.h>

#include "net/tls_store.h"

struct cfg;
struct server;

/* struct global.tls */
struct tls_global {
	struct tls_defaults d;
	bool		 no_server_verify;	/* ssl-server-verify none */
};

/* control thread or a job thread */
struct tls_global *tls_global_of(struct cfg *c);	/* made with defaults at first use */
/* Client-side settings of a server line, written `ssl` or not (check-ssl asks);
 * counted by the snapshot. NULL after diag_error. */
struct tls_server *tls_cfg_server(struct cfg *c, const struct server *srv);
/* The same, but certificates are verified only where the line says so. */
struct tls_server *tls_cfg_server_lenient(struct cfg *c, const struct server *srv);

/* start-up only: `-dV`, no verification of servers */
void	tls_cfg_set_no_verify(void);

#endif
