/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines in which two texts differ, and Lua in its colours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "picture.h"
#include "tap.h"
#include "tui/diff.h"
#include "tui/lua_text.h"

static struct diff d;

/* The difference, each line behind its sign. */
static const char *
diff(const char *a, const char *b)
{
	static char buf[512];
	size_t n = 0;
	unsigned i;

	diff_make(&d, a, b);
	buf[0] = '\0';
	for (i = 0; i < d.n; i++)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%c%.*s ", d.at[i].sign,
		    (int)d.at[i].len, d.at[i].text);
	return buf;
}

static void
test_diff(void)
{
	is_str(diff("", ""), "");
	is_str(diff("a\nb\n", "a\nb\n"), " a  b ");
	is_int(d.added + d.removed, 0);
	is_str(diff("a\nb\nc\n", "a\nx\nc\n"), " a -b +x  c ");
	is_int(d.added, 1);
	is_int(d.removed, 1);
	is_str(diff("", "a\nb"), "+a +b ");
	is_str(diff("a\nb", ""), "-a -b ");
	is_str(diff("a\nb\nc\nd\n", "b\nc\ne\nd\n"), "-a  b  c +e  d ");
	is_str(diff("a\na\na\n", "a\na\n"), " a  a -a ");
	is_str(diff("a\n", "a"), " a ");	/* the line end is no line */
	is_str(diff("\n\na\n", "\na\n"), "  -  a ");
	is_str(diff("x\ny\n", "y\nx\n"), "-x  y +x ");
}

/* Too much for a table: one in the place of the other. */
static void
test_big_diff(void)
{
	const size_t lines = 5000;
	char *a = xmalloc(lines * 8 + 1), *b = xmalloc(lines * 8 + 1);
	size_t i, n = 0;

	for (i = 0; i < lines; i++, n += 8) {
		snprintf(a + n, 9, "a%06zu\n", i);
		snprintf(b + n, 9, "%c%06zu\n", i == 0 ? 'a' : 'b', i);
	}
	diff_make(&d, a, b);
	is_int(d.added, 4999);
	is_int(d.removed, 4999);
	is_int(d.at[0].sign, ' ');
	is_int(d.at[1].sign, '-');
	is_int(d.at[5000].sign, '+');
	free(a);
	free(b);
}

/* One letter a byte: k word, s string, c comment, n number. */
static const char *
roles(const char *text)
{
	static char buf[256];
	uint8_t r[256];
	size_t i, len = strlen(text);

	lua_roles(text, len, r);
	for (i = 0; i < len; i++)
		buf[i] = r[i] == R_SYN_KW ? 'k' : r[i] == R_SYN_STR ? 's' :
		    r[i] == R_SYN_COM ? 'c' : r[i] == R_SYN_NUM ? 'n' : '.';
	buf[len] = '\0';
	return buf;
}

static void
test_roles(void)
{
	is_str(roles("local x = 1.5e3 -- one"), "kkkkk.....nnnnn.cccccc");
	is_str(roles("endive = end_ or end"), "..............kk.kkk");
	is_str(roles("'a\\'b' .. \"--\" "), "ssssss....ssss.");
	is_str(roles("'a\nlocal"), "ss.kkkkk");		/* it ends with its line */
	is_str(roles("[[a\nb]] [==[ ]] ]==]."), "sssssss.ssssssssssss.");
	is_str(roles("--[[ a\nb ]] nil"), "ccccccccccc.kkk");
	is_str(roles("--[ a\nnil"), "ccccc.kkk");
	is_str(roles("t[1] = t[\"k\"]"), "..n......sss.");
	is_str(roles("0xff x2"), "nnnn...");
	is_str(roles("[[ without an end"), "sssssssssssssssss");
	is_str(roles("\"\\"), "ss");
	is_str(roles("--"), "cc");
	is_str(roles(""), "");
}

static void
test_drawing(void)
{
	unsigned lines;

	lua_draw("a\n\tif b\n\nend\n", 0, begin(20, 5, GLYPHS_ASCII), &lines);
	is_int(lines, 4);
	is_str(picture(), "   1  a\n   2      if b\n   3\n   4  end\n\n");
	is_int(g.cells[20 + 10].role, R_SYN_KW);
	lua_draw("a\nb\nc", 2, begin(20, 2, GLYPHS_ASCII), &lines);
	is_int(lines, 3);
	is_str(picture(), "   3  c\n\n");
	lua_draw("x = \"\x1b[31m\xff\"", 0, begin(20, 1, GLYPHS_ASCII), &lines);
	ok(strchr(picture(), 0x1b) == NULL);
	lua_draw("a long line of text", 0, begin(8, 1, GLYPHS_ASCII), &lines);
	is_str(picture(), "   1  a\n");
	lua_draw("", 0, begin(8, 1, GLYPHS_ASCII), &lines);
	is_int(lines, 0);
}

int
main(void)
{
	test_diff();
	test_big_diff();
	test_roles();
	test_drawing();
	diff_fini(&d);
	grid_fini(&g);
	return tap_done();
}
