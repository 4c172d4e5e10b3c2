/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `stick on|match|store-request|store-response`: which server a user goes to by
 * an entry of a table, and what is remembered when he has got one.
 */
#ifndef WEIR_PROXY_STICK_RULES_H
#define WEIR_PROXY_STICK_RULES_H

#include <stdint.h>

struct acl_cond;
struct expr;
struct proxy;
struct server;
struct stick_conf;
struct txn;

#define STICK_MATCH	0x1u
#define STICK_STORE_REQ	0x2u
#define STICK_STORE_RES	0x4u

struct stick_rule {
	struct stick_rule *next;
	struct expr	*expr;
	struct acl_cond	*cond;		/* NULL = always */
	const char	*table_name;	/* as written; NULL = the proxy's own */
	struct stick_conf *table;
	const char	*file;
	int		 line;
	uint8_t		 what;		/* STICK_* */
};

/* data thread; t->be has stick rules */
/* Finds t->wanted, unless it is chosen already; keeps the keys to be stored. */
void	stick_rules_match(struct txn *t);
/* The server has answered (TCP: is connected): entries get it. */
void	stick_rules_store(struct txn *t);

/* any thread */
/* The server of an entry: by its name, else by its number; NULL = none of them. */
struct server *stick_rules_server(const struct proxy *be, uint32_t id, uint32_t name);

#endif
