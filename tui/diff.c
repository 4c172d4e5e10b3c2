/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The longest common subsequence of lines by a table, once equal lines at both
 * ends are cut off. Texts so different that the table would pass 16 MiB are
 * shown as one replaced by the other.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/diff.h"

#define CELLS_MAX	(4u << 20)

struct lines { struct diff_line *at; unsigned n; };

static struct lines
split(const char *text)
{
	struct lines l = { NULL, 0 };
	unsigned cap = 0;
	size_t len;

	while (*text != '\0') {
		if (l.n == cap) {
			cap = cap > 0 ? 2 * cap : 64;
			l.at = xrealloc(l.at, cap * sizeof(*l.at));
		}
		len = strcspn(text, "\n");
		l.at[l.n++] = (struct diff_line){ ' ', text, len };
		text += len + (text[len] == '\n');
	}
	return l;
}

static bool
same(const struct diff_line *a, const struct diff_line *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static void
put(struct diff *d, char sign, const struct diff_line *l)
{
	if (d->n == d->cap) {
		d->cap = d->cap > 0 ? 2 * d->cap : 64;
		d->at = xrealloc(d->at, d->cap * sizeof(*d->at));
	}
	d->at[d->n++] = (struct diff_line){ sign, l->text, l->len };
	d->added += sign == '+';
	d->removed += sign == '-';
}

static void
put_all(struct diff *d, char sign, const struct diff_line *l, unsigned n)
{
	for (; n > 0; n--)
		put(d, sign, l++);
}

/* common[i][j]: lines that a from i on and b from j on have in common. */
static void
put_middle(struct diff *d, const struct diff_line *a, unsigned na, const struct diff_line *b,
    unsigned nb)
{
	uint16_t *common = xcalloc((size_t)(na + 1) * (nb + 1), sizeof(*common));
	unsigned i, j, w = nb + 1;

	for (i = na; i-- > 0;)
		for (j = nb; j-- > 0;)
			common[i * w + j] = same(&a[i], &b[j]) ?
			    (uint16_t)(common[(i + 1) * w + j + 1] + 1) :
			    common[(i + 1) * w + j] > common[i * w + j + 1] ?
			    common[(i + 1) * w + j] : common[i * w + j + 1];
	for (i = j = 0; i < na && j < nb;) {
		if (same(&a[i], &b[j])) {
			put(d, ' ', &a[i++]);
			j++;
		} else if (common[(i + 1) * w + j] >= common[i * w + j + 1])
			put(d, '-', &a[i++]);
		else
			put(d, '+', &b[j++]);
	}
	put_all(d, '-', a + i, na - i);
	put_all(d, '+', b + j, nb - j);
	free(common);
}

void
diff_make(struct diff *d, const char *text_a, const char *text_b)
{
	struct lines a = split(text_a), b = split(text_b);
	unsigned head = 0, tail = 0, na, nb;

	diff_fini(d);
	while (head < a.n && head < b.n && same(&a.at[head], &b.at[head]))
		head++;
	while (tail < a.n - head && tail < b.n - head &&
	    same(&a.at[a.n - 1 - tail], &b.at[b.n - 1 - tail]))
		tail++;
	na = a.n - head - tail;
	nb = b.n - head - tail;
	put_all(d, ' ', a.at, head);
	if ((uint64_t)na * nb < CELLS_MAX && na < UINT16_MAX && nb < UINT16_MAX)
		put_middle(d, a.at + head, na, b.at + head, nb);
	else {
		put_all(d, '-', a.at + head, na);
		put_all(d, '+', b.at + head, nb);
	}
	put_all(d, ' ', a.at + a.n - tail, tail);
	free(a.at);
	free(b.at);
}

void
diff_fini(struct diff *d)
{
	free(d->at);
	*d = (struct diff){ 0 };
}
