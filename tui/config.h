/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user's files: $XDG_CONFIG_HOME/weirtop/weirtop.conf, read before the command
 * line, and what weirtop keeps itself in $XDG_STATE_HOME/weirtop.
 */
#ifndef WEIR_TUI_CONFIG_H
#define WEIR_TUI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct options;

/*
 * Lines `name = value`; # begins a comment. name: a long option that is allowed
 * there, `key SCREEN ACT` (value: keys, or none), `filter NAME` (value: EXPR).
 * What is wrong ends the program with status 2, and says in which line.
 */
void	config_read(struct options *o);

/* A file of weirtop's own; makes: the folders too. False: errno. */
bool	config_state_path(char *buf, size_t size, const char *name, bool makes);
/* Filters by the name behind @, from one run to the next. */
void	config_read_filters(void);
bool	config_write_filters(void);

#endif
