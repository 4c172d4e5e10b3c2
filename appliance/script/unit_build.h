/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building a script of a unit without holding anybody up: a job reads its file, if no
 * text is given, loads and validates it; then, in slices between which the loop turns,
 * each of its functions that something asks for is tried. One is under way at a time,
 * others wait.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_SCRIPT_UNIT_BUILD_H
#define WEIR_SCRIPT_UNIT_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct script;
struct script_building;
struct script_unit;

typedef void script_built_fn(struct script_building *b);

struct script_building {
	struct script_unit *unit;
	char		*text;		/* owned; NULL: that of its file */
	size_t		 len;
	bool		 is_untried;	/* only loaded: for scratch copies */
	script_built_fn	*done;
	void		*arg;
	/* the answer: one of these */
	struct script	*script;	/* held, unless done takes it and leaves NULL */
	char		*error;		/* owned */
	/* its own */
	struct list	 node;
	char		*path, **args;	/* owned: of the unit, when it began */
	int		 nargs;
	uint64_t	 now_us;
	unsigned	 next;		/* function to be tried */
};

/* Text is copied; done comes later, never from here, unless weir stops before; until
 * then members as is_untried may be set. */
struct script_building *script_build(struct script_unit *u, const char *text, size_t len,
	    script_built_fn *done, void *arg);
void	script_builds_stop(void);

#endif
