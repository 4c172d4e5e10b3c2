/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sequence of steps under work: what was received, what is still to be sent,
 * variables, and the parser of an HTTP answer. Made when a check first sends or
 * reads, freed with its end; a plain connection never has one.
 *
 * Thread: control.
 */
#ifndef WEIR_CTL_CHECK_RUN_H
#define WEIR_CTL_CHECK_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/out.h"
#include "ctl/check_record.h"
#include "http/h1.h"
#include "http/msg.h"
#include "proxy/sample.h"

struct check;

#define RUN_BYTES	16384u
#define RUN_FIELDS	101

enum run_http { RUN_HEAD, RUN_BODY, RUN_DONE, RUN_BROKEN };

/* An answer over HTTP; allocated for sequences of that kind. */
struct run_http_part {
	uint8_t		 state;		/* enum run_http */
	unsigned	 ninterim;
	uint64_t	 left;		/* of a body with a length */
	uint32_t	 rest_len;	/* of rest: bytes that wait for the end of their line */
	struct h1_parser parser;
	struct h1_chunks chunks;
	struct http_msg	 request, msg;
	struct http_field fields[RUN_FIELDS];
	char		 text[RUN_BYTES + RUN_FIELDS + H1_TEXT_SLACK];
	char		 rest[RUN_BYTES];
};

struct check_run {
	struct outbuf	 out;		/* of the send step under work */
	size_t		 sent;
	bool		 must_read;	/* nothing was read since the last send or connect */
	bool		 has_ended;	/* the peer says nothing more */
	bool		 has_sent;	/* on this connection */
	int		 error;		/* errno of a failed read, told when nothing came */
	uint32_t	 len;		/* bytes in `in`; HTTP: of the body, what fits */
	struct check_facts facts;
	struct run_http_part *http;	/* owned; NULL: not HTTP */
	char		 text[512];	/* of the end */
	char		 in[RUN_BYTES];
};

/* What expressions of this check see. */
void	check_run_ctx(struct check *chk, struct sample_ctx *ret_x);
/* Bytes of an answer: parsed as far as they go. */
void	run_http_feed(struct check_run *r, const char *buf, size_t len);
void	run_http_reset(struct check_run *r, struct str method);
void	run_http_end(struct check_run *r);		/* the connection was closed */

static inline bool
run_http_has_head(const struct check_run *r)
{
	return r->http->state == RUN_BODY || r->http->state == RUN_DONE;
}

#endif
