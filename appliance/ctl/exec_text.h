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
#define EXEC_PARALLEL_MAX 100

struct file_set;

/* What the program is told of a call; files: what a launch brings with it, or NULL. */
void	exec_text_request(struct outbuf *b, const struct provider_call *call,
	    const struct file_set *files);

struct exec_answer {
	enum provider_error error;
	char		 message[256];
	unsigned	 retry_after_s;
	struct provider_instance *all;	/* the caller's to free */
	unsigned	 n;
};
/* False: it is not the contract's; why, in ret->message. Without `takes_instances` they
 * are not looked at. */
bool	exec_text_parse(const char *text, size_t len, bool takes_instances,
	    struct exec_answer *ret);

/* Whether it is idempotent is not asked: a launch that broke is repeated only after a
 * description that shows nothing of its token, which suits programs that are not. */
struct exec_capabilities {
	bool		 launches, terminates, describes, brings_files;
	unsigned	 max_parallel;	/* EXEC_PARALLEL_MAX unless it says less */
};
/* The same; why in `why`. */
bool	exec_text_capabilities(const char *text, size_t len, struct exec_capabilities *ret,
	    char *why, size_t size);

#endif
