/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Versions of launch configurations: other content under the same name is the next
 * one. Instances say which one they are of.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_LAUNCH_H
#define WEIR_CTL_LAUNCH_H

#include <stdint.h>

#include "ctl/group_conf.h"

/* Of what the configuration says, from 1. */
uint32_t launch_version(const struct launch_conf *l);
/* When a version was made: a number that grows; 0 = not known. */
uint64_t launch_age(const char *name, uint32_t version);
/* As stored, in order of age. */
void	launch_restore(const char *name, uint32_t version, uint64_t digest);
void	launches_free(void);

#endif
