/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings of seconds: a value lies at its second modulo the length. */
#include <math.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/history.h"

#define NONE	0x7fc0		/* upper half of a quiet NaN */

/* The upper half of a float, rounded to nearest. */
static uint16_t
pack(double v)
{
	float f = (float)v;
	uint32_t bits;

	if (isnan(v))
		return NONE;
	memcpy(&bits, &f, sizeof(bits));
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static double
unpack(uint16_t half)
{
	uint32_t bits = (uint32_t)half << 16;
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static unsigned
slot(int64_t s)
{
	return (unsigned)(((s % HISTORY_SECONDS) + HISTORY_SECONDS) % HISTORY_SECONDS);
}

struct history *
history_new(void)
{
	struct history *h = xmalloc(sizeof(*h));

	history_clear(h);
	return h;
}

void
history_clear(struct history *h)
{
	int m, i;

	h->last_s = 0;
	for (m = 0; m < M_COUNT; m++)
		for (i = 0; i < HISTORY_SECONDS; i++)
			h->v[m][i] = NONE;
}

/* The ring's end moves to to_s; seconds that were never written are gaps. */
static void
advance(struct history *h, int64_t to_s)
{
	int64_t s = h->last_s;
	int m;

	if (to_s <= h->last_s)
		return;
	if (h->last_s == 0 || to_s - h->last_s >= HISTORY_SECONDS)
		s = to_s - HISTORY_SECONDS;
	while (s++ < to_s)
		for (m = 0; m < M_COUNT; m++)
			h->v[m][slot(s)] = NONE;
	h->last_s = to_s;
}

void
history_put(struct history *h, int64_t from_s, int64_t to_s, const double v[M_COUNT])
{
	int64_t s = from_s;
	int m;

	if (s <= h->last_s - HISTORY_SECONDS || s < to_s - HISTORY_SECONDS)
		s = to_s - 1;
	if (s < h->last_s && h->last_s < to_s)
		s = h->last_s;
	advance(h, to_s);
	while (s++ < to_s)
		for (m = 0; m < M_COUNT; m++)
			h->v[m][slot(s)] = pack(v[m]);
}

void
history_set(struct history *h, int64_t s, enum metric m, double v)
{
	if (s <= h->last_s - HISTORY_SECONDS)
		return;
	advance(h, s);
	h->v[m][slot(s)] = pack(v);
}

double
history_at(const struct history *h, enum metric m, int64_t s)
{
	if (s > h->last_s || s <= h->last_s - HISTORY_SECONDS)
		return NAN;
	return unpack(h->v[m][slot(s)]);
}

bool
history_span(const struct history *h, enum metric m, int64_t from_s, unsigned n, struct span *ret)
{
	struct span sum = { 0 };
	unsigned i;
	double v;

	for (i = 0; i < n; i++) {
		v = history_at(h, m, from_s + i);
		if (isnan(v))
			continue;
		if (sum.n == 0 || v < sum.min)
			sum.min = v;
		if (sum.n == 0 || v > sum.max)
			sum.max = v;
		sum.mean += v;
		sum.n++;
	}
	if (sum.n == 0)
		return false;
	sum.mean /= sum.n;
	*ret = sum;
	return true;
}
