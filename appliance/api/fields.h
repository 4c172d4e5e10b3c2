/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of named values, as CSV below a `#` line of names or as one JSON list of
 * objects on one line. The order of calls is the order of the names.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_FIELDS_H
#define WEIR_API_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/out.h"

struct fields {
	struct outbuf	*b;
	const char	*names;		/* "name,min,max"; constant */
	const char	*at;		/* behind the name of the value before */
	const char	*prefix;	/* of CSV rows: "group,"; may be "" */
	bool		 is_json;
	unsigned	 nrows;
};

void	fields_begin(struct fields *f, struct outbuf *b, const char *names, bool is_json);
void	fields_end(struct fields *f);
void	fields_row(struct fields *f);		/* before its values */
void	fields_row_end(struct fields *f);
void	fields_text(struct fields *f, const char *z);	/* NULL: empty, null */
void	fields_u64(struct fields *f, uint64_t v);
void	fields_bool(struct fields *f, bool is_on);	/* CSV: 1 or 0 */
void	fields_time(struct fields *f, uint64_t wall_us);	/* seconds; 0: empty, null */
/* CSV: 2013-02-15T16:30:00.000Z; JSON: as fields_time */
void	fields_instant(struct fields *f, uint64_t wall_us);

#endif
