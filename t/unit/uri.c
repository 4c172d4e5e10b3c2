/* SPDX-License-Identifier: BSD-2-Clause */
/* uri.c: authorities and query parameters. */
#include "http/uri.h"
#include "tap.h"

static const struct {
	const char	*text, *host;	/* host NULL = refused */
	uint32_t	 port;
} authorities[] = {
	{ "a", "a", 0 }, { "a:", "a", 0 }, { "a:80", "a", 80 },
	{ "A.b-c_d~:65535", "A.b-c_d~", 65535 }, { "127.0.0.1:8080", "127.0.0.1", 8080 },
	{ "[::1]", "[::1]", 0 }, { "[::1]:443", "[::1]", 443 },
	{ "[2001:db8::1]:", "[2001:db8::1]", 0 }, { "a%20b:1", "a%20b", 1 },
	{ "a:00080", "a", 80 }, { "", NULL, 0 }, { ":80", NULL, 0 }, { "a:b:c", NULL, 0 },
	{ "a:-1", NULL, 0 }, { "a:8x", NULL, 0 }, { "a:0", NULL, 0 },
	{ "a:65536", NULL, 0 }, { "a:000080", NULL, 0 }, { "[zz]", NULL, 0 },
	{ "[::1", NULL, 0 }, { "::1", NULL, 0 }, { "[::1]x", NULL, 0 }, { "[]", NULL, 0 },
	{ "u@a", NULL, 0 }, { "a/b", NULL, 0 }, { "a b", NULL, 0 }, { "a,b", NULL, 0 },
	{ "%", NULL, 0 }, { "%4", NULL, 0 }, { "%4g", NULL, 0 }, { "[::1%25e]", NULL, 0 },
	{ "[v1.a]", NULL, 0 }, { "a]", NULL, 0 },
};

static const struct {
	const char	*a, *b;
	uint32_t	 port;
	bool		 eq;
} pairs[] = {
	{ "a", "A", 80, true }, { "a:80", "a", 80, true }, { "a:", "a:80", 80, true },
	{ "a:81", "a", 80, false }, { "a:80", "a", 443, false }, { "a", "b", 80, false },
	{ "[::1]:80", "[::1]", 80, true }, { "", "", 80, false },
};

int
main(void)
{
	struct str host;
	uint32_t port;
	bool valid;
	size_t i;

	for (i = 0; i < sizeof(authorities) / sizeof(authorities[0]); i++) {
		valid = uri_authority_is_valid(str_of(authorities[i].text), &host, &port);
		ok_named(valid == (authorities[i].host != NULL), "authority %s",
		    authorities[i].text);
		if (valid)
			ok_named(str_is(host, authorities[i].host) && port == authorities[i].port,
			    "parts of %s", authorities[i].text);
	}
	ok(!uri_authority_is_valid((struct str){ "[::1\0]", 6 }, &host, &port));
	ok(!uri_authority_is_valid((struct str){ "a\0", 2 }, &host, &port));
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		ok_named(uri_authority_eq(str_of(pairs[i].a), str_of(pairs[i].b), pairs[i].port) ==
		    pairs[i].eq, "%s and %s", pairs[i].a, pairs[i].b);
	ok(str_is(uri_query_param(STR("a=1&b=2&c"), STR("b")), "2"));
	ok(str_is(uri_query_param(STR("aa=1&a=2"), STR("a")), "2"));
	ok(str_is(uri_query_param(STR("&&a=&b"), STR("a")), ""));
	ok(uri_query_param(STR("a=1&b=2&c"), STR("c")).p == NULL);
	ok(uri_query_param(STR_NONE, STR("c")).p == NULL);
	return tap_done();
}
