/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON into Lua values, and flat tables into JSON.
 *
 * Thread: control; under protection.
 */
#include <jansson.h>
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "base/out.h"
#include "script/ask.h"

#define DEPTH_MAX	16

static void
push_value(lua_State *L, const json_t *v, int depth)
{
	const char *key;
	json_t *item;
	size_t i;

	luaL_checkstack(L, 4, NULL);
	if (json_is_string(v)) {
		lua_pushlstring(L, json_string_value(v), json_string_length(v));
	} else if (json_is_integer(v)) {
		lua_pushinteger(L, json_integer_value(v));
	} else if (json_is_real(v)) {
		lua_pushnumber(L, json_real_value(v));
	} else if (json_is_boolean(v)) {
		lua_pushboolean(L, json_is_true(v));
	} else if (depth < DEPTH_MAX && json_is_object(v)) {
		lua_newtable(L);
		json_object_foreach((json_t *)(uintptr_t)v, key, item) {
			push_value(L, item, depth + 1);
			lua_setfield(L, -2, key);
		}
	} else if (depth < DEPTH_MAX && json_is_array(v)) {
		lua_newtable(L);
		json_array_foreach(v, i, item) {
			push_value(L, item, depth + 1);
			lua_rawseti(L, -2, (lua_Integer)i + 1);
		}
	} else {
		lua_pushnil(L);
	}
}

/* The tree is Lua's to free, whatever is raised. */
static int
free_tree(lua_State *L)
{
	json_t **tree = lua_touserdata(L, 1);

	json_decref(*tree);
	*tree = NULL;
	return 0;
}

void
ask_push_json(lua_State *L, const char *json)
{
	json_t **tree = lua_newuserdatauv(L, sizeof(json_t *), 0);

	*tree = NULL;
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, free_tree);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
	*tree = json != NULL ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;
	if (*tree != NULL)
		push_value(L, *tree, 0);
	else
		lua_newtable(L);
	json_decref(*tree);
	*tree = NULL;
	lua_remove(L, -2);
}

/* ---- out ---- */

static const char *
put_value(lua_State *L, struct outbuf *b)
{
	size_t len;
	struct out o;

	switch (lua_type(L, -1)) {
	case LUA_TBOOLEAN:
		outbuf_z(b, lua_toboolean(L, -1) ? "true" : "false");
		return NULL;
	case LUA_TNUMBER:
		if (lua_isinteger(L, -1))
			outbuf_fmt(b, "%lld", (long long)lua_tointeger(L, -1));
		else if (isfinite(lua_tonumber(L, -1)))
			outbuf_fmt(b, "%.17g", lua_tonumber(L, -1));
		else
			return "a number that is none";
		return NULL;
	case LUA_TSTRING:
		len = lua_rawlen(L, -1);
		o = outbuf_reserve(b, 6 * len + 4);
		out_json(&o, (struct str){ lua_tostring(L, -1), len });
		outbuf_commit(b, &o);
		return NULL;
	default:
		return luaL_typename(L, -1);
	}
}

char *
ask_json(lua_State *L, int idx, const char *what, size_t max)
{
	const char *bad = NULL, *key = "";
	struct outbuf b;

	outbuf_init(&b, 0);
	outbuf_z(&b, "{");
	for (lua_pushnil(L); bad == NULL && lua_next(L, idx); lua_pop(L, 1)) {
		key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
		if (lua_type(L, -2) != LUA_TSTRING) {
			bad = "a key that is no text";
			continue;
		}
		outbuf_z(&b, b.len > 1 ? "," : "");
		outbuf_json(&b, key);
		outbuf_z(&b, ":");
		bad = put_value(L, &b);
		if (bad == NULL && b.len > max)
			bad = "too much";
	}
	outbuf_z(&b, "}");
	if (bad == NULL)
		return b.data;
	outbuf_fini(&b);
	luaL_error(L, "%s.%s: %s; texts, numbers and booleans of %d bytes are kept", what, key,
	    bad, (int)max);
	return NULL;
}
