/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generations of the configuration: each text that came into service, below state-dir
 * in config/N/ (its files and `meta`, a JSON object), `current` a link to the one in
 * service. 50 are kept. The folders are what counts; the store has an index of them.
 * A text that is in service already makes none.
 *
 * Control thread; files are written and read by jobs.
 */
#ifndef WEIR_CTL_GENERATION_H
#define WEIR_CTL_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct config_text;

struct generation {
	struct list	 node;		/* the oldest first */
	uint32_t	 number;
	int64_t		 at_us;		/* wall, of the schedule clock */
	char		*by, *comment;	/* owned */
	unsigned	 nfiles;
	size_t		 bytes;
	uint64_t	 digest;
	bool		 is_written;
};

/* What was loaded just now is in service. */
void	generation_loaded(const char *by, const char *comment);
uint32_t generation_current(void);	/* 0 = none */
struct generation *generation_find(uint32_t number);
extern struct list generations;

/* Its text: done(arg, text or NULL, why not), in this thread; the text is done's. */
typedef void generation_read_fn(void *arg, struct config_text *text, const char *error);
void	generation_read(uint32_t number, generation_read_fn *done, void *arg);

#endif
