/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the rule language share; nobody else includes it. */
#ifndef WEIR_PROXY_RULES_IN_H
#define WEIR_PROXY_RULES_IN_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/addr.h"
#include "proxy/sample.h"

struct cfg;
struct expr;
struct fetch_row;
struct http_msg;
struct rule;

/* control thread or a job thread */
/* "unknown WHAT 'word'. Did you mean 'x' maybe ?" */
void	diag_unknown(struct cfg *c, const char *what, const char *word,
	    const char *(*next)(size_t, void *), void *arg);
/* A fetch row with the text inside its parentheses. */
struct expr *expr_of_fetch(struct cfg *c, struct proxy *px, const struct fetch_row *row,
	    struct str inside, uint32_t use);
int	use_check(struct cfg *c, const struct fetch_row *row, uint32_t use);

/* data thread */
/* The message of the context's direction, when its head is complete. */
struct http_msg *ctx_request(const struct sample_ctx *x);
struct http_msg *ctx_response(const struct sample_ctx *x);
struct http_msg *ctx_message(const struct sample_ctx *x);
/* By a row's priv: a request's, a response's, or the direction's message. */
enum { OF_DIR, OF_REQ, OF_RES };
struct http_msg *ctx_message_of(const struct sample_ctx *x, intptr_t which);
bool	sample_ip(struct sample *s, const struct ip_port *ip);

#endif
