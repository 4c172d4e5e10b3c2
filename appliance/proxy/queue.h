/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for a slot. One queue per server (persistent or hashed transactions)
 * and one per backend; FIFO over all threads. Who frees a slot keeps the inflight
 * count, pops the head and hands the slot over by mailbox; a receiver that has
 * gone hands it on.
 */
#ifndef WEIR_PROXY_QUEUE_H
#define WEIR_PROXY_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct proxy_live;
struct server_live;
struct txn;
struct wait_queue;

/* start-up */
void	wait_queue_init(struct wait_queue *q);
void	wait_queue_fini(struct wait_queue *q);

/* data thread */
/* Append to the queue of t->srv or of t->be; false when it is at its limit
 * (maxqueue; 0 = none). */
bool	queue_enter(struct wait_queue *q, struct txn *t, uint32_t limit);
/* Leave a queue (timeout, client gone). false: a slot is already under way by
 * mail; the transaction must stay, with TXN_F_ENDING if it only waits for that. */
bool	queue_leave(struct txn *t);
/* t->srv: the one whose slot it was given, in its backend; NULL: not there. */
void	queue_find_server(struct txn *t);
/* Free the slot of t's server: hand it to the first waiter or drop it. */
void	queue_release_slot(struct txn *t);

/* control thread */
/* Those of former snapshots, whose backend has not the servers of now, pick again. */
void	queue_renew(struct proxy_live *be);
/* After live_server_changed (state, weight, maxconn): free slots go to waiters;
 * who waits for a server that is no longer usable picks again. */
void	queue_kick(struct proxy_live *be, struct server_live *s);

#endif
