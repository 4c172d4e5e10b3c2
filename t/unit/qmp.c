/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qmp.c: what messages mean, and a conversation over a pair of sockets with a peer that
 * is right, silent, talks garbage, answers what was not asked, floods, or hangs up.
 */
#include "ctl/qmp.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/module.h"
#include "ctl/control.h"
#include "event/loop.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

static char status[64], event[64], reason[160], why[200];
static int peer;			/* the other end */
static struct qmp *q;

static void
on_status(void *arg, const char *text)
{
	(void)arg;
	snprintf(status, sizeof status, "%s", text);
}

static void
on_event(void *arg, const char *name, const char *text)
{
	(void)arg;
	snprintf(event, sizeof event, "%s", name);
	snprintf(reason, sizeof reason, "%s", text);
}

static void
on_end(void *arg, const char *text)
{
	(void)arg;
	snprintf(why, sizeof why, "%s", text);
	q = NULL;
}

static const struct qmp_owner owner = { on_status, on_event, on_end };

static void
begin(uint64_t answer_us)
{
	int fds[2];

	status[0] = event[0] = why[0] = '\0';
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == -1)
		return;
	peer = fds[1];
	q = qmp_open(fds[0], answer_us, &owner, NULL);
}

/* Until this text is not empty. */
static void
wait_for(const char *text)
{
	uint64_t until = clock_mono_us() + 5000000;

	while (text[0] == '\0' && clock_mono_us() < until)
		loop_once(control_loop, true);
}

static void
say(const char *text)
{
	(void)!write(peer, text, strlen(text));
}

/* What it has said until now, one line. */
static const char *
heard(void)
{
	static char line[256];
	uint64_t until = clock_mono_us() + 5000000;
	ssize_t n;

	while ((n = read(peer, line, sizeof line - 1)) <= 0 && clock_mono_us() < until)
		loop_once(control_loop, true);
	line[n > 0 ? n : 0] = '\0';
	return line;
}

/* As far as a machine that runs. */
static void
greet(void)
{
	begin(5000000);
	say("{\"QMP\":{\"version\":{},\"capabilities\":[\"oob\"]}}\r\n");
	is_str(heard(), "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
	say("{\"return\":{},\"id\":1}\r\n");
	is_str(heard(), "{\"execute\":\"query-status\",\"id\":2}\n");
	say("{\"return\":{\"status\":\"running\",\"running\":true},\"id\":2}\r\n");
	wait_for(status);
	is_str(status, "running");
}

static void
is_over(const char *want)
{
	wait_for(why);
	is_str(why, want);
	ok(q == NULL);
	close(peer);
}

static void
is_message(const char *line, enum qmp_kind kind, unsigned id, const char *name, const char *text)
{
	struct qmp_message m;

	qmp_parse(line, strlen(line), &m);
	ok_named(m.kind == kind && m.id == id && strcmp(m.name, name) == 0 &&
	    strcmp(m.text, text) == 0, "%.40s: %d %u '%s' '%s'", line, (int)m.kind, m.id, m.name,
	    m.text);
}

static void
test_messages(void)
{
	is_message("{\"QMP\":{\"version\":{}}}", QMP_GREETING, 0, "", "");
	is_message("{\"return\":{},\"id\":7}", QMP_RETURN, 7, "", "");
	is_message("{\"return\":{\"status\":\"paused\"},\"id\":1}", QMP_RETURN, 1, "paused", "");
	is_message("{\"return\":[],\"id\":\"x\"}", QMP_RETURN, 0, "", "");
	is_message("{\"error\":{\"class\":\"GenericError\",\"desc\":\"no\"},\"id\":3}",
	    QMP_ERROR, 3, "GenericError", "no");
	is_message("{\"timestamp\":{},\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,"
	    "\"reason\":\"guest-shutdown\"}}", QMP_EVENT, 0, "SHUTDOWN", "guest-shutdown");
	is_message("{\"event\":\"RESUME\"}", QMP_EVENT, 0, "RESUME", "");
	is_message("{\"event\":7}", QMP_BAD, 0, "", "no message of QMP");
	is_message("{\"QMP\":1}", QMP_BAD, 0, "", "no message of QMP");
	is_message("{}", QMP_BAD, 0, "", "no message of QMP");
	is_message("[1]", QMP_BAD, 0, "", "no JSON: not an object");
	is_message("{\"return\":{},\"id\":-1}", QMP_RETURN, 0, "", "");
	is_message("{\"return\":{},\"id\":4294967297}", QMP_RETURN, 0, "", "");
	is_message("{\"event\":\"A\\n\",\"data\":{\"reason\":\"\\u001b[1m\"}}", QMP_EVENT, 0,
	    "A\\x0a", "\\x1b[1m");
}

static void
test_good(void)
{
	greet();
	ok(qmp_power_down(q));
	is_str(heard(), "{\"execute\":\"system_powerdown\",\"id\":3}\n");
	say("{\"return\":{},\"id\":3}\n\n{\"event\":\"POWERDOWN\"}\n");
	wait_for(event);
	is_str(event, "POWERDOWN");
	event[0] = '\0';
	say("{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"guest-shut");
	say("down\"}}\n");
	wait_for(event);
	is_str(reason, "guest-shutdown");
	/* not more questions than it answers */
	for (unsigned i = 0; i < 8; i++)
		ok(qmp_ask_status(q));
	ok(!qmp_ask_status(q));
	qmp_close(q);
	close(peer);
	is_str(why, "");
	qmp_close(NULL);
}

static void
test_bad(void)
{
	static char endless[QMP_LINE_MAX + 8192];
	static char flood[QMP_EVENTS_MAX * 2 * 14 + 1];

	begin(50000);
	ok(!qmp_ask_status(q));
	is_over("no answer within 50 ms");
	begin(50000);
	say("{\"QMP\":{}}\n");
	(void)heard();
	is_over("no answer within 50 ms");
	begin(5000000);
	say("HTTP/1.1 400 Bad Request\r\n");
	wait_for(why);
	ok_named(strncmp(why, "no JSON: ", 9) == 0, "%s", why);
	close(peer);
	begin(5000000);
	say("{\"return\":{},\"id\":1}\n");
	is_over("an answer that was not asked for");
	begin(5000000);
	say("{\"QMP\":{}}\n{\"QMP\":{}}\n");
	is_over("a second greeting");
	begin(5000000);
	say("{\"QMP\":{}}\n");
	(void)heard();
	say("{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"\"},\"id\":1}\n");
	is_over("it refuses qmp_capabilities");
	greet();
	say("{\"return\":{},\"id\":9}\n");
	is_over("an answer that was not asked for");
	greet();
	memset(endless, 'x', sizeof endless - 1);
	say(endless);
	is_over("a line without end");
	greet();
	for (size_t i = 0; i + 15 < sizeof flood; i += 14)
		memcpy(flood + i, "{\"event\":\"A\"}\n", 15);
	say(flood);
	is_over("too many events");
	greet();
	close(peer);
	peer = -1;
	wait_for(why);
	is_str(why, "it hung up");
}

int
main(void)
{
	control_loop = loop_self = loop_new(0);
	test_messages();
	test_good();
	test_bad();
	loop_free(control_loop);
	return tap_done();
}
