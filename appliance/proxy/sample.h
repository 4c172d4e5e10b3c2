/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Samples and expressions: `fetch(args),converter(args),...`, compiled once when
 * the configuration is parsed, evaluated by data threads without allocating.
 *
 * A sample lives until the evaluation scratch it may point to is released: take
 * eval_mark() first, eval_release() when done. What must live on (variables,
 * captures) is copied to txn_scratch by who keeps it. Fetches see struct
 * http_msg and the struct sample_ctx only, never bytes of an HTTP connection.
 */
#ifndef WEIR_PROXY_SAMPLE_H
#define WEIR_PROXY_SAMPLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct cfg;
struct http_msg;
struct out;
struct proxy;
struct server;
struct session;
struct txn;
struct var;

enum sample_type {
	SMP_ANY,		/* rows only: known when evaluated, or any is taken */
	SMP_BOOL, SMP_INT, SMP_STR, SMP_BIN, SMP_IPV4, SMP_IPV6, SMP_METHOD,
	SMP_TYPES
};

struct sample {
	uint8_t		 type;		/* enum sample_type, never SMP_ANY */
	uint8_t		 method;	/* SMP_METHOD: enum http_method */
	union {
		bool		 b;
		int64_t		 i;
		struct str	 s;	/* STR, BIN, METHOD (its text) */
		struct in_addr	 v4;
		struct in6_addr	 v6;
	} u;
};

enum sample_dir { DIR_REQ, DIR_RES };

/* ACLs ask a fetch for all its values in turn: `more` says there may be another. */
struct fetch_iter {
	uint32_t	 field, off;	/* zero to start with; the fetch's own */
	bool		 more;
};

/* What a health check offers to its expressions. */
struct check_facts {
	struct var	*vars;		/* scope `check`; on the heap */
	struct http_msg	*res;		/* head of the answer; NULL: none yet */
	struct str	 body;		/* of it, what is there */
	const struct server *srv;	/* NULL: not checked for a server */
};

/* What an evaluation may look at. */
struct sample_ctx {
	struct txn	*t;		/* NULL at connection and session level */
	struct session	*sess;		/* NULL: no client (checks, start-up) */
	struct proxy	*px;		/* whose rules run; may be NULL */
	struct str	 data;		/* tcp content rules: bytes buffered from the peer */
	uint8_t		 dir;		/* enum sample_dir */
	bool		 is_final;	/* no more data will come: do not ask for it */
	bool		 needs_more;	/* out: a fetch found too few bytes */
	bool		 is_lenient;	/* strict-mode off was met */
	struct check_facts *check;	/* NULL: this is no health check */
	struct fetch_iter *iter;	/* NULL: one value is wanted */
};

/* Fills x for rules of px on t; data stays empty, is_final true. data thread */
void	sample_ctx_init(struct sample_ctx *x, struct txn *t, struct proxy *px,
	    enum sample_dir dir);
void	sample_ctx_session(struct sample_ctx *x, struct session *s, struct proxy *px);

/* Where a fetch finds its facts, and what a place offers. */
#define USE_CONST	0x0001u	/* nothing: constants, process, backends */
#define USE_CLIENT	0x0002u	/* the client connection */
#define USE_TLS		0x0004u	/* ... after its handshake */
#define USE_TXN		0x0008u	/* a transaction */
#define USE_CONTENT	0x0010u	/* bytes buffered from the client */
#define USE_REQ		0x0020u	/* request head */
#define USE_SERVER	0x0040u	/* a server was picked */
#define USE_RES_CONTENT	0x0080u	/* bytes buffered from the server */
#define USE_RES		0x0100u	/* response head */
#define USE_END		0x0200u	/* the end of the transaction: logs */
#define USE_CHECK	0x0400u	/* what a health check received */
#define USE_AT_CONNECTION (USE_CONST | USE_CLIENT)
#define USE_AT_SESSION	(USE_AT_CONNECTION | USE_TLS)
#define USE_AT_REQ	(USE_AT_SESSION | USE_TXN | USE_CONTENT | USE_REQ)
#define USE_AT_RES	(USE_AT_SESSION | USE_TXN | USE_REQ | USE_SERVER | \
			    USE_RES_CONTENT | USE_RES)
#define USE_AT_LOG	(USE_AT_RES | USE_END)
#define USE_AT_CHECK	(USE_CONST | USE_TXN | USE_SERVER | USE_RES | USE_CHECK)

/* ---- arguments ---- */

enum arg_type {
	ARG_NONE, ARG_STR, ARG_INT, ARG_VAR, ARG_REGEX, ARG_MASK4, ARG_BACKEND,
	ARG_FRONTEND, ARG_SERVER, ARG_EXPR_OR_INT, ARG_TABLE
};

struct arg {
	uint8_t		 type;		/* ARG_NONE: left out */
	uint8_t		 bits;		/* ARG_MASK4: of the mask; v6 bits in i */
	int64_t		 i;
	struct str	 s;		/* text as written, NUL-terminated */
	union {
		const struct var_name	*var;
		struct regex		*regex;
		struct proxy		*px;	/* resolved after parsing */
		struct server		*srv;
		struct stick_conf	*table;	/* NULL: that of who asks */
		struct map_use	*map;	/* set by a check */
	} u;
};

#define ARGS_MAX	7

/*
 * Argument spec, a letter each: s string, i integer, v variable name, V variable
 * name or integer, r regex, m netmask, b backend (default: the own one), f
 * frontend, S [backend/]server, t stick table, T the same (default: the own one),
 * `|` = what follows may be left out, `*` = the last one may repeat up to ARGS_MAX.
 */
typedef bool fetch_fn(struct sample_ctx *x, const struct arg *a, intptr_t priv,
	    struct sample *ret);
struct fetch_row {
	const char	*name;
	const char	*args;		/* spec; "" = none */
	uint8_t		 out;		/* enum sample_type */
	uint16_t	 use;		/* USE_* it needs: one bit, or several = any of them */
	fetch_fn	*fn;		/* false: no sample */
	intptr_t	 priv;
	const char	*help;
	/* checks or prepares args; -1 after diag_error; may be NULL */
	int		(*check)(struct cfg *c, struct arg *a, int n);
};

typedef bool conv_fn(struct sample_ctx *x, const struct arg *a, intptr_t priv,
	    struct sample *smp);	/* changes smp in place; false: no sample */
struct conv_row {
	const char	*name;
	const char	*args;
	uint8_t		 in, out;	/* in: cast to it first; SMP_ANY = as it is */
	conv_fn		*fn;		/* NULL: refused, help is the reason */
	intptr_t	 priv;
	const char	*help;
	int		(*check)(struct cfg *c, struct arg *a, int n);
};

struct conv {
	struct conv		*next;
	const struct conv_row	*row;
	struct arg		*args;
};

struct expr {
	const struct fetch_row	*fetch;
	struct arg		*args;
	struct conv		*convs;
	const char		*text;	/* as written */
	uint8_t			 out;	/* enum sample_type; SMP_ANY when unknown */
};

/* control thread or a job thread */
/* Parse one word (`hdr(host),lower`); `use` is what the place offers, px the
 * section's proxy or NULL. NULL after a diag_error. */
struct expr *expr_parse(struct cfg *c, struct proxy *px, const char *word, uint32_t use);
const struct fetch_row *fetch_find(const char *name, size_t len);
const char *fetch_name(size_t i, void *unused);	/* the i-th, for str_nearest; NULL = no more */
const struct conv_row *conv_find(const char *name, size_t len);
/* Converters behind a fetch: `,lower,field(1,.)` or "". -1 after a diag_error. */
int	expr_parse_convs(struct cfg *c, struct proxy *px, struct expr *e, const char *rest);
/* Arguments by spec from the text inside the parentheses; NULL after diag_error. */
struct arg *args_parse(struct cfg *c, struct proxy *px, const char *what,
	    const char *spec, struct str inside, int *ret_n);
const char *sample_type_name(enum sample_type t);
bool	sample_can_cast(enum sample_type from, enum sample_type to);

/* data thread (any thread with its own ctx) */
bool	expr_eval(const struct expr *e, struct sample_ctx *x, struct sample *ret);
bool	expr_eval_as(const struct expr *e, struct sample_ctx *x, enum sample_type as,
	    struct sample *ret);
bool	sample_cast(struct sample *s, enum sample_type to);
void	sample_out(struct out *o, const struct sample *s);	/* its text form */

static inline void
sample_bool(struct sample *s, bool v)
{
	s->type = SMP_BOOL;
	s->u.b = v;
}

static inline void
sample_int(struct sample *s, int64_t v)
{
	s->type = SMP_INT;
	s->u.i = v;
}

static inline void
sample_str(struct sample *s, struct str v)
{
	s->type = SMP_STR;
	s->u.s = v;
}

/* ---- evaluation scratch: per thread, 64 KiB, a stack; never waits ---- */

#define EVAL_BYTES	65536u

size_t	eval_mark(void);
void	eval_release(size_t mark);
void	*eval_alloc(size_t size);	/* NULL when it is used up */
/* All that is left, for a writer of unknown length; eval_take keeps `used` of it. */
char	*eval_room(size_t *ret_size);
void	eval_take(size_t used);
/* The same as a writer, and its end: false when it did not fit. */
struct out eval_out(void);
bool	eval_keep(const struct out *o, struct str *ret);
struct str eval_copy(struct str s);	/* STR_NONE when it is used up */

/* ---- regular expressions: pcre2 with JIT, freed with the arena ---- */

struct regex;
#define REGEX_GROUPS	10

/* control thread or a job thread; NULL after a diag_error */
struct regex *regex_new(struct cfg *c, const char *pattern, bool ignore_case);
/* data thread; groups (may be NULL) gets up to REGEX_GROUPS spans of subject */
bool	regex_match(const struct regex *re, struct str subject,
	    struct str groups[REGEX_GROUPS], unsigned *ret_n);
/* Append `fmt` with \0..\9 replaced by groups. */
void	regex_expand(struct out *o, struct str fmt, const struct str *groups, unsigned n);

#endif
