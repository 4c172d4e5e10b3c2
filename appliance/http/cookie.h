/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cookie and Set-Cookie values (RFC 6265): parts between semicolons, each a
 * `name=value` or a bare word. Quotes mean nothing, as to browsers. Also the
 * dates in HAProxy's persistence cookies: five digits of base 64 that count
 * units of four seconds since the epoch.
 */
#ifndef WEIR_HTTP_COOKIE_H
#define WEIR_HTTP_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct cookie {
	struct str	 name;		/* trimmed; NULL: no `=` in this part */
	struct str	 value;		/* trimmed; of a part without `=` all of it */
};

#define COOKIE_DATE_LEN	5

/* any thread */
/* The next part of a field's value that is not blank; *rest moves behind its
 * semicolon. All spans point into *rest. False at the end. */
bool	cookie_next(struct str *rest, struct cookie *ret);
/* May stand in a cookie's value, unquoted: no blank, quote, comma, semicolon or
 * backslash, no control and nothing beyond ASCII. */
bool	cookie_value_is_valid(struct str s);
/* Seconds of a date's first five digits, rounded down to 4; 0 when it is none. */
uint32_t cookie_date_read(struct str s);
/* ... rounded up to 4. */
void	cookie_date_write(uint32_t seconds, char buf[COOKIE_DATE_LEN]);

#endif
