/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of a configuration line; see word.c. */
#ifndef WEIR_CFG_WORD_H
#define WEIR_CFG_WORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct arena;

#define WORDS_MAX	2048			/* on one line */
#define WORD_TEXT_MAX	(1024 * 1024)		/* bytes of a line, expanded */

/* Where variables come from: the value, or NULL when there is none. */
struct word_env {
	const char	*(*lookup)(void *arg, const char *name);
	void		*arg;
};

/* One line in words: NUL-terminated, unquoted and expanded. */
struct words {
	char		**w;		/* [n], into text; w[n] is NULL */
	int		  n;
	char		 *text;		/* the words, each with its NUL */
	char		 *is_dollar;	/* [len]: this byte of text was a bare `$` */
	size_t		  len;
};

/* What is wrong with a line, for "WHAT at position POS:". */
struct word_fault {
	const char	*what;		/* static */
	size_t		 at;		/* offset in the line, from 0 */
};

/* any thread. 0, or -1 with a fault; what is returned lives in the arena. */
int	word_split(struct arena *a, struct str line, const struct word_env *env,
	    struct words *ret_words, struct word_fault *ret_fault);
/* An address: the bare `$NAME`, `${NAME}` and `${NAME-default}` of a word of
 * `words` expanded too. Other pointers are returned as they are. */
char	*word_expand(struct arena *a, const struct words *words, char *word,
	    const struct word_env *env);
/* "WHAT at position N:", the line and a caret below; malloc'ed. */
char	*word_fault_text(const struct word_fault *fault, struct str line);

/* Arguments in parentheses: lexed again, without comments, variables and \xNN.
 * text begins after `(`. Returns the bytes before the closing `)`, or -1 when
 * there is none or a quote is open. */
long	word_args_end(const char *text);
/* Split such a text (without the parentheses) at commas. 0, or -1 with a fault. */
int	word_args(struct arena *a, struct str inside, char ***ret_words, int *ret_n,
	    struct word_fault *ret_fault);

#endif
