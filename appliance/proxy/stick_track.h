/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracked entries of stick tables: the counters sc0, sc1, ... of a connection and
 * of a request. An entry is held from its track-scN rule to the end of the
 * connection or request that the rule belongs to, and counts what happens there.
 *
 * Who tracks nothing pays a look at one or two pointers.
 */
#ifndef WEIR_PROXY_STICK_TRACK_H
#define WEIR_PROXY_STICK_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/magic.h"
#include "proxy/session.h"
#include "proxy/stick.h"
#include "proxy/stick_codes.h"
#include "proxy/txn.h"

#define STICK_COUNTERS_MAX	10

/* The entries of one connection or request; from a pool of the thread. */
struct stick_track {
	struct stick_ref ref[STICK_COUNTERS_MAX];
};

/* data thread */
/* Counter i of *list tracks this locked entry from now on; unlocks. Without memory
 * nothing is tracked. */
void	stick_track(struct stick_track **list, unsigned i, struct stick_at *at);
void	stick_track_end(struct stick_track **list);

/* The entry that counter i shows: the request's, else the connection's. */
static inline struct stick_ref *
stick_tracked(const struct txn *t, const struct session *s, unsigned i)
{
	if (t != NULL && t->tracked != NULL && t->tracked->ref[i].table != NULL)
		return &t->tracked->ref[i];
	if (s != NULL && s->tracked != NULL && s->tracked->ref[i].table != NULL)
		return &s->tracked->ref[i];
	return NULL;
}

void	stick_count_session(struct session *s);
void	stick_count_request(struct txn *t);
void	stick_count_error(struct txn *t);
void	stick_count_fail(struct txn *t);
void	stick_count_status(struct txn *t, unsigned status);
void	stick_count_bytes(struct txn *t, uint64_t in, uint64_t out);

static inline bool
stick_is_tracking(const struct txn *t)
{
	return unlikely(t->tracked != NULL || t->sess->tracked != NULL);
}

#endif
