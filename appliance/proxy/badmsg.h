/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last invalid request of each frontend and the last invalid response of each
 * backend, with the bytes as they came, for `show errors`.
 *
 * Life: made by the data thread that met it and put into the live cell in place
 * of the one before; whoever takes one out of the cell owns it.
 */
#ifndef WEIR_PROXY_BADMSG_H
#define WEIR_PROXY_BADMSG_H

#include <stdatomic.h>
#include <stdint.h>
#include <stddef.h>

#include "net/addr.h"

struct txn;

#define BADMSG_BYTES	8192u	/* kept at most, from the error's surroundings */
#define BADMSG_NAME	64u

struct badmsg {
	uint64_t	 wall_us;
	uint32_t	 event;		/* number of it, from 0, over all proxies */
	int		 fe_id, be_id, srv_id;		/* -1 = none */
	char		 fe[BADMSG_NAME], be[BADMSG_NAME], srv[BADMSG_NAME];	/* cut */
	struct ip_port	 src;
	const char	*reason;	/* static */
	uint32_t	 start;		/* offset of the first byte in the head */
	uint32_t	 len, error_at;	/* error_at: in bytes */
	char		 bytes[];
};

typedef _Atomic(struct badmsg *) badmsg_slot;

extern _Atomic uint32_t badmsg_events;	/* so far */

/* data thread. p: what was at hand when the parser refused; start: offset of p in
 * the head; error_at: offset of the error in the head; error: enum h1_error */
void	badmsg_request(struct txn *t, struct str p, uint32_t start, uint32_t error_at,
	    unsigned error);
void	badmsg_response(struct txn *t, struct str p, uint32_t start, uint32_t error_at,
	    unsigned error);
/* any thread: what is left in a cell that goes */
void	badmsg_drop(badmsg_slot *slot);

#endif
