/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State files: read once, when the process starts; written by command.
 */
#ifndef WEIR_CTL_STATE_FILE_H
#define WEIR_CTL_STATE_FILE_H

#include <stdbool.h>

struct cfg;
struct snapshot;

/* start-up: while the first configuration is loaded, behind the last file */
void	state_files_read(struct cfg *c);
/* start-up: fn(path) for each file that may be written */
void	state_files_each(const struct snapshot *s, void (*fn)(const char *path));

/* control thread */
/* Write all of them, in a job thread. done: text = what went wrong, or NULL. -1:
 * the configuration names none. */
typedef void state_saved_fn(void *arg, const char *text);
int	state_files_save(state_saved_fn *done, void *arg);

#endif
