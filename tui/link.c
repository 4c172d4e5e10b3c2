/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>

#include "base/out.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "tui/link.h"

#define ANSWER_MAX	((size_t)64 << 20)
#define LINE_MAX_BYTES	((size_t)1 << 20)
#define CONNECT_S	5
#define STREAM_REST_US	500000

enum step {
	CLOSED, CONNECTING,
	GREETING,			/* `prompt` is sent, its prompt awaited */
	READY,				/* commands are sent and answered */
	STREAMING
};

struct job {
	struct job *next;
	char	*command;		/* owned */
	link_answer_fn *done;
	void	*arg;
};

struct link {
	struct event_base *base;
	struct evdns_base *dns;		/* made for the first name */
	struct bufferevent *bev;
	struct event *timer;		/* too long silent */
	struct event *soon;		/* tells a failure from the loop */
	struct event *pace;		/* a stream is read again */
	const struct link_calls *calls;
	void	*arg;
	char	*where;			/* owned */
	double	 silence_s;
	enum step step;
	char	*stream;		/* owned; the command of a stream */
	struct outbuf in;
	size_t	 line_at;		/* where the last, unfinished line of `in` begins */
	struct job *jobs, **last;	/* the first one is being answered when READY */
	bool	 is_sent;
	char	 why[160];
};

static const struct link_calls no_calls;

struct timeval
timeval_of(double seconds)
{
	time_t whole = (time_t)seconds;

	return (struct timeval){ whole, (suseconds_t)((seconds - (double)whole) * 1e6) };
}

/* --- jobs ------------------------------------------------------------ */

static struct job *
job_take(struct link *l)
{
	struct job *j = l->jobs;

	l->jobs = j->next;
	if (l->jobs == NULL)
		l->last = &l->jobs;
	l->is_sent = false;
	return j;
}

static void
job_free(struct job *j)
{
	free(j->command);
	free(j);
}

static void
job_end(struct job *j, bool ok, const char *text, size_t len)
{
	if (j->done != NULL)
		j->done(j->arg, ok, text, len);
	job_free(j);
}

/* --- ends ------------------------------------------------------------ */

static void
shut(struct link *l)
{
	if (l->bev != NULL)
		bufferevent_free(l->bev);
	l->bev = NULL;
	event_del(l->timer);
	event_del(l->soon);
	event_del(l->pace);
	l->step = CLOSED;
	outbuf_fini(&l->in);
	l->line_at = 0;
}

/* Those that are sent while others are told wait for the next connection. */
static void
tell_jobs(struct link *l, const char *why)
{
	struct job *j = l->jobs, *next;

	l->jobs = NULL;
	l->last = &l->jobs;
	l->is_sent = false;
	for (; j != NULL; j = next) {
		next = j->next;
		job_end(j, false, why, strlen(why));
	}
}

static void
lose(struct link *l, const char *why)
{
	char text[sizeof(l->why)];

	snprintf(text, sizeof(text), "%s", why);
	shut(l);
	tell_jobs(l, text);
	if (l->calls->on_lost != NULL)
		l->calls->on_lost(l->arg, text);
}

static void
on_soon(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;

	(void)fd, (void)what;
	lose(l, l->why);
}

/* Callers of link_open shall not be called back before it returns. */
static void
lose_soon(struct link *l, const char *why)
{
	struct timeval now = { 0, 0 };

	snprintf(l->why, sizeof(l->why), "%s", why);
	l->step = CONNECTING;
	event_add(l->soon, &now);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;
	char why[64];

	(void)fd, (void)what;
	snprintf(why, sizeof(why), l->step == GREETING ? "no prompt within %.0f s" :
	    "no answer for %.0f s", l->step <= GREETING ? (double)CONNECT_S : l->silence_s);
	lose(l, why);
}

static void
arm(struct link *l, double seconds)
{
	struct timeval t = timeval_of(seconds);

	if (seconds > 0)
		event_add(l->timer, &t);
	else
		event_del(l->timer);
}

/* --- what comes in --------------------------------------------------- */

static void
send_next(struct link *l)
{
	struct job *j = l->jobs;
	size_t n;

	if (l->step != READY || j == NULL || l->is_sent)
		return;
	n = strlen(j->command);
	bufferevent_write(l->bev, j->command, n);
	if (n == 0 || j->command[n - 1] != '\n')
		bufferevent_write(l->bev, "\n", 1);
	l->is_sent = true;
	arm(l, l->silence_s);
}

/* Each line of a payload was answered by `+ `. */
static void
skip_payload_prompts(const struct job *j, const char **p, size_t *len)
{
	size_t lines = 0;

	for (const char *z = j->command; (z = strchr(z, '\n')) != NULL; z++)
		lines++;
	for (; lines > 0 && *len >= 2 && memcmp(*p, "+ ", 2) == 0; lines--) {
		*p += 2;
		*len -= 2;
	}
}

/* All up to the prompt is the answer; the buffer is given away, for callbacks may send. */
static void
answered(struct link *l)
{
	struct job *j = job_take(l);
	struct outbuf in = l->in;
	const char *p = in.data;
	size_t len = in.len - 3;	/* "\n> " */

	outbuf_init(&l->in, ANSWER_MAX);
	l->line_at = 0;
	arm(l, 0);
	in.data[len] = '\0';
	skip_payload_prompts(j, &p, &len);
	job_end(j, true, p, len);
	outbuf_fini(&in);
	send_next(l);
}

static bool
has_prompt(const struct link *l)
{
	return l->in.len >= 3 && memcmp(l->in.data + l->in.len - 3, "\n> ", 3) == 0;
}

/* Before all others; without it a haproxy ends idle connections after 10 s. */
static void
ask_for_patience(struct link *l)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->command = xstrdup("set timeout cli 1h");
	j->next = l->jobs;
	if (l->jobs == NULL)
		l->last = &j->next;
	l->jobs = j;
}

static void
greeted(struct link *l)
{
	l->step = READY;
	outbuf_clear(&l->in);
	l->line_at = 0;
	arm(l, 0);
	ask_for_patience(l);
	if (l->calls->on_up != NULL)
		l->calls->on_up(l->arg);
	send_next(l);
}

/* A busy stream is read twice a second: a picture for each line would be no better. */
static void
rest(struct link *l)
{
	const struct timeval t = { 0, STREAM_REST_US };

	bufferevent_disable(l->bev, EV_READ);
	event_add(l->pace, &t);
}

static void
on_pace(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;

	(void)fd, (void)what;
	if (l->bev != NULL)
		bufferevent_enable(l->bev, EV_READ);
}

static void
take_lines(struct link *l)
{
	struct outbuf in = l->in;
	size_t whole = l->line_at;

	if (whole == 0)
		return;
	outbuf_init(&l->in, ANSWER_MAX);
	outbuf_mem(&l->in, in.data + whole, in.len - whole);
	l->line_at = 0;
	arm(l, l->silence_s);
	if (l->calls->on_lines != NULL)
		l->calls->on_lines(l->arg, in.data, whole);
	outbuf_fini(&in);
}

/* n bytes of input; false: they pass a bound, and the link is lost. */
static bool
take(struct link *l, const char *bytes, size_t n)
{
	size_t from = l->in.len;
	const char *newline;

	if (from + n > ANSWER_MAX) {
		lose(l, "an answer passed 64 MiB");
		return false;
	}
	outbuf_mem(&l->in, bytes, n);
	newline = memrchr(l->in.data + from, '\n', n);
	if (newline != NULL)
		l->line_at = (size_t)(newline - l->in.data) + 1;
	if (l->in.len - l->line_at > LINE_MAX_BYTES) {
		lose(l, "a line passed 1 MiB");
		return false;
	}
	return true;
}

/* libevent has read 4 KiB at most; what else is there follows in large pieces. */
static bool
take_input(struct link *l)
{
	static char more[65536];
	struct evbuffer *b = bufferevent_get_input(l->bev);
	size_t n = evbuffer_get_length(b);
	ssize_t got;
	unsigned i;

	if (n == 0 || !take(l, (const char *)evbuffer_pullup(b, -1), n))
		return false;
	evbuffer_drain(b, n);
	for (i = 0; i < 16; i++) {
		got = recv(bufferevent_getfd(l->bev), more, sizeof(more), MSG_DONTWAIT);
		if (got <= 0)
			break;		/* an end is told by libevent */
		if (!take(l, more, (size_t)got))
			return false;
	}
	return true;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct link *l = arg;

	(void)bev;
	if (!take_input(l))
		return;
	if (l->step == STREAMING) {
		take_lines(l);
		if (l->step == STREAMING)
			rest(l);
	} else if (l->step == GREETING && has_prompt(l))
		greeted(l);
	else if (l->step == READY && !l->is_sent)
		lose(l, "it speaks without being asked");
	else if (l->step == READY && has_prompt(l))
		answered(l);
	else
		arm(l, l->step == GREETING ? CONNECT_S : l->silence_s);
}

static void
connected(struct link *l)
{
	bool is_stream = l->stream != NULL;

	l->step = is_stream ? STREAMING : GREETING;
	bufferevent_write(l->bev, is_stream ? l->stream : "prompt", strlen(is_stream ? l->stream :
	    "prompt"));
	bufferevent_write(l->bev, "\n", 1);
	arm(l, is_stream ? l->silence_s : CONNECT_S);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct link *l = arg;
	int dns = bufferevent_socket_get_dns_error(bev);
	const char *error = dns != 0 ? evutil_gai_strerror(dns) : strerror(errno);

	if (what & BEV_EVENT_CONNECTED)
		connected(l);
	else if ((what & BEV_EVENT_EOF) || errno == EPIPE || errno == ECONNRESET)
		lose(l, l->in.len > 0 ? "closed in the middle of an answer" :
		    "closed by the other side");
	else
		lose(l, error);
}

/* --- opening --------------------------------------------------------- */

static void
use_socket(struct link *l, int fd)
{
	l->bev = bufferevent_socket_new(l->base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(l->bev, on_read, NULL, on_event, l);
	bufferevent_setwatermark(l->bev, EV_READ, 0, 1 << 20);
	bufferevent_enable(l->bev, EV_READ | EV_WRITE);
}

/* A local socket answers at once: connected, or why not. */
static void
open_unix(struct link *l, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(un.sun_path)) {
		lose_soon(l, "the path of the socket is too long");
		return;
	}
	strncpy(un.sun_path, path, sizeof(un.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0) {
		lose_soon(l, errno == EAGAIN ? "its queue of connections is full" :
		    strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	use_socket(l, fd);
	connected(l);
}

/* HOST:PORT, [ADDRESS]:PORT */
static void
open_tcp(struct link *l, const char *where)
{
	const char *colon = strrchr(where, ':');
	char host[256];
	uint64_t port;

	if (colon == NULL || !str_to_u64(str_of(colon + 1), &port) || port == 0 || port > 65535) {
		lose_soon(l, "expected a path, unix@PATH, tcp@HOST:PORT or HOST:PORT");
		return;
	}
	snprintf(host, sizeof(host), "%.*s", (int)(colon - where), where);
	if (host[0] == '[') {
		memmove(host, host + 1, strlen(host));
		host[strcspn(host, "]")] = '\0';
	}
	if (l->dns == NULL)
		l->dns = evdns_base_new(l->base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
		    EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	use_socket(l, -1);
	l->step = CONNECTING;
	arm(l, CONNECT_S);
	bufferevent_socket_connect_hostname(l->bev, l->dns, AF_UNSPEC, host, (int)port);
}

void
link_open(struct link *l)
{
	struct str where = str_of(l->where);

	if (l->step != CLOSED)
		return;
	outbuf_init(&l->in, ANSWER_MAX);
	if (str_starts(where, STR("unix@")))
		open_unix(l, l->where + 5);
	else if (str_starts(where, STR("tcp@")))
		open_tcp(l, l->where + 4);
	else if (strchr(l->where, '/') != NULL || strchr(l->where, ':') == NULL)
		open_unix(l, l->where);
	else
		open_tcp(l, l->where);
}

bool
link_is_open(const struct link *l)
{
	return l->step != CLOSED;
}

void
link_close(struct link *l)
{
	shut(l);
	tell_jobs(l, "closed");
}

void
link_send(struct link *l, const char *command, link_answer_fn *done, void *arg)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->command = xstrdup(command);
	j->done = done;
	j->arg = arg;
	*l->last = j;
	l->last = &j->next;
	link_open(l);
	send_next(l);
}

void
link_stream(struct link *l, const char *command)
{
	link_close(l);
	free(l->stream);
	l->stream = xstrdup(command);
	link_open(l);
}

struct link *
link_new(struct event_base *base, const char *where, double silence_s,
    const struct link_calls *calls, void *arg)
{
	struct link *l = xcalloc(1, sizeof(*l));

	l->base = base;
	l->where = xstrdup(where);
	l->silence_s = silence_s;
	l->calls = calls != NULL ? calls : &no_calls;
	l->arg = arg;
	l->last = &l->jobs;
	l->timer = event_new(base, -1, 0, on_timer, l);
	l->soon = event_new(base, -1, 0, on_soon, l);
	l->pace = event_new(base, -1, 0, on_pace, l);
	return l;
}

void
link_free(struct link *l)
{
	struct job *j;

	shut(l);
	while (l->jobs != NULL) {
		j = job_take(l);
		job_free(j);
	}
	event_free(l->timer);
	event_free(l->soon);
	event_free(l->pace);
	if (l->dns != NULL)
		evdns_base_free(l->dns, 0);
	free(l->stream);
	free(l->where);
	free(l);
}
