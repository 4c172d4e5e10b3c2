/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of a transaction, in the files that hold them; private to txn*.c. */
#ifndef WEIR_PROXY_TXN_STEPS_H
#define WEIR_PROXY_TXN_STEPS_H

#include "proxy/rules.h"
#include "proxy/txn.h"

struct server_conn;

/* data thread */
/* txn_request.c */
txn_step_fn step_read_request, step_tcp_content, step_frontend_rules,
    step_choose_backend, step_backend_rules, step_persistence;
/* txn_server.c */
txn_step_fn step_pick, step_wait_slot, step_connect, step_send_request;
/* txn_response.c */
txn_step_fn step_read_response, step_response_rules, step_store_stick,
    step_send_response;
/* txn_local.c */
txn_step_fn step_service, step_error;
/* tunnel.c */
txn_step_fn step_tunnel;
/* txn.c */
void	txn_log(struct txn *t);		/* write its log line now */
txn_step_fn step_log, step_done;

/* txn_local.c: act on a verdict of request or response rules. True when the
 * transaction goes on with the next step; else its step was set. */
bool	txn_verdict(struct txn *t, enum rule_verdict v, enum sample_dir dir);

/* txn_local.c: http-after-response rules, of backend and frontend */
void	txn_after_rules(struct txn *t);

/* txn_server.c */
void	txn_leave_server(struct txn *t, bool may_keep);	/* connection and slot go */
/* The server failed before the response head: retry or an error; sets the step. */
enum txn_failure {
	FAIL_CONNECT, FAIL_CONNECT_TIMEOUT, FAIL_EMPTY, FAIL_RESET, FAIL_JUNK, FAIL_TIMEOUT,
	FAIL_STATUS
};
void	txn_server_failed(struct txn *t, enum txn_failure why);
void	txn_upload_flush(struct txn *t);	/* the server takes bytes again */

/* tunnel.c */
void	tunnel_event(struct txn *t);
void	tunnel_timeout(struct txn *t);	/* then txn_run */
void	tunnel_free(struct txn *t);

#endif
