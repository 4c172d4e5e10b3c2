/* SPDX-License-Identifier: BSD-2-Clause */
/* What batch.c and batch_json.c share. */
#ifndef WEIR_TUI_BATCH_IN_H
#define WEIR_TUI_BATCH_IN_H

#include "tui/filter.h"
#include "tui/model.h"

#define BATCH_COLUMNS_MAX	64

/* One tick under work. */
struct batch {
	const struct model *m;
	struct filter *filter;		/* NULL: all rows */
	int	 columns[BATCH_COLUMNS_MAX];
	unsigned ncolumns;
	bool	 is_first;
};

/* Rows of all hosts that the filter finds. */
#define BATCH_ROWS(t, r)							\
	for (unsigned h_ = 0, i_; h_ < (t)->m->nhosts; h_++)			\
		for (i_ = 0; i_ < (t)->m->hosts[h_]->nrows; i_++)		\
			for (const struct row *r = (t)->m->hosts[h_]->rows[i_];	\
			    r != NULL; r = NULL)				\
				if (batch_wants((t)->filter, r))

bool	batch_wants(const struct filter *f, const struct row *r);
/* Numbers of columns by a comma list of names; 0: *ret_error. */
unsigned batch_columns(const char *names, int *ret, const char **ret_error);
const char *batch_column_name(int column);
/* A number, or NAN and its text. */
double	batch_value(const struct model *m, const struct row *r, int column, char *buf, size_t size);
void	batch_json(const struct batch *t, struct outbuf *b);

void	iso_time(int64_t ms, char *buf, size_t size);
void	put_clean(struct outbuf *b, const char *z);
void	put_number(struct outbuf *b, double v);

#endif
