/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shards of a stick table; see stick.h.
 *
 * Entries lie in chunks and are linked by indexes of 32 bits, which keeps one of
 * `type ip` with a rate at 40 bytes. A table counts its entries in one atomic; a
 * thread that wants one more than `size` purges the oldest of its shard, or of
 * the next shard that has one. So with several shards "the oldest" is that of a
 * shard: keys are spread evenly, the difference is small.
 *
 * Buckets are as many as a shard may expect entries, and zeroed memory that was
 * never written costs no page. Keys are hashed with a random seed, so nobody can
 * choose keys that meet in one bucket.
 *
 * Thread: any; each shard under its mutex.
 */
#include "proxy/stick.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/clock.h"
#include "base/rand.h"
#include "base/xalloc.h"
#include "proxy/stick_in.h"

#define EXPIRE_PER_LOOK	2	/* what is over goes by twos, as new ones come */
#define CHUNK_MAX	512u

/* ---- making and freeing ---- */

static uint32_t
power_of_two(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

static void
shard_init(struct stick_table *t, struct stick_shard *sh)
{
	uint32_t share = (t->lay.size + t->nshards - 1) / t->nshards;

	pthread_mutex_init(&sh->lock, NULL);
	sh->mask = power_of_two(share) - 1;
	sh->buckets = xcalloc(sh->mask + 1, sizeof(*sh->buckets));
}

struct stick_table *
stick_new(const char *name, const struct stick_layout *l)
{
	struct stick_table *t = xaligned(CACHE_LINE, sizeof(*t));
	uint32_t share;

	t->magic = STICK_MAGIC;
	t->name = xstrdup(name);
	t->lay = *l;
	t->seed = rand_u64();
	t->nshards = 1u << l->shard_bits;
	share = l->size / t->nshards / 4;
	t->chunk_entries = share < 8 ? 8 : share > CHUNK_MAX ? CHUNK_MAX : power_of_two(share);
	t->is_new = true;
	t->shards = xaligned(CACHE_LINE, t->nshards * sizeof(*t->shards));
	for (unsigned i = 0; i < t->nshards; i++)
		shard_init(t, &t->shards[i]);
	return t;
}

void
stick_free(struct stick_table *t)
{
	MAGIC_OK(t, STICK_MAGIC);
	for (unsigned i = 0; i < t->nshards; i++) {
		struct stick_shard *sh = &t->shards[i];

		for (uint32_t k = 0; k < sh->nchunks; k++)
			free(sh->chunks[k]);
		free(sh->chunks);
		free(sh->buckets);
		pthread_mutex_destroy(&sh->lock);
	}
	t->magic = 0;
	free(t->shards);
	free(t->name);
	free(t);
}

/* ---- entries of a locked shard ---- */

static struct stick_entry *
entry_at(const struct stick_table *t, const struct stick_shard *sh, uint32_t index)
{
	uint32_t i = index - 1;

	return (struct stick_entry *)(void *)(sh->chunks[i / t->chunk_entries] +
	    (size_t)(i & (t->chunk_entries - 1)) * t->lay.entry_bytes);
}

static uint32_t
entry_key_len(const struct stick_table *t, const struct stick_entry *e)
{
	if (t->lay.type != STICK_STRING)
		return t->lay.key_len;
	return (uint32_t)strnlen(e->key, t->lay.key_len);
}

static uint64_t
hash(const struct stick_table *t, const void *key, size_t len)
{
	return XXH3_64bits_withSeed(key, len, t->seed);
}

static uint32_t *
bucket_of(const struct stick_shard *sh, uint64_t h)
{
	return &sh->buckets[(uint32_t)(h >> 32) & sh->mask];
}

static void
order_append(const struct stick_table *t, struct stick_shard *sh, struct stick_entry *e,
    uint32_t index)
{
	e->older = sh->newest;
	e->newer = 0;
	if (sh->newest != 0)
		entry_at(t, sh, sh->newest)->newer = index;
	else
		sh->oldest = index;
	sh->newest = index;
}

static void
order_remove(const struct stick_table *t, struct stick_shard *sh, struct stick_entry *e)
{
	if (e->older != 0)
		entry_at(t, sh, e->older)->newer = e->newer;
	else
		sh->oldest = e->newer;
	if (e->newer != 0)
		entry_at(t, sh, e->newer)->older = e->older;
	else
		sh->newest = e->older;
}

/* Nobody holds it. */
static void
entry_drop(struct stick_table *t, struct stick_shard *sh, uint32_t index)
{
	struct stick_entry *e = entry_at(t, sh, index);
	uint32_t *at = bucket_of(sh, hash(t, e->key, entry_key_len(t, e)));

	while (*at != index) {
		WEIR_ASSERT(*at != 0);
		at = &entry_at(t, sh, *at)->hash_next;
	}
	*at = e->hash_next;
	order_remove(t, sh, e);
	e->refs = STICK_FREE;
	e->hash_next = sh->free;
	sh->free = index;
	atomic_fetch_sub_explicit(&t->used, 1, memory_order_relaxed);
}

static bool
is_over(const struct stick_table *t, const struct stick_entry *e)
{
	uint64_t expire_us = atomic_load_explicit(&t->expire_us, memory_order_relaxed);

	return expire_us != 0 && clock_now_us >= e->touched_us + expire_us;
}

static unsigned
drop_expired(struct stick_table *t, struct stick_shard *sh, unsigned max)
{
	unsigned n = 0;

	while (n < max && sh->oldest != 0 && is_over(t, entry_at(t, sh, sh->oldest))) {
		entry_drop(t, sh, sh->oldest);
		n++;
	}
	return n;
}

static bool
keys_equal(const struct stick_table *t, const struct stick_entry *e, const struct stick_key *k)
{
	return memcmp(e->key, k->p, k->len) == 0 &&
	    (k->len == t->lay.key_len || e->key[k->len] == '\0');
}

static uint32_t
lookup(const struct stick_table *t, const struct stick_shard *sh, const struct stick_key *k,
    uint64_t h)
{
	uint32_t index = *bucket_of(sh, h);

	while (index != 0) {
		const struct stick_entry *e = entry_at(t, sh, index);

		if (keys_equal(t, e, k))
			break;
		index = e->hash_next;
	}
	return index;
}

/* The entry of the key that is not over; 0 = none. */
static uint32_t
lookup_good(struct stick_table *t, struct stick_shard *sh, const struct stick_key *k, uint64_t h)
{
	uint32_t index = lookup(t, sh, k, h);
	struct stick_entry *e;

	if (index == 0)
		return 0;
	e = entry_at(t, sh, index);
	if (e->refs != 0 || !is_over(t, e))
		return index;
	entry_drop(t, sh, index);
	return 0;
}

static uint32_t
index_take(struct stick_table *t, struct stick_shard *sh)
{
	uint32_t index = sh->free;

	if (index != 0) {
		sh->free = entry_at(t, sh, index)->hash_next;
		return index;
	}
	if (sh->top == sh->nchunks * t->chunk_entries) {
		sh->chunks = xrealloc(sh->chunks, (sh->nchunks + 1) * sizeof(*sh->chunks));
		sh->chunks[sh->nchunks++] = xmalloc((size_t)t->chunk_entries *
		    t->lay.entry_bytes);
	}
	return ++sh->top;
}

/* Counted in t->used already. */
static uint32_t
entry_new(struct stick_table *t, struct stick_shard *sh, const struct stick_key *k, uint64_t h)
{
	uint32_t index = index_take(t, sh), *bucket = bucket_of(sh, h);
	struct stick_entry *e = entry_at(t, sh, index);

	memset(e, 0, t->lay.entry_bytes);
	memcpy(e->key, k->p, k->len);
	e->touched_us = clock_now_us;
	e->hash_next = *bucket;
	*bucket = index;
	order_append(t, sh, e, index);
	return index;
}

/* ---- room for one more ---- */

static bool
purge_oldest(struct stick_table *t, struct stick_shard *sh)
{
	if (sh->oldest == 0)
		return false;
	entry_drop(t, sh, sh->oldest);
	return true;
}

/* This shard has nothing to purge: another one has. No lock is held. */
static bool
purge_elsewhere(struct stick_table *t, unsigned not_here)
{
	bool done = false;

	for (unsigned i = 1; i < t->nshards && !done; i++) {
		struct stick_shard *sh = &t->shards[(not_here + i) & (t->nshards - 1)];

		pthread_mutex_lock(&sh->lock);
		done = purge_oldest(t, sh);
		pthread_mutex_unlock(&sh->lock);
	}
	return done;
}

/* Counts one entry more, after having purged one if need be. The shard is locked
 * when it is called and when it returns, but perhaps not all the time between. */
static bool
make_room(struct stick_table *t, struct stick_shard *sh)
{
	uint32_t n = atomic_fetch_add_explicit(&t->used, 1, memory_order_relaxed);
	bool done;

	if (likely(n < t->lay.size))
		return true;
	if (!atomic_load_explicit(&t->is_nopurge, memory_order_relaxed)) {
		if (purge_oldest(t, sh))
			return true;
		pthread_mutex_unlock(&sh->lock);
		done = purge_elsewhere(t, (unsigned)(sh - t->shards));
		pthread_mutex_lock(&sh->lock);
		if (done)
			return true;
	}
	atomic_fetch_sub_explicit(&t->used, 1, memory_order_relaxed);
	return false;
}

/* ---- finding ---- */

static struct stick_shard *
shard_of(const struct stick_table *t, uint64_t h)
{
	return &t->shards[(uint32_t)h & (t->nshards - 1)];
}

static struct stick_at
at_index(struct stick_table *t, struct stick_shard *sh, uint32_t index)
{
	return (struct stick_at){ .table = t, .shard = sh, .e = entry_at(t, sh, index),
		.index = index };
}

bool
stick_find(struct stick_table *t, const struct stick_key *k, struct stick_at *ret)
{
	uint64_t h = hash(t, k->p, k->len);
	struct stick_shard *sh = shard_of(t, h);
	uint32_t index;

	pthread_mutex_lock(&sh->lock);
	index = lookup_good(t, sh, k, h);
	if (index == 0) {
		pthread_mutex_unlock(&sh->lock);
		return false;
	}
	*ret = at_index(t, sh, index);
	return true;
}

bool
stick_get(struct stick_table *t, const struct stick_key *k, struct stick_at *ret)
{
	uint64_t h = hash(t, k->p, k->len);
	struct stick_shard *sh = shard_of(t, h);
	uint32_t index;

	pthread_mutex_lock(&sh->lock);
	index = lookup_good(t, sh, k, h);
	if (index == 0) {
		(void)drop_expired(t, sh, EXPIRE_PER_LOOK);
		if (!make_room(t, sh)) {
			pthread_mutex_unlock(&sh->lock);
			return false;
		}
		/* the lock may have been given up in between */
		index = lookup(t, sh, k, h);
		if (unlikely(index != 0))
			atomic_fetch_sub_explicit(&t->used, 1, memory_order_relaxed);
		else
			index = entry_new(t, sh, k, h);
	}
	*ret = at_index(t, sh, index);
	return true;
}

void
stick_unlock(struct stick_at *at)
{
	pthread_mutex_unlock(&at->shard->lock);
}

void
stick_touch(struct stick_at *at)
{
	struct stick_entry *e = at->e;

	e->touched_us = clock_now_us;
	if (e->refs != 0)
		return;
	order_remove(at->table, at->shard, e);
	order_append(at->table, at->shard, e, at->index);
}

bool
stick_remove(struct stick_at *at)
{
	bool is_free = at->e->refs == 0;

	if (is_free)
		entry_drop(at->table, at->shard, at->index);
	stick_unlock(at);
	return is_free;
}

/* ---- holding ---- */

struct stick_ref
stick_hold(struct stick_at *at)
{
	if (at->e->refs++ == 0)
		order_remove(at->table, at->shard, at->e);
	at->shard->held++;
	return (struct stick_ref){ .table = at->table, .index = at->index,
		.shard = (uint32_t)(at->shard - at->table->shards) };
}

struct stick_at
stick_lock(const struct stick_ref *r)
{
	struct stick_shard *sh = &r->table->shards[r->shard];

	pthread_mutex_lock(&sh->lock);
	return at_index(r->table, sh, r->index);
}

/* Whether the table is an orphan is read under the lock: who frees it takes each
 * lock once after the flag was set, so it cannot go before that is read. */
void
stick_release(struct stick_ref *r)
{
	struct stick_table *t = r->table;
	struct stick_at at = stick_lock(r);
	bool is_orphan;

	r->table = NULL;
	WEIR_ASSERT(at.e->refs > 0 && at.e->refs != STICK_FREE);
	at.e->touched_us = clock_now_us;
	if (--at.e->refs == 0)
		order_append(t, at.shard, at.e, at.index);
	at.shard->held--;
	is_orphan = atomic_load_explicit(&t->is_orphan, memory_order_relaxed);
	stick_unlock(&at);
	if (unlikely(is_orphan))
		stick_gone(t);
}

void
stick_copy(struct stick_at *at, void *buf)
{
	memcpy(buf, at->e, at->table->lay.entry_bytes);
	at->e = buf;
	stick_unlock(at);
}

/* ---- of a locked entry ---- */

uint32_t
stick_refs(const struct stick_at *at)
{
	return at->e->refs;
}

struct str
stick_key_bytes(const struct stick_at *at)
{
	return (struct str){ at->e->key, entry_key_len(at->table, at->e) };
}

uint64_t
stick_idle_us(const struct stick_at *at)
{
	return clock_now_us > at->e->touched_us ? clock_now_us - at->e->touched_us : 0;
}

uint64_t
stick_left_us(const struct stick_at *at)
{
	uint64_t expire_us = atomic_load_explicit(&at->table->expire_us, memory_order_relaxed);
	uint64_t idle_us = stick_idle_us(at);

	return expire_us > idle_us ? expire_us - idle_us : 0;
}

const void *
stick_address(const struct stick_at *at)
{
	return entry_at(at->table, at->shard, at->index);
}

/* ---- walks ---- */

unsigned
stick_expire(struct stick_table *t, unsigned shard, unsigned max)
{
	struct stick_shard *sh = &t->shards[shard];
	unsigned n;

	pthread_mutex_lock(&sh->lock);
	n = drop_expired(t, sh, max);
	pthread_mutex_unlock(&sh->lock);
	return n;
}

bool
stick_walk(struct stick_table *t, unsigned shard, uint32_t *index, unsigned max_steps,
    struct stick_at *ret)
{
	struct stick_shard *sh = &t->shards[shard];

	pthread_mutex_lock(&sh->lock);
	for (; *index <= sh->top && max_steps > 0; ++*index, max_steps--) {
		struct stick_entry *e = entry_at(t, sh, *index);

		if (e->refs == STICK_FREE || (e->refs == 0 && is_over(t, e)))
			continue;
		*ret = at_index(t, sh, *index);
		return true;
	}
	if (*index > sh->top)
		*index = 0;		/* the end */
	pthread_mutex_unlock(&sh->lock);
	return false;
}

uint32_t
stick_used(const struct stick_table *t)
{
	uint32_t n = atomic_load_explicit(&t->used, memory_order_relaxed);

	return n < t->lay.size ? n : t->lay.size;
}
