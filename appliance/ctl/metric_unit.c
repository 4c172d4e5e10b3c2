/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Units of metrics; see metric_unit.h. Thousands are decimal, as AWS counts them.
 *
 * any thread
 */
#include "ctl/metric_unit.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct metric_unit units[] = {
	{ "Seconds", UNIT_TIME, 1, 1, "s" },
	{ "Microseconds", UNIT_TIME, 1, 1e6, "us" },
	{ "Milliseconds", UNIT_TIME, 1, 1e3, "ms" },
	{ "Bytes", UNIT_BYTES, 1, 1, "B" },
	{ "Kilobytes", UNIT_BYTES, 1e3, 1, "kB" },
	{ "Megabytes", UNIT_BYTES, 1e6, 1, "MB" },
	{ "Gigabytes", UNIT_BYTES, 1e9, 1, "GB" },
	{ "Terabytes", UNIT_BYTES, 1e12, 1, "TB" },
	{ "Bits", UNIT_BITS, 1, 1, "bit" },
	{ "Kilobits", UNIT_BITS, 1e3, 1, "kbit" },
	{ "Megabits", UNIT_BITS, 1e6, 1, "Mbit" },
	{ "Gigabits", UNIT_BITS, 1e9, 1, "Gbit" },
	{ "Terabits", UNIT_BITS, 1e12, 1, "Tbit" },
	{ "Percent", UNIT_PERCENT, 1, 1, "%" },
	{ "Count", UNIT_COUNT, 1, 1, "count" },
	{ "Bytes/Second", UNIT_BYTE_RATE, 1, 1, "B/s" },
	{ "Kilobytes/Second", UNIT_BYTE_RATE, 1e3, 1, "kB/s" },
	{ "Megabytes/Second", UNIT_BYTE_RATE, 1e6, 1, "MB/s" },
	{ "Gigabytes/Second", UNIT_BYTE_RATE, 1e9, 1, "GB/s" },
	{ "Terabytes/Second", UNIT_BYTE_RATE, 1e12, 1, "TB/s" },
	{ "Bits/Second", UNIT_BIT_RATE, 1, 1, "bit/s" },
	{ "Kilobits/Second", UNIT_BIT_RATE, 1e3, 1, "kbit/s" },
	{ "Megabits/Second", UNIT_BIT_RATE, 1e6, 1, "Mbit/s" },
	{ "Gigabits/Second", UNIT_BIT_RATE, 1e9, 1, "Gbit/s" },
	{ "Terabits/Second", UNIT_BIT_RATE, 1e12, 1, "Tbit/s" },
	{ "Count/Second", UNIT_COUNT_RATE, 1, 1, "/s" },
	{ "None", UNIT_NONE, 1, 1, "" },
};

/* What is no name of a unit, but can be written for an amount of one. */
static const struct metric_unit others[] = {
	{ "m", UNIT_TIME, 60, 1, "" },
	{ "h", UNIT_TIME, 3600, 1, "" },
	{ "d", UNIT_TIME, 86400, 1, "" },
	{ "KB", UNIT_BYTES, 1e3, 1, "" },
	{ "KiB", UNIT_BYTES, 1024, 1, "" },
	{ "MiB", UNIT_BYTES, 1048576, 1, "" },
	{ "GiB", UNIT_BYTES, 1073741824, 1, "" },
	{ "KB/s", UNIT_BYTE_RATE, 1e3, 1, "" },
	{ "KiB/s", UNIT_BYTE_RATE, 1024, 1, "" },
	{ "MiB/s", UNIT_BYTE_RATE, 1048576, 1, "" },
	{ "GiB/s", UNIT_BYTE_RATE, 1073741824, 1, "" },
};

#define NUNITS	(sizeof units / sizeof units[0])

const struct metric_unit *
metric_unit_row(size_t i)
{
	return i < NUNITS ? &units[i] : NULL;
}

const struct metric_unit *
metric_unit_named(const char *name)
{
	for (size_t i = 0; i < NUNITS; i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

const struct metric_unit *
metric_unit_of_suffix(const char *suffix)
{
	for (size_t i = 0; i < NUNITS; i++)
		if (strcmp(units[i].kept, suffix) == 0)
			return &units[i];
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (strcmp(others[i].name, suffix) == 0)
			return &others[i];
	return metric_unit_named(suffix);
}

bool
metric_unit_convert(const struct metric_unit *from, const char *to, double *v)
{
	const struct metric_unit *t = metric_unit_named(to);

	if (t == NULL || t->kind != from->kind)
		return false;
	if (t != from)
		*v = *v * from->times * t->per / (from->per * t->times);
	return true;
}

/* strtod takes more: "inf", "nan", "0x1p3", blanks before it. */
static bool
begins_a_number(const char *p)
{
	if (*p == '-' || *p == '+')
		p++;
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		return false;
	return isdigit((unsigned char)p[0]) || (p[0] == '.' && isdigit((unsigned char)p[1]));
}

enum metric_number
metric_number(const char *word, const char *unit, double *ret)
{
	const struct metric_unit *from;
	char *end;
	double v;

	if (!begins_a_number(word))
		return NUMBER_JUNK;
	v = strtod(word, &end);
	if (!isfinite(v))
		return NUMBER_JUNK;
	*ret = v;
	if (*end == '\0')
		return NUMBER_BARE;
	if ((from = metric_unit_of_suffix(end)) == NULL)
		return NUMBER_UNIT;
	if (unit == NULL)
		*ret = v * from->times / from->per;
	else if (!metric_unit_convert(from, unit, ret))
		return NUMBER_KIND;
	return isfinite(*ret) ? NUMBER_OK : NUMBER_JUNK;
}
