/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers as people read them: as few signs as tell them apart. */
#include <math.h>
#include <stdio.h>

#include "tui/table.h"

/* v with a unit of thousands, one decimal if it fits the width. */
static void
scaled(double v, int width, char *buf, size_t size)
{
	static const char units[] = " kMGTPE";
	int i = 0;

	while (v >= 999.5 && units[i + 1] != '\0') {
		v /= 1000;
		i++;
	}
	if (i == 0)
		snprintf(buf, size, "%.0f", v);
	else if (v < (width >= 5 ? 99.95 : 9.95) && width >= 4)
		snprintf(buf, size, "%.1f%c", v, units[i]);
	else
		snprintf(buf, size, "%.0f%c", v, units[i]);
}

void
num_count(double v, int width, char *buf, size_t size)
{
	if (isnan(v))
		snprintf(buf, size, "-");
	else if (v > 0 && v < 9.95 && v != floor(v) && width >= 3)
		snprintf(buf, size, "%.1f", v);
	else if (v < pow(10, width) - 0.5)
		snprintf(buf, size, "%.0f", v);
	else
		scaled(v, width, buf, size);
}

void
num_bytes(double v, int width, char *buf, size_t size)
{
	if (isnan(v))
		snprintf(buf, size, "-");
	else
		scaled(v, width, buf, size);
}

void
num_ms(double us, int width, char *buf, size_t size)
{
	double ms = us / 1000;

	if (isnan(ms))
		snprintf(buf, size, "-");
	else if (ms < 9.95)
		snprintf(buf, size, "%.1f", ms);
	else if (ms < pow(10, width) - 0.5)
		snprintf(buf, size, "%.0f", ms);
	else
		snprintf(buf, size, "%.0fs", ms / 1000);
}

void
num_us(double us, char *buf, size_t size)
{
	double ms = us / 1000;

	if (isnan(us))
		snprintf(buf, size, "-");
	else if (ms < 999.5)
		snprintf(buf, size, ms < 9.95 ? "%.1fms" : "%.0fms", ms);
	else
		snprintf(buf, size, ms < 99950 ? "%.1fs" : "%.0fs", ms / 1000);
}

void
num_share(double percent, char *buf, size_t size)
{
	if (isnan(percent))
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, percent < 9.95 ? "%.1f" : "%.0f", percent);
}

void
num_age(int64_t s, char *buf, size_t size)
{
	static const struct { int64_t from, unit; char sign; } rows[] = {
		{ 2 * 86400, 86400, 'd' }, { 2 * 3600, 3600, 'h' }, { 120, 60, 'm' }, { 0, 1, 's' }
	};
	unsigned i = 0;

	if (s < 0) {
		snprintf(buf, size, "-");
		return;
	}
	while (s < rows[i].from)
		i++;
	snprintf(buf, size, "%lld%c", (long long)(s / rows[i].unit), rows[i].sign);
}

void
num_window(unsigned s, char *buf, size_t size)
{
	if (s < 120)
		snprintf(buf, size, "%u s", s);
	else if (s < 7200)
		snprintf(buf, size, "%u min", s / 60);
	else if (s < 2 * 86400)
		snprintf(buf, size, "%u h", s / 3600);
	else
		snprintf(buf, size, "%u d", s / 86400);
}

void
num_clock(int64_t ms, char *buf, size_t size)
{
	int s = (int)(ms / 1000 % 86400);

	snprintf(buf, size, "%02d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
}
