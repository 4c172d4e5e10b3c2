/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_fast_sse2.c: field lines 16 bytes at a time; SSE2 is part of x86-64.
 * No state; the owner's thread.
 */
#if defined(__x86_64__) && defined(__SSE2__)

#include <emmintrin.h>
#include <stdint.h>

#include "http/h1_in.h"

#define FAST
#define FAST_INLINE	static inline __attribute__((always_inline))
#define FAST_FIELDS	h1_fields_sse2
#define BLOCK		16

typedef __m128i block;

FAST_INLINE block
block_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

FAST_INLINE void
block_store(char *p, block v)
{
	_mm_storeu_si128((__m128i *)(void *)p, v);
}

FAST_INLINE unsigned
block_odd(block v)
{
	return h1_odd_name(v);
}

FAST_INLINE unsigned
block_bad(block v)
{
	block tab = _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'));
	block control = _mm_andnot_si128(tab, h1_le(v, 0x1f));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(control,
	    _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f))));
}

#include "http/h1_fast.inc"

#else
typedef int h1_fast_sse2_is_empty;
#endif
