/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configurations from files to service. A reload builds a new snapshot aside, in
 * a job thread, checks it against the running process and publishes it; an error
 * leaves the old one in service.
 */
#ifndef WEIR_CTL_RELOAD_H
#define WEIR_CTL_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config_text;
struct diag;
struct file_keep;
struct snapshot;

/* start-up */
void	config_set_paths(char **paths, int npaths);	/* borrowed: of -f, in order */

/* What the command line says over any configuration (-n, -N, -dS). */
void	config_set_adjust(void (*fn)(struct snapshot *s));

/* any thread: parse and check everything; NULL after errors, which are in d */
struct snapshot *config_load(struct diag *d, bool is_reload);

/* control thread */
/* Start one; done is called in this thread with what was said. -1: one is under
 * way already. */
typedef void reload_done_fn(void *arg, bool ok, const char *messages);
int	reload_request(reload_done_fn *done, void *arg);
/* The same, but: only looked at; from a text in place of the files; for a generation. */
struct reload_how {
	bool		 is_check;	/* parsed and checked, not put into service */
	struct file_keep *seed;		/* config_text_seed's; taken over. NULL: the files */
	const char	*by, *comment;	/* copied; NULL = "" */
};
int	reload_request_how(const struct reload_how *how, reload_done_fn *done, void *arg);
unsigned reload_count(void), reload_failed(void);
/* Build again from the files as they were last loaded, for the overlay, which is
 * told of the end. -1: something is built already. */
int	config_rebuild(void);
size_t	config_kept_bytes(void);
/* The text in service; NULL: not all of it is kept (ctl/config_text.h). */
struct config_text *config_text_now(char **ret_missing);
/* Files that commands gave other bytes than those on disk. */
void	config_changed_each(void (*fn)(const char *path, void *arg), void *arg);
/* What the command line names. */
char	*const *config_paths(int *ret_n);
/* A file as it was last loaded, or as commands have changed it since; see
 * file_keep_copy, file_keep_names. */
char	*config_file(const char *path, size_t *ret_len);
int	config_folder(const char *dir, char ***ret_names);

#endif
