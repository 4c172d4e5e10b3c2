/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two sides of the helper share; for event/child.c and event/helper.c. */
#ifndef WEIR_EVENT_HELPER_H
#define WEIR_EVENT_HELPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HELPER_PATH_BYTES	4096
#define HELPER_SUFFIX_BYTES	64

enum helper_op { HELPER_OPEN = 1, HELPER_RENAME, HELPER_UNLINK, HELPER_RUN };

/* One message each way; an answer to HELPER_OPEN brings a descriptor. */
struct helper_request {
	uint32_t	op;
	int32_t		flags;
	uint32_t	mode;
	char		path[HELPER_PATH_BYTES];
	char		suffix[HELPER_SUFFIX_BYTES];
};

struct helper_reply {
	int32_t		error;		/* errno; 0 = done */
};

/* HELPER_RUN; the answer brings the socket on which the keeper tells the end. */
#define HELPER_RUN_BYTES	8000
struct helper_run {
	uint32_t	op;
	uint32_t	timeout_ms;
	uint16_t	nargs, nenv;	/* args[0] is the program's path */
	uint32_t	len;		/* of text: args, then the environment, each with its 0 */
	char		text[HELPER_RUN_BYTES];
};

/* start-up, one thread */
void	helper_list_resolve(void);	/* the list is frozen by this */
void	helper_list_fini(void);

/* the child: programs, keeper.c */
struct helper_identity {
	bool		has_uid, has_gid;
	uid_t		uid;
	gid_t		gid;
};
/* Starts a keeper with its program; the socket for its end, or -1 with errno. */
int	keeper_start(const struct helper_run *rq, const struct helper_identity *who);

/* the child, right after fork */
_Noreturn void helper_child_main(int s, pid_t parent);

#endif
