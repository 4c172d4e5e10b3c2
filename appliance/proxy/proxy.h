/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the configuration says of frontends, backends, their binds and servers:
 * one snapshot's view, immutable once published, in the snapshot's arena.
 *
 * A `listen` section is one struct proxy with both capabilities. Settings that a
 * `defaults` section can give lie in struct proxy_settings and are copied when
 * the section opens. What lives on across reloads (counters, states, queues) is
 * in the live cells (proxy/live.h) that these structs point to.
 */
#ifndef WEIR_PROXY_PROXY_H
#define WEIR_PROXY_PROXY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "net/addr.h"

struct acl;
struct acl_cond;
struct acl_guard;
struct arena;
struct be_switch;		/* proxy/be_switch.c */
struct cfg;
struct kw_row;
struct check_conf;		/* ctl/check.h: per backend or server */
struct check_proxy;
struct cookie_capture;		/* proxy/persist_cookie.h */
struct cookie_conf;
struct cookie_map;		/* proxy/cookie_map.h */
struct expr;			/* proxy/sample.h */
struct lb_algo;			/* proxy/lb.h */
struct listener;		/* net/listen.h: belongs to the process */
struct logformat;		/* proxy/logline.h */
struct persist_rule;		/* proxy/persist_cookie.h */
struct log_target;		/* proxy/log_target.h */
struct proxy;
struct proxy_live;
struct resolve_conf;		/* proxy/resolvers.h */
struct reply_conf;		/* proxy/reply.h */
struct ruleset;			/* proxy/rules.h */
struct server_live;
struct snapshot;
struct stats_conf;		/* proxy/stats.h */
struct stick_conf;		/* proxy/stick.h */
struct stick_rule;		/* proxy/stick_rules.h */
struct tls_bind;
struct tls_bind_conf;		/* proxy/tls_cfg.c: options under parse */
struct tls_server;
struct tls_server_conf;

enum proxy_mode { MODE_TCP, MODE_HTTP };

#define CAP_FRONTEND	0x1u
#define CAP_BACKEND	0x2u
#define CAP_DEFAULTS	0x4u

/* `option ...` and friends; a bit each */
#define OPT_HTTPLOG		(1ull << 0)
#define OPT_TCPLOG		(1ull << 1)
#define OPT_DONTLOGNULL		(1ull << 2)
#define OPT_DONTLOG_NORMAL	(1ull << 3)
#define OPT_LOGASAP		(1ull << 4)
#define OPT_LOG_SEPARATE_ERRORS	(1ull << 5)
#define OPT_LOG_HEALTH_CHECKS	(1ull << 6)
#define OPT_FORWARDFOR		(1ull << 7)
#define OPT_FORWARDFOR_IFNONE	(1ull << 8)
#define OPT_XFWD_PROTO		(1ull << 9)
#define OPT_XFWD_PORT		(1ull << 10)
#define OPT_XFWD_IFNONE		(1ull << 11)
#define OPT_UNSAFE_REQUEST	(1ull << 12)
#define OPT_ACCEPT_TRACE	(1ull << 13)
#define OPT_ACCEPT_CONNECT	(1ull << 14)
#define OPT_REDISPATCH		(1ull << 15)
#define OPT_ALLBACKUPS		(1ull << 16)
#define OPT_ABORTONCLOSE	(1ull << 17)
#define OPT_NO_PASSIVE_HEALTH	(1ull << 18)
#define OPT_SPLICE_AUTO		(1ull << 19)
#define OPT_SPLICE_REQUEST	(1ull << 20)
#define OPT_SPLICE_RESPONSE	(1ull << 21)
#define OPT_CLITCPKA		(1ull << 22)
#define OPT_SRVTCPKA		(1ull << 23)
#define OPT_NOLINGER		(1ull << 24)
#define OPT_HTTP_NO_DELAY	(1ull << 25)
#define OPT_HTTP_IGNORE_PROBES	(1ull << 26)
#define OPT_SOCKET_STATS	(1ull << 27)
#define OPT_PERSIST		(1ull << 28)
#define OPT_PREFER_LAST_SERVER	(1ull << 29)
#define OPT_HTTP_BUFFER_REQUEST	(1ull << 30)
#define OPT_IDLE_CLOSE		(1ull << 31)
#define OPT_TCP_SMART_ACCEPT	(1ull << 32)
#define OPT_HTTPSLOG		(1ull << 33)
#define OPT_CONTSTATS		(1ull << 34)

/* how connections are kept: the last one written wins */
enum http_conn_mode { CONN_KEEP_ALIVE, CONN_SERVER_CLOSE, CONN_CLOSE };
/* load-server-state-from-file */
enum state_load { STATE_UNSET, STATE_NONE, STATE_GLOBAL, STATE_LOCAL };
enum http_reuse { REUSE_SAFE, REUSE_NEVER, REUSE_AGGRESSIVE, REUSE_ALWAYS };

/* `retry-on` */
#define RETRY_CONN_FAILURE	0x0001u
#define RETRY_EMPTY		0x0002u
#define RETRY_JUNK		0x0004u
#define RETRY_TIMEOUT		0x0008u
#define RETRY_0RTT		0x0010u
#define RETRY_STATUS		0x0020u		/* some of retry_status */
#define RETRY_WRITTEN		0x8000u		/* retry-on was written: exactly that list */

/* rule sets, in the order they run */
enum ruleset_kind {
	RS_TCP_CONNECTION, RS_TCP_SESSION, RS_TCP_CONTENT, RS_HTTP_REQUEST,
	RS_TCP_RESPONSE, RS_HTTP_RESPONSE, RS_HTTP_AFTER, RS_MAX
};

struct proxy_timeouts {		/* microseconds; 0 = not written */
	uint64_t client, server, connect, queue, http_request, http_keep_alive,
	    tunnel, client_fin, server_fin, tarpit, check, client_hs;
};

struct hash_conf {		/* hash-type, balance arguments */
	bool		 consistent, avalanche;
	uint8_t		 function;	/* enum lb_hash_fn */
	uint8_t		 preserve;	/* hash affinity: 0 always, 1 maxconn, 2 maxqueue */
	uint16_t	 balance_factor;	/* percent; 0 = off */
};

struct lb_conf {		/* `balance NAME args` */
	const struct lb_algo *algo;	/* NULL = the default, random(2) */
	struct hash_conf hash;
	struct expr	*expr;		/* hash EXPR */
	const char	*name;		/* hdr(NAME), url_param NAME */
	uint32_t	 len, depth;	/* uri */
	bool		 whole, path_only, use_domain_only;
	uint16_t	 draws;		/* random(n) */
	uint64_t	 decay_us;	/* peak-ewma */
};

/*
 * What defaults can give. A section starts with a copy, so what the pointers
 * point to is shared with the defaults: a row that adds to a list makes its own
 * first (or puts the new item before the shared rest); `check` and the template's
 * `check` and `tls_conf` are copied by their rooms when `owner` differs.
 */
struct proxy_settings {
	enum proxy_mode	 mode;
	enum http_conn_mode conn_mode;
	enum http_reuse	 reuse;
	uint64_t	 options;
	uint64_t	 options_written;	/* bits that a statement set or cleared */
	struct proxy_timeouts timeout;
	uint64_t	 maxconn;		/* frontend; 0 = global's */
	uint64_t	 fullconn;
	uint32_t	 backlog;
	uint32_t	 rate_limit_sessions;
	uint32_t	 max_session_srv_conns;
	int32_t		 retries;		/* 3 */
	int32_t		 redispatch_every;	/* -1 = on the last retry */
	uint32_t	 retry_on;
	uint64_t	 retry_status[10];	/* bit per status 0..639 */
	struct lb_conf	 lb;
	/* forwardfor */
	struct ip_net	*ff_except;		/* arena; n of them */
	uint32_t	 ff_nexcept;
	const char	*ff_header;		/* NULL = x-forwarded-for; lower case */
	/* logs */
	struct log_target *log_targets;		/* own list */
	bool		 log_global;
	struct logformat *log_format, *error_log_format;
	const char	*log_style;		/* behind option httplog: "clf", "json", "elb" */
	const char	*log_tag;
	const char	*unique_id_header;
	struct logformat *unique_id_format;
	/* error pages: status -> reply; own list, small */
	struct reply_conf *errors;
	const char	*default_backend;
	const char	*monitor_uri;
	const char	*description;
	const struct cookie_conf *cookie;	/* persistence; NULL = none */
	const char	*dynamic_cookie_key;
	const char	*stickiness_header;	/* lower case; NULL = none */
	struct stats_conf *stats;		/* NULL = no statistics page */
	struct check_proxy *check;		/* ctl/check.h: option httpchk etc. */
	struct server	*default_server;	/* template, not in any list */
	const char	*default_server_text;	/* its words; NULL = none */
	const struct addr *source;
	uint8_t		 state_load;		/* enum state_load */
	const char	*state_file;		/* server-state-file-name; NULL = the name */
	bool		 disabled;
};

struct use_backend {
	struct use_backend *next;
	struct acl_cond	*cond;		/* NULL = always */
	const char	*name;		/* as written */
	struct proxy	*backend;	/* static name, resolved; NULL = dynamic */
	struct logformat *format;	/* dynamic name */
	const struct acl_guard *guard;	/* of a run that begins here; NULL = none */
	struct use_backend *behind;	/* that run: where to go on when it does not pass */
};

struct use_server {
	struct use_server *next;
	struct acl_cond	*cond;
	const char	*name;
	struct server	*server;	/* resolved */
	struct logformat *format;
};

struct level_rule {		/* stats socket: level by who connects */
	struct level_rule *next;
	uint32_t	 id;
	bool		 is_group;
	uint8_t		 level;
};

struct bind_conf {
	struct bind_conf *next;
	struct proxy	*frontend;	/* NULL for a stats socket */
	const char	*file;
	int		 line;
	const char	*text;		/* address as written */
	struct addr	 addr;		/* one per port of a range */
	const char	*name;		/* option name; NULL = none */
	int		 id;		/* from 1 per frontend */
	struct listener	*listener;	/* set when opened; belongs to the process */
	/* options */
	uint32_t	 maxconn, backlog;
	bool		 accept_proxy, defer_accept, tfo, transparent, v4v6, v6only, is_ssl;
	const char	*interface;
	mode_t		 mode;		/* unix; 0 = umask's */
	const char	*user, *group;
	bool		 has_uid, has_gid;
	uid_t		 uid;
	gid_t		 gid;
	uint8_t		 level;		/* stats socket: 1 user, 2 operator, 3 admin */
	uint8_t		 severity;	/* stats socket: 0 none, 1 number, 2 string */
	struct level_rule *level_rules;	/* stats socket */
	struct tls_bind_conf *tls_conf;	/* options while parsing; NULL = none written */
	struct tls_bind	*tls;		/* built by post; NULL = plain */
};

#define SRV_BACKUP		0x0001u
#define SRV_DISABLED		0x0002u	/* configured `disabled` */
#define SRV_SEND_PROXY_V1	0x0004u
#define SRV_SEND_PROXY_V2	0x0008u
#define SRV_SEND_PROXY_V2_SSL	0x0010u
#define SRV_CHECK		0x0020u
#define SRV_SSL			0x0040u
#define SRV_PORT_RELATIVE	0x0080u
#define SRV_NO_SNI_AUTO		0x0100u
#define SRV_NON_STICK		0x80000u	/* never remembered in stick tables */
#define SRV_POOL_NAMED		0x0200u	/* pool-conn-name or sni: reuse only with the same name */
#define SRV_AGENT		0x10000u	/* agent-check */
#define SRV_SHUT_WHEN_DOWN	0x20000u	/* on-marked-down shutdown-sessions */
#define SRV_SHUT_BACKUPS	0x40000u	/* on-marked-up shutdown-backup-sessions */

/* `observe`, `on-error` */
enum observe_layer { OBSERVE_NONE, OBSERVE_LAYER4, OBSERVE_LAYER7, OBSERVE_MAX };
enum on_error { ON_ERROR_FAIL_CHECK, ON_ERROR_FASTINTER, ON_ERROR_SUDDEN_DEATH,
	ON_ERROR_MARK_DOWN };

struct server {
	struct server	*next;		/* file order */
	struct proxy	*backend;
	struct server_live *live;	/* set when the snapshot is prepared */
	const char	*file;
	int		 line;
	const char	*name;
	uint32_t	 name_hash;
	struct server	*name_next;	/* same bucket of the backend's index */
	int		 id;		/* from 1 per backend; 0 until post gives one */
	bool		 has_own_id;	/* it was written */
	uint32_t	 index;		/* in backend->servers[] */
	bool		 is_dynamic;	/* added at run time */
	bool		 is_scaled;	/* ... by a scaling group */
	bool		 had_tls;	/* until a command switched it off */
	bool		 is_gone;	/* while parsing: removed at run time */
	bool		 no_addr;	/* it has to be found first; addr has the port */
	const char	*fqdn;		/* its address is this name; NULL = an address */
	struct resolve_conf *resolve;	/* words about names; NULL = none written */
	const char	*was;		/* renamed by this snapshot: its cell's name; or NULL */
	const char	*addr_text;	/* as written */
	struct addr	 addr;
	bool		 has_port;
	uint32_t	 flags;		/* SRV_* */
	uint32_t	 weight;	/* 0..256, default 1 */
	uint32_t	 maxconn, minconn;	/* 0 = none */
	uint32_t	 maxqueue;
	uint32_t	 error_limit;	/* observe: errors in a row; 10 */
	uint8_t		 observe;	/* enum observe_layer */
	uint8_t		 on_error;	/* enum on_error */
	int32_t		 pool_max_conn;	/* -1 = unlimited */
	uint32_t	 pool_low_conn;
	uint64_t	 pool_purge_delay_us;	/* 5 s */
	uint64_t	 slowstart_us;
	struct expr	*sni, *pool_conn_name;
	const char	*cookie;
	const char	*track;		/* as written: [backend/]server */
	struct server	*tracks;	/* resolved; NULL = its own master */
	struct server	*trackers, *next_tracker;	/* of those that track it */
	const char	*redir;
	const char	*zone;		/* balancer.h; NULL = global's */
	const char	*instance_id;	/* the machine's, as the operator calls it; NULL = none */
	uint32_t	 pp2_options;	/* PP2_OPT_*: net/pp.h */
	uint32_t	 stick_name;	/* in stick tables: stick_name_id */
	uint64_t	 conn_key;	/* connections may be shared by requests of one key */
	const struct addr *source;
	struct check_conf *check;	/* ctl's: inter, rise, fall, ... */
	struct check_conf *agent;	/* ctl's: agent-inter, agent-port, ... */
	struct tls_server_conf *tls_conf;
	struct tls_server *tls;
};

/* Steps of a transaction that would find nothing to do: plain.c. */
#define PLAIN_REQUEST	1u	/* no rules for requests, no statistics page */
#define PLAIN_STICK	2u	/* nothing that makes users stay with a server */
#define PLAIN_RESPONSE	4u	/* no rules for responses */
#define PLAIN_AFTER	8u	/* nothing else that touches a response */

struct proxy {
	struct proxy	*next;		/* file order; of defaults: the one before it */
	struct proxy	*name_next;	/* same bucket of the name index */
	struct proxy_live *live;
	struct snapshot	*snap;
	const char	*name;		/* NULL: a nameless defaults section */
	const char	*file;
	int		 line;
	unsigned	 cap;		/* CAP_* */
	int		 id;		/* from 2 in section order */
	bool		 has_own_id;	/* it was written */
	struct proxy	*from;		/* its defaults, or NULL */
	const char	*balancer;	/* balancer.h; NULL = not written */
	uint64_t	 slo_us;	/* slo.c; 0 = none */
	double		 slo_percentile;
	struct proxy_settings set;
	/* frontend */
	struct bind_conf *binds;
	uint32_t	 nbinds;
	struct use_backend *use_backends;
	struct be_switch *forced_switches;	/* be_switch.c */
	struct proxy	*default_backend;	/* resolved */
	/* backend */
	bool		 is_unpublished;	/* be-unpublished */
	struct server	**servers;	/* array, by index; built by post */
	struct server	*server_list;	/* in file order */
	struct server	**server_tail;	/* while parsing */
	uint32_t	 nservers;
	struct server	**name_index;	/* buckets, a power of two of them; NULL = few servers */
	uint32_t	 name_mask;
	struct use_server *use_servers;
	struct persist_rule *persist_rules;
	_Atomic(struct cookie_map *) cookies;	/* control changes it; NULL = none */
	uint64_t	 fullconn;	/* in force; 0 = unknown */
	struct stick_rule *stick_rules;
	bool		 stick_by_addr;	/* servers are known by addresses in tables */
	bool		 waits_for_servers;	/* without any, requests wait: one may be started */
	/* both */
	struct stick_conf *stick;	/* `stick-table`; NULL = none */
	struct acl	*acls;
	struct ruleset	*rules[RS_MAX];	/* NULL = empty */
	uint64_t	 inspect_delay_us;
	uint32_t	 ncaptures_req, ncaptures_res;
	struct capture	*captures_req, *captures_res;
	const struct cookie_capture *capture_cookie;
	/* derived by post, for the request path */
	struct log_target *log_to;	/* effective targets; NULL = no log line is made */
	struct logformat *log_line;	/* effective format */
	uint8_t		 persist;	/* PERSIST_*: persist_cookie.h */
	uint8_t		 plain;		/* PLAIN_*: what there is nothing of */
	uint32_t	 log_needs : 8;	/* LF_NEEDS_*: logline.h */
	uint32_t	 needs_dst : 1;	/* something in this frontend wants the local address */
};

/* `http-errors NAME`: error pages that `errorfiles NAME` takes. */
struct http_errors {
	struct http_errors *next;
	const char	*name;
	const char	*file;
	int		 line;
	struct reply_conf *errors;	/* own list, as in struct proxy_settings */
};

struct capture {
	struct capture	*next;
	const char	*header;	/* lower case; NULL = a declared slot */
	uint32_t	 len, index;
};

/* any thread: a published snapshot does not change. With CAP_DEFAULTS the
 * latest defaults section of that name; else one that has all of cap. */
struct proxy *proxy_find(const struct snapshot *s, const char *name, unsigned cap);
struct http_errors *http_errors_find(const struct snapshot *s, const char *name);
struct server *server_find(const struct proxy *px, const char *name);
/* "frontend", "backend", "listen", "defaults" */
const char *proxy_type_name(const struct proxy *px);

/* control thread or a job thread, while parsing */
/* A new, empty proxy with the settings of `from` (NULL = built-in ones), linked
 * into the snapshot. Name, file: borrowed from the arena. */
struct proxy *proxy_new(struct cfg *c, unsigned cap, const char *name, struct proxy *from);
/* start-up: `-dr`, servers whose names do not resolve start in maintenance */
void	server_cfg_ignore_unresolvable(void);
/* The object of a row's line, asserted to be a proxy. */
struct proxy *proxy_of(struct cfg *c);
/* Whether the section has one of cap (defaults have all); else a warning in
 * HAProxy's words that `what` is ignored, with `hint` (may be NULL) behind it. */
bool	 proxy_takes(struct cfg *c, unsigned cap, const char *what, const char *hint);
/* Keep the index of names in step with the list: when a server was linked; before it
 * leaves, or takes another name. */
void	 server_index_add(struct arena *a, struct proxy *px, struct server *srv);
void	 server_index_drop(struct proxy *px, struct server *srv);
/* Servers that were removed at run time leave, before anything refers to them. */
void	 proxy_drop_gone(struct cfg *c, struct proxy *px);
/* Names of proxies and servers: letters, digits, - _ . : ; returns the first
 * character that is none of them, or 0. */
char	 proxy_name_bad_char(const char *name);

/* `proto`, `ws` of bind and server lines: a kw_parse, HTTP/1 is what there is. */
int	 proto_parse(struct cfg *c, const struct kw_row *row, char **args, int nargs);
/* `source ADDR`: an IP address, in the arena; 0, or -1 after an error. */
int	 source_parse(struct cfg *c, const char *what, char **args, int nargs,
	    const struct addr **ret_source);

/* Fill px->fullconn: what was written, else a tenth of what the frontends that
 * lead to it may carry. Post does it with the written global maxconn (which may
 * be 0), control again with the one in force, before the snapshot is published. */
void	 proxy_fill_fullconn(struct snapshot *s, uint64_t process_maxconn);

/* Written timeouts of 0 mean none at all: this long. */
#define TIMEOUT_NEVER_US	(10ull * 365 * 86400 * 1000000)

/* Effective timeouts in microseconds: what was written, else the defaults that
 * weir.cfg(5) gives for unwritten ones. any thread */
uint64_t proxy_timeout_client(const struct proxy *fe);
uint64_t proxy_timeout_server(const struct proxy *be);
uint64_t proxy_timeout_response_head(const struct proxy *be);	/* absolute */
uint64_t proxy_timeout_connect(const struct proxy *be);
uint64_t proxy_timeout_queue(const struct proxy *be);
uint64_t proxy_timeout_http_request(const struct proxy *fe);
uint64_t proxy_timeout_http_keep_alive(const struct proxy *fe);
uint64_t proxy_timeout_client_hs(const struct proxy *fe);
uint64_t proxy_timeout_tarpit(const struct proxy *px);
uint64_t proxy_timeout_fin(const struct proxy *px, bool client_side);
/* be may be NULL. Unwritten: the shorter of client's and server's. */
uint64_t proxy_timeout_tunnel(const struct proxy *be, const struct proxy *fe);

#endif
