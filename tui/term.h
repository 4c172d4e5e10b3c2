/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal: the only user of ncurses. Cells go out, keys come in; signals of
 * the terminal (resize, suspend, hang-up) are libevent events.
 */
#ifndef WEIR_TUI_TERM_H
#define WEIR_TUI_TERM_H

#include "tui/keys.h"
#include "tui/theme.h"

struct event_base;
struct term;

struct term_options {
	int	 color;			/* -1 auto, or enum depth */
	bool	 wants_mouse;
	bool	 keeps_last;		/* --preserve */
};

/* None of these may close the terminal. */
struct term_calls {
	void	(*on_key)(void *arg, const struct key *k);
	/* Also after continue: all is painted anew. */
	void	(*on_resize)(void *arg, int w, int h);
	void	(*on_end)(void *arg, int status);	/* hang-up, TERM, the tty is gone */
	void	(*on_light)(void *arg, bool is_light);	/* the terminal told its background */
};

/* NULL: ret_error says why no terminal can be had. */
struct term *term_open(struct event_base *base, const struct term_options *o,
	    const struct term_calls *calls, void *arg, const char **ret_error);
void	term_close(struct term *t);
void	term_size(const struct term *t, int *ret_w, int *ret_h);
enum depth term_depth(const struct term *t);
/* Only cells that differ from the last picture are told to ncurses. While the terminal
 * takes no more (a stalled line) pictures are left out; on_resize follows when it does. */
void	term_draw(struct term *t, const struct grid *g, const struct theme *theme);
bool	term_is_behind(const struct term *t);
/* What ncurses believes to be on the screen: `columns rows`, then a line a cell: its
 * character, 1 bold + 2 underlined + 4 reversed, the colours (-1: its own). */
struct outbuf;
void	term_print(const struct term *t, struct outbuf *b);
void	term_repaint(struct term *t);
void	term_suspend(struct term *t);			/* as ^Z does everywhere */
/* The screen is given away (an editor) and taken back. */
void	term_leave(struct term *t);
void	term_enter(struct term *t);
void	term_mouse(struct term *t, bool on);
void	term_copy(struct term *t, const char *text);	/* OSC 52 */

#endif
