/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines and fields of CSV as stats sockets write it. */
#ifndef WEIR_TUI_CSV_H
#define WEIR_TUI_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The next line of *rest without its end; false: there is none. *rest moves on. */
bool	csv_line(struct str *rest, struct str *ret_line);
/* Lines without their ends: how many there are. */
unsigned csv_lines(struct str text);

/*
 * The fields of a line, unquoted, each with a NUL, into `to` (line.len + 1 bytes); where
 * the first `max` begin into at[]. How many there are; 0: a quote or a NUL where none
 * can be. A comma at the end begins no field.
 */
unsigned csv_split(struct str line, char *to, uint32_t *at, unsigned max);

/* NAN: z is no number. */
double	csv_num(const char *z);

#endif
