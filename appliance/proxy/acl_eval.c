/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditions, evaluated; see acl.c.
 *
 * Three results, because TCP rules may ask before enough bytes are there: FAIL,
 * MISS (not decided yet), PASS; AND takes the least, OR the greatest, and a
 * negated MISS stays one.
 *
 * Guards spare the evaluation of several conditions that test the same value.
 *
 * Thread: data; guards are made by the thread that builds the snapshot.
 */
#include "base/arena.h"
#include "base/magic.h"
#include "cfg/kw.h"
#include "proxy/acl_in.h"
#include "proxy/global.h"
#include "proxy/map.h"
#include "proxy/proxy.h"
#include "proxy/rules_in.h"

/* ---- evaluation ---- */

static inline bool
patterns_match(const struct acl_test *t, const struct sample *s)
{
	if (t->set != NULL)
		return pat_set_match(t->set, s);
	for (const struct map_use *u = t->uses; u != NULL; u = u->test_next)
		if (map_use_match(u, s))
			return true;
	return false;
}

/* A value was fetched: converters and patterns. */
static bool
value_matches(const struct acl_test *t, struct sample_ctx *x, struct sample *s)
{
	for (const struct conv *v = t->expr->convs; v != NULL; v = v->next)
		if (!sample_cast(s, v->row->in) || !v->row->fn(x, v->args, v->row->priv, s))
			return false;
	return patterns_match(t, s);
}

/* All values of the fetch in turn. */
static bool
any_matches(const struct acl_test *t, struct sample_ctx *x)
{
	const struct expr *e = t->expr;
	struct fetch_iter it = { 0 };
	size_t mark = eval_mark();
	struct sample s;
	bool hit = false;

	x->iter = &it;
	do {
		it.more = false;
		if (e->fetch->fn(x, e->args, e->fetch->priv, &s))
			hit = value_matches(t, x, &s);
		eval_release(mark);
	} while (!hit && it.more);
	x->iter = NULL;
	return hit;
}

static inline bool
test_matches(const struct acl_test *t, struct sample_ctx *x)
{
	const struct expr *e = t->expr;
	struct sample s;

	if (unlikely(t->iterates))
		return any_matches(t, x);
	if (!e->fetch->fn(x, e->args, e->fetch->priv, &s))
		return false;
	return e->convs == NULL ? patterns_match(t, &s) : value_matches(t, x, &s);
}

static enum acl_result
acl_eval(const struct acl *a, struct sample_ctx *x)
{
	bool missed = false;

	for (const struct acl_test *t = a->tests; t != NULL; t = t->next) {
		x->needs_more = false;
		if (test_matches(t, x))
			return ACL_PASS;
		missed |= x->needs_more;
	}
	return missed && !x->is_final ? ACL_MISS : ACL_FAIL;
}

enum acl_result
acl_cond_eval(const struct acl_cond *cond, struct sample_ctx *x)
{
	enum acl_result any = ACL_FAIL, all = ACL_PASS, r;
	size_t mark = eval_mark();

	for (uint32_t i = 0; i < cond->n; i++) {
		const struct term *t = &cond->terms[i];

		if (all != ACL_FAIL) {
			r = acl_eval(t->acl, x);
			if (t->negated)
				r = (enum acl_result)(ACL_PASS - r);
			if (r < all)
				all = r;
		}
		if (t->ends_or) {
			if (all > any)
				any = all;
			if (any == ACL_PASS)
				break;
			all = ACL_PASS;
		}
	}
	eval_release(mark);
	return cond->unless ? (enum acl_result)(ACL_PASS - any) : any;
}

/* ---- guards ---- */

struct acl_guard {
	struct acl_test	 test;
	const _Atomic bool *is_stale;	/* of the snapshot: a command changed some list */
};

/* The patterns of a test that has one list, as they were read; else NULL. */
static const struct pat_set *
only_set(const struct acl_test *t)
{
	if (t->uses == NULL || t->uses->test_next != NULL)
		return NULL;
	return atomic_load(&t->uses->set)->pats;
}

/* The one plain test that a condition consists of, or NULL. */
static const struct acl_test *
only_test(const struct acl_cond *cond)
{
	const struct acl_test *t;

	if (cond == NULL || cond->n != 1 || cond->unless || cond->terms[0].negated)
		return NULL;
	t = cond->terms[0].acl->tests;
	if (t == NULL || t->next != NULL || t->iterates || t->expr->convs != NULL ||
	    t->expr->fetch->args[0] != '\0' || only_set(t) == NULL ||
	    !pat_set_is_plain(only_set(t)))
		return NULL;
	return t;
}

bool
acl_cond_joins(const struct acl_cond *a, const struct acl_cond *b)
{
	const struct acl_test *x = only_test(a), *y = only_test(b);

	return x != NULL && y != NULL && x->expr->fetch == y->expr->fetch &&
	    pat_set_kind(only_set(x)) == pat_set_kind(only_set(y));
}

struct acl_guard *
acl_guard_new(struct cfg *c, const struct acl_cond *const *conds, uint32_t n)
{
	const struct acl_test *first = only_test(conds[0]);
	struct acl_guard *g = arena_alloc(c->arena, sizeof(*g));

	g->test.expr = first->expr;
	g->is_stale = &global_of(c)->guards_stale;
	g->test.set = pat_set_new(c, pat_set_kind(only_set(first)), false);
	for (uint32_t i = 0; i < n; i++) {
		only_test(conds[i])->uses->ref->in_guard = true;
		pat_set_add_all(c, g->test.set, only_set(only_test(conds[i])));
	}
	pat_set_compile(c, g->test.set);
	return g;
}

bool
acl_guard_passes(const struct acl_guard *g, struct sample_ctx *x)
{
	size_t mark;
	bool hit;

	if (unlikely(atomic_load_explicit(g->is_stale, memory_order_acquire)))
		return true;
	mark = eval_mark();
	hit = test_matches(&g->test, x);
	eval_release(mark);
	return hit;
}
