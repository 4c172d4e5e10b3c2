/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a host's answers come from. A source feeds rows_feed() and never blocks:
 * sockets are non-blocking in the one event loop. Each keeps three connections:
 * polls, streams and what the user sends, so that a long command never holds
 * the picture up. A lost one comes back after 1, 2, 4 ... 30 s.
 */
#ifndef WEIR_TUI_SOURCE_H
#define WEIR_TUI_SOURCE_H

#include "tui/want.h"

struct event_base;
struct record;
struct source;

typedef void source_changed_fn(void *arg);		/* the picture has changed */
typedef void source_answer_fn(void *arg, bool ok, const char *text, size_t len);

/* where: a path of a socket, unix@PATH, tcp@HOST:PORT, HOST:PORT. */
struct source *source_socket_open(struct event_base *base, struct host *h, const char *where,
	    source_changed_fn *changed, void *arg);
void	source_close(struct source *s);
/* Polls that were answered whole so far. */
unsigned source_polls(const struct source *s);
/* Poll at once, and from now on every poll_s of the model. */
void	source_poll(struct source *s);
/* What the screen in view wants of this host from now on. */
void	source_want(struct source *s, const struct wants *w);
/* The user's command (with payload lines if it has any): answered once, in order. */
void	source_command(struct source *s, const char *command, source_answer_fn *done, void *arg);
void	source_record(struct source *s, struct record *r);	/* NULL: stop */

/* A recording, fed by time (speed), or by steps when speed is 0. */
struct replay;
struct replay *replay_open(struct model *m, const char *path, const char **ret_error);
void	replay_close(struct replay *r);
bool	replay_step(struct replay *r);			/* one tick on; false: the end */
bool	replay_back(struct replay *r);			/* one tick back */
bool	replay_seek(struct replay *r, int64_t ms);	/* to an instant */
int64_t	replay_next_ms(const struct replay *r);		/* time of the next tick; 0: none */

#endif
