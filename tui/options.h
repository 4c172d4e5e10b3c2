/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line, from the table options.def.
 */
#ifndef WEIR_TUI_OPTIONS_H
#define WEIR_TUI_OPTIONS_H

#include <stdbool.h>

#include "base/str.h"
#include "tui/batch.h"
#include "tui/theme.h"

#define SOURCES_MAX	16

struct options {
	char	*config;		/* owned: text of weirtop.conf, others point into it */
	const char *where[SOURCES_MAX];	/* [NAME=]PATH or HOST:PORT */
	unsigned nwhere;
	double	 interval_s, timeout_s, speed;
	bool	 is_readonly, is_hard;
	const char *screen, *filter, *proxy;
	bool	 is_batch;		/* text, not a screen */
	unsigned count;			/* 0: until it is ended */
	bool	 is_repeated, has_count;	/* -b and --count were given */
	struct batch_options batch;
	const char *record, *replay, *at;
	bool	 no_tui, anonymize;
	int	 color;			/* -1: auto; enum depth */
	const char *theme;		/* NULL: auto */
	int	 graph;			/* -1: by the terminal; enum glyph_set */
	bool	 is_slow, has_mouse, keeps_last;
	const char *dump, *dump_at_exit, *keys;
	int	 width, height;
	int64_t	 now_ms;		/* 0: the clock's */
};

/* Usage errors end the program with status 2, --help and --version with 0. */
void	options_parse(struct options *o, int argc, char **argv);

/* A long option of a file, by its name; what is wrong, or NULL. The value is kept. */
const char *options_set(struct options *o, struct str name, const char *value);
/* Errors name that file and line from now on; NULL: no more. */
void	options_where(const char *path, const int *line);

#endif
