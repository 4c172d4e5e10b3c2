/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables as an appliance sends them: CSV with named columns. */
#include <math.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "tui/csv.h"
#include "tui/rows.h"

#define COLUMNS_MAX	256u

void
sheet_fini(struct sheet *s)
{
	free(s->text);
	free(s->cell);
	free(s->notes);
	memset(s, 0, sizeof(*s));
}

/* A header has a name, a comma and no blank but one behind its '#'. */
static bool
is_header(struct str line)
{
	size_t from = line.len > 1 && line.p[1] == ' ' ? 2 : 1;

	if (line.len < 3 || line.p[0] != '#' || memchr(line.p, ',', line.len) == NULL)
		return false;
	return memchr(line.p + from, ' ', line.len - from) == NULL &&
	    memchr(line.p, '=', line.len) == NULL;
}

static struct str
header_names(struct str line)
{
	size_t from = line.p[1] == ' ' ? 2 : 1;

	return (struct str){ line.p + from, line.len - from };
}

/* What is being filled. */
struct fill {
	struct sheet s;
	size_t	 at;			/* bytes of s.text in use */
	unsigned cells;
	char	*notes;
	size_t	 notes_len;
	bool	 has_header;
};

static bool
add_line(struct fill *f, struct str line)
{
	uint32_t *cell = f->s.cell + f->cells;
	unsigned max = f->has_header ? f->s.ncols : COLUMNS_MAX;
	unsigned n = csv_split(line, f->s.text + f->at, cell, max), i;

	if (n == 0 || (!f->has_header && n > COLUMNS_MAX))
		return false;
	if (!f->has_header)
		f->s.ncols = n;
	for (i = 0; i < n && i < f->s.ncols; i++)
		cell[i] += (uint32_t)f->at;
	for (; i < f->s.ncols; i++)	/* a short row: its last cells are empty */
		cell[i] = (uint32_t)(f->at + line.len);
	f->at += line.len + 1;
	f->s.text[f->at - 1] = '\0';
	f->cells += f->s.ncols;
	f->s.nrows += f->has_header;
	f->has_header = true;
	return true;
}

static void
add_note(struct fill *f, struct str line)
{
	memcpy(f->notes + f->notes_len, line.p, line.len);
	f->notes_len += line.len;
	f->notes[f->notes_len++] = '\n';
	f->notes[f->notes_len] = '\0';
}

/* Room for every row of `text`, whose header is known to have at most `ncols`. */
static void
fill_init(struct fill *f, struct str text)
{
	struct str rest = text, line = STR_NONE;
	unsigned rows = csv_lines(text), ncols = 1, i;

	memset(f, 0, sizeof(*f));
	while (csv_line(&rest, &line) && !is_header(line))
		;
	for (i = 0; i < line.len; i++)
		ncols += line.p[i] == ',';
	ncols = ncols < COLUMNS_MAX ? ncols : COLUMNS_MAX;
	f->s.text = xmalloc(text.len + rows + 2);
	f->s.cell = xmalloc((size_t)(rows + 1) * ncols * sizeof(*f->s.cell) +
	    COLUMNS_MAX * sizeof(*f->s.cell));
	f->notes = xmalloc(text.len + rows + 2);
	f->notes[0] = '\0';
}

bool
sheet_parse(struct sheet *s, const char *text, size_t len)
{
	struct str rest = { text, len }, line;
	struct fill f;
	bool is_good = true;

	fill_init(&f, rest);
	while (is_good && csv_line(&rest, &line)) {
		if (!f.has_header && is_header(line))
			is_good = add_line(&f, header_names(line));
		else if (line.len > 0 && line.p[0] == '#')
			add_note(&f, line);
		else if (line.len > 0)
			is_good = f.has_header && add_line(&f, line);
	}
	f.s.notes = f.notes;
	if (!is_good || !f.has_header) {
		sheet_fini(&f.s);
		return false;
	}
	f.s.fed_ms = s->fed_ms;
	sheet_fini(s);
	*s = f.s;
	return true;
}

static int
column_of(const struct sheet *s, const char *column)
{
	for (unsigned i = 0; i < s->ncols; i++)
		if (strcmp(s->text + s->cell[i], column) == 0)
			return (int)i;
	return -1;
}

const char *
sheet_get(const struct sheet *s, unsigned row, const char *column)
{
	int c = column_of(s, column);

	if (c < 0 || row >= s->nrows)
		return "";
	return s->text + s->cell[(size_t)(row + 1) * s->ncols + (unsigned)c];
}

double
sheet_num(const struct sheet *s, unsigned row, const char *column)
{
	return csv_num(sheet_get(s, row, column));
}

int
sheet_find(const struct sheet *s, const char *column, const char *value)
{
	for (unsigned i = 0; i < s->nrows; i++)
		if (strcmp(sheet_get(s, i, column), value) == 0)
			return (int)i;
	return -1;
}
