/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text form of servers' states, version 1: what `show servers state` prints
 * and state files hold, one line per server. State files of ours also have a
 * comment per server that was added at run time, which others skip:
 *
 *	#+ ORIGIN ID BACKEND NAME ADDRESS [OPTION]...	(%XX for blanks in words)
 */
#ifndef WEIR_CTL_SERVER_STATE_H
#define WEIR_CTL_SERVER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "net/addr.h"

struct outbuf;
struct overlay_server;
struct server;

#define SERVER_STATE_WORDS	64

/* One line. Texts are spans of it. */
struct server_state {
	struct str	 backend, name, fqdn;
	struct ip_port	 addr;		/* family 0: none; with the port */
	uint32_t	 server_id;
	uint32_t	 op, admin, uweight, iweight;
	uint64_t	 age_s;		/* since the last change */
	uint32_t	 check_health, check_state;
};

/* An `#+` line. */
struct server_added {
	struct str	 origin, backend;
	int		 id;
	char		*words[SERVER_STATE_WORDS + 1];	/* owned */
	int		 n;
};

struct server_state_ops {
	void	(*state)(const struct server_state *s, void *arg);
	void	(*added)(const struct server_added *a, void *arg);	/* may be NULL */
};

/* any thread. False: it is not of version 1. Lines that make no sense are skipped,
 * and counted in *ret_skipped. */
bool	server_state_parse(struct str text, const struct server_state_ops *ops, void *arg,
	    unsigned *ret_skipped);

/* control thread */
void	server_state_put_header(struct outbuf *b);
void	server_state_put(struct outbuf *b, const struct server *srv);
void	server_state_put_added(struct outbuf *b, const struct overlay_server *s);

#endif
