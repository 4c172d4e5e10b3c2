/* SPDX-License-Identifier: BSD-2-Clause */
/* out.c: what is written, that it stops at the end, and each escaping. */
#include "base/out.h"

#include <math.h>

#include "tap.h"

typedef void escape_fn(struct out *, struct str);

static const char *
text_of(struct out *o)
{
	static char buf[256];

	memcpy(buf, o->start, out_len(o));
	buf[out_len(o)] = '\0';
	return buf;
}

static const char *
escaped(escape_fn *fn, struct str s)
{
	static char buf[200];
	struct out o;

	out_init(&o, buf, sizeof(buf));
	fn(&o, s);
	return text_of(&o);
}

static void
test_numbers(void)
{
	char buf[200];
	struct out o;

	out_init(&o, buf, sizeof(buf));
	out_u64(&o, 0);
	out_char(&o, ' ');
	out_u64(&o, UINT64_MAX);
	out_char(&o, ' ');
	out_i64(&o, INT64_MIN);
	out_char(&o, ' ');
	out_hex(&o, 0xdeadbeef);
	out_char(&o, ' ');
	out_hex(&o, 0);
	out_char(&o, ' ');
	out_pad_u64(&o, 7, 3);
	out_char(&o, ' ');
	out_pad_u64(&o, 1234, 3);
	out_fmt(&o, " %s=%d", "x", 5);
	is_str(text_of(&o), "0 18446744073709551615 -9223372036854775808 "
	    "deadbeef 0 007 1234 x=5");
	ok(!o.overflow);
}

static void
test_doubles(void)
{
	static const struct {
		double	 v;
		const char *text;
	} rows[] = {
		{ 0, "0.0" }, { -0.0, "-0.0" }, { 2, "2.0" }, { 10, "10.0" }, { -1.5, "-1.5" },
		{ 0.204, "0.204" }, { 0.1 + 0.2, "0.30000000000000004" },
		{ 10.296987 / 111, "0.09276564864864864" },
		{ 41.333999999999996, "41.333999999999996" }, { 0.001, "0.001" },
		{ 0.00012, "1.2E-4" }, { 9999999, "9999999.0" }, { 1e7, "1.0E7" },
		{ 123456789, "1.23456789E8" }, { 1e300, "1.0E300" }, { 5e-324, "5.0E-324" },
		{ 1.0 / 3, "0.3333333333333333" }, { 100, "100.0" }, { NAN, "NaN" },
		{ -INFINITY, "-Infinity" },
	};

	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char buf[64];
		struct out o;

		out_init(&o, buf, sizeof(buf));
		out_double(&o, rows[i].v);
		is_str(text_of(&o), rows[i].text);
	}
}

static void
test_overflow(void)
{
	char buf[8] = "#######";
	struct out o;

	out_init(&o, buf, 5);
	ok(out_lit(&o, "abc"));
	ok(!out_lit(&o, "def"));
	ok(o.overflow);
	out_char(&o, 'x');
	out_u64(&o, 1);
	out_fmt(&o, "y");
	is_str(text_of(&o), "abc");
	is_mem(buf, 8, "abc####", 8);
	out_init(&o, buf, 5);
	out_fmt(&o, "%s", "12345");	/* an exact fit */
	ok(!o.overflow);
	is_str(text_of(&o), "12345");
	ok(buf[5] == '#');
	out_char(&o, '6');
	ok(o.overflow);
}

static void
test_escapes(void)
{
	is_str(escaped(out_csv, STR("plain")), "plain");
	is_str(escaped(out_csv, STR("a,b")), "\"a,b\"");
	is_str(escaped(out_csv, STR("a\"b")), "\"a\"\"b\"");
	is_str(escaped(out_json, STR("a\"\\\n\x01\x7f/")),
	    "\"a\\\"\\\\\\n\\u0001\\u007f/\"");
	is_str(escaped(out_json, STR("\0x")), "\"\\u0000x\"");
	is_str(escaped(out_json, STR("\xc3\xa9 \xf0\x9f\x98\x80")),
	    "\"\xc3\xa9 \xf0\x9f\x98\x80\"");
	is_str(escaped(out_json, STR("\xff" "a\xc3")),
	    "\"\xef\xbf\xbd" "a\xef\xbf\xbd\"");
	is_str(escaped(out_json, STR("\xed\xa0\x80")),	/* a surrogate */
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	is_str(escaped(out_json, STR("\xc0\x80")), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	is_str(escaped(out_html, STR("<a href='x'>&\"")),
	    "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
	is_str(escaped(out_log, STR("GET /\"#\x7f\xe9\n")),
	    "GET /#22#23#7F#E9#0A");
	is_str(escaped(out_log, STR("plain")), "plain");
	is_str(escaped(out_visible, STR("a\x1b[1m\xff~")), "a\\x1b[1m\\xff~");
}

static void
test_outbuf(void)
{
	struct outbuf b;
	struct out o;

	outbuf_init(&b, 1000);
	outbuf_z(&b, "head ");
	outbuf_fmt(&b, "%d", 42);
	is_str(b.data, "head 42");
	outbuf_clear(&b);
	outbuf_json(&b, "a\"b");
	outbuf_json(&b, NULL);
	outbuf_csv(&b, "a,b");
	outbuf_double(&b, 2);
	is_str(b.data, "\"a\\\"b\"null\"a,b\"2.0");
	outbuf_clear(&b);
	outbuf_z(&b, "head 42");
	o = outbuf_reserve(&b, 500);
	ok(!o.overflow && (size_t)(o.end - o.p) >= 500);
	out_z(&o, "!");
	outbuf_commit(&b, &o);
	is_str(b.data, "head 42!");
	is_u64(b.len, 8);
	o = outbuf_reserve(&b, 993);
	ok(o.overflow && b.overflow);
	outbuf_commit(&b, &o);
	outbuf_z(&b, "more");
	is_str(b.data, "head 42!");
	outbuf_clear(&b);
	ok(!b.overflow && b.len == 0);
	for (int i = 0; i < 100; i++)
		outbuf_mem(&b, "0123456789", 10);
	ok(!b.overflow && b.len == 1000 && b.data[1000] == '\0');
	outbuf_mem(&b, "x", 1);
	ok(b.overflow && b.len == 1000);
	outbuf_fini(&b);
	ok(b.data == NULL);
}

int
main(void)
{
	test_numbers();
	test_doubles();
	test_overflow();
	test_escapes();
	test_outbuf();
	return tap_done();
}
