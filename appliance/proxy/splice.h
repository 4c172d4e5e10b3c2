/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * splice(2): body bytes go from socket to socket through a pipe, never through
 * user memory. Used once more than 16 KiB of a body remain and both sides are
 * plain. Pipes are made lazily (256 KiB) and kept in a small per-thread stock;
 * their number is bounded by maxpipes.
 */
#ifndef WEIR_PROXY_SPLICE_H
#define WEIR_PROXY_SPLICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct conn;
struct pipe_pair;
struct txn;

#define SPLICE_EOF	0
#define SPLICE_ERROR	(-1)
#define SPLICE_AGAIN	(-2)	/* the source has nothing now */
#define SPLICE_NOT	(-3)	/* not possible here: read the ordinary way */

/* data thread */
/* `splice-auto` is on unless either side turned it off; option: the direction's
 * own bit, OPT_SPLICE_REQUEST or OPT_SPLICE_RESPONSE. */
bool	splice_is_enabled(const struct txn *t, uint64_t option);
/* Response bodies: worth it now? */
bool	splice_is_worth(struct txn *t);
/* Move response body bytes; > 0 moved, or one of the codes above. When the
 * client takes no more, TXN_F_FRONT_FULL is set and splice_drain goes on. */
ssize_t	splice_body(struct txn *t);
/* Bytes of a pipe to the client; true when it is empty now. */
bool	splice_drain(struct txn *t);

/* One direction of a tunnel. Up to `max` bytes from src into the pipe / from
 * the pipe to dst; codes as above. */
struct pipe_pair *pipe_get(void);	/* NULL: none to be had */
void	pipe_put(struct pipe_pair *p);	/* one with bytes left is closed */
uint32_t pipe_held(const struct pipe_pair *p);
ssize_t	pipe_fill(struct pipe_pair *p, struct conn *src, size_t max);
ssize_t	pipe_empty(struct pipe_pair *p, struct conn *dst);
void	pipe_thread_fini(void);

#endif
