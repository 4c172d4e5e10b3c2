/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines as JSON: one object a line of the items that have names, always valid
 * UTF-8. An alias that is a number stays one; what is missing is null. Values may
 * be cut at a length, so that a line that is too long for its target is written
 * again with shorter ones instead of being cut in the middle.
 *
 * Thread: data.
 */
#include "base/magic.h"
#include "base/out.h"
#include "proxy/logformat_in.h"
#include "proxy/sample.h"

/* A number as JSON writes them: no + and no 0 in front. */
static bool
is_json_number(struct str s)
{
	size_t i = s.len > 0 && s.p[0] == '-' ? 1 : 0, first = i;

	if (s.len == first || s.len > 20 || (s.p[first] == '0' && s.len > first + 1))
		return false;
	for (; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static void
out_json_value(struct out *o, struct str s, bool is_text, size_t cap)
{
	if (!is_text && s.len > 1 && s.p[0] == '+')	/* %rc, and times under logasap */
		s = (struct str){ s.p + 1, s.len - 1 };
	if (s.len == 0 || str_is(s, "-"))
		out_lit(o, "null");
	else if (!is_text && is_json_number(s))
		out_str(o, s);
	else
		out_json(o, (struct str){ s.p, s.len < cap ? s.len : cap });
}

static void
json_alias(const struct node *n, struct sample_ctx *x, struct out *o, size_t cap)
{
	size_t mark = eval_mark(), size;
	struct out raw;
	char *p;

	(void)eval_room(&size);
	size /= 2;
	if ((p = eval_alloc(size)) == NULL) {
		out_lit(o, "null");
		return;
	}
	out_init(&raw, p, size);
	n->u.alias->fn(x, n->flags & LF_HEX, &raw);
	out_json_value(o, (struct str){ p, out_len(&raw) }, n->u.alias->is_text, cap);
	eval_release(mark);
}

static void
json_expr(const struct node *n, struct sample_ctx *x, struct out *o, size_t cap)
{
	size_t mark = eval_mark();
	struct sample s;
	struct out raw;
	char z[64];

	if (!expr_eval(n->u.expr, x, &s)) {
		out_lit(o, "null");
	} else if (s.type == SMP_BOOL) {
		out_z(o, s.u.b ? "true" : "false");
	} else if (s.type == SMP_STR || s.type == SMP_BIN || s.type == SMP_METHOD) {
		out_json_value(o, s.u.s, true, cap);
	} else {
		out_init(&raw, z, sizeof(z));
		sample_out(&raw, &s);
		out_json_value(o, (struct str){ z, out_len(&raw) }, s.type != SMP_INT, cap);
	}
	eval_release(mark);
}

bool
logformat_build_json(const struct logformat *f, struct sample_ctx *x, struct out *o, size_t cap)
{
	bool any = false;

	out_char(o, '{');
	for (const struct node *n = f->nodes, *end = n + f->n; n < end; n++) {
		if (n->kind == NODE_TEXT || n->text.len == 0)
			continue;
		if (any)
			out_lit(o, ", ");
		any = true;
		out_json(o, n->text);
		out_lit(o, ": ");
		if (n->kind == NODE_ALIAS)
			json_alias(n, x, o, cap);
		else
			json_expr(n, x, o, cap);
	}
	out_char(o, '}');
	return !o->overflow;
}
