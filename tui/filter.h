/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter language of lists: words are substrings (smart case), !word, /re/,
 * field:value, field>number, and, or, parentheses; words side by side are `and`.
 * One language for servers, requests, events and sheets: a filter asks for
 * fields by name, a list answers.
 *
 *	web            has it in its text        "two words"  quoted: blanks, ( and )
 *	!web  not web  has it not                /^web-\d/    a regular expression
 *	state:down     the field has it          name=web-1 name!=web-1  it is all of it
 *	path~^/api     regular expression        p99>300 5xx>=1% ta>1s changed<5m in>2M
 *	a b  a and b   both                      a or b  ( )  @saved
 *
 * Small letters find capitals too. Units: us ms s m h d, %, k M G.
 */
#ifndef WEIR_TUI_FILTER_H
#define WEIR_TUI_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct filter;

/*
 * Answers a field of a row: text into buf, or a number into *ret_num (shares in %,
 * times in ms; age, changed, since, cooldown, left and idle in s); both are empty
 * when it is called. False: there is no such field. field NULL: the text that plain
 * words search.
 */
typedef bool filter_field_fn(const void *row, const char *field, char *buf, size_t size,
	    double *ret_num);

/* NULL: it does not parse, and err says where and what was expected. */
struct filter *filter_new(const char *text, char *err, size_t size);
void	filter_free(struct filter *f);
/* f NULL: true. */
bool	filter_match(const struct filter *f, filter_field_fn *fn, const void *row);
/* The first field that the row does not know; NULL: it knows all. */
const char *filter_unknown(const struct filter *f, filter_field_fn *fn, const void *row);

/* Saved ones, by the name behind @. False: it is too long, or there are too many. */
bool	filter_save(const char *name, const char *text);
const char *filter_saved(const char *name);
const char *filter_saved_at(unsigned i, const char **ret_text);	/* its name; NULL: the end */

#endif
