/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Variables; see vars.h. A value that is set again reuses its room when the new
 * text fits. Who reads gets a span of the variable's own memory, good until it
 * is set again; the proc scope, which other threads may change, is copied.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "proxy/session.h"
#include "proxy/txn.h"
#include "proxy/vars.h"

#define VAR_BYTES_MAX	8192u	/* of one value */

static pthread_mutex_t proc_lock = PTHREAD_MUTEX_INITIALIZER;
static struct var *proc_vars;	/* under the lock; small: config names only */

static const char *const scopes[] = { "proc", "sess", "txn", "req", "res", "check" };

/* Rules of checks are under parse in this thread. */
static _Thread_local bool in_check;

bool
vars_in_check(bool is_on)
{
	bool was_on = in_check;

	in_check = is_on;
	return was_on;
}

static bool
name_is_valid(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		bool is_alnum = (*s >= '0' && *s <= '9') ||
		    (ascii_lower(*s) >= 'a' && ascii_lower(*s) <= 'z');

		if (!is_alnum && *s != '_' && *s != '.' && *s != '-')
			return false;
	}
	return true;
}

const struct var_name *
var_name_parse(struct cfg *c, const char *text)
{
	const char *dot = strchr(text, '.');
	struct var_name *n;

	for (unsigned i = 0; dot != NULL && i < ARRAY_LEN(scopes); i++) {
		if (!str_is((struct str){ text, (size_t)(dot - text) }, scopes[i]))
			continue;
		if (i == VAR_CHECK && !in_check) {
			diag_error(c->diag, "variable '%s': the scope 'check' belongs to "
			    "http-check and tcp-check rules", text);
			return NULL;
		}
		if (!name_is_valid(dot + 1)) {
			diag_error(c->diag, "invalid variable name '%s': only letters, "
			    "digits, '.', '_' and '-' are accepted", text);
			return NULL;
		}
		n = arena_alloc(c->arena, sizeof(*n));
		n->name = str_of(arena_strdup(c->arena, dot + 1));
		n->hash = (uint32_t)str_hash(n->name);
		n->scope = (uint8_t)i;
		return n;
	}
	diag_error(c->diag, "invalid variable name '%s': it must start with its scope, "
	    "one of 'proc', 'sess', 'txn', 'req', 'res' or 'check', and a dot", text);
	return NULL;
}

/* Head of the scope's list; NULL where there is no such scope now. */
static struct var **
scope_list(struct sample_ctx *x, uint8_t scope)
{
	switch (scope) {
	case VAR_PROC:
		return &proc_vars;
	case VAR_SESS:
		return x->sess != NULL ? &x->sess->vars : NULL;
	case VAR_TXN:
		return x->t != NULL ? &x->t->vars_txn : NULL;
	case VAR_REQ:
		return x->t != NULL ? &x->t->vars_req : NULL;
	case VAR_RES:
		return x->t != NULL ? &x->t->vars_res : NULL;
	default:
		return x->check != NULL ? &x->check->vars : NULL;
	}
}

static struct var *
list_find(struct var *v, const struct var_name *n)
{
	for (; v != NULL; v = v->next)
		if (v->hash == n->hash && str_eq(v->name, n->name))
			return v;
	return NULL;
}

/* Heap for scopes that do not end with a transaction, else its own memory. */
static bool
is_on_heap(uint8_t scope)
{
	return scope == VAR_PROC || scope == VAR_SESS || scope == VAR_CHECK;
}

static void *
scope_alloc(struct sample_ctx *x, uint8_t scope, size_t size)
{
	if (is_on_heap(scope))
		return xmalloc(size);
	return txn_scratch(x->t, size);
}

static struct var *
list_add(struct sample_ctx *x, struct var **list, const struct var_name *n)
{
	struct var *v = scope_alloc(x, n->scope, sizeof(*v) + n->name.len);

	if (v == NULL)
		return NULL;
	*v = (struct var){ .next = *list, .hash = n->hash, .name = n->name };
	memcpy(v + 1, n->name.p, n->name.len);
	v->name.p = (const char *)(v + 1);
	return *list = v;
}

/* Room for len bytes in v; the old bytes are not kept. */
static bool
var_reserve(struct sample_ctx *x, struct var *v, uint8_t scope, size_t len)
{
	size_t cap = (len + 15) & ~(size_t)15;
	char *p;

	if (len <= v->cap)
		return true;
	if (len > VAR_BYTES_MAX || (p = scope_alloc(x, scope, cap)) == NULL)
		return false;
	if (is_on_heap(scope))
		free(v->data);
	v->data = p;
	v->cap = (uint32_t)cap;
	return true;
}

static bool
is_text(const struct sample *s)
{
	return s->type == SMP_STR || s->type == SMP_BIN || s->type == SMP_METHOD;
}

static bool
store(struct sample_ctx *x, struct var **list, const struct var_name *n,
    const struct sample *value)
{
	struct var *v = list_find(*list, n);

	if (v == NULL && (v = list_add(x, list, n)) == NULL)
		return false;
	if (is_text(value)) {
		if (!var_reserve(x, v, n->scope, value->u.s.len))
			return false;
		if (value->u.s.len != 0)
			memmove(v->data, value->u.s.p, value->u.s.len);
	}
	v->value = *value;
	if (is_text(value))
		v->value.u.s.p = v->data;
	return v->is_set = true;
}

static bool
load(struct var *const *list, const struct var_name *n, struct sample *ret)
{
	struct var *v = list_find(*list, n);

	if (v == NULL || !v->is_set)
		return false;
	*ret = v->value;
	return true;
}

static bool
load_proc(const struct var_name *n, struct sample *ret)
{
	struct sample s;
	bool found;

	pthread_mutex_lock(&proc_lock);
	found = load(&proc_vars, n, &s);
	if (found && is_text(&s)) {
		s.u.s = eval_copy(s.u.s);
		found = s.u.s.p != NULL;
	}
	pthread_mutex_unlock(&proc_lock);
	if (found)
		*ret = s;
	return found;
}

bool
var_get(struct sample_ctx *x, const struct var_name *n, struct sample *ret)
{
	struct var **list = scope_list(x, n->scope);

	if (list == NULL)
		return false;
	return n->scope == VAR_PROC ? load_proc(n, ret) : load(list, n, ret);
}

bool
var_set(struct sample_ctx *x, const struct var_name *n, const struct sample *v)
{
	struct var **list = scope_list(x, n->scope);
	bool done;

	if (list == NULL)
		return false;
	if (n->scope != VAR_PROC)
		return store(x, list, n, v);
	pthread_mutex_lock(&proc_lock);
	done = store(x, list, n, v);
	pthread_mutex_unlock(&proc_lock);
	return done;
}

bool
var_or_int(struct sample_ctx *x, const struct arg *a, int64_t *ret)
{
	struct sample v;

	if (a->type == ARG_INT) {
		*ret = a->i;
		return true;
	}
	if (!var_get(x, a->u.var, &v) || !sample_cast(&v, SMP_INT))
		return false;
	*ret = v.u.i;
	return true;
}

bool
var_unset(struct sample_ctx *x, const struct var_name *n)
{
	struct var **list = scope_list(x, n->scope), *v;

	if (list == NULL)
		return false;
	if (n->scope == VAR_PROC)
		pthread_mutex_lock(&proc_lock);
	if ((v = list_find(*list, n)) != NULL)
		v->is_set = false;
	if (n->scope == VAR_PROC)
		pthread_mutex_unlock(&proc_lock);
	return v != NULL;
}

void
vars_free(struct var **list)
{
	struct var *next;

	for (struct var *v = *list; v != NULL; v = next) {
		next = v->next;
		free(v->data);
		free(v);
	}
	*list = NULL;
}

void
vars_free_session(struct session *s)
{
	vars_free(&s->vars);
}

static struct var_name
proc_name(struct str name)
{
	return (struct var_name){ name, (uint32_t)str_hash(name), VAR_PROC };
}

bool
var_proc_get(struct str name, struct sample *ret)
{
	struct var_name n = proc_name(name);

	return load_proc(&n, ret);
}

bool
var_proc_set(struct str name, const struct sample *v)
{
	struct var_name n = proc_name(name);
	struct sample_ctx x = { .is_final = true };

	return var_set(&x, &n, v);
}
