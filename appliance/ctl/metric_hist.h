/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Histograms of latency over time, and percentiles. A record is a slot of a step
 * with its buckets that are not empty; backends have four phases, servers the total.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_METRIC_HIST_H
#define WEIR_CTL_METRIC_HIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hist.h"
#include "ctl/metric.h"

enum metric_phase { PHASE_TOTAL, PHASE_QUEUE, PHASE_CONNECT, PHASE_RESPONSE, PHASE_MAX };
enum hist_tier { HTIER_10S, HTIER_60S, HTIER_3600S, HTIER_MAX };

extern const char *const metric_phase_names[PHASE_MAX];
extern const uint32_t metric_hist_step_s[HTIER_MAX];

struct metric_hist;

/* server NULL: of the backend. find: NULL = nothing is known of it. Who made one
 * holds it until metric_hist_release. */
struct metric_hist *metric_hist_find(const char *backend, const char *server,
	    enum metric_phase phase);
struct metric_hist *metric_hist_make(const char *backend, const char *server,
	    enum metric_phase phase);

void	 metric_hist_release(struct metric_hist *h);

/* Counts of the slot (seconds / step) that is over. */
void	 metric_hist_put(struct metric_hist *h, enum hist_tier tier, int64_t slot,
	    const uint32_t count[HISTC_BUCKETS]);
/* Adds the counts of slots [from, to) to sum; false: nothing was there. */
bool	 metric_hist_sum(const struct metric_hist *h, enum hist_tier tier, int64_t from,
	    int64_t to, uint32_t sum[HISTC_BUCKETS]);
/* The first and last slot that there is; false: none. */
bool	 metric_hist_span(const struct metric_hist *h, enum hist_tier tier, int64_t *ret_first,
	    int64_t *ret_last);
/* What is too old, or more than max_bytes, goes. */
void	 metric_hist_bound(uint64_t max_bytes, int64_t now_s);
uint64_t metric_hist_bytes(void);
void	 metric_hist_free(void);
/* Start-up: records are kept in this folder too; what is there is read. */
void	 metric_hist_open(const char *dir);
void	 metric_hist_flush(void);	/* each tick: what is new is written */

/* The percentile (0 to 100) of a slot. Of a balancer's Latency it comes from
 * histograms, as far as they reach; else it is there only when each set of values
 * in the slot is of one sample, or of equal ones. */
struct metric_point metric_percentile(const struct metric_series *s, double percentile,
	    uint32_t period_s, int64_t start_s);

#endif
