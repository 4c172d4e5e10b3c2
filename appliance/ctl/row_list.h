/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows that a former process left in the store, until somebody takes them up.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_ROW_LIST_H
#define WEIR_CTL_ROW_LIST_H

#include <jansson.h>

#include "base/list.h"
#include "ctl/store.h"

struct saved_row {
	struct list	 node;		/* the oldest first */
	char		*key;		/* owned; without the prefix */
	json_t		*row;		/* owned; an object */
};

/* At start: those whose key begins so ("" = all), behind what is in the list. Damaged
 * ones are told and left out. */
void	saved_rows_read(struct list *rows, enum store_table t, const char *prefix);
struct saved_row *saved_row_find(struct list *rows, const char *key);	/* NULL: none */
void	saved_row_free(struct saved_row *r);
void	saved_rows_free(struct list *rows);

#define SAVED_ROWS_EACH(r, rows) \
	for (struct saved_row *r = LIST_ITEM((rows)->next, struct saved_row, node), *r##_next; \
	    r##_next = LIST_ITEM(r->node.next, struct saved_row, node), &r->node != (rows); \
	    r = r##_next)

#endif
