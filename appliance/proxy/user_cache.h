/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Passwords that were tried before: whether one is that of a slow hash is known
 * again without computing it. Nothing of a password is kept but 63 bits of a
 * digest under a key of this process.
 */
#ifndef WEIR_PROXY_USER_CACHE_H
#define WEIR_PROXY_USER_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum user_verdict { USER_UNKNOWN, USER_WRONG, USER_RIGHT };

/* any thread */
/* Names this password for this hash; never 0. */
uint64_t user_cache_key(struct str hash, struct str password);
enum user_verdict user_cache_find(uint64_t key);
void	user_cache_put(uint64_t key, bool is_right);

#endif
