/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the user is looking at: screen, lists with cursor, sort and filter, time
 * window, overlays, and what is to be done outside the model. It is part of the
 * model, so that a picture depends on nothing else.
 */
#ifndef WEIR_TUI_UI_H
#define WEIR_TUI_UI_H

#include "tui/action.h"
#include "tui/filter.h"
#include "tui/keys.h"
#include "tui/model.h"
#include "tui/theme.h"

/* Lists that keep a cursor; a screen may show several. */
enum list_id {
	LIST_BACKENDS, LIST_SERVERS, LIST_TREE, LIST_ALARMS, LIST_GROUPS, LIST_INSTANCES,
	LIST_ACTIVITIES, LIST_POLICIES, LIST_LUA, LIST_REQUESTS, LIST_EVENTS, LIST_FIELDS,
	LIST_COUNT
};

/* The cursor is held by the row's key (host, proxy, server; or a name), so that it
 * stays on its row when the order changes. */
#define ROW_KEY_MAX	256
struct list_view {
	char	 key[ROW_KEY_MAX];	/* "": the row at index */
	unsigned index;			/* where the cursor was last: taken when its row is gone */
	unsigned top;			/* first row shown */
	unsigned page;			/* rows that fitted when last drawn */
	int	 sort;			/* column; -1: the list's own order */
	bool	 is_reversed;
	unsigned column_set;
	int	 column;		/* for left and right */
};

/* What an overlay shows on top of the screen; one at a time. */
enum overlay { OVERLAY_NONE, OVERLAY_HELP, OVERLAY_PALETTE, OVERLAY_CONFIRM, OVERLAY_INPUT,
	OVERLAY_CMDLOG, OVERLAY_SETTINGS, OVERLAY_TEXT };

/* One line of input, with cursor. */
struct edit {
	char	 text[512];
	unsigned len, at;		/* bytes */
};

/* What the loop shall do: filled by keys, emptied by app.c. */
enum {
	WISH_QUIT = 1, WISH_SUSPEND = 2, WISH_REPAINT = 4, WISH_COPY = 8, WISH_EXPORT = 16,
	WISH_RECORD = 32, WISH_EDITOR = 64, WISH_POLL = 128, WISH_MOUSE = 256,
	WISH_STEP = 512, WISH_STEP_BACK = 1024, WISH_SEND = 2048, WISH_SAVE = 4096,
	WISH_FILTERS = 8192		/* saved ones have changed */
};

/* Commands of a screen whose answer it shows: not logged, they change nothing. */
enum ask_id { ASK_CHECK, ASK_EVAL, ASK_TEST_NOW, ASK_TEST_DRAFT, ASKS };
enum ask_state { ASKED_NOT, ASKED, ASK_SENT, ASK_ANSWERED, ASK_LOST };
struct ask {
	enum ask_state state;
	struct host *host;
	char	*command;		/* owned; with its payload */
	struct answer answer;		/* ASK_ANSWERED */
	unsigned serial;		/* late answers to an older one are dropped */
};

struct screen;

struct ui {
	const struct screen *screen;
	const struct screen *back[8];	/* where Esc leads to */
	unsigned nback;
	void	*state[16];		/* owned; a screen's own, by its index */
	struct host *only;		/* the appliance shown; NULL: all */
	struct host *px_host;		/* the appliance of px; NULL: the first that has it */
	char	 px[128], sv[128];	/* backend and server in view */
	char	 group[256], alarm[256], instance[128], script[256];
	struct list_view lists[LIST_COUNT];
	unsigned pane;
	bool	 is_zoomed;

	char	 filter_text[256];	/* as typed */
	struct filter *filter;		/* owned; NULL: none, or it does not parse */
	char	 filter_error[128];
	bool	 is_filtering;		/* the filter's line is open */
	bool	 faults_only;

	bool	 is_paused;		/* the picture stands at `until_ms` */
	int64_t	 until_ms;		/* right edge of graphs; 0: now */
	int64_t	 cursor_ms;		/* time cursor; 0: none */
	unsigned window_s;		/* width of graphs */

	enum overlay overlay;
	struct edit edit;		/* filter, palette, input, confirmation */
	unsigned overlay_top, overlay_row;
	char	*text_title, *text;	/* owned; OVERLAY_TEXT */
	struct plan plan;		/* OVERLAY_CONFIRM */
	int	 input_what;		/* OVERLAY_INPUT: enum action_kind that waits for a value */

	unsigned wishes;
	struct orders orders;		/* commands to send */
	bool	 stops_at_failure;	/* of orders: the rest is not sent */
	struct followup *followups;	/* owned */
	unsigned nfollowups;
	unsigned order_undoes;		/* the number of a command that the orders take back */
	char	 copy[1024];
	char	*editor_text;		/* owned; for WISH_EDITOR, WISH_SAVE */
	char	 editor_name[128];	/* of the file */
	struct ask asks[ASKS];

	char	 message[200];		/* last line of the screen */
	int	 message_role;
	int64_t	 message_ms;

	const struct theme *theme;
	enum depth depth;
	const struct glyphs *glyphs;
	bool	 is_slow;		/* no sparklines */
	bool	 has_mouse;
	bool	 is_recording;
	bool	 is_quitting;		/* told what would be lost: q again means it */
	bool	 is_test;		/* frame number in the title */
	unsigned frame;
};

struct ui *ui_new(void);
void	ui_free(struct ui *ui);
/* Asks anew; an answer that is still to come is dropped. command is taken over. */
void	ui_ask(struct model *m, enum ask_id id, struct host *h, char *command);
void	ui_answered(struct model *m, enum ask_id id, unsigned serial, bool ok, const char *text,
	    size_t len);
void	ui_say(struct model *m, int role, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* A new text of the filter: in force at once when it parses. */
void	ui_filter(struct model *m, const char *text);

/* Is it one of the appliances in view? */
bool	ui_shows(const struct model *m, const struct host *h);

/* The right edge of graphs in seconds, whether the picture moves or not. */
int64_t	ui_until_s(const struct model *m);

void	edit_set(struct edit *e, const char *text);
/* With its cursor, scrolled so that the cursor is in view. */
void	edit_draw(struct area a, int x, int y, int w, const struct edit *e);
bool	edit_key(struct edit *e, const struct key *k);	/* false: not an editing key */
/* A line that is open takes all keys but those that mean the same everywhere (quit,
 * suspend, repaint): false for these. */
bool	edit_takes(struct edit *e, const struct key *k);
/* Can it stand in a command that is sent unasked? False: told why not. */
bool	edit_is_argument(struct model *m, const struct edit *e);

#endif
