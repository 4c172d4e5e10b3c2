/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that are watched and put by themselves: `sync-file NAME PATH`.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_FILE_WATCH_H
#define WEIR_CTL_FILE_WATCH_H

/* The path that is watched under this name, or NULL; *ret_error: why it cannot be read
 * or put just now, "" = it can. */
const char *file_watched(const char *name, const char **ret_error);

#endif
