/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The helper: a process forked before privileges are dropped and threads start.
 * It keeps root, parses neither network bytes nor configuration, and opens
 * files below the folders (or equal to the paths) that were named before it
 * was forked; that list is frozen then. Fixed-size messages over a socketpair,
 * descriptors by SCM_RIGHTS. After helper_start, file_open goes through it.
 *
 * A path without `..` is resolved; where it really leads must lie in the list
 * too (the list's entries are resolved when helper_start is called). So links
 * inside a folder, or from one named folder to another, work; others do not.
 * Relative paths count from the folder that weir was started in.
 */
#ifndef WEIR_EVENT_CHILD_H
#define WEIR_EVENT_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* start-up, one thread */
void	helper_allow(const char *path);	/* read: a file, or a folder with all below it */
void	helper_allow_write(const char *path);	/* the same, and write (state directory) */
/* A program that may be run; the list is frozen by helper_start too. */
void	helper_allow_program(const char *path);
bool	helper_may_run(const char *path);
/* Programs run as this user and group, not as the helper. */
void	helper_set_user(bool has_uid, uid_t uid, bool has_gid, gid_t gid);
int	helper_start(void);		/* fork; 0, or -1 with errno */
void	helper_stop(void);		/* its end of the socket closes: it exits */

/* any thread */
bool	helper_is_running(void);
pid_t	helper_pid(void);
/* As open(2), read-only or write with O_CREAT; -1 with errno. Serialised. */
int	helper_open(const char *path, int flags, mode_t mode);
/* As file_replacer: rename PATH+suffix to PATH, or unlink PATH+suffix. */
int	helper_replace(const char *path, const char *suffix, bool keep);


/* ---- programs ----
 * A program runs in a process group of its own below a keeper, a process that
 * reads its output, ends all of the group when the time is over, when it writes
 * too much, when it has ended itself, or when weir closes the socket; also what
 * left the group. */

#define PROGRAM_OUTPUT_MAX	65536u
#define PROGRAM_OUTPUT_KEPT	4096u

enum program_end {
	PROGRAM_EXITED,		/* value: exit code */
	PROGRAM_KILLED,		/* value: signal */
	PROGRAM_TIMEOUT,
	PROGRAM_FLOODED,	/* more than PROGRAM_OUTPUT_MAX */
	PROGRAM_NOT_RUN		/* value: errno */
};

/* The one message that the socket brings. */
struct program_result {
	int32_t		end;		/* enum program_end */
	int32_t		value;
	uint32_t	output_total, output_len;
	char		output[PROGRAM_OUTPUT_KEPT];
};

struct helper_run;
/* Words for a program: false, when they do not fit. */
struct helper_run *helper_run_new(unsigned timeout_ms);
bool	helper_run_arg(struct helper_run *r, const char *text);
bool	helper_run_env(struct helper_run *r, const char *name, const char *value);
/* The socket (non-blocking, SOCK_SEQPACKET), or -1 with errno. Any thread; waits for
 * the helper, so a job thread's work. */
int	helper_run(const struct helper_run *r);

#endif
