/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xoshiro256** (Blackman and Vigna, public domain algorithm), one state per
 * thread. For balancing and jitter only: never for keys, cookies or tokens.
 */
#include <errno.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/rand.h"

static _Thread_local uint64_t state[4];

static uint64_t
rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static void
seed(void)
{
	ssize_t n;

	do
		n = getrandom(state, sizeof(state), 0);
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof(state))
		fatal("getrandom");
	state[0] |= 1;		/* all zero is the one forbidden state */
}

uint64_t
rand_u64(void)
{
	uint64_t *s = state, r, t;

	if (unlikely((s[0] | s[1] | s[2] | s[3]) == 0))
		seed();
	r = rotl(s[1] * 5, 7) * 9;
	t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return r;
}

/* By multiplication; a bias exists only below 2^-32 * n and is redrawn. */
uint32_t
rand_below(uint32_t n)
{
	uint64_t m;

	WEIR_ASSERT(n > 0);
	m = (rand_u64() >> 32) * n;
	if (unlikely((uint32_t)m < n)) {
		uint32_t floor = (uint32_t)(-n) % n;

		while ((uint32_t)m < floor)
			m = (rand_u64() >> 32) * n;
	}
	return (uint32_t)(m >> 32);
}
