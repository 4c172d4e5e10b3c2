/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings of samples: five steps, each with a column for a series that has it. Slots
 * lie one after the other, each with the samples of all columns, so that a tick
 * writes a few pages in a row; who reads one series strides.
 *
 * With a folder the samples lie in files that are mapped (metric_file.h), and
 * outlive the process however it ends. A file is made by a job; until it is there
 * its samples are in memory, and they stay there while the disk is full.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_METRIC_RING_H
#define WEIR_CTL_METRIC_RING_H

#include <stdbool.h>
#include <stdint.h>

struct metric_value {
	double		 n, sum, min, max;	/* n == 0: none */
};

enum metric_tier {
	METRIC_1S, METRIC_10S, METRIC_60S, METRIC_300S, METRIC_3600S, METRIC_TIERS
};

#define METRIC_NO_COLUMN	UINT32_MAX

/* Columns of servers, which go first when room is short, lie apart. */
enum metric_class { METRIC_OF_SERVERS, METRIC_OF_OTHERS, METRIC_CLASSES };

extern const uint32_t metric_step_s[METRIC_TIERS];
/* How far back a step reaches now, in seconds: shorter when memory is short. */
int64_t	 metric_span_s(enum metric_tier tier, enum metric_class k);
bool	 metric_is_short(void);		/* something had to be given up */

/* METRIC_NO_COLUMN: there is no room. A quarter of it is kept for others than
 * servers. */
uint32_t metric_column_new(enum metric_tier tier, enum metric_class k);
void	 metric_column_free(enum metric_tier tier, uint32_t column);
/* Merges into the slot of t_s; false: there is no such slot, or no room for it. */
bool	 metric_ring_add(enum metric_tier tier, uint32_t column, int64_t t_s,
	    const struct metric_value *v);
bool	 metric_ring_get(enum metric_tier tier, uint32_t column, int64_t t_s,
	    struct metric_value *ret);
void	 metric_merge(struct metric_value *sum, const struct metric_value *v);

/* Bytes of memory that all of it may take from now on; what is too much goes, with
 * metric_ring_shrink bit by bit: false when nothing is left to be done. */
void	 metric_ring_bound(uint64_t max_bytes, int64_t now_s);
bool	 metric_ring_shrink(uint64_t max_bytes, int64_t now_s);
uint64_t metric_ring_bytes(void);
void	 metric_ring_free(void);
/* Tests: other spans; before there is a column. */
void	 metric_ring_set_spans(const uint32_t seconds[METRIC_TIERS]);

/* ---- files: metric_disk.c ---- */

/* Rings lie in this folder from now on; what is there is read. */
void	 metric_disk_open(const char *dir, uint64_t max_bytes);
void	 metric_disk_bound(uint64_t max_bytes);
/* Once a second (1): files that are missing, columns to clean, memory to write out;
 * at any time (0): files that are missing. */
void	 metric_disk_tick(uint64_t seconds);
/* True: all values so far outlive the process, or cannot for want of room. False:
 * fn runs when it is so. */
typedef void metric_safe_fn(void *arg);
bool	 metric_when_safe(metric_safe_fn *fn, void *arg);
void	 metric_disk_close(void);
uint64_t metric_disk_bytes(void);
bool	 metric_disk_is_full(void);	/* of files, or of what metrics-space grants */
/* After a restart: the column belongs to a series; false: it is not there. */
bool	 metric_column_claim(enum metric_tier tier, uint32_t column);

#endif
