/* SPDX-License-Identifier: BSD-2-Clause */
/* Lua states with limits: whatever a script does, it ends, soon, and the state goes on. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "script/vm.h"
#include "tap.h"

static struct vm *vm;
static char result[4096];
static unsigned nslices;
#define LIMIT_US	20000u
#define MEMORY_US	150000u	/* to use up all memory takes longer */

static uint64_t longest_us, took_us, limit_us = LIMIT_US;

static int
push_text(lua_State *L)
{
	const char *text = lua_touserdata(L, 1);

	if (luaL_loadbufferx(L, text, strlen(text), "=t", "t") != LUA_OK)
		return lua_error(L);
	vm_push_env(L);
	(void)lua_setupvalue(L, -2, 1);
	return 1;
}

static int
keep_result(lua_State *L)
{
	int n = lua_gettop(L);
	char *p = result;

	result[0] = '\0';
	for (int i = 2; i <= n; i++)
		p += snprintf(p, (size_t)(result + sizeof result - p), "%s%s", i > 2 ? " " : "",
		    luaL_tolstring(L, i, NULL));
	return 0;
}

static enum vm_result
slices(struct vm_call *c)
{
	enum vm_result r;

	nslices = 0;
	longest_us = 0;
	do {
		uint64_t t = clock_read_us(CLOCK_THREAD_CPUTIME_ID), d;

		r = vm_call_run(c);
		d = clock_read_us(CLOCK_THREAD_CPUTIME_ID) - t;
		if (d > longest_us)
			longest_us = d;
		nslices++;
	} while (r == VM_AGAIN);
	took_us = c->used_us;
	return r;
}

/* What it returns, or its error. */
static const char *
run(const char *text)
{
	struct vm_call c = { .limit_us = limit_us };
	enum vm_result r = VM_FAILED;

	if (vm_call_begin(&c, vm, push_text, (void *)(uintptr_t)text))
		r = slices(&c);
	if (r == VM_DONE && !vm_call_take(&c, keep_result, NULL))
		r = VM_FAILED;
	if (r != VM_DONE)
		snprintf(result, sizeof result, "%s", vm_error(vm));
	vm_call_end(&c);
	return result;
}

/* It is stopped with this in its error, within the limit of a call and some slack, and
 * another call is well. */
static void
stops(const char *what, const char *text, const char *error)
{
	(void)run(text);
	ok_named(strstr(result, error) != NULL, "%s: %s", what, result);
	ok_named(took_us < limit_us + 30000 * TAP_PATIENCE, "%s: %llu us, longest slice %llu us",
	    what, (unsigned long long)took_us, (unsigned long long)longest_us);
	is_str(run("return 1 + 1"), "2");
}

static void
test_time(void)
{
	limit_us = 0;
	is_str(run("while true do end"), "t:1: ran longer than 100 ms");
	ok_named(nslices > 20, "cut into %u slices", nslices);
	limit_us = LIMIT_US;
	ok_named(longest_us < 15000 * TAP_PATIENCE, "the longest had %llu us",
	    (unsigned long long)longest_us);
	stops("pcall keeps nothing", "while true do pcall(function() while true do end end) end",
	    "ran longer");
	stops("nor does xpcall", "while true do xpcall(function() while true do end end, "
	    "function(e) while true do end end) end", "ran longer");
	stops("nor a coroutine", "while true do coroutine.resume(coroutine.create(function() "
	    "while true do end end)) end", "ran longer");
	stops("nor wrap", "local f = coroutine.wrap(function() while true do end end) "
	    "while true do pcall(f) end", "ran longer");
	stops("nor close", "while true do local x <close> = setmetatable({}, "
	    "{ __close = function() while true do end end }) end", "ran longer");
	stops("a comparison that does not end", "table.sort({ 3, 2, 1 }, function() "
	    "while true do end end)", "where it cannot pause");
	stops("a replacement that does not end", "('aaa'):gsub('a', function() "
	    "while true do end end)", "where it cannot pause");
	stops("a coroutine in a comparison", "table.sort({ 3, 2, 1 }, function() "
	    "coroutine.wrap(function() while true do end end)() end)", "where it cannot pause");
	stops("endless recursion", "local function f() return 1 + f() end return f()",
	    "not enough memory");
	stops("tail calls", "local function f() return f() end return f()", "ran longer");
	stops("goto", "::a:: goto a", "ran longer");
}

static void
test_patterns(void)
{
	stops("eight stars", "return ('a'):rep(24):find(('a*'):rep(8) .. 'b')",
	    "pattern takes too many steps");
	stops("lazy ones", "return ('x'):rep(500):find('.-.-.-b')",
	    "pattern takes too many steps");
	stops("in a loop with pcall", "while true do pcall(string.find, ('x'):rep(500), "
	    "'.-.-.-b') end", "ran longer");
	stops("balanced", "while true do local _ = ('('):rep(60000):find('%b()') end",
	    "too many steps");
	stops("gsub that stops", "return (('a'):rep(60000):gsub('.-b', ''))", "too many steps");
	stops("gmatch that stops", "for _ in ('a'):rep(60000):gmatch('.-.-b') do end",
	    "too many steps");
	stops("captures without end", "return ('x'):match(('('):rep(40))", "too many captures");
	stops("deep", "return ('x'):rep(300):match(('x?'):rep(300))", "too complex");
	stops("a long pattern", "return ('x'):match(('x'):rep(5000))", "pattern too long");
	is_str(run("return ('key = value'):match('^(%w+)%s*=%s*(%w+)$')"), "key value");
	is_str(run("return (('x'):rep(60000):find('y', 1, true))"), "nil");
}

static void
test_memory(void)
{
	size_t before;

	is_str(run("return 1"), "1");
	vm_collect(vm);
	before = vm_memory(vm);
	limit_us = MEMORY_US * TAP_PATIENCE;
	stops("a table hog", "local t = {} for i = 1, 1e9 do t[i] = { {} } end",
	    "not enough memory");
	stops("a hog of small things", "local t for i = 1, 1e9 do t = { t } end",
	    "not enough memory: 8 MiB");
	limit_us = LIMIT_US;
	stops("a hog with pcall", "while true do pcall(function() local t "
	    "for i = 1, 1e9 do t = { t } end end) end", "ran longer");
	stops("doubling", "local s = 'x' while true do s = s .. s end", "more than 256 KiB");
	stops("copying", "local s = ('x'):rep(60000) s = s .. s "
	    "while true do local t = s .. 'y' end",
	    "ran longer");
	vm_collect(vm);
	ok_named(vm_memory(vm) < before + 8192, "memory came back: %zu, %zu before",
	    vm_memory(vm), before);
	stops("rep", "return ('x'):rep(1e9)", "too large");
	is_str(run("return (''):rep(1e9)"), "");
	stops("rep, many", "while true do local _ = ('x'):rep(65536) end", "ran longer");
	stops("format", "return ('%99d'):rep(600):format(1)", "bad argument");
	limit_us = LIMIT_US * TAP_PATIENCE;
	stops("concat", "local t = {} for i = 1, 10 do t[i] = ('x'):rep(60000) end "
	    "return table.concat(t)", "not enough memory");
	limit_us = LIMIT_US;
	stops("concat of a range", "return table.concat({}, '', 1, 1e9)", "more than 16384");
	stops("move", "table.move({}, 1, 3e7, 2)", "more than 16384");
	stops("move, overflowing", "table.move({}, math.mininteger, math.maxinteger, 2)",
	    "more than 16384");
	stops("unpack", "return table.unpack({}, 1, 1e6)", "more than 4096");
	stops("a length that lies", "table.remove(setmetatable({}, { __len = function() "
	    "return 1e9 end }), 1)", "__len");
	stops("insert", "table.insert(setmetatable({}, { __index = function() return 1 end }), 1)",
	    "__index");
	is_str(run("local t = { 3, 1, 2 } table.sort(t) table.insert(t, 1, 0) "
	    "return table.concat(t, ',')"), "0,1,2,3");
	is_str(run("return table.unpack({ 1, 2, 3 }, 2)"), "2 3");
}

static void
test_libraries(void)
{
	static const char *const gone[] = { "io", "debug", "package", "require", "load",
	    "loadstring", "dofile", "loadfile", "collectgarbage", "string.dump", "os.execute",
	    "os.getenv", "os.remove", "os.rename", "os.exit", "os.tmpname", "os.setlocale",
	    "warn" };
	char text[200];

	for (unsigned i = 0; i < sizeof gone / sizeof gone[0]; i++) {
		snprintf(text, sizeof text, "return %s", gone[i]);
		ok_named(strcmp(run(text), "nil") == 0, "no %s", gone[i]);
	}
	is_str(run("string.format = nil"), "t:1: this table is read-only: 'format'");
	is_str(run("rawset(string, 'x', 1)"), "t:1: this table is read-only: 'x'");
	is_str(run("return getmetatable('')"), "string");
	is_str(run("return getmetatable(string)"), "false");
	is_str(run("setmetatable(math, {})"), "t:1: cannot change a protected metatable");
	is_str(run("local n = 0 for k, v in pairs(math) do n = n + 1 end return n > 20"), "true");
	is_str(run("return setmetatable({}, { __gc = function() x = 1 end }) ~= nil"), "true");
	is_str(run("return ('x'):upper(), ('%5.1f'):format(1.25), utf8.len('äö')"), "X   1.2 2");
	is_str(run("return select('#', table.unpack({ 1, nil, 3 }, 1, 3))"), "3");
	vm_set_now(vm, 1360945916ull * 1000000);
	is_str(run("return os.time(), os.date('!%H:%M'), os.date('!%Y', 0)"),
	    "1360945916 16:31 1970");
	is_str(run("return _G.string == string, _G ~= nil"), "true true");
	is_str(run("a = 1 return a"), "1");
	vm_seal(vm);
	is_str(run("b = 1"), "t:1: globals are set while a script is loaded only: 'b'");
	is_str(run("a = 2"), "t:1: globals are set while a script is loaded only: 'a'");
	is_str(run("rawset(_G, 'a', 2)"), "t:1: this table is read-only: 'a'");
	is_str(run("return a"), "1");
}

static void
test_errors(void)
{
	is_str(run("error({})"), "the error is no text");
	is_str(run("error('x', 0)"), "x");
	is_str(run("error(12)"), "12");
	is_str(run("return pcall(error, 'x')"), "false x");
	is_str(run("return pcall(function(...) return ... end, 1, 2)"), "true 1 2");
	is_str(run("return xpcall(function(a) error(a, 0) end, "
	    "function(e) return e .. '!' end, 'x')"),
	    "false x!");
	is_str(run("return xpcall(function(...) return ... end, print, 1, 2)"), "true 1 2");
	is_str(run("x ="), "t:1: unexpected symbol near <eof>");
	is_str(run("coroutine.yield(1)"), "t:1: attempt to yield from outside a coroutine");
}

static void
test_coroutines(void)
{
	is_str(run("local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) "
	    "return b * 2 end) local _, x = coroutine.resume(co, 1) "
	    "local _, y = coroutine.resume(co, 5) return x, y, coroutine.status(co), "
	    "coroutine.resume(co)"), "2 10 dead false cannot resume dead coroutine");
	is_str(run("local n = 0 for i in coroutine.wrap(function() for i = 1, 3 do "
	    "coroutine.yield(i) end end) do n = n + i end return n"), "6");
	is_str(run("return pcall(coroutine.wrap(function() error('x', 0) end))"), "false x");
	/* a slice's end inside of coroutines is not seen by them */
	is_str(run("local f = coroutine.wrap(function() local g = coroutine.wrap(function() "
	    "local n = 0 for i = 1, 1e6 do n = n + 1 end coroutine.yield(n) end) "
	    "coroutine.yield(g() + 1) end) return f()"), "1000001");
	ok_named(nslices > 1, "%u slices", nslices);
	is_str(run("return pcall(function() local n = 0 for i = 1, 1e6 do n = n + 1 end "
	    "return n end)"), "true 1000000");
	ok_named(nslices > 1, "%u slices in pcall", nslices);
}

static int
push_waiter(lua_State *L)
{
	return push_text(L);
}

static int
waited(lua_State *L, int status, lua_KContext ctx)
{
	(void)status, (void)ctx;
	return lua_gettop(L);
}

static int
wait_here(lua_State *L)
{
	lua_settop(L, 0);
	return vm_call_wait(L, waited);
}

static int
add_wait(lua_State *L)
{
	vm_push_globals(L);
	lua_pushcfunction(L, wait_here);
	lua_setfield(L, -2, "wait");
	return 0;
}

static int
push_answer(lua_State *L)
{
	lua_pushinteger(L, 42);
	return 1;
}

static void
test_waiting(void)
{
	static char text[] = "return wait() + 1";
	struct vm_call c = { 0 };

	ok(vm_protect(vm, add_wait, NULL));
	ok(vm_call_begin(&c, vm, push_waiter, text));
	is_int(vm_call_run(&c), VM_WAITS);
	ok(vm_call_wake(&c, push_answer, NULL));
	is_int(vm_call_run(&c), VM_DONE);
	ok(vm_call_take(&c, keep_result, NULL));
	is_str(result, "43");
	vm_call_end(&c);
	is_str(run("return pcall(function() table.sort({ 2, 1 }, wait) end)"),
	    "false cannot wait here");
}

int
main(void)
{
	vm = vm_new();
	test_errors();
	test_coroutines();
	test_time();
	test_patterns();
	test_memory();
	test_waiting();
	test_libraries();
	vm_free(vm);
	return tap_done();
}
