/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table library of a limited state: the distribution's functions, behind a look
 * at how much they would do.
 *
 * Thread: the one that uses the state.
 */
#include <lauxlib.h>
#include <lualib.h>

#include "script/vm.h"

#define RANGE_MAX	16384	/* elements that one call goes through */
#define UNPACK_MAX	4096

/* Metamethods could tell any length, or make each element cost a call. */
void
vm_check_plain(lua_State *L, int idx)
{
	static const char *const names[] = { "__index", "__newindex", "__len" };

	luaL_checktype(L, idx, LUA_TTABLE);
	if (vm_is_readonly(L, idx))
		return;
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (luaL_getmetafield(L, idx, names[i]) != LUA_TNIL)
			luaL_error(L, "this function takes no table with %s", names[i]);
}

static void
check_range(lua_State *L, lua_Integer from, lua_Integer to, lua_Integer max)
{
	lua_Unsigned n = to >= from ? (lua_Unsigned)to - (lua_Unsigned)from : 0;

	if (n >= (lua_Unsigned)max)
		luaL_error(L, "more than %d elements", (int)max);
	vm_charge(L, n / 4);
}

static int
original(lua_State *L)
{
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int
table_concat(lua_State *L)
{
	vm_check_plain(L, 1);
	check_range(L, luaL_optinteger(L, 3, 1),
	    lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4), RANGE_MAX);
	return original(L);
}

static int
table_unpack(lua_State *L)
{
	lua_Integer from = luaL_optinteger(L, 2, 1);

	vm_check_plain(L, 1);
	check_range(L, from, lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3),
	    UNPACK_MAX);
	return original(L);
}

static int
table_move(lua_State *L)
{
	vm_check_plain(L, 1);
	if (!lua_isnoneornil(L, 5))
		vm_check_plain(L, 5);
	check_range(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3), RANGE_MAX);
	return original(L);
}

/* insert and remove: what is behind the position moves. */
static int
table_shift(lua_State *L)
{
	lua_Integer n;

	vm_check_plain(L, 1);
	n = luaL_len(L, 1);
	if (lua_isinteger(L, 2) && lua_tointeger(L, 2) > 0 && lua_tointeger(L, 2) <= n)
		check_range(L, lua_tointeger(L, 2), n, RANGE_MAX);
	return original(L);
}

static int
table_sort(lua_State *L)
{
	lua_Integer n;

	vm_check_plain(L, 1);
	n = luaL_len(L, 1);
	check_range(L, 1, n, RANGE_MAX);
	vm_charge(L, (uint64_t)n * 4);
	return original(L);
}

static const luaL_Reg limited[] = {
	{ "concat", table_concat }, { "unpack", table_unpack }, { "move", table_move },
	{ "insert", table_shift }, { "remove", table_shift }, { "sort", table_sort },
	{ NULL, NULL }
};

void
vm_open_table(lua_State *L)
{
	luaL_requiref(L, "table", luaopen_table, 0);
	for (const luaL_Reg *r = limited; r->name != NULL; r++) {
		lua_getfield(L, -1, r->name);
		lua_pushcclosure(L, r->func, 1);
		lua_setfield(L, -2, r->name);
	}
	vm_readonly(L);
	lua_setfield(L, -2, "table");
}
