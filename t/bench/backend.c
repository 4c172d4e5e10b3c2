/*
 * backend: the server behind the balancers in the benchmark.
 *
 * One thread, raw epoll, edge-triggered: each descriptor is added once and
 * never changed. It must cost far less than the balancer that is measured, so
 * replies are built once per size and sent from shared memory.
 *
 *   HTTP       GET /128, /64k, /1m, /?size=N; ?delay=MS; keep-alive, pipelining
 *   TCP        answers as many bytes as it gets
 *   TCP close  the same for --tcp-bytes bytes, then closes first, so that no
 *              side runs out of ephemeral ports
 *   bulk       sends --bulk-bytes after the first byte, then closes
 *   log        counts datagrams (a syslog sink)
 *
 * GET /.stats answers the counters in JSON. When everything listens, one line
 * "ready http=PORT tcp=PORT ..." goes to standard output.
 *
 * A connection is allocated at accept and freed at close; nothing else refers
 * to it but the list of delayed replies.
 */
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	IN_SIZE = 4096,			/* a request head must fit */
	BODY_SIZE = 256 * 1024,		/* shared bytes all bodies are made of */
	FLAT_MAX = 16 * 1024,		/* replies up to here are one piece */
	SIZES_MAX = 256,
	PORTS_MAX = 4096,
};

enum kind { K_HTTP, K_TCP, K_TCP_CLOSE, K_BULK, K_LOG };

/* What epoll points at: a listener or, as first member, a connection. */
struct source {
	enum kind	 kind;
	bool		 listens;
	int		 fd;
};

/* The reply of one body size, made once. */
struct reply {
	uint64_t	 body_len;
	size_t		 head_len;
	size_t		 flat_len;	/* head and body together, or 0 */
	char		*flat;		/* head, then the body if flat_len */
};

struct conn {
	struct source	 source;
	bool		 drained;	/* no edge since recv fell short */
	bool		 close_after;
	const struct reply *reply;	/* being sent, or NULL */
	uint64_t	 out_off;	/* into reply */
	uint64_t	 raw_left;	/* TCP: bytes still to be answered */
	uint64_t	 skip_left;	/* of a request body */
	uint64_t	 tcp_left;	/* TCP close: bytes still expected */
	int64_t		 due_ms;	/* delayed until, 0 = not */
	struct conn	*next, *prev;	/* in the delay list */
	size_t		 in_len, in_off;
	char		 in[IN_SIZE];
};

static struct {
	uint64_t	 default_size;
	uint64_t	 delay_ms;
	uint64_t	 bulk_bytes;
	uint64_t	 tcp_bytes;
} opt = { 128, 0, 64 << 20, 128 };

static struct {
	uint64_t	 accepted, requests, datagrams, bad;
} count;

static struct reply	 replies[SIZES_MAX];
static int		 nreplies;
static char		 body[BODY_SIZE];
static int		 epfd;
static struct conn	*delay_head, *delay_tail;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
delay_remove(struct conn *c)
{
	if (c->due_ms == 0)
		return;
	*(c->prev ? &c->prev->next : &delay_head) = c->next;
	*(c->next ? &c->next->prev : &delay_tail) = c->prev;
	c->next = c->prev = NULL;
	c->due_ms = 0;
}

/* Sorted by time; nearly always the new one is the last. */
static void
delay_insert(struct conn *c, uint64_t delay_ms)
{
	struct conn *after = delay_tail;

	c->due_ms = now_ms() + (int64_t)delay_ms;
	while (after != NULL && after->due_ms > c->due_ms)
		after = after->prev;
	c->prev = after;
	c->next = after ? after->next : delay_head;
	*(after ? &after->next : &delay_head) = c;
	*(c->next ? &c->next->prev : &delay_tail) = c;
}

static void
conn_free(struct conn *c)
{
	delay_remove(c);
	close(c->source.fd);
	free(c);
}

static const struct reply *
reply_for(uint64_t size)
{
	static struct reply *last;
	struct reply *r;
	int i;

	if (last != NULL && last->body_len == size)
		return last;
	for (i = 0; i < nreplies && replies[i].body_len != size; i++)
		;
	if (i == SIZES_MAX)
		return NULL;
	r = last = &replies[i];
	if (i < nreplies)
		return r;
	nreplies++;
	r->body_len = size;
	if ((r->flat = malloc(256 + (size <= FLAT_MAX ? size : 0))) == NULL)
		err(1, "malloc");
	r->head_len = (size_t)snprintf(r->flat, 256, "HTTP/1.1 200 OK\r\n"
	    "Content-Type: text/plain\r\nContent-Length: %" PRIu64 "\r\n\r\n",
	    size);
	if (size <= FLAT_MAX) {
		memcpy(r->flat + r->head_len, body, size);
		r->flat_len = r->head_len + size;
	}
	return r;
}

/* Send what is pending: 1 all gone, 0 the socket is full, -1 broken. */
static int
reply_flush(struct conn *c)
{
	const struct reply *r = c->reply;
	const uint64_t total = r->head_len + r->body_len;
	struct iovec iov[2];
	struct msghdr msg = { .msg_iov = iov };
	ssize_t n;

	while (c->out_off < total) {
		const uint64_t off = c->out_off;
		uint64_t left = total - off;

		if (r->flat_len) {
			n = send(c->source.fd, r->flat + off, left,
			    MSG_NOSIGNAL);
		} else {
			msg.msg_iovlen = 0;
			if (off < r->head_len) {
				iov[msg.msg_iovlen++] = (struct iovec){
				    r->flat + off, r->head_len - off };
				left = r->body_len;
			}
			iov[msg.msg_iovlen++] = (struct iovec){ body,
			    left < BODY_SIZE ? left : BODY_SIZE };
			n = sendmsg(c->source.fd, &msg, MSG_NOSIGNAL);
		}
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		c->out_off += (uint64_t)n;
	}
	c->reply = NULL;
	return 1;
}

static int
raw_flush(struct conn *c)
{
	while (c->raw_left > 0) {
		size_t len = c->raw_left < BODY_SIZE ? c->raw_left : BODY_SIZE;
		ssize_t n = send(c->source.fd, body, len, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		c->raw_left -= (uint64_t)n;
	}
	return 1;
}

/* A number with k or m behind it; false when there is none. */
static bool
size_parse(const char *s, const char *end, uint64_t *ret_size)
{
	uint64_t v = 0;

	if (s == end || !isdigit((unsigned char)*s))
		return false;
	for (; s < end && isdigit((unsigned char)*s) && v < 1ULL << 40; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	if (s < end && (*s | 32) == 'k')
		v <<= 10;
	else if (s < end && (*s | 32) == 'm')
		v <<= 20;
	*ret_size = v;
	return true;
}

static bool
query_number(const char *target, const char *end, const char *name,
    uint64_t *ret_value)
{
	const char *p = memmem(target, (size_t)(end - target), name,
	    strlen(name));

	return p != NULL && size_parse(p + strlen(name), end, ret_value);
}

/* The counters; a rare request, so a full socket is simply an error. */
static int
stats_send(struct conn *c)
{
	char text[256], out[512];
	int len;

	len = snprintf(text, sizeof(text), "{\"accepted\":%" PRIu64
	    ",\"requests\":%" PRIu64 ",\"datagrams\":%" PRIu64
	    ",\"bad\":%" PRIu64 "}\n", count.accepted, count.requests,
	    count.datagrams, count.bad);
	len = snprintf(out, sizeof(out), "HTTP/1.1 200 OK\r\n"
	    "Content-Length: %d\r\n\r\n%s", len, text);
	return send(c->source.fd, out, (size_t)len, MSG_NOSIGNAL) == len ?
	    0 : -1;
}

static bool
head_has(const char *head, size_t len, const char *a, const char *b)
{
	return memmem(head, len, a, strlen(a)) != NULL ||
	    memmem(head, len, b, strlen(b)) != NULL;
}

/* A request head of len bytes, its empty line included. */
static int
request_begin(struct conn *c, const char *head, size_t len)
{
	const char *eol = memchr(head, '\r', len), *target, *end, *p;
	uint64_t size = opt.default_size, delay_ms = opt.delay_ms;

	target = memchr(head, ' ', (size_t)(eol - head));
	if (target == NULL || eol - target < 10)
		return -1;
	target++;
	end = eol - 9;			/* before " HTTP/1.1" */
	if (head[0] != 'G' && head[0] != 'H') {
		p = memmem(head, len, "ontent-", 7);
		while (p != NULL && strncasecmp(p + 7, "length: ", 8) != 0)
			p = memmem(p + 1, len - (size_t)(p + 1 - head),
			    "ontent-", 7);
		if (p != NULL)
			c->skip_left = strtoull(p + 15, NULL, 10);
	}
	if (eol[-1] == '0' || head_has(head, len, "onnection: close",
	    "onnection: Close"))
		c->close_after = true;
	if (end - target == 7 && memcmp(target, "/.stats", 7) == 0)
		return stats_send(c);
	count.requests++;
	if (target < end && !size_parse(target + 1, end, &size) &&
	    memchr(target, '?', (size_t)(end - target)) != NULL)
		query_number(target, end, "size=", &size);
	query_number(target, end, "delay=", &delay_ms);
	if (head[0] == 'H')
		size = 0;
	if ((c->reply = reply_for(size)) == NULL)
		return -1;
	c->out_off = 0;
	if (delay_ms)
		delay_insert(c, delay_ms);
	return 0;
}

/* Fill the input buffer: 1 got bytes, 0 nothing now, -1 end or broken. */
static int
conn_fill(struct conn *c)
{
	ssize_t n;
	size_t room;

	if (c->drained)
		return 0;
	if (c->in_off > 0) {
		memmove(c->in, c->in + c->in_off, c->in_len - c->in_off);
		c->in_len -= c->in_off;
		c->in_off = 0;
	}
	if ((room = IN_SIZE - c->in_len) == 0)
		return -1;
	n = recv(c->source.fd, c->in + c->in_len, room, 0);
	if (n < 0 && errno == EAGAIN) {
		c->drained = true;
		return 0;
	}
	if (n <= 0)
		return -1;
	c->in_len += (size_t)n;
	c->drained = (size_t)n < room;
	return 1;
}

/* Consume the next request from the buffer: 1 one begun, 0 more needed. */
static int
request_next(struct conn *c)
{
	char *p = c->in + c->in_off, *end;
	size_t len = c->in_len - c->in_off;

	if (c->skip_left) {
		size_t n = len < c->skip_left ? len : c->skip_left;

		c->in_off += n;
		c->skip_left -= n;
		p += n;
		len -= n;
	}
	if (c->in_off == c->in_len)
		c->in_off = c->in_len = 0;
	if (len < 4 || (end = memmem(p, len, "\r\n\r\n", 4)) == NULL)
		return 0;
	c->in_off += (size_t)(end + 4 - p);
	if (c->in_off == c->in_len)
		c->in_off = c->in_len = 0;
	return request_begin(c, p, (size_t)(end + 4 - p)) < 0 ? -1 : 1;
}

/* Go on until input or output is exhausted: -1 = close. */
static int
http_run(struct conn *c)
{
	int rc;

	if (c->due_ms)
		return 0;
	for (;;) {
		if (c->reply != NULL && (rc = reply_flush(c)) <= 0)
			return rc;
		if (c->close_after)
			return -1;
		while ((rc = request_next(c)) == 0)
			if ((rc = conn_fill(c)) <= 0)
				return rc;
		if (rc < 0) {
			count.bad++;
			return -1;
		}
		if (c->due_ms)
			return 0;
	}
}

static int
tcp_run(struct conn *c)
{
	int rc;

	for (;;) {
		if ((rc = raw_flush(c)) <= 0)
			return rc;
		if (c->close_after)
			return -1;
		if ((rc = conn_fill(c)) <= 0)
			return rc;
		if (c->source.kind == K_BULK) {
			c->raw_left = opt.bulk_bytes;
			c->close_after = true;
		} else {
			c->raw_left = c->in_len;
		}
		if (c->source.kind == K_TCP_CLOSE) {
			if (c->in_len > c->tcp_left)
				return -1;
			c->tcp_left -= c->in_len;
			c->close_after = c->tcp_left == 0;
		}
		c->in_len = 0;
	}
}

static void
conn_run(struct conn *c)
{
	int rc = c->source.kind == K_HTTP ? http_run(c) : tcp_run(c);

	if (rc < 0)
		conn_free(c);
}

static void
delayed_run(void)
{
	struct conn *c;
	const int64_t now = now_ms();

	while ((c = delay_head) != NULL && c->due_ms <= now) {
		delay_remove(c);
		conn_run(c);
	}
}

static void
on_accept(struct source *l)
{
	struct conn *c;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int fd, i;

	for (i = 0; i < 64; i++) {
		fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		count.accepted++;
		if ((c = malloc(sizeof(*c))) == NULL)
			err(1, "malloc");
		memset(c, 0, offsetof(struct conn, in));
		c->source = (struct source){ l->kind, false, fd };
		c->tcp_left = opt.tcp_bytes;
		ev.data.ptr = &c->source;
		if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
			err(1, "epoll_ctl");
	}
}

static void
on_datagrams(struct source *l)
{
	enum { BATCH = 64 };
	static char buf[BATCH][64];	/* the rest of a line is cut off */
	static struct iovec iov[BATCH];
	static struct mmsghdr msg[BATCH];
	int i, n;

	for (i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ buf[i], sizeof(buf[i]) };
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	while ((n = recvmmsg(l->fd, msg, BATCH, MSG_DONTWAIT, NULL)) > 0)
		count.datagrams += (uint64_t)n;
}

static void
on_event(struct epoll_event *ev)
{
	struct source *s = ev->data.ptr;
	struct conn *c;

	if (s->listens) {
		if (s->kind == K_LOG)
			on_datagrams(s);
		else
			on_accept(s);
		return;
	}
	c = (struct conn *)s;
	if (ev->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		c->drained = false;
	conn_run(c);
}

/* Listen on 127.0.0.1:port, 0 = any; answers the port. */
static int
listen_open(enum kind kind, int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	struct source *l = malloc(sizeof(*l));
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = l };
	int one = 1, size = 4 << 20;

	if (l == NULL)
		err(1, "malloc");
	*l = (struct source){ kind, true, socket(AF_INET,
	    (kind == K_LOG ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0) };
	if (l->fd < 0)
		err(1, "socket");
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (kind == K_LOG)
		setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	else
		setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(l->fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
		err(1, "bind 127.0.0.1:%d", port);
	if (kind != K_LOG && listen(l->fd, 4096) < 0)
		err(1, "listen");
	if (getsockname(l->fd, (struct sockaddr *)&sin, &len) < 0 ||
	    epoll_ctl(epfd, EPOLL_CTL_ADD, l->fd, &ev) < 0)
		err(1, "127.0.0.1:%d", port);
	return ntohs(sin.sin_port);
}

static void
ports_open(int n)
{
	int i;

	for (i = 0; i < n; i++)
		printf("%s%d", i ? "," : " ports=", listen_open(K_HTTP, 0));
}

static uint64_t
number(const char *s, uint64_t max)
{
	uint64_t v;

	if (!size_parse(s, s + strlen(s), &v) || v > max)
		errx(1, "not a number up to %" PRIu64 ": %s", max, s);
	return v;
}

static void
usage(void)
{
	fprintf(stderr,
	    "usage: backend [--size N] [--delay MS] [--bulk-bytes N]\n"
	    "    [--tcp-bytes N] [--http PORT] [--ports N] [--tcp PORT]\n"
	    "    [--tcp-close PORT] [--bulk PORT] [--log PORT]\n"
	    "PORT 0 = any. N may end in k or m. All on 127.0.0.1.\n");
	exit(1);
}

static void
options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "size", 1, NULL, 's' }, { "delay", 1, NULL, 'd' },
		{ "bulk-bytes", 1, NULL, 'B' }, { "tcp-bytes", 1, NULL, 'T' },
		{ "http", 1, NULL, K_HTTP }, { "tcp", 1, NULL, K_TCP },
		{ "tcp-close", 1, NULL, K_TCP_CLOSE },
		{ "bulk", 1, NULL, K_BULK }, { "log", 1, NULL, K_LOG },
		{ "ports", 1, NULL, 'n' }, { NULL, 0, NULL, 0 } };
	static const char *const names[] = { "http", "tcp", "tcp-close",
	    "bulk", "log" };
	int ch;

	while ((ch = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (ch) {
		case 's': opt.default_size = number(optarg, 1 << 30); break;
		case 'd': opt.delay_ms = number(optarg, 3600000); break;
		case 'B': opt.bulk_bytes = number(optarg, 1ULL << 40); break;
		case 'T': opt.tcp_bytes = number(optarg, 1 << 30); break;
		case 'n': ports_open((int)number(optarg, PORTS_MAX)); break;
		case K_HTTP: case K_TCP: case K_TCP_CLOSE: case K_BULK:
		case K_LOG:
			printf(" %s=%d", names[ch], listen_open((enum kind)ch,
			    (int)number(optarg, 65535)));
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
}

int
main(int argc, char **argv)
{
	struct epoll_event ev[256];
	struct rlimit rl;
	int i, n;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	memset(body, 'x', sizeof(body));
	if ((epfd = epoll_create1(EPOLL_CLOEXEC)) < 0)
		err(1, "epoll_create1");
	printf("ready");
	options(argc, argv);
	printf("\n");
	fflush(stdout);
	for (;;) {
		int64_t wait = delay_head ? delay_head->due_ms - now_ms() : -1;

		if (delay_head != NULL && wait < 0)
			wait = 0;
		n = epoll_wait(epfd, ev, 256, (int)wait);
		if (n < 0 && errno != EINTR)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++)
			on_event(&ev[i]);
		if (delay_head != NULL)
			delayed_run();
	}
}
