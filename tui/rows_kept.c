/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of groups, instances, alarms, policies and scripts, kept by their names from
 * one snapshot to the next; sheets are made of them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/out.h"
#include "base/xalloc.h"
#include "tui/rows_in.h"

int
kept_kind(struct str word)
{
	for (int k = 0; k < KIND_COUNT; k++)
		if (str_is(word, kind_names[k]))
			return k;
	return -1;
}

void
kept_clear(struct kept_rows *k)
{
	for (unsigned i = 0; i < k->n; i++) {
		free(k->at[i].key);
		free(k->at[i].line);
	}
	k->n = 0;
}

static struct kept *
find(struct kept_rows *k, const char *key)
{
	for (unsigned i = 0; i < k->n; i++)
		if (strcmp(k->at[i].key, key) == 0)
			return &k->at[i];
	return NULL;
}

static void
drop(struct kept_rows *k, const char *key)
{
	struct kept *at = find(k, key);

	if (at == NULL)
		return;
	free(at->key);
	free(at->line);
	k->n--;
	memmove(at, at + 1, (size_t)(k->at + k->n - at) * sizeof(*at));
}

static void
put(struct kept_rows *k, const char *key, struct str line, int64_t ms)
{
	struct kept *at = find(k, key);

	if (at == NULL) {
		if (k->n == k->cap) {
			k->cap = k->cap ? 2 * k->cap : 16;
			k->at = xrealloc(k->at, k->cap * sizeof(*k->at));
		}
		at = &k->at[k->n++];
		at->key = xstrdup(key);
		at->line = NULL;
	}
	free(at->line);
	at->line = xstrndup(line.p, line.len);
	at->fed_ms = ms;
}

/* Rows are known by their first field, policies by GROUP/POLICY. */
static char *
key_of(int kind, struct str line)
{
	char *text = xmalloc(line.len + 1), *key = NULL;
	uint32_t at[2];
	unsigned n = csv_split(line, text, at, 2);

	if (n > 0 && kind != KIND_POLICY)
		key = xstrdup(text + at[0]);
	else if (n > 1)
		key = xasprintf("%s/%s", text + at[0], text + at[1]);
	free(text);
	return key;
}

/* Seconds left and ages move without being sent: which column, and which way. */
static const struct { const char *column; int sign; } ageing[KIND_COUNT] = {
	[KIND_GROUP] = { "cooldown_left_s", -1 }, [KIND_INSTANCE] = { "age_s", 1 }
};

/* The field of that number; len 0: the line has none. */
static struct str
field_at(const char *line, unsigned number)
{
	const char *p = line;
	bool is_quoted = false;

	for (; *p != '\0' && number > 0; p++) {
		is_quoted ^= *p == '"';
		number -= *p == ',' && !is_quoted;
	}
	return (struct str){ p, number == 0 ? strcspn(p, ",") : 0 };
}

static int
ageing_column(int kind, const char *header)
{
	struct str rest = str_of(header), name;
	int n = 0;

	while (ageing[kind].column != NULL && str_next_elem(&rest, ',', &name)) {
		if (str_is(name, ageing[kind].column))
			return n;
		n++;
	}
	return -1;
}

static void
put_kept(struct outbuf *b, const struct kept *k, int kind, int column, int64_t ms)
{
	struct str field = column >= 0 ? field_at(k->line, (unsigned)column) : STR_NONE;
	int64_t age_s = (ms - k->fed_ms) / 1000, v;

	if (field.len == 0 || age_s <= 0 || !str_to_i64(field, &v)) {
		outbuf_fmt(b, "%s\n", k->line);
		return;
	}
	v += ageing[kind].sign * age_s;
	outbuf_mem(b, k->line, (size_t)(field.p - k->line));
	outbuf_fmt(b, "%lld%s\n", (long long)(v > 0 ? v : 0), field.p + field.len);
}

bool
kept_ages(int kind)
{
	return ageing[kind].column != NULL;
}

void
kept_update(struct host *h, int kind, int64_t ms)
{
	const struct kept_rows *k = &h->kept[kind];
	struct outbuf b;
	int column;

	if (k->header == NULL)
		return;
	column = ageing_column(kind, k->header);
	outbuf_init(&b, 0);
	outbuf_fmt(&b, "#%s\n", k->header);
	for (unsigned i = 0; i < k->n; i++)
		put_kept(&b, &k->at[i], kind, column, ms);
	if (sheet_parse(&h->kinds[kind], b.data, b.len))
		h->kinds[kind].fed_ms = ms;
	outbuf_fini(&b);
}

/* A line behind its kind: sign '#' is the header, '-' a row that is gone. */
void
kept_line(struct host *h, int kind, char sign, struct str rest, int64_t ms)
{
	struct kept_rows *k = &h->kept[kind];
	char *key;

	if (sign == '#') {
		free(k->header);
		k->header = xstrndup(rest.p, rest.len);
		return;
	}
	key = sign == '-' ? xstrndup(rest.p, rest.len) : key_of(kind, rest);
	if (key == NULL)
		return;
	if (sign == '-')
		drop(k, key);
	else
		put(k, key, rest, ms);
	free(key);
}
