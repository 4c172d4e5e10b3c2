/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the histograms: what metric_hist.c and metric_hist_log.c share.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_METRIC_HIST_IN_H
#define WEIR_CTL_METRIC_HIST_IN_H

#include "base/list.h"
#include "ctl/metric_hist.h"

struct hist_record {
	struct list	 all;		/* of its class */
	struct list	 mine;		/* of its histogram and step */
	uint32_t	 bytes;
	uint32_t	 n;		/* buckets */
	int64_t		 slot;
	uint32_t	 count[];	/* n; then n bytes of indices */
};

/* [is of a backend][step] */
extern const uint32_t metric_hist_kept_s[2][HTIER_MAX];

/* As metric_hist_put, of a record that is on the disk already. */
void	 metric_hist_load(struct metric_hist *h, enum hist_tier tier, int64_t slot,
	    const uint32_t count[HISTC_BUCKETS]);
void	 metric_hist_log(const char *backend, const char *server, enum metric_phase phase,
	    enum hist_tier tier, const struct hist_record *r);
void	 metric_hist_log_close(void);

#endif
