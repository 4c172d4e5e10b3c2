/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the TLS files of this room: the object behind `struct tls`, the
 * per-thread input and output of the BIO, and what the contexts know.
 */
#ifndef WEIR_NET_TLS_INT_H
#define WEIR_NET_TLS_INT_H

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/magic.h"
#include "base/pool.h"
#include "net/conn.h"
#include "net/tls.h"

struct tls_bind;
struct tls_server;

#define TLS_MAGIC		0x544c5331u

#define TLS_SLOTS		128	/* threads that keep sessions of servers */
#define TLS_IN_BYTES		32768	/* one recv(2) */
#define TLS_RECORD_BYTES	16384	/* plain text of one record */
#define TLS_OUT_BYTES		(2 * (TLS_RECORD_BYTES + 256))
#define TLS_OUT_MAX_BYTES	(256 * 1024)	/* encrypted and unsent: handshake flights */

/* tls->flags */
#define TLS_F_DONE	0x0001u	/* handshake finished */
#define TLS_F_DRAINED	0x0002u	/* this call: the socket has no more for now */
#define TLS_F_FIN	0x0004u	/* recv(2) said 0 */
#define TLS_F_EOF	0x0008u	/* close_notify or FIN reached by the reader */
#define TLS_F_CUT	0x0010u	/* FIN without close_notify */
#define TLS_F_RD_FAIL	0x0020u	/* reading failed for good: rd_errno */
#define TLS_F_WR_FAIL	0x0040u	/* writing failed for good: wr_errno */
#define TLS_F_STOP	0x0080u	/* a rule stopped it (renegotiation, flood) */
#define TLS_F_WANT_FIN	0x0100u	/* shutdown(2) when the output is gone */
#define TLS_F_SHUT	0x0200u	/* close_notify was written */
#define TLS_F_CLIENT	0x0400u	/* we are the client: a connection to a server */
#define TLS_F_RENEG	0x0800u	/* STOP: the peer asked for renegotiation */
#define TLS_F_GOT_BYTES	0x1000u	/* the peer has sent something */
#define TLS_F_SIGNED	0x2000u	/* counted in this thread's budget of signatures */

struct tls {
	uint32_t	 magic;
	uint16_t	 flags;
	uint16_t	 nposts;	/* messages after the handshake, this window */
	uint32_t	 posts_s;	/* its start, monotonic seconds */
	int16_t		 rd_errno, wr_errno;
	uint16_t	 c_err, ca_err;	/* first X509_V_* of the peer's chain, ignored ones too */
	struct conn	*conn;		/* borrowed: embeds the pointer to us */
	SSL		*ssl;		/* owned */
	uint8_t		*in;		/* owned: encrypted, not yet given to OpenSSL */
	uint8_t		*out;		/* owned: encrypted, not yet taken by the kernel */
	uint32_t	 in_off, in_len;	/* [off, len) */
	uint32_t	 out_off, out_len, out_cap;
	unsigned long	 err;		/* OpenSSL's code of a failed handshake */
	uint32_t	 max_record;	/* plain bytes of one record */
	union {
		struct tls_bind		*bind;		/* counted */
		struct tls_server	*server;	/* counted */
	} of;
};

/* What a thread keeps for all its connections. */
struct tls_io {
	struct pool	 pool;		/* struct tls */
	BIO		*bio;		/* owned; shared by all SSLs of the thread */
	struct tls	*cur;		/* the one under work: BIO and callbacks use it */
	struct tls	*rd_owner;	/* whose bytes lie in rd; NULL = nobody's */
	uint32_t	 rd_off, rd_len;
	uint32_t	 wr_len;	/* of cur */
	uint32_t	 slot;		/* number of this thread, from 0 */
	uint32_t	 nsigned;	/* RSA signatures in the pass `pass` */
	uint64_t	 pass;
	uint8_t		 rd[TLS_IN_BYTES];
	uint8_t		 wr[TLS_OUT_BYTES];
	uint8_t		 gather[TLS_RECORD_BYTES];
};

extern _Thread_local struct tls_io *tls_io_self;

/* any thread: its own cells, made at first use; NULL when memory is refused */
struct tls_io *tls_io_get(void);

/* the thread of the connection */
void	tls_io_enter(struct tls_io *io, struct tls *t);
/* Send what was written since enter and what waited before. False: something
 * still waits (CONN_OUT cleared), or writing failed (TLS_F_WR_FAIL). */
bool	tls_io_flush(struct tls_io *io, struct tls *t);
void	tls_io_forget(struct tls_io *io, struct tls *t);	/* t goes away */

/* Bytes read from the socket that OpenSSL has not seen. */
static inline bool
tls_io_has_input(const struct tls_io *io, const struct tls *t)
{
	return t->in != NULL || (io->rd_owner == t && io->rd_off < io->rd_len);
}

static inline bool
tls_has_output(const struct tls *t)
{
	return t->out_off < t->out_len;
}

#endif
