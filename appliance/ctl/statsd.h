/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statsd over UDP: `name:value|c|@0.1|#dimension:value`.
 */
#ifndef WEIR_CTL_STATSD_H
#define WEIR_CTL_STATSD_H

#include <stdbool.h>

#include "ctl/metric.h"

struct statsd_value {
	struct metric_key key;		/* texts are in the line, which is changed */
	struct metric_value v;
};

/* One line without its end; false: it is none, or of a kind that says nothing here. */
bool	statsd_parse(char *line, struct statsd_value *ret);

#endif
