/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of all configuration rows, hashed by name. Built once from
 * modules[], at first use and under pthread_once: loads run in job threads.
 * A name may have several rows as long as they stand in different places;
 * names with a `*` are few and are tried last, in order.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "cfg/kw_in.h"

#define NAME_WORDS	3	/* at most, in a row's name */
#define NAME_MAX_BYTES	256

struct entry {
	const struct kw_row	*row;
	const struct module	*module;
	int			 next;		/* in the bucket; -1 = none */
};

static struct {
	struct entry	*entries;
	int		 n;
	int		*buckets;	/* power of two */
	size_t		 mask;
	int		*globs;		/* entries with `*` in their name */
	int		 nglobs;
} table;

static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static size_t
bucket_of(const char *name)
{
	return (size_t)str_hash(str_of(name)) & table.mask;
}

static void
add_row(const struct module *m, const struct kw_row *row)
{
	struct entry *e = &table.entries[table.n];
	size_t b = bucket_of(row->name);

	for (int i = table.buckets[b]; i != -1; i = table.entries[i].next) {
		const struct kw_row *o = table.entries[i].row;

		if (strcmp(o->name, row->name) == 0 && (o->in & row->in) != 0)
			fatalx("keyword '%s' has two rows, in modules %s and %s",
			    row->name, table.entries[i].module->name, m->name);
	}
	if (row->kind == KW_OBEYED && row->parse == NULL)
		fatalx("keyword '%s' of module %s has no parse function", row->name, m->name);
	*e = (struct entry){ row, m, table.buckets[b] };
	table.buckets[b] = table.n;
	if (strchr(row->name, '*') != NULL)
		table.globs[table.nglobs++] = table.n;
	table.n++;
}

static void
table_build(void)
{
	size_t n = 0, size = 64;

	MODULE_EACH(m)
		for (const struct kw_row *r = m->cfg; r != NULL && r->name != NULL; r++)
			n++;
	while (size < 2 * n)
		size *= 2;
	table.entries = xcalloc(n + 1, sizeof(*table.entries));
	table.globs = xcalloc(n + 1, sizeof(*table.globs));
	table.buckets = xcalloc(size, sizeof(*table.buckets));
	table.mask = size - 1;
	memset(table.buckets, 0xff, size * sizeof(*table.buckets));
	MODULE_EACH(m)
		for (const struct kw_row *r = m->cfg; r != NULL && r->name != NULL; r++)
			add_row(m, r);
}

static void
table_need(void)
{
	pthread_once(&table_once, table_build);
}

void
kw_each(void (*fn)(const struct module *m, const struct kw_row *row, void *arg), void *arg)
{
	table_need();
	for (int i = 0; i < table.n; i++)
		fn(table.entries[i].module, table.entries[i].row, arg);
}

const struct section_row *
kw_section(const char *name)
{
	MODULE_EACH(m)
		for (const struct section_row *s = m->sections;
		    s != NULL && s->name != NULL; s++)
			if (strcmp(s->name, name) == 0)
				return s;
	return NULL;
}

/* "timeout connect" of the first n words; false when that is too long. */
static bool
join_words(char **words, int n, char *buf, size_t size)
{
	size_t at = 0, len;

	for (int i = 0; i < n; i++) {
		len = strlen(words[i]);
		if (len + 1 >= size - at)
			return false;
		if (i > 0)
			buf[at++] = ' ';
		memcpy(buf + at, words[i], len);
		at += len;
	}
	buf[at] = '\0';
	return true;
}

static const struct kw_row *
find_exact(uint32_t in, const char *name)
{
	for (int i = table.buckets[bucket_of(name)]; i != -1; i = table.entries[i].next) {
		const struct kw_row *r = table.entries[i].row;

		if ((r->in & in) != 0 && strcmp(r->name, name) == 0)
			return r;
	}
	return NULL;
}

/* `*` in a row's name stands for one byte or more. */
static bool
glob_matches(const char *glob, const char *word)
{
	size_t head = strcspn(glob, "*"), tail = strlen(glob) - head - 1;
	size_t len = strlen(word);

	return len > head + tail && strncmp(glob, word, head) == 0 &&
	    strcmp(glob + head + 1, word + len - tail) == 0;
}

static const struct kw_row *
find_glob(uint32_t in, const char *word)
{
	for (int i = 0; i < table.nglobs; i++) {
		const struct kw_row *r = table.entries[table.globs[i]].row;

		if ((r->in & in) != 0 && glob_matches(r->name, word))
			return r;
	}
	return NULL;
}

const struct kw_row *
kw_find(uint32_t in, char **words, int n, int *ret_used)
{
	const struct kw_row *row = NULL;
	char name[NAME_MAX_BYTES];
	int k;

	table_need();
	for (k = n < NAME_WORDS ? n : NAME_WORDS; k > 0 && row == NULL; k--)
		if (join_words(words, k, name, sizeof(name)) &&
		    (row = find_exact(in, name)) != NULL)
			*ret_used = k;
	if (row == NULL && n > 0 && (row = find_glob(in, words[0])) != NULL)
		*ret_used = 1;
	return row;
}

/* ---- did you mean ---- */

struct candidates {
	const char	**names;
	size_t		  n;
};

static const char *
next_candidate(size_t i, void *arg)
{
	const struct candidates *c = arg;

	return i < c->n ? c->names[i] : NULL;
}

/* Of two or three letters nearly everything is near: they must begin alike. */
static const char *
nearest(const char *typed, struct candidates *c)
{
	const char *near = str_nearest(typed, next_candidate, c);

	return near != NULL && strlen(typed) <= 3 && near[0] != typed[0] ? NULL : near;
}

static bool
begins_with_word(const char *name, const char *word)
{
	size_t len = strlen(word);

	return strncmp(name, word, len) == 0 && name[len] == ' ';
}

/* How many words of the line name a row: as many as the rows have that begin
 * with the longest known run of its words. */
static int
words_meant(uint32_t in, char **words, int n)
{
	char head[NAME_MAX_BYTES];

	for (int k = n < NAME_WORDS ? n - 1 : NAME_WORDS - 1; k > 0; k--) {
		if (!join_words(words, k, head, sizeof(head)))
			continue;
		for (int i = 0; i < table.n; i++)
			if ((table.entries[i].row->in & in) != 0 &&
			    begins_with_word(table.entries[i].row->name, head))
				return k + 1;
	}
	return 1;
}

static void
collect(struct candidates *c, uint32_t in, int nwords, bool with_sections)
{
	size_t nsections = 0;

	MODULE_EACH(m)
		for (const struct section_row *s = m->sections;
		    s != NULL && s->name != NULL; s++)
			nsections++;
	c->names = xcalloc((size_t)table.n + nsections + 1, sizeof(*c->names));
	for (int i = 0; i < table.n; i++) {
		const struct kw_row *r = table.entries[i].row;

		if ((r->in & in) != 0 && r->kind != KW_REFUSED &&
		    strchr(r->name, '*') == NULL && str_words(r->name) == nwords)
			c->names[c->n++] = r->name;
	}
	if (!with_sections || nwords > 1)
		return;
	MODULE_EACH(m)
		for (const struct section_row *s = m->sections;
		    s != NULL && s->name != NULL; s++)
			c->names[c->n++] = s->name;
}

/* A wrong first word of a row with several: "timout client". */
static const char *
nearest_of_more(uint32_t in, char **words, int n)
{
	struct candidates c = { 0 };
	char name[NAME_MAX_BYTES];
	const char *near = NULL;

	for (int k = 2; k <= NAME_WORDS && k <= n && near == NULL; k++) {
		if (!join_words(words, k, name, sizeof(name)))
			break;
		c.n = 0;
		collect(&c, in, k, false);
		near = nearest(name, &c);
		free(c.names);
	}
	return near;
}

const char *
kw_nearest(uint32_t in, char **words, int n, bool with_sections, char **ret_typed)
{
	struct candidates c = { 0 };
	char name[NAME_MAX_BYTES];
	const char *near;
	int meant;

	table_need();
	meant = words_meant(in, words, n);
	if (!join_words(words, meant, name, sizeof(name))) {
		*ret_typed = xstrndup(words[0], 64);
		return NULL;
	}
	collect(&c, in, meant, with_sections);
	near = nearest(name, &c);
	free(c.names);
	if (near == NULL && meant == 1)
		near = nearest_of_more(in, words, n);
	*ret_typed = xstrdup(name);
	return near;
}
