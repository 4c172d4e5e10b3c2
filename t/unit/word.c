/* SPDX-License-Identifier: BSD-2-Clause */
/* word.c: a line in words; each rule of quoting, escaping and variables. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/xalloc.h"
#include "cfg/word.h"
#include "tap.h"

static const char *
lookup(void *arg, const char *name)
{
	static const char *const vars[][2] = { { "A", "1" }, { "A_b9", "2" }, { "S", "a b  c" },
		{ "T", " x y " }, { "E", "" }, { "Q", "\"q' \\n $A #" }, { ".LINE", "7" } };

	(void)arg;
	for (size_t i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		if (strcmp(vars[i][0], name) == 0)
			return vars[i][1];
	return NULL;
}

static const struct word_env env = { lookup, NULL };

/* Words as <a><b>; malloc'ed. */
static char *
shown(char **w, int n)
{
	char *all = xstrdup(""), *more;

	for (int i = 0; i < n; i++) {
		more = xasprintf("%s<%s>", all, w[i]);
		free(all);
		all = more;
	}
	return all;
}

struct row {
	const char	*line;
	const char	*words;		/* or the message */
	int		 at;
};

#define ROW(line, words)	{ line, words, __LINE__ }

static const struct row lines[] = {
	ROW("", ""),
	ROW("  \t ", ""),
	ROW("# comment", ""),
	ROW("a b\tc  ", "<a><b><c>"),
	ROW("a#b c", "<a>"),
	ROW("a \"#b\" '#c' \\#d", "<a><#b><#c><#d>"),
	ROW("\"\" ''", "<><>"),
	ROW("\"a\"'b'c", "<abc>"),
	ROW("'a b'\"c d\"\\ e", "<a bc d e>"),
	ROW("\"it's\" 'say \"x\"'", "<it's><say \"x\">"),
	/* escapes, outside and inside of "" */
	ROW("\\  \\\\ \\' \\\" \\$ \\#", "< ><\\><'><\"><$><#>"),
	ROW("\"\\ \\\\\\'\\\"\\$\\#\"", "< \\'\"$#>"),
	ROW("a\\nb\\rc\\td\\x41\\x7E", "<a\nb\rc\tdA~>"),
	ROW("\"a\\nb\\rc\\td\\x41\\x7e\"", "<a\nb\rc\tdA~>"),
	ROW("'\\n\\x41\\\\'", "<\\n\\x41\\\\>"),
	ROW("a\\\tb", "<a\tb>"),
	/* no escape: the backslash stays */
	ROW("\\1 \\z a\\", "<\\1><\\z><a\\>"),
	ROW("\"\\1\\.\"", "<\\1\\.>"),
	/* variables: in double quotes only */
	ROW("$A ${A} '$A'", "<$A><${A}><$A>"),
	ROW("\"$A\" \"${A}\" \"x$A.y\" \"$A_b9\" \"${A}_b9\"", "<1><1><x1.y><2><1_b9>"),
	ROW("\"$NONE\" \"${NONE}\" \"[${E}]\"", "<><><[]>"),
	ROW("\"${NONE-a b}\" \"${E-d}\" \"${A-d}\" \"${NONE-}\"", "<a b><><1><>"),
	ROW("\"${NONE-$A\\n'}\"", "<$A\\n'>"),
	ROW("\"$S\" \"${S[*]}\"", "<a b  c><a><b><c>"),
	ROW("\"x${S[*]}y\" z", "<xa><b><cy><z>"),
	ROW("\"${T[*]}\" \"${E[*]}\" \"${NONE[*]}\" \"${NONE[*]-u v}\"", "<x><y><><><u v>"),
	ROW("\"$Q\"", "<\"q' \\n $A #>"),
	ROW("\"${.LINE}\" \"$.LINE\"", "<7><7>"),
	/* faults */
	ROW("a \"b c", "unmatched quote at position 3:\n  a \"b c\n    ^"),
	ROW("  a 'b", "unmatched quote at position 5:\n  a 'b\n    ^"),
	ROW("\tbind 'a \"b", "unmatched quote at position 7:\n  bind 'a \"b\n       ^"),
	ROW("a \"b\"c\"d", "unmatched quote at position 7:\n  a \"b\"c\"d\n        ^"),
	ROW(" a \\xZ1", "truncated or invalid hexadecimal sequence at position 4:\n"
	    "  a \\xZ1\n    ^"),
	ROW("\\x4", "truncated or invalid hexadecimal sequence at position 1:\n  \\x4\n  ^"),
	ROW("\\x00", "forbidden NUL character at position 1:\n  \\x00\n  ^"),
	ROW(" b \"${A\"", "unmatched brace in environment variable name at position 6:\n"
	    "  b \"${A\"\n      ^"),
	ROW(" b \"${A-x\"", "unmatched brace in environment variable name at position 6:\n"
	    "  b \"${A-x\"\n      ^"),
	ROW("\"${A b}\"", "unmatched brace in environment variable name at position 3:\n"
	    "  \"${A b}\"\n    ^"),
	ROW("\"$1\"", "forbidden first char in environment variable name at position 3:\n"
	    "  \"$1\"\n    ^"),
	ROW("\"${}\"", "forbidden first char in environment variable name at position 4:\n"
	    "  \"${}\"\n     ^"),
	ROW("\"$\"", "forbidden first char in environment variable name at position 3:\n"
	    "  \"$\"\n    ^"),
	ROW("\"${S[x]}\"", "truncated or invalid word expansion sequence at position 5:\n"
	    "  \"${S[x]}\"\n      ^"),
	ROW("a\rb", "unexpected carriage return at position 2:\n  a b\n   ^"),
};

static void
test_lines(void)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct row *r = &lines[i];
		struct arena *a = arena_new();
		struct word_fault fault;
		struct words words;
		char *got;

		if (word_split(a, str_of(r->line), &env, &words, &fault) == 0) {
			got = shown(words.w, words.n);
			tap_ok(words.w[words.n] == NULL, "word.c", r->at, "ends with NULL");
		} else {
			got = word_fault_text(&fault, str_of(r->line));
		}
		tap_is_str(got, r->words, __FILE__, r->at, r->line);
		free(got);
		arena_free(a);
	}
}

/* Bare dollars only, in a word that is an address */
static const struct row addresses[] = {
	ROW("fd@$A", "fd@1"),
	ROW("fd@${A}", "fd@1"),
	ROW("${NONE-127.0.0.1}:80", "127.0.0.1:80"),
	ROW("$NONE:80", ":80"),
	ROW("\"$A\"'$A'\\$A", "1$A$A"),
	ROW("\"$Q\"", "\"q' \\n $A #"),
	ROW("x${A", "x${A"),
	ROW("$", "$"),
	ROW("$-$A", "$-1"),
	ROW("${S}", "a b  c"),
	ROW("${}${A}", "${}1"),
};

static void
test_addresses(void)
{
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		const struct row *r = &addresses[i];
		char *line = xasprintf("bind %s", r->line), other[] = "$A";
		struct arena *a = arena_new();
		struct word_fault fault;
		struct words words;

		ok(word_split(a, str_of(line), &env, &words, &fault) == 0 && words.n == 2);
		tap_is_str(word_expand(a, &words, words.w[1], &env), r->words, __FILE__, r->at,
		    r->line);
		ok(word_expand(a, &words, words.w[0], &env) == words.w[0]);
		ok(word_expand(a, &words, other, &env) == other);
		arena_free(a);
		free(line);
	}
}

static const struct row calls[] = {
	ROW(")", ""),
	ROW("a)", "<a>"),
	ROW("a,b)", "<a><b>"),
	ROW("a,,b,)x", "<a><><b><>"),
	ROW(" a b , c )", "< a b >< c >"),
	ROW("'a,b)',\"c,)\\\"\",d)", "<a,b)><c,)\"><d>"),
	ROW("a\\,b)", "<a\\><b>"),
	ROW("\\n\\t\\r\\\\\\'\\\"\\ )", "<\n\t\r\\'\" >"),
	ROW("\\#\\$\\x41#$A\"$A\")", "<\\#\\$\\x41#$A$A>"),
	ROW("^a(b)", "<^a(b>"),
	ROW("\"^(a|b)\\.x$\",my/\\1,g)", "<^(a|b)\\.x$><my/\\1><g>"),
	ROW("a", NULL),
	ROW("'a)", NULL),
	ROW("\"a\\\")", NULL),
};

static void
test_calls(void)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const struct row *r = &calls[i];
		struct arena *a = arena_new();
		long len = word_args_end(r->line);
		struct word_fault fault;
		char **w, *got = NULL;
		int n;

		if (len >= 0 &&
		    word_args(a, (struct str){ r->line, (size_t)len }, &w, &n, &fault) == 0)
			got = shown(w, n);
		tap_is_str(got, r->words, __FILE__, r->at, r->line);
		free(got);
		arena_free(a);
	}
}

/* Bounded: words of a line, bytes of a line, the part of it that is shown */
static void
test_limits(void)
{
	struct arena *a = arena_new();
	size_t size = WORD_TEXT_MAX + 16;
	char *line = xmalloc(size), *text;
	struct word_fault fault;
	struct words words;

	for (size_t i = 0; i < size; i++)
		line[i] = i % 2 != 0 ? ' ' : 'x';
	ok(word_split(a, (struct str){ line, 2 * WORDS_MAX }, &env, &words, &fault) == 0);
	is_int(words.n, WORDS_MAX);
	ok(word_split(a, (struct str){ line, 2 * WORDS_MAX + 1 }, &env, &words, &fault) == -1);
	is_str(fault.what, "too many words");
	memset(line, 'x', size);
	ok(word_split(a, (struct str){ line, size }, &env, &words, &fault) == -1);
	is_str(fault.what, "line too long");
	memset(line, ' ', 1000);
	line[900] = '"';
	fault = (struct word_fault){ "unmatched quote", 900 };
	text = word_fault_text(&fault, (struct str){ line, size });
	ok(strlen(text) < 500 && text[strlen(text) - 1] == '^');
	free(text);
	ok(word_split(a, (struct str){ "a\0b", 3 }, &env, &words, &fault) == -1);
	is_str(fault.what, "forbidden NUL character");
	free(line);
	arena_free(a);
}

int
main(void)
{
	test_lines();
	test_addresses();
	test_calls();
	test_limits();
	return tap_done();
}
