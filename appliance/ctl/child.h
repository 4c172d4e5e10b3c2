/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instances that are children of this machine: local processes, with a network of
 * their own or not. What a child is, event/program.h says;
 * here are those that weir knows, of any provider, with what the providers tell of
 * them. provider_child.h makes providers of it.
 *
 * Life of a struct child: from its launch (or from when it was found at the start of
 * weir) until CHILDREN_KEPT others have ended after it; so its last output can be
 * read afterwards.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_CHILD_H
#define WEIR_CTL_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "ctl/provider.h"
#include "event/program.h"

struct child_work;
struct file_set;
struct program_conf;
struct event;

#define CHILDREN_KEPT	200u	/* that have ended */

enum child_state { CHILD_STARTING, CHILD_RUNS, CHILD_ENDED };

struct child {
	struct list	 node;
	struct provider_instance at;	/* what its provider tells */
	char		*provider, *group;	/* owned */
	uint64_t	 epoch;
	enum child_state state;
	bool		 is_stopping;
	int		 end, value;	/* of struct program_result, when it has ended */
	uint64_t	 ended_us;	/* monotonic */
	char		 missing[256];	/* what was refused of what it should have */
	char		 why[256];	/* what failed before it could run; "" = nothing */
	bool		 has_monitor;	/* it runs and ends as child_monitor tells */
	char		 console[CHILD_CONSOLE_BYTES + 1];
	struct child_sample last, taken;	/* the latest; when child_sample_take was asked */
	struct provider_call *call;	/* the launch that waits for it; NULL = none */
	struct file_set	*files;		/* owned: what it began with; NULL = not known */
	/* child.c's own */
	int		 fd;		/* to its warden */
	struct event	*event;		/* owned */
	struct child_work *work;	/* a job thread starts it */
};

extern struct list children;		/* the oldest first */
#define CHILD_OF(n)	LIST_ITEM(n, struct child, node)

struct child_data {
	const void	*mem;		/* NULL: none */
	size_t		 len;
};

/* A new one, which a job thread starts: `run` becomes its own. */
struct child_order_new {
	const char	*provider, *group;
	uint64_t	 epoch;
	struct provider_instance at;
	int		 row;
	struct program_run *run;
	const char	*address;	/* of its own network; NULL: none */
	struct child_data data[CHILD_DATA_MAX];	/* what it finds as 3 and 4 */
	bool		 has_files;	/* a folder for them (event/program_files.h) */
	struct file_set	*files;		/* becomes its own: what is in it; NULL = nothing */
	/* a program that must succeed first, with {id}; NULL: none */
	const struct program_conf *before;
	bool		 has_monitor;
	void		*scratch;	/* of who fills this in, who frees it then */
};
struct child *child_start(const struct child_order_new *o);
void	child_stop(struct child *c, bool at_once);
struct child *child_find(const char *id);
/* It is another group's from now on, also for a weir that finds it later. */
void	child_move(struct child *c, const char *group);
/* Its reload signal, if it has one. */
void	child_reload(struct child *c);
/* "exit status 1", "killed by signal 9 (Killed)", "cannot be run: ..." */
void	child_end_text(const struct child *c, char *ret, size_t size);
/* What has happened since it was asked last; false: nothing new. */
bool	child_sample_take(struct child *c, struct provider_sample *ret);

/* For those with has_monitor: told of each change of state; whether one runs it says by
 * child_is. ask_to_end may do so in a moment if can_wait; false: a signal does it.
 * start-up, before module child */
typedef void child_watch_fn(struct child *c);
typedef bool child_end_fn(struct child *c, bool can_wait);
void	child_monitor(child_watch_fn *look_at, child_end_fn *ask_to_end);
void	child_is(struct child *c, enum provider_state state);

/* Called when a child has got another state. */
typedef void child_changed_fn(struct child *c);
void	child_on_change(child_changed_fn *fn);

#endif
