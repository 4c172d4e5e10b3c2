/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log formats: `%ci:%cp [%tr] %{+Q}r %[path,lower]` compiled to a list of nodes,
 * used for log lines and for each value that rules build (set-header, return).
 */
#ifndef WEIR_PROXY_LOGLINE_H
#define WEIR_PROXY_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct cfg;
struct logformat;
struct out;
struct proxy;
struct sample_ctx;
struct bind_conf;
struct session;
struct txn;

#define LF_QUOTE	0x01u	/* {+Q} */
#define LF_HEX		0x02u	/* {+X} */
#define LF_ESCAPE	0x04u	/* {+E}: \ before " \ ] */
#define LF_LOG		0x08u	/* for a log line: unsafe bytes as #XX, empty as - */
#define LF_HTTP		0x10u	/* for a field or target: controls as %XX */
#define LF_JSON		0x20u	/* {+json}o: an object of the items that have names */
#define LF_NO_ALIAS	0x40u	/* expressions only: there is no request to tell of */

/* One alias (`%ci`) or a part of a line. `flags` are LF_*; the row writes its
 * text, the caller adds quotes. */
typedef void alias_fn(struct sample_ctx *x, unsigned flags, struct out *o);
struct alias_row {
	const char	*name;		/* without % */
	bool		 http_only;
	bool		 is_text;	/* quoted under {+Q} */
	alias_fn	*fn;
	const char	*help;
	uint8_t		 needs;		/* LF_NEEDS_*: what must be kept for it */
};

#define LF_NEEDS_SERVER_SRC	0x1u	/* our address towards the server */
#define LF_NEEDS_BODY_BYTES	0x2u	/* bytes of bodies apart from heads */

/* control thread or a job thread; flags: LF_LOG, LF_HTTP or 0 (raw). NULL after
 * a diag_error */
struct logformat *logformat_parse(struct cfg *c, struct proxy *px, const char *text,
	    uint32_t use, unsigned flags);
bool	logformat_is_const(const struct logformat *f, struct str *ret_text);
unsigned logformat_needs(const struct logformat *f);	/* LF_NEEDS_* of its aliases */
bool	logformat_is_json(const struct logformat *f);
/* "httplog", "tcplog", "httpslog"; with " clf", " json", " elb" behind. NULL = none */
const char *logformat_default(const char *name);

/* data thread */
/* Appends to o; false when it did not fit (what fits is there). */
bool	logformat_build(const struct logformat *f, struct sample_ctx *x, struct out *o);
/* As JSON, no value longer than cap bytes before it is escaped. */
bool	logformat_build_json(const struct logformat *f, struct sample_ctx *x, struct out *o,
	    size_t cap);
/* Into evaluation scratch (sample.h); STR_NONE when it did not fit. */
struct str logformat_eval(const struct logformat *f, struct sample_ctx *x);

/* The line of a finished transaction; call it when t->fe->log_to is set. */
void	logline_emit(struct txn *t);
/* TCP or HTTP frontends without a log format: at accept. */
void	logline_connect(struct session *s, struct proxy *fe);
/* A connection that ended before a transaction: handshake, PROXY header. */
void	logline_session_error(struct session *s, const struct bind_conf *b);
/* A timer in ms; -1: phase not reached. The names are the aliases: %Th ... */
enum log_timer {
	TIMER_TH, TIMER_TI, TIMER_TQ, TIMER_TR_REQ, TIMER_TW, TIMER_TC, TIMER_TR,
	TIMER_TD, TIMER_TA, TIMER_TT, TIMER_TU, TIMER_MAX
};
int64_t	logline_timer(const struct txn *t, enum log_timer which);
/* Before the server's connection goes: our address on it, for %bi and %bp. */
void	logfield_keep_server_src(struct txn *t);
/* Makes t->unique_id (unique-id-format) once; empty when none is configured. */
struct str logline_unique_id(struct txn *t);

#endif
