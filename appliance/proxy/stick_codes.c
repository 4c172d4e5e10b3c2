/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of status codes: what stick tables count as errors of clients and as
 * failures of servers.
 */
#include "proxy/stick_codes.h"

#include <string.h>

static bool
code(struct str text, unsigned *ret)
{
	uint64_t v;

	if (!str_to_u64(text, &v) || v < 100 || v > 599)
		return false;
	*ret = (unsigned)v;
	return true;
}

bool
stick_codes_set(uint64_t *bits, struct str range, bool on)
{
	const char *dash = memchr(range.p, '-', range.len);
	struct str from = range, to = range;
	unsigned a, b;

	if (dash != NULL) {
		from.len = (size_t)(dash - range.p);
		to = (struct str){ dash + 1, range.len - from.len - 1 };
	}
	if (!code(from, &a) || !code(to, &b) || a > b)
		return false;
	for (; a <= b; a++) {
		uint64_t bit = 1ull << (a - 100) % 64;

		if (on)
			bits[(a - 100) / 64] |= bit;
		else
			bits[(a - 100) / 64] &= ~bit;
	}
	return true;
}

void
stick_codes_default(uint64_t *err, uint64_t *fail)
{
	(void)stick_codes_set(err, STR("400-499"), true);
	(void)stick_codes_set(fail, STR("500-599"), true);
	(void)stick_codes_set(fail, STR("501"), false);
	(void)stick_codes_set(fail, STR("505"), false);
}
