/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model as text for scripts: a table, CSV, or one JSON object a tick; and
 * conditions that become an exit status. No escape sequence is ever written.
 */
#ifndef WEIR_TUI_BATCH_H
#define WEIR_TUI_BATCH_H

#include "tui/model.h"

enum batch_form { BATCH_TEXT, BATCH_CSV, BATCH_JSON };

struct batch_options {
	enum batch_form form;
	const char *cols;		/* NULL: the usual ones */
	const char *filter;		/* NULL: all rows */
	/* NULL: no check; "": alarms and backends without servers */
	const char *check;
	unsigned ticks;			/* printed so far */
};

/* An error text when cols, filter or check are wrong; NULL: fine. */
const char *batch_validate(const struct batch_options *o);
/* One tick to stdout. False: nobody reads any more. */
bool	batch_print(const struct model *m, struct batch_options *o);
/* Is the condition met? Prints what met it, a line each, to stdout. */
bool	batch_check(const struct model *m, const struct batch_options *o);

#endif
