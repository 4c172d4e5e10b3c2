/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is in charge of groups: a number that is higher each time that a process takes
 * over. Providers that keep it refuse late calls of a former one.
 */
#ifndef WEIR_CTL_EPOCH_H
#define WEIR_CTL_EPOCH_H

#include <stdint.h>

/* control thread */
/* With the first configuration; state_dir NULL: nothing is kept. */
void	epoch_begin(const char *state_dir);
uint64_t epoch_now(void);

#endif
