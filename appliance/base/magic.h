/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Always-on assertions and magic numbers.
 *
 * A struct that outlives one function starts with `uint32_t magic`; MAGIC_OK()
 * catches a stale or foreign pointer at the place of the mistake. The checks
 * are never compiled out: a balancer that goes on with a wild pointer is worse
 * than one that stops with a line number.
 */
#ifndef WEIR_BASE_MAGIC_H
#define WEIR_BASE_MAGIC_H

#include <stdint.h>

/* any thread */
_Noreturn void assert_fail(const char *expr, const char *file, int line);

#define WEIR_ASSERT(x) \
	(__builtin_expect(!!(x), 1) ? (void)0 : assert_fail(#x, __FILE__, __LINE__))
#define MAGIC_OK(p, m)	WEIR_ASSERT((p) != NULL && (p)->magic == (m))

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(p, type, member) \
	((type *)(void *)((char *)(p) - offsetof(type, member)))
#define CACHE_LINE	64

#endif
