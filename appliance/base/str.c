/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spans of text: comparing, searching, splitting, and the one place that turns
 * text into numbers, durations and sizes. Nothing here depends on the locale.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/str.h"

#define NEAREST_MAX	64	/* longer words get no suggestion */

static bool
mem_ieq(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

bool
str_ieq(struct str a, struct str b)
{
	return a.len == b.len && mem_ieq(a.p, b.p, a.len);
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len &&
	    str_eq((struct str){ s.p, prefix.len }, prefix);
}

bool
str_istarts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && mem_ieq(s.p, prefix.p, prefix.len);
}

bool
str_ends(struct str s, struct str suffix)
{
	return suffix.len == 0 || (s.len >= suffix.len &&
	    memcmp(s.p + s.len - suffix.len, suffix.p, suffix.len) == 0);
}

bool
str_iends(struct str s, struct str suffix)
{
	return suffix.len == 0 || (s.len >= suffix.len &&
	    mem_ieq(s.p + s.len - suffix.len, suffix.p, suffix.len));
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str
str_trim(struct str s)
{
	while (s.len > 0 && is_blank(*s.p)) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

const char *
str_find(struct str hay, struct str needle)
{
	if (needle.len == 0)
		return hay.p;
	if (hay.len < needle.len)
		return NULL;
	return memmem(hay.p, hay.len, needle.p, needle.len);
}

const char *
str_ifind(struct str hay, struct str needle)
{
	char first;

	if (needle.len == 0)
		return hay.p;
	first = ascii_lower(needle.p[0]);
	for (size_t i = 0; i + needle.len <= hay.len; i++)
		if (ascii_lower(hay.p[i]) == first &&
		    mem_ieq(hay.p + i, needle.p, needle.len))
			return hay.p + i;
	return NULL;
}

bool
str_next_elem(struct str *rest, char sep, struct str *ret_elem)
{
	struct str e;
	const char *at;

	while (rest->len > 0) {
		at = memchr(rest->p, sep, rest->len);
		e.p = rest->p;
		e.len = at != NULL ? (size_t)(at - rest->p) : rest->len;
		rest->p += e.len + (at != NULL);
		rest->len -= e.len + (at != NULL);
		e = str_trim(e);
		if (e.len > 0) {
			*ret_elem = e;
			return true;
		}
	}
	return false;
}

uint64_t
str_hash(struct str s)
{
	return XXH3_64bits(s.p, s.len);
}

/* Leading digits of s; their number, or 0 on none and SIZE_MAX on overflow. */
static size_t
scan_u64(struct str s, uint64_t *ret_v)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return SIZE_MAX;
	if (i > 0)
		*ret_v = v;
	return i;
}

bool
str_to_u64(struct str s, uint64_t *ret_v)
{
	uint64_t v = 0;

	if (s.len == 0 || scan_u64(s, &v) != s.len)
		return false;
	*ret_v = v;
	return true;
}

bool
str_to_i64(struct str s, int64_t *ret_v)
{
	uint64_t v, limit = INT64_MAX;
	bool is_negative = false;

	if (s.len > 0 && (*s.p == '-' || *s.p == '+')) {
		is_negative = *s.p == '-';
		s.p++;
		s.len--;
	}
	if (!str_to_u64(s, &v) || v > limit + is_negative)
		return false;
	*ret_v = (int64_t)(is_negative ? 0 - v : v);
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
str_to_hex(struct str s, uint64_t *ret_v)
{
	uint64_t v = 0;

	if (s.len == 0 || s.len > 16)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		int d = hex_digit(s.p[i]);

		if (d < 0)
			return false;
		v = v << 4 | (uint64_t)d;
	}
	*ret_v = v;
	return true;
}

const char *
parse_result_text(enum parse_result r)
{
	switch (r) {
	case PARSE_OK:
		return "ok";
	case PARSE_EMPTY:
		return "empty value";
	case PARSE_JUNK:
		return "not a number";
	case PARSE_UNIT:
		return "unknown unit";
	case PARSE_OVERFLOW:
		return "value too large";
	}
	return "unknown error";
}

struct unit {
	const char	*name;
	uint64_t	 factor;
};

/* A number and one of the units; `bare` applies when there is none. */
static enum parse_result
number_with_unit(struct str s, const struct unit *units, uint64_t bare,
    uint64_t *ret_v)
{
	uint64_t v, factor = 0;
	size_t n;

	if (s.len == 0)
		return PARSE_EMPTY;
	if ((n = scan_u64(s, &v)) == 0)
		return PARSE_JUNK;
	if (n == SIZE_MAX)
		return PARSE_OVERFLOW;
	s.p += n;
	s.len -= n;
	if (s.len == 0)
		factor = bare;
	for (; s.len > 0 && units->name != NULL; units++)
		if (str_is(s, units->name))
			factor = units->factor;
	if (factor == 0)
		return PARSE_UNIT;
	if (__builtin_mul_overflow(v, factor, &v))
		return PARSE_OVERFLOW;
	*ret_v = v;
	return PARSE_OK;
}

enum parse_result
str_to_duration_us(struct str s, uint64_t default_unit_us, uint64_t *ret_us)
{
	static const struct unit units[] = {
		{ "us", 1 }, { "ms", 1000 }, { "s", 1000000 },
		{ "m", 60000000 }, { "h", 3600000000 },
		{ "d", 86400000000 }, { NULL, 0 }
	};

	return number_with_unit(s, units, default_unit_us, ret_us);
}

enum parse_result
str_to_size(struct str s, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{ "k", 1 << 10 }, { "K", 1 << 10 }, { "m", 1 << 20 },
		{ "M", 1 << 20 }, { "g", 1 << 30 }, { "G", 1 << 30 },
		{ NULL, 0 }
	};

	return number_with_unit(s, units, 1, ret_bytes);
}

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* One row of edit_distance: cur from the two before it. */
static void
edit_row(const char *a, size_t i, struct str b, unsigned *cur,
    const unsigned *prev, const unsigned *prev2)
{
	char x = ascii_lower(a[i - 1]);

	cur[0] = (unsigned)i;
	for (size_t j = 1; j <= b.len; j++) {
		char y = ascii_lower(b.p[j - 1]);

		cur[j] = min3(prev[j] + 1, cur[j - 1] + 1,
		    prev[j - 1] + (x != y));
		if (i > 1 && j > 1 && x == ascii_lower(b.p[j - 2]) &&
		    y == ascii_lower(a[i - 2]) && prev2[j - 2] + 1 < cur[j])
			cur[j] = prev2[j - 2] + 1;
	}
}

/* Damerau-Levenshtein (adjacent swaps), case ignored; both <= NEAREST_MAX. */
static unsigned
edit_distance(struct str a, struct str b)
{
	unsigned rows[3][NEAREST_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.len; i++)
		edit_row(a.p, i, b, rows[i % 3], rows[(i + 2) % 3],
		    rows[(i + 1) % 3]);
	return rows[a.len % 3][b.len];
}

int
str_words(const char *name)
{
	int n = 1;

	for (; *name != '\0'; name++)
		n += *name == ' ';
	return n;
}

const char *
str_nearest(const char *word, const char *(*next)(size_t i, void *arg),
    void *arg)
{
	struct str w = str_of(word);
	const char *best = NULL, *c;
	unsigned best_d = 2 + (unsigned)(w.len / 3), d;

	if (w.len == 0 || w.len > NEAREST_MAX)
		return NULL;
	for (size_t i = 0; (c = next(i, arg)) != NULL; i++) {
		struct str cand = str_of(c);

		if (cand.len > NEAREST_MAX)
			continue;
		d = edit_distance(w, cand);
		if (d < best_d && d < w.len) {
			best_d = d;
			best = c;
		}
	}
	return best;
}
