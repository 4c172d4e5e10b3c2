/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The `global` section of one snapshot. Immutable once published.
 */
#ifndef WEIR_PROXY_GLOBAL_H
#define WEIR_PROXY_GLOBAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct addr;
struct arg_todo;
struct bind_conf;
struct cfg;
struct healthcheck;
struct http_errors;
struct log_target;
struct peers;
struct proxy;
struct script_conf;
struct stick_conf;
struct tls_global;
struct track_action;
struct userlist;
struct userlist_ref;

#define PROXY_BUCKETS	1024

struct global {
	/* process */
	unsigned	 nbthread;		/* 0 = one per core */
	uint64_t	 maxconn;		/* 0 = from the descriptor limit */
	uint64_t	 ulimit_n;
	uint64_t	 maxpipes;		/* 0 = maxconn / 4 */
	bool		 nosplice, noreuseport, daemon, quiet, zero_warning, strict_limits;
	const char	*user, *group, *chroot, *pidfile;
	bool		 has_uid, has_gid;
	uid_t		 uid;
	gid_t		 gid;
	bool		 api_may_override;	/* commands change objects of files */
	const char	*default_zone;	/* NULL = built in: balancer.c */
	const char	*node, *description, *localpeer;
	const char	*region, *account_id;	/* NULL = built in: ctl/place.c */
	uint8_t		 missing_data;	/* enum alarm_treat of alarms that say none */
	const char	*server_state_base, *server_state_file, *state_dir;
	uint64_t	 hard_stop_after_us;	/* 0 = never */
	uint64_t	 grace_us;
	/* limits per second, whole process; 0 = none */
	uint64_t	 maxconnrate, maxsessrate, maxsslrate, maxsslconn;
	/* sizes */
	uint32_t	 bufsize;		/* 16384 */
	uint32_t	 maxrewrite;		/* 1024 */
	uint16_t	 maxhdr;		/* 101 */
	uint32_t	 cookielen;		/* of captured cookies, plus 1; 64 */
	uint64_t	 min_body_rate;		/* bytes/s after 10 s; 100; 0 = off */
	uint32_t	 pipesize;		/* 0 = 256 KiB */
	uint32_t	 rcvbuf_client, rcvbuf_server, sndbuf_client, sndbuf_server;
	unsigned	 maxaccept;		/* 64 */
	unsigned	 max_handshakes;	/* 1024 */
	unsigned	 spread_checks;		/* percent */
	uint64_t	 max_spread_checks_us;	/* of first starts; 0 = the shortest interval */
	/* stats socket: a list of binds, and its limits */
	struct bind_conf *stats_binds;
	uint64_t	 stats_timeout_us;	/* 10 s */
	unsigned	 stats_maxconn;		/* 64 */
	uint64_t	 metrics_memory;	/* bytes for metrics; 64 MiB */
	uint64_t	 metrics_space;		/* the same in state-dir; 2 GiB */
	const struct addr *statsd_bind;	/* NULL = none */
	struct userlist	*userlists;	/* latest first */
	struct userlist_ref *userlist_refs;
	/* stick tables */
	struct stick_conf *stick_tables;	/* latest first */
	struct peers	*peers;
	struct proc_var	*proc_vars;	/* proxy/vars_cfg.c: file order */
	struct track_action *track_todo;	/* proxy/action_stick.c: tables to resolve */
	unsigned	 stick_counters;	/* 3 */
	uint64_t	 http_err_codes[8], http_fail_codes[8];	/* bits from 100 on */
	/* logs */
	struct log_target *log_targets;
	const char	*log_tag;
	const char	*log_send_hostname;	/* NULL = none; "" = own name */
	/* tls */
	struct tls_global *tls;			/* owned by proxy/tls_cfg.c */
	bool		 experimental;
	struct arg_todo	*arg_todo;		/* proxy/sample.c: names to resolve after parsing */
	struct map_ref	*maps;		/* map.h: lists of patterns */
	_Atomic bool	 guards_stale;	/* acl.c: a list in a guard has changed */
	/* sections that carry no traffic, and the index of names */
	struct proxy	*defaults;		/* latest first */
	struct http_errors *http_errors;
	struct healthcheck *healthchecks;	/* ctl/check_cfg.c */
	bool		 may_fork;		/* insecure-fork-wanted, -dI */
	bool		 external_check, preserves_env;	/* external-check */
	struct script_conf *scripts;	/* script/script_conf.h: file order */
	struct resolvers *resolvers;		/* file order */
	struct proxy	**proxies_tail;		/* while parsing */
	struct proxy	*by_name[PROXY_BUCKETS];	/* frontends, backends, listens */
};

/* control thread or a job thread */
struct global *global_of(struct cfg *c);	/* created with defaults at first use */

#endif
