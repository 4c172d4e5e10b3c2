/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules: `http-request ACTION ... [if|unless COND]` and its siblings. An action
 * is a row; a rule is a row's action with its parsed arguments and condition; a
 * rule set runs in order until an action ends it. What a verdict means for the
 * transaction (answer, close, hold, wait) is the driver's business.
 */
#ifndef WEIR_PROXY_RULES_H
#define WEIR_PROXY_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/sample.h"

struct acl_cond;
struct cfg;
struct proxy;
struct rule;

enum rule_verdict {
	RULE_NEXT,	/* the end was reached: go on */
	RULE_STOP,	/* allow, accept: this set is over, go on */
	RULE_REPLY,	/* return, redirect: t->reply is set */
	RULE_DENY,	/* deny: t->reply is set (403, in responses 502) */
	RULE_REJECT,	/* close without bytes */
	RULE_DROP,	/* silent-drop: close without telling the client */
	RULE_TARPIT,	/* hold for timeout tarpit, then t->reply (500) */
	RULE_WAIT,	/* content rules: call again with more data or is_final */
	RULE_SERVICE,	/* use-service: t->service is set */
	RULE_ERROR	/* an action failed under strict-mode: 500 (502 in responses) */
};

struct action_row {
	const char	*name;		/* ends in `(`: takes `name(arg)`, as set-var */
	uint32_t	 in;		/* 1 << enum ruleset_kind */
	/* Parses from args[0], the word behind the action's; takes *ret_used of
	 * them; sets rule->arg. 0 or -1 after a diag_error. NULL: refused. */
	int		(*parse)(struct cfg *c, struct rule *r, char **args, int nargs,
			    int *ret_used);
	enum rule_verdict (*run)(const struct rule *r, struct sample_ctx *x);
	intptr_t	 priv;
	const char	*syntax, *help;	/* help: the reason when refused */
};

struct rule {
	struct rule	*next;
	const struct action_row *row;
	struct acl_cond	*cond;		/* NULL = always */
	struct proxy	*px;
	void		*arg;		/* of the action; arena */
	const char	*word;		/* the action's word as written: set-var(txn.a) */
	const char	*file;
	int		 line;
	uint8_t		 kind;		/* enum ruleset_kind */
	uint32_t	 use;		/* USE_* that expressions here may need */
};

struct ruleset {
	struct rule	*first, **last;
	const struct ruleset *inherited;	/* of a named defaults section: runs before */
};

/* data thread. x by sample_ctx_init; NULL sets are the caller's to skip:
 *	if (px->rules[k] != NULL) v = ruleset_run(px->rules[k], &x);
 * Content rules set x.data and x.is_final. */
enum rule_verdict ruleset_run(const struct ruleset *rs, struct sample_ctx *x);
const char *rule_verdict_name(enum rule_verdict v);

/* use_backend / use-server, in order: the first whose condition holds and whose
 * name exists, else NULL. data thread */
struct proxy *rules_pick_backend(struct sample_ctx *x, struct proxy *fe);
struct server *rules_pick_server(struct sample_ctx *x, struct proxy *be);
/* `capture request|response header`: copy them to t->captures. data thread */
void	rules_capture(struct txn *t, enum sample_dir dir);

#define RULE_CHANGE_FAILED(r, x) rule_change_failed((r), (x))
/* A change of a message failed: counts wrew; ERROR under strict-mode, else NEXT. */
enum rule_verdict rule_change_failed(const struct rule *r, struct sample_ctx *x);

#endif
