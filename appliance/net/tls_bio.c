/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies between OpenSSL and the socket: one BIO per thread.
 *
 * Reading: one recv(2) of 32 KiB into the thread's buffer feeds OpenSSL's small
 * reads. A recv that returned less than asked has emptied the socket, so the
 * next read is answered "no more" without a system call. What OpenSSL did not
 * take (the caller's buffer was full) stays where it is as long as no other
 * connection of the thread needs the buffer, and is moved to the connection
 * only then: a bulk transfer pays no copy for it.
 *
 * Writing never blocks: records are collected in the thread's buffer and leave
 * with one send(2) when the call ends; what the kernel refuses is kept with the
 * connection.
 *
 * The BIO is shared by all SSL objects of a thread (OpenSSL counts references);
 * it works for tls_io.cur, which every entry point sets. That saves an object
 * and an ex_data array per connection.
 *
 * Runs in the thread of the connection.
 */
#include "net/sysio.h"
#include "net/tls_int.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/xalloc.h"

_Thread_local struct tls_io *tls_io_self;

static pthread_once_t	 io_once = PTHREAD_ONCE_INIT;
static pthread_key_t	 io_key;
static BIO_METHOD	*io_method;
static _Atomic uint32_t	 io_next_slot;

static int	bio_read(BIO *b, char *buf, int len);
static int	bio_write(BIO *b, const char *buf, int len);
static long	bio_ctrl(BIO *b, int cmd, long num, void *ptr);

/* ---- the thread's cells ---- */

static void
io_free(void *arg)
{
	struct tls_io *io = arg;

	if (io->pool.used == 0)
		pool_fini(&io->pool);
	BIO_free(io->bio);
	free(io);
}

static void
io_init_once(void)
{
	if (pthread_key_create(&io_key, io_free) != 0)
		abort();
	io_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir");
	if (io_method == NULL)
		abort();
	BIO_meth_set_read(io_method, bio_read);
	BIO_meth_set_write(io_method, bio_write);
	BIO_meth_set_ctrl(io_method, bio_ctrl);
}

static struct tls_io *
io_new(void)
{
	struct tls_io *io;

	pthread_once(&io_once, io_init_once);
	io = xmalloc(sizeof(*io));
	io->bio = BIO_new(io_method);
	if (io->bio == NULL) {
		free(io);
		return NULL;
	}
	BIO_set_init(io->bio, 1);
	pool_init(&io->pool, "tls", sizeof(struct tls));
	io->cur = io->rd_owner = NULL;
	io->rd_off = io->rd_len = io->wr_len = io->nsigned = 0;
	io->pass = 0;
	io->slot = atomic_fetch_add(&io_next_slot, 1);
	pthread_setspecific(io_key, io);
	return tls_io_self = io;
}

struct tls_io *
tls_io_get(void)
{
	return likely(tls_io_self != NULL) ? tls_io_self : io_new();
}

void
tls_io_enter(struct tls_io *io, struct tls *t)
{
	MAGIC_OK(t, TLS_MAGIC);
	WEIR_ASSERT(io->wr_len == 0);
	io->cur = t;
	if (t->conn->flags & CONN_IN)
		t->flags &= (uint16_t)~TLS_F_DRAINED;
	else
		t->flags |= TLS_F_DRAINED;
	if (unlikely(ERR_peek_error() != 0))
		ERR_clear_error();
}

void
tls_io_forget(struct tls_io *io, struct tls *t)
{
	if (io->rd_owner == t)
		io->rd_owner = NULL;
	if (io->cur == t) {
		io->cur = NULL;
		io->wr_len = 0;
	}
	free(t->in);
	free(t->out);
	t->in = t->out = NULL;
}

/* ---- reading ---- */

/* Another connection needs the buffer: its owner takes what is left along. */
static void
evict(struct tls_io *io)
{
	struct tls *t = io->rd_owner;
	uint32_t left = io->rd_len - io->rd_off;

	io->rd_owner = NULL;
	if (t == NULL || left == 0)
		return;
	WEIR_ASSERT(t->in == NULL);
	t->in = xmalloc(left);
	memcpy(t->in, io->rd + io->rd_off, left);
	t->in_off = 0;
	t->in_len = left;
}

static int
take_stash(struct tls *t, char *buf, uint32_t len)
{
	uint32_t n = t->in_len - t->in_off;

	if (n > len)
		n = len;
	memcpy(buf, t->in + t->in_off, n);
	t->in_off += n;
	if (t->in_off == t->in_len) {
		free(t->in);
		t->in = NULL;
	}
	return (int)n;
}

static int
take_buffer(struct tls_io *io, char *buf, uint32_t len)
{
	uint32_t n = io->rd_len - io->rd_off;

	if (n > len)
		n = len;
	memcpy(buf, io->rd + io->rd_off, n);
	io->rd_off += n;
	return (int)n;
}

/* One recv(2) into the thread's buffer: true when it has bytes now. */
static bool
fill_buffer(struct tls_io *io, struct tls *t)
{
	ssize_t n;

	evict(io);
	do
		n = sys_recv(t->conn->fd, io->rd, sizeof(io->rd), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		io->rd_owner = t;
		io->rd_off = 0;
		io->rd_len = (uint32_t)n;
		t->flags |= TLS_F_GOT_BYTES;
		if ((size_t)n < sizeof(io->rd) && !(t->conn->flags & CONN_RDHUP))
			t->flags |= TLS_F_DRAINED;
		return true;
	}
	if (n == 0)
		t->flags |= TLS_F_FIN;
	else if (errno == EAGAIN || errno == EWOULDBLOCK)
		t->flags |= TLS_F_DRAINED;
	else {
		t->flags |= TLS_F_RD_FAIL;
		t->rd_errno = (int16_t)errno;
	}
	return false;
}

static int
bio_read(BIO *b, char *buf, int len)
{
	struct tls_io *io = tls_io_self;
	struct tls *t = io->cur;

	BIO_clear_retry_flags(b);
	if (len <= 0 || (t->flags & (TLS_F_STOP | TLS_F_RD_FAIL)))
		return -1;
	if (t->in != NULL)
		return take_stash(t, buf, (uint32_t)len);
	if (io->rd_owner == t && io->rd_off < io->rd_len)
		return take_buffer(io, buf, (uint32_t)len);
	if (t->flags & TLS_F_FIN)
		return 0;
	if (!(t->flags & TLS_F_DRAINED) && fill_buffer(io, t))
		return take_buffer(io, buf, (uint32_t)len);
	if (t->flags & TLS_F_FIN)
		return 0;
	if (!(t->flags & TLS_F_RD_FAIL))
		BIO_set_retry_read(b);
	return -1;
}

/* ---- writing ---- */

/* Append to what waits at the connection; false: more than any flight has. */
static bool
keep_output(struct tls *t, const uint8_t *p, uint32_t len)
{
	uint32_t left = t->out_len - t->out_off;

	if (len > TLS_OUT_MAX_BYTES - left || (t->flags & TLS_F_WR_FAIL))
		return false;
	if (t->out_off > 0) {
		memmove(t->out, t->out + t->out_off, left);
		t->out_off = 0;
		t->out_len = left;
	}
	if (left + len > t->out_cap) {
		t->out = xrealloc(t->out, left + len);
		t->out_cap = left + len;
	}
	memcpy(t->out + left, p, len);
	t->out_len = left + len;
	return true;
}

static int
bio_write(BIO *b, const char *buf, int len)
{
	struct tls_io *io = tls_io_self;
	uint32_t n = (uint32_t)len;

	BIO_clear_retry_flags(b);
	if (len <= 0)
		return len;
	if (n > sizeof(io->wr) - io->wr_len) {
		if (io->wr_len > 0 && !keep_output(io->cur, io->wr, io->wr_len))
			return -1;
		io->wr_len = 0;
		if (n > sizeof(io->wr))
			return keep_output(io->cur, (const uint8_t *)buf, n) ? len : -1;
	}
	memcpy(io->wr + io->wr_len, buf, n);
	io->wr_len += n;
	return len;
}

static void
write_failed(struct tls *t, int error)
{
	t->flags |= TLS_F_WR_FAIL;
	t->wr_errno = (int16_t)error;
	free(t->out);
	t->out = NULL;
	t->out_off = t->out_len = t->out_cap = 0;
}

/* Bytes taken by the kernel: all, or fewer (socket full), or -1. */
static ssize_t
send_some(struct tls *t, const uint8_t *p, uint32_t len)
{
	uint32_t done = 0;
	ssize_t n;

	while (done < len) {
		n = sys_send(t->conn->fd, p + done, len - done,
		    conn_send_flags(t->conn) | MSG_DONTWAIT);
		if (n > 0)
			done += (uint32_t)n;
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			write_failed(t, errno);
			return -1;
		} else
			break;
	}
	return (ssize_t)done;
}

static bool
flush_kept(struct tls *t)
{
	ssize_t n = send_some(t, t->out + t->out_off, t->out_len - t->out_off);

	if (n < 0)
		return false;
	t->out_off += (uint32_t)n;
	if (t->out_off < t->out_len)
		return false;
	free(t->out);
	t->out = NULL;
	t->out_off = t->out_len = t->out_cap = 0;
	return true;
}

/* The thread's buffer, which must be empty afterwards. */
static bool
flush_fresh(struct tls_io *io, struct tls *t)
{
	uint32_t len = io->wr_len;
	ssize_t n;

	io->wr_len = 0;
	n = send_some(t, io->wr, len);
	if (n < 0)
		return false;
	if ((uint32_t)n == len)
		return true;
	if (!keep_output(t, io->wr + n, len - (uint32_t)n))
		write_failed(t, ENOMEM);
	return false;
}

bool
tls_io_flush(struct tls_io *io, struct tls *t)
{
	bool is_sent = true;

	if (unlikely(t->flags & TLS_F_WR_FAIL)) {
		io->wr_len = 0;
		return false;
	}
	if (unlikely(tls_has_output(t))) {
		if (io->wr_len > 0 && !keep_output(t, io->wr, io->wr_len))
			write_failed(t, ENOMEM);
		io->wr_len = 0;
		is_sent = tls_has_output(t) && flush_kept(t);
	} else if (io->wr_len > 0)
		is_sent = flush_fresh(io, t);
	if (unlikely(t->flags & TLS_F_WR_FAIL))
		t->conn->flags |= CONN_OUT;	/* the next write tells */
	else if (!is_sent)
		t->conn->flags &= (uint16_t)~CONN_OUT;
	return is_sent;
}

static long
bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	(void)b, (void)num, (void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return tls_io_self->cur != NULL && (tls_io_self->cur->flags & TLS_F_FIN) != 0;
	default:
		return 0;
	}
}
