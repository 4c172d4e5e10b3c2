/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state in one file, and back: what modules keep in the store, written while all
 * goes on, and merged into what lives. A line `{"weir-state":1,...}`, a line for each
 * row, a line with their number. Which instances there are is no part of it: the
 * provider tells that.
 *
 * What comes back is looked at as a whole first: one bad row, and nothing is changed.
 * All is done in pieces, between which other work goes on.
 *
 * Everything here: control thread; files are read and written by jobs.
 */
#ifndef WEIR_CTL_ARCHIVE_H
#define WEIR_CTL_ARCHIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbuf;

struct archive_row {
	const char	*key;
	int64_t		 t_us;
	const json_t	*row;		/* an object */
};

struct archive_part {
	const char	*name;
	/* Put rows by the functions of the store. *cursor is 0 at first and the part's to
	 * use; true: there is more, call again. */
	bool		(*save)(uint64_t *cursor);
	/* What is wrong with it, owned by the caller; NULL: it is fine. May be NULL. */
	char		*(*check)(const struct archive_row *r);
	/* Lines of what changed, or was left out, go to changes. */
	void		(*restore)(const struct archive_row *r, struct outbuf *changes);
	void		(*end)(struct outbuf *changes);	/* behind the last row; may be NULL */
	struct archive_part *next;
};

/* start-up; borrowed for good. The order of names is that of rows in the file. */
void	archive_register(struct archive_part *p);

/* text: what was done, or why nothing was. -1: one is under way already. */
typedef void archive_done_fn(void *arg, bool ok, const char *text);
int	archive_save(const char *path, archive_done_fn *done, void *arg);
int	archive_restore(const char *path, archive_done_fn *done, void *arg);

#endif
