/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An instance of a scaling group: from the moment that its provider has named it
 * until it is gone. What it is called while it lives:
 *
 *	Pending -> [Pending:Wait -> Pending:Proceed] -> InService
 *	        -> Terminating -> [Terminating:Wait -> Terminating:Proceed] -> Terminated
 *	InService -> EnteringStandby -> Standby -> Pending
 *	InService -> Detaching -> Detached
 *	Warmed:Pending -> [Warmed:Pending:Wait] -> Warmed:Pending:Proceed
 *	        -> Warmed:Running or Warmed:Stopped -> Pending
 *	        -> Warmed:Terminating -> [...:Wait] -> ...:Proceed -> Terminated
 *
 * Its servers, one in each backend of its group, are those of instance_server.c: they
 * come fully down, go up with their first passed check, and before the instance
 * leaves they are drained: nothing new, not by cookie either, until nothing is in
 * flight or the time is over.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_INSTANCE_H
#define WEIR_CTL_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "ctl/provider.h"
#include "event/sched.h"

struct activity;
struct group;
struct instance;
struct server_live;

#define LIFECYCLES(X) \
	X(PENDING, "Pending") X(PENDING_WAIT, "Pending:Wait") \
	X(PENDING_PROCEED, "Pending:Proceed") X(IN_SERVICE, "InService") \
	X(TERMINATING, "Terminating") X(TERMINATING_WAIT, "Terminating:Wait") \
	X(TERMINATING_PROCEED, "Terminating:Proceed") X(TERMINATED, "Terminated") \
	X(ENTERING_STANDBY, "EnteringStandby") X(STANDBY, "Standby") \
	X(DETACHING, "Detaching") X(DETACHED, "Detached") X(QUARANTINED, "Quarantined") \
	X(WARMED_PENDING, "Warmed:Pending") X(WARMED_PENDING_WAIT, "Warmed:Pending:Wait") \
	X(WARMED_PENDING_PROCEED, "Warmed:Pending:Proceed") \
	X(WARMED_RUNNING, "Warmed:Running") X(WARMED_STOPPED, "Warmed:Stopped") \
	X(WARMED_TERMINATING, "Warmed:Terminating") \
	X(WARMED_TERMINATING_WAIT, "Warmed:Terminating:Wait") \
	X(WARMED_TERMINATING_PROCEED, "Warmed:Terminating:Proceed")

enum lifecycle {
#define X(id, name) LIFE_##id,
	LIFECYCLES(X)
#undef X
	LIFECYCLE_COUNT
};

struct instance_server;		/* instance_server.c */

struct instance {
	struct list	 node;		/* of its group, the oldest first */
	struct instance	*next_by_id;	/* same bucket */
	struct group	*group;
	char		 id[INSTANCE_ID_MAX + 1];
	enum lifecycle	 lifecycle;
	enum provider_state state;	/* as last told */
	char		 address[64];	/* "" = not known yet */
	uint16_t	 port;		/* 0 = not known */
	char		 zone[64];
	char		 token[PROVIDER_TOKEN_MAX + 1];
	char		*launch_name;	/* owned */
	uint32_t	 launch_version;
	uint64_t	 launched_us;	/* wall */
	uint64_t	 running_us;	/* wall: first seen running; 0 = not yet */
	uint64_t	 in_service_us;	/* wall: 0 = never */
	uint64_t	 grace_us;	/* wall: its end */
	uint64_t	 seen_looks;	/* describes begun before it was known do not count */
	uint64_t	 told_look;	/* the last one that named it */
	unsigned	 missing_looks;
	bool		 is_protected;
	bool		 is_unhealthy;
	bool		 has_passed;	/* a check, since it came (back) */
	bool		 stays_out;	/* it is no server of its group's backends */
	bool		 returns;	/* drained, it comes into the warm pool */
	bool		 is_from_pool;	/* on its way out of it into the group */
	uint64_t	 started_us;	/* wall: launched, or started again */
	uint64_t	 asked_look;	/* looks when it was to stop or start; 0 = never */
	const char	*unhealthy_why;	/* of the table in activity.h */
	struct instance_server *servers;	/* owned: one in each backend */
	struct sched_timer drain_limit;
	struct list	 changed;	/* of those whose servers' health changed */
	bool		 is_draining;
	unsigned	 drain_round;	/* of messages to the data threads */
	struct activity	*activity;	/* borrowed: under way; NULL = none */
	void		*hook;		/* owned by hook.c: what it waits for; NULL = nothing */
	bool		 is_ready;	/* drained, and no hook holds it: its call may come */
	bool		 is_in_call;	/* the terminate operation under way names it */
};

const char *lifecycle_name(enum lifecycle l);
struct instance *instance_find(const char *id);
/* The group whose instance has this server, or NULL. */
const char *instance_owner(const char *backend, const char *server);

/* Pending*, InService: what desired counts. */
bool	 instance_counts(const struct instance *i);
/* In the warm pool, or on its way into it. */
bool	 instance_is_warm(const struct instance *i);
/* Its machine is to be stopped or started before it can go on. */
bool	 instance_wants_power(const struct instance *i, enum provider_verb *ret);
/* Of another launch configuration, or version of it, than its group's now. */
bool	 instance_is_outdated(const struct instance *i);
/* Its server gets traffic now; without a backend: it is in service. */
bool	 instance_is_serving(const struct instance *i);
/* "AWS" words: Healthy, Unhealthy */
const char *instance_health_name(const struct instance *i);
/* Requests that run at its servers. */
unsigned instance_inflight(const struct instance *i);

/* The cause of an end, for instance_leave. */
struct leave_why {
	const char	*cause;		/* sentences; copied */
	bool		 is_now;	/* no draining */
	bool		 begins_cooldown;
	bool		 to_pool;	/* it does not end, but waits in the warm pool */
};
/* It goes: drain, hooks, the provider's call. Returns its activity; it may have ended
 * already. NULL: it leaves already. */
struct activity *instance_leave(struct instance *i, const struct leave_why *why);

/* It leaves service and comes back; no activity: it cannot. decrement: desired is one
 * less, else another one is launched. */
struct activity *instance_enter_standby(struct instance *i, bool decrements);
struct activity *instance_exit_standby(struct instance *i);
/* It is let go: it runs on, without the group. */
struct activity *instance_detach(struct instance *i, bool decrements);

void	 instance_protect(struct instance *i, bool is_on);
/* why: a constant text, CHECK of the cause `an instance was taken out of service in
 * response to CHECK.`, or NULL: healthy again. */
void	 instance_set_unhealthy(struct instance *i, const char *why);

/*
 * What stands between the steps of a life: hooks. Called when an instance would go
 * into service or (after draining) end; true: it waits, until instance_proceed or
 * instance_abandon is called, once.
 */
typedef bool instance_gate_fn(struct instance *i, bool is_launch);
void	 instance_set_gate(instance_gate_fn *fn);
void	 instance_proceed(struct instance *i);
void	 instance_abandon(struct instance *i);
/* Called before an instance is forgotten: hook.c frees what it holds. */
typedef void instance_forget_fn(struct instance *i);
void	 instance_on_forget(instance_forget_fn *fn);

/* ---- for scaler.c and group.c ---- */

struct instance *instance_new(struct group *g, const struct provider_instance *p,
	    const char *launch_name, uint32_t launch_version);
/* As it was when a former process ended. */
void	 instance_restore(struct instance *i, enum lifecycle l);
/* The provider told of it. */
void	 instance_told(struct instance *i, const struct provider_instance *p);
/* What is due goes on: servers that are missing, the next step. */
void	 instance_step(struct instance *i);
/* It is there no more: its servers go, its activity ends. i is freed. */
void	 instance_gone(struct instance *i);
/* The same without a word to anybody. */
void	 instance_forget(struct instance *i);
/* One that was just made is of the warm pool; one of the pool comes into the group. */
void	 instance_to_pool(struct instance *i);
void	 instance_from_pool(struct instance *i, const char *cause, bool begins_cooldown);
/* Its time to boot, or the checks it failed: who is unhealthy now. */
void	 instance_judge(struct instance *i);
/* Its provider says so, or it would know: replacing it cannot be a mistake. */
bool	 instance_has_ended(const struct instance *i);
void	 instance_look(struct instance *i);	/* the same, and whether it is warm: each second */
void	 instance_drained(struct instance *i);	/* by instance_server.c */

#endif
