/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of status codes, for `http-err-codes` and `http-fail-codes`. */
#ifndef WEIR_PROXY_STICK_CODES_H
#define WEIR_PROXY_STICK_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Status codes as bits from 100 to 599 */
#define STICK_CODES_WORDS	8
#define STICK_CODES_BYTES	(STICK_CODES_WORDS * sizeof(uint64_t))

/* any thread */
void	stick_codes_default(uint64_t *err, uint64_t *fail);
/* `404` or `400-499`; false: neither. */
bool	stick_codes_set(uint64_t *bits, struct str range, bool on);

static inline bool
stick_codes_has(const uint64_t *bits, unsigned status)
{
	return status >= 100 && status < 600 &&
	    (bits[(status - 100) / 64] >> (status - 100) % 64 & 1);
}

#endif
