/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From struct http_msg to the bytes of an HTTP/1 head: iovecs over runs of
 * untouched lines plus what was added; more than max iovecs fall back to one
 * flat copy by the one writer.
 */
#ifndef WEIR_HTTP_H1_OUT_H
#define WEIR_HTTP_H1_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "http/msg.h"

#define H1_OUT_IOV	16	/* most pieces of a head */

/* What the sending side decides; it writes Connection and framing itself. */
struct h1_out_opts {
	uint8_t		 version;	/* 10 or 11 on the wire */
	bool		 close;		/* write `connection: close` */
	bool		 keep_alive;	/* write `connection: keep-alive` (HTTP/1.0 peers) */
	bool		 upgrade;	/* write `connection: upgrade` and keep Upgrade */
	uint8_t		 body;		/* enum http_body on this side */
	bool		 send_length;	/* write `content-length:` content_length */
	uint64_t	 content_length;
};

/*
 * Fill iov with the head, from the first line to the empty line; returns the
 * number used (at most H1_OUT_IOV) or 0 when scratch is too small. Small pieces
 * (first line, framing, Connection) are written to scratch. Nothing points to
 * the stack; all pieces live as long as the message's text and scratch.
 */
unsigned h1_out_request(const struct http_msg *m, const struct h1_out_opts *o,
	    struct iovec iov[H1_OUT_IOV], char *scratch, size_t scratch_size);
unsigned h1_out_response(const struct http_msg *m, const struct h1_out_opts *o,
	    struct iovec iov[H1_OUT_IOV], char *scratch, size_t scratch_size);

/* Chunk header `1f40\r\n` into buf (at least 18 bytes); its length. */
size_t	h1_out_chunk_head(char *buf, uint64_t size);

#endif
