/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A question to a function of a script, and its answer. It runs in slices, the first
 * one at once; between them the loop turns. What the function is given and what it may
 * ask for (metrics, alarms, the group) is made by lua_api.c.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_SCRIPT_ASK_H
#define WEIR_SCRIPT_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "ctl/alarm_eval.h"
#include "event/loop.h"
#include "script/script.h"

struct script_http;		/* lua_http.c */
struct script_live;
struct script_param;
struct trial_view;

enum script_act { SCRIPT_NOTHING, SCRIPT_HOLD, SCRIPT_SET, SCRIPT_ADD, SCRIPT_PERCENT };

#define SCRIPT_REASON	400u

struct script_decision {
	enum script_act	 act;
	int64_t		 n;
	uint32_t	 min_step;
	char		 reason[SCRIPT_REASON];
};

struct script_candidate;	/* of a termination */

struct script_ask {
	struct vm_call	 call;		/* first */
	struct list	 node;		/* of all that run */
	struct loop_task task;
	struct script	*script;	/* held */
	const struct script_fn *fn;	/* borrowed: of the script; NULL: a text (eval) */
	struct script_live *live;	/* borrowed; NULL: only tried, not counted */
	lua_CFunction	 push, take;	/* by the function's kind */
	/* what it is about */
	char		*group, *name;	/* owned; "" = none; name: the policy's, the alarm's */
	char		*cell;		/* owned: key of what it keeps; NULL = nothing */
	const char	*reason_prev;	/* borrowed, while it begins */
	const struct script_param *params;	/* the same */
	uint64_t	 now_us;
	bool		 is_simulated;
	void		*subject;	/* a termination's, a notifier's; borrowed */
	struct script_http *http;	/* owned: a notifier's requests; NULL = none yet */
	const struct trial_view *view;	/* borrowed; of a try; NULL: what is there */
	char		**kept;		/* borrowed; of a try: JSON of what it keeps; or NULL */
	/* the answer */
	bool		 ok;
	char		 error[VM_ERROR_MAX];
	struct script_decision decision;
	bool		 has_state;	/* of an alarm; its reason is the decision's */
	enum alarm_state state;
	char		*data;		/* owned: JSON, or NULL */
	void		(*done)(struct script_ask *a);
	void		*arg;
};

/* For a function in service, or one of a script that is tried (fn NULL: the caller sets
 * push and take). */
struct script_ask *script_ask_live(struct script_live *f, const char *group, const char *name);
struct script_ask *script_ask_new(struct script *s, const struct script_fn *fn,
	    const char *group, const char *name);
/* Ends in done, from here or later; then it is freed. */
void	 script_ask_start(struct script_ask *a);
/* In slices of the caller's own: false: script_ask_slice is to be called again, then
 * a->ok and the answer tell. The caller frees it. */
bool	 script_ask_slice(struct script_ask *a);
/* All of it now, limit_us at most; the caller frees it. Nothing that waits. */
void	 script_ask_now(struct script_ask *a, uint64_t limit_us);
void	 script_ask_free(struct script_ask *a);
/* What it waited for is there: it goes on, as of vm_call_wake. */
void	 script_ask_wake(struct script_ask *a, lua_CFunction push, void *arg);
void	 script_asks_stop(void);

/* The capacity that a decision asks for; desired where it asks for none. */
int64_t	 script_wanted(const struct script_decision *d, uint32_t desired);
/* "+1 text", "hold: text" */
void	 script_decision_text(const struct script_decision *d, char *buf, size_t size);

/* ---- lua_api.c ---- */
struct script_ask *ask_of(lua_State *L);
extern const lua_CFunction ask_push[SCRIPT_KINDS], ask_take[SCRIPT_KINDS];
/* `p` of a policy, at the top of the stack: for eval. */
void	 ask_push_policy(lua_State *L, struct script_ask *a);
/* The decision at idx, or NULL. */
const struct script_decision *ask_decision(lua_State *L, int idx);
void	 ask_push_group(lua_State *L, struct script_ask *a);	/* lua_group.c */
int	 ask_metric(lua_State *L);				/* lua_metric.c */
void	 ask_push_json(lua_State *L, const char *json);		/* lua_json.c */
/* A table of texts, numbers and booleans at idx: a JSON object (owned by the caller). */
char	*ask_json(lua_State *L, int idx, const char *what, size_t max);

/* Candidates of a termination, in and out. */
struct instance;
struct script_victims {
	const struct instance *const *all;
	unsigned	 n, want;
	unsigned	*order, norder;
};
/* Calls each policy and alarm of a script that something asks for once, without effect:
 * NULL, or the error of one (owned by the caller). lua_policy.c */
char	*script_try(struct script *s);
/* One of those calls, to be started by the caller; NULL: nothing asks for it. */
struct script_ask *script_try_of(struct script *s, const struct script_fn *f);
/* A group that a script's policies are for, or any; "" = there is none. */
const char *script_group_of(const struct script *s);
/* The key of what the first of these keeps, or NULL; owned by the caller. */
char	*script_cell_of(const struct script *s);
char	*script_cell(enum script_kind kind, const char *group, const char *name,
	    const char *function);

/* What a notifier is told. */
struct script_notice {
	const char	*kind, *id, *subject, *json;
	const char	*ca_file;	/* NULL: the system's */
};
void	 ask_http_free(struct script_ask *a);	/* lua_http.c */
void	 ask_push_instance(lua_State *L, const struct instance *i, uint64_t now_us);

#endif
