/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two sides of the helper share; for event/child.c and event/helper.c. */
#ifndef WEIR_EVENT_HELPER_H
#define WEIR_EVENT_HELPER_H

#include <stdint.h>
#include <sys/types.h>

#define HELPER_PATH_BYTES	4096
#define HELPER_SUFFIX_BYTES	64

enum helper_op { HELPER_OPEN = 1, HELPER_RENAME, HELPER_UNLINK };

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

/* start-up, one thread */
void	helper_list_resolve(void);	/* the list is frozen by this */
void	helper_list_fini(void);

/* the child, right after fork */
_Noreturn void helper_child_main(int s, pid_t parent);

#endif
