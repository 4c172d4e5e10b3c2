/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers of weir itself: error pages, return, deny, redirect, tarpit, services;
 * and what a rule's verdict means for the transaction.
 *
 * Thread: data.
 */
#include "base/clock.h"
#include "net/buf.h"
#include "proxy/bind_count.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/reply.h"
#include "proxy/service.h"
#include "proxy/session.h"
#include "proxy/stick_track.h"
#include "proxy/txn_count.h"
#include "proxy/txn_steps.h"

/* What is left of the request's body would be taken for the next request: the
 * connection ends with this answer. */
static void
answer(struct txn *t, const struct reply_conf *rc)
{
	if (!(t->flags & TXN_F_REQ_DONE))
		t->flags |= TXN_F_CLOSE_CLIENT;
	txn_begin_response(t);
	reply_build(t, rc);
	t->flags |= TXN_F_VERDICT;
	t->step = TS_SERVICE;
}

/* The client must see that something is missing. */
static void
cut(struct txn *t)
{
	t->flags |= TXN_F_CLOSE_CLIENT | TXN_F_SERVER_BAD | TXN_F_VERDICT;
	t->step = TS_LOG;
	t->front->abort(t);
}

void
txn_error(struct txn *t, unsigned status, char cause, char phase)
{
	txn_set_term(t, cause, phase);
	if (!(t->flags & TXN_F_HTTP) || (t->flags & TXN_F_RES_HEAD_SENT)) {
		cut(t);
		return;
	}
	txn_leave_server(t, false);
	t->error_status = (uint16_t)status;
	t->flags |= TXN_F_VERDICT;
	t->step = TS_ERROR;
}

enum step_result
step_error(struct txn *t)
{
	answer(t, reply_error(t, t->error_status));
	return STEP_NEXT;
}

static void
count_denied(struct txn *t, enum sample_dir dir)
{
	struct counters *fe = fe_count(t);
	struct counters *be = t->be != NULL ? be_count(t) : NULL;

	if (dir == DIR_REQ) {
		COUNT(fe, dreq);
		COUNT_BIND(t->sess->listener, dreq);
		if (be != NULL)
			COUNT(be, dreq);
	} else {
		COUNT(fe, dresp);
		COUNT_BIND(t->sess->listener, dresp);
		if (be != NULL)
			COUNT(be, dresp);
	}
}

/* A client that asks for what it may not have makes an error. */
static void
count_error(struct txn *t, enum sample_dir dir)
{
	if (dir == DIR_REQ && stick_is_tracking(t))
		stick_count_error(t);
}

static void
start_tarpit(struct txn *t)
{
	uint64_t us = proxy_timeout_tarpit(t->be != NULL ? t->be : t->fe);

	t->flags |= TXN_F_TARPIT;
	timer_set(&t->loop->wheel, &t->timer, clock_now_us + us);
}

bool
txn_verdict(struct txn *t, enum rule_verdict v, enum sample_dir dir)
{
	switch (v) {
	case RULE_NEXT:
	case RULE_STOP:
	case RULE_WAIT:
		return true;
	case RULE_REPLY:
		txn_set_term(t, 'L', dir == DIR_REQ ? 'R' : 'H');
		COUNT(fe_count(t), intercepted);
		break;
	case RULE_SERVICE:
		txn_set_term(t, 'L', 'R');
		COUNT(fe_count(t), intercepted);
		service_begin(t, t->service, NULL, 0);
		return false;
	case RULE_DENY:
		txn_set_term(t, 'P', dir == DIR_REQ ? 'R' : 'H');
		count_denied(t, dir);
		count_error(t, dir);
		break;
	case RULE_TARPIT:
		txn_set_term(t, 'P', 'T');
		count_denied(t, dir);
		count_error(t, dir);
		start_tarpit(t);
		break;
	case RULE_REJECT:
	case RULE_DROP:
		txn_set_term(t, 'P', dir == DIR_REQ ? 'R' : 'H');
		count_denied(t, dir);
		t->flags |= TXN_F_NO_ANSWER | (v == RULE_DROP ? TXN_F_SILENT_DROP : 0);
		cut(t);
		return false;
	case RULE_ERROR:
		txn_error(t, dir == DIR_REQ ? 500 : 502, 'I', dir == DIR_REQ ? 'R' : 'H');
		return false;
	}
	if (dir == DIR_RES)
		txn_leave_server(t, false);
	answer(t, t->reply);
	return false;
}

static void
after_rules(struct txn *t, struct proxy *px)
{
	struct sample_ctx x;

	if (px == NULL || px->rules[RS_HTTP_AFTER] == NULL)
		return;
	sample_ctx_init(&x, t, px, DIR_RES);
	(void)ruleset_run(px->rules[RS_HTTP_AFTER], &x);
}

void
txn_after_rules(struct txn *t)
{
	if (t->be != t->fe)
		after_rules(t, t->be);
	after_rules(t, t->fe);
}

enum step_result
step_service(struct txn *t)
{
	struct iovec body = { .iov_base = (char *)(uintptr_t)t->local_body.p,
	    .iov_len = t->local_body.len };
	bool bare;		/* a status that has no body */

	if (t->call != NULL)
		return (enum step_result)service_step(t);
	if (t->flags & TXN_F_TARPIT) {
		if (!t->timed_out)
			return STEP_WAIT;
		t->timed_out = false;
		t->flags &= ~TXN_F_TARPIT;
	}
	if (t->flags & TXN_F_RES_HEAD_SENT) {		/* entered again: drained? */
		if (t->flags & TXN_F_FRONT_FULL)
			return STEP_WAIT;
		t->step = TS_LOG;
		return STEP_NEXT;
	}
	txn_after_rules(t);
	bare = http_status_is_bare(t->res.status);
	t->res_out = bare ? HTTP_BODY_NONE : HTTP_BODY_LENGTH;
	if (txn_client_method(t) == HTTP_M_HEAD)
		t->flags |= TXN_F_HEAD_ONLY;
	t->res.content_length = t->local_body.len;
	t->flags |= TXN_F_RES_DONE;
	if (!t->front->send(t, true, &body, !bare && t->local_body.len != 0, true))
		return STEP_WAIT;
	t->step = TS_LOG;
	return STEP_NEXT;
}
