/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a stats socket may be when none is named: $WEIR_SOCKET, the places of
 * weir and HAProxy, `stats socket` lines of /etc/haproxy/haproxy.cfg.
 */
#ifndef WEIR_TUI_FIND_H
#define WEIR_TUI_FIND_H

#define FIND_MAX	16

enum found { FOUND_IT, FOUND_NOT_THERE, FOUND_NO_SOCKET, FOUND_NO_RIGHT, FOUND_NOBODY };

struct place {
	char	 path[256];
	enum found found;		/* FOUND_NOBODY: a socket, but nobody listens */
};

/* All places in order, each tried once (connect and close); how many. */
unsigned find_sockets(struct place places[FIND_MAX]);
/* To stderr: what was tried, and the lines that enable a socket. */
void	find_explain(const struct place *places, unsigned n);

#endif
