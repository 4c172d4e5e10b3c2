/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scaling groups that live: by name, matched to what the configuration says at each
 * publish. An equal text leaves a group untouched; a changed one changes its limits,
 * and desired only so far as they demand. A group that is gone from the files while it
 * has instances is orphaned: nothing is done with it.
 *
 * desired is changed in one way only, group_set_desired; the scaler (scaler.h) makes it
 * come true, at once if its provider is that fast.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_GROUP_H
#define WEIR_CTL_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "ctl/activity.h"
#include "ctl/group_conf.h"
#include "ctl/instance.h"
#include "ctl/launch.h"
#include "ctl/uuid.h"
#include "event/sched.h"

struct scaler;

#define GROUP_REVERSALS		3u	/* in an hour: flapping */
#define GROUP_NO_COOLDOWN	0u

struct group {
	struct list	 node;
	char		*name;		/* owned */
	char		 id[UUID_TEXT];
	const struct group_conf *conf;	/* borrowed: current snapshot; NULL: in no file */
	uint64_t	 digest;	/* of the text that it follows */
	uint64_t	 launch_digest;	/* ... and of its launch configuration */
	const struct launch_conf *back;	/* launch.c's: instances are of this older version, for
					 * a refresh has failed; NULL: of conf's */
	uint64_t	 created_us;	/* wall */
	uint32_t	 min, max, desired;
	uint32_t	 surge;		/* so many more for now: a refresh replaces some */
	bool		 is_overridden;	/* min and max were set by command */
	bool		 is_orphaned;	/* in no file, with instances */
	char		*provider;	/* owned: name of its provider */
	uint64_t	 drain_us;
	bool		 is_deleting;	/* when it is empty, it is gone */
	bool		 is_deleted;	/* by command; its file still has it */
	unsigned	 suspended;	/* bits of enum group_process */
	unsigned	 suspended_by_us;	/* those of them that nobody asked for */
	int64_t		 suspended_s[GROUP_P_COUNT];
	uint64_t	 failing_us;	/* wall: no launch has succeeded since; 0 = none failed */
	struct list	 instances;	/* the oldest first */
	unsigned	 counts[LIFECYCLE_COUNT];
	struct list	 open;		/* its activities that are open */
	unsigned	 nopen;
	/* cooldown: it begins when the last activity of a scaling is done */
	uint64_t	 cooldown_until_us;	/* wall */
	uint64_t	 cooldown_us;	/* of the scaling under way, or the last one */
	unsigned	 ncooling;	/* its activities that are not done yet */
	bool		 is_scaling;	/* one is under way that begins a cooldown */
	/* why desired is what it is: sentences, until it is reached */
	char		 cause[CAUSE_BYTES];
	size_t		 cause_len;
	char		 first_begun[UUID_TEXT];	/* activity since desired was set */
	/* brakes */
	struct group_change {
		uint64_t at_us;		/* wall */
		int	 by;
	} changes[64];			/* the latest, a ring */
	unsigned	 nchanges;	/* in all */
	uint64_t	 reversals_us[GROUP_REVERSALS];
	bool		 is_replace_paused;	/* too many are unhealthy */
	struct scaler	*scaler;	/* owned: scaler.c's */
	/* detached: their provider still names them, they are not adopted */
	char		(*let_go)[INSTANCE_ID_MAX + 1];	/* owned */
	unsigned	 nlet_go;
	/* of other files of this room, which set and free them (group_on_end) */
	void		*policies, *schedules, *refresh, *warm_pool;
};

extern struct list groups;		/* struct group, by node, in order of making */
/* g may go within. */
#define GROUP_EACH(g) \
	for (struct group *g = LIST_ITEM(groups.next, struct group, node), *g##_next; \
	    g##_next = LIST_ITEM(g->node.next, struct group, node), &g->node != &groups; \
	    g = g##_next)

struct group *group_find(const char *name);	/* none that was deleted by command */
const char *group_nth_name(size_t i, void *unused);	/* for str_nearest */

/* What its instances are made of; it has a conf. */
static inline const struct launch_conf *
group_launch(const struct group *g)
{
	return g->back != NULL ? g->back : g->conf->launch;
}

/* Pending* and InService, what desired is compared with. */
unsigned group_actual(const struct group *g);
unsigned group_pending(const struct group *g);
unsigned group_terminating(const struct group *g);
static inline unsigned
group_in_service(const struct group *g)
{
	return g->counts[LIFE_IN_SERVICE];
}

static inline bool
group_is_suspended(const struct group *g, enum group_process p)
{
	return (g->suspended & (1u << p)) != 0;
}

/* An activity is in progress. */
static inline bool
group_is_busy(const struct group *g)
{
	return g->nopen > 0;
}

/* What the AWS says when min or max is in the way. what: "attach", n: instances. */
void	group_say_sizes(const struct group *g, const char *what, unsigned n, char *buf,
	    unsigned size);

/* Whole seconds; 0: over, or not begun because an activity is in progress. */
uint32_t group_cooldown_left_s(const struct group *g);

/* How many instances `max-change` allows now; UINT32_MAX = no limit. */
uint32_t group_change_left(const struct group *g);

/*
 * who: what stands in the cause before `changing the desired capacity from 1 to 2.`:
 * "a monitor alarm A in state ALARM triggered policy P". cooldown_us: begins when that
 * is done; 0 = none. The caller has looked at min and max. ret_activity (UUID_TEXT
 * bytes, may be NULL): of the first activity, "" if none has begun yet.
 */
void	group_set_desired(struct group *g, uint32_t desired, const char *who,
	    uint64_t cooldown_us, char *ret_activity);

/* desired follows. who: "a user request", "a scheduled action". */
void	group_set_size(struct group *g, uint32_t min, uint32_t max, const char *who);
/* Instances are of an older version until the launch configuration's text changes. NULL,
 * or why that cannot be. */
const char *group_go_back(struct group *g, const char *launch, uint32_t version);
void	group_go_forth(struct group *g);	/* or until this */
void	group_suspend(struct group *g, unsigned bits);
void	group_resume(struct group *g, unsigned bits);
/* "User suspended at 2013-02-15T16:30:00Z" */
void	group_suspension(const struct group *g, enum group_process p, char *buf, unsigned size);
/* A launch has failed, or one has succeeded (or none is wanted any more): after a day of
 * failures none is tried. */
void	group_launch_failed(struct group *g);
void	group_launches_well(struct group *g);
/* Why not, or NULL. force: instances are terminated; keep: they are let go. */
enum group_delete_how { GROUP_DELETE_EMPTY, GROUP_DELETE_FORCE, GROUP_DELETE_KEEP };
const char *group_delete(struct group *g, enum group_delete_how how);
/* `group NAME 2->3 text` in the log, and an event. */
void	group_say(const struct group *g, uint32_t from, uint32_t to, const char *text);

/* All groups stand still. */
void	scaling_pause(bool is_paused, const char *reason);
bool	scaling_is_paused(const char **ret_reason);

/* Told when a group is about to go. start-up */
typedef void group_fn(struct group *g);
void	group_on_end(group_fn *fn);

/* ---- for instance.c, activity.c ---- */
void	group_instance_moved(struct group *g, enum lifecycle from, enum lifecycle to);
void	group_look_for_end(struct group *g);	/* deleted and empty: it is gone, later */
void	groups_reap(void);
void	group_wake(struct group *g);	/* scale-from-zero: somebody waits */
void	groups_watch(void);		/* group_watch.c: once a second */
void	group_end_instance(struct instance *i);	/* a user's request */
void	group_let_go(struct group *g, const char *id);
bool	group_has_let_go(const struct group *g, const char *id);
void	group_take_back(struct group *g, const char *id);
void	group_cooling_done(struct group *g);	/* one of the activities of a scaling */

#endif
