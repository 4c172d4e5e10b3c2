/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine of checks: it walks a sequence of steps (check_step.h) over one
 * connection, or one per connect step. A step says NEXT, WAIT (an edge or the
 * deadline goes on) or END (check_done was called, nothing may be touched). The
 * end of the sequence is a good check; which status that gives depends on the
 * last step, as in HAProxy.
 *
 * What was read stays until the next send: expectations in a row look at the same
 * bytes. A read error is told only when nothing was received, for servers often
 * reset a connection right behind their answer.
 *
 * Thread: control.
 */
#include "ctl/check_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/check.h"
#include "ctl/check_step.h"
#include "net/tls.h"
#include "proxy/live.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/vars.h"

#define HEX_BYTES	RUN_BYTES
#define BRIEF_BYTES	1024u		/* a request of one packet, surely */
#define SPARES		8u

enum step_result { RUN_NEXT, RUN_WAIT, RUN_END };

static void drive(struct check *chk);

static const struct check_seq *
seq_of(const struct check *chk)
{
	return chk->conf->seq;
}

/* ---- what is under work ---- */

/* Some 50 KB are under work for a moment and then free, five hundred times a second:
 * a few are kept. */
static struct {
	struct check_run *runs[SPARES];
	struct run_http_part *http[SPARES];
	unsigned	 nruns, nhttp;
} spare;

static struct check_run *
run_new(void)
{
	struct check_run *r = spare.nruns > 0 ? spare.runs[--spare.nruns] : xmalloc(sizeof(*r));

	memset(r, 0, offsetof(struct check_run, text));
	outbuf_init(&r->out, 2 * RUN_BYTES);
	return r;
}

static struct run_http_part *
http_part_new(void)
{
	struct run_http_part *h = spare.nhttp > 0 ? spare.http[--spare.nhttp] :
	    xmalloc(sizeof(*h));

	memset(h, 0, offsetof(struct run_http_part, fields));
	return h;
}

static struct check_run *
run_of(struct check *chk)
{
	struct check_run *r = chk->run;

	if (r != NULL)
		return r;
	r = chk->run = run_new();
	r->must_read = true;
	r->facts.srv = chk->srv;
	if (seq_of(chk)->proto == CHECK_HTTP) {
		r->http = http_part_new();
		run_http_reset(r, STR("GET"));
	}
	record_begin(chk);
	return r;
}

static void
run_free(struct check *chk)
{
	struct check_run *r = chk->run;

	if (r == NULL)
		return;
	chk->run = NULL;
	vars_free(&r->facts.vars);
	outbuf_fini(&r->out);
	if (r->http != NULL && spare.nhttp < SPARES)
		spare.http[spare.nhttp++] = r->http;
	else
		free(r->http);
	if (spare.nruns < SPARES)
		spare.runs[spare.nruns++] = r;
	else
		free(r);
}

void
check_run_ctx(struct check *chk, struct sample_ctx *ret_x)
{
	struct check_run *r = run_of(chk);

	memset(ret_x, 0, sizeof(*ret_x));
	ret_x->px = chk->srv->backend;
	ret_x->dir = DIR_RES;
	ret_x->is_final = true;
	ret_x->data = (struct str){ r->in, r->len };
	ret_x->check = &r->facts;
	r->facts.res = r->http != NULL && run_http_has_head(r) ? &r->http->msg : NULL;
	r->facts.body = ret_x->data;
}

/* ---- connect ---- */

static uint16_t
port_by_expr(struct check *chk, const struct step_connect *k)
{
	size_t mark = eval_mark();
	struct sample_ctx x;
	struct sample s;
	uint16_t port = 0;

	check_run_ctx(chk, &x);
	if (expr_eval_as(k->port_expr, &x, SMP_INT, &s) && s.u.i > 0 && s.u.i <= UINT16_MAX)
		port = (uint16_t)s.u.i;
	eval_release(mark);
	return port;
}

static void
aim(struct check *chk, const struct step_connect *k)
{
	struct check_target *t = &chk->target;
	bool is_default = k->flags & CONNECT_DEFAULT;
	uint16_t port = k->port;

	check_aim(chk);
	if (!is_default) {
		t->is_tls = t->sends_proxy = false;
		t->sni = NULL;
		t->alpn = STR_NONE;
	}
	t->is_tls |= (k->flags & CONNECT_TLS) != 0;
	t->sends_proxy |= (k->flags & CONNECT_PROXY) != 0;
	if (k->sni != NULL)
		t->sni = k->sni;
	if (k->alpn.len > 0)
		t->alpn = k->alpn;
	if (k->addr != NULL) {
		uint16_t old = addr_port(&t->to);

		t->to = *k->addr;
		if (addr_port(&t->to) == 0)
			addr_set_port(&t->to, old);
	}
	if (k->port_expr != NULL)
		port = port_by_expr(chk, k);
	if (port != 0)
		addr_set_port(&t->to, port);
}

/* What an earlier connection left is gone. */
static void
forget_received(struct check_run *r)
{
	if (r == NULL)
		return;
	r->must_read = true;
	r->has_ended = r->has_sent = false;
	r->error = 0;
	r->len = 0;
}

static void
on_ready(struct check *chk)
{
	chk->has_connected = true;
	if (chk->nfirst > 0) {
		record_add(&chk->record->sent, chk->first.p, chk->nfirst);
		chk->run->sent = chk->nfirst;
	}
	chk->step = chk->step->next;
	drive(chk);
}

static bool
ends_by_reset(const struct check *chk)
{
	return chk->has_conn && chk->conn.tls == NULL && !chk->keeps_linger &&
	    seq_of(chk)->proto != CHECK_HTTP;
}

/* ---- send ---- */

static int
digit(char ch)
{
	ch = ascii_lower(ch);
	return ch >= '0' && ch <= '9' ? ch - '0' : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool
put_hex(struct outbuf *b, struct str digits)
{
	if (digits.len % 2 != 0 || digits.len / 2 > HEX_BYTES)
		return false;
	for (size_t i = 0; i < digits.len; i += 2) {
		int high = digit(digits.p[i]), low = digit(digits.p[i + 1]);
		char ch = (char)(high << 4 | low);

		if (high < 0 || low < 0)
			return false;
		outbuf_mem(b, &ch, 1);
	}
	return true;
}

static bool
make_text(struct check *chk, const struct step_send *d)
{
	struct check_run *r = chk->run;
	size_t mark = eval_mark();
	struct sample_ctx x;
	struct str text;
	bool is_good;

	if (d->http != NULL) {
		run_http_reset(r, str_of(d->http->method != NULL ? d->http->method : "OPTIONS"));
		return http_send_write(d->http, chk, &r->out);
	}
	if (d->format == NULL) {
		outbuf_mem(&r->out, d->text.p, d->text.len);
		return !r->out.overflow;
	}
	check_run_ctx(chk, &x);
	text = logformat_eval(d->format, &x);
	is_good = text.p != NULL;
	if (is_good && d->is_hex)
		is_good = put_hex(&r->out, text);
	else if (is_good)
		outbuf_mem(&r->out, text.p, text.len);
	eval_release(mark);
	return is_good && !r->out.overflow;
}

/* What follows the connection: nothing, or a request that is ready before it. */
static void
prepare_first(struct check *chk, const struct step *next)
{
	struct outbuf *out;

	chk->is_brief = next == NULL;
	chk->first = STR_NONE;
	if (next == NULL || next->act != STEP_SEND)
		return;
	out = &run_of(chk)->out;
	if (!make_text(chk, &next->u.send))
		outbuf_clear(out);	/* that step will tell */
	chk->is_brief = out->len <= BRIEF_BYTES;
	if (chk->is_brief)
		chk->first = (struct str){ out->data, out->len };
}

static enum step_result
step_connect(struct check *chk)
{
	const struct step_connect *k = &chk->step->u.connect;

	check_conn_close(chk, ends_by_reset(chk));
	aim(chk, k);
	chk->keeps_linger = k->flags & CONNECT_LINGER;
	forget_received(chk->run);
	prepare_first(chk, chk->step->next);
	check_conn_open(chk, on_ready, drive);
	return RUN_END;		/* on_ready goes on */
}

static void
said_nothing(struct check *chk)
{
	struct out o;

	out_init(&o, chk->run->text, sizeof(chk->run->text) - 1);
	out_fmt(&o, "TCPCHK error building what to send at step %u", chk->step->number);
	*o.p = '\0';
	check_done(chk, CHECK_S_L7RSP, 0, chk->run->text);
}

static enum step_result
wait_to_write(struct check *chk)
{
	if (chk->conn.flags & CONN_ERROR)
		check_conn_failed(chk, chk->conn.error);
	else if (conn_register(&chk->conn) == -1)
		check_skip(chk);
	else
		return RUN_WAIT;
	return RUN_END;
}

/* A second request over this connection does not wait for the ACK of the first. */
static void
end_brief(struct check *chk)
{
	if (chk->is_brief && chk->run->has_sent) {
		conn_push(&chk->conn);
		chk->is_brief = false;
	}
}

static enum step_result
step_send(struct check *chk)
{
	struct check_run *r = run_of(chk);
	struct iovec iov;
	ssize_t n;

	if (r->out.len == 0 && !make_text(chk, &chk->step->u.send)) {
		said_nothing(chk);
		return RUN_END;
	}
	if (!conn_can_write(&chk->conn))
		return wait_to_write(chk);
	end_brief(chk);
	iov = (struct iovec){ r->out.data + r->sent, r->out.len - r->sent };
	n = iov.iov_len > 0 ? conn_sendv(&chk->conn, &iov, 1) : 0;
	if (n < 0)
		return wait_to_write(chk);
	record_add(&chk->record->sent, iov.iov_base, (size_t)n);
	r->sent += (size_t)n;
	if (r->sent < r->out.len)
		return wait_to_write(chk);
	outbuf_clear(&r->out);
	r->has_sent = true;
	r->sent = 0;
	r->len = 0;
	r->must_read = true;
	return RUN_NEXT;
}

/* ---- expect ---- */

static void
take(struct check *chk, const char *buf, size_t len)
{
	struct check_run *r = chk->run;

	record_add(&chk->record->got, buf, len);
	if (r->http != NULL) {
		run_http_feed(r, buf, len);
		return;
	}
	if (len > RUN_BYTES - r->len)
		len = RUN_BYTES - r->len;
	memcpy(r->in + r->len, buf, len);
	r->len += (uint32_t)len;
}

static bool
has_enough(const struct check_run *r)
{
	if (r->http != NULL)
		return r->http->state == RUN_DONE || r->http->state == RUN_BROKEN;
	return r->len == RUN_BYTES;
}

static void
receive(struct check *chk)
{
	struct check_run *r = chk->run;
	char buf[RUN_BYTES];
	ssize_t n;

	while (conn_can_read(&chk->conn) && !has_enough(r)) {
		n = conn_recv(&chk->conn, buf, sizeof(buf));
		if (n > 0)
			take(chk, buf, (size_t)n);
	}
	if (chk->conn.flags & (CONN_EOF | CONN_ERROR)) {
		r->has_ended = true;
		if (chk->conn.flags & CONN_ERROR)
			r->error = chk->conn.error;
		if (r->http != NULL)
			run_http_end(r);
	} else if (has_enough(r))
		r->has_ended = true;
}

static bool
got_nothing(const struct check *chk)
{
	return chk->run->http != NULL ? chk->run->http->state == RUN_HEAD &&
	    chk->run->http->parser.received == 0 && chk->run->http->rest_len == 0 :
	    chk->run->len == 0;
}

/* Nothing came and nothing will. */
static void
answered_nothing(struct check *chk)
{
	const struct step *s = chk->step;
	struct check_run *r = chk->run;
	struct out o;

	if (r->error != 0) {
		check_conn_failed(chk, r->error);
		return;
	}
	if (r->http != NULL) {
		check_done(chk, CHECK_S_L7RSP, 0, NULL);
		return;
	}
	out_init(&o, r->text, sizeof(r->text) - 1);
	out_fmt(&o, "TCPCHK got an empty response at step %u", s->number);
	if (s->comment != NULL)
		out_fmt(&o, " comment: '%s'", s->comment);
	*o.p = '\0';
	check_done(chk, s->u.expect.error_status != 0 ? s->u.expect.error_status : CHECK_S_L7RSP,
	    0, r->text);
}

static bool
is_stopping_404(const struct check *chk)
{
	return chk->conf->px != NULL && chk->conf->px->disables_on_404 &&
	    chk->run != NULL && chk->run->http != NULL && run_http_has_head(chk->run) &&
	    chk->run->http->msg.status == 404 &&
	    atomic_load(&chk->live->op_state) != SRV_OP_STOPPED;
}

static enum step_result
end_with(struct check *chk, enum check_status status, struct outcome *oc)
{
	*oc->text.p = '\0';
	check_done(chk, oc->status != 0 ? oc->status : status, oc->code, oc->text.start);
	return RUN_END;
}

static enum step_result
step_expect(struct check *chk)
{
	struct check_run *r = run_of(chk);
	struct outcome oc = { 0 };

	if (r->must_read) {
		receive(chk);
		if (!r->has_ended && (r->http != NULL ? !run_http_has_head(r) : r->len == 0))
			return RUN_WAIT;
		if (r->has_ended && got_nothing(chk)) {
			answered_nothing(chk);
			return RUN_END;
		}
	} else if (!r->has_ended)
		receive(chk);
	r->must_read = false;
	if (is_stopping_404(chk)) {	/* whatever is expected */
		check_done(chk, CHECK_S_L7OKC, 404, NULL);
		return RUN_END;
	}
	out_init(&oc.text, r->text, sizeof(r->text) - 1);
	switch (step_judge(chk, chk->step, &oc)) {
	case VERDICT_MORE:
		return RUN_WAIT;
	case VERDICT_BAD:
		return end_with(chk, CHECK_S_L7RSP, &oc);
	default:
		if (chk->step->next == NULL)
			return end_with(chk, CHECK_S_L7OK, &oc);
		return RUN_NEXT;
	}
}

/* ---- variables ---- */

static enum step_result
step_set_var(struct check *chk)
{
	const struct step_var *v = &chk->step->u.var;
	size_t mark = eval_mark();
	struct sample_ctx x;
	struct sample s;
	bool has_value = true;

	check_run_ctx(chk, &x);
	if (v->format != NULL) {
		struct str text = logformat_eval(v->format, &x);

		has_value = text.p != NULL;
		sample_str(&s, text);
	} else
		has_value = expr_eval(v->expr, &x, &s);
	if (has_value)
		var_set(&x, v->name, &s);
	eval_release(mark);
	return RUN_NEXT;
}

static enum step_result
step_unset_var(struct check *chk)
{
	struct sample_ctx x;

	check_run_ctx(chk, &x);
	var_unset(&x, chk->step->u.var.name);
	return RUN_NEXT;
}

/* ---- the walk ---- */

typedef enum step_result step_fn(struct check *);

static step_fn *const steps[] = {
	[STEP_CONNECT] = step_connect, [STEP_SEND] = step_send, [STEP_EXPECT] = step_expect,
	[STEP_SET_VAR] = step_set_var, [STEP_UNSET_VAR] = step_unset_var,
};

/* The whole sequence passed; an expectation at its end said so itself. */
static void
pass(struct check *chk, const struct step *last)
{
	bool is_tcp = seq_of(chk)->proto == CHECK_TCP;

	if (last->act == STEP_CONNECT)
		check_done(chk, chk->conn.tls != NULL ? CHECK_S_L6OK : CHECK_S_L4OK, 0,
		    is_tcp && !(last->u.connect.flags & CONNECT_IMPLICIT) ? "(tcp-check)" : NULL);
	else
		check_done(chk, CHECK_S_L7OK, 0, is_tcp ? "(tcp-check)" : NULL);
}

static void
drive(struct check *chk)
{
	const struct step *last = chk->step;

	if (last == NULL)	/* a connection was all */
		for (last = seq_of(chk)->first; last->next != NULL; last = last->next)
			;
	while (chk->step != NULL) {
		last = chk->step;
		if (steps[last->act](chk) != RUN_NEXT)
			return;
		chk->step = last->next;
	}
	pass(chk, last);
}

static void
start(struct check *chk)
{
	chk->step = seq_of(chk)->first;
	chk->has_connected = false;
	if (chk->record != NULL)
		record_begin(chk);
	drive(chk);
}

static void
cancel(struct check *chk)
{
	check_conn_close(chk, ends_by_reset(chk));
	run_free(chk);
	chk->step = NULL;
}

static void
timed_out(struct check *chk)
{
	const struct step *s = chk->step;

	if (s != NULL && s->act == STEP_EXPECT && s->u.expect.tout_status != 0)
		check_conn_timed_out_as(chk, s->u.expect.tout_status);
	else
		check_conn_timed_out(chk);
}

const struct check_type check_type_steps = {
	.name = "steps", .start = start, .cancel = cancel, .timed_out = timed_out,
};
