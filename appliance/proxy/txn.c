/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transactions: the table of steps with its driver, their memory, their end.
 *
 * The driver runs steps until one waits. Events (client, server, timer, mail)
 * call txn_run again, which resumes at the step that waits. A step that is
 * entered again from inside the driver only sets `running` to "again", so there
 * is no recursion however events nest.
 *
 * Memory of one object: struct txn, two field tables, then text: the request's
 * head first; when a response comes the request is final, and the response's
 * text starts right behind it. So short heads need one object whatever their
 * proportions.
 */
#include "proxy/txn.h"

#include <string.h>

#include "base/clock.h"
#include "base/magic.h"
#include "cfg/snapshot.h"
#include "net/buf.h"
#include "net/listen.h"
#include "proxy/bind_count.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"
#include "proxy/server_conn.h"
#include "proxy/service.h"
#include "proxy/session.h"
#include "proxy/tap.h"
#include "proxy/splice.h"
#include "proxy/stick_track.h"
#include "proxy/txn_count.h"
#include "proxy/txn_steps.h"

static const struct {
	const char	*name;
	txn_step_fn	*fn;
} steps[TS_MAX] = {
	[TS_READ_REQUEST] =	{ "read_request", step_read_request },
	[TS_TCP_CONTENT] =	{ "tcp_content", step_tcp_content },
	[TS_FRONTEND_RULES] =	{ "frontend_rules", step_frontend_rules },
	[TS_CHOOSE_BACKEND] =	{ "choose_backend", step_choose_backend },
	[TS_BACKEND_RULES] =	{ "backend_rules", step_backend_rules },
	[TS_PERSISTENCE] =	{ "persistence", step_persistence },
	[TS_PICK] =		{ "pick", step_pick },
	[TS_WAIT_SLOT] =	{ "wait_slot", step_wait_slot },
	[TS_CONNECT] =		{ "connect", step_connect },
	[TS_SEND_REQUEST] =	{ "send_request", step_send_request },
	[TS_READ_RESPONSE] =	{ "read_response", step_read_response },
	[TS_RESPONSE_RULES] =	{ "response_rules", step_response_rules },
	[TS_STORE_STICK] =	{ "store_stick", step_store_stick },
	[TS_SEND_RESPONSE] =	{ "send_response", step_send_response },
	[TS_TUNNEL] =		{ "tunnel", step_tunnel },
	[TS_SERVICE] =		{ "service", step_service },
	[TS_ERROR] =		{ "error", step_error },
	[TS_LOG] =		{ "log", step_log },
	[TS_DONE] =		{ "done", step_done },
};

enum { IDLE, RUNNING, AGAIN };

const char *
txn_step_name(enum txn_step s)
{
	return s < TS_MAX ? steps[s].name : "?";
}

enum http_method
txn_client_method(const struct txn *t)
{
	return likely(t->orig_method.len == 0) ? (enum http_method)t->req.method :
	    http_method_of(http_str(&t->req, t->orig_method));
}

/* ---- memory ---- */

#define FIELDS_OFF	sizeof(struct txn)
#define TEXT_OFF	(FIELDS_OFF + 2 * TXN_FIELDS * sizeof(struct http_field))

static void
run_task(struct loop_task *task)
{
	struct txn *t = LIST_ITEM(task, struct txn, task);

	t->flags &= ~TXN_F_DEFERRED;
	txn_run(t);
}

static void
on_timer(struct timer *timer)
{
	struct txn *t = CONTAINER_OF(timer, struct txn, timer);

	timer_clear(timer);
	t->timed_out = true;
	txn_run(t);
}

/* The rest of them is zero already. */
static void
init_messages(struct txn *t)
{
	char *obj = (char *)t;
	struct http_field *fields = (struct http_field *)(void *)(obj + FIELDS_OFF);

	_Static_assert(FIELDS_OFF % 8 == 0 && TEXT_OFF + 1024 < TXN_BYTES, "room for text");
	t->req.text = obj + TEXT_OFF;
	t->req.cap = TXN_BYTES - TEXT_OFF;
	t->req.fields = fields;
	t->res.fields = fields + TXN_FIELDS;
	t->req.max_fields = t->res.max_fields = TXN_FIELDS;
}

/* The compiler, if it knows the size, makes a slow loop of it. */
static void
zero(struct txn *t)
{
	size_t n = sizeof *t;

	__asm__("" : "+r" (n));
	memset(t, 0, n);
}

struct txn *
txn_new(struct session *s, const struct front_ops *front)
{
	struct bind_conf *b = atomic_load_explicit(&s->listener->user, memory_order_acquire);
	struct txn *t = pool_get(&dt->txns, POOL_SITE_TXN);

	if (t == NULL)
		return NULL;
	zero(t);
	t->magic = TXN_MAGIC;
	t->term[0] = t->term[1] = '-';
	t->front = front;
	t->sess = s;
	t->loop = loop_self;
	t->fe = b->frontend;
	t->snap = t->fe->snap;
	snapshot_ref(t->snap, dt->id);
	t->at.accept = s->accept_us;
	t->at.start = clock_now_us;
	init_messages(t);
	timer_init(&t->timer, on_timer);
	loop_task_init(&t->task, run_task);
	list_init(&t->queue_node);
	t->serial = ++dt->txn_serial;
	list_append(&dt->txn_list, &t->node);
	return t;
}

/* The response's text starts behind the request's, which is final now. */
void
txn_begin_response(struct txn *t)
{
	uint32_t used = (t->req.len + 7u) & ~7u;
	uint32_t cap = t->big_req != NULL ? 0 : t->req.cap;

	if (t->big_res != NULL) {
		head_put(t->big_res);
		t->big_res = NULL;
	}
	if (t->res_text == NULL) {
		char *text = (char *)t + TEXT_OFF;

		if (t->big_req != NULL) {	/* our own room is free again */
			t->res_text = text;
			t->res_cap = TXN_BYTES - TEXT_OFF;
		} else {
			t->req.cap = used < cap ? used : cap;
			t->res_text = text + t->req.cap;
			t->res_cap = TXN_BYTES - TEXT_OFF - t->req.cap;
		}
	}
	http_msg_init(&t->res, t->res_text, t->res_cap,
	    (struct http_field *)(void *)((char *)t + FIELDS_OFF) + TXN_FIELDS, TXN_FIELDS);
}

bool
txn_grow(struct txn *t, struct http_msg *m)
{
	void **big = m == &t->req ? &t->big_req : &t->big_res;
	uint16_t max_fields = (uint16_t)(t->snap->global->maxhdr + HEAD_EXTRA_FIELDS);
	size_t table = max_fields * sizeof(struct http_field);
	char *block, *text;

	if (*big != NULL || (block = head_get()) == NULL)
		return false;
	text = block + table;
	memcpy(block, m->fields, m->nfields * sizeof *m->fields);
	memcpy(text, m->text, m->len);
	http_msg_move(m, text, (uint32_t)(head_bytes() - table),
	    (struct http_field *)(void *)block, max_fields);
	*big = block;
	return true;
}

void *
txn_scratch(struct txn *t, size_t size)
{
	char *p;

	size = (size + 15) & ~(size_t)15;
	if (t->scratch == NULL) {
		t->big_scratch = t->scratch = head_get();
		if (t->scratch == NULL)
			return NULL;
		t->scratch_cap = (uint32_t)head_bytes();
	}
	if (size > t->scratch_cap - t->scratch_len)
		return NULL;
	p = t->scratch + t->scratch_len;
	t->scratch_len += (uint32_t)size;
	return p;
}

static void
on_free(struct loop_task *task)
{
	struct txn *t = LIST_ITEM(task, struct txn, task);

	head_put(t->big_req);
	head_put(t->big_res);
	head_put(t->big_scratch);
	t->magic = 0;
	pool_put(&dt->txns, t);
}

void
txn_free(struct txn *t)
{
	MAGIC_OK(t, TXN_MAGIC);
	if (t->flags & TXN_F_FREED)
		return;
	t->flags |= TXN_F_FREED;
	timer_unlink(&t->loop->wheel, &t->timer);
	if (unlikely(t->tracked != NULL))
		stick_track_end(&t->tracked);
	buf_drop(&t->keep);
	pipe_put(t->pipe);
	tunnel_free(t);
	list_del(&t->node);
	loop_task_cancel(&t->task);
	snapshot_unref(t->snap, dt->id);
	if (unlikely(t->be_snap != NULL))
		snapshot_unref(t->be_snap, dt->id);
	loop_task_init(&t->task, on_free);
	loop_defer(t->loop, &t->task);
}

/* ---- the driver ---- */

void
txn_run(struct txn *t)
{
	enum step_result r;

	MAGIC_OK(t, TXN_MAGIC);
	if (t->flags & TXN_F_FREED)
		return;
	if (t->running != IDLE) {
		t->running = AGAIN;
		return;
	}
	do {
		t->running = RUNNING;
		do
			r = steps[t->step].fn(t);
		while (r == STEP_NEXT);
	} while (r == STEP_WAIT && t->running == AGAIN);
	t->running = IDLE;
	if (r == STEP_END)
		txn_free(t);
}

void
txn_wake(struct txn *t)
{
	t->flags |= TXN_F_DEFERRED;
	loop_ready(t->loop, &t->task);
}

void
txn_set_term(struct txn *t, char cause, char phase)
{
	if (t->term[0] != '-')
		return;
	t->term[0] = cause;
	t->term[1] = phase;
}

/* ---- the end ---- */

/* Counted at the end, in the blocks of frontend, backend and server. */
static void
count_status(struct counters *c, unsigned status)
{
	switch (status / 100) {
	case 1: COUNT(c, hrsp_1xx); break;
	case 2: COUNT(c, hrsp_2xx); break;
	case 3: COUNT(c, hrsp_3xx); break;
	case 4: COUNT(c, hrsp_4xx); break;
	case 5: COUNT(c, hrsp_5xx); break;
	default: COUNT(c, hrsp_other); break;
	}
}

static void
add_bytes(struct counters *c, const struct txn_bytes *b)
{
	COUNT_ADD(c, bin, b->in);
	COUNT_ADD(c, bout, b->out);
	COUNT_ADD(c, reqbout, b->to_server);
	COUNT_ADD(c, resbin, b->from_server);
}

void
txn_count_bytes(struct txn *t)
{
	const struct txn_bytes *n = &t->bytes, *c = &t->counted;
	struct txn_bytes more = { n->in - c->in, n->to_server - c->to_server,
	    n->from_server - c->from_server, n->out - c->out };

	if ((more.in | more.to_server | more.from_server | more.out) == 0)
		return;
	t->counted = t->bytes;
	STAT_ADD(bytes_out, more.out);
	if (stick_is_tracking(t))
		stick_count_bytes(t, more.in, more.out);
	add_bytes(fe_count(t), &more);
	if (unlikely(bind_count_of(t->sess->listener) != NULL))
		add_bytes(bind_count_here(t->sess->listener), &more);
	if (t->be != NULL)
		add_bytes(be_count(t), &more);
	if (t->srv != NULL)
		add_bytes(srv_count(t), &more);
}

static uint64_t
span_us(uint64_t from, uint64_t to)
{
	return from != 0 && to > from ? to - from : 0;
}

/* What is counted in several places, computed once. */
struct spans {
	uint64_t	 queue, connect, response, total;
	unsigned	 bucket;	/* of total */
};

static struct spans
spans_of(const struct txn *t)
{
	const struct txn_times *at = &t->at;
	struct spans s = { span_us(at->queued, at->picked), span_us(at->picked, at->connected),
		span_us(at->connected, at->response), span_us(at->start, at->end), 0 };

	s.bucket = hist_index(s.total);
	return s;
}

static void
count_times(struct counters *c, const struct spans *s)
{
	time_avg_add(&c->q, s->queue);
	time_avg_add(&c->c, s->connect);
	time_avg_add(&c->r, s->response);
	time_avg_add(&c->t, s->total);
}

/* An answer that no server gave. */
static void
count_own(struct counters *c, const struct txn *t)
{
	if (!(t->flags & TXN_F_HTTP))
		return;
	if (t->status / 100 == 4)
		COUNT(c, own_4xx);
	else if (t->status / 100 == 5)
		COUNT(c, own_5xx);
}

#define STORE(cell, v)	__atomic_store_n(&(cell), (v), __ATOMIC_RELAXED)

static void
count_latency(struct latency *l, uint32_t round, uint64_t us)
{
	uint32_t us32 = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;

	if (l->round != round || us32 < l->min_us)
		STORE(l->min_us, us32);
	if (l->round != round || us32 > l->max_us)
		STORE(l->max_us, us32);
	STORE(l->round, round);
	STORE(l->sum_us, l->sum_us + us);
	STORE(l->n, l->n + 1);
}

/* HTTP: from the request to the response's head; TCP: of connecting. */
static void
count_answer(struct txn *t, struct server_thread *st, const struct spans *s)
{
	bool is_http = t->flags & TXN_F_HTTP;

	if ((is_http ? t->at.response : t->at.connected) != 0)
		count_latency(&st->latency, atomic_load_explicit(&t->srv->live->latency_round,
		    memory_order_relaxed), is_http ? s->response : s->connect);
	else
		count_own(&st->count, t);
}

static void
count_server(struct txn *t, const struct spans *s)
{
	struct server_thread *st = &t->srv->live->threads[dt->id];

	count_times(&st->count, s);
	if (t->flags & TXN_F_HTTP)
		count_status(&st->count, t->status);
	count_answer(t, st, s);
	hist_bump(&st->total, s->bucket);
}

static void
count_backend(struct txn *t, const struct spans *s)
{
	struct proxy_thread *pt = &t->be->live->threads[dt->id];

	count_times(&pt->be, s);
	if (t->flags & TXN_F_HTTP)
		count_status(&pt->be, t->status);
	hist_bump(&pt->total, s->bucket);
	if (t->at.response != 0) {
		hist_add(&pt->queue, s->queue);
		hist_add(&pt->connect, s->connect);
		hist_add(&pt->response, s->response);
	} else if (t->flags & TXN_F_HTTP)
		count_own(&pt->be, t);
	else if (t->at.connected != 0)
		hist_add(&pt->connect, s->connect);
}

static void
count_internal_error(struct txn *t)
{
	COUNT(fe_count(t), eint);
	COUNT_BIND(t->sess->listener, eint);
	if (t->be != NULL)
		COUNT(be_count(t), eint);
	if (t->srv != NULL)
		COUNT(srv_count(t), eint);
}

/* Before the last byte leaves: who asks after having seen the response must
 * find it counted. */
void
txn_count(struct txn *t)
{
	struct counters *fe = fe_count(t);
	struct spans s;

	if (t->flags & TXN_F_COUNTED)
		return;
	t->flags |= TXN_F_COUNTED;
	t->at.end = clock_now_us;
	txn_count_bytes(t);
	if (t->term[0] == 'I')
		count_internal_error(t);
	if (t->flags & TXN_F_HTTP)
		count_status(fe, t->status);
	s = spans_of(t);
	if (t->be != NULL)
		count_backend(t, &s);
	else
		count_own(fe, t);
	if (t->srv != NULL && t->at.picked != 0)
		count_server(t, &s);
}

static void
leave_backend(struct txn *t)
{
	if (t->flags & TXN_F_IN_BACKEND) {
		t->flags &= ~TXN_F_IN_BACKEND;
		gauge_dec(&t->be->live->be_conn);
	}
}

static void
fill_conn_counts(struct txn *t)
{
	t->conn_counts[0] = atomic_load_explicit(&limits.conns, memory_order_relaxed);
	t->conn_counts[1] = gauge_get(&t->fe->live->fe_conn);
	t->conn_counts[2] = t->be != NULL ? gauge_get(&t->be->live->be_conn) : 0;
	t->conn_counts[3] = t->srv != NULL ? gauge_get(&t->srv->live->inflight) : 0;
}

void
txn_log(struct txn *t)
{
	if (t->at.end == 0)
		t->at.end = clock_now_us;	/* logasap: totals stop here */
	fill_conn_counts(t);
	logline_emit(t);
	t->flags |= TXN_F_LOGGED;
}

enum step_result
step_log(struct txn *t)
{
	txn_count(t);
	txn_count_bytes(t);		/* a body's rest, after the counting */
	t->at.end = clock_now_us;
	if (t->fe->log_to != NULL && !(t->flags & TXN_F_LOGGED))
		txn_log(t);
	if (unlikely(taps_are_on()))
		tap_see(t);
	t->step = TS_DONE;
	return STEP_NEXT;
}

enum step_result
step_done(struct txn *t)
{
	bool is_out;

	txn_leave_server(t, false);
	leave_backend(t);
	is_out = queue_leave(t);
	if (unlikely(t->call != NULL) && !service_leave(t))
		is_out = false;
	if (!is_out)
		t->flags |= TXN_F_ENDING;
	/* before a wait: the session does not outlive this pass when it is closing */
	if (!(t->flags & TXN_F_FINISHED)) {
		t->flags |= TXN_F_FINISHED;
		t->front->finish(t);
	}
	return is_out ? STEP_END : STEP_WAIT;	/* for mail: a slot, a service */
}

/* The second letter of the termination code, when it ends where it is now. */
static char
phase_of(const struct txn *t)
{
	static const char phase[TS_MAX] = {
		[TS_READ_REQUEST] = 'R', [TS_TCP_CONTENT] = 'R', [TS_PICK] = 'C',
		[TS_WAIT_SLOT] = 'Q', [TS_CONNECT] = 'C',
		[TS_SEND_REQUEST] = 'D', [TS_READ_RESPONSE] = 'H', [TS_SEND_RESPONSE] = 'D',
		[TS_TUNNEL] = 'D', [TS_SERVICE] = 'R', [TS_ERROR] = 'R',
	};
	char ph = t->step < TS_MAX ? phase[t->step] : 0;

	if (t->step == TS_READ_RESPONSE && !(t->flags & TXN_F_REQ_DONE))
		ph = 'D';		/* its upload is cut */
	return ph != 0 ? ph : '-';
}

/* Whatever was under way ends here. */
static void
end_now(struct txn *t)
{
	t->flags |= TXN_F_CLIENT_GONE | TXN_F_CLOSE_CLIENT | TXN_F_SERVER_BAD;
	if (t->step == TS_LOG || t->step == TS_DONE)
		return;
	if (t->status == 0 && (t->flags & TXN_F_HTTP))
		t->status = 400;
	t->step = TS_LOG;
}

void
txn_kill(struct txn *t, char cause)
{
	if (t->flags & (TXN_F_FREED | TXN_F_CLIENT_GONE | TXN_F_FINISHED))
		return;
	if (t->step == TS_LOG || t->step == TS_DONE)
		return;
	if (t->step == TS_SERVICE || t->step == TS_ERROR) {	/* our own answer is cut */
		txn_set_term(t, cause, phase_of(t));
		t->front->abort(t);
		end_now(t);
	} else {
		txn_error(t, 502, cause, phase_of(t));
		t->flags |= TXN_F_CLOSE_CLIENT;
	}
	txn_run(t);
}

/* The client is gone or the client side failed: whatever was under way ends. */
void
txn_front_gone(struct txn *t)
{
	if (t->flags & (TXN_F_FREED | TXN_F_CLIENT_GONE))
		return;
	if (t->step != TS_LOG && t->step != TS_DONE) {
		txn_set_term(t, 'C', phase_of(t));
		COUNT(fe_count(t), cli_abrt);
		if (t->be != NULL)
			COUNT(be_count(t), cli_abrt);
		if (t->srv != NULL)
			COUNT(srv_count(t), cli_abrt);
	}
	end_now(t);
	txn_run(t);
}
