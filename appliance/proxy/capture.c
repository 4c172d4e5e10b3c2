/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures: header values and expressions kept for the log line, in slots that a
 * frontend declares. Values lie in the transaction's memory; the slots, request
 * ones first, are made when the first is filled.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "http/msg.h"
#include "proxy/proxy.h"
#include "proxy/rules.h"
#include "proxy/rules_in.h"
#include "proxy/txn.h"

#define CAPTURES_MAX	64u
#define CAPTURE_BYTES	8192u

static const struct capture *
capture_nth(const struct proxy *px, bool is_response, uint32_t index)
{
	const struct capture *k = is_response ? px->captures_res : px->captures_req;

	while (k != NULL && k->index != index)
		k = k->next;
	return k;
}

static struct capture *
capture_add(struct cfg *c, struct proxy *px, bool is_response, const char *header, uint32_t len)
{
	struct capture **p = is_response ? &px->captures_res : &px->captures_req;
	uint32_t *n = is_response ? &px->ncaptures_res : &px->ncaptures_req;
	struct capture *k;

	if (*n == CAPTURES_MAX) {
		diag_error(c->diag, "at most %u captures are possible", CAPTURES_MAX);
		return NULL;
	}
	k = arena_alloc(c->arena, sizeof(*k));
	k->len = len;
	k->index = (*n)++;
	if (header != NULL) {
		char *z = arena_strdup(c->arena, header);

		for (char *q = z; *q != '\0'; q++)
			*q = ascii_lower(*q);
		k->header = z;
	}
	while (*p != NULL)
		p = &(*p)->next;
	return *p = k;
}

const struct str *
txn_captures(const struct txn *t, bool is_response, uint32_t *ret_n)
{
	const struct proxy *fe = t != NULL ? t->fe : NULL;

	*ret_n = fe == NULL ? 0 : is_response ? fe->ncaptures_res : fe->ncaptures_req;
	if (*ret_n == 0 || t->captures == NULL)
		return NULL;
	return t->captures + (is_response ? fe->ncaptures_req : 0);
}

static void
keep(struct txn *t, uint32_t slot, struct str v, uint32_t max_len)
{
	uint32_t n = t->fe->ncaptures_req + t->fe->ncaptures_res;
	char *p;

	if (t->captures == NULL) {
		if ((t->captures = txn_scratch(t, n * sizeof(*t->captures))) == NULL)
			return;
		memset(t->captures, 0, n * sizeof(*t->captures));
	}
	if (v.len > max_len)
		v.len = max_len;
	if ((p = txn_scratch(t, v.len + 1)) == NULL)
		return;
	if (v.len > 0)
		memcpy(p, v.p, v.len);
	t->captures[slot] = (struct str){ p, v.len };
}

void
rules_capture(struct txn *t, enum sample_dir dir)
{
	bool is_response = dir == DIR_RES;
	const struct http_msg *m = is_response ? &t->res : &t->req;
	const struct capture *k = is_response ? t->fe->captures_res : t->fe->captures_req;
	uint32_t base = is_response ? t->fe->ncaptures_req : 0;
	const struct http_field *f, *last;

	for (; k != NULL; k = k->next) {
		if (k->header == NULL)
			continue;
		last = NULL;
		while ((f = http_find(m, str_of(k->header), last)) != NULL)
			last = f;
		if (last != NULL)
			keep(t, base + k->index, http_field_value(m, last), k->len);
	}
}

/* ---- `http-request capture EXPR len N | id N` ---- */

struct capture_action {
	struct expr	*expr;
	uint32_t	 len, id;
	bool		 by_id;
};

static enum rule_verdict
run_capture(const struct rule *r, struct sample_ctx *x)
{
	const struct capture_action *a = r->arg;
	bool is_response = r->kind == RS_HTTP_RESPONSE || r->kind == RS_TCP_RESPONSE;
	const struct capture *k;
	struct sample s;

	if (x->t == NULL || x->t->fe == NULL ||
	    (k = capture_nth(x->t->fe, is_response, a->id)) == NULL)
		return RULE_NEXT;	/* another frontend's transaction: no such slot */
	if (expr_eval_as(a->expr, x, SMP_STR, &s))
		keep(x->t, k->index + (is_response ? x->t->fe->ncaptures_req : 0), s.u.s, k->len);
	return RULE_NEXT;
}

static int
parse_capture(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	bool is_response = r->kind == RS_HTTP_RESPONSE || r->kind == RS_TCP_RESPONSE;
	struct capture_action *a = arena_alloc(c->arena, sizeof(*a));
	const struct capture *k;
	uint64_t v;

	if (nargs < 3 || (strcmp(args[1], "len") != 0 && strcmp(args[1], "id") != 0)) {
		diag_error(c->diag, "'capture' expects <expression> [ 'len' <length> | 'id' "
		    "<idx> ]");
		return -1;
	}
	if ((a->expr = expr_parse(c, r->px, args[0], r->use)) == NULL)
		return -1;
	r->arg = a;
	*ret_used = 3;
	if (strcmp(args[1], "id") == 0) {
		if (cfg_uint(c, "id", args[2], 0, CAPTURES_MAX - 1, &v) < 0)
			return -1;
		a->id = (uint32_t)v;
		return 0;
	}
	if (!(r->px->cap & CAP_FRONTEND) || is_response) {
		diag_error(c->diag, "'capture ... len' is possible in requests of a frontend only; "
		    "use 'declare capture' there and 'id' here");
		return -1;
	}
	if (cfg_uint(c, "len", args[2], 1, CAPTURE_BYTES, &v) < 0 ||
	    (k = capture_add(c, r->px, false, NULL, (uint32_t)v)) == NULL)
		return -1;
	a->id = k->index;
	return 0;
}

/* ---- rows ---- */

/* `capture request header NAME len N` */
static int
parse_capture_header(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t len;

	if (nargs != 3 || strcmp(args[1], "len") != 0) {
		diag_error(c->diag, "'%s' expects <header_name> 'len' <len>.", row->name);
		return -1;
	}
	if (!proxy_takes(c, CAP_FRONTEND, row->name, NULL))
		return 0;
	if (cfg_uint(c, "len", args[2], 1, CAPTURE_BYTES, &len) < 0)
		return -1;
	return capture_add(c, proxy_of(c), row->arg != 0, args[0], (uint32_t)len) != NULL ? 0 : -1;
}

/* `declare capture request len N` */
static int
parse_declare(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	bool is_response = nargs > 0 && strcmp(args[0], "response") == 0;
	uint64_t len;

	if (nargs != 3 || (!is_response && strcmp(args[0], "request") != 0) ||
	    strcmp(args[1], "len") != 0) {
		diag_error(c->diag, "'declare capture' requires a direction ('request' or "
		    "'response') and 'len' <length>");
		return -1;
	}
	if (!proxy_takes(c, CAP_FRONTEND, row->name, NULL))
		return 0;
	if (cfg_uint(c, "len", args[2], 1, CAPTURE_BYTES, &len) < 0)
		return -1;
	return capture_add(c, proxy_of(c), is_response, NULL, (uint32_t)len) != NULL ? 0 : -1;
}

static const struct kw_row rows[] = {
	{ "capture request header", IN_FRONTEND, KW_OBEYED, 0, 3, 0, parse_capture_header, 0,
	    "<name> len <bytes>", "Keeps a request header for the log line." },
	{ "capture response header", IN_FRONTEND, KW_OBEYED, 0, 3, 0, parse_capture_header, 1,
	    "<name> len <bytes>", "Keeps a response header for the log line." },
	{ "declare capture", IN_FRONTEND, KW_OBEYED, 0, 3, 0, parse_declare, 0,
	    "{request | response} len <bytes>", "A slot for capture actions with id." },
	{ .name = NULL }
};

#define HTTP_KINDS \
	(1u << RS_HTTP_REQUEST | 1u << RS_HTTP_RESPONSE | 1u << RS_TCP_CONTENT)

static const struct action_row actions[] = {
	{ "capture", HTTP_KINDS, parse_capture, run_capture, 0,
	    "<expression> {len <bytes> | id <slot>}", "Keeps a value for the log line." },
	{ .name = NULL }
};

const struct module mod_capture = {
	.name = "capture",
	.cfg = rows,
	.actions = actions,
};
