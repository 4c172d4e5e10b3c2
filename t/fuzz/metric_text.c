/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metric_text.c: what other machines send as metrics, any bytes: lines of statsd, and
 * a node_exporter's page. What must hold: values are numbers, names are there, and
 * nothing is read beyond the end.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/metric_unit.h"
#include "ctl/node_exporter.h"
#include "ctl/statsd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct module *const modules[] = { NULL };

static void
check_statsd(char *text)
{
	struct statsd_value s;

	if (!statsd_parse(text, &s))
		return;
	WEIR_ASSERT(s.key.name[0] != '\0' && metric_unit_named(s.key.unit) != NULL);
	WEIR_ASSERT(isfinite(s.v.min) && s.v.min == s.v.max && s.v.n >= 1);
	for (unsigned i = 0; i < s.key.ndims; i++)
		WEIR_ASSERT(s.key.dims[i].name[0] != '\0' && s.key.dims[i].value[0] != '\0');
}

static void
check_node(const char *text)
{
	struct node_totals t;

	if (!node_parse(text, &t))
		return;
	WEIR_ASSERT(t.has_cpu || t.has_memory || t.has_net || t.has_disk);
	WEIR_ASSERT(!isnan(t.cpu_all_s) || isinf(t.cpu_busy_s));
}

static void
check_number(const char *text)
{
	double v;

	if (metric_number(text, NULL, &v) <= NUMBER_BARE)
		WEIR_ASSERT(isfinite(v));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);

	check_node(text);
	check_number(text);
	check_statsd(text);
	free(text);
	return 0;
}
