/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What changes an appliance: the exact commands, how much must be confirmed, what
 * they would do, and how to take them back. Pure: a plan is made from the model,
 * and made again when the command is sent.
 */
#ifndef WEIR_TUI_ACTION_H
#define WEIR_TUI_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/keys.h"

struct host;
struct model;
struct ui;

enum action_kind {
	DO_NOTHING, DO_DRAIN, DO_MAINT, DO_READY, DO_WEIGHT, DO_KILL, DO_ADDR,
	DO_ACK, DO_UNACK, DO_SILENCE, DO_SET_STATE, DO_ALARM_ENABLE, DO_ALARM_DISABLE,
	DO_DESIRED, DO_SUSPEND, DO_RESUME, DO_TERMINATE, DO_DETACH, DO_SCALING_PAUSE,
	DO_SCALING_RESUME, DO_POLICY_EXECUTE,
	DO_LUA_LOAD, DO_LUA_ROLL_BACK, DO_LUA_ENABLE, DO_LUA_DISABLE, DO_RELOAD, DO_RAW,
	DO_ALLOW			/* no more read-only */
};

/* How much is asked before it is done. */
enum action_level { ASK_NOTHING, ASK_SOFT, ASK_HARD, ASK_DANGEROUS };

struct target {
	struct host *host;
	char	 px[128], sv[128];	/* or the object's name in px */
};

/* One command: owned strings. */
struct order {
	struct host *host;
	char	*command, *inverse;	/* inverse NULL: none */
	char	*before, *after;	/* for a list of what changes; may be NULL */
	char	*then_command;		/* sent when the server has no session left */
	unsigned target;		/* of the plan's, by number */
};
struct orders { struct order *at; unsigned n, cap; };
void	orders_add(struct orders *o, struct host *h, const char *command, const char *inverse);
void	orders_clear(struct orders *o);
void	orders_drop_first(struct orders *o);

struct plan {
	enum action_kind kind;
	char	 argument[512];		/* weight, size, state, reason */
	char	*payload;		/* owned; Lua text; NULL: none */
	struct target *targets;		/* owned */
	unsigned ntargets;
	/* made by plan_make */
	enum action_level level;
	struct orders orders;
	char	 effect[400];		/* what it would do, in words */
	char	 word[256];		/* ASK_DANGEROUS: what must be typed */
	char	 refused[200];		/* why it cannot be done at all; "" = it can */
	bool	 offers_maint;		/* drain: "then maint when 0 sessions" */
	bool	 then_maint;
	bool	 stops_at_failure;	/* of several orders the rest is not sent */
	bool	 is_shown;		/* drawn: keys typed before confirm nothing */
	unsigned undoes;		/* the number of a command that this takes back */
};

void	plan_init(struct plan *p, enum action_kind kind, const char *argument);
void	plan_target(struct plan *p, struct host *h, const char *px, const char *sv);
/* Commands, level, effect from the model as it is now. May be called again. */
void	plan_make(const struct model *m, struct plan *p);
void	plan_fini(struct plan *p);
/* The plan's orders to ui->orders; with then_maint also what follows them. */
void	plan_send(struct model *m, struct plan *p);

/* A command that waits for a server to be empty. */
struct followup {
	struct host *host;
	char	 px[128], sv[128];
	char	*command, *inverse;	/* owned */
	int64_t	 since_ms;
	int	 sessions;		/* at the last look; -1: not looked yet */
};
/* Those whose server is empty go to ui->orders; those that were overtaken end. */
void	followups_check(struct model *m);
void	followups_clear(struct ui *ui);
const char *action_name(enum action_kind k);
/* On some appliance at least: by read-only, the socket's level, what it is. What is not
 * possible has no place in help, key bar and palette. DO_NOTHING: always. */
bool	action_is_possible(const struct model *m, enum action_kind k);
/* What an act of the key table does to the appliance; DO_NOTHING: it only looks. */
enum action_kind action_of_act(enum act a);

/* `command`, `<<END`, the text, an END that is no line of the text; owned. */
char	*payload_command(const char *command, const char *text);

/* The user's own command from the palette or console: its level, by its words. Of several
 * with ; between the highest. */
enum action_level command_level(const char *command);

#endif
