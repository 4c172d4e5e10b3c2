/* SPDX-License-Identifier: BSD-2-Clause */
/* Idle connections to a server that nothing new goes to are of no use to anybody. */
#ifndef WEIR_CTL_SERVER_PURGE_H
#define WEIR_CTL_SERVER_PURGE_H

struct server_live;

/* control thread: each data thread is asked to close its own */
void	server_purge_idle(struct server_live *l);

#endif
