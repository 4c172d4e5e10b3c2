/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Services: the ways of a call between its data thread and control, and
 * `http-request use-service`.
 *
 * Each visit is one message there and one back, so nothing is locked and nothing
 * is shared: who has the message has the call. The answer is chunked (closed for
 * HTTP/1.0), because its length is not known when it begins; what fits in the
 * first piece gets a content-length all the same when it has no body.
 *
 * Threads: data, but for what is marked control.
 */
#include "proxy/service.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "event/loop.h"
#include "http/msg.h"
#include "proxy/proxy.h"
#include "proxy/reply.h"
#include "proxy/rules.h"
#include "proxy/session.h"
#include "proxy/txn_steps.h"

#define SLICE_US	1000u

enum service_place { AT_BODY, AT_HOME, AT_CONTROL };

static struct loop *control;

void
service_init(struct loop *loop)
{
	control = loop;
}

const struct service_row *
service_find(const char *name)
{
	MODULE_EACH(m)
		for (const struct service_row *s = m->services; s != NULL && s->name != NULL; s++)
			if (strcmp(s->name, name) == 0)
				return s;
	return NULL;
}

/* ---- control ---- */

struct snapshot *
service_hold(struct service_call *c)
{
	if (c->held == NULL) {
		c->held = snapshot_current();
		snapshot_hold(c->held);
	}
	return c->held;
}

void
service_field(struct service_call *c, const char *name, const char *fmt, ...)
{
	va_list ap;

	WEIR_ASSERT(c->nfields < SERVICE_FIELDS);
	va_start(ap, fmt);
	c->fields[c->nfields].name = name;
	c->fields[c->nfields++].value = xvasprintf(fmt, ap);
	va_end(ap);
}

static void
call_free(struct service_call *c)
{
	if (c->state_free != NULL)
		c->state_free(c->state);
	if (c->held != NULL)
		snapshot_unhold(c->held);
	for (unsigned i = 0; i < c->nfields; i++)
		free(c->fields[i].value);
	outbuf_fini(&c->body);
	outbuf_fini(&c->out);
	free(c);
}

static void on_home(struct mail *m);

static void
make_piece(struct service_call *c)
{
	uint64_t end_us = clock_mono_us() + SLICE_US;

	if (!c->is_started) {
		c->is_started = true;
		c->row->start(c);
	}
	while (!c->is_last) {
		c->is_last = c->more == NULL || c->more(c);
		if (c->out.len >= SERVICE_PIECE || clock_mono_us() >= end_us)
			break;
	}
}

static void
on_control(struct mail *m)
{
	struct service_call *c = CONTAINER_OF(m, struct service_call, mail);

	if (c->is_ending) {
		call_free(c);
		return;
	}
	make_piece(c);
	mailbox_send(&c->home->mailbox, &c->mail, on_home);
}

/* ---- to and fro ---- */

static void
visit_control(struct service_call *c)
{
	c->place = AT_CONTROL;
	mailbox_send(&control->mailbox, &c->mail, on_control);
}

static void
on_home(struct mail *m)
{
	struct service_call *c = CONTAINER_OF(m, struct service_call, mail);

	c->place = AT_HOME;
	txn_run(c->t);
}

/* ---- the request ---- */

static struct str
field_of(const struct txn *t, struct str name)
{
	const struct http_field *f = http_find(&t->req, name, NULL);

	return f != NULL ? http_field_value(&t->req, f) : STR_NONE;
}

static void
fill_request(struct service_call *c, struct txn *t)
{
	c->method = (uint8_t)txn_client_method(t);
	c->path = http_path(&t->req);
	c->query = http_query(&t->req);
	c->host = t->req.flags & HTTP_F_HOST ? http_str(&t->req, t->req.authority) : STR_NONE;
	c->origin = field_of(t, STR("origin"));
	c->referer = field_of(t, STR("referer"));
	c->fetch_site = field_of(t, STR("sec-fetch-site"));
	c->is_tls = t->sess->conn.tls != NULL;
	c->client = (struct str){ c->client_text,
	    ip_text(&t->sess->src, c->client_text, sizeof c->client_text) };
}

void
service_begin(struct txn *t, const struct service_row *row, const void *arg, unsigned flags)
{
	struct service_call *c = xcalloc(1, sizeof *c);

	c->row = row;
	c->home = t->loop;
	c->t = t;
	c->arg = arg;
	c->flags = flags;
	c->place = AT_BODY;
	outbuf_init(&c->body, SERVICE_BODY);
	outbuf_init(&c->out, 0);
	fill_request(c, t);
	t->service = row;
	t->call = c;
	t->flags |= TXN_F_VERDICT;
	t->step = TS_SERVICE;
}

void
service_body_in(struct txn *t, struct str data)
{
	struct service_call *c = t->call;

	if (c->place != AT_BODY || c->body_is_cut)
		return;
	if (data.len > SERVICE_BODY - c->body.len) {
		c->body_is_cut = true;
		txn_wake(t);
		return;
	}
	outbuf_mem(&c->body, data.p, data.len);
}

/* `Expect: 100-continue`: who waits for that is told to go on. */
static void
invite_body(struct txn *t)
{
	if (!(t->req.flags & HTTP_F_EXPECT_100) || t->interim != 0 ||
	    (t->flags & TXN_F_HTTP10_CLIENT))
		return;
	t->interim = 1;
	txn_begin_response(t);
	t->res.version = 11;
	if (http_set_status(&t->res, 100, STR("Continue")))
		t->front->send_interim(t);
}

/* True when all of it is here, or more of it than we take. */
static bool
body_is_here(struct txn *t)
{
	struct service_call *c = t->call;

	if (!c->row->wants_body || c->method != HTTP_M_POST || c->body_is_cut)
		return true;
	if (!(t->flags & (TXN_F_REQ_DONE | TXN_F_BODY_WANTED))) {
		invite_body(t);
		t->flags |= TXN_F_BODY_WANTED;
		t->front->want_body(t);
	}
	return (t->flags & TXN_F_REQ_DONE) || c->body_is_cut;
}

/* ---- the answer ---- */

static bool
add(struct txn *t, const char *name, const char *value)
{
	struct http_msg *m = &t->res;

	return http_append(m, str_of(name), str_of(value), HTTP_FIELD_ADDED) ||
	    (txn_grow(t, m) && http_append(m, str_of(name), str_of(value), HTTP_FIELD_ADDED));
}

static bool
build_head(struct txn *t, const struct service_call *c)
{
	txn_begin_response(t);
	t->res.version = 11;
	t->status = c->status;
	if (!http_set_status(&t->res, c->status, str_of(http_status_reason(c->status))))
		return false;
	if (c->content_type != NULL && !add(t, "content-type", c->content_type))
		return false;
	for (unsigned i = 0; i < c->nfields; i++)
		if (!add(t, c->fields[i].name, c->fields[i].value))
			return false;
	return true;
}

static void
frame(struct txn *t, const struct service_call *c)
{
	if (!(t->flags & TXN_F_REQ_DONE))
		t->flags |= TXN_F_CLOSE_CLIENT;
	t->res.content_length = 0;
	if (c->is_last && c->out.len == 0)
		t->res_out = HTTP_BODY_LENGTH;
	else if (t->flags & TXN_F_HTTP10_CLIENT) {
		t->res_out = HTTP_BODY_CLOSE;
		t->flags |= TXN_F_CLOSE_CLIENT;
	} else
		t->res_out = HTTP_BODY_CHUNKED;
	if (c->method == HTTP_M_HEAD)
		t->flags |= TXN_F_HEAD_ONLY;
}

static enum step_result
finish(struct txn *t)
{
	(void)service_leave(t);
	t->step = TS_LOG;
	return STEP_NEXT;
}

int
service_step(struct txn *t)
{
	struct service_call *c = t->call;
	bool is_head = !(t->flags & TXN_F_RES_HEAD_SENT), is_end, has_room;
	struct iovec body;

	if (c->place == AT_CONTROL || (t->flags & TXN_F_FRONT_FULL))
		return STEP_WAIT;
	if (c->place == AT_BODY) {
		if (body_is_here(t))
			visit_control(c);
		return STEP_WAIT;
	}
	if (t->flags & TXN_F_RES_DONE)		/* all handed over, now all taken */
		return finish(t);
	if (is_head) {
		if (!build_head(t, c)) {
			(void)service_leave(t);
			txn_error(t, 500, 'R', 'H');
			return STEP_NEXT;
		}
		txn_after_rules(t);
		frame(t, c);
	}
	is_end = c->is_last || (t->flags & TXN_F_HEAD_ONLY);
	if (is_end)
		t->flags |= TXN_F_RES_DONE;
	body = (struct iovec){ c->out.data, c->out.len };
	has_room = t->front->send(t, is_head, &body, c->out.len != 0, is_end);
	outbuf_clear(&c->out);
	if (is_end && has_room)
		return finish(t);
	if (!is_end && has_room)
		visit_control(c);
	return STEP_WAIT;
}

bool
service_leave(struct txn *t)
{
	struct service_call *c = t->call;

	if (c == NULL)
		return true;
	if (c->place == AT_CONTROL)
		return false;
	t->call = NULL;
	c->is_ending = true;
	visit_control(c);
	return true;
}

/* ---- use-service ---- */

static const char *
nth_service(size_t i, void *arg)
{
	(void)arg;
	MODULE_EACH(m)
		for (const struct service_row *s = m->services; s != NULL && s->name != NULL; s++)
			if (!s->is_internal && i-- == 0)
				return s->name;
	return NULL;
}

static int
parse_service(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	const struct service_row *s;
	const char *near;

	if (nargs == 0) {
		diag_error(c->diag, "'http-request use-service' expects a service name.");
		return -1;
	}
	s = service_find(args[0]);
	if (s == NULL || s->is_internal) {
		near = str_nearest(args[0], nth_service, NULL);
		diag_error(c->diag, "'http-request use-service' : unknown service name '%s'.%s%s%s",
		    args[0], near != NULL ? " Did you mean '" : "", near != NULL ? near : "",
		    near != NULL ? "' maybe ?" : "");
		return -1;
	}
	r->arg = (void *)(uintptr_t)s;
	*ret_used = 1;
	return 0;
}

static enum rule_verdict
run_service(const struct rule *r, struct sample_ctx *x)
{
	x->t->service = r->arg;
	return RULE_SERVICE;
}

static const struct action_row actions[] = {
	{ "use-service", 1u << RS_HTTP_REQUEST, parse_service, run_service, 0, "<service>",
	    "Lets a service of weir answer, as prometheus-exporter." },
	{ .name = NULL }
};

const struct module mod_service = { .name = "service", .actions = actions };
