/* SPDX-License-Identifier: BSD-2-Clause */
/* The PROXY header to a server: from a session's facts to the bytes. */
#ifndef WEIR_PROXY_PP_SEND_H
#define WEIR_PROXY_PP_SEND_H

#include <stdbool.h>

struct server_conn;
struct txn;

/* data thread: false when the connection failed. Nothing to send: true. */
bool	pp_send_header(struct txn *t, struct server_conn *sc);

#endif
