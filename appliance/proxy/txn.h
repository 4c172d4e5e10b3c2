/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A transaction: one request with its response; in TCP mode the whole session.
 * Timers, counters, queue entries and log lines hang on it, never on the client
 * connection, so that several may share one (HTTP/2).
 *
 * Life: front side makes one at the first byte of a request (txn_new), feeds the
 * head through the parser into its memory, then calls txn_run. A driver walks
 * the table of steps; each returns NEXT, WAIT (an event calls txn_run again) or
 * END. The front side hears through struct front_ops. It ends in txn_free, which
 * is deferred to the end of the pass.
 *
 * Memory: one object of TXN_BYTES from the thread's pool: this struct, the
 * field tables and the text of request and response behind one another. Heads
 * that need more move to a big block (POOL_SITE_GROW may refuse: 431 or 502).
 */
#ifndef WEIR_PROXY_TXN_H
#define WEIR_PROXY_TXN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/list.h"
#include "event/loop.h"
#include "event/mailbox.h"
#include "event/timer.h"
#include "http/h1.h"
#include "http/msg.h"
#include "net/addr.h"
#include "proxy/persist_cookie.h"
#include "proxy/stickiness.h"

struct buf;
struct front_ops;
struct loop;
struct proxy;
struct reply_conf;
struct server;
struct server_conn;
struct pipe_pair;
struct server_live;
struct server_thread;
struct service_call;
struct service_row;
struct session;
struct snapshot;
struct stick_store;
struct stick_track;
struct tunnel;
struct txn;
struct var;
struct wait_queue;

#define TXN_MAGIC	0x54584e21u
#define TXN_BYTES	4064
#define TXN_FIELDS	32		/* of each message before it grows */

enum step_result { STEP_NEXT, STEP_WAIT, STEP_END };
typedef enum step_result txn_step_fn(struct txn *t);

/* Steps; the table in txn.c has a function and a name for each. */
enum txn_step {
	TS_READ_REQUEST, TS_TCP_CONTENT, TS_FRONTEND_RULES, TS_CHOOSE_BACKEND,
	TS_BACKEND_RULES, TS_PERSISTENCE, TS_PICK, TS_WAIT_SLOT, TS_CONNECT,
	TS_SEND_REQUEST, TS_READ_RESPONSE, TS_RESPONSE_RULES, TS_STORE_STICK,
	TS_SEND_RESPONSE, TS_TUNNEL, TS_SERVICE, TS_ERROR,
	TS_LOG, TS_DONE, TS_MAX
};

/* First letter of the termination code: the cause. */
#define TERM_NONE	'-'
/* C S P L R I D U K c s: as the manual; second letter: R Q C H D L T - */

#define TXN_F_HTTP		0x00000001ull
#define TXN_F_REQ_DONE		0x00000002ull	/* request body fully received from the client */
#define TXN_F_REQ_SENT		0x00000004ull	/* ... and sent to the server */
#define TXN_F_RES_HEAD_SENT	0x00000008ull	/* the client has seen the status line */
#define TXN_F_RES_DONE		0x00000010ull	/* response body fully received */
#define TXN_F_FRONT_DONE	0x00000020ull	/* response fully handed to the front side */
#define TXN_F_CLOSE_CLIENT	0x00000040ull	/* client connection ends after this */
#define TXN_F_SERVER_BAD	0x00000080ull	/* server connection must not be pooled */
#define TXN_F_TUNNEL		0x00000100ull
#define TXN_F_CLIENT_GONE	0x00000200ull
#define TXN_F_FORCE_PERSIST	0x00000400ull	/* a force-persist rule holds */
#define TXN_F_REDISPATCHED	0x00000800ull	/* %rc gets its + */
#define TXN_F_RETRIED_FRESH	0x00001000ull	/* reused one died; free retry is used */
#define TXN_F_RETRIED_OTHER	0x00002000ull	/* implicit retry on another server is used */
#define TXN_F_HAS_SLOT		0x00004000ull
#define TXN_F_PERSISTENT	0x00008000ull	/* persistence chose the server */
#define TXN_F_QUEUED		0x00020000ull
#define TXN_F_IN_BACKEND	0x00040000ull	/* counted in be_conn */
#define TXN_F_LOGGED		0x00080000ull
#define TXN_F_REQ_WAITS		0x00100000ull	/* Expect: body not yet asked for */
#define TXN_F_HTTP10_CLIENT	0x00200000ull
#define TXN_F_TARPIT		0x00400000ull
#define TXN_F_NO_RETRY		0x00800000ull	/* part of the request is gone: cannot repeat */
#define TXN_F_SILENT_DROP	0x01000000ull
#define TXN_F_FRONT_FULL	0x02000000ull	/* the client does not take more for now */
#define TXN_F_BODY_WANTED	0x04000000ull	/* the front side may give body bytes */
#define TXN_F_SLOT_MAIL		0x08000000ull	/* a slot is on its way by mail */
#define TXN_F_PREPARED		0x10000000ull	/* forwarding fields were added */
#define TXN_F_DEFERRED		0x20000000ull	/* waits for the end of the pass to pick */
#define TXN_F_HEAD_ONLY		0x40000000ull	/* a response to HEAD: no body to the client */
#define TXN_F_FREED		0x80000000ull
#define TXN_F_COUNTED		0x100000000ull	/* statistics were bumped */
#define TXN_F_FINISHED		0x200000000ull	/* the front side was told */
#define TXN_F_ENDING		0x400000000ull	/* only waits for a slot's mail */
#define TXN_F_VERDICT		0x800000000ull	/* a rule or an error chose the next step */
#define TXN_F_NO_ANSWER		0x1000000000ull	/* reject: close without bytes */
#define TXN_F_LATE		0x2000000000ull	/* this is the end of the pass: pick now */
#define TXN_F_WANT_FRESH	0x8000000000ull	/* the next connection must be a new one */

#define LOG_SILENT		255	/* log_level: no line at all */

/* Instants, monotonic us; 0 = phase not reached. */
struct txn_times {
	uint64_t accept;	/* of the connection, or end of the previous request */
	uint64_t start;		/* first byte of this request (accept in TCP mode) */
	uint64_t request;	/* head complete */
	uint64_t queued;	/* queue entered */
	uint64_t picked;	/* slot granted: end of Tw */
	uint64_t connected;	/* server connection usable: end of Tc */
	uint64_t sent;		/* TCP mode: first bytes to the server */
	uint64_t response;	/* response head complete: end of Tr */
	uint64_t end;
};

/* %U is in, %B is from_server. */
struct txn_bytes {
	uint64_t in, to_server;		/* from the client; passed on */
	uint64_t from_server, out;	/* ... and back */
};

struct txn {
	uint32_t	 magic;
	uint64_t	 flags;		/* TXN_F_* */
	uint8_t		 step;		/* enum txn_step */
	uint8_t		 running;	/* the driver is on the stack */
	bool		 timed_out;	/* our timer fired; the step that waits clears it */
	char		 term[2];	/* cause and phase */
	uint64_t	 serial;	/* of this thread's; never given again */
	const struct front_ops *front;	/* borrowed: static */
	struct session	*sess;		/* borrowed: outlives us */
	struct loop	*loop;		/* this thread's */
	struct snapshot	*snap;		/* held (use count) until let go */
	struct proxy	*fe, *be;	/* of snap; be NULL until chosen */
	struct snapshot	*be_snap;	/* held: be's and srv's, if that is a later one; or NULL */
	struct server	*srv;		/* of snap; NULL until picked */
	struct server_conn *sc;		/* owned while in use */
	struct http_msg	 req, res;
	struct h1_parser h1;		/* the HTTP/1 front side's */
	struct h1_chunks req_chunks;
	struct txn_times at;
	struct txn_bytes bytes, counted;	/* so far; of them, in the statistics */
	const struct reply_conf *reply;	/* local answer; borrowed: snapshot; NULL = none */
	struct str	 local_body;	/* of a local answer; borrowed: snapshot or our memory */
	uint16_t	 status;	/* as logged; 0 = none yet */
	uint16_t	 error_status;	/* the page that step error sends */
	uint16_t	 refused;	/* enum h1_error when a message was refused */
	uint8_t		 retries_left;
	uint8_t		 retries;	/* connection retries done (%rc) */
	uint8_t		 interim;	/* 1xx passed on */
	uint8_t		 bc_err;	/* enum conn_err of the last connection to a server */
	uint8_t		 body_in, body_out;	/* enum http_body; as sent to the server */
	uint8_t		 res_out;	/* enum http_body of response, as sent to the client */
	uint64_t	 req_left;	/* request body still to come (HTTP_BODY_LENGTH) */
	uint64_t	 res_left;
	const char	*hand;		/* response bytes behind the head, in the read buffer: */
	size_t		 hand_len;	/* valid only while the driver runs */
	struct pipe_pair *pipe;		/* owned: response body under splice; NULL = none */
	struct tunnel	*tunnel;	/* owned: both directions of a tunnel */
	uint32_t	 srv_queue_pos, be_queue_pos;	/* %sq %bq */
	uint32_t	 conn_counts[4];	/* %ac %fc %bc %sc at log time */
	struct server	*wanted;	/* use-server, a cookie, a table: try it first */
	struct txn_cookie ck;
	struct stickiness stick;	/* why the server was chosen; NONE = by balancing */
	struct stick_store *stick_stores;	/* keys to remember: stick_rules.c; scratch */
	struct stick_track *tracked;	/* owned: stick_track.h; NULL = none */
	struct server	*avoid;		/* redispatch: not this one if another is there */
	struct buf	*keep;		/* owned: request body held for a retry */
	struct timer	 timer;		/* queue, tarpit, inspect-delay, pause between tries */
	struct loop_task task;		/* run at the end of the pass / deferred free */
	struct list	 node;		/* of the thread's transactions */
	struct list	 queue_node;	/* see queue.h */
	struct wait_queue *queue;	/* the one we wait in; NULL = none */
	struct mail	 slot_mail;	/* who frees a slot sends it with this */
	struct server_live *slot;	/* the server whose slot we hold */
	struct server_live *slot_sent;	/* on its way by mail: queue.c's, read there only */
	uint32_t	 slot_index;	/* of that server in the sender's snapshot */
	const struct service_row *service;	/* who answers instead of a server */
	struct service_call *call;	/* owned: that answer under way */
	/* rules */
	struct var	*vars_txn, *vars_req, *vars_res;	/* vars.h; session's: there */
	struct str	*captures;	/* fe->ncaptures_req + ncaptures_res; scratch memory */
	uint64_t	 body_start_us, body_last_us;	/* request body: first want, last bytes */
	uint64_t	 body_bytes;
	uint64_t	 timeout_client_us, timeout_server_us, timeout_tunnel_us,
	    timeout_connect_us, timeout_queue_us;	/* effective; set-timeout changes them */
	struct ip_port	*server_src;	/* ours towards the server, when logs want it; scratch */
	uint32_t	 head_in;	/* bytes.in that were the request's head */
	uint32_t	 bc_tls_err;	/* OpenSSL's error of that connection */
	uint64_t	 body_sent;	/* response body bytes, when logs want them */
	uint8_t		 log_level;	/* set-log-level: 0 = none, 1 + level, LOG_SILENT */
	struct http_span orig_method, orig_target;	/* before rules; len 0: unchanged */
	struct str	 unique_id;
	char		*res_text;	/* where the response's text starts in our object */
	uint32_t	 res_cap;
	/* scratch memory of this transaction: txn_scratch */
	char		*scratch;	/* borrowed: inside our object, or a pool block */
	uint32_t	 scratch_len, scratch_cap;
	void		*big_req, *big_res, *big_scratch;	/* owned: grown memory */
};

/* What the front side does for a transaction; h1 and later h2 are rows. */
struct front_ops {
	const char	*name;
	/* Send a piece of the response: the head (res, framed as res_out says) if
	 * `head`, then body bytes, then the end mark. Takes everything; returns
	 * false when its buffer is now full: wait for txn_front_drained. */
	bool	(*send)(struct txn *t, bool head, const struct iovec *body, int n, bool end);
	/* An interim response (1xx) now in res. */
	void	(*send_interim)(struct txn *t);
	/* The transaction wants request body bytes: call txn_body_in when there are. */
	void	(*want_body)(struct txn *t);
	/* Stop now: the response cannot be completed (cut), or was completed. */
	void	(*abort)(struct txn *t);
	void	(*finish)(struct txn *t);	/* log was written; t is freed by the caller */
	/* A plain, unbuffered connection for splice and tunnels, or NULL. */
	struct conn *(*plain_conn)(struct txn *t);
};

/* data thread */
struct txn *txn_new(struct session *s, const struct front_ops *front);	/* NULL: memory refused */
void	txn_free(struct txn *t);
void	txn_run(struct txn *t);			/* the driver */
void	txn_wake(struct txn *t);		/* run at the end of this pass */
/* Request body bytes from the front side; all are taken; false = full: clear
 * TXN_F_BODY_WANTED and stop until front->want_body. end: the body is complete. */
bool	txn_body_in(struct txn *t, const struct iovec *body, int n, bool end);
void	txn_front_drained(struct txn *t);	/* the client took what was pending */
void	txn_front_gone(struct txn *t);	/* the client is gone */
/* An operator or the health of its server ends it: cause K, D, U; by a 502 when
 * no answer has begun. The client's connection ends too. Not from inside a step. */
void	txn_kill(struct txn *t, char cause);
/* A local answer ends the transaction: error page `status`, cause letters. */
void	txn_error(struct txn *t, unsigned status, char cause, char phase);
void	txn_set_term(struct txn *t, char cause, char phase);	/* the first one wins */
/* Memory that lives as long as the transaction; NULL when refused or > 32 KiB. */
void	*txn_scratch(struct txn *t, size_t size);
/* What `capture` rules of the frontend kept, n of them, an empty one with p NULL;
 * NULL: none at all (capture.c). */
const struct str *txn_captures(const struct txn *t, bool is_response, uint32_t *ret_n);
void	txn_begin_response(struct txn *t);	/* a fresh t->res; the request is final */
void	txn_count(struct txn *t);	/* statistics, before the last byte leaves */
void	txn_count_bytes(struct txn *t);	/* what moved since: long transfers, each pass */
/* Grow the memory of a message; false when it is at its limit or refused. */
bool	txn_grow(struct txn *t, struct http_msg *m);
const char *txn_step_name(enum txn_step s);
/* As the client wrote it: what set-method says is for the server. */
enum http_method txn_client_method(const struct txn *t);

#endif
