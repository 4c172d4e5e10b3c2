/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a text of words and signs from left to right: what the parsers of rules and
 * expressions begin with.
 *
 * Any thread.
 */
#ifndef WEIR_CTL_SCAN_H
#define WEIR_CTL_SCAN_H

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>

struct scan {
	const char	*text, *p;	/* p: where it is */
	char		*err;		/* borrowed: the first thing that is wrong */
	size_t		 err_size;
	bool		 is_bad;
};

static inline bool
scan_is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Only the first one counts: ` at position N` is added. */
void	scan_wrong(struct scan *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void	scan_blanks(struct scan *s);
/* Takes a word or sign, behind blanks; one of letters ends where a word does. */
bool	scan_take(struct scan *s, const char *word);
/* Nothing but blanks is left; else something is wrong. */
bool	scan_end(struct scan *s);

#endif
