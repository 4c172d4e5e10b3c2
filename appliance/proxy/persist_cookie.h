/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Persistence by cookie: what a backend's `cookie` or `elb-cookie` line says, and
 * what it does to requests and responses. Configuration in the snapshot's arena,
 * shared with the defaults it came from; the rest is in the transaction (t->ck).
 */
#ifndef WEIR_PROXY_PERSIST_COOKIE_H
#define WEIR_PROXY_PERSIST_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "http/msg.h"
#include "proxy/cookie_map.h"

struct acl_cond;
struct proxy;
struct stickiness_entry;
struct txn;

#define CK_REWRITE	0x0001u
#define CK_INSERT	0x0002u
#define CK_PREFIX	0x0004u
#define CK_INDIRECT	0x0008u
#define CK_NOCACHE	0x0010u
#define CK_POSTONLY	0x0020u
#define CK_PRESERVE	0x0040u
#define CK_DYNAMIC	0x0080u
#define CK_ELB_LB	0x0100u
#define CK_ELB_APP	0x0200u
#define CK_ELB		(CK_ELB_LB | CK_ELB_APP)
#define CK_SHOWN	(CK_REWRITE | CK_INSERT | CK_PREFIX | CK_INDIRECT | CK_ELB)

struct cookie_conf {
	struct str	 name;
	uint32_t	 opts;		/* CK_* */
	uint32_t	 maxidle_s, maxlife_s;	/* 0 = none */
	struct str	 tail;		/* `; domain=a; HttpOnly`, behind the path */
	/* the ELB manner */
	struct str	 twin;		/* name of the cookie for CORS */
	struct str	 app;		/* name of the application's cookie */
	uint32_t	 period_s;	/* MAX-AGE; 0 = until the browser ends */
	const unsigned char *secret;	/* ELB_SECRET bytes */
};

/* `capture cookie NAME len N`: the first cookie whose name begins so. */
struct cookie_capture {
	struct str	 name;
	uint32_t	 len;
};

/* `force-persist if C`, `ignore-persist if C`: the first that holds. */
struct persist_rule {
	struct persist_rule *next;
	struct acl_cond	*cond;
	bool		 is_force;
};

/* px->persist: what there is to do at all */
#define PERSIST_COOKIE	0x01u
#define PERSIST_RULES	0x02u
#define PERSIST_CAPTURE	0x04u

#define TXN_CK_IGNORE	0x02u	/* an ignore-persist rule holds */
#define TXN_CK_FOUND	0x04u	/* the server sets the cookie itself */
#define TXN_CK_MOVE	0x08u	/* remember the new server: elb_key */

/* Of the client's cookie, in seconds; 0 = none. */
struct cookie_dates {
	uint32_t	 first, last;
};

/* A transaction's part. */
struct txn_cookie {
	char		 client, server;	/* letters 3 and 4 of the log's code; 0 = none */
	uint8_t		 flags;		/* TXN_CK_* */
	struct cookie_dates dates;
	struct http_span from_client, from_server;	/* captured */
	uint64_t	 elb_key;	/* names the client's pair of cookies */
	uint32_t	 elb_own;	/* ... and the balancer's alone */
};

/* data thread */
/* Before the server is picked: finds it by the cookie; cleans the request. */
bool	persist_request(struct txn *t);		/* false: no room for the changed field */
/* With the response's head: cookies are set, changed, removed; false: no room. */
bool	persist_response(struct txn *t);
/* Another server than the cookie's was taken. */
void	persist_moved(struct txn *t);
/* Letters 3 and 4 of the termination code. */
void	persist_letters(const struct txn *t, char ret[2]);
/* ... and for both halves: a field is added, with more memory if need be. */
bool	persist_append(struct txn *t, struct http_msg *m, struct str name, struct str value);

/* persist_elb.c; data thread */
void	elb_request(struct txn *t, const struct cookie_conf *conf);
bool	elb_response(struct txn *t, const struct cookie_conf *conf);

/* control thread */
/* Where a cookie's value leads; ret->server NULL: to no server. `app`: the value
 * of the application's cookie beside it (elb-cookie app), STR_NONE: not known,
 * then the user who had to move last is told. */
void	persist_explain(const struct proxy *be, struct str value, struct str app,
	    struct stickiness_entry *ret);
void	elb_explain(const struct proxy *be, const struct cookie_conf *conf, struct str own,
	    struct str app, struct stickiness_entry *ret);

/* control thread or a job thread */
void	elb_moves_prepare(void);	/* memory for users that had to move */

#endif
