/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections: see conn.h for the life and the edge flags.
 *
 * EV_CLOSED (EPOLLRDHUP) is part of the one registration. Without it a FIN that
 * arrives together with data would be lost: the edge is consumed, the read is
 * short and looks drained. With it the flag CONN_RDHUP keeps CONN_IN alive until
 * the end was really read; a FIN that comes after epoll_wait makes its own edge.
 *
 * Thread: the loop that owns the connection.
 */
#include "net/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/magic.h"
#include "event/loop.h"
#include "net/addr.h"
#include "net/sysio.h"
#include "net/tls.h"

#define CONN_EVENTS	(EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST)

static void
on_libevent(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	if (what & EV_READ)
		c->flags |= CONN_IN;
	if (what & EV_WRITE)
		c->flags |= CONN_OUT;
	if (what & EV_CLOSED)
		c->flags |= CONN_IN | CONN_RDHUP;
	if ((what & EV_WRITE) && c->tls != NULL)
		tls_on_writable(c);
	c->on_event(c);
}

void
conn_init(struct conn *c, int fd, unsigned flags, conn_event_fn *on_event)
{
	c->fd = fd;
	c->flags = (uint16_t)flags;
	c->error = 0;
	c->on_event = on_event;
	c->tls = NULL;
	timer_init(&c->timer, NULL);
}

static int
watch(struct conn *c, short events)
{
	if (event_assign(&c->ev, loop_self->base, c->fd, events, on_libevent, c) != 0 ||
	    event_add(&c->ev, NULL) != 0)
		return -1;
	c->flags |= CONN_REGISTERED;
	return 0;
}

int
conn_register(struct conn *c)
{
	if (unlikely(c->flags & CONN_DEAF)) {
		event_del(&c->ev);
		c->flags &= (uint16_t)~(CONN_DEAF | CONN_REGISTERED);
	}
	return c->flags & (CONN_REGISTERED | CONN_CLOSED) ? 0 : watch(c, CONN_EVENTS);
}

int
conn_register_in(struct conn *c)
{
	c->flags |= CONN_DEAF;
	return watch(c, CONN_EVENTS & ~EV_WRITE);
}

void
conn_close(struct conn *c)
{
	if (c->flags & CONN_CLOSED)
		return;
	timer_unlink(&loop_self->wheel, &c->timer);
	if (c->tls != NULL) {
		tls_free(c->tls);
		c->tls = NULL;
	}
	if (c->flags & CONN_REGISTERED)
		loop_forget(&c->ev);
	close(c->fd);
	c->fd = -1;
	c->flags = (uint16_t)((c->flags & ~(CONN_REGISTERED | CONN_DEAF)) | CONN_CLOSED);
}

void
conn_reset(struct conn *c)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };

	if (c->flags & CONN_CLOSED)
		return;
	if (!(c->flags & CONN_UNIX))
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	c->flags |= CONN_ERROR;		/* no close_notify: the peer must see a cut */
	conn_close(c);
}

void
conn_shut_write(struct conn *c)
{
	if (c->flags & (CONN_CLOSED | CONN_SHUT_WR))
		return;
	if (c->tls != NULL)
		tls_shut_write(c);	/* the FIN follows what still waits */
	else
		(void)shutdown(c->fd, SHUT_WR);
	c->flags |= CONN_SHUT_WR;
}

bool
conn_is_flushed(const struct conn *c)
{
	return c->tls == NULL || !tls_has_pending(c->tls);
}

static ssize_t
conn_failed(struct conn *c)
{
	c->error = (int16_t)errno;
	c->flags |= CONN_ERROR;
	return -1;
}

ssize_t
conn_recv(struct conn *c, void *buf, size_t len)
{
	ssize_t n;

	if (c->tls != NULL)
		return tls_recv(c, buf, len);
	do
		n = sys_recv(c->fd, buf, len, 0);
	while (unlikely(n < 0 && errno == EINTR));
	if (likely(n > 0)) {
		if ((size_t)n < len && !(c->flags & CONN_RDHUP))
			c->flags &= (uint16_t)~CONN_IN;
		return n;
	}
	if (n == 0) {
		c->flags |= CONN_EOF;
		return 0;
	}
	if (errno == EAGAIN) {
		c->flags &= (uint16_t)~CONN_IN;
		return -1;
	}
	return conn_failed(c);
}

static size_t
iov_bytes(const struct iovec *iov, int n)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += iov[i].iov_len;
	return sum;
}

/* CONN_MORE counts for one write; a write without it ends the corking. */
int
conn_send_flags(struct conn *c)
{
	bool more = (c->flags & CONN_MORE) != 0;

	c->flags = (uint16_t)((c->flags & ~(CONN_MORE | CONN_CORKED)) | (more ? CONN_CORKED : 0));
	return MSG_NOSIGNAL | (more ? MSG_MORE : 0);
}

void
conn_push(struct conn *c)
{
	int one = 1;

	c->flags &= (uint16_t)~CONN_CORKED;
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

#define FLAT_BYTES	2048

/* Copying short pieces together here costs less than the kernel's walk over
 * them: one send(2) of a few hundred bytes against a sendmsg(2) of six pieces.
 * 0: they are too long for that. */
static size_t
flatten(char *flat, const struct iovec *iov, int n)
{
	size_t len = 0;

	for (int i = 0; i < n; i++) {
		if (unlikely(iov[i].iov_len > FLAT_BYTES - len))
			return 0;
		memcpy(flat + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return len;
}

static ssize_t
send_pieces(struct conn *c, const struct iovec *iov, int n, int flags)
{
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n };
	ssize_t sent;

	do
		sent = sendmsg(c->fd, &m, flags);
	while (unlikely(sent < 0 && errno == EINTR));
	return sent;
}

static ssize_t
send_one(struct conn *c, const char *p, size_t len, int flags)
{
	ssize_t sent;

	do
		sent = sys_send(c->fd, p, len, flags);
	while (unlikely(sent < 0 && errno == EINTR));
	return sent;
}

static ssize_t
send_failed(struct conn *c)
{
	if (errno != EAGAIN)
		return conn_failed(c);
	c->flags &= (uint16_t)~CONN_OUT;
	return 0;
}

ssize_t
conn_sendv(struct conn *c, const struct iovec *iov, int n)
{
	char flat[FLAT_BYTES];
	size_t len;
	ssize_t sent;
	int flags;

	if (c->tls != NULL)
		return tls_sendv(c, iov, n);
	flags = likely((c->flags & (CONN_MORE | CONN_CORKED)) == 0) ? MSG_NOSIGNAL :
	    conn_send_flags(c);
	if (n == 1) {
		len = iov->iov_len;
		sent = send_one(c, iov->iov_base, len, flags);
	} else if (likely((len = flatten(flat, iov, n)) != 0)) {
		sent = send_one(c, flat, len, flags);
	} else {
		len = iov_bytes(iov, n);
		sent = send_pieces(c, iov, n, flags);
	}
	if (unlikely(sent < 0))
		return send_failed(c);
	if (unlikely((size_t)sent < len))
		c->flags &= (uint16_t)~CONN_OUT;
	return sent;
}

bool
conn_is_quiet(struct conn *c)
{
	char byte;

	return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

bool
conn_peer_is_gone(struct conn *c)
{
	struct pollfd p = { .fd = c->fd };

	if (c->flags & (CONN_ERROR | CONN_CLOSED))
		return true;
	/* recv(2) would show the data that came before the reset, not the reset */
	if (poll(&p, 1, 0) <= 0 || !(p.revents & (POLLERR | POLLHUP)))
		return false;
	errno = ECONNRESET;
	return conn_failed(c), true;
}

static int
connect_socket(const struct addr *to, const struct addr *source, int option, int value)
{
	int fd, one = 1;

	fd = socket(to->u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (to->u.sa.sa_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value);
	if (source == NULL)
		return fd;
	(void)setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (bind(fd, &source->u.sa, source->len) != 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int
connect_to(int fd, const struct addr *to, bool *ret_in_progress)
{
	if (fd < 0)
		return -1;
	*ret_in_progress = false;
	if (connect(fd, &to->u.sa, to->len) == 0)
		return fd;
	if (errno == EINPROGRESS) {
		*ret_in_progress = true;
		return fd;
	}
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

int
conn_connect(const struct addr *to, const struct addr *source, bool *ret_in_progress)
{
	return connect_to(connect_socket(to, source, TCP_NODELAY, 1), to, ret_in_progress);
}

int
conn_connect_brief(const struct addr *to, const struct addr *source, bool *ret_in_progress)
{
	return connect_to(connect_socket(to, source, TCP_QUICKACK, 0), to, ret_in_progress);
}

int
conn_connect_result(struct conn *c)
{
	int err = 0;
	socklen_t len = sizeof err;

	/* libevent reports EPOLLERR and EPOLLHUP as both directions at once */
	if ((c->flags & (CONN_IN | CONN_OUT | CONN_RDHUP)) == CONN_OUT) {
		c->flags &= (uint16_t)~CONN_CONNECTING;
		return 0;
	}
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		err = errno;
	if (err == 0)
		c->flags &= (uint16_t)~CONN_CONNECTING;
	else {
		c->error = (int16_t)err;
		c->flags |= CONN_ERROR;
	}
	return err;
}
