/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc tells of a process and all that descends from it. */
#ifndef WEIR_EVENT_PROC_SAMPLE_H
#define WEIR_EVENT_PROC_SAMPLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "event/program.h"

/* In the process that is its parent and reaper. has_network: its network is its own. */
void	proc_sample(pid_t pid, bool has_network, struct child_sample *ret);

#endif
