/* SPDX-License-Identifier: BSD-2-Clause */
/* Ending what runs at a server: a message to each data thread (proxy/kill.h). */
#ifndef WEIR_CTL_SHUTDOWN_H
#define WEIR_CTL_SHUTDOWN_H

struct proxy;
struct server_live;

/* control thread; cause: first letter of the termination code (K, D, U) */
void	shutdown_sessions_of(struct server_live *l, char cause);
void	shutdown_backup_sessions(const struct proxy *px, char cause);

#endif
