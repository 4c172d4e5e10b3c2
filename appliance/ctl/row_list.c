/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows that a former process left; see row_list.h. */
#include "ctl/row_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"

struct reading {
	struct list	*rows;
	const char	*prefix;
};

static void
on_row(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	const struct reading *to = arg;
	size_t skipped = strlen(to->prefix);
	json_error_t err;
	struct saved_row *r;
	json_t *row;

	(void)t_us;
	if (strncmp(key, to->prefix, skipped) != 0)
		return;
	row = json_loadb(data, len, 0, &err);
	if (!json_is_object(row)) {
		log_warnx("the row '%s' of the store is damaged and left out: %s", key, err.text);
		json_decref(row);
		return;
	}
	r = xcalloc(1, sizeof *r);
	r->key = xstrdup(key + skipped);
	r->row = row;
	list_append(to->rows, &r->node);
}

void
saved_rows_read(struct list *rows, enum store_table t, const char *prefix)
{
	struct reading to = { rows, prefix };

	store_each(t, on_row, &to);
}

struct saved_row *
saved_row_find(struct list *rows, const char *key)
{
	SAVED_ROWS_EACH(r, rows)
		if (strcmp(r->key, key) == 0)
			return r;
	return NULL;
}

void
saved_row_free(struct saved_row *r)
{
	list_del(&r->node);
	json_decref(r->row);
	free(r->key);
	free(r);
}

void
saved_rows_free(struct list *rows)
{
	SAVED_ROWS_EACH(r, rows)
		saved_row_free(r);
}
