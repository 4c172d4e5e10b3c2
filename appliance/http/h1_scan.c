/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_scan.c: which form of the field line loop is used: AVX2, SSE2 or plain C.
 *
 * Chosen once, when the program starts and before threads; called once per
 * piece of a head. No ifunc: it would run before the sanitizers are ready.
 */
#include <stdlib.h>

#include "http/h1.h"
#include "http/h1_in.h"

#if defined(__x86_64__) && defined(__SSE2__)
h1_fields_fn *h1_take_fields = h1_fields_sse2;
static const char *scan_name = "sse2";
#else
h1_fields_fn *h1_take_fields = h1_fields_plain;
static const char *scan_name = "plain";
#endif

static bool
use(h1_fields_fn *fn, const char *name, const char *wanted)
{
	if (wanted != NULL && strcmp(name, wanted) != 0)
		return false;
	h1_take_fields = fn;
	scan_name = name;
	return true;
}

void
h1_scan_init(void)
{
#if defined(__x86_64__) && defined(__SSE2__)
	const char *wanted = getenv("WEIR_SCAN");

	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	    use(h1_fields_avx2, "avx2", wanted))
		return;
	if (use(h1_fields_sse2, "sse2", wanted))
		return;
#endif
	use(h1_fields_plain, "plain", NULL);
}

const char *
h1_scan_name(void)
{
	return scan_name;
}
