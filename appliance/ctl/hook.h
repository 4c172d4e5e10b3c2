/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lifecycle hooks: an instance waits before it goes into service, or (drained) before
 * it ends, until somebody says that it may go on, or the time is over.
 */
#ifndef WEIR_CTL_HOOK_H
#define WEIR_CTL_HOOK_H

#include <stdbool.h>
#include <stdint.h>

struct group;
struct instance;

#define HOOKS_MAX_GROUP	50u

/* `hook NAME launching|terminating timeout D [default continue|abandon] [notify NOTIFIER]
 * [data TEXT]`; in the snapshot's arena. */
struct hook_conf {
	struct hook_conf *next;		/* in file order */
	const char	*name;
	int		 line;
	bool		 is_launch, continues;	/* continues: when its time is over */
	uint64_t	 timeout_us;
	const char	*notifier;	/* NULL = nobody */
	const char	*data;		/* "" = none */
};

/* control thread */
const struct hook_conf *hook_find(const struct group *g, const char *name);
/* who: an instance's id or a token. NULL, or why not. */
const char *hook_complete(struct group *g, const char *hook, const char *who, bool is_abandoned);
const char *hook_heartbeat(struct group *g, const char *hook, const char *who);

/* What an instance waits for: fn is called for each. */
typedef void hook_fn(const char *hook, const char *token, uint64_t left_us, void *arg);
void	hook_each(const struct instance *i, hook_fn *fn, void *arg);

#endif
