/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The HTTP/1 front side: a client connection that carries one transaction after
 * the other. One row of struct front_ops.
 */
#ifndef WEIR_PROXY_FRONT_H1_H
#define WEIR_PROXY_FRONT_H1_H

struct session;

/* data thread */
void	front_h1_event(struct session *s);	/* readable or writable */
void	front_h1_timeout(struct session *s);
void	front_h1_task(struct session *s);	/* end of the pass: next request, failure */
void	front_h1_start(struct session *s);	/* a new connection is ready */

#endif
