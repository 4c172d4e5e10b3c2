/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `userlist NAME`: users with passwords and groups, for http_auth and
 * http_auth_group. Immutable, in the snapshot's arena.
 */
#ifndef WEIR_PROXY_USERLIST_H
#define WEIR_PROXY_USERLIST_H

#include <stdbool.h>
#include <stdint.h>

struct user_group {		/* of a user: names, each a word */
	struct user_group *next;
	const char	*name;
};

struct user {
	struct user	*next;
	const char	*name, *password;	/* password NULL: nobody is it */
	bool		 is_hashed;	/* crypt(3) */
	bool		 is_declared;	/* it has a line of its own */
	struct user_group *groups;
};

struct userlist {
	struct userlist	*next;
	const char	*name, *file;
	int		 line;
	struct user	*users;
	struct user_group *groups;	/* those that were declared */
};

/* Where a fetch named a list: looked at when all is read. */
struct userlist_ref {
	struct userlist_ref *next;
	const char	*name, *file;
	int		 line;
};

#endif
