/* SPDX-License-Identifier: BSD-2-Clause */
/* A second of 10,000 columns in mapped files: what it costs, also on pages that were
 * written out; and that the values are there afterwards. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/module.h"
#include "ctl/metric.h"
#include "ctl/metric_ring_in.h"
#include "event/sched.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

#define NOW	1360945020
#define SERIES	10000u
#define GOAL_US	5000u

static struct metric_series *series[SERIES];
static char dir[] = "/tmp/weir-metric-XXXXXX";

/* As the jobs of metric_disk.c do. */
static void
map_all(void)
{
	char path[128];

	for (unsigned t = 0; t < METRIC_TIERS; t++)
		for (unsigned i = 0; i < rings.tiers[t].nfiles; i++) {
			struct ring_file *f = rings.tiers[t].files[i];
			struct metric_map map;

			snprintf(path, sizeof path, "%s/%u-%u", dir, t, i);
			if (metric_file_make(path, &f->shape, &map) != 0)
				tap_skip_all("no room in /tmp");
			ring_file_move((enum metric_tier)t, f, &map);
			remove(path);
		}
}

static uint64_t
tick(int64_t t_s)
{
	uint64_t start = clock_mono_us();

	for (unsigned i = 0; i < SERIES; i++)
		metric_add(series[i], t_s, &(struct metric_value){ 1, i, i, i });
	return clock_mono_us() - start;
}

static int
by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t
median(uint64_t *v, unsigned n)
{
	qsort(v, n, sizeof *v, by_size);
	return v[n / 2];
}

static void
write_out(void)
{
	for (unsigned t = 0; t < METRIC_TIERS; t++)
		for (unsigned i = 0; i < rings.tiers[t].nfiles; i++)
			(void)msync(rings.tiers[t].files[i]->map.base,
			    rings.tiers[t].files[i]->map.bytes, MS_SYNC);
}

int
main(void)
{
	struct metric_key k = { .ns = "Weir", .ndims = 1 };
	uint64_t first[61], after[5];
	struct metric_value v;
	char name[32];
	static const uint32_t spans[METRIC_TIERS] = { 120, 600, 3600, 3600, 3600 };

	sched_start(NULL, (uint64_t)NOW * 1000000);
	metric_ring_set_spans(spans);
	if (mkdtemp(dir) == NULL)
		tap_skip_all("no folder in /tmp");
	k.name = "x";
	k.dims[0] = (struct metric_dim){ "n", name };
	for (unsigned i = 0; i < SERIES; i++) {
		snprintf(name, sizeof name, "%u", i);
		series[i] = metric_make(&k, METRIC_FINE);
	}
	map_all();
	for (unsigned t = 0; t < 61; t++)
		first[t] = tick(NOW + t);
	for (unsigned t = 0; t < 5; t++) {
		write_out();
		after[t] = tick(NOW + 61 + t);
	}
	tap_diag("with shortened steps a tick of %u columns: %llu us, after msync %llu us", SERIES,
	    (unsigned long long)median(first, 61), (unsigned long long)median(after, 5));
	ok(first[30] < 10 * GOAL_US * TAP_PATIENCE);
	ok(after[2] < 10 * GOAL_US * TAP_PATIENCE);
	metric_series_values(series[SERIES - 1], 60, NOW, 1, &v);
	ok(v.n == 60 && v.max == SERIES - 1);
	metric_series_values(series[17], 1, NOW + 63, 1, &v);
	ok(v.n == 1 && v.sum == 17);
	metric_free();
	rmdir(dir);
	return tap_done();
}
