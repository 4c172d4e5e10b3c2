/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The units that a metric may have, the 27 of CloudWatch by name, and what people
 * write for them. A value is converted where it is parsed and nowhere else: series
 * of another unit are other series.
 *
 * any thread
 */
#ifndef WEIR_CTL_METRIC_UNIT_H
#define WEIR_CTL_METRIC_UNIT_H

#include <stdbool.h>
#include <stddef.h>

/* Units of one kind can be converted; the base of each is seconds, bytes, bits. */
enum metric_unit_kind {
	UNIT_TIME, UNIT_BYTES, UNIT_BITS, UNIT_PERCENT, UNIT_COUNT, UNIT_BYTE_RATE,
	UNIT_BIT_RATE, UNIT_COUNT_RATE, UNIT_NONE
};

struct metric_unit {
	const char	*name;		/* "Megabytes/Second" */
	enum metric_unit_kind kind;
	double		 times, per;	/* one of it is times/per of the kind's base */
	const char	*kept;		/* "MB/s"; what values of it are written with */
};

/* The row of an exact name; NULL: none. */
const struct metric_unit *metric_unit_named(const char *name);
/* The row of what stands behind a number: a name of above, "ms", "%", "MB/s". */
const struct metric_unit *metric_unit_of_suffix(const char *suffix);
const struct metric_unit *metric_unit_row(size_t i);	/* NULL behind the last */

/* *v in `to`, a unit's name; false: it is of another kind. */
bool	 metric_unit_convert(const struct metric_unit *from, const char *to, double *v);

enum metric_number { NUMBER_OK, NUMBER_BARE, NUMBER_JUNK, NUMBER_UNIT, NUMBER_KIND };

/* `500ms` as a number of `unit` (NULL: of the base of its kind). NUMBER_BARE: there is
 * no unit; NUMBER_UNIT: an unknown one; NUMBER_KIND: one of another kind. */
enum metric_number metric_number(const char *word, const char *unit, double *ret);

#endif
