/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Percentiles of metrics.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_METRIC_HIST_H
#define WEIR_CTL_METRIC_HIST_H

#include <stdint.h>

#include "ctl/metric.h"

/* The percentile (0 to 100) of a slot. Without a histogram it is there only when
 * each set of values in the slot is of one sample, or of equal ones. */
struct metric_point metric_percentile(const struct metric_series *s, double percentile,
	    uint32_t period_s, int64_t start_s);
void	 metric_hist_free(void);

#endif
