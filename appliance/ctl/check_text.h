/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is to tell of a server's health check. */
#ifndef WEIR_CTL_CHECK_TEXT_H
#define WEIR_CTL_CHECK_TEXT_H

struct outbuf;
struct proxy;
struct server;

/* control thread */
/* Lines `Name: value`, then the transcript: `> ` what was sent, `< ` what was
 * received, a line each, unprintable bytes as \xNN. */
/* (and the state of the instance as a classic load balancer says it) */
void	check_text(const struct server *srv, struct outbuf *b);
/* A line for each server of a backend, below a head that begins with #. */
void	check_list_text(const struct proxy *px, struct outbuf *b);

#endif
