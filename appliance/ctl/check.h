/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A health check: what the configuration says of it (struct check_conf per
 * server, struct check_proxy per backend; in the snapshot's arena), and the one
 * that runs (struct check, with the server's live cell).
 *
 * A kind of check is a row, struct check_type: `start` begins, and whatever it
 * does ends in one call of check_done, from `start` itself or from an event. There
 * are two: a sequence of steps over connections (check_run.c), which check_conn.c
 * opens (PROXY header, TLS), and a program (check_exec.c).
 *
 * Thread: control, but parsing.
 */
#ifndef WEIR_CTL_CHECK_H
#define WEIR_CTL_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/str.h"
#include "event/sched.h"
#include "event/timer.h"
#include "net/addr.h"
#include "net/conn.h"

struct agent;			/* ctl/agent.c */
struct cfg;
struct check;
struct check_proxy;
struct check_elb;		/* ctl/check_elb.c */
struct check_program;		/* ctl/check_exec.c: one that runs */
struct check_record;		/* ctl/check_record.h: the last transcript */
struct check_run;		/* ctl/check_run.h: bytes and variables under work */
struct check_seq;		/* ctl/check_step.h */
struct http_send;
struct proxy;
struct server;
struct server_live;
struct snapshot;
struct step;
struct tls_server;

#define CHECK_MAGIC		0x4348434bu
#define CHECK_TEXT_BYTES	128

/* What a check found: HAProxy's numbers (srv_check_status), short names and
 * descriptions, and what it means for the server. */
#define CHECK_STATUSES(X) \
	X(UNKNOWN, 0, "UNK", "Unknown", CHECK_UNKNOWN) \
	X(INI, 1, "INI", "Initializing", CHECK_UNKNOWN) \
	X(CHECKED, 3, "CHECKED", "No status change", CHECK_NEUTRAL) \
	X(HANA, 4, "HANA", "Health analyze", CHECK_FAILED) \
	X(SOCKERR, 5, "SOCKERR", "Socket error", CHECK_FAILED) \
	X(L4OK, 6, "L4OK", "Layer4 check passed", CHECK_PASSED) \
	X(L4TOUT, 7, "L4TOUT", "Layer4 timeout", CHECK_FAILED) \
	X(L4CON, 8, "L4CON", "Layer4 connection problem", CHECK_FAILED) \
	X(L6OK, 9, "L6OK", "Layer6 check passed", CHECK_PASSED) \
	X(L6TOUT, 10, "L6TOUT", "Layer6 timeout", CHECK_FAILED) \
	X(L6RSP, 11, "L6RSP", "Layer6 invalid response", CHECK_FAILED) \
	X(L7TOUT, 12, "L7TOUT", "Layer7 timeout", CHECK_FAILED) \
	X(L7RSP, 13, "L7RSP", "Layer7 invalid response", CHECK_FAILED) \
	X(L7OK, 15, "L7OK", "Layer7 check passed", CHECK_PASSED) \
	X(L7OKC, 16, "L7OKC", "Layer7 check conditionally passed", CHECK_CONDPASS) \
	X(L7STS, 17, "L7STS", "Layer7 wrong status", CHECK_FAILED) \
	X(PROCERR, 18, "PROCERR", "External check error", CHECK_FAILED) \
	X(PROCTOUT, 19, "PROCTOUT", "External check timeout", CHECK_FAILED) \
	X(PROCOK, 20, "PROCOK", "External check passed", CHECK_PASSED)

enum check_status {
#define X(id, n, name, desc, result) CHECK_S_##id = n,
	CHECK_STATUSES(X)
#undef X
	CHECK_S_MAX
};

/* As srv_check_result. */
enum check_result {
	CHECK_UNKNOWN, CHECK_NEUTRAL, CHECK_FAILED, CHECK_PASSED, CHECK_CONDPASS
};

/* From this status on a check's code (HTTP, exit code) says something. */
#define CHECK_S_WITH_CODE	CHECK_S_L7OK

/* any thread */
const char *check_status_name(enum check_status s);	/* "L4OK" */
const char *check_status_text(enum check_status s);	/* "Layer4 check passed" */
enum check_result check_status_result(enum check_status s);

struct check_type {
	const char	*name;		/* "steps", "program" */
	/* control thread */
	void		(*start)(struct check *chk);
	void		(*cancel)(struct check *chk);	/* undo start; also after a result */
	void		(*timed_out)(struct check *chk);	/* the deadline passed: a result */
};

extern const struct check_type check_type_steps, check_type_program, check_type_agent;

/* `option NAME args` in a backend, `type NAME args` in a healthcheck section. */
struct check_option {
	const char	*name;		/* without `option ` */
	/* 0, or -1 after diag_error */
	int		(*parse)(struct cfg *c, struct check_proxy *cp, char **args, int nargs);
	const char	*syntax, *help;
};

/* `init-state` */
enum check_init { CHECK_INIT_UP, CHECK_INIT_FULLY_UP, CHECK_INIT_DOWN, CHECK_INIT_FULLY_DOWN };

/* What a backend says, the defaults above it, or a healthcheck section. */
struct check_proxy {
	const void	*owner;		/* differs: inherited, copied before a change */
	const char	*option;	/* name of its struct check_option; NULL = none */
	const struct check_type *type;	/* NULL = steps */
	struct check_seq *prepared;	/* of the option */
	struct check_seq *tcp, *http;	/* rules as written; NULL = none */
	struct http_send *request;	/* of option httpchk */
	bool		 sends_state, disables_on_404;
	const char	*command, *path;	/* external-check */
	struct check_elb *elb;		/* elb-check */
	const struct check_seq *seq;	/* settled */
};

/* `healthcheck NAME` */
struct healthcheck {
	struct healthcheck *next;
	const char	*name, *file;
	int		 line;
	struct check_proxy cp;
};

/* What a server line says, or the default-server line above it. */
struct check_conf {
	const struct server *owner;	/* differs: inherited, copied before a change */
	uint64_t	 inter_us, fastinter_us, downinter_us;	/* 0 = as inter */
	uint32_t	 rise, fall;
	uint16_t	 port;		/* 0 = the server's */
	uint8_t		 init_state;	/* enum check_init */
	const struct addr *addr;	/* NULL = the server's */
	bool		 wants_tls, no_tls;	/* check-ssl, no-check-ssl */
	bool		 wants_proxy, no_sni_auto;
	const char	*sni;		/* check-sni */
	struct str	 alpn;		/* check-alpn, as TLS carries it */
	const char	*healthcheck;	/* section's name */
	/* settled when all was read */
	const struct check_type *type;
	const struct check_proxy *px;	/* NULL = a connection, as `seq` says */
	const struct check_seq *seq;
	struct addr	 to;
	bool		 is_tls, sends_proxy;
	bool		 is_regular;	/* intervals count between starts */
	bool		 begins_new;	/* the first passed check brings a server in */
	struct tls_server *tls;		/* NULL: no step needs it */
	uint64_t	 connect_us;	/* to connect; the whole check without timeout check */
	uint64_t	 timeout_us;	/* from then on; 0 = what is left of connect_us */
	struct str	 send;		/* agents: the text */
	uint64_t	 key;		/* a running check with another key is begun anew */
};

/* Where a connection goes, and how. */
struct check_target {
	struct addr	 to;
	const char	*sni;		/* NULL = none */
	struct str	 alpn;		/* as TLS carries it; empty = none */
	bool		 is_tls, sends_proxy;
};

typedef void check_conn_fn(struct check *);

struct check {
	uint32_t	 magic;
	uint32_t	 generation;	/* of the last snapshot that knew the server */
	struct list	 node;		/* all of them */
	struct server_live *live;	/* borrowed: freed after this */
	const struct server *srv;	/* borrowed: current snapshot */
	const struct check_conf *conf;	/* borrowed: current snapshot; NULL = no check */
	/* idle: the next start; running: the deadline */
	struct timer	 timer;
	struct sched_timer schedule;	/* the next start, on a test's clock */
	uint64_t	 due_us, start_us;
	bool		 is_running, is_enabled;
	bool		 is_soon;	/* begins at once: a test's clock waits for it */
	bool		 in_maintenance;	/* as last told */
	bool		 is_tracking;	/* its server followed another one, at the last look */
	bool		 is_agent;	/* of `agent-check`: agent.c */
	uint8_t		 nrepeats;	/* in a row, of results that came too late to count */
	/* the last result */
	uint8_t		 status, result;	/* enums */
	uint16_t	 code;
	int64_t		 duration_ms;	/* -1 = none yet */
	bool		 is_new;	/* begins_new: nothing has passed yet, ... */
	uint32_t	 nfailed;	/* ... and so many have failed */
	uint32_t	 health;	/* 0 .. rise + fall - 1; UP from rise on */
	char		 text[CHECK_TEXT_BYTES];
	struct list	 warm;		/* slow start under way */
	/* a type's own, from start to cancel */
	struct conn	 conn;
	bool		 has_conn, has_connected, keeps_linger;
	bool		 is_brief;	/* its end or its first write follows the connect */
	struct str	 first;		/* to write first, if it is known before; borrowed */
	size_t		 nfirst;	/* bytes of it that are written */
	struct check_target target;
	check_conn_fn	*on_ready, *on_io;
	struct agent	*agent;		/* owned: agent.c's, kept from check to check */
	const struct step *step;	/* borrowed: under work */
	struct check_run *run;		/* owned; NULL until something is sent or read */
	struct check_program *program;	/* owned */
	struct check_record *record;	/* owned: of the last check; NULL = none yet */
};

/* ---- health.c, control thread ---- */

/* The one way a check ends. text may be NULL; it is copied. Nothing of the check
 * may be touched afterwards: its connection is gone. */
void	check_done(struct check *chk, enum check_status status, unsigned code, const char *text);
/* It could not be made for reasons of our own (descriptors): nothing was found. */
void	check_skip(struct check *chk);
/* Fire timed_out at now + us. */
void	check_deadline(struct check *chk, uint64_t us);

/* ---- check_conn.c, control thread ---- */

/* Where checks of this server go now: conf->to, or what was set at run time. */
void	check_address(const struct check *chk, struct addr *ret_to);
/* chk->target by the configuration of the check. */
void	check_aim(struct check *chk);
/* Connect to chk->target; on_ready runs when bytes may be sent (chk->nfirst of
 * chk->first are already), later edges call on_io. Failures and deadlines below that
 * end the check. */
void	check_conn_open(struct check *chk, check_conn_fn *on_ready, check_conn_fn *on_io);
void	check_conn_close(struct check *chk, bool by_reset);
/* A read or write failed: ends the check. */
void	check_conn_failed(struct check *chk, int err);
/* timed_out for types over a connection: L4TOUT, L6TOUT or L7TOUT; or something
 * else instead of the last. */
void	check_conn_timed_out(struct check *chk);
void	check_conn_timed_out_as(struct check *chk, enum check_status l7);

#endif
