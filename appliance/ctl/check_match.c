/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does what was received fit an expectation, and what is said of it: HAProxy's
 * texts, which operators and their tools know.
 *
 * A text that is missing may still come: without min-recv the verdict waits until
 * the connection ends or the time is over; with it, as soon as that many bytes
 * are there.
 *
 * Thread: control.
 */
#include <string.h>

#include "base/magic.h"
#include "base/out.h"
#include "ctl/check.h"
#include "ctl/check_run.h"
#include "ctl/check_step.h"
#include "proxy/logline.h"
#include "proxy/sample.h"

static bool
is_http(const struct step_expect *e)
{
	return e->kind >= EXPECT_STATUS && e->kind <= EXPECT_WHOLE;
}

static bool
needs_body(const struct step_expect *e)
{
	return e->kind == EXPECT_BODY || e->kind == EXPECT_BODY_REGEX || e->kind == EXPECT_BODY_LF;
}

static unsigned
status_of(const struct check *chk)
{
	const struct check_run *r = chk->run;

	return r->http != NULL && run_http_has_head(r) ? r->http->msg.status : 0;
}

/* ---- patterns ---- */

static bool
pattern_fits(struct check *chk, const struct header_pattern *p, struct str s, bool any_case)
{
	size_t mark = eval_mark();
	struct str text = p->text;
	struct sample_ctx x;
	bool fits;

	if (p->format != NULL) {
		check_run_ctx(chk, &x);
		text = logformat_eval(p->format, &x);
	}
	switch (p->match) {
	case HDR_BEG:
		fits = any_case ? str_istarts(s, text) : str_starts(s, text);
		break;
	case HDR_END:
		fits = any_case ? str_iends(s, text) : str_ends(s, text);
		break;
	case HDR_SUB:
		fits = (any_case ? str_ifind(s, text) : str_find(s, text)) != NULL;
		break;
	case HDR_REG:
		fits = regex_match(p->regex, s, NULL, NULL);
		break;
	default:
		fits = any_case ? str_ieq(s, text) : str_eq(s, text);
	}
	eval_release(mark);
	return fits;
}

static bool
value_fits(struct check *chk, const struct expect_header *h, struct str value)
{
	struct str elem;

	if (!h->has_value)
		return true;
	if (h->is_full)
		return pattern_fits(chk, &h->value, value, false);
	while (str_next_elem(&value, ',', &elem))
		if (pattern_fits(chk, &h->value, elem, false))
			return true;
	return false;
}

static bool
header_fits(struct check *chk, const struct expect_header *h)
{
	const struct http_msg *m = &chk->run->http->msg;

	for (unsigned i = 0; i < m->nfields; i++)
		if (pattern_fits(chk, &h->name, http_field_name(m, &m->fields[i]), true) &&
		    value_fits(chk, h, http_field_value(m, &m->fields[i])))
			return true;
	return false;
}

/* Bytes as digits, for expressions that were written so. */
static bool
hex_fits(const struct regex *re, struct str in)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t mark = eval_mark();
	char *hex = eval_alloc(2 * in.len + 1);
	bool fits = false;

	if (hex != NULL) {
		for (size_t i = 0; i < in.len; i++) {
			hex[2 * i] = digits[(uint8_t)in.p[i] >> 4];
			hex[2 * i + 1] = digits[in.p[i] & 15];
		}
		fits = regex_match(re, (struct str){ hex, 2 * in.len }, NULL, NULL);
	}
	eval_release(mark);
	return fits;
}

static int
nibble(char ch)
{
	ch = ascii_lower(ch);
	return ch >= '0' && ch <= '9' ? ch - '0' : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool
format_fits(struct check *chk, const struct step_expect *e, struct str in)
{
	size_t mark = eval_mark(), n = 0;
	struct sample_ctx x;
	struct str text;
	char *bytes = NULL;
	bool fits;

	check_run_ctx(chk, &x);
	text = logformat_eval(e->format, &x);
	fits = text.len > 0;
	if (fits && e->kind == EXPECT_BINARY_LF) {
		fits = text.len % 2 == 0 && (bytes = eval_alloc(text.len / 2)) != NULL;
		for (; fits && n < text.len / 2; n++) {
			int high = nibble(text.p[2 * n]), low = nibble(text.p[2 * n + 1]);

			fits = high >= 0 && low >= 0;
			bytes[n] = (char)(high << 4 | low);
		}
		text = (struct str){ bytes, n };
	}
	fits = fits && str_find(in, text) != NULL;
	eval_release(mark);
	return fits;
}

static bool
fits(struct check *chk, const struct step_expect *e, struct str in)
{
	const struct http_msg *m = chk->run->http != NULL ? &chk->run->http->msg : NULL;
	char digits[8];
	struct out o;

	switch (e->kind) {
	case EXPECT_STATUS: case EXPECT_WHOLE:
		return e->wanted[m->status / 64 % ARRAY_LEN(e->wanted)] &
		    ((uint64_t)1 << (m->status % 64));
	case EXPECT_STATUS_REGEX:
		out_init(&o, digits, sizeof(digits));
		out_u64(&o, m->status);
		return regex_match(e->regex, (struct str){ digits, out_len(&o) }, NULL, NULL);
	case EXPECT_HEADER:
		return header_fits(chk, e->header);
	case EXPECT_REGEX: case EXPECT_BODY_REGEX:
		return regex_match(e->regex, in, NULL, NULL);
	case EXPECT_BINARY_REGEX:
		return hex_fits(e->regex, in);
	case EXPECT_STRING_LF: case EXPECT_BINARY_LF: case EXPECT_BODY_LF:
		return format_fits(chk, e, in);
	default:
		return str_find(in, e->data) != NULL;
	}
}

/* ---- what is said ---- */

static const char *
kind_text(const struct step_expect *e)
{
	switch (e->kind) {
	case EXPECT_BINARY:
		return "(binary)";
	case EXPECT_REGEX:
		return "(regex)";
	case EXPECT_BINARY_REGEX:
		return "(binary regex)";
	case EXPECT_STRING_LF:
		return "(log-format string)";
	case EXPECT_BINARY_LF:
		return "(log-format binary)";
	default:
		return NULL;
	}
}

static void
say_tcp(const struct step *s, struct out *o)
{
	const struct step_expect *e = &s->u.expect;
	const char *kind = kind_text(e);

	out_z(o, e->is_negated ? "TCPCHK matched unwanted content" :
	    "TCPCHK did not match content");
	if (kind != NULL)
		out_fmt(o, " %s at step %u", kind, s->number);
	else
		out_fmt(o, " '" STR_FMT "' at step %u", STR_ARG(e->data), s->number);
}

/* As much as fits: reasons may be long. */
static void
put_cut(struct out *o, struct str s)
{
	if (s.len > CHECK_TEXT_BYTES - 1)
		s.len = CHECK_TEXT_BYTES - 1;
	out_str(o, s);
}

static void
say_http(const struct check *chk, const struct step_expect *e, struct out *o)
{
	const struct http_msg *m = &chk->run->http->msg;

	if (!needs_body(e))
		put_cut(o, http_str(m, m->reason));
	else if (chk->run->len == 0)
		out_z(o, "HTTP content check could not find a response body");
	else
		out_z(o, e->is_negated ? "HTTP check matched unwanted content" :
		    "HTTP content check did not match");
}

static void
say_format(struct check *chk, const struct logformat *f, struct out *o)
{
	size_t mark = eval_mark();
	struct sample_ctx x;

	check_run_ctx(chk, &x);
	put_cut(o, logformat_eval(f, &x));
	eval_release(mark);
}

static void
set_code(struct check *chk, const struct step_expect *e, struct outcome *oc)
{
	size_t mark = eval_mark();
	struct sample_ctx x;
	struct sample s;

	if (is_http(e))
		oc->code = status_of(chk);
	if (e->code == NULL)
		return;
	check_run_ctx(chk, &x);
	if (expr_eval_as(e->code, &x, SMP_INT, &s))
		oc->code = (unsigned)s.u.i;
	eval_release(mark);
}

static enum verdict
bad(struct check *chk, const struct step *s, struct outcome *oc)
{
	const struct step_expect *e = &s->u.expect;

	oc->status = e->error_status;
	if (oc->status == 0)
		oc->status = is_http(e) && !needs_body(e) ? CHECK_S_L7STS : CHECK_S_L7RSP;
	if (e->on_error != NULL)
		say_format(chk, e->on_error, &oc->text);
	else if (is_http(e))
		say_http(chk, e, &oc->text);
	else if (chk->conf->seq->proto == CHECK_TCP)
		say_tcp(s, &oc->text);
	if (s->comment != NULL)
		out_fmt(&oc->text, " comment: %s", s->comment);
	set_code(chk, e, oc);
	return VERDICT_BAD;
}

static enum verdict
good(struct check *chk, const struct step *s, struct outcome *oc)
{
	const struct step_expect *e = &s->u.expect;

	oc->status = e->ok_status != 0 ? e->ok_status : CHECK_S_L7OK;
	if (e->on_success != NULL)
		say_format(chk, e->on_success, &oc->text);
	else if (chk->conf->seq->proto == CHECK_TCP)
		out_z(&oc->text, "(tcp-check)");
	set_code(chk, e, oc);
	return VERDICT_GOOD;
}

/* ---- the verdict ---- */

/* More bytes may still change what is found. */
static bool
may_wait(const struct check_run *r, const struct step_expect *e, struct str in)
{
	if (r->has_ended)
		return false;
	if ((e->kind == EXPECT_STRING || e->kind == EXPECT_BINARY || e->kind == EXPECT_BODY) &&
	    in.len < e->data.len)
		return true;
	return in.len == 0 || (e->min_recv > 0 && in.len < (size_t)e->min_recv);
}

static enum verdict
judge_custom(struct check *chk, const struct step *s, struct str in, struct outcome *oc)
{
	enum verdict v = s->u.expect.custom(in, oc);

	if (v == VERDICT_MORE && chk->run->has_ended)
		return bad(chk, s, oc);
	return v;
}

/* The status at once, when it is bad; else all of the body must come, with a
 * length or in chunks. */
static enum verdict
judge_whole(struct check *chk, const struct step *s, struct outcome *oc)
{
	const struct run_http_part *h = chk->run->http;

	if (!fits(chk, &s->u.expect, STR_NONE))
		return bad(chk, s, oc);
	if (h->state == RUN_DONE && h->msg.body != HTTP_BODY_CLOSE)
		return good(chk, s, oc);
	if (h->msg.body != HTTP_BODY_CLOSE && h->state == RUN_BODY && !chk->run->has_ended)
		return VERDICT_MORE;
	oc->status = CHECK_S_L7RSP;
	oc->code = h->msg.status;
	out_z(&oc->text, h->msg.body == HTTP_BODY_CLOSE ?
	    "The response has neither a length nor chunks" : "The response was cut short");
	return VERDICT_BAD;
}

enum verdict
step_judge(struct check *chk, const struct step *s, struct outcome *oc)
{
	const struct step_expect *e = &s->u.expect;
	struct check_run *r = chk->run;
	struct str in = { r->in, r->len };
	bool found;

	if (r->http != NULL && !run_http_has_head(r)) {
		oc->status = CHECK_S_L7RSP;
		return VERDICT_BAD;
	}
	if (e->kind == EXPECT_CUSTOM)
		return judge_custom(chk, s, in, oc);
	if (e->kind == EXPECT_WHOLE)
		return judge_whole(chk, s, oc);
	if (needs_body(e) || !is_http(e)) {
		if (may_wait(r, e, in))
			return VERDICT_MORE;
		if (needs_body(e) && in.len == 0)
			return bad(chk, s, oc);
	}
	found = fits(chk, e, in);
	if (!found && !r->has_ended && e->min_recv == -1 && (needs_body(e) || !is_http(e)))
		return VERDICT_MORE;
	return found != e->is_negated ? good(chk, s, oc) : bad(chk, s, oc);
}

/* ---- where a check stood ---- */

static void
put_expect(const struct step_expect *e, struct out *o)
{
	const char *kind = kind_text(e);

	switch (e->kind) {
	case EXPECT_STRING:
		out_fmt(o, " (expect string '" STR_FMT "')", STR_ARG(e->data));
		return;
	case EXPECT_BINARY:
		out_lit(o, " (expect binary '");
		out_visible(o, e->data);
		out_lit(o, "')");
		return;
	default:
		if (kind != NULL)
			out_fmt(o, " (expect %s", kind + 1);
	}
}

void
step_place(const struct check *chk, struct out *o)
{
	const struct step *s = chk->step;

	if (s == NULL || chk->conf->seq->proto != CHECK_TCP)
		return;
	if (s->number == 0) {
		out_lit(o, " at initial connection step of tcp-check");
		return;
	}
	out_fmt(o, " at step %u of tcp-check", s->number);
	if (s->act == STEP_CONNECT && s->u.connect.port != 0)
		out_fmt(o, " (connect port %u)", s->u.connect.port);
	else if (s->act == STEP_CONNECT)
		out_lit(o, " (connect)");
	else if (s->act == STEP_SEND)
		out_lit(o, " (send)");
	else if (s->act == STEP_EXPECT)
		put_expect(&s->u.expect, o);
	if (s->comment != NULL)
		out_fmt(o, " comment: '%s'", s->comment);
}
