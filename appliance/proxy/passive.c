/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Passive health: a soft eject in balancing, never a change of status.
 *
 * Each thread counts its requests and failures of a server in slots of 2.5 s; a
 * failure sums the present and the last slot of all threads. eject_until_us
 * holds the whole state in one word, so threads change it by compare-and-swap:
 * its low two bits are the phase, the rest the instant.
 *
 *	0		never failed
 *	EJECTED		skipped until then; afterwards one pick is the probe
 *	PROBE		one request is under way; the next probe may go then
 *	HEALED		a probe was answered, at that instant
 *
 * Each ejection in a row is longer, and one counts as in a row until the server
 * has been healed for a minute.
 *
 * Thread: data.
 */
#include "proxy/passive.h"

#include "base/clock.h"
#include "base/magic.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define SLOT_US		2500000u
#define FAILURES_MIN	3u
#define EJECT_US	5000000u
#define EJECT_MAX_US	60000000u
#define PROBE_US	5000000u
#define FORGET_US	60000000u

enum phase { EJECTED, PROBE, HEALED, PHASE_MASK = 3 };

#define GET(p)		__atomic_load_n((p), __ATOMIC_RELAXED)
#define SET(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELAXED)

static enum phase
phase_of(uint64_t word)
{
	return (enum phase)(word & PHASE_MASK);
}

static uint64_t
word_of(uint64_t us, enum phase p)
{
	return (us & ~(uint64_t)PHASE_MASK) | p;
}

/* ---- counting ---- */

static void
roll(struct server_thread *st)
{
	uint64_t slot_us = clock_now_us - clock_now_us % SLOT_US;
	bool is_next = slot_us == st->win_start_us + SLOT_US;

	if (likely(st->win_start_us == slot_us))
		return;
	SET(&st->win_last_requests, is_next ? st->win_requests : 0);
	SET(&st->win_last_failures, is_next ? st->win_failures : 0);
	SET(&st->win_requests, 0);
	SET(&st->win_failures, 0);
	SET(&st->win_start_us, slot_us);
}

static bool
is_bad(const struct server_live *l)
{
	uint64_t slot_us = clock_now_us - clock_now_us % SLOT_US, requests = 0, failures = 0;

	for (unsigned i = 0; i < l->nthreads; i++) {
		const struct server_thread *st = &l->threads[i];
		uint64_t start_us = GET(&st->win_start_us);

		if (start_us + SLOT_US < slot_us)
			continue;
		requests += GET(&st->win_requests);
		failures += GET(&st->win_failures);
		if (start_us < slot_us)
			continue;
		requests += GET(&st->win_last_requests);
		failures += GET(&st->win_last_failures);
	}
	return failures >= FAILURES_MIN && failures * 2 >= requests;
}

/* ---- phases ---- */

static void
eject(struct server_live *l, uint64_t word)
{
	uint32_t n = atomic_load_explicit(&l->eject_count, memory_order_relaxed) + 1;
	uint64_t us;

	if (phase_of(word) == HEALED && clock_now_us - word > FORGET_US)
		n = 1;
	us = n < EJECT_MAX_US / EJECT_US ? (uint64_t)n * EJECT_US : EJECT_MAX_US;
	if (atomic_compare_exchange_strong(&l->eject_until_us, &word,
	    word_of(clock_now_us + us, EJECTED)))
		atomic_store_explicit(&l->eject_count, n, memory_order_relaxed);
}

/* Where `observe` is written, that decides. */
static bool
is_off(const struct proxy *be, const struct server *srv)
{
	return (be->set.options & OPT_NO_PASSIVE_HEALTH) != 0 || srv->observe != OBSERVE_NONE;
}

/* Counts a request and gives the server's word; false when nobody wants to know. */
static bool
note(const struct proxy *be, const struct server *srv, bool is_failure, uint64_t *ret_word)
{
	struct server_live *l = srv->live;
	struct server_thread *st = &l->threads[dt->id];

	if (is_off(be, srv))
		return false;
	roll(st);
	SET(&st->win_requests, st->win_requests + 1);
	if (is_failure)
		SET(&st->win_failures, st->win_failures + 1);
	*ret_word = atomic_load_explicit(&l->eject_until_us, memory_order_relaxed);
	return true;
}

void
passive_failure(struct proxy *be, struct server *srv)
{
	struct server_live *l = srv->live;
	uint64_t word;

	if (!note(be, srv, true, &word))
		return;
	if (word != 0 && phase_of(word) == EJECTED)
		return;			/* what was under way before */
	if (word != 0 && phase_of(word) == PROBE)
		eject(l, word);
	else if (is_bad(l) &&
	    atomic_load_explicit(&be->live->nusable, memory_order_relaxed) > 1)
		eject(l, word);
}

void
passive_success(struct proxy *be, struct server *srv)
{
	struct server_live *l = srv->live;
	uint64_t word;

	if (note(be, srv, false, &word) && unlikely(word != 0 && phase_of(word) == PROBE))
		atomic_compare_exchange_strong(&l->eject_until_us, &word,
		    word_of(clock_now_us, HEALED));
}

bool
passive_is_ejected(const struct server *srv)
{
	uint64_t word = atomic_load_explicit(&srv->live->eject_until_us, memory_order_relaxed);

	return unlikely(word != 0) && phase_of(word) != HEALED && clock_now_us < word &&
	    !is_off(srv->backend, srv);
}

/* The first pick after an ejection is the probe: others go on skipping. */
void
passive_picked(struct server *srv)
{
	struct server_live *l = srv->live;
	uint64_t word = atomic_load_explicit(&l->eject_until_us, memory_order_relaxed);

	if (unlikely(word != 0) && phase_of(word) != HEALED && clock_now_us >= word)
		atomic_compare_exchange_strong(&l->eject_until_us, &word,
		    word_of(clock_now_us + PROBE_US, PROBE));
}
