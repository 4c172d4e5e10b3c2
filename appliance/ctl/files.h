/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that instances are to have: put by a command or by `sync-file`, kept in the
 * store, brought to instances by file_sync.c. Of a file the newest content is kept;
 * its version goes on when it is deleted and put again.
 *
 * Bounds: FILE_BYTES_MAX each, FILES_MAX of them, FILES_BYTES_MAX together.
 *
 * Everything here: control thread, unless said.
 */
#ifndef WEIR_CTL_FILES_H
#define WEIR_CTL_FILES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

#define FILE_NAME_MAX	64u
#define FILE_BYTES_MAX	(1u << 20)
#define FILES_BYTES_MAX	(16u << 20)
#define FILES_MAX	100u	/* and so many deleted ones, whose versions are known */

/* Bytes that never change; any thread. */
struct file_text {
	atomic_uint	 refs;
	size_t		 len;
	char		 data[];
};
struct file_text *file_text_new(const void *data, size_t len);
struct file_text *file_text_ref(struct file_text *t);
void	file_text_unref(struct file_text *t);	/* NULL is fine */

struct kept_file {
	struct list	 node;		/* by name */
	char		 name[FILE_NAME_MAX + 1];
	uint32_t	 version;	/* from 1 */
	struct file_text *text;		/* held; NULL: it is deleted */
};

extern struct list kept_files;
#define KEPT_FILE_OF(n)	LIST_ITEM(n, struct kept_file, node)

/* [A-Za-z0-9_][A-Za-z0-9._-]{0,63}; any thread */
bool	file_is_name(const char *name);
struct kept_file *files_find(const char *name);	/* deleted ones too */
/* The same bytes as before are no new version. NULL, or what forbids it (owned by the
 * caller). */
char	*files_put(const char *name, const void *data, size_t len);
bool	files_drop(const char *name);		/* false: there is none */

/* Called when a file has another version, or went. */
typedef void file_changed_fn(struct kept_file *f);
void	files_on_change(file_changed_fn *fn);

#endif
