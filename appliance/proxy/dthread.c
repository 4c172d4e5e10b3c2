/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data threads: made before any thread runs (loops, pools), started together,
 * stopped together. The pools are per thread and need no locks.
 */
#include "proxy/dthread.h"

#include <stdlib.h>

#include "base/out.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "event/loop.h"
#include "net/buf.h"
#include "net/listen.h"
#include "proxy/global.h"
#include "proxy/server_conn.h"
#include "proxy/session.h"
#include "proxy/splice.h"
#include "proxy/stick_track.h"
#include "proxy/txn.h"

_Thread_local struct dthread *dt;
struct dthread *dthreads;
unsigned ndthreads;
struct process_limits limits;

#define POOLED_HEAD	(32 * 1024)	/* the most that a pool object may have */

static size_t head_size;		/* fixed for the process's life */

/* Text of a received head, what rules add, canonical blanks, the field table. */
static size_t
head_size_for(const struct global *g)
{
	size_t fields = (size_t)g->maxhdr + HEAD_EXTRA_FIELDS;

	return (size_t)g->bufsize + g->maxrewrite + fields * (2 + sizeof(struct http_field)) + 256;
}

size_t
head_bytes(void)
{
	return head_size;
}

void *
head_get(void)
{
	if (head_size <= POOLED_HEAD)
		return pool_get(&dt->heads, POOL_SITE_GROW);
	return xmalloc(head_size);
}

void
head_put(void *p)
{
	if (p == NULL)
		return;
	if (head_size <= POOLED_HEAD)
		pool_put(&dt->heads, p);
	else
		free(p);
}

int
dthreads_init(unsigned n, const struct global *g)
{
	head_size = head_size_for(g);
	dthreads = xaligned(CACHE_LINE, n * sizeof *dthreads);
	ndthreads = n;
	for (unsigned i = 0; i < n; i++) {
		struct dthread *d = &dthreads[i];

		d->id = i;
		d->loop = loop_new(i);
		if (d->loop == NULL)
			return -1;
		d->rbuf = xmalloc(RBUF_BYTES);
		list_init(&d->session_list);
		list_init(&d->txn_list);
		list_init(&d->handshake_list);
		list_init(&d->server_conn_list);
	}
	return 0;
}

static void
pools_init(struct dthread *d)
{
	pool_init(&d->sessions, "session", sizeof(struct session));
	pool_init(&d->txns, "txn", TXN_BYTES);
	pool_init(&d->server_conns, "server_conn", sizeof(struct server_conn));
	pool_init(&d->heads, "head", head_size <= POOLED_HEAD ? head_size : 64);
	pool_init(&d->tracks, "stick_track", sizeof(struct stick_track));
	buf_thread_init();
}

static void
pools_fini(struct dthread *d)
{
	pool_fini(&d->sessions);
	pool_fini(&d->txns);
	pool_fini(&d->server_conns);
	pool_fini(&d->heads);
	pool_fini(&d->tracks);
	buf_thread_fini();
}

static void
start_listening(struct dthread *d)
{
	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (!l->is_control)
			(void)listener_start(l, d->loop);
	}
}

static void
stop_listening(struct dthread *d)
{
	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (!l->is_control)
			listener_stop(l, d->loop);
	}
}

static void
close_all(struct list *sessions)
{
	while (!list_is_empty(sessions))
		session_close(LIST_ITEM(sessions->next, struct session, node));
}

/* Every connection of this thread ends with it. A transaction to which another
 * thread is just sending a slot waits for that mail, which wakes the loop. */
static void
close_everything(struct dthread *d)
{
	close_all(&d->session_list);
	close_all(&d->handshake_list);
	server_conn_purge(NULL);
	loop_once(d->loop, false);
	while (!list_is_empty(&d->txn_list))
		loop_once(d->loop, true);
	loop_once(d->loop, false);
}

static void *
dthread_main(void *arg)
{
	struct dthread *d = arg;

	dt = d;
	loop_self = d->loop;
	pools_init(d);
	start_listening(d);
	loop_run(d->loop);
	stop_listening(d);
	close_everything(d);
	pipe_thread_fini();
	pools_fini(d);
	return NULL;
}

int
dthreads_start(void)
{
	for (unsigned i = 0; i < ndthreads; i++) {
		char name[16];
		struct out o;

		out_init(&o, name, sizeof name - 1);
		out_z(&o, "data/");
		out_u64(&o, i);
		*o.p = '\0';
		if (thread_start(&dthreads[i].tid, name, dthread_main, &dthreads[i]) != 0)
			return -1;
	}
	return 0;
}

struct stop_mail {
	struct mail	 mail;
	struct loop	*loop;
};

static void
on_stop(struct mail *m)
{
	struct stop_mail *s = CONTAINER_OF(m, struct stop_mail, mail);

	loop_stop(s->loop);
	free(s);
}

void
dthreads_stop(void)
{
	for (unsigned i = 0; i < ndthreads; i++) {
		struct stop_mail *s = xcalloc(1, sizeof *s);

		s->loop = dthreads[i].loop;
		mailbox_send(&dthreads[i].loop->mailbox, &s->mail, on_stop);
	}
	for (unsigned i = 0; i < ndthreads; i++)
		pthread_join(dthreads[i].tid, NULL);
}

/* What control still does while modules stop (the last answers of the stats
 * socket) may look at the threads' loops. */
void
dthreads_free(void)
{
	for (unsigned i = 0; i < ndthreads; i++) {
		loop_free(dthreads[i].loop);
		free(dthreads[i].rbuf);
	}
	free(dthreads);
	dthreads = NULL;
	ndthreads = 0;
}
