/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QMP, qemu's monitor: a line of JSON each way over a stream socket. This side greets,
 * asks for the machine's status and presses its power button; it hears events.
 *
 * Nothing is believed for long: a line is at most QMP_LINE_MAX, an answer that comes late,
 * that was not asked for or is none is garbage, and so are more than QMP_EVENTS_MAX
 * events in a second. Each of these ends the connection.
 *
 * Everything here but qmp_parse: control thread.
 */
#ifndef WEIR_CTL_QMP_H
#define WEIR_CTL_QMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMP_LINE_MAX	65536u
#define QMP_EVENTS_MAX	1000u

enum qmp_kind { QMP_GREETING, QMP_RETURN, QMP_ERROR, QMP_EVENT, QMP_BAD };

struct qmp_message {
	enum qmp_kind	 kind;
	unsigned	 id;		/* of an answer; 0 = it has none */
	char		 name[64];	/* of an event, the class of an error, the status that a
					 * return tells; "" = none */
	char		 text[160];	/* an error's; an event's reason; why it is bad */
};

/* any thread */
void	qmp_parse(const char *line, size_t len, struct qmp_message *ret);

struct qmp;
struct qmp_owner {
	void	(*on_status)(void *arg, const char *status);	/* "running", "paused"... */
	void	(*on_event)(void *arg, const char *event, const char *reason);
	/* it is over, and this struct qmp gone: "no answer within 5000 ms" */
	void	(*on_end)(void *arg, const char *why);
};

/* A connection, whose descriptor becomes its own; an answer comes within answer_us. The
 * status is asked for at once. */
struct qmp *qmp_open(int fd, uint64_t answer_us, const struct qmp_owner *owner, void *arg);
void	qmp_close(struct qmp *q);		/* without on_end; NULL is good */
/* False: not ready yet, or it does not listen; the end comes by itself then. */
bool	qmp_ask_status(struct qmp *q);
bool	qmp_power_down(struct qmp *q);

#endif
