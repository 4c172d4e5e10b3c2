/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Servers that do not stand in a file. job thread
 */
#ifndef WEIR_PROXY_SERVER_CFG_H
#define WEIR_PROXY_SERVER_CFG_H

struct cfg;
struct proxy;

/* A server added at run time, behind the backend's other ones: args are name,
 * address, `from default` or `from SERVER` (else no default-server counts), and
 * options; args[nargs] is NULL. id: the one it has; 0 = the lowest free one. It is
 * in maintenance when it is new. 0, or -1 after a diag_error. */
int	server_cfg_add(struct cfg *c, struct proxy *px, char **args, int nargs, int id);

#endif
