/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of the store, JSON objects, member by member. Read, what is missing or of
 * another type is nothing, 0, false.
 *
 * any thread
 */
#ifndef WEIR_CTL_ROW_H
#define WEIR_CTL_ROW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct outbuf;

/* `"name":value` into an object that was begun with `{`, a comma before it if need be. */
void	row_put_text(struct outbuf *b, const char *name, const char *text);
void	row_put_u64(struct outbuf *b, const char *name, uint64_t v);
void	row_put_bool(struct outbuf *b, const char *name, bool v);
/* All 64 bits, which numbers of JSON have not. */
void	row_put_hex(struct outbuf *b, const char *name, uint64_t v);
/* The name alone: a value follows. */
void	row_put_name(struct outbuf *b, const char *name);
/* Of texts or numbers. */
void	row_begin_list(struct outbuf *b, const char *name);
void	row_item_text(struct outbuf *b, const char *text);
void	row_item_u64(struct outbuf *b, uint64_t v);
void	row_end_list(struct outbuf *b);
uint64_t row_hex(const json_t *row, const char *name);

static inline const char *
row_text(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text != NULL ? text : "";
}

static inline uint64_t
row_u64(const json_t *row, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(row, name));

	return v > 0 ? (uint64_t)v : 0;
}

static inline bool
row_bool(const json_t *row, const char *name)
{
	return json_is_true(json_object_get(row, name));
}

#endif
