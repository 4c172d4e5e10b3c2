/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Launch configurations and scaling groups as the files write them, immutable in
 * the snapshot's arena. What lives is in group.h and instance.h.
 *
 * Words of other files of this room (policies, hooks, schedules, refresh, warm pool)
 * hang on a group as lists of structs that are theirs.
 */
#ifndef WEIR_CTL_GROUP_CONF_H
#define WEIR_CTL_GROUP_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "cfg/kw.h"
#include "ctl/object.h"
#include "ctl/provider.h"

struct hook_conf;		/* ctl/hook.h */
struct policy_conf;		/* ctl/policy.h */
struct refresh_conf;		/* ctl/refresh.h */
struct schedule_conf;		/* ctl/schedule.h */
struct warm_pool_conf;		/* ctl/warm_pool.h */

#define GROUP_SIZE_MAX		1000u	/* instances of a group */
#define GROUP_ZONES_MAX		20u
#define GROUP_TERMINATION_MAX	10u
#define GROUP_BACKENDS_MAX	50u
#define GROUP_TAGS_MAX		50u
#define GROUP_NOTIFY_MAX	10u
#define LAUNCH_USER_DATA_MAX	65536u

/* `metrics SOURCE [port N] [every D]`: where an instance's own numbers come from. */
enum metrics_source { METRICS_PROVIDER, METRICS_AGENT, METRICS_NODE_EXPORTER, METRICS_SOURCES };

struct metrics_conf {
	bool		 is_on;
	uint16_t	 port;
	uint64_t	 every_us;
};

/* `sync-file NAME PATH`, with the bytes that were there when it was loaded. */
struct sync_conf {
	const char	*name, *path, *text;
	size_t		 len;
};

#define LAUNCH_SYNCS_MAX	20u

struct launch_conf {
	struct object	 object;	/* first; its digest includes the user data's */
	uint32_t	 version;	/* of launch_kept's copies; 0: launch_version knows it */
	const char	*provider_name;
	const struct provider_conf *provider;
	const char	*image, *instance_type, *key;	/* "" = not written */
	char		**security_groups;
	unsigned	 nsecurity_groups;
	const char	*user_data;	/* NULL = none; may hold any bytes */
	size_t		 user_data_len;
	uint16_t	 instance_port;	/* 0 = the provider says it */
	bool		 is_detailed;
	struct provider_tag *attributes;
	unsigned	 nattributes;
	struct metrics_conf metrics[METRICS_SOURCES];
	enum metrics_source metrics_order[METRICS_SOURCES];	/* as written: the first that
								 * has a metric wins */
	unsigned	 nmetrics;
	struct sync_conf *syncs;
	unsigned	 nsyncs;
};

/* What can be suspended; a bit each. */
#define GROUP_PROCESSES(X) \
	X(LAUNCH, "Launch") X(TERMINATE, "Terminate") X(HEALTH_CHECK, "HealthCheck") \
	X(REPLACE, "ReplaceUnhealthy") X(REBALANCE, "AZRebalance") \
	X(ALARM, "AlarmNotification") X(SCHEDULED, "ScheduledActions") \
	X(ADD_SERVER, "AddToLoadBalancer") X(REFRESH, "InstanceRefresh")

enum group_process {
#define X(id, name) GROUP_P_##id,
	GROUP_PROCESSES(X)
#undef X
	GROUP_P_COUNT
};

#define GROUP_P_ALL	((1u << GROUP_P_COUNT) - 1)

/* `notify NOTIFIER KIND,...` */
#define GROUP_N_LAUNCH		0x1u
#define GROUP_N_LAUNCH_ERROR	0x2u
#define GROUP_N_TERMINATE	0x4u
#define GROUP_N_TERMINATE_ERROR	0x8u

struct group_notify {
	const char	*notifier;
	unsigned	 kinds;
};

struct group_tag {
	const char	*key, *value;
	bool		 propagates;
};

enum group_check { GROUP_CHECK_EC2, GROUP_CHECK_ELB };
enum group_on_remove { GROUP_REFUSE, GROUP_KEEP, GROUP_TERMINATE };

struct group_conf {
	struct object	 object;	/* first */
	const char	*launch_name;
	const struct launch_conf *launch;
	char		**backends;
	unsigned	 nbackends;
	bool		 has_size;
	uint32_t	 min, max, desired;	/* desired: min unless written */
	char		**zones;	/* 0: the provider's, else the default zone */
	unsigned	 nzones;
	char		**subnets;
	unsigned	 nsubnets;
	uint64_t	 cooldown_us;
	uint64_t	 warmup_us;	/* default-warmup; has_warmup: it was written */
	bool		 has_warmup;
	enum group_check check;
	uint64_t	 grace_us, boot_timeout_us, drain_us;
	uint64_t	 slow_start_us;	/* has_slow_start: else the backend's */
	bool		 has_slow_start;
	char		**termination;	/* policy names; "lua NAME" is one */
	unsigned	 ntermination;
	bool		 protects_new;
	struct group_tag *tags;
	unsigned	 ntags;
	unsigned	 suspended;	/* bits 1 << enum group_process, when it is made */
	unsigned	 max_replace_pct;
	uint32_t	 max_change;	/* instances in max_change_us; 0 = no limit */
	uint64_t	 max_change_us;
	enum group_on_remove on_remove;
	bool		 refreshes_on_change;
	bool		 scales_from_zero;
	struct group_notify *notify;
	unsigned	 nnotify;
	/* of other files; NULL = none written */
	struct policy_conf *policies;
	struct hook_conf *hooks;
	struct schedule_conf *schedules;
	struct refresh_conf *refresh;
	struct warm_pool_conf *warm_pool;
};

/* any thread */
const char *group_process_name(enum group_process p);
/* Bits of a list "Launch,Terminate"; "" is all. False: *ret_bad names none (part of
 * `list`), *ret_near is near or NULL. */
bool	group_process_parse(const char *list, unsigned *ret_bits, struct str *ret_bad,
	    const char **ret_near);

/* while parsing */
static inline struct group_conf *
group_conf_of(struct cfg *c)
{
	return c->object;
}

#endif
