/* SPDX-License-Identifier: BSD-2-Clause */
/* Histograms over time, of backends and servers. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/model.h"

#define LATMAPS_MAX	128u
#define LATBINS_MAX	720u

struct latmap *
host_latmap(const struct host *h, const char *px, const char *sv, unsigned step_s)
{
	struct latmap *other = NULL;

	for (unsigned i = 0; i < h->nlatmaps; i++) {
		struct latmap *l = h->latmaps[i];

		if (strcmp(l->px, px) != 0 || strcmp(l->sv, sv) != 0)
			continue;
		if (l->step_s == step_s)
			return l;
		if (other == NULL || l->used_ms > other->used_ms)
			other = l;
	}
	return other;
}

void
latmap_free(struct latmap *l)
{
	free(l->px);
	free(l->sv);
	free(l->bins);
	free(l);
}

/* The one that nobody has used for longest. */
static void
latmap_drop_one(struct host *h)
{
	unsigned oldest = 0, i;

	for (i = 1; i < h->nlatmaps; i++)
		if (h->latmaps[i]->used_ms < h->latmaps[oldest]->used_ms)
			oldest = i;
	latmap_free(h->latmaps[oldest]);
	h->latmaps[oldest] = h->latmaps[--h->nlatmaps];
}

struct latmap *
host_latmap_add(struct host *h, const char *px, const char *sv, unsigned step_s, enum quality q)
{
	struct latmap *l = host_latmap(h, px, sv, step_s);

	if (l != NULL && l->step_s == step_s)
		return l;
	if (h->nlatmaps == LATMAPS_MAX)
		latmap_drop_one(h);
	l = xcalloc(1, sizeof(*l));
	l->px = xstrdup(px);
	l->sv = xstrdup(sv);
	l->step_s = step_s;
	l->quality = q;
	h->latmaps = xrealloc(h->latmaps, (h->nlatmaps + 1) * sizeof(struct latmap *));
	return h->latmaps[h->nlatmaps++] = l;
}

/* Room for one more; the oldest eighth goes when there are too many. */
static void
latmap_grow(struct latmap *l)
{
	unsigned drop = LATBINS_MAX / 8;

	if (l->nbins == LATBINS_MAX) {
		l->nbins -= drop;
		memmove(l->bins, l->bins + drop, l->nbins * sizeof(*l->bins));
	}
	if (l->nbins == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->bins = xrealloc(l->bins, l->cap * sizeof(*l->bins));
	}
}

struct latbin *
latmap_bin(struct latmap *l, int64_t t_s)
{
	unsigned i;

	for (i = l->nbins; i > 0 && l->bins[i - 1].t_s > t_s; i--)
		;
	if (i > 0 && l->bins[i - 1].t_s == t_s)
		return &l->bins[i - 1];
	if (i == 0 && l->nbins == LATBINS_MAX)
		return NULL;
	i = l->nbins - i;
	latmap_grow(l);
	i = l->nbins > i ? l->nbins - i : 0;
	memmove(l->bins + i + 1, l->bins + i, (l->nbins - i) * sizeof(*l->bins));
	l->nbins++;
	memset(&l->bins[i], 0, sizeof(*l->bins));
	l->bins[i].t_s = t_s;
	return &l->bins[i];
}
