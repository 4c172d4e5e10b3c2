/* SPDX-License-Identifier: BSD-2-Clause */
/* Latencies out of histograms: sums, quantiles, moments; the heat map as an exact picture. */
#include <math.h>
#include <string.h>

#include "picture.h"
#include "tap.h"
#include "tui/heat.h"

static struct model *m;
static struct latmap *map;

static void
begin_map(void)
{
	model_free(m);
	m = model_new();
	map = host_latmap_add(model_host(m, "lb1"), "app", "", 10, Q_HISTOGRAM);
}

static void
add(int64_t t_s, uint64_t us, unsigned n)
{
	latmap_bin(map, t_s)->count[hist_coarse_index(hist_index(us))] += n;
}

static void
test_sums(void)
{
	struct lat l;

	begin_map();
	ok(!lat_sum(map, INT64_MIN, INT64_MAX, &l));
	ok(isnan(lat_quantile(&l, 0.5)));
	ok(isnan(lat_max(&l)));
	add(1000, 1024, 3);
	add(1010, 2048, 5);
	add(1030, 4096, 7);
	ok(lat_sum(map, 1000, 1001, &l));
	is_u64(l.total, 3);
	ok(lat_sum(map, 1001, 1030, &l));
	is_u64(l.total, 5);			/* the last second is not in it */
	ok(!lat_sum(map, 1011, 1030, &l));
	ok(!lat_sum(map, 1031, 2000, &l));
	ok(lat_sum(map, INT64_MIN, INT64_MAX, &l));
	is_u64(l.total, 15);
	is_u64(lat_octave(&l, 4), 3);
	is_u64(lat_half_octave(&l, 8), 3);
	is_u64(lat_half_octave(&l, 9), 0);
	is_u64(lat_octave(&l, 5), 5);
	is_u64(lat_octave(&l, 6), 7);
}

static bool
near(double v, double want)
{
	return fabs(v - want) <= want * 0.0625;
}

static void
test_numbers(void)
{
	double mean, sd;
	struct lat l;

	begin_map();
	add(0, 1000, 98);
	add(0, 100000, 2);
	ok(lat_sum(map, 0, 1, &l));
	ok(near(lat_quantile(&l, 0.5), 1000));
	ok(near(lat_quantile(&l, 0.99), 100000));
	lat_moments(&l, &mean, &sd);
	ok(near(mean, 2980));
	ok(near(sd, 13860));
	ok(lat_max(&l) >= 100000 && near(lat_max(&l), 106000));
	memset(&l, 0, sizeof(l));
	lat_moments(&l, &mean, &sd);
	ok(isnan(mean) && isnan(sd));
}

static struct heat
heat_of(int64_t until_s, unsigned window_s)
{
	return (struct heat){ .map = map, .until_s = until_s, .window_s = window_s };
}

/* Ten columns of ten seconds: strong in the middle, one slow request at the end. */
static void
fill(void)
{
	int i;

	begin_map();
	for (i = 0; i < 10; i++) {
		add(1000 + 10 * i, 1500, 100);
		add(1000 + 10 * i, 3000, 10);
	}
	add(1090, 9000000, 1);
}

static void
test_picture(void)
{
	struct heat h;

	fill();
	h = heat_of(1099, 100);
	heat_draw(&h, begin(HEAT_LABEL + 10, 17, GLYPHS_BLOCK));
	is_str(picture(),
	    "  8 s          ░\n"
	    "  4 s\n"
	    "  2 s\n"
	    "  1 s\n"
	    "  512\n"
	    "  256\n"
	    "  128\n"
	    "   64\n"
	    "   32\n"
	    "   16\n"
	    "    8\n"
	    "    4\n"
	    "    2 ▓▓▓▓▓▓▓▓▓▓\n"
	    "    1 ██████████\n"
	    "   .5\n"
	    "  .25\n"
	    "\n");
	heat_draw(&h, begin(HEAT_LABEL + 10, 5, GLYPHS_ASCII));
	is_str(picture(),
	    "  1 s          .\n"
	    "   64\n"
	    "    4\n"
	    "  .25 ##########\n"
	    "\n");
	h.cursor_s = 1050;
	h.is_normalised = true;
	heat_draw(&h, begin(HEAT_LABEL + 20, 34, GLYPHS_BLOCK));
	is_str(picture(),
	    "                │\n"
	    "                │\n"
	    "  8 s           │       ░░\n"
	    "                │\n"
	    "  4 s           │\n"
	    "                │\n"
	    "  2 s           │\n"
	    "                │\n"
	    "  1 s           │\n"
	    "                │\n"
	    "  512           │\n"
	    "                │\n"
	    "  256           │\n"
	    "                │\n"
	    "  128           │\n"
	    "                │\n"
	    "   64           │\n"
	    "                │\n"
	    "   32           │\n"
	    "                │\n"
	    "   16           │\n"
	    "                │\n"
	    "    8           │\n"
	    "                │\n"
	    "    4           │\n"
	    "                │\n"
	    "    2 ▓▓▓▓▓▓▓▓▓▓│▓▓▓▓▓▓▓▓▓\n"
	    "                │\n"
	    "    1 ██████████│█████████\n"
	    "                │\n"
	    "   .5           │\n"
	    "                │\n"
	    "  .25           │\n"
	    "          00:17\n");
}

static void
test_column(void)
{
	struct area cells = heat_cells(begin(HEAT_LABEL + 10, 17, GLYPHS_BLOCK));
	struct heat h;
	struct lat l;

	fill();
	h = heat_of(1099, 100);
	is_int(cells.w, 10);
	is_int(cells.h, 16);
	ok(heat_column(&h, cells, 9, &l));
	is_u64(l.total, 111);
	ok(heat_column(&h, cells, 0, &l));
	is_u64(l.total, 110);
	h.until_s = 1129;
	ok(!heat_column(&h, cells, 9, &l));	/* behind the last one */
	ok(heat_at(map, 1093, 5, &l));		/* shorter than a bin: the bin that it is in */
	is_u64(l.total, 111);
	ok(heat_at(map, 1080, 20, &l));
	is_u64(l.total, 221);
}

static void
test_tiny(void)
{
	struct heat h;
	int w, height;

	fill();
	h = heat_of(1099, 100);
	for (w = 1; w < 12; w++)
		for (height = 1; height < 5; height++)
			heat_draw(&h, begin(w, height, GLYPHS_BRAILLE));
	h.window_s = 0;
	heat_draw(&h, begin(20, 5, GLYPHS_BRAILLE));
	is_str(picture(),
	    "\n"
	    "\n"
	    "\n"
	    "\n"
	    "\n");
	begin_map();
	h = heat_of(1099, 100);
	heat_draw(&h, begin(16, 4, GLYPHS_ASCII));
	is_str(picture(),
	    "\n"
	    "   64\n"
	    "  .25\n"
	    "\n");
}

int
main(void)
{
	test_sums();
	test_numbers();
	test_picture();
	test_column();
	test_tiny();
	model_free(m);
	grid_fini(&g);
	return tap_done();
}
