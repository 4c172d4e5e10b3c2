/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_API_CLI_POOLS_H
#define WEIR_API_CLI_POOLS_H

struct outbuf;

/* control thread: what `show pools` and SIGQUIT print */
void	pools_text(struct outbuf *b);

#endif
