/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cookie.c: parts of cookie fields, any bytes. What must hold: spans lie inside
 * the line in order, no part holds a semicolon, a part written out again is read
 * as the same, and dates survive being read and written.
 */
#include <stdint.h>
#include <string.h>

#include "base/magic.h"
#include "http/cookie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_span(struct str line, struct str s, const char *from)
{
	WEIR_ASSERT(s.p >= from && s.p + s.len <= line.p + line.len);
	WEIR_ASSERT(s.len == 0 || memchr(s.p, ';', s.len) == NULL);
	WEIR_ASSERT(str_eq(str_trim(s), s));
}

static void
check_again(const struct cookie *ck)
{
	struct str part = ck->name.p == NULL ? ck->value : (struct str){ ck->name.p,
	    (size_t)(ck->value.p + ck->value.len - ck->name.p) };
	struct cookie again;

	WEIR_ASSERT(part.len > 0);
	WEIR_ASSERT(cookie_next(&part, &again) && part.len == 0);
	WEIR_ASSERT(str_eq(again.name, ck->name) && str_eq(again.value, ck->value));
}

static void
check_date(struct str s)
{
	uint32_t v = cookie_date_read(s);
	char text[COOKIE_DATE_LEN];

	WEIR_ASSERT(v % 4 == 0);
	cookie_date_write(v, text);
	WEIR_ASSERT(cookie_date_read((struct str){ text, sizeof text }) == v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = { (const char *)data, size }, rest = line;
	const char *from = line.p;
	struct cookie ck;
	size_t n = 0;

	while (cookie_next(&rest, &ck)) {
		WEIR_ASSERT(++n <= size);
		if (ck.name.p != NULL)
			check_span(line, ck.name, from);
		check_span(line, ck.value, from);
		from = ck.value.p + ck.value.len;
		check_again(&ck);
		check_date(ck.value);
		(void)cookie_value_is_valid(ck.value);
	}
	WEIR_ASSERT(rest.len == 0);
	return 0;
}
