/* SPDX-License-Identifier: BSD-2-Clause */
/* All lines of both texts in order, from the places where they differ (base/diff.h). */
#include <stdlib.h>

#include "base/diff.h"
#include "base/xalloc.h"
#include "tui/diff.h"

struct making {
	struct diff *d;
	struct diff_lines a, b;
	size_t	 at;			/* lines of a that are put */
};

static void
put(struct diff *d, char sign, struct str line)
{
	if (d->n == d->cap) {
		d->cap = d->cap > 0 ? 2 * d->cap : 64;
		d->at = xrealloc(d->at, d->cap * sizeof(*d->at));
	}
	d->at[d->n++] = (struct diff_line){ sign, line.p, line.len };
	d->added += sign == '+';
	d->removed += sign == '-';
}

static void
put_same(struct making *k, size_t until)
{
	while (k->at < until)
		put(k->d, ' ', k->a.line[k->at++]);
}

static void
on_hunk(void *arg, const struct diff_hunk *h)
{
	struct making *k = arg;
	size_t i;

	put_same(k, h->a_first);
	for (i = 0; i < h->a_n; i++)
		put(k->d, '-', k->a.line[k->at++]);
	for (i = 0; i < h->b_n; i++)
		put(k->d, '+', k->b.line[h->b_first + i]);
}

void
diff_make(struct diff *d, const char *a, const char *b)
{
	struct making k = { d, diff_split(str_of(a)), diff_split(str_of(b)), 0 };

	diff_fini(d);
	diff_each(&k.a, &k.b, on_hunk, &k);
	put_same(&k, k.a.n);
	diff_lines_fini(&k.a);
	diff_lines_fini(&k.b);
}

void
diff_fini(struct diff *d)
{
	free(d->at);
	*d = (struct diff){ 0 };
}
