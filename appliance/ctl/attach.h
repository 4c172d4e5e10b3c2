/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instances that are there already come into a group: those that were detached, and
 * others of its provider.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_ATTACH_H
#define WEIR_CTL_ATTACH_H

#include <stdbool.h>

struct group;

#define ATTACH_MAX	20u	/* at a time */

/* why: what prevented it, all of it; NULL: they are the group's, and desired has grown. */
typedef void attach_fn(void *arg, const char *why);
/* ids are copied. Ends in one call of fn, maybe at once. */
void	attach_start(struct group *g, char *const *ids, unsigned n, attach_fn *fn, void *arg);

/* It is being attached: nobody else takes it up. */
bool	attach_names(const char *id);

#endif
