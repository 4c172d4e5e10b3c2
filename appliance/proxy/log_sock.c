/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets and descriptors that log lines leave by, with the header of each
 * format. Datagrams go out in batches by sendmmsg and are lost when nobody
 * takes them; a unix socket that lost its reader is connected again after a
 * growing pause. Descriptors are written to in order; the log thread may wait
 * there, for 100 ms a second when a reader has stopped.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "proxy/log_ring.h"
#include "proxy/log_target.h"
#include "proxy/ring.h"

#define BACKOFF_MIN_US	100000u
#define BACKOFF_MAX_US	5000000u
#define FD_WAIT_MS	100		/* for a reader that has stopped, */
#define DGRAM_WAIT_MS	5
#define FD_PAUSE_US	1000000u	/* and then drop for that long */
#define DGRAM_PAUSE_US	100000u

/* ---- opening ---- */

static void
back_off(struct log_sock *s)
{
	s->backoff_us = s->backoff_us == 0 ? BACKOFF_MIN_US :
	    s->backoff_us * 2 < BACKOFF_MAX_US ? s->backoff_us * 2 : BACKOFF_MAX_US;
	s->retry_us = clock_mono_us() + s->backoff_us;
}

static void
sock_open(struct log_sock *s)
{
	const struct sockaddr *sa = &s->addr.u.sa;

	if (s->kind == LOG_SOCK_FD || s->kind == LOG_SOCK_RING)
		return;
	s->fd = socket(sa->sa_family, (s->kind == LOG_SOCK_TCP ? SOCK_STREAM : SOCK_DGRAM) |
	    SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd >= 0 && (s->kind == LOG_SOCK_UNIX || s->kind == LOG_SOCK_TCP) &&
	    connect(s->fd, sa, s->addr.len) < 0 && errno != EINPROGRESS) {
		close(s->fd);
		s->fd = -1;
	}
	if (s->fd < 0)
		back_off(s);
	else if (s->kind != LOG_SOCK_TCP)	/* it may yet be refused */
		s->backoff_us = 0;
}

static void
sock_lost(struct log_sock *s)
{
	close(s->fd);
	s->fd = -1;
	s->retry_us = 0;
}

struct log_sock *
log_sock_of(const char *key, enum log_sock_kind kind, const struct addr *a, int fd)
{
	struct log_sock *s, *first = atomic_load(&log_socks);
	struct stat st;

	for (s = first; s != NULL; s = s->next)
		if (strcmp(s->key, key) == 0)
			return s;
	s = xcalloc(1, sizeof(*s));
	s->key = xstrdup(key);
	s->kind = (uint8_t)kind;
	s->fd = fd;
	s->is_file = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (a != NULL)
		s->addr = *a;
	if (kind == LOG_SOCK_RING)
		s->ring = ring_named(key + strlen("ring@"), strlen(key + strlen("ring@")));
	if (kind != LOG_SOCK_TCP)	/* which the log thread connects */
		sock_open(s);	/* before a chroot hides its path */
	s->retry_us = 0;	/* or shows it: the first line tries again at once */
	do
		s->next = first;
	while (!atomic_compare_exchange_weak(&log_socks, &first, s));
	return s;
}

/* ---- headers ---- */

static void
out_iso(struct out *o, uint64_t wall_us)
{
	time_t s = (time_t)(wall_us / 1000000);
	char buf[48];
	struct tm tm;
	size_t n;

	localtime_r(&s, &tm);
	out_mem(o, buf, strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm));
	out_char(o, '.');
	out_pad_u64(o, wall_us % 1000000, 6);
	n = strftime(buf, sizeof(buf), "%z", &tm);
	if (n == 5) {	/* +0100 to +01:00 */
		out_mem(o, buf, 3);
		out_char(o, ':');
		out_mem(o, buf + 3, 2);
	}
}

/* The log thread lives in one process: asked once. */
static unsigned
own_pid(void)
{
	static _Thread_local unsigned pid;

	if (pid == 0)
		pid = (unsigned)getpid();
	return pid;
}

static void
out_pri(struct out *o, unsigned pri)
{
	out_char(o, '<');
	out_u64(o, pri);
	out_char(o, '>');
}

static void
out_bsd(struct out *o, const struct log_rec *r, struct str tag, struct str host)
{
	char date[32];

	out_mem(o, date, clock_format_syslog(r->wall_us, date));
	out_char(o, ' ');
	if (host.len > 0 && r->format == LOG_FMT_RFC3164) {
		out_str(o, host);
		out_char(o, ' ');
	}
	out_str(o, tag);
	out_char(o, '[');
	out_u64(o, own_pid());
	out_lit(o, "]: ");
}

static void
out_head(struct out *o, const struct log_rec *r)
{
	const char *p = (const char *)(r + 1);
	struct str tag = { p, r->tag_len }, host = { p + r->tag_len, r->host_len };
	unsigned pri = (unsigned)r->facility * 8 + r->level;

	switch (r->format) {
	case LOG_FMT_RFC3164:
	case LOG_FMT_LOCAL:
		out_pri(o, pri);
		out_bsd(o, r, tag, host);
		break;
	case LOG_FMT_RFC5424:
		out_pri(o, pri);
		out_lit(o, "1 ");
		out_iso(o, r->wall_us);
		out_char(o, ' ');
		out_str(o, host.len > 0 ? host : STR("-"));
		out_char(o, ' ');
		out_str(o, tag);
		out_char(o, ' ');
		out_u64(o, own_pid());
		out_lit(o, " - - ");
		break;
	case LOG_FMT_ISO:
	case LOG_FMT_TIMED:
		if (r->format == LOG_FMT_TIMED)
			out_pri(o, r->level);
		out_iso(o, r->wall_us);
		out_char(o, ' ');
		break;
	case LOG_FMT_SHORT:
		out_pri(o, r->level);
		break;
	case LOG_FMT_PRIORITY:
		out_pri(o, pri);
		break;
	default:
		break;
	}
}

void
log_sock_put(struct log_sock *s, const struct log_rec *r)
{
	static char newline[] = "\n";
	struct iovec *iov = s->iov[s->n];
	const char *text = (const char *)(r + 1) + r->tag_len + r->host_len;
	size_t max = r->max_len > 1 ? r->max_len - 1 : 0, len = r->text_len;
	struct out o;

	out_init(&o, s->head[s->n], sizeof(s->head[0]));
	out_head(&o, r);
	iov[0] = (struct iovec){ o.start, out_len(&o) < max ? out_len(&o) : max };
	if (len > max - iov[0].iov_len)
		len = max - iov[0].iov_len;
	iov[1] = (struct iovec){ (void *)(uintptr_t)text, len };
	iov[2] = (struct iovec){ newline, 1 };
	s->msg[s->n] = (struct mmsghdr){ .msg_hdr = { .msg_iov = iov, .msg_iovlen = 3 } };
	if (s->kind == LOG_SOCK_UDP) {
		s->msg[s->n].msg_hdr.msg_name = &s->addr.u.sa;
		s->msg[s->n].msg_hdr.msg_namelen = s->addr.len;
	}
	if (++s->n == LOG_BATCH)
		log_sock_flush(s);
}

/* ---- sending ---- */

static void
drop(unsigned n)
{
	while (n-- > 0)
		log_dropped_add(log_ring_self());
}

/* False: the reader has stopped. Then nothing is tried for a while, so that one
 * such target does not hold up the others or the end of the process. */
static bool
wait_writable(struct log_sock *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };
	bool is_fd = s->kind == LOG_SOCK_FD;

	if (poll(&p, 1, is_fd ? FD_WAIT_MS : DGRAM_WAIT_MS) > 0 &&
	    !(p.revents & (POLLERR | POLLNVAL)))
		return true;
	s->retry_us = clock_mono_us() + (is_fd ? FD_PAUSE_US : DGRAM_PAUSE_US);
	return false;
}

/* As many parts as a pipe that poll calls writable takes without blocking, up to
 * the end of a line where that can be: three parts are one, left counts to the end. */
static int
parts_that_fit(const struct iovec *iov, size_t left, size_t *ret_cut)
{
	size_t bytes = 0, n = 0, whole;

	while (n < left && bytes + iov[n].iov_len <= PIPE_BUF)
		bytes += iov[n++].iov_len;
	whole = (left - n) % 3 == 0 ? n : n + (left - n) % 3 - 3;
	if (whole > 0 && whole < n)
		n = whole;
	*ret_cut = n == 0 ? PIPE_BUF : 0;
	return n == 0 ? 1 : (int)n;
}

/* As much as the connection takes; one that does not stand within FD_WAIT_MS, or
 * that is gone, is an error. */
static ssize_t
stream_some(struct log_sock *s, struct iovec *iov, size_t left)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = left };

	if (poll(&p, 1, FD_WAIT_MS) <= 0 || (p.revents & (POLLERR | POLLHUP | POLLNVAL)))
		return errno = ECONNRESET, -1;
	return sendmsg(s->fd, &m, MSG_NOSIGNAL);
}

static ssize_t
write_some(struct log_sock *s, struct iovec *iov, size_t left)
{
	size_t cut;
	int n;

	if (s->kind == LOG_SOCK_TCP)
		return stream_some(s, iov, left);
	if (s->is_file)
		return writev(s->fd, iov, (int)left);
	if (!wait_writable(s))
		return errno = EAGAIN, -1;
	n = parts_that_fit(iov, left, &cut);
	return cut != 0 ? write(s->fd, iov->iov_base, cut) : writev(s->fd, iov, n);
}

/* All lines in order; returns those that could not be written. */
static unsigned
write_lines(struct log_sock *s)
{
	struct iovec *iov = s->iov[0];
	size_t left = (size_t)s->n * 3;
	ssize_t w;

	while (left > 0) {
		w = write_some(s, iov, left);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return (unsigned)((left + 2) / 3);
		while (left > 0 && (size_t)w >= iov->iov_len) {
			w -= (ssize_t)iov->iov_len;
			iov++;
			left--;
		}
		if (left > 0) {
			iov->iov_base = (char *)iov->iov_base + w;
			iov->iov_len -= (size_t)w;
		}
	}
	return 0;
}

/* The peer has ended: what is sent now would be lost without a word. */
static bool
has_ended(const struct log_sock *s)
{
	char c;

	return recv(s->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* A line that was cut ends its connection, so the next one begins a fresh one. */
static unsigned
send_stream(struct log_sock *s)
{
	unsigned lost;

	if (has_ended(s)) {
		sock_lost(s);
		sock_open(s);
		if (s->fd < 0)
			return s->n;
	}
	lost = write_lines(s);
	if (lost == 0) {
		s->backoff_us = 0;
		return 0;
	}
	sock_lost(s);
	back_off(s);
	return lost;
}

static unsigned
send_datagrams(struct log_sock *s)
{
	unsigned at = 0, lost = 0;
	int n;

	while (at < s->n) {
		n = sendmmsg(s->fd, s->msg + at, s->n - at, MSG_NOSIGNAL);
		if (n > 0) {
			at += (unsigned)n;
		} else if (errno == EINTR) {
			continue;
		} else if (errno == EAGAIN) {
			if (!wait_writable(s))
				return lost + s->n - at;
		} else if (s->kind == LOG_SOCK_UNIX && errno != EMSGSIZE && errno != EAGAIN) {
			sock_lost(s);
			return lost + s->n - at;
		} else {
			at++;	/* this one cannot be sent; the next may */
			lost++;
		}
	}
	return lost;
}

void
log_sock_flush(struct log_sock *s)
{
	if (s->kind == LOG_SOCK_RING) {
		for (unsigned i = 0; i < s->n; i++)
			ring_put(s->ring, s->iov[i]);
		s->n = 0;
		return;
	}
	if (s->fd < 0 && s->kind != LOG_SOCK_FD && clock_mono_us() >= s->retry_us)
		sock_open(s);
	if (s->fd < 0 || (s->retry_us != 0 && clock_mono_us() < s->retry_us))
		drop(s->n);
	else
		drop(s->kind == LOG_SOCK_FD ? write_lines(s) : s->kind == LOG_SOCK_TCP ?
		    send_stream(s) : send_datagrams(s));
	s->n = 0;
}
