/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The folder of instances, on the helper's side: what a child has there is ID.child, the
 * socket of its warden, ID.files, and what it makes itself. Nothing in it is believed: a
 * child's user may be able to write there, so links are never followed.
 *
 * Process: the helper, or a warden.
 */
#ifndef WEIR_EVENT_PROGRAM_FOLDER_H
#define WEIR_EVENT_PROGRAM_FOLDER_H

#include "event/program.h"

const char *program_folder(void);	/* its path; NULL: none */
void	program_folder_fini(void);
int	program_folder_open(void);	/* made when it is not there; -1 with errno */

/* dir: the open folder */
/* A socket in it, by its name; type SOCK_STREAM or SOCK_SEQPACKET. -1 with errno. */
int	program_folder_connect(int dir, const char *name, int type);
/* The warden of the first child behind `after`; -1 with errno. */
int	program_folder_adopt(int dir, const char *after, char ret_id[CHILD_ID_MAX + 1]);
/* All that a child has there. */
void	program_folder_remove(int dir, const char *id);
/* What was made for children that never came, or are gone: at the start. */
void	program_folder_sweep(int dir);
/* What was made for a child that never was; false: it is there. */
bool	program_folder_forget(int dir, const char *id);

#endif
