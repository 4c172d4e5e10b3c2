/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A QMP client; see qmp.h. Answers come in the order of their commands, which carry
 * numbers: the oldest one is waited for.
 *
 * Thread: control.
 */
#include "ctl/qmp.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "event/loop.h"
#include "event/timer.h"

#define WAITING_MAX	8u
#define READ_BYTES	16384

struct qmp {
	const struct qmp_owner *owner;
	void		*arg;
	struct event	*event;		/* owned */
	struct evbuffer	*in;		/* owned */
	struct timer	 deadline;	/* of the greeting, or the oldest answer */
	uint64_t	 answer_us;
	int		 fd;
	unsigned	 asked, answered;	/* numbers: the last command, the last answer */
	bool		 is_greeted, is_ready;
	uint64_t	 second;	/* of the events counted */
	unsigned	 nevents;
};

/* ---- messages ---- */

/* For logs and answers: what is not visible is \xNN. */
static void
copy_text(char *to, size_t size, const char *z)
{
	struct out o;

	out_init(&o, to, size - 1);
	out_visible(&o, str_of(z));
	*o.p = '\0';
}

static void
copy(char *to, size_t size, const json_t *text)
{
	const char *z = json_string_value(text);

	copy_text(to, size, z != NULL ? z : "");
}

/* 0: none, or no number that we give. */
static unsigned
id_of(const json_t *j)
{
	json_int_t id = json_integer_value(json_object_get(j, "id"));

	return id > 0 && id <= UINT_MAX ? (unsigned)id : 0;
}

static void
take_message(const json_t *j, struct qmp_message *m)
{
	const json_t *body;

	m->id = id_of(j);
	if (json_is_object(json_object_get(j, "QMP")))
		m->kind = QMP_GREETING;
	else if ((body = json_object_get(j, "return")) != NULL) {
		m->kind = QMP_RETURN;
		copy(m->name, sizeof m->name, json_object_get(body, "status"));
	} else if (json_is_object(body = json_object_get(j, "error"))) {
		m->kind = QMP_ERROR;
		copy(m->name, sizeof m->name, json_object_get(body, "class"));
		copy(m->text, sizeof m->text, json_object_get(body, "desc"));
	} else if (json_is_string(body = json_object_get(j, "event"))) {
		m->kind = QMP_EVENT;
		copy(m->name, sizeof m->name, body);
		copy(m->text, sizeof m->text,
		    json_object_get(json_object_get(j, "data"), "reason"));
	} else
		snprintf(m->text, sizeof m->text, "no message of QMP");
}

void
qmp_parse(const char *line, size_t len, struct qmp_message *ret)
{
	json_error_t e;
	char why[160];
	json_t *j = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e);

	memset(ret, 0, sizeof *ret);
	ret->kind = QMP_BAD;
	if (json_is_object(j))
		take_message(j, ret);
	else {
		snprintf(why, sizeof why, "no JSON: %.120s", j != NULL ? "not an object" : e.text);
		copy_text(ret->text, sizeof ret->text, why);
	}
	json_decref(j);
}

/* ---- the end ---- */

void
qmp_close(struct qmp *q)
{
	if (q == NULL)
		return;
	timer_unlink(&control_loop->wheel, &q->deadline);
	event_free(q->event);
	evbuffer_free(q->in);
	close(q->fd);
	free(q);
}

static void
fail(struct qmp *q, const char *why)
{
	const struct qmp_owner *owner = q->owner;
	void *arg = q->arg;

	qmp_close(q);
	owner->on_end(arg, why);
}

static void
on_deadline(struct timer *t)
{
	struct qmp *q = LIST_ITEM(t, struct qmp, deadline);
	char why[64];

	snprintf(why, sizeof why, "no answer within %llu ms",
	    (unsigned long long)q->answer_us / 1000);
	fail(q, why);
}

static void
wait_for_answer(struct qmp *q)
{
	timer_unlink(&control_loop->wheel, &q->deadline);
	if (!q->is_greeted || q->asked != q->answered)
		timer_set(&control_loop->wheel, &q->deadline, clock_mono_us() + q->answer_us);
}

/* ---- commands ---- */

/* One that does not take a line of 60 bytes at once does not read. */
static bool
command(struct qmp *q, const char *name)
{
	char text[96];
	int len;

	if (q->asked - q->answered >= WAITING_MAX)
		return false;
	len = snprintf(text, sizeof text, "{\"execute\":\"%s\",\"id\":%u}\n", name, q->asked + 1);
	if (send(q->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) != len)
		return false;
	if (q->asked++ == q->answered)
		wait_for_answer(q);
	return true;
}

bool
qmp_ask_status(struct qmp *q)
{
	return q->is_ready && command(q, "query-status");
}

bool
qmp_power_down(struct qmp *q)
{
	return q->is_ready && command(q, "system_powerdown");
}

/* ---- what it says ---- */

static bool
is_flood(struct qmp *q)
{
	uint64_t second = clock_mono_us() / 1000000;

	if (q->second != second)
		q->nevents = 0;
	q->second = second;
	return ++q->nevents > QMP_EVENTS_MAX;
}

/* NULL: go on; else why not. */
static const char *
take_answer(struct qmp *q, const struct qmp_message *m)
{
	if (!q->is_greeted || q->asked == q->answered || m->id != q->answered + 1)
		return "an answer that was not asked for";
	q->answered++;
	wait_for_answer(q);
	if (q->is_ready)
		return NULL;
	if (m->kind == QMP_ERROR)
		return "it refuses qmp_capabilities";
	q->is_ready = true;
	return command(q, "query-status") ? NULL : "it does not listen";
}

static const char *
take_greeting(struct qmp *q)
{
	if (q->is_greeted)
		return "a second greeting";
	q->is_greeted = true;
	return command(q, "qmp_capabilities") ? NULL : "it does not listen";
}

/* False: the connection is gone. An owner may not close it in on_status and on_event. */
static bool
take_line(struct qmp *q, const char *line, size_t len)
{
	const char *why = NULL;
	struct qmp_message m;

	qmp_parse(line, len, &m);
	switch (m.kind) {
	case QMP_GREETING:
		why = take_greeting(q);
		break;
	case QMP_RETURN:
	case QMP_ERROR:
		if ((why = take_answer(q, &m)) == NULL && m.name[0] != '\0' &&
		    m.kind == QMP_RETURN)
			q->owner->on_status(q->arg, m.name);
		break;
	case QMP_EVENT:
		if (is_flood(q))
			why = "too many events";
		else if (q->is_ready)
			q->owner->on_event(q->arg, m.name, m.text);
		break;
	case QMP_BAD:
		why = m.text;
	}
	if (why != NULL)
		fail(q, why);
	return why == NULL;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct qmp *q = arg;
	int n = evbuffer_read(q->in, fd, READ_BYTES);
	bool goes_on = true;
	size_t len;
	char *line;

	(void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	while (goes_on && (line = evbuffer_readln(q->in, &len, EVBUFFER_EOL_CRLF)) != NULL) {
		goes_on = len == 0 || take_line(q, line, len);
		free(line);
	}
	if (!goes_on)
		return;
	if (evbuffer_get_length(q->in) > QMP_LINE_MAX)
		fail(q, "a line without end");
	else if (n <= 0)
		fail(q, "it hung up");
}

struct qmp *
qmp_open(int fd, uint64_t answer_us, const struct qmp_owner *owner, void *arg)
{
	struct qmp *q = xcalloc(1, sizeof *q);

	q->owner = owner;
	q->arg = arg;
	q->fd = fd;
	q->answer_us = answer_us;
	q->in = evbuffer_new();
	timer_init(&q->deadline, on_deadline);
	q->event = event_new(control_loop->base, fd, EV_READ | EV_PERSIST, on_readable, q);
	event_add(q->event, NULL);
	wait_for_answer(q);
	return q;
}
