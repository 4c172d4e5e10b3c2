/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stickiness one can verify: why a transaction went to its server, since when
 * that holds and until when. Whoever chooses the server fills t->stick by
 * stickiness_set; a frontend with `stickiness-header NAME` tells the client in a
 * response header, `show stickiness` answers for a cookie's value or a key.
 */
#ifndef WEIR_PROXY_STICKINESS_H
#define WEIR_PROXY_STICKINESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct out;
struct proxy;
struct txn;

enum stick_reason {
	STICK_NONE,		/* nobody said: balance or hash, by the algorithm */
	STICK_BALANCE,		/* the algorithm's free choice */
	STICK_HASH,		/* ... by a key of the request */
	STICK_RULE,		/* use-server */
	STICK_COOKIE,		/* a cookie that the client brought */
	STICK_COOKIE_INSERT,	/* balancing's choice; this response sets the cookie */
	STICK_COOKIE_MOVED,	/* the cookie's server cannot serve: another was chosen */
	STICK_TABLE,		/* an entry of a stick table */
	STICK_REASONS
};

/* Dates in seconds since the epoch; 0: not known, or there is none. */
struct stickiness {
	uint8_t		 reason;	/* enum stick_reason */
	uint32_t	 since, until;
};

/* any thread */
const char *stickiness_reason_name(enum stick_reason r);	/* as clients see it */
/* `2026-11-22T06:18:27Z`, nothing for 0 */
void	stickiness_out_date(struct out *o, uint32_t date);

/* data thread */
void	stickiness_set(struct txn *t, enum stick_reason r, uint32_t since, uint32_t until);
/* `stickiness-header`: the response is complete but for this; false: no room. */
bool	stickiness_add_header(struct txn *t);

/* ---- show stickiness ---- */

/* One binding: server is NULL when there is none, and reason tells why. */
struct stickiness_entry {
	char		 key[256];	/* as text, cut if longer */
	const char	*server;	/* borrowed: snapshot */
	const char	*reason;	/* static text */
	uint32_t	 since, until;
};

/*
 * The key half, for who has tables. `lookup` fills what is known of one key, in
 * the text that the operator wrote; false: no such entry. `walk` gives up to n
 * entries behind *pos (0 at first, opaque), returns their number, 0 at the end;
 * it is called again and again, a small n each. control thread
 */
struct stickiness_keys {
	bool		(*has_table)(const struct proxy *be);
	bool		(*lookup)(const struct proxy *be, struct str key,
			    struct stickiness_entry *ret);
	unsigned	(*walk)(const struct proxy *be, uint64_t *pos,
			    struct stickiness_entry *ret, unsigned n);
};

/* start-up */
void	stickiness_keys_register(const struct stickiness_keys *k);
const struct stickiness_keys *stickiness_keys(void);	/* NULL: there are no tables */

#endif
