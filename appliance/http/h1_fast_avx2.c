/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_fast_avx2.c: field lines 32 bytes at a time; used where the processor has
 * AVX2. No state; the owner's thread.
 *
 * Bytes are classified by two table look-ups, of their low and their high four
 * bits; a class is a bit that both tables have. Names: A-O and a-o; P-Z and p-z;
 * digits; dash and dot. Not in values: 00-0f without tab; 10-1f; 7f. Bytes from
 * 0x80 on are in no class, because PSHUFB gives 0 for them.
 */
#if defined(__x86_64__) && defined(__SSE2__)

#include <immintrin.h>
#include <stdint.h>

#define FAST		__attribute__((target("avx2,bmi")))
#define FAST_INLINE	static inline __attribute__((always_inline, target("avx2,bmi")))
#define FAST_FIELDS	h1_fields_avx2
#define BLOCK		32

typedef __m256i block;

#define C_A_O	0x01
#define C_P_Z	0x02
#define C_DIGIT	0x04
#define C_DASH	0x08
#define C_NAME	0x0f
#define C_CTL_0	0x10
#define C_CTL_1	0x20
#define C_DEL	0x40

#define LOW_0_TO_8	C_P_Z | C_DIGIT | C_CTL_0 | C_CTL_1
#define BOTH_HALVES(...)	{ __VA_ARGS__, __VA_ARGS__ }

static const unsigned char low_classes[32] __attribute__((aligned(32))) = BOTH_HALVES(
	LOW_0_TO_8,
	C_A_O | LOW_0_TO_8, C_A_O | LOW_0_TO_8, C_A_O | LOW_0_TO_8, C_A_O | LOW_0_TO_8,
	C_A_O | LOW_0_TO_8, C_A_O | LOW_0_TO_8, C_A_O | LOW_0_TO_8, C_A_O | LOW_0_TO_8,
	C_A_O | C_P_Z | C_DIGIT | C_CTL_1,			/* 9: tab */
	C_A_O | C_P_Z | C_CTL_0 | C_CTL_1,
	C_A_O | C_CTL_0 | C_CTL_1,
	C_A_O | C_CTL_0 | C_CTL_1,
	C_A_O | C_DASH | C_CTL_0 | C_CTL_1,
	C_A_O | C_DASH | C_CTL_0 | C_CTL_1,
	C_A_O | C_DEL | C_CTL_0 | C_CTL_1
);

static const unsigned char high_classes[32] __attribute__((aligned(32))) = BOTH_HALVES(
	C_CTL_0, C_CTL_1, C_DASH, C_DIGIT, C_A_O, C_P_Z, C_A_O, C_P_Z | C_DEL,
	0, 0, 0, 0, 0, 0, 0, 0
);

FAST_INLINE block
block_load(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

FAST_INLINE void
block_store(char *p, block v)
{
	_mm256_storeu_si256((__m256i *)(void *)p, v);
}

FAST_INLINE block
block_classes(block v)
{
	block high = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0f));

	return _mm256_and_si256(
	    _mm256_shuffle_epi8(block_load((const char *)low_classes), v),
	    _mm256_shuffle_epi8(block_load((const char *)high_classes), high));
}

FAST_INLINE unsigned
block_odd(block v)
{
	block name = _mm256_and_si256(block_classes(v), _mm256_set1_epi8(C_NAME));

	return (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(name, _mm256_setzero_si256()));
}

FAST_INLINE unsigned
block_bad(block v)
{
	return (unsigned)_mm256_movemask_epi8(_mm256_cmpgt_epi8(block_classes(v),
	    _mm256_set1_epi8(C_NAME)));
}

#include "http/h1_fast.inc"

#else
typedef int h1_fast_avx2_is_empty;
#endif
