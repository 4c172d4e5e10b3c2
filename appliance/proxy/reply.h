/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers that weir makes itself: error pages, `return`, `deny`, `redirect`,
 * `errorfile`, `http-error`. A struct reply_conf is immutable and lives in the
 * snapshot (the built-in pages: static). reply_build writes it into the
 * transaction: t->res holds the head, t->local_body the body.
 */
#ifndef WEIR_PROXY_REPLY_H
#define WEIR_PROXY_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct acl_cond;
struct cfg;
struct logformat;
struct proxy;
struct sample_ctx;
struct txn;

enum reply_body {
	REPLY_BODY_PAGE,	/* the error page in force for `status` */
	REPLY_BODY_NONE,
	REPLY_BODY_BYTES,	/* `text`: string, file */
	REPLY_BODY_FORMAT,	/* lf-string, lf-file */
	REPLY_BODY_WHOLE,	/* errorfile: head and body were parsed from a file */
	REPLY_BODY_REDIRECT
};

struct reply_field {		/* of a whole response, or `hdr NAME FMT` */
	struct reply_field *next;
	struct str	 name, value;
	struct logformat *format;	/* NULL: value */
};

enum redirect_kind { REDIR_LOCATION, REDIR_PREFIX, REDIR_SCHEME };

struct redirect_conf {
	uint8_t		 kind;
	bool		 drop_query, append_slash;
	struct logformat *format;	/* NULL: fixed */
	struct str	 fixed;
	struct str	 set_cookie;	/* whole value; empty = none */
};

struct reply_conf {
	struct reply_conf *next;	/* in proxy_settings.errors */
	uint16_t	 status;	/* also what error pages are found by */
	uint16_t	 sent_status;	/* errorloc: 302 or 303; 0 = status */
	uint8_t		 body;		/* enum reply_body */
	bool		 is_error_page;	/* takes part in http-errors / errorfile lists */
	struct str	 reason;	/* empty: by status */
	const char	*content_type;	/* NULL = none */
	struct reply_field *fields;
	struct str	 text;
	struct logformat *format;
	struct redirect_conf *redirect;
	const struct reply_conf *errors;	/* `errorfiles NAME`: looked up by status */
};

/* control thread or a job thread */
/* Arguments of `return`, `deny`, `tarpit`, `http-error`; takes *ret_used words.
 * what: "'http-request return'", for messages. NULL after a diag_error. */
struct reply_conf *reply_parse(struct cfg *c, struct proxy *px, const char *what,
	    unsigned default_status, uint32_t use, char **args, int nargs, int *ret_used);
struct reply_conf *redirect_parse(struct cfg *c, struct proxy *px, uint32_t use,
	    char **args, int nargs, int *ret_used);

/* A 401 that asks for a name and a password: userlist.c. */
struct reply_conf *reply_unauthorized(struct cfg *c, const char *realm);

/* data thread */
/* The page for this status: of the backend, the frontend, else built in. Never
 * NULL: an unknown status gives a page made from its number. */
const struct reply_conf *reply_error(const struct txn *t, unsigned status);
/* Build rc into t->res, t->local_body, t->status. Never fails: what cannot be
 * built (a format too long) becomes the plain 500 page. The head holds
 * content-length; http-after-response rules are the driver's to run. */
void	reply_build(struct txn *t, const struct reply_conf *rc);
/* The whole built-in page as bytes, for answers before a transaction exists. */
struct str reply_raw(unsigned status);
bool	reply_status_has_page(unsigned status);

#endif
