/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP mode: one transaction for the whole session, a tunnel after its connect. */
#ifndef WEIR_PROXY_FRONT_TCP_H
#define WEIR_PROXY_FRONT_TCP_H

struct session;

/* data thread */
void	front_tcp_start(struct session *s);
void	front_tcp_event(struct session *s);
void	front_tcp_timeout(struct session *s);
void	front_tcp_task(struct session *s);

#endif
