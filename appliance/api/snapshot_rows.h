/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of `show snapshot` that are no statistics: a kind each, its objects by name.
 * A new kind is an entry in the table of snapshot_rows.c.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_SNAPSHOT_ROWS_H
#define WEIR_API_SNAPSHOT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

struct outbuf;

typedef void snapshot_name_fn(const char *name, void *arg);

struct snapshot_rows {
	const char	*kind;		/* "alarm": first field of its rows */
	uint32_t	 ages;		/* bits of columns that grow by themselves: no news */
	/* The columns: "name,state,...", without an end of line. */
	void		(*head)(struct outbuf *b);
	/* All names that there are now. */
	void		(*each)(snapshot_name_fn *fn, void *arg);
	/* The fields of one, without an end of line; false: it has gone. */
	bool		(*put)(struct outbuf *b, const char *name);
};

extern const struct snapshot_rows alarm_rows;	/* alarm_put.c */

/* NULL behind the last. */
const struct snapshot_rows *snapshot_rows_at(unsigned i);
/* What of a row's fields is news when it changes, as a hash. */
uint64_t snapshot_rows_hash(const struct snapshot_rows *r, const char *fields);

#endif
