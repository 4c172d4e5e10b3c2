/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of actions share: action.c, action_server.c, action_object.c, command.c. */
#ifndef WEIR_TUI_ACTION_IN_H
#define WEIR_TUI_ACTION_IN_H

#include "tui/action.h"
#include "tui/ui.h"

/* One target of a plan while its command is made. */
struct making {
	const struct model *m;
	struct plan *p;
	const struct target *t;
};

/* Adds an order to the plan, or says in p->refused why not. */
typedef void make_fn(const struct making *mk);

struct kind_row {
	enum action_kind kind;
	const char *name;
	enum action_level level;
	enum level needs;		/* of the connection */
	bool	 weir_only;
	make_fn	*make;
	/* Level and effect; NULL: they are as the row says. */
	void	(*judge)(const struct model *m, struct plan *p);
};

void	make_state(const struct making *mk);
void	make_weight(const struct making *mk);
void	make_kill(const struct making *mk);
void	make_addr(const struct making *mk);
void	judge_servers(const struct model *m, struct plan *p);
void	judge_kill(const struct model *m, struct plan *p);

void	make_alarm(const struct making *mk);
void	make_desired(const struct making *mk);
void	make_processes(const struct making *mk);
void	make_instance(const struct making *mk);
void	make_scaling(const struct making *mk);
void	make_policy(const struct making *mk);
void	make_lua(const struct making *mk);
void	make_reload(const struct making *mk);
void	judge_alarm(const struct model *m, struct plan *p);
void	judge_desired(const struct model *m, struct plan *p);
void	judge_processes(const struct model *m, struct plan *p);
void	judge_instance(const struct model *m, struct plan *p);
void	judge_lua(const struct model *m, struct plan *p);

void	make_raw(const struct making *mk);
void	judge_raw(const struct model *m, struct plan *p);

/* p->refused, the first reason counts. */
void	plan_refuse(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The plan is dangerous: what must be typed. */
void	plan_endanger(struct plan *p, const char *word);
/* Adds to p->effect, after a semicolon when there is something. */
void	plan_effect(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* An order of the making's host; before and after may be NULL. Takes inverse over. */
struct order *make_order(const struct making *mk, char *command, char *inverse);
void	order_change(struct order *o, const char *before, const char *after);

/* A name, or a text of several words, as one piece of a command: escaped, owned. False:
 * it cannot be sent (controls, empty); told in p->refused. */
bool	make_quoted(const struct making *mk, const char *text, bool one_word, char **ret);

#endif
