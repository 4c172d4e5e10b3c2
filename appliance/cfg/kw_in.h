/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the room: the table of rows (kw.c) for the driver (parse.c). */
#ifndef WEIR_CFG_KW_IN_H
#define WEIR_CFG_KW_IN_H

#include <stdbool.h>
#include <stdint.h>

struct kw_row;
struct section_row;

/* any thread */
const struct section_row *kw_section(const char *name);
/* The nearest of what may stand there to the first words of a line, sections
 * included if with_sections; or NULL. *ret_typed (malloc'ed): the words that
 * were looked for, "timeout clinet" if there are rows "timeout ...". */
const char *kw_nearest(uint32_t in, char **words, int n, bool with_sections,
	    char **ret_typed);

#endif
