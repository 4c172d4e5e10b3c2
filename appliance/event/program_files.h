/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The folder of files of a child: FOLDER/ID.files beside its socket. The helper makes
 * it before the child starts, the warden removes it when the child has ended. Files
 * in it are written by base/file.h like any others below state-dir.
 */
#ifndef WEIR_EVENT_PROGRAM_FILES_H
#define WEIR_EVENT_PROGRAM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROGRAM_FILES_PATH	256	/* bytes; a placeholder's value is shorter */

/* any thread: its path. False: there is no folder of instances, or the path cannot be a
 * word of a command. */
bool	program_files_path(const char *id, char ret[PROGRAM_FILES_PATH]);
/* Waits for the helper, so a job thread's work: the folder, which the row's user may
 * read. 0, or -1 with errno. */
int	program_files_make(int row, const char *id);

/* ---- the helper and wardens; dir: the folder of instances ---- */
/* gid -1: as it comes. 0, or an errno. */
int	program_files_serve(int dir, const char *id, gid_t gid);
void	program_files_remove(int dir, const char *id);

#endif
