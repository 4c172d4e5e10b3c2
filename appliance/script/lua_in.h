/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of the table at the top of a stack; in this room, under protection. */
#ifndef WEIR_SCRIPT_LUA_IN_H
#define WEIR_SCRIPT_LUA_IN_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

static inline void
set_text(lua_State *L, const char *name, const char *value)
{
	lua_pushstring(L, value);
	lua_setfield(L, -2, name);
}

static inline void
set_int(lua_State *L, const char *name, int64_t value)
{
	lua_pushinteger(L, value);
	lua_setfield(L, -2, name);
}

static inline void
set_number(lua_State *L, const char *name, double value)
{
	lua_pushnumber(L, value);
	lua_setfield(L, -2, name);
}

static inline void
set_bool(lua_State *L, const char *name, bool value)
{
	lua_pushboolean(L, value);
	lua_setfield(L, -2, name);
}

static inline void
set_function(lua_State *L, const char *name, lua_CFunction fn)
{
	lua_pushcfunction(L, fn);
	lua_setfield(L, -2, name);
}

#endif
