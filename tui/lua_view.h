/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the Lua screen share. */
#ifndef WEIR_TUI_LUA_VIEW_H
#define WEIR_TUI_LUA_VIEW_H

#include "tui/diff.h"
#include "tui/objects.h"
#include "tui/trial.h"

enum lua_page { LUA_SOURCE, LUA_DIFF, LUA_VERSIONS, LUA_ERRORS, LUA_PAGES };

#define CONSOLE_LINES	64

struct lua_state {
	struct objects list;
	enum lua_page page;
	unsigned top;			/* first line of the source shown */
	char	 script[256];		/* whose draft it is */
	struct host *host;
	char	*draft;			/* owned; NULL: none */
	unsigned based_on;		/* version that the draft was begun from */
	struct diff diff;		/* of diff_old and draft */
	char	*diff_old;		/* owned */

	bool	 has_console, has_trial;
	struct edit line;
	char	*past[CONSOLE_LINES];	/* owned; what was said, newest last */
	unsigned npast;
	bool	 is_waiting;		/* for the answer to the console's last line */
	struct trial trial;
};

struct lua_state *lua_state(const struct model *m);
/* The chosen row: a function, or a script; NULL: the list is empty. */
const struct object *lua_chosen(struct model *m);
const char *lua_script_of(const struct object *o);
unsigned lua_version(const struct object *o);
/* Text in service, as a new string; NULL: not known yet. */
char	*lua_source(const struct object *o);
/* The draft, if it is that script's; NULL: none. */
const char *lua_draft(const struct lua_state *s, const struct object *o);

/* lua_draft.c: keys that change the draft or ask the appliance. */
bool	lua_draft_act(struct model *m, enum act act, const struct object *o);
void	lua_edited(struct model *m);
/* A draft that is in service by now is none any more. */
void	lua_notice_applied(struct model *m, const struct object *o);
void	lua_refresh_diff(struct lua_state *s, const char *source);

/* lua_console.c */
void	console_draw(struct model *m, struct area a);
bool	console_key(struct model *m, const struct key *k);
void	lua_trial_draw(struct model *m, const struct object *o, struct area a);
unsigned lua_trial_window(const struct model *m);

#endif
