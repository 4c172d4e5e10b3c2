/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes that have to be confirmed: unless that happens in time, the generation that
 * was in service before comes back, as by `config rollback`. A process that starts goes
 * on waiting where the one before it has ended.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_CONFIRM_H
#define WEIR_CTL_CONFIRM_H

#include <stdbool.h>
#include <stdint.h>

/* Begin anew; one that waits already keeps its generation, its time starts again. */
void	confirm_begin(uint32_t back_to, uint64_t us);
/* False: nothing waits, or it is on its way back already. */
bool	confirm_done(void);
/* The generation that comes back; 0: nothing waits. */
uint32_t confirm_back_to(uint64_t *ret_left_us);

#endif
