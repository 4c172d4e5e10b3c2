/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An instance refresh that runs or ran, between refresh.c and refresh_keep.c, which has
 * it in the store.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_REFRESH_IN_H
#define WEIR_CTL_REFRESH_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/object.h"
#include "ctl/provider.h"
#include "ctl/refresh.h"
#include "ctl/uuid.h"
#include "event/sched.h"

struct refresh {
	struct group	*group;
	char		 id[UUID_TEXT];
	struct refresh_conf conf;	/* its own copy */
	uint64_t	 warmup_us, digest;	/* digest: of the launch configuration */
	char		 status[24], reason[160];	/* reason: "" = none */
	bool		 is_running;
	bool		 is_back;	/* it failed, and goes back to what was before */
	/* the launch configuration that was before; version 0 = none was */
	char		 before[OBJECT_NAME_MAX + 1];
	uint32_t	 before_version;
	char		(*old)[INSTANCE_ID_MAX + 1];	/* owned: to be replaced */
	unsigned	 total, left, checkpoint;	/* checkpoint: the next one */
	uint64_t	 resume_us;	/* wall: a checkpoint's wait is over */
	uint64_t	 moved_us;	/* wall: the last progress */
	struct sched_timer timer;
};

void	keep_refresh(const struct refresh *r);
void	keep_refresh_not(const char *group);
/* What a former process left of a group's refresh, the caller's to free with its `old`;
 * group and timer are not set. NULL: nothing, or it was taken already. */
struct refresh *refresh_kept(const char *group);
/* start-up; and when all groups were asked for */
void	refreshes_kept_read(void);
void	refreshes_kept_drop(void);

#endif
