/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was changed at run time and stands in no file, as a difference: below a line
 * `@@ SECTION @@` what the files say (-) and what holds (+), in the files' words where
 * they have some.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_UNSAVED_H
#define WEIR_API_UNSAVED_H

#include <stdbool.h>

#include "base/out.h"

struct unsaved {
	struct outbuf	*b;
	char		 section[320];
	bool		 is_told;	/* the line of the section is written */
};

void	unsaved_in(struct unsaved *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void	unsaved_line(struct unsaved *u, char sign, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

void	unsaved_proxies(struct unsaved *u);	/* and global, servers, lists, files */
void	unsaved_control(struct unsaved *u);	/* groups, policies, alarms, scripts */

#endif
