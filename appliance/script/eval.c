/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts that people want run; see eval.h.
 *
 * Thread: control.
 */
#include "script/eval.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/xalloc.h"
#include "event/sched.h"
#include "script/ask.h"
#include "script/unit.h"
#include "script/unit_build.h"

#define OUTPUT_MAX	65536u

struct eval {
	char		*text;		/* owned */
	size_t		 len;
	struct outbuf	 out;
	script_eval_fn	*done;
	void		*arg;
};

static void
eval_free(struct eval *e)
{
	outbuf_fini(&e->out);
	free(e->text);
	free(e);
}

/* An expression, `= expression`, or statements. */
static int
load_text(lua_State *L, const struct eval *e)
{
	bool is_value = e->len > 0 && e->text[0] == '=';
	const char *expr = lua_pushfstring(L, "return %s", e->text + is_value);

	if (luaL_loadbufferx(L, expr, strlen(expr), "=eval", "t") == LUA_OK || is_value)
		return lua_isfunction(L, -1) ? LUA_OK : LUA_ERRSYNTAX;
	lua_pop(L, 2);
	return luaL_loadbufferx(L, e->text, e->len, "=eval", "t");
}

/* Scripts' globals, and p. */
static void
push_scope(lua_State *L, struct script_ask *a)
{
	lua_newtable(L);
	ask_push_policy(L, a);
	lua_setfield(L, -2, "p");
	lua_newtable(L);
	vm_push_env(L);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
}

static int
push_eval(lua_State *L)
{
	struct script_ask *a = lua_touserdata(L, 1);

	if (load_text(L, a->arg) != LUA_OK)
		return lua_error(L);
	push_scope(L, a);
	if (lua_setupvalue(L, -2, 1) == NULL)
		lua_pop(L, 1);
	return 1;
}

static int
take_eval(lua_State *L)
{
	struct script_ask *a = lua_touserdata(L, 1);
	struct eval *e = a->arg;
	int n = lua_gettop(L);

	for (int i = 2; i <= n; i++) {
		size_t len;
		const char *text = luaL_tolstring(L, i, &len);

		outbuf_mem(&e->out, i > 2 ? "\t" : "", i > 2);
		outbuf_mem(&e->out, text, len);
		lua_pop(L, 1);
	}
	outbuf_z(&e->out, n >= 2 ? "\n" : "");
	return 0;
}

static void
on_print(void *arg, const char *text, size_t len)
{
	struct eval *e = arg;

	outbuf_mem(&e->out, text, len);
	outbuf_z(&e->out, "\n");
}

static void
on_done(struct script_ask *a)
{
	struct eval *e = a->arg;

	e->done(e->arg, a->ok, !a->ok ? a->error : e->out.data != NULL ? e->out.data : "");
	eval_free(e);
}

/* On this scratch copy; NULL: why there is none. */
static void
run(struct eval *e, struct script *s, const char *error)
{
	struct script_ask *a;

	if (s == NULL) {
		e->done(e->arg, false, error);
		eval_free(e);
		return;
	}
	vm_set_print(s->vm, on_print, e);
	a = script_ask_new(s, NULL, script_group_of(s), "eval");
	a->cell = script_cell_of(s);
	a->push = push_eval;
	a->take = take_eval;
	a->is_simulated = true;
	a->done = on_done;
	a->arg = e;
	script_ask_start(a);
}

static void
on_built(struct script_building *b)
{
	run(b->arg, b->script, b->error);
}

static void
run_alone(struct eval *e)
{
	struct script_source none = { .file = "eval", .text = "" };
	char *error = NULL;
	struct script *s = script_new(&none, sched_wall_us(), &error);

	run(e, s, error);
	script_unref(s);
	free(error);
}

void
script_eval(struct script_unit *u, const char *text, size_t len, script_eval_fn *done, void *arg)
{
	const struct script_version *v = u != NULL ? script_unit_version(u, u->version) : NULL;
	struct eval *e = xcalloc(1, sizeof *e);

	e->text = xstrndup(text, len);
	e->len = strlen(e->text);
	e->done = done;
	e->arg = arg;
	outbuf_init(&e->out, OUTPUT_MAX);
	if (v != NULL)
		script_build(u, v->text, v->len, on_built, e)->is_untried = true;
	else
		run_alone(e);
}
