/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading of scripts and their table `weir`; see script.h.
 *
 * Thread: the one that loads; then control.
 */
#include "script/script.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"

static const char script_key;

static const char *const kind_names[] = { "policy", "alarm", "termination", "notifier" };

/* What is easier said in Lua: methods of what p:metric gives, and weir.clamp. */
static const char prelude[] =
    "local weir, methods = ...\n"
    "function weir.clamp(v, lo, hi)\n"
    "	if v < lo then return lo elseif v > hi then return hi end\n"
    "	return v\n"
    "end\n"
    "function methods.all(m, fn)\n"
    "	for _, p in ipairs(m.points) do if not fn(p.v, p.t) then return false end end\n"
    "	return #m.points > 0\n"
    "end\n"
    "function methods.any(m, fn)\n"
    "	for _, p in ipairs(m.points) do if fn(p.v, p.t) then return true end end\n"
    "	return false\n"
    "end\n"
    "function methods.avg(m)\n"
    "	local sum = 0\n"
    "	for _, p in ipairs(m.points) do sum = sum + p.v end\n"
    "	if #m.points > 0 then return sum / #m.points end\n"
    "end\n"
    "function methods.max(m)\n"
    "	local max\n"
    "	for _, p in ipairs(m.points) do if not max or p.v > max then max = p.v end end\n"
    "	return max\n"
    "end\n"
    "function methods.slope(m)\n"
    "	local n, st, sv, stt, stv = #m.points, 0, 0, 0, 0\n"
    "	if n == 0 then return nil end\n"
    "	local t0 = m.points[1].t\n"
    "	for _, p in ipairs(m.points) do\n"
    "		local t = p.t - t0\n"
    "		st, sv, stt, stv = st + t, sv + p.v, stt + t * t, stv + t * p.v\n"
    "	end\n"
    "	local d = n * stt - st * st\n"
    "	return d > 0 and (n * stv - st * sv) / d or 0\n"
    "end\n";

const char *
script_kind_name(enum script_kind kind)
{
	return kind_names[kind];
}

struct script *
script_of(lua_State *L)
{
	struct script *s;

	lua_rawgetp(L, LUA_REGISTRYINDEX, &script_key);
	s = lua_touserdata(L, -1);
	lua_pop(L, 1);
	return s;
}

const struct script_fn *
script_find(const struct script *s, enum script_kind kind, const char *name)
{
	for (unsigned i = 0; i < s->nfns; i++)
		if (s->fns[i].kind == kind && strcmp(s->fns[i].name, name) == 0)
			return &s->fns[i];
	return NULL;
}

/* ---- weir.* ---- */

uint64_t
script_duration_us(lua_State *L, int idx, const char *what)
{
	uint64_t us;

	if (lua_type(L, idx) == LUA_TNUMBER) {
		double s = lua_tonumber(L, idx);

		if (s > 0 && s < 1e9)
			return (uint64_t)(s * 1e6);
	} else if (lua_type(L, idx) == LUA_TSTRING &&
	    str_to_duration_us(str_of(lua_tostring(L, idx)), 0, &us) == PARSE_OK) {
		return us;
	}
	luaL_error(L, "%s: a duration with its unit ('60s') or seconds are expected", what);
	return 0;
}

/* The table of options at `idx` holds one of these only. */
static void
check_options(lua_State *L, int idx, const char *const *names)
{
	luaL_checktype(L, idx, LUA_TTABLE);
	for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
		const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
		const char *const *n = names;

		while (*n != NULL && strcmp(*n, key) != 0)
			n++;
		if (*n == NULL)
			luaL_error(L, "unknown option '%s'", key);
	}
}

static struct script_fn *
add_function(lua_State *L, enum script_kind kind, int fn_idx)
{
	struct script *s = script_of(L);
	size_t len;
	const char *name = luaL_checklstring(L, 1, &len);
	struct script_fn *f = &s->fns[s->nfns];

	luaL_checktype(L, fn_idx, LUA_TFUNCTION);
	if (len == 0 || len > SCRIPT_NAME_MAX || strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/") != len)
		luaL_error(L, "a name of letters, digits and _ - . : / is expected");
	if (script_find(s, kind, name) != NULL)
		luaL_error(L, "there is a %s '%s' already", kind_names[kind], name);
	if (s->nfns == SCRIPT_FUNCTIONS_MAX)
		luaL_error(L, "more than %d functions", (int)SCRIPT_FUNCTIONS_MAX);
	*f = (struct script_fn){ .kind = kind, .ref = LUA_NOREF, .params = LUA_NOREF,
	    .every_us = kind == SCRIPT_POLICY ? SCRIPT_EVERY_US : 0 };
	f->name = xstrdup(name);
	s->nfns++;
	lua_pushvalue(L, fn_idx);
	f->ref = luaL_ref(L, LUA_REGISTRYINDEX);
	return f;
}

static void
check_params(lua_State *L)
{
	if (!lua_istable(L, -1))
		luaL_error(L, "params: a table is expected");
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
		if (lua_type(L, -2) != LUA_TSTRING || (!lua_isstring(L, -1) &&
		    !lua_isboolean(L, -1)))
			luaL_error(L, "params: numbers, strings and booleans by name are "
			    "expected");
}

static void
read_options(lua_State *L, struct script_fn *f)
{
	if (lua_getfield(L, 2, "every") != LUA_TNIL)
		f->every_us = script_duration_us(L, -1, "every");
	if (f->every_us != 0 && f->every_us < 1000000)
		luaL_error(L, "every: at least 1s");
	if (lua_getfield(L, 2, "warmup") != LUA_TNIL)
		f->warmup_us = script_duration_us(L, -1, "warmup");
	if (lua_getfield(L, 2, "group") != LUA_TNIL)
		f->group = xstrdup(luaL_checkstring(L, -1));
	if (lua_getfield(L, 2, "params") != LUA_TNIL) {
		check_params(L);
		f->params = luaL_ref(L, LUA_REGISTRYINDEX);
	}
}

static int
weir_policy(lua_State *L)
{
	static const char *const options[] = { "group", "every", "params", "warmup", NULL };

	check_options(L, 2, options);
	read_options(L, add_function(L, SCRIPT_POLICY, 3));
	return 0;
}

static int
weir_alarm(lua_State *L)
{
	static const char *const options[] = { "every", "params", NULL };

	check_options(L, 2, options);
	read_options(L, add_function(L, SCRIPT_ALARM, 3));
	return 0;
}

static int
weir_termination(lua_State *L)
{
	(void)add_function(L, SCRIPT_TERMINATION, 2);
	return 0;
}

static int
weir_notifier(lua_State *L)
{
	(void)add_function(L, SCRIPT_NOTIFIER, 2);
	return 0;
}

static int
weir_validate(lua_State *L)
{
	struct script *s = script_of(L);

	luaL_checktype(L, 1, LUA_TFUNCTION);
	if (s->validate != LUA_NOREF)
		return luaL_error(L, "weir.validate was called already");
	lua_settop(L, 1);
	s->validate = luaL_ref(L, LUA_REGISTRYINDEX);
	return 0;
}

static int
weir_log(lua_State *L)
{
	static const char *const names[] = { "alert", "err", "error", "warning", "notice",
	    "info", "debug", NULL };
	static const enum log_level levels[] = { LOG_L_ALERT, LOG_L_ERR, LOG_L_ERR,
	    LOG_L_WARNING, LOG_L_NOTICE, LOG_L_INFO, LOG_L_DEBUG };
	int level = luaL_checkoption(L, 1, NULL, names);
	const char *text = luaL_checkstring(L, 2);
	const struct script *s = script_of(L);

	vm_charge(L, 200);
	if (s->is_quiet)
		return 0;
	log_msg(levels[level], "lua: %.1024s", text);
	return 0;
}

/* weir.policy and its like are for the load only. */
static const luaL_Reg functions[] = {
	{ "policy", weir_policy }, { "alarm", weir_alarm }, { "termination", weir_termination },
	{ "notifier", weir_notifier }, { "validate", weir_validate }, { "log", weir_log },
	{ NULL, NULL }
};

static int
not_any_more(lua_State *L)
{
	return luaL_error(L, "this is called while a script is loaded only");
}

/* ---- loading ---- */

static int
open_weir(lua_State *L)
{
	struct script *s = lua_touserdata(L, 1);

	lua_pushlightuserdata(L, s);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &script_key);
	if (luaL_loadbufferx(L, prelude, sizeof prelude - 1, "=weir", "t") != LUA_OK)
		return lua_error(L);
	luaL_newlib(L, functions);
	lua_newtable(L);
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, "weir.metric");
	lua_pushvalue(L, -2);
	lua_insert(L, 2);		/* arg weir prelude weir methods */
	lua_call(L, 2, 0);
	lua_settop(L, 2);
	lua_pushvalue(L, 2);
	lua_setfield(L, LUA_REGISTRYINDEX, "weir.table");
	vm_readonly(L);
	vm_push_globals(L);
	lua_insert(L, 2);
	lua_setfield(L, 2, "weir");
	script_push_core(L);
	lua_setfield(L, 2, "core");
	return 0;
}

static int
close_weir(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, "weir.table");
	for (const luaL_Reg *f = functions; f->name != NULL; f++) {
		if (strcmp(f->name, "log") == 0)
			continue;
		lua_pushcfunction(L, not_any_more);
		lua_setfield(L, -2, f->name);
	}
	return 0;
}

static int
push_chunk(lua_State *L)
{
	const struct script_source *src = lua_touserdata(L, 1);
	const char *name = lua_pushfstring(L, "@%s", src->file);

	if (luaL_loadbufferx(L, src->text, src->len, name, "t") != LUA_OK)
		return lua_error(L);
	vm_push_env(L);
	if (lua_setupvalue(L, -2, 1) == NULL)
		lua_pop(L, 1);
	luaL_checkstack(L, src->nargs, NULL);
	for (int i = 0; i < src->nargs; i++)
		lua_pushstring(L, src->args[i]);
	return 1 + src->nargs;
}

static int
push_validate(lua_State *L)
{
	const struct script *s = lua_touserdata(L, 1);

	lua_rawgeti(L, LUA_REGISTRYINDEX, s->validate);
	return 1;
}

static int
check_validated(lua_State *L)
{
	if (lua_toboolean(L, 2))
		return 0;
	return luaL_error(L, "validate: %s", lua_type(L, 3) == LUA_TSTRING ?
	    lua_tostring(L, 3) : "it said no");
}

static int
ignore_results(lua_State *L)
{
	(void)L;
	return 0;
}

static bool
call(struct script *s, lua_CFunction push, void *arg, lua_CFunction take)
{
	struct vm_call c = { .arg = NULL };
	bool ok = vm_call_begin(&c, s->vm, push, arg) && vm_call_finish(&c) == VM_DONE &&
	    vm_call_take(&c, take, NULL);

	vm_call_end(&c);
	return ok;
}

static bool
load(struct script *s, const struct script_source *src)
{
	if (!vm_protect(s->vm, open_weir, s) ||
	    !call(s, push_chunk, (void *)(uintptr_t)src, ignore_results) ||
	    !vm_protect(s->vm, close_weir, NULL))
		return false;
	vm_seal(s->vm);
	return s->validate == LUA_NOREF || call(s, push_validate, s, check_validated);
}

static void
print_nothing(void *arg, const char *text, size_t len)
{
	(void)arg, (void)text, (void)len;
}

struct script *
script_new(const struct script_source *src, uint64_t now_us, char **ret_error)
{
	struct script *s;

	if (src->len > SCRIPT_BYTES_MAX) {
		*ret_error = xasprintf("%s: more than %u KiB", src->file,
		    SCRIPT_BYTES_MAX / 1024);
		return NULL;
	}
	s = xcalloc(1, sizeof *s);
	s->refs = 1;
	s->validate = LUA_NOREF;
	s->is_quiet = src->is_quiet;
	s->vm = vm_new();
	if (s->vm != NULL)
		vm_set_now(s->vm, now_us);
	if (s->vm != NULL && s->is_quiet)
		vm_set_print(s->vm, print_nothing, NULL);
	if (s->vm != NULL && load(s, src)) {
		vm_collect(s->vm);
		return s;
	}
	*ret_error = xstrdup(s->vm != NULL ? vm_error(s->vm) : "not enough memory");
	script_unref(s);
	return NULL;
}

void
script_ref(struct script *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void
script_unref(struct script *s)
{
	if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (unsigned i = 0; i < s->nfns; i++) {
		free(s->fns[i].name);
		free(s->fns[i].group);
	}
	vm_free(s->vm);
	free(s);
}
