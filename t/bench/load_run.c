/*
 * A worker: one thread, one epoll, its share of the connections.
 *
 * Closed loop: each connection sends its next request when the answer to the
 * last one is complete. With a rate, requests fall due at fixed times and an
 * idle connection takes the next one; latency counts from the due time, so a
 * balancer that stalls is not excused by requests that were never sent.
 *
 * A conn is a slot that lives as long as the worker; its socket is opened and
 * closed many times. Descriptors are added to epoll once, edge-triggered. Large
 * bodies are discarded in the kernel (MSG_TRUNC): the length is what we check.
 */
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum {
	ERRORS_MAX = 100,	/* a worker gives its connections up */
	OPENING_MAX = 64,	/* idle mode: not yet held at once */
	DISCARD_MAX = 1 << 20,
	LOWAT_MIN = 32 << 10,
	LOWAT_MAX = 128 << 10,
};

static void conn_drive(struct conn *, uint32_t);

uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* Single writer: a plain load and store is enough. */
static void
bump(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter,
	    memory_order_relaxed) + by, memory_order_relaxed);
}

static uint64_t
value(_Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void
complain(struct worker *w, const char *why)
{
	bump(&w->errors, 1);
	if (atomic_load(&w->first_error) == NULL)
		atomic_store(&w->first_error, why);
}

static bool
quota_take(struct worker *w)
{
	if (!w->bounded)
		return true;
	if (w->quota == 0)
		return false;
	w->quota--;
	return true;
}

static void
conn_close(struct conn *c)
{
	struct worker *w = c->worker;

	if (c->ssl != NULL)
		tls_close(c);
	if (c->state == S_IDLE && opt.idle)
		bump(&w->held, (uint64_t)-1);
	close(c->fd);
	c->fd = -1;
	c->state = S_FREE;
	w->live--;
}

static void
conn_open(struct conn *c)
{
	struct worker *w = c->worker;
	struct epoll_event ev = { .data.ptr = c,
	    .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int one = 1;

	c->start_ns = now_ns();
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		complain(w, strerror(errno));
		return;
	}
	if (!opt.fresh)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->state = S_CONNECT;
	c->drained = true;		/* until an edge says otherwise */
	c->hung_up = c->peer_closes = false;
	c->done = 0;
	c->head_len = 0;
	c->lowat = 1;
	c->sent = opt.request_len;
	w->live++;
	if ((connect(c->fd, (const struct sockaddr *)&opt.addr,
	    sizeof(opt.addr)) < 0 && errno != EINPROGRESS) ||
	    epoll_ctl(w->epfd, EPOLL_CTL_ADD, c->fd, &ev) < 0) {
		complain(w, strerror(errno));
		conn_close(c);
	}
}

/* The connection ended as agreed, or was given up: open the slot again. */
static void
conn_renew(struct conn *c)
{
	struct worker *w = c->worker;

	conn_close(c);
	if (atomic_load_explicit(&stopping, memory_order_relaxed) ||
	    opt.idle || value(&w->errors) > ERRORS_MAX)
		return;
	if ((opt.fresh || opt.proto == P_BULK) && !quota_take(w))
		return;
	conn_open(c);
}

static void
conn_fail(struct conn *c, const char *why)
{
	complain(c->worker, why);
	conn_renew(c);
}

/* Push the request out: false when the connection was given up. */
static bool
request_push(struct conn *c)
{
	const char *buf = opt.request + c->sent;
	size_t len = opt.request_len - c->sent;
	ssize_t n;

	if (c->ssl != NULL) {
		n = tls_write(c, buf, len);
	} else {
		n = send(c->fd, buf, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			n = 0;
	}
	if (n < 0) {
		conn_fail(c, "cannot send");
		return false;
	}
	c->sent += (size_t)n;
	return true;
}

static bool
request_begin(struct conn *c)
{
	c->state = opt.proto == P_HTTP ? S_HEAD : S_BODY;
	c->body_left = opt.size;
	c->head_len = 0;
	c->sent = 0;
	return request_push(c);
}

static void
idle_push(struct conn *c)
{
	struct worker *w = c->worker;

	c->state = S_IDLE;
	if (opt.idle) {
		bump(&w->held, 1);
		if (w->opened < w->nconns)
			conn_open(&w->conns[w->opened++]);
		return;
	}
	c->next_idle = w->idle;
	w->idle = c;
}

/* Connected, hands shaken. */
static bool
on_ready(struct conn *c)
{
	if (opt.fresh || opt.proto == P_BULK)
		return request_begin(c);	/* quota was taken before */
	if (opt.rate > 0 || (opt.idle && opt.each == 0)) {
		idle_push(c);
		return true;
	}
	if (!opt.idle && !quota_take(c->worker)) {
		conn_close(c);
		return false;
	}
	c->start_ns = now_ns();
	return request_begin(c);
}

/* One answer is complete: false when the connection is gone. */
static bool
on_answer(struct conn *c)
{
	struct worker *w = c->worker;
	const uint64_t now = now_ns();

	if (atomic_load_explicit(&measuring, memory_order_relaxed))
		hist_add(&w->hist, now - c->start_ns);
	bump(&w->requests, 1);
	c->done++;
	if (opt.fresh || opt.proto == P_BULK || c->peer_closes) {
		c->state = S_EOF;
		return true;
	}
	if (opt.rate > 0 || (opt.idle && c->done >= opt.each)) {
		idle_push(c);
		return true;
	}
	if (!opt.idle && !quota_take(w)) {
		conn_close(c);
		return false;
	}
	c->start_ns = now;
	return request_begin(c);
}

/* The fields we care for: a reason to complain, or NULL. */
static const char *
head_check(struct conn *c, const char *head, size_t len)
{
	const char *p = head, *end = head + len;
	bool has_length = false;

	if (len < 12 || memcmp(head, "HTTP/1.1 200", 12) != 0)
		return "status is not 200";
	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL && ++p < end) {
		if ((*p | 32) != 'c')
			continue;
		if (strncasecmp(p, "content-length: ", 16) == 0) {
			has_length = true;
			c->body_left = strtoull(p + 16, NULL, 10);
		} else if (strncasecmp(p, "connection: close", 17) == 0) {
			c->peer_closes = true;
		}
	}
	if (!has_length)
		return "no Content-Length";
	return c->body_left == opt.size ? NULL : "Content-Length is wrong";
}

/* Bytes of a head: how many were taken, 0 = all of them and more needed,
 * -1 = the connection was given up. */
static ssize_t
head_take(struct conn *c, const char *p, size_t n)
{
	const char *why, *end;
	size_t len, had = c->head_len;

	if (had == 0 && (end = memmem(p, n, "\r\n\r\n", 4)) != NULL) {
		len = (size_t)(end + 4 - p);
		why = head_check(c, p, len);
	} else {
		if (c->head == NULL && (c->head = malloc(HEAD_MAX)) == NULL)
			err(1, "malloc");
		len = n < HEAD_MAX - had ? n : HEAD_MAX - had;
		memcpy(c->head + had, p, len);
		c->head_len += len;
		end = memmem(c->head, c->head_len, "\r\n\r\n", 4);
		if (end == NULL && c->head_len < HEAD_MAX)
			return 0;
		why = end == NULL ? "head too long" :
		    head_check(c, c->head, (size_t)(end + 4 - c->head));
		len = end == NULL ? 0 : (size_t)(end + 4 - c->head) - had;
	}
	if (why != NULL) {
		conn_fail(c, why);
		return -1;
	}
	c->state = S_BODY;
	return (ssize_t)len;
}

/* Received bytes: false when the connection is gone. */
static bool
on_bytes(struct conn *c, const char *p, size_t n)
{
	ssize_t taken;

	if (c->state == S_HEAD) {
		if ((taken = head_take(c, p, n)) <= 0)
			return taken == 0;
		n -= (size_t)taken;
	}
	if (c->state != S_BODY || n > c->body_left) {
		conn_fail(c, "bytes that nobody asked for");
		return false;
	}
	c->body_left -= n;
	bump(&c->worker->bytes, n);
	return c->body_left > 0 || on_answer(c);
}

/* Bytes, 0 = none now, -1 = end or broken. */
static ssize_t
conn_recv(struct conn *c, bool *ret_eof)
{
	size_t want = RX_SIZE;
	int flags = 0;
	ssize_t n;

	if (c->ssl != NULL)
		return tls_read(c, c->worker->rx, RX_SIZE, ret_eof);
	if (c->drained)
		return 0;
	if (c->state == S_BODY && c->body_left > RX_SIZE / 2) {
		want = c->body_left < DISCARD_MAX ? c->body_left : DISCARD_MAX;
		flags = MSG_TRUNC;
	}
	n = recv(c->fd, c->worker->rx, want, flags);
	if (n == 0)
		*ret_eof = true;
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -1;
	c->drained = (size_t)n < want && !c->hung_up;
	return n;
}

/* Wait for a good part of a large body, not for each segment: else most of what
 * a balancer on loopback pays for is waking us on another core. */
static void
lowat_set(struct conn *c)
{
	int want = 1;

	if (c->state == S_BODY && c->body_left >= LOWAT_MIN)
		want = c->body_left < LOWAT_MAX ? (int)c->body_left : LOWAT_MAX;
	if (want == c->lowat)
		return;
	c->lowat = want;
	setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &want, sizeof(want));
}

static void
conn_read(struct conn *c)
{
	bool eof = false;
	ssize_t n;

	while ((n = conn_recv(c, &eof)) > 0)
		if (!on_bytes(c, c->worker->rx, (size_t)n))
			return;
	if (n == 0) {
		lowat_set(c);
		return;
	}
	if (eof && c->state == S_EOF)
		conn_renew(c);
	else
		conn_fail(c, eof ? "closed by the peer" : "cannot receive");
}

/* Take the connection as far as it goes. */
static void
conn_drive(struct conn *c, uint32_t events)
{
	int rc;

	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->drained = false;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->hung_up = true;
	if (c->state == S_CONNECT) {
		if (events & (EPOLLERR | EPOLLHUP)) {
			conn_fail(c, "cannot connect");
			return;
		}
		if (opt.tls && tls_open(c) < 0)
			errx(1, "out of memory");
		c->state = S_HANDSHAKE;
		if (!opt.tls && !on_ready(c))
			return;
	}
	if (c->state == S_HANDSHAKE) {
		if ((rc = tls_handshake(c)) <= 0) {
			if (rc < 0)
				conn_fail(c, "TLS handshake failed");
			return;
		}
		if (!on_ready(c))
			return;
	}
	if (c->sent < opt.request_len && !request_push(c))
		return;
	conn_read(c);
}

/* Give due requests to idle connections; how long the next one is away. */
static int64_t
pace(struct worker *w)
{
	const double now = (double)now_ns();
	struct conn *c;

	while (w->next_due_ns <= now && (c = w->idle) != NULL) {
		if (!quota_take(w)) {
			w->idle = c->next_idle;
			conn_close(c);
			continue;
		}
		w->idle = c->next_idle;
		c->start_ns = (uint64_t)w->next_due_ns;
		w->next_due_ns += w->interval_ns;
		request_begin(c);
	}
	if (w->idle == NULL || w->next_due_ns - now > 1e8)
		return 100000000;
	return (int64_t)(w->next_due_ns - now);
}

void
worker_init(struct worker *w, int nconns, uint64_t quota, double rate)
{
	int i;

	w->nconns = nconns;
	w->bounded = opt.requests > 0;
	w->quota = quota;
	w->interval_ns = rate > 0 ? 1e9 / rate : 0;
	w->conns = calloc((size_t)nconns, sizeof(*w->conns));
	w->rx = malloc(RX_SIZE);
	if (w->conns == NULL || w->rx == NULL)
		err(1, "malloc");
	for (i = 0; i < nconns; i++) {
		w->conns[i].worker = w;
		w->conns[i].fd = -1;
	}
	if ((w->epfd = epoll_create1(EPOLL_CLOEXEC)) < 0)
		err(1, "epoll_create1");
	if (opt.tls)
		tls_worker_init(w);
}

void *
worker_run(void *arg)
{
	struct worker *w = arg;
	struct epoll_event ev[128];
	struct timespec ts = { 0, 100000000 };
	int i, n, first = opt.idle && w->nconns > OPENING_MAX ?
	    OPENING_MAX : w->nconns;

	prctl(PR_SET_TIMERSLACK, 1000UL);
	while (w->opened < first) {
		struct conn *c = &w->conns[w->opened++];

		if ((opt.fresh || opt.proto == P_BULK) && !quota_take(w))
			break;
		conn_open(c);
	}
	w->next_due_ns = (double)now_ns() + 1e7;
	while (!atomic_load_explicit(&stopping, memory_order_relaxed) &&
	    w->live > 0) {
		if (opt.rate > 0)
			ts.tv_nsec = pace(w);
		n = epoll_pwait2(w->epfd, ev, 128, &ts, NULL);
		if (n < 0 && errno != EINTR)
			err(1, "epoll_pwait2");
		for (i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;

			if (c->state != S_FREE)
				conn_drive(c, ev[i].events);
		}
	}
	atomic_store(&w->ended, true);
	return NULL;
}

void
worker_fini(struct worker *w)
{
	int i;

	for (i = 0; i < w->nconns; i++) {
		if (w->conns[i].state != S_FREE)
			conn_close(&w->conns[i]);
		SSL_SESSION_free(w->conns[i].session);
		free(w->conns[i].head);
	}
	free(w->conns);
	free(w->rx);
	if (opt.tls)
		tls_worker_fini(w);
	close(w->epfd);
}
