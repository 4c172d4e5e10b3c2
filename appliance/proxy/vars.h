/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Variables: proc (process, under a lock), sess (client connection, heap, freed
 * with it), txn, req, res (memory of the transaction), check (of a check). Short
 * linked lists: a configuration has few names.
 */
#ifndef WEIR_PROXY_VARS_H
#define WEIR_PROXY_VARS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "proxy/sample.h"

struct cfg;
struct session;
struct snapshot;

enum var_scope { VAR_PROC, VAR_SESS, VAR_TXN, VAR_REQ, VAR_RES, VAR_CHECK };

struct var_name {
	struct str	 name;		/* without the scope */
	uint32_t	 hash;
	uint8_t		 scope;		/* enum var_scope */
};

struct var {
	struct var	*next;
	uint32_t	 hash;
	uint32_t	 cap;		/* room behind `data` for strings */
	bool		 is_set;
	struct str	 name;		/* own copy: a variable may outlive its snapshot */
	struct sample	 value;
	char		*data;
};

/* `txn.name`: NULL after a diag_error. control thread or a job thread */
const struct var_name *var_name_parse(struct cfg *c, const char *text);
/* The scope `check` is known while rules of checks are parsed; returns what was set
 * before. */
bool	vars_in_check(bool is_on);

/* data thread */
bool	var_get(struct sample_ctx *x, const struct var_name *n, struct sample *ret);
bool	var_set(struct sample_ctx *x, const struct var_name *n, const struct sample *v);
/* An argument that is an integer or the name of a variable that holds one. */
bool	var_or_int(struct sample_ctx *x, const struct arg *a, int64_t *ret);
bool	var_unset(struct sample_ctx *x, const struct var_name *n);
void	vars_free_session(struct session *s);	/* session_close calls it */
/* A list of scope sess or check. the owner's thread */
void	vars_free(struct var **list);

/* any thread: proc scope, for `get var` and start-up */
bool	var_proc_get(struct str name, struct sample *ret);	/* copied to eval scratch */
bool	var_proc_set(struct str name, const struct sample *v);
/* control thread, before s is published: what its global section sets anew */
void	vars_publish(const struct snapshot *s);

#endif
