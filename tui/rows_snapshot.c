/* SPDX-License-Identifier: BSD-2-Clause */
/* `show snapshot`: looked at whole, then line by line into the model. */
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "tui/rows_in.h"

#define CELLS_MAX	256u

struct snapshot {
	uint64_t gen;
	unsigned pid, rows;
	bool	 is_full, is_paused, is_test_clock;
	int64_t	 now_ms;
	struct str body;		/* without its first and last line */
};

/* `name=` of a line of such words. */
static struct str
word_of(struct str line, const char *name)
{
	struct str word;

	while (str_next_elem(&line, ' ', &word))
		if (str_starts(word, str_of(name)))
			return (struct str){ word.p + strlen(name), word.len - strlen(name) };
	return STR_NONE;
}

static uint64_t
number_of(struct str line, const char *name)
{
	uint64_t v = 0;

	return str_to_u64(word_of(line, name), &v) ? v : 0;
}

static bool
read_head(struct snapshot *s, struct str line)
{
	struct str now = word_of(line, "now=");
	char text[32];

	if (!str_starts(line, STR("#snapshot v=1 ")))
		return false;
	s->gen = number_of(line, "gen=");
	s->pid = (unsigned)number_of(line, "pid=");
	s->is_full = number_of(line, "full=") != 0;
	s->is_paused = number_of(line, "paused=") != 0;
	s->is_test_clock = str_is(word_of(line, "clock="), "test");
	snprintf(text, sizeof(text), STR_FMT, STR_ARG(now));
	s->now_ms = (int64_t)(strtod(text, NULL) * 1000);
	return s->gen != 0 && s->pid != 0 && s->now_ms > 0;
}

/* Each line has a kind that is known, or a new one; stat rows fit their header. */
static bool
body_ok(struct str body, unsigned want)
{
	unsigned rows = 0, ncolumns = 0;
	struct str line;

	while (csv_line(&body, &line)) {
		struct str rest = { line.p + 5, line.len - 5 };

		if (line.len < 5 || memchr(line.p, ',', line.len) == NULL ||
		    memchr(line.p, '\0', line.len) != NULL)
			return false;
		rows += line.p[0] != '#';
		if (str_starts(line, STR("#stat,"))) {
			rest = (struct str){ line.p + 6, line.len - 6 };
			if (!stat_header_ok(rest))
				return false;
			ncolumns = stat_columns(rest);
		} else if (str_starts(line, STR("stat,")) &&
		    (ncolumns == 0 || !stat_line_ok(rest, ncolumns)))
			return false;
	}
	return rows == want;
}

/* Whole: a first line, a last line that counts the rows, and sound ones between. */
static bool
snapshot_read(struct snapshot *s, struct str text)
{
	struct str head, last, rest = text;

	while (text.len > 0 && text.p[text.len - 1] == '\n')
		text.len--;
	last.p = memrchr(text.p, '\n', text.len);
	if (last.p == NULL || !csv_line(&rest, &head) || !read_head(s, head))
		return false;
	last.p++;
	last.len = (size_t)(text.p + text.len - last.p);
	s->body = (struct str){ rest.p, (size_t)(last.p - rest.p) };
	s->rows = (unsigned)number_of(last, "rows=");
	return str_starts(last, STR("#end rows=")) && body_ok(s->body, s->rows);
}

/* A full answer is all there is of the kinds that were asked for. */
static void
forget_kinds(struct feed *f)
{
	const char *only = strstr(f->command, " only ");

	for (int k = 0; k < KIND_COUNT; k++)
		if (only == NULL || strstr(only, kind_names[k]) != NULL)
			kept_clear(&f->h->kept[k]);
}

static void
feed_info_row(struct feed *f, struct str names, struct str line)
{
	char *n = xmalloc(names.len + 1), *v = xmalloc(line.len + 1);
	uint32_t nat[CELLS_MAX], vat[CELLS_MAX];
	unsigned nn = csv_split(names, n, nat, CELLS_MAX);
	unsigned nv = csv_split(line, v, vat, CELLS_MAX);

	for (unsigned i = 0; i < nn && i < nv && i < CELLS_MAX; i++)
		info_set(f, n + nat[i], v + vat[i]);
	free(n);
	free(v);
}

static void
drop_stat(struct feed *f, struct str names)
{
	const char *comma = memchr(names.p, ',', names.len);
	char px[256], sv[256];
	struct row *r;

	if (comma == NULL)
		return;
	snprintf(px, sizeof(px), "%.*s", (int)(comma - names.p), names.p);
	snprintf(sv, sizeof(sv), "%.*s", (int)(names.p + names.len - comma - 1), comma + 1);
	if ((r = host_row(f->h, px, sv)) != NULL)
		host_row_del(f->h, r);
}

/* What a snapshot's lines are turned into. */
struct body {
	struct feed *f;
	struct stat_feed stat;
	struct str info_names;
	bool	 has_stat;		/* stat rows were asked for */
	unsigned touched;		/* kinds, a bit each */
};

static void
object_line(struct body *b, struct str word, struct str rest, char sign)
{
	int kind = kept_kind(word);

	if (kind < 0)
		return;			/* of a later version */
	b->touched |= 1u << kind;
	kept_line(b->f->h, kind, sign, rest, b->f->ms);
}

static void
body_line(struct body *b, struct str line)
{
	char sign = line.p[0] == '#' || line.p[0] == '-' ? line.p[0] : ' ';
	const char *from = line.p + (sign != ' ');
	const char *comma = memchr(line.p, ',', line.len);
	struct str word = { from, (size_t)(comma - from) };
	struct str rest = { comma + 1, (size_t)(line.p + line.len - comma - 1) };

	if (str_is(word, "stat") && sign == '#')
		stat_header(b->f->h, rest);
	else if (str_is(word, "stat") && sign == '-')
		drop_stat(b->f, rest);
	else if (str_is(word, "stat"))
		stat_line(&b->stat, rest);
	else if (str_is(word, "info") && sign == '#')
		b->info_names = rest;
	else if (str_is(word, "info"))
		feed_info_row(b->f, b->info_names, rest);
	else
		object_line(b, word, rest, sign);
}

static void
set_clock(struct feed *f, const struct snapshot *s)
{
	struct host *h = f->h;

	h->kind = HOST_WEIR;
	h->now_ms = s->now_ms;
	h->skew_ms = s->now_ms - f->ms;
	h->is_paused = s->is_paused;
	h->is_test_clock = s->is_test_clock;
	host_pid(f->h, s->pid, f->ms);
	h->gen = s->gen;
}

bool
feed_snapshot(struct feed *f)
{
	const char *only = strstr(f->command, " only ");
	struct body b = { .f = f, .has_stat = only == NULL || strstr(only, "stat") != NULL };
	struct snapshot s;
	struct str line;

	if (!snapshot_read(&s, f->text))
		return false;
	set_clock(f, &s);
	stat_begin(&b.stat, f);
	b.stat.others_same = true;
	if (s.is_full) {
		forget_kinds(f);
		b.touched = ~0u;
		if (b.has_stat)
			b.stat.order = xmalloc((s.rows + 1) * sizeof(*b.stat.order));
	}
	while (csv_line(&s.body, &line))
		body_line(&b, line);
	for (int k = 0; k < KIND_COUNT; k++)
		if ((b.touched >> k & 1) || kept_ages(k))
			kept_update(f->h, k, f->ms);
	if (b.has_stat)
		stat_end(&b.stat);
	stat_fini(&b.stat);
	return true;
}
