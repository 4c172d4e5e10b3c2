/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scaling activities: what was done for a group, or asked for and not done, each with
 * its cause in sentences. The open ones and those of the last six weeks, ACTIVITIES_MAX
 * at most, are kept.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_ACTIVITY_H
#define WEIR_CTL_ACTIVITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "ctl/uuid.h"

struct group;

#define ACTIVITIES_MAX		10000u
#define ACTIVITY_KEPT_US	(42ull * 86400 * 1000000)

#define ACTIVITY_STATUSES(X) \
	X(PENDING_SPOT, "PendingSpotBidPlacement") X(WAIT_SPOT_REQUEST, \
	"WaitingForSpotInstanceRequestId") X(WAIT_SPOT_ID, "WaitingForSpotInstanceId") \
	X(WAIT_ID, "WaitingForInstanceId") X(PRE_SERVICE, "PreInService") \
	X(IN_PROGRESS, "InProgress") X(DRAINING, "WaitingForELBConnectionDraining") \
	X(HOOK, "MidLifecycleAction") X(WARMUP, "WaitingForInstanceWarmup") \
	X(SUCCESSFUL, "Successful") X(FAILED, "Failed") X(CANCELLED, "Cancelled")

enum activity_status {
#define X(id, name) ACTIVITY_##id,
	ACTIVITY_STATUSES(X)
#undef X
	ACTIVITY_STATUS_COUNT
};

/* What it is about; its description begins so. */
enum activity_kind {
	ACTIVITY_LAUNCH, ACTIVITY_TERMINATE, ACTIVITY_ENTER_STANDBY, ACTIVITY_EXIT_STANDBY,
	ACTIVITY_ATTACH, ACTIVITY_DETACH, ACTIVITY_NOTE
};

struct activity {
	struct list	 node;		/* of the open ones, or of those that are done */
	struct group	*owner;		/* borrowed: while it is open */
	char		 id[UUID_TEXT];
	char		*group;		/* owned: the name; it may be gone */
	enum activity_kind kind;
	enum activity_status status;
	uint8_t		 progress;	/* percent */
	uint64_t	 start_us, end_us;	/* wall; end 0 = open */
	char		 instance[65];	/* "" = not known */
	char		*description, *cause, *message;	/* owned; message may be NULL */
	char		 zone[64];
	bool		 has_instance;	/* one that goes on with it, after a restart */
	bool		 begins_cooldown;	/* of a scaling that begins one when it is done */
};

/* Sentences of a cause: `At 2013-02-15T16:42:07Z TEXT`, the time of now; two blanks
 * between sentences. Returns buf's new length; what does not fit is left out. */
#define CAUSE_BYTES	1024
size_t	activity_say(char *buf, size_t len, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* CHECK of `taken out of service in response to CHECK.` */
#define UNHEALTHY_EC2	"an EC2 health check indicating it has been terminated or stopped"
#define UNHEALTHY_ELB	"an ELB system health check failure"
#define UNHEALTHY_USER	"a user health-check"
#define UNHEALTHY_STATUS "an EC2 instance status check failure"

struct activity *activity_begin(struct group *g, enum activity_kind kind,
	    const char *instance, const char *cause);
/* Of a group that is there: something asked for that was not done. Status Cancelled. */
const struct activity *activity_note(struct group *g, const char *description,
	    const char *cause);
void	activity_set_instance(struct activity *a, const char *id, const char *zone);
void	activity_set(struct activity *a, enum activity_status status, unsigned progress);
/* message: NULL = none. Ends with notifications to those whom the group names. */
void	activity_end(struct activity *a, enum activity_status status, const char *message);
/* As stored (a JSON object); open ones wait for their group until activities_settle,
 * which ends those that nothing goes on with. start-up */
struct json_t;
void	activity_restore(const char *id, const struct json_t *row);
void	activities_own(struct group *g);
/* The open one about an instance, which is its own from now on; or NULL. */
struct activity *activity_of(const char *group, const char *instance);
void	activities_settle(void);

/* The group goes: those that are open end as cancelled. */
void	activities_cancel(struct group *g);
/* activity_tell.c: notifications */
void	activity_tell(const struct activity *a, const struct group *g);
const char *activity_status_name(enum activity_status s);
static inline bool
activity_is_open(const struct activity *a)
{
	return a->end_us == 0;
}

const struct activity *activity_find(const char *id);
/* The newest of a group, or NULL. */
const struct activity *activity_last(const char *group);

/* Open ones first, then the newest first; NULL at the end. group NULL: of all. */
const struct activity *activity_first(const char *group);
const struct activity *activity_next(const struct activity *a, const char *group);
unsigned activity_count(void);
void	activities_free(void);

#endif
