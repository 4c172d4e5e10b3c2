/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The language that the provider `exec` speaks with its program: a JSON document
 * each way.
 *
 * any thread
 */
#ifndef WEIR_CTL_EXEC_TEXT_H
#define WEIR_CTL_EXEC_TEXT_H

#include "base/out.h"
#include "ctl/provider.h"

#define EXEC_VERSION	1

/* What the program is told of a call. */
void	exec_text_request(struct outbuf *b, const struct provider_call *call);

struct exec_answer {
	enum provider_error error;
	char		 message[256];
	unsigned	 retry_after_s;
	struct provider_instance *all;	/* the caller's to free */
	unsigned	 n;
};
/* False: it is not the contract's; why, in ret->message. */
bool	exec_text_parse(const char *text, size_t len, struct exec_answer *ret);

struct exec_capabilities {
	bool		 launches, terminates, describes, is_idempotent;
};
/* The same; why in `why`. */
bool	exec_text_capabilities(const char *text, size_t len, struct exec_capabilities *ret,
	    char *why, size_t size);

#endif
