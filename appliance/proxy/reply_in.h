/* SPDX-License-Identifier: BSD-2-Clause */
/* What reply.c and reply_cfg.c share; nobody else includes it. */
#ifndef WEIR_PROXY_REPLY_IN_H
#define WEIR_PROXY_REPLY_IN_H

struct reply_conf;

/* any thread: the page for status in a list, or NULL */
const struct reply_conf *reply_in_list(const struct reply_conf *list, unsigned status);

#endif
