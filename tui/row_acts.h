/* SPDX-License-Identifier: BSD-2-Clause */
/* What keys do with lists of proxies and servers, wherever such a list is. */
#ifndef WEIR_TUI_ROW_ACTS_H
#define WEIR_TUI_ROW_ACTS_H

#include "tui/table.h"

/* Cursor, sort, marks, open, drain, maint, ready, weight, kill, copy. */
bool	rows_act(struct model *m, struct table *t, enum act act);

/* The proxy or server in view (ui->px, ui->sv; sv "": the backend, or the frontend if
 * there is none); NULL: gone. */
struct row *row_in_view(const struct model *m);
void	row_view(struct model *m, const struct row *r);
/* Asks for, or confirms, an action on the servers that are marked, or else on r. */
void	row_action(struct model *m, const struct row *r, enum act act);

#endif
