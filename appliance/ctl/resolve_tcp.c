/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions by TCP (RFC 7766): for answers that were truncated, and for name
 * servers written as tcp@. One connection per name server, opened when there is
 * something to ask and closed when it was idle for some seconds; questions go one
 * behind the other, answers come in any order and are told apart by their ids.
 * Each message has its length in front, two bytes.
 *
 * A question that gets no answer is the resolution's matter: its timer repeats
 * it. So a connection that breaks is simply closed; one that is silent is closed
 * when that timer says so, and the question goes by a new one. What is kept is
 * bounded: OUT_BYTES to send, one message to read.
 *
 * Thread: control.
 */
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "ctl/resolve.h"
#include "event/loop.h"
#include "proxy/resolvers.h"

#define LENGTH		2u		/* in front of a message */
#define MESSAGE_MIN	12u
#define MESSAGE_MAX	65535u
#define OUT_BYTES	16384u
#define READS_A_PASS	4
#define IDLE_US		10000000u

struct dns_tcp {
	struct dns_server *ns;
	int		 fd;
	struct event	*event;		/* owned */
	struct timer	 idle;
	uint64_t	 heard_us;	/* the last answer, at first when it was opened */
	unsigned	 unanswered;
	bool		 is_connected;
	size_t		 nout, nin;
	uint8_t		 out[OUT_BYTES];
	uint8_t		 in[LENGTH + MESSAGE_MAX];
};

void
resolve_tcp_close(struct dns_server *ns)
{
	struct dns_tcp *t = ns->tcp;

	if (t == NULL)
		return;
	ns->tcp = NULL;
	timer_unlink(&control_loop->wheel, &t->idle);
	if (t->event != NULL)
		event_free(t->event);
	close(t->fd);
	free(t);
}

void
resolve_tcp_silent(struct dns_server *ns)
{
	const struct dns_tcp *t = ns->tcp;

	if (t != NULL && t->unanswered > 0 &&
	    clock_now_us - t->heard_us >= ns->section->conf->retry_us)
		resolve_tcp_close(ns);
}

static void
on_idle(struct timer *timer)
{
	resolve_tcp_close(CONTAINER_OF(timer, struct dns_tcp, idle)->ns);
}

/* ---- in ---- */

/* Whole messages at the front of what came; false: the peer makes no sense. */
static bool
take_messages(struct dns_tcp *t)
{
	struct dns_server *ns = t->ns;
	size_t at = 0, len;

	while (t->nin - at >= LENGTH) {
		len = (size_t)t->in[at] << 8 | t->in[at + 1];
		if (len < MESSAGE_MIN) {
			ns->count.invalid++;
			return false;
		}
		if (t->nin - at - LENGTH < len)
			break;
		t->heard_us = clock_now_us;
		t->unanswered -= t->unanswered > 0;
		resolve_take(ns, t->in + at + LENGTH, len, true);
		if (ns->tcp != t)
			return true;	/* closed: the next question could not be sent */
		at += LENGTH + len;
	}
	memmove(t->in, t->in + at, t->nin - at);
	t->nin -= at;
	return true;
}

static void
read_some(struct dns_tcp *t)
{
	struct dns_server *ns = t->ns;

	for (int i = 0; i < READS_A_PASS && ns->tcp == t; i++) {
		ssize_t n = recv(t->fd, t->in + t->nin, sizeof t->in - t->nin, 0);

		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n > 0)
			t->nin += (size_t)n;
		if (n <= 0 || !take_messages(t)) {
			resolve_tcp_close(ns);
			return;
		}
	}
}

/* ---- out ---- */

static void on_event(evutil_socket_t fd, short what, void *arg);

static bool
watch(struct dns_tcp *t, short what)
{
	if (t->event != NULL)
		event_free(t->event);
	t->event = event_new(control_loop->base, t->fd, (short)(what | EV_PERSIST), on_event, t);
	return t->event != NULL && event_add(t->event, NULL) == 0;
}

/* False: the connection is of no use. */
static bool
write_some(struct dns_tcp *t)
{
	ssize_t n = send(t->fd, t->out, t->nout, MSG_NOSIGNAL);

	if (n == -1)
		return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
	t->nout -= (size_t)n;
	memmove(t->out, t->out + n, t->nout);
	return t->nout > 0 || watch(t, EV_READ);
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct dns_tcp *t = arg;
	int error = 0;
	socklen_t len = sizeof error;

	if (!t->is_connected && (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 ||
	    error != 0)) {
		t->ns->count.snd_error++;
		resolve_tcp_close(t->ns);
		return;
	}
	t->is_connected = true;
	if ((what & EV_WRITE) && t->nout > 0 && !write_some(t))
		resolve_tcp_close(t->ns);
	else if (what & EV_READ)
		read_some(t);
}

static bool
connect_to(struct dns_tcp *t)
{
	struct sockaddr_storage ss;
	socklen_t len = ip_port_sockaddr(&t->ns->ip, &ss);
	int on = 1;

	(void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return connect(t->fd, (struct sockaddr *)&ss, len) == 0 || errno == EINPROGRESS;
}

static bool
tcp_open(struct dns_server *ns)
{
	struct dns_tcp *t;
	int fd = socket(ns->ip.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return false;
	t = ns->tcp = xmalloc(sizeof *t);
	memset(t, 0, offsetof(struct dns_tcp, out));
	t->ns = ns;
	t->fd = fd;
	t->heard_us = clock_now_us;
	timer_init(&t->idle, on_idle);
	if (connect_to(t))
		return true;
	resolve_tcp_close(ns);
	return false;
}

bool
resolve_tcp_send(struct dns_server *ns, const uint8_t *query, size_t len)
{
	struct dns_tcp *t;

	if (ns->tcp == NULL && !tcp_open(ns))
		return false;
	t = ns->tcp;
	if (OUT_BYTES - t->nout < LENGTH + len)
		return false;
	if (t->nout == 0 && !watch(t, EV_READ | EV_WRITE)) {
		resolve_tcp_close(ns);
		return false;
	}
	if (t->unanswered++ == 0)
		t->heard_us = clock_now_us;
	t->out[t->nout++] = (uint8_t)(len >> 8);
	t->out[t->nout++] = (uint8_t)len;
	memcpy(t->out + t->nout, query, len);
	t->nout += len;
	timer_set(&control_loop->wheel, &t->idle, clock_now_us + IDLE_US);
	return true;
}
