/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two sides of the helper share; for event/child.c and event/helper.c. */
#ifndef WEIR_EVENT_HELPER_H
#define WEIR_EVENT_HELPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "event/program.h"

/* Who a program runs as. */
struct helper_identity {
	bool		has_uid, has_gid;
	uid_t		uid;
	gid_t		gid;
};

#define HELPER_PATH_BYTES	4096
#define HELPER_SUFFIX_BYTES	64

enum helper_op {
	HELPER_OPEN = 1, HELPER_RENAME, HELPER_UNLINK,
	HELPER_TREE,				/* flags: enum file_tree_op; suffix: target */
	HELPER_RUN,
	HELPER_CALL, HELPER_SPAWN,		/* struct program_run */
	HELPER_ADOPT, HELPER_PROBE, HELPER_FILES, HELPER_CONNECT,	/* struct program_ask */
	HELPER_FORGET
};

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
	char		text[256];	/* of HELPER_ADOPT, HELPER_PROBE */
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

/* HELPER_CALL, HELPER_SPAWN: a row and what stands for its placeholders. */
#define PROGRAM_VALUES_BYTES	6000
struct program_run {
	uint32_t	op;
	uint32_t	row;
	uint32_t	timeout_ms, grace_ms;
	uint8_t		has_in, has_out;	/* descriptors that come with it, in this order; of
					 * a child: both are its data */
	uint8_t		has_address;		/* its own network's, a value of that name */
	uint16_t	nvalues;
	uint16_t	meta_len;
	uint32_t	len;		/* of text: NAME 0 VALUE 0 ... */
	char		id[CHILD_ID_MAX + 1];
	char		meta[CHILD_META_MAX];
	char		text[PROGRAM_VALUES_BYTES];
};

struct program_ask {
	uint32_t	op;
	uint32_t	row;
	char		name[128];
};

#define HELPER_FDS	2	/* that a request may bring */

/* weir's side: a request with descriptors; the one that comes back, 0 where none is
 * meant, or -1 with errno. EPIPE: the helper is gone. */
int	helper_ask(const void *rq, size_t size, const int *fds, unsigned nfds, bool wants_fd,
	    struct helper_reply *ret_reply);

/* the child: program.c. fds are HELPER_FDS, -1 where none came. 0, or an errno. */
int	program_serve_run(struct program_run *rq, const int *fds,
	    const struct helper_identity *who, int *ret_fd);
int	program_serve_ask(struct program_ask *rq, struct helper_reply *reply,
	    const struct helper_identity *who, int *ret_fd);
void	program_list_fini(void);

/* start-up, one thread */
void	helper_list_resolve(void);	/* the list is frozen by this */
void	helper_list_fini(void);

/* the child, right after fork */
_Noreturn void helper_child_main(int s, pid_t parent);

#endif
