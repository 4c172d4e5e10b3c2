/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is to tell of a server's health check. */
#ifndef WEIR_CTL_CHECK_TEXT_H
#define WEIR_CTL_CHECK_TEXT_H

struct outbuf;
struct server;

/* control thread */
/* Lines `Name: value`, then the transcript: `> ` what was sent, `< ` what was
 * received, a line each, unprintable bytes as \xNN. */
void	check_text(const struct server *srv, struct outbuf *b);

#endif
