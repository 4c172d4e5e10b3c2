/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is in charge of groups: a number that is higher each time that a process takes
 * over. Providers that keep it refuse late calls of a former one.
 */
#ifndef WEIR_CTL_EPOCH_H
#define WEIR_CTL_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

/* control thread */
/* With the first configuration; state_dir NULL: nothing is kept. */
void	epoch_begin(const char *state_dir);
uint64_t epoch_now(void);

/* For providers that start things but keep no epochs themselves: the highest one of
 * each group that this process has seen. True: a call of this epoch comes too late. */
bool	 epoch_is_stale(const char *group, uint64_t epoch, uint64_t *ret_seen);
/* One that was found beside an instance of the group. */
void	 epoch_saw(const char *group, uint64_t epoch);
void	 epoch_forget(void);	/* at the end */

#endif
