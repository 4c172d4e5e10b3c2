/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lua states with limits; see vm.h.
 *
 * Thread: the one that uses the state.
 */
#include "script/vm.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#define BIG_BLOCK	4096u	/* from here on memory costs time */
#define BYTES_PER_STEP	16u

struct vm {
	lua_State	*L;		/* owned */
	size_t		 used, refused;	/* bytes; the last block that was refused */
	uint64_t	 now_us;
	vm_print_fn	*print;
	void		*print_arg;
	/* the call that runs, and the coroutine in it */
	struct vm_call	*call;
	lua_State	*current;
	uint64_t	 slice_us;	/* when its slice began */
	uint64_t	 charged;	/* since the last look at the clock */
	bool		 is_over;	/* its time; nothing runs any more */
	bool		 is_forced;	/* the last yield was a slice's end */
	bool		 is_stuck;	/* a slice ended where nothing can yield */
	bool		 is_sealed;
	char		 error[VM_ERROR_MAX];
};

static void on_count(lua_State *L, lua_Debug *ar);
static const char env_key;

struct vm *
vm_of(lua_State *L)
{
	struct vm *vm;

	memcpy(&vm, lua_getextraspace(L), sizeof vm);
	return vm;
}

/* ---- memory ---- */

static void
charge(struct vm *vm, uint64_t steps)
{
	vm->charged += steps;
	if (vm->charged >= VM_STEPS && vm->current != NULL)
		lua_sethook(vm->current, on_count, LUA_MASKCOUNT, 1);
}

static void *
on_alloc(void *arg, void *p, size_t old_size, size_t size)
{
	struct vm *vm = arg;
	size_t old = p != NULL ? old_size : 0;
	void *q;

	if (size == 0) {
		vm->used -= old;
		free(p);
		return NULL;
	}
	if (size > old && (size > VM_BLOCK || vm->used - old + size > VM_MEMORY)) {
		vm->refused = size;
		charge(vm, VM_STEPS);	/* the garbage collector has run for it */
		return NULL;
	}
	q = xrealloc(p, size);
	vm->used += size - old;
	if (size > old && size >= BIG_BLOCK)
		charge(vm, (size - old) / BYTES_PER_STEP);
	return q;
}

size_t
vm_memory(const struct vm *vm)
{
	return vm->used;
}

void
vm_collect(struct vm *vm)
{
	lua_gc(vm->L, LUA_GCCOLLECT);	/* frees only: no finalizers of scripts */
}

/* ---- errors ---- */

const char *
vm_error(const struct vm *vm)
{
	return vm->error;
}

static const char *
memory_text(const struct vm *vm)
{
	return vm->refused > VM_BLOCK ?
	    "not enough memory: a string or table of more than 256 KiB, or endless recursion" :
	    "not enough memory: 8 MiB are used";
}

/* From the top of a stack, without allocating. */
static void
keep_error(struct vm *vm, lua_State *L, int status)
{
	const char *text = "the error is no text";
	char number[40];

	if (status == LUA_ERRMEM) {
		text = memory_text(vm);
	} else if (lua_type(L, -1) == LUA_TSTRING) {
		text = lua_tostring(L, -1);
	} else if (lua_type(L, -1) == LUA_TNUMBER) {
		(void)snprintf(number, sizeof number, "%.14g", lua_tonumber(L, -1));
		text = number;
	}
	(void)snprintf(vm->error, sizeof vm->error, "%s", text);
}

static int
on_panic(lua_State *L)
{
	(void)L;
	fatalx("lua: an error outside of a protected call");
}

bool
vm_protect(struct vm *vm, lua_CFunction fn, void *arg)
{
	lua_State *L = vm->L;
	int top = lua_gettop(L), status;

	if (!lua_checkstack(L, 4)) {
		(void)snprintf(vm->error, sizeof vm->error, "%s", memory_text(vm));
		return false;
	}
	lua_pushcfunction(L, fn);
	lua_pushlightuserdata(L, arg);
	status = lua_pcall(L, 1, 0, 0);
	if (status != LUA_OK)
		keep_error(vm, L, status);
	lua_settop(L, top);
	return status == LUA_OK;
}

/* ---- the hook ---- */

bool
vm_is_over(lua_State *L)
{
	return vm_of(L)->is_over;
}

static int
raise_over(lua_State *L)
{
	struct vm *vm = vm_of(L);
	lua_Debug ar;

	lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
	if (lua_getstack(L, 0, &ar) && lua_getinfo(L, "Sl", &ar) && ar.currentline > 0)
		lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
	else
		lua_pushliteral(L, "");
	lua_pushfstring(L, vm->is_stuck || !lua_isyieldable(L) ?
	    "ran for %d ms where it cannot pause" : "ran longer than %d ms",
	    (int)((vm->is_stuck || !lua_isyieldable(L) ? VM_STRETCH_US :
	    vm->call->limit_us) / 1000));
	lua_concat(L, 2);
	return lua_error(L);
}

void
vm_check_over(lua_State *L)
{
	if (vm_of(L)->is_over)
		(void)raise_over(L);
}

static void
on_count(lua_State *L, lua_Debug *ar)
{
	struct vm *vm = vm_of(L);
	uint64_t slice = clock_read_us(CLOCK_THREAD_CPUTIME_ID) - vm->slice_us;
	bool is_stuck = vm->is_stuck || !lua_isyieldable(L);

	(void)ar;
	vm->charged = 0;
	if (vm->call->used_us + slice > vm->call->limit_us ||
	    (is_stuck && slice > VM_STRETCH_US))
		vm->is_over = true;
	vm_check_over(L);
	lua_sethook(L, on_count, LUA_MASKCOUNT, VM_STEPS);
	if (slice > vm->call->slice_us && lua_isyieldable(L)) {
		vm->is_forced = true;
		lua_yield(L, 0);
	}
}

void
vm_charge(lua_State *L, uint64_t steps)
{
	charge(vm_of(L), steps);
}

/* ---- calls ---- */

struct begin {
	struct vm_call	*call;
	lua_CFunction	 push;
	void		*arg;
};

static int
move_pushed(lua_State *L, const struct begin *b)
{
	int base = lua_gettop(L), n;

	lua_pushcfunction(L, b->push);
	lua_pushlightuserdata(L, b->arg);
	lua_call(L, 1, LUA_MULTRET);
	n = lua_gettop(L) - base;
	if (!lua_checkstack(b->call->co, n + 2))
		luaL_error(L, "too many arguments");
	lua_xmove(L, b->call->co, n);
	return n;
}

static int
begin(lua_State *L)
{
	const struct begin *b = lua_touserdata(L, 1);

	b->call->co = lua_newthread(L);
	b->call->ref = luaL_ref(L, LUA_REGISTRYINDEX);
	b->call->nargs = move_pushed(L, b) - 1;
	return 0;
}

bool
vm_call_begin(struct vm_call *c, struct vm *vm, lua_CFunction push, void *arg)
{
	struct begin b = { c, push, arg };

	c->vm = vm;
	c->co = NULL;
	c->ref = LUA_NOREF;
	c->used_us = 0;
	c->is_waiting = false;
	if (c->limit_us == 0)
		c->limit_us = VM_CALL_US;
	if (c->slice_us == 0)
		c->slice_us = VM_SLICE_US;
	return vm_protect(vm, begin, &b);
}

int
vm_resume(lua_State *L, lua_State *co, int nargs, int *ret_n)
{
	struct vm *vm = vm_of(co);
	lua_State *was = vm->current;
	int status;

	vm->current = co;
	lua_sethook(co, on_count, LUA_MASKCOUNT, vm->is_over ? 1 : VM_STEPS);
	status = lua_resume(co, L, nargs, ret_n);
	vm->current = was;
	return status;
}

bool
vm_take_forced(lua_State *L)
{
	struct vm *vm = vm_of(L);
	bool was = vm->is_forced;

	vm->is_forced = false;
	return was;
}

void
vm_mark_forced(lua_State *L)
{
	struct vm *vm = vm_of(L);

	if (lua_isyieldable(L))
		vm->is_forced = true;
	else
		vm->is_stuck = true;
}

static enum vm_result
after_slice(struct vm_call *c, int status)
{
	struct vm *vm = c->vm;

	if (status == LUA_OK)
		return VM_DONE;
	if (status != LUA_YIELD) {
		keep_error(vm, c->co, status);
		return VM_FAILED;
	}
	if (vm->is_forced)
		return VM_AGAIN;
	return VM_WAITS;
}

enum vm_result
vm_call_run(struct vm_call *c)
{
	struct vm *vm = c->vm;
	int status;

	vm->call = c;
	vm->is_over = vm->is_forced = vm->is_stuck = false;
	vm->charged = 0;
	vm->slice_us = clock_read_us(CLOCK_THREAD_CPUTIME_ID);
	status = vm_resume(NULL, c->co, c->nargs, &c->nresults);
	c->nargs = 0;
	c->used_us += clock_read_us(CLOCK_THREAD_CPUTIME_ID) - vm->slice_us;
	vm->call = NULL;
	return after_slice(c, status);
}

enum vm_result
vm_call_finish(struct vm_call *c)
{
	enum vm_result r;

	while ((r = vm_call_run(c)) == VM_AGAIN)
		;
	return r;
}

struct take {
	struct vm_call	*call;
	lua_CFunction	 fn;
	void		*arg;
};

static int
take(lua_State *L)
{
	const struct take *t = lua_touserdata(L, 1);
	lua_CFunction fn = t->fn;

	lua_settop(L, 0);
	luaL_checkstack(L, t->call->nresults + LUA_MINSTACK, NULL);
	lua_pushlightuserdata(L, t->arg);
	lua_xmove(t->call->co, L, t->call->nresults);
	return fn(L);
}

bool
vm_call_take(struct vm_call *c, lua_CFunction fn, void *arg)
{
	struct take t = { c, fn, arg };

	return vm_protect(c->vm, take, &t);
}

void
vm_call_end(struct vm_call *c)
{
	if (c->co != NULL)
		luaL_unref(c->vm->L, LUA_REGISTRYINDEX, c->ref);
	c->co = NULL;
}

struct vm_call *
vm_call_of(lua_State *L)
{
	return vm_of(L)->call;
}

int
vm_call_wait(lua_State *L, lua_KFunction k)
{
	struct vm_call *c = vm_call_of(L);

	if (c == NULL || c->co != L || !lua_isyieldable(L))
		return luaL_error(L, "cannot wait here");
	c->is_waiting = true;
	return lua_yieldk(L, 0, 0, k);
}

static int
wake(lua_State *L)
{
	const struct begin *b = lua_touserdata(L, 1);

	b->call->nargs = move_pushed(L, b);
	return 0;
}

bool
vm_call_wake(struct vm_call *c, lua_CFunction push, void *arg)
{
	struct begin b = { c, push, arg };

	c->is_waiting = false;
	return vm_protect(c->vm, wake, &b);
}

/* ---- the environment of scripts ---- */

void
vm_push_env(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &env_key);
}

void
vm_push_globals(lua_State *L)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

void
vm_seal(struct vm *vm)
{
	vm->is_sealed = true;
}

static int
set_global(lua_State *L)
{
	if (vm_of(L)->is_sealed)
		return luaL_error(L, "globals are set while a script is loaded only: '%s'",
		    luaL_tolstring(L, 2, NULL));
	vm_push_globals(L);
	lua_insert(L, 2);
	lua_rawset(L, 2);
	return 0;
}

/* Globals that cannot be written to, but by set_global until the seal. */
static void
open_env(lua_State *L)
{
	vm_push_globals(L);
	vm_readonly(L);
	lua_getmetatable(L, -1);
	lua_pushcfunction(L, set_global);
	lua_setfield(L, -2, "__newindex");
	lua_pop(L, 1);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &env_key);
	vm_push_globals(L);
	lua_insert(L, -2);
	lua_setfield(L, -2, "_G");
	lua_pop(L, 1);
}

static int
open_libraries(lua_State *L)
{
	vm_push_globals(L);
	vm_open_base(L);
	vm_open_string(L);
	vm_open_table(L);
	open_env(L);
	return 0;
}

struct vm *
vm_new(void)
{
	struct vm *vm = xcalloc(1, sizeof *vm);

	vm->L = lua_newstate(on_alloc, vm);
	if (vm->L == NULL)
		goto fail;
	memcpy(lua_getextraspace(vm->L), &vm, sizeof vm);
	lua_atpanic(vm->L, on_panic);
	if (vm_protect(vm, open_libraries, NULL))
		return vm;
	log_warnx("lua: %s", vm->error);
fail:
	vm_free(vm);
	return NULL;
}

void
vm_free(struct vm *vm)
{
	if (vm == NULL)
		return;
	if (vm->L != NULL)
		lua_close(vm->L);
	free(vm);
}

void
vm_set_now(struct vm *vm, uint64_t wall_us)
{
	vm->now_us = wall_us;
}

uint64_t
vm_now_us(const struct vm *vm)
{
	return vm->now_us;
}

void
vm_set_print(struct vm *vm, vm_print_fn *fn, void *arg)
{
	vm->print = fn;
	vm->print_arg = arg;
}

void
vm_print(lua_State *L, const char *text, size_t len)
{
	struct vm *vm = vm_of(L);

	if (vm->print != NULL)
		vm->print(vm->print_arg, text, len);
	else
		log_info("lua: %.*s", (int)(len < 1024 ? len : 1024), text);
}
