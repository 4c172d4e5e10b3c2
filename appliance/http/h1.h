/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The HTTP/1 parser: strict, incremental, one pass.
 *
 * Bytes come in from any buffer; each complete line is checked and written in
 * canonical form into the message's text at once (so a bad line is refused
 * before the head is complete, work is O(n) however the bytes are split, and no
 * byte is copied twice). Only an incomplete last line is left unconsumed: the
 * caller keeps it and presents it again with more behind it; `scanned` remembers
 * how much of it was already searched.
 *
 * When the head is complete its framing is decided (RFC 9112 section 6) and the
 * hop-by-hop fields are marked: refuse, never repair. See hardening in
 * doc/ for the table of refusals.
 */
#ifndef WEIR_HTTP_H1_H
#define WEIR_HTTP_H1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/msg.h"

enum h1_result {
	H1_MORE,	/* consumed some, head not complete */
	H1_DONE,	/* head complete; *ret_used is where the body starts */
	H1_FULL,	/* text memory is full: grow it (http_msg_move), call again */
	H1_ERROR	/* refused: parser->error says why */
};

/* Why a message was refused: counted by class, shown by name in logs. */
#define H1_ERRORS(X) \
	X(NONE, 0, "") \
	X(REQUEST_LINE, 400, "malformed request line") \
	X(METHOD, 400, "malformed method") \
	X(VERSION, 400, "malformed HTTP version") \
	X(VERSION_UNSUPPORTED, 505, "HTTP version not supported") \
	X(TARGET, 400, "malformed request target") \
	X(URI_TOO_LONG, 414, "request line too long") \
	X(STATUS_LINE, 502, "malformed status line") \
	X(FIELD, 400, "malformed header field") \
	X(FOLDED, 400, "folded header line") \
	X(LINE_END, 400, "line not ended by CRLF") \
	X(HOST, 400, "missing, repeated or malformed Host") \
	X(HOST_MISMATCH, 400, "Host differs from the absolute target") \
	X(LENGTH, 400, "malformed or repeated Content-Length") \
	X(TRANSFER_ENCODING, 400, "malformed Transfer-Encoding") \
	X(CODING, 501, "unsupported transfer coding") \
	X(LENGTH_AND_CODING, 400, "both Content-Length and Transfer-Encoding") \
	X(HEAD_TOO_LARGE, 431, "message head too large") \
	X(TOO_MANY_FIELDS, 431, "too many header fields") \
	X(CHUNK, 400, "malformed chunk") \
	X(CHUNK_OVERHEAD, 400, "too much chunk framing") \
	X(TRAILER, 400, "malformed trailer") \
	X(TRACE_BODY, 400, "TRACE with a body") \
	X(UPGRADE, 502, "101 not asked for or not matching") \
	X(TRUNCATED, 400, "connection closed inside a message")

enum h1_error {
#define X(id, status, text) H1_E_##id,
	H1_ERRORS(X)
#undef X
	H1_E_MAX
};

const char *h1_error_text(enum h1_error e);
unsigned h1_error_status(enum h1_error e);	/* what a client is answered; 502 for responses */

struct h1_limits {
	uint32_t	 head_bytes;	/* tune.bufsize: bytes received of one head */
	uint16_t	 fields;	/* tune.http.maxhdr */
	bool		 unsafe_target;	/* accept-unsafe-violations-in-http-request */
};

struct h1_parser {
	uint8_t		 state;
	uint8_t		 is_response;
	uint8_t		 error;		/* enum h1_error */
	uint8_t		 blank_lines;	/* skipped before the request line */
	uint32_t	 scanned;	/* of the incomplete line, searched for its end */
	uint32_t	 received;	/* bytes of this head consumed so far */
	uint32_t	 error_at;	/* offset of the offending byte within the head */
	uint8_t		 seen;		/* H1_SEEN_*: fields that decide at the end of the head */
	uint16_t	 host_at;	/* index of the Host field */
	uint16_t	 connection_at;	/* index of the first Connection field */
	uint16_t	 target_port;	/* of an absolute target or CONNECT, when not written */
};

#define H1_SEEN_HOST		0x01
#define H1_SEEN_LENGTH		0x02
#define H1_SEEN_CODING		0x04
#define H1_SEEN_UNKNOWN_CODING	0x08
#define H1_SEEN_CONNECTION	0x10
#define H1_SEEN_UPGRADE		0x20

/* Text memory wanted beyond the bytes of the head, so that wide stores never
 * leave it: cap >= head bytes + fields + H1_TEXT_SLACK never gives H1_FULL. */
#define H1_TEXT_SLACK	128

/* the owner's thread */
void	h1_parser_init(struct h1_parser *p, bool is_response);

/*
 * Feed bytes. Consumes whole lines; *ret_used tells how many bytes were taken
 * (also on H1_DONE: what follows is body or the next message). The unconsumed
 * rest must be presented again, from its first byte, with more behind it.
 * For responses `request` gives method and version (HEAD, CONNECT, upgrade);
 * NULL for requests.
 */
enum h1_result h1_parse(struct h1_parser *p, struct http_msg *m,
	    const struct http_msg *request, const struct h1_limits *lim,
	    const char *buf, size_t len, size_t *ret_used);

/* ---- chunked bodies ---- */

enum h1_chunk_result {
	H1_CHUNK_MORE,		/* all bytes used, body goes on */
	H1_CHUNK_DATA,		/* a span of body data was found */
	H1_CHUNK_END,		/* last chunk and trailers complete */
	H1_CHUNK_ERROR
};

struct h1_chunks {
	uint8_t		 state;
	uint8_t		 error;
	uint8_t		 digits;
	uint16_t	 trailer_fields;
	uint32_t	 line_bytes;		/* of the line under work */
	uint64_t	 left;			/* of the chunk's data */
	uint64_t	 data_bytes, framing_bytes;	/* overhead cap: 16 KiB + data/8 */
};

void	h1_chunks_init(struct h1_chunks *c);
/* One step: takes bytes from buf (never needs them again, also when a size line
 * is split); on DATA *ret_data is the span inside buf. Call until MORE, END or
 * ERROR. Trailers are checked and dropped. */
enum h1_chunk_result h1_chunks_step(struct h1_chunks *c, const char *buf, size_t len,
	    size_t *ret_used, struct str *ret_data);

/* ---- scanners ---- */

/* start-up: choose the scanner (AVX2, SSE2, plain), or as WEIR_SCAN=avx2|sse2|plain says */
void	h1_scan_init(void);
const char *h1_scan_name(void);

#endif
