/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Differences by lines: the greedy search for the shortest way from one text to the
 * other (Myers 1986). Round d knows how far d insertions and removals lead on each
 * diagonal k = x - y; the rounds are kept, and the way is read from them backwards.
 */
#include "base/diff.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct diff_lines
diff_split(struct str text)
{
	struct diff_lines l = { NULL, 0 };
	size_t cap = 0;

	while (text.len > 0) {
		const char *lf = memchr(text.p, '\n', text.len);
		size_t len = lf != NULL ? (size_t)(lf - text.p) : text.len;

		if (l.n == cap) {
			cap = cap > 0 ? cap * 2 : 64;
			l.line = xrealloc(l.line, cap * sizeof *l.line);
		}
		l.line[l.n++] = (struct str){ text.p, len };
		len += lf != NULL;
		text.p += len;
		text.len -= len;
	}
	return l;
}

void
diff_lines_fini(struct diff_lines *l)
{
	free(l->line);
	*l = (struct diff_lines){ NULL, 0 };
}

static bool
same(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* ---- the search ---- */

/* Both texts between what they share at both ends. */
struct search {
	const struct str *a, *b;
	int32_t		 na, nb;
	int32_t		*rounds[DIFF_MOST + 1];	/* owned; [d][k + d] is x */
};

static int32_t
at(const struct search *s, int d, int k)
{
	return s->rounds[d][k + d];
}

/* Where round d begins on diagonal k, before it goes along equal lines: after a line
 * of b, or one of a. */
static bool
comes_down(const struct search *s, int d, int k)
{
	return k == -d || (k != d && at(s, d - 1, k - 1) < at(s, d - 1, k + 1));
}

static int32_t
slide(const struct search *s, int32_t x, int k)
{
	while (x < s->na && x - k < s->nb && same(s->a[x], s->b[x - k]))
		x++;
	return x;
}

/* True: the end was reached. Diagonals outside of the texts have x -1. */
static bool
round_of(struct search *s, int d)
{
	s->rounds[d] = xcalloc(2 * (size_t)d + 1, sizeof(int32_t));
	for (int k = -d; k <= d; k += 2) {
		int32_t x = d == 0 ? 0 : comes_down(s, d, k) ? at(s, d - 1, k + 1) :
		    at(s, d - 1, k - 1) + 1;

		if (x >= 0 && x <= s->na && x - k >= 0 && x - k <= s->nb)
			x = slide(s, x, k);
		s->rounds[d][k + d] = x;
		if (x >= s->na && x - k >= s->nb)
			return true;
	}
	return false;
}

/* ---- the way ---- */

struct mark {
	bool		*a, *b;		/* lines that are only there */
};

static void
walk_back(const struct search *s, int d, struct mark *m)
{
	int32_t x = s->na;
	int k = s->na - s->nb;

	for (; d > 0; d--) {
		bool down = comes_down(s, d, k);
		int before = down ? k + 1 : k - 1;

		x = at(s, d - 1, before);
		if (down && x - before < s->nb && x - before >= 0)
			m->b[x - before] = true;
		else if (!down && x < s->na)
			m->a[x] = true;
		k = before;
	}
}

static void
tell(const struct search *s, const struct mark *m, size_t shift, diff_fn *fn, void *arg)
{
	struct diff_hunk h;
	int32_t i = 0, j = 0;

	while (i < s->na || j < s->nb) {
		h = (struct diff_hunk){ (size_t)i + shift, 0, (size_t)j + shift, 0 };
		while ((i < s->na && m->a[i]) || (j < s->nb && m->b[j])) {
			if (i < s->na && m->a[i])
				i++, h.a_n++;
			else
				j++, h.b_n++;
		}
		if (h.a_n + h.b_n > 0)
			fn(arg, &h);
		i++, j++;
	}
}

static void
search_and_tell(struct search *s, size_t shift, diff_fn *fn, void *arg)
{
	struct mark m = { xcalloc((size_t)s->na + 1, 1), xcalloc((size_t)s->nb + 1, 1) };
	int d = 0;

	while (!round_of(s, d) && d < DIFF_MOST)
		d++;
	if (d < DIFF_MOST)
		walk_back(s, d, &m);
	else {
		memset(m.a, true, (size_t)s->na);
		memset(m.b, true, (size_t)s->nb);
	}
	tell(s, &m, shift, fn, arg);
	for (int i = 0; i <= d; i++)
		free(s->rounds[i]);
	free(m.a);
	free(m.b);
}

void
diff_each(const struct diff_lines *a, const struct diff_lines *b, diff_fn *fn, void *arg)
{
	size_t head = 0, tail = 0, least = a->n < b->n ? a->n : b->n;
	struct search *s;

	while (head < least && same(a->line[head], b->line[head]))
		head++;
	while (tail < least - head && same(a->line[a->n - 1 - tail], b->line[b->n - 1 - tail]))
		tail++;
	if (head + tail == a->n && head + tail == b->n)
		return;
	s = xcalloc(1, sizeof *s);
	s->a = a->line + head;
	s->b = b->line + head;
	s->na = (int32_t)(a->n - head - tail);
	s->nb = (int32_t)(b->n - head - tail);
	search_and_tell(s, head, fn, arg);
	free(s);
}
