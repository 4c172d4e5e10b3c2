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
#include <sys/types.h>

/* start-up, one thread */
void	helper_allow(const char *path);	/* read: a file, or a folder with all below it */
void	helper_allow_write(const char *path);	/* the same, and write (state directory) */
int	helper_start(void);		/* fork; 0, or -1 with errno */
void	helper_stop(void);		/* its end of the socket closes: it exits */

/* any thread */
bool	helper_is_running(void);
pid_t	helper_pid(void);
/* As open(2), read-only or write with O_CREAT; -1 with errno. Serialised. */
int	helper_open(const char *path, int flags, mode_t mode);
/* As file_replacer: rename PATH+suffix to PATH, or unlink PATH+suffix. */
int	helper_replace(const char *path, const char *suffix, bool keep);

#endif
