/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands and words: which row a line means, help, and what an unknown command
 * may have meant. All rows of all modules stand in one sorted array, made at the
 * start; a name is compared word by word, whole words only.
 *
 * Thread: control.
 */
#include "api/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/module.h"
#include "base/xalloc.h"

#define NEAR_ROWS	5
#define HELP_COLUMN	40
#define FAR		1000u

static const struct cli_row **rows;	/* owned; sorted by name, CLI_F_LAST ones last */
static size_t nrows;

static int
by_name(const void *a, const void *b)
{
	const struct cli_row *x = *(const struct cli_row *const *)a;
	const struct cli_row *y = *(const struct cli_row *const *)b;

	if ((x->flags ^ y->flags) & CLI_F_LAST)
		return x->flags & CLI_F_LAST ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void
rows_add(const struct cli_row *list)
{
	for (; list != NULL && list->name != NULL; list++) {
		rows = xrealloc(rows, (nrows + 1) * sizeof *rows);
		rows[nrows++] = list;
	}
}

void
cli_rows_init(void)
{
	MODULE_EACH(m)
		rows_add(m->cli);
	if (nrows > 0)
		qsort(rows, nrows, sizeof *rows, by_name);
}

void
cli_rows_fini(void)
{
	free(rows);
	rows = NULL;
	nrows = 0;
}

/* ---- names word by word ---- */

/* Word i of a name; empty behind the last one. */
static struct str
name_word(const char *name, int i)
{
	struct str s = { name, strcspn(name, " ") };

	while (i-- > 0 && s.len > 0) {
		name += s.len + (name[s.len] == ' ');
		s = (struct str){ name, strcspn(name, " ") };
	}
	return s;
}

/* How many words the name and the line have in common, from the first one. */
static int
common_words(const char *name, char *const *words, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		struct str w = name_word(name, i);

		if (w.len == 0 || !str_is(w, words[i]))
			break;
	}
	return i;
}

const struct cli_row *
cli_find(char *const *words, int n, int *ret_used)
{
	const struct cli_row *best = NULL;

	*ret_used = 0;
	for (size_t i = 0; i < nrows; i++) {
		int len = str_words(rows[i]->name);

		if (len <= n && len > *ret_used && common_words(rows[i]->name, words, n) == len) {
			best = rows[i];
			*ret_used = len;
		}
	}
	return best;
}

/* ---- what was meant ---- */

/* Edit distance of two words, FAR for long ones. */
static unsigned
distance(struct str a, struct str b)
{
	unsigned row[33], before, above;

	if (a.len > 32 || b.len > 32)
		return FAR;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a.len; i++) {
		before = row[0]++;
		for (size_t j = 1; j <= b.len; j++) {
			above = row[j];
			row[j] = before + (a.p[i - 1] != b.p[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			before = above;
		}
	}
	return row[b.len];
}

/* How far a row is from these words: the first `same` words must be equal, the
 * next one counts; when none is, any word of the name may be the one meant. */
static unsigned
row_distance(const struct cli_row *row, char *const *words, int n, int same)
{
	unsigned best = FAR, d;
	struct str w;

	if (common_words(row->name, words, n) < same)
		return FAR;
	if (same == n)
		return 0;
	for (int i = same; (w = name_word(row->name, i)).len > 0; i++) {
		d = 2 * distance(str_of(words[same]), w) + (unsigned)(i - same);
		if (d < best)
			best = d;
		if (same > 0)
			break;
	}
	return best;
}

static bool
is_shown(const struct cli_row *row, unsigned level, unsigned hidden_flags)
{
	return row->level <= level && (row->flags & hidden_flags) == 0;
}

static size_t
count_within(const unsigned *d, unsigned limit)
{
	size_t n = 0;

	for (size_t i = 0; i < nrows; i++)
		n += d[i] < limit;
	return n;
}

static void
put_row(struct outbuf *b, const struct cli_row *row)
{
	size_t len = strlen(row->name) + (row->syntax[0] != '\0') + strlen(row->syntax);
	int pad = len < HELP_COLUMN ? (int)(HELP_COLUMN - len) : 0;

	outbuf_fmt(b, "  %s%s%s%*s: %s\n", row->name, row->syntax[0] != '\0' ? " " : "",
	    row->syntax, pad, "", row->help);
}

static void
put_last_rows(struct outbuf *b)
{
	for (size_t i = 0; i < nrows; i++)
		if (rows[i]->flags & CLI_F_LAST)
			put_row(b, rows[i]);
}

/* The `most` rows of the least distance, in the order of names. */
static void
put_nearest(struct outbuf *b, const unsigned *d, size_t most)
{
	unsigned limit = 0;
	size_t equal;

	while (limit < FAR && count_within(d, limit + 1) < most)
		limit++;
	equal = most - count_within(d, limit);
	for (size_t i = 0; i < nrows; i++)
		if (d[i] < limit || (d[i] == limit && d[i] < FAR && equal > 0)) {
			equal -= d[i] == limit;
			put_row(b, rows[i]);
		}
}

/* All rows that begin with the words, else the few that are nearest. */
static void
put_near(struct outbuf *b, unsigned level, unsigned hidden_flags, char *const *words, int n)
{
	unsigned *d = xcalloc(nrows + 1, sizeof *d);
	int same = 0;

	for (size_t i = 0; i < nrows; i++) {
		int common = common_words(rows[i]->name, words, n);

		if (common > same && is_shown(rows[i], level, hidden_flags))
			same = common;
	}
	for (size_t i = 0; i < nrows; i++)
		d[i] = (rows[i]->flags & CLI_F_LAST) || !is_shown(rows[i], level, hidden_flags) ?
		    FAR : row_distance(rows[i], words, n, same);
	put_nearest(b, d, same == n ? count_within(d, 1) : NEAR_ROWS);
	free(d);
	put_last_rows(b);
}

void
cli_help(struct outbuf *b, unsigned level, unsigned hidden_flags, char *const *words, int n)
{
	outbuf_z(b, "The following commands are valid at this level:\n");
	put_near(b, level, hidden_flags, words, n);
}

void
cli_unknown(struct outbuf *b, unsigned level, unsigned hidden_flags, char *const *words, int n)
{
	struct out o = outbuf_reserve(b, 4 * strlen(words[0]) + 128);

	out_lit(&o, "Unknown command: '");
	out_visible(&o, str_of(words[0]));
	out_lit(&o, "', but maybe one of the following ones is a better match:\n");
	outbuf_commit(b, &o);
	put_near(b, level, hidden_flags, words, n);
}
