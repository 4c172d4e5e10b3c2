/* SPDX-License-Identifier: BSD-2-Clause */
/* The error of a connection to a server, for bc_err and its like. */
#ifndef WEIR_PROXY_FETCH_ERR_H
#define WEIR_PROXY_FETCH_ERR_H

struct txn;

/* data thread: its connection to a server failed and is about to go */
void	bc_error_keep(struct txn *t);

#endif
