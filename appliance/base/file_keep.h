/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files of one load, kept in memory: while a thread records, everything that
 * it opens for reading through base/file is kept as it was found; while it
 * replays, the same paths give the same bytes, whatever became of the files. A
 * configuration can so be built again without taking up what is edited just now.
 * A path that was not asked for while recording is opened, and kept from then on.
 */
#ifndef WEIR_BASE_FILE_KEEP_H
#define WEIR_BASE_FILE_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct file_keep;

/* SEEDED: as RECORD, but what file_keep_put and file_keep_put_names gave is replayed. */
enum file_keep_mode { FILE_KEEP_OFF, FILE_KEEP_RECORD, FILE_KEEP_REPLAY, FILE_KEEP_SEEDED };

/* one thread at a time */
struct file_keep *file_keep_new(void);
void	file_keep_free(struct file_keep *k);		/* NULL is fine */
size_t	file_keep_bytes(const struct file_keep *k);

/* this thread, until it is called with FILE_KEEP_OFF (k may be NULL then) */
void	file_keep_use(struct file_keep *k, enum file_keep_mode mode);
enum file_keep_mode file_keep_mode(void);

/* Before it is used: a file, the names of a folder (n -1: it is none). Copied. */
void	file_keep_put(struct file_keep *k, const char *path, const void *data, size_t len);
void	file_keep_put_names(struct file_keep *k, const char *dir, const char *suffix,
	    char *const *names, int n);

/* While this thread replays: the file has these bytes (NULL: it is not there), if
 * what is built with them comes into service; then, or not, settle. */
void	file_keep_change(const char *path, const void *data, size_t len);
void	file_keep_settle(struct file_keep *k, bool is_taken);

/* Paths of files whose bytes were so changed since they were read. control thread */
void	file_keep_each_changed(struct file_keep *k, void (*fn)(const char *path, void *arg),
	    void *arg);

/* any thread: a copy, NUL-terminated, free it; NULL = no such file was kept */
char	*file_keep_copy(struct file_keep *k, const char *path, size_t *ret_len);
/* The kept names of a folder, as file_list_dir; -1 = not kept. */
int	file_keep_names(struct file_keep *k, const char *dir, const char *suffix,
	    char ***ret_names);

/* ---- for base/file.c ---- */

/* False: not known. True: *ret_fd is a descriptor, or -1 with errno. */
bool	file_keep_open(const char *path, int *ret_fd);
void	file_keep_opened(const char *path, int fd);	/* fd -1: errno; both stay */
/* The same for the names in a folder; n is -1 with errno. */
bool	file_keep_list(const char *dir, const char *suffix, char ***ret_names, int *ret_n);
void	file_keep_listed(const char *dir, const char *suffix, char *const *names, int n);

#endif
