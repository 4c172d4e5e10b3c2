/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the room: one file under work, for parse.c and directive.c. */
#ifndef WEIR_CFG_PARSE_IN_H
#define WEIR_CFG_PARSE_IN_H

#include <stdbool.h>

#include "base/log.h"
#include "base/str.h"
#include "cfg/word.h"

struct cfg;

#define IF_DEPTH_MAX	100

enum if_state {
	IF_TAKEN,	/* this branch is parsed */
	IF_WAITING,	/* no branch was taken yet */
	IF_DONE,	/* an earlier branch was taken, or the condition was bad */
	IF_OUTSIDE	/* the whole block is inside a skipped one */
};

struct cfg_file {
	struct cfg	*c;
	enum if_state	 ifs[IF_DEPTH_MAX];
	bool		 has_else[IF_DEPTH_MAX];
	int		 depth;		/* open .if blocks */
};

/* control thread or a job thread */
bool	directive_is_skipping(const struct cfg_file *f);
/* Does the line begin with .if, .elif, .else or .endif? */
bool	directive_is_conditional(struct str line);
/* A line whose first word begins with a dot. */
void	directive_run(struct cfg_file *f, const struct words *words);
void	directive_end(struct cfg_file *f);	/* of the file: open blocks */

/* "config : parsing [FILE:LINE]: text": the lexer's and the directives' form */
void	parse_say(struct cfg *c, enum log_level level, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/* Variables of c for the lexer, .FILE and its like among them. */
struct word_env parse_env(struct cfg *c);

#endif
