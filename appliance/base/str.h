/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spans of text, and the one place that parses numbers, durations and sizes.
 * A span is not NUL-terminated and does not own its bytes.
 */
#ifndef WEIR_BASE_STR_H
#define WEIR_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char	*p;
	size_t		 len;
};

#define STR(lit)	((struct str){ (lit), sizeof(lit) - 1 })
#define STR_NONE	((struct str){ NULL, 0 })
#define STR_FMT		"%.*s"
#define STR_ARG(s)	(int)(s).len, (s).p

static inline struct str
str_of(const char *z)
{
	return (struct str){ z, strlen(z) };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool
str_is(struct str a, const char *z)
{
	return str_eq(a, str_of(z));
}

static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* any thread */
bool	 str_ieq(struct str a, struct str b);		/* ASCII case ignored */
bool	 str_starts(struct str s, struct str prefix);
bool	 str_istarts(struct str s, struct str prefix);
bool	 str_ends(struct str s, struct str suffix);
bool	 str_iends(struct str s, struct str suffix);
struct str str_trim(struct str s);			/* blanks and tabs, both ends */
const char *str_find(struct str hay, struct str needle);	/* NULL = none */
const char *str_ifind(struct str hay, struct str needle);
/* Next element of a comma list: trimmed, empty ones skipped; false at the end. */
bool	 str_next_elem(struct str *rest, char sep, struct str *ret_elem);
uint64_t str_hash(struct str s);			/* xxh3 */

/* Numbers: the whole span must be consumed; false on junk or overflow. */
bool	 str_to_u64(struct str s, uint64_t *ret_v);	/* digits only, at least one */
bool	 str_to_i64(struct str s, int64_t *ret_v);	/* optional sign */
bool	 str_to_hex(struct str s, uint64_t *ret_v);	/* 1..16 hex digits */

enum parse_result { PARSE_OK, PARSE_EMPTY, PARSE_JUNK, PARSE_UNIT, PARSE_OVERFLOW };
const char *parse_result_text(enum parse_result r);	/* for messages */
/* Duration `10`, `10ms`, `5s` ... in microseconds; a bare number counts in
 * default_unit_us (1000 for HAProxy's milliseconds). Units us ms s m h d. */
enum parse_result str_to_duration_us(struct str s, uint64_t default_unit_us,
	    uint64_t *ret_us);
/* Size with k, m, g (1024), upper or lower case. */
enum parse_result str_to_size(struct str s, uint64_t *ret_bytes);

/* The candidate nearest to word by edit distance, or NULL when none is near
 * (distance <= 1 + len/3). next(i) yields candidates until NULL. */
/* Words of a row's name: one more than it has blanks. */
int	str_words(const char *name);
const char *str_nearest(const char *word, const char *(*next)(size_t i, void *arg),
	    void *arg);

#endif
