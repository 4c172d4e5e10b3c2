/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection to a stats socket, in the event loop: commands are sent one after
 * another and answered in order, or one command's lines stream in. Nothing blocks
 * and nothing grows without bound: an answer that passes 64 MiB, a line that passes
 * 1 MiB or silence for too long ends the connection.
 *
 * Life: link_new -> link_open (or the first link_send) -> on_up -> answers -> on_lost;
 * then it may be opened again. Callbacks may send, open and close, but not free.
 */
#ifndef WEIR_TUI_LINK_H
#define WEIR_TUI_LINK_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct link;
struct timeval;

struct timeval timeval_of(double seconds);

struct link_calls {
	void	(*on_up)(void *arg);		/* may be NULL, as the others */
	/* Commands that were not answered have been told before. */
	void	(*on_lost)(void *arg, const char *why);
	/* Of a stream: whole lines, each with its newline. */
	void	(*on_lines)(void *arg, const char *text, size_t len);
};

/* ok: text is the answer without prompt; else why there is none. text is ended by a NUL. */
typedef void link_answer_fn(void *arg, bool ok, const char *text, size_t len);

/* where: a path, unix@PATH, tcp@HOST:PORT, HOST:PORT. silence_s: how long an answer (or
 * a stream's next line; 0: any time) may take. */
struct link *link_new(struct event_base *base, const char *where, double silence_s,
	    const struct link_calls *calls, void *arg);
void	link_free(struct link *l);		/* what is waiting is not told */
void	link_open(struct link *l);		/* in vain: on_lost, from the loop */
/* Without on_lost; what is waiting is told that it is lost. */
void	link_close(struct link *l);
bool	link_is_open(const struct link *l);	/* or being opened */
/* Command with payload lines, if it has any. Opens the link when it is closed. */
void	link_send(struct link *l, const char *command, link_answer_fn *done, void *arg);
/* Opens the link for that one command, whose lines come in until it ends. */
void	link_stream(struct link *l, const char *command);

#endif
