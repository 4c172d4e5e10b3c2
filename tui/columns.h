/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The columns of proxies and servers (columns.def): one table for screens, batch
 * output, sorting and filters.
 */
#ifndef WEIR_TUI_COLUMNS_H
#define WEIR_TUI_COLUMNS_H

#include "tui/table.h"

extern const struct column row_columns[];
extern const unsigned nrow_columns;		/* the last is HOST, for more than one */
extern const char *const row_sets[];		/* names of the column sets; NULL at the end */

/* By its name; -1: there is none. */
int	row_column(const char *name);
/* As filters and scripts read it: times in ms, ages in s, shares in %; NAN: a text. */
double	row_value(const struct model *m, const struct row *r, int column);

/* Some columns by name, in another order, with titles and priorities of one list:
 * { "name", "BACKEND", 0, 14 }; title NULL, min 0: as it is. Ends with a name NULL. */
struct row_pick { const char *name, *title; uint8_t prio, min; };
#define PICK_MAX	24
unsigned row_columns_pick(const struct row_pick *p, struct column *ret);

/* For struct table and filter_match; a field is a column, or host, backend, server, type. */
void	row_key(const void *row, char buf[ROW_KEY_MAX]);
enum state row_state(const void *row);
bool	row_is_marked(const void *row);
bool	row_field(const void *row, const char *field, char *buf, size_t size, double *ret_num);

#endif
