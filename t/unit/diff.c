/* SPDX-License-Identifier: BSD-2-Clause */
/* diff.c: hunks that lead from one text to the other, and the fewest. */
#include <stdio.h>
#include <string.h>

#include "base/diff.h"
#include "tap.h"

struct told {
	char		 text[400];
	size_t		 at, lines;
	const struct diff_lines *a, *b;
	struct str	 made[2000];	/* a, changed as the hunks say */
	size_t		 nmade, next;
};

static void
on_hunk(void *arg, const struct diff_hunk *h)
{
	struct told *t = arg;

	if (t->at < sizeof t->text - 60)
		t->at += (size_t)snprintf(t->text + t->at, sizeof t->text - t->at,
		    "%zu,%zu %zu,%zu;", h->a_first, h->a_n, h->b_first, h->b_n);
	t->lines += h->a_n + h->b_n;
	while (t->next < h->a_first)
		t->made[t->nmade++] = t->a->line[t->next++];
	t->next += h->a_n;
	for (size_t i = 0; i < h->b_n; i++)
		t->made[t->nmade++] = t->b->line[h->b_first + i];
}

static struct told told;

static void
differ(const char *x, const char *y)
{
	struct diff_lines a = diff_split(str_of(x)), b = diff_split(str_of(y));
	int wrong = 0;

	memset(&told, 0, sizeof told);
	told.a = &a;
	told.b = &b;
	diff_each(&a, &b, on_hunk, &told);
	while (told.next < a.n)
		told.made[told.nmade++] = a.line[told.next++];
	wrong = told.nmade != b.n;
	for (size_t i = 0; !wrong && i < b.n; i++)
		wrong = told.made[i].len != b.line[i].len ||
		    memcmp(told.made[i].p, b.line[i].p, b.line[i].len) != 0;
	ok(!wrong);
	diff_lines_fini(&a);
	diff_lines_fini(&b);
}

/* Lines of a and b at random, of few kinds. */
static void
random_text(char *p, unsigned *seed, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		*seed = *seed * 1103515245u + 12345u;
		*p++ = (char)('a' + (*seed >> 16) % 4);
		*p++ = '\n';
	}
	*p = '\0';
}

int
main(void)
{
	static char x[2000], y[2000];
	unsigned seed = 7;

	differ("", "");
	is_str(told.text, "");
	differ("a\nb\nc\n", "a\nb\nc\n");
	is_str(told.text, "");
	differ("a\nb\nc\n", "a\nx\nc\n");
	is_str(told.text, "1,1 1,1;");
	differ("a\nb\nc\n", "a\nc\n");
	is_str(told.text, "1,1 1,0;");
	differ("a\nc", "a\nb\nc\nd");
	is_str(told.text, "1,0 1,1;2,0 3,1;");
	differ("", "a\n");
	is_str(told.text, "0,0 0,1;");
	differ("a\nb\n", "");
	is_str(told.text, "0,2 0,0;");
	differ("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n");
	is_u64(told.lines, 5);		/* the example of the paper */
	for (int i = 0; i < 60; i++) {
		random_text(x, &seed, (unsigned)i * 5);
		random_text(y, &seed, 300 - (unsigned)i * 5);
		differ(x, y);
	}
	random_text(x, &seed, 900);
	for (size_t i = 0; i < 900; i++)	/* more than it searches */
		y[2 * i] = (char)('A' + i % 20), y[2 * i + 1] = '\n';
	y[1800] = '\0';
	differ(x, y);
	return tap_done();
}
