/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A health check as a sequence of steps: connect, send, expect, set a variable.
 * All protocols are such sequences: `tcp-check` and `http-check` rules are
 * compiled to them (check_rule.c, check_http_cfg.c), `option redis-check` and its
 * kin are prepared ones (check_proto.c), no rules at all is one connect. What
 * runs them is check_run.c, what judges answers is check_match.c.
 *
 * Life: in the snapshot's arena, immutable once it is published.
 */
#ifndef WEIR_CTL_CHECK_STEP_H
#define WEIR_CTL_CHECK_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/out.h"
#include "base/str.h"

struct addr;
struct cfg;
struct check;
struct check_proxy;
struct check_run;
struct check_seq;
struct expr;
struct http_send;
struct logformat;
struct proxy;
struct regex;
struct step;
struct step_expect;
struct var_name;

enum step_act {
	STEP_CONNECT, STEP_SEND, STEP_EXPECT, STEP_SET_VAR, STEP_UNSET_VAR, STEP_COMMENT
};

#define CONNECT_DEFAULT		0x01u	/* TLS, PROXY header, names of the server line */
#define CONNECT_IMPLICIT	0x02u	/* nobody wrote it */
#define CONNECT_TLS		0x04u
#define CONNECT_PROXY		0x08u
#define CONNECT_LINGER		0x10u	/* end with FIN, not with a reset */

struct step_connect {
	uint8_t		 flags;
	uint16_t	 port;		/* 0 = the check's */
	struct expr	*port_expr;
	const struct addr *addr;	/* NULL = the check's */
	const char	*sni;
	struct str	 alpn;		/* as TLS carries it */
};

/* One of text, format, http. */
struct step_send {
	struct str	 text;
	struct logformat *format;
	bool		 is_hex;	/* of format: digits of the bytes to send */
	const struct http_send *http;
};

enum expect_kind {
	EXPECT_STRING, EXPECT_BINARY, EXPECT_REGEX, EXPECT_BINARY_REGEX,
	EXPECT_STRING_LF, EXPECT_BINARY_LF,
	EXPECT_STATUS, EXPECT_STATUS_REGEX, EXPECT_HEADER,	/* need the head */
	EXPECT_BODY, EXPECT_BODY_REGEX, EXPECT_BODY_LF,
	EXPECT_WHOLE,			/* status, and all of the body */
	EXPECT_CUSTOM
};

enum header_match { HDR_STR, HDR_BEG, HDR_END, HDR_SUB, HDR_REG };

struct header_pattern {
	uint8_t		 match;		/* enum header_match */
	struct str	 text;
	struct logformat *format;	/* text made when it is needed */
	struct regex	*regex;
};

struct expect_header {
	bool		 is_full;	/* whole lines, not elements of comma lists */
	bool		 has_value;
	struct header_pattern name, value;
};

enum verdict { VERDICT_MORE, VERDICT_GOOD, VERDICT_BAD };

/* What came of an expectation. */
struct outcome {
	uint8_t		 status;	/* enum check_status; 0: by the step */
	unsigned	 code;
	struct out	 text;
};

/* A protocol's own way to look at what was received. */
typedef enum verdict expect_fn(struct str in, struct outcome *ret);

#define STATUS_LIMIT	640

struct step_expect {
	uint8_t		 kind;		/* enum expect_kind */
	bool		 is_negated;
	uint8_t		 ok_status, error_status, tout_status;	/* 0 = not written */
	int32_t		 min_recv;	/* -1 = not written */
	struct str	 data;
	struct regex	*regex;
	struct logformat *format;
	const struct expect_header *header;
	uint64_t	 wanted[STATUS_LIMIT / 64];
	struct logformat *on_success, *on_error;
	struct expr	*code;
	expect_fn	*custom;
};

struct step_var {
	const struct var_name *name;
	struct expr	*expr;
	struct logformat *format;
};

struct step {
	struct step	*next;
	uint8_t		 act;		/* enum step_act */
	unsigned	 number;	/* from 1; 0 = the connection nobody wrote */
	const char	*comment;
	const char	*file;
	int		 line;
	union {
		struct step_connect connect;
		struct step_send send;
		struct step_expect expect;
		struct step_var	var;
	} u;
};

enum check_proto { CHECK_TCP, CHECK_HTTP, CHECK_PREPARED };

/* First as written, then compiled. */
struct check_seq {
	const void	*owner;		/* section that may change it */
	uint8_t		 proto;		/* enum check_proto */
	bool		 is_exact;	/* elb-check: other rules of an HTTP answer */
	struct step	*first, **tail;
	unsigned	 nsteps;
	uint64_t	 key;		/* of all words: another key, another sequence */
};

struct http_field_conf {
	struct http_field_conf *next;
	const char	*name;
	struct logformat *value;
};

/* A request: of `option httpchk` and `http-check send`. */
struct http_send {
	const char	*method, *version;	/* NULL = not written */
	struct logformat *uri;
	struct http_field_conf *fields;	/* in order */
	struct logformat *body;
	bool		 sends_state;	/* http-check send-state */
};

/* ---- configuration: the loading thread ---- */

void	seq_init(struct check_seq *q, enum check_proto proto, const void *owner);
struct step *seq_add(struct cfg *c, struct check_seq *q, enum step_act act);
void	seq_hash(struct check_seq *q, char **args, int nargs);
/* The written rules with what is implicit: comments given to what follows them, a
 * first connection. */
struct check_seq *seq_compile(struct cfg *c, const struct check_seq *written);

/* check_rule.c: words of one line; 0, or -1 after diag_error. `what`: "tcp-check" */
int	step_parse_connect(struct cfg *c, struct step *s, const char *what, char **args, int nargs);
int	step_parse_var(struct cfg *c, struct step *s, const char *word, char **args, int nargs);
struct logformat *step_format(struct cfg *c, const char *text, unsigned flags);
/* 0 and the bytes, or -1 after diag_error */
int	step_parse_hex(struct cfg *c, const char *what, const char *text, struct str *ret_bytes);
/* check_expect_cfg.c */
int	step_parse_expect(struct cfg *c, struct step *s, const char *what, char **args, int nargs);

/* check_http_cfg.c */
int	http_option_parse(struct cfg *c, struct check_proxy *cp, char **args, int nargs);
int	http_send_parse(struct cfg *c, struct http_send *h, char **args, int nargs);
struct check_seq *http_seq_build(struct cfg *c, const struct check_proxy *cp);

/* ---- running: control thread ---- */

/* check_http_cfg.c: the request's bytes; false: too long. */
bool	http_send_write(const struct http_send *h, struct check *chk, struct outbuf *b);
/* check_match.c: ret_outcome's text begins empty. */
enum verdict step_judge(struct check *chk, const struct step *s, struct outcome *ret_outcome);
/* " at step 2 of tcp-check (expect string 'x') comment: 'c'"; empty for others */
void	step_place(const struct check *chk, struct out *o);

#endif
