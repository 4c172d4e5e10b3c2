/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening sockets: opening with HAProxy's error texts, and the accept loop.
 *
 * The accept loop takes at most maxaccept connections a pass. On EMFILE, ENFILE,
 * ENOBUFS or ENOMEM the thread's watch pauses for 100 ms by timer: no spin, and
 * the backlog keeps the clients.
 */
#include "net/listen.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "event/loop.h"

#define PAUSE_US	100000u	/* out of descriptors or memory */
#define LIMIT_PAUSE_US	5000u	/* a limit was reached; admit's owner may resume sooner */
#define DEFAULT_BACKLOG	4096
#define DRAIN_MAX	65536u

struct list listeners = { &listeners, &listeners };

/* What a thread's libevent callback needs; one per (listener, thread). */
struct watch {
	struct listener	*l;
	struct loop	*loop;
	struct timer	 timer;
};

static bool
is_tcp(const struct addr *a)
{
	return a->kind == ADDR_INET || a->kind == ADDR_INET6;
}

static int
set_options(int fd, const struct addr *a, const struct listen_conf *conf, bool reuseport)
{
	int one = 1, v6only = conf->v6only;

	if (!is_tcp(a))
		return 0;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    (reuseport && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0))
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);	/* inherited */
	if (a->kind == ADDR_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only) != 0)
		return -1;
	if (conf->transparent && setsockopt(fd, a->kind == ADDR_INET6 ? SOL_IPV6 : SOL_IP,
	    a->kind == ADDR_INET6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &one, sizeof one) != 0)
		return -1;
	if (conf->interface != NULL && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE,
	    conf->interface, (socklen_t)strlen(conf->interface)) != 0)
		return -1;
	if (conf->defer_accept)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &one, sizeof one);
	if (conf->tfo) {
		int qlen = 256;

		(void)setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &qlen, sizeof qlen);
	}
	return 0;
}

static int
fail(char *err, size_t size, const char *what, const struct addr *a, int fd)
{
	char text[160];
	int saved = errno;

	addr_text(a, text, sizeof text);
	snprintf(err, size, "cannot %s (%s) for [%s]", what, strerror(saved), text);
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
open_tcp(const struct addr *a, const struct listen_conf *conf, bool reuseport, bool probe,
    char *err, size_t size)
{
	int fd = socket(a->u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(err, size, "create listening socket", a, -1);
	if (set_options(fd, a, conf, reuseport) != 0)
		return fail(err, size, "set socket options", a, fd);
	if (bind(fd, &a->u.sa, a->len) != 0)
		return fail(err, size, "bind socket", a, fd);
	if (!probe && listen(fd, conf->backlog ? (int)conf->backlog : DEFAULT_BACKLOG) != 0)
		return fail(err, size, "listen to socket", a, fd);
	return fd;
}

/* A live socket's path is replaced atomically: bind to a temporary name, set
 * mode and owner, rename. */
static int
open_unix(const struct addr *a, const struct listen_conf *conf, char *err, size_t size)
{
	struct addr tmp = *a;
	const char *path = a->u.un.sun_path;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int n = snprintf(tmp.u.un.sun_path, sizeof tmp.u.un.sun_path, "%s.%d.tmp", path,
	    (int)getpid());

	if (fd < 0)
		return fail(err, size, "create a UNIX socket", a, -1);
	if (n < 0 || (size_t)n >= sizeof tmp.u.un.sun_path) {
		errno = ENAMETOOLONG;
		return fail(err, size, "bind UNIX socket", a, fd);
	}
	(void)unlink(tmp.u.un.sun_path);
	if (bind(fd, &tmp.u.sa, sizeof tmp.u.un) != 0)
		return fail(err, size, "bind UNIX socket", a, fd);
	if ((conf->mode != 0 && chmod(tmp.u.un.sun_path, conf->mode) != 0) ||
	    ((conf->has_uid || conf->has_gid) && chown(tmp.u.un.sun_path,
	    conf->has_uid ? conf->uid : (uid_t)-1, conf->has_gid ? conf->gid : (gid_t)-1) != 0) ||
	    listen(fd, conf->backlog ? (int)conf->backlog : DEFAULT_BACKLOG) != 0 ||
	    rename(tmp.u.un.sun_path, path) != 0) {
		int saved = errno;

		(void)unlink(tmp.u.un.sun_path);
		errno = saved;
		return fail(err, size, "change UNIX socket ownership or rename it", a, fd);
	}
	return fd;
}

static int
open_abns(const struct addr *a, const struct listen_conf *conf, char *err, size_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(err, size, "create a UNIX socket", a, -1);
	if (bind(fd, &a->u.sa, a->len) != 0)
		return fail(err, size, "bind abstract UNIX socket", a, fd);
	if (listen(fd, conf->backlog ? (int)conf->backlog : DEFAULT_BACKLOG) != 0)
		return fail(err, size, "listen to socket", a, fd);
	return fd;
}

/* An inherited descriptor: bound, perhaps already listening. */
static int
open_inherited(struct listener *l, const struct addr *a, const struct listen_conf *conf,
    char *err, size_t size)
{
	socklen_t len = sizeof l->addr.u;
	int fd = a->fd, type = 0;
	socklen_t tlen = sizeof type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &tlen) != 0 || type != SOCK_STREAM) {
		if (errno == 0 || type != 0)
			errno = EPROTOTYPE;
		return fail(err, size, "use inherited socket", a, -1);
	}
	memset(&l->addr.u, 0, sizeof l->addr.u);
	if (getsockname(fd, &l->addr.u.sa, &len) != 0)
		return fail(err, size, "get the address of inherited socket", a, -1);
	l->addr.len = len;
	l->addr.kind = l->addr.u.sa.sa_family == AF_INET ? ADDR_INET :
	    l->addr.u.sa.sa_family == AF_INET6 ? ADDR_INET6 : ADDR_UNIX;
	l->addr.port_lo = l->addr.port_hi = addr_port(&l->addr);
	if (l->addr.kind != ADDR_UNIX) {
		int one = 1;

		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (conf->defer_accept)
			(void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &one, sizeof one);
	}
	if (evutil_make_socket_nonblocking(fd) != 0 || evutil_make_socket_closeonexec(fd) != 0 ||
	    listen(fd, conf->backlog ? (int)conf->backlog : DEFAULT_BACKLOG) != 0)
		return fail(err, size, "listen to inherited socket", a, -1);
	return fd;
}

static int
open_shared(struct listener *l, const struct listen_conf *conf, char *err, size_t size)
{
	const struct addr *a = &l->conf_addr;

	switch (a->kind) {
	case ADDR_FD:
		return open_inherited(l, a, conf, err, size);
	case ADDR_UNIX:
		l->unlink_path = xstrdup(a->u.un.sun_path);
		return open_unix(a, conf, err, size);
	case ADDR_ABNS:
		return open_abns(a, conf, err, size);
	default:
		return open_tcp(a, conf, false, false, err, size);
	}
}

static int
open_per_thread(struct listener *l, const struct listen_conf *conf, char *err, size_t size)
{
	int probe = open_tcp(&l->conf_addr, conf, false, true, err, size);

	if (probe < 0)
		return -1;
	close(probe);
	for (unsigned i = 0; i < l->nfds; i++) {
		l->fds[i] = open_tcp(&l->conf_addr, conf, true, false, err, size);
		if (l->fds[i] < 0)
			return -1;
	}
	return 0;
}

static void
listener_free(struct listener *l)
{
	for (unsigned i = 0; i < l->nfds; i++)
		if (l->fds[i] >= 0)
			close(l->fds[i]);
	list_del(&l->node);
	free(l->fds);
	free(l->events);
	free(l->unlink_path);
	free(l->counts);
	free(l);
}

struct listener *
listener_open(const struct addr *a, const struct listen_conf *conf, unsigned nthreads,
    char *err, size_t err_size)
{
	struct listener *l = xcalloc(1, sizeof *l);
	bool per_thread = is_tcp(a) && !conf->noreuseport && nthreads > 1;

	l->conf_addr = l->addr = *a;
	l->nthreads = nthreads;
	l->maxaccept = 64;
	l->nfds = per_thread ? nthreads : 1;
	l->fds = xcalloc(l->nfds, sizeof *l->fds);
	l->events = xcalloc(nthreads + 1, sizeof(struct event *));
	for (unsigned i = 0; i < l->nfds; i++)
		l->fds[i] = -1;
	list_append(&listeners, &l->node);
	if (per_thread) {
		if (open_per_thread(l, conf, err, err_size) == 0)
			return l;
	} else if ((l->fds[0] = open_shared(l, conf, err, err_size)) >= 0)
		return l;
	listener_free(l);
	return NULL;
}

struct listener *
listener_find(const struct addr *conf_addr)
{
	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (addr_eq(&l->conf_addr, conf_addr))
			return l;
	}
	return NULL;
}

void
listener_close_all(void)
{
	while (!list_is_empty(&listeners)) {
		struct listener *l = LIST_ITEM(listeners.next, struct listener, node);

		if (l->unlink_path != NULL)
			(void)unlink(l->unlink_path);
		listener_free(l);
	}
}

/* ---- watching and accepting ---- */

static bool
is_out_of_resources(int e)
{
	return e == EMFILE || e == ENFILE || e == ENOBUFS || e == ENOMEM;
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;
	struct listener *l = w->l;
	struct sockaddr_storage ss;

	(void)what;
	for (unsigned i = 0; i < l->maxaccept; i++) {
		socklen_t len = sizeof ss;
		int conn;

		if (l->admit != NULL && !l->admit(l)) {
			listener_pause(l, w->loop, LIMIT_PAUSE_US);
			return;
		}
		conn = accept4(fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (conn < 0) {
			if (is_out_of_resources(errno)) {
				listener_pause(l, w->loop, PAUSE_US);
				if (l->starved != NULL)
					l->starved(l);
			}
			return;
		}
		if (len < sizeof ss.ss_family)
			ss.ss_family = AF_UNIX;
		l->accepted(l, conn, (struct sockaddr *)&ss);
		if (timer_is_set(&w->timer))	/* no memory: it paused this watch */
			return;
	}
}

void
listener_drain(struct listener *l, struct loop *loop)
{
	struct watch w = { .l = l, .loop = loop };
	struct pollfd p = { .fd = l->nfds > 1 ? l->fds[loop->id] : l->fds[0], .events = POLLIN };

	for (unsigned i = 0; i < DRAIN_MAX && poll(&p, 1, 0) == 1; i += l->maxaccept) {
		if (l->admit != NULL && !l->admit(l))
			return;
		on_acceptable(p.fd, EV_READ, &w);
	}
}

void
listener_close(struct listener *l)
{
	for (unsigned i = 0; i < l->nfds; i++) {
		if (l->fds[i] >= 0)
			close(l->fds[i]);
		l->fds[i] = -1;
	}
}

static void
on_pause_over(struct timer *t)
{
	struct watch *w = CONTAINER_OF(t, struct watch, timer);

	if (w->l->events[w->loop->id] != NULL && !atomic_load(&w->l->disabled))
		event_add(w->l->events[w->loop->id], NULL);
}

int
listener_start(struct listener *l, struct loop *loop)
{
	unsigned slot = loop->id;
	int fd = l->nfds > 1 ? l->fds[loop->id] : l->fds[0];
	struct watch *w = xcalloc(1, sizeof *w);

	WEIR_ASSERT(slot <= l->nthreads && l->events[slot] == NULL);
	w->l = l;
	w->loop = loop;
	timer_init(&w->timer, on_pause_over);
	l->events[slot] = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_acceptable, w);
	if (l->events[slot] == NULL || event_add(l->events[slot], NULL) != 0)
		return -1;
	return 0;
}

static struct watch *
watch_of(struct listener *l, struct loop *loop)
{
	return l->events[loop->id] == NULL ? NULL :
	    event_get_callback_arg(l->events[loop->id]);
}

void
listener_stop(struct listener *l, struct loop *loop)
{
	struct watch *w = watch_of(l, loop);

	if (w == NULL)
		return;
	timer_unlink(&loop->wheel, &w->timer);
	event_free(l->events[loop->id]);
	l->events[loop->id] = NULL;
	free(w);
}

void
listener_pause(struct listener *l, struct loop *loop, uint64_t us)
{
	struct watch *w = watch_of(l, loop);

	if (w == NULL)
		return;
	event_del(l->events[loop->id]);
	if (us != 0)
		timer_set(&loop->wheel, &w->timer, clock_now_us + us);
}

void
listener_resume(struct listener *l, struct loop *loop)
{
	struct watch *w = watch_of(l, loop);

	if (w == NULL || atomic_load(&l->disabled))
		return;
	timer_clear(&w->timer);
	(void)event_add(l->events[loop->id], NULL);
}
