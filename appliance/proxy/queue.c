/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for a slot: FIFO over all threads, hand-over by mail.
 *
 * A waiter is a transaction, linked by queue_node. Only its own thread changes
 * it, but for the link, slot_sent and slot_index, which belong to the queue's
 * mutex while it waits and to the mail once it was taken out. So t->queue stays
 * set until the mail has come, and `taken out` means: queue set, link idle.
 *
 * Nobody is left waiting beside a free slot. Who frees one gives it up first and
 * looks for waiters then; who waits is in the queue first and looks for slots
 * then; both orders are sequentially consistent, so one of the two sees the
 * other. Looking at all servers is left to those who wait where nobody of the
 * same snapshot waited before: while somebody waits, each freed slot is noticed
 * by who frees it.
 *
 * A slot of a server that a reload removed goes only to those whose snapshot
 * still has it; it would be handed round in vain among the others.
 *
 * Thread: data; queue_kick: control.
 */
#include "proxy/queue.h"

#include "base/magic.h"
#include "event/mailbox.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/txn.h"

static mail_fn on_slot;

void
wait_queue_init(struct wait_queue *q)
{
	pthread_mutex_init(&q->lock, NULL);
	list_init(&q->head);
	q->len = q->max = q->entered = 0;
}

void
wait_queue_fini(struct wait_queue *q)
{
	WEIR_ASSERT(list_is_empty(&q->head));
	pthread_mutex_destroy(&q->lock);
}

static struct server *
server_with_cell(const struct proxy *be, const struct server_live *l, uint32_t hint)
{
	if (hint < be->nservers && be->servers[hint]->live == l)
		return be->servers[hint];
	for (uint32_t i = 0; i < be->nservers; i++)
		if (be->servers[i]->live == l)
			return be->servers[i];
	return NULL;
}

/* ---- taking waiters out ---- */

/* The queue's lock is held. */
static void
take_out(struct wait_queue *q, struct txn *w, const struct server *srv)
{
	list_del(&w->queue_node);
	atomic_fetch_sub(&q->len, 1);
	w->slot_sent = srv != NULL ? srv->live : NULL;
	w->slot_index = srv != NULL ? srv->index : 0;
}

/* The first one in q whose snapshot has srv, taken out; NULL = none. */
static struct txn *
pop(struct wait_queue *q, const struct server *srv)
{
	const struct proxy *stranger = NULL;
	struct txn *found = NULL;

	pthread_mutex_lock(&q->lock);
	LIST_EACH(it, &q->head) {
		struct txn *w = LIST_ITEM(it, struct txn, queue_node);

		if (w->be != srv->backend && (w->be == stranger ||
		    server_with_cell(w->be, srv->live, srv->index) == NULL)) {
			stranger = w->be;
			continue;
		}
		take_out(q, w, srv);
		found = w;
		break;
	}
	pthread_mutex_unlock(&q->lock);
	return found;
}

static void
send_slot(struct txn *w)
{
	mailbox_send(&w->loop->mailbox, &w->slot_mail, on_slot);
}

static uint32_t
waiting(struct wait_queue *q)
{
	return atomic_load(&q->len);
}

/* Somebody may wait for a slot of srv. */
static bool
is_wanted(struct server *srv)
{
	if (waiting(&srv->live->queue) != 0)
		return server_is_usable(srv);
	return waiting(&srv->backend->live->queue) != 0 && server_is_due(srv);
}

/* The next one for a slot of srv: the server's own queue, then the backend's. */
static struct txn *
next_waiter(struct server *srv)
{
	struct wait_queue *own = &srv->live->queue, *common = &srv->backend->live->queue;
	struct txn *w = NULL;

	if (waiting(own) != 0 && server_is_usable(srv))
		w = pop(own, srv);
	if (w == NULL && waiting(common) != 0 && server_is_due(srv))
		w = pop(common, srv);
	return w;
}

static uint32_t
entered(const struct server *srv)
{
	return atomic_load(&srv->live->queue.entered) +
	    atomic_load(&srv->backend->live->queue.entered);
}

/* Hand free slots of srv to waiters until one of them runs out. */
static void
serve(struct server *srv)
{
	uint32_t seen;
	struct txn *w;

	while (is_wanted(srv)) {
		seen = entered(srv);
		if (!server_slot_take(srv))
			return;		/* who frees one will see the waiter */
		w = next_waiter(srv);
		if (w != NULL) {
			send_slot(w);
			continue;
		}
		server_slot_drop(srv);
		if (entered(srv) == seen)
			return;		/* of another snapshot, or just served */
	}
}

static void
serve_all(struct proxy *be)
{
	for (uint32_t i = 0; i < be->nservers && waiting(&be->live->queue) != 0; i++)
		if (server_has_slot(be->servers[i]))
			serve(be->servers[i]);
}

/* Who waits for this server shall pick again. */
static void
send_away(struct wait_queue *q)
{
	struct list *it;

	do {
		pthread_mutex_lock(&q->lock);
		it = list_is_empty(&q->head) ? NULL : q->head.next;
		if (it != NULL)
			take_out(q, LIST_ITEM(it, struct txn, queue_node), NULL);
		pthread_mutex_unlock(&q->lock);
		if (it != NULL)
			send_slot(LIST_ITEM(it, struct txn, queue_node));
	} while (it != NULL);
}

static struct txn *
take_former(struct wait_queue *q, const struct proxy *now)
{
	struct txn *found = NULL;

	pthread_mutex_lock(&q->lock);
	for (struct list *it = q->head.next; it != &q->head && found == NULL; it = it->next) {
		struct txn *t = LIST_ITEM(it, struct txn, queue_node);

		if (t->be != now)
			found = t;
	}
	if (found != NULL)
		take_out(q, found, NULL);
	pthread_mutex_unlock(&q->lock);
	return found;
}

void
queue_renew(struct proxy_live *be)
{
	struct txn *t;

	while ((t = take_former(&be->queue, be->conf)) != NULL)
		send_slot(t);
}

/* ---- waiting ---- */

static bool
has_minconn(const struct proxy *be)
{
	for (uint32_t i = 0; i < be->nservers; i++)
		if (be->servers[i]->minconn != 0)
			return true;
	return false;
}

/* Was the last one in the queue of the same snapshot? Lock held. */
static bool
is_behind_kin(const struct wait_queue *q, const struct txn *t)
{
	return !list_is_empty(&q->head) &&
	    LIST_ITEM(q->head.prev, struct txn, queue_node)->be == t->be;
}

bool
queue_enter(struct wait_queue *q, struct txn *t, uint32_t limit)
{
	bool is_common = q == &t->be->live->queue, is_behind = false, is_in = false;
	uint32_t len;

	WEIR_ASSERT(t->queue == NULL && list_is_empty(&t->queue_node));
	pthread_mutex_lock(&q->lock);
	len = atomic_load(&q->len);
	if (limit == 0 || len < limit) {
		is_in = true;
		is_behind = is_behind_kin(q, t);
		list_append(&q->head, &t->queue_node);
		t->queue = q;
		atomic_store(&q->len, len + 1);
		atomic_fetch_add(&q->entered, 1);
		if (len + 1 > atomic_load(&q->max))
			atomic_store(&q->max, len + 1);
	}
	pthread_mutex_unlock(&q->lock);
	if (!is_in)
		return false;
	if (is_common)
		t->be_queue_pos += len + 1;	/* 0: it never waited */
	else
		t->srv_queue_pos += len + 1;
	if (!is_common && !server_is_usable(t->srv))
		send_away(q);
	else if (!is_common)
		serve(t->srv);
	else if (!is_behind || has_minconn(t->be))
		serve_all(t->be);
	return true;
}

bool
queue_leave(struct txn *t)
{
	struct wait_queue *q = t->queue;
	bool is_out;

	if (q == NULL)
		return true;
	pthread_mutex_lock(&q->lock);
	is_out = !list_is_empty(&t->queue_node);
	if (is_out) {
		list_del(&t->queue_node);
		atomic_fetch_sub(&q->len, 1);
	}
	pthread_mutex_unlock(&q->lock);
	if (is_out)
		t->queue = NULL;
	else
		t->flags |= TXN_F_SLOT_MAIL;
	return is_out;
}

/* ---- slots ---- */

/* The count of a server without a limit keeps nobody waiting. */
static void
release(struct server *srv)
{
	uint32_t limit = server_slot_limit(srv);
	struct txn *w = NULL;

	if (limit != 0 && gauge_get(&srv->live->inflight) <= limit && is_wanted(srv))
		w = next_waiter(srv);
	if (w != NULL)
		send_slot(w);
	else
		server_slot_drop(srv);
	if (limit != 0 && (w == NULL || srv->minconn != 0))
		serve(srv);
}

static void
release_cell(struct txn *t, struct server_live *l, uint32_t hint)
{
	struct server *srv = server_with_cell(t->be, l, hint);

	if (srv != NULL)
		release(srv);
	else		/* not in our snapshot: nothing but its count is sure to be there */
		atomic_fetch_sub(&l->inflight.cur, 1);
}

void
queue_find_server(struct txn *t)
{
	t->srv = server_with_cell(t->be, t->slot, t->slot_index);
}

void
queue_release_slot(struct txn *t)
{
	struct server_live *l = t->slot;

	t->slot = NULL;
	if (l != NULL && t->srv != NULL && t->srv->live == l)
		release(t->srv);
	else if (l != NULL)
		release_cell(t, l, 0);
}

/* The waiter's thread. Without a slot: pick again. */
static void
on_slot(struct mail *m)
{
	struct txn *t = CONTAINER_OF(m, struct txn, slot_mail);
	bool is_waiting = t->step == TS_WAIT_SLOT && !(t->flags & TXN_F_ENDING);
	struct server_live *sent = t->slot_sent;

	MAGIC_OK(t, TXN_MAGIC);
	t->queue = NULL;
	t->slot_sent = NULL;
	t->flags &= ~TXN_F_SLOT_MAIL;
	if (sent != NULL && !is_waiting) {
		release_cell(t, sent, t->slot_index);
	} else if (sent != NULL) {
		t->slot = sent;
		t->srv = server_with_cell(t->be, sent, t->slot_index);
	} else if (is_waiting) {
		timer_clear(&t->timer);
		t->timed_out = false;
		t->step = TS_PICK;
	}
	txn_run(t);
}

void
queue_kick(struct proxy_live *be, struct server_live *s)
{
	struct server *srv = (struct server *)(uintptr_t)s->conf;

	if (srv == NULL)
		return;
	if (!server_is_usable(srv))
		send_away(&s->queue);
	else
		serve(srv);
	if (waiting(&be->queue) != 0 && !server_is_due(srv))
		serve_all(srv->backend);	/* it may be the turn of backups now */
}
