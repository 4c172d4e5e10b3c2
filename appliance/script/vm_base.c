/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The base and coroutine libraries of a limited state, utf8, math and what is left
 * of os; and tables that cannot be written to.
 *
 * pcall, xpcall and coroutines hand on what must not be caught. A coroutine whose
 * slice is over makes its resumer yield in turn, up to whoever runs the call, and
 * goes on where it was.
 *
 * Thread: the one that uses the state.
 */
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#include "script/vm.h"

/* ---- tables that cannot be written to ---- */

static const char readonly_key;

bool
vm_is_readonly(lua_State *L, int idx)
{
	bool is;

	if (!lua_istable(L, idx) || !lua_getmetatable(L, idx))
		return false;
	is = lua_rawgetp(L, -1, &readonly_key) != LUA_TNIL;
	lua_pop(L, 2);
	return is;
}

void
vm_push_behind(lua_State *L, int idx)
{
	lua_getmetatable(L, idx);
	lua_pushliteral(L, "__index");
	lua_rawget(L, -2);
	lua_remove(L, -2);
}

static int
refuse_write(lua_State *L)
{
	return luaL_error(L, "this table is read-only: '%s'", luaL_tolstring(L, 2, NULL));
}

static int
behind_len(lua_State *L)
{
	vm_push_behind(L, 1);
	lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
	return 1;
}

void
vm_readonly(lua_State *L)
{
	lua_createtable(L, 0, 0);
	lua_createtable(L, 0, 5);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, refuse_write);
	lua_setfield(L, -2, "__newindex");
	lua_pushcfunction(L, behind_len);
	lua_setfield(L, -2, "__len");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_pushboolean(L, true);
	lua_rawsetp(L, -2, &readonly_key);
	lua_setmetatable(L, -2);
	lua_remove(L, -2);
}

static int
base_next(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	if (vm_is_readonly(L, 1)) {
		vm_push_behind(L, 1);
		lua_replace(L, 1);
	}
	if (lua_next(L, 1))
		return 2;
	lua_pushnil(L);
	return 1;
}

static int
base_pairs(lua_State *L)
{
	luaL_checkany(L, 1);
	if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
		lua_pushvalue(L, 1);
		lua_call(L, 1, 3);
		return 3;
	}
	lua_pushcfunction(L, base_next);
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	return 3;
}

static int
base_rawset(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_checkany(L, 2);
	luaL_checkany(L, 3);
	if (vm_is_readonly(L, 1))
		return refuse_write(L);
	lua_settop(L, 3);
	lua_rawset(L, 1);
	return 1;
}

/* Without __gc: what a script wants done at the end of an object is not. */
static int
base_setmetatable(lua_State *L)
{
	int type = lua_type(L, 2);

	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "cannot change a protected metatable");
	lua_settop(L, 2);
	if (type == LUA_TNIL) {
		lua_setmetatable(L, 1);
		return 1;
	}
	lua_pushliteral(L, "__gc");
	lua_rawget(L, 2);
	lua_pushliteral(L, "__gc");
	lua_pushnil(L);
	lua_rawset(L, 2);
	lua_pushvalue(L, 2);
	lua_setmetatable(L, 1);
	lua_pushliteral(L, "__gc");
	lua_insert(L, -2);
	lua_rawset(L, 2);
	lua_settop(L, 1);
	return 1;
}

static int
base_print(lua_State *L)
{
	int n = lua_gettop(L);
	luaL_Buffer b;

	for (int i = 1; i <= n; i++) {
		(void)luaL_tolstring(L, i, NULL);
		lua_replace(L, i);
	}
	luaL_buffinit(L, &b);
	for (int i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addchar(&b, '\t');
		lua_pushvalue(L, i);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	vm_print(L, lua_tostring(L, -1), lua_rawlen(L, -1));
	return 0;
}

/* ---- errors ---- */

static int
end_pcall(lua_State *L, int status, lua_KContext extra)
{
	if (status != LUA_OK && status != LUA_YIELD) {
		vm_check_over(L);
		lua_pushboolean(L, false);
		lua_pushvalue(L, -2);
		return 2;
	}
	return lua_gettop(L) - (int)extra;
}

static int
base_pcall(lua_State *L)
{
	luaL_checkany(L, 1);
	lua_pushboolean(L, true);
	lua_insert(L, 1);
	return end_pcall(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, end_pcall), 0);
}

/* The script's handler, but not for what it must not handle. */
static int
on_error(lua_State *L)
{
	if (vm_is_over(L))
		return 1;
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, 1, 1);
	return 1;
}

static int
base_xpcall(lua_State *L)
{
	int n = lua_gettop(L);

	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_pushvalue(L, 2);
	lua_pushcclosure(L, on_error, 1);
	lua_replace(L, 2);
	lua_pushboolean(L, true);	/* f handler args... true */
	lua_pushvalue(L, 1);
	lua_rotate(L, 3, 2);		/* f handler true f args... */
	return end_pcall(L, lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, end_pcall), 2);
}

/* ---- coroutines ---- */

static lua_State *
check_co(lua_State *L)
{
	lua_State *co = lua_tothread(L, 1);

	luaL_argexpected(L, co != NULL, 1, "coroutine");
	return co;
}

/* Its end or yield in lua_resume's manner; values are on co. Yields itself as long
 * as slices end. */
static int go_on(lua_State *L, lua_State *co, int nargs, lua_KFunction k);

static int
resumed(lua_State *L, lua_State *co, int status, int n)
{
	if (status != LUA_OK && status != LUA_YIELD) {
		vm_check_over(L);
		lua_pushboolean(L, false);
		lua_xmove(co, L, 1);
		return 2;
	}
	luaL_checkstack(L, n + 1, "too many results to resume");
	lua_pushboolean(L, true);
	lua_xmove(co, L, n);
	return n + 1;
}

static int
end_resume(lua_State *L, int status, lua_KContext ctx)
{
	(void)status, (void)ctx;
	return go_on(L, lua_tothread(L, 1), 0, end_resume);
}

static int
end_wrap(lua_State *L, int status, lua_KContext ctx)
{
	(void)status, (void)ctx;
	return go_on(L, lua_tothread(L, lua_upvalueindex(1)), 0, end_wrap);
}

/* What wrap gives: the values, or the error raised. */
static int
unwrapped(lua_State *L, lua_State *co, int n)
{
	if (lua_toboolean(L, -n))
		return n - 1;
	(void)lua_resetthread(co);
	if (lua_type(L, -1) == LUA_TSTRING) {
		luaL_where(L, 1);
		lua_insert(L, -2);
		lua_concat(L, 2);
	}
	return lua_error(L);
}

static int
go_on(lua_State *L, lua_State *co, int nargs, lua_KFunction k)
{
	int n, status;

	while ((status = vm_resume(L, co, nargs, &n)) == LUA_YIELD && vm_take_forced(L)) {
		vm_mark_forced(L);
		if (lua_isyieldable(L))
			return lua_yieldk(L, 0, 0, k);
		nargs = 0;
	}
	n = resumed(L, co, status, n);
	return k == end_wrap ? unwrapped(L, co, n) : n;
}

static int
resume(lua_State *L, lua_State *co, int first, lua_KFunction k)
{
	int nargs = lua_gettop(L) - first + 1;

	if (!lua_checkstack(co, nargs))
		return luaL_error(L, "too many arguments to resume");
	if (lua_status(co) == LUA_OK && lua_gettop(co) == 0)
		lua_pushliteral(L, "cannot resume dead coroutine");
	else {
		lua_xmove(L, co, nargs);
		return go_on(L, co, nargs, k);
	}
	if (k == end_wrap)
		return luaL_error(L, "%s", lua_tostring(L, -1));
	lua_pushboolean(L, false);
	lua_insert(L, -2);
	return 2;
}

static int
co_resume(lua_State *L)
{
	return resume(L, check_co(L), 2, end_resume);
}

static int
co_wrapped(lua_State *L)
{
	return resume(L, lua_tothread(L, lua_upvalueindex(1)), 1, end_wrap);
}

static int
co_create(lua_State *L)
{
	lua_State *co;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	co = lua_newthread(L);
	lua_pushvalue(L, 1);
	lua_xmove(L, co, 1);
	return 1;
}

static int
co_wrap(lua_State *L)
{
	(void)co_create(L);
	lua_pushcclosure(L, co_wrapped, 1);
	return 1;
}

static int
co_yield(lua_State *L)
{
	const struct vm_call *c = vm_call_of(L);

	if (c != NULL && c->co == L)
		return luaL_error(L, "attempt to yield from outside a coroutine");
	return lua_yield(L, lua_gettop(L));
}

/* ---- os ---- */

static int
os_time(lua_State *L)
{
	if (lua_isnoneornil(L, 1)) {
		lua_pushinteger(L, (lua_Integer)(vm_now_us(vm_of(L)) / 1000000));
		return 1;
	}
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int
os_date(lua_State *L)
{
	if (lua_isnoneornil(L, 2)) {
		luaL_optstring(L, 1, "%c");
		if (lua_isnoneornil(L, 1)) {
			lua_settop(L, 0);
			lua_pushliteral(L, "%c");
		}
		lua_settop(L, 1);
		lua_pushinteger(L, (lua_Integer)(vm_now_us(vm_of(L)) / 1000000));
	}
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* The table at the top gets field `name` of the one below it behind a closure. */
static void
keep_behind(lua_State *L, const char *name, lua_CFunction fn)
{
	lua_getfield(L, -2, name);
	lua_pushcclosure(L, fn, 1);
	lua_setfield(L, -2, name);
}

/* ---- opening; globals are at the top of the stack ---- */

static const luaL_Reg base_own[] = {
	{ "next", base_next }, { "pairs", base_pairs }, { "rawset", base_rawset },
	{ "setmetatable", base_setmetatable }, { "print", base_print },
	{ "pcall", base_pcall }, { "xpcall", base_xpcall },
	{ NULL, NULL }
};

static const char *const base_not[] = {
	"collectgarbage", "dofile", "load", "loadfile", "warn", NULL
};

static const luaL_Reg co_own[] = {
	{ "create", co_create }, { "wrap", co_wrap }, { "resume", co_resume },
	{ "yield", co_yield }, { NULL, NULL }
};

/* A library as the distribution has it, for scripts read-only; it stays pushed
 * as it is. */
static void
open_library(lua_State *L, const char *name, lua_CFunction open, const luaL_Reg *own)
{
	luaL_requiref(L, name, open, 0);
	if (own != NULL)
		luaL_setfuncs(L, own, 0);
	lua_pushvalue(L, -1);
	vm_readonly(L);
	lua_setfield(L, -3, name);
}

static void
open_os(lua_State *L)
{
	luaL_requiref(L, "os", luaopen_os, 0);
	lua_createtable(L, 0, 2);
	keep_behind(L, "time", os_time);
	keep_behind(L, "date", os_date);
	lua_remove(L, -2);
	vm_readonly(L);
	lua_setfield(L, -2, "os");
}

void
vm_open_base(lua_State *L)
{
	luaL_requiref(L, "_G", luaopen_base, 0);
	luaL_setfuncs(L, base_own, 0);
	for (const char *const *name = base_not; *name != NULL; name++) {
		lua_pushnil(L);
		lua_setfield(L, -2, *name);
	}
	lua_pop(L, 1);
	open_library(L, "coroutine", luaopen_coroutine, co_own);
	lua_pop(L, 1);
	open_library(L, "math", luaopen_math, NULL);
	lua_pop(L, 1);
	open_os(L);
}
