/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection to a stats socket, against one that behaves badly. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "base/out.h"
#include "tap.h"
#include "tui/link.h"
#include "tui/rows.h"
#include "tui/source.h"

static struct event_base *base;
static char path[80];

/* --- the other side -------------------------------------------------- */

/* What it does with a line; the others say their prompt only. */
typedef void reply_fn(struct bufferevent *b, const char *line);

static struct {
	reply_fn *reply;
	struct evconnlistener *listener;
	struct bufferevent *conns[64];
	unsigned n, lines;
	char	 last[300];
} fake;

static void
say(struct bufferevent *b, const char *text)
{
	bufferevent_write(b, text, strlen(text));
}

static void
on_fake_read(struct bufferevent *b, void *arg)
{
	char *line;

	(void)arg;
	while ((line = evbuffer_readln(bufferevent_get_input(b), NULL, EVBUFFER_EOL_LF)) != NULL) {
		fake.lines++;
		snprintf(fake.last, sizeof(fake.last), "%s", line);
		if (strcmp(line, "prompt") == 0 || strncmp(line, "set timeout", 11) == 0)
			say(b, "\n> ");
		else
			fake.reply(b, line);
		free(line);
	}
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	struct bufferevent *b = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)l, (void)sa, (void)len, (void)arg;
	bufferevent_setcb(b, on_fake_read, NULL, NULL, NULL);
	bufferevent_enable(b, EV_READ | EV_WRITE);
	fake.conns[fake.n++ % 64] = b;
}

static void
fake_open(reply_fn *reply)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	fake.reply = reply;
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	unlink(path);
	fake.listener = evconnlistener_new_bind(base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE, 16,
	    (struct sockaddr *)&un, sizeof(un));
}

static void
fake_hang_up(void)
{
	for (unsigned i = 0; i < fake.n && i < 64; i++)
		if (fake.conns[i] != NULL) {
			bufferevent_free(fake.conns[i]);
			fake.conns[i] = NULL;
		}
	fake.n = 0;
}

static void
fake_close(void)
{
	fake_hang_up();
	if (fake.listener != NULL)
		evconnlistener_free(fake.listener);
	memset(&fake, 0, sizeof(fake));
	unlink(path);
}

/* --- waiting --------------------------------------------------------- */

static bool is_late;

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	is_late = true;
}

/* Until the condition holds, 5 s at most. */
#define wait_until(cond) do {						\
	struct timeval t_ = { 5, 0 };					\
	is_late = false;						\
	event_base_once(base, -1, EV_TIMEOUT, on_late, NULL, &t_);	\
	while (!(cond) && !is_late)					\
		event_base_loop(base, EVLOOP_ONCE);			\
	ok_named(cond, "%s", #cond);					\
} while (0)

/* --- this side ------------------------------------------------------- */

static struct {
	unsigned up, lost, answers, failed, lines;
	char	 why[200], text[400];
	size_t	 len;
} seen;

static void
on_up(void *arg)
{
	(void)arg;
	seen.up++;
}

static void
on_lost(void *arg, const char *why)
{
	(void)arg;
	seen.lost++;
	snprintf(seen.why, sizeof(seen.why), "%s", why);
}

static void
on_lines(void *arg, const char *text, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++)
		seen.lines += text[i] == '\n';
	snprintf(seen.text, sizeof(seen.text), "%.*s", (int)len, text);
}

static void
on_answer(void *arg, bool ok, const char *text, size_t len)
{
	(void)arg;
	if (ok)
		seen.answers++;
	else
		seen.failed++;
	seen.len = len;
	snprintf(seen.text, sizeof(seen.text), "%s", text);
}

static const struct link_calls calls = { on_up, on_lost, on_lines };

static struct link *
begin(reply_fn *reply, double silence_s)
{
	memset(&seen, 0, sizeof(seen));
	fake_open(reply);
	return link_new(base, path, silence_s, &calls, NULL);
}

static void
end(struct link *l)
{
	link_free(l);
	fake_close();
}

/* --- tests ----------------------------------------------------------- */

static void
reply_echo(struct bufferevent *b, const char *line)
{
	char text[400];

	if (strncmp(line, "load", 4) == 0 || (line[0] == '-' && line[1] != '\0')) {
		say(b, "+ ");		/* a payload goes on */
		return;
	}
	snprintf(text, sizeof(text), "%s!\n\n> ", line);
	say(b, text);
}

static void
test_commands(void)
{
	struct link *l = begin(reply_echo, 5);

	link_send(l, "one", on_answer, NULL);
	link_send(l, "two", on_answer, NULL);
	wait_until(seen.answers == 2);
	is_str(seen.text, "two!\n");
	is_int(seen.up, 1);
	link_send(l, "load x <<END\n-- a\n-- b\nEND", on_answer, NULL);
	wait_until(seen.answers == 3);
	is_str(seen.text, "END!\n");
	/* Ended by the other side between two commands; the next one opens it again. */
	fake_hang_up();
	wait_until(seen.lost == 1);
	is_str(seen.why, "closed by the other side");
	link_send(l, "four", on_answer, NULL);
	wait_until(seen.answers == 4);
	is_int(seen.failed, 0);
	end(l);
}

static void
reply_half(struct bufferevent *b, const char *line)
{
	(void)line;
	is_int(write(bufferevent_getfd(b), "half a li", 9), 9);
	fake_hang_up();
}

static void
reply_nothing(struct bufferevent *b, const char *line)
{
	(void)b, (void)line;
}

static void
reply_nul(struct bufferevent *b, const char *line)
{
	(void)line;
	bufferevent_write(b, "a\0b\x1b[2J\n\n> ", 11);
}

/* As much of one line as the other side takes. */
static void
on_hungry(struct bufferevent *b, void *arg)
{
	static char lots[1 << 16];

	(void)arg;
	memset(lots, 'x', sizeof(lots));
	bufferevent_write(b, lots, sizeof(lots));
}

static void
reply_endless(struct bufferevent *b, const char *line)
{
	(void)line;
	bufferevent_setcb(b, on_fake_read, on_hungry, NULL, NULL);
	on_hungry(b, NULL);
}

static void
test_bad(void)
{
	struct link *l = begin(reply_half, 5);

	link_send(l, "x", on_answer, NULL);
	wait_until(seen.lost == 1);
	is_int(seen.failed, 1);
	is_str(seen.why, "closed in the middle of an answer");
	end(l);

	l = begin(reply_nothing, 0.05);
	link_send(l, "x", on_answer, NULL);
	link_send(l, "y", on_answer, NULL);
	wait_until(seen.failed == 2);
	is_str(seen.why, "no answer for 0 s");
	end(l);

	l = begin(reply_nul, 5);
	link_send(l, "x", on_answer, NULL);
	wait_until(seen.answers == 1);
	is_int(seen.len, 8);
	end(l);

	l = begin(reply_endless, 5);
	link_send(l, "x", on_answer, NULL);
	wait_until(seen.lost == 1);
	is_str(seen.why, "a line passed 1 MiB");
	end(l);
}

static void
test_no_socket(void)
{
	struct link *l = link_new(base, "/proc/none/x.sock", 1, &calls, NULL);

	memset(&seen, 0, sizeof(seen));
	link_send(l, "x", on_answer, NULL);
	is_int(seen.failed, 0);
	wait_until(seen.lost == 1);
	is_int(seen.failed, 1);
	is_str(seen.why, "No such file or directory");
	link_free(l);
	l = link_new(base, "tcp@localhost", 1, &calls, NULL);
	link_open(l);
	wait_until(seen.lost == 2);
	is_str(seen.why, "expected a path, unix@PATH, tcp@HOST:PORT or HOST:PORT");
	link_free(l);
	l = link_new(base, "127.0.0.1:1", 1, &calls, NULL);
	link_open(l);
	wait_until(seen.lost == 3);
	is_str(seen.why, "Connection refused");
	link_free(l);
}

static void
reply_stream(struct bufferevent *b, const char *line)
{
	(void)line;
	say(b, "a\nb\nhal");
	say(b, "f\n");
}

static void
test_stream(void)
{
	struct link *l = begin(reply_stream, 0);

	link_stream(l, "subscribe events");
	wait_until(seen.lines == 3);
	is_str(fake.last, "subscribe events");
	end(l);
}

/* --- a source over it ------------------------------------------------ */

static struct model *m;
static struct host *h;
static struct source *src;
static unsigned changes, gen;

static void
on_changed(void *arg)
{
	(void)arg;
	changes++;
}

static void
reply_weir(struct bufferevent *b, const char *line)
{
	struct evbuffer *out = bufferevent_get_output(b);
	unsigned since;

	if (strcmp(line, "show version") == 0)
		say(b, "3.3.0-weir0.1\n\n> ");
	else if (strcmp(line, "show cli level") == 0)
		say(b, "admin\n\n> ");
	else if (strcmp(line, "help") == 0)
		say(b, "  show snapshot [since <gen>]: report\n\n> ");
	else if (sscanf(line, "show snapshot since %u", &since) == 1) {
		gen++;
		evbuffer_add_printf(out, "#snapshot v=1 gen=%u since=%u full=%d pid=7 "
		    "now=1795323600.%03u\n", gen, since, since == 0, gen);
		evbuffer_add_printf(out, "#stat,pxname,svname,status,type,req_tot,p99_us,\n"
		    "stat,app,a,UP,2,%u,5000,\n#end rows=1\n\n> ", gen);
	} else if (strncmp(line, "show garbled", 12) == 0)
		say(b, "x\n");
	else
		say(b, "#a,b\n1,2\n\n> ");
}

static void
begin_source(reply_fn *reply)
{
	fake_open(reply);
	m = model_new();
	m->poll_s = 0.02;
	h = model_host(m, "lb1");
	gen = 0;
	src = source_socket_open(base, h, path, on_changed, NULL);
}

static void
end_source(void)
{
	source_close(src);
	model_free(m);
	fake_close();
}

static void
test_source(void)
{
	struct wants w = { .n = 0 };

	begin_source(reply_weir);
	wait_until(source_polls(src) >= 3);
	is_int(h->state, HOST_UP);
	is_int(h->kind, HOST_WEIR);
	is_int(h->level, LEVEL_ADMIN);
	is_str(host_row(h, "app", "a")->word, "UP");
	ok(h->gen >= 3);
	want_answer(&w, h, 1, "show alarm x");
	source_want(src, &w);
	wait_until(host_answer(h, "show alarm x") != NULL);
	memset(&seen, 0, sizeof(seen));
	source_command(src, "set server app/a state drain", on_answer, NULL);
	wait_until(seen.answers == 1);
	is_str(seen.text, "#a,b\n1,2\n");
	/* Gone and back: lost, then a full answer and no rate over the hole. */
	fake_hang_up();
	wait_until(h->state == HOST_LOST);
	is_str(h->error, "closed by the other side");
	ok(h->retry_ms > h->lost_ms);
	wait_until(h->state == HOST_UP && source_polls(src) > 3);
	is_str(h->error, "");
	end_source();
}

static reply_fn *stalled_reply = reply_weir;

static void
reply_garbled(struct bufferevent *b, const char *line)
{
	if (strncmp(line, "show snapshot", 13) == 0 && gen >= 2) {
		gen++;
		say(b, "#snapshot v=1 gen=9 since=1 full=0 pid=7 now=1795323600.1\n"
		    "stat,\x1b[2J\n\n> ");
	} else
		stalled_reply(b, line);
}

static void
test_garbled(void)
{
	begin_source(reply_garbled);
	wait_until(gen >= 4);
	is_int(h->nrows, 1);
	ok(strstr(h->error, "not understood") != NULL);
	is_int(source_polls(src), 2);
	is_int((int)h->gen, 0);
	wait_until(h->state == HOST_LOST);
	ok(strstr(h->error, "not understood") != NULL);
	is_int(h->nrows, 1);
	end_source();
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	snprintf(path, sizeof(path), "/tmp/tui-link-%d.sock", (int)getpid());
	test_commands();
	test_bad();
	test_no_socket();
	test_stream();
	test_source();
	test_garbled();
	event_base_free(base);
	return tap_done();
}
