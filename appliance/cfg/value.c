/* SPDX-License-Identifier: BSD-2-Clause */
/* Values that many parse functions read: durations, sizes, integers. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/diag.h"
#include "cfg/kw.h"
#include "cfg/word.h"

int
cfg_duration(struct cfg *c, const char *what, const char *word,
    uint64_t default_unit_us, uint64_t *ret_us)
{
	enum parse_result r = str_to_duration_us(str_of(word), default_unit_us, ret_us);

	if (r == PARSE_OK)
		return 0;
	diag_error(c->diag, "'%s' expects a duration (an integer and one of us, ms, s, m, "
	    "h, d) but got '%s': %s.", what, word, parse_result_text(r));
	return -1;
}

/* 300 seconds are 5m as well. */
static const char *
with_units(struct cfg *c, const char *word)
{
	uint64_t n;

	if (!str_to_u64(str_of(word), &n) || n == 0)
		return "300s or 5m";
	if (n % 3600 == 0)
		return arena_printf(c->arena, "%ss or %" PRIu64 "h", word, n / 3600);
	if (n % 60 == 0)
		return arena_printf(c->arena, "%ss or %" PRIu64 "m", word, n / 60);
	return arena_printf(c->arena, "%ss or %sms", word, word);
}

int
cfg_duration_unit(struct cfg *c, const char *what, const char *word, uint64_t *ret_us)
{
	uint64_t n;

	if (str_to_u64(str_of(word), &n)) {
		diag_error(c->diag, "'%s %s': say %s.", what, word, with_units(c, word));
		return -1;
	}
	return cfg_duration(c, what, word, 0, ret_us);
}

int
cfg_size(struct cfg *c, const char *what, const char *word, uint64_t *ret_bytes)
{
	enum parse_result r = str_to_size(str_of(word), ret_bytes);

	if (r == PARSE_OK)
		return 0;
	diag_error(c->diag, "'%s' expects a size (an integer and none or one of k, m, g) "
	    "but got '%s': %s.", what, word, parse_result_text(r));
	return -1;
}

int
cfg_uint(struct cfg *c, const char *what, const char *word, uint64_t min, uint64_t max,
    uint64_t *ret_v)
{
	uint64_t v;

	if (!str_to_u64(str_of(word), &v) || v < min || v > max) {
		diag_error(c->diag, "'%s' expects an integer from %" PRIu64 " to %" PRIu64
		    " but got '%s'.", what, min, max, word);
		return -1;
	}
	*ret_v = v;
	return 0;
}

long
cfg_args_end(const char *text)
{
	return word_args_end(text);
}

int
cfg_split_args(struct cfg *c, struct str inside, char ***ret_words, int *ret_n)
{
	struct word_fault fault;
	char *text;

	if (word_args(c->arena, inside, ret_words, ret_n, &fault) == 0)
		return 0;
	text = word_fault_text(&fault, inside);
	diag_error(c->diag, "arguments in parentheses: %s", text);
	free(text);
	return -1;
}
