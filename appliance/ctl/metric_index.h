/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of the series whose samples lie in files: a log of records, each a series
 * with its columns, or that one is gone. It is read once, written by appending, and
 * made anew at a start when much of it is history.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_METRIC_INDEX_H
#define WEIR_CTL_METRIC_INDEX_H

#include "ctl/metric.h"

struct metric_place {
	unsigned	 flags;		/* METRIC_* */
	uint32_t	 column[METRIC_TIERS];
	int64_t		 first_s;
};

/* Calls fn with each record in order; place NULL: that series is gone. */
typedef void metric_index_fn(const struct metric_key *k, const struct metric_place *place);
void	 metric_index_open(const char *path, metric_index_fn *fn);
/* After that: what is to be kept of it is put again, in a new file. */
void	 metric_index_rewrite(void (*put_all)(void));
void	 metric_index_put(const struct metric_key *k, const struct metric_place *place);
void	 metric_index_flush(void);	/* each tick, and before who put is told */
void	 metric_index_close(void);

#endif
