/* SPDX-License-Identifier: BSD-2-Clause */
/* What overlays share: their frame, a line of input in it, a list that scrolls. */
#ifndef WEIR_TUI_OVERLAY_IN_H
#define WEIR_TUI_OVERLAY_IN_H

#include "tui/overlay.h"

/* Opens one: from its first row, with an empty line of input. */
void	overlay_open(struct model *m, enum overlay o);
/* An empty frame of at most w x h in the middle of a; what is inside, with a margin. */
struct area overlay_frame(struct area a, int w, int h, const char *title, const char *right);
/* A row of a list that can be clicked. */
void	overlay_hit(struct hits *hits, struct area list, int y, unsigned row);
/* Moves *row of n by a key of movement, `page` rows a page; false: it was none. */
bool	overlay_move(unsigned *row, unsigned n, unsigned page, const struct key *k);
/* j and k are the arrows, where no text is typed. */
struct key overlay_arrows(const struct key *k);
/* *top so that row is in view. */
void	overlay_scroll(unsigned *top, unsigned row, unsigned n, unsigned page);
void	input_draw(struct model *, struct area, struct hits *);
bool	input_key(struct model *, const struct key *);
void	cmdlog_draw(struct model *, struct area, struct hits *);
bool	cmdlog_key(struct model *, const struct key *);
void	settings_draw(struct model *, struct area, struct hits *);
bool	settings_key(struct model *, const struct key *);
void	text_draw(struct model *, struct area, struct hits *);
bool	text_key(struct model *, const struct key *);

/* palette_run.c: a line of the palette is done. False: it is none of its verbs. */
bool	palette_run(struct model *m, const char *line);
/* The user's own command to the appliances in view. */
void	palette_send(struct model *m, const char *command);
/* The verbs, for the list: NULL at the end. */
struct verb {
	const char *name, *arguments, *help;
	enum action_kind kind;			/* DO_NOTHING: it only looks */
	bool	(*run)(struct model *m, const struct verb *v, char *rest);
};
const struct verb *palette_verbs(void);

/* palette_list.c: what fits the line of input, best first. */
enum entry_kind { E_LINE, E_BEGIN, E_ACT, E_SEND };
struct entry {
	char	 line[200];
	char	 help[100];
	enum entry_kind kind;
	int	 act, score;
	unsigned order;
};
struct entries { struct entry *at; unsigned n; const char *typed; };
const struct entries *palette_entries(const struct model *m);
/* The verb that the line begins with, when a blank follows; NULL: none. */
const struct verb *palette_verb_of(const struct model *m, const char *typed);
/* It begins with a word of the stats socket. */
bool	palette_is_command(const char *typed);

#endif
