/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only place that opens files which the configuration or a command names.
 * In the sandbox the opener is a message to the helper process (set once by
 * event/child with file_set_opener); before that it is open(2).
 */
#ifndef WEIR_BASE_FILE_H
#define WEIR_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* any thread: -1 with errno. flags as open(2), O_CLOEXEC is added. */
int	file_open(const char *path, int flags, mode_t mode);
typedef int file_opener(const char *path, int flags, mode_t mode);
void	file_set_opener(file_opener *fn);	/* NULL = open(2) */
/* keep: rename PATH+suffix to PATH; else: unlink PATH+suffix. 0 or -1 with errno. */
typedef int file_replacer(const char *path, const char *suffix, bool keep);
/* start-up: told of each path before it is opened, so that the helper may open
 * it again later; NULL ends it */
typedef void file_recorder(const char *path);
void	file_set_recorder(file_recorder *fn);
void	file_set_replacer(file_replacer *fn);	/* NULL = the system calls */
/* Folders and links, which are no work on a descriptor. */
enum file_tree_op { FILE_MAKE_FOLDER, FILE_REMOVE, FILE_LINK };
typedef int file_tree_changer(enum file_tree_op op, const char *path, const char *target);
void	file_set_tree_changer(file_tree_changer *fn);	/* NULL = the system calls */

/* Whole file, NUL-terminated, malloc'ed; NULL with errno (EFBIG over max_bytes). */
char	*file_read(const char *path, size_t max_bytes, size_t *ret_len);
/* Write temp, fsync, rename. 0, or -1 with errno; the old file stays then. */
int	 file_write_atomic(const char *path, const void *data, size_t len, mode_t mode);
/* mode 0700; one that is there is fine. 0 or -1 with errno. */
int	 file_make_folder(const char *path);
/* A file, a link, or a folder with what is directly in it (hidden names aside); one
 * that is not there is fine. */
int	 file_remove(const char *path);
/* PATH+suffix, which is complete, becomes PATH; on the disk before it returns. */
int	 file_settle(const char *path, const char *suffix);
/* A symbolic link, made anew or in place of the old one. target: without a slash. */
int	 file_link(const char *path, const char *target);
/* The system calls themselves, in an open folder; for the helper. */
int	 file_change_tree(int dir, enum file_tree_op op, const char *path, const char *target);
/* Non-hidden names in dir ending in suffix (NULL = all), C-locale order, as
 * "dir/name"; count, or -1 with errno. Free each and the list. */
int	 file_list_dir(const char *dir, const char *suffix, char ***ret_names);

#endif
