/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter language of lists: words are substrings (smart case), !word, /re/,
 * field:value, field>number, and, or, parentheses; words side by side are `and`.
 * One language for servers, requests, events and sheets: a filter asks for
 * fields by name, a list answers.
 */
#ifndef WEIR_TUI_FILTER_H
#define WEIR_TUI_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct filter;

/*
 * Answers a field of a row: text into buf, or a number into *ret_num (times in
 * ms, ages in s, shares in %); false: there is no such field. field NULL: the
 * text that plain words search.
 */
typedef bool filter_field_fn(const void *row, const char *field, char *buf, size_t size,
	    double *ret_num);

/* NULL: it does not parse, and err says where and what was expected. */
struct filter *filter_new(const char *text, char *err, size_t size);
void	filter_free(struct filter *f);
bool	filter_match(const struct filter *f, filter_field_fn *fn, const void *row);

#endif
