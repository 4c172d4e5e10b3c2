/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of cookie fields, and dates in cookies. */
#include <stdio.h>

#include "http/cookie.h"
#include "tap.h"

/* `name=value` of each part, between bars; bare words alone. */
static void
parts(const char *line, const char *want)
{
	struct str rest = str_of(line);
	char text[200] = "";
	size_t n = 0;
	struct cookie ck;

	while (cookie_next(&rest, &ck))
		n += (size_t)snprintf(text + n, sizeof text - n, "%s" STR_FMT "%s" STR_FMT,
		    n > 0 ? "|" : "", STR_ARG(ck.name), ck.name.p != NULL ? "=" : "",
		    STR_ARG(ck.value));
	is_str(text, want);
}

static void
test_parts(void)
{
	parts("", "");
	parts("a=1", "a=1");
	parts("a=1; b=2", "a=1|b=2");
	parts(" a = 1 ;b=2;;  ; c", "a=1|b=2|c");
	parts("a=b=c; =x; y=", "a=b=c|=x|y=");
	parts("a=\"x;y\"", "a=\"x|y\"");
	parts(";;; ", "");
	parts("a=1, b=2; c=3", "a=1, b=2|c=3");
}

static void
test_values(void)
{
	ok(cookie_value_is_valid(STR("server-1|x~y=z")));
	ok(!cookie_value_is_valid(STR("a b")));
	ok(!cookie_value_is_valid(STR("a;b")));
	ok(!cookie_value_is_valid(STR("a,b")));
	ok(!cookie_value_is_valid(STR("\"a\"")));
	ok(!cookie_value_is_valid(STR("a\x80")));
	ok(cookie_value_is_valid(STR("")));
}

static void
test_dates(void)
{
	char text[COOKIE_DATE_LEN];
	struct str s = { text, sizeof text };

	cookie_date_write(0, text);
	is_u64(cookie_date_read(s), 0);
	cookie_date_write(1795323600, text);
	is_u64(cookie_date_read(s), 1795323600);
	cookie_date_write(1795323601, text);
	is_u64(cookie_date_read(s), 1795323604);	/* up to the next unit */
	cookie_date_write(UINT32_MAX - 3, text);
	is_u64(cookie_date_read(s), UINT32_MAX - 3);
	is_u64(cookie_date_read(STR("AAAB")), 0);
	is_u64(cookie_date_read(STR("AAAAB")), 4);
	is_u64(cookie_date_read(STR("AAAABxyz")), 4);
	is_u64(cookie_date_read(STR("AA?AB")), 0);
	is_u64(cookie_date_read(STR_NONE), 0);
}

int
main(void)
{
	test_parts();
	test_values();
	test_dates();
	return tap_done();
}
