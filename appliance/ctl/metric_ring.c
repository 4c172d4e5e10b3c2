/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings of samples; see metric_ring.h. The slots of a step are a circle: a slot
 * counts only where its stamp says that it is of the time asked for, so what a gap
 * left behind vanishes without being cleaned.
 *
 * Columns come in files of up to RING_WIDTH_MAX, the first ones narrow, so that a
 * small configuration takes little. In memory a file is made of segments, which come
 * when time reaches them and go, oldest first, when there is more than may be.
 *
 * Thread: control.
 */
#include "ctl/metric_ring.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "base/shortest.h"
#include "base/xalloc.h"
#include "ctl/metric_ring_in.h"

#define WIDTH_FIRST	16u
#define AHEAD_S		7200u	/* values may come for so long ahead */

const uint32_t metric_step_s[METRIC_TIERS] = { 1, 10, 60, 300, 3600 };

#define HOUR	3600u
#define DAY	86400u
static uint32_t kept_s[METRIC_TIERS] = { 3 * HOUR, 6 * HOUR, 15 * DAY, 63 * DAY, 455 * DAY };

struct rings rings = { .max_bytes = UINT64_MAX };

static bool
is_fine(enum metric_tier tier)
{
	return tier < METRIC_60S;
}

size_t
ring_sample_bytes(enum metric_tier tier)
{
	return 4 * (is_fine(tier) ? sizeof(float) : sizeof(double));
}

void
metric_ring_set_spans(const uint32_t seconds[METRIC_TIERS])
{
	memcpy(kept_s, seconds, sizeof kept_s);
}

uint64_t
metric_ring_bytes(void)
{
	return rings.bytes;
}

bool
metric_is_short(void)
{
	return rings.is_short;
}

static void
account(enum metric_tier tier, uint32_t k, int64_t bytes)
{
	rings.bytes += (uint64_t)bytes;
	rings.tiers[tier].bytes[k] += (uint64_t)bytes;
}

/* ---- files ---- */

static unsigned
nsegments(const struct ring_file *f)
{
	return (f->shape.nslots + RING_SEGMENT - 1) / RING_SEGMENT;
}

static size_t
own_bytes(const struct ring_file *f)
{
	return f->shape.nslots * sizeof(f->stamps[0]) + nsegments(f) * sizeof(f->segments[0]);
}

static size_t
segment_bytes(const struct ring_file *f)
{
	return RING_SEGMENT * f->stride;
}

/* The first ones are narrow, so that a small configuration takes little. */
static uint32_t
width_of_next(enum metric_tier tier, enum metric_class k, const struct metric_shape *shape)
{
	const struct ring_tier *t = &rings.tiers[tier];
	uint64_t column = (uint64_t)shape->nslots * shape->sample_bytes, share = ring_disk_share();
	uint32_t width = WIDTH_FIRST;

	for (unsigned i = 0; i < t->nfiles && width < RING_WIDTH_MAX; i++)
		if (t->files[i] != NULL && t->files[i]->shape.k == k &&
		    4 * width * column <= share)
			width *= 4;
	return width < RING_WIDTH_MAX ? width : RING_WIDTH_MAX;
}

static struct metric_shape
shape_of(enum metric_tier tier, enum metric_class k, uint32_t width)
{
	struct metric_shape s = {
		.tier = tier, .k = k, .width = width, .step_s = metric_step_s[tier],
		.nslots = (kept_s[tier] + (is_fine(tier) ? 0 : AHEAD_S)) / metric_step_s[tier] + 1,
		.sample_bytes = (uint32_t)ring_sample_bytes(tier),
	};

	if (width == 0)
		s.width = width_of_next(tier, k, &s);
	return s;
}

struct ring_file *
ring_file_new(enum metric_tier tier, enum metric_class k, unsigned index, uint32_t width)
{
	struct ring_tier *t = &rings.tiers[tier];
	struct ring_file *f;

	if (index >= RING_FILES_MAX)
		return NULL;
	f = xcalloc(1, sizeof *f);
	f->shape = shape_of(tier, k, width);
	f->stride = f->shape.width * f->shape.sample_bytes;
	f->nclean = f->shape.width;
	f->use = xcalloc(f->shape.width, 1);
	f->stamps = xcalloc(f->shape.nslots, sizeof(f->stamps[0]));
	f->segments = xcalloc(nsegments(f), sizeof(f->segments[0]));
	account(tier, k, (int64_t)own_bytes(f));
	t->files[index] = f;
	if (index >= t->nfiles)
		t->nfiles = index + 1;
	return f;
}

static void
segment_free(enum metric_tier tier, struct ring_file *f, unsigned i)
{
	if (f->segments[i] == NULL)
		return;
	for (uint32_t s = i * RING_SEGMENT; s < (i + 1) * RING_SEGMENT && s < f->shape.nslots; s++)
		f->stamps[s] = 0;
	free(f->segments[i]);
	f->segments[i] = NULL;
	account(tier, f->shape.k, -(int64_t)segment_bytes(f));
}

static void
memory_free(enum metric_tier tier, struct ring_file *f)
{
	if (f->segments == NULL)
		return;
	for (unsigned i = 0; i < nsegments(f); i++)
		segment_free(tier, f, i);
	account(tier, f->shape.k, -(int64_t)own_bytes(f));
	free(f->stamps);
	free(f->segments);
	f->stamps = NULL;
	f->segments = NULL;
}

void
ring_file_free(enum metric_tier tier, unsigned index)
{
	struct ring_file *f = rings.tiers[tier].files[index];

	if (f == NULL)
		return;
	rings.tiers[tier].files[index] = NULL;
	memory_free(tier, f);
	metric_file_close(&f->map);
	free(f->use);
	free(f);
}

char *
ring_slot(const struct ring_file *f, uint32_t slot)
{
	char *segment;

	if (f->map.base != NULL)
		return f->map.slots + slot * f->stride;
	segment = f->segments[slot / RING_SEGMENT];
	return segment != NULL ? segment + slot % RING_SEGMENT * f->stride : NULL;
}

void
ring_file_move(enum metric_tier tier, struct ring_file *f, const struct metric_map *map)
{
	for (uint32_t s = 0; s < f->shape.nslots; s++)
		if (f->stamps[s] != 0) {
			memcpy(map->slots + s * f->stride, ring_slot(f, s), f->stride);
			map->stamps[s] = f->stamps[s];
		}
	for (uint32_t c = 0; c < f->shape.width; c++)
		if (f->use[c] != USE_CLEAN)
			*map->high = c + 1;
	memory_free(tier, f);
	f->map = *map;
	f->stamps = map->stamps;
}

void
metric_ring_free(void)
{
	for (unsigned tier = 0; tier < METRIC_TIERS; tier++)
		for (unsigned i = 0; i < rings.tiers[tier].nfiles; i++)
			ring_file_free((enum metric_tier)tier, i);
	memset(&rings, 0, sizeof rings);
	rings.max_bytes = UINT64_MAX;
}

/* ---- columns ---- */

uint64_t
ring_share(uint64_t max_bytes, enum metric_class k)
{
	return k == METRIC_OF_SERVERS ? max_bytes / 4 * 3 : max_bytes;
}

static uint32_t
take_column(struct ring_file *f, unsigned index)
{
	uint32_t c = 0;

	while (f->use[c] != USE_CLEAN)
		c++;
	f->use[c] = USE_TAKEN;
	f->nclean--;
	if (f->map.base != NULL && *f->map.high <= c)
		*f->map.high = c + 1;
	return index << RING_WIDTH_BITS | c;
}

/* Where there is no room for it, a narrower one. */
static struct ring_file *
file_that_fits(enum metric_tier tier, enum metric_class k)
{
	struct metric_shape shape = shape_of(tier, k, 0);

	while (!ring_disk_has_room(&shape, shape.width == WIDTH_FIRST)) {
		if (shape.width == WIDTH_FIRST)
			return NULL;
		shape.width /= 4;
	}
	return ring_file_new(tier, k, rings.tiers[tier].nfiles, shape.width);
}

uint32_t
metric_column_new(enum metric_tier tier, enum metric_class k)
{
	struct ring_tier *t = &rings.tiers[tier];
	struct ring_file *f;
	unsigned i;

	if (t->is_off[k])
		return METRIC_NO_COLUMN;
	for (i = 0; i < t->nfiles; i++)
		if ((f = t->files[i]) != NULL && f->shape.k == k && f->nclean > 0)
			return take_column(f, i);
	if (rings.bytes >= ring_share(rings.max_bytes, k))
		return METRIC_NO_COLUMN;
	f = file_that_fits(tier, k);
	return f != NULL ? take_column(f, i) : METRIC_NO_COLUMN;
}

static struct ring_file *
file_of(enum metric_tier tier, uint32_t column)
{
	struct ring_tier *t = &rings.tiers[tier];

	WEIR_ASSERT(column >> RING_WIDTH_BITS < t->nfiles);
	return t->files[column >> RING_WIDTH_BITS];
}

/* What it held must not show under the next name: in memory it is gone at once, in
 * a file a job cleans it. */
void
metric_column_free(enum metric_tier tier, uint32_t column)
{
	struct ring_file *f = file_of(tier, column);
	uint32_t c = column & (RING_WIDTH_MAX - 1);
	size_t size = ring_sample_bytes(tier);
	char *at;

	if (f == NULL)
		return;
	f->use[c] = f->map.base != NULL || f->is_busy ? USE_DIRTY : USE_CLEAN;
	if (f->use[c] == USE_DIRTY) {
		f->ndirty++;
		return;
	}
	f->nclean++;
	for (uint32_t s = 0; s < f->shape.nslots; s++)
		if ((at = ring_slot(f, s)) != NULL)
			memset(at + c * size, 0, size);
}

/* ---- samples ---- */

void
metric_merge(struct metric_value *sum, const struct metric_value *v)
{
	if (v->n == 0)
		return;
	if (sum->n == 0) {
		*sum = *v;
		return;
	}
	sum->n += v->n;
	sum->sum += v->sum;
	sum->min = v->min < sum->min ? v->min : sum->min;
	sum->max = v->max > sum->max ? v->max : sum->max;
}

static void
load_sample(enum metric_tier tier, const char *at, struct metric_value *ret)
{
	float v[4];

	if (!is_fine(tier)) {
		memcpy(ret, at, sizeof *ret);
		return;
	}
	memcpy(v, at, sizeof v);
	*ret = (struct metric_value){ (double)v[0], (double)v[1], (double)v[2], (double)v[3] };
}

static void
store_sample(enum metric_tier tier, char *at, const struct metric_value *v)
{
	float f[4] = { (float)v->n, (float)v->sum, (float)v->min, (float)v->max };

	if (is_fine(tier))
		memcpy(at, f, sizeof f);
	else
		memcpy(at, v, sizeof *v);
}

/* Many series in turn ask for the same time. */
static uint32_t
slot_of(enum metric_tier tier, uint32_t nslots, int64_t start_s)
{
	struct ring_tier *t = &rings.tiers[tier];

	if (t->at_s != start_s) {
		t->at_s = start_s;
		t->slot = (uint32_t)((uint64_t)start_s / metric_step_s[tier] % nslots);
	}
	return t->slot;
}

/* But for columns that a job is cleaning, or that are cleaned before they are taken. */
static void
empty_slot(const struct ring_file *f, char *at)
{
	const struct metric_shape *s = &f->shape;

	if (!f->is_busy) {
		memset(at, 0, f->stride);
		return;
	}
	for (uint32_t i = 0; i < s->width; i++, at += s->sample_bytes)
		if (f->use[i] != USE_DIRTY)
			memset(at, 0, s->sample_bytes);
}

/* The slot, empty when it was of another time; NULL: that is later, or no room. */
static char *
slot_open(enum metric_tier tier, struct ring_file *f, uint32_t slot, uint32_t stamp)
{
	char *at = ring_slot(f, slot);

	if (f->stamps[slot] == stamp)
		return at;
	if (f->stamps[slot] > stamp || rings.tiers[tier].is_off[f->shape.k])
		return NULL;
	if (at == NULL) {
		f->segments[slot / RING_SEGMENT] = xcalloc(1, segment_bytes(f));
		account(tier, f->shape.k, (int64_t)segment_bytes(f));
		at = ring_slot(f, slot);
	}
	f->stamps[slot] = 0;		/* who is killed in between leaves no old samples */
	atomic_signal_fence(memory_order_seq_cst);
	empty_slot(f, at);
	atomic_signal_fence(memory_order_seq_cst);
	f->stamps[slot] = stamp;
	return at;
}

bool
metric_ring_add(enum metric_tier tier, uint32_t column, int64_t t_s, const struct metric_value *v)
{
	struct ring_file *f = file_of(tier, column);
	int64_t start_s = t_s - t_s % metric_step_s[tier];
	struct metric_value sum;
	char *at;

	if (f == NULL)
		return false;
	at = slot_open(tier, f, slot_of(tier, f->shape.nslots, start_s), (uint32_t)start_s);
	if (at == NULL)
		return false;
	at += (column & (RING_WIDTH_MAX - 1)) * ring_sample_bytes(tier);
	load_sample(tier, at, &sum);
	metric_merge(&sum, v);
	store_sample(tier, at, &sum);
	return true;
}

/* What was put, not how a float keeps it: for readers, the tick does without. */
static void
clean(struct metric_value *v)
{
	v->n = double_of_float((float)v->n);
	v->sum = double_of_float((float)v->sum);
	v->min = double_of_float((float)v->min);
	v->max = double_of_float((float)v->max);
}

bool
metric_ring_get(enum metric_tier tier, uint32_t column, int64_t t_s, struct metric_value *ret)
{
	const struct ring_file *f = file_of(tier, column);
	int64_t start_s = t_s - t_s % metric_step_s[tier];
	uint32_t slot;

	if (f == NULL || start_s <= 0)
		return false;
	slot = slot_of(tier, f->shape.nslots, start_s);
	if (f->stamps[slot] != (uint32_t)start_s)
		return false;
	load_sample(tier, ring_slot(f, slot) + (column & (RING_WIDTH_MAX - 1)) *
	    ring_sample_bytes(tier), ret);
	if (is_fine(tier))
		clean(ret);
	return ret->n != 0;
}

/* ---- room ---- */

static uint32_t
newest_of(const struct ring_file *f, unsigned segment)
{
	uint32_t newest = 0, end = (segment + 1) * RING_SEGMENT;

	for (uint32_t s = segment * RING_SEGMENT; s < end && s < f->shape.nslots; s++)
		newest = f->stamps[s] > newest ? f->stamps[s] : newest;
	return newest;
}

/* The oldest segment of these columns that is over before until_s; false: none. */
static bool
drop_oldest(enum metric_tier tier, enum metric_class k, int64_t until_s)
{
	struct ring_tier *t = &rings.tiers[tier];
	struct ring_file *from = NULL, *f;
	unsigned at = 0;

	for (unsigned i = 0; i < t->nfiles; i++) {
		if ((f = t->files[i]) == NULL || f->shape.k != k || f->segments == NULL)
			continue;
		for (unsigned s = 0; s < nsegments(f); s++) {
			int64_t newest = newest_of(f, s);

			if (f->segments[s] == NULL || newest >= until_s)
				continue;
			until_s = newest;
			from = f;
			at = s;
		}
	}
	if (from != NULL)
		segment_free(tier, from, at);
	return from != NULL;
}

/* Servers lose the steps of a second, then of ten; those stay off. */
static bool
give_up_fine(void)
{
	for (unsigned tier = METRIC_1S; tier <= METRIC_10S; tier++) {
		struct ring_tier *t = &rings.tiers[tier];

		if (drop_oldest((enum metric_tier)tier, METRIC_OF_SERVERS, INT64_MAX))
			return true;
		if (t->bytes[METRIC_OF_SERVERS] > 0)
			t->is_off[METRIC_OF_SERVERS] = true;
	}
	return false;
}

/* Then the oldest of what takes the most, but never what is under way. */
static bool
give_up_oldest(int64_t now_s)
{
	unsigned tier = 0, k = 0;

	for (unsigned i = 0; i < METRIC_TIERS; i++)
		for (unsigned j = 0; j < METRIC_CLASSES; j++)
			if (rings.tiers[i].bytes[j] > rings.tiers[tier].bytes[k]) {
				tier = i;
				k = j;
			}
	return drop_oldest((enum metric_tier)tier, (enum metric_class)k,
	    now_s - 2 * metric_step_s[tier]);
}

bool
metric_ring_shrink(uint64_t max_bytes, int64_t now_s)
{
	rings.max_bytes = max_bytes;
	if (rings.bytes <= max_bytes || !(give_up_fine() || give_up_oldest(now_s)))
		return false;
	rings.is_short = true;
	return true;
}

void
metric_ring_bound(uint64_t max_bytes, int64_t now_s)
{
	while (metric_ring_shrink(max_bytes, now_s))
		;
}

int64_t
metric_span_s(enum metric_tier tier, enum metric_class k)
{
	const struct ring_tier *t = &rings.tiers[tier];
	uint32_t oldest = UINT32_MAX, newest = 0;

	if (t->is_off[k])
		return 0;
	if (!rings.is_short)
		return kept_s[tier];
	for (unsigned i = 0; i < t->nfiles; i++) {
		const struct ring_file *f = t->files[i];

		for (uint32_t s = 0; f != NULL && f->shape.k == k && s < f->shape.nslots; s++) {
			newest = f->stamps[s] > newest ? f->stamps[s] : newest;
			oldest = f->stamps[s] != 0 && f->stamps[s] < oldest ? f->stamps[s] : oldest;
		}
	}
	return newest != 0 ? newest - oldest + metric_step_s[tier] : 0;
}
