/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The feed: what happened, as lines with a growing id, for `subscribe events`. The
 * latest FEED_KEPT are kept, so that a client that comes back misses little.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_FEED_H
#define WEIR_CTL_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

#define FEED_KEPT	1024u

/* Kinds, a bit each. */
#define FEED_HEALTH	0x1u
#define FEED_CONFIG	0x2u
#define FEED_COMMAND	0x4u
#define FEED_ALARM	0x8u
#define FEED_GROUP	0x10u
#define FEED_LUA	0x20u
#define FEED_ALL	0x3fu

struct feed_watch {
	struct list	 node;
	unsigned	 kinds;		/* FEED_* */
	void		(*on_event)(struct feed_watch *w, const char *line, size_t len);
};

/* `id,time,kind,object,from,to,text`; a line ends with LF. */
void	feed_emit(unsigned kind, const char *object, const char *from, const char *to,
	    const char *text);
uint64_t feed_next_id(void);
/* Those that are kept, from this id on; returns how many are not any more. */
uint64_t feed_replay(uint64_t from_id, struct feed_watch *w);
void	feed_watch_start(struct feed_watch *w);
void	feed_watch_stop(struct feed_watch *w);
unsigned feed_kind_named(const char *name, size_t len);	/* 0 = none */
void	feed_free(void);

#endif
