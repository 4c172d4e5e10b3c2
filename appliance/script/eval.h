/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A text that a person wants run: on a copy of a script that is made for it, with a `p`
 * whose decisions come to nothing.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_SCRIPT_EVAL_H
#define WEIR_SCRIPT_EVAL_H

#include <stdbool.h>
#include <stddef.h>

struct script_unit;

/* text: its values, a line, and what it printed; or its error. */
typedef void script_eval_fn(void *arg, bool ok, const char *text);
/* u NULL: without a script. done comes from here or later, once. */
void	script_eval(struct script_unit *u, const char *text, size_t len,
	    script_eval_fn *done, void *arg);

#endif
