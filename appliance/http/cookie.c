/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of cookie fields and dates in cookies; see cookie.h. Each byte is looked
 * at a fixed number of times, nothing is allocated, any thread.
 */
#include "http/cookie.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool
cookie_next(struct str *rest, struct cookie *ret)
{
	while (rest->len > 0) {
		const char *p = rest->p, *end = memchr(p, ';', rest->len), *eq;
		struct str part = { p, end != NULL ? (size_t)(end - p) : rest->len };
		size_t used = part.len + (end != NULL);

		*rest = (struct str){ p + used, rest->len - used };
		part = str_trim(part);
		if (part.len == 0)
			continue;
		eq = memchr(part.p, '=', part.len);
		*ret = (struct cookie){ STR_NONE, part };
		if (eq == NULL)
			return true;
		ret->name = str_trim((struct str){ part.p, (size_t)(eq - part.p) });
		ret->value = str_trim((struct str){ eq + 1,
		    part.len - (size_t)(eq + 1 - part.p) });
		return true;
	}
	return false;
}

bool
cookie_value_is_valid(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\')
			return false;
	}
	return true;
}

uint32_t
cookie_date_read(struct str s)
{
	uint32_t v = 0;

	if (s.len < COOKIE_DATE_LEN)
		return 0;
	for (int i = 0; i < COOKIE_DATE_LEN; i++) {
		const char *d = memchr(digits, s.p[i], sizeof digits - 1);

		if (d == NULL)
			return 0;
		v = v << 6 | (uint32_t)(d - digits);
	}
	return v << 2;
}

void
cookie_date_write(uint32_t seconds, char buf[COOKIE_DATE_LEN])
{
	uint32_t v = (uint32_t)(((uint64_t)seconds + 3) >> 2);

	for (int i = COOKIE_DATE_LEN - 1; i >= 0; i--) {
		buf[i] = digits[v & 63];
		v >>= 6;
	}
}
