/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of crt-lists: FILE [option ...] name ... !name ... # comment */
#ifndef WEIR_NET_TLS_LIST_H
#define WEIR_NET_TLS_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct outbuf;

/* any thread */
/* The next word: it ends at a blank, a bracket is a word of its own, `#` ends the
 * line. False: there is none. */
bool	tls_list_word(struct str *rest, struct str *ret_word);
/* The line with one blank between words; without a word, nothing. line = its number,
 * shown behind the file; 0 = not. */
void	tls_list_put(struct outbuf *b, struct str text, unsigned line);
/* Line n (from 1) of a whole list; false: there are not so many. */
bool	tls_list_line(struct str list, unsigned n, struct str *ret_line);

#endif
