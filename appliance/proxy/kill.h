/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transactions that end because somebody says so: an operator (cause K), or the
 * health of their server (D: it went down, U: an active one came back); see
 * txn_kill.
 */
#ifndef WEIR_PROXY_KILL_H
#define WEIR_PROXY_KILL_H

struct server_live;

/* data thread, not from inside a step */
/* Each of this thread's transactions that holds the server. */
void	kill_at_server(const struct server_live *l, char cause);

#endif
