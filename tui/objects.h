/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms, groups, instances, policies, functions, activities: rows of the sheets
 * of all appliances in view, as tables want them.
 */
#ifndef WEIR_TUI_OBJECTS_H
#define WEIR_TUI_OBJECTS_H

#include "tui/table.h"

struct object {
	struct host *host;
	const struct sheet *sheet;
	unsigned row;
};

/* A list that is made anew for each picture; its memory is kept. */
struct objects {
	struct object *at;		/* owned */
	const void **rows;		/* owned; pointers into at, in order */
	unsigned n, cap;
};
void	objects_fini(struct objects *o);

typedef bool objects_keep_fn(const struct model *m, const struct object *o, const void *arg);

/* Rows of a kind; keep NULL: all. */
void	objects_of(const struct model *m, enum kind kind, objects_keep_fn *keep, const void *arg,
	    struct objects *ret);
/* Rows of one sheet of each appliance, such as activities. */
typedef const struct sheet *objects_sheet_fn(const struct host *h);
void	objects_in(const struct model *m, objects_sheet_fn *sheet, objects_keep_fn *keep,
	    const void *arg, struct objects *ret);
/* Does the filter of the ui find it? By the names of its columns. */
bool	object_is_found(const struct model *m, const struct object *o);
filter_field_fn object_field;

/* What a list without rows says: that all are hidden, that HAProxy has none of these, or
 * how one is configured. */
const char *objects_none(const struct model *m, const char *haproxy, const char *how);

const char *object_get(const void *object, const char *column);
double	object_num(const void *object, const char *column);
/* The cell's text, with `-` for an empty one; the role to draw it in: R_FG. */
int	object_text(const void *object, const char *column, char *buf, size_t size);
/* Seconds since the time in the cell, by the appliance's own clock; -1: none. */
int64_t	object_age_s(const struct model *m, const void *object, const char *column);
/* The appliance's name in its colour: a column's text. */
int	object_host(const struct model *m, const void *object, char *buf, size_t size);
/* A column's text that is a cell as it is. */
#define OBJECT_CELL(fn, column, role)						\
static int									\
fn(const struct model *m, const void *row, char *buf, size_t size)		\
{										\
	(void)m;								\
	object_text(row, column, buf, size);					\
	return (role);								\
}
/* host and the first column: what a list's cursor holds on to. */
void	object_key(const void *object, char buf[ROW_KEY_MAX]);

/* A name as one word of a command: blanks and the like behind a backslash. */
void	word_quote(const char *name, char *buf, size_t size);
/* The value of a line `key: value`; "" without. */
void	answer_field(const struct answer *a, const char *key, char *buf, size_t size);

/* Seconds since an ISO 8601 time or seconds since the epoch; NAN: none. */
double	time_of(const char *text);

#endif
