/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the terminal share (term.c, term_paint.c, term_keys.c), the
 * only ones that include ncurses.
 */
#ifndef WEIR_TUI_TERM_IN_H
#define WEIR_TUI_TERM_IN_H

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <stdio.h>
#include <termios.h>

#include "tui/term.h"

struct event;

enum { TERM_SIGNALS = 6 };

/* How the answer to the question for the background is being read. */
enum osc_state { OSC_NONE, OSC_TEXT, OSC_ESC };

struct pair { int32_t fg, bg; int number; };	/* number 0: the slot is free */
#define PAIR_SLOTS	4096			/* a power of two */

struct term {
	struct term_options options;
	struct term_calls calls;
	void	*arg;
	SCREEN	*curses;
	FILE	*in;
	int	 out_fd;
	bool	 has_keys;		/* there is a tty to read from */
	bool	 is_plain;		/* a console or serial line: nothing of xterm's is sent */
	bool	 is_utf8;
	bool	 is_left;		/* suspended, or an editor has the screen */
	bool	 skips_cont;		/* the next SIGCONT ends a stop of our own */
	bool	 has_ended;
	struct event *on_input, *on_signal[TERM_SIGNALS], *on_ground;
	struct event *on_output;	/* a picture was left out: the line was full */
	bool	 is_behind;

	/* term_paint.c */
	enum depth depth;
	int	 default_fg, default_bg;	/* -1: the terminal has its own */
	struct pair *pairs;
	int	 npairs, max_pairs;
	struct grid shown;		/* what ncurses was told */
	const struct theme *theme;	/* of what is shown; NULL: all must be told */

	/* term_keys.c */
	enum osc_state osc;
	char	 osc_text[64];
	size_t	 osc_len;
	bool	 is_pasting;
	int64_t	 key_ms;		/* when the last key came */
	int64_t	 click_ms;
	int	 click_x, click_y;
};

/* Depth of colour as options, environment and terminfo have it; makes t->curses.
 * False: no terminal; *ret_error says why. */
bool	term_paint_open(struct term *t, const char **ret_error);
void	term_paint_init(struct term *t);		/* behind it: colours */
void	term_paint_fini(struct term *t);

void	term_keys_init(struct term *t);
void	term_read_keys(struct term *t);		/* all that there are */
void	term_on_input(int fd, short what, void *arg);
void	term_mouse_mask(bool on);
/* The environment's word on the background: 1 light, 0 dark, -1 none. */
int	term_ground_of_env(void);

/* Bytes that ncurses knows nothing of. */
void	term_say(const struct term *t, const char *z);
void	term_end(struct term *t, int status);

#endif
