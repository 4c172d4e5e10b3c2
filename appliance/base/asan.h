/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AddressSanitizer's view of memory that our own allocators hold: free objects
 * are poisoned, so that a use after put is reported like a use after free.
 * Without ASan all of it is nothing.
 */
#ifndef WEIR_BASE_ASAN_H
#define WEIR_BASE_ASAN_H

#if defined(__SANITIZE_ADDRESS__)
#define WEIR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_ASAN 1
#endif
#endif

#ifdef WEIR_ASAN
#include <sanitizer/asan_interface.h>
#define asan_poison(p, n)	__asan_poison_memory_region((p), (n))
#define asan_unpoison(p, n)	__asan_unpoison_memory_region((p), (n))
#define asan_is_poisoned(p)	__asan_address_is_poisoned(p)
#define ASAN_GAP		16	/* bytes kept poisoned behind an object */
#else
#define asan_poison(p, n)	((void)(p), (void)(n))
#define asan_unpoison(p, n)	((void)(p), (void)(n))
#define asan_is_poisoned(p)	((void)(p), 0)
#define ASAN_GAP		0
#endif

#endif
