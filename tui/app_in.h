/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of app share. */
#ifndef WEIR_TUI_APP_IN_H
#define WEIR_TUI_APP_IN_H

#include <event2/event.h>

#include "tui/app.h"
#include "tui/record.h"
#include "tui/screen.h"
#include "tui/source.h"
#include "tui/term.h"

struct app {
	const struct options *o;
	struct event_base *base;
	struct model *m;
	struct source *sources[SOURCES_MAX];
	unsigned nsources;
	struct record *record;
	struct replay *replay;
	struct event *replay_timer;
	int64_t	 replay_late_ms;	/* the wall's clock minus the recording's, speed in it */

	struct term *term;
	struct grid grid;
	struct hits hits;
	struct event *draw_timer;	/* pictures that come soon after another are one */
	struct event *second_timer;	/* while something counts down */
	struct event *child_signal, *test_signal;
	bool	 is_quitting;		/* the user has asked once */
	unsigned waits_for;		/* the command whose answer the next order waits for */
	int	 editor;		/* its process; 0: none */
	char	 editor_dir[256], editor_path[512];
	int	 status;
};

int64_t	app_now_ms(void);
void	app_clock(struct app *a);		/* the picture's time is now */
void	app_dirty(struct app *a);		/* the picture changes */
void	app_draw(struct app *a);
void	app_want(struct app *a);		/* the sources learn what the screen wants */
void	app_wishes(struct app *a);		/* what keys asked for is done */
void	app_end(struct app *a, int status);
void	app_editor_ended(struct app *a);

/* For tests, with WEIRTOP_TEST_DUMP=FILE: SIGUSR1 writes there what ncurses believes to
 * be on the screen. */
void	app_test_start(struct app *a);

/* Replay that goes by time. */
void	app_replay_start(struct app *a);
bool	app_replay_at(struct app *a, const char *at);

/* The forms without a terminal: exit status. */
int	app_text(struct app *a);
int	app_dump(struct app *a);
int	app_record(struct app *a);
/* The picture as text into path, with colours into path.ansi; false: errno. */
bool	app_write_grid(struct app *a, const char *path);

#endif
