/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Lua state for scripts that are not trusted to be right: it has its own
 * memory with an end, and calls into it are cut into slices and stopped when they
 * take too long, whatever they do.
 *
 * - A call (struct vm_call) is a coroutine. Each VM_STEPS instructions a hook looks
 *   at the clock: a slice that is over yields to whoever runs the call; a call
 *   that has used all its time fails, and goes on failing at each instruction until
 *   it has unwound, so that no pcall keeps it alive. Where Lua cannot yield (inside
 *   a comparison of sort, a replacement of gsub) the slice goes on, VM_STRETCH_US
 *   at most.
 * - The clock is the thread's own time, so a busy machine fails nobody.
 * - Library functions whose cost is not bounded by their instructions are others:
 *   vm_string.c, vm_table.c. They charge what they cost, which brings the hook.
 * - Nothing is allocated outside of a protected call.
 *
 * A state is used by one thread at a time; which one does not matter.
 */
#ifndef WEIR_SCRIPT_VM_H
#define WEIR_SCRIPT_VM_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VM_STEPS	1000		/* instructions between two looks at the clock */
#define VM_SLICE_US	1000u
#define VM_CALL_US	100000u
#define VM_STRETCH_US	10000u
#define VM_MEMORY	(8u << 20)	/* of a state */
#define VM_BLOCK	(256u << 10)	/* of a string or the array of a table */
#define VM_ERROR_MAX	512u

struct vm;

/* In a state's thread. NULL: no memory. */
struct vm *vm_new(void);
void	 vm_free(struct vm *vm);	/* NULL is fine */
size_t	 vm_memory(const struct vm *vm);	/* bytes in use */
void	 vm_collect(struct vm *vm);	/* garbage; milliseconds at most */

/* fn(L) with arg as its only argument, a light userdata, under protection: false
 * with vm_error() set. Values do not outlive it but by reference (luaL_ref). */
bool	 vm_protect(struct vm *vm, lua_CFunction fn, void *arg);
const char *vm_error(const struct vm *vm);	/* `FILE:LINE: text` */

/* Globals of the scripts, in place of the real table. After vm_seal() they cannot
 * be set any more. Under protection; pushes it. */
void	 vm_push_env(lua_State *L);
/* The real table behind it. Under protection; pushes it. */
void	 vm_push_globals(lua_State *L);
void	 vm_seal(struct vm *vm);

struct vm *vm_of(lua_State *L);
/* What os.time() and p.now say, and where print() goes; of the whole state. */
void	 vm_set_now(struct vm *vm, uint64_t wall_us);
uint64_t vm_now_us(const struct vm *vm);
typedef void vm_print_fn(void *arg, const char *text, size_t len);
void	 vm_set_print(struct vm *vm, vm_print_fn *fn, void *arg);	/* NULL: the log */

/* ---- calls ---- */

enum vm_result {
	VM_DONE,	/* its results wait: vm_call_take */
	VM_AGAIN,	/* a slice is over: run it again, soon */
	VM_WAITS,	/* for vm_call_wake */
	VM_FAILED	/* why: vm_error() */
};

struct vm_call {
	struct vm	*vm;		/* borrowed */
	lua_State	*co;		/* NULL: none under way */
	int		 ref;		/* of it */
	int		 nargs;		/* of the next resume */
	int		 nresults;
	bool		 is_waiting;
	uint64_t	 used_us;	/* so far */
	uint64_t	 limit_us, slice_us;	/* 0: VM_CALL_US, VM_SLICE_US */
	void		*arg;		/* the caller's, for functions called within */
};

/* push(L) pushes the function and its arguments; it gets `arg` as vm_protect's fn
 * does, and returns how many it pushed. False: vm_error(). */
bool	 vm_call_begin(struct vm_call *c, struct vm *vm, lua_CFunction push, void *arg);
enum vm_result vm_call_run(struct vm_call *c);		/* one slice */
enum vm_result vm_call_finish(struct vm_call *c);	/* all of it; not one that waits */
/* The results: fn gets them behind `arg`. False: vm_error(). */
bool	 vm_call_take(struct vm_call *c, lua_CFunction fn, void *arg);
void	 vm_call_end(struct vm_call *c);	/* always, also when it failed */
/* Of a C function under a call: `return vm_call_wait(L, k);` stops it until
 * vm_call_wake; k then finds what push pushed on the stack. */
struct vm_call *vm_call_of(lua_State *L);
int	 vm_call_wait(lua_State *L, lua_KFunction k);
bool	 vm_call_wake(struct vm_call *c, lua_CFunction push, void *arg);

/* ---- for functions of libraries ---- */

/* They cost as much as so many instructions. Raises when the time is over. */
void	 vm_charge(lua_State *L, uint64_t steps);
/* Raises again what pcall must not keep. */
void	 vm_check_over(lua_State *L);
bool	 vm_is_over(lua_State *L);
/* The table on top of the stack gives way to one that cannot be written to. */
void	 vm_readonly(lua_State *L);
bool	 vm_is_readonly(lua_State *L, int idx);
/* The table behind one: pushed. */
void	 vm_push_behind(lua_State *L, int idx);
/* Raises unless `idx` is a table whose length and elements cost nothing to ask for. */
void	 vm_check_plain(lua_State *L, int idx);

/* ---- in this room ---- */
struct vm_coroutine;
void	 vm_open_base(lua_State *L);	/* vm_base.c; globals at the top of the stack */
void	 vm_open_string(lua_State *L);	/* vm_string.c */
void	 vm_open_table(lua_State *L);	/* vm_table.c */
/* Runs a coroutine of the script; as lua_resume. */
int	 vm_resume(lua_State *L, lua_State *co, int nargs, int *ret_n);
bool	 vm_take_forced(lua_State *L);	/* the last yield was a slice's end */
void	 vm_mark_forced(lua_State *L);
void	 vm_print(lua_State *L, const char *text, size_t len);

#endif
