/* SPDX-License-Identifier: BSD-2-Clause */
/* str.c: spans, numbers, durations, sizes, the nearest word. */
#include "base/str.h"
#include "tap.h"

static void
test_compare(void)
{
	ok(str_eq(STR("abc"), str_of("abc")));
	ok(str_eq(STR_NONE, STR("")));
	ok(!str_eq(STR("abc"), STR("abd")));
	ok(str_ieq(STR("Content-Length"), STR("content-lengTH")));
	ok(!str_ieq(STR("a["), STR("a{")));	/* only letters fold */
	ok(str_starts(STR("abcdef"), STR("abc")));
	ok(!str_starts(STR("ab"), STR("abc")));
	ok(str_istarts(STR("ABcdef"), STR("abC")));
	ok(str_ends(STR("x.pem"), STR(".pem")));
	ok(!str_ends(STR("pem"), STR(".pem")));
	ok(str_iends(STR("x.PEM"), STR(".pem")));
	ok(str_ends(STR_NONE, STR_NONE));
	ok(str_eq(str_trim(STR(" \t a b \t")), STR("a b")));
	is_u64(str_trim(STR(" \t ")).len, 0);
}

static void
test_search(void)
{
	struct str hay = STR("One two Three");

	ok(str_find(hay, STR("two")) == hay.p + 4);
	ok(str_find(hay, STR("TWO")) == NULL);
	ok(str_ifind(hay, STR("TWO")) == hay.p + 4);
	ok(str_ifind(hay, STR("three")) == hay.p + 8);
	ok(str_ifind(hay, STR("threex")) == NULL);
	ok(str_find(hay, STR("")) == hay.p);
	ok(str_find(STR(""), STR("x")) == NULL);
}

static void
test_split(void)
{
	struct str rest = STR(", a ,,b\t, c d ,"), e = STR_NONE;

	ok(str_next_elem(&rest, ',', &e) && str_is(e, "a"));
	ok(str_next_elem(&rest, ',', &e) && str_is(e, "b"));
	ok(str_next_elem(&rest, ',', &e) && str_is(e, "c d"));
	ok(!str_next_elem(&rest, ',', &e));
	ok(str_is(e, "c d"));		/* written only on success */
}

static void
test_numbers(void)
{
	uint64_t u = 7;
	int64_t i = 7;

	ok(str_to_u64(STR("18446744073709551615"), &u) && u == UINT64_MAX);
	ok(!str_to_u64(STR("18446744073709551616"), &u));
	ok(!str_to_u64(STR("99999999999999999999999"), &u));
	ok(!str_to_u64(STR(""), &u) && !str_to_u64(STR("+1"), &u));
	ok(!str_to_u64(STR("1 "), &u) && !str_to_u64(STR("0x1"), &u));
	ok(str_to_u64(STR("007"), &u) && u == 7);
	ok(str_to_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
	ok(!str_to_i64(STR("-9223372036854775809"), &i));
	ok(str_to_i64(STR("+9223372036854775807"), &i) && i == INT64_MAX);
	ok(!str_to_i64(STR("9223372036854775808"), &i));
	ok(!str_to_i64(STR("-"), &i) && !str_to_i64(STR("--1"), &i));
	ok(str_to_hex(STR("fFfF"), &u) && u == 0xffff);
	ok(str_to_hex(STR("ffffffffffffffff"), &u) && u == UINT64_MAX);
	ok(!str_to_hex(STR("10000000000000000"), &u));
	ok(!str_to_hex(STR(""), &u) && !str_to_hex(STR("g"), &u));
}

static void
test_durations(void)
{
	static const struct {
		const char		*text;
		enum parse_result	 result;
		uint64_t		 us;
	} row[] = {
		{ "10", PARSE_OK, 10000 }, { "10us", PARSE_OK, 10 },
		{ "10ms", PARSE_OK, 10000 }, { "5s", PARSE_OK, 5000000 },
		{ "2m", PARSE_OK, 120000000 }, { "1h", PARSE_OK, 3600000000 },
		{ "1d", PARSE_OK, 86400000000 }, { "0", PARSE_OK, 0 },
		{ "", PARSE_EMPTY, 0 }, { "s", PARSE_JUNK, 0 },
		{ "-1", PARSE_JUNK, 0 }, { "1.5s", PARSE_UNIT, 0 },
		{ "1S", PARSE_UNIT, 0 }, { "1ss", PARSE_UNIT, 0 },
		{ "99999999999999999999", PARSE_OVERFLOW, 0 },
		{ "18446744073709551615d", PARSE_OVERFLOW, 0 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint64_t us = 0;
		enum parse_result r;

		r = str_to_duration_us(str_of(row[i].text), 1000, &us);
		ok_named(r == row[i].result && us == row[i].us,
		    "duration '%s': %s", row[i].text, parse_result_text(r));
	}
}

static void
test_sizes(void)
{
	uint64_t v = 0;

	ok(str_to_size(STR("16384"), &v) == PARSE_OK && v == 16384);
	ok(str_to_size(STR("64k"), &v) == PARSE_OK && v == 65536);
	ok(str_to_size(STR("2M"), &v) == PARSE_OK && v == 2097152);
	ok(str_to_size(STR("1g"), &v) == PARSE_OK && v == 1073741824);
	ok(str_to_size(STR("1kb"), &v) == PARSE_UNIT);
	ok(str_to_size(STR("99999999999999g"), &v) == PARSE_OVERFLOW);
	is_str(parse_result_text(PARSE_UNIT), "unknown unit");
}

static const char *
keyword(size_t i, void *arg)
{
	static const char *const words[] = { "bind", "balance", "backend",
		"default_backend", "maxconn", "use_backend", "mode", NULL };

	(void)arg;
	return words[i];
}

static void
test_nearest(void)
{
	char longest[100];

	is_str(str_nearest("bnid", keyword, NULL), "bind");
	is_str(str_nearest("balence", keyword, NULL), "balance");
	is_str(str_nearest("defaultbackend", keyword, NULL), "default_backend");
	is_str(str_nearest("MODE", keyword, NULL), "mode");
	is_str(str_nearest("maxcon", keyword, NULL), "maxconn");
	is_str(str_nearest("zzzzzz", keyword, NULL), NULL);
	is_str(str_nearest("x", keyword, NULL), NULL);
	is_str(str_nearest("", keyword, NULL), NULL);
	memset(longest, 'b', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	is_str(str_nearest(longest, keyword, NULL), NULL);
}

int
main(void)
{
	test_compare();
	test_search();
	test_split();
	test_numbers();
	test_durations();
	test_sizes();
	test_nearest();
	ok(str_hash(STR("abc")) == str_hash(str_of("abc")));
	ok(str_hash(STR("abc")) != str_hash(STR("abd")));
	is_u64(str_hash(STR("")), 0x2d06800538d394c2);	/* XXH3, seed 0 */
	return tap_done();
}
