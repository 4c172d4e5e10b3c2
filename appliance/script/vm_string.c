/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The string and utf8 libraries of a limited state. Patterns are matched by
 * pattern.c; rep has an end; the others are the distribution's and charge for the
 * bytes that they are given.
 *
 * Thread: the one that uses the state.
 */
#include <ctype.h>
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#include "script/pattern.h"
#include "script/vm.h"

#define REP_MAX		65536u		/* bytes */
#define PATTERN_STEPS	200000u		/* of one search: about a millisecond */
#define BYTES_PER_STEP	16u
#define STEPS_PER_STEP	4u		/* of a pattern, to one instruction */

/* ---- functions that charge ---- */

static int
charged(lua_State *L)
{
	size_t bytes = 0;

	for (int i = 1; i <= lua_gettop(L); i++)
		if (lua_type(L, i) == LUA_TSTRING)
			bytes += lua_rawlen(L, i);
	vm_charge(L, bytes / BYTES_PER_STEP);
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int
string_rep(lua_State *L)
{
	size_t len, sep_len;
	const char *s = luaL_checklstring(L, 1, &len);
	lua_Integer n = luaL_checkinteger(L, 2);
	const char *sep = luaL_optlstring(L, 3, "", &sep_len);
	luaL_Buffer b;

	if (n <= 0 || len + sep_len == 0) {
		lua_pushliteral(L, "");
		return 1;
	}
	if ((lua_Unsigned)n > REP_MAX || len + sep_len > REP_MAX / (size_t)n)
		return luaL_error(L, "resulting string too large: %d bytes at most",
		    (int)REP_MAX);
	luaL_buffinit(L, &b);
	while (n-- > 0) {
		luaL_addlstring(&b, s, len);
		if (n > 0)
			luaL_addlstring(&b, sep, sep_len);
	}
	luaL_pushresult(&b);
	return 1;
}

/* ---- patterns ---- */

/* One search, on the stack of its C function; `pattern` is a userdata there. */
struct search {
	struct pattern	*pattern;
	struct pattern_run run;
};

/* Compiles argument 2 for subject s; pushes the pattern's memory. */
static void
search_init(lua_State *L, struct search *x, const char *s, size_t len, bool may_anchor)
{
	size_t plen;
	const char *p = luaL_checklstring(L, 2, &plen);

	if (plen > PATTERN_BYTES_MAX)
		luaL_error(L, "pattern too long: %d bytes at most", (int)PATTERN_BYTES_MAX);
	x->pattern = lua_newuserdatauv(L, pattern_room(plen), 0);
	pattern_make(x->pattern, p, plen, may_anchor);
	vm_charge(L, plen);
	x->run = (struct pattern_run){ .subject = s, .end = s + len,
	    .steps_max = PATTERN_STEPS };
}

static const char *
search_at(lua_State *L, struct search *x, const char *at)
{
	uint64_t before = x->run.steps;
	const char *end = pattern_try(x->pattern, &x->run, at);

	vm_charge(L, (x->run.steps - before) / STEPS_PER_STEP);
	if (x->run.problem != NULL)
		luaL_error(L, "%s", x->run.problem);
	return end;
}

/* Capture i, or the whole match as the first of none. */
static void
push_capture(lua_State *L, const struct search *x, int i, const char *s, const char *end)
{
	const struct pattern_capture *c = &x->run.captures[i];

	if (i >= x->run.ncaptures) {
		if (i != 0)
			luaL_error(L, "invalid capture index %%%d", i + 1);
		lua_pushlstring(L, s, (size_t)(end - s));
	} else if (c->len == PATTERN_LEN_POSITION) {
		lua_pushinteger(L, c->start - x->run.subject + 1);
	} else if (c->len == PATTERN_LEN_OPEN) {
		luaL_error(L, "unfinished capture");
	} else {
		lua_pushlstring(L, c->start, (size_t)c->len);
	}
}

/* All; wants_whole: the match, if there are none. */
static int
push_captures(lua_State *L, const struct search *x, const char *s, const char *end,
    bool wants_whole)
{
	int n = x->run.ncaptures == 0 && wants_whole ? 1 : x->run.ncaptures;

	luaL_checkstack(L, n, "too many captures");
	for (int i = 0; i < n; i++)
		push_capture(L, x, i, s, end);
	return n;
}

/* Where argument idx says to begin, from 0; past the end: SIZE_MAX. */
static size_t
start_of(lua_State *L, int idx, size_t len)
{
	lua_Integer at = luaL_optinteger(L, idx, 1);

	if (at > 0)
		return (size_t)at - 1 <= len ? (size_t)at - 1 : SIZE_MAX;
	if (at == 0 || at < -(lua_Integer)len)
		return 0;
	return len + (size_t)at;
}

static int
find_plain(lua_State *L, const char *s, size_t len, size_t start)
{
	size_t plen;
	const char *p = lua_tolstring(L, 2, &plen);
	const char *at = memmem(s + start, len - start, p, plen);

	vm_charge(L, (len - start) / BYTES_PER_STEP);
	if (at == NULL) {
		lua_pushnil(L);
		return 1;
	}
	lua_pushinteger(L, at - s + 1);
	lua_pushinteger(L, at - s + (lua_Integer)plen);
	return 2;
}

/* The place of the first match from at on, or NULL; *ret_end: behind it. */
static const char *
search_first(lua_State *L, struct search *x, const char *at, const char **ret_end)
{
	for (;; at++) {
		*ret_end = search_at(L, x, at);
		if (*ret_end != NULL)
			return at;
		if (at == x->run.end || x->pattern->is_anchored)
			return NULL;
	}
}

static int
find_or_match(lua_State *L, bool is_find)
{
	size_t len, plen, start;
	const char *s = luaL_checklstring(L, 1, &len), *p = luaL_checklstring(L, 2, &plen);
	const char *at, *end;
	struct search x;

	start = start_of(L, 3, len);
	if (start == SIZE_MAX) {
		lua_pushnil(L);
		return 1;
	}
	if (is_find && (lua_toboolean(L, 4) || pattern_is_plain(p, plen)))
		return find_plain(L, s, len, start);
	search_init(L, &x, s, len, true);
	at = search_first(L, &x, s + start, &end);
	if (at == NULL) {
		lua_pushnil(L);
		return 1;
	}
	if (!is_find)
		return push_captures(L, &x, at, end, true);
	lua_pushinteger(L, at - s + 1);
	lua_pushinteger(L, end - s);
	return 2 + push_captures(L, &x, at, end, false);
}

static int
string_find(lua_State *L)
{
	return find_or_match(L, true);
}

static int
string_match(lua_State *L)
{
	return find_or_match(L, false);
}

/* ---- gmatch ---- */

/* A userdata; upvalues keep the subject and the pattern. */
struct walk {
	struct search	 x;
	const char	*at, *last;	/* where to go on; the last match's end */
};

static int
gmatch_next(lua_State *L)
{
	struct walk *w = lua_touserdata(L, lua_upvalueindex(3));

	w->x.run.steps = 0;
	for (; w->at <= w->x.run.end; w->at++) {
		const char *s = w->at, *end = search_at(L, &w->x, s);

		if (end != NULL && end != w->last) {
			w->at = w->last = end;
			return push_captures(L, &w->x, s, end, true);
		}
	}
	return 0;
}

static int
string_gmatch(lua_State *L)
{
	size_t len, start;
	const char *s = luaL_checklstring(L, 1, &len);
	struct search x;
	struct walk *w;

	start = start_of(L, 3, len);
	lua_settop(L, 2);
	search_init(L, &x, s, len, false);
	w = lua_newuserdatauv(L, sizeof *w, 0);
	*w = (struct walk){ .x = x, .at = start == SIZE_MAX ? s + len + 1 : s + start };
	lua_pushvalue(L, 1);
	lua_insert(L, -3);	/* s pattern: subject, pattern, walk */
	lua_pushcclosure(L, gmatch_next, 3);
	return 1;
}

/* ---- gsub ---- */

static void
add_replacement(lua_State *L, luaL_Buffer *b, const struct search *x, const char *s,
    const char *end)
{
	size_t len;
	const char *r = lua_tolstring(L, 3, &len), *r_end = r + len;

	for (; r < r_end; r++) {
		if (*r != '%') {
			luaL_addchar(b, *r);
			continue;
		}
		r++;
		if (r < r_end && *r == '%') {
			luaL_addchar(b, '%');
		} else if (r < r_end && *r == '0') {
			luaL_addlstring(b, s, (size_t)(end - s));
		} else if (r < r_end && isdigit((unsigned char)*r)) {
			push_capture(L, x, *r - '1', s, end);
			(void)luaL_tolstring(L, -1, NULL);
			lua_remove(L, -2);
			luaL_addvalue(b);
		} else {
			luaL_error(L, "invalid use of '%%' in replacement string");
		}
	}
}

/* The value for one match, from a table or function; false, nil: as it was. */
static void
add_asked(lua_State *L, luaL_Buffer *b, const struct search *x, const char *s, const char *end)
{
	if (lua_type(L, 3) == LUA_TFUNCTION) {
		int n;

		lua_pushvalue(L, 3);
		n = push_captures(L, x, s, end, true);
		lua_call(L, n, 1);
	} else {
		push_capture(L, x, 0, s, end);
		lua_gettable(L, 3);
	}
	if (!lua_toboolean(L, -1)) {
		lua_pop(L, 1);
		luaL_addlstring(b, s, (size_t)(end - s));
	} else if (lua_isstring(L, -1)) {
		luaL_addvalue(b);
	} else {
		luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
	}
}

static int
string_gsub(lua_State *L)
{
	size_t len;
	const char *s = luaL_checklstring(L, 1, &len), *at = s, *last = NULL;
	int type = lua_type(L, 3);
	lua_Integer max = luaL_optinteger(L, 4, (lua_Integer)len + 1), n = 0;
	struct search x;
	luaL_Buffer b;

	luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING ||
	    type == LUA_TFUNCTION || type == LUA_TTABLE, 3, "string/function/table");
	search_init(L, &x, s, len, true);
	luaL_buffinit(L, &b);
	while (n < max) {
		const char *end = search_at(L, &x, at);

		if (end != NULL && end != last) {
			n++;
			if (type == LUA_TFUNCTION || type == LUA_TTABLE)
				add_asked(L, &b, &x, at, end);
			else
				add_replacement(L, &b, &x, at, end);
			at = last = end;
		} else if (at < x.run.end) {
			luaL_addchar(&b, *at++);
		} else {
			break;
		}
		if (x.pattern->is_anchored)
			break;
	}
	luaL_addlstring(&b, at, (size_t)(x.run.end - at));
	luaL_pushresult(&b);
	lua_pushinteger(L, n);
	return 2;
}

/* ---- opening ---- */

static const luaL_Reg own[] = {
	{ "rep", string_rep }, { "find", string_find }, { "match", string_match },
	{ "gmatch", string_gmatch }, { "gsub", string_gsub }, { NULL, NULL }
};

static const char *const string_charged[] = {
	"byte", "char", "format", "lower", "pack", "reverse", "sub", "unpack", "upper", NULL
};
static const char *const utf8_charged[] = {
	"char", "codepoint", "len", "offset", NULL
};

static void
charge_functions(lua_State *L, const char *const *names)
{
	for (; *names != NULL; names++) {
		lua_getfield(L, -1, *names);
		lua_pushcclosure(L, charged, 1);
		lua_setfield(L, -2, *names);
	}
}

/* Methods of strings come from the library as it now is. */
static void
guard_metatable(lua_State *L)
{
	lua_pushliteral(L, "");
	lua_getmetatable(L, -1);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pushliteral(L, "string");
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 2);
}

void
vm_open_string(lua_State *L)
{
	luaL_requiref(L, "string", luaopen_string, 0);
	lua_pushnil(L);
	lua_setfield(L, -2, "dump");
	luaL_setfuncs(L, own, 0);
	charge_functions(L, string_charged);
	vm_readonly(L);
	guard_metatable(L);
	lua_setfield(L, -2, "string");
	luaL_requiref(L, "utf8", luaopen_utf8, 0);
	charge_functions(L, utf8_charged);
	vm_readonly(L);
	lua_setfield(L, -2, "utf8");
}
