/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of the rings: a page with the shape and its checksum, the stamps of all
 * slots, the slots. All of it is reserved when the file is made, since a hole on a
 * full disk would be a signal, and mapped.
 *
 * any thread, one at a time
 */
#ifndef WEIR_CTL_METRIC_FILE_H
#define WEIR_CTL_METRIC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/metric_ring.h"

struct metric_shape {
	uint32_t	 tier, k;	/* enum metric_tier, enum metric_class */
	uint32_t	 width, nslots, step_s, sample_bytes;
};

struct metric_map {
	char		*base;		/* NULL: none */
	size_t		 bytes;
	uint32_t	*high;		/* columns that were ever in use */
	uint32_t	*stamps;
	char		*slots;
};

uint64_t metric_file_bytes(const struct metric_shape *s);
/* A new file: 0, or -1 with errno; what was there is replaced. Blocks. */
int	 metric_file_make(const char *path, const struct metric_shape *s, struct metric_map *ret);
/* The shape's width is filled in. False: it is none of ours, or damaged; errno 0. */
bool	 metric_file_load(const char *path, struct metric_shape *s, struct metric_map *ret);
void	 metric_file_close(struct metric_map *m);

#endif
