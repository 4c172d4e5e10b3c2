/* SPDX-License-Identifier: BSD-2-Clause */
/* A fast per-thread generator (xoshiro256**), seeded from getrandom(2) at first use. */
#ifndef WEIR_BASE_RAND_H
#define WEIR_BASE_RAND_H

#include <stdint.h>

/* any thread */
uint64_t rand_u64(void);
uint32_t rand_below(uint32_t n);	/* 0 <= r < n; n > 0 */

#endif
