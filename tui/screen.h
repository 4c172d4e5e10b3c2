/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A screen: a name, a key, what it wants to know, how it is drawn and what its
 * keys do. One file a screen; screen.c has the list.
 */
#ifndef WEIR_TUI_SCREEN_H
#define WEIR_TUI_SCREEN_H

#include "tui/ui.h"
#include "tui/want.h"

/* Where things were drawn, for the mouse: told by draw, asked by clicks. */
enum hit_kind { HIT_TAB, HIT_LIST_ROW, HIT_LIST_HEADER, HIT_PANE, HIT_TIME, HIT_KEY };
struct hit {
	enum hit_kind kind;
	int	 x, y, w, h;
	int	 id;			/* list, screen, pane or act */
	unsigned row;			/* index of a row, or a column */
};
#define HITS_MAX	512
struct hits { struct hit at[HITS_MAX]; unsigned n; };
void	hits_add(struct hits *h, enum hit_kind kind, struct area a, int id, unsigned row);

struct screen {
	const char *name;		/* scope in keys.def; --screen */
	const char *title;		/* its tab; NULL: no tab (opened from another) */
	char	 tab;			/* its key: '1'; 0: none */
	unsigned panes;
	size_t	 state_size;		/* zeroed memory in ui->state; 0: none */
	void	(*state_fini)(void *state);
	void	(*wants)(const struct model *m, struct wants *w);
	/* Pure: what it may change are the list views' top and page, and hits. */
	void	(*draw)(struct model *m, struct area a, struct hits *hits);
	/* A key of this screen; false: not its own, the general ones follow. */
	bool	(*act)(struct model *m, enum act act, const struct key *k);
	/* A character that no key of the table has (a console, an input); may be NULL. */
	bool	(*key)(struct model *m, const struct key *k);
	/* What a user has made and would lose, by name; NULL: nothing. May be NULL. */
	const char *(*unsaved)(const struct model *m);
	/* CSV of what is shown, for export; NULL: the picture as text. */
	void	(*export)(const struct model *m, struct outbuf *b);
};

/* In order of their tabs; NULL at the end. */
extern const struct screen *const screens[];
const struct screen *screen_find(const char *name);
void	*screen_state(const struct model *m, const struct screen *s);
void	screen_open(struct model *m, const struct screen *s);	/* Esc leads back */

/* The whole picture: title, tabs, screen, message, key bar, overlay. */
void	screen_draw(struct model *m, struct grid *g, struct hits *hits);
/* What a key, a click, the palette asks for: the screen first, then what all share. */
void	screen_act(struct model *m, enum act act, const struct key *k);
/* A key, wherever it belongs. */
void	screen_key(struct model *m, const struct key *k, const struct hits *hits);

extern const struct screen screen_overview, screen_servers, screen_server, screen_latency,
    screen_alarms, screen_scaling, screen_lua, screen_requests;

#endif
