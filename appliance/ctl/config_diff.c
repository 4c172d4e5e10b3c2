/* SPDX-License-Identifier: BSD-2-Clause */
/* Where two texts of the configuration differ; see config_diff.h. */
#include "ctl/config_diff.h"

#include <string.h>

#include "base/diff.h"
#include "base/out.h"
#include "ctl/config_hide.h"
#include "ctl/config_text.h"

struct telling {
	struct outbuf	*b;
	const char	*path, *name;
	struct diff_lines old, new;
	bool		 has_head;
};

static void
put_lines(struct outbuf *b, const struct diff_lines *l, size_t first, size_t n, char sign)
{
	for (size_t i = first; i < first + n; i++) {
		outbuf_fmt(b, "%c", sign);
		config_hide(b, l->line[i].p, l->line[i].len);
		outbuf_z(b, "\n");
	}
}

/* `12,3`; of none the line before. */
static void
put_range(struct outbuf *b, char sign, size_t first, size_t n)
{
	outbuf_fmt(b, "%c%zu", sign, n > 0 ? first + 1 : first);
	if (n != 1)
		outbuf_fmt(b, ",%zu", n);
}

static void
on_hunk(void *arg, const struct diff_hunk *h)
{
	struct telling *t = arg;

	if (!t->has_head)
		outbuf_fmt(t->b, "--- %s\n+++ %s\n", t->path, t->name);
	t->has_head = true;
	outbuf_z(t->b, "@@ ");
	put_range(t->b, '-', h->a_first, h->a_n);
	outbuf_z(t->b, " ");
	put_range(t->b, '+', h->b_first, h->b_n);
	outbuf_z(t->b, " @@\n");
	put_lines(t->b, &t->old, h->a_first, h->a_n, '-');
	put_lines(t->b, &t->new, h->b_first, h->b_n, '+');
}

static const struct config_file *
find(const struct config_text *t, const char *path)
{
	for (unsigned i = 0; i < t->nfiles; i++)
		if (strcmp(t->files[i].path, path) == 0)
			return &t->files[i];
	return NULL;
}

/* old or new NULL: there is no such file. */
static void
diff_file(struct telling *t, const struct config_file *old, const struct config_file *new)
{
	t->path = old != NULL ? old->path : new->path;
	t->has_head = false;
	t->old = diff_split(old != NULL ? (struct str){ old->data, old->len } : STR(""));
	t->new = diff_split(new != NULL ? (struct str){ new->data, new->len } : STR(""));
	diff_each(&t->old, &t->new, on_hunk, t);
	diff_lines_fini(&t->old);
	diff_lines_fini(&t->new);
}

void
config_diff(struct outbuf *b, const struct config_text *old, const struct config_text *new,
    const char *name)
{
	struct telling t = { .b = b, .name = name };

	for (unsigned i = 0; i < old->nfiles; i++)
		diff_file(&t, &old->files[i], find(new, old->files[i].path));
	for (unsigned i = 0; i < new->nfiles; i++)
		if (find(old, new->files[i].path) == NULL)
			diff_file(&t, NULL, &new->files[i]);
}
