/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The index of TLS files; see tls_index.h. Commands and gauges read it instead of
 * the contexts, so nothing of a private key is near them.
 */
#include "net/tls_index.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"

#define BUCKETS	512

struct tls_index {
	struct arena	*arena;			/* borrowed: the snapshot's */
	struct {
		struct tls_used	*first, **tail;
		struct tls_used	*buckets[BUCKETS];
	} kinds[TLS_KINDS];
};

struct tls_index *
tls_index_new(struct arena *a)
{
	struct tls_index *ix = arena_alloc(a, sizeof *ix);

	ix->arena = a;
	for (int i = 0; i < TLS_KINDS; i++)
		ix->kinds[i].tail = &ix->kinds[i].first;
	return ix;
}

static unsigned
bucket(const char *name)
{
	return (unsigned)(str_hash(str_of(name)) % BUCKETS);
}

static struct tls_used *
find(const struct tls_index *ix, enum tls_kind kind, const char *name)
{
	struct tls_used *u = ix->kinds[kind].buckets[bucket(name)];

	while (u != NULL && strcmp(u->name, name) != 0)
		u = u->same;
	return u;
}

static struct tls_used *
add(struct tls_index *ix, enum tls_kind kind, const char *name, const char *file)
{
	struct tls_used *u = arena_alloc(ix->arena, sizeof *u);
	struct tls_used **at = &ix->kinds[kind].buckets[bucket(name)];

	u->name = arena_strdup(ix->arena, name);
	u->file = file == NULL || strcmp(file, name) == 0 ? u->name :
	    arena_strdup(ix->arena, file);
	u->same = *at;
	*at = u;
	*ix->kinds[kind].tail = u;
	ix->kinds[kind].tail = &u->next;
	return u;
}

struct tls_used *
tls_index_note(struct tls_index *ix, enum tls_kind kind, const char *name, const char *file)
{
	struct tls_used *u;

	if (ix == NULL)
		return NULL;
	u = find(ix, kind, name);
	if (u == NULL)
		u = add(ix, kind, name, file);
	u->uses++;
	return u;
}

const struct tls_used *
tls_index_first(const struct tls_index *ix, enum tls_kind kind)
{
	return ix != NULL ? ix->kinds[kind].first : NULL;
}

const struct tls_used *
tls_index_find(const struct tls_index *ix, enum tls_kind kind, const char *name)
{
	return ix != NULL ? find(ix, kind, name) : NULL;
}

bool
tls_index_days_left(const struct tls_index *ix, int64_t now_s, double *ret_days)
{
	const struct tls_used *u = tls_index_first(ix, TLS_KIND_CERT);
	int64_t least = u != NULL ? u->not_after_s : 0;

	if (u == NULL)
		return false;
	for (; u != NULL; u = u->next)
		if (u->not_after_s < least)
			least = u->not_after_s;
	*ret_days = (double)(least - now_s) / 86400;
	return true;
}
