/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the series: rows and their memory (series.c), sampling (series_tick.c).
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_SERIES_IN_H
#define WEIR_CTL_SERIES_IN_H

#include "ctl/series.h"

/* What of a row lies in memory, as one of these. */
struct series_item {
	struct list	 all;		/* of its class, oldest first */
	struct list	 mine;		/* of its row and step, oldest first */
	uint32_t	 bytes;
	uint16_t	 n;		/* histogram: buckets */
	int64_t		 slot;		/* the first one */
};

struct series_chunk {
	struct series_item item;
	float		 v[];		/* SERIES_CHUNK x SF_MAX (1 s), else x AGG_KINDS too */
};

struct series_record {
	struct series_item item;
	uint32_t	 count[];	/* n; then n bytes of indices */
};

struct series_acc {			/* a slot under way */
	int64_t		 slot;
	uint16_t	 n[SF_MAX];
	float		 v[SF_MAX][AGG_KINDS];	/* AGG_AVG: the sum */
};

struct series_hist {
	struct list	 records[HTIER_MAX];
	uint32_t	 prev_1s[HISTC_BUCKETS];	/* cumulative, at the start of the slot */
	uint32_t	 prev[HTIER_MAX][HISTC_BUCKETS];
	uint32_t	 now[HISTC_BUCKETS];
	int64_t		 slot[HTIER_MAX];
};

#define PREV_MAX	8	/* counters whose growth is a value */

struct series_row {
	struct series_row *next;	/* of its bucket */
	struct list	 node;		/* of all rows */
	char		*proxy, *server;	/* owned; server NULL */
	uint8_t		 kind;		/* enum series_kind */
	bool		 is_warm;	/* had traffic a moment ago: read its histograms */
	uint64_t	 seen_generation;
	uint64_t	 prev[PREV_MAX];
	struct list	 chunks[TIER_MAX];
	struct series_acc acc[TIER_MAX];	/* [TIER_1S] is not used */
	struct series_hist *hist[PHASE_MAX];	/* owned; NULL: none */
	uint32_t	 quantile_us[3];
	bool		 has_quantiles;
};

struct series_row *series_row_of(enum series_kind kind, const char *proxy, const char *server);
struct series_hist *series_hist_of(struct series_row *r, enum series_phase phase);
void	series_put(struct series_row *r, enum series_tier tier, int64_t slot, const float *v);
void	series_put_hist(struct series_row *r, enum series_phase phase, enum hist_tier tier,
	    int64_t slot, const uint32_t count[HISTC_BUCKETS]);
/* What is too old, or more than max_bytes, goes; and rows unseen for long. */
void	series_expire(int64_t now_s, uint64_t max_bytes, uint64_t generation);

#endif
