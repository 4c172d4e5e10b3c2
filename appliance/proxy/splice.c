/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes for splice(2); see splice.h. A pipe is taken when a body is large enough
 * and returned, empty, to a small stock of its thread. A pipe that still holds
 * bytes when its transaction ends is closed: they must not reach anybody else.
 *
 * Thread: data.
 */
#include "proxy/splice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "net/buf.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/server_conn.h"
#include "proxy/session.h"
#include "proxy/txn.h"

#define STOCK_MAX	8
#define PIPE_BYTES	(256 * 1024)	/* tune.pipesize unset */
#define WORTH_BYTES	16384u

struct pipe_pair {
	struct pipe_pair *next;
	int		 rd, wr;	/* owned */
	uint32_t	 held;		/* bytes inside */
	uint32_t	 size;
};

static _Thread_local struct pipe_pair *stock;
static _Thread_local unsigned nstock;

static bool
count_in(void)
{
	uint32_t max = atomic_load_explicit(&limits.maxpipes, memory_order_relaxed);

	if (atomic_fetch_add_explicit(&limits.pipes_used, 1, memory_order_relaxed) < max)
		return true;
	atomic_fetch_sub_explicit(&limits.pipes_used, 1, memory_order_relaxed);
	return false;
}

struct pipe_pair *
pipe_get(void)
{
	struct pipe_pair *p = stock;
	int fds[2], size;

	if (p != NULL) {
		stock = p->next;
		nstock--;
		atomic_fetch_sub_explicit(&limits.pipes_free, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&limits.pipes_used, 1, memory_order_relaxed);
		return p;
	}
	if (!count_in())
		return NULL;
	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) {
		atomic_fetch_sub_explicit(&limits.pipes_used, 1, memory_order_relaxed);
		return NULL;
	}
	size = (int)snapshot_current()->global->pipesize;
	size = fcntl(fds[0], F_SETPIPE_SZ, size != 0 ? size : PIPE_BYTES);
	if (size < 0)
		size = fcntl(fds[0], F_GETPIPE_SZ);
	p = xcalloc(1, sizeof *p);
	p->rd = fds[0];
	p->wr = fds[1];
	p->size = size > 0 ? (uint32_t)size : 65536;
	return p;
}

static void
pipe_free(struct pipe_pair *p)
{
	close(p->rd);
	close(p->wr);
	free(p);
}

void
pipe_put(struct pipe_pair *p)
{
	if (p == NULL)
		return;
	atomic_fetch_sub_explicit(&limits.pipes_used, 1, memory_order_relaxed);
	if (p->held != 0 || nstock >= STOCK_MAX) {
		pipe_free(p);
		return;
	}
	p->next = stock;
	stock = p;
	nstock++;
	atomic_fetch_add_explicit(&limits.pipes_free, 1, memory_order_relaxed);
}

void
pipe_thread_fini(void)
{
	while (stock != NULL) {
		struct pipe_pair *p = stock;

		stock = p->next;
		atomic_fetch_sub_explicit(&limits.pipes_free, 1, memory_order_relaxed);
		pipe_free(p);
	}
	nstock = 0;
}

uint32_t
pipe_held(const struct pipe_pair *p)
{
	return p->held;
}

ssize_t
pipe_fill(struct pipe_pair *p, struct conn *src, size_t max)
{
	size_t room = p->size - p->held;
	ssize_t n;

	if (max < room)
		room = max;
	do
		n = splice(src->fd, NULL, p->wr, NULL, room, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		p->held += (uint32_t)n;
		return n;
	}
	if (n == 0) {
		src->flags |= CONN_EOF;
		return SPLICE_EOF;
	}
	if (errno == EAGAIN) {
		/* the socket is dry, or the pipe's slots are used up */
		if (p->held == 0)
			src->flags &= (uint16_t)~CONN_IN;
		return SPLICE_AGAIN;
	}
	if (errno == EINVAL)
		return SPLICE_NOT;
	src->error = (int16_t)errno;
	src->flags |= CONN_ERROR;
	return SPLICE_ERROR;
}

ssize_t
pipe_empty(struct pipe_pair *p, struct conn *dst)
{
	ssize_t sum = 0, n;

	while (p->held != 0) {
		n = splice(p->rd, NULL, dst->fd, NULL, p->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			dst->flags &= (uint16_t)~CONN_OUT;
			break;
		}
		if (n <= 0) {
			dst->error = (int16_t)errno;
			dst->flags |= CONN_ERROR;
			return SPLICE_ERROR;
		}
		p->held -= (uint32_t)n;
		sum += n;
	}
	return sum;
}

/* ---- response bodies ---- */

bool
splice_is_enabled(const struct txn *t, uint64_t option)
{
	uint64_t fe = t->fe->set.options, be = t->be->set.options;

	return ((fe & be & OPT_SPLICE_AUTO) || ((fe | be) & option)) &&
	    !t->snap->global->nosplice;
}

bool
splice_is_worth(struct txn *t)
{
	if (t->pipe != NULL)
		return true;
	return t->res.body == HTTP_BODY_LENGTH && t->res_out == HTTP_BODY_LENGTH &&
	    t->res_left > WORTH_BYTES && !(t->flags & TXN_F_HEAD_ONLY) &&
	    t->sc->conn.tls == NULL && t->sc->in == NULL &&
	    splice_is_enabled(t, OPT_SPLICE_RESPONSE) &&
	    t->front->plain_conn(t) != NULL;
}

static void
account(struct txn *t, size_t n)
{
	t->bytes.out += n;
	t->body_sent += n;
	STAT_ADD(spliced_bytes, n);
}

bool
splice_drain(struct txn *t)
{
	struct conn *client = &t->sess->conn;
	ssize_t n;

	if (t->pipe == NULL || pipe_held(t->pipe) == 0)
		return true;
	n = conn_can_write(client) ? pipe_empty(t->pipe, client) : 0;
	if (n < 0) {
		loop_ready(loop_self, &t->sess->task);
		return false;
	}
	account(t, (size_t)n);
	return pipe_held(t->pipe) == 0;
}

static void
wait_for_client(struct txn *t)
{
	t->flags |= TXN_F_FRONT_FULL;
	timer_set(&loop_self->wheel, &t->sess->conn.timer, clock_now_us + t->timeout_client_us);
	(void)session_watch(t->sess);
}

ssize_t
splice_body(struct txn *t)
{
	ssize_t n;

	if (t->pipe == NULL && (t->pipe = pipe_get()) == NULL)
		return SPLICE_NOT;
	n = pipe_fill(t->pipe, &t->sc->conn, (size_t)t->res_left);
	if (n == SPLICE_NOT && pipe_held(t->pipe) == 0) {
		pipe_put(t->pipe);
		t->pipe = NULL;
		return SPLICE_NOT;
	}
	if (n > 0) {
		t->res_left -= (uint64_t)n;
		t->bytes.from_server += (uint64_t)n;
		if (t->res_left == 0) {		/* counted before the last byte leaves */
			t->flags |= TXN_F_RES_DONE;
			txn_count(t);
		}
	}
	if (!splice_drain(t))
		wait_for_client(t);
	return n;
}
