/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times in commands; see when.h.
 *
 * Thread: control.
 */
#include "api/when.h"

#include <string.h>

#include "api/cli.h"
#include "base/str.h"
#include "base/tz.h"
#include "event/sched.h"

bool
when_parse(const char *word, int64_t now_s, int64_t *ret_s)
{
	uint64_t n;

	if (word[0] == '-') {
		if (str_to_duration_us(str_of(word + 1), 1000000, &n) != PARSE_OK)
			return false;
		*ret_s = now_s - (int64_t)(n / 1000000);
		return true;
	}
	return tz_parse_utc(word, ret_s);
}

/* One of from, to, step at i: words taken, 0 = another word, -1 after a message. */
static int
one(struct cli *c, int i, int64_t now_s, struct when *w)
{
	const char *word = cli_arg(c, i), *value = cli_arg(c, i + 1);
	bool is_from = strcmp(word, "from") == 0;
	uint64_t us;

	if (is_from || strcmp(word, "to") == 0) {
		if (!when_parse(value, now_s, is_from ? &w->from_s : &w->to_s)) {
			cli_err(c, "'%s' expects a time: -6h, 2026-11-26T21:00:00Z, or seconds "
			    "since 1970.", word);
			return -1;
		}
		w->has_from |= is_from;
		return 2;
	}
	if (strcmp(word, "step") != 0)
		return 0;
	if (str_to_duration_us(str_of(value), 1000000, &us) != PARSE_OK || us < 1000000 ||
	    us > 86400ull * 1000000) {
		cli_err(c, "'step' expects a duration from 1s to 1d.");
		return -1;
	}
	w->step_s = (uint32_t)(us / 1000000);
	return 2;
}

bool
when_words(struct cli *c, int first, int64_t span_s, struct when *ret,
    int (*other)(struct cli *c, int i, void *arg), void *arg)
{
	int64_t now_s = sched_wall_s();
	int n;

	*ret = (struct when){ .from_s = now_s - span_s, .to_s = now_s };
	for (int i = first; i < c->nargs; i += n) {
		if ((n = one(c, i, now_s, ret)) < 0)
			return false;
		if (n == 0 && (n = other(c, i, arg)) < 0)
			return false;
		if (n == 0) {
			cli_err(c, "Unknown word '%s'.", c->args[i]);
			return false;
		}
	}
	if (ret->from_s > ret->to_s)
		cli_err(c, "'from' is later than 'to'.");
	return ret->from_s <= ret->to_s;
}
