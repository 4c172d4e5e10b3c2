/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_PROXY_TUNNEL_H
#define WEIR_PROXY_TUNNEL_H

/* data thread: a new snapshot is in service; this thread's tunnels move over */
void	tunnels_follow(void);

#endif
