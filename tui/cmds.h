/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of commands that were sent, newest last; the newest 500 are kept.
 */
#ifndef WEIR_TUI_CMDS_H
#define WEIR_TUI_CMDS_H

#include "tui/action.h"
#include "tui/model.h"

/* Its number: what cmds_done is told. undoes: the number of one that this takes back, or 0. */
unsigned cmds_add(struct model *m, const struct order *o, unsigned undoes);
/* ok: an answer came; whether it says success is read from its text. */
void	cmds_done(struct model *m, unsigned number, bool ok, const char *text, size_t len,
	    int64_t now_ms);
struct cmd *cmds_find(struct model *m, unsigned number);
/* It has an inverse, succeeded, and was not taken back yet. */
bool	cmd_can_undo(const struct cmd *c);
/* The plan of its inverse, to be confirmed like any other command. */
void	cmd_undo_plan(const struct cmd *c, struct plan *ret_p);
unsigned cmds_waiting(const struct model *m);		/* not answered yet */
void	cmds_fini(struct model *m);

#endif
