/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions to scripts; see ask.h.
 *
 * Thread: control.
 */
#include "script/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "ctl/control.h"
#include "ctl/scale_math.h"
#include "event/sched.h"
#include "script/unit.h"

#define CAPACITY_MAX	1000000

static struct list running = { &running, &running };

static void go_on(struct loop_task *t);

struct script_ask *
script_ask_new(struct script *s, const struct script_fn *fn, const char *group,
    const char *name)
{
	struct script_ask *a = xcalloc(1, sizeof *a);

	list_init(&a->node);
	loop_task_init(&a->task, go_on);
	script_ref(s);
	a->script = s;
	a->fn = fn;
	if (fn != NULL) {
		a->push = ask_push[fn->kind];
		a->take = ask_take[fn->kind];
	}
	a->group = xstrdup(group);
	a->name = xstrdup(name);
	a->now_us = sched_wall_us();
	return a;
}

char *
script_cell(enum script_kind kind, const char *group, const char *name, const char *function)
{
	return xasprintf("s/%s/%s/%s\n%s", script_kind_name(kind), group, name, function);
}

struct script_ask *
script_ask_live(struct script_live *f, const char *group, const char *name)
{
	struct script_ask *a = script_ask_new(f->unit->script, f->fn, group, name);

	a->live = f;
	a->cell = script_cell(f->kind, group, name, f->name);
	return a;
}

/* Its state, which a call that failed has left. */
static int
drop_state(lua_State *L)
{
	void *a = lua_touserdata(L, 1);

	lua_pushnil(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, a);
	return 0;
}

void
script_ask_free(struct script_ask *a)
{
	vm_call_end(&a->call);
	ask_http_free(a);
	if (!a->ok)
		(void)vm_protect(a->script->vm, drop_state, a);
	loop_task_cancel(&a->task);
	list_del(&a->node);
	script_unref(a->script);
	free(a->group);
	free(a->name);
	free(a->cell);
	free(a->data);
	free(a);
}

/* ---- running ---- */

static bool
begin(struct script_ask *a)
{
	a->call.arg = a;
	vm_set_now(a->script->vm, a->now_us);
	return vm_call_begin(&a->call, a->script->vm, a->push, a);
}

static void
end(struct script_ask *a, bool ok)
{
	char text[SCRIPT_REASON + 40];

	a->ok = ok && vm_call_take(&a->call, a->take, a);
	if (!a->ok)
		(void)snprintf(a->error, sizeof a->error, "%s", vm_error(a->script->vm));
	if (a->live == NULL)
		return;
	script_decision_text(&a->decision, text, sizeof text);
	script_live_ended(a->live, a->ok, a->call.used_us, a->ok ? text : a->error);
}

static void
finish(struct script_ask *a, bool ok)
{
	end(a, ok);
	list_del(&a->node);
	sched_busy_end();
	a->done(a);
	script_ask_free(a);
}

static void
slice(struct script_ask *a)
{
	vm_set_now(a->script->vm, a->now_us);
	switch (vm_call_run(&a->call)) {
	case VM_DONE:
		finish(a, true);
		break;
	case VM_AGAIN:
		loop_ready(control_loop, &a->task);
		break;
	case VM_WAITS:
		break;
	case VM_FAILED:
		finish(a, false);
		break;
	}
}

static void
go_on(struct loop_task *t)
{
	slice(LIST_ITEM(t, struct script_ask, task));
}

void
script_ask_wake(struct script_ask *a, lua_CFunction push, void *arg)
{
	if (vm_call_wake(&a->call, push, arg))
		slice(a);
	else
		finish(a, false);
}

void
script_ask_start(struct script_ask *a)
{
	sched_busy_begin();
	list_append(&running, &a->node);
	if (begin(a))
		slice(a);
	else
		finish(a, false);
}

bool
script_ask_slice(struct script_ask *a)
{
	enum vm_result r;

	if (a->call.co == NULL && !begin(a)) {
		end(a, false);
		return true;
	}
	vm_set_now(a->script->vm, a->now_us);
	r = vm_call_run(&a->call);
	if (r == VM_AGAIN)
		return false;
	end(a, r == VM_DONE);
	return true;
}

void
script_ask_now(struct script_ask *a, uint64_t limit_us)
{
	a->call.limit_us = limit_us;
	end(a, begin(a) && vm_call_finish(&a->call) == VM_DONE);
}

void
script_asks_stop(void)
{
	LIST_EACH_SAFE(n, tmp, &running) {
		struct script_ask *a = LIST_ITEM(n, struct script_ask, node);

		sched_busy_end();
		script_ask_free(a);
	}
}

/* ---- decisions ---- */

int64_t
script_wanted(const struct script_decision *d, uint32_t desired)
{
	struct adjust adjust = { .kind = d->act == SCRIPT_SET ? ADJUST_EXACT :
	    d->act == SCRIPT_PERCENT ? ADJUST_PERCENT : ADJUST_CHANGE, .by = d->n,
	    .min_step = d->min_step };

	if (d->act == SCRIPT_NOTHING || d->act == SCRIPT_HOLD)
		return desired;
	return scale_adjust(&adjust, desired, 0, CAPACITY_MAX);
}

void
script_decision_text(const struct script_decision *d, char *buf, size_t size)
{
	char what[40];

	switch (d->act) {
	case SCRIPT_SET:
		(void)snprintf(what, sizeof what, "%lld", (long long)d->n);
		break;
	case SCRIPT_ADD:
		(void)snprintf(what, sizeof what, "%+lld", (long long)d->n);
		break;
	case SCRIPT_PERCENT:
		(void)snprintf(what, sizeof what, "%+lld%%", (long long)d->n);
		break;
	default:
		(void)snprintf(what, sizeof what, "%s", d->act == SCRIPT_HOLD ? "hold" : "");
		break;
	}
	(void)snprintf(buf, size, "%s%s%s", what, what[0] != '\0' && d->reason[0] != '\0' ?
	    " " : "", d->reason);
}
