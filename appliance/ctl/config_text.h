/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of a configuration: its files in the order in which they are read, and how
 * the command line names them (a file, or a folder that stands for its *.cfg). One
 * form for what runs, what lies on disk, and what lies in a generation.
 */
#ifndef WEIR_CTL_CONFIG_TEXT_H
#define WEIR_CTL_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_keep;
struct outbuf;

struct config_arg {
	char		*path;		/* owned */
	bool		 is_folder;
	unsigned	 nfiles;	/* of the files, in order, these are its own */
};

struct config_file {
	char		*path;		/* owned; as messages name it */
	char		*data;		/* owned, NUL behind it */
	size_t		 len;
};

struct config_text {
	struct config_arg *args;	/* owned */
	struct config_file *files;	/* owned */
	unsigned	 nargs, nfiles;
};

/* any thread */
struct config_text *config_text_new(void);
void	config_text_free(struct config_text *t);	/* NULL is fine */
void	config_text_arg(struct config_text *t, const char *path, bool is_folder);
/* Of the last argument; data becomes its own. */
void	config_text_file(struct config_text *t, const char *path, char *data, size_t len);
/* As kept; NULL: not all of it is (*ret_missing, owned by the caller, says what). */
struct config_text *config_text_kept(struct file_keep *k, char *const *paths, int npaths,
	    char **ret_missing);
/* As it lies on disk: a job thread's work; NULL: as above. */
struct config_text *config_text_read(char *const *paths, int npaths, char **ret_missing);
uint64_t config_text_digest(const struct config_text *t);
size_t	config_text_bytes(const struct config_text *t);
/* The same arguments, in the same order. */
#define CONFIG_TEXT_OTHER "it was loaded from other files than those of the command line"
bool	config_text_is_for(const struct config_text *t, char *const *paths, int npaths);
/* What a load finds in place of the files (FILE_KEEP_SEEDED). */
struct file_keep *config_text_seed(const struct config_text *t);
/* All of it, a line before each file that names it, secrets hidden (config_hide). */
void	config_text_put(struct outbuf *b, const struct config_text *t);

#endif
