/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Versions of launch configurations: other content under the same name is the next
 * one. Instances say which one they are of; the content of the latest ones is kept, so
 * that a group can go back to one.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_LAUNCH_H
#define WEIR_CTL_LAUNCH_H

#include <stdint.h>

#include "ctl/group_conf.h"

#define LAUNCH_TEXTS_MAX	10u	/* of a name, the newest */

/* Of what the configuration says, from 1, or of what launch_kept gave. */
uint32_t launch_version(const struct launch_conf *l);
/* When a version was made: a number that grows; 0 = not known. */
uint64_t launch_age(const char *name, uint32_t version);
/* What it was, until launches_free; its provider is that of the current snapshot, NULL
 * if that has none of this name. NULL: not known any more. */
const struct launch_conf *launch_kept(const char *name, uint32_t version);
/* A snapshot is in service: providers are looked up in it. */
void	launches_follow(const struct snapshot *s);
/* As stored, in order of age. text: launch_text.h's, "" = not known. */
void	launch_restore(const char *name, uint32_t version, uint64_t digest, const char *text);
void	launches_free(void);

#endif
