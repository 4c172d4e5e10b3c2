/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Balancing: an algorithm is a row. Each data thread keeps private state per
 * backend (struct proxy_thread.lb_state), rebuilt by `build` when the snapshot's
 * generation or the backend's epoch changed; what must be one sequence over all
 * threads (round robin) uses the shared cursor in the live cell.
 *
 * Eligible servers: live->usable and eweight > 0, and active ones first (backups
 * only when no active one is usable: the first, or all with allbackups).
 * A soft-ejected server is skipped while another one is eligible.
 */
#ifndef WEIR_PROXY_LB_H
#define WEIR_PROXY_LB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct cfg;
struct proxy;
struct proxy_thread;
struct server;
struct txn;

/* Weights as balancing sees them: user weight x LB_SCALE (slow start ramps in
 * between), so a server at weight 1 can start slowly too. */
#define LB_SCALE	16u

#define LB_DYNAMIC	0x01u	/* weights and servers may change at run time */
#define LB_HASH		0x02u	/* picks by a key: the server's own queue is used */
#define LB_FLOW		0x04u	/* wants take/drop */
#define LB_HTTP		0x08u	/* its key is part of an HTTP request */

struct lb_algo {
	const char	*name;		/* also `algo` in show stat */
	unsigned	 flags;
	const char	*syntax, *help;
	/* configuration: words behind the name, `NAME(ARG) words` gives ARG first;
	 * 0 or -1 after diag_error; NULL: takes none */
	int		(*parse)(struct cfg *c, struct proxy *px, char **args, int nargs);
	/* data thread: new private state from the servers' present cells; never returns
	 * NULL. A row without it is one that parse refuses. */
	void		*(*build)(struct proxy *px, unsigned thread);
	void		(*free)(void *state);
	/* Same snapshot, other weights or states: bring the state up to date; false:
	 * build a new one. May be NULL. */
	bool		(*refresh)(struct proxy *px, unsigned thread, void *state);
	/* The server for this transaction, or NULL when none is eligible. `avoid`
	 * (may be NULL) is skipped if another one is eligible (redispatch). Servers
	 * whose slots are all taken are skipped where the algorithm can choose; when
	 * all are full NULL is returned and *ret_full is set. */
	struct server	*(*pick)(struct proxy *px, void *state, struct txn *t,
			    const struct server *avoid, bool *ret_full);
	/* inflight of srv in this thread changed (LB_FLOW); may be NULL. srv may be
	 * of another snapshot than the state: compare live cells */
	void		(*take)(struct proxy *px, void *state, struct server *srv);
	void		(*drop)(struct proxy *px, void *state, struct server *srv,
			    uint64_t total_us);
};

/* data thread */
struct server *lb_pick(struct proxy *be, struct txn *t, const struct server *avoid, bool *ret_full);
/* A slot was taken / given back: bookkeeping of this thread. total_us: how long
 * the server took to answer; 0 says nothing of it, LB_FAILED that it failed. */
#define LB_FAILED	UINT64_MAX
void	lb_take(struct proxy *be, struct server *srv);
void	lb_drop(struct proxy *be, struct server *srv, uint64_t total_us);

/* any thread */
/* One try for a slot: compare-and-swap below the effective maxconn. */
bool	server_slot_take(struct server *srv);
void	server_slot_drop(struct server *srv);	/* without a hand-over; see queue.h */
uint32_t server_slot_limit(const struct server *srv);	/* 0 = unlimited; minconn obeyed */
bool	server_is_usable(const struct server *srv);	/* may get a new session now */
bool	server_has_slot(const struct server *srv);
/* Load balancing may give it sessions: usable, weighted, and if it is a backup no
 * active one is left. */
bool	server_is_due(const struct server *srv);

/* control thread */
const struct lb_algo *lb_find(const char *name);
/* Servers can be added and weights take effect at run time. */
bool	lb_is_dynamic(const struct proxy *px);
/* The key of hash algorithms is a 32-bit hash; functions by hash-type. */
uint32_t lb_hash(uint8_t function, struct str key);
enum lb_hash_fn { LB_HASH_SDBM, LB_HASH_DJB2, LB_HASH_WT6, LB_HASH_CRC32, LB_HASH_NONE };

#endif
