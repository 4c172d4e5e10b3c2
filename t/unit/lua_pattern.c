/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns of scripts: the same results as the standard library's, by random ones. */
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/vm.h"
#include "tap.h"

#define ROUNDS	6000

/* Both run this; what it gives is one text. */
static const char both[] =
    "local s, p, r = ...\n"
    "local out = {}\n"
    "local function add(ok, ...)\n"
    "	if not ok then out[#out + 1] = 'error' return end\n"
    "	for i = 1, select('#', ...) do out[#out + 1] = tostring((select(i, ...))) end\n"
    "	out[#out + 1] = ';'\n"
    "end\n"
    "add(pcall(string.find, s, p))\n"
    "add(pcall(string.find, s, p, -3))\n"
    "add(pcall(string.find, s, p, 2, true))\n"
    "add(pcall(string.match, s, p))\n"
    "add(pcall(string.match, s, p, 3))\n"
    "add(pcall(string.gsub, s, p, r))\n"
    "add(pcall(string.gsub, s, p, '<%0>', 2))\n"
    "add(pcall(string.gsub, s, p, { a = 'A', ab = 1, b = false }))\n"
    "add(pcall(string.gsub, s, p, function(x, y) return y or x end))\n"
    "add(pcall(function() local n = 0\n"
    "	for x, y in string.gmatch(s, p) do n = n + 1 add(true, x, y)\n"
    "	if n > 20 then break end end end))\n"
    "return table.concat(out, ' ')\n";

static char subject[64], pattern[64], replacement[32];

static void
random_text(char *buf, unsigned max, const char *const *parts, unsigned nparts)
{
	unsigned n = (unsigned)rand() % max;

	buf[0] = '\0';
	for (unsigned i = 0; i < n; i++)
		strcat(buf, parts[(unsigned)rand() % nparts]);
}

static void
make_case(void)
{
	static const char *const letters[] = { "a", "b", "c", "1", "(", ")", "]", " ", ".",
	    "ab", "%" };
	static const char *const parts[] = { "a", "b", ".", "%a", "%d", "%W", "%s", "[ab]",
	    "[^a]", "[a-c]", "[]]", "[^]a]", "[%a-]", "[%]]", "(", ")", "()", "*", "+", "-",
	    "?", "^", "$", "%1", "%2", "%b()", "%f[%a]", "%f[^b]", "%.", "%%", "[a", "%",
	    "%f", "%b", "(a)", "(.-)", "a-", ".*", "x" };
	static const char *const by[] = { "%0", "%1", "%2", "x", "%%", "%", "" };

	random_text(subject, 16, letters, sizeof letters / sizeof letters[0]);
	random_text(pattern, 7, parts, sizeof parts / sizeof parts[0]);
	random_text(replacement, 4, by, sizeof by / sizeof by[0]);
}

static int
push_case(lua_State *L)
{
	(void)lua_touserdata(L, 1);
	if (luaL_loadbufferx(L, both, sizeof both - 1, "=both", "t") != LUA_OK)
		return lua_error(L);
	vm_push_env(L);
	(void)lua_setupvalue(L, -2, 1);
	lua_pushstring(L, subject);
	lua_pushstring(L, pattern);
	lua_pushstring(L, replacement);
	return 4;
}

static int
copy_text(lua_State *L)
{
	snprintf(lua_touserdata(L, 1), 4096, "%s", lua_tostring(L, 2));
	return 0;
}

static const char *
ours(struct vm *vm)
{
	static char text[4096];
	struct vm_call c = { 0 };

	if (!vm_call_begin(&c, vm, push_case, NULL) || vm_call_finish(&c) != VM_DONE ||
	    !vm_call_take(&c, copy_text, text))
		snprintf(text, sizeof text, "failed: %s", vm_error(vm));
	vm_call_end(&c);
	return text;
}

static const char *
theirs(lua_State *L)
{
	lua_settop(L, 0);
	(void)luaL_loadbufferx(L, both, sizeof both - 1, "=both", "t");
	lua_pushstring(L, subject);
	lua_pushstring(L, pattern);
	lua_pushstring(L, replacement);
	if (lua_pcall(L, 3, 1, 0) != LUA_OK)
		return "failed";
	return lua_tostring(L, -1);
}

int
main(void)
{
	lua_State *L = luaL_newstate();
	struct vm *vm = vm_new();
	unsigned same = 0;

	luaL_openlibs(L);
	srand(4);
	for (unsigned i = 0; i < ROUNDS; i++) {
		const char *a, *b;

		make_case();
		a = ours(vm);
		b = theirs(L);
		if (strcmp(a, b) == 0)
			same++;
		else if (i - same < 5)
			tap_diag("'%s' '%s' '%s':\n  %s\n  %s", subject, pattern, replacement, a,
			    b);
	}
	is_u64(same, ROUNDS);
	vm_free(vm);
	lua_close(L);
	return tap_done();
}
