/* SPDX-License-Identifier: BSD-2-Clause */
/* Control groups (version 2) of children; for their wardens and the helper. */
#ifndef WEIR_EVENT_CGROUP_H
#define WEIR_EVENT_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "event/program.h"

/* A group of its own below row->cgroup, with the row's limits; an open folder, or -1.
 * What could not be had is said in `missing` ("" = nothing). */
int	cgroup_make(const struct program *row, const char *id, char *missing, size_t size);
/* All in it end, and it goes. */
void	cgroup_remove(const struct program *row, const char *id, int dir);
/* What it counts; members that it does not know stay. */
void	cgroup_sample(int dir, struct child_sample *ret);
/* What a group of this row would lack here. */
void	cgroup_probe(const struct program *row, char *missing, size_t size);

#endif
