/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A script as it was loaded: a state of its own and the functions that it told of by
 * weir.policy, weir.alarm, weir.termination and weir.notifier. Scripts do not see each
 * other. A script is immutable once it is made (its Lua values are not); who uses it
 * holds it, so that one which was replaced stays until its calls have ended.
 *
 * What lives on over versions of a script is in unit.h.
 */
#ifndef WEIR_SCRIPT_SCRIPT_H
#define WEIR_SCRIPT_SCRIPT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "script/vm.h"

#define SCRIPT_BYTES_MAX	(128u << 10)
#define SCRIPT_FUNCTIONS_MAX	64u
#define SCRIPT_NAME_MAX		128u
#define SCRIPT_EVERY_US		60000000ull

enum script_kind { SCRIPT_POLICY, SCRIPT_ALARM, SCRIPT_TERMINATION, SCRIPT_NOTIFIER, SCRIPT_KINDS };

struct script_fn {
	enum script_kind kind;
	char		*name;		/* owned */
	int		 ref;		/* of the function */
	int		 params;	/* of a table of defaults; LUA_NOREF = none */
	char		*group;		/* owned; NULL = said by the configuration */
	uint64_t	 every_us;	/* of an alarm 0: at each of its turns */
	uint64_t	 warmup_us;
};

struct script {
	struct vm	*vm;
	_Atomic unsigned refs;
	bool		 is_quiet;	/* it logs nothing */
	unsigned	 nfns;
	int		 validate;	/* LUA_NOREF = none */
	struct script_fn fns[SCRIPT_FUNCTIONS_MAX];
};

/* A text to be loaded. */
struct script_source {
	const char	*file;		/* for messages */
	const char	*text;
	size_t		 len;
	char		*const *args;	/* the script's `...` */
	int		 nargs;
	bool		 is_quiet;	/* for a try: it logs nothing */
};

/* any thread */
/* Loads, runs and validates it: NULL with *ret_error, `FILE:LINE: text` (owned by the
 * caller). Held once. */
struct script *script_new(const struct script_source *src, uint64_t now_us, char **ret_error);
void	 script_ref(struct script *s);
void	 script_unref(struct script *s);	/* NULL is fine */
const struct script_fn *script_find(const struct script *s, enum script_kind kind,
	    const char *name);
const char *script_kind_name(enum script_kind kind);	/* "policy" */

/* ---- in this room ---- */
void	 script_push_core(lua_State *L);	/* lua_http.c */
struct script *script_of(lua_State *L);
/* A duration: "10s", or a number of seconds. Raises. */
uint64_t script_duration_us(lua_State *L, int idx, const char *what);

#endif
