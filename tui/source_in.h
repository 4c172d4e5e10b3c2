/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files source*.c share. */
#ifndef WEIR_TUI_SOURCE_IN_H
#define WEIR_TUI_SOURCE_IN_H

#include <event2/event.h>

#include "tui/link.h"
#include "tui/record.h"
#include "tui/rows.h"
#include "tui/source.h"

#define STREAMS_MAX	4

/* Something a screen wants, and when it is due again. */
struct wanted {
	struct want w;
	int64_t	 next_ms;		/* 0: at once; INT64_MAX: had once */
	unsigned serial;		/* answers to what is not wanted any more find no one */
	bool	 is_asked;
};

struct stream {
	struct source *source;
	struct link *link;
	char	 command[WANT_COMMAND];	/* as wanted; "": a free place */
	char	 sent[WANT_COMMAND + 24];		/* as sent: since the last event */
	int64_t	 opened_ms, retry_ms;
	unsigned tries;
};

struct source {
	struct event_base *base;
	struct host *host;
	source_changed_fn *changed;
	void	*arg;
	struct record *record;		/* borrowed */
	unsigned record_files;

	struct link *poll, *cmd;
	struct event *tick;
	double	 tick_s;		/* what the timer is set to */
	int64_t	 round_ms;		/* when the round under way began; 0: none is */
	int64_t	 retry_ms;		/* of the poll connection; 0: it is open */
	unsigned tries, polls, rounds;
	unsigned garbled;		/* in a row */
	bool	 had_histories;
	struct wanted wanted[WANTS_MAX];
	unsigned nwanted, serial;
	struct stream streams[STREAMS_MAX];
	char	 where[256];
};

int64_t	source_now_ms(void);
void	source_changed(struct source *s);
/* Into the model and the recording; false: it was not understood. */
bool	source_feed(struct source *s, const char *command, const char *text, size_t len,
	    int64_t ms);

/* source_want.c */
void	wants_run(struct source *s, int64_t now_ms);
void	wants_forget(struct source *s);		/* asked again after a reconnect */
void	streams_default(struct source *s);	/* those that no screen has to want */
void	streams_run(struct source *s, int64_t now_ms);
void	streams_close(struct source *s);

#endif
