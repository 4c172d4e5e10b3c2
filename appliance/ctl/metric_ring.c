/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings of samples; see metric_ring.h. The slots of a step are a circle: a slot
 * counts only where its stamp says that it is of the time asked for, so what a gap
 * left behind vanishes without being cleaned.
 *
 * Columns come in files of up to WIDTH_MAX, the first ones narrow, so that a small
 * configuration takes little. In memory a file is made of segments, which come when
 * time reaches them and go, oldest first, when there is more than may be.
 *
 * Thread: control.
 */
#include "ctl/metric_ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "base/xalloc.h"

#define WIDTH_BITS	10u
#define WIDTH_MAX	(1u << WIDTH_BITS)
#define WIDTH_FIRST	16u
#define FILES_MAX	256u
#define SEGMENT		60u	/* slots */
#define AHEAD_S		7200u	/* values may come for so long ahead */

struct ring_file {
	uint32_t	 width, nused, nslots;
	uint8_t		 k;		/* enum metric_class */
	size_t		 stride;	/* bytes of a slot */
	uint32_t	*stamps;	/* owned; seconds when the slot began; 0 = never */
	char		**segments;	/* owned, each NULL until it is needed */
	uint8_t		*is_used;	/* owned; by column */
};

struct ring_tier {
	struct ring_file *files[FILES_MAX];
	unsigned	 nfiles;
	uint64_t	 bytes[METRIC_CLASSES];
	bool		 is_off[METRIC_CLASSES];	/* given up */
	int64_t		 at_s;		/* of the last slot looked for, and where it is */
	uint32_t	 slot;
};

const uint32_t metric_step_s[METRIC_TIERS] = { 1, 10, 60, 300, 3600 };

#define HOUR	3600u
#define DAY	86400u
static const uint32_t kept_s[METRIC_TIERS] = { 3 * HOUR, 6 * HOUR, 15 * DAY, 63 * DAY, 455 * DAY };

static struct {
	struct ring_tier tiers[METRIC_TIERS];
	uint64_t	 bytes, max_bytes;
	bool		 is_short;
} rings = { .max_bytes = UINT64_MAX };

static bool
is_fine(enum metric_tier tier)
{
	return tier < METRIC_60S;
}

static size_t
sample_bytes(enum metric_tier tier)
{
	return 4 * (is_fine(tier) ? sizeof(float) : sizeof(double));
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
account(enum metric_tier tier, enum metric_class k, int64_t bytes)
{
	rings.bytes += (uint64_t)bytes;
	rings.tiers[tier].bytes[k] += (uint64_t)bytes;
}

/* ---- files and columns ---- */

static unsigned
nsegments(const struct ring_file *f)
{
	return (f->nslots + SEGMENT - 1) / SEGMENT;
}

static size_t
own_bytes(const struct ring_file *f)
{
	return sizeof *f + f->nslots * sizeof(f->stamps[0]) +
	    nsegments(f) * sizeof(f->segments[0]) + f->width;
}

static size_t
segment_bytes(const struct ring_file *f)
{
	return SEGMENT * f->stride;
}

static uint32_t
width_of_next(const struct ring_tier *t, enum metric_class k)
{
	uint32_t width = WIDTH_FIRST;

	for (unsigned i = 0; i < t->nfiles && width < WIDTH_MAX; i++)
		if (t->files[i]->k == k)
			width *= 4;
	return width < WIDTH_MAX ? width : WIDTH_MAX;
}

static struct ring_file *
file_new(enum metric_tier tier, enum metric_class k)
{
	struct ring_tier *t = &rings.tiers[tier];
	struct ring_file *f;

	if (t->nfiles == FILES_MAX)
		return NULL;
	f = xcalloc(1, sizeof *f);
	f->k = (uint8_t)k;
	f->width = width_of_next(t, k);
	f->stride = f->width * sample_bytes(tier);
	f->nslots = (kept_s[tier] + (is_fine(tier) ? 0 : AHEAD_S)) / metric_step_s[tier] + 1;
	f->stamps = xcalloc(f->nslots, sizeof(f->stamps[0]));
	f->segments = xcalloc(nsegments(f), sizeof(f->segments[0]));
	f->is_used = xcalloc(f->width, 1);
	account(tier, k, (int64_t)own_bytes(f));
	t->files[t->nfiles++] = f;
	return f;
}

static void
segment_free(enum metric_tier tier, struct ring_file *f, unsigned i)
{
	if (f->segments[i] == NULL)
		return;
	for (uint32_t s = i * SEGMENT; s < (i + 1) * SEGMENT && s < f->nslots; s++)
		f->stamps[s] = 0;
	free(f->segments[i]);
	f->segments[i] = NULL;
	account(tier, (enum metric_class)f->k, -(int64_t)segment_bytes(f));
}

static void
file_free(enum metric_tier tier, struct ring_file *f)
{
	for (unsigned i = 0; i < nsegments(f); i++)
		segment_free(tier, f, i);
	account(tier, (enum metric_class)f->k, -(int64_t)own_bytes(f));
	free(f->stamps);
	free(f->segments);
	free(f->is_used);
	free(f);
}

void
metric_ring_free(void)
{
	for (unsigned tier = 0; tier < METRIC_TIERS; tier++)
		for (unsigned i = 0; i < rings.tiers[tier].nfiles; i++)
			file_free((enum metric_tier)tier, rings.tiers[tier].files[i]);
	memset(&rings, 0, sizeof rings);
	rings.max_bytes = UINT64_MAX;
}

static uint32_t
take_column(struct ring_file *f)
{
	for (uint32_t c = 0; c < f->width; c++)
		if (!f->is_used[c]) {
			f->is_used[c] = 1;
			f->nused++;
			return c;
		}
	return METRIC_NO_COLUMN;
}

uint32_t
metric_column_new(enum metric_tier tier, enum metric_class k)
{
	struct ring_tier *t = &rings.tiers[tier];
	unsigned i;

	if (t->is_off[k])
		return METRIC_NO_COLUMN;
	for (i = 0; i < t->nfiles; i++)
		if (t->files[i]->k == k && t->files[i]->nused < t->files[i]->width)
			return i << WIDTH_BITS | take_column(t->files[i]);
	if (rings.bytes >= rings.max_bytes || file_new(tier, k) == NULL)
		return METRIC_NO_COLUMN;
	return i << WIDTH_BITS | take_column(t->files[i]);
}

static struct ring_file *
file_of(enum metric_tier tier, uint32_t column)
{
	struct ring_tier *t = &rings.tiers[tier];

	WEIR_ASSERT(column >> WIDTH_BITS < t->nfiles);
	return t->files[column >> WIDTH_BITS];
}

static char *
slot_at(const struct ring_file *f, uint32_t slot)
{
	char *segment = f->segments[slot / SEGMENT];

	return segment != NULL ? segment + slot % SEGMENT * f->stride : NULL;
}

/* What it held must not show under the next name. */
void
metric_column_free(enum metric_tier tier, uint32_t column)
{
	struct ring_file *f = file_of(tier, column);
	uint32_t c = column & (WIDTH_MAX - 1);
	size_t size = sample_bytes(tier);

	for (uint32_t s = 0; s < f->nslots; s++) {
		char *at = slot_at(f, s);

		if (at != NULL)
			memset(at + c * size, 0, size);
	}
	f->is_used[c] = 0;
	f->nused--;
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

/* The slot, empty when it was of another time; NULL: that is later, or no room. */
static char *
slot_open(enum metric_tier tier, struct ring_file *f, uint32_t slot, uint32_t stamp)
{
	char **segment = &f->segments[slot / SEGMENT], *at;

	if (f->stamps[slot] == stamp)
		return slot_at(f, slot);
	if (f->stamps[slot] > stamp || rings.tiers[tier].is_off[f->k])
		return NULL;
	if (*segment == NULL) {
		*segment = xcalloc(1, segment_bytes(f));
		account(tier, (enum metric_class)f->k, (int64_t)segment_bytes(f));
	}
	at = slot_at(f, slot);
	memset(at, 0, f->stride);
	f->stamps[slot] = stamp;
	return at;
}

bool
metric_ring_add(enum metric_tier tier, uint32_t column, int64_t t_s, const struct metric_value *v)
{
	struct ring_file *f = file_of(tier, column);
	int64_t start_s = t_s - t_s % metric_step_s[tier];
	char *at = slot_open(tier, f, slot_of(tier, f->nslots, start_s), (uint32_t)start_s);
	struct metric_value sum;

	if (at == NULL)
		return false;
	at += (column & (WIDTH_MAX - 1)) * sample_bytes(tier);
	load_sample(tier, at, &sum);
	metric_merge(&sum, v);
	store_sample(tier, at, &sum);
	return true;
}

bool
metric_ring_get(enum metric_tier tier, uint32_t column, int64_t t_s, struct metric_value *ret)
{
	const struct ring_file *f = file_of(tier, column);
	int64_t start_s = t_s - t_s % metric_step_s[tier];
	uint32_t slot = slot_of(tier, f->nslots, start_s);

	if (start_s <= 0 || f->stamps[slot] != (uint32_t)start_s)
		return false;
	load_sample(tier, slot_at(f, slot) + (column & (WIDTH_MAX - 1)) * sample_bytes(tier), ret);
	return ret->n != 0;
}

/* ---- room ---- */

static uint32_t
newest_of(const struct ring_file *f, unsigned segment)
{
	uint32_t newest = 0;

	for (uint32_t s = segment * SEGMENT; s < (segment + 1) * SEGMENT && s < f->nslots; s++)
		newest = f->stamps[s] > newest ? f->stamps[s] : newest;
	return newest;
}

/* The oldest segment of these columns that is over before until_s; false: none. */
static bool
drop_oldest(enum metric_tier tier, enum metric_class k, int64_t until_s)
{
	struct ring_tier *t = &rings.tiers[tier];
	struct ring_file *from = NULL;
	unsigned at = 0;

	for (unsigned i = 0; i < t->nfiles; i++)
		for (unsigned s = 0; t->files[i]->k == k && s < nsegments(t->files[i]); s++) {
			int64_t newest = newest_of(t->files[i], s);

			if (t->files[i]->segments[s] == NULL || newest >= until_s)
				continue;
			until_s = newest;
			from = t->files[i];
			at = s;
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

void
metric_ring_bound(uint64_t max_bytes, int64_t now_s)
{
	rings.max_bytes = max_bytes;
	while (rings.bytes > max_bytes && (give_up_fine() || give_up_oldest(now_s)))
		rings.is_short = true;
}

int64_t
metric_span_s(enum metric_tier tier, enum metric_class k)
{
	const struct ring_tier *t = &rings.tiers[tier];
	uint32_t oldest = UINT32_MAX, newest = 0;

	if (t->is_off[k])
		return 0;
	for (unsigned i = 0; i < t->nfiles; i++)
		for (uint32_t s = 0; t->files[i]->k == k && s < t->files[i]->nslots; s++) {
			uint32_t stamp = t->files[i]->stamps[s];

			newest = stamp > newest ? stamp : newest;
			oldest = stamp != 0 && stamp < oldest ? stamp : oldest;
		}
	return newest != 0 && rings.is_short ? newest - oldest + metric_step_s[tier] :
	    kept_s[tier];
}
