/* SPDX-License-Identifier: BSD-2-Clause */
/* What reply.c, reply_cfg.c and reply_file.c share; nobody else includes it. */
#ifndef WEIR_PROXY_REPLY_IN_H
#define WEIR_PROXY_REPLY_IN_H

#include <stddef.h>

#include "base/str.h"

struct cfg;
struct reply_conf;

/* any thread: the page for status in a list, or NULL */
const struct reply_conf *reply_in_list(const struct reply_conf *list, unsigned status);

/* reply_file.c; control thread or a job thread */
size_t	reply_body_limit(struct cfg *c);	/* the largest body of our own */
struct str reply_keep(struct cfg *c, struct str s);	/* a copy in the arena */
/* NULL after a diag_error; freed by the caller */
char	*reply_read_file(struct cfg *c, const char *what, const char *path, size_t max,
	    size_t *ret_len);
/* An error file into rc; -1 after a diag_error. */
int	reply_load_page(struct cfg *c, const char *what, const char *path, struct reply_conf *rc);

#endif
