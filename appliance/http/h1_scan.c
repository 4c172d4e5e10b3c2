/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_scan.c: copying a long field value while testing its bytes, in three
 * forms; one is chosen when the program starts, before threads.
 *
 * The first 48 bytes of a value never come here (h1_in.h): a call through a
 * pointer costs more than a short value. No ifunc: it would run before the
 * sanitizers are ready.
 */
#include <stdlib.h>

#include "http/h1.h"
#include "http/h1_in.h"

#if defined(__x86_64__) && defined(__SSE2__)
#include <immintrin.h>
#define HAVE_AVX2 1
#endif

static const char *scan_name = "plain";

const char *
h1_scan_plain(char *dst, const char *p, const char *end)
{
	while (p < end && name_is_value_byte((unsigned char)*p))
		*dst++ = *p++;
	return p;
}

#ifdef __SSE2__

const char *
h1_scan_sse2(char *dst, const char *p, const char *end)
{
	unsigned bad;
	__m128i v;

	for (; end - p >= 16; p += 16, dst += 16) {
		v = h1_load128(p);
		h1_store128(dst, v);
		bad = h1_bad_value(v);
		if (bad != 0)
			return p + __builtin_ctz(bad);
	}
	return h1_scan_plain(dst, p, end);
}

h1_scan_fn *h1_scan_long = h1_scan_sse2;

#else

h1_scan_fn *h1_scan_long = h1_scan_plain;

#endif

#ifdef HAVE_AVX2

__attribute__((target("avx2"))) const char *
h1_scan_avx2(char *dst, const char *p, const char *end)
{
	const __m256i space = _mm256_set1_epi8(0x1f), tab = _mm256_set1_epi8('\t');
	const __m256i del = _mm256_set1_epi8(0x7f);
	__m256i v, control;
	unsigned bad;

	for (; end - p >= 32; p += 32, dst += 32) {
		v = _mm256_loadu_si256((const __m256i *)(const void *)p);
		_mm256_storeu_si256((__m256i *)(void *)dst, v);
		control = _mm256_cmpeq_epi8(_mm256_min_epu8(v, space), v);
		control = _mm256_andnot_si256(_mm256_cmpeq_epi8(v, tab), control);
		control = _mm256_or_si256(control, _mm256_cmpeq_epi8(v, del));
		bad = (unsigned)_mm256_movemask_epi8(control);
		if (bad != 0)
			return p + __builtin_ctz(bad);
	}
	return h1_scan_sse2(dst, p, end);
}

#endif

static bool
use(h1_scan_fn *fn, const char *name, const char *wanted)
{
	if (wanted != NULL && strcmp(name, wanted) != 0)
		return false;
	h1_scan_long = fn;
	scan_name = name;
	return true;
}

void
h1_scan_init(void)
{
	const char *wanted = getenv("WEIR_SCAN");

#ifdef HAVE_AVX2
	if (__builtin_cpu_supports("avx2") && use(h1_scan_avx2, "avx2", wanted))
		return;
#endif
#ifdef __SSE2__
	if (use(h1_scan_sse2, "sse2", wanted))
		return;
#endif
	use(h1_scan_plain, "plain", NULL);
}

const char *
h1_scan_name(void)
{
	return scan_name;
}
