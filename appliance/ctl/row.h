/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading rows of the store: what is missing or of another type is nothing, 0, false.
 *
 * any thread
 */
#ifndef WEIR_CTL_ROW_H
#define WEIR_CTL_ROW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

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
