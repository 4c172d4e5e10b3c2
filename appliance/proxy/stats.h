/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The statistics page as a proxy's configuration says it (`stats ...`), and the
 * look at a request whether it is meant for that page. What the page shows is
 * made by the service `stats` (api/stats_page.c).
 */
#ifndef WEIR_PROXY_STATS_H
#define WEIR_PROXY_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct acl_cond;
struct proxy;
struct proxy_settings;
struct reply_conf;
struct ruleset;
struct service_row;
struct txn;

struct stats_user {
	struct stats_user *next;
	const char	*name;
	struct str	 basic;		/* base64 of name:password */
};

struct stats_scope {
	struct stats_scope *next;
	const char	*name;		/* "." = the proxy itself */
};

struct stats_admin {
	struct stats_admin *next;
	struct acl_cond	*cond;
};

struct stats_conf {
	const struct proxy *owner;	/* who wrote it; others copy before they change it */
	const struct service_row *service;
	struct str	 uri;
	const char	*realm;
	struct stats_user *users;
	struct stats_scope *scopes;
	struct stats_admin *admins;
	struct reply_conf *denied;	/* 401; NULL: no users */
	uint32_t	 refresh_s;
	bool		 hide_version, show_legends, show_modules;
	bool		 show_node, show_desc;
	const char	*node, *desc;	/* NULL: the process's */
};

#define STATS_F_ADMIN	0x1u	/* of its service_call */

/* data thread: true when px has such a page, the request is for it, and the
 * transaction's next step was set. */
bool	stats_intercept(struct txn *t, struct proxy *px);

/* any thread: what the page of px shows */
bool	stats_in_scope(const struct proxy *px, const void *page_of);

#endif
