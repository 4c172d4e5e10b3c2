/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State files: what servers were, for the next process. Read once, when the
 * process starts (state_file.c); written by command, and the one in state-dir by
 * weir itself (state_save.c).
 */
#ifndef WEIR_CTL_STATE_FILE_H
#define WEIR_CTL_STATE_FILE_H

#include <stdbool.h>

struct cfg;
struct global;
struct proxy;
struct snapshot;

/* own: the name of the backend whose file it is; NULL: the file of all */
typedef void state_file_fn(const char *path, const char *own, void *arg);

/* start-up: while the first configuration is loaded, behind the last file */
void	state_files_read(struct cfg *c);

/* start-up, control thread */
/* Each file that the configuration names. */
void	state_files_each(const struct snapshot *s, state_file_fn *fn, void *arg);
bool	state_file_is_for(const struct proxy *px, const char *own);
/* The file of all is the one in state-dir, which nobody else writes. */
bool	state_file_is_kept(const struct global *g);
/* Owned by the caller; of all: NULL when there is none. */
char	*state_file_of_all(const struct global *g);
char	*state_file_of_backend(const struct proxy *px);

/* control thread */
/* Write all of them, in a job thread. done: text = what went wrong, or NULL. -1:
 * the configuration names none. */
typedef void state_saved_fn(void *arg, const char *text);
int	state_files_save(state_saved_fn *done, void *arg);

#endif
