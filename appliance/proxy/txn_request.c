/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request's way to its backend: checks of the head, rules of the frontend,
 * choice of the backend, its rules, and who the request sticks to.
 *
 * Thread: data. Nothing here waits, but content rules of TCP mode.
 */
#include <string.h>

#include "base/clock.h"
#include "base/out.h"
#include "net/buf.h"
#include "proxy/be_switch.h"
#include "proxy/bind_count.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/reply.h"
#include "proxy/session.h"
#include "proxy/stats.h"
#include "proxy/stick_rules.h"
#include "proxy/stick_track.h"
#include "proxy/txn_count.h"
#include "proxy/txn_steps.h"

/* What the frontend refuses or answers by itself, before any rule. */
static unsigned
refusal(const struct txn *t)
{
	const struct http_msg *m = &t->req;

	if (m->flags & HTTP_F_EXPECT_BAD)
		return 417;
	if (m->method == HTTP_M_TRACE && !(t->fe->set.options & OPT_ACCEPT_TRACE))
		return 405;
	if (m->method == HTTP_M_CONNECT && !(t->fe->set.options & OPT_ACCEPT_CONNECT))
		return 405;
	return 0;
}

static bool
is_monitor_request(const struct txn *t)
{
	const char *uri = t->fe->set.monitor_uri;

	return uri != NULL && str_is(http_str(&t->req, t->req.target), uri);
}

/* TRACE and OPTIONS with Max-Forwards: 0 end here, else it is decremented
 * (RFC 9110 section 7.6.2). 0 = go on, 200 = ours, 400 = malformed. */
static unsigned
max_forwards(struct txn *t)
{
	struct http_field *f;
	uint64_t n;
	char text[24];
	struct out o;

	if (t->req.method != HTTP_M_TRACE && t->req.method != HTTP_M_OPTIONS)
		return 0;
	f = http_find_id(&t->req, HTTP_N_MAX_FORWARDS, NULL);
	if (f == NULL)
		return 0;
	if (!str_to_u64(http_field_value(&t->req, f), &n))
		return 400;
	if (n == 0)
		return 200;
	out_init(&o, text, sizeof text);
	out_u64(&o, n - 1);
	http_set(&t->req, STR("max-forwards"), (struct str){ text, out_len(&o) });
	return 0;
}

static void
set_timeouts(struct txn *t)
{
	t->timeout_client_us = proxy_timeout_client(t->fe);
}

static bool
client_may_stay(const struct txn *t)
{
	return (t->req.flags & HTTP_F_KEEP_ALIVE) && t->fe->set.conn_mode != CONN_CLOSE &&
	    atomic_load_explicit(&limits.stopping, memory_order_relaxed) == 0;
}

enum step_result
step_read_request(struct txn *t)
{
	unsigned status;

	t->at.request = clock_now_us;
	STAT_ADD(cum_reqs, 1);
	COUNT(fe_count(t), req_tot);
	COUNT(fe_count(t), h1req);
	if (stick_is_tracking(t))
		stick_count_request(t);
	set_timeouts(t);
	t->head_in = (uint32_t)t->bytes.in;
	t->body_in = t->req.body;
	t->req_left = t->req.content_length;
	if (t->req.body == HTTP_BODY_NONE ||
	    (t->req.body == HTTP_BODY_LENGTH && t->req_left == 0))
		t->flags |= TXN_F_REQ_DONE;
	if (t->req.version == 10)
		t->flags |= TXN_F_HTTP10_CLIENT;
	/* behind a CONNECT that fails lies what was meant for its tunnel */
	if (!client_may_stay(t) || t->req.method == HTTP_M_CONNECT)
		t->flags |= TXN_F_CLOSE_CLIENT;
	if (t->fe->ncaptures_req != 0)
		rules_capture(t, DIR_REQ);
	if (unlikely((status = refusal(t)) != 0 || (status = max_forwards(t)) != 0)) {
		if (status != 200) {
			COUNT(fe_count(t), ereq);
			COUNT_BIND(t->sess->listener, ereq);
			if (stick_is_tracking(t))
				stick_count_error(t);
		}
		txn_error(t, status, status == 200 ? 'L' : 'P', 'R');
		return STEP_NEXT;
	}
	if (unlikely(is_monitor_request(t))) {
		t->flags |= TXN_F_LOGGED;	/* never logged */
		txn_error(t, 200, 'L', 'R');
		return STEP_NEXT;
	}
	t->step = likely(t->fe->plain & PLAIN_REQUEST) ? TS_CHOOSE_BACKEND : TS_FRONTEND_RULES;
	return STEP_NEXT;
}

static bool
run_rules(struct txn *t, struct proxy *px, enum ruleset_kind kind)
{
	struct sample_ctx x;

	if (px->rules[kind] == NULL)
		return true;
	sample_ctx_init(&x, t, px, DIR_REQ);
	return txn_verdict(t, ruleset_run(px->rules[kind], &x), DIR_REQ);
}

/* TCP mode: content rules see what the client sent so far, until a verdict,
 * the end of its bytes, or inspect-delay. */
enum step_result
step_tcp_content(struct txn *t)
{
	struct sample_ctx x;
	enum rule_verdict v = RULE_NEXT;
	struct session *s = t->sess;
	bool is_last = t->timed_out || t->fe->inspect_delay_us == 0 ||
	    (s->conn.flags & (CONN_EOF | CONN_ERROR)) || buf_len(s->in) >= RBUF_BYTES;

	if (t->fe->rules[RS_TCP_CONTENT] != NULL) {
		sample_ctx_init(&x, t, t->fe, DIR_REQ);
		x.is_final = is_last;
		v = ruleset_run(t->fe->rules[RS_TCP_CONTENT], &x);
	}
	if (v == RULE_WAIT) {
		if (!timer_is_set(&t->timer))
			timer_set(&t->loop->wheel, &t->timer,
			    t->at.start + t->fe->inspect_delay_us);
		return STEP_WAIT;
	}
	timer_clear(&t->timer);
	t->timed_out = false;
	t->step = TS_CHOOSE_BACKEND;
	txn_verdict(t, v, DIR_REQ);
	return STEP_NEXT;
}

enum step_result
step_frontend_rules(struct txn *t)
{
	t->step = TS_CHOOSE_BACKEND;
	if (run_rules(t, t->fe, RS_TCP_CONTENT) && !(t->flags & TXN_F_VERDICT))
		(void)run_rules(t, t->fe, RS_HTTP_REQUEST);
	if (unlikely(t->fe->set.stats != NULL) && !(t->flags & TXN_F_VERDICT))
		(void)stats_intercept(t, t->fe);
	t->flags &= ~TXN_F_VERDICT;
	return STEP_NEXT;
}

/* NULL: none, or no rule may lead to it. */
static struct proxy *
default_backend(struct txn *t)
{
	struct proxy *be = t->fe->default_backend;
	struct sample_ctx x;

	if (be == NULL || be_switch_is_open(be))
		return be;
	sample_ctx_init(&x, t, t->fe, DIR_REQ);
	return be_switch_is_forced(&x, t->fe) ? be : NULL;
}

static struct proxy *
choose_backend(struct txn *t)
{
	struct proxy *be = NULL;
	struct sample_ctx x;

	if (t->fe->use_backends != NULL) {
		sample_ctx_init(&x, t, t->fe, DIR_REQ);
		be = rules_pick_backend(&x, t->fe);
	}
	if (be == NULL)
		be = default_backend(t);
	if (be == NULL && (t->fe->cap & CAP_BACKEND))
		be = t->fe;
	return be;
}

static void
enter_backend(struct txn *t, struct proxy *be)
{
	struct counters *c = &be->live->threads[dt->id].be;

	t->be = be;
	t->flags |= TXN_F_IN_BACKEND;
	gauge_inc(&be->live->be_conn);
	COUNT(c, stot);
	COUNT_SESSION(c);
	if (t->flags & TXN_F_HTTP)
		COUNT(c, req_tot);
	t->timeout_server_us = proxy_timeout_server(be);
	t->timeout_connect_us = proxy_timeout_connect(be);
	t->timeout_queue_us = proxy_timeout_queue(be);
	t->timeout_tunnel_us = proxy_timeout_tunnel(be, t->fe);
	t->retries_left = be->set.retries > 100 ? 100 : (uint8_t)be->set.retries;
}

static enum txn_step
step_after_rules(const struct txn *t)
{
	return likely(t->be->plain & t->fe->plain & PLAIN_STICK) ? TS_PICK : TS_PERSISTENCE;
}

enum step_result
step_choose_backend(struct txn *t)
{
	struct proxy *be = choose_backend(t);

	if (be == NULL) {
		txn_error(t, 503, 'S', 'C');
		return STEP_NEXT;
	}
	enter_backend(t, be);
	t->step = likely(be->plain & PLAIN_REQUEST) ? step_after_rules(t) : TS_BACKEND_RULES;
	return STEP_NEXT;
}

enum step_result
step_backend_rules(struct txn *t)
{
	t->step = step_after_rules(t);
	if (t->be == t->fe)
		return STEP_NEXT;	/* a listen section's rules have run */
	if (run_rules(t, t->be, RS_TCP_CONTENT) && (t->flags & TXN_F_HTTP) &&
	    !(t->flags & TXN_F_VERDICT))
		(void)run_rules(t, t->be, RS_HTTP_REQUEST);
	if (unlikely(t->be->set.stats != NULL) && (t->flags & TXN_F_HTTP) &&
	    !(t->flags & TXN_F_VERDICT))
		(void)stats_intercept(t, t->be);
	t->flags &= ~TXN_F_VERDICT;
	return STEP_NEXT;
}

enum step_result
step_persistence(struct txn *t)
{
	struct sample_ctx x;

	if (t->be->use_servers != NULL) {
		sample_ctx_init(&x, t, t->be, DIR_REQ);
		t->wanted = rules_pick_server(&x, t->be);
		if (t->wanted != NULL) {
			t->flags |= TXN_F_PERSISTENT;
			stickiness_set(t, STICK_RULE, 0, 0);
		}
	}
	t->step = TS_PICK;
	if (unlikely((t->be->persist | t->fe->persist) != 0) && !persist_request(t))
		txn_error(t, 500, 'I', 'R');
	else if (unlikely(t->be->stick_rules != NULL))
		stick_rules_match(t);
	return STEP_NEXT;
}
