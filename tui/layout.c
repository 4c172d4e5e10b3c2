/* SPDX-License-Identifier: BSD-2-Clause */
#include "tui/layout.h"

static int
taken(const int *sizes, unsigned n, int gap)
{
	int sum = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		if (sizes[i] > 0)
			sum += sizes[i] + gap;
	return sum > 0 ? sum - gap : 0;
}

/* The part that goes first; -1: all that are left stay. */
static int
weakest(const struct part *p, unsigned n, const int *sizes)
{
	int worst = -1;
	unsigned i;

	for (i = 0; i < n; i++)
		if (sizes[i] > 0 && p[i].prio > 0 && (worst < 0 || p[i].prio >= p[worst].prio))
			worst = (int)i;
	return worst;
}

static int
smaller(int a, int b)
{
	return a < b ? a : b;
}

static int
to_ideals(const struct part *p, unsigned n, int slack, int *sizes)
{
	int prio, last = 0, more;
	unsigned i;

	for (i = 0; i < n; i++)
		last = p[i].prio > last ? p[i].prio : last;
	for (prio = 0; prio <= last; prio++)
		for (i = 0; i < n; i++) {
			if (sizes[i] == 0 || p[i].prio != prio || p[i].ideal <= sizes[i])
				continue;
			more = smaller(p[i].ideal - sizes[i], slack);
			sizes[i] += more;
			slack -= more;
		}
	return slack;
}

static void
to_maxima(const struct part *p, unsigned n, int slack, int *sizes)
{
	unsigned i;
	int more;

	for (i = 0; i < n && slack > 0; i++) {
		if (sizes[i] == 0 || !p[i].is_flex)
			continue;
		more = p[i].max == 0 ? slack : smaller(p[i].max - sizes[i], slack);
		if (more <= 0)
			continue;
		sizes[i] += more;
		slack -= more;
	}
}

void
layout_share(const struct part *p, unsigned n, int total, int gap, int *sizes)
{
	unsigned i;
	int gone, slack;

	for (i = 0; i < n; i++)
		sizes[i] = p[i].is_out ? 0 : p[i].min;
	while (taken(sizes, n, gap) > total && (gone = weakest(p, n, sizes)) >= 0)
		sizes[gone] = 0;
	slack = total - taken(sizes, n, gap);
	if (slack > 0)
		to_maxima(p, n, to_ideals(p, n, slack, sizes), sizes);
}
